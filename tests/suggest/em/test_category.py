"""Category of a visit, and documents that are none."""

from __future__ import annotations

import pytest

from suggest.em.category import category, is_visit

BODY = "\n\nHPI: cough for two days\n\nExam: clear\n\nA/P:\n1. HTN, stable\n"


@pytest.mark.parametrize(
    ("title", "facts", "family"),
    [
        ("OFFICE VISIT", {}, "office-established"),
        ("NEW PATIENT VISIT", {}, "office-new"),
        ("Derm visit 1-30-26 (NEW)", {}, "office-new"),
        ("Office visit, established pt, new left leg swelling", {}, "office-established"),
        ("Follow up. Seen 3 wk ago as new pt.", {}, "office-established"),
        ("VIDEO VISIT, est pt", {"setting": "telehealth"}, "office-established"),
        ("ED PROVIDER NOTE", {"setting": "ed"}, "emergency"),
        ("Hospitalist H&P", {"setting": "professional-inpatient"}, "hospital-initial"),
        ("Hospitalist progress note HD 3", {"setting": "professional-inpatient"}, "hospital-subsequent"),
        ("Discharge summary", {"setting": "professional-inpatient"}, "hospital-discharge"),
        ("SNF monthly regulatory visit", {"setting": "nursing-facility"}, "nursing-facility-subsequent"),
        ("Initial SNF visit", {"setting": "nursing-facility"}, "nursing-facility-initial"),
        ("SNF discharge visit", {"setting": "nursing-facility"}, "nursing-facility-discharge"),
        ("HOME VISIT follow up", {}, "home-established"),
        ("Home visit, new patient", {"setting": "home-health"}, "home-new"),
        # consultations only where the payer is known to take them
        ("Consult requested by Dr. A, new patient, written report", {}, "office-new"),
        ("Consult requested by Dr. A, new patient", {"payer": "medicare"}, "office-new"),
        ("Consult requested by Dr. A, new patient", {"payer": "bcbs-ppo"}, "consultation-outpatient"),
        ("CARDIOLOGY CONSULT requested by Dr. A", {"setting": "professional-inpatient"}, "hospital-initial"),
        (
            "CARDIOLOGY CONSULT requested by Dr. A. Aetna",
            {"setting": "professional-inpatient"},
            "consultation-inpatient",
        ),
        (
            "CARDIOLOGY CONSULT requested by Dr. A. Aetna",
            {"setting": "professional-inpatient", "payer": "medicare"},
            "hospital-initial",
        ),
        (
            "Hospital note",
            {"setting": "professional-inpatient", "admission": "2026-01-02", "date_of_service": "2026-01-02"},
            "hospital-initial",
        ),
        (
            "Discharge summary",
            {"setting": "professional-inpatient", "admission": "2026-01-02", "discharge": "2026-01-02"},
            "hospital-same-day",
        ),
    ],
)
def test_category(chart_of, title, facts, family):
    chart = chart_of(title + BODY, **facts)
    assert is_visit(chart)
    assert category(chart).family == family


@pytest.mark.parametrize(
    ("title", "facts"),
    [
        ("OPERATIVE REPORT", {}),
        ("COLONOSCOPY REPORT", {}),
        ("Op note", {"setting": "professional-surgery"}),
        ("Preop holding", {"setting": "professional-surgery"}),
        ("PHYSICAL THERAPY INITIAL EVALUATION", {}),
        ("Anesthesia record", {"setting": "professional-surgery"}),
        ("INFUSION CENTER NOTE", {}),
        ("PSYCHIATRIC DIAGNOSTIC EVALUATION", {}),
        ("COMPREHENSIVE EYE EXAM", {}),
        ("OB RETURN VISIT", {}),
        ("Wound note. No separate E/M.", {}),
        ("Office visit", {"claim": "facility"}),
        ("Office visit", {"role": "therapist"}),
    ],
)
def test_documents_that_are_no_visit(codes_of, title, facts):
    assert codes_of(title + BODY, {"I10": "HTN"}, **facts) == []


def test_the_read_of_an_image_is_no_visit(codes_of):
    text = "CT ABDOMEN AND PELVIS\n\nTechnique: axial\n\nFindings: no stone\n\nImpression: normal\n"
    assert codes_of(text) == []


def test_a_report_with_a_visit_is_one(codes_of):
    assert codes_of("INFUSION DAY NOTE + VISIT" + BODY, {"I10": "HTN"})
