"""From what a term names to the code that the words around it support.

A term often leads to a category (``osteoarthritis of knee``) or to a family of siblings that differ by side.
The resolver walks down the tabular list: at each level it takes the child whose distinguishing words (those
that its title adds to its parent's) the sentence holds, else the child for what is left unspecified. Sides
come from the nearest side word; the 7th character from the episode of care (guideline I.C.19.a).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from suggest.code_sets.index import CodeIndex
from suggest.keys import term_words, word_key
from suggest.terminology import Terminology

RIGHT, LEFT, BILATERAL, UNSPECIFIED, RESIDUAL, WITHOUT = 1, 2, 4, 8, 16, 32
_SIDED = RIGHT | LEFT | BILATERAL
_NAMED = 0.25  # outweighs every preference, and most words
_KEEPS_SIDE = 0.3
_PERIODS = ("trimester", "childbirth", "puerperium")
_TITLE_WORDS = re.compile(r"[^\W_]+")
_NOT_SAID = frozenset({"unspecified", "unknown", "nos"})
_WITH_UNSPECIFIED = re.compile(r"\bwith\b[^,]*\bunspecified\b", re.IGNORECASE)
# guideline I.C.6.a: where dominance is not documented, the right side counts as dominant, the left as not
_USUAL_DOMINANCE = re.compile(r"\bright dominant\b|\bleft non-?dominant\b", re.IGNORECASE)

INITIAL, SUBSEQUENT, SEQUELA = "initial", "subsequent", "sequela"


@dataclass(frozen=True, slots=True)
class Context:
    """What stands around a mention.

    Attributes:
        words: Vocabulary numbers of the words of the sentence (and of facts known of the encounter).
        sides: Bits of the nearest side words (1 right, 2 left, 4 bilateral), 0 for none.
        episode: ``initial``, ``subsequent`` or ``sequela``.
        open_fracture: ``""``, ``B`` (open, type I, II or unspecified) or ``C`` (type IIIA, IIIB, IIIC).
        healing: How a fracture heals: ``""`` (routine), ``delayed``, ``nonunion`` or ``malunion``.
    """

    words: frozenset[int]
    sides: int = 0
    episode: str = INITIAL
    open_fracture: str = ""
    healing: str = ""


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
    said: frozenset[int]  # its words but for those that it says "without" of
    flags: int
    preference: float


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
        self._without = int(terminology.word_ids(np.array([word_key("without")], dtype=np.uint64))[0])
        keys = np.array([word_key(word) for word in _PERIODS], dtype=np.uint64)
        self._periods = frozenset(terminology.word_ids(keys).tolist()) - {-1}
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

    def resolve(self, row: int, context: Context, named: Sequence[int] = ()) -> list[Resolved]:
        """Returns the codes that a row comes down to, best first; at most two.

        Args:
            row: The row.
            context: What stands around the mention.
            named: Further rows that the same phrase names; where no word decides, the way leads to them
                (``Parkinson's disease`` names G20, and as inclusion term G20.A1).
        """
        found = self._walk(row, context, named)
        if (context.sides & BILATERAL or context.sides & 3 == 3) and self._one_sided(found[0].row):
            return [self._walk(row, replace(context, sides=side), named)[0] for side in (RIGHT, LEFT)]
        return found

    def _one_sided(self, row: int) -> bool:
        """Whether a code's siblings are right and left, and none both (guideline I.B.13: then both are coded)."""
        parent = int(self._index.parent[int(self._index.stem[row])])
        flags = [child.flags for child in self._children(parent)] if parent >= 0 else []
        sides = 0
        for flag in flags:
            sides |= flag & _SIDED
        return sides == RIGHT | LEFT

    def _walk(self, row: int, context: Context, named: Sequence[int]) -> list[Resolved]:
        """Walks down from a row to the codes that the words support."""
        row, context = self._lift(row, context)
        node, fit, matched, defaulted = row, 1.0, 0, False
        side = self._side(int(self._flags[row]), context.sides)
        while True:
            children = self._children(node)
            if not children:
                break
            child, share, found, by_default, child_side = self._choose(children, context, named)
            node = child
            fit *= 0.5 + 0.5 * share
            matched += found
            defaulted |= by_default
            side = child_side or side
        return self._episodes(node, fit, matched, defaulted, side, context)

    def episodes(self, row: int, context: Context) -> list[Resolved]:
        """Returns a leaf with the 7th characters that fit, where it needs one."""
        return self._episodes(row, 1.0, 0, False, 0, context)

    def _lift(self, row: int, context: Context) -> tuple[int, Context]:
        """Steps up from a code of another or no side or trimester where the words name one that a sibling has."""
        parent = int(self._index.parent[row])
        if parent < 0 or self._children(row) or not (self._other_side(row, context) or self._no_period(row, context)):
            return row, context
        words = context.words | frozenset(self._terms.title_words(row).tolist())
        return parent, replace(context, words=words)

    def _other_side(self, row: int, context: Context) -> bool:
        flags = int(self._flags[row])
        if not context.sides or not flags & (_SIDED | UNSPECIFIED) or self._side(flags, context.sides) > 0:
            return False
        return any(child.flags & _SIDED for child in self._children(int(self._index.parent[row])))

    def _no_period(self, row: int, context: Context) -> bool:
        if not self._flags[row] & UNSPECIFIED or not context.words & self._periods:
            return False
        return not self._periods.isdisjoint(self._terms.title_words(row).tolist())

    def _read_children(self, row: int) -> tuple[_Child, ...]:
        if self._billable[row]:
            return ()
        rows = self._index.children(row)
        if any(self._seventh[child] for child in rows) and not self._told_by_words(rows):
            return ()
        words = [self._own_words(child, row) for child in rows]
        children = []
        for child, own in zip(rows, words, strict=True):
            title = self._index.title(child)
            added = _added(title, self._index.title(row))
            if added & _NOT_SAID:  # "unspecified trimester" is not what "third trimester" means
                own -= frozenset().union(*(other for other in words if other is not own))
            said = own - self._denied(title) if self._without in own else own
            children.append(_Child(child, own, said, int(self._flags[child]), _preference(title, added)))
        return tuple(children)

    def _denied(self, title: str) -> set[int]:
        """Returns the words after "without", and that word itself."""
        after = term_words(title.lower().partition("without")[2])
        keys = np.array([word_key(word) for word in after], dtype=np.uint64)
        return {self._without, *self._terms.word_ids(keys).tolist()}

    def _share(self, child: _Child, context: Context) -> tuple[float, int]:
        """Returns the share of a child's words that stand in the text, weighed, and their number.

        What a title says "without" of counts only where the text says "without" at all.
        """
        words = child.words if self._without in context.words else child.said
        found = words & context.words
        if not found:
            return 0.0, 0
        idf = self._terms.word_idf
        return float(idf[sorted(found)].sum() / idf[sorted(words)].sum()), len(found)

    def _own_words(self, child: int, parent: int) -> frozenset[int]:
        """Returns the words that a title adds to its parent's."""
        above = set(self._terms.title_words(parent).tolist())
        words = self._terms.title_words(child).tolist()
        return frozenset(w for w in words if w not in above and not self._terms.word_weak[w])

    def _told_by_words(self, rows: Sequence[int]) -> bool:
        """Whether 7th characters stand for words (eye, stage, tophus) and not for an episode or a fetus."""
        letters = {self._index.code(row)[-1] for row in rows}
        return "A" not in letters and not any("fetus" in self._index.title(row) for row in rows)

    def _side(self, flags: int, sides: int) -> int:
        own = flags & _SIDED
        if not own or not sides:
            return 0
        if own & BILATERAL:
            return 1 if sides & BILATERAL or sides & 3 == 3 else -1
        return 1 if own & sides else -1

    def _choose(
        self, children: Sequence[_Child], context: Context, named: Sequence[int]
    ) -> tuple[int, float, int, bool, int]:
        """Returns (row, share of its words found, words found, by default, side agreement) of the best child."""
        best: tuple[float, _Child, float, int, int] | None = None
        for child in children:
            share, count = self._share(child, context)
            side = self._side(child.flags, context.sides)
            both = child.flags & BILATERAL and context.sides & 3 == 3
            unsided = child.flags & _SIDED and not side
            score = share + 2.0 * side - 0.25 * bool(unsided) + bool(both) + child.preference
            keeps = False
            if any(child.row <= other < self._end[child.row] for other in named):
                # of children that the phrase names alike, one under which the stated side can be coded (I.B.13)
                keeps = context.sides > 0 and not side and self._has_sides(child.row)
                score += _NAMED + _KEEPS_SIDE * keeps
            if best is None or score > best[0]:
                best = (score, child, max(share, 0.9 * keeps), count, side)
        assert best is not None
        _score, child, share, count, side = best
        by_default = not share and side <= 0
        certainty = 0.5 if by_default else max(share, 0.7 if side > 0 else 0.0)
        return child.row, certainty, count, by_default, side

    def _has_sides(self, row: int) -> bool:
        """Whether codes below a row are of one side each."""
        return bool(np.any(self._flags[row + 1 : int(self._end[row])] & _SIDED))

    def _episodes(
        self, node: int, fit: float, matched: int, defaulted: bool, side: int, context: Context
    ) -> list[Resolved]:
        """Adds the 7th character where the code needs one."""
        if self._billable[node] or self._end[node] == node + 1:
            return [Resolved(node, fit, matched, defaulted, side)]
        letters = {self._index.code(row)[-1]: row for row in range(node + 1, int(self._end[node]))}
        order = _letters(frozenset(letters), _treated(self._index.code(node), context))
        return [
            Resolved(letters[letter], fit * share, matched, defaulted, side)
            for letter, share in zip(order, (1.0, 0.6), strict=False)
        ]


def _added(title: str, parent: str) -> frozenset[str]:
    """Returns the raw words that a title has more often than its parent's."""
    own = Counter(_TITLE_WORDS.findall(title.lower()))
    own.subtract(_TITLE_WORDS.findall(parent.lower()))
    return frozenset(word for word, count in own.items() if count > 0)


def _preference(title: str, added: frozenset[str]) -> float:
    """Returns small preferences that decide only where no word does: what is left open, then what is absent.

    Args:
        title: Title of a child.
        added: The words that it adds to its parent's.
    """
    if _USUAL_DOMINANCE.search(title):
        return 0.05
    if (added & _NOT_SAID or {"not", "specified"} <= added) and not _WITH_UNSPECIFIED.search(title):
        return 0.2
    if added & {"other", "specified", "elsewhere"}:
        return -0.1
    if added & {"without", "uncomplicated", "not"} and "with" not in added:
        return 0.15
    return 0.0 if added else 0.1


def _treated(code: str, context: Context) -> Context:
    """Takes harm by drugs (T36-T50) and complications (T80-T88) for initial encounters.

    Guideline I.C.19.a: they are under active treatment as long as the condition itself is treated, whatever the
    phase of care of what came before.
    """
    return replace(context, episode=INITIAL) if "T36" <= code[:3] <= "T50" or "T80" <= code[:3] <= "T88" else context


# 7th characters of a later encounter by healing (guideline I.C.19.c.1): closed, open type I or II, open type III
_HEALING = {
    "": ("D", "E", "F"),
    "delayed": ("G", "H", "J"),
    "nonunion": ("K", "M", "N"),
    "malunion": ("P", "Q", "R"),
}


def _letters(available: frozenset[str], context: Context) -> list[str]:
    """Returns the 7th characters to propose, best first.

    Nonunion and malunion are what care of a fracture comes to later, in whatever setting (I.C.19.c.1).
    """
    if "A" not in available:
        return ["0"] if "0" in available else sorted(available)[:1]
    first = context.open_fracture if context.open_fracture in available else "A"
    by_type = _HEALING[context.healing]
    later = by_type[("", "B", "C").index(context.open_fracture)]
    later = next((letter for letter in (later, by_type[0], "D") if letter in available), "D")
    if context.healing and context.episode == INITIAL:
        return [later, first] if later != "D" else [first, later]
    order = {INITIAL: [first, "D"], SUBSEQUENT: [later, first], SEQUELA: ["S", "D"]}[context.episode]
    return [letter for letter in order if letter in available]


def side_near(sides: NDArray[np.uint8], first: int, last: int, begin: int, end: int) -> int:
    """Returns the side bits that belong to a mention.

    Args:
        sides: Side bits of the note's tokens.
        first: First token of the mention.
        last: Token after the mention.
        begin: First token of its sentence.
        end: Token after its sentence.

    Returns:
        The bits inside the mention, else those of the nearest side word in the sentence, together with further
        ones joined to it ("right and left").
    """
    inside = int(np.bitwise_or.reduce(sides[first:last], initial=0))
    marked = (np.flatnonzero(sides[begin:end]) + begin).tolist()
    if inside or not marked:
        return inside
    distances = [first - place if place < first else place - last + 1 for place in marked]
    i = distances.index(min(distances))
    step = -1 if marked[i] < first else 1
    bits = int(sides[marked[i]])
    while 0 <= i + step < len(marked) and abs(marked[i + step] - marked[i]) <= 2:
        i += step
        bits |= int(sides[marked[i]])
    return bits
