"""Puts the proposed codes in order: first-listed or principal diagnosis, then the others.

The first is the one that the model holds most likely to be listed first (learnt from coded charts: where the
author's statement names it, what kind of code it is), among those that no guideline puts behind another
(``rules/sequence.tsv``) and that have no "code first" note for one of the others.
The others follow in the order of the author's diagnostic statement, then by probability, then status codes,
then external causes. A manifestation comes after its cause (I.A.13, "code first").
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from suggest.code_sets.index import CodeIndex
from suggest.code_sets.ranges import excludes_codes
from suggest.feature_names import ROLES, role_number
from suggest.policy import Policy
from suggest.records import AssertionStatus, CodeLine, RankedCode
from suggest.resources import read_table

_INDIRECT = frozenset({"learnt", "combination"})
_EXTERNAL = 4
_ASSESSMENT = ROLES.index("assessment")
# encounters for these reasons come first (guideline I.C.21.c.16)
_FIRST_REASONS = ("Z00", "Z01", "Z02", "Z04", "Z34", "Z38", "Z51.0", "Z51.11", "Z51.12", "Z52")


def sequence(
    proposed: Sequence[RankedCode], *, index: CodeIndex, policy: Policy, first: Mapping[str, float] | None = None
) -> tuple[CodeLine, ...]:
    """Returns the proposed codes as lines of a claim, in order, each with the reason for its place.

    Args:
        proposed: The codes to put in order.
        index: The code set, for "code first" notes.
        policy: Says what the first code is called.
        first: Code → how likely it is to be listed first; without it the diagnostic statement decides.
    """
    keyed = sorted(proposed, key=_place)
    if first and keyed:
        free = _free_to_lead(keyed, index)
        lead = max(free, key=lambda code: (_class(code.code.code) < _EXTERNAL, first.get(code.code.code, 0.0)))
        keyed = [lead, *(code for code in keyed if code is not lead)]
    keyed = _causes_first(keyed, index)
    return tuple(
        CodeLine(
            ranked=code,
            role=policy.principal if position == 0 else "additional",
            sequence_reason=_reason(code, position),
        )
        for position, code in enumerate(keyed)
    )


@dataclass(frozen=True, slots=True)
class Precedence:
    """A guideline that puts some codes before others; both are patterns of codes without dots.

    A code that fits both is put before nothing: it is one of those that follow.
    """

    first: re.Pattern[str]
    then: re.Pattern[str]
    source: str


@lru_cache(maxsize=1)
def precedences() -> tuple[Precedence, ...]:
    """Reads ``rules/sequence.tsv``."""
    rows = read_table("rules/sequence.tsv")
    return tuple(Precedence(re.compile(row["first"]), re.compile(row["then"]), row["source"]) for row in rows)


@lru_cache(maxsize=200_000)
def _follows(code: str, other: str) -> bool:
    """Whether a guideline puts a code behind another one that is on the same claim."""
    plain, before = code.replace(".", ""), other.replace(".", "")
    return any(
        rule.then.search(plain) and rule.first.search(before) and not rule.then.search(before) for rule in precedences()
    )


def _free_to_lead(codes: Sequence[RankedCode], index: CodeIndex) -> list[RankedCode]:
    """Returns the codes that may be listed first: those that follow none of the others, or all if none is free."""
    rows = {code.code.code: index.row(code.code.code) for code in codes}
    free = []
    for code in codes:
        name = code.code.code
        row = rows[name]
        causes: frozenset[int | None] = _rows_to_code_first(index, row) if row is not None else frozenset()
        if not any(
            other is not code and (rows[other.code.code] in causes or _follows(name, other.code.code))
            for other in codes
        ):
            free.append(code)
    return free or list(codes)


def _class(code: str) -> int:
    if code.startswith(_FIRST_REASONS):
        return 0
    if code[0] in "VWXY":
        return _EXTERNAL
    if code[0] == "Z":
        return 3
    return 2 if code[0] == "R" else 1


def _place(code: RankedCode) -> tuple[int, int, int, float, str]:
    kind = _class(code.code.code)
    where = _stated_at(code)
    return (1 if kind == 2 else kind), int(where is None), where or 0, -code.probability, code.code.code


def _stated_at(code: RankedCode) -> int | None:
    """Offset at which the author's diagnostic statement names the code, ``None`` where it does not."""
    stated = [
        support.evidence.start
        for support in code.support
        if role_number(support.section) == _ASSESSMENT
        and support.source not in _INDIRECT
        and support.assertion.status in (AssertionStatus.PRESENT, AssertionStatus.POSSIBLE)
    ]
    return min(stated, default=None)


def _causes_first(ordered: list[RankedCode], index: CodeIndex) -> list[RankedCode]:
    """Moves codes with a "code first" note behind the code that the note names."""
    result = list(ordered)
    for code in ordered:
        row = index.row(code.code.code)
        if row is None:
            continue
        named = _rows_to_code_first(index, row)
        causes = [other for other in result if other is not code and index.row(other.code.code) in named]
        last = max((result.index(other) for other in causes), default=-1)
        if last > result.index(code):
            result.insert(last, result.pop(result.index(code)))
    return result


@lru_cache(maxsize=20_000)
def _rows_to_code_first(index: CodeIndex, row: int) -> frozenset[int]:
    """Returns the rows that the "code first" notes of a code name."""
    ranges = (found for note in index.notes(row, "code_first") for found in excludes_codes(note.text))
    return frozenset(int(cause) for found in ranges for cause in index.rows_in(found))


def _reason(code: RankedCode, position: int) -> str:
    stated = _stated_at(code) is not None
    if position == 0:
        return "most likely reason for the encounter" + (", in the diagnostic statement" if stated else "")
    kind = _class(code.code.code)
    if kind == _EXTERNAL:
        return "external causes follow the condition (I.C.20.a.6)"
    if kind == 3:
        return "status and history follow the conditions"
    return "order of the diagnostic statement" if stated else "by probability"
