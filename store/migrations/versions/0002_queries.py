"""Queries to the provider and how they ended.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.migrations.append_only import make_append_only

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables, and counts open queries on encounters."""
    op.add_column("encounters", sa.Column("open_queries", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "queries",
        sa.Column("encounter_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("suggestion", sa.Integer(), nullable=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("opened_by", sa.String(length=64), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["encounter_id", "suggestion"],
            ["suggestions.encounter_id", "suggestions.sequence"],
            name=op.f("fk_queries_encounter_id_suggestion"),
        ),
        sa.ForeignKeyConstraint(["encounter_id"], ["encounters.id"], name=op.f("fk_queries_encounter_id")),
        sa.ForeignKeyConstraint(["opened_by"], ["users.id"], name=op.f("fk_queries_opened_by")),
        sa.PrimaryKeyConstraint("encounter_id", "number", name=op.f("pk_queries")),
    )
    op.create_table(
        "query_outcomes",
        sa.Column("encounter_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("note", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("closed_by", sa.String(length=64), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(note IS NULL) <> (reason IS NULL)", name=op.f("ck_query_outcomes_answered_or_withdrawn")),
        sa.ForeignKeyConstraint(
            ["encounter_id", "number"],
            ["queries.encounter_id", "queries.number"],
            name=op.f("fk_query_outcomes_encounter_id_number"),
        ),
        sa.ForeignKeyConstraint(
            ["encounter_id", "note"],
            ["notes.encounter_id", "notes.id"],
            name=op.f("fk_query_outcomes_encounter_id_note"),
        ),
        sa.ForeignKeyConstraint(["closed_by"], ["users.id"], name=op.f("fk_query_outcomes_closed_by")),
        sa.PrimaryKeyConstraint("encounter_id", "number", name=op.f("pk_query_outcomes")),
    )
    for table in ("queries", "query_outcomes"):
        make_append_only(table)
