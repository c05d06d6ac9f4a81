"""What becomes of diseases that are not the patient's present ones."""

from __future__ import annotations

import pytest

from suggest import status
from suggest.records import AssertionStatus
from suggest.status import PrefixTable


def test_the_longest_prefix_wins():
    table = PrefixTable({"C": "a", "C50": "b", "C50.1": "c"})
    assert [table.get(code) for code in ("C18.9", "C50.911", "C50.112", "c50112", "D05", "")] == [
        "a",
        "b",
        "c",
        "c",
        None,
        None,
    ]
    assert "C18.9" in table
    assert "D05" not in table
    assert PrefixTable({}).get("C18") is None


@pytest.mark.parametrize(
    ("code", "history"),
    [
        ("C50.911", "Z80.3"),
        ("C18.9", "Z80.0"),
        ("C61", "Z80.42"),
        ("C34.90", "Z80.1"),
        ("E11.9", "Z83.3"),
        ("I21.9", "Z82.49"),
        ("I63.9", "Z82.3"),
        ("F32.A", "Z81.8"),
    ],
)
def test_family_history(code, history):
    assert status.family_history().get(code) == history


@pytest.mark.parametrize(
    ("code", "history"),
    [("C50.911", "Z85.3"), ("C61", "Z85.46"), ("C34.90", "Z85.118"), ("I26.99", "Z86.711"), ("N20.0", "Z87.442")],
)
def test_personal_history(code, history):
    assert status.personal_history().get(code) == history


@pytest.mark.parametrize(("code", "lasting"), [("I10", True), ("C50.911", False), ("N20.0", False)])
def test_lasting_diseases_need_the_word_resolved(code, lasting):
    assert status.history_only_when_resolved(code) == lasting


@pytest.mark.parametrize("code", ["I10", "E11.9", "J44.9", "N18.30", "G20.A1"])
def test_chronic_diseases(code):
    assert code in status.chronic()


@pytest.mark.parametrize("code", ["J18.9", "N39.0", "S52.501A"])
def test_acute_diseases(code):
    assert code not in status.chronic()


def test_symptoms_are_integral_to_diseases():
    assert any("J189".startswith(prefix) for prefix in status.integral_to("R05.9"))
    assert status.integral_to("I10") == ()


def test_rules_of_precedence_name_their_source():
    prefixes, source = status.yields_to("I10")
    assert {"I11", "I12", "I13"} <= set(prefixes)
    assert source
    prefixes, source = status.requires("Z3A.32")
    assert "O" in prefixes
    assert source
    assert status.yields_to("J18.9") == ((), "")
    assert status.requires("J18.9") == ((), "")


@pytest.mark.parametrize(
    ("code", "assertion", "own"),
    [
        ("Z87.891", AssertionStatus.HISTORICAL, True),
        ("I25.2", AssertionStatus.HISTORICAL, True),
        ("Z80.3", AssertionStatus.FAMILY, True),
        ("Z88.0", AssertionStatus.ALLERGY, True),
        ("Z91.010", AssertionStatus.ALLERGY, True),
        ("Z87.891", AssertionStatus.NEGATED, False),
        ("Z80.3", AssertionStatus.HISTORICAL, False),
        ("I10", AssertionStatus.HISTORICAL, False),
        ("I10", AssertionStatus.PRESENT, False),
    ],
)
def test_codes_that_say_the_assertion_themselves(code, assertion, own):
    assert status.says_itself(code, assertion) == own
