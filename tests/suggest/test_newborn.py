"""Birth weight, weeks at birth, and the birth record."""

from __future__ import annotations

import pytest

from suggest.newborn import newborn_codes, preterm_code, weight_code


@pytest.mark.parametrize(
    ("grams", "small", "code"),
    [
        (499, False, "P07.01"),
        (500, False, "P07.02"),
        (999, False, "P07.03"),
        (1000, False, "P07.14"),
        (2499, False, "P07.18"),
        (2500, False, None),
        (999, True, "P05.13"),
        (1000, True, "P05.14"),
        (2499, True, "P05.18"),
        (2500, True, "P05.19"),
    ],
)
def test_weights(grams, small, code, index):
    assert weight_code(grams, small=small) == code
    assert code is None or index.billable[index.row(code)]


@pytest.mark.parametrize(("week", "code"), [(20, "P07.21"), (22, "P07.21"), (23, "P07.22"), (27, "P07.26"),
                                            (28, "P07.31"), (36, "P07.39")])  # fmt: skip
def test_weeks(week, code, index):
    assert preterm_code(week) == code
    assert index.billable[index.row(code)]


@pytest.fixture
def codes(chart):
    def find(text, **options):
        return [found.code for found in newborn_codes(text, chart(text, **options))]

    return find


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Born here by vaginal delivery", ["Z38.00"]),
        ("Born via repeat C/S", ["Z38.01"]),
        ("Born by VBAC (prior c/s)", ["Z38.00"]),
        ("Twin B, delivered by cesarean", ["Z38.31"]),
        ("Triplet girl born vaginally", ["Z38.61"]),
        ("Born at home, BW 3 kg", ["Z38.1"]),
        ("Outborn, transferred from another hospital, born by C/S", []),
        ("Preterm, corrected 31 0/7, born 29 2/7 wk, BW 1.28 kg", ["P07.32", "P07.15"]),
        ("BW 2,240 g, SGA", ["P05.18"]),
        ("BW 3400 g", []),
        ("35w2d, BW 2500 g", []),
    ],
)
def test_birth_record(codes, text, expected):
    assert codes(text, age=0, setting="inpatient") == expected


def test_only_newborns_in_hospital_have_a_birth_record(codes):
    assert codes("Born here by C/S", age=0) == []
    assert codes("Born here by C/S", age=1, setting="inpatient") == []
    assert codes("Born here by C/S", setting="inpatient") == []


def test_prematurity_lasts_beyond_the_newborn_period(codes):
    assert codes("Ex-32 weeker, BW 1500 g", age=0.5) == ["P07.35"]
    assert codes("Ex-32 weeker", age=7) == []
