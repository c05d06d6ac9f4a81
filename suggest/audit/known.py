"""What an audit knows of codes: titles, chapters and sections, kinship, and how specific a code is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from suggest.code_sets.icd10pcs import PcsIndex
from suggest.code_sets.index import CodeIndex
from suggest.code_sets.pcs_labels import axes_of
from suggest.code_sets.tabular import NoteKind
from suggest.edits.named import named_codes
from suggest.edits.tables import EditTables
from suggest.em.families import families
from suggest.procedures.terms import Catalogue
from suggest.records import Code, System

_UNSPECIFIED = ("unspecified", "not specified", "without complication", "uncomplicated", "other ")
_NO_GROUP = "not in the code set"
_SECTIONS = {"em": "evaluation and management"}
_EXTERNAL = "VWXY"
_FIRST_STATUS = "Z55"
"""First category of circumstances, status and history; what stands before it is a reason for an encounter."""
_ASKING = (NoteKind.USE_ADDITIONAL, NoteKind.CODE_ALSO)
_SIDE = re.compile(r"\b(?:right|left)\b")
_PCS_KIN = 4
"""Characters of ICD-10-PCS that name the same operation on the same body part: section to body part."""


def _swapped(side: re.Match[str]) -> str:
    return "left" if side[0] == "right" else "right"


@dataclass(frozen=True)
class CodeFacts:
    """Looks codes of all systems up."""

    tables: EditTables

    @property
    def _index(self) -> CodeIndex:
        return self.tables.index

    @property
    def _catalogue(self) -> Catalogue:
        return self.tables.catalogue

    @property
    def _pcs(self) -> PcsIndex | None:
        return self.tables.pcs

    def is_known(self, code: Code) -> bool:
        """Whether a code set in use holds the code."""
        if code.system is System.ICD10CM:
            return self._index.row(code.code) is not None
        if code.system is System.ICD10PCS:
            return self._pcs is not None and self._pcs.row(code.code) is not None
        return self._catalogue.get(code.code) is not None

    def title(self, code: Code) -> str:
        """Returns the title of a code, empty where no code set holds it."""
        if not self.is_known(code):
            return ""
        if code.system is System.ICD10CM:
            row = self._index.row(code.code)
            return "" if row is None else self._index.title(row)
        if code.system is System.ICD10PCS and self._pcs is not None:
            row = self._pcs.row(code.code)
            return "" if row is None else self._pcs.title(row)
        service = self._catalogue.get(code.code)
        return service.label if service else ""

    def group(self, code: Code) -> str:
        """Returns the chapter of a diagnosis, or system and section of a procedure."""
        if not self.is_known(code):
            return f"{code.system}: {_NO_GROUP}"
        if code.system is System.ICD10CM:
            row = self._index.row(code.code)
            number = 0 if row is None else int(self._index.chapter[row])
            return f"{code.system} {number}: {self._index.chapter_title(number)}"
        if code.system is System.ICD10PCS:
            return f"{code.system}: {axes_of(code.code)[0].label}"
        service = self._catalogue.get(code.code)
        section = service.section if service else _NO_GROUP
        return f"{code.system}: {_SECTIONS.get(section, section.replace('_', ' '))}"

    def are_kin(self, one: Code, other: Code) -> bool:
        """Whether two codes are ways of coding one thing: category, level of visit, family, operation."""
        if one.system is not other.system or one.code == other.code:
            return False
        if one.system is System.ICD10CM:
            return one.code[:3] == other.code[:3]
        if one.system is System.ICD10PCS:
            return one.code[:_PCS_KIN] == other.code[:_PCS_KIN]
        family = self._visit_family.get(one.code)
        if family is not None:
            return family == self._visit_family.get(other.code)
        first, second = self._catalogue.get(one.code), self._catalogue.get(other.code)
        return first is not None and second is not None and bool(first.family) and first.family == second.family

    def is_more_specific(self, code: Code, than: Code) -> bool:
        """Whether a diagnosis says more than another one of its category (guidelines I.B.2 and I.B.18)."""
        if code.system is not System.ICD10CM or code.code[:3] != than.code[:3]:
            return False
        if code.code.startswith(than.code) and code.code != than.code:
            return True
        return self._is_vague(than) and not self._is_vague(code)

    def is_other_side(self, one: Code, other: Code) -> bool:
        """Whether two codes differ in right and left alone."""
        first, second = self.title(one).lower(), self.title(other).lower()
        return first != second and _SIDE.sub(_swapped, first) == second

    def is_asked_for(self, code: Code, by: Code) -> bool:
        """Whether a note of the tabular list asks for a diagnosis beside another one (guideline I.A.17)."""
        row, asking = self._index.row(code.code), self._index.row(by.code)
        if row is None or asking is None:
            return False
        notes = (note for kind in _ASKING for note in named_codes(self._index, asking, kind))
        # notes of blocks and chapters hold for hundreds of codes
        return any(by.code.startswith(note.place) and note.names(row) for note in notes)

    def is_by_policy(self, code: Code) -> bool:
        """Whether coders add a diagnosis by their own policy: external causes, circumstances, history and status."""
        return code.system is System.ICD10CM and (code.code[0] in _EXTERNAL or code.code[:3] >= _FIRST_STATUS)

    def is_visit(self, code: Code) -> bool:
        """Whether a code stands for a visit with levels."""
        return code.code in self._visit_family

    def same_but_seventh(self, one: Code, other: Code) -> bool:
        """Whether two diagnoses differ in the 7th character alone."""
        first, second = self._index.row(one.code), self._index.row(other.code)
        if first is None or second is None or one.code == other.code:
            return False
        return bool(self._index.stem[first] == self._index.stem[second])

    def _is_vague(self, code: Code) -> bool:
        return any(word in f"{self.title(code).lower()} " for word in _UNSPECIFIED)

    @cached_property
    def _visit_family(self) -> dict[str, str]:
        return {code.code: family for family, codes in families().items() for code in codes}
