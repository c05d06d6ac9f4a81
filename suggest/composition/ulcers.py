"""Ulcers: pressure ulcers by site, side and stage (L89), others of the leg by site, side and depth (L97).

Guideline I.C.12.a: the stage of a pressure ulcer is coded where it is documented; unstageable is not unspecified,
and deep tissue damage has codes of its own. The codes are built regularly: site, side, stage or depth.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from suggest.composition.cues import Composed, Cue, NoteCues, denied, distance, nearest, span
from suggest.specificity import side_near

_NEAR = 8  # words between an ulcer and its site, stage or depth
_MIDDLE = ("15", "81", "89")  # pressure ulcer sites without sides
_DEEP_TISSUE, _NO_STAGE, _NO_DEPTH = "6", "9", "9"
_RIGHT, _LEFT, _BOTH = 1, 2, 4
_UPPER_BACK = {_RIGHT: "11", _LEFT: "12", 0: "10"}
_LOWER_BACK = {_RIGHT: "13", _LEFT: "14", 0: "10"}


def ulcers(note: NoteCues) -> Iterator[Composed]:
    """Yields the ulcers that a note's words compose."""
    depth = _only_depth(note)
    for cues in note.sentences.values():
        pressure = [cue for cue in cues if cue.kind in ("pressure", "deep_tissue") and not cue.value]
        for ulcer in pressure:
            yield from _pressure(note, ulcer, cues)
        if not pressure:
            for ulcer in cues:
                if ulcer.kind == "ulcer" and not ulcer.value:
                    yield from _leg(note, ulcer, cues, depth)


def _pressure(note: NoteCues, ulcer: Cue, cues: Sequence[Cue]) -> Iterator[Composed]:
    sites = [cue for cue in cues if cue.kind == "pressure_site" and distance(ulcer, cue) <= _NEAR]
    for site in sites:
        stage = _stage(ulcer, site, cues)
        value = _NO_STAGE if stage is None else stage.value or _DEEP_TISSUE
        parts = [cue for cue in (ulcer, site, stage) if cue]
        for side in _sides(note, site):
            yield Composed(f"L89.{_pressure_site(site.value, side)}{value}", *span(*parts), ulcer.first)


def _stage(ulcer: Cue, site: Cue, cues: Sequence[Cue]) -> Cue | None:
    """The stage that stands nearest to an ulcer or its site; behind them before in front."""
    ranked = [
        (min(distance(cue, ulcer), distance(cue, site)), cue.place < ulcer.place, cue.place, cue)
        for cue in cues
        if cue.kind in ("stage", "deep_tissue")
    ]
    best = min(ranked, key=lambda item: item[:3], default=None)
    return best[3] if best and best[0] <= _NEAR else None


def _pressure_site(site: str, side: int) -> str:
    if site == "1:upper":
        return _UPPER_BACK[side]
    if site == "1:lower":
        return _LOWER_BACK[side]
    return site if site in _MIDDLE else f"{site}{side}"


def _leg(note: NoteCues, ulcer: Cue, cues: Sequence[Cue], elsewhere: str) -> Iterator[Composed]:
    site = nearest(ulcer, [cue for cue in cues if cue.kind == "ulcer_site"], _NEAR)
    if site is None or note.between(min(ulcer.last, site.last), max(ulcer.first, site.first)).count(",") > 1:
        return
    exact = [cue for cue in cues if cue.kind == "ulcer_site" and cue.value != "9" and distance(ulcer, cue) <= _NEAR]
    site = nearest(site, exact, 2) or site  # "foot ulcer of the right heel"
    depth = nearest(ulcer, [cue for cue in cues if cue.kind == "depth" and not denied(cue, cues, 1)], _NEAR)
    parts = [cue for cue in (ulcer, site, depth) if cue]
    value = depth.value if depth else elsewhere
    for side in _sides(note, site):
        yield Composed(f"L97.{site.value}{side}{value}", *span(*parts), ulcer.first)


def _only_depth(note: NoteCues) -> str:
    """The depth that a note states, where it states but one."""
    depths = {cue.value for cue in note.of("depth")}
    return depths.pop() if len(depths) == 1 else _NO_DEPTH


def _sides(note: NoteCues, site: Cue) -> list[int]:
    """The digits of the sides that a site has in its sentence: 1 right, 2 left, both where both are, else 0."""
    sentence = note.tokens.sentence
    begin, end = sentence.searchsorted([sentence[site.first], sentence[site.first] + 1]).tolist()
    sides = side_near(note.tokens.sides, site.first, site.last, begin, end)
    if sides & _BOTH or sides == _RIGHT | _LEFT:
        return [_RIGHT, _LEFT]
    return [sides]
