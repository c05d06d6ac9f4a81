"""Arrays of phrases and words that lead to rows of a code set: what ``Terminology`` opens.

Diagnoses and services have terminologies of their own; both are made here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from suggest.code_sets.arrays import Array, pack_strings, pointers
from suggest.keys import phrase_key, term_words, word_key
from suggest.lexicon import Source
from suggest.words import weak_words


def strong_words(words: Iterable[str]) -> list[str]:
    """Returns the words that clinicians do not leave out."""
    weak = weak_words()
    return [word for word in words if word not in weak]


class Phrases:
    """Collects phrases while compiling: key → entries, key → words."""

    def __init__(self) -> None:
        self.entries: dict[int, dict[tuple[int, int, int], int]] = defaultdict(dict)
        self.words: dict[int, tuple[str, ...]] = {}
        self.texts: list[str] = []
        self.conditions: dict[str, int] = {"": 0}
        self.groups: list[tuple[int, ...]] = []

    def add(self, words: list[str], row: int, source: Source, text: str, condition: str = "") -> None:
        """Adds a phrase, given by its content words, that leads to a row; a repeated one counts once."""
        if not strong_words(words):
            return  # "Hers disease" has no other word left: "hers" is a stop word
        key = phrase_key(words)
        number = self.conditions.setdefault(condition, len(self.conditions))
        slot = (row, int(source), number)
        if slot not in self.entries[key]:
            if not self.texts or self.texts[-1] != text:
                self.texts.append(text)
            self.entries[key][slot] = len(self.texts) - 1
        self.words.setdefault(key, tuple(words))


def phrase_arrays(phrases: Phrases) -> dict[str, Array]:
    """Phrase keys and the entries that each leads to."""
    keys = np.array(sorted(phrases.entries), dtype=np.uint64)
    rows, sources, conditions, texts = [], [], [], []
    starts = np.zeros(len(keys) + 1, dtype=np.int64)
    for i, key in enumerate(keys.tolist()):
        for (row, source, condition), text in sorted(phrases.entries[key].items()):
            rows.append(row)
            sources.append(source)
            conditions.append(condition)
            texts.append(text)
        starts[i + 1] = len(rows)
    blob, offsets = pack_strings(phrases.texts)
    condition_blob, condition_offsets = pack_strings(phrases.conditions)
    return {
        "keys": keys,
        "key_start": starts,
        "entry_row": np.array(rows, dtype=np.int32),
        "entry_source": np.array(sources, dtype=np.uint8),
        "entry_condition": np.array(conditions, dtype=np.int16),
        "entry_text": np.array(texts, dtype=np.int32),
        "text_blob": blob,
        "text_offsets": offsets,
        "condition_blob": condition_blob,
        "condition_offsets": condition_offsets,
    }


def word_arrays(
    phrases: Phrases, titles: Sequence[str], wanted: Sequence[tuple[list[str], list[str]]], flags: NDArray[np.uint8]
) -> dict[str, Array]:
    """Vocabulary with idf, word → phrase postings, and the words of each code's title.

    Args:
        phrases: All phrases.
        titles: Title of each row.
        wanted: For each row the words that its title asks for beyond that of its category, and those it denies.
        flags: ``Terminology.row_flags``.
    """
    keys = sorted(phrases.entries)
    weak = weak_words()
    titled = [tuple(dict.fromkeys(term_words(title))) for title in titles]
    spelled = {word for words in phrases.words.values() for word in words}
    spelled.update(word for words in titled for word in words)
    by_key = sorted((word_key(word), word) for word in spelled)
    number = {word: i for i, (_key, word) in enumerate(by_key)}
    phrase_words = [sorted({number[w] for w in phrases.words[key] if w not in weak}) for key in keys]
    frequency = np.zeros(len(by_key), dtype=np.int64)
    for words in phrase_words:
        frequency[words] += 1
    idf = np.log((len(keys) + 1) / (frequency + 1)).astype(np.float32)
    squared = idf**2  # a missing telling word costs more than several common ones
    post_start, post_key, post_weight = _postings(phrase_words, squared)
    title_start, title_word = _csr([number[w] for w in words] for words in titled)
    asked_start, asked_word = _csr([number[w] for w in asked] for asked, _denied in wanted)
    denied_start, denied_word = _csr([number[w] for w in denied] for _asked, denied in wanted)
    blob, offsets = pack_strings(word for _key, word in by_key)
    return {
        "words": np.array([key for key, _word in by_key], dtype=np.uint64),
        "word_idf": idf,
        "word_weak": np.array([word in weak for _key, word in by_key], dtype=bool),
        "word_blob": blob,
        "word_offsets": offsets,
        "key_weight": np.array([squared[words].sum() for words in phrase_words], dtype=np.float32),
        "post_start": post_start,
        "post_key": post_key,
        "post_weight": post_weight,
        "title_start": title_start,
        "title_word": title_word,
        "asked_start": asked_start,
        "asked_word": asked_word,
        "denied_start": denied_start,
        "denied_word": denied_word,
        "row_flags": flags,
    }


def _postings(
    phrase_words: list[list[int]], weight: NDArray[np.float32]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
    """Inverts phrase → words for phrases of two and more words (shorter ones match exactly or not)."""
    pairs = np.array(
        [(word, i) for i, words in enumerate(phrase_words) if len(words) > 1 for word in words], dtype=np.int32
    ).reshape(-1, 2)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    starts = np.searchsorted(pairs[:, 0], np.arange(len(weight) + 1)).astype(np.int32)
    return starts, np.ascontiguousarray(pairs[:, 1]), weight[pairs[:, 0]]


def _csr(groups: Iterable[Iterable[int]]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Packs groups of numbers as (starts, values): group i is ``values[starts[i]:starts[i + 1]]``."""
    parts = [list(group) for group in groups]
    return pointers(len(part) for part in parts), np.array([v for part in parts for v in part], dtype=np.int32)
