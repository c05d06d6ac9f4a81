"""Amount and complexity of data reviewed and analysed (CPT E/M guidelines 2023, MDM table, second column).

Category 1: unique tests, notes from outside, an independent historian. Category 2: independent interpretation of
a test that is not billed separately. Category 3: discussion with another professional.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from suggest.em.chart import Chart, NoteChart
from suggest.em.cues import Cue, cue_table
from suggest.em.records import NotCounted, VisitElement
from suggest.records import Evidence

_TESTS_OF_MODERATE = 3
_TESTS_OF_LIMITED = 2
_MOST_SHOWN = 5
_INTERPRETED = frozenset(
    {"electrocardiogram", "rhythm monitor", "echocardiogram", "chest X-ray", "X-ray", "CT", "MRI", "ultrasound", "PET"}
)
_BY_REGION = frozenset({"CT", "MRI", "X-ray", "ultrasound"})
_REGIONS = frozenset(
    {"abd", "abdomen", "ankle", "a", "brain", "c", "cap", "chest", "elbow", "femur", "foot", "forearm", "hand", "head"}
    | {"hip", "knee", "knees", "kidney", "l", "liver", "lumbar", "neck", "pelvis", "renal", "shoulder", "spine"}
    | {"thyroid", "wrist", "breast", "pelvic", "scrotum", "orbits", "sinus", "ribs", "tibia", "thoracic", "leg"}
)
_VALUE = re.compile(r"[\s:=(~]{0,3}(?:[<>+\d]|neg|pos|nl\b|normal|wnl|up\b|stable|sent|pending|ordered|reviewed)", re.I)
# A year, alone or behind a month, dates a result; a whole date mostly belongs to the present results.
_DATED = re.compile(r"[^.;\n\d/]{0,12}(?:\d{1,2}/)?((?:19|20)\d\d)\b")
_IMAGES = re.compile(r"images|films|tracing", re.I)
_NEXT_TALK = 8
_NEXT_PLAIN = 4
_CLOSE = 30
_WITH = frozenset({"with", "w", "/", "to"})
# Services that are also what is talked about: "discussed surgery" with the patient is no talk with a surgeon.
_ALSO_SUBJECTS = frozenset(
    {"both", "surgery", "hand", "vascular", "trauma", "pathology", "psych", "primary", "school", "pharmacy"}
)


@dataclass(slots=True)
class Data:
    """What was reviewed, ordered and discussed.

    Attributes:
        tests: First words of each unique test.
        notes: Words that name notes from outside.
        historians: Words that name an independent historian.
        reads: Words that say that a test was interpreted independently.
        talks: Words that say that care was discussed with another professional.
        not_counted: What was left out.
    """

    tests: dict[str, Evidence] = field(default_factory=dict)
    notes: list[Evidence] = field(default_factory=list)
    historians: list[Evidence] = field(default_factory=list)
    reads: list[Evidence] = field(default_factory=list)
    talks: list[Evidence] = field(default_factory=list)
    not_counted: list[NotCounted] = field(default_factory=list)

    def leave_out(self, tests: Collection[str], reason: str) -> None:
        """Moves tests to those that do not count."""
        for test in tests:
            evidence = self.tests.pop(test, None)
            if evidence is not None:
                self.not_counted.append(NotCounted(f"Test: {test}", reason, (evidence,)))

    @property
    def items(self) -> int:
        """Number of items of category 1."""
        return len(self.tests) + len(self.notes) + bool(self.historians)

    @property
    def level(self) -> int:
        """Level by the number of categories met."""
        met = (self.items >= _TESTS_OF_MODERATE) + bool(self.reads) + bool(self.talks)
        if met:
            return 4 if met > 1 else 3
        return 2 if self.items >= _TESTS_OF_LIMITED or self.historians else 1


def data_reviewed(chart: Chart, procedures: Collection[str]) -> Data:
    """Returns the data of a visit.

    Args:
        chart: The chart.
        procedures: CPT codes billed for the same day; tests with an interpretation among them do not count.
    """
    data = Data()
    for note in chart.notes:
        _collect_tests(note, procedures, data)
        _collect_sources(note, procedures, data)
    return data


def data_element(data: Data) -> VisitElement:
    """Returns the element for the data of a visit."""
    parts = []
    if data.tests or data.notes:
        parts.append(f"{len(data.tests)} unique tests and {len(data.notes)} outside notes")
    if data.historians:
        parts.append("an independent historian")
    if data.reads:
        parts.append("an independent interpretation")
    if data.talks:
        parts.append("a discussion with another professional")
    what = f"Data: {', '.join(parts)}." if parts else "Data: none or minimal."
    shown = [*data.reads, *data.talks, *data.historians, *data.notes, *data.tests.values()]
    return VisitElement("data", data.level, what, tuple(dict.fromkeys(shown))[:_MOST_SHOWN])


def _collect_tests(note: NoteChart, procedures: Collection[str], data: Data) -> None:
    table = cue_table("tests", "phrase")
    for cue in note.find(table):
        row = table.rows[cue.row]
        if note.is_history(cue.start) or note.is_negated(cue) or _is_old(note, cue):
            continue
        if row["comment"] and not _VALUE.match(note.text, cue.end):
            continue
        evidence = note.evidence(cue.start, cue.end)
        if row["test"] in _INTERPRETED and is_billed(row["billed"], procedures):
            if not any(left.what == f"Test: {row['test']}" for left in data.not_counted):
                reason = "its interpretation is billed separately"
                data.not_counted.append(NotCounted(f"Test: {row['test']}", reason, (evidence,)))
        else:
            data.tests.setdefault(_unique_test(note, cue, row["test"]), evidence)


def _is_old(note: NoteChart, cue: Cue) -> bool:
    """Whether a test is dated to an earlier year: results of the past that were reviewed before."""
    match = _DATED.match(note.text, cue.end)
    return match is not None and (note.year is None or int(match.group(1)) < note.year)


def _unique_test(note: NoteChart, cue: Cue, test: str) -> str:
    """Returns what tells a test from others: images of two regions are two tests."""
    if test not in _BY_REGION:
        return test
    words = note.words.texts[cue.first : cue.last + 2]
    return " ".join([test, *(word for word in words if word in _REGIONS)][:2])


def is_billed(ranges: str, procedures: Collection[str]) -> bool:
    """Whether one of ``procedures`` lies in ``ranges`` (codes and ``first-last``, separated by spaces)."""
    for part in ranges.split():
        low, _, high = part.partition("-")
        if any(low <= code <= (high or low) for code in procedures):
            return True
    return False


def _collect_sources(note: NoteChart, procedures: Collection[str], data: Data) -> None:
    table = cue_table("sources", "phrase")
    cues = [(cue, set(table.rows[cue.row]["sources"].split())) for cue in note.find(table)]
    for at, (cue, kinds) in enumerate(cues):
        if note.is_negated(cue):
            continue
        evidence = note.evidence(cue.start, cue.end)
        if "notes" in kinds and cue.start >= note.first_end:
            data.notes.append(evidence)
        if "historian" in kinds:
            data.historians.append(evidence)
        if "read" in kinds and _reads_test(note, cue, procedures):
            data.reads.append(evidence)
        if "talk" in kinds and not note.is_history(cue.start) and _with_professional(note, cue, cues[at + 1 :]):
            data.talks.append(evidence)


def _reads_test(note: NoteChart, cue: Cue, procedures: Collection[str]) -> bool:
    """Whether ``cue`` speaks of an image or tracing whose reading is not billed: named in its sentence, or by it."""
    start, end = note.sentence(cue.start)
    if _IMAGES.search(note.text, cue.start, cue.end):
        start, end = 0, len(note.text)
    table = cue_table("tests", "phrase")
    rows = [table.rows[test.row] for test in note.find(table, start, end)]
    named = [row for row in rows if row["test"] in _INTERPRETED]
    return any(not is_billed(row["billed"], procedures) for row in named)


def _with_professional(note: NoteChart, cue: Cue, following: list[tuple[Cue, set[str]]]) -> bool:
    """Whether the next person named after ``cue`` in its sentence is a professional, not patient or family."""
    start, end = note.sentence(cue.start)
    if cue.last - cue.first > 1 and _named_before(note, start, cue.start):
        return True
    plain = note.words.texts[cue.last - 1] not in _WITH
    for other, kinds in following:
        if other.start >= end or other.first - cue.last > (_NEXT_PLAIN if plain else _NEXT_TALK):
            return False
        if "family" in kinds:
            return False
        if "professional" in kinds and not (plain and note.words.texts[other.first] in _ALSO_SUBJECTS):
            return True
    return False


def _named_before(note: NoteChart, start: int, end: int) -> bool:
    """Whether a professional stands in ``[start, end)`` ("Ortho by phone: agrees"), close to its end."""
    table = cue_table("sources", "phrase")
    cues = [cue for cue in note.find(table, start, end) if end - cue.end < _CLOSE]
    return any("professional" in table.rows[cue.row]["sources"].split() for cue in cues)
