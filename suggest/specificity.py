"""From what a term names to the code that the words around it support.

A term often leads to a category (``osteoarthritis of knee``) or to a family of siblings that differ by side.
The resolver walks down the tabular list: at each level it takes the child whose distinguishing words (those
that its title adds to its parent's) the sentence holds, else the child for what is left unspecified. Sides
come from the nearest side word; the 7th character from the episode of care (guideline I.C.19.a).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from suggest.code_sets.index import CodeIndex
from suggest.terminology import Terminology

RIGHT, LEFT, BILATERAL, UNSPECIFIED, RESIDUAL, WITHOUT = 1, 2, 4, 8, 16, 32
_SIDED = RIGHT | LEFT | BILATERAL

INITIAL, SUBSEQUENT, SEQUELA = "initial", "subsequent", "sequela"


@dataclass(frozen=True, slots=True)
class Context:
    """What stands around a mention.

    Attributes:
        words: Vocabulary numbers of the words of the sentence (and of facts known of the encounter).
        sides: Bits of the nearest side words (1 right, 2 left, 4 bilateral), 0 for none.
        episode: ``initial``, ``subsequent`` or ``sequela``.
        open_fracture: ``""``, ``B`` (open, type I, II or unspecified) or ``C`` (type IIIA, IIIB, IIIC).
    """

    words: frozenset[int]
    sides: int = 0
    episode: str = INITIAL
    open_fracture: str = ""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A code that the words support and how well.

    Attributes:
        row: Row of the code.
        fit: 1 where the words named every choice on the way, lower where defaults were taken.
        matched: Number of distinguishing words found on the way.
        defaulted: Whether a choice fell to an unspecified or default child.
        side: 1 where the code's side stands in the text, 0 where it has none, -1 where they disagree.
    """

    row: int
    fit: float
    matched: int
    defaulted: bool
    side: int


@dataclass(frozen=True, slots=True)
class _Child:
    row: int
    words: frozenset[int]
    weight: float
    flags: int


class Resolver:
    """Resolves rows of one code index."""

    def __init__(self, index: CodeIndex, terminology: Terminology) -> None:
        """Keeps references; children are read on first use and cached."""
        self._index = index
        self._terms = terminology
        self._flags = terminology.row_flags
        self._seventh = index.has_seventh
        self._billable = index.billable
        self._end = index.end
        self._children = lru_cache(maxsize=60_000)(self._read_children)

    def reduce(self, rows: Sequence[int], context: Context) -> list[int]:
        """Keeps of rows that share a phrase the topmost ones, and among siblings those of the right side."""
        if len(rows) == 1:
            return list(rows)
        ordered = sorted(rows)
        tops: list[int] = []
        for row in ordered:
            if not tops or row >= self._end[tops[-1]]:
                tops.append(row)
        sided = [row for row in tops if self._flags[row] & _SIDED]
        if not sided or len(tops) == 1:
            return tops
        fitting = [row for row in sided if self._side(int(self._flags[row]), context.sides) > 0]
        plain = [row for row in tops if not self._flags[row] & _SIDED]
        return fitting + plain if fitting else (plain or sided)

    def resolve(self, row: int, context: Context) -> list[Resolved]:
        """Returns the codes that a row comes down to, best first; at most two."""
        row, context = self._lift(row, context)
        node, fit, matched, defaulted = row, 1.0, 0, False
        side = self._side(int(self._flags[row]), context.sides)
        while True:
            children = self._children(node)
            if not children:
                break
            child, share, found, by_default, child_side = self._choose(children, context)
            node = child
            fit *= 0.5 + 0.5 * share
            matched += found
            defaulted |= by_default
            side = child_side or side
        return self._episodes(node, fit, matched, defaulted, side, context)

    def _lift(self, row: int, context: Context) -> tuple[int, Context]:
        """Steps up from a code of the wrong or no side where the words name one and a sibling has it."""
        flags = int(self._flags[row])
        parent = int(self._index.parent[row])
        sided = flags & (_SIDED | UNSPECIFIED)
        if not context.sides or parent < 0 or not sided or self._side(flags, context.sides) > 0:
            return row, context
        if self._children(row) or not any(child.flags & _SIDED for child in self._children(parent)):
            return row, context
        words = context.words | frozenset(self._terms.title_words(row).tolist())
        return parent, replace(context, words=words)

    def _read_children(self, row: int) -> tuple[_Child, ...]:
        if self._billable[row]:
            return ()
        parent = set(self._terms.title_words(row).tolist())
        children = []
        for child in self._index.children(row):
            if self._seventh[child]:
                continue
            own = frozenset(
                w for w in self._terms.title_words(child).tolist() if w not in parent and not self._terms.word_weak[w]
            )
            weight = float(self._terms.word_idf[sorted(own)].sum()) if own else 0.0
            children.append(_Child(child, own, weight, int(self._flags[child])))
        return tuple(children)

    def _side(self, flags: int, sides: int) -> int:
        own = flags & _SIDED
        if not own or not sides:
            return 0
        if own & BILATERAL:
            return 1 if sides & BILATERAL or sides & 3 == 3 else -1
        return 1 if own & sides else -1

    def _choose(self, children: Sequence[_Child], context: Context) -> tuple[int, float, int, bool, int]:
        """Returns (row, share of its words found, words found, by default, side agreement) of the best child."""
        best: tuple[float, _Child, float, int, int] | None = None
        for child in children:
            found = child.words & context.words
            share = float(self._terms.word_idf[sorted(found)].sum()) / child.weight if found else 0.0
            side = self._side(child.flags, context.sides)
            unsided = child.flags & _SIDED and not side
            score = share + 2.0 * side - 0.25 * bool(unsided) + self._default_bonus(child)
            if best is None or score > best[0]:
                best = (score, child, share, len(found), side)
        assert best is not None
        _score, child, share, count, side = best
        by_default = not count and side <= 0
        certainty = 0.5 if by_default else max(share, 0.7 if side > 0 else 0.0)
        return child.row, certainty, count, by_default, side

    def _default_bonus(self, child: _Child) -> float:
        """Small preferences that decide only where no word does."""
        if child.flags & UNSPECIFIED:
            return 0.2
        if child.flags & RESIDUAL:
            return -0.1
        if child.flags & WITHOUT:
            return 0.15
        return 0.1 if not child.words else 0.0

    def _episodes(
        self, node: int, fit: float, matched: int, defaulted: bool, side: int, context: Context
    ) -> list[Resolved]:
        """Adds the 7th character where the code needs one."""
        if self._billable[node] or self._end[node] == node + 1:
            return [Resolved(node, fit, matched, defaulted, side)]
        letters = {self._index.code(row)[-1]: row for row in range(node + 1, int(self._end[node]))}
        order = _letters(frozenset(letters), context)
        return [
            Resolved(letters[letter], fit * share, matched, defaulted, side)
            for letter, share in zip(order, (1.0, 0.6), strict=False)
        ]


def _letters(available: frozenset[str], context: Context) -> list[str]:
    """Returns the 7th characters to propose, best first."""
    if "A" not in available:
        plain = [letter for letter in ("0", "1") if letter in available]
        return plain[:1] or sorted(available)[:1]
    first = context.open_fracture if context.open_fracture in available else "A"
    by_episode = {INITIAL: [first, "D"], SUBSEQUENT: ["D", first], SEQUELA: ["S", "D"]}[context.episode]
    return [letter for letter in by_episode if letter in available]


def side_near(sides: np.ndarray, first: int, last: int, begin: int, end: int) -> int:
    """Returns the side bits that belong to a mention.

    Args:
        sides: Side bits of the note's tokens.
        first: First token of the mention.
        last: Token after the mention.
        begin: First token of its sentence.
        end: Token after its sentence.

    Returns:
        The bits inside the mention or within three tokens of it, else those nearest in the sentence.
    """
    low, high = max(begin, first - 3), min(end, last + 3)
    near = int(np.bitwise_or.reduce(sides[low:high], initial=0))
    inside = int(np.bitwise_or.reduce(sides[first:last], initial=0))
    if inside or near:
        return inside or near
    marked = np.flatnonzero(sides[begin:end]) + begin
    if not len(marked):
        return 0
    distance = np.where(marked < first, first - marked, marked - last + 1)
    return int(sides[marked[int(np.argmin(distance))]])
