import threading
from dataclasses import replace

import pytest
from store_charts import SQLITE_ONLY, TEXT, code, encounter_of, quote, ranked, ref, suggestion_of

from store import audit, decisions, encounters, notes, suggestions
from store.coding import Accept, Add, Change, Leave, LineState, Order, Reject, Replace, Undo
from store.errors import (
    DecisionError,
    IdempotencyKeyError,
    InvalidValueError,
    NotFoundError,
    VersionConflictError,
)
from store.tables import EncounterStatus
from suggest.records import CodeLine, Evidence, Note, System


@pytest.fixture
def decide(database, suggested, coder):
    """Records decisions on the encounter as it is now and returns its coding."""

    def record(*made):
        version = encounters.get(database, suggested).item.version
        decisions.record(database, suggested, made, reviewer=coder, expected_version=version)
        return decisions.coding(database, suggested)

    return record


def names(lines):
    return [line.code.code for line in lines]


def states(coding):
    return {line.code.code: line.state.value for line in (*coding.lines, *coding.set_aside)}


def test_before_any_decision_the_suggestion_stands(database, suggested):
    coding = decisions.coding(database, suggested)
    assert names(coding.lines) == ["E11.9", "I10", "N18.30"]
    assert coding.undecided == coding.lines
    assert (coding.version, coding.status, coding.suggestion) == (2, EncounterStatus.OPEN, 1)
    assert coding.lines[0].evidence == (quote("DM2"),)
    assert coding.lines[0].title == "title of E11.9"


def test_each_kind_of_decision(decide):
    coding = decide(
        Accept(ref("E11.9")),
        Reject(ref("I10"), "only in the problem list"),
        Replace(ref("N18.30"), code("N18.31")),
        Add(code("L81.3"), (quote("café-au-lait spots"),), poa="Y"),
        Accept(ref("Z87.891")),
    )
    assert names(coding.lines) == ["E11.9", "N18.31", "L81.3", "Z87.891"]
    assert states(coding) == {
        "E11.9": "accepted", "I10": "rejected", "N18.30": "replaced", "N18.31": "replacement",
        "L81.3": "added", "Z87.891": "accepted",
    }  # fmt: skip
    lines = {line.code.code: line for line in coding.lines}
    assert lines["N18.31"].evidence == (quote("CKD 3"),)
    assert lines["N18.31"].replaces == ref("N18.30")
    assert (lines["L81.3"].evidence, lines["L81.3"].poa) == ((quote("café-au-lait spots"),), "Y")
    assert (lines["Z87.891"].evidence, lines["Z87.891"].probability) == ((quote("63 yo"),), 0.1)
    assert coding.undecided == ()
    assert coding.version == 3


def test_the_first_decision_takes_an_encounter_that_nobody_has(decide, database, coder):
    decide(Accept(ref("E11.9")))
    item = encounters.get(database, "e1").item
    assert (item.assigned_to, item.status) == (coder, EncounterStatus.IN_PROGRESS)


def test_a_replacement_may_bring_its_own_evidence_and_a_code_that_is_proposed(decide):
    coding = decide(Replace(ref("E11.9"), code("I10"), "a slip", (quote("HTN"),)))
    assert names(coding.lines) == ["I10", "N18.30"]
    assert coding.lines[0].evidence == (quote("HTN"),)


def test_details_and_sequence(decide):
    coding = decide(
        Change(ref("E11.9"), poa="Y"),
        Change(ref("E11.9"), units=2, modifiers=("25", "LT")),
        Order((ref("N18.30"), ref("E11.9"))),
    )
    assert names(coding.lines) == ["N18.30", "E11.9", "I10"]
    line = coding.lines[1]
    assert (line.poa, line.units, line.modifiers, line.state) == ("Y", 2, ("25", "LT"), LineState.PROPOSED)
    coding = decide(Accept(ref("E11.9")), Change(ref("E11.9"), poa=""))
    assert (coding.lines[1].poa, coding.lines[1].units) == (None, 2)


def test_a_procedure_may_stand_on_two_lines_and_point_to_diagnoses(decide):
    first = Add(code("20610", System.CPT), (quote("HTN"),), 1, ("RT",), pointers=(ref("I10"),))
    second = replace(first, occurrence=2, modifiers=("LT",))
    coding = decide(first, second, Reject(ref("20610", System.CPT), "not done"))
    standing = [line for line in coding.lines if line.code.system is System.CPT]
    assert [(line.occurrence, line.modifiers, line.pointers) for line in standing] == [(2, ("LT",), (ref("I10"),))]


def test_pointers_of_a_suggestion_name_lines(database, suggested, decide):
    made = suggestion_of(
        "e1",
        [
            ranked("I10", "HTN"),
            ranked("E11.9", "DM2"),
            CodeLine(ranked("99213", "HPI", system=System.CPT), pointers=(2,)),
        ],
    )
    suggestions.record(database, "e1", made, last_note=1)
    coding = decide(Order((ref("E11.9"), ref("I10"))))
    assert coding.lines[2].pointers == (ref("E11.9"),)


def test_undo_is_a_further_decision_and_can_be_undone(decide, database):
    assert states(decide(Reject(ref("I10"), "not coded here")))["I10"] == "rejected"
    assert states(decide(Undo(1)))["I10"] == "proposed"
    assert states(decide(Undo(2)))["I10"] == "rejected"
    assert states(decide(Undo(3)))["I10"] == "proposed"
    assert [item.decision.action for item in decisions.history(database, "e1")] == ["reject", "undo", "undo", "undo"]


def test_undoing_an_addition_takes_what_was_built_on_it(decide):
    decide(Add(code("L81.3")), Change(ref("L81.3"), poa="Y"), Order((ref("L81.3"),)))
    coding = decide(Undo(1))
    assert names(coding.lines) == ["E11.9", "I10", "N18.30"]
    assert coding.set_aside == ()


def test_undoing_a_change_holds_also_where_the_line_was_accepted_after_it(decide):
    decide(Change(ref("E11.9"), units=3), Accept(ref("E11.9")))
    assert decide(Undo(1)).lines[0].units == 1


def test_decisions_hold_over_later_suggestions(decide, database):
    decide(
        Order((ref("N18.30"), ref("E11.9"), ref("I10"))),
        Accept(ref("E11.9")),
        Reject(ref("I10"), "not treated"),
        Add(code("L81.3"), (quote("café-au-lait spots"),)),
    )
    text = "Addendum: CKD 4, obese."
    notes.add_note(database, "e1", Note("n2", text), actor=None)
    lines = [ranked("N18.4", "CKD 4", text=text, note="n2"), ranked("I10", "HTN"), ranked("L81.3", "spots")]
    suggestions.record(database, "e1", suggestion_of("e1", lines), last_note=2)
    coding = decisions.coding(database, "e1")
    assert states(coding) == {"N18.4": "proposed", "E11.9": "accepted", "I10": "rejected", "L81.3": "added"}
    assert names(coding.lines) == ["E11.9", "N18.4", "L81.3"]
    assert coding.lines[2].evidence == (quote("café-au-lait spots"),)


def test_an_accepted_line_stays_as_it_was_accepted(decide, database):
    decide(Accept(ref("E11.9")))
    line = CodeLine(ranked("E11.9", "63 yo", probability=0.2), poa="N")
    suggestions.record(database, "e1", suggestion_of("e1", [line]), last_note=1)
    kept = decisions.coding(database, "e1").lines[0]
    assert (kept.evidence, kept.poa, kept.probability) == ((quote("DM2"),), None, 0.9)


def test_an_encounter_without_a_suggestion_can_be_coded(database, coder):
    encounters.create(database, encounter_of(), actor=None)
    made = [Add(code("I10"), (quote("HTN"),))]
    decisions.record(database, "e1", made, reviewer=coder, expected_version=1)
    coding = decisions.coding(database, "e1")
    assert (names(coding.lines), coding.suggestion) == (["I10"], None)


@SQLITE_ONLY
@pytest.mark.parametrize(
    ("made", "message"),
    [
        (Accept(ref("A00.0")), "neither suggested nor added"),
        (Accept(ref("E11.9", occurrence=2)), "neither suggested nor added"),
        (Accept(ref("chest pain")), "^decision 2 of the batch: the code is neither"),
        (Accept(ref("I10")), "on the list already"),
        (Reject(ref("E11.9"), "  "), "reason is empty"),
        (Reject(ref("E11.9"), "x" * 501), "reason must be"),
        (Reject(ref("E11.9"), "nul \0"), "reason must be"),
        (Replace(ref("E11.9"), code("E11.9")), "cannot replace itself"),
        (Replace(ref("E11.9"), code("I10")), "on the list already"),
        (Replace(ref("E11.9"), code("chest pain")), "a code must be"),
        (Add(code("I10")), "on the list already"),
        (Add(code("i10")), "a code must be"),
        (Add(code("I11.0"), units=0), "units"),
        (Add(code("I11.0"), poa="X"), "poa"),
        (Add(code("I11.0"), occurrence=0), "occurrence"),
        (Add(code("I11.0"), modifiers=("1", "2")), "modifiers"),
        (Add(code("I11.0"), modifiers=("25",) * 5), "modifiers"),
        (Add(code("I11.0"), (Evidence("n9", 0, 3, "HPI"),)), "names a note"),
        (Add(code("I11.0"), (Evidence("n1", 0, 3, "hpi"),)), "0 to 3 does not quote"),
        (Add(code("I11.0"), (Evidence("n1", 3, 3, ""),)), "does not quote"),
        (Add(code("I11.0"), (Evidence("n1", -4, len(TEXT), ""),)), "does not quote"),
        (Add(code("I11.0"), pointers=(ref("A00.0"),)), "cannot be pointed to"),
        (Leave(ref("A00.0")), "not on the list"),
        (Change(ref("Z87.891"), units=2), "accept or add it first"),
        (Order((ref("I10"), ref("I10"))), "twice"),
        (Order((ref("Z87.891"),)), "not on the list"),
        (Undo(9), "does not exist"),
        (Undo(2), "does not exist"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_whole_batch(database, suggested, coder, made, message):
    with pytest.raises(DecisionError, match=message) as caught:
        decisions.record(database, "e1", [Accept(ref("I10")), made], reviewer=coder, expected_version=2)
    assert caught.value.position == 1
    assert "pain" not in str(caught.value)
    assert decisions.history(database, "e1") == []
    assert encounters.get(database, "e1").item.version == 2


def test_evidence_in_a_superseded_note_is_refused(database, suggested, decide):
    notes.add_note(database, "e1", Note("n1b", "HTN"), actor=None, supersedes="n1")
    with pytest.raises(DecisionError, match="names a note"):
        decide(Add(code("I11.0"), (quote("HTN"),)))


def test_empty_and_huge_batches_and_unknown_reviewers_are_refused(database, suggested, coder):
    for made in ([], [Accept(ref("I10"))] * 201):
        with pytest.raises(InvalidValueError, match="1 to 200"):
            decisions.record(database, "e1", made, reviewer=coder, expected_version=2)
    with pytest.raises(NotFoundError):
        decisions.record(database, "e1", [Accept(ref("I10"))], reviewer="nobody", expected_version=2)


def test_the_second_of_two_coders_learns_what_changed(database, suggested, coder, other_coder):
    decisions.record(
        database, "e1", [Reject(ref("I10"), "the words")], reviewer=coder, expected_version=2
    )  # fmt: skip
    notes.add_note(database, "e1", Note("n2", "late"), actor=coder)
    with pytest.raises(VersionConflictError, match="version 4, expected 2") as caught:
        decisions.record(database, "e1", [Accept(ref("I10"))], reviewer=other_coder, expected_version=2)
    conflict = caught.value
    assert (conflict.expected, conflict.actual) == (2, 4)
    assert [(change.action, change.actor) for change in conflict.changes] == [
        ("decisions-recorded", coder),
        ("note-added", coder),
    ]
    assert [(item.decision, item.reviewer) for item in conflict.decisions] == [(Reject(ref("I10"), "the words"), coder)]
    assert "the words" not in str(conflict)
    assert len(decisions.history(database, "e1")) == 1


def test_the_same_key_returns_the_first_result_and_records_nothing(database, suggested, coder, other_coder):
    made = [Accept(ref("I10")), Add(code("L81.3"), (quote("café-au-lait spots"),))]
    first = decisions.record(database, "e1", made, reviewer=coder, expected_version=2, idempotency_key="k1")
    decisions.record(database, "e1", [Accept(ref("E11.9"))], reviewer=coder, expected_version=3, idempotency_key="k2")
    for expected in (2, 3, 4):
        again = decisions.record(database, "e1", made, reviewer=coder, expected_version=expected, idempotency_key="k1")
        assert again == replace(first, replayed=True)
    assert not first.replayed
    assert [item.sequence for item in first.decisions] == [1, 2]
    for other in ([Accept(ref("I10"))], made[::-1], [made[0], replace(made[1], units=2)]):
        with pytest.raises(IdempotencyKeyError):
            decisions.record(database, "e1", other, reviewer=coder, expected_version=4, idempotency_key="k1")
    encounters.create(database, encounter_of("e2"), actor=None)
    with pytest.raises(IdempotencyKeyError):
        decisions.record(database, "e2", made, reviewer=coder, expected_version=1, idempotency_key="k1")
    assert len(decisions.history(database, "e1")) == 3
    # Keys are each reviewer's own.
    decisions.record(
        database, "e1", [Accept(ref("N18.30"))], reviewer=other_coder, expected_version=4, idempotency_key="k1"
    )


def test_a_refused_request_does_not_use_up_its_key(database, suggested, coder):
    made = [Accept(ref("I10"))]
    with pytest.raises(VersionConflictError):
        decisions.record(database, "e1", made, reviewer=coder, expected_version=1, idempotency_key="k1")
    assert not decisions.record(database, "e1", made, reviewer=coder, expected_version=2, idempotency_key="k1").replayed


def test_one_key_sent_for_two_encounters_at_once_is_recorded_for_one(database, coder):
    for name in ("e1", "e2"):
        encounters.create(database, encounter_of(name), actor=None)
    results = []

    def send(name):
        try:
            decisions.record(
                database, name, [Add(code("I10"))], reviewer=coder, expected_version=1, idempotency_key="k"
            )
            results.append("recorded")
        except IdempotencyKeyError:
            results.append("refused")

    threads = [threading.Thread(target=send, args=(name,)) for name in ("e1", "e2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["recorded", "refused"]


def test_the_audit_trail_has_no_reason_and_no_evidence(decide, database):
    decide(Reject(ref("I10"), "denies it"), Add(code("L81.3"), (quote("café-au-lait spots"),)))
    event = audit.events(database, encounter_id="e1")[-1]
    assert event.detail == {"first": 1, "count": 2, "actions": ["reject", "add"]}
