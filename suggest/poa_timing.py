"""When something in a stay began, by the words around it: cues, hospital days, days after an operation, dates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

import numpy as np

from suggest.reading import NoteReading
from suggest.records import Encounter, Evidence
from suggest.resources import read_table

_DAY = r"(\d{1,2})[/-](\d{1,2})(?:[/-]((?:20)?\d\d))?(?![\d/%])"
_DATE = re.compile(rf"(?<![\d/.-]){_DAY}")
_ISO = re.compile(r"(?<!\d)(20\d\d)-(\d\d)-(\d\d)(?!\d)")
_ADMITTED = re.compile(
    r"\b(?:adm(?:it(?:ted)?|ission)?(?: date| on)?|DOA|date of admission|LOS|(?:hospital|stay) dates?)\b"
    rf"[ :.,-]{{0,3}}{_DAY}",
    re.IGNORECASE,
)
_RANGE = re.compile(
    rf"(?<![\d/.-]){_DAY} ?(?:-+>?|\u2013|\u2014|\u2192|to|thru|through) ?(?=\d{{1,2}}[/-]\d)", re.IGNORECASE
)
_DAY_COUNT = re.compile(
    r"\b(?:(?:HD|hosp(?:ital)?\.? day|stay day|inpatient day|day of stay|DOL|ICU day) ?#?(?P<stay>\d{1,2})|"
    r"(?P<operation>POD|PPD)s?(?: ?#?\d{1,2})?(?![A-Za-z])|"
    r"day ?#?(?P<day>\d{1,2})\b(?! (?:course|of|total|prior|before|ago))|d(?P<d>\d{1,2})\b(?! (?:course|of)))",
    re.IGNORECASE,
)
_AFTER_HEADING = re.compile(
    r"\b(?:post[- ]?(?:op\w*|procedure|partum|delivery)\b(?![^\n:]{0,30}(?:dx|diag))[^\n:]{0,30}|"
    r"post|POD[^\n:]{0,12}):",
    re.IGNORECASE,
)
_EXPLICIT = re.compile(r"\bPOA\b|\bpresent (?:up)?on\b", re.IGNORECASE)
_BULLET = re.compile(r"\s*(?:[-*\u2022\u00b7]|\d{1,2}[.)])\s+")
_SECONDARY_TO = "2/2"
_HEAD = 600
"""Characters at the beginning of a note that state the dates of the stay."""
_LOOK_BACK = 400
_BEFORE = 30
_NEAR = 80
"""Characters between a diagnosis and the words that tell its time, within one clause."""
_WIDEST = 200
"""Characters on each side of a diagnosis that are looked at; a clause without punctuation may be as long as a note."""
_LATE = 2
"""Days from that of admission on which a date says that something was not present: what the first days show is often
there on arrival."""
_LONG_STAY = timedelta(days=30)
_LONGEST_STAY = timedelta(days=120)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What words say of the time.

    Attributes:
        says: ``present``, ``after``, ``unknown`` or ``undetermined``.
        reason: One sentence, without words of the chart.
        explicit: Whether it is the provider's own statement on presence on admission.
    """

    says: str
    reason: str
    explicit: bool = False


_VERDICTS = {
    "present": Verdict("present", "said to be there on arrival or before"),
    "after": Verdict("after", "said to have begun in the stay"),
    "unknown": Verdict("unknown", "the record does not say whether it was present on admission", explicit=True),
    "undetermined": Verdict(
        "undetermined", "the provider cannot tell whether it was present on admission", explicit=True
    ),
    "care": Verdict("after", "named as following care of this stay"),
    "operation": Verdict("after", "named as following an operation or procedure of this stay"),
}
_LATER_DAY = Verdict("after", "dated to a later day of the stay")
_FIRST_DAY = Verdict("present", "dated to the day of admission")
_UNDER_HEADING = Verdict("after", "stands under what came after an operation or delivery")


@dataclass(frozen=True, slots=True)
class _Cue:
    start: int
    end: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Timing:
    """The time of a stay.

    Attributes:
        admission: Day of admission, ``None`` if nobody says it.
        last: Day of discharge, or the last that is taken for one.
        operated: Whether the notes tell of an operation or procedure of this stay.
        readmitted: Whether the patient came for what earlier care left, so that ``postoperative`` is no time.
        notes: What was read of each note, by its identifier.
    """

    admission: date | None = None
    last: date = date.max
    operated: bool = False
    readmitted: bool = False
    notes: dict[str, NoteReading] = field(default_factory=dict)

    def verdict(self, evidence: Evidence) -> Verdict | None:
        """Returns what the words around a span say, ``None`` where they do not speak of time."""
        reading = self.notes.get(evidence.note_id)
        if reading is None:
            return None
        text = reading.note.text
        low, high = _clause(reading, evidence.start)
        low, high = max(low, evidence.start - _WIDEST), min(max(high, evidence.end), evidence.end + _WIDEST)
        cues = [cue for cue in self._cues(text, low, high) if not _bracketed_before(text, cue, evidence)]
        if any(_is_day(cue) and cue.start <= evidence.start and evidence.end <= cue.end for cue in cues):
            return None  # the words are part of a date
        stated = _statement(cues, evidence)
        if stated is not None:
            return stated.verdict
        nearest = min(cues, key=lambda cue: _distance(cue, evidence), default=None)
        if nearest is not None and _distance(nearest, evidence)[0] <= _NEAR:
            return nearest.verdict
        return self._under_heading(text, low)

    def _under_heading(self, text: str, place: int) -> Verdict | None:
        """Returns the verdict of the heading that a line, or the list that it belongs to, stands under."""
        if not self.operated or self.readmitted:
            return None
        line = max(text.rfind("\n", 0, place) + 1, place - _LOOK_BACK)
        heading = text[line:place]
        if _BULLET.match(text, line):
            heading = _line_above_list(text, line) + heading
        return _UNDER_HEADING if _AFTER_HEADING.search(heading) else None

    def _cues(self, text: str, low: int, high: int) -> Iterator[_Cue]:
        yield from self._counted_days(text, low, high)
        yield from self._dates(text, low, high)
        for match in _cue_pattern().finditer(text, low, high):
            says = _meanings()[int((match.lastgroup or "c0")[1:])]
            if says == "nothing" or (says in ("operation", "care") and self.readmitted):
                continue
            if says == "operation" and not self.operated:
                continue
            verdict = _VERDICTS[says]
            if _EXPLICIT.search(match.group()):
                verdict = Verdict(verdict.says, verdict.reason, explicit=True)
            yield _Cue(match.start(), match.end(), verdict)

    def _counted_days(self, text: str, low: int, high: int) -> Iterator[_Cue]:
        """Yields counted days that say when something began, not until when it lasted or when it was found."""
        for match in _DAY_COUNT.finditer(text, low, high):
            number = match["stay"] or match["day"] or match["d"]
            late = int(number) >= _LATE if number else not self.readmitted
            if late and not _ended_or_found(text, low, match.start()):
                yield _Cue(match.start(), match.end(), _LATER_DAY)

    def _dates(self, text: str, low: int, high: int) -> Iterator[_Cue]:
        if self.admission is None:
            return
        for match in (*_DATE.finditer(text, low, high), *_ISO.finditer(text, low, high)):
            day = None if match.group() == _SECONDARY_TO else _date_of(match, self.admission.year)
            if day is not None and day < self.admission and not match[3]:
                day = _date_of(match, self.admission.year + 1)  # a stay over the turn of the year
            if day is None or not self.admission <= day <= self.last or _ended_or_found(text, low, match.start()):
                continue
            if (day - self.admission).days >= _LATE:
                yield _Cue(match.start(), match.end(), _LATER_DAY)
            elif day == self.admission:
                yield _Cue(match.start(), match.end(), _FIRST_DAY)


def timing_of(encounter: Encounter, readings: Sequence[NoteReading], *, readmitted: bool = False) -> Timing:
    """Returns the time of a stay, from the encounter and else from its notes.

    Args:
        encounter: The stay.
        readings: What was read of its notes.
        readmitted: Whether the patient came for what earlier care left.
    """
    texts = [reading.note.text for reading in readings]
    stated = (encounter.admission,) if encounter.admission else (_admission(text, encounter) for text in texts)
    admission = next((day for day in stated if day), None)
    return Timing(
        admission=admission,
        last=_last(admission, encounter.discharge),
        operated=any(_context("operation").search(text) for text in texts),
        readmitted=readmitted,
        notes={reading.note.id: reading for reading in readings},
    )


def _last(admission: date | None, discharge: date | None) -> date:
    if admission is None:
        return date.max
    if discharge and discharge > admission:
        return discharge
    return admission + min(_LONG_STAY, date.max - admission)


def _admission(text: str, encounter: Encounter) -> date | None:
    """Reads the day of admission off the head of a note."""
    known = encounter.discharge or encounter.date_of_service
    if known is None:
        return None
    for pattern in (_ADMITTED, _RANGE):
        for match in pattern.finditer(text, 0, _HEAD):
            days = (_date_of(match, year) for year in (known.year, known.year - 1))
            found = next((day for day in days if day and abs(day - known) <= _LONGEST_STAY), None)
            if found:
                return found
    return None


def _date_of(match: re.Match[str], year: int) -> date | None:
    """Returns the day of a match (month, day, year or year, month, day), in ``year`` where it states none."""
    first, second, third = match.groups()
    try:
        if len(first) == len("2026"):
            return date(int(first), int(second), int(third))
        stated = int(third) + (2000 if len(third) == len("26") else 0) if third else year
        return date(stated, int(first), int(second))
    except ValueError:
        return None


def _clause(reading: NoteReading, start: int) -> tuple[int, int]:
    token = max(reading.token_at(start), 0)
    last = len(reading.sentence_start) - 1
    place = min(max(int(np.searchsorted(reading.sentence_start, token, side="right")) - 1, 0), last - 1)
    low, high = reading.sentence_start[place], reading.sentence_start[place + 1]
    return int(reading.offsets[low]), int(reading.offsets[high])


def _is_day(cue: _Cue) -> bool:
    return cue.verdict in (_LATER_DAY, _FIRST_DAY)


def _statement(cues: Sequence[_Cue], evidence: Evidence) -> _Cue | None:
    """Returns the provider's statement on presence on admission if it is the first word on time after a diagnosis."""
    following = min((cue for cue in cues if cue.start >= evidence.end), key=lambda cue: cue.start, default=None)
    return following if following is not None and following.verdict.explicit else None


def _distance(cue: _Cue, evidence: Evidence) -> tuple[int, int]:
    return max(cue.start - evidence.end, evidence.start - cue.end, 0), cue.start


def _bracketed_before(text: str, cue: _Cue, evidence: Evidence) -> bool:
    """Whether a cue stands in brackets that close before the diagnosis: it speaks of a value, as in (13 on arrival)."""
    between = text[cue.end : evidence.start] if cue.end <= evidence.start else ""
    return ")" in between and "(" not in between.partition(")")[0]


def _ended_or_found(text: str, low: int, place: int) -> bool:
    """Whether the words before a day say that something ended or was looked at then."""
    low = max(low, place - _BEFORE)
    return any(_context(kind).search(text, low, place) is not None for kind in ("until", "found"))


def _line_above_list(text: str, line: int) -> str:
    """Returns the line that a list of items stands under."""
    for above in reversed(text[max(0, line - 2 * _LOOK_BACK) : line].splitlines()):
        if above.strip() and not _BULLET.match(above):
            return above + "\n"
    return ""


@lru_cache(maxsize=4)
def _context(kind: str) -> re.Pattern[str]:
    """Words of one kind; those that speak of the day after them stand at most three words before it."""
    words = "|".join(row["pattern"] for row in read_table("poa/context.tsv") if row["kind"] == kind)
    following = r"(?!\w)" if kind == "operation" else r"\b\W*(?:\w+\W+){0,3}$"
    return re.compile(rf"(?<!\w)(?:{words}){following}", re.IGNORECASE)


@lru_cache(maxsize=1)
def _meanings() -> tuple[str, ...]:
    return tuple(row["says"] for row in read_table("poa/cues.tsv"))


@lru_cache(maxsize=1)
def _cue_pattern() -> re.Pattern[str]:
    """All cues, each as group c with its number; where several begin, the longer pattern is tried first."""
    rows = sorted(enumerate(row["pattern"] for row in read_table("poa/cues.tsv")), key=lambda row: -len(row[1]))
    cues = "|".join(f"(?P<c{number}>{pattern})" for number, pattern in rows)
    return re.compile(rf"(?<!\w)(?:{cues})(?!\w)", re.IGNORECASE)
