"""Findings on a claim as a whole: missed codes, sequence, edits, and what stands beside the codes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from suggest.audit.judge import Case, quotes
from suggest.audit.records import KIND_OF, AuditedLine, AuditFinding, Kind
from suggest.edits.coded import CodedLine
from suggest.given import GivenOrder
from suggest.leading import may_lead, reason_behind
from suggest.records import Code, CodeLine, Finding, Severity, System

MISSED_FROM = 0.8
"""Least probability at which a proposed code that was not assigned is reported as missed."""
_CLEARLY = 2.5
"""Least difference of log odds at which the notes alone speak for another first diagnosis."""
_LOOK = "Read the words in the notes and decide"


def of_lines(case: Case, lines: Iterable[AuditedLine]) -> Iterator[AuditFinding]:
    """Yields the verdicts that ask for a look."""
    for line in lines:
        if line.verdict not in KIND_OF:
            continue
        codes = (line.line.code, line.instead) if line.instead else (line.line.code,)
        shown = case.ranked[line.instead.code].probability if line.instead else line.probability
        yield AuditFinding(
            kind=KIND_OF[line.verdict],
            codes=codes,
            title=line.title,
            group=line.group,
            message=line.reason,
            remedy=f"{_LOOK} whether {line.instead.code} describes them better" if line.instead else _LOOK,
            probability=shown,
            quotes=line.quotes,
        )


def missed(case: Case, lines: Sequence[AuditedLine]) -> Iterator[AuditFinding]:
    """Yields what the program proposes with high probability and nobody assigned.

    What was reported as the better code for an assigned one, or is a way of coding an assigned one, is left out.
    """
    told = {line.instead.code for line in lines if line.instead}
    assigned = [line.code for line in case.claim.coded.lines]
    for line in case.suggestion.codes:
        ranked, code = line.ranked, line.ranked.code
        if code.code in case.assigned or code.code in told or ranked.probability < MISSED_FROM:
            continue
        if any(_is_told(case, code, other) for other in assigned):
            continue
        yield AuditFinding(
            kind=Kind.MISSED,
            codes=(Code(code.system, code.code),),
            title=ranked.title,
            group=case.facts.group(code),
            message="the notes support it and the claim does not carry it",
            remedy=f"{_LOOK} whether it meets the definition of a reportable code",
            probability=ranked.probability,
            quotes=quotes(ranked.support),
        )


def _is_told(case: Case, code: Code, other: Code) -> bool:
    if case.facts.is_visit(code):
        return case.facts.is_visit(other)
    return case.facts.same_but_seventh(code, other)


def sequencing(case: Case, order: GivenOrder) -> Iterator[AuditFinding]:
    """Yields a finding where a guideline, or the notes clearly, put another diagnosis first."""
    given = [line.code for line in case.claim.coded.diagnoses]
    if len(given) < 2 or not order.codes or order.codes[0] == given[0].code:
        return
    index = case.facts.tables.index
    first = next(code for code in given if code.code == order.codes[0])
    behind = next((why for code in given if (why := reason_behind(given[0].code, code.code, index))), "")
    # where all stand behind others, as in a circle, nothing can be said
    barred = bool(behind) and not may_lead([code.code for code in given], index)[0]
    if not barred and order.weights[first.code] - order.weights[given[0].code] < _CLEARLY:
        return
    why = f"{given[0].code} follows another code of the claim" if barred else order.lines[0].sequence_reason
    ranked = case.ranked.get(first.code)
    yield AuditFinding(
        kind=Kind.SEQUENCING,
        codes=(given[0], first),
        title=case.facts.title(given[0]),
        group=case.facts.group(given[0]),
        message=f"{first.code} may be the {order.lines[0].role} diagnosis: {why}",
        remedy="Compare with the reason for the encounter, established after study",
        source=behind if barred else "guidelines, sections II and IV.G",
        quotes=quotes(ranked.support) if ranked else (),
    )


def edits(case: Case, findings: Iterable[Finding]) -> Iterator[AuditFinding]:
    """Yields the errors and warnings of the edits; what is good to know while coding is no finding of an audit."""
    systems = {line.code.code: line.code for line in case.claim.coded.lines}
    for finding in findings:
        if finding.severity is Severity.INFO:
            continue
        codes = tuple(systems.get(code, Code(System.ICD10CM, code)) for code in finding.codes)
        yield AuditFinding(
            kind=Kind.EDIT,
            codes=codes,
            title=case.facts.title(codes[0]) if codes else "",
            group=case.facts.group(codes[0]) if codes else "",
            message=finding.message,
            remedy=finding.remedy,
            source=" ".join(part for part in (finding.edit, finding.source, finding.edition) if part),
            severity=finding.severity,
        )


def details(case: Case, lines: Iterable[AuditedLine]) -> Iterator[AuditFinding]:
    """Yields differences of modifiers, units and present-on-admission indicators on codes that both have."""
    for audited in lines:
        proposed = case.proposed.get(audited.line.code.code)
        if proposed is None:
            continue
        for kind, message in _differences(audited.line, proposed):
            yield AuditFinding(
                kind=kind,
                codes=(audited.line.code,),
                title=audited.title,
                group=audited.group,
                message=message,
                remedy=_LOOK,
                probability=audited.probability,
                quotes=audited.quotes,
            )


def _differences(line: CodedLine, proposed: CodeLine) -> Iterator[tuple[Kind, str]]:
    if line.code.system in (System.CPT, System.HCPCS):
        assigned, own = set(line.modifiers), set(proposed.modifiers)
        parts = [f"{code} is not on the claim" for code in proposed.modifiers if code not in assigned]
        parts += [
            f"{code} is on the claim and was not found in the notes" for code in line.modifiers if code not in own
        ]
        if parts:
            yield Kind.MODIFIERS, f"modifiers differ: {'; '.join(parts)}"
        if line.units != proposed.units:
            yield Kind.UNITS, f"the claim has {line.units} units, the notes lead to {proposed.units}"
    if proposed.poa is not None and line.poa is not None and line.poa != proposed.poa:
        yield Kind.POA, f"present on admission is {line.poa} on the claim, the notes lead to {proposed.poa}"
