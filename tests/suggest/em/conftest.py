"""Notes read without a code index, and diagnoses with the words that support them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import date
from typing import Any

import numpy as np
import pytest
from spacy.language import Language

from suggest.em import Visit, visits
from suggest.em.chart import Chart, make_chart
from suggest.keys import token_keys
from suggest.mentions import Hits
from suggest.nlp import make_nlp, read
from suggest.reading import NoteReading
from suggest.records import (
    PRESENT,
    AuthorRole,
    Claim,
    Code,
    Encounter,
    Evidence,
    Note,
    Patient,
    RankedCode,
    Setting,
    Support,
    System,
)
from suggest.sections import find_sections

NO_HITS = Hits(**{field.name: np.zeros(0, np.int64) for field in fields(Hits)})
GLOBAL_DAYS = {"20610": "000", "17000": "010", "11102": "000", "27447": "090", "25605": "090", "90833": "ZZZ"}


@pytest.fixture(scope="session")
def nlp() -> Language:
    return make_nlp()


def reading_of(nlp: Language, note: Note, number: int) -> NoteReading:
    with nlp.memory_zone():
        doc = read(nlp, note.text)
        tokens = token_keys(doc)
        offsets = np.array([*(token.idx for token in doc), len(note.text)], dtype=np.int64)
    starts = np.append(np.flatnonzero(np.diff(tokens.sentence, prepend=-1)), len(offsets) - 1)
    return NoteReading(
        number=number,
        note=note,
        sections=find_sections(note.text),
        mentions=[],
        hits=NO_HITS,
        hit_mention=np.zeros(0, np.int64),
        tokens=tokens,
        offsets=offsets,
        sentence_start=starts,
        sentence_words={},
        words=np.zeros(0, np.int32),
        word_token=np.zeros(0, np.int64),
        word_sided=np.zeros(0, np.bool_),
        line=np.zeros(len(offsets) - 1, np.int64),
    )


def diagnosis(text: str, code: str, words: str) -> RankedCode:
    """A diagnosis that the last occurrence of ``words`` supports."""
    start = text.rindex(words)
    evidence = Evidence("n0", start, start + len(words), words)
    support = Support(evidence, "", PRESENT, words, "title")
    return RankedCode(Code(System.ICD10CM, code), words, 0.9, (support,))


def encounter_of(text: str, **facts: Any) -> Encounter:
    role = AuthorRole(facts.pop("role", "provider"))
    days = {
        key: date.fromisoformat(facts[key]) for key in ("date_of_service", "admission", "discharge") if key in facts
    }
    return Encounter(
        id="e",
        notes=(Note("n0", text, author_role=role),),
        setting=Setting(facts.get("setting", "outpatient")),
        claim=Claim(facts.get("claim", "professional")),
        payer=facts.get("payer"),
        patient=Patient(age=facts.get("age", 50.0)),
        **days,
    )


@pytest.fixture
def chart_of(nlp: Language) -> Callable[..., Chart]:
    """Makes a chart of a text; facts of the encounter by keyword."""

    def make(text: str, **facts: Any) -> Chart:
        encounter = encounter_of(text, **facts)
        return make_chart(encounter, [reading_of(nlp, encounter.notes[0], 0)])

    return make


@pytest.fixture
def visits_of(nlp: Language) -> Callable[..., tuple[Visit, ...]]:
    """Returns the visits of a text; diagnoses as {code: words}, other facts by keyword."""

    def find(
        text: str, diagnoses: dict[str, str] | None = None, procedures: tuple[str, ...] = (), **facts: Any
    ) -> tuple[Visit, ...]:
        encounter = encounter_of(text, **facts)
        ranked = [diagnosis(text, code, words) for code, words in (diagnoses or {}).items()]
        return visits(
            encounter,
            [reading_of(nlp, encounter.notes[0], 0)],
            ranked,
            procedures=procedures,
            global_days=lambda code: GLOBAL_DAYS.get(code, "XXX"),
        )

    return find


@pytest.fixture
def codes_of(visits_of: Callable[..., tuple[Visit, ...]]) -> Callable[..., list[str]]:
    """Returns the codes of the visits of a text."""

    def find(*args: Any, **facts: Any) -> list[str]:
        return [visit.code for visit in visits_of(*args, **facts)]

    return find


@pytest.fixture(scope="session")
def make_diagnosis() -> Callable[..., RankedCode]:
    """Makes a diagnosis of (text, code, words that support it)."""
    return diagnosis
