"""Findings on the verdicts of a claim, its sequence, and what edits report of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from suggest.audit.judge import Case, quotes
from suggest.audit.records import KIND_OF, AuditedLine, AuditFinding, Kind
from suggest.edits.icd10cm_sequence import SEQUENCE_NAMES
from suggest.given import GivenOrder
from suggest.leading import may_lead, reason_behind
from suggest.records import Code, Finding, Severity, System

_CLEARLY = 2.5
"""Least difference of log odds at which the notes alone speak for another first diagnosis."""
_REMEDIES = {
    Kind.UNSUPPORTED: "Read the words: where they are all that the notes say of it, remove the code",
    Kind.NOT_FOUND: "Look for it in the notes, which the program may have misread; if it is not there, remove it",
    Kind.GIVES_WAY: "Remove it, unless the notes give it another cause or meaning",
}
_COMPARE = "Read the words and decide whether {code} describes them better"


def of_lines(case: Case, lines: Iterable[AuditedLine]) -> Iterator[AuditFinding]:
    """Yields the verdicts that ask for a look."""
    for line in lines:
        kind = KIND_OF.get(line.verdict)
        if kind is None:
            continue
        codes = (line.line.code, line.instead) if line.instead else (line.line.code,)
        shown = case.ranked[line.instead.code].probability if line.instead else line.probability
        yield AuditFinding(
            kind=kind,
            codes=codes,
            title=line.title,
            group=line.group,
            message=line.reason,
            remedy=_REMEDIES.get(kind) or _COMPARE.format(code=codes[-1].code),
            probability=shown,
            quotes=line.quotes,
        )


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


def edits(case: Case, findings: Iterable[Finding], told: Sequence[AuditFinding]) -> Iterator[AuditFinding]:
    """Yields the errors and warnings of the edits; what is good to know while coding is no finding of an audit.

    Args:
        case: The claim.
        findings: What the edits report.
        told: What was found otherwise; a warning that says the same again is left out.
    """
    systems = {line.code.code: line.code for line in case.claim.coded.lines}
    first = {found.codes[0].code for found in told if found.kind is Kind.SEQUENCING}
    given_way = {frozenset(code.code for code in found.codes) for found in told if found.kind is Kind.GIVES_WAY}
    for finding in findings:
        if finding.severity is Severity.INFO:
            continue
        if finding.severity is Severity.WARNING and (
            (finding.edit in SEQUENCE_NAMES and first & set(finding.codes)) or frozenset(finding.codes) in given_way
        ):
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
