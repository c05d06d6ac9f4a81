"""Conditions of a newborn: chapter 16 codes take the place of those of other chapters.

Guideline I.C.16.a.5: a newborn's condition that may come from the birth process or from the community is by default
due to the birth process, and a chapter 16 code is used. ``rules/perinatal.tsv`` leads from the condition to it.
"""

from __future__ import annotations

from functools import lru_cache

from suggest.combinations import Combination
from suggest.conventions.present import Present, instead
from suggest.newborn import NEWBORN_YEARS
from suggest.records import Encounter
from suggest.resources import read_table
from suggest.status import PrefixTable


@lru_cache(maxsize=1)
def _table() -> PrefixTable:
    return PrefixTable({row["condition"]: row["code"] for row in read_table("rules/perinatal.tsv")})


def perinatal(present: Present, encounter: Encounter) -> list[Combination]:
    """Returns the chapter 16 codes of a newborn's conditions, up to the 28th day of life."""
    age = encounter.patient.age
    if age is None or age >= NEWBORN_YEARS:
        return []
    found = []
    for category in present.categories:
        for code in present.codes(category):
            target = _table().get(code)
            edges = present.edges(code)
            made = instead(present.index, target, edges, [edges[0].code]) if target else None
            if made is not None:
                found.append(made)
    return found
