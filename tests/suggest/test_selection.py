"""Selection rules, one code beside others."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suggest.policy import all_policies
from suggest.records import Assertion, AssertionStatus, Code, Evidence, RankedCode, Support, System
from suggest.selection import select

POLICIES = all_policies()
CODES = (
    "I10",
    "I12.9",
    "N18.30",
    "R05.9",
    "J18.9",
    "E11.9",
    "E11.22",
    "S52.501A",
    "S52.501D",
    "M17.9",
    "M17.11",
    "Z3A.32",
)


@pytest.fixture(scope="module")
def ranked(index):
    def make(code, probability=0.9, status="present", section="assessment", source="title"):
        support = Support(Evidence("n", 0, 1, "x"), section, Assertion(AssertionStatus(status)), "term", source)
        row = index.row(code)
        title = "" if row is None else index.title(row)
        return RankedCode(Code(System.ICD10CM, code, "FY2026"), title, probability, (support,))

    return make


@pytest.fixture(scope="module")
def choose(index):
    def run(*codes, policy="professional", replaced=(), threshold=0.5):
        ordered = sorted(codes, key=lambda code: -code.probability)
        found = select(ordered, index=index, policy=POLICIES[policy], replaced=dict(replaced), threshold=threshold)
        return [code.code.code for code in found.proposed], {
            s.ranked.code.code: (s.rule, s.by) for s in found.suppressed
        }

    return run


def test_a_probable_code_is_proposed(choose, ranked):
    assert choose(ranked("I10")) == (["I10"], {})


@pytest.mark.parametrize(("probability", "suppressed"), [(0.49, {"I10": ("below-threshold", None)}), (0.09, {})])
def test_less_probable_codes_are_suppressed_and_shown_where_worth_it(choose, ranked, probability, suppressed):
    assert choose(ranked("I10", probability)) == ([], suppressed)


@pytest.mark.parametrize("status", ["negated", "family", "hypothetical", "historical", "allergy"])
def test_what_is_not_the_patients_present_disease(choose, ranked, status):
    assert choose(ranked("J18.9", status=status)) == ([], {"J18.9": ("assertion", None)})


@pytest.mark.parametrize(
    ("code", "status", "source"),
    [
        ("I10", "historical", "title"),
        ("Z80.3", "family", "family-history"),
        ("Z85.3", "historical", "personal-history"),
        ("Z88.0", "allergy", "allergen"),
        ("Z87.891", "historical", "lexicon"),
    ],
)
def test_lasting_diseases_and_codes_of_history_stay(choose, ranked, code, status, source):
    assert choose(ranked(code, status=status, source=source))[0] == [code]


@pytest.mark.parametrize(
    ("policy", "section", "code", "rule"),
    [
        ("professional", "assessment", "J18.9", "uncertain"),
        ("facility-outpatient", "discharge_diagnosis", "J18.9", "uncertain"),
        ("facility-inpatient", "discharge_diagnosis", "J18.9", None),
        ("facility-inpatient", "assessment", "J18.9", None),
        ("facility-inpatient", "hpi", "J18.9", "uncertain"),
        ("facility-inpatient", "discharge_diagnosis", "U07.1", "confirmed-only"),
        ("facility-inpatient", "discharge_diagnosis", "B20", "confirmed-only"),
        ("facility-inpatient", "discharge_diagnosis", "J10.1", "confirmed-only"),
        ("benchmark-codiesp", "hpi", "U07.1", None),
    ],
)
def test_uncertain_diagnoses(choose, ranked, policy, section, code, rule):
    proposed, suppressed = choose(ranked(code, status="possible", section=section), policy=policy)
    assert suppressed == ({code: (rule, None)} if rule else {})
    assert proposed == ([] if rule else [code])


@pytest.mark.parametrize(
    ("first", "second", "rule"),
    [
        ("M17.11", "M17.9", "unspecified"),
        ("S52.501A", "S52.501D", "duplicate"),
        ("J18.9", "R05.9", "integral-symptom"),
        ("E11.22", "E11.9", "yields"),
        ("I12.9", "I10", "yields"),
        ("I50.9", "J81.1", "yields"),
    ],
)
def test_codes_that_step_back_for_another(choose, ranked, first, second, rule):
    proposed, suppressed = choose(ranked(first, 0.9), ranked(second, 0.8))
    assert proposed == [first]
    assert suppressed == {second: (rule, first)}


def test_a_symptom_steps_back_however_probable_it_is(choose, ranked):
    proposed, suppressed = choose(ranked("R05.9", 0.95), ranked("J18.9", 0.6))
    assert proposed == ["J18.9"]
    assert suppressed["R05.9"] == ("integral-symptom", "J18.9")


def test_benchmarks_code_what_is_mentioned(choose, ranked):
    codes = (ranked("R05.9", 0.9), ranked("J18.9", 0.8), ranked("M17", 0.7), ranked("I10", 0.6, status="negated"))
    proposed, suppressed = choose(*codes, policy="benchmark-codiesp")
    assert set(proposed) == {"R05.9", "J18.9", "M17", "I10"}
    assert suppressed == {}


def test_only_billable_codes_go_on_a_claim(choose, ranked):
    assert choose(ranked("M17"))[1] == {"M17": ("not-billable", None)}
    assert choose(ranked("X99.99"))[1] == {"X99.99": ("not-billable", None)}


def test_a_combination_takes_the_place_of_its_parts(choose, ranked):
    proposed, suppressed = choose(ranked("J44.0"), ranked("K81.0", 0.8), replaced={"K81.0": {"J44.0"}})
    assert proposed == ["J44.0"]
    assert suppressed == {"K81.0": ("combined", "J44.0")}
    assert choose(ranked("K81.0"), replaced={"K81.0": {"J44.0"}})[0] == ["K81.0"]


def test_excludes1(choose, ranked):
    """Acute bronchitis and bronchitis not called acute exclude each other."""
    proposed, suppressed = choose(ranked("J20.9", 0.9), ranked("J40", 0.8))
    assert proposed == ["J20.9"]
    assert suppressed["J40"] == ("excludes1", "J20.9")


def test_a_week_of_gestation_needs_a_pregnancy(choose, ranked):
    assert choose(ranked("Z3A.32"))[1] == {"Z3A.32": ("unaccompanied", None)}
    assert choose(ranked("Z3A.32", 0.9), ranked("O80", 0.6))[0] == ["O80", "Z3A.32"]


@settings(max_examples=60)
@given(
    chosen=st.lists(
        st.tuples(
            st.sampled_from(CODES),
            st.floats(0, 1),
            st.sampled_from([status.value for status in AssertionStatus]),
        ),
        unique_by=lambda item: item[0],
    ),
    policy=st.sampled_from(sorted(POLICIES)),
)
def test_every_code_ends_in_one_place(index, ranked, chosen, policy):
    codes = sorted((ranked(*item) for item in chosen), key=lambda code: -code.probability)
    found = select(codes, index=index, policy=POLICIES[policy], replaced={"I10": {"I12.9"}}, threshold=0.4)
    proposed = {code.code.code for code in found.proposed}
    suppressed = {item.ranked.code.code for item in found.suppressed}
    assert proposed.isdisjoint(suppressed)
    assert proposed | suppressed <= {code.code.code for code in codes}
    assert all(code.probability >= 0.4 for code in found.proposed)
    assert all(item.reason for item in found.suppressed)
    assert {code.code.code for code in codes if code.probability >= 0.4} <= proposed | suppressed
