"""Reads the text files of an ICD-10-CM release: the order file and the list of codes.

Layouts are those of CMS's ``icd10OrderFiles.pdf`` and ``icd10cmCodesFile.pdf``. The files hold no chapters,
blocks, inclusion terms or notes; chapters and blocks come from the tabular list that ships.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, takewhile
from typing import NoReturn

from suggest.code_sets.tabular import TabularList, TabularNode
from suggest.errors import CodeSetError

_CATEGORY = 3
_FULL = 7
_PLACEHOLDER = "X"
_CODE = r"[A-Z][0-9A-Z]{2,6}"
ORDER_LINE = re.compile(rf"(\d{{5}}) (?=.{{7}} [01] )({_CODE}) +([01]) .{{60}} (\S.*)")
"""Order number, code, whether it is complete, short title, long title."""
CODES_LINE = re.compile(rf"(?=.{{7}} \S)({_CODE}) +(\S.*)")
"""Code and long title."""
_ORDER_LAYOUT = "5-digit order number, code in columns 7-13, 0 or 1 in column 15, long title from column 78"
_CODES_LAYOUT = "a code of 3 to 7 characters without its dot, and its title from column 9"


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a release file; ``code`` has no dot."""

    number: int
    code: str
    title: str
    complete: bool


def read_order_file(text: str, name: str, shipped: TabularList) -> TabularList:
    """Reads an order file; ``name`` stands in error messages, ``shipped`` gives chapters and blocks.

    Raises:
        CodeSetError: A line breaks the layout, a code is doubled or not below its category, or the flag
            "complete" contradicts the codes that follow; names file and line.
    """
    lines: list[_Line] = []
    last = -1
    for number, content in _lines(text, name):
        match = ORDER_LINE.fullmatch(content)
        if match is None:
            _fail(name, number, f"expected {_ORDER_LAYOUT}")
        if int(match[1]) <= last:
            _fail(name, number, f"order number {match[1]} does not follow {last:05}; expected rising numbers")
        last = int(match[1])
        lines.append(_Line(number, match[2], match[4].rstrip(), match[3] == "1"))
    _check_codes(lines, name)
    for line, follower in zip(lines, [*(after.code for after in lines[1:]), ""], strict=True):
        if line.complete == follower.startswith(line.code):
            flag = int(line.complete)
            _fail(
                name,
                line.number,
                f"code {line.code} is flagged {flag}; expected 1 where no code is below, else 0",
            )
    return _tabular(lines, name, shipped)


def read_codes_file(text: str, name: str, shipped: TabularList) -> TabularList:
    """Reads a list of complete codes and builds the hierarchy above them from their first characters.

    Categories and subcategories take their titles from ``shipped``; one that it lacks is left out, but for
    the category and the code without its 7th character, whose titles are what their codes' have in common.

    Raises:
        CodeSetError: A line breaks the layout, or a code is doubled or begins another; names file and line.
    """
    lines: list[_Line] = []
    for number, content in _lines(text, name):
        match = CODES_LINE.fullmatch(content)
        if match is None:
            _fail(name, number, f"expected {_CODES_LAYOUT}")
        lines.append(_Line(number, match[1], match[2].rstrip(), True))
    _check_codes(lines, name)
    for line, follower in pairwise(sorted(lines, key=lambda line: line.code)):
        if follower.code.startswith(line.code):
            _fail(name, follower.number, f"code {follower.code} stands below the complete code {line.code}")
    known = {node.code.replace(".", ""): node.title for node in shipped.nodes if not node.billable}
    return _tabular(_with_headings(lines, known), name, shipped)


def _with_headings(lines: Sequence[_Line], known: Mapping[str, str]) -> Iterator[_Line]:
    """Yields lines of complete codes, each after those above it that did not come yet."""
    below: dict[str, list[str]] = {}
    for line in lines:
        for heading in _headings(line.code, known):
            below.setdefault(heading, []).append(line.title)
    for line in lines:
        for heading in _headings(line.code, known):
            if titles := below.pop(heading, None):
                yield _Line(line.number, heading, known.get(heading) or _common(titles), False)
        yield line


def _headings(code: str, known: Mapping[str, str]) -> Iterator[str]:
    """Yields the codes above a complete code, from the category down."""
    stem = _stem(code)
    for length in range(_CATEGORY, len(code)):
        if length == _CATEGORY or code[:length] == stem or code[:length] in known:
            yield code[:length]


def _stem(code: str) -> str:
    """Returns a 7-character code without its 7th character and the placeholders before it, others whole."""
    if len(code) < _FULL:
        return code
    return code[:_CATEGORY] + code[_CATEGORY : _FULL - 1].rstrip(_PLACEHOLDER)


def _common(titles: Sequence[str]) -> str:
    """Returns the words that titles begin with; of a single title, all before its last comma."""
    if len(titles) == 1:
        return titles[0].rpartition(", ")[0] or titles[0]
    common = takewhile(lambda words: len(set(words)) == 1, zip(*(title.split() for title in titles), strict=False))
    return " ".join(words[0] for words in common).rstrip(",;") or titles[0]


def _lines(text: str, name: str) -> Iterator[tuple[int, str]]:
    """Yields the lines that are not blank, with their numbers."""
    empty = True
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            empty = False
            yield number, line.rstrip("\r")
    if empty:
        raise CodeSetError(f"{name} is empty; expected lines with a code and its title")


def _check_codes(lines: Iterable[_Line], name: str) -> None:
    first: dict[str, int] = {}
    for line in lines:
        if line.code in first:
            _fail(name, line.number, f"code {line.code} is there twice, first in line {first[line.code]}")
        first[line.code] = line.number


def _tabular(lines: Iterable[_Line], name: str, shipped: TabularList) -> TabularList:
    """Returns the tabular list of codes in tabular order, each below the nearest code that it begins with."""
    places = _Places(shipped)
    seventh = {node.code: node.seventh for node in shipped.nodes if len(node.code) > _FULL}
    nodes: list[TabularNode] = []
    above: list[_Line] = []
    for line in lines:
        while above and not line.code.startswith(above[-1].code):
            above.pop()
        if not above and len(line.code) != _CATEGORY:
            _fail(name, line.number, f"code {line.code} does not follow its category {line.code[:_CATEGORY]}")
        chapter, block = places.of(line.code[:_CATEGORY])
        code = _dotted(line.code)
        nodes.append(
            TabularNode(
                code=code,
                title=line.title,
                parent=_dotted(above[-1].code) if above else None,
                chapter=chapter,
                block=block,
                billable=line.complete,
                seventh=bool(above) and seventh.get(code, _is_extension(line, above[-1])),
            )
        )
        above.append(line)
    return TabularList(
        version="",
        chapters=tuple(replace(chapter, notes=()) for chapter in shipped.chapters),
        blocks=tuple(replace(block, notes=()) for block in shipped.blocks),
        nodes=tuple(nodes),
    )


def _is_extension(line: _Line, above: _Line) -> bool:
    """Tells an added 7th character, whose meaning follows the title above, from a code of its own."""
    return len(line.code) == _FULL and line.title.startswith(f"{above.title}, ")


def _dotted(code: str) -> str:
    return f"{code[:_CATEGORY]}.{code[_CATEGORY:]}" if len(code) > _CATEGORY else code


class _Places:
    """Finds chapter and block of a category in another edition."""

    def __init__(self, shipped: TabularList) -> None:
        self._known = {node.code: (node.chapter, node.block) for node in shipped.nodes if node.parent is None}
        self._sorted = sorted(self._known)
        self._ranges = sorted({(*_ends(block), chapter, block) for chapter, block in self._known.values()})

    def of(self, category: str) -> tuple[int, str]:
        """Returns chapter and block; for an unknown category those around it, else those before it."""
        if category in self._known:
            return self._known[category]
        for first, last, chapter, block in self._ranges:
            if first <= category <= last:
                return chapter, block
        before = bisect_right(self._sorted, category) - 1
        return self._known[self._sorted[max(before, 0)]]


def _ends(block: str) -> tuple[str, str]:
    first, _, last = block.partition("-")
    return first, last or first


def _fail(name: str, number: int, message: str) -> NoReturn:
    raise CodeSetError(f"{name}:{number}: {message}")
