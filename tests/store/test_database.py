import sqlite3
import stat
import threading
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text
from store_charts import encounter_of, quote, ref

from store import audit, coded_sets, decisions, encounters, queries
from store.coding import Accept, Leave
from store.database import open_database
from store.errors import DatabaseError, DatabaseVersionError, NotFoundError
from store.tables import APPEND_ONLY, Base, EncounterRow
from suggest.records import Note, Query


def raw(url):
    """Connects as any other program would: without the settings of the store."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    else:
        connection = psycopg.connect(url, autocommit=True)
    return connection


def plain_engine(url):
    return create_engine(url.replace("postgresql://", "postgresql+psycopg://"))


def test_migrations_make_the_tables_of_the_program(empty_url):
    open_database(empty_url).close()
    engine = plain_engine(empty_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    engine.dispose()
    assert found == "0002"


def test_opening_again_keeps_what_is_there(url):
    first = open_database(url)
    encounters.create(first, encounter_of(), actor=None)
    first.close()
    second = open_database(url)
    assert encounters.get(second, "e1").encounter == encounter_of()
    second.close()


def test_a_database_of_the_first_release_is_upgraded_with_what_it_holds(empty_url, monkeypatch):
    upgrade = command.upgrade
    with monkeypatch.context() as patched:
        patched.setattr(command, "upgrade", lambda config, _head: upgrade(config, "0001"))
        open_database(empty_url).close()
    connection = raw(empty_url)
    columns = "id, setting, claim, sex, status, version, created_at"
    values = "'e1', 'outpatient', 'professional', 'F', 'open', 1, '2026-01-05 08:00:00'"
    connection.execute(f"INSERT INTO encounters ({columns}) VALUES ({values})")
    connection.close()
    database = open_database(empty_url)
    item = encounters.get(database, "e1").item
    found = queries.history(database, "e1")
    database.close()
    assert (item.status, item.version, item.open_queries) == ("open", 1, 0)
    assert found == []


def test_several_processes_may_open_an_empty_database_at_once(empty_url):
    opened, failed = [], []

    def run():
        try:
            opened.append(open_database(empty_url))
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database in opened:
        database.close()
    assert failed == []
    assert len(opened) == 4


def test_a_new_sqlite_file_that_another_process_holds_is_waited_for(tmp_path):
    # SQLite answers "locked" at once to whoever turns the write-ahead log on meanwhile.
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.3, other.execute, ["COMMIT"])
    release.start()
    open_database(f"sqlite:///{tmp_path / 'store.db'}").close()
    release.join()
    other.close()


def test_a_newer_database_is_refused_and_left_alone(empty_url):
    open_database(empty_url).close()
    connection = raw(empty_url)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseVersionError, match=r"revision 9999.*newer.*0002.*upgrade ChartCoder"):
        open_database(empty_url)
    assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)
    connection.close()


def test_tables_of_another_program_are_refused(empty_url):
    connection = raw(empty_url)
    connection.execute("CREATE TABLE encounters (id INTEGER)")
    connection.close()
    with pytest.raises(DatabaseVersionError, match="another program"):
        open_database(empty_url)


@pytest.mark.parametrize("url", ["mysql://u:secret@h/d", "sqlite://", "sqlite:///:memory:", "no url: secret"])
def test_unfit_urls_are_refused_without_the_password(url):
    with pytest.raises(DatabaseError) as caught:
        open_database(url)
    assert "secret" not in str(caught.value)


def test_a_server_that_does_not_answer_is_named_without_the_password(tmp_path):
    with pytest.raises(DatabaseError, match="does not answer") as caught:
        open_database(f"postgresql://u:secret@/db?host={tmp_path}")
    assert "secret" not in str(caught.value)


def test_a_sqlite_file_is_private_and_flushed(tmp_path):
    path = tmp_path / "folder" / "store.db"
    database = open_database(f"sqlite:///{path}")
    with database.writing() as session:
        settings = {
            name: session.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")
        }
        assert stat.S_IMODE(Path(f"{path}-wal").stat().st_mode) == 0o600
    database.close()
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_postgresql_flushes_even_where_the_account_says_otherwise(server_url):
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute("ALTER ROLE chartcoder SET synchronous_commit = off")
    try:
        database = open_database(server_url)
        with database.writing() as session:
            assert session.scalar(text("SHOW synchronous_commit")) == "on"
        database.close()
    finally:
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute("ALTER ROLE chartcoder RESET synchronous_commit")


def test_a_block_that_raises_leaves_nothing(database):
    def work():
        with database.writing() as session:
            audit.append(session, database.now(), "chart-read", actor=None)
            session.flush()
            raise KeyError

    with pytest.raises(KeyError):
        work()
    assert audit.events(database) == []


def test_a_reading_block_sees_one_state(database):
    with database.reading() as session:
        assert session.query(EncounterRow).count() == 0
        encounters.create(database, encounter_of(), actor=None)
        assert session.query(EncounterRow).count() == 0


def test_errors_of_the_driver_show_no_values(database, coder):
    with pytest.raises(DatabaseError, match="refused a statement") as caught, database.writing() as session:
        session.execute(text("INSERT INTO users VALUES (:id, 'SECRET', NULL, NULL, NULL)"), {"id": "SECRET"})
    assert "SECRET" not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.fixture
def filled(database, suggested, coder):
    batch = decisions.record(
        database,
        suggested,
        [Accept(ref("E11.9")), Leave(ref("I10")), Leave(ref("N18.30"))],
        reviewer=coder,
        expected_version=2,
    )
    coded_sets.finalise(database, suggested, actor=coder, expected_version=batch.version)
    asked = Query("", (quote("CKD 3"),), "Which stage is it?", ())
    queries.open_query(database, suggested, asked, actor=coder, expected_version=batch.version + 1)
    queries.answer(database, suggested, 1, Note("n2", "CKD stage 3b"), actor=None)


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_the_database_itself_refuses_to_change_or_delete(filled, url, table):
    connection = raw(url)
    column = "actor" if table == "audit_events" else "encounter_id"
    before = connection.execute(f"SELECT * FROM {table}").fetchall()
    assert before
    statements = [f"UPDATE {table} SET {column} = 'x'", f"DELETE FROM {table}"]
    if url.startswith("postgresql"):
        statements.append(f"TRUNCATE {table} CASCADE")
    for statement in statements:
        with pytest.raises((sqlite3.IntegrityError, psycopg.errors.RaiseException), match="append-only"):
            connection.execute(statement)
    assert connection.execute(f"SELECT * FROM {table}").fetchall() == before
    connection.close()


def test_the_store_cannot_replace_an_append_only_row_either(filled, database, kind):
    if kind == "postgresql":
        pytest.skip("INSERT OR REPLACE is SQLite's")
    with pytest.raises(DatabaseError), database.writing() as session:
        session.execute(text("INSERT OR REPLACE INTO decisions SELECT * FROM decisions WHERE sequence = 1"))


def test_foreign_keys_are_enforced(database):
    with pytest.raises(DatabaseError), database.writing() as session:
        session.execute(text("INSERT INTO user_roles VALUES ('nobody', 'coder')"))


def test_unknown_encounters_are_not_found(database):
    with pytest.raises(NotFoundError):
        encounters.get(database, "e9")
