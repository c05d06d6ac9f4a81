"""Finds the phrases of the E/M tables in a note.

A phrase is words and signs separated by spaces. ``word*`` stands for every word that begins so, ``#`` for a
number. Hyphens and dashes count as spaces on both sides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from suggest.resources import read_table

_WORD = re.compile(r"[a-z0-9]+|[^\w\s\-\u2010-\u2014]")
_STEM = 3


@dataclass(frozen=True, slots=True)
class Words:
    """The words and signs of a text in lower case, with their offsets."""

    texts: tuple[str, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Cue:
    """A phrase of a table in a text.

    Attributes:
        first: Its first word.
        last: The word after it.
        start: Offset of its first character.
        end: Offset after its last character.
        row: The row of the table.
    """

    first: int
    last: int
    start: int
    end: int
    row: int


def split_words(text: str) -> Words:
    """Returns the words of ``text``."""
    low = text.lower()
    if len(low) != len(text):  # a few letters grow in lower case; offsets must not move
        low = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    found = [(m.group(), m.start(), m.end()) for m in _WORD.finditer(low)]
    return Words(tuple(f[0] for f in found), tuple(f[1] for f in found), tuple(f[2] for f in found))


class CueTable:
    """A table of phrases, indexed by their first word."""

    def __init__(self, rows: Iterable[dict[str, str]], column: str) -> None:
        """Indexes ``rows`` by the phrases in ``column``."""
        self.rows = tuple(rows)
        self._exact: dict[str, list[tuple[tuple[str, ...], int]]] = {}
        self._stems: dict[str, list[tuple[tuple[str, ...], int]]] = {}
        for number, row in enumerate(self.rows):
            words = tuple(word for word in row[column].split() if word != "-")
            index, key = (self._stems, words[0][:_STEM]) if words[0].endswith("*") else (self._exact, words[0])
            index.setdefault(key, []).append((words, number))

    def find(self, words: Words) -> Iterator[Cue]:
        """Yields the longest phrases in ``words``, in order; none begins within another."""
        texts, i = words.texts, 0
        while i < len(texts):
            if not self._may_begin(texts[i]):
                i += 1
                continue
            found = self._at(texts, i)
            if found is None:
                i += 1
                continue
            length, row = found
            yield Cue(i, i + length, words.starts[i], words.ends[i + length - 1], row)
            i += length

    def find_all(self, words: Words) -> Iterator[Cue]:
        """Yields the phrases in ``words``, those within others as well, in order of their first word."""
        for i in filter(lambda i: self._may_begin(words.texts[i]), range(len(words.texts))):
            for length, row in self._all_at(words.texts, i):
                yield Cue(i, i + length, words.starts[i], words.ends[i + length - 1], row)

    def _may_begin(self, word: str) -> bool:
        """Whether a phrase may begin with ``word``: most words begin none."""
        return word in self._exact or word[:_STEM] in self._stems or (word.isdigit() and "#" in self._exact)

    def _at(self, texts: tuple[str, ...], i: int) -> tuple[int, int] | None:
        return max(self._all_at(texts, i), default=None)

    def _all_at(self, texts: tuple[str, ...], i: int) -> Iterator[tuple[int, int]]:
        for entries in (self._exact.get(texts[i]), self._exact.get("#"), self._stems.get(texts[i][:_STEM])):
            for phrase, row in entries or ():
                if len(phrase) <= len(texts) - i and all(map(_fits, phrase, texts[i : i + len(phrase)])):
                    yield len(phrase), row


def _fits(pattern: str, word: str) -> bool:
    if pattern == "#":
        return word.isdigit()
    return word.startswith(pattern[:-1]) if pattern.endswith("*") else word == pattern


@cache
def cue_table(name: str, column: str) -> CueTable:
    """Returns the table ``em/NAME.tsv`` indexed by ``column``; read once."""
    return CueTable(read_table(f"em/{name}.tsv"), column)
