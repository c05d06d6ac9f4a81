"""Requests that are not as they should be: problems say what was expected and repeat nothing."""

from __future__ import annotations

import asyncio
import json

import pytest

SECRET = "zebrafish melanoma"
"""Stands for chart text; no answer may hold it."""


def note(**fields):
    return {"id": "n1", "text": SECRET, **fields}


def send(client, body):
    return client.post("/v1/suggestions", body)


@pytest.mark.parametrize(
    ("body", "location"),
    [
        ({}, "notes"),
        ({"notes": []}, "notes"),
        ({"notes": "zebrafish melanoma"}, "notes"),
        ({"notes": [note(id=str(i)) for i in range(101)]}, "notes"),
        ({"notes": [SECRET]}, "notes.0"),
        ({"notes": [None]}, "notes.0"),
        ({"notes": [{"text": SECRET}]}, "notes.0.id"),
        ({"notes": [{"id": "n1"}]}, "notes.0.text"),
        ({"notes": [note(text=None)]}, "notes.0.text"),
        ({"notes": [note(text=[SECRET])]}, "notes.0.text"),
        ({"notes": [note(text=12)]}, "notes.0.text"),
        ({"notes": [note(id="")]}, "notes.0.id"),
        ({"notes": [note(id=SECRET)]}, "notes.0.id"),
        ({"notes": [note(id="x" * 65)]}, "notes.0.id"),
        ({"notes": [note(id="n1\n")]}, "notes.0.id"),
        ({"notes": [note(type=SECRET * 10)]}, "notes.0.type"),
        ({"notes": [note(author_role=SECRET)]}, "notes.0.author_role"),
        ({"notes": [note(status=SECRET)]}, "notes.0.status"),
        ({"notes": [note(date=SECRET)]}, "notes.0.date"),
        ({"notes": [note()], "setting": SECRET}, "setting"),
        ({"notes": [note()], "setting": None}, "setting"),
        ({"notes": [note()], "claim": SECRET}, "claim"),
        ({"notes": [note()], "payer": SECRET}, "payer"),
        ({"notes": [note()], "policy": SECRET}, "policy"),
        ({"notes": [note()], "id": SECRET}, "id"),
        ({"notes": [note()], "patient": SECRET}, "patient"),
        ({"notes": [note()], "patient": {"age": -1}}, "patient.age"),
        ({"notes": [note()], "patient": {"age": 131}}, "patient.age"),
        ({"notes": [note()], "patient": {"age": 1e308}}, "patient.age"),
        ({"notes": [note()], "patient": {"age": "63"}}, "patient.age"),
        ({"notes": [note()], "patient": {"age": True}}, "patient.age"),
        ({"notes": [note()], "patient": {"sex": SECRET}}, "patient.sex"),
        ({"notes": [note()], "date_of_service": "2026-02-30"}, "date_of_service"),
        ({"notes": [note()], "date_of_service": "02/03/2026"}, "date_of_service"),
        ({"notes": [note()], "date_of_service": "2026-02-03T00:00:00"}, "date_of_service"),
        ({"notes": [note()], "date_of_service": 1770076800}, "date_of_service"),
        ({"notes": [note()], "date_of_service": "\u0662\u0660\u0662\u0666-01-01"}, "date_of_service"),
        ({"notes": [note()], "offsets": "utf-8"}, "offsets"),
        ({"notes": [note()], "ranked_limit": -1}, "ranked_limit"),
        ({"notes": [note()], "ranked_limit": 501}, "ranked_limit"),
        ({"notes": [note()], "ranked_limit": "5"}, "ranked_limit"),
        ({"notes": [note()], "ranked_limit": 5.5}, "ranked_limit"),
        ([note()], ""),
        (SECRET, ""),
        (None, ""),
    ],
)  # fmt: skip
def test_fields_are_checked(client, body, location, assert_problem):
    response = send(client, body)
    problem = assert_problem(response, 422, "invalid-request")
    assert location in [error["location"] for error in problem["errors"]]
    assert all(error["expected"] and error["expected"] != "a valid value" for error in problem["errors"])
    assert SECRET not in response.text


@pytest.mark.parametrize(
    ("body", "location"),
    [
        ({"notes": [note()], SECRET: 1}, ""),
        ({"notes": [note()], "zebrafish": 1}, ""),
        ({"notes": [note(**{SECRET: 1})]}, "notes.0"),
        ({"notes": [note()], "patient": {SECRET: 1}}, "patient"),
    ],
)
def test_unknown_fields_are_refused_without_naming_them(client, body, location, assert_problem):
    response = send(client, body)
    problem = assert_problem(response, 422, "invalid-request")
    assert problem["errors"] == [{"location": location, "expected": "no other fields than those documented"}]
    assert "zebrafish" not in response.text


def test_the_number_of_errors_is_bounded(client, assert_problem):
    problem = assert_problem(send(client, {"notes": [{} for _ in range(100)]}), 422, "invalid-request")
    assert len(problem["errors"]) == 20


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"{", "line 1 column 2"),
        (b'{"notes": [}', "line 1 column 12"),
        (b'{"notes":\n zebrafish}', "line 2 column 2"),
        (b'{"notes": "zebrafish \\q"}', "line 1 column"),
        (b'{"notes": "zebrafish\n"}', "line 1 column"),
        (b'{"a": 1} trailing', "line 1 column 10"),
        (b'{"notes": [{"id": "n1", "text": "zebrafish \xff"}]}', "not UTF-8"),
        ('{"notes": []}'.encode("utf-16"), "not UTF-8"),
        (b'{"notes": [{"id": "n1", "text": "\xed\xa0\x80"}]}', "not UTF-8"),
        (b'{"patient": {"age": NaN}}', "NaN"),
        (b'{"patient": {"age": -Infinity}}', "NaN"),
        (b'{"ranked_limit": ' + b"9" * 5000 + b"}", "digits"),
        (b"[" * 10_000 + b"]" * 10_000, "nested deeper"),
        (b"[" * 10_000, "nested deeper"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "nested deeper"),
        (b"[]," * 100_000, "brackets"),
        (b'{"notes": [], "notes": []}', "twice"),
    ],
)
def test_malformed_json_is_a_problem(client, content, said, assert_problem):
    response = client.post("/v1/suggestions", content=content)
    problem = assert_problem(response, 400, "malformed-json")
    assert said in problem["detail"]
    assert "zebrafish" not in response.text


@pytest.mark.parametrize(
    "text",
    ["zebrafish \ud800", "zebrafish \udfff tail", "zebrafish\0", "\x01\x02\x03\x04\x05\x06 zebrafish"],
)
def test_text_that_cannot_be_read_is_refused(client, text, assert_problem):
    response = send(client, {"notes": [note(), note(id="n2", text=text)]})
    problem = assert_problem(response, 422, "unreadable-text")
    assert problem["errors"][0]["location"] == "notes.1.text"
    assert "zebrafish" not in response.text


@pytest.mark.parametrize(
    "fields",
    [
        {"date_of_service": "1989-12-31"},
        {"date_of_service": "2199-01-01"},
        {"admission": "2026-01-05", "discharge": "2026-01-04"},
        {"notes": [note(), note()]},
    ],
)
def test_facts_that_cannot_be_true_are_refused(client, fields, assert_problem):
    response = send(client, {"notes": [note()], **fields})
    assert_problem(response, 422, "invalid-encounter")
    assert SECRET not in response.text


def test_repeated_note_ids_are_named_by_position(client, assert_problem):
    notes = [note(id="a"), note(id="b"), note(id="a")]
    problem = assert_problem(send(client, {"notes": notes}), 422, "invalid-encounter")
    assert [error["location"] for error in problem["errors"]] == ["notes.0.id", "notes.2.id"]


def test_an_unknown_policy_is_refused(client, assert_problem):
    problem = assert_problem(send(client, {"notes": [note()], "policy": "zebrafish"}), 422, "unknown-policy")
    assert "professional" in problem["detail"]
    assert "zebrafish" not in json.dumps(problem)


@pytest.mark.parametrize(
    "notes", [[note(text="x" * 101)], [note(text="x" * 60), note(id="n2", text="x" * 60)]], ids=["one", "all"]
)
def test_text_beyond_the_limit_is_refused(make_client, notes, assert_problem):
    problem = assert_problem(send(make_client(max_note_characters=100), {"notes": notes}), 413, "text-too-long")
    assert "100" in problem["detail"]


def test_a_body_beyond_the_limit_is_refused_by_its_declared_length(make_client, assert_problem):
    client = make_client(max_body_bytes=1000)
    assert_problem(send(client, {"notes": [note(text="x" * 1000)]}), 413, "body-too-large")


def test_a_body_beyond_the_limit_is_refused_while_it_streams(make_client, assert_problem):
    client = make_client(max_body_bytes=1000)
    taken = []

    async def chunks():
        for i in range(1000):
            taken.append(i)
            yield b" " * 100

    response = client.request("POST", "/v1/suggestions", content=chunks(), headers={"Content-Type": "application/json"})
    assert_problem(response, 413, "body-too-large")


def test_a_sender_that_goes_away_is_no_incident(client, caplog):
    messages = iter([{"type": "http.request", "body": b'{"zebrafish', "more_body": True}, {"type": "http.disconnect"}])
    sent = []

    async def receive():
        return next(messages)

    async def send_message(message):
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": "/v1/suggestions", "raw_path": b"/v1/suggestions", "query_string": b"", "root_path": "",
        "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8000),
    }  # fmt: skip
    asyncio.run(client.app(scope, receive, send_message))
    assert sent[0]["status"] == 400
    assert "incident" not in caplog.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": ""},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
def test_other_media_types_are_refused(client, headers, assert_problem):
    response = client.post("/v1/suggestions", {"notes": [note()]}, headers=headers)
    assert_problem(response, 415, "unsupported-media-type")


@pytest.mark.parametrize(
    ("method", "path", "status", "name"),
    [
        ("GET", "/v1/suggestions", 405, "method-not-allowed"),
        ("DELETE", "/v1/suggestions", 405, "method-not-allowed"),
        ("POST", "/healthz", 405, "method-not-allowed"),
        ("GET", "/v1/nothing", 404, "not-found"),
        ("GET", "/v1/suggestions/", 404, "not-found"),
        ("GET", "/docs", 404, "not-found"),
        ("GET", "/static/..%2f..%2fapp.py", 404, "not-found"),
        ("GET", "/static/nothing.js", 404, "not-found"),
        ("GET", "/problems/zebrafish", 404, "not-found"),
    ],
)
def test_wrong_addresses_and_methods_are_problems(client, method, path, status, name, assert_problem):
    response = client.request(method, path)
    assert_problem(response, status, name)
    assert "zebrafish" not in response.text
    if status == 405:
        assert response.headers["allow"]
