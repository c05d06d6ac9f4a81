"""What edits look at: a coded set in the order of the claim, with the encounter that it belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from suggest.records import Code, CodeLine, Encounter, System


@dataclass(frozen=True, slots=True)
class CodedLine:
    """One line of a claim.

    Attributes:
        code: The code.
        modifiers: CPT or HCPCS modifiers in order.
        units: Units of service.
        poa: Present on admission (Y, N, U, W), ``None`` where the claim carries none or the code is exempt.
        pointers: Positions (from 1) of the diagnoses that justify a procedure.
    """

    code: Code
    modifiers: tuple[str, ...] = ()
    units: int = 1
    poa: str | None = None
    pointers: tuple[int, ...] = ()


@dataclass(frozen=True)
class CodedSet:
    """The codes of an encounter: diagnoses in sequence, then procedures.

    Attributes:
        encounter: Setting, claim, payer, patient, dates and notes.
        lines: All lines.
    """

    encounter: Encounter
    lines: tuple[CodedLine, ...]

    @cached_property
    def diagnoses(self) -> tuple[CodedLine, ...]:
        """The diagnoses, in sequence."""
        return tuple(line for line in self.lines if line.code.system is System.ICD10CM)

    @cached_property
    def procedures(self) -> tuple[CodedLine, ...]:
        """The procedures, in the order of the claim."""
        return tuple(line for line in self.lines if line.code.system is not System.ICD10CM)


def coded_set(encounter: Encounter, lines: Iterable[CodeLine]) -> CodedSet:
    """Returns the coded set of proposed or decided lines."""
    return CodedSet(
        encounter,
        tuple(CodedLine(line.ranked.code, line.modifiers, line.units, line.poa, line.pointers) for line in lines),
    )


def of_codes(encounter: Encounter, codes: Sequence[Code]) -> CodedSet:
    """Returns a coded set of bare codes, diagnoses first, each kind in the order given."""
    ordered = sorted(codes, key=lambda code: code.system is not System.ICD10CM)
    return CodedSet(encounter, tuple(CodedLine(code) for code in ordered))
