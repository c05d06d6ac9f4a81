"""The tables, as SQLAlchemy classes. Migrations make them; triggers there keep the append-only ones so.

Rows of an encounter are numbered within it, by the row lock that every writer takes on the encounter first.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import Enum as PythonEnum
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    Dialect,
    Enum,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from suggest.records import AuthorRole, Claim, NoteStatus, Setting, Sex, System

ID = String(64)


class EncounterStatus(StrEnum):
    """How far an encounter has come."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    FINALISED = "finalised"


class Role(StrEnum):
    """What a user is; which permissions a role gives is the service's business."""

    CODER = "coder"
    LEAD = "lead"
    AUDITOR = "auditor"
    DATA_SCIENTIST = "data-scientist"
    ADMINISTRATOR = "administrator"
    SERVICE = "service"


class UtcDateTime(TypeDecorator[datetime]):
    """Moments in UTC; SQLite keeps no time zone, so that it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Converts to UTC.

        Raises:
            ValueError: The moment has no time zone.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone; use datetime.now(UTC)")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Returns an aware moment in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _words(kind: type[PythonEnum]) -> Enum:
    # Kept as words without a constraint, so that records gain members without a migration.
    return Enum(
        kind,
        native_enum=False,
        create_constraint=False,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )


class Base(DeclarativeBase):
    """Base of all tables, with the names of constraints fixed for migrations."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime(),
        date: Date(),
        dict[str, Any]: JSON(),
        list[Any]: JSON(),
        **{kind: _words(kind) for kind in (AuthorRole, Claim, EncounterStatus, NoteStatus, Role, Setting, Sex, System)},
    }


class UserRow(Base):
    """A person or a service that acts."""

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    name: Mapped[str] = mapped_column(ID, unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(256))
    active: Mapped[bool]
    created_at: Mapped[datetime]


class UserRoleRow(Base):
    """A role of a user; a small practice gives one person several."""

    __tablename__ = "user_roles"

    user_id: Mapped[str] = mapped_column(ID, ForeignKey("users.id"), primary_key=True)
    role: Mapped[Role] = mapped_column(primary_key=True)


class ApiKeyRow(Base):
    """A key of a user; only a hash of its secret is kept."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    user_id: Mapped[str] = mapped_column(ID, ForeignKey("users.id"), index=True)
    label: Mapped[str] = mapped_column(ID)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    scopes: Mapped[list[Any]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class PatientRow(Base):
    """A patient by pseudonym; nothing else is known of a person."""

    __tablename__ = "patients"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    created_at: Mapped[datetime]


class EncounterRow(Base):
    """The facts of an encounter and where it stands on the worklist.

    ``version`` rises by one with every change of facts, notes, suggestion, decisions, queries or status.
    ``open_queries`` counts the queries that wait for an answer, so that the worklist need not.
    """

    __tablename__ = "encounters"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'in_progress', 'finalised')", name="status"),
        CheckConstraint("version >= 1", name="version"),
        Index(None, "created_at", "id"),
        Index(None, "status", "created_at", "id"),
        Index(None, "assigned_to", "status", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    patient_id: Mapped[str | None] = mapped_column(ID, ForeignKey("patients.id"), index=True)
    setting: Mapped[Setting]
    claim: Mapped[Claim]
    payer: Mapped[str | None] = mapped_column(ID)
    policy: Mapped[str | None] = mapped_column(ID)
    age: Mapped[float | None] = mapped_column(Float(53))
    sex: Mapped[Sex]
    date_of_service: Mapped[date | None]
    admission: Mapped[date | None]
    discharge: Mapped[date | None]
    status: Mapped[EncounterStatus]
    assigned_to: Mapped[str | None] = mapped_column(ID, ForeignKey("users.id"))
    version: Mapped[int]
    open_queries: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime]


class NoteRow(Base):
    """A note, never changed: an amended one is a new row that names the one it supersedes."""

    __tablename__ = "notes"
    __table_args__ = (
        UniqueConstraint("encounter_id", "id"),
        UniqueConstraint("encounter_id", "supersedes"),
        ForeignKeyConstraint(["encounter_id", "supersedes"], ["notes.encounter_id", "notes.id"]),
    )

    encounter_id: Mapped[str] = mapped_column(ID, ForeignKey("encounters.id"), primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(ID)
    supersedes: Mapped[str | None] = mapped_column(ID)
    type: Mapped[str] = mapped_column(ID)
    author_role: Mapped[AuthorRole]
    status: Mapped[NoteStatus]
    date: Mapped[date | None]
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


class SuggestionRow(Base):
    """One run of the pipeline, never changed; ``record`` is the whole ``Suggestion``."""

    __tablename__ = "suggestions"

    encounter_id: Mapped[str] = mapped_column(ID, ForeignKey("encounters.id"), primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    encounter_version: Mapped[int]
    last_note: Mapped[int]
    program: Mapped[str] = mapped_column(ID)
    model: Mapped[str] = mapped_column(String(128), index=True)
    code_index: Mapped[str] = mapped_column(String(128))
    policy: Mapped[str] = mapped_column(ID)
    policy_hash: Mapped[str] = mapped_column(ID)
    record: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class DecisionBatchRow(Base):
    """What one request decided; all of it was recorded, or nothing."""

    __tablename__ = "decision_batches"
    __table_args__ = (
        UniqueConstraint("reviewer", "idempotency_key"),
        ForeignKeyConstraint(["encounter_id", "suggestion"], ["suggestions.encounter_id", "suggestions.sequence"]),
    )

    encounter_id: Mapped[str] = mapped_column(ID, ForeignKey("encounters.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    suggestion: Mapped[int | None]
    reviewer: Mapped[str] = mapped_column(ID, ForeignKey("users.id"))
    idempotency_key: Mapped[str] = mapped_column(ID)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(32))
    recorded_at: Mapped[datetime]


class DecisionRow(Base):
    """One decision, never changed; an undo is a further row.

    ``body`` is the decision, ``basis`` the line as it stood when it was decided on.
    """

    __tablename__ = "decisions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["encounter_id", "version"], ["decision_batches.encounter_id", "decision_batches.version"]
        ),
        Index(None, "system", "code"),
    )

    encounter_id: Mapped[str] = mapped_column(ID, primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int]
    action: Mapped[str] = mapped_column(String(16))
    system: Mapped[System | None]
    code: Mapped[str | None] = mapped_column(String(16))
    body: Mapped[dict[str, Any]]
    basis: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class CodedSetRow(Base):
    """What an encounter was finalised with, never changed; after a reopening comes the next number."""

    __tablename__ = "coded_sets"
    __table_args__ = (
        ForeignKeyConstraint(["encounter_id", "suggestion"], ["suggestions.encounter_id", "suggestions.sequence"]),
        Index(None, "finalised_at", "encounter_id"),
    )

    encounter_id: Mapped[str] = mapped_column(ID, ForeignKey("encounters.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    encounter_version: Mapped[int]
    suggestion: Mapped[int | None]
    last_note: Mapped[int]
    last_decision: Mapped[int]
    lines: Mapped[list[Any]]
    finalised_by: Mapped[str] = mapped_column(ID, ForeignKey("users.id"))
    finalised_at: Mapped[datetime]


class QueryRow(Base):
    """A question to the provider as it was asked, never changed; ``body`` is the ``Query``."""

    __tablename__ = "queries"
    __table_args__ = (
        ForeignKeyConstraint(["encounter_id", "suggestion"], ["suggestions.encounter_id", "suggestions.sequence"]),
    )

    encounter_id: Mapped[str] = mapped_column(ID, ForeignKey("encounters.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    suggestion: Mapped[int | None]
    body: Mapped[dict[str, Any]]
    opened_by: Mapped[str] = mapped_column(ID, ForeignKey("users.id"))
    opened_at: Mapped[datetime]


class QueryOutcomeRow(Base):
    """How a query ended, never changed: answered by a note, or withdrawn for a reason. One without is open."""

    __tablename__ = "query_outcomes"
    __table_args__ = (
        ForeignKeyConstraint(["encounter_id", "number"], ["queries.encounter_id", "queries.number"]),
        ForeignKeyConstraint(["encounter_id", "note"], ["notes.encounter_id", "notes.id"]),
        CheckConstraint("(note IS NULL) <> (reason IS NULL)", name="answered_or_withdrawn"),
    )

    encounter_id: Mapped[str] = mapped_column(ID, primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    note: Mapped[str | None] = mapped_column(ID)
    reason: Mapped[str | None] = mapped_column(Text)
    closed_by: Mapped[str | None] = mapped_column(ID, ForeignKey("users.id"))
    closed_at: Mapped[datetime]


class AuditEventRow(Base):
    """Who did what and when, without chart text; never changed. It outlives what it names: no foreign keys."""

    __tablename__ = "audit_events"
    __table_args__ = (Index(None, "encounter_id", "encounter_version"),)

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str | None] = mapped_column(ID, index=True)
    action: Mapped[str] = mapped_column(ID)
    encounter_id: Mapped[str | None] = mapped_column(ID)
    encounter_version: Mapped[int | None]
    detail: Mapped[dict[str, Any]]


APPEND_ONLY = (
    "notes",
    "suggestions",
    "decision_batches",
    "decisions",
    "coded_sets",
    "queries",
    "query_outcomes",
    "audit_events",
)
"""Tables whose rows the database itself refuses to change or delete."""
