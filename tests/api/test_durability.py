"""What was acknowledged is there, once: after kill -9 of the server, and with many coders at once."""

import asyncio
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

REPOSITORY = Path(__file__).parents[2]
STORE_TESTS = REPOSITORY / "tests" / "store"
CODE = "T14.8XXS"

pytestmark = pytest.mark.slow
SHORT_AND_LONG = [pytest.param(40, 2, id="short"), pytest.param(500, 20, id="long", marks=pytest.mark.long)]


@pytest.fixture(scope="module")
def cluster():
    sys.path.append(str(STORE_TESTS))
    from private_postgresql import Cluster, MissingError

    try:
        started = Cluster()
    except MissingError as error:
        pytest.skip(f"PostgreSQL is not tested: {error}")
    yield started
    started.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path, migrated_file):
    if request.param == "sqlite":
        shutil.copy(migrated_file, tmp_path / "chartcoder.db")
        return f"sqlite:///{tmp_path / 'chartcoder.db'}"
    import psycopg

    cluster, name = request.getfixturevalue("cluster"), f"t{uuid4().hex}"
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return cluster.url(name)


class Server:
    """Runs ``small_server.py``; ``kill`` and ``start`` as often as wanted."""

    def __init__(self, index_folder, home, url):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.arguments = [str(self.port), str(index_folder), str(home), url]
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("small_server.py"), *self.arguments],
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        )
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                if httpx.get(f"{self.base_url}/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                assert self.process.poll() is None, "the server ended"
            time.sleep(0.02)
        pytest.fail("the server did not start within a minute")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)


@pytest.fixture
def server(small_index_folder, tmp_path, url):
    running = Server(small_index_folder, tmp_path, url)
    running.start()
    yield running
    running.kill()


def add(number):
    """The decision of a number; no other makes this line."""
    return {"action": "add", "code": {"code": CODE}, "occurrence": number}


def store(server, *ids):
    for encounter_id in ids:
        body = {"id": encounter_id, "notes": [{"id": "n1", "text": "injury"}], "suggest": False}
        assert httpx.post(f"{server.base_url}/v1/encounters", json=body).status_code == 201


def occurrences(server, encounter_id):
    history = httpx.get(f"{server.base_url}/v1/encounters/{encounter_id}/history").json()
    assert [item["number"] for item in history["decisions"]] == list(range(1, len(history["decisions"]) + 1))
    return [item["decision"]["occurrence"] for item in history["decisions"]]


@pytest.mark.parametrize(("decisions", "kills"), SHORT_AND_LONG)
def test_kill_9_in_the_middle_of_decisions(server, decisions, kills):
    store(server, "e1")
    path = f"{server.base_url}/v1/encounters/e1/decisions"
    moments = random.Random(0)
    kill_after = set(moments.sample(range(5, decisions), kills))
    acknowledged, repeated, version = [], 0, 1
    for number in range(1, decisions + 1):
        doomed = server.process
        if number in kill_after:
            # Falls somewhere between the beginning of this request and its answer.
            threading.Timer(moments.uniform(0, 0.03), doomed.send_signal, [signal.SIGKILL]).start()
        while True:
            body = {"expected_version": version, "decisions": [add(number)]}
            try:
                answer = httpx.post(path, json=body, headers={"Idempotency-Key": f"k{number}"}, timeout=30)
            except httpx.TransportError:
                server.process.wait(30)
                server.start()
                continue
            assert answer.status_code == 200, answer.text
            break
        repeated += answer.json()["replayed"]
        version = answer.json()["version"]
        acknowledged.append(number)
        if number in kill_after and server.process is doomed:
            # The answer came before the signal.
            doomed.wait(30)
            server.start()
    assert occurrences(server, "e1") == acknowledged
    assert version == decisions + 1
    assert repeated <= kills


@pytest.mark.parametrize(
    ("decisions", "encounters"),
    [pytest.param(60, 10, id="short"), pytest.param(200, 10, id="long", marks=pytest.mark.long)],
)
def test_concurrent_decisions_on_ten_encounters(server, decisions, encounters):
    store(server, *(f"e{i}" for i in range(encounters)))
    statuses = Counter()

    async def decide(client, number):
        path = f"/v1/encounters/e{number % encounters}"
        version = 1
        while True:
            answer = await client.post(
                f"{path}/decisions",
                json={"expected_version": version, "decisions": [add(number + 1)]},
                headers={"Idempotency-Key": f"k{number}"},
            )
            statuses[answer.status_code] += 1
            if answer.status_code == 200:
                return answer.json()["version"]
            assert answer.status_code == 409, answer.text
            version = answer.json()["conflict"]["actual"]

    async def all_at_once():
        limits = httpx.Limits(max_connections=decisions)
        async with httpx.AsyncClient(base_url=server.base_url, timeout=120, limits=limits) as client:
            await asyncio.gather(*(decide(client, number) for number in range(decisions)))

    asyncio.run(all_at_once())
    assert set(statuses) <= {200, 409}
    assert statuses[200] == decisions
    for i in range(encounters):
        found = occurrences(server, f"e{i}")
        assert sorted(found) == [number + 1 for number in range(decisions) if number % encounters == i]
        encounter = httpx.get(f"{server.base_url}/v1/encounters/e{i}").json()
        assert encounter["version"] == len(found) + 1
        assert len(encounter["lines"]) == len(found)
