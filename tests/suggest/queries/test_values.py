"""Numbers behind the names of values: runs, units, goals, dates and other fluids."""

from __future__ import annotations

import pytest

from suggest.em.cues import split_words
from suggest.queries.values import value_reader


def values(text):
    return [(value.name, round(value.number, 2)) for value in value_reader().read(text, split_words(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Na 121", [("sodium", 121)]),
        ("Cr 1.2 baseline -> 4.4 -> 1.6", [("creatinine", 1.2), ("creatinine", 4.4), ("creatinine", 1.6)]),
        ("Cr 1.1 → 2.0 HD3", [("creatinine", 1.1), ("creatinine", 2.0)]),
        ("Na 158 to 143", [("sodium", 158), ("sodium", 143)]),
        ("K 5.9, Na 130", [("potassium", 5.9), ("sodium", 130)]),
        ("creatinine 200 umol/L", [("creatinine", 2.26)]),
        ("hgb 82 g/L", [("hemoglobin", 8.2)]),
        ("glucose 20 mmol/L", [("glucose", 360)]),
        ("H/H 7.1/22", [("hemoglobin", 7.1)]),
        ("Hct 38 to 27", [("hematocrit", 38), ("hematocrit", 27)]),
        ("hemoglobin and hematocrit 16.9/52.1", [("hemoglobin", 16.9)]),
        ("WBC 18,200", [("wbc", 18.2)]),
        ("plt 61, 142 at d/c", [("platelets", 61), ("platelets", 142)]),
        ("EF 25-30%", [("ejection_fraction", 25), ("ejection_fraction", 30)]),
        ("LVEF is 25%", [("ejection_fraction", 25)]),
        ("82% RA", [("spo2", 82)]),
        ("sats 88% on 2 L", [("spo2", 88)]),
        ("SpO2 of 91 on room air", [("spo2", 91)]),
        ("BP 74/40 after 3 L", [("systolic", 74)]),
        ("BP on arrival 212/110", [("systolic", 212)]),
        ("T 39.6", [("temperature", 39.6)]),
        ("Temp 102.2 F", [("temperature", 39.0)]),
        ("troponin 0.8", [("troponin", 800)]),
        ("hs-troponin 88 ng/L", [("troponin", 88)]),
        ("BNP 1,800", [("bnp", 1800)]),
        ("NT-proBNP 4200", [("bnp", 4200)]),
        ("PHQ-9: 19", [("phq9", 19)]),
        ("vitamin D 11 ng/mL", [("vitamin_d", 11)]),
        ("A1c was 11.3", [("hba1c", 11.3)]),
        ("GCS 8", [("gcs", 8)]),
        ("Lactate 6.1", [("lactate", 6.1)]),
        ("pH 7.21, pCO2 78", [("ph", 7.21), ("paco2", 78)]),
    ],
)
def test_values_are_read(text, expected):
    assert values(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Keep K > 4.0",
        "goal INR 2-3",
        "transfuse if Hgb < 7",
        "target MAP 65",
        "troponin <0.01",
        "vitamin K 10 mg given",
        "platelets 2 units",
        "Cr 1/12",
        "UA: WBC 50",
        "urine Na 12",
        "CSF glucose 40",
        "WBC 20/hpf",
        "Na and K normal",
        "BP 120",
        "creatinine 9000",
        "albumin 25% 100 ml",
        "",
    ],
)
def test_what_is_no_value_of_the_patient(text):
    assert [name for name, _ in values(text) if name != "lactate"] == []


def test_offsets_hold_name_and_number():
    text = "Labs today: Na 121, then Cr 0.9 -> 2.2."
    found = list(value_reader().read(text, split_words(text)))
    assert [text[value.start : value.end] for value in found] == ["Na 121", "Cr 0.9", "Cr 0.9 -> 2.2"]


def test_letters_that_grow_in_lower_case_move_no_offsets():
    text = "\u0130 Na 121"
    assert all(text[v.start : v.end].startswith("Na") for v in value_reader().read(text, split_words(text)))
