"""What the route of audits answers."""

from __future__ import annotations

from pydantic import BaseModel, Field

from api.responses import EvidenceOut, StampOut
from api.schemas import Offsets
from suggest.audit.records import Kind, Verdict
from suggest.records import Severity, System


class CodeRef(BaseModel):
    """A code of a system."""

    system: System
    code: str


class QuoteOut(EvidenceOut):
    """Words of the chart, the family of their section (empty if unknown), and what the author says there."""

    section: str
    said: str = Field(description="present, negated, possible, historical, family, hypothetical or allergy.")


class AuditedLineOut(CodeRef):
    """An assigned code with what the notes say of it."""

    title: str = Field(description="Empty where no code set in use holds the code.")
    group: str = Field(description="Chapter of a diagnosis, system and section of a procedure.")
    verdict: Verdict
    proposed: bool = Field(description="Whether the program proposes the code as well.")
    probability: float | None = Field(
        ge=0, le=1, description="Calibrated probability of the code; null where the notes do not lead to it."
    )
    reason: str
    instead: CodeRef | None = Field(description="The code that the notes lead to instead.")
    quotes: list[QuoteOut] = Field(description="The words that the verdict rests on, of `instead` where there is one.")


class AuditFindingOut(BaseModel):
    """Something that a person should look at; no finding is an error until someone has decided."""

    kind: Kind
    codes: list[CodeRef] = Field(description="The codes that it is about, the assigned one first.")
    message: str
    remedy: str
    source: str
    severity: Severity | None = Field(description="Of an edit; null for the other kinds.")
    probability: float | None = Field(ge=0, le=1, description="Of the code that the finding speaks for or against.")
    quotes: list[QuoteOut]


class AuditedEncounterOut(BaseModel):
    """An encounter with everything that was found."""

    id: str | None
    coder: str | None
    codes: list[AuditedLineOut] = Field(description="The assigned codes: diagnoses in sequence, then procedures.")
    findings: list[AuditFindingOut]
    sequence: list[str] = Field(description="The assigned diagnoses in the order in which the program would list them.")
    stamp: StampOut


class AgreementOut(BaseModel):
    """How far the codes of a coder, a code or a chapter agree with the notes as the program reads them."""

    name: str
    agreed: int = Field(description="Assigned codes that the notes support.")
    codes: int = Field(description="Assigned codes that could be assessed, and missed ones.")
    share: float | None = Field(description="`agreed` over `codes`; null without codes.")
    interval: tuple[float, float] | None = Field(description="95 % interval of the share (Wilson).")
    is_small: bool = Field(description="Whether there are too few codes for a conclusion.")


class AuditSummaryOut(BaseModel):
    """The figures of the audit."""

    claims: int
    assigned: int
    not_assessed: int
    overall: AgreementOut
    by_coder: list[AgreementOut]
    by_code: list[AgreementOut] = Field(description="Codes with any disagreement.")
    by_group: list[AgreementOut]
    kinds: dict[Kind, int] = Field(description="Number of findings of each kind.")


class AuditOut(BaseModel):
    """The answer for one or several encounters."""

    offsets: Offsets
    encounters: list[AuditedEncounterOut]
    summary: AuditSummaryOut
