"""Decisions: each kind and each refusal, conflicts, idempotency, finalisation, history."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api.code_sets import ProcedureCodes
from suggest.code_sets.services import ServiceSet
from suggest.records import System

E119 = {"system": "ICD-10-CM", "code": "E11.9"}
I10 = {"system": "ICD-10-CM", "code": "I10"}
E1122 = {"system": "ICD-10-CM", "code": "E11.22"}


def accept(line):
    return {"action": "accept", "line": line}


def reject(line, reason="not addressed"):
    return {"action": "reject", "line": line, "reason": reason}


def leave(line):
    return {"action": "leave", "line": line}


def evidence(start, end, quote, note_id="n1"):
    return {"note_id": note_id, "start": start, "end": end, "quote": quote}


@pytest.fixture
def stored(client):
    """A client whose encounter e1 stands at version 2, with E11.9 and I10 proposed."""
    client.store("DM2 and HTN, no injury")
    return client


def states(answer):
    return [(line["code"], line["state"]) for line in answer["lines"]]


def test_a_decision_is_answered_with_what_stands(stored):
    answer = stored.decide(accept(I10), version=2).json()
    assert (answer["version"], answer["replayed"], answer["status"]) == (3, False, "in_progress")
    assert answer["assigned_to"]["name"] == "local"
    assert states(answer) == [("E11.9", "proposed"), ("I10", "accepted")]
    assert (answer["undecided"], answer["set_aside"], answer["offsets"]) == (1, [], "code_points")
    (decision,) = answer["decisions"]
    assert (decision["number"], decision["version"], decision["suggestion"]) == (1, 3, 1)
    assert (decision["reviewer"]["name"], decision["undone"]) == ("local", False)
    assert decision["decision"] == {"action": "accept", "line": {**I10, "occurrence": 1}}
    assert states(stored.get("/v1/encounters/e1").json()) == states(answer)


def test_every_kind_of_decision(stored):
    answer = stored.decide(
        {"action": "replace", "line": E119, "by": E1122, "reason": "CKD is documented"},
        reject(I10),
        {"action": "add", "code": {"code": "T14.8XXS"}, "evidence": [evidence(16, 22, "injury")], "poa": "Y"},
        {"action": "change", "line": E1122, "poa": "N", "units": 2, "modifiers": ["25"]},
        {"action": "order", "lines": [{"code": "T14.8XXS"}, E1122]},
        {"action": "undo", "decision": 2},
        leave(I10),
        version=2,
    ).json()
    assert states(answer) == [("T14.8XXS", "added"), ("E11.22", "replacement")]
    assert [(line["code"], line["state"]) for line in answer["set_aside"]] == [("E11.9", "replaced"), ("I10", "left")]
    added, replacement = answer["lines"]
    assert (added["title"], added["poa"], added["probability"]) == ("Other injury, sequela", "Y", None)
    assert added["edition"] == "FY2026"
    assert added["evidence"] == [evidence(16, 22, "injury")]
    assert (replacement["poa"], replacement["units"], replacement["modifiers"]) == ("N", 2, ["25"])
    assert replacement["replaces"] == {**E119, "occurrence": 1}
    assert replacement["evidence"] == [evidence(0, 3, "DM2")]
    assert [item["undone"] for item in answer["decisions"]] == [False, True, False, False, False, False, False]


def test_evidence_may_be_sent_in_utf_16(client):
    client.store("\U0001f600 DM2 \U0001f600 late injury")
    add = {"action": "add", "code": {"code": "T14.8XXS"}, "evidence": [evidence(15, 21, "injury")]}
    answer = client.decide(add, version=2, query="?offsets=utf-16").json()
    assert answer["offsets"] == "utf-16"
    line = answer["lines"][-1]
    assert line["evidence"] == [evidence(15, 21, "injury")]
    assert answer["decisions"][0]["decision"]["evidence"] == [evidence(15, 21, "injury")]
    counted = client.get("/v1/encounters/e1/history").json()["decisions"][0]["decision"]
    assert counted["evidence"] == [evidence(13, 19, "injury")]


def test_codes_are_written_as_the_edition_writes_them(stored):
    answer = stored.decide({"action": "add", "code": {"code": "E1122"}}, version=2).json()
    assert answer["lines"][-1]["code"] == "E11.22"


def test_a_code_that_was_only_ranked_can_be_accepted(stored):
    answer = stored.decide(accept({"code": "T14.8XXA"}), version=2).json()
    assert ("T14.8XXA", "accepted") in states(answer)


@pytest.mark.parametrize(
    ("decision", "name", "location"),
    [
        ({"action": "add", "code": {"code": "Z99.999"}}, "not-in-edition", "decisions.0.code.code"),
        ({"action": "add", "code": {"system": "CPT", "code": "9921"}}, "not-in-edition", "decisions.0.code.code"),
        ({"action": "add", "code": {"system": "CPT", "code": "E1122"}}, "not-in-edition", "decisions.0.code.code"),
        ({"action": "add", "code": {"system": "HCPCS", "code": "J0001"}}, "not-in-edition", "decisions.0.code.code"),
        ({"action": "add", "code": {"system": "ICD-10-PCS", "code": "0FT"}}, "not-billable", "decisions.0.code.code"),
        (
            {"action": "add", "code": {"system": "ICD-10-PCS", "code": "0FT49ZZ"}},
            "not-in-edition",
            "decisions.0.code.code",
        ),
        (
            {"action": "replace", "line": E119, "by": {"system": "HCPCS", "code": "J9999"}},
            "not-in-edition",
            "decisions.0.by.code",
        ),
        ({"action": "add", "code": {"code": "E11.2"}}, "not-billable", "decisions.0.code.code"),
        (
            {"action": "replace", "line": E119, "by": {"code": "E13.9"}},
            "not-in-edition",
            "decisions.0.by.code",
        ),
        ({"action": "replace", "line": E119, "by": {"code": "E11.2"}}, "not-billable", "decisions.0.by.code"),
        ({"action": "replace", "line": E119, "by": E119}, "invalid-decision", "decisions.0"),
        (accept({"code": "A00.0"}), "invalid-decision", "decisions.0"),
        ({"action": "undo", "decision": 7}, "invalid-decision", "decisions.0"),
        ({"action": "order", "lines": [I10, I10]}, "invalid-decision", "decisions.0"),
        (
            {"action": "add", "code": E1122, "evidence": [evidence(0, 3, "HTN")]},
            "invalid-decision",
            "decisions.0",
        ),
        (
            {"action": "add", "code": E1122, "evidence": [evidence(0, 3, "DM2", "n9")]},
            "invalid-decision",
            "decisions.0",
        ),
        ({"action": "accept"}, "invalid-request", "decisions.0.accept.line"),
        ({"action": "change", "line": I10}, "invalid-request", "decisions.0.change"),
        ({"action": "add", "code": E1122, "units": 0}, "invalid-request", "decisions.0.add.units"),
        ({"action": "add", "code": E1122, "poa": "X"}, "invalid-request", "decisions.0.add.poa"),
        ({"action": "add", "code": {"code": "zebrafish"}}, "invalid-request", "decisions.0.add.code.code"),
        ({"action": "reject", "line": I10, "reason": "  "}, "invalid-request", "decisions.0.reject.reason"),
        ({"action": "reject", "line": I10, "reason": "a\x00b"}, "invalid-decision", "decisions.0"),
        ({"action": "zebrafish"}, "invalid-request", "decisions.0"),
    ],
)
def test_decisions_that_do_not_fit_are_refused(stored, assert_problem, decision, name, location):
    problem = assert_problem(stored.decide(decision, version=2), 422, name)
    assert location in [item["location"] for item in problem["errors"]]
    assert "zebrafish" not in str(problem)
    assert stored.get("/v1/encounters/e1").json()["version"] == 2


def test_codes_of_every_system_are_brought(client):
    client.store("DM2 and HTN, knee injection", date_of_service="2026-02-03")
    visit = {"system": "CPT", "code": "99214"}
    answer = client.decide(
        {"action": "replace", "line": visit, "by": {"system": "CPT", "code": "29881"}},
        {"action": "add", "code": {"system": "HCPCS", "code": "J3301"}, "units": 4, "pointers": [I10, E119]},
        {"action": "add", "code": {"system": "ICD-10-PCS", "code": "0FT44ZZ"}},
        {"action": "add", "code": {"system": "CPT", "code": "0123T"}, "modifiers": ["RT"]},
        accept({"system": "ICD-10-PCS", "code": "0SRC0J9"}),
        version=2,
    ).json()
    lines = {line["code"]: line for line in answer["lines"]}
    assert [(lines[code]["edition"], lines[code]["title"]) for code in ("29881", "J3301", "0FT44ZZ", "0123T")] == [
        ("starter", "Knee scope, meniscus trimmed"),
        ("2026-01", "Triamcinolone, 10 mg"),
        ("FY2026", "Resection of Gallbladder, Percutaneous Endoscopic Approach"),
        ("starter", ""),
    ]
    assert lines["29881"]["pointers"] == [{**E119, "occurrence": 1}]
    assert (lines["J3301"]["units"], [ref["code"] for ref in lines["J3301"]["pointers"]]) == (4, ["I10", "E11.9"])
    assert lines["0123T"]["modifiers"] == ["RT"]
    assert lines["0SRC0J9"]["state"] == "accepted"


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"date_of_service": "2026-02-03"}, "on the date of service, 2026-02-03; HCPCS J9999 ended 2025-12-31"),
        ({}, "today, as the encounter has no date of service; HCPCS J9999 ended 2025-12-31"),
    ],
)
def test_a_code_that_has_ended_is_refused_with_its_end(client, assert_problem, facts, said):
    client.store(**facts)
    answer = client.decide({"action": "add", "code": {"system": "HCPCS", "code": "J9999"}}, version=2)
    (error,) = assert_problem(answer, 422, "not-in-edition")["errors"]
    assert error["expected"] == f"a code in force {said}"


@pytest.mark.parametrize(
    ("code", "day", "said"), [("J9999", "2025-02-03", None), ("J3301", "2019-12-31", "begins 2020-01-01")]
)
def test_a_code_is_in_force_from_its_first_day_to_its_last(client, assert_problem, code, day, said):
    client.store(date_of_service=day)
    answer = client.decide({"action": "add", "code": {"system": "HCPCS", "code": code}}, version=2)
    if said is None:
        assert answer.status_code == 200
    else:
        assert said in assert_problem(answer, 422, "not-in-edition")["errors"][0]["expected"]


def test_with_a_release_of_cpt_its_codes_alone_are_taken(make_client, procedure_codes, assert_problem):
    starter = procedure_codes.services[System.CPT]
    release = ServiceSet(replace(starter.edition, name="2026"), starter)
    client = make_client(codes=ProcedureCodes({System.CPT: release}))
    client.store()
    answer = client.decide({"action": "add", "code": {"system": "CPT", "code": "0123T"}}, version=2)
    problem = assert_problem(answer, 422, "not-in-edition")
    assert "edition 2026; import a release: chartcoder codes import cpt FILE" in problem["errors"][0]["expected"]
    answer = client.decide({"action": "add", "code": {"system": "CPT", "code": "20610"}}, version=2)
    assert answer.json()["lines"][-1]["edition"] == "2026"


def test_a_system_that_is_not_loaded_is_said_so(make_client, assert_problem):
    client = make_client(codes=ProcedureCodes(), cpt=False)
    client.store()
    answer = client.decide({"action": "add", "code": {"system": "CPT", "code": "99214"}}, version=2)
    (error,) = assert_problem(answer, 422, "not-in-edition")["errors"]
    assert error["expected"].startswith("a code of ICD-10-CM; CPT is not loaded: ")
    assert error["expected"].endswith("CHARTCODER_CPT")


def test_a_batch_is_recorded_whole_or_not_at_all(stored, assert_problem):
    assert_problem(stored.decide(accept(E119), reject(I10), accept(E119), version=2), 422, "invalid-decision")
    assert_problem(
        stored.decide(accept(E119), {"action": "add", "code": {"code": "E11.2"}}, version=2), 422, "not-billable"
    )
    now = stored.get("/v1/encounters/e1").json()
    assert (now["version"], now["undecided"], now["assigned_to"]) == (2, 2, None)
    assert stored.get("/v1/encounters/e1/history").json()["decisions"] == []


@pytest.mark.parametrize("count", [0, 201])
def test_a_batch_has_a_size(stored, assert_problem, count):
    assert_problem(stored.decide(*[accept(I10)] * count, version=2), 422, "invalid-request")


def test_codes_cannot_be_brought_before_the_code_set_is_loaded(make_client, assert_problem):
    client = make_client(ready=False)
    client.store()
    add = {"action": "add", "code": E1122}
    assert_problem(client.decide(add, version=1), 503, "not-ready")


# Conflicts


def test_the_second_of_two_is_told_what_changed(stored, assert_problem):
    stored.decide(accept(E119), reject(I10, "seen before"), version=2)
    problem = assert_problem(stored.decide(leave(I10), version=2), 409, "version-conflict")
    conflict = problem["conflict"]
    assert (conflict["expected"], conflict["actual"]) == (2, 3)
    assert [event["action"] for event in conflict["events"]] == ["decisions-recorded"]
    assert [item["decision"]["action"] for item in conflict["decisions"]] == ["accept", "reject"]
    assert conflict["decisions"][0]["reviewer"]["name"] == "local"
    assert stored.decide(leave(I10), version=3).status_code == 200


def test_a_conflict_counts_offsets_as_asked(client):
    client.store("\U0001f600 DM2")
    add = {"action": "add", "code": E1122, "evidence": [evidence(3, 6, "DM2")]}
    client.decide(add, version=2, query="?offsets=utf-16")
    answer = client.decide(accept(E119), version=2, query="?offsets=utf-16").json()
    assert answer["conflict"]["decisions"][0]["decision"]["evidence"] == [evidence(3, 6, "DM2")]


@pytest.mark.parametrize("version", [0, "2", 2.5, None])
def test_a_version_is_a_number(stored, assert_problem, version):
    assert_problem(stored.decide(accept(I10), version=version), 422, "invalid-request")


# Idempotency


def test_the_same_request_under_the_same_key_is_recorded_once(stored):
    first = stored.decide(accept(I10), version=2, key="k1").json()
    again = stored.decide(accept(I10), version=2, key="k1").json()
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert again["decisions"] == first["decisions"]
    assert (again["version"], again["lines"]) == (3, first["lines"])


def test_a_repeated_request_is_answered_after_later_decisions_too(stored):
    first = stored.decide(accept(I10), version=2, key="k1").json()
    stored.decide({"action": "undo", "decision": 1}, version=3, key="k2")
    again = stored.decide(accept(I10), version=2, key="k1").json()
    assert again["replayed"]
    assert again["decisions"] == [{**first["decisions"][0], "undone": True}]
    assert again["version"] == 4


def test_another_request_under_the_same_key_is_refused(stored, assert_problem):
    stored.decide(accept(I10), version=2, key="k1")
    assert_problem(stored.decide(reject(E119), version=3, key="k1"), 422, "idempotency-mismatch")


def test_a_key_has_a_form(stored, assert_problem):
    assert_problem(stored.decide(accept(I10), version=2, key="zebra fish"), 422, "invalid-request")


# Finalisation


@pytest.fixture
def finalised(stored):
    stored.decide(accept(E119), leave(I10), version=2)
    assert stored.post("/v1/encounters/e1/finalise", {"expected_version": 3}).status_code == 200
    return stored


def test_an_encounter_is_finalised_with_what_was_decided(finalised):
    coded = finalised.get("/v1/encounters/e1/coded-set").json()
    assert (coded["number"], coded["version"], coded["suggestion"]) == (1, 4, 1)
    assert coded["finalised_by"]["name"] == "local"
    assert states(coded) == [("E11.9", "accepted")]
    now = finalised.get("/v1/encounters/e1").json()
    assert (now["status"], now["coded_set"], now["editable"]) == ("finalised", 1, False)


def test_undecided_codes_keep_an_encounter_open(stored, assert_problem):
    stored.decide(accept(E119), version=2)
    answer = stored.post("/v1/encounters/e1/finalise", {"expected_version": 3})
    problem = assert_problem(answer, 409, "undecided-codes")
    assert problem["lines"] == [{**I10, "occurrence": 1}]
    assert stored.get("/v1/encounters/e1").json()["status"] == "in_progress"


def test_a_finalised_encounter_takes_no_decisions(finalised, assert_problem):
    assert_problem(finalised.decide(accept(I10), version=4), 409, "already-finalised")
    again = finalised.post("/v1/encounters/e1/finalise", {"expected_version": 4})
    assert_problem(again, 409, "already-finalised")


def test_finalising_and_reopening_name_the_version(finalised, assert_problem):
    answer = finalised.post("/v1/encounters/e1/reopen", {"expected_version": 3, "reason": "denial"})
    assert_problem(answer, 409, "version-conflict")


def test_an_encounter_is_reopened_and_finalised_again(finalised, assert_problem):
    reopened = finalised.post("/v1/encounters/e1/reopen", {"expected_version": 4, "reason": "late-note"}).json()
    assert (reopened["status"], reopened["version"]) == ("in_progress", 5)
    again = finalised.post("/v1/encounters/e1/reopen", {"expected_version": 5, "reason": "late-note"})
    assert_problem(again, 409, "not-finalised")
    finalised.decide(accept(I10), version=5)
    assert finalised.post("/v1/encounters/e1/finalise", {"expected_version": 6}).json()["number"] == 2
    assert len(finalised.get("/v1/encounters/e1/coded-set").json()["lines"]) == 2
    assert len(finalised.get("/v1/encounters/e1/coded-set?number=1").json()["lines"]) == 1
    assert_problem(finalised.get("/v1/encounters/e1/coded-set?number=3"), 404, "unknown-record")


def test_a_reason_to_reopen_is_one_of_those_known(finalised, assert_problem):
    answer = finalised.post("/v1/encounters/e1/reopen", {"expected_version": 4, "reason": "zebrafish"})
    assert "zebrafish" not in str(assert_problem(answer, 422, "invalid-request"))


def test_a_late_note_does_not_change_a_coded_set(finalised):
    before = finalised.get("/v1/encounters/e1/coded-set").json()
    late = finalised.post("/v1/encounters/e1/notes", {"note": {"id": "n2", "text": "injury"}}).json()
    assert late["encounter"]["status"] == "finalised"
    assert [line["code"] for line in late["changes"]["new"]] == ["T14.8XXA"]
    assert finalised.get("/v1/encounters/e1/coded-set").json() == before


def test_the_history_tells_all_that_happened(finalised):
    history = finalised.get("/v1/encounters/e1/history").json()
    assert (history["encounter_id"], history["version"]) == ("e1", 4)
    assert [item["decision"]["action"] for item in history["decisions"]] == ["accept", "leave"]
    assert [(event["action"], event["version"]) for event in history["events"]] == [
        ("encounter-created", 1),
        ("suggestion-recorded", 2),
        ("decisions-recorded", 3),
        ("finalised", 4),
        ("history-read", None),
    ]


def test_a_database_that_does_not_answer_is_said_so(stored, assert_problem, caplog):
    stored.app.state.storage._database._engine.dispose()
    with stored.database.writing() as session:
        session.connection().exec_driver_sql("ALTER TABLE decision_batches RENAME TO gone")
    answer = stored.decide(reject(I10, "zebrafish"), version=2)
    assert_problem(answer, 503, "database-unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert "OperationalError" in caplog.text
    assert "zebrafish" not in caplog.text
