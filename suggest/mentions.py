"""Finds the spans of a note that name something codable.

Three ways lead from words to codes: phrases of the terminology (any word order, side words apart), phrases
learnt from coded charts, and word coverage (most of the informative words of a term stand in one sentence).
A phrase inside a longer matched phrase is not a mention of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from spacy.strings import get_string_id

from suggest.keys import I32, U64, TokenKeys, find, ranges, windows
from suggest.lexicon import Source
from suggest.terminology import Terminology

F32 = NDArray[np.float32]

_SEGMENT = 20
_STRIDE = 8
_COVERAGE_SHARE = 0.6
_COVERAGE_KEPT = 6
_SEGMENTS_AT_ONCE = 256
_DENYING = re.compile(r"\b(?:no|not|without|non|never|negative)\b", re.IGNORECASE)
_DENIALS = np.array([get_string_id(word) for word in ("no", "not", "without", "never", "absent")], dtype=np.uint64)
_LEAST_PRECISION = 0.25  # of the best learnt phrase of a code that nothing else leads to


@dataclass(frozen=True, slots=True)
class LearntPhrases:
    """Phrases learnt from coded charts.

    Attributes:
        keys: Sorted phrase keys.
        start: Ranges of each key in the arrays below (one more than keys).
        code: Code ids (rows of the index, or beyond them for codes that it does not hold).
        precision: Smoothed share of the notes with the phrase that carry the code.
        support: Number of notes that carry both.
        marked: Smoothed share of the notes with the phrase where coders marked it as evidence of the code.
    """

    keys: U64
    start: NDArray[np.int64]
    code: I32
    precision: F32
    support: F32
    marked: F32


@dataclass(frozen=True, slots=True)
class Hits:
    """Matches of one note, one element for each (span, code).

    Attributes:
        first: First token of the span.
        last: Token after the span.
        code: Code id.
        source: ``Source`` number.
        quality: Match quality in (0, 1]: 1 for a whole phrase, share of information covered, or precision.
        weight: How informative the match is (natural log scale; support for learnt phrases).
        text: Number of the matched term in ``Terminology.texts``, -1 for none; for a learnt phrase its place in
            ``LearntPhrases.code``.
        condition: Number of the condition that must hold, 0 for none.
        group: Hits of one span and group stand for the same words: their codes compete. -1 for none.
        anchor: Token that the assertion is decided at, -1 for the whole span.
    """

    first: I32
    last: I32
    code: I32
    source: NDArray[np.uint8]
    quality: F32
    weight: F32
    text: I32
    condition: NDArray[np.int16]
    group: I32
    anchor: I32

    def __len__(self) -> int:
        return len(self.first)

    def take(self, which: NDArray[np.integer] | NDArray[np.bool_]) -> Hits:
        """Returns the selected elements."""
        return Hits(*(getattr(self, name)[which] for name in self.__slots__))

    @staticmethod
    def join(parts: list[Hits]) -> Hits:
        """Returns all elements of ``parts``."""
        return Hits(*(np.concatenate([getattr(part, name) for part in parts]) for name in Hits.__slots__))


def outermost(first: NDArray[np.integer], last: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Tells which spans lie in no longer span (equal spans keep each other)."""
    order = np.lexsort((-last, first))
    reach = np.maximum.accumulate(last[order])
    before = np.concatenate([[-1], reach[:-1]])
    first_before = np.concatenate([[-1], first[order][:-1]])
    last_before = np.concatenate([[-1], last[order][:-1]])
    same = (first_before == first[order]) & (last_before == last[order])
    keep = np.empty(len(order), dtype=bool)
    inside = last[order] <= before
    for i in np.flatnonzero(same):  # equal spans share the fate of the first of them
        inside[i] = inside[i - 1]
    keep[order] = ~inside
    return keep


def phrase_hits(tokens: TokenKeys, terminology: Terminology) -> Hits:
    """Matches whole phrases of the terminology."""
    candidates = windows(tokens)
    hit, at = find(terminology.keys, candidates.keys)
    first = tokens.content[candidates.first[hit]]
    last = tokens.content[candidates.first[hit] + candidates.length[hit] - 1] + 1
    return _entries(terminology, first, last, at, np.ones(len(hit), np.float32))


def longest(hits: Hits) -> Hits:
    """Drops hits whose span lies inside a longer one."""
    return hits.take(outermost(hits.first, hits.last)) if len(hits) else hits


def _entries(terminology: Terminology, first: I32, last: I32, at: NDArray[np.int64], quality: F32) -> Hits:
    """Writes out the entries behind matched phrase keys."""
    owner, entry = ranges(terminology.key_start[at], terminology.key_start[at + 1])
    return Hits(
        first=first[owner],
        last=last[owner],
        code=terminology.entry_row[entry],
        source=terminology.entry_source[entry],
        quality=quality[owner],
        weight=terminology.key_weight[at[owner]],
        text=terminology.entry_text[entry],
        condition=terminology.entry_condition[entry],
        group=at[owner].astype(np.int32),
        anchor=np.full(len(owner), -1, np.int32),
    )


def learnt_hits(tokens: TokenKeys, learnt: LearntPhrases) -> Hits:
    """Matches learnt phrases; for each code and start the most precise window counts."""
    candidates = windows(tokens, 5)
    hit, at = find(learnt.keys, candidates.keys)
    owner, entry = ranges(learnt.start[at], learnt.start[at + 1])
    first = tokens.content[candidates.first[hit]][owner]
    last = (tokens.content[candidates.first[hit] + candidates.length[hit] - 1] + 1)[owner]
    return Hits(
        first=first,
        last=last,
        code=learnt.code[entry],
        source=np.full(len(entry), Source.LEARNT, np.uint8),
        quality=learnt.precision[entry],
        weight=learnt.support[entry],
        text=entry.astype(np.int32),
        condition=np.zeros(len(entry), np.int16),
        group=np.full(len(entry), -1, np.int32),
        anchor=np.full(len(entry), -1, np.int32),
    )


def worth_claiming(hits: Hits) -> NDArray[np.bool_]:
    """Marks the hits that may lead to a claim's code: all but learnt phrases that hardly ever go with a code.

    They would be of use where nothing else leads to the code, and there they are next to never right: of the codes
    that charts of the project carry, 0.4 % are reached by nothing but them, which make up two fifths of the
    candidates. Benchmarks that code whatever is mentioned keep them.
    """
    learnt = hits.source == Source.LEARNT
    sure = np.unique(hits.code[~learnt | (hits.quality >= _LEAST_PRECISION)])
    worth: NDArray[np.bool_] = ~learnt | np.isin(hits.code, sure)
    return worth


def _segments(tokens: TokenKeys) -> tuple[I32, I32, int]:
    """Cuts sentences into overlapping segments: returns (segment, position in content) pairs and their number."""
    sentence = tokens.sentence[tokens.content]
    count = len(sentence)
    new = np.concatenate([[True], sentence[1:] != sentence[:-1]]) if count else np.zeros(0, bool)
    begin = np.flatnonzero(new)
    lengths = np.diff(np.append(begin, count))
    place = np.arange(count) - np.repeat(begin, lengths)
    long = np.repeat(lengths > _SEGMENT, lengths)
    chunks = np.where(lengths > _SEGMENT, (lengths - 1) // _STRIDE + 1, 1)
    base = np.repeat(np.cumsum(chunks) - chunks, lengths)
    own = base + np.where(long, place // _STRIDE, 0)
    again = np.flatnonzero(long & (place >= _STRIDE))
    segment = np.concatenate([own, own[again] - 1]).astype(np.int32)
    position = np.concatenate([np.arange(count), again]).astype(np.int32)
    return segment, position, int(chunks.sum())


class CoverageMatcher:
    """Finds terms most of whose informative words stand together in a sentence."""

    def __init__(self, terminology: Terminology) -> None:
        """Wraps the postings of ``terminology`` (no copy)."""
        self._terms = terminology
        shape = (len(terminology.words), len(terminology.keys))
        self._matrix = sparse.csr_matrix(shape, dtype=np.float32)
        self._matrix.data = terminology.post_weight
        self._matrix.indices = terminology.post_key
        self._matrix.indptr = terminology.post_start

    def hits(self, tokens: TokenKeys) -> Hits:
        """Returns the best covered terms of each segment with the span of their words."""
        owner, word = self._terms.expand(tokens.keys[tokens.content])
        segment, position, number = _segments(tokens)
        pair, at = ranges(np.searchsorted(owner, position), np.searchsorted(owner, position, side="right"))
        segment, position, word = segment[pair], position[pair], word[at]
        order = np.argsort(segment, kind="stable")
        segment, position, word = segment[order], position[order], word[order]
        parts = [_entries(self._terms, *_nothing())]
        for begin in range(0, number, _SEGMENTS_AT_ONCE):
            low, high = np.searchsorted(segment, [begin, begin + _SEGMENTS_AT_ONCE])
            if low < high:
                token = tokens.content[position[low:high]]
                parts.append(self._chunk(token, word[low:high], segment[low:high] - begin))
        return Hits.join(parts)

    def _chunk(self, token: I32, word: I32, segment: I32) -> Hits:
        """Matches a run of segments, given as (token, word, segment) triples, by one sparse product."""
        shape = (int(segment.max()) + 1, self._matrix.shape[0])
        present = sparse.csr_matrix((np.ones(len(segment), np.float32), (segment, word)), shape=shape)
        present.data[:] = 1.0
        product = (present @ self._matrix).tocoo()
        share = product.data / self._terms.key_weight[product.col]
        good = np.flatnonzero(share >= _COVERAGE_SHARE)
        seg, key, share = product.row[good], product.col[good], share[good]
        best = np.lexsort((-share * self._terms.key_weight[key] ** 0.5, seg))
        seg, key, share = seg[best], key[best], share[best]
        top = np.arange(len(seg)) - np.searchsorted(seg, seg) < _COVERAGE_KEPT
        return self._spans(token, word, segment, seg[top], key[top].astype(np.int64), share[top])

    def _spans(self, token: I32, word: I32, segment: I32, seg: I32, key: NDArray[np.int64], share: F32) -> Hits:
        """Finds the tokens of each matched term and keeps matches of at least two words."""
        owner, at = ranges(np.searchsorted(segment, seg), np.searchsorted(segment, seg, side="right"))
        inside = self._holds(word[at], key[owner])
        owner, at = owner[inside], at[inside]
        once = _nearest_of_each(owner, word[at], token[at], len(seg))
        owner, at = owner[once], at[once]
        anchor = np.zeros(len(seg), np.int32)
        rising = np.argsort(self._terms.word_idf[word[at]], kind="stable")
        anchor[owner[rising]] = token[at[rising]]  # the most informative word is written last
        count = np.bincount(owner, minlength=len(seg))
        first = np.full(len(seg), np.iinfo(np.int32).max, np.int32)
        last = np.zeros(len(seg), np.int32)
        np.minimum.at(first, owner, token[at])
        np.maximum.at(last, owner, token[at] + 1)
        keep = np.flatnonzero(count >= 2)
        hits = _entries(self._terms, first[keep], last[keep], key[keep], share[keep].astype(np.float32))
        hits.source[:] = Source.COVERAGE
        place = np.repeat(np.arange(len(keep)), np.diff(self._terms.key_start)[key[keep]])
        hits.anchor[:] = anchor[keep][place]
        return hits.take(hits.condition == 0)

    def _holds(self, word: I32, key: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tells for each (word, term) pair whether the term holds the word (binary search in the postings)."""
        low = self._terms.post_start[word].astype(np.int64)
        high = self._terms.post_start[word + 1].astype(np.int64)
        end = high.copy()
        while True:
            open_ = low < high
            if not open_.any():
                break
            middle = (low + high) // 2
            value = self._terms.post_key[np.minimum(middle, len(self._terms.post_key) - 1)]
            right = open_ & (value < key)
            low = np.where(right, middle + 1, low)
            high = np.where(open_ & ~right, middle, high)
        found = low < end
        inside: NDArray[np.bool_] = self._terms.post_key[np.minimum(low, len(self._terms.post_key) - 1)] == key
        return found & inside


def _nearest_of_each(owner: NDArray[np.int64], word: I32, token: I32, count: int) -> NDArray[np.int64]:
    """Returns the positions of one occurrence of each (owner, word): that nearest to a word that stands once."""
    _pairs, inverse, repeats = np.unique(owner << 32 | word, return_inverse=True, return_counts=True)
    falling = np.argsort(-repeats[inverse], kind="stable")
    pivot = np.zeros(count, np.int32)
    pivot[owner[falling]] = token[falling]  # the least repeated word is written last
    order = np.lexsort((np.abs(token - pivot[owner]), inverse))
    return np.sort(order[np.diff(inverse[order], prepend=-1) != 0])


def _nothing() -> tuple[I32, I32, NDArray[np.int64], F32]:
    return np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(0, np.float32)


def spans_of(hits: Hits) -> tuple[list[tuple[int, int, int]], NDArray[np.int64]]:
    """Returns the distinct (first, last, anchor) of ``hits``, sorted, and for each hit the number of its own."""
    if not len(hits):
        return [], np.zeros(0, np.int64)
    table = np.stack([hits.first, hits.last, hits.anchor], axis=1).astype(np.int64)
    order = np.lexsort((table[:, 2], table[:, 1], table[:, 0]))
    new = np.concatenate([[True], (np.diff(table[order], axis=0) != 0).any(axis=1)])
    number = np.empty(len(order), np.int64)
    number[order] = np.cumsum(new) - 1
    return [(first, last, anchor) for first, last, anchor in table[order][new].tolist()], number


def judged_behind_denials(tokens: TokenKeys, hits: Hits, terminology: Terminology) -> Hits:
    """Moves the anchors of words that cover a term behind a denial that stands among them.

    "COPD, not in exacerbation" speaks of no exacerbation, although COPD says most of what its words say. Of a term that
    denies by itself (``without``) the denial is part.

    Args:
        tokens: Words of the note.
        hits: Its matches.
        terminology: The terms that matched.
    """
    denials = np.concatenate([[0], np.cumsum(np.isin(tokens.norms, _DENIALS))])
    at = np.flatnonzero((hits.source == Source.COVERAGE) & (hits.anchor >= 0) & (hits.text >= 0))
    at = at[denials[hits.last[at]] > denials[hits.anchor[at]]]
    at = at[[_DENYING.search(terminology.texts[text]) is None for text in hits.text[at].tolist()]]
    anchor = hits.anchor.copy()
    anchor[at] = hits.last[at] - 1
    return replace(hits, anchor=anchor)
