"""Queries to the provider over the API, and findings that follow what stands on an encounter."""

import pytest

from store.tables import Role
from suggest.queries.templates import CLOSING

EVIDENCE = {"note_id": "n1", "start": 0, "end": 3, "quote": "DM2"}


def ask(client, *, version=2, query="", encounter_id="e1", **fields):
    body = {"expected_version": version, **fields}
    return client.post(f"/v1/encounters/{encounter_id}/queries{query}", body)


def answer(client, number=1, text="It is type 2 with HTN.", note_id="a1", **fields):
    note = {"id": note_id, "text": text, "type": "query response"}
    return client.post(f"/v1/encounters/e1/queries/{number}/answer", {"note": note, **fields})


def withdraw(client, number=1, *, version=3, reason="answered by phone"):
    body = {"expected_version": version, "reason": reason}
    return client.post(f"/v1/encounters/e1/queries/{number}/withdraw", body)


def read(client):
    return client.get("/v1/encounters/e1").json()


def test_a_draft_is_asked_as_it_is(client):
    client.store("DM2")
    opened = ask(client, template="stage")
    assert opened.status_code == 201, opened.text
    found = opened.json()
    assert (found["version"], found["open_queries"]) == (3, 1)
    query = found["query"]
    assert (query["number"], query["state"], query["template"], query["suggestion"]) == (1, "open", "stage", 1)
    assert (query["question"], query["options"]) == ("Which stage?", ["1", "2"])
    assert query["indicators"] == [EVIDENCE]
    assert query["opened_by"]["id"]
    assert query["note"] is query["reason"] is query["closed_by"] is query["closed_at"] is None
    assert read(client)["queries"] == [query]
    assert client.get("/v1/encounters/e1/queries").json() == {
        "encounter_id": "e1",
        "version": 3,
        "items": [query],
        "offsets": "code_points",
    }


def test_a_draft_may_be_changed(client):
    client.store("DM2 and HTN")
    evidence = {"note_id": "n1", "start": 8, "end": 11, "quote": "HTN"}
    fields = {"question": " What is its type? ", "options": ["A", "B"], "indicators": [evidence]}
    query = ask(client, template="stage", **fields).json()["query"]
    assert (query["template"], query["question"]) == ("stage", "What is its type?")
    assert query["options"] == ["A", "B", *CLOSING]
    assert query["indicators"] == [evidence]


def test_a_coder_asks_a_question_of_their_own(client):
    client.store("DM2")
    query = ask(client, question="What is its type?", indicators=[EVIDENCE]).json()["query"]
    assert (query["template"], query["options"]) == ("", [])


def test_offsets_may_count_utf_16(client):
    client.store("🙂 DM2")
    evidence = {"note_id": "n1", "start": 3, "end": 6, "quote": "DM2"}
    found = ask(client, query="?offsets=utf-16", question="Which type?", indicators=[evidence]).json()
    assert found["query"]["indicators"] == [evidence]
    assert read(client)["queries"][0]["indicators"] == [{**evidence, "start": 2, "end": 5}]


@pytest.mark.parametrize(
    ("fields", "name", "locations"),
    [
        ({}, "invalid-request", [""]),
        ({"question": "Which type?"}, "invalid-request", [""]),
        ({"indicators": [EVIDENCE]}, "invalid-request", [""]),
        ({"question": "Which type?", "indicators": []}, "invalid-request", ["indicators"]),
        ({"template": "stage", "options": [" "]}, "invalid-request", ["options.0"]),
        ({"template": "stage", "options": ["x" * 201]}, "invalid-request", ["options.0"]),
        ({"template": "stage", "question": "x" * 2001}, "invalid-request", ["question"]),
        ({"template": "another"}, "unknown-draft", None),
        (
            {"template": "stage", "question": "Would you agree it is stage 2?"},
            "noncompliant-query",
            ["question"],
        ),
        (
            {"template": "stage", "options": ["stage 1", "stage 2 (MCC)"]},
            "noncompliant-query",
            ["options.1"],
        ),
        ({"question": "Which?", "indicators": [{**EVIDENCE, "quote": "DM1"}]}, "invalid-request", None),
        ({"question": "Which?", "indicators": [{**EVIDENCE, "note_id": "n9"}]}, "invalid-request", None),
    ],
)
def test_what_cannot_be_asked_is_refused(client, assert_problem, fields, name, locations):
    client.store("DM2")
    problem = assert_problem(ask(client, **fields), 422, name)
    if locations is not None:
        assert [error["location"] for error in problem["errors"]] == locations
    assert (read(client)["queries"], read(client)["version"]) == ([], 2)


def test_an_answer_is_a_note_and_the_chart_is_read_again(client):
    client.store("DM2")
    ask(client, template="stage")
    answered = answer(client)
    assert answered.status_code == 201, answered.text
    changes, encounter = answered.json()["changes"], answered.json()["encounter"]
    assert [line["code"] for line in changes["new"]] == ["I10"]
    assert [line["code"] for line in encounter["lines"]] == ["E11.9", "I10"]
    assert [note["id"] for note in encounter["notes"]] == ["n1", "a1"]
    assert encounter["suggestion"]["stale"] is False
    (query,) = encounter["queries"]
    assert (query["state"], query["note"], query["reason"]) == ("answered", "a1", None)
    assert query["closed_by"]
    assert query["closed_at"] > query["opened_at"]


def test_an_answer_is_stored_although_the_chart_cannot_be_read_now(client, fake):
    client.store("DM2")
    ask(client, template="stage")

    def fail(_encounter):
        raise RuntimeError

    fake.before = fail
    encounter = answer(client).json()["encounter"]
    assert (encounter["queries"][0]["state"], encounter["suggestion"]["stale"]) == ("answered", True)


def test_a_query_is_withdrawn(client):
    client.store("DM2")
    ask(client, template="stage")
    found = withdraw(client).json()
    assert (found["version"], found["open_queries"]) == (4, 0)
    query = found["query"]
    assert (query["state"], query["reason"], query["note"]) == ("withdrawn", "answered by phone", None)


def test_a_query_ends_once(client, assert_problem):
    client.store("DM2")
    ask(client, template="stage")
    answer(client, suggest=False)
    assert_problem(answer(client, note_id="a2"), 409, "query-closed")
    assert_problem(withdraw(client, version=4), 409, "query-closed")
    assert len(read(client)["notes"]) == 2


@pytest.mark.parametrize("number", [2, 100])
def test_unknown_queries_are_not_found(client, assert_problem, number):
    client.store("DM2")
    ask(client, template="stage")
    assert_problem(answer(client, number), 404, "unknown-record")
    assert_problem(withdraw(client, number), 404, "unknown-record")


@pytest.mark.parametrize("number", [0, 101, "one"])
def test_numbers_of_queries_are_checked(client, assert_problem, number):
    client.store("DM2")
    assert_problem(answer(client, number), 422, "invalid-request")


def test_the_second_of_two_changes_is_told_of_the_first(client, assert_problem):
    client.store("DM2")
    ask(client, template="stage")
    conflict = assert_problem(ask(client, template="stage"), 409, "version-conflict")["conflict"]
    assert [event["action"] for event in conflict["events"]] == ["query-opened"]
    assert_problem(withdraw(client, version=2), 409, "version-conflict")


def test_the_audit_trail_holds_no_words_of_a_query(client):
    client.store("DM2")
    ask(client, question="Which type is it?", indicators=[EVIDENCE])
    withdraw(client, reason="moot after all")
    ask(client, version=4, template="stage")
    answer(client, number=2)
    client.get("/v1/encounters/e1/queries")
    events = client.get("/v1/encounters/e1/history").json()["events"]
    assert [event["action"] for event in events if "quer" in event["action"]] == [
        "query-opened",
        "query-withdrawn",
        "query-opened",
        "query-answered",
        "queries-read",
    ]
    text = str(events)
    assert not any(words in text for words in ("Which type", "moot", "DM2", "type 2"))


def test_the_worklist_tells_which_charts_wait(client):
    client.store("DM2", "e1")
    client.store("DM2", "e2")
    ask(client, template="stage")

    def listed(query):
        return [(item["id"], item["open_queries"]) for item in client.get(f"/v1/encounters{query}").json()["items"]]

    assert listed("") == [("e1", 1), ("e2", 0)]
    assert listed("?waiting=true") == [("e1", 1)]
    assert listed("?waiting=false") == [("e2", 0)]
    answer(client)
    assert listed("?waiting=true") == []


def test_only_who_works_on_a_chart_asks_and_withdraws(signed_clients, assert_problem):
    mine, other, service = signed_clients
    mine.store("DM2")
    mine.post("/v1/encounters/e1/assign", {"assignee": "me", "expected_version": 2})
    assert_problem(ask(other, template="stage", version=3), 403, "not-assigned")
    assert ask(mine, template="stage", version=3).status_code == 201
    assert_problem(withdraw(other, version=4), 403, "not-assigned")
    assert_problem(ask(service, template="stage", version=4), 403, "forbidden")
    assert_problem(withdraw(service, version=4), 403, "forbidden")
    # the plugin that brings notes brings answers
    assert answer(service).status_code == 201


@pytest.fixture
def signed_clients(make_client, add_user):
    client = make_client()
    for name, role in (("mine", Role.CODER), ("other", Role.CODER), ("plugin", Role.SERVICE)):
        add_user(client, name, role)
    return [client.signed_in(name) for name in ("mine", "other", "plugin")]


# Findings


def edits(encounter):
    return {(finding["edit"], *finding["codes"]) for finding in encounter["findings"]}


def test_findings_are_those_of_the_lines_that_stand(client):
    encounter = client.store("DM2 and HTN")
    assert edits(encounter) == set()
    decided = client.decide(
        {"action": "add", "code": {"code": "E11.22"}},
        {"action": "reject", "line": {"code": "I10"}, "reason": "not addressed"},
        version=2,
    ).json()
    assert edits(decided) == {("gives-way", "E11.9", "E11.22")}
    assert edits(decided) == edits(read(client))
    undone = client.decide({"action": "undo", "decision": 1}, version=3).json()
    assert edits(undone) == set()


def test_findings_need_the_code_sets(make_client):
    client = make_client(ready=False)
    assert client.store("DM2", suggest=False)["findings"] is None


def test_a_note_after_the_coding_is_found_until_the_chart_is_reopened(client):
    client.store("DM2")
    client.decide({"action": "accept", "line": {"code": "E11.9"}}, version=2)
    client.post("/v1/encounters/e1/finalise", {"expected_version": 3})
    late = "addendum-after-coding"
    assert (late,) not in edits(read(client))
    client.post("/v1/encounters/e1/notes", {"note": {"id": "n2", "text": "Addendum: HTN"}})
    assert (late,) in edits(read(client))
    version = read(client)["version"]
    client.post("/v1/encounters/e1/reopen", {"expected_version": version, "reason": "late-note"})
    assert (late,) not in edits(read(client))


def test_a_code_that_rests_on_a_nurses_note_alone_is_found(client):
    notes = [
        {"id": "n1", "text": "seen today"},
        {"id": "n2", "text": "HTN", "author_role": "nurse", "type": "nursing"},
    ]
    client.post("/v1/encounters", {"id": "e1", "notes": notes})
    assert ("author-not-provider", "I10") in edits(read(client))


def test_a_code_that_a_coder_brings_and_the_chart_denies_is_found(client):
    """The fake proposes neither; what it ranks says that the injury is denied."""
    encounter = client.store("DM2 and no injury")
    denied = ("denied-or-past", "T14.8XXA")
    assert denied not in edits(encounter)
    decided = client.decide({"action": "add", "code": {"code": "T14.8XXA"}}, version=2).json()
    assert denied in edits(decided)
    undone = client.decide({"action": "undo", "decision": 1}, version=3).json()
    assert denied not in edits(undone)
