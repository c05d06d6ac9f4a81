"""``POST /v1/audits``: assigned codes against the notes, and requests that are not as they should be."""

from __future__ import annotations

import pytest

from api.examples_audits import AUDIT_EXAMPLE, AUDIT_EXAMPLES
from api.responses_audits import AuditOut
from store.tables import Role

SECRET = "zebrafish melanoma"
NOTE = {
    "id": "n1",
    "text": "\U0001f600 Denies chest pain.\nA/P:\n1. DM2 with diabetic polyneuropathy\n2. HTN, at goal\n",
}
CODES = [{"system": "ICD-10-CM", "code": code} for code in ("R07.9", "E1142", "I10")]


def encounter(**change):
    return {"id": "v1", "coder": "anna", "notes": [NOTE], "codes": CODES, **change}


def body(*encounters, **change):
    return {"encounters": list(encounters) or [encounter()], **change}


@pytest.fixture
def real(make_client, suggester):
    return make_client(load=lambda _progress: suggester)


@pytest.mark.slow
@pytest.mark.parametrize("offsets", ["code_points", "utf-16"])
def test_assigned_codes_get_verdicts_with_words(real, offsets):
    answer = real.post("/v1/audits", body(encounter(), encounter(id="v2", coder=None), offsets=offsets))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    found = answer.json()
    first, second = found["encounters"]
    assert [line["code"] for line in first["codes"]] == ["R07.9", "E11.42", "I10"]
    assert [line["verdict"] for line in first["codes"]] == ["unsupported", "supported", "supported"]
    assert first["sequence"][0] == "E11.42"
    assert {"unsupported", "sequencing"} <= {finding["kind"] for finding in first["findings"]}
    assert (second["coder"], first["coder"]) == (None, "anna")
    units = NOTE["text"].encode("utf-16-le")
    quotes = [quote for line in first["codes"] for quote in line["quotes"]]
    assert quotes
    for quote in quotes:
        start, end = quote["start"], quote["end"]
        words = NOTE["text"][start:end] if offsets == "code_points" else units[2 * start : 2 * end].decode("utf-16-le")
        assert words == quote["quote"]
    summary = found["summary"]
    assert (summary["claims"], summary["assigned"]) == (2, 6)
    assert summary["overall"]["is_small"]
    assert [row["name"] for row in summary["by_coder"]] == ["(not named)", "anna"]


@pytest.mark.slow
@pytest.mark.parametrize("name", AUDIT_EXAMPLES)
def test_examples_can_be_sent(real, name):
    assert real.post("/v1/audits", AUDIT_EXAMPLES[name]["value"]).status_code == 200


def test_the_example_of_the_answer_is_what_the_service_answers():
    assert AuditOut.model_validate(AUDIT_EXAMPLE).model_dump(mode="json") == AUDIT_EXAMPLE


@pytest.mark.parametrize(
    ("sent", "location"),
    [
        ({}, "encounters"),
        ({"encounters": []}, "encounters"),
        ({"encounters": [encounter()] * 21}, "encounters"),
        (body(encounter(codes=SECRET)), "encounters.0.codes"),
        (body(encounter(codes=[{"system": SECRET, "code": "I10"}])), "encounters.0.codes.0.system"),
        (body(encounter(codes=[{"system": "CPT", "code": SECRET[:8]}])), "encounters.0.codes.0.code"),
        (body(encounter(), encounter(codes=[*CODES, {"system": "CPT", "code": "I10"}])), "encounters.1.codes.3.code"),
        (body(encounter(codes=[{**CODES[0], "units": 0}])), "encounters.0.codes.0.units"),
        (body(encounter(codes=[{**CODES[0], "modifiers": [SECRET]}])), "encounters.0.codes.0.modifiers.0"),
        (body(encounter(codes=[{**CODES[0], "poa": "X"}])), "encounters.0.codes.0.poa"),
        (body(encounter(codes=[{**CODES[0], "pointers": [0]}])), "encounters.0.codes.0.pointers.0"),
        (body(encounter(coder=SECRET)), "encounters.0.coder"),
        (body(encounter(notes=[])), "encounters.0.notes"),
        (body(offsets=SECRET), "offsets"),
    ],
)
def test_problems_say_where_and_repeat_nothing(client, assert_problem, sent, location):
    answer = client.post("/v1/audits", sent)
    assert_problem(answer, 422, "invalid-request")
    assert location in [error["location"] for error in answer.json()["errors"]]
    assert SECRET not in answer.text


def test_facts_that_cannot_be_true_are_refused(client, assert_problem):
    answer = client.post("/v1/audits", body(encounter(admission="2026-02-03", discharge="2026-02-01")))
    assert_problem(answer, 422, "invalid-encounter")
    assert_problem(client.post("/v1/audits", body(encounter(policy="none-such"))), 422, "unknown-policy")


@pytest.mark.parametrize(("role", "status"), [(Role.AUDITOR, 422), (Role.LEAD, 422), (Role.CODER, 403)])
def test_auditors_and_leads_may_audit(client, add_user, role, status):
    add_user(client, "somebody", role)
    assert client.signed_in("somebody").post("/v1/audits", {}).status_code == status
