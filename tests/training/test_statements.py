"""Made-up diagnostic statements: what they say, and what they are labelled with."""

from __future__ import annotations

import numpy as np
import pytest

from suggest.edges import PRESENT
from suggest.policy import policy_for
from suggest.records import Code, Encounter, GoldCode, Note, System, TrainingExample
from suggest.sections import find_sections
from training.statements import GROUP, statements


@pytest.fixture(scope="module")
def made(index, terminology):
    return list(statements(index, terminology, 60, seed=3))


def test_the_same_seed_makes_the_same_notes(index, terminology, made):
    assert list(statements(index, terminology, 60, seed=3)) == made
    assert list(statements(index, terminology, 60, seed=4)) != made
    assert list(statements(index, terminology, 0, seed=3)) == []


def test_half_of_them_are_of_the_categories_that_charts_carry(index, terminology):
    chart = TrainingExample(
        Encounter("c", (Note("n", "Asthma and hypertension"),)),
        gold=tuple(GoldCode(Code(System.ICD10CM, code)) for code in ("J45.40", "I10", "N18.32")),
        group="g",
    )
    found = list(statements(index, terminology, 200, 3, [chart]))
    everyday = [example for example in found if {gold.code.code[:3] for gold in example.gold} <= {"J45", "N18"}]
    assert 70 <= len(everyday) <= 130
    # what the words leave open is unspecified, also where the charts' codes say more
    assert {gold.code.code for example in everyday for gold in example.gold} >= {"J45.909", "N18.9"}


def test_what_they_state_together_is_coded_each_by_itself(index, terminology, made):
    """Hypertension and chronic kidney disease are one code (I.C.9.a.2): no note states both."""
    chart = TrainingExample(
        Encounter("c", (Note("n", "Hypertension, CKD"),)),
        gold=tuple(GoldCode(Code(System.ICD10CM, code)) for code in ("I12.9", "N18.9", "E11.9", "I50.9")),
        group="g",
    )
    for example in statements(index, terminology, 300, 5, [chart]):
        codes = {gold.code.code[:3] for gold in example.gold}
        assert not {"E11", "N18"} <= codes
        assert "R" not in {code[0] for code in codes} or len(codes) == 1


def test_they_have_ids_of_their_own_and_one_group(made):
    assert len({example.encounter.id for example in made}) == len(made)
    assert {example.group for example in made} == {GROUP}


def test_their_codes_are_complete_and_their_policies_are_for_claims(index, made):
    for example in made:
        assert policy_for(example.encounter).status_transforms
        assert 1 <= len(example.gold) <= 3
        assert all(index.billable[index.row(gold.code.code)] for gold in example.gold)


def test_each_note_has_a_diagnostic_statement(made):
    statement = {"postop_diagnosis", "discharge_diagnosis", "final_diagnosis", "principal_diagnosis", "assessment"}
    statement |= {"impression", "diagnosis", "assessment_plan"}
    for example in made:
        families = {section.family for section in find_sections(example.encounter.notes[0].text)}
        assert families & statement, example.encounter.id


def test_what_they_state_is_found_as_present(suggester, made):
    found = total = 0
    for example in made:
        candidates, _table = suggester.features(example.encounter)
        present = np.unique(candidates.edges.code[candidates.edges.status == PRESENT])
        names = {suggester.code(int(code)) for code in present}
        found += sum(gold.code.code in names for gold in example.gold)
        total += len(example.gold)
    assert found >= 0.9 * total
