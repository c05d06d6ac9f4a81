"""Finds the phrases of the tables in a note: bags of content words that stand side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from suggest.keys import TokenKeys, find, phrase_key, term_words, windows


@dataclass(frozen=True, slots=True)
class Match:
    """A phrase that stands in a note.

    Attributes:
        first: Its first token.
        last: The token after its last.
        sentence: Number of its sentence.
        words: Number of its content words.
        ids: What it stands for (numbers that the caller gave with the phrase).
    """

    first: int
    last: int
    sentence: int
    words: int
    ids: tuple[int, ...]


class PhraseTable:
    """Phrases, each with the numbers of what it stands for."""

    def __init__(self, phrases: Iterable[tuple[str, int]]) -> None:
        """Takes (phrase, number) pairs; a phrase may have several numbers."""
        numbers: dict[int, list[int]] = defaultdict(list)
        for phrase, number in phrases:
            numbers[phrase_key(term_words(phrase))].append(number)
        self._keys = np.array(sorted(numbers), dtype=np.uint64)
        self._ids = [tuple(numbers[key]) for key in self._keys.tolist()]

    def matches(self, tokens: TokenKeys) -> list[Match]:
        """Returns the phrases of a note in the order of their first tokens, those within others included.

        Headings count: "Colonoscopy: normal" says that one was done.
        """
        tokens = replace(tokens, content=np.flatnonzero(tokens.keys).astype(np.int32))
        found = windows(tokens)
        window, entry = find(self._keys, found.keys)
        first = tokens.content[found.first[window]]
        length = found.length[window].astype(np.int64)
        last = tokens.content[found.first[window] + length - 1] + 1
        sentence = tokens.sentence[first]
        rows = zip(first.tolist(), last.tolist(), sentence.tolist(), length.tolist(), entry.tolist(), strict=True)
        return sorted(
            (Match(a, b, s, n, self._ids[e]) for a, b, s, n, e in rows), key=lambda match: (match.first, -match.last)
        )


def longest(matches: list[Match]) -> list[Match]:
    """Leaves out matches that lie within another of more words; takes and returns them in order."""
    kept: list[Match] = []
    for match in matches:
        if not any(m.first <= match.first and match.last <= m.last and m.words > match.words for m in kept[-6:]):
            kept.append(match)
    return kept
