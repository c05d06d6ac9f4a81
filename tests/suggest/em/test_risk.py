"""Risk of management (CPT E/M guidelines 2023, MDM table)."""

from __future__ import annotations

import pytest

from suggest.em.risk import decides_on_major_surgery, risk_element


@pytest.mark.parametrize(
    ("plan", "level"),
    [
        ("1. Cold, rest", 1),
        ("1. Cold, acetaminophen prn", 2),
        ("1. Strain, physical therapy", 2),
        ("1. Lipoma, excision next week", 2),
        ("1. HTN, lisinopril 10", 3),
        ("1. HTN, refills sent", 3),
        ("1. HTN, continue current meds", 3),
        ("1. HTN, lisinopril avoided", 1),
        ("1. Diabetes, adalimumab started", 3),
        ("1. Diabetes, cannot afford strips", 3),
        ("1. Knee OA, TKA scheduled for May", 3),
        ("1. Knee OA, TKA scheduled for May, high risk with CAD", 4),
        ("1. COPD flare, offered admission, declined", 4),
        ("1. Chest pain, admission not needed today", 4),
        ("1. Lymphoma on R-CHOP, therapy held for counts", 4),
        ("1. RA on methotrexate, high risk drug monitoring", 4),
        ("1. Lung cancer, DNR discussed and signed", 4),
        ("1. Renal colic, morphine 4 mg IV", 4),
        ("1. Ruptured spleen, to the OR emergently, emergency surgery", 4),
        ("1. HTN, no lisinopril", 1),
    ],
)
def test_level(chart_of, plan, level):
    assert risk_element(chart_of(f"HPI: x\n\nA/P:\n{plan}\n")).level == level


def test_home_medicines_are_no_management(chart_of):
    assert risk_element(chart_of("HPI: x\n\nMeds: lisinopril, metformin\n\nA/P:\n1. Cold, rest\n")).level == 1


def test_drugs_of_sedation_belong_to_the_procedure(chart_of):
    text = "HPI: x\n\nMDM: sedation with ketamine IV for reduction\n"
    assert risk_element(chart_of(text, setting="ed")).level < 4


def test_code_status_alone_is_no_decision(chart_of):
    assert risk_element(chart_of("HPI: x\n\nA/P:\n1. CHF, stable. DNR.\n")).level == 1


def test_in_a_stay_its_admission_is_no_decision(chart_of):
    text = "Progress note\n\nA/P:\n1. CHF, admission weight 80\n"
    assert risk_element(chart_of(text, setting="professional-inpatient")).level == 1


def test_a_referral_is_no_decision_for_surgery(chart_of):
    assert not decides_on_major_surgery(chart_of("HPI: x\n\nA/P:\n1. Knee OA, refer for TKA, risks discussed\n"))
    assert decides_on_major_surgery(chart_of("HPI: x\n\nA/P:\n1. Knee OA, TKA, pt agrees to proceed\n"))
