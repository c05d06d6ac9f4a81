"""Made-up diagnostic statements: what they say, and what they are labelled with."""

from __future__ import annotations

import numpy as np
import pytest

from suggest.edges import PRESENT
from suggest.policy import policy_for
from suggest.sections import find_sections
from training.statements import GROUP, statements


@pytest.fixture(scope="module")
def made(index):
    return list(statements(index, 60, seed=3))


def test_the_same_seed_makes_the_same_notes(index, made):
    assert list(statements(index, 60, seed=3)) == made
    assert list(statements(index, 60, seed=4)) != made
    assert list(statements(index, 0, seed=3)) == []


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
