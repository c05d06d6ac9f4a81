"""Cues: the words of a note that codes are composed of, with their kind and value.

The tables of ``resources/composition/cues`` list phrases in the order in which they are written; unlike the
phrases of the terminology they keep small words (``due to``, ``fell from``). All tables together are one prefix
dictionary over the hashes of normal forms, so that a note is read in one pass whatever the number of phrases.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from spacy.strings import get_string_id

from suggest.keys import TokenKeys, normal_words
from suggest.resources import list_tables, read_table
from suggest.spelling import known_words

FOLDER = "composition/cues"
_DENIED = 4  # words from a denial to what it denies, plus one
_MOST_CUES = 64  # of one sentence; charts have up to some 25, and what is composed grows with the cube


@dataclass(frozen=True, slots=True)
class Cue:
    """A phrase found in a note.

    Attributes:
        kind: What it is a cue for (``drug``, ``overdose``, ``fall``).
        value: What its table says of it (the stem of a drug's codes, the code of an object).
        first: First token.
        last: Token after the last one.
        place: Number of its first word among the words of the note.
        reach: Number of the word after its last one.
    """

    kind: str
    value: str
    first: int
    last: int
    place: int
    reach: int


@dataclass(frozen=True, slots=True)
class Condition:
    """A term of the terminology found in a note: tokens, words as in ``Cue``, and the code that it names."""

    code: str
    first: int
    last: int
    place: int
    reach: int


@dataclass(frozen=True, slots=True)
class Composed:
    """A code that cues compose.

    Attributes:
        code: The code; its side and 7th character are left to the resolver.
        first: First token of the words that say so.
        last: Token after them.
        anchor: Token that the assertion is decided at, -1 for the whole span.
    """

    code: str
    first: int
    last: int
    anchor: int = -1


@dataclass(frozen=True, slots=True)
class NoteCues:
    """What the families look at: the cues and conditions of a note by sentence.

    Attributes:
        text: The note.
        offsets: Character offset of each token, and of the end of the text.
        ends: Offset after each token.
        tokens: Keys, sentences and sides of the tokens.
        sentences: Sentence number to cues in order; only sentences that hold any.
        conditions: Sentence number to the terms found there.
        age: The patient's age in years, if known.
    """

    text: str
    offsets: NDArray[np.int64]
    ends: NDArray[np.int64]
    tokens: TokenKeys
    sentences: dict[int, list[Cue]]
    conditions: dict[int, list[Condition]] = field(default_factory=dict)
    age: float | None = None

    def of(self, kind: str) -> Iterator[Cue]:
        """Yields the cues of a kind in the whole note."""
        return (cue for cues in self.sentences.values() for cue in cues if cue.kind == kind)

    def undenied(self, kind: str) -> Iterator[Cue]:
        """Yields the cues of a kind that no word of denial stands in front of, in their sentence or before it."""
        denials = {cue.reach for cue in self.of("denial")}
        for cue in self.of(kind):
            if denials.isdisjoint(range(cue.place - _DENIED + 1, cue.place + 1)):
                yield cue

    def between(self, first: int, last: int) -> str:
        """Returns the text between two tokens: after token ``first - 1`` and before token ``last``."""
        return self.text[int(self.ends[first - 1]) : int(self.offsets[last])] if first < last else ""


class CueTable:
    """All phrases that serve as cues."""

    def __init__(self) -> None:
        """Reads the tables.

        Raises:
            ResourceError: A row has the wrong number of columns.
        """
        self._starts: dict[int, list[tuple[tuple[int, ...], str, str]]] = {}
        self._forms: set[str] = set()
        for name in list_tables(FOLDER):
            for row in read_table(name):
                self._add(row["phrase"], row["kind"], row["value"])
        for phrases in self._starts.values():
            phrases.sort(key=lambda phrase: -len(phrase[0]))
        self._first = np.array(sorted(self._starts), dtype=np.uint64)

    def _add(self, phrase: str, kind: str, value: str) -> None:
        forms = normal_words(phrase)
        self._forms.update(forms)
        first, *rest = (get_string_id(form) for form in forms)
        entry = (tuple(rest), kind, value)
        known = self._starts.setdefault(first, [])
        if entry not in known:
            known.append(entry)

    def keys(self) -> NDArray[np.uint64]:
        """Returns the sorted keys of all words of the table, which the speller is to leave alone."""
        return known_words(sorted(self._forms))

    def find(self, tokens: TokenKeys) -> dict[int, list[Cue]]:
        """Returns the cues of a note by sentence, at most 64 of each.

        Of overlapping cues of one kind the first counts, then the longer.
        """
        words = np.flatnonzero(tokens.norms)
        norms = tokens.norms[words]
        begin = np.minimum(np.searchsorted(self._first, norms), len(self._first) - 1)
        hashes = norms.tolist()
        places, sentence = words.tolist(), tokens.sentence[words].tolist()
        found: dict[int, list[Cue]] = {}
        reached: dict[str, tuple[int, int]] = {}
        for i in np.flatnonzero(self._first[begin] == norms).tolist():
            for rest, kind, meaning in self._starts[hashes[i]]:
                end = i + 1 + len(rest)
                begun, ended = reached.get(kind, (-1, 0))
                if end < ended or (end == ended and begun != i) or (rest and tuple(hashes[i + 1 : end]) != rest):
                    continue
                if sentence[end - 1] == sentence[i]:
                    reached[kind] = (i, end)
                    cue = Cue(kind, meaning, places[i], places[end - 1] + 1, i, end)
                    own = found.setdefault(sentence[i], [])
                    if len(own) < _MOST_CUES:
                        own.append(cue)
        return found


def word_numbers(tokens: TokenKeys, at: NDArray[np.integer]) -> NDArray[np.int64]:
    """Returns for each token the number of words before it."""
    before = np.concatenate([np.zeros(1, np.int64), np.cumsum(tokens.norms != 0)])
    numbers: NDArray[np.int64] = before[at]
    return numbers


def nearest(cue: Cue, others: Iterable[Cue], most: int) -> Cue | None:
    """Returns the nearest of other cues within ``most`` words; of two as near the one behind."""
    near = [other for other in others if distance(cue, other) <= most]
    return min(near, key=lambda other: distance(cue, other) + (other.place < cue.place), default=None)


def distance(one: Cue | Condition, other: Cue | Condition) -> int:
    """Returns the number of words between two spans, 0 where they touch or overlap."""
    return max(other.place - one.reach, one.place - other.reach, 0)


def denied(cue: Cue, cues: Iterable[Cue], most: int = _DENIED) -> bool:
    """Whether a word of denial stands less than ``most`` words before a cue."""
    return any(other.kind == "denial" and 0 <= cue.place - other.reach < most for other in cues)


def span(*cues: Cue | Condition) -> tuple[int, int]:
    """Returns the tokens from the first to the last of several cues."""
    return min(cue.first for cue in cues), max(cue.last for cue in cues)
