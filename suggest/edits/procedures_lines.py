"""The procedures of a claim as edits look at them: each line with what the catalogue knows of its code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from suggest.code_sets.service_records import ServiceCode
from suggest.edits.coded import CodedLine, CodedSet
from suggest.edits.tables import EditTables
from suggest.records import Claim, Encounter, Setting, System
from suggest.resources import read_table

SERVICES = frozenset({System.CPT, System.HCPCS})
LEFT = frozenset({"LT", "E1", "E2", "FA", "F1", "F2", "F3", "F4", "TA", "T1", "T2", "T3", "T4"})
RIGHT = frozenset({"RT", "E3", "E4", "F5", "F6", "F7", "F8", "F9", "T5", "T6", "T7", "T8", "T9"})
"""Modifiers that say on which side something was done (HCPCS Level II)."""
MINOR, MAJOR = frozenset({"000", "010"}), "090"
_HOSPITAL = (Setting.INPATIENT, Setting.PROFESSIONAL_INPATIENT)


@dataclass(frozen=True, slots=True)
class VisitFamily:
    """What kind of visit a family of codes is.

    Attributes:
        group: Families of one group are not reported together on one day.
        patient: ``new``, ``established``, or empty where the family does not tell.
    """

    group: str
    patient: str


@dataclass(frozen=True, slots=True)
class Billed:
    """A line with a CPT or HCPCS code.

    Attributes:
        line: The line.
        service: What the catalogue knows of its code, ``None`` where it lacks it.
    """

    line: CodedLine
    service: ServiceCode | None

    @property
    def code(self) -> str:
        """The code, upper case."""
        return self.line.code.code.upper()

    @property
    def modifiers(self) -> frozenset[str]:
        """The modifiers, upper case."""
        return frozenset(modifier.upper() for modifier in self.line.modifiers)

    @property
    def flags(self) -> frozenset[str]:
        """The flags of the catalogue."""
        return self.service.flags if self.service else frozenset()

    @property
    def global_days(self) -> str:
        """Medicare's global period, empty where unknown."""
        return self.service.global_days if self.service else ""

    @property
    def visit(self) -> VisitFamily | None:
        """What kind of visit it is, ``None`` for all else."""
        return visit_of(self.service)


def billed(coded: CodedSet, tables: EditTables) -> list[Billed]:
    """Returns the lines with CPT and HCPCS codes in the order of the claim."""
    lines = (line for line in coded.procedures if line.code.system in SERVICES)
    return [Billed(line, tables.catalogue.get(line.code.code.upper())) for line in lines]


def known_lines(coded: CodedSet, tables: EditTables) -> Iterator[tuple[Billed, ServiceCode]]:
    """Yields the lines whose code the catalogue has, with what it knows of the code."""
    for line in billed(coded, tables):
        if line.service is not None:
            yield line, line.service


def visit_of(service: ServiceCode | None) -> VisitFamily | None:
    """Returns what kind of visit a service is, ``None`` for all else and for time added to a visit."""
    if service is None or "addon" in service.flags:
        return None
    table = _visit_families()
    return table.get(service.code) or table.get(service.family)


def is_facility_stay(encounter: Encounter) -> bool:
    """Whether the claim is that of a hospital for a stay: ICD-10-PCS, no CPT."""
    return encounter.claim is Claim.FACILITY and encounter.setting is Setting.INPATIENT


def days_of(encounter: Encounter) -> int | None:
    """Returns how many days the claim spans, ``None`` for a stay whose days are not known."""
    if encounter.admission is not None and encounter.discharge is not None:
        return max(1, (encounter.discharge - encounter.admission).days + 1)
    return None if encounter.setting in _HOSPITAL and encounter.admission is not None else 1


@lru_cache(maxsize=1)
def _visit_families() -> dict[str, VisitFamily]:
    rows = read_table("services/visits.tsv")
    return {row["family"]: VisitFamily(row["group"], row["patient"]) for row in rows}
