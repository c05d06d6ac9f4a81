from datetime import UTC, datetime

import pytest
from store_charts import code, encounter_of, quote, ranked, ref, suggestion_of

from store import coded_sets, decisions, encounters, examples, notes, suggestions
from store.coded_sets import ReopenReason
from store.coding import Accept, Add, Change, Leave, Reject, Replace, Undo
from suggest.records import GoldCode, Note


def version(database, name="e1"):
    return encounters.get(database, name).item.version


def decide(database, coder, *made, name="e1"):
    decisions.record(database, name, made, reviewer=coder, expected_version=version(database, name))


def finalise(database, coder, name="e1"):
    return coded_sets.finalise(database, name, actor=coder, expected_version=version(database, name))


def test_decisions_become_examples(database, suggested, coder):
    decide(
        database,
        coder,
        Accept(ref("E11.9")),
        Change(ref("E11.9"), poa="Y"),
        Reject(ref("Z87.891"), "no smoking history"),
        Replace(ref("I10"), code("I12.9")),
        Leave(ref("N18.30")),
        Add(code("L81.3"), (quote("spots"),)),
        Add(code("R07.9")),
        Undo(7),
    )
    coded_set = finalise(database, coder)
    (found,) = examples.iterate(database)
    assert found.example.encounter == encounter_of()
    assert found.example.gold == (
        GoldCode(code("E11.9"), (quote("DM2"),), poa="Y"),
        GoldCode(code("I12.9"), (quote("HTN"),)),
        GoldCode(code("L81.3"), (quote("spots"),)),
    )
    assert found.example.not_codable == {"Z87.891", "I10"}
    assert found.example.acceptable == {"N18.30"}
    assert (found.patient_key, found.example.family, found.example.group) == ("patient:p1", "patient:p1", "decisions")
    assert found.finalised_at == coded_set.finalised_at


def test_only_finalised_encounters_count_as_they_were_then(database, suggested, coder):
    assert list(examples.iterate(database)) == []
    decide(database, coder, Accept(ref("E11.9")), Leave(ref("I10")), Leave(ref("N18.30")))
    assert list(examples.iterate(database)) == []
    finalise(database, coder)
    notes.add_note(database, "e1", Note("n2", "late"), actor=None)
    suggestions.record(database, "e1", suggestion_of("e1", [ranked("I10", "HTN")]), last_note=2)
    (found,) = examples.iterate(database)
    assert [note.id for note in found.example.encounter.notes] == ["n1"]
    assert [gold.code.code for gold in found.example.gold] == ["E11.9"]
    coded_sets.reopen(database, "e1", reason=ReopenReason.LATE_NOTE, actor=coder, expected_version=version(database))
    assert list(examples.iterate(database)) == []
    decide(database, coder, Accept(ref("I10")))
    second = finalise(database, coder)
    (found,) = examples.iterate(database)
    assert [gold.code.code for gold in found.example.gold] == ["I10", "E11.9"]
    assert found.finalised_at == second.finalised_at


def test_evidence_lies_in_the_notes_of_the_example(database, suggested, coder):
    decide(database, coder, Accept(ref("E11.9")), Leave(ref("I10")), Leave(ref("N18.30")))
    notes.add_note(database, "e1", Note("n1b", "DM2."), actor=None, supersedes="n1")
    finalise(database, coder)
    (found,) = examples.iterate(database)
    assert [note.id for note in found.example.encounter.notes] == ["n1b"]
    assert found.example.gold == (GoldCode(code("E11.9")),)


def test_a_code_that_is_right_on_one_line_is_not_wrong_on_another(database, suggested, coder):
    decide(database, coder, *(Leave(ref(name)) for name in ("E11.9", "N18.30")), Accept(ref("I10")))
    decide(database, coder, Add(code("I10"), occurrence=2), Reject(ref("I10", occurrence=2), "once only"))
    finalise(database, coder)
    (found,) = examples.iterate(database)
    assert [gold.code.code for gold in found.example.gold] == ["I10"]
    assert found.example.not_codable == frozenset()


@pytest.fixture
def many(database, coder, clock, monkeypatch):
    """Seven encounters of three patients and of nobody known, finalised one a month from January on."""
    monkeypatch.setattr(examples, "_PAGE", 3)
    for month in range(1, 8):
        clock.at = datetime(2026, month, 1, tzinfo=UTC)
        name, patient = f"e{month}", f"p{month % 3}" if month < 7 else None
        encounters.create(database, encounter_of(name), patient_key=patient, actor=None)
        decide(database, coder, Add(code("I10"), (quote("HTN"),)), name=name)
        finalise(database, coder, name)
    clock.at = datetime(2026, 12, 1, tzinfo=UTC)


def test_examples_come_in_the_order_of_finalisation_over_pages(database, many):
    found = list(examples.iterate(database))
    assert [item.example.encounter.id for item in found] == [f"e{month}" for month in range(1, 8)]
    assert [item.patient_key for item in found] == [
        "patient:p1", "patient:p2", "patient:p0", "patient:p1", "patient:p2", "patient:p0", "encounter:e7",
    ]  # fmt: skip


def test_examples_are_chosen_by_time(database, many):
    chosen = examples.iterate(database, since=datetime(2026, 3, 1, tzinfo=UTC), until=datetime(2026, 6, 1, tzinfo=UTC))
    assert [item.finalised_at.month for item in chosen] == [3, 4, 5]
