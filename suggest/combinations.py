"""Combination codes: documented conditions that ICD-10-CM classifies together.

The rules are data (``resources/rules/combinations.tsv``). A rule names what must be documented as present (groups
of code prefixes joined by ``+``), the code that then applies, and the codes that it takes the place of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from suggest.code_sets.index import CodeIndex
from suggest.lexicon import Source
from suggest.resources import read_table

# mirrors ``candidates._Row``: code, mention, source, quality, weight, fit, matched, defaulted, side, status, text
Row = tuple[int, int, int, float, float, float, int, int, int, int, int]
_STATUS, _CODE, _QUALITY, _FIT, _SOURCE = 9, 0, 3, 5, 2


@dataclass(frozen=True, slots=True)
class Rule:
    """One combination rule; prefixes are without dots."""

    result: str
    needs: tuple[tuple[str, ...], ...]
    replaces: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Combination:
    """A rule that applies: its code, its edges, and the rows that it replaces."""

    row: int
    edges: tuple[Row, ...]
    replaces: tuple[int, ...]


@lru_cache(maxsize=1)
def combination_rules() -> tuple[Rule, ...]:
    """Reads the rules, in file order: later rules may build on the results of earlier ones."""
    rules = []
    for row in read_table("rules/combinations.tsv"):
        needs = tuple(tuple(p.replace(".", "") for p in part.strip().split("|")) for part in row["needs"].split("+"))
        replaces = tuple(code.replace(".", "") for code in row["replaces"].split())
        rules.append(Rule(row["result"], needs, replaces, row["source"]))
    return tuple(rules)


def combine(index: CodeIndex, rows: Sequence[Row]) -> list[Combination]:
    """Returns the combinations that the present codes of an encounter give rise to."""
    strongest: dict[int, Row] = {}
    count = len(index)
    for row in rows:
        if row[_STATUS] == 0 and row[_CODE] < count and row[_SOURCE] not in (Source.DRUG, Source.ALLERGEN):
            known = strongest.get(row[_CODE])
            if known is None or _strength(row) > _strength(known):
                strongest[row[_CODE]] = row
    best = {index.code(code).replace(".", ""): row for code, row in strongest.items()}
    categories = {code[:3] for code in best}
    found = []
    for rule in combination_rules():
        if not all(any(prefix[:3] in categories for prefix in prefixes) for prefixes in rule.needs):
            continue
        parts = [_strongest(best, prefixes) for prefixes in rule.needs]
        target = index.row(rule.result)
        if target is None or any(part is None for part in parts):
            continue
        kept = [part for part in parts if part is not None]
        quality = min(_strength(part) for part in kept)
        edges = tuple(
            (target, p[1], int(Source.COMBINATION), quality, p[4], min(x[_FIT] for x in kept), p[6], 0, p[8], 0, p[10])
            for p in kept
        )
        dropped = tuple(best[code][_CODE] for code in best if code.startswith(rule.replaces)) if rule.replaces else ()
        found.append(Combination(target, edges, tuple(row for row in dropped if row != target)))
        best[rule.result.replace(".", "")] = edges[0]
        categories.add(rule.result[:3])
    return found


def _strength(row: Row) -> float:
    return row[_QUALITY] * row[_FIT]


def _strongest(best: dict[str, Row], prefixes: tuple[str, ...]) -> Row | None:
    fitting = [row for code, row in best.items() if code.startswith(prefixes)]
    return max(fitting, key=_strength, default=None)
