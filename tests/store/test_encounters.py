import threading
from datetime import date

import pytest
from store_charts import SQLITE_ONLY, TEXT, encounter_of, quote, ranked, suggestion_of

from store import audit, encounters, notes, suggestions, users
from store.encounters import EncounterFilter
from store.errors import (
    AlreadyExistsError,
    InvalidValueError,
    NotFoundError,
    StaleSuggestionError,
    VersionConflictError,
)
from store.tables import EncounterStatus
from suggest.errors import DocumentError, EncounterError
from suggest.records import AuthorRole, Claim, Note, NoteStatus, Setting


def test_an_encounter_comes_back_as_it_went_in(database):
    encounter = encounter_of(
        payer="medicare", policy="common", setting=Setting.INPATIENT, claim=Claim.FACILITY,
        admission=date(2026, 1, 1), discharge=date(2026, 1, 4),
    )  # fmt: skip
    created = encounters.create(database, encounter, patient_key="p1", actor=None)
    found = encounters.get(database, "e1")
    assert found == created
    assert found.encounter == encounter
    assert (found.item.patient_key, found.item.status, found.item.version) == ("p1", EncounterStatus.OPEN, 1)
    assert found.last_note == 1


def test_text_is_kept_to_the_code_point(database):
    text = "é e\u0301 🙂 \r\n\ttab\u00a0\u2028\x0c " + "x" * 70_000
    encounters.create(database, encounter_of(text=text), actor=None)
    assert encounters.get(database, "e1").encounter.notes[0].text == text


def test_ids_are_taken_once(database):
    encounters.create(database, encounter_of(), actor=None)
    with pytest.raises(AlreadyExistsError):
        encounters.create(database, encounter_of(text="other"), actor=None)
    assert encounters.get(database, "e1").encounter.notes[0].text == TEXT


@pytest.mark.parametrize(
    ("encounter", "error"),
    [
        (encounter_of("Smith, John"), InvalidValueError),
        (encounter_of(payer="a b"), InvalidValueError),
        (encounter_of(text="nul \0"), DocumentError),
        (encounter_of(admission=date(2026, 1, 4), discharge=date(2026, 1, 1)), EncounterError),
    ],
)
def test_what_cannot_be_true_or_stored_is_refused(database, encounter, error):
    with pytest.raises(error) as caught:
        encounters.create(database, encounter, actor=None)
    assert "Smith" not in str(caught.value)
    assert encounters.worklist(database).items == ()


def test_the_worklist_is_paged_by_a_cursor_that_survives_changes(database, coder):
    for number in range(7):
        encounters.create(database, encounter_of(f"e{number}"), actor=None)
    first = encounters.worklist(database, limit=3)
    assert [item.id for item in first.items] == ["e0", "e1", "e2"]
    encounters.assign(database, "e1", coder, actor=coder, expected_version=1)
    second = encounters.worklist(database, cursor=first.cursor, limit=3)
    assert [item.id for item in second.items] == ["e3", "e4", "e5"]
    third = encounters.worklist(database, cursor=second.cursor, limit=3)
    assert [item.id for item in third.items] == ["e6"]
    assert third.cursor is None
    assert encounters.worklist(database, limit=7).cursor is None


@SQLITE_ONLY
@pytest.mark.parametrize("cursor", ["", "x", "bm90IGpzb24=", "WzEsMl0=", "W10=", "é"])
def test_a_foreign_cursor_is_refused(database, cursor):
    with pytest.raises(InvalidValueError, match="cursor"):
        encounters.worklist(database, cursor=cursor)


def test_the_worklist_is_filtered(database, coder):
    encounters.create(database, encounter_of("a", payer="medicare"), patient_key="p1", actor=None)
    encounters.create(database, encounter_of("b", setting=Setting.ED), patient_key="p2", actor=None)
    encounters.create(
        database,
        encounter_of("c", claim=Claim.FACILITY, date_of_service=date(2025, 12, 1)),
        patient_key="p1",
        actor=None,
    )
    encounters.assign(database, "b", coder, actor=coder, expected_version=1)

    def ids(**fields):
        return [item.id for item in encounters.worklist(database, EncounterFilter(**fields)).items]

    assert ids(status=(EncounterStatus.OPEN,)) == ["a", "c"]
    assert ids(status=(EncounterStatus.OPEN, EncounterStatus.IN_PROGRESS)) == ["a", "b", "c"]
    assert ids(assigned_to=coder) == ["b"]
    assert ids(unassigned=True) == ["a", "c"]
    assert ids(settings=(Setting.ED,)) == ["b"]
    assert ids(claim=Claim.FACILITY) == ["c"]
    assert ids(payer="medicare") == ["a"]
    assert ids(patient_key="p1") == ["a", "c"]
    assert ids(served_from=date(2026, 1, 1)) == ["a", "b"]
    assert ids(served_to=date(2025, 12, 31)) == ["c"]


def test_assigning_moves_between_worklist_and_coder(database, coder):
    encounters.create(database, encounter_of(), actor=None)
    taken = encounters.assign(database, "e1", coder, actor=coder, expected_version=1)
    assert (taken.status, taken.assigned_to, taken.version) == (EncounterStatus.IN_PROGRESS, coder, 2)
    back = encounters.assign(database, "e1", None, actor=coder, expected_version=2)
    assert (back.status, back.assigned_to, back.version) == (EncounterStatus.OPEN, None, 3)
    with pytest.raises(VersionConflictError) as caught:
        encounters.assign(database, "e1", coder, actor=coder, expected_version=1)
    assert [(change.action, change.encounter_version) for change in caught.value.changes] == [
        ("assigned", 2),
        ("assigned", 3),
    ]
    with pytest.raises(NotFoundError, match="user"):
        encounters.assign(database, "e1", "nobody", actor=coder, expected_version=3)


def test_deactivated_users_get_nothing_assigned(database, coder):
    encounters.create(database, encounter_of(), actor=None)
    users.deactivate(database, coder, actor=None)
    with pytest.raises(NotFoundError):
        encounters.claim_next(database, coder)


def test_claiming_gives_the_oldest_that_fits(database, coder):
    for name, setting in (("a", Setting.ED), ("b", Setting.OUTPATIENT), ("c", Setting.ED)):
        encounters.create(database, encounter_of(name, setting=setting), actor=None)
    assert encounters.claim_next(database, coder).item.id == "a"
    assert encounters.claim_next(database, coder, EncounterFilter(settings=(Setting.ED,))).item.id == "c"
    claimed = encounters.claim_next(database, coder)
    assert (claimed.item.id, claimed.item.assigned_to, claimed.item.version) == ("b", coder, 2)
    assert claimed.encounter.notes[0].text == TEXT
    assert encounters.claim_next(database, coder) is None


def test_two_coders_never_claim_the_same(database, coder, other_coder):
    for number in range(24):
        encounters.create(database, encounter_of(f"e{number}"), actor=None)
    claimed = {coder: [], other_coder: []}

    def work(user):
        while (found := encounters.claim_next(database, user)) is not None:
            claimed[user].append(found.item.id)

    threads = [threading.Thread(target=work, args=(user,)) for user in (coder, other_coder) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    together = [*claimed[coder], *claimed[other_coder]]
    assert len(together) == 24
    assert set(together) == {f"e{number}" for number in range(24)}


def test_a_claim_passes_over_an_encounter_that_another_is_claiming(database, coder, kind):
    if kind == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    encounters.create(database, encounter_of("e1"), actor=None)
    encounters.create(database, encounter_of("e2"), actor=None)
    with database.writing() as session:
        session.execute(encounters.EncounterRow.__table__.select().where(
            encounters.EncounterRow.id == "e1").with_for_update())  # fmt: skip
        assert encounters.claim_next(database, coder).item.id == "e2"


def test_late_and_amended_notes(database, coder):
    encounters.create(database, encounter_of(), actor=None)
    late = Note("n2", "Addendum: CKD 4.", "addendum", AuthorRole.NURSE, NoteStatus.FINAL, date(2026, 1, 3))
    assert notes.add_note(database, "e1", late, actor=coder) == 2
    amended = Note("n1b", "HPI: DM1.", "progress", status=NoteStatus.AMENDED)
    assert notes.add_note(database, "e1", amended, actor=coder, supersedes="n1") == 3
    stored = encounters.get(database, "e1")
    assert stored.encounter.notes == (late, amended)
    assert stored.last_note == 3
    told = [(item.note.id, item.sequence, item.supersedes, item.superseded) for item in notes.all_notes(database, "e1")]
    assert told == [("n1", 1, None, True), ("n2", 2, None, False), ("n1b", 3, "n1", False)]
    with pytest.raises(AlreadyExistsError, match="superseded already"):
        notes.add_note(database, "e1", Note("n1c", "x"), actor=coder, supersedes="n1")
    with pytest.raises(AlreadyExistsError, match="this id"):
        notes.add_note(database, "e1", Note("n2", "x"), actor=coder)
    with pytest.raises(NotFoundError, match="supersede"):
        notes.add_note(database, "e1", Note("n3", "x"), actor=coder, supersedes="n9")
    assert encounters.get(database, "e1") == stored


def test_a_suggestion_comes_back_as_it_went_in(database, suggested):
    made = suggestion_of("e1", [ranked("E11.9", "DM2")], others=[ranked("I10", "HTN")], model="m2")
    stored = suggestions.record(database, "e1", made, last_note=1)
    assert (stored.sequence, stored.encounter_version, stored.stale) == (2, 3, False)
    assert suggestions.latest(database, "e1") == stored
    assert suggestions.get(database, "e1", 2).suggestion == made
    assert suggestions.get(database, "e1", 1).suggestion.stamp.model == "m1"
    with pytest.raises(NotFoundError):
        suggestions.get(database, "e1", 3)


def test_a_late_note_makes_a_suggestion_stale_and_a_late_run_cannot_replace_a_newer_one(database, suggested):
    notes.add_note(database, "e1", Note("n2", "CKD 4"), actor=None)
    assert suggestions.latest(database, "e1").stale
    made = suggestion_of("e1", [])
    assert not suggestions.record(database, "e1", made, last_note=2).stale
    with pytest.raises(StaleSuggestionError):
        suggestions.record(database, "e1", made, last_note=1)
    with pytest.raises(InvalidValueError, match="no note"):
        suggestions.record(database, "e1", made, last_note=3)
    with pytest.raises(InvalidValueError, match="another encounter"):
        suggestions.record(database, "e1", suggestion_of("e2", []), last_note=2)


def test_diff_tells_new_gone_and_changed_codes():
    later = "Addendum: CKD 3 confirmed, HTN."
    older = suggestion_of("e1", [ranked("E11.9", "DM2"), ranked("I10", "HTN"), ranked("N18.30", "CKD 3")])
    again = ranked("N18.30", "CKD 3", text=later, note="n2")
    newer = suggestion_of("e1", [ranked("I12.9", "HTN"), again, ranked("E11.9", "DM2", probability=0.5)])
    found = suggestions.diff(older, newer)
    assert [line.code.code for line in found.new] == ["I12.9"]
    assert [line.code.code for line in found.gone] == ["I10"]
    assert [(change.after.code.code, change.fields) for change in found.changed] == [("N18.30", ("evidence",))]
    assert found.changed[0].before.evidence == (quote("CKD 3"),)
    assert found.changed[0].after.evidence == (quote("CKD 3", later, "n2"),)


def test_the_audit_trail_names_acts_in_order_and_holds_no_words_of_a_chart(database, suggested, coder):
    encounters.assign(database, "e1", coder, actor=coder, expected_version=2)
    audit.record(database, "chart-read", actor=coder, encounter_id="e1", detail={"notes": ["n1"], "from": None})
    found = audit.events(database, encounter_id="e1")
    assert [(event.action, event.encounter_version) for event in found] == [
        ("encounter-created", 1),
        ("suggestion-recorded", 2),
        ("assigned", 3),
        ("chart-read", None),
    ]
    assert found[-1].detail == {"notes": ["n1"], "from": None}
    assert [event.action for event in audit.events(database, actor=coder, after=found[2].id)] == ["chart-read"]
    assert len(audit.events(database, limit=2)) == 2
    for detail in ({"text": "chest pain"}, {"chest pain": 1}, {"words": ["63 yo"]}, {"x": {"y": 1}}):
        with pytest.raises(InvalidValueError) as caught:
            audit.record(database, "chart-read", actor=coder, detail=detail)
        assert "pain" not in str(caught.value)
