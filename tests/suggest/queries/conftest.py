"""Charts as the reader reads them, with proposed lines made by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import pytest

from suggest.code_sets.index import CodeIndex
from suggest.pipeline import Suggester
from suggest.queries import queries
from suggest.reading import NoteReading
from suggest.records import (
    PRESENT,
    Claim,
    Code,
    CodeLine,
    Encounter,
    Evidence,
    Note,
    Patient,
    Query,
    RankedCode,
    Setting,
    Support,
    System,
)

_LENGTH = {5: System.CPT, 7: System.ICD10PCS}


class Chart(NamedTuple):
    """What ``queries`` takes."""

    encounter: Encounter
    readings: Sequence[NoteReading]
    lines: Sequence[CodeLine]
    open_axes: Mapping[str, Sequence[str]]

    def drafts(self) -> tuple[Query, ...]:
        return queries(self.encounter, self.readings, self.lines, open_axes=self.open_axes)


def system_of(index: CodeIndex, code: str) -> System:
    return System.ICD10CM if index.row(code) is not None else _LENGTH[len(code)]


@pytest.fixture(scope="session")
def make(plain_suggester: Suggester, index: CodeIndex) -> Callable[..., Chart]:
    """Makes a chart; ``codes`` are the proposed ones with words that support them, notes are parted by ``||``."""

    def line(code: str, words: str, notes: Sequence[Note], **facts: Any) -> CodeLine:
        note = next(note for note in notes if words in note.text)
        start = note.text.index(words)
        evidence = Evidence(note.id, start, start + len(words), words)
        row = index.row(code)
        title = index.title(row) if row is not None else code
        support = Support(evidence, "", PRESENT, words, "title")
        return CodeLine(RankedCode(Code(system_of(index, code), code), title, 0.9, (support,)), **facts)

    def chart(
        text: str,
        codes: Mapping[str, str] | None = None,
        *,
        setting: str = "inpatient",
        claim: str = "facility",
        age: float | None = 60,
        poa: str | None = None,
        modifiers: tuple[str, ...] = (),
        open_axes: Sequence[str] = (),
    ) -> Chart:
        notes = tuple(Note(f"n{i}", part) for i, part in enumerate(text.split("||")))
        encounter = Encounter("e", notes, Setting(setting), Claim(claim), patient=Patient(age))
        named = codes or {}
        lines = [line(code, words, notes, poa=poa, modifiers=modifiers) for code, words in named.items()]
        return Chart(encounter, plain_suggester.read(encounter), lines, dict.fromkeys(named, open_axes))

    return chart
