"""Deficits that a stroke left behind (I69): kind of stroke, deficit, side and dominance.

Guideline I.C.9.d: category I69 is for deficits that persist after the acute stroke; a stroke not further
specified counts as a cerebral infarction (I69.3-). Guideline I.C.6.a: where dominance is not documented, the right
side counts as dominant, the left as not, and either side of the ambidextrous as dominant. Weakness of one side
after a stroke is hemiparesis (Coding Clinic, first quarter 2015, page 25).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from suggest.composition.cues import Composed, Cue, NoteCues, denied, span
from suggest.specificity import side_near

_SIDED = frozenset("345")  # monoplegia of an arm or a leg, hemiplegia
_RIGHT, _LEFT = 1, 2
_FOLLOWING = 4  # words between a deficit and "from" or "after", and from there to the stroke


def stroke_sequelae(note: NoteCues) -> Iterator[Composed]:
    """Yields the sequelae of strokes that a note's words compose."""
    acute = None
    left_handed = any(True for _cue in note.of("handed"))
    for cues in note.sentences.values():
        strokes = [cue for cue in cues if cue.kind == "stroke"]
        deficits = [cue for cue in cues if cue.kind == "deficit"]
        if not strokes or not deficits:
            continue
        if acute is None:
            acute = any(_is_acute(near) for near in note.sentences.values())
        for deficit in deficits:
            stroke = min(strokes, key=lambda cue: abs(cue.place - deficit.place))
            if _over(cues, deficit, stroke, acute=acute):
                code = _code(note, cues, deficit, stroke, left_handed=left_handed)
                yield Composed(code, *span(deficit, stroke), deficit.first)


def _is_acute(cues: Sequence[Cue]) -> bool:
    """Whether a sentence tells of a stroke that happens now."""
    strokes = [cue for cue in cues if cue.kind == "stroke"]
    return any(
        cue.kind == "acute" and any(0 <= stroke.place - cue.reach <= 2 for stroke in strokes) and not denied(cue, cues)
        for cue in cues
    )


def _over(cues: Sequence[Cue], deficit: Cue, stroke: Cue, *, acute: bool) -> bool:
    """Whether the words say that a stroke is past and the deficit stayed."""
    if any(cue.kind == "past" for cue in cues):
        return True
    if acute or deficit.place > stroke.place:
        return False
    return any(
        cue.kind == "since"
        and 0 <= cue.place - deficit.reach <= _FOLLOWING
        and 0 <= stroke.place - cue.reach <= _FOLLOWING
        for cue in cues
    )


def _code(note: NoteCues, cues: Sequence[Cue], deficit: Cue, stroke: Cue, *, left_handed: bool) -> str:
    code = stroke.value + deficit.value
    if deficit.value not in _SIDED:
        return code
    places = [cue.first for cue in cues] + [cue.last for cue in cues]
    sides = side_near(note.tokens.sides, deficit.first, deficit.last, min(places), max(places))
    if sides not in (_RIGHT, _LEFT):
        return code
    said_not = any(cue.kind == "nondominant" and abs(cue.place - deficit.place) <= _FOLLOWING for cue in cues)
    dominant = (sides == _LEFT) == left_handed and not said_not
    return code + {(_RIGHT, True): "1", (_LEFT, True): "2", (_RIGHT, False): "3", (_LEFT, False): "4"}[sides, dominant]
