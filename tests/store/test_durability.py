"""What was acknowledged is there: after kill -9, and with many writers at once."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from store_charts import code, encounter_of

from store import decisions, encounters
from store.coding import Add
from store.errors import VersionConflictError

REPOSITORY = Path(__file__).parents[2]
ROUNDS = int(os.environ.get("CHARTCODER_TEST_KILLS", "3"))


@pytest.mark.slow
def test_kill_9_in_the_middle_of_decisions_loses_nothing_acknowledged(database, url, coder):
    from decision_writer import add

    encounters.create(database, encounter_of(), actor=None)
    acknowledged = []
    moments = random.Random(0)
    for number in range(ROUNDS):
        writer = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("decision_writer.py"), url, "e1", coder, f"{number:02}"],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        )
        first = writer.stdout.readline()
        time.sleep(moments.uniform(0.02, 0.3))
        writer.send_signal(signal.SIGKILL)
        rest, _ = writer.communicate()
        assert writer.returncode == -signal.SIGKILL
        printed = (first + rest).decode()
        # A line that was cut was not acknowledged.
        acknowledged += printed[: printed.rindex("\n")].split("\n")
        # The one that was under way is there or not; sent again, it is there once.
        add(database, "e1", coder, f"{number:02}{int(acknowledged[-1][2:]) + 1:05}")

    history = decisions.history(database, "e1")
    stored = Counter(item.decision.code.code for item in history)
    assert len(acknowledged) >= ROUNDS
    assert set(acknowledged) <= set(stored)
    assert len(stored) == len(acknowledged) + ROUNDS
    assert set(stored.values()) == {1}
    assert [item.sequence for item in history] == list(range(1, len(history) + 1))
    assert encounters.get(database, "e1").item.version == len(history) + 1
    assert {line.code.code for line in decisions.coding(database, "e1").lines} == set(stored)


def test_two_hundred_concurrent_decisions_on_ten_encounters(database, coder, other_coder):
    for number in range(10):
        encounters.create(database, encounter_of(f"e{number}"), actor=None)
    conflicts = []

    def send(number):
        """Sends a decision as two impatient clients would: at the same time under the same key."""
        name = f"e{number % 10}"
        made = [Add(code(f"A{number:03}"))]
        reviewer = (coder, other_coder)[number % 2]
        while True:
            version = encounters.get(database, name).item.version
            try:
                return decisions.record(
                    database, name, made, reviewer=reviewer, expected_version=version, idempotency_key=f"k{number}"
                )
            except VersionConflictError as conflict:
                conflicts.append(conflict)

    with ThreadPoolExecutor(8) as pool:
        batches = list(pool.map(send, [number for number in range(200) for _ in range(2)]))

    assert all(conflict.decisions for conflict in conflicts)
    assert Counter(batch.replayed for batch in batches) == {False: 200, True: 200}
    for index in range(10):
        history = decisions.history(database, f"e{index}")
        assert sorted(item.decision.code.code for item in history) == [f"A{n:03}" for n in range(index, 200, 10)]
        assert [item.sequence for item in history] == list(range(1, 21))
        assert [item.version for item in history] == list(range(2, 22))
        assert encounters.get(database, f"e{index}").item.version == 21
        assert len(decisions.coding(database, f"e{index}").lines) == 20


def test_a_reader_is_not_held_up_by_a_writer(database):
    encounters.create(database, encounter_of(), actor=None)
    done = threading.Event()

    def read():
        encounters.get(database, "e1")
        done.set()

    with database.writing() as session:
        session.get(encounters.EncounterRow, "e1", with_for_update=True)
        reader = threading.Thread(target=read)
        reader.start()
        assert done.wait(5)
    reader.join()
