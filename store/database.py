"""Opens the database: SQLite embedded, PostgreSQL in production.

What a writing block did is on disk when the block has ended: SQLite runs with a write-ahead log and
``synchronous=FULL``, and a PostgreSQL that does not flush is refused.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, func, inspect, make_url, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from store.errors import DatabaseError, DatabaseVersionError
from store.tables import Base

_WAIT_SECONDS: Final = 30
"""How long a writer waits for others before it gives up."""
_MIGRATION_LOCK: Final = 0x43686172_74436F64
"""Key of the advisory lock under which PostgreSQL is migrated: the letters ChartCod."""
_WRITES: Final = "chartcoder_writes"

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Returns the moment, in UTC."""
    return datetime.now(UTC)


class Database:
    """An open database with its tables at the revision of this program; safe to share between threads.

    A process that forks opens its own afterwards.
    """

    def __init__(self, engine: Engine, clock: Clock = utc_now) -> None:
        """Wraps an engine; callers use ``open_database``."""
        self._engine = engine
        self._writer = engine.execution_options(**{_WRITES: True})
        # One snapshot for all statements of a block; SQLite gives that by itself.
        self._reader = (
            engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            if engine.dialect.name == "postgresql"
            else engine
        )
        self.now = clock

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Gives a session that sees one state of the database throughout.

        Raises:
            DatabaseError: The database does not answer.
        """
        with _plain_errors(), Session(self._reader, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Gives a session whose changes are on disk when the block ends, or undone if it raises.

        Raises:
            DatabaseError: The database does not answer, is locked for too long or refused a statement; where
                the commit itself failed, only a later look tells whether it took place.
        """
        with _plain_errors(), Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Closes all connections."""
        self._engine.dispose()


def open_database(url: str, *, clock: Clock = utc_now) -> Database:
    """Opens a database and brings its tables to the revision of this program, under a lock.

    Args:
        url: ``sqlite:///FILE`` (made with its folder where absent, readable by its owner only) or
            ``postgresql://USER:PASSWORD@HOST/NAME``.
        clock: Gives the moment that is recorded; simulations and tests pass their own.

    Raises:
        DatabaseError: The URL is of another kind, the database does not answer, or it would acknowledge what
            is not on disk.
        DatabaseVersionError: The database belongs to a newer ChartCoder or to another program.
    """
    with _plain_errors():
        engine = _make_engine(url)
        try:
            _check_safe(engine)
            _migrate(engine)
        except BaseException:
            engine.dispose()
            raise
    return Database(engine, clock)


def _make_engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # Not chained: the message would show the URL with its password.
        raise DatabaseError("the database URL cannot be read; expected sqlite:///FILE or postgresql://...") from None
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        return _make_sqlite(parsed)
    if kind == "postgresql":
        return _make_postgresql(parsed)
    raise DatabaseError(f"the database is of kind {kind}; expected sqlite or postgresql")


def _make_sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise DatabaseError("a SQLite database needs a file, so that decisions outlive the process")
    _make_private_file(Path(url.database))
    engine = create_engine(url.set(drivername="sqlite"), hide_parameters=True, connect_args={"timeout": _WAIT_SECONDS})

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        # The driver shall not begin transactions by itself; see begin() below.
        connection.isolation_level = None
        _keep_write_ahead_log(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        # Else INSERT OR REPLACE would delete rows without firing the triggers that forbid it.
        connection.execute("PRAGMA recursive_triggers = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that began with reading could find on its first write that others wrote meanwhile.
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _keep_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Turns the write-ahead log on, once for the life of the file.

    Raises:
        DatabaseError: The file system does not allow it.
        sqlite3.OperationalError: Others hold the file for too long.
    """
    end = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            break
        except sqlite3.OperationalError as error:
            # SQLite does not wait by itself here where another process turns it on at this moment.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)
    if mode != ("wal",):
        raise DatabaseError("SQLite cannot keep a write-ahead log here; use a local disk")


def _dump_json(value: Any) -> str:
    # NaN is no JSON; PostgreSQL would refuse it later with a message that quotes the row.
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _make_private_file(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # SQLite gives its log files the mode of the database.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise DatabaseError(f"the database file cannot be opened ({error.strerror}); check its folder") from None


def _make_postgresql(url: URL) -> Engine:
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        hide_parameters=True,
        json_serializer=_dump_json,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 10, "application_name": "chartcoder"},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            # Stronger settings (remote_apply) are the administrator's and stay.
            cursor.execute(
                "SELECT set_config('synchronous_commit', 'on', false)"
                " WHERE current_setting('synchronous_commit') = 'off'"
            )
            cursor.execute(f"SET lock_timeout = '{_WAIT_SECONDS}s'")
        connection.commit()

    return engine


def _check_safe(engine: Engine) -> None:
    if engine.dialect.name != "postgresql":
        return
    with engine.connect() as connection:
        if connection.scalar(text("SHOW fsync")) != "on":
            raise DatabaseError("PostgreSQL runs with fsync=off and may lose decisions; turn it on")
        if connection.scalar(text("SHOW server_encoding")) != "UTF8":
            raise DatabaseError("the PostgreSQL database is not encoded in UTF-8; create it with ENCODING UTF8")


def _migrate(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", "store:migrations")
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    with engine.connect() as connection:
        # Without a need to migrate, an account that may not change tables suffices.
        if _revision(connection, scripts) == scripts.get_current_head():
            return
    with engine.execution_options(**{_WRITES: True}).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        # Another process may have migrated while this one waited; then this changes nothing.
        _revision(connection, scripts)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _revision(connection: Connection, scripts: ScriptDirectory) -> str | None:
    """Returns the revision of the tables, ``None`` for an empty database.

    Raises:
        DatabaseVersionError: The revision is unknown, or there are tables without one.
    """
    # Tables before revision: another process may make both, at once, between the two looks.
    ours = set(inspect(connection).get_table_names()) & set(Base.metadata.tables)
    current = MigrationContext.configure(connection).get_current_revision()
    if current is None:
        if ours:
            raise DatabaseVersionError("the database holds tables of another program; name an empty database")
    elif current not in {script.revision for script in scripts.walk_revisions()}:
        raise DatabaseVersionError(
            f"the database is at revision {current}, which is newer than this program knows "
            f"({scripts.get_current_head()}); upgrade ChartCoder, or restore a backup made before the upgrade"
        )
    return current


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Turns errors of drivers, whose messages quote rows, into ones that hold no values."""
    try:
        yield
    except PoolTimeoutError:
        raise DatabaseError("all connections to the database are in use; try again") from None
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", None)
        kind = f"{type(error.orig).__name__}, {state or 'no code'}"
        if isinstance(error, OperationalError):
            raise DatabaseError(f"the database does not answer or is locked ({kind}); try again") from None
        raise DatabaseError(f"the database refused a statement ({kind})") from None
