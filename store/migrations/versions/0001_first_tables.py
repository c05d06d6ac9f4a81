"""The first tables.

Revision ID: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.migrations.append_only import make_append_only

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_APPEND_ONLY = ("notes", "suggestions", "decision_batches", "decisions", "coded_sets", "audit_events")


def upgrade() -> None:
    """Makes the tables, and the triggers that refuse changes of what is append-only."""
    _create_users()
    _create_encounters()
    _create_suggestions()
    _create_decisions()
    _create_audit_trail()
    for table in _APPEND_ONLY:
        make_append_only(table)


def _create_users() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("password_hash", sa.String(length=256), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("name", name=op.f("uq_users_name")),
    )
    op.create_table(
        "user_roles",
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_user_roles_user_id")),
        sa.PrimaryKeyConstraint("user_id", "role", name=op.f("pk_user_roles")),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_api_keys_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
    )
    op.create_index(op.f("ix_api_keys_user_id"), "api_keys", ["user_id"])


def _create_encounters() -> None:
    op.create_table(
        "patients",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patients")),
    )
    op.create_table(
        "encounters",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("patient_id", sa.String(length=64), nullable=True),
        sa.Column("setting", sa.String(length=32), nullable=False),
        sa.Column("claim", sa.String(length=32), nullable=False),
        sa.Column("payer", sa.String(length=64), nullable=True),
        sa.Column("policy", sa.String(length=64), nullable=True),
        sa.Column("age", sa.Float(precision=53), nullable=True),
        sa.Column("sex", sa.String(length=32), nullable=False),
        sa.Column("date_of_service", sa.Date(), nullable=True),
        sa.Column("admission", sa.Date(), nullable=True),
        sa.Column("discharge", sa.Date(), nullable=True),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("assigned_to", sa.String(length=64), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('open', 'in_progress', 'finalised')", name=op.f("ck_encounters_status")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_encounters_version")),
        sa.ForeignKeyConstraint(["assigned_to"], ["users.id"], name=op.f("fk_encounters_assigned_to")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_encounters_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_encounters")),
    )
    op.create_index(
        op.f("ix_encounters_assigned_to_status_created_at_id"),
        "encounters",
        ["assigned_to", "status", "created_at", "id"],
    )
    op.create_index(op.f("ix_encounters_created_at_id"), "encounters", ["created_at", "id"])
    op.create_index(op.f("ix_encounters_patient_id"), "encounters", ["patient_id"])
    op.create_index(op.f("ix_encounters_status_created_at_id"), "encounters", ["status", "created_at", "id"])
    op.create_table(
        "notes",
        sa.Column("encounter_id", sa.String(length=64), nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("supersedes", sa.String(length=64), nullable=True),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("author_role", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("date", sa.Date(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["encounter_id", "supersedes"],
            ["notes.encounter_id", "notes.id"],
            name=op.f("fk_notes_encounter_id_supersedes"),
        ),
        sa.ForeignKeyConstraint(["encounter_id"], ["encounters.id"], name=op.f("fk_notes_encounter_id")),
        sa.PrimaryKeyConstraint("encounter_id", "sequence", name=op.f("pk_notes")),
        sa.UniqueConstraint("encounter_id", "id", name=op.f("uq_notes_encounter_id_id")),
        sa.UniqueConstraint("encounter_id", "supersedes", name=op.f("uq_notes_encounter_id_supersedes")),
    )


def _create_suggestions() -> None:
    op.create_table(
        "suggestions",
        sa.Column("encounter_id", sa.String(length=64), nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("encounter_version", sa.Integer(), nullable=False),
        sa.Column("last_note", sa.Integer(), nullable=False),
        sa.Column("program", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=128), nullable=False),
        sa.Column("code_index", sa.String(length=128), nullable=False),
        sa.Column("policy", sa.String(length=64), nullable=False),
        sa.Column("policy_hash", sa.String(length=64), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["encounter_id"], ["encounters.id"], name=op.f("fk_suggestions_encounter_id")),
        sa.PrimaryKeyConstraint("encounter_id", "sequence", name=op.f("pk_suggestions")),
    )
    op.create_index(op.f("ix_suggestions_model"), "suggestions", ["model"])
    op.create_table(
        "coded_sets",
        sa.Column("encounter_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("encounter_version", sa.Integer(), nullable=False),
        sa.Column("suggestion", sa.Integer(), nullable=True),
        sa.Column("last_note", sa.Integer(), nullable=False),
        sa.Column("last_decision", sa.Integer(), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("finalised_by", sa.String(length=64), nullable=False),
        sa.Column("finalised_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["encounter_id", "suggestion"],
            ["suggestions.encounter_id", "suggestions.sequence"],
            name=op.f("fk_coded_sets_encounter_id_suggestion"),
        ),
        sa.ForeignKeyConstraint(["encounter_id"], ["encounters.id"], name=op.f("fk_coded_sets_encounter_id")),
        sa.ForeignKeyConstraint(["finalised_by"], ["users.id"], name=op.f("fk_coded_sets_finalised_by")),
        sa.PrimaryKeyConstraint("encounter_id", "number", name=op.f("pk_coded_sets")),
    )
    op.create_index(op.f("ix_coded_sets_finalised_at_encounter_id"), "coded_sets", ["finalised_at", "encounter_id"])


def _create_decisions() -> None:
    op.create_table(
        "decision_batches",
        sa.Column("encounter_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("suggestion", sa.Integer(), nullable=True),
        sa.Column("reviewer", sa.String(length=64), nullable=False),
        sa.Column("idempotency_key", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(length=32), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["encounter_id", "suggestion"],
            ["suggestions.encounter_id", "suggestions.sequence"],
            name=op.f("fk_decision_batches_encounter_id_suggestion"),
        ),
        sa.ForeignKeyConstraint(["encounter_id"], ["encounters.id"], name=op.f("fk_decision_batches_encounter_id")),
        sa.ForeignKeyConstraint(["reviewer"], ["users.id"], name=op.f("fk_decision_batches_reviewer")),
        sa.PrimaryKeyConstraint("encounter_id", "version", name=op.f("pk_decision_batches")),
        sa.UniqueConstraint("reviewer", "idempotency_key", name=op.f("uq_decision_batches_reviewer_idempotency_key")),
    )
    op.create_table(
        "decisions",
        sa.Column("encounter_id", sa.String(length=64), nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("system", sa.String(length=32), nullable=True),
        sa.Column("code", sa.String(length=16), nullable=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("basis", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["encounter_id", "version"],
            ["decision_batches.encounter_id", "decision_batches.version"],
            name=op.f("fk_decisions_encounter_id_version"),
        ),
        sa.PrimaryKeyConstraint("encounter_id", "sequence", name=op.f("pk_decisions")),
    )
    op.create_index(op.f("ix_decisions_system_code"), "decisions", ["system", "code"])


def _create_audit_trail() -> None:
    op.create_table(
        "audit_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=True),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("encounter_id", sa.String(length=64), nullable=True),
        sa.Column("encounter_version", sa.Integer(), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
    )
    op.create_index(op.f("ix_audit_events_actor"), "audit_events", ["actor"])
    op.create_index(
        op.f("ix_audit_events_encounter_id_encounter_version"), "audit_events", ["encounter_id", "encounter_version"]
    )
