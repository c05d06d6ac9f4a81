"""How well the words around a mention support each code of its category.

A mention names a disease in few words; the rest of the clause, the line or the note says of which kind it is:
``DVT`` ... ``chronic`` ... ``right femoral``. The way down the tabular list (``specificity.py``) starts at the
code that the phrase names and cannot leave its branch. Here the leaves of its category are weighed side by side
by the words that their titles ask for, near words counting more than far ones; the best become candidates too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from suggest.code_sets.index import CodeIndex
from suggest.edges import POSSIBLE, PRESENT, Edge
from suggest.keys import ranges
from suggest.lexicon import PHRASES, Source
from suggest.reading import NoteReading
from suggest.setting_context import EncounterFacts
from suggest.specificity import BILATERAL, LEFT, RIGHT, Resolver, side_near
from suggest.terminology import Terminology

NEAR, LINE, AROUND, NOTE = 1.0, 0.9, 0.6, 0.3
"""What a word counts for that stands in the clause, in its line, in the lines beside it, elsewhere in the note."""

_KEPT = 3
_LEAST = 0.5
# Sources of edges that lead to the leaves of their category, and how sure they must be.
_LEAST_QUALITY = {
    **dict.fromkeys(map(int, (*PHRASES, Source.COMPOSITION)), 0.0),
    int(Source.COVERAGE): 0.7,
    int(Source.LEARNT): 0.25,
}
_SIDED = RIGHT | LEFT | BILATERAL
_MISSING_SIDE = 0.85
_DENIED_BUT_SAID = 0.5
# Their codes depend on what goes with what: rules and cues compose them (``combinations``, ``suggest.composition``).
_COMPOSED = ("E08", "E09", "E10", "E11", "E13", "T3", "T4", "T50", "V", "W", "X", "Y")


@dataclass(frozen=True, slots=True)
class _Leaves:
    """The leaves of a category; leaf i asks for ``words[start[i]:start[i + 1]]``, their idf summing up to ``total``.

    ``denied`` words are those that the title of leaf ``denied_leaf`` says to be absent.
    """

    rows: NDArray[np.int32]
    words: NDArray[np.int32]
    idf: NDArray[np.float32]
    start: NDArray[np.int64]
    total: NDArray[np.float32]
    sides: NDArray[np.uint8]
    denied: NDArray[np.int32]
    denied_leaf: NDArray[np.int64]


class LeafFinder:
    """Finds the leaves of categories for the mentions of notes."""

    def __init__(self, index: CodeIndex, terminology: Terminology, resolver: Resolver) -> None:
        """Keeps references; the leaves of a category are read on first use."""
        self._index = index
        self._terms = terminology
        self._resolver = resolver
        self._leaves = lru_cache(maxsize=3000)(self._read_leaves)
        self._weight = np.zeros(len(terminology.words), np.float32)
        self._composed = index.where_category(lambda category: category.startswith(_COMPOSED))

    def edges(
        self, reading: NoteReading, base: int, known: Sequence[Edge], facts: EncounterFacts, always: frozenset[int]
    ) -> list[Edge]:
        """Returns further edges of a note.

        Args:
            reading: The note.
            base: Number of its first mention.
            known: The edges found so far.
            facts: What is known of the encounter.
            always: Vocabulary numbers of words that hold for the whole encounter.
        """
        owners: dict[tuple[int, int], Edge] = {}
        have: dict[int, set[int]] = {}
        for edge in known:
            if self._leads(edge):
                sentence = reading.mentions[edge.mention - base].sentence
                key = (sentence, int(self._index.category[edge.code]))
                if key not in owners or edge.quality * edge.fit > owners[key].quality * owners[key].fit:
                    owners[key] = edge
                have.setdefault(sentence, set()).add(edge.code)
        found: list[Edge] = []
        previous = -1
        for (sentence, category), edge in sorted(owners.items()):
            leaves = self._leaves(category)
            if len(leaves.rows) < 2:
                continue
            if sentence != previous:
                weigh(self._weight, reading, sentence)
                self._weight[list(always)] = NEAR
                previous = sentence
            if not (self._weight[leaves.words] >= LINE).any():
                continue
            found.extend(self._best(leaves, edge, reading, base, facts, have[sentence]))
        self._weight[reading.words] = 0
        self._weight[list(always)] = 0
        return found

    def _leads(self, edge: Edge) -> bool:
        return (
            edge.quality >= _LEAST_QUALITY.get(edge.source, 2.0)
            and edge.status in (PRESENT, POSSIBLE)
            and edge.code < len(self._index)
            and not self._composed[edge.code]
        )

    def _best(
        self, leaves: _Leaves, edge: Edge, reading: NoteReading, base: int, facts: EncounterFacts, have: set[int]
    ) -> list[Edge]:
        """Returns edges to the best leaves that the sentence does not lead to yet."""
        covered = np.add.reduceat(self._weight[leaves.words] * leaves.idf, leaves.start)
        share = covered / leaves.total
        if len(leaves.denied):
            said = self._weight[leaves.denied] >= LINE
            share[leaves.denied_leaf[said]] *= _DENIED_BUT_SAID
        mention = reading.mentions[edge.mention - base]
        begin = int(reading.sentence_start[mention.sentence])
        end = int(reading.sentence_start[mention.sentence + 1])
        sides = side_near(reading.tokens.sides, mention.first_token, mention.last_token, begin, end)
        if _several(reading.tokens.sides[begin:end]):
            share[leaves.sides != 0] = 0  # which site goes with which side is for the nearest words to say
        elif sides:
            share[(leaves.sides != 0) & ((leaves.sides & sides) == 0)] = 0
        else:
            share[leaves.sides != 0] *= _MISSING_SIDE
        order = np.argsort(-share * np.sqrt(covered), kind="stable")[:_KEPT]
        context = facts.context(reading.sentence_words[mention.sentence], sides, self._terms)
        found = []
        for i in order[share[order] >= _LEAST].tolist():
            side = int(leaves.sides[i] != 0) if sides else -int(leaves.sides[i] != 0)
            row = self._resolver.episodes(int(leaves.rows[i]), context)[0].row
            if row not in have:
                leaf = edge._replace(code=row, source=int(Source.CONTEXT), fit=1.0, matched=0, defaulted=0, side=side)
                found.append(leaf._replace(quality=float(share[i]) * edge.quality, weight=float(covered[i])))
        return found

    def _read_leaves(self, category: int) -> _Leaves:
        end = int(self._index.end[category])
        seventh, billable, terms = self._index.has_seventh, self._index.billable, self._terms
        rows = np.array(
            [
                row
                for row in range(category, end)
                if not seventh[row]
                and (billable[row] or (row + 1 < end and seventh[row + 1]))
                and terms.asked_start[row] < terms.asked_start[row + 1]
            ],
            dtype=np.int32,
        )
        owner, place = ranges(terms.asked_start[rows], terms.asked_start[rows + 1])
        words = terms.asked_word[place]
        idf = terms.word_idf[words]
        start = np.searchsorted(owner, np.arange(len(rows)))
        denied_leaf, denied = ranges(terms.denied_start[rows], terms.denied_start[rows + 1])
        return _Leaves(
            rows=rows,
            words=words,
            idf=idf,
            start=start,
            total=np.add.reduceat(idf, start) if len(rows) else np.zeros(0, np.float32),
            sides=(terms.row_flags[rows] & _SIDED).astype(np.uint8),
            denied=terms.denied_word[denied],
            denied_leaf=denied_leaf,
        )


def _several(sides: NDArray[np.uint8]) -> bool:
    """Whether a sentence names more than one side."""
    bits = int(np.bitwise_or.reduce(sides, initial=0))
    return bits & (bits - 1) != 0


def weigh(weight: NDArray[np.float32], reading: NoteReading, sentence: int) -> None:
    """Writes what each word of a note counts for as seen from a sentence.

    Args:
        weight: One element for each word of the vocabulary; elements of words outside the note are left alone.
        reading: The note.
        sentence: Number of the sentence.
    """
    first, last = reading.sentence_start[sentence : sentence + 2].tolist()
    low, high = int(reading.line[first]), int(reading.line[last - 1])
    bounds = np.searchsorted(reading.line, [low - 1, low, high + 1, high + 2])
    around, line, line_end, around_end = np.searchsorted(reading.word_token, bounds).tolist()
    begin, end = np.searchsorted(reading.word_token, [first, last]).tolist()
    words = reading.words
    weight[words] = NOTE
    weight[words[around:around_end]] = AROUND
    weight[words[line:line_end]] = LINE
    if reading.tokens.sides[first:last].any():  # "pain in left shoulder, right knee": neither side has the other's site
        elsewhere = reading.word_sided[around:around_end]
        weight[words[around:around_end][elsewhere]] = NOTE
    weight[words[begin:end]] = NEAR
