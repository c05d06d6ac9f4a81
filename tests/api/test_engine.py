"""The engine: loading in the background, one chart at a time, a bounded queue."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest

from api.engine import make_engine
from api.settings import Settings
from models.files import replace_durably
from suggest.errors import BundleError

NOTE = {"notes": [{"id": "n1", "text": "HTN"}]}


def test_health_answers_and_readiness_waits_until_all_is_loaded(make_client, fake, assert_problem, wait_until):
    go_on = threading.Event()

    def load(progress):
        progress("code index FY2026", 0.3)
        go_on.wait(5)
        return fake

    client = make_client(load=load, ready=False)
    assert "not started" in assert_problem(client.get("/readyz"), 503, "not-ready")["detail"]
    client.engine.start()
    wait_until(lambda: "30%" in client.engine.state)
    assert client.get("/healthz").json() == {"status": "ok"}
    problem = assert_problem(client.get("/readyz"), 503, "not-ready")
    assert problem["detail"] == "loading: code index FY2026 (30%)"
    for response in (
        client.suggest(),
        client.post("/v1/codes/search", {"query": "x"}),
        client.get("/v1/codes/ICD-10-CM/E11"),
    ):
        assert_problem(response, 503, "not-ready")
        assert int(response.headers["retry-after"]) > 0
    go_on.set()
    wait_until(lambda: client.engine.ready)
    assert client.get("/readyz").json() == {"status": "ready"}
    assert client.suggest().status_code == 200


def test_a_bundle_that_cannot_be_loaded_is_named(make_client, assert_problem, wait_until):
    def load(_progress):
        raise BundleError("bundle m1: file x.npy was altered; restore it")

    client = make_client(load=load, ready=False)
    client.engine.start()
    wait_until(lambda: "cannot" in client.engine.state)
    problem = assert_problem(client.get("/readyz"), 503, "not-ready")
    assert problem["detail"] == "cannot load: bundle m1: file x.npy was altered; restore it"


def test_an_unexpected_error_while_loading_is_logged_by_place_only(make_client, assert_problem, wait_until, caplog):
    def load(_progress):
        raise ValueError("zebrafish")

    client = make_client(load=load, ready=False)
    client.engine.start()
    wait_until(lambda: "cannot" in client.engine.state)
    assert "zebrafish" not in client.get("/readyz").text
    assert "builtins.ValueError at [" in caplog.text
    assert "test_engine.py" in caplog.text
    assert "zebrafish" not in caplog.text


def test_charts_are_read_one_after_the_other(client, fake):
    active, most = 0, 0

    def before(_encounter):
        nonlocal active, most
        active += 1
        most = max(most, active)
        threading.Event().wait(0.01)
        active -= 1

    fake.before = before

    async def many():
        return await asyncio.gather(*(post(client) for _ in range(6)))

    assert [response.status_code for response in asyncio.run(many())] == [200] * 6
    assert most == 1


def test_beyond_the_queue_limit_charts_are_refused_and_later_read_again(make_client, fake, assert_problem):
    client = make_client(queue_limit=2)
    go_on = threading.Event()
    fake.before = lambda _encounter: go_on.wait(5)

    async def flood():
        first = [asyncio.create_task(post(client)) for _ in range(3)]
        await queued(client, 3)
        refused = await post(client)
        health = await client.send("GET", "/healthz")
        go_on.set()
        return [response.status_code for response in await asyncio.gather(*first)], refused, health

    statuses, refused, health = asyncio.run(flood())
    assert statuses == [200, 200, 200]
    assert health.status_code == 200
    assert_problem(refused, 503, "busy")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert client.suggest().status_code == 200


def test_a_chart_whose_sender_went_away_leaves_the_queue(make_client, fake):
    client = make_client(queue_limit=1)
    go_on = threading.Event()
    fake.before = lambda _encounter: go_on.wait(5)

    async def leave():
        tasks = []
        for count in (1, 2):
            tasks.append(asyncio.create_task(post(client)))
            await queued(client, count)
        tasks[1].cancel()
        await queued(client, 1)
        third = asyncio.create_task(post(client))
        await queued(client, 2)
        go_on.set()
        return await tasks[0], await third

    first, third = asyncio.run(leave())
    assert (first.status_code, third.status_code) == (200, 200)


async def queued(client, count):
    """Waits until so many charts are read or wait."""
    async with asyncio.timeout(5):
        while client.engine._pending != count:
            await asyncio.sleep(0.005)


async def post(client):
    return await client.send(
        "POST", "/v1/suggestions", content=json.dumps(NOTE), headers={"Content-Type": "application/json"}
    )


class Promoted:
    """Models that are promoted one after the other; ``watch`` tells that another one is."""

    def __init__(self, index, fake_class):
        self.make = lambda name: self._named(fake_class(index), name)
        self.current = "one"
        self.fails = None

    @staticmethod
    def _named(suggester, name):
        suggester.model.name = name
        return suggester

    def load(self, _progress):
        if self.fails is not None:
            raise self.fails
        return self.make(self.current)

    def watch(self):
        return (self.current, self.fails)


@pytest.fixture
def promoted(fake, small_index):
    return Promoted(small_index, type(fake))


def serving(client):
    return client.get("/v1/models").json()["serving"]


def test_a_promoted_bundle_serves_without_a_restart_and_drops_no_request(make_client, promoted, wait_until):
    client = make_client(load=promoted.load, watch=promoted.watch)
    assert client.suggest("HTN").json()["stamp"]["model"] == "one"

    async def requests_meanwhile():
        answers = []
        while not answers or answers[-1].json()["stamp"]["model"] != "two":
            if len(answers) == 5:
                promoted.current = "two"
            answers.append(await post(client))
        return answers

    answers = asyncio.run(asyncio.wait_for(requests_meanwhile(), 20))
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["stamp"]["model"] for answer in answers} == {"one", "two"}
    assert client.get("/readyz").json() == {"status": "ready"}


def test_a_chart_that_waits_is_read_by_the_model_that_it_came_to(make_client, promoted, wait_until):
    client = make_client(load=promoted.load, watch=promoted.watch)
    go_on = threading.Event()
    client.engine.suggester.before = lambda _encounter: go_on.wait(5)

    async def waiting():
        task = asyncio.create_task(post(client))
        await queued(client, 1)
        promoted.current = "two"
        async with asyncio.timeout(5):
            while client.engine.suggester.model.name != "two":
                await asyncio.sleep(0.005)
        go_on.set()
        return await task

    assert asyncio.run(waiting()).json()["stamp"]["model"] == "one"


@pytest.mark.parametrize("unexpected", [False, True])
def test_a_bad_bundle_leaves_the_old_one_serving_and_is_reported(
    make_client, promoted, wait_until, caplog, assert_problem, unexpected
):
    client = make_client(load=promoted.load, watch=promoted.watch)
    error = ValueError("zebrafish") if unexpected else BundleError("bundle two: file x.npy was altered")
    promoted.fails = error
    wait_until(lambda: client.engine.problem)
    said = "cannot be loaded" if unexpected else "x.npy was altered"
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert said in ready.json()["problem"]
    assert said in client.get("/v1/models").json()["problem"]
    assert serving(client) == "one"
    assert client.suggest("HTN").json()["stamp"]["model"] == "one"
    assert "zebrafish" not in caplog.text
    assert said in caplog.text
    refused = client.request("POST", "/v1/models/reload")
    assert said in assert_problem(refused, 409, "bundle-refused")["detail"]
    promoted.current, promoted.fails = "two", None
    wait_until(lambda: serving(client) == "two")
    assert client.engine.problem == ""


def test_an_administrator_need_not_wait(make_client, promoted):
    client = make_client(load=promoted.load)
    promoted.current = "two"
    answer = client.request("POST", "/v1/models/reload")
    assert answer.status_code == 200
    assert answer.json()["serving"] == "two"


def test_nothing_is_reloaded_before_the_first_is_there(make_client, assert_problem):
    client = make_client(ready=False)
    assert_problem(client.request("POST", "/v1/models/reload"), 503, "not-ready")
    assert client.get("/v1/models").json()["serving"] is None


def test_the_engine_of_the_service_sees_a_promotion(tmp_path):
    settings = Settings(home=tmp_path)
    watch = make_engine(settings)._watch
    assert watch() is None
    (tmp_path / "models").mkdir()
    replace_durably(tmp_path / "models" / "active.json", b"{}")
    first = watch()
    assert first is not None
    assert watch() == first
    replace_durably(tmp_path / "models" / "active.json", b"{}")
    assert watch() != first
    assert make_engine(Settings(home=tmp_path, bundle=tmp_path))._watch is None
