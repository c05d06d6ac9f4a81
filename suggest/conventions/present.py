"""The codes that the notes say are present, by category."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from suggest.code_sets.index import CodeIndex
from suggest.combinations import Combination
from suggest.edges import PRESENT, Edge
from suggest.lexicon import Source

_NAMED = frozenset({Source.TITLE, Source.INCLUSION, Source.LEXICON, Source.COMBINATION, Source.MEASUREMENT})
_LIKELY, _WHOLE = 0.75, 0.9


class Present:
    """Edges of an encounter that say that something is present, and mean it.

    Edges of a named term count, those of learnt phrases and of words that stand together only when they are
    likely; drugs and allergens are no conditions.
    """

    def __init__(self, index: CodeIndex, rows: Iterable[Edge]) -> None:
        """Sorts the edges by code."""
        self.index = index
        self._by_code: dict[str, list[Edge]] = {}
        self._categories: dict[str, list[str]] = {}
        self._rows: dict[int, str] = {}
        count = len(index)
        for edge in rows:
            if edge.status == PRESENT and edge.code < count and _counts(edge):
                self._add(edge)

    def _add(self, edge: Edge) -> None:
        code = self._rows.get(edge.code)
        if code is None:
            code = self._rows[edge.code] = self.index.code(edge.code)
            self._by_code[code] = []
            self._categories.setdefault(code[:3], []).append(code)
        self._by_code[code].append(edge)

    @property
    def categories(self) -> Iterable[str]:
        """The 3-character categories of the codes."""
        return self._categories.keys()

    def codes(self, prefix: str) -> Iterator[str]:
        """Yields the codes that begin with a prefix of one character, or of three and more."""
        if len(prefix) < 3:
            yield from (code for code in self._by_code if code.startswith(prefix))
        else:
            yield from (code for code in self._categories.get(prefix[:3], ()) if code.startswith(prefix))

    def edges(self, code: str) -> Sequence[Edge]:
        """Returns the edges of a code."""
        return self._by_code[code]

    def has(self, *prefixes: str) -> bool:
        """Whether a code begins with one of the prefixes."""
        return any(True for prefix in prefixes for _code in self.codes(prefix))

    def is_named(self, code: str) -> bool:
        """Whether a term names a code, rather than some of its words, a learnt phrase or a combination."""
        return any(
            edge.source <= Source.LEXICON or (edge.source == Source.COVERAGE and edge.quality >= _WHOLE)
            for edge in self._by_code[code]
        )


def _counts(edge: Edge) -> bool:
    return edge.source in _NAMED or (
        edge.quality >= _LIKELY and edge.source in (Source.LEARNT, Source.COVERAGE, Source.PERSONAL_HISTORY)
    )


def instead(index: CodeIndex, code: str, edges: Iterable[Edge], replaces: Sequence[int] = ()) -> Combination | None:
    """Returns a code that stands on the evidence of others, ``None`` where the edition does not have it.

    Args:
        index: The code set.
        code: The code.
        edges: The edges of what it is made from.
        replaces: Rows that it takes the place of.
    """
    row = index.row(code)
    if row is None or not index.billable[row]:
        return None
    made = tuple(edge._replace(code=row, source=int(Source.COMBINATION), defaulted=0, status=PRESENT) for edge in edges)
    return Combination(row, made, tuple(part for part in replaces if part != row))
