"""The diagnoses of a coded set as edits look at them: those that the edition has, each once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

from suggest.edits.coded import CodedSet
from suggest.edits.facts import Facts
from suggest.edits.tables import EditTables


def known(coded: CodedSet, tables: EditTables) -> list[Facts]:
    """Returns the diagnoses that the edition has, in sequence, each once."""
    facts = tables.facts
    found = (facts(line.code.code) for line in coded.diagnoses)
    return list({fact.row: fact for fact in found if fact is not None}.values())


def pairs(coded: CodedSet, tables: EditTables) -> Iterator[tuple[Facts, Facts]]:
    """Yields all pairs of known diagnoses, in tabular order whatever their order on the claim."""
    yield from combinations(sorted(known(coded, tables), key=_row), 2)


def grouped(diagnoses: list[Facts], key: Callable[[Facts], object], *, least: int = 2) -> Iterator[list[Facts]]:
    """Yields the groups of at least so many diagnoses that share a key, each in tabular order."""
    groups: dict[object, list[Facts]] = {}
    for fact in sorted(diagnoses, key=_row):
        groups.setdefault(key(fact), []).append(fact)
    return (group for group in groups.values() if len(group) >= least)


def _row(fact: Facts) -> int:
    return fact.row
