"""Visits whose code the age decides."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("age", "established", "new"),
    [
        (0.3, "99391", "99381"),
        (1, "99392", "99382"),
        (4.9, "99392", "99382"),
        (5, "99393", "99383"),
        (12, "99394", "99384"),
        (17, "99394", "99384"),
        (18, "99395", "99385"),
        (40, "99396", "99386"),
        (64, "99396", "99386"),
        (65, "99397", "99387"),
    ],
)
def test_preventive_by_age(codes_of, age, established, new):
    body = "\n\nExam: normal\n\nA/P:\n1. Well exam\n"
    assert codes_of("ANNUAL PHYSICAL, established" + body, age=age) == [established]
    assert codes_of("ANNUAL PHYSICAL, new patient" + body, age=age) == [new]


@pytest.mark.parametrize(
    ("title", "facts", "code"),
    [
        ("Welcome to Medicare visit", {"age": 65}, "G0402"),
        ("Initial annual wellness visit", {"age": 66, "payer": "medicare"}, "G0438"),
        ("MEDICARE ANNUAL WELLNESS - SUBSEQUENT", {"age": 72}, "G0439"),
        ("Annual wellness visit", {"age": 45}, "99396"),
    ],
)
def test_wellness(codes_of, title, facts, code):
    assert codes_of(title + "\n\nHRA done.\n\nA/P:\n1. Plan given\n", **facts) == [code]


def test_a_problem_treated_beside_a_preventive_visit_is_a_visit_of_its_own(visits_of):
    text = "WELL CHILD CHECK\n\nExam: bulging drum\n\nA/P:\nWell child\n1. Otitis media: amoxicillin 90/kg x10d\n"
    well, sick = visits_of(text, {"H66.001": "Otitis media"}, age=2)
    assert (well.code, sick.code) == ("99392", "99213")
    assert [m.code for m in sick.modifiers] == ["25"]


def test_a_problem_only_noted_in_a_preventive_visit_is_part_of_it(codes_of):
    text = "WELL CHILD CHECK\n\nExam: normal\n\nA/P:\nWell child\n1. Umbilical hernia, watch\n"
    assert codes_of(text, {"K42.9": "Umbilical hernia"}, age=2) == ["99392"]


@pytest.mark.parametrize(
    ("visits", "age", "code"),
    [
        ("Total 4 visits this month", 60, "90960"),
        ("Total 3 visits this month", 60, "90961"),
        ("4th face to face this month", 60, "90960"),
        ("Face to face visits: 8/4 (complete), 8/11, 8/18, 8/25 = 4 visits", 60, "90960"),
        ("Face to face by MD 8/4, 8/11 and 8/18", 60, "90961"),
        ("Seen three times this month", 60, "90961"),
        ("Total 1 visit this month", 60, "90962"),
        ("Total 4 visits this month", 15, "90957"),
        ("Total 2 visits this month", 5, "90955"),
        ("Total 1 visit this month", 1, "90953"),
        ("Home dialysis, monthly visit", 60, "90966"),
    ],
)
def test_month_of_dialysis(codes_of, visits, age, code):
    text = f"DIALYSIS monthly MCP note. {visits}.\n\nA/P:\n1. ESRD\n"
    assert codes_of(text, setting="dialysis-facility", age=age) == [code]


def test_a_single_dialysis_is_no_month(codes_of):
    assert codes_of("Dialysis run note\n\nA/P:\n1. ESRD\n", setting="dialysis-facility") == []


@pytest.mark.parametrize(
    ("text", "age", "code"),
    [
        ("NEWBORN NURSERY admission H&P, day 1", 0.0, "99460"),
        ("NEWBORN NURSERY - DAY 2", 0.005, "99462"),
        ("Newborn nursery discharge summary", 0.005, "99238"),
        ("NICU progress note DOL 12, critically ill on CPAP", 0.03, "99469"),
        ("NICU admission note, critically ill on ventilator", 0.0, "99468"),
        ("PICU progress note, day 3, ventilator, critically ill", 1.0, "99472"),
        ("PICU progress note, day 3, critically ill", 3.0, "99476"),
        ("NICU progress note DOL 20. Weight today 1400 g, room air", 0.05, "99478"),
        ("NICU progress note DOL 30. Weight today 2600 g, room air", 0.07, "99480"),
    ],
)
def test_newborns(codes_of, text, age, code):
    assert codes_of(text + "\n\nA/P:\n1. Feeding\n", setting="professional-inpatient", age=age) == [code]
