"""Made-up diagnostic statements: what they say, and what they are labelled with."""

from __future__ import annotations

import numpy as np
import pytest

from suggest.edges import PRESENT
from suggest.policy import policy_for
from suggest.records import Code, Encounter, GoldCode, Note, System, TrainingExample
from suggest.sections import find_sections
from training.stated_terms import with_combinations
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


def test_what_they_state_together_is_coded_each_by_itself_or_together(index, terminology):
    """Hypertension with kidney disease is one code (I.C.9.a.2), diabetes with it another (I.A.15)."""
    chart = TrainingExample(
        Encounter("c", (Note("n", "Hypertension, CKD"),)),
        gold=tuple(GoldCode(Code(System.ICD10CM, code)) for code in ("I12.9", "N18.9", "E11.9", "I50.9")),
        group="g",
    )
    together = 0
    for example in statements(index, terminology, 300, 5, [chart]):
        codes = {gold.code.code for gold in example.gold}
        categories = {code[:3] for code in codes}
        assert not {"I10", "N18"} <= categories
        assert not {"E11.9", "N18.9"} <= codes
        together += {"I12", "N18"} <= categories
        # severe sepsis and symptoms of the prostate are coded beside what they belong to
        assert len(codes) == 1 or all(code.startswith(("R3", "R65")) for code in codes if code[0] == "R")
    assert together


@pytest.mark.parametrize(
    ("codes", "together"),
    [
        (["I10", "N18.9"], {"I12.9", "N18.9"}),
        (["I10", "I50.9", "N18.6"], {"I13.2", "I50.9", "N18.6"}),
        (["E11.9", "N18.30"], {"E11.22", "N18.30"}),
        (["E11.9", "G62.9"], {"E11.42"}),
        (["E11.9", "N18.9", "D64.9", "I10"], {"E11.22", "D63.1", "I12.9", "N18.9"}),
        (["I10", "J45.909"], {"I10", "J45.909"}),
        (["I10"], {"I10"}),
        ([], set()),
    ],
)
def test_codes_that_are_classified_together_give_way(codes, together):
    found = with_combinations(codes)
    assert set(found) == together
    assert len(found) == len(together)


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
