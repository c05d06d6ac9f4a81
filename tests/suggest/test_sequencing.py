"""The order of the proposed codes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suggest.leading import precedences
from suggest.policy import all_policies
from suggest.records import PRESENT, Assertion, AssertionStatus, Code, Evidence, RankedCode, Support, System
from suggest.sequencing import sequence

POLICIES = all_policies()
CODES = ("I10", "E11.22", "N18.32", "R05.9", "Z87.891", "W19.XXXA", "Z00.00", "J44.1", "Z88.0", "S52.501A")


def proposed(code, probability=0.5, at=None, source="title", status=PRESENT):
    evidence = Evidence("n", at or 0, (at or 0) + 1, "x")
    section = "none" if at is None else "assessment"
    return RankedCode(Code(System.ICD10CM, code), "", probability, (Support(evidence, section, status, "", source),))


def order(index, *codes, policy="professional", first=None):
    return [line.ranked.code.code for line in sequence(codes, index=index, policy=POLICIES[policy], first=first)]


@pytest.mark.parametrize(
    ("codes", "wanted"),
    [
        ((proposed("I10", 0.5), proposed("J44.1", 0.9)), ["J44.1", "I10"]),
        ((proposed("I10", 0.5, at=3), proposed("J44.1", 0.9)), ["I10", "J44.1"]),
        ((proposed("I10", 0.9, at=30), proposed("J44.1", 0.5, at=3)), ["J44.1", "I10"]),
        ((proposed("Z87.891", 0.9, at=0), proposed("I10", 0.5)), ["I10", "Z87.891"]),
        ((proposed("W19.XXXA", 0.99, at=0), proposed("S52.501A", 0.3)), ["S52.501A", "W19.XXXA"]),
        ((proposed("W19.XXXA", 0.9), proposed("Z87.891", 0.3)), ["Z87.891", "W19.XXXA"]),
        ((proposed("I10", 0.9, at=0), proposed("Z00.00", 0.3)), ["Z00.00", "I10"]),
        ((proposed("R05.9", 0.9, at=0), proposed("I10", 0.3)), ["R05.9", "I10"]),
    ],
)
def test_order(index, codes, wanted):
    assert order(index, *codes) == wanted
    assert order(index, *codes[::-1]) == wanted


def test_a_manifestation_follows_its_cause(index):
    assert order(index, proposed("F02.80", 0.9, at=0), proposed("G30.9", 0.3, at=9)) == ["G30.9", "F02.80"]


def test_learnt_scores_decide_what_is_first(index):
    codes = (proposed("I10", 0.9, at=0), proposed("J44.1", 0.5, at=9))
    assert order(index, *codes, first={"J44.1": 0.8, "I10": 0.1}) == ["J44.1", "I10"]
    assert order(index, *codes, first={"J44.1": 0.0, "I10": 0.0}) == ["I10", "J44.1"]


@pytest.mark.parametrize(
    ("behind", "first"),
    [
        ("T50.905A", "R21"),  # adverse effect of an unspecified drug
        ("O86.04", "O86.02"),  # sepsis after an obstetrical wound infection
        ("N18.32", "E11.21"),
    ],
)
def test_guidelines_go_before_learnt_scores(index, behind, first):
    codes = (proposed(behind, 0.9), proposed(first, 0.3))
    assert order(index, *codes, first={behind: 0.9, first: 0.1}) == [first, behind]


def test_what_no_guideline_puts_behind_may_lead(index):
    codes = (proposed("N18.32", 0.9), proposed("E11.42", 0.3))
    assert order(index, *codes, first={"N18.32": 0.9, "E11.42": 0.1}) == ["N18.32", "E11.42"]


def test_an_external_cause_is_never_first(index):
    codes = (proposed("W19.XXXA", 0.9), proposed("S52.501A", 0.2))
    assert order(index, *codes, first={"W19.XXXA": 0.9, "S52.501A": 0.1})[0] == "S52.501A"


@pytest.mark.parametrize(
    "code",
    [
        proposed("J44.1", at=0, source="combination"),
        proposed("J44.1", at=0, status=Assertion(AssertionStatus.NEGATED)),
    ],
)
def test_only_what_the_author_states_counts_as_stated(index, code):
    assert order(index, code, proposed("I10", 0.9, at=9)) == ["I10", "J44.1"]


@pytest.mark.parametrize(("policy", "role"), [("professional", "first-listed"), ("facility-inpatient", "principal")])
def test_roles(index, policy, role):
    lines = sequence([proposed(code) for code in CODES], index=index, policy=POLICIES[policy])
    assert [line.role for line in lines] == [role] + ["additional"] * (len(CODES) - 1)
    assert all(line.sequence_reason for line in lines)


def test_nothing_to_order(index):
    assert sequence([], index=index, policy=POLICIES["professional"], first={}) == ()


@given(st.lists(st.sampled_from(CODES), unique=True), st.randoms())
def test_the_order_does_not_depend_on_the_order_given(index, codes, random):
    given_codes = [proposed(code) for code in codes]
    shuffled = list(given_codes)
    random.shuffle(shuffled)
    found = order(index, *shuffled)
    assert found == order(index, *given_codes)
    assert sorted(found) == sorted(codes)


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("I13.0", "I50.22"),
        ("I12.9", "N18.31"),
        ("A41.9", "R65.20"),
        ("A41.9", "J18.9"),
        ("T81.43XA", "A41.9"),
        ("G30.9", "F02.80"),
        ("Z51.11", "C50.912"),
        ("C34.11", "J91.0"),
        ("T40.2X1A", "J96.01"),
        ("T54.3X1A", "H10.211"),
        ("O24.414", "E66.9"),
        ("O80", "Z37.0"),
        ("P22.0", "J96.01"),
        ("Z38.00", "P59.9"),
        ("L27.0", "T36.0X5A"),
        ("N39.0", "B96.20"),
        ("E11.22", "N18.31"),
        ("J45.909", "Z79.51"),
        ("Z00.00", "E78.5"),
    ],
)
def test_guidelines_bar_a_code_from_the_lead_however_it_scores(index, first, then):
    codes = (proposed(first, 0.4, at=9), proposed(then, 0.9, at=0))
    assert order(index, *codes, first={then: 0.9, first: 0.1})[0] == first


@pytest.mark.parametrize(
    ("lead", "other"),
    [("I25.110", "I13.0"), ("G89.3", "C34.11"), ("I12.0", "E11.22"), ("Z12.11", "D12.2"), ("R07.89", "I10")],
)
def test_where_no_guideline_speaks_the_score_decides(index, lead, other):
    codes = (proposed(lead, 0.5), proposed(other, 0.6))
    assert order(index, *codes, first={lead: 0.9, other: 0.1})[0] == lead


def test_each_precedence_cites_its_source_and_bars_no_code_by_itself():
    for rule in precedences():
        assert rule.source[:2] in ("I.", "II"), rule
    assert len({(rule.first.pattern, rule.then.pattern) for rule in precedences()}) == len(precedences())
