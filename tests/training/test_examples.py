"""Decided charts are split by patient and by time, and the split is reported."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.coding import LineState
from store.examples import DecidedExample
from suggest.records import Code, Encounter, GoldCode, Note, System, TrainingExample
from training.examples import DecisionSplit, learnt_later, months_before, split_decisions


def decided(name, patient, at, **states):
    gold = (GoldCode(Code(System.ICD10CM, "I10")),)
    example = TrainingExample(Encounter(name, (Note("n", "HTN"),)), gold, family=patient, group="decisions")
    return DecidedExample(example, patient, at, {LineState(state): count for state, count in states.items()})


def on(month, day=1):
    return datetime(2026, month, day, 12, tzinfo=UTC)


def names(side):
    return [item.example.encounter.id for item in side.decided]


@pytest.mark.parametrize(
    ("day", "months", "earlier"),
    [
        (date(2026, 7, 1), 2, date(2026, 5, 1)),
        (date(2026, 3, 31), 1, date(2026, 2, 28)),
        (date(2024, 3, 31), 1, date(2024, 2, 29)),
        (date(2026, 1, 15), 1, date(2025, 12, 15)),
        (date(2026, 1, 15), 25, date(2023, 12, 15)),
        (date(2026, 1, 15), 0, date(2026, 1, 15)),
    ],
)
def test_months_before(day, months, earlier):
    assert months_before(day, months) == earlier


def test_the_last_months_are_held_out():
    charts = [decided(f"e{month}", f"p{month}", on(month)) for month in range(1, 7)]
    split = split_decisions(reversed(charts), holdout_months=2)
    assert names(split.learnt) == ["e1", "e2", "e3", "e4"]
    assert names(split.held_out) == ["e5", "e6"]
    assert names(split.set_aside) == []
    assert split.held_out_from == datetime(2026, 4, 2, tzinfo=UTC)


def test_months_count_back_from_the_end_that_is_named():
    charts = [decided(f"e{day}", f"p{day}", on(5, day)) for day in (1, 2, 30)]
    split = split_decisions(charts, holdout_months=1, until=datetime(2026, 6, 2, tzinfo=UTC))
    assert names(split.learnt) == ["e1"]
    assert split.held_out_from == datetime(2026, 5, 2, tzinfo=UTC)
    assert names(split.held_out) == ["e2", "e30"]


def test_without_months_to_hold_out_all_is_learnt():
    charts = [decided("a", "p1", on(1)), decided("b", "p1", on(6))]
    split = split_decisions(charts, holdout_months=0)
    assert names(split.learnt) == ["a", "b"]
    assert split.report()["held_out_from"] is None
    with pytest.raises(ValueError, match="-1"):
        split_decisions(charts, holdout_months=-1)


def test_nothing_is_split_into_nothing():
    assert split_decisions([], holdout_months=2) == DecisionSplit()


def test_returning_patients_are_dealt_to_both_sides():
    charts = [decided(f"{patient}-{month}", f"p{patient}", on(month)) for month in (1, 6) for patient in range(40)]
    split = split_decisions(charts, holdout_months=1)
    learnt, held_out = ({item.patient_key for item in side.decided} for side in (split.learnt, split.held_out))
    assert len(learnt) + len(held_out) == len(split.set_aside.decided) == 40
    assert 10 <= len(learnt) <= 30
    again = split_decisions(charts[:-1], holdout_months=1)
    assert {item.patient_key for item in again.learnt.decided} >= learnt - {"p39"}


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 12), st.integers(1, 28)), max_size=60),
    st.integers(0, 14),
)
def test_no_patient_is_on_both_sides_and_no_chart_is_lost(visits, months):
    charts = [decided(f"e{i:02}", f"p{patient}", on(month, day)) for i, (patient, month, day) in enumerate(visits)]
    split = split_decisions(charts, holdout_months=months)
    learnt, held_out = ({item.patient_key for item in side.decided} for side in (split.learnt, split.held_out))
    assert not learnt & held_out
    assert {item.patient_key for item in split.set_aside.decided} <= learnt | held_out
    parts = [*names(split.learnt), *names(split.held_out), *names(split.set_aside)]
    assert sorted(parts) == [chart.example.encounter.id for chart in charts]
    if split.held_out_from:
        assert all(item.finalised_at < split.held_out_from for item in split.learnt.decided)
        assert all(item.finalised_at >= split.held_out_from for item in split.held_out.decided)


def test_the_report_counts_what_was_decided():
    charts = [
        decided("a", "p1", on(1), accepted=2, rejected=1),
        decided("b", "p1", on(2), added=1, left=3),
        decided("c", "p2", on(6), replaced=1, replacement=1),
    ]
    report = split_decisions(charts, holdout_months=1).report()
    assert report["by"] == "patient and moment of finalisation"
    assert report["held_out_from"] == "2026-05-02T00:00:00+00:00"
    assert report["learnt"] == {
        "charts": 2,
        "patients": 1,
        "accepted": 2,
        "added": 1,
        "replacement": 0,
        "rejected": 1,
        "replaced": 0,
        "left": 3,
        "first": "2026-01-01T12:00:00+00:00",
        "last": "2026-02-01T12:00:00+00:00",
    }
    assert report["held_out"]["replacement"] == report["held_out"]["replaced"] == 1
    assert report["set_aside"] == dict.fromkeys(report["learnt"], 0) | {"first": None, "last": None}


def test_a_model_that_knows_the_held_out_months_is_told_apart():
    early = split_decisions([decided("a", "p1", on(1)), decided("b", "p2", on(3))], holdout_months=1)
    late = split_decisions([decided("c", "p3", on(3)), decided("d", "p4", on(6))], holdout_months=1)
    assert not learnt_later({}, early.held_out.decided)
    assert not learnt_later(early.report(), early.held_out.decided)
    assert learnt_later(late.report(), early.held_out.decided)
    assert not learnt_later(late.report(), ())
