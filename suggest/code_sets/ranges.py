"""Codes and ranges of codes that an instructional note names: ``(E08.-, E09.-)``, ``(S00-T88)``."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from suggest.code_sets.arrays import Array

_CATEGORY = r"[A-Z](?:\d[0-9A-Z]|[A-Z]\d)"
_CODE = rf"{_CATEGORY}(?:\.[0-9A-Z]{{1,4}})?(?![0-9A-Za-z])"
_DOTTED = rf"(?<![\w.]){_CATEGORY}(?:\.[0-9A-Z]{{1,4}}(?![0-9A-Za-z])|(?=\.-))"
_TO = r"\.?[-\s]*(?:-|\bto\b)\s*"
_GROUP = re.compile(rf"[(\[]\s*({_CODE}[^()\[\]]*)[)\]]")
_RANGE = re.compile(rf"({_CODE})(?:{_TO}({_CODE}))?")
_BARE = re.compile(rf"({_DOTTED})(?:{_TO}({_DOTTED}))?")
_WITH = re.compile(r",?\s*\bwith\s+|(?<=-)with\s+")
_ORDINALS = {"4": 4, "5": 5, "6": 6, "7": 7, "fourth": 4, "fifth": 5, "six": 6, "sixth": 6, "seventh": 7}
_ORDINAL = r"(?:\d(?=th)|fourth|fifth|sixth|six|seventh)(?:th)?"
_POSITIONS = re.compile(rf"({_ORDINAL})(?: (or|to) ({_ORDINAL}))?[- ]characters? (.+)")
_CHARACTERS = re.compile(r"(?<![A-Za-z0-9])([0-9A-Z]+)(?:-([0-9A-Z]))?(?![a-z0-9])")
_SUFFIXES = re.compile(r"([.-])([0-9A-Z]+)(?:-\.([0-9A-Z]+))?")
_FINAL = re.compile(r"final characters? ([0-9A-Z])$")
_PLACEHOLDER = "X"
_OPEN_FRACTURE = "open fracture 7th character"
_OPEN_FRACTURE_CHARACTERS = frozenset("BCEFHJMNQR")
"""7th characters of open fractures of the limbs, as categories S52, S72 and S82 define them."""

Condition = Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class CodeRange:
    """The codes from ``first`` to ``last`` with all below them; one code where both are equal.

    Attributes:
        first: First code, with its dot.
        last: Last code.
        condition: What the note adds after "with" (``7th character B``); empty for no condition.
    """

    first: str
    last: str
    condition: str = ""


def excludes_codes(text: str) -> list[CodeRange]:
    """Returns the codes and ranges that an instructional note names.

    Read from parentheses or brackets that begin with a code; where there are none, complete codes in the
    running text count. ``(E08-E13 with .52)`` gives a range with the condition ``.52``.
    """
    found = []
    for group in _GROUP.findall(text):
        codes, *condition = _WITH.split(group, maxsplit=1)
        suffix = condition[0].strip() if condition else ""
        found += [CodeRange(first, last or first, suffix) for first, last in _RANGE.findall(codes)]
    if found:
        return found
    return [CodeRange(first, last or first) for first, last in _BARE.findall(text)]


def compile_condition(text: str) -> Condition | None:
    """Returns a test on (full code, code without its 7th character), undotted; ``None`` if not understood.

    Understood are positions (``fifth or sixth character 1-4``, ``7th character B``), characters after the
    point (``.51-.52``) and final characters (``-23``).
    """
    if text == _OPEN_FRACTURE:
        return lambda full, _stem: full[6:] in _OPEN_FRACTURE_CHARACTERS
    if text.endswith("to indicate intent"):
        return lambda _full, _stem: True
    if match := _FINAL.match(text):
        final = match[1]
        return lambda _full, stem: stem.endswith(final)
    if match := _POSITIONS.match(text):
        return _position_test(match)
    spans = [(mark, first, last or first) for mark, first, last in _SUFFIXES.findall(text)]
    if not spans:
        return None
    return lambda _full, stem: any(_has_suffix(stem, *span) for span in spans)


def _has_suffix(stem: str, mark: str, first: str, last: str) -> bool:
    if mark == "-":
        return stem.endswith(first)
    return first <= stem[3 : 3 + len(first)] <= last


def _position_test(match: re.Match[str]) -> Condition:
    first = _ORDINALS[match[1].removesuffix("th") if match[1][0].isdigit() else match[1]]
    second = _ORDINALS[match[3]] if match[3] else first
    spans = [(low, high or low) for low, high in _CHARACTERS.findall(match[4])]
    if match[2] == "to":
        return lambda full, _stem: any(full[first - 1 : second] == low for low, _ in spans)

    def test(full: str, _stem: str) -> bool:
        """The intent is the sixth character of a drug code, the fifth where a placeholder follows it."""
        place = second if full[second - 1 : second] not in ("", _PLACEHOLDER) else first
        character = full[place - 1 : place]
        return bool(character) and any(low <= character <= high for low, high in spans)

    return test


class CodeTable:
    """Finds rows by code, and the rows of a range.

    Attributes:
        code: Undotted codes by row (``S7``).
        end: Row after the last of each row's subtree.
        stem: Row of the code without its 7th character, else the own row.
        billable: Whether a code is complete.
    """

    __slots__ = ("_conditional", "_row", "_sorted", "billable", "code", "end", "stem")

    def __init__(self, arrays: dict[str, Array]) -> None:
        """Takes its arrays from an index."""
        self._sorted = arrays["sorted_code"]
        self._row = arrays["sorted_row"]
        self.code = arrays["code"]
        self.end = arrays["end"]
        self.stem = arrays["stem"]
        self.billable = arrays["billable"]
        # the same few conditions ("with fifth or sixth character 5") stand at hundreds of codes, over thousands of rows
        self._conditional: dict[CodeRange, NDArray[np.int32]] = {}

    def row(self, code: str) -> int | None:
        """Returns the row of a code, dotted or not, in any case; ``None`` if the edition has no such code."""
        key = _key(code)
        if key is None:
            return None
        position = int(np.searchsorted(self._sorted, key))
        if position == len(self._sorted) or self._sorted[position] != key:
            return None
        return int(self._row[position])

    def rows_with_prefix(self, prefix: str) -> NDArray[np.int32]:
        """Returns the rows whose code begins with ``prefix``, in tabular order; dots do not matter."""
        key = _key(prefix)
        if not key:
            return np.empty(0, dtype=np.int32)
        first = np.searchsorted(self._sorted, key)
        last = np.searchsorted(self._sorted, key.ljust(self._sorted.dtype.itemsize, b"~"), side="right")
        return np.sort(self._row[first:last])

    def rows_in(self, codes: CodeRange) -> NDArray[np.int32]:
        """Returns the rows of a range in tabular order; none where its condition is not understood."""
        if codes.condition:
            if codes not in self._conditional:
                self._conditional[codes] = self._meeting(codes)
            return self._conditional[codes]
        return np.arange(*self._bounds(codes.first, codes.last), dtype=np.int32)

    def _meeting(self, codes: CodeRange) -> NDArray[np.int32]:
        rows = np.arange(*self._bounds(codes.first, codes.last), dtype=np.int32)
        test = compile_condition(codes.condition)
        if test is None:
            return rows[:0]
        # A condition speaks of complete codes: T39.01 is not yet "with fifth or sixth character 1".
        keep = [row for row in rows.tolist() if self._complete(row) and test(self._text(row), self._stem(row))]
        return np.array(keep, dtype=np.int32)

    def _complete(self, row: int) -> bool:
        if self.billable[row]:
            return True
        return row + 1 < len(self.stem) and int(self.stem[row + 1]) == row

    def _text(self, row: int) -> str:
        return bytes(self.code[row]).decode()

    def _stem(self, row: int) -> str:
        return self._text(int(self.stem[row]))

    def _bounds(self, first: str, last: str) -> tuple[int, int]:
        """Returns the first row and the row after the last; a code the edition lacks takes its neighbour."""
        low, high = self.row(first), self.row(last)
        if low is None:
            position = int(np.searchsorted(self._sorted, _key(first) or b""))
            low = int(self._row[position]) if position < len(self._row) else len(self._row)
        if high is None:
            key = (_key(last) or b"").ljust(self._sorted.dtype.itemsize, b"~")
            position = int(np.searchsorted(self._sorted, key, side="right")) - 1
            if position < 0:  # all codes of the edition come after it
                return low, low
            high = int(self._row[position])
            if (_key(last) or b"").startswith(bytes(self.code[high])):  # it would lie below this code
                return low, max(low, high + 1)
        return low, max(low, int(self.end[high]))


def _key(code: str) -> bytes | None:
    """Returns a code as the arrays hold it; ``None`` for what cannot be a code."""
    plain = code.strip().upper().replace(".", "")
    if not plain.isascii() or not plain.isalnum() or len(plain) > 7:
        return None
    return plain.encode()
