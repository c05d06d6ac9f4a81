"""What requests about encounters and decisions may hold, and how they become records."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from api.schemas import EncounterFacts, Identifier, NoteIn, StrictModel
from store.checks import MAX_MODIFIERS, MAX_REASON, MAX_UNITS
from store.coded_sets import ReopenReason
from store.decisions import MAX_BATCH
from store.queries import MAX_INDICATORS, MAX_OPTION, MAX_OPTIONS, MAX_QUESTION
from suggest import records

MAX_EVIDENCE = 50
MAX_LINES = 500
MAX_QUOTE = 2000

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_REASON)]
Question = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_QUESTION)]
Option = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_OPTION)]
CodeText = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9.]{1,9}$")]
Modifier = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2}$")]
Version = Annotated[int, Field(ge=1, strict=True, description="Version of the encounter that you saw.")]
Units = Annotated[int, Field(ge=1, le=MAX_UNITS, strict=True)]
Occurrence = Annotated[int, Field(ge=1, le=MAX_LINES, strict=True)]


class EncounterIn(EncounterFacts):
    """An encounter to store."""

    patient_key: Identifier | None = Field(
        default=None, description="Pseudonym of the patient; training keeps the charts of a patient together."
    )
    suggest: bool = Field(default=True, strict=True, description="Whether to suggest codes at once.")


class LateNote(StrictModel):
    """A note to add to an encounter."""

    note: NoteIn
    supersedes: Identifier | None = Field(default=None, description="Id of the note whose place it takes.")
    suggest: bool = Field(default=True, strict=True, description="Whether to suggest again at once.")


class EvidenceIn(StrictModel):
    """Words of a note, in the unit of `offsets`."""

    note_id: Identifier
    start: int = Field(ge=0, strict=True)
    end: int = Field(ge=1, strict=True)
    quote: Annotated[str, StringConstraints(min_length=1, max_length=MAX_QUOTE)]


class QueryIn(StrictModel):
    """A question to the provider: a draft of the latest suggestion, as it is or changed, or one of your own."""

    expected_version: Version
    template: Identifier | None = Field(default=None, description="Of the draft; without one, the question is yours.")
    question: Question | None = Field(default=None, description="In place of the draft's.")
    options: Annotated[list[Option], Field(max_length=MAX_OPTIONS)] | None = Field(
        default=None, description="In place of the draft's; none for an open question. The two closing ones are added."
    )
    indicators: Annotated[list[EvidenceIn], Field(min_length=1, max_length=MAX_INDICATORS)] | None = Field(
        default=None, description="Words of the notes, in place of the draft's."
    )

    @model_validator(mode="after")
    def _check_says_what_is_asked(self) -> QueryIn:
        if self.template is None and (self.question is None or self.indicators is None):
            raise PydanticCustomError("no_question", "question and indicators, or the template of a draft")
        return self


class Withdrawal(StrictModel):
    """Why a query is withdrawn."""

    expected_version: Version
    reason: Text


class Assignment(StrictModel):
    """Who is to work on an encounter."""

    assignee: Identifier | None = Field(description="`me`, the id of a user, or null to give it back.")
    expected_version: Version


class ClaimNext(StrictModel):
    """What to claim."""

    settings: list[records.Setting] = Field(default=[], max_length=20, description="One of these; empty: any.")


class RunAgain(StrictModel):
    """Asks for a further suggestion from the present notes."""


class Finalise(StrictModel):
    """Closes an encounter."""

    expected_version: Version


class Reopen(StrictModel):
    """Opens a finalised encounter."""

    expected_version: Version
    reason: ReopenReason


class CodeIn(StrictModel):
    """A code that a coder brings; it is checked in the edition that is installed."""

    system: records.System = records.System.ICD10CM
    code: CodeText


class LineIn(StrictModel):
    """Names a line of an encounter."""

    system: records.System = records.System.ICD10CM
    code: CodeText
    occurrence: Occurrence = 1


Evidence = Annotated[list[EvidenceIn], Field(max_length=MAX_EVIDENCE)]
Modifiers = Annotated[list[Modifier], Field(max_length=MAX_MODIFIERS)]
Lines = Annotated[list[LineIn], Field(max_length=MAX_LINES)]
Poa = Literal["Y", "N", "U", "W"]


class AcceptIn(StrictModel):
    """The code is right."""

    action: Literal["accept"]
    line: LineIn


class RejectIn(StrictModel):
    """The code is wrong."""

    action: Literal["reject"]
    line: LineIn
    reason: Text


class ReplaceIn(StrictModel):
    """The code is wrong and another one stands in its place."""

    action: Literal["replace"]
    line: LineIn
    by: CodeIn
    reason: Text | Literal[""] = ""
    evidence: Evidence = Field(default=[])


class AddIn(StrictModel):
    """A code that was missing."""

    action: Literal["add"]
    code: CodeIn
    evidence: Evidence = Field(default=[])
    occurrence: Occurrence = 1
    modifiers: Modifiers = Field(default=[])
    units: Units = 1
    poa: Poa | None = None
    pointers: Lines = Field(default=[])


class LeaveIn(StrictModel):
    """The proposed code is left out without a judgement."""

    action: Literal["leave"]
    line: LineIn


class ChangeIn(StrictModel):
    """New details of a line."""

    action: Literal["change"]
    line: LineIn
    modifiers: Modifiers | None = None
    units: Units | None = None
    poa: Poa | Literal[""] | None = None
    pointers: Lines | None = None

    @model_validator(mode="before")
    @classmethod
    def _check_names_a_detail(cls, value: Any) -> Any:
        if isinstance(value, dict) and all(
            value.get(name) is None for name in ("modifiers", "units", "poa", "pointers")
        ):
            raise PydanticCustomError("no_detail", "at least one of modifiers, units, poa, pointers")
        return value


class OrderIn(StrictModel):
    """These lines come first, in this sequence."""

    action: Literal["order"]
    lines: Annotated[list[LineIn], Field(min_length=1, max_length=MAX_LINES)]


class UndoIn(StrictModel):
    """An earlier decision no longer counts."""

    action: Literal["undo"]
    decision: int = Field(ge=1, strict=True, description="Number of the decision.")


DecisionIn = Annotated[
    AcceptIn | RejectIn | ReplaceIn | AddIn | LeaveIn | ChangeIn | OrderIn | UndoIn, Field(discriminator="action")
]


class DecisionsIn(StrictModel):
    """Decisions to record, all or none."""

    expected_version: Version
    decisions: Annotated[list[DecisionIn], Field(min_length=1, max_length=MAX_BATCH)]
