"""Coronary artery bypass: one code for each kind of conduit, by the number of coronary arteries that it supplies.

Guideline B3.6b: a bypass is coded by the number of coronary arteries bypassed to, with the vessel bypassed from as
the qualifier; arteries bypassed to from different sources or with different devices take a code each.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from suggest.procedures.pcs.context import NoteContext, Span
from suggest.procedures.pcs.numbers import stated_counts

_CABG = re.compile(r"\bCABG(?:\s?x\s?\d)?|coronary artery bypass|coronary bypass|aortocoronary bypass", re.IGNORECASE)
_LEFT = re.compile(r"\bLIMA\b|left internal (?:mammary|thoracic)", re.IGNORECASE)
_RIGHT = re.compile(r"\bRIMA\b|right internal (?:mammary|thoracic)", re.IGNORECASE)
_VEIN = re.compile(r"\bSVGs?\b|saphenous|vein grafts?\b", re.IGNORECASE)
_RADIAL = re.compile(r"radial (?:artery )?(?:conduit|graft)|\bRA graft", re.IGNORECASE)
_TARGET = re.compile(
    r"\b(?:LAD|RCA|PDA|PLV?|OM\s?\d?|obtuse marginal|D\d|diagonal(?: \d)?|ramus|circumflex|LCX|PLB"
    r"|posterior descending|left anterior descending|right coronary)\b",
    re.IGNORECASE,
)
_PAST = re.compile(r"\b(?:h/o|hx|history of|s/p|prior|previous|status post|(?:19|20)\d\d)\b", re.IGNORECASE)
_BODY_PARTS = "0123"  # one, two, three, four or more coronary arteries
_ARTERY, _AORTA = "Z", "W"
_CONDUIT_REACH = 90  # characters after a conduit in which its targets stand


@dataclass(frozen=True, slots=True)
class Graft:
    """A code of a bypass, the axes that are open, and where it is named."""

    code: str
    span: Span
    open_axes: tuple[str, ...] = ()
    quality: float = 0.9


def bypass_grafts(note: NoteContext) -> list[Graft]:
    """Returns the codes of the coronary bypasses that a note speaks of."""
    text = note.reading.note.text
    named = _CABG.search(text)
    conduits = [match for pattern in (_LEFT, _RIGHT) for match in pattern.finditer(text)]
    if named is None and not any(_TARGET.search(text, match.end(), match.end() + _CONDUIT_REACH) for match in conduits):
        return []
    grafts: list[Graft] = []
    total = _total(text)
    arterial = 0
    for pattern, qualifier in ((_LEFT, "9"), (_RIGHT, "8")):
        match = _with_targets(pattern, text)
        if match:
            count = min(len(_targets(match, text)) or 1, 4)
            arterial += count
            grafts.append(Graft("021" + _BODY_PARTS[count - 1] + "0Z" + qualifier, _span(note, match)))
    radial = _with_targets(_RADIAL, text)
    if radial:
        count = min(len(_targets(radial, text)) or 1, 4)
        arterial += count
        grafts.append(Graft("021" + _BODY_PARTS[count - 1] + "0A" + _AORTA, _span(note, radial)))
    vein = _with_targets(_VEIN, text)
    if vein:
        count = max(len(_vein_targets(text)), 1)
        rest = total - arterial if total else count
        count = min(rest if rest > 0 else count, 4)
        grafts.append(Graft("021" + _BODY_PARTS[count - 1] + "09" + _AORTA, _span(note, vein)))
    if not grafts and named is not None:
        grafts += _unsaid(
            total, _span_of(note, named.start(), named.end()), past=bool(_PAST.search(_line(text, named)))
        )
    return grafts


def _unsaid(total: int, span: Span, *, past: bool) -> list[Graft]:
    """Returns the usual code where a note names no conduit: a vein from the aorta to as many arteries as it counts."""
    count = min(total or 1, 4)
    open_axes = ("device", "qualifier") if total else ("body part", "device", "qualifier")
    quality = 0.2 if past else 0.4
    return [Graft("021" + _BODY_PARTS[count - 1] + "09" + _AORTA, span, open_axes, quality)]


def _total(text: str) -> int:
    """Returns the number of grafts that a title counts ("CABG x3"), 0 where it does not."""
    for match in _CABG.finditer(text):
        counts = stated_counts(text[match.start() : match.end() + 20])
        if counts:
            return int(counts[0].number)
    return 0


def _with_targets(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """Returns the place of a conduit that names a coronary artery behind it, else none."""
    return next((match for match in pattern.finditer(text) if _targets(match, text)), None)


def _targets(match: re.Match[str], text: str) -> set[str]:
    """Returns the coronary arteries named between a conduit and the next one."""
    end = min(match.end() + _CONDUIT_REACH, _next_conduit(text, match.end()))
    stop = re.search(r"[;\n]|\.\s", text[match.end() : end])
    end = match.end() + stop.start() if stop else end
    return {target.group().lower() for target in _TARGET.finditer(text, match.end(), end)}


def _vein_targets(text: str) -> set[str]:
    found: set[str] = set()
    for match in _VEIN.finditer(text):
        found |= _targets(match, text)
    return found


def _next_conduit(text: str, start: int) -> int:
    starts = [
        m.start()
        for pattern in (_LEFT, _RIGHT, _VEIN, _RADIAL)
        if (m := pattern.search(text, start, start + _CONDUIT_REACH))
    ]
    return min(starts, default=len(text))


def _line(text: str, match: re.Match[str]) -> str:
    begin = text.rfind("\n", 0, match.start()) + 1
    end = text.find("\n", match.end())
    return text[max(begin, match.start() - 40) : min(end if end >= 0 else len(text), match.end() + 40)]


def _span(note: NoteContext, match: re.Match[str]) -> Span:
    return _span_of(note, match.start(), match.end())


def _span_of(note: NoteContext, start: int, end: int) -> Span:
    return note.token_at(start), note.token_at(end - 1) + 1
