"""Audits claims: the codes that people assigned beside what the program makes of the same notes."""

from __future__ import annotations

from pathlib import Path

from suggest.audit.beside import details
from suggest.audit.claimwide import edits, of_lines, sequencing
from suggest.audit.judge import Case, judge
from suggest.audit.known import CodeFacts
from suggest.audit.missing import missed
from suggest.audit.records import AssignedClaim, AuditedClaim, Kind
from suggest.code_sets.icd10pcs import open_pcs
from suggest.code_sets.services import open_services
from suggest.edits.run import run_edits
from suggest.edits.tables import EditTables, open_tables
from suggest.given import sequence_given
from suggest.pipeline import Suggester
from suggest.procedures.terms import Catalogue
from suggest.records import Claim, Encounter, Setting, System

_ORDER = {kind: place for place, kind in enumerate(Kind)}


def tables_of(suggester: Suggester, home: Path, *, cpt: bool = True) -> EditTables:
    """Returns what edits look up: what the suggester checks its own lines against, where it has that.

    Args:
        suggester: What suggests codes; a model of diagnoses only has no tables of procedures.
        home: Data folder of the installation, where the tables are opened from otherwise.
        cpt: Whether CPT codes may be used.

    Raises:
        CodeSetError: An imported edition of a code set is damaged.
    """
    if suggester.tables is not None:
        return suggester.tables
    catalogue = Catalogue((open_services(home, System.CPT, enabled=cpt), open_services(home, System.HCPCS)))
    return open_tables(home, suggester.index, catalogue, open_pcs(home))


class Auditor:
    """Audits claims with one suggester and the tables of one installation; it serves one thread at a time."""

    def __init__(self, suggester: Suggester, tables: EditTables) -> None:
        """Takes what suggests codes and what edits look up."""
        self._suggester = suggester
        self._tables = tables
        self._facts = CodeFacts(tables)

    @property
    def suggester(self) -> Suggester:
        """What suggests codes."""
        return self._suggester

    def audit(self, claim: AssignedClaim) -> AuditedClaim:
        """Returns a claim with what the notes say of its codes, and what a person should look at.

        Raises:
            PolicyError: No policy fits the encounter.
        """
        encounter = claim.coded.encounter
        candidates, table = self._suggester.features(encounter)
        suggestion = self._suggester.decide(encounter, candidates, table)
        case = Case(claim, suggestion, self._facts, self._assessed(encounter))
        given = [line.code.code for line in claim.coded.diagnoses]
        order = sequence_given(self._suggester, encounter, given, table=table, ranked=suggestion.ranked)
        lines = tuple(judge(case, line) for line in claim.coded.lines)
        told = (*of_lines(case, lines), *missed(case, lines), *sequencing(case, order))
        reported = run_edits(claim.coded, self._tables)
        findings = (*told, *edits(case, reported, told), *details(case, lines, reported))
        return AuditedClaim(
            claim=claim,
            lines=lines,
            findings=tuple(sorted(findings, key=lambda finding: _ORDER[finding.kind])),
            sequence=order.codes,
            stamp=suggestion.stamp,
        )

    def _assessed(self, encounter: Encounter) -> frozenset[System]:
        """Returns the systems that the program suggests codes of on such a claim."""
        if self._suggester.model.procedures is None:
            return frozenset({System.ICD10CM})
        if encounter.claim is Claim.FACILITY and encounter.setting is Setting.INPATIENT:
            return frozenset({System.ICD10CM, System.ICD10PCS})
        return frozenset({System.ICD10CM, System.CPT, System.HCPCS})
