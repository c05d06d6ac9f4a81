"""Puts the proposed codes in order: first-listed or principal diagnosis, then the others.

The first is the one that the model holds most likely to be listed first (learnt from coded charts: where the
author's statement names it, what kind of code it is), among those that no guideline puts behind another
(``rules/sequence.tsv``) and that have no "code first" note for one of the others.
The others follow in the order of the author's diagnostic statement, then by probability, then status codes,
then external causes. A manifestation comes after its cause (I.A.13, "code first").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from suggest.code_sets.index import CodeIndex
from suggest.feature_names import ROLES, role_number
from suggest.leading import may_lead, noted_behind
from suggest.policy import Policy
from suggest.records import AssertionStatus, CodeLine, RankedCode

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
        free = may_lead([code.code.code for code in keyed], index)
        able = [code for code, may in zip(keyed, free, strict=True) if may]
        lead = max(able, key=lambda code: (_class(code.code.code) < _EXTERNAL, first.get(code.code.code, 0.0)))
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
        causes = [
            other for other in result if other is not code and noted_behind(code.code.code, other.code.code, index)
        ]
        last = max((result.index(other) for other in causes), default=-1)
        if last > result.index(code):
            result.insert(last, result.pop(result.index(code)))
    return result


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
