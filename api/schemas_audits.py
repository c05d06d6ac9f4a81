"""What requests for an audit may hold, as pydantic models, and how they become records."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from api.errors import ErrorItem, Problem
from api.schemas import EncounterFacts, Identifier, Offsets, StrictModel
from suggest.audit.fields import MAX_UNITS, AuditInputError, to_code
from suggest.audit.jsonl import diagnoses_first
from suggest.audit.records import AssignedClaim
from suggest.edits.coded import CodedLine, CodedSet
from suggest.records import System

MAX_AUDITED = 20
MAX_ASSIGNED = 100

_Modifier = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{2}$")]


class AssignedLineIn(StrictModel):
    """A code that people assigned."""

    system: System = Field(description="The code system.")
    code: Annotated[str, StringConstraints(min_length=3, max_length=16)] = Field(
        description="The code; ICD-10-CM with or without its dot.", examples=["E11.9"]
    )
    modifiers: Annotated[list[_Modifier], Field(max_length=10)] = Field(
        default=[], description="Modifiers of a CPT or HCPCS code, in order."
    )
    units: int = Field(default=1, ge=1, le=MAX_UNITS, strict=True, description="Units of service.")
    poa: Annotated[str, StringConstraints(pattern=r"^[YNUW]$")] | None = Field(
        default=None, description="Present on admission: Y, N, U or W; null for none."
    )
    pointers: Annotated[list[Annotated[int, Field(ge=1, le=MAX_ASSIGNED)]], Field(max_length=12)] = Field(
        default=[], description="Positions, from 1, of the diagnoses that justify a procedure."
    )


class AuditedEncounterIn(EncounterFacts):
    """An encounter with the codes that people assigned."""

    coder: Identifier | None = Field(default=None, description="Who coded it; agreement is counted by coder.")
    codes: Annotated[list[AssignedLineIn], Field(max_length=MAX_ASSIGNED)] = Field(
        description="The assigned codes, diagnoses in sequence."
    )

    def to_claim(self, place: int, *, limit: int) -> AssignedClaim:
        """Returns the claim after all checks.

        Args:
            place: Position of the encounter in the request; names its fields in problems, and one without id.
            limit: Most characters of one note and of all together.

        Raises:
            Problem: As ``EncounterFacts.to_encounter``, or a code has not the shape of its system.
        """
        lines = []
        for position, line in enumerate(self.codes):
            try:
                code = to_code(line.code, line.system, "code")
            except AuditInputError:
                at = f"encounters.{place}.codes.{position}.code"
                item = ErrorItem(location=at, expected=f"a code of the shape of {line.system}")
                raise Problem("invalid-request", errors=[item]) from None
            lines.append(CodedLine(code, tuple(line.modifiers), line.units, line.poa, tuple(line.pointers)))
        encounter = self.to_encounter(limit=limit)
        return AssignedClaim(CodedSet(encounter, diagnoses_first(lines)), coder=self.coder or "")


class AuditRequest(StrictModel):
    """Encounters with assigned codes, and how the answer shall look."""

    encounters: Annotated[list[AuditedEncounterIn], Field(min_length=1, max_length=MAX_AUDITED)] = Field(
        description=f"1 to {MAX_AUDITED} encounters."
    )
    offsets: Offsets = Field(
        default=Offsets.CODE_POINTS,
        description="Unit of offsets: Unicode code points, or the UTF-16 code units of JavaScript and Java.",
    )
