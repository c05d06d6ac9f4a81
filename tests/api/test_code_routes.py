"""Search and look-up of codes, and the versions."""

from __future__ import annotations

import pytest

from api.code_sets import ProcedureCodes
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


def test_search_in_a_system_that_is_not_loaded(make_client, assert_problem):
    problem = assert_problem(search(make_client(codes=ProcedureCodes()), "x", system="HCPCS"), 404, "unknown-code-set")
    assert problem["detail"] == "loaded: ICD-10-CM"


def test_cpt_that_is_turned_off_is_said_so(make_client, assert_problem):
    client = make_client(codes=ProcedureCodes(), cpt=False)
    problem = assert_problem(client.get("/v1/codes/CPT/99214"), 404, "unknown-code-set")
    assert "turned off here (CHARTCODER_CPT)" in problem["detail"]
    assert [item["system"] for item in client.get("/v1/codes").json()["items"]] == ["ICD-10-CM"]


def test_the_code_sets_are_listed_with_their_notices(client):
    items = client.get("/v1/codes").json()["items"]
    assert [(item["system"], item["edition"], item["codes"]) for item in items] == [
        ("ICD-10-CM", "FY2026", 9),
        ("CPT", "starter", 3),
        ("HCPCS", "2026-01", 2),
        ("ICD-10-PCS", "FY2026", 3),
    ]
    notices = {item["system"]: item["notice"] for item in items}
    assert "registered trademark of the American Medical Association" in notices.pop("CPT")
    assert set(notices.values()) == {None}
    assert [item["system"] for item in items if item["takes_further_codes"]] == ["CPT"]
    assert (items[0]["effective_from"], items[0]["effective_to"]) == ("2025-10-01", "2026-09-30")
    assert items[3]["source"] == "icd10pcs_codes_2026.txt"


def test_modifiers_are_listed(client):
    items = client.get("/v1/modifiers").json()["items"]
    assert [(item["code"], item["label"]) for item in items] == [("25", "Separate visit"), ("RT", "Right side")]


@pytest.mark.parametrize(
    ("system", "query", "codes"),
    [
        ("CPT", "knee", ["20610", "29881"]),
        ("CPT", "2061", ["20610"]),
        ("HCPCS", "triamcinolone", ["J3301"]),
        ("ICD-10-PCS", "0ft", ["0FT40ZZ", "0FT44ZZ"]),
        ("ICD-10-PCS", "replacement right knee", ["0SRC0J9"]),
        ("CPT", "zebrafish", []),
    ],
)
def test_search_finds_codes_of_every_system(client, system, query, codes):
    results = search(client, query, system=system).json()["results"]
    assert sorted(hit["code"] for hit in results) == codes
    assert all(hit["system"] == system and hit["billable"] and hit["title"] for hit in results)
    scores = [hit["score"] for hit in results]
    assert scores == sorted(scores, reverse=True)


def test_search_looks_at_the_date_of_service(client):
    (hit,) = search(client, "J9999", system="HCPCS", date_of_service="2025-06-01").json()["results"]
    assert hit["billable"] is True
    (hit,) = search(client, "J9999", system="HCPCS", date_of_service="2026-06-01").json()["results"]
    assert hit["billable"] is False


def test_a_service_comes_with_section_and_dates(client):
    assert client.get("/v1/codes/CPT/29881").json() == {
        "system": "CPT",
        "code": "29881",
        "title": "Knee scope, meniscus trimmed",
        "billable": True,
        "edition": "starter",
        "section": "musculoskeletal",
        "global_period": "",
        "flags": [],
        "includes": ["29870"],
        "terms": ["knee arthroscopy"],
        "source": "starter",
        "effective_from": None,
        "effective_to": None,
    }
    past = client.get("/v1/codes/HCPCS/j9999").json()
    assert (past["code"], past["source"], past["billable"]) == ("J9999", "CMS 2026-01", False)
    assert (past["effective_from"], past["effective_to"]) == (None, "2025-12-31")
    assert client.get("/v1/codes/CPT/20610").json()["flags"] == ["sided"]


def test_a_code_of_icd_10_pcs_comes_with_its_axes(client):
    answer = client.get("/v1/codes/ICD-10-PCS/0FT44ZZ").json()
    assert answer["title"] == "Resection of Gallbladder, Percutaneous Endoscopic Approach"
    assert [axis["value"] for axis in answer["axes"]] == list("0FT44ZZ")
    assert answer["axes"][2] == {"name": "root operation", "value": "T", "label": "Resection"}


@pytest.mark.parametrize("path", ["CPT/12345", "HCPCS/J0000", "ICD-10-PCS/0FT", "CPT/%00", "HCPCS/%c3%a9"])
def test_unknown_procedure_codes_are_problems(client, path, assert_problem):
    assert_problem(client.get(f"/v1/codes/{path}"), 404, "unknown-code")


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


@pytest.mark.parametrize("system", ["ICD-9-CM", "zebrafish", "icd-10-cm"])
def test_unknown_systems_are_problems(client, system, assert_problem):
    response = client.get(f"/v1/codes/{system}/E11")
    assert_problem(response, 404, "unknown-code-set")
    assert "zebrafish" not in response.text


def test_version_names_all_that_takes_part(client):
    answer = client.get("/v1/version").json()
    assert answer["api"] == "v1"
    assert answer["model"] == "fake@0123456789ab"
    assert answer["editions"] == {
        "ICD-10-CM": "FY2026",
        "CPT": "starter",
        "HCPCS": "2026-01",
        "ICD-10-PCS": "FY2026",
    }
    assert answer["index"] == "small"
    assert {policy["name"] for policy in answer["policies"]} == set(all_policies())


def test_version_answers_before_the_model_is_loaded(make_client):
    answer = make_client(ready=False).get("/v1/version").json()
    assert (answer["model"], answer["index"], answer["editions"]) == (None, None, {})
