"""What the routes of encounters and decisions answer."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, Field

from api.errors import ProblemDetails
from api.responses import EvidenceOut, FindingOut, QueryOut, StampOut, SuggestionOut
from api.schemas import Offsets
from store.coding import LineState
from store.queries import QueryState
from store.tables import EncounterStatus
from suggest.records import AuthorRole, Claim, NoteStatus, Setting, Sex, System


class UserRef(BaseModel):
    """A user by id and name."""

    id: str
    name: str


class WorklistItemOut(BaseModel):
    """An encounter as the worklist shows it."""

    id: str
    version: int
    status: EncounterStatus
    setting: Setting
    claim: Claim
    payer: str | None
    patient_key: str | None
    date_of_service: date | None
    discharge: date | None
    assigned_to: UserRef | None
    open_queries: int = Field(description="Queries to the provider that wait for an answer.")
    created_at: datetime


class WorklistOut(BaseModel):
    """A page of the worklist."""

    items: list[WorklistItemOut]
    next: str | None = Field(description="The cursor of the next page, null on the last.")


class StoredNoteOut(BaseModel):
    """A note as it was stored."""

    id: str
    text: str
    type: str
    author_role: AuthorRole
    status: NoteStatus
    date: date | None
    sequence: int = Field(description="Order of arrival, from 1.")
    supersedes: str | None
    superseded: bool
    created_at: datetime


class PatientOut(BaseModel):
    """What coding rules need to know of the patient."""

    age: float | None
    sex: Sex


class LineRefOut(BaseModel):
    """Names a line."""

    system: System
    code: str
    occurrence: int


class LineOut(LineRefOut):
    """A code as it stands on an encounter."""

    edition: str
    title: str
    state: LineState
    decision: int | None = Field(description="Number of the decision that gave the state.")
    probability: float | None = Field(description="Of the suggestion; null for a code that a coder brought.")
    evidence: list[EvidenceOut]
    modifiers: list[str]
    units: int
    poa: str | None
    pointers: list[LineRefOut]
    replaces: LineRefOut | None


class RunOut(BaseModel):
    """A run of the pipeline, without its codes."""

    number: int
    created_at: datetime
    encounter_version: int = Field(description="Version of the encounter after the run.")
    last_note: int = Field(description="Sequence number of the latest note that it read.")
    stale: bool = Field(description="Whether notes have come since.")
    stamp: StampOut


class StoredSuggestionOut(SuggestionOut):
    """A run whole."""

    number: int
    created_at: datetime
    encounter_version: int
    last_note: int
    stale: bool


class RunsOut(BaseModel):
    """All runs of an encounter, oldest first."""

    items: list[RunOut]


class ProviderQueryOut(QueryOut):
    """A query to the provider as it was asked, and how it ended."""

    number: int
    state: QueryState
    suggestion: int | None = Field(description="Number of the latest run when it was asked.")
    opened_by: UserRef
    opened_at: datetime
    note: str | None = Field(description="Id of the note that answers it.")
    reason: str | None = Field(description="Why it was withdrawn.")
    closed_by: UserRef | None
    closed_at: datetime | None


class QueriesOut(BaseModel):
    """All queries of an encounter as they were opened."""

    encounter_id: str
    version: int
    items: list[ProviderQueryOut]
    offsets: Offsets


class QueryChangeOut(BaseModel):
    """A query that was opened or withdrawn."""

    version: int = Field(description="Version of the encounter now.")
    open_queries: int
    query: ProviderQueryOut
    offsets: Offsets


class EncounterOut(BaseModel):
    """An encounter with all that stands on it."""

    id: str
    version: int
    status: EncounterStatus
    setting: Setting
    claim: Claim
    payer: str | None
    policy: str | None
    patient_key: str | None
    patient: PatientOut
    date_of_service: date | None
    admission: date | None
    discharge: date | None
    assigned_to: UserRef | None
    created_at: datetime
    notes: list[StoredNoteOut]
    suggestion: StoredSuggestionOut | None
    lines: list[LineOut]
    set_aside: list[LineOut]
    undecided: int
    findings: list[FindingOut] | None = Field(
        description="What the edits report of `lines`; null while the service is loading."
    )
    queries: list[ProviderQueryOut]
    editable: bool = Field(description="Whether you may decide on it now.")
    coded_set: int | None = Field(description="Number of the latest coded set.")
    offsets: Offsets


class ChangedLineOut(BaseModel):
    """A code that both runs propose, with other evidence or details."""

    before: LineOut
    after: LineOut
    fields: list[str]


class ChangesOut(BaseModel):
    """What a newer run proposes otherwise than the one before."""

    new: list[LineOut]
    gone: list[LineOut]
    changed: list[ChangedLineOut]


class UpdatedEncounterOut(BaseModel):
    """An encounter after a further run."""

    encounter: EncounterOut
    changes: ChangesOut | None = Field(description="Null where there are no two runs to compare.")


class DecisionOut(BaseModel):
    """A decision as it was recorded."""

    number: int
    version: int = Field(description="Version of the encounter after its request.")
    suggestion: int | None = Field(description="Number of the run that the coder saw.")
    reviewer: UserRef
    at: datetime
    undone: bool
    decision: dict[str, Any] = Field(description="As it was sent.")


class DecisionsOut(BaseModel):
    """What was recorded, and what stands now."""

    version: int
    replayed: bool = Field(description="Whether it had been recorded before, under the same key.")
    decisions: list[DecisionOut]
    status: EncounterStatus
    assigned_to: UserRef | None
    lines: list[LineOut]
    set_aside: list[LineOut]
    undecided: int
    findings: list[FindingOut] | None = Field(description="As of an encounter.")
    offsets: Offsets


class EventOut(BaseModel):
    """Something that happened to an encounter; holds no chart text."""

    id: int
    at: datetime
    actor: UserRef | None
    action: str
    version: int | None
    detail: dict[str, Any]


class HistoryOut(BaseModel):
    """All that happened to an encounter, oldest first."""

    encounter_id: str
    version: int
    decisions: list[DecisionOut]
    events: list[EventOut]
    offsets: Offsets


class ConflictOut(BaseModel):
    """What happened since the version that was expected."""

    expected: int
    actual: int
    events: list[EventOut]
    decisions: list[DecisionOut]


class EncounterProblem(ProblemDetails):
    """A problem that tells how the encounter stands."""

    conflict: ConflictOut | None = Field(default=None, description="Of a version-conflict: what changed.")
    lines: list[LineRefOut] | None = Field(default=None, description="Of undecided-codes: which.")


class CodedSetOut(BaseModel):
    """What an encounter was finalised with."""

    encounter_id: str
    number: int
    version: int = Field(description="Version of the encounter after it was finalised.")
    suggestion: int | None
    lines: list[LineOut]
    finalised_by: UserRef
    finalised_at: datetime
    offsets: Offsets
