"""Numbers that count the items of a list: they say nothing about what the items name.

``4. CKD`` is the fourth problem, not stage 4 of the disease, and ``2. Burn`` no second degree. A number counts items
where it begins a line, or where it goes on a count within the line (``1. DM2 2. HTN 3. CKD``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_BEGINS = re.compile(
    r"[ \t]*(?:[-*•>]\s*)?(?:[(#][ \t]*)?(\d{1,2})(?:[.)\]:](?=\s|[^\W\d])|[ \t]*-(?=[ \t]+[^\W\d]))", re.ASCII
)
_HASHED = re.compile(r"[ \t]*#[ \t]?(\d{1,2})(?=[ \t])")
_WITHIN = re.compile(r"(?<![\w./+%-])(?<!\d,)\(?(\d{1,2})[.)](?=\s+[^\W\d]|[^\W\d])")
_MEASURES = re.compile(
    r"(?:stage|grade|type|class|level|degree|category|day|gravida|para|score|phase|zone|number|no\.?|x|of|to|and|-)\s*$",
    re.IGNORECASE,
)
"""Words before a number that it belongs to."""


def list_numbers(text: str) -> Iterator[int]:
    """Yields the offsets of the numbers that count items of lists, in order."""
    start = 0
    for line in text.splitlines(keepends=True):
        yield from (start + offset for offset in _in_line(line))
        start += len(line)


def _in_line(line: str) -> Iterator[int]:
    last = 0
    first = _BEGINS.match(line) or _HASHED.match(line)
    if first is not None:
        last = int(first.group(1))
        yield first.start(1)
    for match in _WITHIN.finditer(line, first.end(1) if first else 0):
        number = int(match.group(1))
        before = line[: match.start()].rstrip(" \t,")  # a comma may stand where a line ended: "Dx:,1. CKD,2. Gout"
        opens = number == 1 and (not before or before.endswith((":", ".", ";", "-")))
        goes_on = last > 0 and number == last + 1 and not _MEASURES.search(before)
        if opens or goes_on:
            last = number
            yield match.start(1)
