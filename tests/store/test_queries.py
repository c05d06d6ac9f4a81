import pytest
from store_charts import TEXT, quote, ranked, suggestion_of

from store import audit, coded_sets, decisions, encounters, notes, queries, suggestions
from store.coding import Leave, LineRef
from store.encounters import EncounterFilter
from store.errors import (
    AlreadyExistsError,
    InvalidValueError,
    NotFoundError,
    QueryClosedError,
    VersionConflictError,
)
from store.queries import QueryState
from suggest.errors import DocumentError
from suggest.records import Note, NoteStatus, Query, System

ASKED = Query(
    "ckd-stage", (quote("CKD 3"),), "Please clarify the stage of the disease quoted. What is it?", ("3a", "3b")
)
ANSWER = Note("n2", "CKD stage 3b.", "query response")


@pytest.fixture
def version(database, suggested):
    return lambda: encounters.get(database, "e1").item.version


@pytest.fixture
def ask(database, coder, version):
    def asking(query=ASKED):
        return queries.open_query(database, "e1", query, actor=coder, expected_version=version())

    return asking


def item(database):
    return encounters.get(database, "e1").item


def test_a_query_is_kept_as_it_was_asked(ask, database, coder):
    asked = ask()
    assert (asked.number, asked.state, asked.suggestion, asked.opened_by) == (1, QueryState.OPEN, 1, coder)
    assert asked.query == ASKED
    assert queries.history(database, "e1") == [asked]
    assert (item(database).version, item(database).open_queries) == (3, 1)
    event = audit.events(database, encounter_id="e1")[-1]
    assert (event.action, event.actor, event.encounter_version) == ("query-opened", coder, 3)
    assert event.detail == {"query": 1, "template": "ckd-stage"}


def test_an_answer_is_a_note_that_the_next_run_reads(ask, database):
    ask()
    answered = queries.answer(database, "e1", 1, ANSWER, actor=None)
    assert (answered.state, answered.note, answered.reason, answered.closed_by) == (
        QueryState.ANSWERED,
        "n2",
        None,
        None,
    )
    assert answered.closed_at > answered.opened_at
    stored = encounters.get(database, "e1")
    assert (stored.encounter.notes[-1], stored.last_note, stored.item.open_queries) == (ANSWER, 2, 0)
    assert suggestions.latest(database, "e1").stale
    assert queries.history(database, "e1") == [answered]
    event = audit.events(database, encounter_id="e1")[-1]
    assert (event.action, event.detail) == (
        "query-answered",
        {"query": 1, "note": "n2", "sequence": 2, "supersedes": None},
    )


def test_an_answer_may_amend_a_note(ask, database):
    ask()
    amended = Note("n1a", TEXT.replace("CKD 3", "CKD 3b"), "progress", status=NoteStatus.AMENDED)
    queries.answer(database, "e1", 1, amended, actor=None, supersedes="n1")
    assert [note.id for note in encounters.get(database, "e1").encounter.notes] == ["n1a"]


def test_a_query_is_withdrawn_for_a_reason(ask, database, coder, version):
    ask()
    withdrawn = queries.withdraw(database, "e1", 1, reason="answered by phone", actor=coder, expected_version=version())
    assert (withdrawn.state, withdrawn.reason, withdrawn.note) == (QueryState.WITHDRAWN, "answered by phone", None)
    assert queries.history(database, "e1") == [withdrawn]
    assert item(database).open_queries == 0
    event = audit.events(database, encounter_id="e1")[-1]
    # the reason is in the coder's words, and so stays out of the audit trail
    assert (event.action, event.detail) == ("query-withdrawn", {"query": 1})


def test_a_query_ends_once(ask, database, coder, version):
    ask()
    ask()
    queries.answer(database, "e1", 1, ANSWER, actor=None)
    queries.withdraw(database, "e1", 2, reason="moot", actor=coder, expected_version=version())
    before = version()
    for number in (1, 2):
        with pytest.raises(QueryClosedError, match="before"):
            queries.answer(database, "e1", number, Note("n3", "again"), actor=None)
        with pytest.raises(QueryClosedError, match="before"):
            queries.withdraw(database, "e1", number, reason="no", actor=coder, expected_version=before)
    assert version() == before
    assert len(encounters.get(database, "e1").encounter.notes) == 2


def test_numbers_go_on_and_open_ones_are_counted(ask, database, version, coder):
    assert [ask().number for _ in range(3)] == [1, 2, 3]
    queries.withdraw(database, "e1", 2, reason="moot", actor=coder, expected_version=version())
    assert [asked.state for asked in queries.history(database, "e1")] == ["open", "withdrawn", "open"]
    assert item(database).open_queries == 2


def test_the_worklist_tells_who_waits_for_an_answer(ask, database, version, coder):
    def waiting(wanted):
        return [found.id for found in encounters.worklist(database, EncounterFilter(waiting=wanted)).items]

    assert (waiting(True), waiting(False), waiting(None)) == ([], ["e1"], ["e1"])
    ask()
    assert (waiting(True), waiting(False)) == (["e1"], [])
    queries.withdraw(database, "e1", 1, reason="moot", actor=coder, expected_version=version())
    assert (waiting(True), waiting(False)) == ([], ["e1"])


def test_a_finalised_encounter_can_be_asked_about_and_its_coded_set_stays(ask, database, coder, version):
    left = [Leave(LineRef(System.ICD10CM, name)) for name in ("E11.9", "I10", "N18.30")]
    decisions.record(database, "e1", left, reviewer=coder, expected_version=version())
    finalised = coded_sets.finalise(database, "e1", actor=coder, expected_version=version())
    ask()
    queries.answer(database, "e1", 1, ANSWER, actor=None)
    assert coded_sets.history(database, "e1") == [finalised]
    assert item(database).status == "finalised"


def test_what_changed_meanwhile_is_told(ask, database, coder, version):
    seen = version()
    ask()
    with pytest.raises(VersionConflictError) as caught:
        queries.open_query(database, "e1", ASKED, actor=coder, expected_version=seen)
    assert [change.action for change in caught.value.changes] == ["query-opened"]
    with pytest.raises(VersionConflictError):
        queries.withdraw(database, "e1", 1, reason="moot", actor=coder, expected_version=seen)
    assert [asked.number for asked in queries.history(database, "e1")] == [1]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"question": " "}, "question is empty"),
        ({"question": "x" * 2001}, "the question must be 1 to 2000"),
        ({"question": "a\x00b"}, "the question must be"),
        ({"indicators": ()}, "1 to 20 clinical indicators"),
        ({"indicators": (quote("CKD 3"),) * 21}, "1 to 20 clinical indicators"),
        ({"options": ("a",) * 21}, "at most 20 options"),
        ({"options": ("a", "")}, "an option is empty"),
        ({"options": ("x" * 201,)}, "an option must be 1 to 200"),
        ({"template": "two words"}, "the template of a query"),
    ],
)
def test_a_query_that_cannot_be_asked_is_refused(ask, database, changes, problem):
    fields = {name: getattr(ASKED, name) for name in ("template", "indicators", "question", "options")} | changes
    with pytest.raises(InvalidValueError, match=problem):
        ask(Query(**fields))
    assert queries.history(database, "e1") == []
    assert item(database).open_queries == 0


def test_indicators_quote_notes_that_count(ask, database):
    span = quote("CKD 3")
    with pytest.raises(InvalidValueError, match="does not quote"):
        ask(Query("", (type(span)("n1", span.start, span.end, "CKD 4"),), "Which stage?", ()))
    notes.add_note(database, "e1", Note("n2", TEXT, status=NoteStatus.AMENDED), actor=None, supersedes="n1")
    with pytest.raises(InvalidValueError, match="note that the encounter does not have"):
        ask()


def test_answers_are_checked_as_any_note(ask, database):
    ask()
    with pytest.raises(AlreadyExistsError, match="note with this id"):
        queries.answer(database, "e1", 1, Note("n1", "stage 3b"), actor=None)
    with pytest.raises(NotFoundError, match="supersede"):
        queries.answer(database, "e1", 1, ANSWER, actor=None, supersedes="n9")
    with pytest.raises(DocumentError):
        queries.answer(database, "e1", 1, Note("n2", "a\x00b"), actor=None)
    assert [asked.state for asked in queries.history(database, "e1")] == ["open"]


@pytest.mark.parametrize("number", [0, 2])
def test_unknown_queries_and_encounters_are_not_found(ask, database, coder, version, number):
    ask()
    with pytest.raises(NotFoundError, match="no query with this number"):
        queries.answer(database, "e1", number, ANSWER, actor=None)
    with pytest.raises(NotFoundError, match="no query with this number"):
        queries.withdraw(database, "e1", number, reason="moot", actor=coder, expected_version=version())
    with pytest.raises(NotFoundError, match="no encounter"):
        queries.history(database, "e9")


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_a_reason_is_asked_for(ask, database, coder, version, reason):
    ask()
    with pytest.raises(InvalidValueError, match="the reason"):
        queries.withdraw(database, "e1", 1, reason=reason, actor=coder, expected_version=version())


def test_a_hundred_queries_are_enough(ask, monkeypatch):
    monkeypatch.setattr(queries, "MAX_QUERIES", 2)
    ask()
    ask()
    with pytest.raises(InvalidValueError, match="at most 2 queries"):
        ask()


def test_a_later_run_knows_nothing_of_the_query(ask, database):
    asked = ask()
    queries.answer(database, "e1", 1, ANSWER, actor=None)
    suggestions.record(database, "e1", suggestion_of("e1", [ranked("N18.32", "CKD 3")]), last_note=2)
    (found,) = queries.history(database, "e1")
    assert (found.query, found.suggestion) == (asked.query, 1)
