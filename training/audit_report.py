"""Writes an audit as one HTML file that needs nothing else: figures, plots, and findings with words of the charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from suggest.audit.records import AuditedClaim, AuditedLine, AuditFinding, Kind, Quote, Verdict
from suggest.audit.summary import NO_CODER, SMALL, AuditSummary
from training.errors import Excerpt, excerpt_of
from training.report_files import render

AUDIT_REPORT = "ChartCoder audit report"

EXPLAINED = {
    Kind.UNSUPPORTED: "the notes deny the code, or call it past, uncertain or another person's",
    Kind.MORE_SPECIFIC: "the notes lead to a code of the same category that says more",
    Kind.DIFFERENT: "the notes lead to another code of the same kind: side, stage, level of visit",
    Kind.GIVES_WAY: "the notes name it, but guidelines put another code in its place or leave it out",
    Kind.NOT_FOUND: "nothing in the notes was found that names the code; the program misses words, so read them",
    Kind.MISSED: "the program holds a code likely that nobody assigned",
    Kind.OPTIONAL: "the same of a code that coders add by their policy: status, history, external causes, and what "
    "only examinations and tests name; does not count against agreement",
    Kind.SEQUENCING: "a guideline, or the notes clearly, put another diagnosis first",
    Kind.EDIT: "an edit of the claim reports an error or a warning",
    Kind.MODIFIERS: "the notes lead to other modifiers",
    Kind.UNITS: "the notes lead to other units",
    Kind.POA: "the notes lead to another present-on-admission indicator",
}
"""What each kind of finding means."""
_MOST_CODES = 25
_MOST_WORDS = 3


@dataclass(frozen=True, slots=True)
class Words:
    """Words of a chart as a row shows them."""

    excerpt: Excerpt
    section: str
    said: str


@dataclass(frozen=True, slots=True)
class Row:
    """A finding with what its row shows."""

    claim: AuditedClaim
    finding: AuditFinding
    words: tuple[Words, ...]


def render_audit(claims: Sequence[AuditedClaim], summary: AuditSummary, *, source: str) -> str:
    """Returns the report as HTML.

    Args:
        claims: The audited claims, at least one.
        summary: Their figures.
        source: Name of the file that the claims came from.
    """
    rows = [Row(claim, finding, _words(claim, finding.quotes)) for claim in claims for finding in claim.findings]
    order = tuple(Kind)
    rows.sort(key=lambda row: (order.index(row.finding.kind), row.claim.claim.id))
    return render(
        "audit.html",
        AUDIT_REPORT,
        styles=("errors.css", "audit.css"),
        script="errors.js",
        source=source,
        created=datetime.now(UTC),
        stamp=claims[0].stamp,
        summary=summary,
        small=SMALL,
        rows=rows,
        claims=claims,
        details=[[(line, _words(claim, line.quotes)) for line in claim.lines] for claim in claims],
        supported=Verdict.SUPPORTED,
        not_assessed=Verdict.NOT_ASSESSED,
        most_codes=_MOST_CODES,
        explained=EXPLAINED,
        kinds=[kind for kind in Kind if summary.kinds[kind]],
        most=max(summary.kinds.values(), default=0),
        coders=sorted({claim.claim.coder or NO_CODER for claim in claims}),
        no_coder=NO_CODER,
        groups=sorted({row.finding.group for row in rows if row.finding.group}),
        settings=sorted({claim.claim.coded.encounter.setting.value for claim in claims}),
        told=_told,
    )


def _words(claim: AuditedClaim, quotes: Sequence[Quote]) -> tuple[Words, ...]:
    texts = {note.id: note.text for note in claim.claim.coded.encounter.notes}
    found = []
    for quote in quotes[:_MOST_WORDS]:
        evidence = quote.evidence
        section = "no heading" if quote.section == "none" else quote.section.replace("_", " ")
        excerpt = excerpt_of(texts[evidence.note_id], evidence.start, evidence.end)
        found.append(Words(excerpt, section, "" if quote.said == "present" else quote.said))
    return tuple(found)


def _told(line: AuditedLine) -> str:
    """Returns what stands beside a code on the claim."""
    coded = line.line
    parts = [" ".join(coded.modifiers)] if coded.modifiers else []
    if coded.units != 1:
        parts.append(f"{coded.units} units")
    if coded.poa:
        parts.append(f"POA {coded.poa}")
    return ", ".join(parts)
