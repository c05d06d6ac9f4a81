"""Fixtures that run each test of the store on SQLite and on PostgreSQL."""

import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from store import encounters, suggestions, users
from store.database import open_database
from store.tables import Base, Role

# Tests are imported by file (importlib mode), so that their helpers need a place on the path.
sys.path.append(str(Path(__file__).parent))
from private_postgresql import Cluster, MissingError
from store_charts import encounter_of, ranked, suggestion_of


class Clock:
    """Goes on by a second whenever it is read."""

    def __init__(self):
        self.at = datetime(2026, 1, 5, 8, tzinfo=UTC)

    def __call__(self):
        self.at += timedelta(seconds=1)
        return self.at


@pytest.fixture(scope="session")
def cluster():
    try:
        started = Cluster()
    except MissingError as error:
        pytest.skip(f"PostgreSQL is not tested: {error}")
    yield started
    started.stop()


@pytest.fixture(scope="session")
def server_url(cluster):
    """The URL of a PostgreSQL database with all tables, which tests clean after use."""
    url = _create_database(cluster)
    open_database(url).close()
    return url


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("migrated") / "store.db"
    open_database(f"sqlite:///{path}").close()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request):
    """The database that a test runs on: each of both, where the test does not choose."""
    return request.param


@pytest.fixture
def empty_url(kind, tmp_path, request):
    """The URL of a database without tables."""
    if kind == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return _create_database(request.getfixturevalue("cluster"))


@pytest.fixture
def url(kind, tmp_path, request):
    """The URL of a database with all tables and no rows."""
    if kind == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "store.db")
        yield f"sqlite:///{tmp_path / 'store.db'}"
    else:
        yield (used := request.getfixturevalue("server_url"))
        with psycopg.connect(used) as connection:
            # As a replica would: without the triggers that forbid this.
            connection.execute("SET session_replication_role = replica")
            connection.execute(f"TRUNCATE {', '.join(Base.metadata.tables)}")


def _create_database(cluster):
    name = f"t{uuid4().hex}"
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return cluster.url(name)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def database(url, clock):
    opened = open_database(url, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def coder(database):
    return users.create(database, "coder.one", roles=[Role.CODER], actor=None).id


@pytest.fixture
def other_coder(database):
    return users.create(database, "coder.two", roles=[Role.CODER], actor=None).id


@pytest.fixture
def suggested(database):
    """Encounter e1 at version 2, with E11.9, I10 and N18.30 proposed and Z87.891 only ranked."""
    encounters.create(database, encounter_of(), patient_key="p1", actor=None)
    lines = [ranked("E11.9", "DM2"), ranked("I10", "HTN"), ranked("N18.30", "CKD 3", probability=0.7)]
    made = suggestion_of("e1", lines, others=[ranked("Z87.891", "63 yo", probability=0.1)])
    suggestions.record(database, "e1", made, last_note=1)
    return "e1"
