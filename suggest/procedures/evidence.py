"""Turns ranked procedures into records that a coder can check."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from suggest.procedures.candidates import ProcedureCandidates, Sighting
from suggest.procedures.features import ProcedureTable
from suggest.procedures.found import Found, Origin
from suggest.reading import NoteReading
from suggest.records import PRESENT, AssertionStatus, Code, Evidence, Objection, RankedCode, Support

_MOST_SUPPORTS = 6
_MOST_SPECIFIERS = 4
_PHRASES = {
    Origin.TERM: "term of a service",
    Origin.COVERAGE: "words of a service in one sentence",
    Origin.LEARNT: "phrase learnt from coded charts",
    Origin.COMPOSED: "composed by axis",
    Origin.VISIT: "visit",
    Origin.DRUG: "drug given",
    Origin.FOLLOWS: "goes with another service",
}
_OBJECTIONS = {
    AssertionStatus.NEGATED: "not done here",
    AssertionStatus.POSSIBLE: "uncertain here",
    AssertionStatus.HISTORICAL: "past here",
    AssertionStatus.FAMILY: "said of a relative here",
    AssertionStatus.HYPOTHETICAL: "planned or hypothetical here",
    AssertionStatus.ALLERGY: "an allergy here",
}
Naming = Callable[[Found], tuple[str, str]]
"""Gives the label and the edition of a code."""


def ranked_procedures(
    candidates: ProcedureCandidates, table: ProcedureTable, probability: NDArray[np.float64], naming: Naming
) -> tuple[RankedCode, ...]:
    """Returns all candidate procedures with their evidence, by falling probability (ties by code)."""
    readings = {reading.number: reading for reading in candidates.readings}
    order = sorted(range(len(table.codes)), key=lambda i: (-probability[i], table.codes[i]))
    return tuple(_ranked(candidates.by_code[table.codes[i]], float(probability[i]), readings, naming) for i in order)


def _ranked(
    sightings: Sequence[Sighting], share: float, readings: Mapping[int, NoteReading], naming: Naming
) -> RankedCode:
    best = sightings[0].found
    label, edition = naming(best)
    supports = _supports(sightings, readings)
    return RankedCode(
        code=Code(best.system, best.code, edition),
        title=label,
        probability=round(share, 6),
        support=supports,
        against=tuple(
            Objection(_OBJECTIONS[s.assertion.status], s.evidence)
            for s in supports
            if s.assertion.status in _OBJECTIONS
        ),
        reason=_reason(sightings[0], len(supports)),
    )


def _supports(sightings: Sequence[Sighting], readings: Mapping[int, NoteReading]) -> tuple[Support, ...]:
    """Returns the supports of a code, those first that say that it was done; of spans within each other the best."""
    fitting = [s for s in sightings if s.found.broken <= sightings[0].found.broken]  # the others are of its family
    ordered = sorted(fitting, key=lambda s: (s.mention.assertion != PRESENT, -s.score))
    chosen: list[Sighting] = []
    for sighting in ordered:
        if not any(_nested(sighting.found, other.found) for other in chosen):
            chosen.append(sighting)
            if len(chosen) == _MOST_SUPPORTS:
                break
    return tuple(
        Support(
            evidence=evidence_of(readings[s.found.note], s.found.first, s.found.last),
            section=s.mention.section,
            assertion=s.mention.assertion,
            matched_term=s.found.term,
            source=s.found.origin.label,
            specifiers=tuple(
                evidence_of(readings[s.found.note], first, last)
                for first, last in dict.fromkeys(s.found.further[:_MOST_SPECIFIERS])
            ),
        )
        for s in chosen
    )


def _nested(one: Found, other: Found) -> bool:
    if one.note != other.note:
        return False
    inside = other.first <= one.first and one.last <= other.last
    return inside or (one.first <= other.first and other.last <= one.last)


def evidence_of(reading: NoteReading, first: int, last: int) -> Evidence:
    """Returns the words of tokens ``[first, last)`` of a note, without the white space around them."""
    start, end = int(reading.offsets[first]), int(reading.offsets[last])
    text = reading.note.text[start:end]
    start, end = start + len(text) - len(text.lstrip()), end - len(text) + len(text.rstrip())
    return Evidence(reading.note.id, start, end, reading.note.text[start:end])


def _reason(best: Sighting, places: int) -> str:
    found = best.found
    if found.reason:
        return found.reason
    term = f" '{found.term}'" if found.term else ""
    more = f", {places} mentions" if places > 1 else ""
    return f"{_PHRASES[found.origin]}{term} ({best.mention.section}{more})"
