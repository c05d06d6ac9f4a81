"""The code sets that are loaded: what is looked up in them, and titles of codes of any system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from suggest.code_sets.editions import Edition
from suggest.code_sets.icd10pcs import PcsIndex, open_pcs
from suggest.code_sets.index import CodeIndex
from suggest.code_sets.service_records import STARTER, ServiceCode, ServiceModifier
from suggest.code_sets.service_table import SHAPES
from suggest.code_sets.services import ServiceSet, open_services
from suggest.records import System

CodeSet = CodeIndex | ServiceSet | PcsIndex

CPT_NOTICE = (
    "CPT is copyright and a registered trademark of the American Medical Association. Numbers of codes serve to "
    "identify services. Titles are the project's own words, unless a licensed file of the AMA was imported."
)


@dataclass(frozen=True, slots=True)
class ProcedureCodes:
    """The code sets of procedures; one that is turned off or missing is not among them.

    Attributes:
        services: CPT and HCPCS.
        pcs: ICD-10-PCS.
    """

    services: Mapping[System, ServiceSet] = field(default_factory=dict)
    pcs: PcsIndex | None = None


@dataclass(frozen=True, slots=True)
class CodeSets:
    """All code sets that are loaded.

    Attributes:
        diagnoses: ICD-10-CM.
        procedures: The others.
    """

    diagnoses: CodeIndex
    procedures: ProcedureCodes

    def __iter__(self) -> Iterator[CodeSet]:
        """Yields the code sets, that of diagnoses first."""
        yield self.diagnoses
        yield from self.procedures.services.values()
        if self.procedures.pcs is not None:
            yield self.procedures.pcs

    def get(self, system: str) -> CodeSet | None:
        """Returns the code set of a system, ``None`` where it is not loaded."""
        return next((codes for codes in self if codes.edition.system == system), None)

    @property
    def editions(self) -> dict[str, str]:
        """Names of the editions by system."""
        return {codes.edition.system.value: codes.edition.name for codes in self}

    @property
    def modifiers(self) -> list[ServiceModifier]:
        """Modifiers of CPT and HCPCS, each once, sorted."""
        found = {code: known for codes in self.procedures.services.values() for code, known in codes.modifiers.items()}
        return [found[code] for code in sorted(found)]

    def title(self, system: System, code: str) -> str:
        """Returns the title of a code, empty where its set lacks it."""
        codes = self.get(system)
        if isinstance(codes, ServiceSet):
            service = codes.get(code)
            return "" if service is None else service.label
        row = None if codes is None else codes.row(code)
        return "" if codes is None or row is None else codes.title(row)


def open_procedure_codes(home: Path, *, cpt: bool) -> ProcedureCodes:
    """Opens the code sets of procedures; the first call compiles ICD-10-PCS (a second).

    Args:
        home: Data folder of the installation.
        cpt: Whether CPT codes may be used.

    Raises:
        CodeSetError: An imported edition is damaged.
        ResourceError: A table that ships is malformed.
    """
    services = (open_services(home, System.CPT, enabled=cpt), open_services(home, System.HCPCS))
    return ProcedureCodes({codes.system: codes for codes in services if len(codes)}, open_pcs(home))


def takes_further_codes(codes: CodeSet) -> bool:
    """Returns whether coders may use well-formed codes that the set lacks: the CPT table that ships is partial."""
    edition = codes.edition
    return edition.system is System.CPT and edition.name == STARTER


def is_well_formed(system: System, code: str) -> bool:
    """Returns whether a code of CPT or HCPCS has the shape of one."""
    return SHAPES[system].fullmatch(code) is not None


def outside(service: ServiceCode, day: date) -> str:
    """Returns why a code was not in force on a day, such as ``ended 2025-12-31``; empty where it was."""
    if service.ends is not None and day > service.ends:
        return f"ended {service.ends}"
    if service.starts is not None and day < service.starts:
        return f"begins {service.starts}"
    return ""


def notice(edition: Edition) -> str | None:
    """Returns the notice that goes with a code set, if there is one."""
    return CPT_NOTICE if edition.system is System.CPT else None
