"""Aligns a text with its translation, sentence by sentence and then word by word, learning from the texts alone.

Sentences: dynamic programming over the lengths (Gale & Church, A program for aligning sentences in bilingual
corpora, Computational Linguistics 19, 1993), with shared words and numbers as anchors.

Words: IBM Model 1 in both directions with a diagonal prior (Dyer et al., A simple, fast, and effective
reparameterization of IBM Model 2, NAACL 2013), trained to agree (Liang et al., Alignment by agreement, NAACL
2006), so that the two directions need no symmetrising afterwards. Words that look alike in both languages
(``nefrolitiasis`` and ``nephrolithiasis``) are likelier to be a pair from the start.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

_WORD = re.compile(r"[0-9]+(?:[.,][0-9]+)*|[^\W\d_]+")
_SENTENCE_END = re.compile(r"\n+|(?<=[.?!])[ \t]+(?=[^\s\da-z])")

# Gale & Church (1993), table 5 and equation 2: how often n sentences become m, and the variance of the lengths
# for each character. Each of their figures for 1-0 and 2-1 is of both directions; 1-3 and 3-1 are not theirs.
_MOVES = {
    (1, 1): 0.89,
    (1, 0): 0.005,
    (0, 1): 0.005,
    (2, 1): 0.0445,
    (1, 2): 0.0445,
    (2, 2): 0.011,
    (3, 1): 0.002,
    (1, 3): 0.002,
}
_VARIANCE = 6.8
# Each word on both sides with the same first letters makes a match e times likelier.
_ANCHOR_WEIGHT = 1.0
_ANCHOR_LETTERS = 5

# Spellings that differ between the languages though the word is one, in the order in which they are replaced.
_SOUNDS = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"ph", "f"),
        (r"th", "t"),
        (r"rh", "r"),
        (r"ch|qu|k", "c"),
        (r"[ao]e", "e"),
        (r"y", "i"),
        (r"z|sc(?=[ei])", "c"),
        (r"(.)\1", r"\1"),
        (r"^es?(?=[cpt])", ""),
        (r"^s(?=[cpt])", ""),
        (r"^h", ""),
    )
)
# Rounds of learning: each direction alone, then both together, and the share of the former that is kept.
_ROUNDS = 5
_AGREEING_ROUNDS = 5
_ALONE = 0.1
# Dyer et al. (2013): how fast the prior falls off the diagonal, and the share of words without a counterpart.
_DIAGONAL = 4.0
_NULL = 0.08
# Words that are the same in both languages count as if seen this often as a pair; words less alike than the
# least count as unlike.
_ALIKE_COUNT = 4.0
_LEAST_ALIKE = 0.45
_SHORTEST_SPLIT = 4  # letters; shorter words are alike only if they are the same
# How often a pair must be seen elsewhere for a support of one half.
_HALF_SUPPORTED = 0.5
_BLOCK = 100_000  # pairs compared at a time, which bounds the memory


@dataclass(frozen=True, slots=True)
class Word:
    """A word or number: half-open offsets in code points, and the form that words are compared by."""

    start: int
    end: int
    form: str


@dataclass(frozen=True, slots=True)
class AlignedSentences:
    """Sentences that translate each other; one side may be empty.

    Attributes:
        source: Words of the source.
        target: Words of the target.
        forward: For each source word (row) and target word (column), the probability that the source word was
            translated as the target word, given both sentences. Rows sum to at most 1.
        backward: The same for the target word coming from the source word. Columns sum to at most 1.
        support: How well each pair is known from other sentences or by its looks, from 0 to below 1.
    """

    source: tuple[Word, ...]
    target: tuple[Word, ...]
    forward: NDArray[np.float32]
    backward: NDArray[np.float32]
    support: NDArray[np.float32]


@lru_cache(maxsize=1 << 16)
def plain(word: str) -> str:
    """Returns a word in lower case, without accents, and without a plural ``s``; a number with a point."""
    decomposed = unicodedata.normalize("NFKD", word.lower()).replace(",", ".")
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    if bare.endswith("iones"):  # Spanish only: lesiones
        return bare[:-2]
    return bare[:-1] if len(bare) > 3 and bare.endswith("s") and not bare.endswith(("ss", "is", "us")) else bare


@lru_cache(maxsize=1 << 16)
def sound(form: str) -> str:
    """Returns a plain word in a spelling that cognates share (``nefrolitiasis`` for ``nephrolithiasis``)."""
    for pattern, replacement in _SOUNDS:
        form = pattern.sub(replacement, form)
    return form


def words_of(text: str) -> tuple[Word, ...]:
    """Returns the words of a text in their order."""
    return tuple(Word(m.start(), m.end(), plain(m[0])) for m in _WORD.finditer(text))


def align(pairs: Sequence[tuple[str, str]]) -> list[list[AlignedSentences]]:
    """Aligns texts with their translations.

    The word pairs are learnt from all the texts together; a few hundred pages are enough.

    Args:
        pairs: (source, target) texts; the second translates the first, in the same order of matter.

    Returns:
        For each pair its aligned sentences in their order.
    """
    beads = [list(_beads(source, target)) for source, target in pairs]
    forward, backward, support = _Links([bead for text in beads for bead in text]).train()
    result: list[list[AlignedSentences]] = []
    start = 0
    for text in beads:
        result.append([])
        for source, target in text:
            shape = (len(source), len(target))
            end = start + len(source) * len(target)
            matrices = [links[start:end].reshape(shape) for links in (forward, backward, support)]
            result[-1].append(AlignedSentences(source, target, *matrices))
            start = end
    return result


@dataclass(frozen=True, slots=True)
class _Sentence:
    words: tuple[Word, ...]
    length: int
    anchors: frozenset[str]


_Bead = tuple[tuple[Word, ...], tuple[Word, ...]]


def _sentences(text: str) -> list[_Sentence]:
    """Splits a text into sentences; those without a letter are left out."""
    bounds = [0, *(m.end() for m in _SENTENCE_END.finditer(text)), len(text)]
    words = words_of(text)
    sentences = []
    for start, end in pairwise(bounds):
        if any(c.isalpha() for c in text[start:end]):
            own = tuple(word for word in words if start <= word.start < end)
            anchors = frozenset(sound(w.form)[:_ANCHOR_LETTERS] for w in own if len(w.form) > 3 or w.form[0].isdigit())
            sentences.append(_Sentence(own, len(text[start:end].strip()), anchors))
    return sentences


def _beads(source_text: str, target_text: str) -> Iterator[_Bead]:
    """Yields the words of the sentences that translate each other."""
    source, target = _sentences(source_text), _sentences(target_text)
    i = j = 0
    for n, m in _path(source, target):
        yield (
            tuple(word for sentence in source[i : i + n] for word in sentence.words),
            tuple(word for sentence in target[j : j + m] for word in sentence.words),
        )
        i, j = i + n, j + m


def _path(source: list[_Sentence], target: list[_Sentence]) -> list[tuple[int, int]]:
    """Returns the cheapest sequence of moves through both texts."""
    ratio = max(1, sum(s.length for s in target)) / max(1, sum(s.length for s in source))
    best: dict[tuple[int, int], tuple[float, tuple[int, int]]] = {(0, 0): (0.0, (0, 0))}
    for i in range(len(source) + 1):
        for j in range(len(target) + 1):
            options = [
                (best[i - n, j - m][0] + _cost(source[i - n : i], target[j - m : j], ratio), (n, m))
                for n, m in _MOVES
                if n <= i and m <= j
            ]
            if options:
                best[i, j] = min(options)
    i, j = len(source), len(target)
    moves = []
    while i or j:
        n, m = best[i, j][1]
        moves.append((n, m))
        i, j = i - n, j - m
    return moves[::-1]


def _cost(source: list[_Sentence], target: list[_Sentence], ratio: float) -> float:
    """Returns the negative logarithm of how likely some sentences are to become some others."""
    source_length, target_length = sum(s.length for s in source), sum(s.length for s in target)
    mean = (source_length + target_length / ratio) / 2
    delta = (target_length - source_length * ratio) / math.sqrt(_VARIANCE * max(1.0, mean))
    tail = math.erfc(abs(delta) / math.sqrt(2))
    cost = -math.log(_MOVES[len(source), len(target)]) - math.log(max(tail, 1e-12))
    if source and target:
        shared = frozenset().union(*(s.anchors for s in source)) & frozenset().union(*(s.anchors for s in target))
        cost -= _ANCHOR_WEIGHT * len(shared)
    return cost


class _Links:
    """All possible links of all aligned sentences in flat arrays, row by row of their matrices."""

    def __init__(self, beads: Sequence[_Bead]) -> None:
        sources = _vocabulary(word.form for source, _ in beads for word in source)
        targets = _vocabulary(word.form for _, target in beads for word in target)
        width = max(1, len(targets))
        row_words, column_words, pairs, rows, columns, priors = [], [], [], [], [], []
        row_count = column_count = 0
        for source, target in beads:
            n, m = len(source), len(target)
            row_words.append(np.array([sources[word.form] for word in source], dtype=np.int64))
            column_words.append(np.array([targets[word.form] for word in target], dtype=np.int64))
            pairs.append((row_words[-1][:, None] * width + column_words[-1][None, :]).ravel())
            rows.append(np.repeat(np.arange(row_count, row_count + n, dtype=np.int32), m))
            columns.append(np.tile(np.arange(column_count, column_count + m, dtype=np.int32), n))
            priors.append(_diagonal(n, m).ravel())
            row_count, column_count = row_count + n, column_count + m
        unique, inverse = np.unique(_joined(pairs, np.int64), return_inverse=True)
        self._pair = inverse.astype(np.int32)
        self._row, self._column = _joined(rows, np.int32), _joined(columns, np.int32)
        self._prior = _joined(priors, np.float64)
        self._source, self._target = unique // width, unique % width
        self._alike = _ALIKE_COUNT * _likeness(list(sources), list(targets), self._source, self._target)
        # A word without a counterpart: as likely as the word is frequent.
        self._row_null = _NULL * _shares(_joined(row_words, np.int64))
        self._column_null = _NULL * _shares(_joined(column_words, np.int64))

    def train(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Returns the probabilities of the links, source to target and target to source, and their support."""
        even = np.ones(len(self._source))
        to_target, to_source = self._given(even, self._source), self._given(even, self._target)
        for _ in range(_ROUNDS):
            to_target, to_source = self._learn(*self._expect(to_target, to_source))
        alone = to_target, to_source
        for _ in range(_AGREEING_ROUNDS):
            forward, backward = self._expect(to_target, to_source)
            agreed = forward * backward
            to_target, to_source = self._learn(agreed, agreed)
        # Agreement pairs words one to one. What each direction knew alone gives a word the rest of its
        # translation ("cardiopatia" is "heart disease", not "heart").
        to_target = (1 - _ALONE) * to_target + _ALONE * alone[0]
        to_source = (1 - _ALONE) * to_source + _ALONE * alone[1]
        forward, backward = self._expect(*self._learn(*self._expect(to_target, to_source)))
        own = forward * backward
        elsewhere = (np.bincount(self._pair, own, len(even)) + self._alike)[self._pair] - own
        support = elsewhere / (elsewhere + _HALF_SUPPORTED)
        return forward.astype(np.float32), backward.astype(np.float32), support.astype(np.float32)

    def _learn(
        self, forward: NDArray[np.float64], backward: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Returns the probabilities of target words given their source word, and the other way round."""
        size = len(self._source)
        return (
            self._given(np.bincount(self._pair, backward, size), self._source),
            self._given(np.bincount(self._pair, forward, size), self._target),
        )

    def _expect(
        self, to_target: NDArray[np.float64], to_source: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        forward = to_source[self._pair] * self._prior
        backward = to_target[self._pair] * self._prior
        forward /= (np.bincount(self._row, forward, len(self._row_null)) + self._row_null)[self._row]
        backward /= (np.bincount(self._column, backward, len(self._column_null)) + self._column_null)[self._column]
        return forward, backward

    def _given(self, counts: NDArray[Any], word: NDArray[np.int64]) -> NDArray[np.float64]:
        """Returns the probabilities of pairs given one of their words, with likeness as counts seen before."""
        counts = counts + self._alike
        return counts / np.maximum(np.bincount(word, counts), 1e-12)[word]


def _joined(parts: Sequence[NDArray[Any]], dtype: type[np.generic]) -> NDArray[Any]:
    return np.concatenate([*parts, np.zeros(0, dtype)])


def _vocabulary(forms: Iterable[str]) -> dict[str, int]:
    return {form: i for i, form in enumerate(dict.fromkeys(forms))}


def _shares(words: NDArray[np.int64]) -> NDArray[np.float64]:
    """Returns for each word its share of all words."""
    shares: NDArray[np.float64] = np.bincount(words)[words] / max(1, len(words))
    return shares


def _diagonal(n: int, m: int) -> NDArray[np.float64]:
    """Returns how likely words at these places are a pair: less the farther from the diagonal; 1 on average."""
    rows, columns = (np.arange(n) + 0.5) / max(1, n), (np.arange(m) + 0.5) / max(1, m)
    weights = np.exp(-_DIAGONAL * np.abs(rows[:, None] - columns[None, :]))
    weights /= math.sqrt(max(1, n) * max(1, m)) * (weights.mean() if weights.size else 1.0)
    return weights


def _likeness(
    sources: list[str], targets: list[str], source: NDArray[np.int64], target: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Returns how alike the words of pairs are, 0 to 1: the Dice coefficient of their letter bigrams."""
    grams: dict[str, int] = {}
    left, right = _grams(sources, grams), _grams(targets, grams)
    left.resize(left.shape[0], max(1, len(grams)))
    likeness = np.zeros(len(source))
    for start in range(0, len(source), _BLOCK):
        block = slice(start, start + _BLOCK)
        a, b = left[source[block]], right[target[block]]
        shared = np.asarray(a.multiply(b).sum(axis=1)).ravel()
        likeness[block] = 2 * shared / (np.diff(a.indptr) + np.diff(b.indptr))
    likeness[likeness < _LEAST_ALIKE] = 0.0
    return likeness


def _grams(words: list[str], grams: dict[str, int]) -> sparse.csr_matrix:
    """Returns which words hold which bigrams; new bigrams are added to those known."""
    rows, columns = [], []
    for row, word in enumerate(words):
        bounded = f"<{sound(word)}>"
        found = {bounded} if len(bounded) < _SHORTEST_SPLIT + 2 else set(map("".join, pairwise(bounded)))
        for gram in sorted(found):
            rows.append(row)
            columns.append(grams.setdefault(gram, len(grams)))
    shape = (len(words), max(1, len(grams)))
    return sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=shape)
