"""Uncertain diagnoses, and where a stay codes them as if they existed.

Guidelines II.H and III.C: what is documented at the time of discharge as probable, suspected, likely, questionable,
possible, or still to be ruled out is coded as if it existed, on the claims of hospitals for stays alone (IV.H).
"""

from __future__ import annotations

from collections.abc import Sequence

from suggest.policy import Policy
from suggest.reading import NoteReading

_DISCHARGE = frozenset({"final_diagnosis", "discharge_diagnosis", "principal_diagnosis", "secondary_diagnosis"})
_ASSESSMENTS = frozenset({"assessment", "assessment_plan", "impression"})
FINAL_STATEMENTS = _DISCHARGE | _ASSESSMENTS | {"hospital_course"}
"""Sections that may hold the final statement of a stay."""
# guidelines I.C.1.a.1 (HIV), I.C.1.f (Zika), I.C.1.g.1.a (COVID-19), I.C.10.c (novel influenza): confirmed only
CONFIRMED_ONLY = ("B20", "Z21", "A92.5", "U07.1", "J09", "J10")

Place = tuple[int, str]
"""Number of a note, and a section of it."""


def final_places(readings: Sequence[NoteReading], policy: Policy) -> frozenset[Place]:
    """Returns where an uncertain diagnosis counts as if it existed.

    These are the lists of diagnoses at discharge, in whatever note they stand; where a stay has none, the assessment
    of its last note that has one.

    Args:
        readings: The notes, oldest first.
        policy: Whether uncertain diagnoses are coded from the final statement.
    """
    return final_statements(readings) if policy.uncertain_diagnoses == "final-statement" else frozenset()


def final_statements(readings: Sequence[NoteReading]) -> frozenset[Place]:
    """Returns the lists of diagnoses at discharge; without any, the last assessment. See ``final_places``."""
    held = [(reading.number, {section.family for section in reading.sections}) for reading in readings]
    listed = frozenset((number, name) for number, names in held for name in names & _DISCHARGE)
    if listed:
        return listed
    last = next(((number, found) for number, names in reversed(held) if (found := names & _ASSESSMENTS)), None)
    return frozenset((last[0], name) for name in last[1]) if last else frozenset()
