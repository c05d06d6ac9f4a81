"""Modifiers of visits."""

from __future__ import annotations

import pytest

from suggest.em.modifiers import needs_25

OFFICE = "Office visit, established\n\nExam: x\n\nA/P:\n1. HTN not at goal, increase lisinopril 10 to 20\n"


def modifiers(visits) -> list[str]:
    return [modifier.code for modifier in visits[0].modifiers]


@pytest.mark.parametrize(
    ("code", "days", "needed"),
    [
        ("20610", "000", True),
        ("17000", "010", True),
        ("93000", "XXX", True),
        ("27447", "090", False),
        ("90833", "ZZZ", False),
        ("80053", "XXX", False),
        ("J3301", "XXX", False),
        ("90677", "XXX", False),
        ("90471", "XXX", True),
        ("96127", "XXX", False),
    ],
)
def test_services_beside_which_25_stands(code, days, needed):
    assert needs_25(code, days) is needed


@pytest.mark.parametrize(
    ("procedures", "expected"),
    [((), []), (("93000",), ["25"]), (("80053",), []), (("20610",), ["25"]), (("25605",), ["57"])],
)
def test_modifiers_beside_procedures(visits_of, procedures, expected):
    assert modifiers(visits_of(OFFICE, {"I10": "HTN"}, procedures)) == expected


def test_telehealth(visits_of):
    assert modifiers(visits_of(OFFICE, {"I10": "HTN"}, setting="telehealth")) == ["95"]
    text = OFFICE.replace("Office visit", "Telephone visit, audio only")
    assert modifiers(visits_of(text, {"I10": "HTN"}, setting="telehealth")) == ["93"]


def test_an_unrelated_problem_in_a_global_period(visits_of):
    text = "Postop visit, within global period; unrelated problem\n\nA/P:\n1. HTN not at goal, add amlodipine\n"
    (visit,) = visits_of(text, {"I10": "HTN"})
    assert visit.code.startswith("9921")
    assert [m.code for m in visit.modifiers] == ["24"]


def test_decision_for_surgery_in_hospital(visits_of):
    text = "ORTHO CONSULT, initial\n\nExam: x\n\nA/P:\n1. Hip fracture, ORIF tomorrow, pt agrees, high risk\n"
    assert modifiers(visits_of(text, {"S72.001A": "Hip fracture"}, setting="professional-inpatient")) == ["57"]


def test_the_decision_of_another_surgeon_bears_no_57(visits_of):
    text = "Hospitalist progress note\n\nExam: x\n\nA/P:\n1. Hip fracture, ORIF tomorrow, pt agrees, high risk\n"
    assert modifiers(visits_of(text, {"S72.001A": "Hip fracture"}, setting="professional-inpatient")) == []


def test_planning_beside_a_wellness_visit_is_preventive(visits_of):
    text = "Annual wellness visit, subsequent\n\nACP discussion 20 minutes.\n\nA/P:\n1. Plan given\n"
    wellness, planning = visits_of(text, procedures=("G0008", "90471"), age=70, payer="medicare")
    assert (wellness.code, wellness.modifiers) == ("G0439", ())
    assert (planning.code, [m.code for m in planning.modifiers]) == ("99497", ["33"])


def test_admitting_physician_of_medicare(visits_of):
    text = "Hospitalist H&P\n\nExam: x\n\nA/P:\n1. Pneumonia, ceftriaxone\n"
    facts = {"setting": "professional-inpatient", "age": 70}
    assert modifiers(visits_of(text, {"J18.9": "Pneumonia"}, payer="medicare", **facts)) == ["AI"]
    assert modifiers(visits_of(text, {"J18.9": "Pneumonia"}, **facts)) == []


def test_every_modifier_has_a_reason(visits_of):
    assert all(m.reason.endswith(".") for m in visits_of(OFFICE, {"I10": "HTN"}, ("93000",))[0].modifiers)
