"""Blood alcohol level (Y90) from a stated value.

Tabular note at Y90: it goes with alcohol related disorders (F10). A value below 1 is in grams per decilitre, as US
laboratories and courts write it (0.08); others are milligrams per decilitre.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from suggest.composition.cues import Composed, NoteCues

_LEVEL = re.compile(
    r"\b(?:BAC|BAL|blood alcohol(?: level| content| concentration)?|serum alcohol|ETOH(?: level)?|ethanol(?: level)?|"
    r"alcohol level)\b[ :=]{0,3}(?:of |was |is )?"
    r"(0?\.\d{2,3}|\d{2,3})(?!\d| ?(?:/|%? ?(?:proof|beers|drinks|oz|ml|yr|years)))",
    re.IGNORECASE,
)
_LIMITS = (
    *((20, "Y90.0"), (40, "Y90.1"), (60, "Y90.2"), (80, "Y90.3"), (100, "Y90.4"), (120, "Y90.5")),
    *((200, "Y90.6"), (240, "Y90.7")),
)
_HIGHEST = "Y90.8"
_GRAMS = 1  # values below are grams per decilitre


def alcohol_level(note: NoteCues) -> Iterator[Composed]:
    """Yields the codes of the blood alcohol levels that a note states."""
    if not any(cue.kind == "alcohol" for cues in note.sentences.values() for cue in cues):
        return
    for match in _LEVEL.finditer(note.text):
        value = float(match.group(1))
        code = level_code(value * 1000 if value < _GRAMS else value)
        first = bisect_right(note.offsets, match.start()) - 1
        yield Composed(code, int(first), int(bisect_right(note.offsets, match.end() - 1)))


def level_code(level: float) -> str:
    """Returns the code of a blood alcohol level in milligrams per 100 millilitres (0 or more)."""
    return next((code for limit, code in _LIMITS if level < limit), _HIGHEST)
