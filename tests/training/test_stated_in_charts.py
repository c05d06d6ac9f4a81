"""Copies of charts with further diagnoses in their diagnostic statement."""

from __future__ import annotations

from dataclasses import replace

import pytest

from suggest.records import Claim, Code, Encounter, GoldCode, Note, Setting, System, TrainingExample
from suggest.sections import find_sections
from training.held_out import fold_of
from training.stated_in_charts import stated_in_charts

NOTE = """PMH: asthma, gout

Exam: lungs clear.

A/P:
1. Asthma, mild intermittent: albuterol as needed.
2. Gout, quiet.

Follow-up: 3 months.
"""


def chart(text=NOTE, *codes, **options):
    encounter = Encounter("c", (Note("n", text),), setting=Setting.OUTPATIENT, claim=Claim.PROFESSIONAL)
    gold = tuple(GoldCode(Code(System.ICD10CM, code)) for code in codes or ("J45.20", "M10.9"))
    return TrainingExample(encounter, gold=gold, **{"family": "f", "group": "g"} | options)


@pytest.fixture(scope="module")
def copies(index, terminology):
    return list(stated_in_charts([chart()], index, terminology, 40, seed=1))


def added(copy):
    """Returns the lines of the statement behind the chart's own two."""
    lines = copy.encounter.notes[0].text.split("2. Gout, quiet.\n")[1].split("\n\nFollow-up")[0].split("\n")
    return [line for line in lines if line]


def test_the_same_seed_makes_the_same_copies(index, terminology, copies):
    assert list(stated_in_charts([chart()], index, terminology, 40, seed=1)) == copies
    assert list(stated_in_charts([chart()], index, terminology, 40, seed=2)) != copies
    assert list(stated_in_charts([chart()], index, terminology, 0, seed=1)) == []


def test_a_copy_states_what_its_further_codes_name(copies, index):
    assert len(copies) >= 35
    for copy in copies:
        further = [gold.code.code for gold in copy.gold[2:]]
        assert [gold.code.code for gold in copy.gold[:2]] == ["J45.20", "M10.9"]
        assert 1 <= len(further) == len(added(copy)) <= 4
        assert [line.split()[0] for line in added(copy)] == [f"{3 + i}." for i in range(len(further))]
        assert all(index.billable[index.row(code)] for code in further)
        assert not {code[:3] for code in further} & {"J45", "M10"}


def test_the_rest_of_the_chart_stands_and_some_of_it_is_in_the_history_too(copies):
    texts = [copy.encounter.notes[0].text for copy in copies]
    assert all(text.startswith("PMH: asthma, gout") and text.endswith("Follow-up: 3 months.\n") for text in texts)
    history = [text[: find_sections(text)[0].end].strip() for text in texts]
    assert 5 <= sum(line != "PMH: asthma, gout" for line in history) <= 35


def test_a_copy_is_made_up_and_stays_on_the_side_of_its_chart(copies):
    assert all(copy.made_up for copy in copies)
    assert not chart().made_up
    assert {fold_of(copy, 0) for copy in copies} == {fold_of(chart(), 0)}
    assert len({copy.encounter.id for copy in copies}) == len(copies)


def test_nothing_is_added_that_goes_together_with_a_code_of_the_chart(index, terminology):
    """With kidney disease coded, hypertension or diabetes would be a code of both (I.A.15)."""
    with_ckd = [chart(NOTE, "N18.30"), chart(NOTE, "I10"), chart(NOTE, "E11.9")]
    for copy in stated_in_charts(with_ckd, index, terminology, 60, seed=3):
        codes = {gold.code.code[:3] for gold in copy.gold}
        assert not {"I10", "N18"} <= codes
        assert not {"E11", "N18"} <= codes


@pytest.mark.parametrize("text", ["PMH: asthma, gout\n", "Seen today, doing well."])
def test_a_chart_that_states_nothing_has_no_copies(index, terminology, text):
    assert list(stated_in_charts([chart(text)], index, terminology, 3, seed=1)) == []


def test_benchmarks_have_no_copies(index, terminology):
    benchmark = replace(chart(), encounter=replace(chart().encounter, policy="benchmark-codiesp"))
    assert list(stated_in_charts([benchmark], index, terminology, 3, seed=1)) == []
