"""The OpenAPI document: complete, with examples that are true, and the same as in docs/."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from api import examples, examples_accounts, examples_encounters, responses, schemas_accounts, schemas_encounters
from api.openapi import main, render_openapi

DOCS = Path(__file__).parents[2] / "docs"


def operations(document):
    return [op for operations in document["paths"].values() for op in operations.values()]


def test_the_checked_in_document_is_current():
    assert (DOCS / "openapi.json").read_text("utf-8") == render_openapi(), "run: python -m api.openapi"


def test_it_can_be_written(tmp_path, monkeypatch):
    target = tmp_path / "openapi.json"
    monkeypatch.setattr("sys.argv", ["api.openapi", str(target)])
    main()
    assert json.loads(target.read_text("utf-8"))["openapi"].startswith("3.")


def test_the_service_gives_the_same_document(client):
    assert client.get("/openapi.json").json() == json.loads(render_openapi())


def test_every_operation_is_described_and_answers_with_problems(client):
    document = client.get("/openapi.json").json()
    assert len(operations(document)) == 39
    for operation in operations(document):
        assert operation["summary"]
        assert operation["description"]
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                assert response["description"]
                assert set(response["content"]) == {"application/problem+json"}
                assert response["content"]["application/problem+json"]["examples"]
    assert "ValidationError" not in json.dumps(document)


@pytest.mark.parametrize(
    ("model", "example"),
    [
        (responses.SuggestionOut, examples.SUGGESTION_EXAMPLE),
        (responses.CodeSearchOut, examples.SEARCH_EXAMPLE),
        (responses.CodeOut, examples.CODE_EXAMPLE),
        (responses.ServiceOut, examples.SERVICE_EXAMPLE),
        (responses.PcsCodeOut, examples.PCS_EXAMPLE),
        (responses.CodeSetsOut, examples.CODE_SETS_EXAMPLE),
        (responses.ModifiersOut, examples.MODIFIERS_EXAMPLE),
        (responses.VersionOut, examples.VERSION_EXAMPLE),
    ],
)
def test_examples_of_answers_are_what_the_service_answers(model, example):
    assert model.model_validate(example).model_dump(mode="json") == example


def test_the_evidence_of_the_example_is_where_it_says():
    example = examples.SUGGESTION_EXAMPLE
    codes = [code for group in ("codes", "suppressed", "ranked") for code in example[group]]
    elements = [element for code in example["codes"] for element in code["elements"]]
    found = [item for holder in (*codes, *elements) for item in holder["evidence"]]
    assert elements
    for item in found:
        assert examples.CHART[item["start"] : item["end"]] == item["quote"]


@pytest.mark.parametrize("name", examples.SUGGESTION_EXAMPLES)
def test_examples_of_suggestions_can_be_sent(client, name):
    response = client.post("/v1/suggestions", examples.SUGGESTION_EXAMPLES[name]["value"])
    assert response.status_code == 200


@pytest.mark.parametrize("name", examples.SEARCH_EXAMPLES)
def test_examples_of_searches_can_be_sent(client, name):
    assert client.post("/v1/codes/search", examples.SEARCH_EXAMPLES[name]["value"]).status_code == 200


@pytest.mark.parametrize(
    ("model", "group"),
    [
        (schemas_encounters.EncounterIn, examples_encounters.CREATE_EXAMPLES),
        (schemas_encounters.LateNote, examples_encounters.NOTE_EXAMPLES),
        (schemas_encounters.Assignment, examples_encounters.ASSIGN_EXAMPLES),
        (schemas_encounters.DecisionsIn, examples_encounters.DECISION_EXAMPLES),
        (schemas_encounters.Finalise, examples_encounters.FINALISE_EXAMPLES),
        (schemas_encounters.Reopen, examples_encounters.REOPEN_EXAMPLES),
        (schemas_accounts.SignIn, examples_accounts.SIGN_IN_EXAMPLES),
        (schemas_accounts.PasswordChange, examples_accounts.PASSWORD_EXAMPLES),
        (schemas_accounts.UserIn, examples_accounts.NEW_USER_EXAMPLES),
        (schemas_accounts.UserChange, examples_accounts.USER_CHANGE_EXAMPLES),
        (schemas_accounts.KeyIn, examples_accounts.KEY_EXAMPLES),
    ],
)
def test_examples_of_bodies_are_valid(model, group):
    for example in group.values():
        TypeAdapter(model).validate_python(example["value"])


def test_examples_of_decisions_can_be_sent_one_after_the_other(client):
    created = client.post("/v1/encounters", examples_encounters.CREATE_EXAMPLES["office-visit"]["value"]).json()
    sent = examples_encounters.DECISION_EXAMPLES["batch"]["value"]
    body = {**sent, "expected_version": created["version"], "decisions": sent["decisions"][:1]}
    assert client.post("/v1/encounters/visit-1/decisions", body).status_code == 200
