"""Amount and complexity of data (CPT E/M guidelines 2023, MDM table)."""

from __future__ import annotations

import pytest

from suggest.em.tests_and_talks import data_element, data_reviewed, is_billed


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("Feels well.", 1),
        ("Labs: TSH 2.1", 1),
        ("Labs: TSH 2.1, A1c 7.0", 2),
        ("Labs: TSH 2.1, A1c 7.0, CBC normal", 3),
        ("Labs: Na 140, K 4.1, Cr 0.9, BUN 12", 1),  # one panel
        ("Labs: TSH 2.1, TSH 2.4 before", 1),  # the same test twice
        ("Hx from mother.", 2),
        ("Hx from mother. Labs: TSH 2.1, A1c 7.0", 3),
        ("CXR independently viewed: clear", 3),
        ("Discussed with Dr. A of cardiology.", 3),
        ("Discussed with patient and daughter.", 1),
        ("Spoke with ID on phone. CXR read by me: clear", 4),
        ("CBC, BMP, lactate 1.2. CT reviewed by me.", 4),
        ("PCP note reviewed. Labs: TSH 2.1, A1c 7.0", 3),
        ("No CXR needed, no CBC.", 1),
        ("MRI brain 2019 negative.", 1),
        ("Discussed surgery risks.", 1),
    ],
)
def test_level(chart_of, text, level):
    assert data_reviewed(chart_of(f"HPI: x\n\n{text}\n"), ()).level == level


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("MRI brain 2024 negative", False),
        ("echo 11/2025 EF 60", False),
        ("echo 3/2026 EF 60", True),
        ("TSH 2.1 (2/4/2025)", True),
    ],
)
def test_results_of_earlier_years_do_not_count(chart_of, text, counted):
    chart = chart_of(f"HPI: x\n\n{text}\n", date_of_service="2026-03-10")
    assert bool(data_reviewed(chart, ()).tests) is counted


def test_images_of_two_regions_are_two_tests(chart_of):
    assert len(data_reviewed(chart_of("HPI: x\n\nCT head neg. CT chest neg. CT head again neg.\n"), ()).tests) == 2


def test_tests_of_a_history_do_not_count(chart_of):
    assert not data_reviewed(chart_of("PMH: TSH 9, A1c 8, LDL 150\n\nA/P:\n1. HTN"), ()).tests


@pytest.mark.parametrize(
    ("text", "procedures"),
    [
        ("ECG read by me: sinus rhythm", ("93000",)),
        ("XR L foot, my interpretation: no fracture", ("73630",)),
    ],
)
def test_a_test_whose_reading_is_billed_does_not_count(chart_of, text, procedures):
    data = data_reviewed(chart_of(f"HPI: x\n\n{text}\n"), procedures)
    assert not data.tests
    assert not data.reads
    assert "billed separately" in data.not_counted[0].reason
    assert data_reviewed(chart_of(f"HPI: x\n\n{text}\n"), ()).reads


def test_ranges_of_codes():
    assert is_billed("71045 73000-73725", ["73630"])
    assert not is_billed("71045 73000-73725", ["74000"])


def test_the_element_shows_what_was_found(chart_of):
    element = data_element(data_reviewed(chart_of("HPI: x\n\nDiscussed with cardiology. A1c 7.0"), ()))
    assert "discussion" in element.what
    assert {e.quote for e in element.evidence} == {"Discussed with", "A1c"}
