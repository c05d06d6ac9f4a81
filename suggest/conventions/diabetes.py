"""The type of diabetes holds for all its complications.

Terms such as ``diabetic neuropathy`` name no type; guideline I.C.4.a.2 then assumes type 2. Where the record
documents another type, what is said of the complication belongs to that type's category, at the same place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from suggest.combinations import Combination
from suggest.conventions.present import Present, instead
from suggest.reading import NoteReading
from suggest.records import Mention

_ASSUMED = "E11"
_OTHERS = ("E08", "E09", "E10", "E13")
_TYPE_2 = re.compile(r"\b(?:T2DM|DM ?2|T2D|NIDDM|DMII|(?:type|DM) ?(?:2|II))\b", re.IGNORECASE)


def of_documented_type(
    present: Present, found: Sequence[Combination], mentions: Sequence[Mention], readings: Sequence[NoteReading]
) -> list[Combination]:
    """Returns the codes of the documented type for those of type 2 diabetes, where one other type is documented."""
    documented = [category for category in _OTHERS if any(map(present.is_named, present.codes(category)))]
    if len(documented) != 1 or not present.has(_ASSUMED):
        return []
    codes = {code: present.edges(code) for code in present.codes(_ASSUMED)}
    for combination in found:
        code = present.index.code(combination.row)
        if code.startswith(_ASSUMED):
            codes.setdefault(code, combination.edges)
    texts = {reading.number: reading.note.text for reading in readings}
    spans = (mentions[edge.mention] for edges in codes.values() for edge in edges)
    if any(_TYPE_2.search(texts[span.note][span.start : span.end]) for span in spans):
        return []
    moved = (instead(present.index, documented[0] + c[3:], edges, [edges[0].code]) for c, edges in codes.items())
    return [combination for combination in moved if combination is not None]
