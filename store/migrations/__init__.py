"""Revisions of the tables, run by ``store.database.open_database``.

A new revision is a file in ``versions``, written by hand; a test compares the tables that all revisions make
with ``store.tables``, on SQLite and PostgreSQL. There is no way down: decisions are never thrown away, so that
a downgrade is the restoration of a backup. Copying a SQLite table (batch mode) loses its triggers: a revision
that does so makes them again.
"""
