"""Encounters: store, read, list, assign, claim, late notes."""

from __future__ import annotations

import pytest

from api.errors import Problem
from store import audit
from store.tables import Role

TEXT = "\U0001f600 DM2, no injury"


def test_an_encounter_is_stored_with_its_suggestion(client):
    stored = client.store(
        TEXT,
        patient_key="p1",
        setting="inpatient",
        claim="facility",
        payer="medicare",
        patient={"age": 63, "sex": "F"},
        date_of_service="2026-02-03",
        admission="2026-02-03",
        discharge="2026-02-05",
    )
    assert client.get("/v1/encounters/e1").json() == stored
    assert (stored["id"], stored["version"], stored["status"]) == ("e1", 2, "open")
    assert (stored["patient_key"], stored["patient"]) == ("p1", {"age": 63, "sex": "F"})
    assert (stored["setting"], stored["claim"], stored["payer"]) == ("inpatient", "facility", "medicare")
    assert (stored["date_of_service"], stored["discharge"]) == ("2026-02-03", "2026-02-05")
    assert (stored["assigned_to"], stored["coded_set"], stored["editable"]) == (None, None, True)
    (note,) = stored["notes"]
    assert (note["id"], note["text"], note["sequence"], note["superseded"]) == ("n1", TEXT, 1, False)
    suggestion = stored["suggestion"]
    assert (suggestion["number"], suggestion["stale"], suggestion["encounter_id"]) == (1, False, "e1")
    assert [code["code"] for code in suggestion["suppressed"]] == ["T14.8XXA"]
    (line,) = stored["lines"]
    assert (line["code"], line["state"], line["occurrence"], line["decision"]) == ("E11.9", "proposed", 1, None)
    assert line["title"] == "Type 2 diabetes mellitus without complications"
    assert line["evidence"] == [{"note_id": "n1", "start": 2, "end": 5, "quote": "DM2"}]
    assert (stored["undecided"], stored["set_aside"]) == (1, [])


def test_offsets_come_in_the_unit_that_is_asked_for(client):
    client.store(TEXT)
    stored = client.get("/v1/encounters/e1?offsets=utf-16").json()
    assert stored["offsets"] == "utf-16"
    for found in (stored["lines"][0], stored["suggestion"]["codes"][0]):
        (evidence,) = found["evidence"]
        assert (evidence["start"], evidence["end"]) == (3, 6)


def test_answers_with_charts_are_not_cached(client):
    client.store()
    for path in ("/v1/encounters", "/v1/encounters/e1", "/v1/encounters/e1/history", "/v1/me"):
        assert client.get(path).headers["cache-control"] == "no-store"


def test_an_id_is_made_where_none_is_given(client):
    body = {"notes": [{"id": "n1", "text": "HTN"}]}
    made = {client.post("/v1/encounters", body).json()["id"] for _ in range(3)}
    assert len(made) == 3


def test_an_id_that_is_taken_is_refused(client, assert_problem):
    client.store()
    again = client.post("/v1/encounters", {"id": "e1", "notes": [{"id": "n1", "text": "zebrafish"}]})
    assert "zebrafish" not in str(assert_problem(again, 409, "already-exists"))


@pytest.mark.parametrize(
    ("fields", "status", "name"),
    [
        ({"notes": []}, 422, "invalid-request"),
        ({"notes": [{"id": "n1", "text": "a\x00b"}]}, 422, "unreadable-text"),
        ({"notes": [{"id": "n1", "text": "x" * 600}]}, 413, "text-too-long"),
        ({"admission": "2026-02-03", "discharge": "2026-02-01"}, 422, "invalid-encounter"),
        ({"policy": "none-such"}, 422, "unknown-policy"),
        ({"patient_key": "Jane Roe"}, 422, "invalid-request"),
        ({"offsets": "utf-16"}, 422, "invalid-request"),
        ({"suggest": "no"}, 422, "invalid-request"),
    ],
)
def test_bad_encounters_are_refused_and_not_stored(make_client, assert_problem, fields, status, name):
    client = make_client(max_note_characters=500)
    body = {"id": "e1", "notes": [{"id": "n1", "text": "HTN"}], **fields}
    assert_problem(client.post("/v1/encounters", body), status, name)
    assert_problem(client.get("/v1/encounters/e1"), 404, "unknown-record")


def test_an_encounter_is_stored_although_it_cannot_be_suggested_for(make_client):
    client = make_client(ready=False)
    stored = client.store("HTN")
    assert (stored["version"], stored["suggestion"], stored["lines"]) == (1, None, [])
    assert client.get("/v1/encounters/e1/suggestions").json() == {"items": []}


@pytest.mark.parametrize("error", [ValueError("zebrafish"), Problem("busy")])
def test_an_encounter_is_stored_although_reading_it_fails(client, fake, caplog, error):
    def fail(_encounter):
        raise error

    fake.before = fail
    assert client.store("HTN")["suggestion"] is None
    assert "stored without a suggestion" in caplog.text
    assert "zebrafish" not in caplog.text


def test_a_suggestion_can_be_left_for_later(client):
    assert client.store(suggest=False)["suggestion"] is None
    answer = client.post("/v1/encounters/e1/suggestions", {})
    assert answer.status_code == 201
    assert answer.json()["changes"] is None
    assert [line["code"] for line in answer.json()["encounter"]["lines"]] == ["E11.9", "I10"]


def test_runs_can_be_listed_and_read(client):
    client.store()
    again = client.post("/v1/encounters/e1/suggestions", {}).json()
    assert again["changes"] == {"new": [], "gone": [], "changed": []}
    runs = client.get("/v1/encounters/e1/suggestions").json()["items"]
    assert [(run["number"], run["encounter_version"], run["last_note"], run["stale"]) for run in runs] == [
        (1, 2, 1, False),
        (2, 3, 1, False),
    ]
    assert runs[0]["stamp"]["model"] == "fake@0123456789ab"
    whole = client.get("/v1/encounters/e1/suggestions/1").json()
    assert [code["code"] for code in whole["codes"]] == ["E11.9", "I10"]
    assert whole["number"] == 1


@pytest.mark.parametrize(
    "path",
    [
        "/v1/encounters/none",
        "/v1/encounters/none/suggestions",
        "/v1/encounters/none/history",
        "/v1/encounters/none/coded-set",
        "/v1/encounters/e1/coded-set",
        "/v1/encounters/e1/suggestions/2",
    ],
)
def test_what_is_not_there_is_said_so(client, assert_problem, path):
    client.store()
    assert_problem(client.get(path), 404, "unknown-record")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("notes", {"note": {"id": "n2", "text": "HTN"}}),
        ("assign", {"assignee": "me", "expected_version": 1}),
        ("suggestions", {}),
        ("decisions", {"expected_version": 1, "decisions": [{"action": "undo", "decision": 1}]}),
        ("finalise", {"expected_version": 1}),
        ("reopen", {"expected_version": 1, "reason": "audit"}),
    ],
)
def test_nothing_happens_to_an_encounter_that_is_not_there(client, assert_problem, path, body):
    assert_problem(client.post(f"/v1/encounters/none/{path}", body), 404, "unknown-record")


def test_an_id_with_spaces_is_no_id(client, assert_problem):
    problem = assert_problem(client.get("/v1/encounters/Jane%20Roe"), 422, "invalid-request")
    assert "Jane" not in str(problem)


# Late notes


def add_note(client, text, note_id="n2", **fields):
    note = {"id": note_id, "text": text, **fields.pop("note", {})}
    return client.post("/v1/encounters/e1/notes", {"note": note, **fields})


def test_a_late_note_is_read_and_what_changed_is_told(client):
    client.store("DM2")
    answer = add_note(client, "HTN")
    assert answer.status_code == 201
    encounter, changes = answer.json()["encounter"], answer.json()["changes"]
    assert encounter["version"] == 4
    assert [note["id"] for note in encounter["notes"]] == ["n1", "n2"]
    assert [line["code"] for line in encounter["lines"]] == ["E11.9", "I10"]
    assert encounter["suggestion"]["last_note"] == 2
    assert [line["code"] for line in changes["new"]] == ["I10"]
    assert (changes["gone"], changes["changed"]) == ([], [])


def test_an_amended_note_takes_the_place_of_another(client):
    client.store("DM2")
    answer = add_note(client, "well: DM2 and HTN", supersedes="n1", note={"status": "amended"}).json()
    first, second = answer["encounter"]["notes"]
    assert (first["superseded"], second["supersedes"]) == (True, "n1")
    (changed,) = answer["changes"]["changed"]
    assert changed["fields"] == ["evidence"]
    assert [side["evidence"][0]["note_id"] for side in (changed["before"], changed["after"])] == ["n1", "n2"]


def test_a_note_entered_in_error_withdraws_another(client):
    client.store("DM2")
    answer = add_note(client, "withdrawn", supersedes="n1", note={"status": "entered-in-error"}).json()
    assert [line["code"] for line in answer["changes"]["gone"]] == ["E11.9"]
    assert answer["encounter"]["lines"] == []


def test_a_decision_holds_over_a_late_note(client):
    client.store("DM2")
    client.decide({"action": "accept", "line": {"code": "E11.9"}}, version=2)
    answer = add_note(client, "withdrawn", supersedes="n1", note={"status": "entered-in-error"}).json()
    assert [(line["code"], line["state"]) for line in answer["encounter"]["lines"]] == [("E11.9", "accepted")]


def test_a_late_note_is_stored_although_it_cannot_be_read_now(client, fake):
    client.store("DM2")

    def fail(_encounter):
        raise Problem("busy")

    fake.before = fail
    answer = add_note(client, "HTN")
    assert answer.status_code == 201
    assert answer.json()["changes"] is None
    assert answer.json()["encounter"]["suggestion"]["stale"]
    assert add_note(client, "injury", "n3", suggest=False).json()["encounter"]["suggestion"]["stale"]


def test_a_late_note_of_one_coder_is_a_conflict_for_the_other(client, assert_problem):
    client.store("DM2")
    add_note(client, "HTN")
    refused = client.decide({"action": "accept", "line": {"code": "E11.9"}}, version=2)
    conflict = assert_problem(refused, 409, "version-conflict")["conflict"]
    assert [event["action"] for event in conflict["events"]] == ["note-added", "suggestion-recorded"]


@pytest.mark.parametrize(
    ("fields", "status", "name"),
    [
        ({"note_id": "n1"}, 409, "already-exists"),
        ({"supersedes": "n9"}, 404, "unknown-record"),
        ({"note": {"type": "a" * 65}}, 422, "invalid-request"),
        ({"note": {"date": "tomorrow"}}, 422, "invalid-request"),
    ],
)
def test_bad_notes_are_refused(client, assert_problem, fields, status, name):
    client.store("DM2")
    assert_problem(add_note(client, "HTN", **fields), status, name)
    assert client.get("/v1/encounters/e1").json()["version"] == 2


def test_notes_together_have_a_limit(make_client, assert_problem):
    client = make_client(max_note_characters=100)
    client.store("x" * 60)
    assert_problem(add_note(client, "x" * 60), 413, "text-too-long")
    assert_problem(add_note(client, "a\udc00b"), 422, "unreadable-text")
    assert add_note(client, "x" * 40).status_code == 201


def test_the_number_of_notes_has_a_limit(client, assert_problem):
    notes = [{"id": f"n{i}", "text": "well"} for i in range(1, 101)]
    client.post("/v1/encounters", {"id": "e1", "notes": notes, "suggest": False})
    assert_problem(add_note(client, "HTN", "n101"), 422, "invalid-encounter")


# The worklist


@pytest.fixture
def filled(client):
    """Five encounters, e0 to e4: two inpatient ones; e4 without a day of service."""
    for i in range(5):
        setting = "inpatient" if i < 2 else "outpatient"
        day = {"date_of_service": f"2026-02-0{i + 1}"} if i < 4 else {}
        client.store("HTN", f"e{i}", setting=setting, patient_key=f"p{i % 2}", **day)
    return client


def listed(client, query=""):
    answer = client.get(f"/v1/encounters{query}")
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["e0", "e1", "e2", "e3", "e4"]),
        ("?setting=inpatient", ["e0", "e1"]),
        ("?setting=inpatient&setting=outpatient", ["e0", "e1", "e2", "e3", "e4"]),
        ("?date_from=2026-02-02&date_to=2026-02-03", ["e1", "e2"]),
        ("?patient_key=p1", ["e1", "e3"]),
        ("?status=finalised", []),
        ("?status=open&status=in_progress", ["e0", "e1", "e2", "e3", "e4"]),
        ("?assignee=none", ["e0", "e1", "e2", "e3", "e4"]),
        ("?assignee=me", []),
        ("?limit=2", ["e0", "e1"]),
    ],
)
def test_the_worklist_is_filtered(filled, query, expected):
    assert listed(filled, query) == expected


def test_the_worklist_comes_in_pages(filled):
    seen, cursor = [], ""
    for _ in range(3):
        page = filled.get(f"/v1/encounters?limit=2{cursor}").json()
        seen += [item["id"] for item in page["items"]]
        # What comes between two pages moves nothing that was seen.
        filled.store("HTN", f"late{len(seen)}")
        cursor = f"&cursor={page['next']}"
    assert seen == ["e0", "e1", "e2", "e3", "e4", "late2"]


@pytest.mark.parametrize(
    "query", ["?cursor=nonsense", "?limit=0", "?limit=201", "?status=done", "?setting=moon", "?date_from=yesterday"]
)
def test_bad_filters_are_refused(client, assert_problem, query):
    assert_problem(client.get(f"/v1/encounters{query}"), 422, "invalid-request")


def test_claiming_gives_the_oldest_that_nobody_has(filled):
    first = filled.post("/v1/encounters/claim-next", {}).json()
    assert (first["id"], first["status"], first["assigned_to"]["name"]) == ("e0", "in_progress", "local")
    second = filled.post("/v1/encounters/claim-next", {"settings": ["outpatient"]}).json()
    assert second["id"] == "e2"
    assert listed(filled, "?assignee=me") == ["e0", "e2"]
    assert listed(filled, "?assignee=none") == ["e1", "e3", "e4"]


def test_nothing_left_to_claim_is_no_error(client):
    answer = client.post("/v1/encounters/claim-next", {})
    assert (answer.status_code, answer.content) == (204, b"")


# Assignment among several users


@pytest.fixture
def team(client, add_user):
    """Clients of two coders, a lead and an auditor, with their ids."""
    ids = {
        name: add_user(client, name, role)
        for name, role in (
            ("anna", Role.CODER),
            ("bert", Role.CODER),
            ("lena", Role.LEAD),
            ("otto", Role.AUDITOR),
        )
    }
    clients = {name: client.signed_in(name) for name in ids}
    clients["anna"].store("DM2 and HTN")
    return clients, ids


def assign(client, assignee, version):
    return client.post("/v1/encounters/e1/assign", {"assignee": assignee, "expected_version": version})


def test_coders_take_and_give_back(team):
    clients, ids = team
    taken = assign(clients["anna"], "me", 2).json()
    assert taken["assigned_to"] == {"id": ids["anna"], "name": "anna"}
    assert (taken["version"], taken["status"]) == (3, "in_progress")
    given = assign(clients["anna"], None, 3).json()
    assert (given["assigned_to"], given["status"]) == (None, "open")
    assert assign(clients["anna"], ids["anna"], 4).status_code == 200


def test_coders_neither_take_from_others_nor_give_to_others(team, assert_problem):
    clients, ids = team
    assign(clients["anna"], "me", 2)
    assert_problem(assign(clients["bert"], "me", 3), 403, "not-assigned")
    assert_problem(assign(clients["anna"], ids["bert"], 3), 403, "forbidden")


def test_leads_assign_to_anyone_who_may_decide(team, assert_problem):
    clients, ids = team
    assign(clients["anna"], "me", 2)
    assert assign(clients["lena"], ids["bert"], 3).json()["assigned_to"]["name"] == "bert"
    assert_problem(assign(clients["lena"], ids["otto"], 4), 422, "invalid-request")
    assert_problem(assign(clients["lena"], "nobody", 4), 404, "unknown-record")
    conflict = assert_problem(assign(clients["lena"], "me", 3), 409, "version-conflict")["conflict"]
    assert [(event["action"], event["actor"]["name"]) for event in conflict["events"]] == [("assigned", "lena")]


def test_a_finalised_encounter_is_not_assigned(team, assert_problem):
    clients, _ = team
    leave = [{"action": "leave", "line": {"code": code}} for code in ("E11.9", "I10")]
    clients["anna"].decide(*leave, version=2)
    clients["anna"].post("/v1/encounters/e1/finalise", {"expected_version": 3})
    assert_problem(assign(clients["lena"], "me", 4), 409, "already-finalised")


def test_only_those_who_work_on_an_encounter_change_it(team, assert_problem):
    clients, _ = team
    accept = {"action": "accept", "line": {"code": "I10"}}
    assign(clients["anna"], "me", 2)
    assert [clients[name].get("/v1/encounters/e1").json()["editable"] for name in ("anna", "bert", "lena", "otto")] == [
        True,
        False,
        True,
        False,
    ]
    assert_problem(clients["bert"].decide(accept, version=3), 403, "not-assigned")
    finalise = clients["bert"].post("/v1/encounters/e1/finalise", {"expected_version": 3})
    assert_problem(finalise, 403, "not-assigned")
    reopen = clients["bert"].post("/v1/encounters/e1/reopen", {"expected_version": 3, "reason": "audit"})
    assert_problem(reopen, 403, "not-assigned")
    assert clients["lena"].decide(accept, version=3).status_code == 200


def test_two_who_claim_at_once_get_different_charts(team):
    clients, _ = team
    clients["anna"].store("HTN", "e2")
    claimed = {clients[name].post("/v1/encounters/claim-next", {}).json()["id"] for name in ("anna", "bert")}
    assert claimed == {"e1", "e2"}


def test_reading_is_recorded_without_chart_text(team):
    clients, ids = team
    anna = clients["anna"]
    leave = [{"action": "leave", "line": {"code": code}} for code in ("E11.9", "I10")]
    anna.decide(*leave, version=2)
    anna.post("/v1/encounters/e1/finalise", {"expected_version": 3})
    for path in ("", "/suggestions/1", "/history", "/coded-set"):
        assert clients["otto"].get(f"/v1/encounters/e1{path}").status_code == 200
    events = audit.events(anna.database, encounter_id="e1")
    read = [event.action for event in events if event.actor == ids["otto"]]
    assert read == ["chart-read", "suggestion-read", "history-read", "coded-set-read"]
    assert [event.action for event in events if event.actor == ids["anna"]] == [
        "encounter-created",
        "suggestion-recorded",
        "decisions-recorded",
        "finalised",
    ]
    assert not any(word in str(events) for word in ("DM2", "HTN"))
