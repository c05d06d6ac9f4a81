"""From a chart to its visits."""

from __future__ import annotations

import re

import pytest

from suggest.em.families import by_decision, by_time, families
from suggest.records import Setting

STABLE = "1. HTN, stable\n"
MODERATE = "1. HTN not at goal, increase lisinopril 10 to 20\n"
HIGH = "1. COPD flare with hypoxia, severe exacerbation, prednisone, offered admission\n"
# Words that would ask someone to document more than was done.
ADVICE = re.compile(
    r"\b(?:should|could|would|must|please|consider|add|document (?:more|the|that)|clarify|specify|missing|insufficient"
    r"|to support|to reach|upgrade|improve|need|needs|needed|lacks?|in order to|capture|optimi[sz]e|query)\b",
    re.I,
)


def office(plan: str, extra: str = "", title: str = "Office visit, established") -> str:
    return f"{title}\n\nHPI: here for a check\n\nExam: normal\n\nA/P:\n{plan}\n{extra}\n"


@pytest.mark.parametrize(
    ("plan", "diagnoses", "established", "new"),
    [
        ("1. Cold, rest", {"J00": "Cold"}, "99212", "99202"),
        (
            "1. Strep pharyngitis, amoxicillin. Rapid strep pos, flu neg",
            {"J02.0": "Strep pharyngitis"},
            "99213",
            "99203",
        ),
        (MODERATE, {"I10": "HTN"}, "99214", "99204"),
        (HIGH, {"J44.1": "COPD flare"}, "99215", "99205"),
    ],
)
def test_office_levels(codes_of, plan, diagnoses, established, new):
    assert codes_of(office(plan), diagnoses) == [established]
    assert codes_of(office(plan, title="Office visit, new patient"), diagnoses) == [new]


@pytest.mark.parametrize(
    ("title", "setting", "codes"),
    [
        ("ED note", "ed", ("99282", "99284", "99285")),
        ("H&P", "professional-inpatient", ("99221", "99222", "99223")),
        ("Progress note", "professional-inpatient", ("99231", "99232", "99233")),
        ("Monthly visit", "nursing-facility", ("99307", "99309", "99310")),
        ("Initial visit", "nursing-facility", ("99304", "99305", "99306")),
        ("Visit, established", "home-health", ("99347", "99349", "99350")),
        ("Visit, new patient", "home-health", ("99341", "99344", "99345")),
    ],
)
def test_levels_by_setting(codes_of, title, setting, codes):
    cases = (("1. Cold, rest", {"J00": "Cold"}), (MODERATE, {"I10": "HTN"}), (HIGH, {"J44.1": "COPD flare"}))
    found = [codes_of(office(plan, title=title), diagnoses, setting=setting) for plan, diagnoses in cases]
    assert found == [[code] for code in codes]


@pytest.mark.parametrize(
    ("minutes", "code", "basis"),
    [(15, "99214", "mdm"), (30, "99214", "mdm"), (39, "99214", "mdm"), (40, "99215", "time"), (54, "99215", "time")],
)
def test_the_higher_of_decision_making_and_time(visits_of, minutes, code, basis):
    (visit,) = visits_of(office(MODERATE, f"Total time {minutes} minutes."), {"I10": "HTN"})
    assert (visit.code, visit.basis) == (code, basis)


def test_emergency_visits_have_no_time(codes_of):
    text = office(MODERATE, "Total time 90 minutes.", title="ED note")
    assert codes_of(text, {"I10": "HTN"}, setting="ed") == ["99284"]


@pytest.mark.parametrize(
    ("minutes", "payer", "codes", "units"),
    [
        (54, None, ["99215"], 1),
        (55, None, ["99215", "99417"], 1),
        (70, None, ["99215", "99417"], 2),
        (68, "medicare", ["99215", "G2211"], 1),
        (69, "medicare", ["99215", "G2212", "G2211"], 1),
    ],
)
def test_prolonged_service(visits_of, minutes, payer, codes, units):
    found = visits_of(office(MODERATE, f"Total time {minutes} minutes."), {"I10": "HTN"}, payer=payer)
    assert [visit.code for visit in found] == codes
    assert max(visit.units for visit in found) == units


@pytest.mark.parametrize(
    ("minutes", "payer", "codes", "units"),
    [
        (29, None, ["99284"], 1),
        (30, None, ["99291"], 1),
        (74, None, ["99291"], 1),
        (75, None, ["99291", "99292"], 1),
        (105, None, ["99291", "99292"], 2),
        (103, "medicare", ["99291"], 1),
        (104, "medicare", ["99291", "99292"], 1),
    ],
)
def test_critical_care(visits_of, minutes, payer, codes, units):
    text = office(MODERATE, f"Critical care time {minutes} minutes.", title="ED note")
    found = visits_of(text, {"I10": "HTN"}, setting="ed", payer=payer)
    assert [visit.code for visit in found] == codes
    assert max(visit.units for visit in found) == units


@pytest.mark.parametrize(
    ("minutes", "codes"),
    [(15, []), (16, ["99497"]), (45, ["99497"]), (46, ["99497", "99498"])],
)
def test_advance_care_planning(codes_of, minutes, codes):
    text = office(MODERATE, f"Advance care planning {minutes} min.")
    assert codes_of(text, {"I10": "HTN"}) == ["99214", *codes]


def test_discharge_by_minutes(codes_of):
    facts = {"setting": "professional-inpatient"}
    assert codes_of(office(STABLE, title="Discharge summary"), {"I10": "HTN"}, **facts) == ["99238"]
    long = office(STABLE, "Total time 35 minutes.", title="Discharge summary")
    assert codes_of(long, {"I10": "HTN"}, **facts) == ["99239"]


@pytest.mark.parametrize(
    ("plan", "diagnoses", "days", "code"),
    [(MODERATE, {"I10": "HTN"}, 10, "99495"), (HIGH, {"J44.1": "COPD flare"}, 5, "99496")],
)
def test_transitional_care(codes_of, plan, diagnoses, days, code):
    text = office(plan, title=f"Transitional care visit, discharged, day {days}")
    assert codes_of(text, diagnoses) == [code]


def test_a_minor_procedure_includes_its_own_visit(codes_of):
    text = office("1. Knee OA, injected today\n")
    assert codes_of(text, {"M17.11": "Knee OA"}, ("20610",)) == []
    text = office("1. Knee OA, injected today\n" + MODERATE.replace("1.", "2."))
    assert codes_of(text, {"M17.11": "Knee OA", "I10": "HTN"}, ("20610",)) == ["99214"]


def test_a_visit_within_the_global_period(codes_of):
    text = office("1. Knee replaced, healing\n", title="Post op visit, 3 weeks out from TKA")
    assert codes_of(text, {"Z96.651": "Knee replaced"}) == ["99024"]
    late = office(STABLE, title="Post op visit, 8 months out from TKA")
    assert codes_of(late, {"I10": "HTN"}) != ["99024"]


def test_a_surgeons_day_after_surgery_is_part_of_it(codes_of):
    facts = {"setting": "professional-inpatient"}
    assert codes_of(office(STABLE, title="Surgery progress note POD 2"), {"I10": "HTN"}, **facts) == ["99024"]
    assert codes_of(office(STABLE, title="Medicine progress note POD 2"), {"I10": "HTN"}, **facts) == ["99231"]


def test_a_note_that_nothing_tells_to_be_a_visit_is_none(codes_of):
    assert codes_of("Called in. Form mailed.\n") == []
    assert codes_of("Office visit, established\n\nForm filled.\n") == ["99212"]


def test_a_visit_with_clinical_staff(codes_of):
    assert codes_of("Nurse visit: BP check\n\nBP 130/80\n") == ["99211"]
    assert codes_of("BP check\n\nBP 130/80\n", role="nurse") == ["99211"]


def test_complexity_add_on_not_beside_25(codes_of):
    text = office(MODERATE, title="Follow up, established")
    assert codes_of(text, {"I10": "HTN"}, payer="medicare") == ["99214", "G2211"]
    assert codes_of(text, {"I10": "HTN"}, ("93000",), payer="medicare") == ["99214"]
    assert codes_of(text, {"I10": "HTN"}, ("90471", "90677"), payer="medicare") == ["99214", "G2211"]
    assert codes_of(text, {"I10": "HTN"}) == ["99214"]


def test_every_element_bears_its_words(visits_of):
    text = office(MODERATE, "Total time 45 minutes. Labs: TSH 2, A1c 7, LDL 90")
    (visit,) = visits_of(text, {"I10": "HTN"})
    spans = [e for element in visit.elements for e in element.evidence]
    assert spans
    assert all(text[e.start : e.end] == e.quote for e in spans)
    assert {element.element for element in visit.elements} == {"category", "problems", "data", "risk", "time"}


def test_alternatives_are_neighbours_that_an_element_reaches(visits_of):
    (visit,) = visits_of(office(MODERATE), {"I10": "HTN"})
    assert visit.alternatives == ("99213",)
    (visit,) = visits_of(office(MODERATE + "2. Pain, morphine 4 mg IV\n"), {"I10": "HTN"})
    assert visit.alternatives == ("99213", "99215")


@pytest.mark.parametrize("setting", ["outpatient", "telehealth", "ed", "professional-inpatient", "nursing-facility"])
@pytest.mark.parametrize("plan", [STABLE, MODERATE, HIGH, "1. Knee OA, injected, TKA agreed, risks discussed\n"])
def test_no_message_advises_to_document_or_quotes_the_chart(visits_of, setting, plan):
    text = office(plan, "Total time 90 minutes. ACP 20 min. Quit smoking 5 min. PMH: gout. ECG read by me.")
    diagnoses = (
        {"I10": "HTN"} if "HTN" in plan else {"M17.11": "Knee OA"} if "Knee" in plan else {"J44.1": "COPD flare"}
    )
    found = visits_of(text, diagnoses, ("93000",), setting=setting, payer="medicare")
    messages = [visit.reason for visit in found]
    messages += [element.what for visit in found for element in visit.elements]
    messages += [left.what + " " + left.reason for visit in found for left in visit.not_counted]
    messages += [modifier.reason for visit in found for modifier in visit.modifiers]
    assert messages
    assert not [message for message in messages if ADVICE.search(message)]
    assert not [message for message in messages if "lisinopril" in message or "COPD" in message or "Knee" in message]


def test_families_rise_in_level_and_minutes():
    for codes in families().values():
        assert [code.level for code in codes] == sorted({code.level for code in codes})
        minutes = [code.minutes for code in codes if code.minutes is not None]
        assert minutes == sorted(set(minutes))


@pytest.mark.parametrize(
    ("family", "minutes", "code"),
    [
        ("office-new", 14, None),
        ("office-new", 15, "99202"),
        ("office-new", 60, "99205"),
        ("office-established", 20, "99213"),
        ("hospital-initial", 75, "99223"),
        ("hospital-subsequent", 49, "99232"),
        ("hospital-same-day", 85, "99236"),
        ("consultation-outpatient", 55, "99245"),
        ("consultation-inpatient", 80, "99255"),
        ("nursing-facility-initial", 50, "99306"),
        ("nursing-facility-subsequent", 45, "99310"),
        ("home-new", 75, "99345"),
        ("home-established", 40, "99349"),
        ("emergency", 90, None),
    ],
)
def test_minutes_of_codes(family, minutes, code):
    at = by_time(family, minutes)
    assert (None if at is None else families()[family][at].code) == code


@pytest.mark.parametrize(
    ("family", "level", "code"),
    [("office-established", 1, "99212"), ("emergency", 1, "99282"), ("hospital-initial", 2, "99221")],
)
def test_levels_of_codes(family, level, code):
    assert families()[family][by_decision(family, level)].code == code


@pytest.mark.parametrize("setting", list(Setting))
@pytest.mark.parametrize(
    "text",
    [" ", "\n\n", "A:", "A/P:\n1.", "# ", "\u0130" * 50, "x" * 5000, "1) a\n" * 500, "(1) A (2) B " * 50, "99 min"],
)
def test_odd_texts(visits_of, setting, text):
    for visit in visits_of(text, setting=setting.value):
        assert all(text[e.start : e.end] == e.quote for element in visit.elements for e in element.evidence)
