"""What a newborn's record states: place, number and way of birth (Z38), weight and weeks at birth (P05, P07).

Guideline I.C.16.a.2: Z38 is assigned once, on the birth record, at the hospital of birth. Weights and weeks are
those of categories P05 and P07 (guideline I.C.16.d asks that prematurity be documented, weeks alone are not enough).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from suggest.measurements import Measured
from suggest.records import Encounter, Setting

NEWBORN_YEARS = 29 / 365.25
"""Age in years at which a child is no newborn any more: birth to the 28th day of life (guideline I.C.16)."""

_PRETERM_YEARS = 3
_HOSPITAL = (Setting.INPATIENT, Setting.PROFESSIONAL_INPATIENT)
_WEIGHT = re.compile(
    r"\b(?:BWT?|birth\s?(?:weight|wt))\b\D{0,12}(?:(\d,?\d{3}|\d{3})\s*(?:g|gm|gms|grams?)\b|(\d\.\d{1,3})\s*kg\b)",
    re.I,
)
_PRETERM = re.compile(r"\bpre-?term\b|\bpremat\w+|\bpree?mies?\b|\b(?:ex|former)[- ]\d\d", re.I)
_AT_BIRTH = re.compile(
    r"\b(2\d|3[0-6])\s{0,3}(?:\+\s{0,3}[0-6](?:\s{0,3}/\s{0,3}7)?|[0-6]/7|w\s{0,3}[0-6]\s{0,3}d?(?!\w))?"
    r"\s{0,3}-?\s{0,3}(?:w|wks?|weeks?|weekers?)?\b",
    re.I,
)
_OF_BIRTH = re.compile(r"\b(?:born|birth|delivered|ex|former)\b[^\n]*$", re.I)
_WEEK_SIGN = re.compile(r"w|/7|\+", re.I)
_SMALL = re.compile(r"\bSGA\b|\bsmall for (?:gestational age|dates)\b", re.I)
_BORN = re.compile(
    r"\bborn\b|\bBWT?\b|\bbirth h(?:x|istory)\b|\bapgars?\b|\bdelivered\b|\bnewborn\b|\bNSVD\b|\bSVD\b", re.I
)
_ELSEWHERE = re.compile(
    r"\b(?:transfer\w* (?:in|from)|readmi\w+|born at (?:an )?(?:OSH|outside|referring)|outborn)\b", re.I
)
_OUTSIDE = re.compile(
    r"\bborn (?:at home|en route|in (?:the )?(?:car|ambulance)|outside (?:of )?(?:the )?hospital)|\bhome birth\b", re.I
)
_WAY = re.compile(
    r"\b(?:(?P<cesarean>c/s|c-?section|cesarean|[pr]?LTCS)|(?P<vaginal>NSVD|SVD|SVB|VAVD|VBAC|vaginal(?:ly)?|vacuum|forceps))\b",
    re.I,
)
_BEFORE = re.compile(r"\b(?:prior|previous|hx|history|h/o|failed|mother'?s?)\s*(?:\w+\s+)?$", re.I)
_NUMBER = re.compile(r"\b(?:(?P<twin>twin)|(?P<triplet>triplet))s?\b", re.I)
# multiplicity → (vaginally, by cesarean, outside hospital)
_PLACES = {
    "single": ("Z38.00", "Z38.01", "Z38.1"),
    "twin": ("Z38.30", "Z38.31", "Z38.4"),
    "triplet": ("Z38.61", "Z38.62", "Z38.7"),
}
_GRAMS = ((500, "1"), (750, "2"), (1000, "3"), (1250, "4"), (1500, "5"), (1750, "6"), (2000, "7"), (2500, "8"))


def newborn_codes(text: str, encounter: Encounter) -> Iterator[Measured]:
    """Yields the codes that a newborn's note states.

    Args:
        text: The note.
        encounter: Its age decides whether the patient is a newborn, its setting whether it may be a birth record.
    """
    age = encounter.patient.age
    if age is None or age >= _PRETERM_YEARS:
        return
    yield from _weeks(text)
    if age < NEWBORN_YEARS:
        yield from _weights(text)
        if encounter.setting in _HOSPITAL:
            yield from _birth(text)


def weight_code(grams: int, *, small: bool) -> str | None:
    """Returns the code of a birth weight in grams, ``None`` from 2500 g on.

    Args:
        grams: The weight.
        small: Small for gestational age (P05.1-, which excludes P07.0- and P07.1-).
    """
    letter = next((digit for limit, digit in _GRAMS if grams < limit), None)
    if letter is None:
        return "P05.19" if small else None
    if small:
        return f"P05.1{letter}"
    return f"P07.0{letter}" if grams < 1000 else f"P07.1{letter}"


def preterm_code(week: int) -> str:
    """Returns the P07 code of completed weeks at birth, at most 36."""
    if week >= 28:
        return f"P07.3{week - 27}"
    return f"P07.2{max(week - 21, 1)}"


def _weights(text: str) -> Iterator[Measured]:
    small = _SMALL.search(text) is not None
    for match in _WEIGHT.finditer(text):
        grams = int(match.group(1).replace(",", "")) if match.group(1) else round(float(match.group(2)) * 1000)
        code = weight_code(grams, small=small)
        if code:
            yield Measured(match.start(), match.end(), code, "birth weight")


def _weeks(text: str) -> Iterator[Measured]:
    """Yields the weeks at birth of a child that is called preterm: those said of the birth, else the first."""
    if not _PRETERM.search(text):
        return
    weeks = [match for match in _AT_BIRTH.finditer(text) if _WEEK_SIGN.search(match.group())]
    said = [match for match in weeks if _OF_BIRTH.search(text, max(0, match.start() - 30), match.start())]
    for match in (said or weeks)[:1]:
        yield Measured(match.start(), match.end(), preterm_code(int(match.group(1))), "weeks at birth")


def _birth(text: str) -> Iterator[Measured]:
    born = _BORN.search(text)
    if not born or _ELSEWHERE.search(text):
        return
    number = _NUMBER.search(text)
    vaginal, cesarean, outside = _PLACES[number.lastgroup or "single"] if number else _PLACES["single"]
    away = _OUTSIDE.search(text)
    if away:
        yield Measured(away.start(), away.end(), outside, "place of birth")
        return
    for way in _WAY.finditer(text):
        if not _BEFORE.search(text, max(0, way.start() - 25), way.start()):
            yield Measured(way.start(), way.end(), cesarean if way.group("cesarean") else vaginal, "way of birth")
            return
