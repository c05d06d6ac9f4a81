"""The compiled terminology of one edition: phrases and words that lead to codes, as memory-mapped arrays.

Phrases come from the official titles and inclusion terms, from the project's lexicons and, where none of these has
the same words, from public ontologies. Each is stored under its order-free key (``keys.py``); phrases with the same
words share a key. A second table leads from single words to the phrases that hold them, for matching by word
coverage. ``terminology_compiler.py`` writes it.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from spacy.strings import get_string_id

from suggest.code_sets.arrays import Strings, pointers, read_arrays
from suggest.keys import content_words, find, normal_words, phrase_key, ranges, term_words, word_key
from suggest.lexicon import Condition, parse_condition
from suggest.resources import read_table

FORMAT = 10
"""Raised when the arrays or the way to compile them change."""


class Terminology:
    """An opened terminology; all arrays are memory-mapped and shared between workers."""

    def __init__(self, folder: Path) -> None:
        """Opens the arrays that ``compile_terminology`` wrote into ``folder``.

        Raises:
            CodeSetError: The folder is incomplete or of another format.
        """
        arrays, _meta = read_arrays(folder, FORMAT)
        self.fingerprint = folder.name
        self.keys = arrays["keys"]
        self.key_start = arrays["key_start"]
        self.key_weight = arrays["key_weight"]
        self.entry_row = arrays["entry_row"]
        self.entry_source = arrays["entry_source"]
        self.entry_condition = arrays["entry_condition"]
        self.entry_text = arrays["entry_text"]
        self.words = arrays["words"]
        self.word_idf = arrays["word_idf"]
        self.word_weak = arrays["word_weak"]
        self.post_start = arrays["post_start"]
        self.post_key = arrays["post_key"]
        self.post_weight = arrays["post_weight"]
        self.title_start = arrays["title_start"]
        self.title_word = arrays["title_word"]
        self.asked_start = arrays["asked_start"]
        self.asked_word = arrays["asked_word"]
        self.denied_start = arrays["denied_start"]
        self.denied_word = arrays["denied_word"]
        self.row_flags = arrays["row_flags"]
        self.texts = Strings(arrays["text_blob"], arrays["text_offsets"])
        self.spelling = Strings(arrays["word_blob"], arrays["word_offsets"])
        conditions = Strings(arrays["condition_blob"], arrays["condition_offsets"])
        self._open_several()
        self._open_implied()
        self.conditions = [parse_condition(conditions[i], "terminology") for i in range(len(conditions))]

    def word_ids(self, keys: NDArray[np.uint64]) -> NDArray[np.int32]:
        """Returns the vocabulary number of each word key, -1 where the word is in no term."""
        numbers = np.full(len(keys), -1, dtype=np.int32)
        hit, at = find(self.words, keys)
        numbers[hit] = at
        return numbers

    def expand(self, keys: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Returns (position, vocabulary number) of every known word; a form of several words gives several."""
        numbers = self.word_ids(keys)
        hit, at = find(self._several_keys, keys)
        position, place = ranges(self._several_start[at], self._several_start[at + 1])
        known = np.flatnonzero(numbers >= 0)
        owner = np.concatenate([known, hit[position]])
        words = np.concatenate([numbers[known], self._several_words[place]])
        order = np.argsort(owner, kind="stable")
        return owner[order], words[order]

    def _open_several(self) -> None:
        """Finds the vocabulary numbers of shorthand that stands for several words."""
        forms = {row["normal"] for row in read_table("words/shorthand.tsv") if " " in row["normal"]}
        words = {phrase_key(content_words(form.split())): content_words(form.split()) for form in forms}
        keys = sorted(words)
        self._several_keys = np.array(keys, dtype=np.uint64)
        numbers = [self.word_ids(np.array([word_key(w) for w in words[key]], dtype=np.uint64)) for key in keys]
        known = [found[found >= 0] for found in numbers]
        self._several_start = pointers(len(found) for found in known)
        self._several_words = np.concatenate([*known, np.zeros(0, np.int32)])

    def implied(self, keys: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Returns (position, vocabulary number) of the title words that phrases imply (``hallux``: toe, foot).

        Args:
            keys: Phrase keys of windows of a text.
        """
        hit, at = find(self._implied_keys, keys)
        position, place = ranges(self._implied_start[at], self._implied_start[at + 1])
        return hit[position], self._implied_words[place]

    def _open_implied(self) -> None:
        """Finds the vocabulary numbers of what ``words/implied.tsv`` says."""
        implied: dict[int, set[str]] = {}
        for row in read_table("words/implied.tsv"):
            implied.setdefault(phrase_key(term_words(row["words"])), set()).update(term_words(row["implies"]))
        keys = sorted(implied)
        self._implied_keys = np.array(keys, dtype=np.uint64)
        numbers = [self.word_ids(np.array(sorted(map(word_key, implied[key])), dtype=np.uint64)) for key in keys]
        self._implied_start = pointers(len(found) for found in numbers)
        self._implied_words = np.concatenate([*numbers, np.zeros(0, np.int32)])

    @lru_cache(maxsize=4096)  # noqa: B019 - one terminology lives as long as its process
    def condition_words(self, condition: Condition) -> tuple[frozenset[int], ...]:
        """Returns the NORM hashes that a ``near`` condition looks for: all of one set have to stand near."""
        return tuple(frozenset(map(get_string_id, normal_words(value))) for value in condition.values)

    @lru_cache(maxsize=20_000)  # noqa: B019 - see above
    def asked_words(self, row: int) -> tuple[int, ...]:
        """Returns the vocabulary numbers of the words that a code's title asks for beyond its category's."""
        words: list[int] = self.asked_word[self.asked_start[row] : self.asked_start[row + 1]].tolist()
        return tuple(words)

    def title_words(self, row: int) -> NDArray[np.int32]:
        """Returns the vocabulary numbers of the content words of a code's title."""
        return self.title_word[self.title_start[row] : self.title_start[row + 1]]
