"""Codes that the program proposes and nobody assigned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from suggest.audit.judge import Case, quotes
from suggest.audit.records import AuditedLine, AuditFinding, Kind, Verdict
from suggest.edits.coded import CodedLine
from suggest.edits.icd10cm_sequence import SEQUENCE_NAMES
from suggest.edits.run import run_edits
from suggest.feature_names import ROLES, role_number
from suggest.records import Code, Finding, Severity, Support, System

MISSED_FROM = 0.85
"""Least probability at which a proposed code that was not assigned is reported.

Coders miss few codes, so that most codes which are proposed and not assigned are errors of the program unless the
probability is high.
"""
_OBJECTIVE = ROLES.index("objective")
_FIRST_STEPS_BACK = frozenset({"gives-way", "integral-symptom", "part-of-disease"})
"""Edits that name first the code that goes."""
_NO_FINDINGS = "STUVWXYZ"
"""First letters of codes that examinations and tests do not find: injuries, causes, reasons for encounters."""
_POLICY = "status, history and external causes are added by the coder's policy"
_FINDING = "only findings of examinations and tests name it"


def missed(case: Case, lines: Sequence[AuditedLine]) -> Iterator[AuditFinding]:
    """Yields what the program proposes with high probability and nobody assigned.

    Left out are what was reported as the better code for an assigned one, ways of coding an assigned one, and what
    does not go together with an assigned code that the notes support. What coders add by their policy is optional.
    """
    told = {line.instead.code for line in lines if line.instead}
    for proposed in case.suggestion.codes:
        ranked, code = proposed.ranked, proposed.ranked.code
        if code.code in case.assigned or code.code in told or ranked.probability < MISSED_FROM:
            continue
        if _is_told(case, code) or _clashes(case, code, lines):
            continue
        why, source = _optional(case, code, ranked.support)
        yield AuditFinding(
            kind=Kind.OPTIONAL if why else Kind.MISSED,
            codes=(Code(code.system, code.code),),
            title=ranked.title,
            group=case.facts.group(code),
            message=f"the notes support it and the claim does not carry it{f'; {why}' if why else ''}",
            remedy="Add it if your policy asks for such codes and the words bear it out"
            if why
            else "Read the words: add it if it was evaluated, treated, or changed the care",
            source=source,
            probability=ranked.probability,
            quotes=quotes(ranked.support),
        )


def _is_told(case: Case, code: Code) -> bool:
    """Whether an assigned code is another way of coding the same."""
    assigned = (line.code for line in case.claim.coded.lines)
    if case.facts.is_visit(code):
        return any(map(case.facts.is_visit, assigned))
    if code.system is System.ICD10PCS:
        # the same operation on the same body part: approach, device and qualifier are judged with the assigned code
        return any(case.facts.are_kin(code, other) for other in assigned)
    return any(case.facts.same_but_seventh(code, other) for other in assigned)


def _clashes(case: Case, code: Code, lines: Sequence[AuditedLine]) -> bool:
    """Whether edits would object to a diagnosis beside an assigned one that the notes support."""
    if code.system is not System.ICD10CM:
        return False
    supported = {line.line.code.code for line in lines if line.verdict is Verdict.SUPPORTED}
    coded = case.claim.coded
    wider = replace(coded, lines=(*coded.lines, CodedLine(Code(code.system, code.code))))
    return any(_objects(finding, code.code, supported) for finding in run_edits(wider, case.facts.tables))


def _objects(finding: Finding, code: str, supported: set[str]) -> bool:
    if finding.severity is Severity.INFO or finding.edit in SEQUENCE_NAMES or code not in finding.codes:
        return False
    if finding.edit in _FIRST_STEPS_BACK and finding.codes[0] != code:
        return False
    others = set(finding.codes) - {code}
    return bool(others) and others <= supported


def _optional(case: Case, code: Code, support: Sequence[Support]) -> tuple[str, str]:
    """Returns why a code is a matter of policy, and the guideline; nothing where it is a matter of the notes."""
    if code.system is not System.ICD10CM:
        return "", ""
    if case.facts.is_by_policy(code):
        if any(case.facts.is_asked_for(code, line.code) for line in case.claim.coded.diagnoses):
            return "", ""
        return _POLICY, "guidelines I.C.20 and I.C.21.c"
    if code.code[0] not in _NO_FINDINGS and support and all(role_number(one.section) == _OBJECTIVE for one in support):
        return _FINDING, "guideline III.B"
    return "", ""
