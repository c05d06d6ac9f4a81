"""Puts the proposed codes in order: first-listed or principal diagnosis, then the others.

First version: conditions in the order of the author's own diagnostic statement, then other conditions by
probability, then status codes, then external causes (guideline I.C.20.a.6: never first). A manifestation comes
after its cause (I.A.13, "code first").
"""

from __future__ import annotations

from collections.abc import Sequence

from suggest.code_sets.index import CodeIndex
from suggest.code_sets.ranges import excludes_codes
from suggest.policy import Policy
from suggest.records import CodeLine, RankedCode
from suggest.features import ROLES, role_number

_ASSESSMENT = ROLES.index("assessment")
# encounters for these reasons come first (guideline I.C.21.c.16)
_FIRST_REASONS = ("Z00", "Z01", "Z02", "Z04", "Z34", "Z38", "Z51.0", "Z51.11", "Z51.12", "Z52")


def sequence(proposed: Sequence[RankedCode], *, index: CodeIndex, policy: Policy) -> tuple[CodeLine, ...]:
    """Returns the proposed codes as lines of a claim, in order, each with the reason for its place."""
    keyed = sorted(proposed, key=_place)
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
        return 4
    if code[0] == "Z":
        return 3
    return 2 if code[0] == "R" else 1


def _place(code: RankedCode) -> tuple[int, int, int, float, str]:
    stated = [
        (int(support.evidence.note_id.isdigit()), support.evidence.start)
        for support in code.support
        if role_number(support.section) == _ASSESSMENT
    ]
    kind = _class(code.code.code)
    group = kind if kind != 2 else 1
    where = min(stated)[1] if stated else 1_000_000_000
    return group, 0 if stated else 1, where, -code.probability, code.code.code


def _causes_first(ordered: list[RankedCode], index: CodeIndex) -> list[RankedCode]:
    """Moves codes with a "code first" note behind the code that the note names."""
    result = list(ordered)
    for code in ordered:
        row = index.row(code.code.code)
        if row is None:
            continue
        ranges = [r for note in index.notes(row, "code_first") for r in excludes_codes(note.text)]
        rows = [index.rows_in(r) for r in ranges]
        causes = [
            other
            for other in result
            if other is not code
            and (cause := index.row(other.code.code)) is not None
            and any(cause in span for span in rows)
        ]
        last = max((result.index(other) for other in causes), default=-1)
        if last > result.index(code):
            result.insert(last, result.pop(result.index(code)))
    return result


def _reason(code: RankedCode, position: int) -> str:
    stated = any(role_number(support.section) == _ASSESSMENT for support in code.support)
    if position == 0:
        return "stands first in the diagnostic statement" if stated else "most probable condition"
    kind = _class(code.code.code)
    if kind == 4:
        return "external causes follow the condition (I.C.20.a.6)"
    if kind == 3:
        return "status and history follow the conditions"
    return "order of the diagnostic statement" if stated else "by probability"
