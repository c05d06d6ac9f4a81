"""Unexpected errors and the log: an incident, the place in the program, and nothing of the chart."""

from __future__ import annotations

import logging
import logging.config
import sys

import pytest

from api.errors import PROBLEMS
from api.logs import SafeFormatter, describe_exception, log_config

SECRET = "zebrafish melanoma"


def test_an_unexpected_error_is_an_incident_without_chart_text(client, fake, assert_problem, caplog):
    def fail(encounter):
        try:
            raise KeyError(encounter.notes[0].text)
        except KeyError as error:
            raise ValueError(f"cannot read {encounter.notes[0].text}") from error

    fake.before = fail
    with caplog.at_level(logging.DEBUG):
        response = client.suggest(SECRET)
    problem = assert_problem(response, 500, "internal-error")
    assert SECRET not in response.text
    assert f"incident {problem['incident']}: builtins.ValueError at [" in caplog.text
    assert "caused by builtins.KeyError at [" in caplog.text
    assert "test_problems.py:" in caplog.text
    assert SECRET not in caplog.text
    assert client.suggest("x").headers["x-content-type-options"] == "nosniff"


def test_the_access_log_names_the_route_and_not_the_address(client, caplog):
    with caplog.at_level(logging.INFO, logger="chartcoder.access"):
        client.get("/v1/codes/ICD-10-CM/zebrafish?q=melanoma")
        client.get("/zebrafish")
        client.suggest(SECRET)
        client.request("ZEBRAFISH", "/")
    lines = [record.getMessage() for record in caplog.records if record.name == "chartcoder.access"]
    assert lines[0].startswith("GET /v1/codes/{system}/{code} 404 ")
    assert lines[1].startswith("GET - 404 ")
    assert lines[2].startswith("POST /v1/suggestions 200 ")
    assert lines[3].startswith("- ")
    assert "zebrafish" not in caplog.text.lower()
    assert "melanoma" not in caplog.text


def test_no_request_leaves_chart_text_in_the_log(client, caplog):
    with caplog.at_level(logging.DEBUG):
        client.suggest(SECRET + " HTN")
        client.suggest(SECRET + "\0")
        client.suggest(SECRET, zebrafish=SECRET)
        client.post("/v1/suggestions", content=b'{"text": "zebrafish melanoma')
        client.post("/v1/codes/search", {"query": SECRET})
    assert "zebrafish" not in caplog.text


def failing(secret):
    raise ValueError(secret)


def test_an_exception_is_described_by_types_and_places():
    with pytest.raises(ValueError, match=SECRET) as caught:
        failing(SECRET)
    text = describe_exception(caught.value)
    assert text.startswith("builtins.ValueError at [")
    assert text.endswith(" failing]")
    assert SECRET not in text


def test_the_formatter_drops_messages_of_exceptions():
    try:
        failing(SECRET)
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "it failed", (), sys.exc_info())
    text = SafeFormatter("%(message)s").format(record)
    assert text.startswith("it failed\nbuiltins.ValueError at [")
    assert SECRET not in text


def test_the_log_configuration_is_valid():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        logging.config.dictConfig(log_config("warning"))
        assert root.level == logging.WARNING
        assert isinstance(root.handlers[0].formatter, SafeFormatter)
        assert not logging.getLogger("uvicorn.access").propagate
    finally:
        root.handlers[:], root.level = handlers, level


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_problem_is_explained_under_its_uri(client, name):
    response = client.get(f"/problems/{name}")
    assert response.status_code == 200
    assert PROBLEMS[name].title in response.text
    assert PROBLEMS[name].meaning in response.text
