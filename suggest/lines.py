"""The lines of a note, as its author meant them.

Systems hand notes on with their line breaks lost. Where an item of a numbered list or a section begins within a
line, a line begins all the same: ``1. Pneumonia. 2. Asthma, mild`` says nothing of how severe the pneumonia is.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from suggest.list_numbers import list_numbers
from suggest.records import Section

_BREAK = re.compile(r"\n")
_WORD = re.compile(r"[^\W_]")


def line_starts(text: str, sections: Sequence[Section]) -> NDArray[np.int64]:
    """Returns the offsets, ascending, at which the second and further lines begin.

    Args:
        text: The note.
        sections: Its sections.
    """
    lines = [0, *(found.end() for found in _BREAK.finditer(text))]
    starts = set(lines)
    for at in chain(list_numbers(text), (section.start for section in sections)):
        own = lines[bisect_right(lines, at) - 1]
        if _WORD.search(text, own, at):  # else it begins the line: behind an indent or a bullet
            starts.add(at)
    return np.array(sorted(starts)[1:], dtype=np.int64)
