"""Words of a chart stay where they belong: in the answer, never in logs or errors."""

from __future__ import annotations

import asyncio
import json
import logging

import httpx
import pytest

import models.loading
from api.app import create_app
from api.engine import Engine
from api.settings import Settings
from cli.main import main

CANARY = "zebrafish"
CHART = f"HPI: {CANARY} bite. Denies chest pain.\nA/P: 1. HTN, at goal {CANARY}\n"


class FailingSuggester:
    """Fails as a stage would that puts what it reads into its messages and logs its cause."""

    def suggest(self, encounter):
        try:
            raise KeyError(encounter.notes[0].text)
        except KeyError as error:
            raise RuntimeError(f"cannot read {encounter.notes[0].text!r}") from error


def run(*arguments):
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    return caught.value.code or 0


@pytest.fixture
def write(tmp_path):
    def file(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return file


def chart_record(**changes):
    record = {
        "id": "c1",
        "setting": "outpatient",
        "claim": "professional",
        "date_of_service": "2026-02-03",
        "patient": {"age": 50, "sex": "F"},
        "text": CHART,
        "diagnoses": [],
        "procedures": [],
        "acceptable": [],
        "not_codable": [],
    }
    return json.dumps(record | changes)


# What goes wrong, as file name and content.
BROKEN_NOTES = {
    "binary.txt": f"{CHART}\0",
    "latin.txt": CHART.encode() + b"\xe9",
    "controls.txt": CHART + "\x01" * 50,
    "json.jsonl": '{"text": "' + CANARY,
    "list.jsonl": json.dumps([CHART]),
    "setting.jsonl": chart_record(setting=CANARY),
    "date.jsonl": chart_record(date_of_service=CHART),
    "age.jsonl": chart_record(patient={"age": CHART, CANARY: 1}),
    "notes.jsonl": chart_record(notes=[{"id": CANARY + " bite", CANARY: CHART}]),
    "policy.jsonl": chart_record(policy=CANARY),
}
BROKEN_CORPORA = {
    "evidence.jsonl": chart_record(diagnoses=[{"code": "I10", "evidence": [f"{CANARY} not in the text"]}]),
    "code.jsonl": chart_record(diagnoses=[{"code": CANARY, "evidence": []}]),
    "setting.jsonl": chart_record(setting=CANARY),
    "json.jsonl": '{"text": "' + CANARY,
    "latin.jsonl": chart_record().encode() + b"\xe9",
}


@pytest.mark.parametrize("name", BROKEN_NOTES)
def test_a_chart_that_is_refused_is_not_quoted(name, write, capsys, caplog):
    with caplog.at_level(logging.DEBUG):
        code = run("suggest", write(name, BROKEN_NOTES[name]))
    captured = capsys.readouterr()
    assert code == 2
    assert captured.out == ""
    assert name in captured.err
    assert CANARY not in captured.err + caplog.text


@pytest.mark.parametrize("command", ["train", "evaluate"])
@pytest.mark.parametrize("name", BROKEN_CORPORA)
def test_a_corpus_that_is_refused_is_not_quoted(name, command, write, capsys, caplog, tmp_path):
    out = ["--out", tmp_path / "new"] if command == "train" else []
    with caplog.at_level(logging.DEBUG):
        code = run(command, "--corpus", f"charts:{write(name, BROKEN_CORPORA[name])}", *out)
    captured = capsys.readouterr()
    assert code == 2
    assert f"{name}" in captured.err
    assert CANARY not in captured.err + captured.out + caplog.text


def test_a_fault_of_the_program_does_not_quote_the_chart(write, capsys, caplog, monkeypatch):
    monkeypatch.setattr(models.loading, "load_suggester", lambda *_args, **_options: FailingSuggester())
    with caplog.at_level(logging.DEBUG):
        code = run("suggest", write("visit.txt", CHART))
    captured = capsys.readouterr()
    assert code == 1
    assert "builtins.RuntimeError at [" in captured.err
    assert CANARY not in captured.err + captured.out + caplog.text


async def ask(app, requests):
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):
        while (await client.get("/readyz")).status_code != 200:
            await asyncio.sleep(0.01)
        return [await client.request(*request, **fields) for request, fields in requests]


def answers(suggester, requests, home):
    app = create_app(Settings(home=home), Engine(lambda _progress: suggester, queue_limit=4))
    return asyncio.run(ask(app, requests))


def post(body, **fields):
    return ("POST", "/v1/suggestions"), {"json": body, **fields}


def test_the_service_logs_no_chart_when_it_fails(caplog, capfd, tmp_path):
    requests = [
        post({"notes": [{"id": "n1", "text": CHART}]}),
        post({"notes": [{"id": "n1", "text": CHART + "\0"}]}),
        post({"notes": [{"id": CANARY + " bite", "text": CHART, CANARY: CHART}]}),
        post({"notes": [{"id": "n1", "text": CHART}], "policy": CANARY, "setting": CANARY}),
        (("GET", f"/{CANARY}?{CANARY}={CANARY}"), {"headers": {CANARY: CANARY, "Cookie": CANARY}}),
        (("POST", "/v1/suggestions"), {"content": b'{"' + CANARY.encode()}),
    ]
    with caplog.at_level(logging.DEBUG):
        found = answers(FailingSuggester(), requests, tmp_path)
    assert [response.status_code for response in found] == [500, 422, 422, 422, 404, 415]
    captured = capfd.readouterr()
    # The client of this test logs the addresses that it asks for; it is no part of the service.
    ours = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("httpx"))
    assert "incident" in ours
    assert CANARY not in ours + captured.out + captured.err
    assert not [response for response in found if CANARY in response.text]


@pytest.mark.slow
def test_the_service_logs_no_chart_when_it_works(suggester, caplog, capfd, tmp_path):
    with caplog.at_level(logging.DEBUG):
        (response,) = answers(suggester, [post({"notes": [{"id": "n1", "text": CHART}]})], tmp_path)
    assert response.status_code == 200
    assert CANARY not in caplog.text
    captured = capfd.readouterr()
    assert CANARY not in captured.out + captured.err
