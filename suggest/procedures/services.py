"""The procedure codes of an installation, put together: CPT and HCPCS with their terms, ICD-10-PCS."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from suggest.code_sets.icd10pcs import PcsIndex, open_pcs
from suggest.code_sets.services import open_services
from suggest.procedures.finder import LearntServices, ServiceFinder
from suggest.procedures.found import Found
from suggest.procedures.pcs.composer import PcsComposer
from suggest.procedures.terms import Catalogue, open_service_terms
from suggest.reading import NoteReading, ProcedureSource
from suggest.records import Claim, Encounter, Setting, System
from suggest.terminology import Terminology


@dataclass(frozen=True, eq=False)
class Services:
    """What procedures are suggested from.

    Attributes:
        catalogue: CPT and HCPCS codes.
        terms: Their terms, compiled.
        pcs: ICD-10-PCS codes.
    """

    catalogue: Catalogue
    terms: Terminology
    pcs: PcsIndex

    def sources(self, learnt: LearntServices) -> tuple[ProcedureSource, ...]:
        """Returns what finds procedures in notes."""
        return ServiceFinder(self.catalogue, self.terms, learnt), PcsSource(PcsComposer(self.pcs))

    def title(self, code: str, system: System) -> tuple[str, str]:
        """Returns the title or label of a code and the edition that it comes from, empty where unknown."""
        if system is System.ICD10PCS:
            row = self.pcs.row(code)
            return ("", "") if row is None else (self.pcs.title(row), self.pcs.edition.name)
        service = self.catalogue.get(code)
        return (service.label, self.catalogue.edition(system)) if service else ("", "")

    @property
    def editions(self) -> tuple[tuple[str, str], ...]:
        """System and edition of each code set."""
        sets = (*(services.edition for services in self.catalogue.sets), self.pcs.edition)
        return tuple((str(edition.system), edition.name) for edition in sets)


class PcsSource:
    """Finds ICD-10-PCS codes: the claims of hospitals for stays carry them, professional claims do not."""

    def __init__(self, composer: PcsComposer) -> None:
        """Takes what composes them."""
        self._composer = composer

    @property
    def words(self) -> NDArray[np.uint64]:
        """None of its words is rarer than the vocabulary of diagnoses and services."""
        return np.zeros(0, np.uint64)

    def find(self, reading: NoteReading, encounter: Encounter, *, mentioned: bool) -> list[Found]:
        """Returns the codes that a note names."""
        stay = encounter.claim is Claim.FACILITY and encounter.setting is Setting.INPATIENT
        return self._composer.compose([reading], mentioned=mentioned) if stay or mentioned else []


def open_all_services(home: Path, *, cpt: bool = True) -> Services:
    """Opens the procedure codes of an installation, compiling what was not compiled yet.

    Args:
        home: Data folder of the installation.
        cpt: Whether CPT codes may be used.
    """
    catalogue = Catalogue((open_services(home, System.CPT, enabled=cpt), open_services(home, System.HCPCS)))
    return Services(catalogue, open_service_terms(home, catalogue), open_pcs(home))
