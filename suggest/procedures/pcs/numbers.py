"""Counts and durations that a sentence states: "x3", "two vessels", "62 h", "3/13 1820 to 3/19 1500"."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import NamedTuple

_HOURS = re.compile(
    r"(?<![\d.:/])(\d{1,4}(?:\.\d)?)\s*-?\s*(?:h|hrs?|hours?)\b(?!\s*(?:ago|prior|later))", re.IGNORECASE
)
_HOURS_LATER = re.compile(r"(?<![\d.:/])(\d{1,3})\s*(?:h|hrs?|hours?)\s+later\b", re.IGNORECASE)
_DAYS = re.compile(r"(?<![\d.:/])(\d{1,3})\s*-?\s*(?:d|days?)\b(?!\s*(?:ago|prior|old))", re.IGNORECASE)
_DATE = re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})(?:/(?:20)?\d\d)?(?![\d/])(?:\s*(?:at|@)?\s*(\d{1,2}):?(\d\d)\b)?")
_TIMES = re.compile(r"(?:\bx|\u00d7)\s?(\d{1,2})\b|(?<=[a-z])x(\d)\b|\b(\d{1,2})\s?x\b", re.IGNORECASE)
_COUNT = re.compile(
    r"\b(\d{1,2}|one|two|three|four|five|single|double|triple|quadruple|quintuple)\b[ -]", re.IGNORECASE
)
_INTUBATED = re.compile(
    r"\bintubat(?:ed|ion)\b|\b(?:ETT|vent(?:ilator|ilation)?) (?:placed|started|start|begun)\b", re.IGNORECASE
)
_EXTUBATED = re.compile(
    r"\bextubat(?:ed|ion)\b|\boff (?:the )?vent\b|\bvent(?:ilator)? (?:stopped|off)\b", re.IGNORECASE
)
_BESIDE = 60  # characters between a word and the date beside it
_COUNTING = ("one", "two", "three", "four", "five")
_FOLD = ("single", "double", "triple", "quadruple", "quintuple")
_NUMBER_WORDS = {word: i for words in (_COUNTING, _FOLD) for i, word in enumerate(words, start=1)}
_COUNTED = re.compile(
    r"\s*(?:(?:drug[ -]eluting|bare[ -]metal|overlapping|separate|coronary|vessel|more|\w+-eluting)\s+)*"
    r"(?:vessels?|arter(?:y|ies)|stents?|des|bms|grafts?|sessions?|treatments?|units?|levels?|ribs?|times|veins?)\b"
    r"|\s*[- ]?vessel",
    re.IGNORECASE,
)
_DAY = 24.0
_YEAR = timedelta(days=366)
_LEAP = 2024  # dates without a year: any that has 29 February


class Stated(NamedTuple):
    """A number of a unit and where it stands, relative to the text searched."""

    number: float
    start: int
    end: int


def stated_hours(text: str) -> Stated | None:
    """Returns the duration that a sentence states, in hours; else the time between its first and last date."""
    for pattern, factor in ((_HOURS, 1.0), (_HOURS_LATER, 1.0)):
        found = [Stated(float(m[1]) * factor, m.start(), m.end()) for m in pattern.finditer(text)]
        if found:
            return max(found)
    dates = [(moment, m) for m in _DATE.finditer(text) if (moment := _moment(m)) is not None]
    if len(dates) > 1:
        (begin, first), (end, last) = dates[0], dates[-1]
        span = end - begin if end >= begin else end - begin + _YEAR  # over New Year
        return Stated(span.total_seconds() / 3600, first.start(), last.end())
    days = [Stated(float(m[1]) * _DAY, m.start(), m.end()) for m in _DAYS.finditer(text)]
    return max(days) if days else None


def ventilated_hours(text: str) -> Stated | None:
    """Returns the hours from the date beside the first "intubated" to that beside the last "extubated"."""
    begin = next((found for m in _INTUBATED.finditer(text) if (found := _date_beside(text, m))), None)
    ends = [found for m in _EXTUBATED.finditer(text) if (found := _date_beside(text, m))]
    if begin is None or not ends:
        return None
    span = ends[-1][0] - begin[0]
    if span < timedelta(0):
        span += _YEAR
    return Stated(span.total_seconds() / 3600, begin[1], ends[-1][2])


def _date_beside(text: str, word: re.Match[str]) -> tuple[datetime, int, int] | None:
    """Returns the date nearest to a word in its line, and where word and date begin and end."""
    low = max(text.rfind("\n", 0, word.start()) + 1, word.start() - _BESIDE)
    stop = text.find("\n", word.end())
    high = min(len(text) if stop < 0 else stop, word.end() + _BESIDE)
    dates = [(moment, m) for m in _DATE.finditer(text, low, high) if (moment := _moment(m)) is not None]
    if not dates:
        return None
    moment, match = min(dates, key=lambda pair: max(pair[1].start() - word.end(), word.start() - pair[1].end()))
    return moment, min(word.start(), match.start()), max(word.end(), match.end())


def stated_counts(text: str) -> list[Stated]:
    """Returns how many of something a sentence states ("x3", "two vessels", "3 stents"), in order."""
    found = []
    for match in _TIMES.finditer(text):
        digits = match[1] or match[2] or match[3]
        found.append(Stated(float(digits), match.start(), match.end()))
    for match in _COUNT.finditer(text):
        counted = _COUNTED.match(text, match.end() - 1)
        if counted:
            word = match[1].lower()
            number = _NUMBER_WORDS[word] if word in _NUMBER_WORDS else int(word)
            found.append(Stated(float(number), match.start(), counted.end()))
    return sorted(found, key=lambda stated: stated.start)


def _moment(match: re.Match[str]) -> datetime | None:
    try:
        return datetime(
            _LEAP,
            int(match[1]),
            int(match[2]),
            int(match[3] or 12),
            int(match[4] or 0),
        )
    except ValueError:
        return None
