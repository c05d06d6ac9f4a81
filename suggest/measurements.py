"""Values that decide a code by themselves: body mass index (Z68) and weeks of gestation (Z3A)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_BMI = re.compile(
    r"\b(?:BMI|body mass index)\b[^\d\n]{0,12}(\d{2}(?:\.\d{1,2})?)(?!\s*(?:%|th|st|nd|rd|percent))", re.I
)
_BMI_PERCENTILE = re.compile(
    r"\b(?:BMI|body mass index)\b[^\n]{0,24}?\b(\d{1,2})(?:\.\d)?\s*(?:th|st|nd|rd|%\s*ile|percentile)", re.I
)
_WEEKS = re.compile(
    r"\b(\d{1,2})\s{0,3}(?:\+\s{0,3}[0-6]\s{0,3}(?:w|wks?|weeks?)|"
    r"(?:w|wks?|weeks?)(?:\s{0,3}(?:and\s{0,3})?\+?\s{0,3}[0-6]\s{0,3}/?\s{0,3}(?:d|days?|7))?|(?:\+\s{0,3})?[0-6]/7)\b",
    re.I,
)
_PREGNANT = re.compile(
    r"\b(?:gestation\w*|iup|ega|ga|pregnan\w*|g\d+\s*p\d+\w*|gravida|edc|edd|fetal|fhts?|prenatal)\b|@", re.I
)
_EXACT = re.compile(r"\d{1,2}\s*w\s*[0-6]\s*d\b", re.I)  # "39w1d" means weeks of gestation wherever it stands
_EARLIER = re.compile(
    r"\b(?:prior|previous|prev|history|hx|h/o|last|sab|loss|miscarr\w*|ptb|ptd|preterm birth)\b", re.I
)
_LATER = re.compile(r"\s*(?:post-?partum|pp\b|after|ago|old|of age|later|s/p|post)", re.I)
_STATEMENT = 300  # characters of a statement at most: looking back further on a line would cost its square
_YOUNGEST_MOTHER = 9
_WITH_DAYS = re.compile(r"\d\D+\d")
_ADULT = 20
_WEEK_CODES = {**{week: f"Z3A.{week:02d}" for week in range(8, 43)}}


@dataclass(frozen=True, slots=True)
class Measured:
    """A measured value that names a code: offsets in the text, and the code."""

    start: int
    end: int
    code: str
    term: str


def bmi_code(value: float) -> str | None:
    """Returns the adult Z68 code of a body mass index in kg/m2, ``None`` outside 10 to 120."""
    if not 10 <= value <= 120:
        return None
    if value < 20:
        return "Z68.1"
    if value < 40:
        return f"Z68.{int(value)}"
    for limit, code in ((45, "Z68.41"), (50, "Z68.42"), (60, "Z68.43"), (70, "Z68.44")):
        if value < limit:
            return code
    return "Z68.45"


def bmi_percentile_code(value: int) -> str:
    """Returns the paediatric Z68 code of a BMI percentile for age (1 to 99)."""
    if value < 5:
        return "Z68.51"
    if value < 85:
        return "Z68.52"
    return "Z68.53" if value < 95 else "Z68.54"


def week_code(week: int) -> str | None:
    """Returns the Z3A code of completed weeks of gestation (1 to 44), else ``None``."""
    if not 1 <= week <= 44:
        return None
    if week < 8:
        return "Z3A.01"
    return _WEEK_CODES.get(week, "Z3A.49")


def measured(text: str, age: float | None) -> Iterator[Measured]:
    """Yields the measured codes of a text.

    Args:
        text: The note.
        age: Age in years; the adult BMI codes apply from 20 years on (note at category Z68).
    """
    if age is None or age >= _ADULT:
        for match in _BMI.finditer(text):
            code = bmi_code(float(match.group(1)))
            if code:
                yield Measured(match.start(), match.end(), code, "body mass index")
    if age is None or age < _ADULT:
        for match in _BMI_PERCENTILE.finditer(text):
            code = bmi_percentile_code(int(match.group(1)))
            yield Measured(match.start(), match.end(), code, "BMI percentile")
    if age is None or age >= _YOUNGEST_MOTHER:
        yield from _weeks(text)


def _weeks(text: str) -> Iterator[Measured]:
    """Yields weeks of gestation; those given with days ("39w1d") count alone where there are any."""
    found = []
    for match in _WEEKS.finditer(text):
        code = week_code(int(match.group(1)))
        around = text[max(0, match.start() - 25) : match.end() + 25]
        if code and (_EXACT.match(match.group()) or _PREGNANT.search(around)) and not _is_other(text, match):
            found.append((bool(_WITH_DAYS.search(match.group())), match, code))
    exact = any(days for days, _match, _code in found)
    for days, match, code in found:
        if days or not exact:
            yield Measured(match.start(), match.end(), code, "weeks of gestation")


def _is_other(text: str, weeks: re.Match[str]) -> bool:
    """Whether weeks are those of an earlier pregnancy (``prior PTB at 33w``) or no weeks of gestation at all."""
    low = max(0, weeks.start() - _STATEMENT)
    line = max(low, *(text.rfind(mark, low, weeks.start()) + 1 for mark in "\n.;,"))
    return bool(_LATER.match(text, weeks.end()) or _EARLIER.search(text, line, weeks.start()))


def gestation_weeks(text: str) -> int | None:
    """Returns the completed weeks of gestation that a text states first, if any."""
    for found in _weeks(text):
        match = _WEEKS.match(text, found.start)
        if match:
            return int(match.group(1))
    return None
