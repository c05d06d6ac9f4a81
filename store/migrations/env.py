"""Runs the revisions on the connection, and inside the transaction, of ``store.database``."""

from __future__ import annotations

from alembic import context

from store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
