"""Turns audits into answers, with offsets in the unit that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from api import responses_audits as out
from api.render import Utf16Offsets, stamp_out
from api.schemas import Offsets
from suggest.audit.records import AuditedClaim, AuditedLine, AuditFinding, Quote
from suggest.audit.summary import Agreement, AuditSummary
from suggest.records import Code

_Shift = Callable[[str, int], int]


def audit_out(claims: Sequence[AuditedClaim], summary: AuditSummary, *, offsets: Offsets) -> out.AuditOut:
    """Returns an audit as it is answered.

    Args:
        claims: The audited claims.
        summary: Their figures.
        offsets: Unit of the offsets in the answer.
    """
    return out.AuditOut(
        offsets=offsets,
        encounters=[_claim(claim, offsets) for claim in claims],
        summary=out.AuditSummaryOut(
            claims=summary.claims,
            assigned=summary.assigned,
            not_assessed=summary.not_assessed,
            overall=_agreement(summary.overall),
            by_coder=[_agreement(row) for row in summary.by_coder],
            by_code=[_agreement(row) for row in summary.by_code],
            by_group=[_agreement(row) for row in summary.by_group],
            kinds=dict(summary.kinds),
        ),
    )


def _claim(claim: AuditedClaim, offsets: Offsets) -> out.AuditedEncounterOut:
    notes = claim.claim.coded.encounter.notes
    shift: _Shift = Utf16Offsets(notes) if offsets is Offsets.UTF_16 else _unshifted
    return out.AuditedEncounterOut(
        id=claim.claim.id or None,
        coder=claim.claim.coder or None,
        codes=[_line(line, shift) for line in claim.lines],
        findings=[_finding(finding, shift) for finding in claim.findings],
        sequence=list(claim.sequence),
        stamp=stamp_out(claim.stamp),
    )


def _unshifted(_note_id: str, offset: int) -> int:
    return offset


def _line(line: AuditedLine, shift: _Shift) -> out.AuditedLineOut:
    return out.AuditedLineOut(
        system=line.line.code.system,
        code=line.line.code.code,
        title=line.title,
        group=line.group,
        verdict=line.verdict,
        proposed=line.proposed,
        probability=line.probability,
        reason=line.reason,
        instead=_code(line.instead) if line.instead else None,
        quotes=[_quote(quote, shift) for quote in line.quotes],
    )


def _finding(finding: AuditFinding, shift: _Shift) -> out.AuditFindingOut:
    return out.AuditFindingOut(
        kind=finding.kind,
        codes=[_code(code) for code in finding.codes],
        message=finding.message,
        remedy=finding.remedy,
        source=finding.source,
        severity=finding.severity,
        probability=finding.probability,
        quotes=[_quote(quote, shift) for quote in finding.quotes],
    )


def _code(code: Code) -> out.CodeRef:
    return out.CodeRef(system=code.system, code=code.code)


def _quote(quote: Quote, shift: _Shift) -> out.QuoteOut:
    evidence = quote.evidence
    return out.QuoteOut(
        note_id=evidence.note_id,
        start=shift(evidence.note_id, evidence.start),
        end=shift(evidence.note_id, evidence.end),
        quote=evidence.quote,
        section=quote.section,
        said=quote.said,
    )


def _agreement(row: Agreement) -> out.AgreementOut:
    return out.AgreementOut(
        name=row.name,
        agreed=row.agreed,
        codes=row.codes,
        share=row.share,
        interval=row.interval,
        is_small=row.is_small,
    )
