"""Claim lines: selection, modifiers and pointers of procedures."""

from __future__ import annotations

from datetime import date

import pytest

from suggest.procedures.pointers import pointers
from suggest.procedures.quantities import Quantity
from suggest.procedures.units import amount
from suggest.records import Assertion, AssertionStatus, Code, Evidence, RankedCode, Support, System


def ranked(code: str, title: str, start: int, *, system: System = System.ICD10CM) -> RankedCode:
    evidence = Evidence("n", start, start + 4, f"w{start}")
    return RankedCode(Code(system, code), title, 0.9, (Support(evidence, "plan", Assertion(), "", "title"),))


def lines_of(suggester, chart, text: str, **facts):
    found = suggester.suggest(chart(text, **facts)).codes
    return {line.ranked.code.code: line for line in found if line.role == "procedure"}


def reasons(suggester, chart, text: str, **facts) -> dict[str, str]:
    suppressed = suggester.suggest(chart(text, **facts)).suppressed
    return {held.ranked.code.code: held.rule for held in suppressed}


class TestPointers:
    def test_a_diagnosis_of_the_same_part_of_the_body_justifies(self) -> None:
        diagnoses = [ranked("E11.9", "Type 2 diabetes", 0), ranked("M17.11", "Osteoarthritis, right knee", 900)]
        procedure = ranked("20610", "Knee joint injected", 500, system=System.CPT)
        assert pointers(procedure, diagnoses, visit=False)[0] == 2

    def test_a_diagnosis_in_the_same_line_justifies(self) -> None:
        diagnoses = [ranked("I10", "Hypertension", 0), ranked("L02.91", "Abscess", 505)]
        assert pointers(ranked("10060", "Drainage", 500, system=System.CPT), diagnoses, visit=False) == (2,)

    def test_a_visit_is_justified_by_the_first_four(self) -> None:
        diagnoses = [ranked(f"E1{i}.9", "Disease", 100 * i) for i in range(6)]
        assert pointers(ranked("99213", "Visit", 0, system=System.CPT), diagnoses, visit=True) == (1, 2, 3, 4)

    def test_an_external_cause_justifies_nothing(self) -> None:
        diagnoses = [ranked("W19.XXXA", "Fall", 500), ranked("S61.011A", "Laceration of thumb", 0)]
        assert pointers(ranked("12001", "Repair", 500, system=System.CPT), diagnoses, visit=False) == (2,)

    def test_there_may_be_none(self) -> None:
        assert pointers(ranked("12001", "Repair", 0, system=System.CPT), [], visit=False) == ()


@pytest.mark.parametrize(
    ("of", "value", "unit", "expected"),
    [
        ("mg", 40, "mg", 40),
        ("g", 1, "mg", 1000),
        ("mcg", 500, "mg", 0.5),
        ("units", 100, "units", 100),
        ("ml", 2, "mg", None),
    ],
)
def test_doses_in_other_units(of: str, value: float, unit: str, expected: float | None) -> None:
    assert amount(Quantity("dose", value, 0, 1, of), unit) == expected


@pytest.mark.parametrize(
    ("text", "code", "modifier"),
    [
        ("PROCEDURE: left knee injection, Kenalog 40 mg.", "20610", "LT"),
        ("PROCEDURE: bilateral knee injections, Kenalog 40 mg each.", "20610", "50"),
        ("Rapid strep test positive.", "87880", "QW"),
    ],
)
def test_modifiers_have_reasons(procedure_suggester, chart, text: str, code: str, modifier: str) -> None:
    line = lines_of(procedure_suggester, chart, text)[code]
    assert modifier in line.modifiers
    assert len(line.modifier_reasons) == len(line.modifiers)
    assert all(line.modifier_reasons)


def test_a_reading_in_a_hospital_is_the_professional_part(procedure_suggester, chart) -> None:
    text = "CT head without contrast: no bleed. Read by me."
    assert "26" in lines_of(procedure_suggester, chart, text, setting="ed")["70450"].modifiers


def test_what_a_proposed_service_contains_is_held_back(procedure_suggester, chart) -> None:
    text = "PROCEDURE: colonoscopy with snare polypectomy.\nDiagnostic colonoscopy to the cecum."
    assert reasons(procedure_suggester, chart, text).get("45378") in ("contained", "same-words")


@pytest.mark.parametrize(
    "text", ["No colonoscopy was performed.", "s/p colonoscopy 2019.", "If bleeding, colonoscopy."]
)
def test_what_was_not_done_is_not_proposed(procedure_suggester, chart, text: str) -> None:
    assert "45378" not in lines_of(procedure_suggester, chart, text)


def test_drugs_of_a_hospital_are_not_on_the_claim_of_a_surgeon(procedure_suggester, chart) -> None:
    text = "Cefazolin 2 g IV given."
    assert "J0690" in lines_of(procedure_suggester, chart, text)
    assert reasons(procedure_suggester, chart, text, setting="professional-surgery").get("J0690") == "institution"


@pytest.mark.parametrize(
    "listed",
    [
        "Ketorolac 30 mg IM weekly",
        "ketorolac 30 mg IM at bedtime",
        "Ketorolac 30 mg every 6 h",
        "ketorolac 10 mg tabs",
    ],
)
def test_medicines_that_the_patient_takes_are_no_service(procedure_suggester, chart, listed: str) -> None:
    taken = f"MEDICATIONS: {listed}\n"
    assert "J1885" not in lines_of(procedure_suggester, chart, taken)
    both = f"{taken}PLAN: Ketorolac 30 mg IM given."
    assert "J1885" in lines_of(procedure_suggester, chart, both)


def test_medicines_that_are_given_here_are_one_also_in_a_list(procedure_suggester, chart) -> None:
    text = "MEDICATIONS: Ketorolac 30 mg IM given. Vitamin daily."
    assert "J1885" in lines_of(procedure_suggester, chart, text)


def test_facilities_have_no_cpt_codes_and_clinicians_no_pcs(procedure_suggester, chart) -> None:
    text = "PROCEDURE: laparoscopic cholecystectomy."
    professional = lines_of(procedure_suggester, chart, text)
    stay = lines_of(procedure_suggester, chart, text, setting="inpatient", claim="facility")
    assert {line.ranked.code.system for line in professional.values()} == {System.CPT}
    assert {line.ranked.code.system for line in stay.values()} == {System.ICD10PCS}
    assert "0FT44ZZ" in stay


def test_procedures_stand_behind_the_diagnoses(procedure_suggester, chart) -> None:
    codes = procedure_suggester.suggest(
        chart("A/P: hypertension, uncontrolled; start amlodipine. ECG done, read by me.")
    ).codes
    roles = [line.role == "procedure" for line in codes]
    assert roles == sorted(roles)


def test_evidence_is_exact(procedure_suggester, chart) -> None:
    text = "A/P: cerumen impaction, both ears. Cerumen removed with curette by me."
    for line in procedure_suggester.suggest(chart(text)).codes:
        for support in line.ranked.support:
            assert text[support.evidence.start : support.evidence.end] == support.evidence.quote


def test_a_planned_procedure_is_marked_as_such(procedure_suggester, chart) -> None:
    ranked_codes = procedure_suggester.suggest(chart("If pain persists, colonoscopy.")).ranked
    found = next(code for code in ranked_codes if code.code.code == "45378")
    assert found.support[0].assertion.status is AssertionStatus.HYPOTHETICAL
    assert found.against


def test_a_date_of_service_is_looked_at(services) -> None:
    hcpcs = next(found for found in services.catalogue.sets if found.system is System.HCPCS)
    assert hcpcs.live_on("J3301", date(2026, 3, 2))
