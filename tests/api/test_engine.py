"""The engine: loading in the background, one chart at a time, a bounded queue."""

from __future__ import annotations

import asyncio
import json
import threading

from suggest.errors import BundleError

NOTE = {"notes": [{"id": "n1", "text": "HTN"}]}


def test_health_answers_and_readiness_waits_until_all_is_loaded(
    make_client, fake, assert_problem, wait_until
):
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


def test_an_unexpected_error_while_loading_is_logged_by_place_only(
    make_client, assert_problem, wait_until, caplog
):
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
        await asyncio.sleep(0.05)
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
        tasks = [asyncio.create_task(post(client)) for _ in range(2)]
        await asyncio.sleep(0.05)
        tasks[1].cancel()
        await asyncio.sleep(0.05)
        third = asyncio.create_task(post(client))
        await asyncio.sleep(0.05)
        go_on.set()
        return await tasks[0], await third

    first, third = asyncio.run(leave())
    assert (first.status_code, third.status_code) == (200, 200)


async def post(client):
    return await client.send(
        "POST", "/v1/suggestions", content=json.dumps(NOTE), headers={"Content-Type": "application/json"}
    )
