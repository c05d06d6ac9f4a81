"""Body mass index and weeks of gestation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suggest.measurements import bmi_code, bmi_percentile_code, gestation_weeks, measured, week_code


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (9.9, None),
        (10, "Z68.1"),
        (19.9, "Z68.1"),
        (20, "Z68.20"),
        (29.99, "Z68.29"),
        (39.9, "Z68.39"),
        (40, "Z68.41"),
        (45, "Z68.42"),
        (50, "Z68.43"),
        (60, "Z68.44"),
        (70, "Z68.45"),
        (120, "Z68.45"),
        (120.1, None),
    ],
)
def test_adult_body_mass_index(value, code):
    assert bmi_code(value) == code


@pytest.mark.parametrize(
    ("value", "code"), [(1, "Z68.51"), (5, "Z68.52"), (84, "Z68.52"), (85, "Z68.53"), (94, "Z68.53"), (95, "Z68.54")]
)
def test_percentiles(value, code):
    assert bmi_percentile_code(value) == code


@pytest.mark.parametrize(
    ("week", "code"),
    [(0, None), (1, "Z3A.01"), (7, "Z3A.01"), (8, "Z3A.08"), (42, "Z3A.42"), (43, "Z3A.49"), (45, None)],
)
def test_weeks(week, code):
    assert week_code(week) == code


@given(st.floats(10, 120))
def test_body_mass_index_codes_exist(value):
    assert bmi_code(value).startswith("Z68.")


@pytest.mark.parametrize("value", [*range(10, 121)])
def test_every_code_is_billable(value, index):
    assert index.billable[index.row(bmi_code(value))]


@pytest.mark.parametrize("week", range(1, 45))
def test_every_week_is_billable(week, index):
    assert index.billable[index.row(week_code(week))]


@pytest.mark.parametrize(
    ("text", "age", "codes"),
    [
        ("BMI 31.4", 40, ["Z68.31"]),
        ("BMI: 31.4 kg/m2", None, ["Z68.31"]),
        ("body mass index is 24", 40, ["Z68.24"]),
        ("BMI 31.4", 12, []),
        ("BMI 95th percentile", 12, ["Z68.54"]),
        ("BMI 95th percentile", 40, []),
        ("BMI 22.1, 97 %ile", 12, ["Z68.54"]),
        ("BMI not measured\n31 May", 40, []),
        ("IUP at 32 weeks", 30, ["Z3A.32"]),
        ("32w4d gestation", 30, ["Z3A.32"]),
        ("32 4/7 weeks gestation", 30, ["Z3A.32"]),
        ("cough for 3 weeks", 30, []),
        ("pregnancy, 50 weeks", 30, []),
        ("", 30, []),
    ],
)
def test_measured_codes(text, age, codes):
    assert [found.code for found in measured(text, age)] == codes


@given(st.text(alphabet="BMI 0123456789.%weeks+/gestation\n", max_size=60))
def test_offsets_lie_in_the_text(text):
    for found in measured(text, None):
        assert 0 <= found.start < found.end <= len(text)
        assert text[found.start : found.end].strip()


@pytest.mark.parametrize(
    ("text", "weeks"), [("IUP at 32 weeks", 32), ("fever for 2 weeks", None), ("pregnant, 12+3 weeks", 12), ("", None)]
)
def test_gestation(text, weeks):
    assert gestation_weeks(text) == weeks
