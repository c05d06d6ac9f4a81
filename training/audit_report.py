"""Writes an audit as one HTML file that needs nothing else: figures, plots, and findings with words of the charts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from suggest.audit.records import KIND_OF, AuditedClaim, AuditedLine, AuditFinding, Kind, Quote, Verdict
from suggest.audit.summary import NO_CODER, SMALL, AuditSummary
from suggest.headings import families
from suggest.records import Severity
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
_MOST_CLAIMS = 5


@dataclass(frozen=True, slots=True)
class Step:
    """A step of working through the findings, surest first.

    Attributes:
        title: What is decided in it.
        why: What its findings rest on and what to do.
        kinds: Kinds of its findings.
    """

    title: str
    why: str
    kinds: frozenset[Kind]


STEPS = (
    Step(
        "Errors of edits, and codes that the notes speak against",
        "The surest findings: the claim would be returned, or the words deny the code, call it past, uncertain or "
        "another person's.",
        frozenset({Kind.UNSUPPORTED}),
    ),
    Step(
        "Codes, order and details that the notes tell otherwise",
        "Each names what the notes lead to instead; compare the two. Levels of visits next to each other are often "
        "both defensible.",
        frozenset(
            {Kind.MORE_SPECIFIC, Kind.DIFFERENT, Kind.GIVES_WAY, Kind.SEQUENCING, Kind.MODIFIERS, Kind.UNITS, Kind.POA}
        ),
    ),
    Step("Codes that may be missing", "Decide whether each is reportable.", frozenset({Kind.MISSED})),
    Step("Warnings of edits", "Some of them are right as they stand.", frozenset({Kind.EDIT})),
    Step(
        "Codes that were not found",
        "The weakest findings: the program misses words, so look for each in the notes.",
        frozenset({Kind.NOT_FOUND}),
    ),
    Step("Optional codes", "Only where your policy asks for them.", frozenset({Kind.OPTIONAL})),
)
"""Where to start: every kind has one step, but errors of edits stand in the first."""
_SUREST = 3
"""Steps whose findings tell which claims to open first."""


@dataclass(frozen=True, slots=True)
class Words:
    """Words of a chart as a row shows them."""

    excerpt: Excerpt
    section: str
    said: str


@dataclass(frozen=True, slots=True)
class Row:
    """A finding with what its row shows.

    Attributes:
        claim: The claim.
        number: Place of the claim in the report, from 1.
        step: Step that it belongs to, from 1.
        finding: The finding.
        words: Its words.
    """

    claim: AuditedClaim
    number: int
    step: int
    finding: AuditFinding
    words: tuple[Words, ...]


def render_audit(claims: Sequence[AuditedClaim], summary: AuditSummary, *, source: str) -> str:
    """Returns the report as HTML.

    Args:
        claims: The audited claims, at least one.
        summary: Their figures.
        source: Name of the file that the claims came from.
    """
    rows = [
        Row(claim, number, step_of(finding), finding, _words(claim, finding.quotes))
        for number, claim in enumerate(claims, start=1)
        for finding in claim.findings
    ]
    order = tuple(Kind)
    rows.sort(key=lambda row: (row.step, order.index(row.finding.kind), row.number))
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
        others=_others(rows),
        supported=Verdict.SUPPORTED,
        not_assessed=Verdict.NOT_ASSESSED,
        most_codes=_MOST_CODES,
        explained=EXPLAINED,
        steps=_counted(rows),
        first_claims=_first_claims(rows),
        kinds=[kind for kind in Kind if summary.kinds[kind]],
        most=max(summary.kinds.values(), default=0),
        coders=sorted({claim.claim.coder or NO_CODER for claim in claims}),
        no_coder=NO_CODER,
        groups=sorted({row.finding.group for row in rows if row.finding.group}),
        settings=sorted({claim.claim.coded.encounter.setting.value for claim in claims}),
        told=_told,
    )


def step_of(finding: AuditFinding) -> int:
    """Returns the number of the step that a finding belongs to, from 1."""
    if finding.severity is Severity.ERROR:
        return 1
    return next(number for number, step in enumerate(STEPS, start=1) if finding.kind in step.kinds)


def _counted(rows: Sequence[Row]) -> list[tuple[int, Step, int, int]]:
    """Returns the steps: number, step, findings, claims; none where there is no finding at all."""
    if not rows:
        return []
    found = []
    for number, step in enumerate(STEPS, start=1):
        own = [row for row in rows if row.step == number]
        found.append((number, step, len(own), len({row.number for row in own})))
    return found


def _first_claims(rows: Sequence[Row]) -> list[tuple[AuditedClaim, int, int]]:
    """Returns the claims with most of the surest findings: claim, its number, how many."""
    counts = Counter(row.number for row in rows if row.step <= _SUREST)
    claims = {row.number: row.claim for row in rows}
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_MOST_CLAIMS]
    return [(claims[number], number, count) for number, count in most]


def _others(rows: Sequence[Row]) -> dict[int, list[Row]]:
    """Returns by number of the claim the findings that are no verdicts on its codes."""
    verdicts = frozenset(KIND_OF.values())
    found: dict[int, list[Row]] = {}
    for row in rows:
        if row.finding.kind not in verdicts:
            found.setdefault(row.number, []).append(row)
    return found


def _words(claim: AuditedClaim, quotes: Sequence[Quote]) -> tuple[Words, ...]:
    texts = {note.id: note.text for note in claim.claim.coded.encounter.notes}
    found = []
    for quote in quotes[:_MOST_WORDS]:
        evidence = quote.evidence
        family = families().get(quote.section)
        section = family.label if family else ""
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
