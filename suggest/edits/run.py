"""All edits, and the one way to run them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from suggest.edits.claim_form import CLAIM_FORM_EDITS
from suggest.edits.coded import CodedSet
from suggest.edits.icd10cm_codes import CODE_EDITS
from suggest.edits.icd10cm_conventions import CONVENTION_EDITS
from suggest.edits.icd10cm_detail import DETAIL_EDITS
from suggest.edits.icd10cm_notes import NOTE_EDITS
from suggest.edits.icd10cm_patient import PATIENT_EDITS
from suggest.edits.icd10cm_sequence import SEQUENCE_EDITS, SEQUENCE_NAMES
from suggest.edits.ncci import NCCI_EDITS
from suggest.edits.procedures import PROCEDURE_EDITS
from suggest.edits.record import CodingRecord, record_findings
from suggest.edits.tables import Edit, EditTables
from suggest.records import Finding, Severity

EDITS: tuple[Edit, ...] = (
    *CODE_EDITS,
    *CONVENTION_EDITS,
    *DETAIL_EDITS,
    *NOTE_EDITS,
    *PATIENT_EDITS,
    *SEQUENCE_EDITS,
    *NCCI_EDITS,
    *PROCEDURE_EDITS,
    *CLAIM_FORM_EDITS,
)
"""All edits of the claim; ``SEQUENCE_EDITS`` look at its order, the others at what stands on it."""

_ORDER = {severity: place for place, severity in enumerate((Severity.ERROR, Severity.WARNING, Severity.INFO))}
_GENERAL = frozenset(
    {"combination-code", "excludes1", "excludes2", "gives-way", "integral-symptom", "unspecified-beside-specified"}
)  # fmt: skip
"""Edits that say of codes in general that one of them goes, which a narrower edit may say better."""


def run_edits(coded: CodedSet, tables: EditTables, record: CodingRecord | None = None) -> tuple[Finding, ...]:
    """Returns what all edits report: errors, warnings, then information, each in the order of the claim.

    Nothing is reported twice: of several findings that say of the same codes that they do not go together, the most
    severe stays, and of those the narrowest. The coded set is not changed. The same set in another order gets the
    same findings, but for those of edits that look at the sequence.

    Args:
        coded: Codes and encounter.
        tables: What the edits look up.
        record: How the claim was coded, for the edits of the record.
    """
    findings = {finding for edit in EDITS for finding in edit(coded, tables)}
    findings.update(record_findings(coded, tables, record or CodingRecord()))
    place: dict[str, int] = {}
    for number, line in enumerate(coded.lines):
        fact = tables.facts(line.code.code)
        place.setdefault(fact.code if fact else line.code.code, number)
    last = len(coded.lines)

    def key(finding: Finding) -> tuple[int, int, list[int], str, str]:
        places = [place.get(code, last) for code in finding.codes]
        return _ORDER[finding.severity], min(places, default=last), places, finding.edit, finding.message

    return tuple(sorted(_narrowest(findings), key=key))


def _narrowest(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Leaves out what general edits say of codes of which another edit says as much, or something more severe.

    Edits of the sequence are apart, so that the order of the claim decides about their own findings only.
    """
    groups: defaultdict[frozenset[str], list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[frozenset(finding.codes)].append(finding)
    for together in groups.values():
        group = _most_severe(together)
        others = [finding for finding in group if finding.edit not in SEQUENCE_NAMES]
        if len(others) > 1 and any(finding.edit in _GENERAL for finding in others):
            yield min(others, key=_rank)
            yield from (finding for finding in group if finding.edit in SEQUENCE_NAMES)
        else:
            yield from group


def _most_severe(findings: Iterable[Finding]) -> list[Finding]:
    """Leaves out what an edit says once more in the same words, as a lesser thing."""
    said: dict[tuple[str, str], Finding] = {}
    for finding in sorted(findings, key=_rank):
        said.setdefault((finding.edit, finding.message), finding)
    return list(said.values())


def _rank(finding: Finding) -> tuple[int, bool, str, str]:
    return _ORDER[finding.severity], finding.edit in _GENERAL, finding.edit, finding.message
