"""What the number and the descriptor of an imported code tell: its section, terms, and the billing unit of a drug."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache

from suggest.resources import read_table

_SECTIONS = "services/sections.tsv"
_LONGEST = 60
"""Most characters of a term: longer descriptors are sentences that no note repeats."""

_ASIDE = re.compile(r"\s*[(\[][^()\[\]]*[)\]]")
_LEAD = re.compile(r"^(?:injection|infusion)s?,?\s+", re.IGNORECASE)
_BRAND = re.compile(r"\(([a-z][a-z0-9-]{3,20}(?: [a-z0-9-]+)?)\)", re.IGNORECASE)
_NO_BRANDS = frozenset({"human", "recombinant", "pair", "each", "bovine", "equine", "porcine"})
_REMARK = re.compile(
    r",?\s*(?:not otherwise (?:specified|classified)|nos|(?:excludes? )?biosimilars?)\b", re.IGNORECASE
)
_UNITS = {
    **dict.fromkeys(("mg", "milligram", "milligrams"), "mg"),
    **dict.fromkeys(("mcg", "microgram", "micrograms"), "mcg"),
    **dict.fromkeys(("g", "gm", "gram", "grams"), "g"),
    **dict.fromkeys(("ml", "cc", "milliliter", "milliliters"), "ml"),
    **dict.fromkeys(("unit", "units", "usp unit", "usp units", "iu", "i.u.", "i.u"), "units"),
    **dict.fromkeys(("mci", "millicurie", "millicuries"), "mCi"),
    "meq": "meq",
}
_UNIT = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
_AMOUNT = rf"\d[\d,]*(?:\.\d+)?\s*(?:million\s+)?(?:{_UNIT})(?![\w/])"
_DOSE = re.compile(
    rf"(?:(?P<number>\d[\d,]*(?:\.\d+)?)\s*(?P<million>million\s+)?|\bper\s+)(?P<unit>{_UNIT})(?![\w/])", re.IGNORECASE
)
_OTHERWISE = re.compile(
    r"\b(?:per|single) (?:study |therapeutic |treatment |single |unit )?[ -]*(?:use|dose|dosage|vial|treatment)"
    rf"|study dose|(?:greater|less) than|system|\d\s*(?:{_UNIT})\s*/",
    re.IGNORECASE,
)
"""What is billed by something else than the quantity: doses, devices, ranges, and two drugs together."""
_TAIL = re.compile(rf",?\s+(?:per|each|up to)\b.*|,?\s+{_AMOUNT}.*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, order=True)
class _Range:
    """Numbers of one section, and whether notes name what they stand for (they do not name measures of quality)."""

    first: str
    last: str
    section: str
    in_notes: bool


@lru_cache(maxsize=1)
def _ranges() -> dict[str, list[_Range]]:
    """Returns the ranges of each series, sorted: numbers that end in a digit, and those that end in each letter.

    0042T lies between 00100 and 01999 only in the alphabet.
    """
    series: defaultdict[str, list[_Range]] = defaultdict(list)
    for row in read_table(_SECTIONS):
        found = _Range(row["first"], row["last"], row["section"], row["in_notes"] == "yes")
        series[_series(found.first)].append(found)
    return {name: sorted(ranges) for name, ranges in series.items()}


def _series(code: str) -> str:
    return "digit" if code[-1].isdigit() else code[-1]


def _range_of(code: str) -> _Range:
    ranges = _ranges().get(_series(code), [])
    position = bisect_right(ranges, code, key=lambda found: found.first) - 1
    if position >= 0 and code <= ranges[position].last:
        return ranges[position]
    return _Range(code, code, "service", True)


def section_of(code: str) -> str:
    """Returns the section of a code by its number; ``service`` for one that no range holds."""
    return _range_of(code).section


def in_notes(code: str) -> bool:
    """Returns whether notes name what a code stands for; they do not name measures of quality."""
    return _range_of(code).in_notes


def terms_of(descriptor: str) -> tuple[str, ...]:
    """Returns the wordings that a descriptor gives: without asides, remarks and the quantity, and a brand name.

    Args:
        descriptor: As the release has it.

    Returns:
        At most three terms, in lower case; none where the descriptor is too long for one.
    """
    drug = _LEAD.match(descriptor) is not None
    brands = [brand for brand in _BRAND.findall(descriptor) if drug and brand.lower() not in _NO_BRANDS]
    plain = _LEAD.sub("", _ASIDE.sub("", descriptor))
    plain = _REMARK.sub("", _TAIL.sub("", plain)).replace(",,", ",").strip(" ,;.")
    return tuple(dict.fromkeys(term.lower() for term in (plain, *brands) if 0 < len(term) <= _LONGEST))[:3]


def dose_of(descriptor: str) -> str:
    """Returns the billing unit of a drug as the table of services writes it (``dose 15 mg``).

    Empty where the descriptor names no quantity, several, or a whole dose or vial.
    """
    plain = _ASIDE.sub("", descriptor)
    found = list(_DOSE.finditer(plain))
    if len(found) != 1 or _OTHERWISE.search(plain):
        return ""
    number = float((found[0]["number"] or "1").replace(",", "")) * (1e6 if found[0]["million"] else 1)
    return f"dose {number:.15g} {_UNITS[found[0]['unit'].lower()]}"
