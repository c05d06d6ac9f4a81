"""Routine examinations by age, with and without abnormal findings (Z00.0-, Z00.1-; guideline I.C.21.c.13).

Which code applies is decided by the patient's age and by what the examination found: a new problem, or a known one
that got worse, is an abnormal finding; a stable chronic condition is none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from suggest.combinations import Combination
from suggest.conventions.present import Present, instead
from suggest.reading import NoteReading
from suggest.records import Encounter

_EXAMINATIONS = ("Z00.00", "Z00.01", "Z00.110", "Z00.111", "Z00.121", "Z00.129")
_DAYS = 365.25
_ADULT = 18
_NORMAL = re.compile(
    r"\b(?:no|without|w/o) (?:\w+ )?abnormal(?: exam)? findings?\b|\bnormal (?:exam|examination|physical|findings)\b",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\b(?:no|not|without|w/o|denies)(?: any| in| in any)? (?:acute|abnormal|new|newly|elevated|worse(?:ning|ned)?)\b",
    re.IGNORECASE,
)
_ABNORMAL = re.compile(
    r"\babnormal\b|\bnew (?:finding|problem|dx|diagnosis|onset|murmur|rash|lesion|mass)s?\b|\bnewly\b|"
    r"\bconcerns? (?:below|today|noted)|\bwith concerns\b|(?:\+|\bplus|\bwith) problems\b|"
    r"\b(?:uncontrolled|poorly controlled|not (?:at goal|controlled|well controlled)|worse(?:ning|ned)?)\b|"
    r"\belevated\b|\bfailed\b|\bpositive screen\b|\bfound (?:on exam|today|to have)\b|\bexacerbation\b|\bacute\b",
    re.IGNORECASE,
)
_ACUTE = (
    "A",
    "B0",
    "H10",
    "H65",
    "H66",
    "J0",
    "J1",
    "J20",
    "J21",
    "L0",
    "N30",
    "N39.0",
    "R0",
    "R1",
    "R2",
    "R6",
    "R7",
    "R9",
    "S",
)


def examinations(present: Present, readings: Sequence[NoteReading], encounter: Encounter) -> list[Combination]:
    """Returns the codes of the routine examination that the patient's age and the findings lead to."""
    named = [code for code in _EXAMINATIONS if present.has(code)]
    if not named:
        return []
    edges = [edge for code in named for edge in present.edges(code)]
    age = encounter.patient.age
    wanted = _by_age(age, _abnormal(present, readings), named)
    rows = [present.edges(code)[0].code for code in named if code not in wanted]
    made = (instead(present.index, code, edges, rows) for code in wanted)
    return [combination for combination in made if combination is not None]


def _by_age(age: float | None, abnormal: bool, named: Sequence[str]) -> tuple[str, ...]:
    """Returns the codes of an age: newborns have their own, which do not tell findings apart."""
    if age is not None and age * _DAYS <= 28 and not {"Z00.00", "Z00.01"}.intersection(named):
        return ("Z00.110",) if age * _DAYS < 8 else ("Z00.111",)
    adult = age >= _ADULT if age is not None else bool({"Z00.00", "Z00.01"}.intersection(named))
    if adult:
        return ("Z00.01",) if abnormal else ("Z00.00",)
    return ("Z00.121",) if abnormal else ("Z00.129",)


def _abnormal(present: Present, readings: Sequence[NoteReading]) -> bool:
    """Whether the notes tell of a finding that was not there before, or of a disease that is not stable."""
    texts = [_DENIED.sub("", _NORMAL.sub("", reading.note.text)) for reading in readings]
    if any(_ABNORMAL.search(text) for text in texts):
        return True
    return not any(_NORMAL.search(reading.note.text) for reading in readings) and present.has(*_ACUTE)
