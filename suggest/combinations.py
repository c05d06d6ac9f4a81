"""Combination codes: documented conditions that ICD-10-CM classifies together.

The rules are data (``resources/rules/combinations.tsv``). A rule names what must be documented as present (groups
of code prefixes joined by ``+``), the code that then applies, and the codes that it takes the place of.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from suggest.code_sets.index import CodeIndex
from suggest.edges import PRESENT, Edge
from suggest.lexicon import Source
from suggest.resources import read_table

_ANY_TYPE = "E*"
_RARE = ("E08", "E09", "E10", "E13")  # types that some words of their names do not tell from type 2
_WHOLE = 0.9
_UNSURE = frozenset({Source.LEARNT, Source.CONTEXT, Source.COVERAGE})
_LEAST = 0.6
_DIABETES = ("E08", "E09", "E10", "E11", "E13")


@dataclass(frozen=True, slots=True)
class Rule:
    """One combination rule; prefixes are without dots, ``categories`` those of each part of ``needs``."""

    result: str
    needs: tuple[tuple[str, ...], ...]
    categories: tuple[frozenset[str], ...]
    replaces: tuple[str, ...]
    source: str

    def is_met(self, codes: Collection[str]) -> bool:
        """Tells whether codes without dots hold a part for each need."""
        return all(any(code.startswith(need) for code in codes) for need in self.needs)


@dataclass(frozen=True, slots=True)
class Combination:
    """A rule that applies: its code, its edges, and the rows that it replaces."""

    row: int
    edges: tuple[Edge, ...]
    replaces: tuple[int, ...]


@lru_cache(maxsize=1)
def combination_rules() -> tuple[Rule, ...]:
    """Reads the rules, in file order: later rules may build on the results of earlier ones."""
    rules = []
    for row in chain.from_iterable(map(_each_type, read_table("rules/combinations.tsv"))):
        needs = tuple(tuple(p.replace(".", "") for p in part.strip().split("|")) for part in row["needs"].split("+"))
        replaces = tuple(code.replace(".", "") for code in row["replaces"].split())
        categories = tuple(frozenset(prefix[:3] for prefix in prefixes) for prefixes in needs)
        rules.append(Rule(row["result"], needs, categories, replaces, row["source"]))
    return tuple(rules)


def _each_type(row: dict[str, str]) -> Iterator[dict[str, str]]:
    """Yields a line for each category of diabetes where it says ``E*``: their subdivisions are the same."""
    if _ANY_TYPE not in row["result"]:
        yield row
        return
    for category in _DIABETES:
        yield {name: cell.replace(_ANY_TYPE, category) for name, cell in row.items()}


def combine(index: CodeIndex, rows: Sequence[Edge]) -> list[Combination]:
    """Returns the combinations that the present codes of an encounter give rise to."""
    strongest: dict[int, Edge] = {}
    count = len(index)
    for edge in rows:
        if edge.status == PRESENT and edge.code < count and _may_combine(edge):
            known = strongest.get(edge.code)
            if known is None or _strength(edge) > _strength(known):
                strongest[edge.code] = edge
    present = {index.code(code).replace(".", ""): edge for code, edge in strongest.items()}
    best: dict[str, dict[str, Edge]] = {}
    for code, edge in present.items():
        if not (code.startswith(_RARE) and _is_loose(edge)):
            best.setdefault(code[:3], {})[code] = edge
    found = []
    for rule in combination_rules():
        if any(categories.isdisjoint(best) for categories in rule.categories):
            continue
        parts = [_strongest(best, *need) for need in zip(rule.needs, rule.categories, strict=True)]
        target = index.row(rule.result)
        if target is None or any(part is None for part in parts):
            continue
        kept = [part for part in parts if part is not None]
        quality = min(part.quality for part in kept)
        fit = min(part.fit for part in kept)
        edges = tuple(
            part._replace(
                code=target, source=int(Source.COMBINATION), quality=quality, fit=fit, defaulted=0, status=PRESENT
            )
            for part in kept
        )
        replaced = {code[:3] for code in rule.replaces}.intersection(best)
        dropped = [
            edge.code
            for category in sorted(replaced)
            for code, edge in best[category].items()
            if code.startswith(rule.replaces) and edge.code != target
        ]
        found.append(Combination(target, edges, tuple(dropped)))
        best.setdefault(rule.result[:3], {})[rule.result.replace(".", "")] = edges[0]
    return found


def _may_combine(edge: Edge) -> bool:
    """Whether an edge says well enough that a condition is documented."""
    if edge.source in _UNSURE:
        return edge.quality >= _LEAST
    return edge.source not in (Source.DRUG, Source.ALLERGEN)


def _is_loose(edge: Edge) -> bool:
    return edge.source == Source.COVERAGE and edge.quality < _WHOLE


def _strength(edge: Edge) -> float:
    return edge.quality * edge.fit


def _strongest(best: dict[str, dict[str, Edge]], prefixes: tuple[str, ...], categories: frozenset[str]) -> Edge | None:
    """Returns the strongest edge to a code with one of the prefixes, which lie in ``categories``."""
    fitting = [
        edge
        for category in sorted(categories.intersection(best))
        for code, edge in best[category].items()
        if code.startswith(prefixes)
    ]
    return max(fitting, key=_strength, default=None)
