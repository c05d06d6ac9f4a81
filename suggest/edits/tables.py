"""What edits look things up in: the code sets of the day, and the tables that a site imported."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from suggest.code_sets.index import CodeIndex
from suggest.code_sets.tabular import NoteKind
from suggest.edits.coded import CodedSet
from suggest.edits.facts import Facts, facts_of
from suggest.edits.payer_policies import PolicyTable, open_policies
from suggest.edits.poa_exempt import PoaExempt, open_poa_exempt
from suggest.errors import CodeSetError
from suggest.procedures.terms import Catalogue
from suggest.records import Finding

if TYPE_CHECKING:
    from suggest.code_sets.icd10pcs import PcsIndex
    from suggest.edits.ncci_tables import AddOns, Pairs, Units

Table = TypeVar("Table")

_SAMPLED = 10
"""One row of so many is looked at to tell whether an edition has notes."""
_CACHED_CODES = 16_384
"""Codes of which the facts are kept; an installation sees a few thousand."""


@dataclass(frozen=True)
class EditTables:
    """Everything that edits look up, read-only.

    Each of the imported tables has an ``edition`` (``2024q3``), and is ``None`` where the site imported none.

    Attributes:
        index: The edition of ICD-10-CM.
        catalogue: CPT and HCPCS codes.
        pcs: ICD-10-PCS, ``None`` where it is not loaded.
        ncci: Pairs of procedures of the National Correct Coding Initiative.
        mue: Medically Unlikely Edits: most units of a procedure.
        add_ons: Add-on codes with the procedures that they go with.
        policies: Coverage policies of payers.
        poa_exempt: Diagnoses without present-on-admission indicator, ``None`` for the project's own table.
        problems: Name of each table that could not be read, with the reason.
    """

    index: CodeIndex
    catalogue: Catalogue
    pcs: PcsIndex | None = None
    ncci: Pairs | None = None
    mue: Units | None = None
    add_ons: AddOns | None = None
    policies: PolicyTable | None = None
    poa_exempt: PoaExempt | None = None
    problems: tuple[tuple[str, str], ...] = ()

    def facts(self, code: str) -> Facts | None:
        """Returns what the edition says of a diagnosis, ``None`` for a code that it lacks."""
        return self._facts(code)

    def imported(self, name: str) -> object | None:
        """Returns an imported table by the name of its import command, ``None`` where there is none."""
        return {"ncci": self.ncci, "mue": self.mue, "add-on": self.add_ons, "policy": self.policies}[name]

    @cached_property
    def has_notes(self) -> bool:
        """Whether the edition has instructional notes; lists of codes have none."""
        return any(self.index.notes(row, NoteKind.EXCLUDES1) for row in range(0, len(self.index), _SAMPLED))

    @cached_property
    def _facts(self) -> Callable[[str], Facts | None]:
        return lru_cache(_CACHED_CODES)(lambda code: facts_of(self.index, code))


Edit = Callable[[CodedSet, EditTables], Iterator[Finding]]
"""A check of a coded set; it reports and changes nothing, and never raises."""


def open_tables(home: Path, index: CodeIndex, catalogue: Catalogue, pcs: PcsIndex | None = None) -> EditTables:
    """Returns the tables of an installation; one that cannot be read stands in ``problems`` and is left out.

    Args:
        home: Data folder of the installation.
        index: The edition of ICD-10-CM.
        catalogue: CPT and HCPCS codes.
        pcs: ICD-10-PCS.
    """
    # here, since those modules know the records of this one
    from suggest.edits.ncci_tables import open_add_ons, open_pairs, open_units

    problems: list[tuple[str, str]] = []

    def opened(name: str, opener: Callable[[Path], Table | None]) -> Table | None:
        try:
            return opener(home)
        except CodeSetError as error:
            problems.append((name, str(error)))
            return None

    return EditTables(
        index=index,
        catalogue=catalogue,
        pcs=pcs,
        ncci=opened("ncci", open_pairs),
        mue=opened("mue", open_units),
        add_ons=opened("add-on", open_add_ons),
        policies=opened("policy", open_policies),
        poa_exempt=opened("poa-exempt", open_poa_exempt),
        problems=tuple(problems),
    )
