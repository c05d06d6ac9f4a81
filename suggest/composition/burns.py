"""Burns and corrosions by site and degree (T20-T28), and their extent (T31, T32).

Guideline I.C.19.d: burns of heat and corrosions of chemicals are classified by site and depth. Clinicians name the
depth as thickness as often as degree, and the site in words that the titles do not have. I.C.19.d.6: of the extent
the fourth character is the share of the body surface burned at all, the fifth that burned to the third degree, both
in tens of per cent; below ten per cent one code says both.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from suggest.composition.cues import Composed, Cue, NoteCues, denied, distance, span

_NUMBER = r"(\d{1,3}(?:\.\d)?)\s{0,3}(?:-\s{0,3}\d{1,2}\s{0,3})?%?\s{0,3}"
_SURFACE = r"(?:TBSA|BSA|(?:total )?body surface(?: area)?)"
_SHARE = re.compile(
    rf"{_NUMBER}(?:of )?(?:the )?(?:total )?{_SURFACE}\b|\b{_SURFACE}[^\d\n.;]{{0,20}}?{_NUMBER}(?=\W|$)", re.IGNORECASE
)
_DEEP = re.compile(
    r"(\d{1,3}(?:\.\d)?)\s*%\s*(?:TBSA |BSA |of which |was |is |were |are )*"
    r"(?:3rd|third|full)[- ]?(?:degree|thickness)|(?:3rd|third|full)"
    r"[- ]?(?:degree|thickness)[^\d\n.;]{0,20}(\d{1,3})\s*%",
    re.IGNORECASE,
)
_BURN = re.compile(r"\bburn|\bscald|\bcorros|\bchemical\b|\balkali\b|\bacid\b", re.IGNORECASE)
_CORROSION = re.compile(r"\bcorros|\bchemical (?:burn|injur)|\b(?:alkali|acid|lye|caustic)\b[^.\n]{0,20}\bburn", re.I)


_SITE = 8  # words between a burn, its degree and its site
_UNSPECIFIED_DEGREE = 0
_CORROSION_DEGREES = 4  # what the character of a corrosion is above that of a burn


def burns(note: NoteCues) -> Iterator[Composed]:
    """Yields burns by site and degree, and their extent."""
    for cues in note.sentences.values():
        for burn in cues:
            if burn.kind == "burn":
                yield from _at_sites(burn, cues)
    yield from _extent(note)


def _at_sites(burn: Cue, cues: Sequence[Cue]) -> Iterator[Composed]:
    """The sites that a burn is said of; where sites have degrees of their own, the nearest degree in front counts."""
    corrosion = burn.value == "corrosion"
    for site in cues:
        if site.kind == "burn_organ" and distance(burn, site) <= _SITE // 2:
            yield Composed(site.value.split("|")[corrosion], *span(burn, site))
        elif site.kind == "burn_site" and distance(burn, site) <= _SITE:
            degree = _degree(site, burn, cues)
            if degree is not None:
                yield Composed(site.value.replace("#", str(degree + _CORROSION_DEGREES * corrosion)), *span(burn, site))


def _degree(site: Cue, burn: Cue, cues: Sequence[Cue]) -> int | None:
    """The degree of a burn at a site, ``None`` where the only degree near is denied ("no full thickness")."""
    degrees = [
        cue for cue in cues if cue.kind == "degree" and min(distance(cue, burn), distance(cue, site)) <= _SITE // 2
    ]
    said = [cue for cue in degrees if not denied(cue, cues, 1)]
    if not said:
        return None if degrees else _UNSPECIFIED_DEGREE
    before = [cue for cue in said if cue.place < site.place]
    chosen = before[-1] if before else said[0]
    deepest = max((cue for cue in said if abs(cue.place - chosen.place) <= 1), key=lambda cue: cue.value)
    return int(deepest.value)


def _extent(note: NoteCues) -> Iterator[Composed]:
    """Yields the extent of burns where a share of the body surface is stated."""
    if "surface" not in note.text.lower() and "BSA" not in note.text.upper():
        return
    if not _BURN.search(note.text):
        return
    category = "T32" if _CORROSION.search(note.text) else "T31"
    for match in _SHARE.finditer(note.text):
        total = float(match.group(1) or match.group(2))
        if not 0 < total <= 100:
            continue
        around = note.text[match.start() : match.end() + 120]
        deep = _DEEP.search(around)
        third = float(deep.group(1) or deep.group(2)) if deep else 0.0
        code = extent_code(category, total, third)
        first = bisect_right(note.offsets, match.start()) - 1
        last = bisect_right(note.offsets, match.end() - 1)
        yield Composed(code, int(first), int(last))


def extent_code(category: str, total: float, third: float) -> str:
    """Returns the code of an extent.

    Args:
        category: ``T31`` for burns, ``T32`` for corrosions.
        total: Share of the body surface in per cent, above 0 and at most 100.
        third: Share burned to the third degree in per cent, not above ``total``.
    """
    tens = min(int(total // 10), 9)
    return f"{category}.0" if tens == 0 else f"{category}.{tens}{min(int(third // 10), tens)}"
