"""Quantities that decide procedure codes: lengths, areas, counts, minutes, views, doses, vertebral levels, contrast.

All are read off the text by their units, wherever they stand; which of them belongs to a procedure is decided by
``conditions.py``. Sizes are in centimetres, areas in square centimetres, times in minutes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from suggest.resources import read_table


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit.

    Attributes:
        kind: ``length`` (cm), ``area`` (sq cm), ``count``, ``minutes``, ``views``, ``dose`` or ``contrast``.
        value: The number, in the unit of its kind; for doses in that of ``of``; 0 for contrast.
        start: Offset of its first character in the note.
        end: Offset after it.
        of: What is counted (kind of noun, empty for a bare ``x 3``); what a length is that of (``lesion``,
            ``repair`` or empty); unit of a dose (``mg``, ``units``, ``ml``, ...);
            ``none``, ``with`` or ``both`` for contrast.
    """

    kind: str
    value: float
    start: int
    end: int
    of: str = ""


_SPELLED = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_WORDS = {word: number for number, word in enumerate(_SPELLED, start=1)} | {"single": 1, "both": 2, "twenty": 20}
_NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?|\.\d+"
_COUNT = rf"(?:\d{{1,3}}|{'|'.join(_WORDS)})"
_UNITS = "cm|mm|mg|mcg|ml|cc|units?|min|mins|minutes?|hours?|hrs?|days?|weeks?|wks?|months?|mos?|years?|yrs?|yo"
_SIZE_UNIT = r"(?:cms?|mms?|centimet(?:er|re)s?|millimet(?:er|re)s?|inch(?:es)?)\b"
_DIMENSIONS = re.compile(
    rf"(?<![\w.])({_NUMBER})\s*({_SIZE_UNIT})?"
    rf"(?:\s*[x×]\s*({_NUMBER})\s*({_SIZE_UNIT})?)?(?:\s*[x×]\s*({_NUMBER})\s*({_SIZE_UNIT})?)?",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[,;:\n]|\.(?=\s|$)")
_CLAUSE_LENGTH = 80
_MEASURED = re.compile(
    r"\b(?:(?P<lesion>lesions?|excised|excision|margins?|diameter|mass|tumou?r|cyst|carcinoma|melanoma|nevus|lipoma)"
    r"|(?P<repair>closures?|closed|repair(?:ed)?|sutured|lacerations?|undermin\w+))\b",
    re.IGNORECASE,
)
_AREA = re.compile(
    rf"({_NUMBER})\s*(?:sq\.?\s*cms?\b|sqcm\b|cm2\b|cm²|cm\^2|square\s+(?:cm|centimet(?:er|re)s?)\b|cm\s*sq(?:uared)?\b)",
    re.IGNORECASE,
)
_HOURS = re.compile(
    rf"(?<![\w.:])({_NUMBER}|{'|'.join(_WORDS)})\s*-?\s*(?:hours?|hrs?|h)\b(?:\s*(?:and\s*)?(\d{{1,2}})\s*(?:minutes?|mins?|m)\b)?",
    re.IGNORECASE,
)
_MINUTES = re.compile(r"(?<![\w.:/])(\d{1,3})\s*-?\s*(?:minutes?|mins?\b|min\b)", re.IGNORECASE)
_CLOCK = r"(\d{1,2}):?(\d{2})\s*([ap])?\.?m?\.?"
_SPAN = re.compile(
    rf"(?<![\d:.]){_CLOCK}\s*(?:-|–|to|until|till|->|[,;/]?\s*(?:time\s*)?(?:out|end|stop)(?:\s*time)?:?)"
    rf"\s*{_CLOCK}(?![\d:])",
    re.IGNORECASE,
)
_TIMES = re.compile(r"(?<![\w.])(?:[x×]\s?(\d{1,3})|#\s?(\d{1,2})|\((\d{1,2})\))(?![\w%/.-])", re.IGNORECASE)
_NAILS = re.compile(r"\b(?:toe)?nails?\s*#?\s*\d{1,2}\s*-\s*\d{1,2}\b[^.;\n]{0,60}", re.IGNORECASE)
_STITCHES = re.compile(
    r"(?:nylon|prolene|ethilon|vicryl|monocryl|chromic|gut|silk|sutures?|stitch(?:es)?|staples?|steri-?strips?|interrupted)"
    r"[^.;\n]{0,12}$",
    re.IGNORECASE,
)
_PERIOD = re.compile(
    r"\s*(?:cycles?|d|days?|wks?|weeks?|mo|months?|min|minutes|hrs?|hours?|h|yrs?|years?|doses?)\b", re.I
)
_NAIL_RANGE = re.compile(r"(?<![\d.])(\d{1,2})\s*-\s*(\d{1,2})\b")
_BOTH_FEET = re.compile(r"\b(?:bilateral(?:ly)?|both feet|each foot|b/l)\b", re.IGNORECASE)
_STANCE = r"(?:(?:non-?\s?)?weight-?\s?bearing|standing|upright|total|standard|plain)"
_VIEWS = re.compile(rf"(?<!\w)({_COUNT})\s*-?\s*(?:{_STANCE}\s+){{0,2}}(?:views?\b|vws?\b|v\b)", re.IGNORECASE)
_PROJECTIONS = re.compile(
    r"\b((?:portable|single|upright)?\s*(?:AP|PA)(?:\s*(?:,|/|and|&|\+)\s*(?:lat(?:eral)?|obl(?:ique)?s?|mortise|"
    r"odontoid|sunrise|merchant|axillary|scapular y|y[ -]view|open mouth)){0,4})\b",
    re.IGNORECASE,
)
_DOSE = re.compile(
    rf"(?<![\w.])({_NUMBER})\s*(million|mil)?\s*-?\s*(mcg|µg|ug|mg|gm|grams?|g|units?|iu|u|ml|cc|meq|mci|mu)\b(?!\s*/)",
    re.IGNORECASE,
)
_STRENGTH = re.compile(rf"(?<![\w.])({_NUMBER})\s*(mcg|mg|units?)\s*/\s*({_NUMBER})?\s*(?:ml|cc)\b", re.IGNORECASE)
_VOLUME = re.compile(rf"(?<![\w./])({_NUMBER})\s*(?:ml|cc)\b", re.IGNORECASE)
_VOLUME_NEAR = 30  # characters between a strength and the volume that was given of it
_LEVEL = r"(?:[CTLS]\s?\d{1,2})"
_LEVELS = re.compile(rf"\b({_LEVEL})\s*(?:-|/|through|thru|to)\s*((?:[CTLS]\s?)?\d{{1,2}})\b", re.IGNORECASE)
_DOSE_UNITS = {
    "µg": ("mcg", 1.0),
    "ug": ("mcg", 1.0),
    "gm": ("g", 1.0),
    "gram": ("g", 1.0),
    "grams": ("g", 1.0),
    "unit": ("units", 1.0),
    "u": ("units", 1.0),
    "iu": ("units", 1.0),
    "cc": ("ml", 1.0),
    "mu": ("units", 1e6),
}
_WITHOUT = r"(?:without|w/o|wo)"
_AGENT = (
    r"(?:contrast|gadolinium|gad\b|gadavist|dotarem|prohance|multihance|magnevist|eovist|omnipaque|isovue|optiray"
    r"|visipaque|ultravist|oxilan)"
)
_ROUTE = (
    r"(?:(?:IV|I\.V\.|intravenous|any|and|or|oral|po|rectal|intrathecal|intra-?articular|iodinated|\+|/|&)[\s-]*){0,3}"
)
_BY_MOUTH = re.compile(r"(?:oral|po|rectal)\s*$", re.IGNORECASE)
# Contrast of both kinds stands first: it holds the words of the others. What is given by mouth or into the rectum
# alone is not contrast (CPT, radiology guidelines).
_CONTRAST = re.compile(
    rf"\b(?P<both>with(?:\s*(?:and|&|/|\+)\s*){_WITHOUT}(?:\s*{_ROUTE}{_AGENT})?"
    rf"|{_WITHOUT}(?:\s+{_ROUTE}{_AGENT})?\s*(?:and|&|/|\+|then|followed by)\s*(?:then\s+)?with\s+{_ROUTE}{_AGENT}"
    rf"|(?:{_WITHOUT}\s*(?:and|&|/|\+)\s*with|w\s*/?\s*(?:and|&|\+)?\s*(?:w/o|wo))\b(?:\s*{_ROUTE}{_AGENT})?"
    rf"|pre-?\s*(?:and|&|/)\s*post-?\s*{_ROUTE}{_AGENT})"
    rf"|\b(?P<none>(?:{_WITHOUT}|no|not?\s+given)\s+{_ROUTE}{_AGENT}|non-?\s*con(?:trast(?:ed)?)?\b|unenhanced)"
    rf"|\b(?P<with>(?:with|w/|w|post-?|plus|\+)\s*{_ROUTE}{_AGENT}|{_AGENT}(?:[- ]enhanced)?)",
    re.IGNORECASE,
)
_FIRST_LEVEL = {"C": 0, "T": 7, "L": 19, "S": 24}
_REGION_END = {"C": 7, "T": 12, "L": 5, "S": 5}


def quantities(text: str) -> list[Quantity]:
    """Returns the quantities of a note in the order of the text."""
    found = [
        *_dimensions(text),
        *_areas(text),
        *_minutes(text),
        *_counts(text),
        *_views(text),
        *_doses(text),
        *_strengths(text),
        *_levels(text),
        *_contrast(text),
    ]
    return sorted(found, key=lambda quantity: (quantity.start, quantity.end, quantity.kind))


def _number(text: str) -> float:
    low = text.lower()
    return float(_WORDS[low]) if low in _WORDS else float(text.replace(",", ""))


def _dimensions(text: str) -> Iterator[Quantity]:
    for match in _DIMENSIONS.finditer(text):
        unit = match[6] or match[4] or match[2]
        if not unit:
            continue
        scale = 0.1 if unit.lower().startswith("m") else 2.54 if unit.lower().startswith("in") else 1.0
        sides = [_number(side) * scale for side in (match[1], match[3], match[5]) if side]
        yield Quantity("length", max(sides), match.start(), match.end(), _measures(text, match.start(), match.end()))
        if len(sides) > 1:
            yield Quantity("area", sides[0] * sides[1], match.start(), match.end())


def _measures(text: str, start: int, end: int) -> str:
    """Returns what a length is that of by the words of its clause: ``lesion``, ``repair`` or not told."""
    low = max((match.end() for match in _CLAUSE.finditer(text, max(0, start - _CLAUSE_LENGTH), start)), default=0)
    low = max(low, start - _CLAUSE_LENGTH)
    after = _CLAUSE.search(text, end, end + _CLAUSE_LENGTH)
    high = after.start() if after else end + _CLAUSE_LENGTH
    best, nearest = "", float("inf")
    for match in _MEASURED.finditer(text, max(0, low), high):
        gap = match.start() - end if match.start() >= end else start - match.end()
        if gap < nearest:
            best, nearest = match.lastgroup or "", gap
    return best


def _areas(text: str) -> Iterator[Quantity]:
    for match in _AREA.finditer(text):
        yield Quantity("area", _number(match[1]), match.start(), match.end())


def _minutes(text: str) -> Iterator[Quantity]:
    hours = list(_HOURS.finditer(text))
    for match in hours:
        yield Quantity("minutes", 60 * _number(match[1]) + _number(match[2] or "0"), match.start(), match.end())
    within = {match.end() for match in hours}
    for match in _MINUTES.finditer(text):
        if match.end() not in within:  # "1 hour 15 min" is one time
            yield Quantity("minutes", _number(match[1]), match.start(), match.end())
    for match in _SPAN.finditer(text):
        begin, end = _clock(match[1], match[2], match[3] or match[6]), _clock(match[4], match[5], match[6])
        if begin is not None and end is not None:
            yield Quantity("minutes", (end - begin) % 720 or 720, match.start(), match.end())


def _clock(hour: str, minute: str, half: str | None) -> int | None:
    if int(hour) > 23 or int(minute) > 59:
        return None
    return int(hour) * 60 + int(minute) + (720 if half and half.lower() == "p" and int(hour) < 12 else 0)


@lru_cache(maxsize=1)
def _counted() -> tuple[re.Pattern[str], dict[str, str]]:
    kinds = {row["noun"].lower(): row["kind"] for row in read_table("services/counted.tsv")}
    nouns = "|".join(sorted(map(re.escape, kinds), key=len, reverse=True))
    pattern = rf"(?<![\w.,/-])(?:\d{{1,2}}-)?({_COUNT})\s+(?!(?:{_UNITS})\b)(?:[a-z-]+\s+){{0,3}}?({nouns})(?:e?s)?\b"
    return re.compile(pattern, re.IGNORECASE), kinds


def _counts(text: str) -> Iterator[Quantity]:
    pattern, kinds = _counted()
    for match in pattern.finditer(text):
        yield Quantity("count", _number(match[1]), match.start(), match.end(), kinds[match[2].lower()])
    for match in _TIMES.finditer(text):
        if _PERIOD.match(text, match.end()) or _STITCHES.search(text, max(0, match.start() - 40), match.start()):
            continue  # how often stitched, for how long
        yield Quantity("count", float(match[1] or match[2] or match[3]), match.start(), match.end())
    for match in _NAILS.finditer(text):
        ranges = [(int(low), int(high)) for low, high in _NAIL_RANGE.findall(match[0])]
        nails = sum(high - low + 1 for low, high in ranges if low < high <= 10)
        twice = len(ranges) == 1 and ranges[0][1] <= 5 and _BOTH_FEET.search(match[0]) is not None
        if nails:
            yield Quantity("count", float(nails * (2 if twice else 1)), match.start(), match.end(), "nail")


def _views(text: str) -> Iterator[Quantity]:
    for match in _VIEWS.finditer(text):
        yield Quantity("views", _number(match[1]), match.start(), match.end())
    for match in _PROJECTIONS.finditer(text):
        yield Quantity("views", float(1 + len(re.findall(r",|/|\band\b|&|\+", match[1]))), match.start(), match.end())


def _doses(text: str) -> Iterator[Quantity]:
    for match in _DOSE.finditer(text):
        unit, scale = _DOSE_UNITS.get(match[3].lower(), (match[3].lower(), 1.0))
        value = _number(match[1]) * scale * (1e6 if match[2] else 1.0)
        yield Quantity("dose", value, match.start(), match.end(), unit)


def _strengths(text: str) -> Iterator[Quantity]:
    """Doses told with their volume: ``1 mL of 80 mg/mL`` is 80 mg, ``40 mg / 1 mL`` and ``2 mg/0.05 mL`` say it."""
    for match in _STRENGTH.finditer(text):
        unit = _DOSE_UNITS.get(match[2].lower(), (match[2].lower(), 1.0))[0]
        if match[3]:
            yield Quantity("dose", _number(match[1]), match.start(), match.end(), unit)
            continue
        after = _VOLUME.search(text, match.end(), match.end() + _VOLUME_NEAR)
        before = list(_VOLUME.finditer(text, max(0, match.start() - _VOLUME_NEAR), match.start()))
        volume = after or (before[-1] if before else None)
        if volume is not None:
            yield Quantity("dose", _number(match[1]) * _number(volume[1]), match.start(), match.end(), unit)


def _levels(text: str) -> Iterator[Quantity]:
    """Interspaces between vertebrae: L4-5 is one, L3-S1 three."""
    for match in _LEVELS.finditer(text):
        first, last = match[1].replace(" ", "").upper(), match[2].replace(" ", "").upper()
        region = last[0] if last[0] in _FIRST_LEVEL else first[0]
        ends = int(last.lstrip("CTLS")), int(first[1:])
        if ends[0] <= _REGION_END[region] and ends[1] <= _REGION_END[first[0]]:
            spaces = _FIRST_LEVEL[region] + ends[0] - _FIRST_LEVEL[first[0]] - ends[1]
            if 0 < spaces <= 12:
                yield Quantity("count", float(spaces), match.start(), match.end(), "level")


def _contrast(text: str) -> Iterator[Quantity]:
    for match in _CONTRAST.finditer(text):
        kind = match.lastgroup or "with"
        words = re.sub(rf"{_AGENT}.*", "", match[0], flags=re.IGNORECASE | re.DOTALL)
        if kind == "both" or not _BY_MOUTH.search(words) or re.search(r"\b(?:IV|intravenous)\b", words, re.IGNORECASE):
            yield Quantity("contrast", 0.0, match.start(), match.end(), kind)
