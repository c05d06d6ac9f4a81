"""Corrects misspelt words of a chart towards words of the terminology.

Character trigrams propose, edit distance decides: a word of five letters or more that no term and no training
chart knows is read as the known word that begins with the same letter, lies within one edit (two for words of
nine letters and more; an exchange of neighbours counts once) and has the most trigrams in common with it.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from spacy.strings import get_string_id
from spacy.tokens import Doc

from suggest.keys import U64, find, mix
from suggest.terminology import Terminology

_SHORTEST = 5
_LONG = 9
_MIN_SHARED = 0.5


def trigrams(word: str) -> set[str]:
    """Returns the character trigrams of a word with its edges marked."""
    padded = f"^{word}$"
    return {padded[i : i + 3] for i in range(len(padded) - 2)}


def edits(a: str, b: str, most: int) -> int:
    """Returns the optimal string alignment distance of two words, or ``most + 1`` if it is larger."""
    if abs(len(a) - len(b)) > most:
        return most + 1
    before: list[int] = []
    previous = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        current = [i]
        for j, y in enumerate(b, start=1):
            cost = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) > most:
            return most + 1
        before, previous = previous, current
    return min(previous[-1], most + 1)


class Speller:
    """Finds the known word that a misspelt word stands for."""

    def __init__(self, terminology: Terminology, known: U64) -> None:
        """Builds the trigram postings of the vocabulary.

        Args:
            terminology: Its vocabulary is what words are corrected to.
            known: Sorted keys of further words that are right as they stand (from training charts).
        """
        self._terms = terminology
        self._known = known
        words = [terminology.spelling[i] for i in range(len(terminology.words))]
        self._usable = [i for i, word in enumerate(words) if len(word) >= _SHORTEST and word.isalpha()]
        postings: dict[str, list[int]] = {}
        for i in self._usable:
            for gram in trigrams(words[i]):
                postings.setdefault(gram, []).append(i)
        self._postings = {gram: np.array(found, dtype=np.int32) for gram, found in postings.items()}
        self._correct = lru_cache(maxsize=20_000)(self._search)

    def corrections(self, doc: Doc, keys: U64) -> dict[int, int]:
        """Returns token index → NORM hash of the word meant, for the misspelt words of ``doc``."""
        unknown = np.flatnonzero((self._terms.word_ids(keys) < 0) & (keys != 0))
        hit, _at = find(self._known, keys[unknown])
        found: dict[int, int] = {}
        for i in np.delete(unknown, hit).tolist():
            word = doc[i].norm_
            if len(word) >= _SHORTEST and word.isalpha() and not doc[i].text.istitle():
                meant = self._correct(word)
                if meant:
                    found[i] = get_string_id(meant)
        return found

    def _search(self, word: str) -> str:
        grams = trigrams(word)
        lists = [self._postings[gram] for gram in grams if gram in self._postings]
        if not lists:
            return ""
        ids, shared = np.unique(np.concatenate(lists), return_counts=True)
        good = ids[shared >= max(2, _MIN_SHARED * (len(grams) - 2))]
        most = 2 if len(word) >= _LONG else 1
        best = (most + 1, 0.0, "")
        for i in good.tolist():
            other = self._terms.spelling[i]
            if other[0] == word[0]:
                # of two words as near, the one that more terms hold: osteoporosis rather than osteopetrosis
                best = min(best, (edits(word, other, most), float(self._terms.word_idf[i]), other))
        return best[2] if best[0] <= most else ""


def known_words(norms: list[str]) -> NDArray[np.uint64]:
    """Returns the sorted keys of words, for ``Speller``'s ``known``."""
    return np.unique(mix(np.array([get_string_id(norm) for norm in norms], dtype=np.uint64)))
