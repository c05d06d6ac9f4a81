"""Chapter 15: what pregnancy, childbirth and puerperium make of other codes (guideline I.C.15).

Codes of chapter 15 come first: a condition of a pregnant patient is taken to complicate the pregnancy unless the
provider says otherwise (I.C.15.a.1). ``rules/pregnancy.tsv`` leads from the condition to its chapter 15 stem; the
leaf below the stem is that of the trimester, of childbirth or of the puerperium (I.C.15.a.3). Leaves that a term
names without a period move to the period of the encounter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from suggest.code_sets.index import CodeIndex
from suggest.combinations import Combination
from suggest.conventions.present import Present, instead
from suggest.edges import Edge
from suggest.pregnancy import CHILDBIRTH, PREGNANCY, PUERPERIUM
from suggest.reading import in_section
from suggest.records import Mention
from suggest.resources import read_table
from suggest.setting_context import EncounterFacts
from suggest.status import PrefixTable

_OPEN = "unspecified"  # trimester not said
_TRIMESTERS = ("first", "second", "third", _OPEN)
_TRIMESTER = re.compile(r"\b(first|second|third|unspecified) trimester\b")
_PERIOD = re.compile(r"\b(?:complicating|in|of)(?: the)? (pregnancy|childbirth|puerperium)\b")
_BRACKETS = re.compile(r"\s*\([^)]*\)")
_OBSERVED = ("exam", "labs")
_MOVABLE = ("O", "Z34")


@lru_cache(maxsize=1)
def _stems() -> PrefixTable:
    return PrefixTable({row["condition"]: row["stem"] for row in read_table("rules/pregnancy.tsv")})


@lru_cache(maxsize=1)
def _replaced() -> PrefixTable:
    rows = read_table("rules/pregnancy.tsv")
    return PrefixTable({row["condition"]: row["replaces"] for row in rows if row["replaces"]})


def maternal(
    present: Present, found: Sequence[Combination], mentions: Sequence[Mention], facts: EncounterFacts
) -> list[Combination]:
    """Returns the chapter 15 codes of an encounter in pregnancy, childbirth or puerperium.

    Args:
        present: The codes found so far.
        found: What other conventions add to them.
        mentions: The mentions of the encounter; a sign in the examination is no diagnosis that complicates.
        facts: Period and trimester.
    """
    index = present.index
    codes: dict[str, Sequence[Edge]] = {}
    for category in present.categories:
        for code in present.codes(category):
            said = [e for e in present.edges(code) if not in_section(mentions[e.mention].section, _OBSERVED)]
            if said:
                codes[code] = said
    for combination in found:
        codes.setdefault(index.code(combination.row), combination.edges)
    return [*_complicating(index, codes, facts), *_moved(index, codes, facts)]


def _complicating(index: CodeIndex, codes: dict[str, Sequence[Edge]], facts: EncounterFacts) -> Iterator[Combination]:
    """Yields the chapter 15 codes of conditions of other chapters."""
    parts: dict[str, list[Edge]] = {}
    replaces: dict[str, list[int]] = {}
    for code, edges in codes.items():
        stem = _stems().get(code)
        leaf = _leaf(index, stem, facts) if stem else None
        if leaf is not None:
            parts.setdefault(leaf, []).extend(edges)
            if code in _replaced():
                replaces.setdefault(leaf, []).append(edges[0].code)
    for leaf, edges in parts.items():
        made = instead(index, leaf, edges, replaces.get(leaf, ()))
        if made is not None:
            yield made


def _moved(index: CodeIndex, codes: dict[str, Sequence[Edge]], facts: EncounterFacts) -> Iterator[Combination]:
    """Yields the leaves of the encounter's period for those that a term names without it."""
    for code, edges in codes.items():
        if not code.startswith(_MOVABLE):
            continue
        said = _said(index.title(edges[0].code))
        if said is None or (said in _TRIMESTERS[:3] and facts.period == PREGNANCY):
            continue
        leaves = _periods(index, code[:3]).get(_bare(index.title(edges[0].code)), {})
        target = _of_period(leaves, facts)
        if target is not None and target != code:
            made = instead(index, target, edges, [edges[0].code])
            if made is not None:
                yield made


def _leaf(index: CodeIndex, stem: str, facts: EncounterFacts) -> str | None:
    leaves: dict[str, str] = {}
    for group in _periods(index, stem).values():
        leaves = group | leaves  # the first leaves below a stem are those of the stem as such
    return _of_period(leaves, facts)


def _of_period(leaves: dict[str, str], facts: EncounterFacts) -> str | None:
    """Returns the leaf of the encounter's period; childbirth falls back on the trimester of the birth."""
    trimester = _TRIMESTERS[facts.trimester - 1]
    order = {
        PREGNANCY: (trimester, PREGNANCY),
        CHILDBIRTH: (CHILDBIRTH, trimester, PUERPERIUM),
        PUERPERIUM: (PUERPERIUM,),
    }[facts.period]
    return next((leaves[said] for said in order if said in leaves), None)


@lru_cache(maxsize=1000)
def _periods(index: CodeIndex, stem: str) -> dict[str, dict[str, str]]:
    """Returns the leaves below a stem: title without its period → period → code (of a fetus, that of any)."""
    row = index.row(stem)
    found: dict[str, dict[str, str]] = {}
    if row is None:
        return found
    for leaf in range(row, int(index.end[row])):
        said = _said(index.title(leaf)) if index.billable[leaf] else None
        if said is not None:
            found.setdefault(_bare(index.title(leaf)), {}).setdefault(said, index.code(leaf))
    return found


def _said(title: str) -> str | None:
    """Returns the period that a title names: a trimester, pregnancy, childbirth or puerperium."""
    lower = title.lower()
    trimester = _TRIMESTER.search(lower)
    if trimester:
        return trimester.group(1)
    period = _PERIOD.search(lower)
    return period.group(1) if period else None


def _bare(title: str) -> str:
    """Returns a title without the words of its period."""
    lower = _BRACKETS.sub("", title.lower())
    return re.sub(r"[\s,]+", " ", _PERIOD.sub("", _TRIMESTER.sub("", lower))).strip()
