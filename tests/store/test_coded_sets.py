import pytest
from store_charts import code, quote, ranked, ref, suggestion_of

from store import audit, coded_sets, decisions, encounters, notes, suggestions
from store.coded_sets import ReopenReason
from store.coding import Accept, Add, Leave, Order, Reject, Replace, Undo
from store.errors import EncounterStatusError, UndecidedCodesError, VersionConflictError
from store.tables import EncounterStatus
from suggest.records import Note


@pytest.fixture
def version(database):
    return lambda: encounters.get(database, "e1").item.version


@pytest.fixture
def decide(database, suggested, coder, version):
    return lambda *made: decisions.record(database, "e1", made, reviewer=coder, expected_version=version())


@pytest.fixture
def finalise(database, coder, version):
    return lambda: coded_sets.finalise(database, "e1", actor=coder, expected_version=version())


def test_undecided_codes_are_named(decide, finalise, database):
    decide(Accept(ref("E11.9")))
    with pytest.raises(UndecidedCodesError, match=r"ICD-10-CM I10, ICD-10-CM N18\.30") as caught:
        finalise()
    assert caught.value.lines == (ref("I10"), ref("N18.30"))
    assert coded_sets.history(database, "e1") == []


def test_a_coded_set_holds_what_was_accepted_added_and_replaced_in_sequence(decide, finalise, database, coder):
    decide(
        Accept(ref("E11.9")),
        Replace(ref("I10"), code("I12.9")),
        Leave(ref("N18.30")),
        Add(code("L81.3"), (quote("spots"),), poa="Y"),
        Reject(ref("Z87.891"), "no smoking history"),
        Order((ref("I12.9"),)),
    )
    coded_set = finalise()
    assert [line.code.code for line in coded_set.lines] == ["I12.9", "E11.9", "L81.3"]
    assert (coded_set.number, coded_set.suggestion, coded_set.last_note, coded_set.last_decision) == (1, 1, 1, 6)
    assert (coded_set.finalised_by, coded_set.encounter_version) == (coder, 4)
    assert coded_sets.history(database, "e1") == [coded_set]
    item = encounters.get(database, "e1").item
    assert (item.status, item.version) == (EncounterStatus.FINALISED, 4)
    assert [event.action for event in audit.events(database, encounter_id="e1")][-1] == "finalised"


def test_a_finalised_encounter_takes_no_decision_and_no_assignment(decide, finalise, database, coder, version):
    decide(Accept(ref("E11.9")), Leave(ref("I10")), Leave(ref("N18.30")))
    finalise()
    with pytest.raises(EncounterStatusError, match="reopen"):
        decide(Undo(1))
    with pytest.raises(EncounterStatusError, match="reopen"):
        encounters.assign(database, "e1", coder, actor=coder, expected_version=version())
    with pytest.raises(EncounterStatusError, match="already"):
        finalise()


def test_reopening_keeps_the_coded_set_and_makes_the_next(decide, finalise, database, coder, version):
    decide(Accept(ref("E11.9")), Leave(ref("I10")), Leave(ref("N18.30")))
    first = finalise()
    notes.add_note(database, "e1", Note("n2", "CKD 3, HTN treated"), actor=None)
    made = suggestion_of("e1", [ranked("E11.9", "DM2"), ranked("I10", "HTN")])
    suggestions.record(database, "e1", made, last_note=2)
    assert encounters.get(database, "e1").item.status is EncounterStatus.FINALISED
    item = coded_sets.reopen(database, "e1", reason=ReopenReason.LATE_NOTE, actor=coder, expected_version=version())
    assert (item.status, item.assigned_to) == (EncounterStatus.IN_PROGRESS, coder)
    decide(Accept(ref("I10")))
    second = finalise()
    assert (second.number, second.suggestion, second.last_note) == (2, 2, 2)
    assert [line.code.code for line in second.lines] == ["E11.9", "I10"]
    assert coded_sets.history(database, "e1") == [first, second]
    reopened = [event for event in audit.events(database, encounter_id="e1") if event.action == "reopened"]
    assert [event.detail for event in reopened] == [{"reason": "late-note"}]


def test_only_the_version_that_was_seen_is_finalised_or_reopened(decide, finalise, database, coder, version):
    decide(Accept(ref("E11.9")), Leave(ref("I10")), Leave(ref("N18.30")))
    seen = version()
    notes.add_note(database, "e1", Note("n2", "late"), actor=None)
    with pytest.raises(VersionConflictError) as caught:
        coded_sets.finalise(database, "e1", actor=coder, expected_version=seen)
    assert [change.action for change in caught.value.changes] == ["note-added"]
    with pytest.raises(EncounterStatusError, match="not finalised"):
        coded_sets.reopen(database, "e1", reason=ReopenReason.AUDIT, actor=coder, expected_version=version())
    finalise()
    with pytest.raises(VersionConflictError):
        coded_sets.reopen(database, "e1", reason=ReopenReason.AUDIT, actor=coder, expected_version=seen)
