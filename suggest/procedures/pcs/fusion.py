"""Spinal fusion: body part by the joints fused, device and qualifier by graft, cage, approach and column.

Guideline B3.10: the body part is the level of the spine, with a value for one joint and one for several; a code for
each kind of device or qualifier; a cage goes before bone graft, bone graft before nothing else (B3.10c).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from suggest.procedures.pcs.context import NoteContext, Span

_FUSION = re.compile(
    r"\b(?:fusion|arthrodesis|ACDF|TLIF|PLIF|ALIF|XLIF|DLIF|OLIF|LLIF|PSF|PSIF|PLF|PCDF)\b", re.IGNORECASE
)
_LEVELS = re.compile(
    r"\b([CTLS])\s?(\d{1,2})\s?(?:-|/|\u2013|to|through|thru)\s?([CTLS])?\s?(\d{1,2})\b", re.IGNORECASE
)
_SPINAL = re.compile(
    r"\b(?:spin\w+|lumbar|cervical|thoracic|lumbosacral|vertebr\w+|ACDF|[TPAXDOL]LIF|PSI?F|PC?DF)\b", re.I
)
_INTERBODY = re.compile(r"\b(?:TLIF|PLIF|ALIF|XLIF|DLIF|OLIF|LLIF|interbody|cages?|PEEK|spacers?)\b", re.IGNORECASE)
_FRONT = re.compile(r"\b(?:ACDF|ALIF|XLIF|DLIF|OLIF|LLIF|anterior)\b", re.IGNORECASE)
_OUTSIDE = re.compile(
    r"\b(?:postero-?lateral|PLF|intertransverse|posterior (?:spinal )?fusion|PSI?F|PCDF|facet)\b", re.I
)
_OWN_BONE = re.compile(r"\b(?:autograft|local bone|iliac crest (?:bone )?graft|ICBG|autologous bone)\b", re.IGNORECASE)
_OTHER_BONE = re.compile(r"\b(?:allograft|cadaver\w*|DBM|demineralized)\b", re.IGNORECASE)
_REACH = 250  # characters around a fusion in which its levels, graft and approach stand
_ORDER = {"C": 0, "T": 7, "L": 19, "S": 24}  # vertebrae above the first of each region


@dataclass(frozen=True, slots=True)
class Fusion:
    """A code of a fusion, the axes that are open, and where it is named."""

    code: str
    span: Span
    open_axes: tuple[str, ...]
    quality: float
    further: tuple[Span, ...] = ()


def spinal_fusions(note: NoteContext) -> list[Fusion]:
    """Returns the codes of the spinal fusions that a note speaks of, one for each sentence that names levels."""
    text = note.reading.note.text
    found: dict[str, Fusion] = {}
    for match in _FUSION.finditer(text):
        around = text[max(0, match.start() - _REACH) : match.end() + _REACH]
        near = text[max(0, match.start() - 60) : match.end() + 60]
        levels = _levels_near(text, match)
        if not levels and not _SPINAL.search(near):
            continue
        span = _span(note, match)
        place = tuple(_span(note, level) for level in levels)
        for body in _bodies(levels, near):
            for fusion in _codes(body, around, bool(levels), span, place):
                if fusion.code not in found or found[fusion.code].quality < fusion.quality:
                    found[fusion.code] = fusion
    return list(found.values())


def _levels_near(text: str, match: re.Match[str]) -> list[re.Match[str]]:
    """Returns the levels of the sentence of a fusion, or the nearest before or after it."""
    low, high = max(0, match.start() - _REACH), min(len(text), match.end() + _REACH)
    begin = max(text.rfind(". ", low, match.start()), text.rfind("\n", low, match.start()), low)
    end = min([i for i in (text.find(". ", match.end(), high), text.find("\n", match.end(), high)) if i >= 0] or [high])
    return [level for level in _LEVELS.finditer(text, begin, end) if _joints(level)]


def _joints(level: re.Match[str]) -> list[int]:
    """Returns the joints from one vertebra to another, each by the number of its upper vertebra from C1."""
    first = _ORDER[level[1].upper()] + int(level[2])
    region = (level[3] or level[1]).upper()
    last = _ORDER[region] + int(level[4])
    return list(range(first, last)) if first < last <= first + 24 else []  # vertebrae of the spine


def _bodies(levels: list[re.Match[str]], near: str) -> list[str]:
    """Returns body system, operation and body part of each region fused."""
    joints = sorted({joint for level in levels for joint in _joints(level)})
    counted: dict[str, int] = {}
    for joint in joints:
        counted[_region(joint)] = counted.get(_region(joint), 0) + 1
    if not counted:
        low = near.lower()
        return ["0RG1"] if "cervical" in low or "acdf" in low else ["0RG6"] if "thoracic" in low else ["0SG0"]
    return [_part(region, count) for region, count in counted.items()]


def _region(joint: int) -> str:
    for region, last in (
        ("cervical", 6),
        ("cervicothoracic", 7),
        ("thoracic", 18),
        ("thoracolumbar", 19),
        ("lumbar", 23),
    ):
        if joint <= last:
            return region
    return "lumbosacral"


def _part(region: str, count: int) -> str:
    several = count > 1
    if region == "thoracic":
        return "0RG6" if not several else "0RG7" if count < 8 else "0RG8"  # 2 to 7, 8 or more
    return {
        "cervical": "0RG2" if several else "0RG1",
        "cervicothoracic": "0RG4",
        "thoracolumbar": "0RGA",
        "lumbar": "0SG1" if several else "0SG0",
    }.get(region, "0SG3")


def _codes(body: str, around: str, levels: bool, span: Span, place: tuple[Span, ...]) -> list[Fusion]:
    device, said = _device(around)
    found = []
    open_axes = tuple(name for name, known in (("body part", levels), ("device", said)) if not known)
    quality = 0.9 if levels and said else 0.6
    if _INTERBODY.search(around) or _FRONT.search(around):
        column = "0" if _FRONT.search(around) else "J"
        found.append(
            Fusion(f"{body}0{'A' if _INTERBODY.search(around) else device}{column}", span, open_axes, quality, place)
        )
    if _OUTSIDE.search(around) or not found:
        bone = device if device != "A" else "7"
        found.append(
            Fusion(f"{body}0{bone}1", span, open_axes, quality * (1.0 if _OUTSIDE.search(around) else 0.7), place)
        )
    return found


def _device(around: str) -> tuple[str, bool]:
    """Returns the device, and whether the note names it: own bone goes before other bone (B3.10c)."""
    if _OWN_BONE.search(around):
        return "7", True
    if _OTHER_BONE.search(around):
        return "K", True
    return ("A", True) if _INTERBODY.search(around) else ("7", False)


def _span(note: NoteContext, match: re.Match[str]) -> Span:
    return note.token_at(match.start()), note.token_at(match.end() - 1) + 1
