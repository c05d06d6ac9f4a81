"""Candidate procedures of an encounter: everything found, with what is asserted of it, sorted by code."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from suggest.procedures.doing import Doing
from suggest.procedures.found import Found, Origin
from suggest.reading import NoteReading
from suggest.records import PRESENT, Assertion, AssertionStatus, Encounter, Mention, Setting, System

_SHARE = {
    AssertionStatus.PRESENT: 1.0,
    AssertionStatus.POSSIBLE: 0.5,
    AssertionStatus.HISTORICAL: 0.3,
    AssertionStatus.HYPOTHETICAL: 0.2,
    AssertionStatus.NEGATED: 0.1,
    AssertionStatus.FAMILY: 0.05,
    AssertionStatus.ALLERGY: 0.05,
}
_PAST = frozenset({"psh", "pmh", "family"})  # sections that tell of what was done before, or of others
_RESULT = re.compile(r"neg(?:ative)?\b|non-?reactive|not detected|normal|clear|unremarkable|-|wnl", re.IGNORECASE)
_SOFT = {"far": 0.1, "unsaid": 0.2}
"""Lost for conditions that are fulfilled elsewhere or not spoken of; the more are fulfilled, the less they weigh."""
_HARD = {"missing": 0.4, "broken": 0.2}
"""What is left for each condition that is not fulfilled, however many others are."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One place that leads to a procedure.

    Attributes:
        found: What leads to it.
        mention: The span and what is asserted of it.
        around: How near the nearest words of each kind of ``doing.KINDS`` stand, 0 to 1.
        score: How well it speaks for the code, 0 to 1; only for comparing candidates with each other.
    """

    found: Found
    mention: Mention
    around: tuple[float, ...]
    score: float


@dataclass(frozen=True, slots=True)
class ProcedureCandidates:
    """The candidate procedures of an encounter.

    Attributes:
        by_code: Sightings of each code, best first; codes rising.
        readings: What was read from each note.
    """

    by_code: dict[str, tuple[Sighting, ...]]
    readings: Sequence[NoteReading]


def gather(
    encounter: Encounter, readings: Sequence[NoteReading], further: Iterable[tuple[Found, Mention]] = ()
) -> ProcedureCandidates:
    """Returns the candidates of an encounter.

    Args:
        encounter: The encounter.
        readings: Its notes.
        further: What was found beside the notes' own words (visits), with the words that it rests on.
    """
    sightings = []
    for reading in readings:
        doing = Doing(reading.tokens) if reading.services else None
        for found in reading.services:
            assert doing is not None
            mention = done_with_result(found, reading.service_mentions[found.first, found.last], reading)
            around = doing.around(found.first, found.last)
            if mention.assertion == PRESENT and doing.declined(found.first):
                mention = replace(mention, assertion=Assertion(AssertionStatus.NEGATED, "declined"))
            sightings.append(Sighting(found, mention, around, _score(found, mention, encounter)))
    nothing = (0.0,) * 6
    sightings.extend(Sighting(found, mention, nothing, found.quality) for found, mention in further)
    sightings.sort(key=lambda s: (s.found.code, -s.score, s.found.note, s.found.first, s.found.origin))
    by_code = {code: tuple(group) for code, group in groupby(sightings, key=lambda s: s.found.code)}
    return ProcedureCandidates(by_code, readings)


def done_with_result(found: Found, mention: Mention, reading: NoteReading) -> Mention:
    """Returns the mention of a test as present where what denies it is its result: ``rapid strep negative``.

    A negative test was done; ``no ECG`` and ``strep not done`` say otherwise.
    """
    said = mention.assertion
    if (
        said.status is AssertionStatus.NEGATED
        and said.trigger_start >= mention.end
        and found.system is not System.ICD10PCS
    ):
        words = reading.note.text[said.trigger_start : said.trigger_end]
        if _RESULT.match(words.strip()):
            return replace(mention, assertion=PRESENT)
    return mention


def _score(found: Found, mention: Mention, encounter: Encounter) -> float:
    asked = found.met + found.far + found.unsaid + found.missing + found.broken
    lost = sum(int(getattr(found, name)) * share for name, share in _SOFT.items())
    kept = math.prod(share ** int(getattr(found, name)) for name, share in _HARD.items())
    fit = max(0.02, (1 - lost / max(1.0, math.sqrt(asked))) * kept)
    share = said_share(mention.assertion, encounter)
    if mention.section in _PAST:
        share = min(share, _SHARE[AssertionStatus.HISTORICAL])
    return found.quality * fit * share * (0.8 if found.origin is Origin.COVERAGE else 1)


def said_share(assertion: Assertion, encounter: Encounter) -> float:
    """Returns how much a mention counts by what is asserted of it; a stay's procedures may be told as past."""
    if assertion.status is AssertionStatus.HISTORICAL and encounter.setting is Setting.INPATIENT:
        return 0.7
    return _SHARE[assertion.status]
