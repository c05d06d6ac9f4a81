"""Number and complexity of problems (CPT E/M guidelines 2023, MDM table)."""

from __future__ import annotations

import pytest

from suggest.em.problems import problem_kind, problems_addressed, problems_element


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("J00", "minor"),
        ("L22", "minor"),
        ("J02.9", "acute"),
        ("N39.0", "acute"),
        ("S93.401A", "injury"),
        ("S52.531A", "complicated"),
        ("S06.0X1A", "complicated"),
        ("N10", "systemic"),
        ("J18.9", "systemic"),
        ("I10", "chronic"),
        ("E11.9", "chronic"),
        ("E11.65", "worse"),
        ("N63.10", "undiagnosed"),
        ("I21.4", "threat"),
        ("A41.9", "threat"),
        ("Z79.4", "none"),
        ("W19.XXXA", "none"),
        ("T45.1X5A", "none"),
    ],
)
def test_class_of_a_code(code, kind):
    assert problem_kind(code) == kind


@pytest.mark.parametrize(
    ("plan", "diagnoses", "level"),
    [
        # one row of the table each, from straightforward to high
        ("1. Cold, supportive care", {"J00": "Cold"}, 1),
        ("1. Cold\n2. Diaper rash", {"J00": "Cold", "L22": "Diaper rash"}, 2),
        ("1. Strep pharyngitis, amoxicillin 500 bid", {"J02.0": "Strep pharyngitis"}, 2),
        ("1. Ankle sprain, wrap", {"S93.401A": "Ankle sprain"}, 2),
        ("1. HTN, stable", {"I10": "HTN"}, 2),
        ("1. HTN, stable\n2. GERD, controlled", {"I10": "HTN", "K21.9": "GERD"}, 3),
        ("1. HTN not at goal", {"I10": "HTN"}, 3),
        ("1. HTN, increase lisinopril 10 to 20", {"I10": "HTN"}, 3),
        ("1. HTN, lisinopril 10 -> 20", {"I10": "HTN"}, 3),
        ("1. Hypothyroidism, new, start levothyroxine", {"E03.9": "Hypothyroidism"}, 3),
        ("1. Pyelonephritis", {"N10": "Pyelonephritis"}, 3),
        ("1. Colles fracture", {"S52.531A": "Colles fracture"}, 3),
        ("1. Breast lump", {"N63.10": "Breast lump"}, 3),
        ("1. Asthma, severe exacerbation", {"J45.901": "Asthma"}, 4),
        ("1. NSTEMI", {"I21.4": "NSTEMI"}, 4),
        ("1. Cellulitis, offered admission", {"L03.115": "Cellulitis"}, 4),
        ("1. COPD flare. Considered admission", {"J44.1": "COPD flare"}, 4),
    ],
)
def test_level(chart_of, make_diagnosis, plan, diagnoses, level):
    text = f"HPI: here today\n\nA/P:\n{plan}\n"
    ranked = [make_diagnosis(text, code, words) for code, words in diagnoses.items()]
    problems, _ = problems_addressed(chart_of(text), ranked)
    assert problems_element(problems).level == level


@pytest.mark.parametrize(
    ("text", "code", "words", "reason"),
    [
        ("PMH: gout\n\nA/P:\n1. HTN stable", "M10.9", "gout", "history"),
        ("Problem list:\n- gout\n- CAD\n\nAssessment:\n1. HTN stable", "I25.10", "CAD", "history"),
        ("HPI: gout flared last year\n\nA/P:\n1. HTN stable", "M10.9", "gout", "not assessed"),
        ("HPI: x\n\nA/P:\n1. Hypothyroidism - PCP\n2. HTN", "E03.9", "Hypothyroidism", "another clinician"),
        ("HPI: x\n\nA/P:\n1. Asthma, managed by pulm, no issue", "J45.20", "Asthma", "another clinician"),
    ],
)
def test_not_counted(chart_of, make_diagnosis, text, code, words, reason):
    problems, left_out = problems_addressed(chart_of(text), [make_diagnosis(text, code, words)])
    assert not problems
    assert reason in left_out[0].reason
    assert left_out[0].evidence[0].quote == words


def test_a_listed_problem_without_a_code_counts_when_it_was_managed(chart_of):
    problems, _ = problems_addressed(chart_of("HPI: x\n\nA/P:\n1. Odd rash: triamcinolone 0.1% bid\n"), [])
    assert [problem.kind for problem in problems] == ["acute"]


def test_a_disease_called_stable_is_stable_whatever_its_name(chart_of, make_diagnosis):
    text = "HPI: x\n\nA/P:\n1. Severe OSA on CPAP, well controlled\n"
    problems, _ = problems_addressed(chart_of(text), [make_diagnosis(text, "G47.33", "Severe OSA")])
    assert [problem.kind for problem in problems] == ["chronic"]


def test_no_problem_is_the_lowest_level():
    assert problems_element([]).level == 1
