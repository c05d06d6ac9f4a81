"""Word search over the titles and terms of a code index."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from suggest.code_sets.arrays import Array
from suggest.words import normalise, stop_words

_WORD = re.compile(r"[^\W_]+")
_POSSESSIVE = re.compile(r"['’]s\b", re.IGNORECASE)
_PREFIX_SHARE = 0.6
"""Share of a word's weight that a text earns when the word only begins one of its words."""


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A row that a search found, with a score in 0..1."""

    row: int
    score: float


@lru_cache(maxsize=65536)
def _normal_words(word: str) -> tuple[str, ...]:
    return tuple(part for part in normalise(word).split() if part not in stop_words())


def words_of(text: str) -> list[str]:
    """Returns the normal forms of the words of ``text`` without stop words, each once, in order."""
    found: dict[str, None] = {}
    for word in _WORD.findall(_POSSESSIVE.sub("", text)):
        found.update(dict.fromkeys(_normal_words(word)))
    return list(found)


class Search:
    """Postings from words to texts (titles and terms), and from texts to rows.

    A row matches when its texts together hold every word of the query. Its score is that of its best text:
    the square of the matched weight over the weight of the query times that of the text, so that a text
    that says just what was asked comes first. Weights are inverse document frequencies. Scores that round to
    the same tenth are ties: there a billable code goes first.
    """

    __slots__ = (
        "_billable",
        "_codes",
        "_posting_ptr",
        "_postings",
        "_text_ptr",
        "_text_row",
        "_text_weight",
        "_words",
    )

    def __init__(self, arrays: dict[str, Array]) -> None:
        """Takes its arrays from an index."""
        self._words = arrays["words"]
        self._posting_ptr = arrays["posting_ptr"]
        self._postings = arrays["postings"]
        self._text_ptr = arrays["text_ptr"]
        self._text_row = arrays["text_row"]
        self._text_weight = arrays["text_weight"]
        self._billable = arrays["billable"]
        self._codes = arrays["code"]

    def words(self, query: str, limit: int) -> list[SearchHit]:
        """Returns the rows that hold all words of ``query``, the last of which may be incomplete."""
        typed = _WORD.findall(_POSSESSIVE.sub("", query.lower()))
        exact = words_of(query)
        if not typed or limit <= 0:
            return []
        begun = {typed[-1], *_normal_words(typed[-1])[-1:]}
        if exact and not begun.isdisjoint(exact):
            exact = [word for word in exact if word not in begun]
        elif exact:  # the last word is a stop word
            begun = set()
        matched = np.zeros(len(self._text_row), dtype=np.float32)
        alive = np.ones(len(self._billable), dtype=np.bool_)
        total = 0.0
        for word in exact:
            total += self._add(matched, alive, [self._find(word)])
        if begun:
            spans = [span for word in sorted(begun) for span in (self._find(word), self._find_prefix(word))]
            total += self._add(matched, alive, spans)
        return self._best(matched, alive, total, limit)

    def _find(self, word: str) -> tuple[int, int]:
        """Returns the postings of a word as a range, empty for an unknown word."""
        key = word.encode()
        position = int(np.searchsorted(self._words, key))
        if position == len(self._words) or self._words[position] != key:
            return 0, 0
        first, last = self._posting_ptr[position : position + 2].tolist()
        return first, last

    def _find_prefix(self, word: str) -> tuple[int, int]:
        """Returns the postings of all words that begin with ``word``, which lie side by side."""
        key = word.encode()
        size = self._words.dtype.itemsize
        if len(key) > size:
            return 0, 0
        first = int(np.searchsorted(self._words, key))
        last = int(np.searchsorted(self._words, key.ljust(size, b"\xff"), side="right"))
        return int(self._posting_ptr[first]), int(self._posting_ptr[last])

    def _add(self, matched: NDArray[np.float32], alive: NDArray[np.bool_], spans: Iterable[tuple[int, int]]) -> float:
        """Credits one word of the query, with ``spans`` exact and prefix by turns; returns its weight."""
        credit = np.zeros(len(matched), dtype=np.float32)
        for number, (first, last) in enumerate(spans):
            share = 1.0 if number % 2 == 0 else _PREFIX_SHARE
            texts = self._postings[first:last]
            credit[texts] = np.maximum(credit[texts], share)
        found = np.zeros(len(alive), dtype=np.bool_)
        found[self._text_row[np.flatnonzero(credit)]] = True
        alive &= found
        weight = word_weight(len(matched), int(np.count_nonzero(credit)))
        matched += credit * weight
        return weight

    def _best(
        self, matched: NDArray[np.float32], alive: NDArray[np.bool_], total: float, limit: int
    ) -> list[SearchHit]:
        rows = np.flatnonzero(alive)
        if not len(rows):
            return []
        texts = np.minimum(1.0, matched * matched / (np.maximum(self._text_weight, 1e-6) * total))
        scores = np.maximum.reduceat(texts, self._text_ptr[:-1])[rows]
        general = np.char.str_len(self._codes[rows])
        order = np.lexsort((rows, general, -scores, ~self._billable[rows], -scores.round(1)))[:limit]
        return [SearchHit(int(rows[i]), round(float(scores[i]), 3)) for i in order]


def word_weight(texts: int, holding: int) -> float:
    """Returns the inverse document frequency of a word that ``holding`` of ``texts`` texts hold."""
    return float(np.log1p(texts / (holding + 1)))
