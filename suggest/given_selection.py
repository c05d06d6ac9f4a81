"""What selection says of diagnoses that somebody else assigned: denied, left open or named otherwise by the notes.

Edits look at codes alone. These findings come from the words of the notes, by the rules that hold back candidates
of the program (``selection.py``). The program misses words too: each is for a person to read.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from suggest.code_sets.index import CodeIndex
from suggest.edits.report import Report
from suggest.policy import policy_for
from suggest.records import Encounter, Finding, RankedCode, SuppressedCode, System
from suggest.selection import select

_RULES = {
    "assertion": Report("denied-or-past", "guideline IV.J, III.B"),
    "uncertain": Report("uncertain", "guidelines IV.H, II.H, III.C"),
    "confirmed-only": Report("uncertain", "guideline I.C.1"),
    "contradicted": Report("named-otherwise", "guideline I.B.2"),
    "same-words": Report("named-otherwise", "guideline I.B.2"),
}
"""Selection rules that rest on the words of the notes; what the others say, edits say."""
_NOT_FOUND = Report("not-found", "guideline I.A.19")
_REMEDIES = {
    "denied-or-past": "Read the words that name it; remove it, or take the code for a history",
    "uncertain": "Remove it, unless a later note confirms it",
    "named-otherwise": "Compare both with the words of the notes and keep the one that they name",
}


def selection_findings(
    index: CodeIndex,
    encounter: Encounter,
    codes: Sequence[str],
    *,
    ranked: Sequence[RankedCode],
    replaced: Mapping[str, Collection[str]] | None = None,
) -> tuple[Finding, ...]:
    """Returns warnings about given diagnoses, in their order; nothing depends on how probable they are.

    Args:
        index: The code set.
        encounter: The chart; its policy applies.
        codes: Diagnoses with dots; those that the chart does not lead to draw none.
        ranked: All ranked codes of the chart.
        replaced: Code → combination codes that take its place.
    """
    wanted = set(codes)
    selected = select(
        [code for code in ranked if code.code.system is System.ICD10CM and code.code.code in wanted],
        index=index,
        policy=policy_for(encounter),
        replaced=replaced or {},
        threshold=0.0,
        shown=0.0,
    )
    findings = [_finding(code) for code in selected.suppressed if code.rule in _RULES]
    place = {code: number for number, code in enumerate(codes)}
    return tuple(sorted(findings, key=lambda finding: place[finding.codes[0]]))


def not_found(index: CodeIndex, codes: Sequence[str], *, ranked: Sequence[RankedCode]) -> tuple[Finding, ...]:
    """Returns a warning for each given diagnosis of the edition that no words of the chart lead to."""
    named = {code.code.code for code in ranked}
    return tuple(_not_found(code) for code in codes if code not in named and index.row(code) is not None)


def _not_found(code: str) -> Finding:
    message, remedy = f"{code}: no words were found that lead to it", "Name the words of the notes that support it"
    return _NOT_FOUND.warning([code], message, remedy)


def _finding(code: SuppressedCode) -> Finding:
    report = _RULES[code.rule]
    name = code.ranked.code.code
    codes = [name] if code.by is None else [name, code.by]
    beside = "" if code.by is None else f" ({code.by})"
    return report.warning(codes, f"{name}: {code.reason}{beside}", _REMEDIES[report.edit])
