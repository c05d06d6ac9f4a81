"""Minutes that a note states, and what they were spent on.

Only the total time of the billing clinician on the date of the encounter decides a level (CPT E/M guidelines
2021 and later). Minutes of critical care and of advance care planning have codes of their own; those of other
services, other people or watching the patient count for nothing here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from suggest.em.chart import Chart, NoteChart
from suggest.em.records import NotCounted
from suggest.records import Evidence

_MINUTES = re.compile(r"(?<![\d.])(\d{1,3})\s*[- ]?(?:min|mins|minutes?)\b(?!\s*(?:apart|before|after|ago|walk))", re.I)
_HOURS = re.compile(r"(?<![\d.])(\d(?:\.\d)?)\s*(?:hours?|hrs?)\b", re.I)
_CRITICAL = re.compile(r"\bcritical care\b|\bcc time\b|\bcct\b", re.I)
_PLANNING = re.compile(r"\bacp\b|\badvance care planning\b|\bgoals of care\b|\badvance directive", re.I)
_TOTAL = re.compile(
    r"\btotal\b|\bspent\b|\bdate of (?:service|encounter)\b|\btime (?:today|on)\b|\btime\s*[:=]|^\s*time\b"
    r"|\bon unit\b|\bby me today\b|\bvisit time\b|\bencounter time\b",
    re.I,
)
_EXCLUDING = re.compile(
    r"\bexcl\w*|\bnot including\b|\bexclusive of\b|\bapart from\b|\bin addition to\b|\bminus\b", re.I
)
_OTHER_SERVICE = (
    (re.compile(r"\bpsychotherapy\b|\btherapy\b|\bcbt\b", re.I), "it is time of psychotherapy or therapy"),
    (
        re.compile(r"\bsmok\w*|\btobacco\b|\bcessation\b|\bquit\w*|\bnicotine\b|\bcig\w*", re.I),
        "it is time of tobacco counseling",
    ),
    (
        re.compile(r"\bintra-?service\b|\bsedation\b|\bprocedure time\b|\binfus\w+|\bcold ischemia\b", re.I),
        "it is time of a procedure",
    ),
    (re.compile(r"\bobserv\w+|\bobs'd\b|\bwatched\b|\bpressure x?\b", re.I), "the patient was only watched"),
    (
        re.compile(r"\b(?:nurse|rn|resident|np|pa|student|ma|staff|fellow|pharmacist)\s+(?:time|spent)\b", re.I),
        "it is time of another person",
    ),
)
_NOT_USED = re.compile(r"\bnot billed\b|\bnot used\b|\bmdm used\b", re.I)
_LONGEST = 300
_AROUND = 70


@dataclass(slots=True)
class Minutes:
    """Minutes stated, by use.

    Attributes:
        total: Total time of the clinician on the date of the encounter, ``None`` if not stated.
        critical: Critical care, 0 if none.
        planning: Advance care planning, 0 if none.
        evidence: The statement of each of ``total``, ``critical`` and ``planning``.
        not_counted: Times that count for none of these.
    """

    total: int | None = None
    critical: int = 0
    planning: int = 0
    evidence: dict[str, Evidence] = field(default_factory=dict)
    not_counted: list[NotCounted] = field(default_factory=list)


def minutes_stated(chart: Chart) -> Minutes:
    """Returns the minutes that the notes of a chart state."""
    found = Minutes()
    for note in chart.notes:
        for match in _MINUTES.finditer(note.text):
            _take(found, note, int(match.group(1)), match.start(), match.end())
        for match in _HOURS.finditer(note.text):
            around = note.text[max(match.start() - 25, 0) : match.end() + 25]
            if _TOTAL.search(around) or _CRITICAL.search(around):
                _take(found, note, round(float(match.group(1)) * 60), match.start(), match.end())
    return found


def _take(found: Minutes, note: NoteChart, minutes: int, start: int, end: int) -> None:
    if not 0 < minutes <= _LONGEST:
        return
    low, high = _clause(note, start, end)
    clause = note.text[low:high]
    evidence = note.evidence(start, end)
    excluded = _EXCLUDING.search(clause)
    if _CRITICAL.search(clause):
        if minutes > found.critical:
            found.critical = minutes
            found.evidence["critical"] = evidence
        return
    if _PLANNING.search(clause) and not (excluded and _TOTAL.search(clause)):
        if minutes > found.planning:
            found.planning = minutes
            found.evidence["planning"] = evidence
        return
    if _NOT_USED.search(note.text, end, min(end + _AROUND, len(note.text))):
        reason = "the clinician states that time is not used"
        found.not_counted.append(NotCounted("Minutes stated in the note", reason, (evidence,)))
        return
    for pattern, reason in _OTHER_SERVICE:
        if pattern.search(clause) and not (excluded and _TOTAL.search(clause)):
            found.not_counted.append(NotCounted("Minutes stated in the note", reason, (evidence,)))
            return
    if _TOTAL.search(clause) and minutes > (found.total or 0):
        found.total = minutes
        found.evidence["total"] = evidence


def _clause(note: NoteChart, start: int, end: int) -> tuple[int, int]:
    """Returns the part of the line around a time: its sentence, at most 70 characters to each side."""
    low, high = note.sentence(start)
    return max(low, start - _AROUND), min(high, end + _AROUND)
