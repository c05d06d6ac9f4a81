"""Search and look-up of codes, and the versions."""

from __future__ import annotations

import pytest

from suggest.policy import all_policies


def search(client, query, **fields):
    return client.post("/v1/codes/search", {"query": query, **fields})


def test_search_finds_words_and_prefixes(client):
    answer = search(client, "diabetic kidney").json()
    assert answer["edition"] == "FY2026"
    assert answer["results"][0]["code"] == "E11.22"
    assert answer["results"][0]["billable"] is True
    assert [hit["code"] for hit in search(client, "e11.2").json()["results"]] == ["E11.2", "E11.22"]


def test_search_takes_a_limit(client):
    assert len(search(client, "diabetes", limit=2).json()["results"]) == 2


@pytest.mark.parametrize(
    "body",
    [
        {"query": ""},
        {"query": "   "},
        {"query": "x" * 201},
        {"query": 5},
        {"query": "x", "limit": 0},
        {"query": "x", "limit": 101},
        {"query": "x", "system": "ICD-9"},
        {"limit": 5},
    ],
)
def test_search_checks_its_fields(client, body, assert_problem):
    assert_problem(client.post("/v1/codes/search", body), 422, "invalid-request")


@pytest.mark.parametrize(("query", "name"), [("a\0", "unreadable-text"), ("a\ud800", "invalid-request")])
def test_search_refuses_unreadable_text(client, query, name, assert_problem):
    problem = assert_problem(search(client, query), 422, name)
    assert problem["errors"][0]["location"] == "query"
    assert "text without" in problem["errors"][0]["expected"]


@pytest.mark.parametrize("query", ["zebrafish", "%", "[", "\U0001f600", "\u00df", "a" * 200, ".", "*"])
def test_search_for_what_is_not_there_is_empty(client, query):
    assert search(client, query).json()["results"] == []


def test_search_in_a_system_that_is_not_installed(client, assert_problem):
    assert_problem(search(client, "x", system="CPT"), 404, "unknown-code-set")


def test_a_code_comes_with_hierarchy_and_notes(client):
    answer = client.get("/v1/codes/ICD-10-CM/E11.22").json()
    assert answer["title"] == "Type 2 diabetes with diabetic chronic kidney disease"
    assert answer["billable"] is True
    assert [parent["code"] for parent in answer["parents"]] == ["E11.2", "E11"]
    assert answer["chapter"] == {"id": "4", "title": "Endocrine diseases"}
    assert answer["block"] == {"id": "E08-E13", "title": "Diabetes mellitus"}
    assert answer["excludes1"] == [{"text": "type 1 diabetes mellitus (E10.-)", "at": "E11"}]
    assert answer["use_additional"] == [{"text": "code to identify stage (N18.1-N18.6)", "at": "E11.22"}]
    assert answer["notes"] == [{"text": "use as many codes as needed", "at": "E08-E13"}]
    assert answer["edition"] == "FY2026"


def test_a_category_comes_with_its_children(client):
    answer = client.get("/v1/codes/ICD-10-CM/e11").json()
    assert answer["code"] == "E11"
    assert [(child["code"], child["billable"]) for child in answer["children"]] == [
        ("E11.2", False),
        ("E11.9", True),
    ]
    assert client.get("/v1/codes/ICD-10-CM/E11.9").json()["inclusion_terms"] == ["Adult-onset diabetes"]


def test_seventh_characters_come_with_their_meaning(client):
    answer = client.get("/v1/codes/ICD-10-CM/T14.8").json()
    assert answer["seventh_characters"] == [
        {"character": "A", "code": "T14.8XXA", "meaning": "initial encounter"},
        {"character": "S", "code": "T14.8XXS", "meaning": "sequela"},
    ]


@pytest.mark.parametrize("code", ["Z99.99", "zebrafish", "E" * 500, "%00", "%ff", "\u00e9", "E11 22"])
def test_unknown_codes_are_problems_that_do_not_repeat_them(client, code, assert_problem):
    response = client.get(f"/v1/codes/ICD-10-CM/{code}")
    problem = assert_problem(response, 404, "unknown-code")
    assert code not in problem["detail"]


@pytest.mark.parametrize("system", ["CPT", "zebrafish", "icd-10-cm"])
def test_unknown_systems_are_problems(client, system, assert_problem):
    response = client.get(f"/v1/codes/{system}/E11")
    assert_problem(response, 404, "unknown-code-set")
    assert "zebrafish" not in response.text


def test_version_names_all_that_takes_part(client):
    answer = client.get("/v1/version").json()
    assert answer["api"] == "v1"
    assert answer["model"] == "fake@0123456789ab"
    assert answer["editions"] == {"ICD-10-CM": "FY2026"}
    assert answer["index"] == "small"
    assert {policy["name"] for policy in answer["policies"]} == set(all_policies())


def test_version_answers_before_the_model_is_loaded(make_client):
    answer = make_client(ready=False).get("/v1/version").json()
    assert (answer["model"], answer["index"], answer["editions"]) == (None, None, {})
