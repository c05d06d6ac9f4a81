"""Guidelines of sequence (``rules/sequence.tsv``), and given diagnoses in the program's order."""

from __future__ import annotations

from itertools import permutations

import pytest

from suggest.given import sequence_given
from suggest.leading import follows, may_lead, precedences, reason_behind
from suggest.records import Encounter, Note


@pytest.mark.parametrize(
    ("first", "behind"),
    [
        ("A41.9", "N17.9"),
        ("A41.51", "K80.33"),
        ("A40.3", "J44.0"),
        ("T80.211A", "A41.01"),
        ("B20", "B59"),
        ("U07.1", "J12.82"),
        ("I21.4", "I25.10"),
        ("I63.9", "G81.94"),
        ("I61.9", "R47.01"),
        ("F33.2", "R45.851"),
        ("C61", "R97.21"),
        ("O14.14", "O99.214"),
        ("O34.211", "Z30.2"),
        ("T24.301A", "T24.201A"),
        ("T22.212A", "T22.111A"),
        ("T22.212A", "T31.0"),
        ("S67.02XA", "S62.522B"),
        ("S52.501A", "S51.811A"),
        ("S06.5X0A", "S01.01XA"),
        ("S66.121A", "S61.211A"),
        ("S72.141A", "D62"),
        ("M17.32", "S82.142S"),
        ("T86.11", "N17.9"),
        ("Z08", "D12.2"),
        ("Z12.11", "K63.5"),
        ("Z12.31", "R92.8"),
        ("Z12.4", "R87.610"),
        ("Z01.818", "I10"),
        ("Z34.01", "D50.9"),
        ("J45.20", "Z77.22"),
        ("E11.52", "E11.621"),
        ("N92.0", "N99.71"),
    ],
)
def test_a_guideline_puts_one_before_the_other(index, first, behind):
    assert index.row(first) is not None
    assert index.row(behind) is not None
    assert follows(behind, first, index)
    assert not follows(first, behind, index)
    assert may_lead([behind, first], index) == [False, True]
    assert reason_behind(behind, first, index).startswith("guideline ")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("S61.411A", "S64.491A"),  # minor damage of nerves follows the wound (I.C.19.b.2): circumstances decide
        ("C34.11", "C79.31"),  # treatment may be directed at either (I.C.2.a, I.C.2.b)
        ("J96.01", "J44.1"),  # circumstances of admission (I.C.10.b.3)
        ("Z12.11", "I10"),
        ("E11.22", "I12.9"),
        ("T24.201A", "T22.212A"),
        ("O34.211", "O99.214"),
    ],
)
def test_circumstances_decide_where_no_guideline_does(index, one, other):
    assert may_lead([one, other], index) == [True, True]
    assert reason_behind(one, other, index) == ""


def test_a_poisoning_leads_although_a_note_names_what_it_did(index):
    # the note at T36-T50, "code first the nature of the adverse effect", is about adverse effects alone
    assert may_lead(["T39.1X2A", "K71.10", "D68.4"], index) == [True, False, False]
    assert reason_behind("N18.32", "I12.9", index) == "guideline I.C.9.a.2"
    assert reason_behind("F02.80", "G31.83", index).endswith(("I.A.13", "the code first note at F02.80"))


def test_no_precedence_is_stated_twice():
    rules = precedences()
    assert len({(rule.first.pattern, rule.then.pattern) for rule in rules}) == len(rules)


STAY = Encounter(
    "e", (Note("n", "Discharge diagnoses:\n1. Sepsis due to E. coli\n2. Acute pyelonephritis\n3. Hypertension\n"),)
)


@pytest.mark.slow
def test_given_diagnoses_have_one_order_whatever_order_they_come_in(suggester):
    _candidates, table = suggester.features(STAY)
    ranked = suggester.suggest(STAY).ranked
    given = ["I10", "N10", "A41.51", "Z99.2"]
    orders = {
        sequence_given(suggester, STAY, list(codes), table=table, ranked=ranked).codes for codes in permutations(given)
    }
    (order,) = orders
    assert order[0] == "A41.51"
    assert sorted(order) == sorted(given)


@pytest.mark.slow
def test_codes_that_the_chart_does_not_lead_to_are_placed_as_well(suggester):
    _candidates, table = suggester.features(STAY)
    ranked = suggester.suggest(STAY).ranked
    order = sequence_given(suggester, STAY, ["Q99.9", "XXX", "A41.9", "A41.9"], table=table, ranked=ranked)
    assert sorted(order.codes) == ["A41.9", "Q99.9", "XXX"]
    assert order.codes[0] == "A41.9"
    empty = sequence_given(suggester, STAY, [], table=table, ranked=ranked)
    assert empty.codes == ()
