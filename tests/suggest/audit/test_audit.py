"""What an audit says of assigned codes, with the model that ships."""

from __future__ import annotations

import pytest

from suggest.audit.missing import MISSED_FROM
from suggest.audit.records import AssignedClaim, Kind, Verdict
from suggest.audit.run import Auditor, tables_of
from suggest.edits.coded import CodedLine, CodedSet
from suggest.records import Claim, Code, Encounter, Note, Patient, Setting, Severity, Sex, System

pytestmark = pytest.mark.slow

VISIT = (
    "HPI: 63 yo M here for f/u of DM2 and HTN. Denies chest pain. Mother had breast cancer.\n"
    "Never had a stroke.\n"
    "A/P:\n1. DM2 with diabetic polyneuropathy - continue gabapentin, metformin\n2. HTN, at goal\n"
    "3. GERD without esophagitis\n4. Osteoarthritis of the right knee, primary\n"
)


@pytest.fixture(scope="module")
def auditor(suggester, home):
    return Auditor(suggester, tables_of(suggester, home))


def claim(*codes, text=VISIT, setting=Setting.OUTPATIENT, who=Claim.PROFESSIONAL):
    lines = [item if isinstance(item, CodedLine) else CodedLine(Code(System.ICD10CM, item)) for item in codes]
    encounter = Encounter("c1", (Note("n", text),), setting=setting, claim=who, patient=Patient(63, Sex.MALE))
    return AssignedClaim(CodedSet(encounter, tuple(lines)), "anna")


def verdict(auditor, code, *others, **change):
    audited = auditor.audit(claim(code, *others, **change))
    return audited.lines[0], [
        finding for finding in audited.findings if finding.codes[:1] == (audited.lines[0].line.code,)
    ]


@pytest.mark.parametrize("code", ["E11.42", "I10", "K21.9"])
def test_codes_that_the_notes_name_are_supported_with_their_words(auditor, code):
    line, findings = verdict(auditor, code)
    assert line.verdict is Verdict.SUPPORTED
    assert line.proposed
    assert line.quotes
    for quote in line.quotes:
        assert VISIT[quote.evidence.start : quote.evidence.end] == quote.evidence.quote
    assert [finding for finding in findings if finding.kind is not Kind.EDIT] == []


@pytest.mark.parametrize(
    ("code", "said"),
    [("R07.9", "negated"), ("C50.919", "family"), ("I63.9", "negated")],
)
def test_codes_that_the_notes_speak_against_are_unsupported(auditor, code, said):
    line, findings = verdict(auditor, code)
    assert line.verdict is Verdict.UNSUPPORTED
    assert [finding.kind for finding in findings if finding.kind is not Kind.EDIT] == [Kind.UNSUPPORTED]
    assert said in {quote.said for quote in line.quotes}


@pytest.mark.parametrize(
    ("setting", "who", "expected"),
    [
        (Setting.INPATIENT, Claim.FACILITY, Verdict.SUPPORTED),
        (Setting.OUTPATIENT, Claim.PROFESSIONAL, Verdict.UNSUPPORTED),
    ],
)
def test_the_final_statement_of_a_stay_may_be_uncertain(auditor, setting, who, expected):
    text = "DISCHARGE SUMMARY\nFinal diagnoses:\n1. NSTEMI\n2. Probable obstructive sleep apnea\n"
    line = auditor.audit(claim("I21.4", "G47.33", text=text, setting=setting, who=who)).lines[1]
    assert line.verdict is expected


def test_words_that_speak_against_a_code_come_first(auditor):
    line, _findings = verdict(auditor, "R07.9")
    assert line.quotes[0].said == "negated"


@pytest.mark.parametrize("code", ["J18.9", "B20"])
def test_codes_that_nothing_leads_to_are_told_apart_from_those_that_the_notes_deny(auditor, code):
    line, findings = verdict(auditor, code)
    assert line.verdict is Verdict.NOT_FOUND
    (finding,) = [finding for finding in findings if finding.kind is not Kind.EDIT]
    assert finding.kind is Kind.NOT_FOUND
    assert "may have misread" in finding.remedy


def test_words_that_name_a_part_of_a_code_support_it_only_where_it_is_probable(auditor):
    text = "A/P:\n1. Acute on chronic systolic heart failure, IV furosemide\n"
    chronic, acute = auditor.audit(claim("I50.23", "I50.21", text=text)).lines
    assert chronic.verdict is Verdict.SUPPORTED
    assert acute.verdict is Verdict.NOT_FOUND
    assert acute.reason.startswith("no words that name it were found")
    assert acute.quotes


@pytest.mark.parametrize(
    ("code", "instead", "kind"),
    [
        ("E11.9", "E11.42", Kind.MORE_SPECIFIC),
        ("M17.9", "M17.11", Kind.MORE_SPECIFIC),
        ("M17.12", "M17.11", Kind.DIFFERENT),
    ],
)
def test_a_better_code_of_the_category_is_named_once(auditor, code, instead, kind):
    audited = auditor.audit(claim(code))
    line = audited.lines[0]
    assert line.instead is not None
    assert line.instead.code == instead
    (finding,) = [finding for finding in audited.findings if finding.kind is kind]
    assert [code.code for code in finding.codes] == [code, instead]
    assert not [f for f in audited.findings if f.kind is Kind.MISSED and f.codes[0].code == instead]


def test_probable_codes_that_nobody_assigned_are_missed(auditor):
    audited = auditor.audit(claim("E11.42"))
    missed = {finding.codes[0].code: finding for finding in audited.findings if finding.kind is Kind.MISSED}
    assert "M17.11" in missed
    assert all(finding.probability >= MISSED_FROM and finding.quotes for finding in missed.values())
    assert "E11.42" not in missed


def test_status_codes_are_optional_unless_a_note_of_the_tabular_list_asks_for_them(auditor):
    text = "Former smoker, quit 2010. Long-term insulin use.\nA/P:\n1. Type 2 diabetes on insulin\n2. HTN"
    found = auditor.audit(claim("I10", text=text)).findings
    assert [f.codes[0].code for f in found if f.kind is Kind.OPTIONAL] == ["Z79.4", "Z87.891"]
    asked = auditor.audit(claim("E11.9", "I10", text=text)).findings
    assert [f.codes[0].code for f in asked if f.kind is Kind.OPTIONAL] == ["Z87.891"]
    assert [f.codes[0].code for f in asked if f.kind is Kind.MISSED] == ["Z79.4"]


def test_what_only_an_examination_names_is_optional(auditor):
    text = "CT abdomen\nFINDINGS: Diverticulosis of the colon. Fatty liver.\nA/P: HTN"
    found = auditor.audit(claim("I10", text=text)).findings
    assert {f.kind for f in found if f.codes[0].code in {"K57.30", "K76.0"}} <= {Kind.OPTIONAL}


def test_what_edits_would_object_to_beside_a_supported_code_is_not_missed(auditor):
    text = "A/P:\n1. Influenza A with bronchitis, rapid test positive. Flu, oseltamivir\n"
    kinds = {f.codes[0].code for f in auditor.audit(claim("J10.1", text=text)).findings if f.kind is Kind.MISSED}
    assert "J11.1" not in kinds


def test_an_operation_that_is_coded_with_another_device_is_not_missed(auditor):
    text = (
        "OPERATIVE REPORT\nProcedure: right total knee replacement, cemented, through an open approach\nDx: OA knee\n"
    )
    stay = {"setting": Setting.INPATIENT, "who": Claim.FACILITY}
    for code in ("0SRC0J9", "0SRC0JA", "0SRC0JZ"):
        line = CodedLine(Code(System.ICD10PCS, code))
        found = auditor.audit(claim("M17.11", line, text=text, **stay)).findings
        assert not any(f.codes[0].code.startswith("0SRC") for f in found if f.kind is Kind.MISSED)


def test_the_other_side_is_said(auditor):
    line, _findings = verdict(auditor, "M17.12")
    assert line.reason == "the notes lead to the same code of the other side"


def test_another_level_of_visit_says_what_decides_it(auditor):
    visit = CodedLine(Code(System.CPT, "99215"))
    audited = auditor.audit(claim("E11.42", "I10", visit))
    line = audited.lines[-1]
    assert line.verdict is Verdict.DIFFERENT
    assert line.reason.startswith("the notes lead to another level of visit: ")
    assert "Risk: prescription drug management (moderate)" in line.reason
    # the words of what decides, not those that name the visit
    assert any("metformin" in quote.evidence.quote or "gabapentin" in quote.evidence.quote for quote in line.quotes)


def test_nothing_is_said_twice_of_sequence(auditor):
    audited = auditor.audit(claim("Z79.84", "E11.42", "I10"))
    sources = [f.source for f in audited.findings if f.kind is Kind.EDIT and f.severity is Severity.WARNING]
    assert not any("sequence" in source for source in sources)


def test_a_status_code_in_front_is_a_matter_of_sequence(auditor):
    audited = auditor.audit(claim("Z79.84", "E11.42", "I10"))
    (finding,) = [finding for finding in audited.findings if finding.kind is Kind.SEQUENCING]
    assert [code.code for code in finding.codes] == ["Z79.84", "E11.42"]
    assert finding.source == "guideline I.C.4.a"
    assert audited.sequence[0] == "E11.42"
    right = auditor.audit(claim("E11.42", "I10", "Z79.84"))
    assert not [finding for finding in right.findings if finding.kind is Kind.SEQUENCING]


def test_edits_speak_as_errors_and_warnings_only(auditor):
    audited = auditor.audit(claim("E11.42", "E11.4", "I10"))
    edits = [finding for finding in audited.findings if finding.kind is Kind.EDIT]
    assert any(finding.codes[0].code == "E11.4" for finding in edits)
    assert {finding.severity for finding in edits} <= {Severity.ERROR, Severity.WARNING}


def test_codes_that_no_set_holds_are_not_assessed(auditor):
    unknown = CodedLine(Code(System.CPT, "9999X"))
    line, _findings = verdict(auditor, "Z99.999", unknown)
    assert line.verdict is Verdict.NOT_ASSESSED
    assert line.title == ""
    audited = auditor.audit(claim("I10", unknown))
    assert audited.lines[1].verdict is Verdict.NOT_ASSESSED
    assert audited.lines[1].group == "CPT: not in the code set"


def test_codes_of_a_system_that_such_claims_do_not_carry_are_not_assessed(auditor):
    operation = CodedLine(Code(System.ICD10PCS, "0FT44ZZ"))
    audited = auditor.audit(claim("I10", operation))
    assert audited.lines[1].verdict is Verdict.NOT_ASSESSED


INJECTION = (
    "PROCEDURE: Right knee injection. After consent the right knee was prepped and 40 mg of triamcinolone with "
    "lidocaine was injected into the knee joint by the anterolateral approach.\n"
    "Dx: primary osteoarthritis, right knee\n"
)


def test_modifiers_and_units_are_compared(auditor):
    injection = CodedLine(Code(System.CPT, "20610"), modifiers=("LT",))
    drug = CodedLine(Code(System.HCPCS, "J3301"), units=1)
    audited = auditor.audit(claim("M17.11", injection, drug, text=INJECTION))
    messages = {finding.kind: finding.message for finding in audited.findings}
    assert "RT is not on the claim" in messages[Kind.MODIFIERS]
    assert "LT is on the claim" in messages[Kind.MODIFIERS]
    assert messages[Kind.UNITS] == "the claim has 1 unit, the notes lead to 4"


REMOVAL = (
    "Established patient. HPI: f/u HTN, not controlled, headaches. Also cerumen impaction, right ear.\n"
    "Procedure: impacted cerumen removed from the right ear with a curette.\n"
    "A/P:\n1. HTN, uncontrolled - start lisinopril, recheck in 4 weeks\n2. Impacted cerumen, right ear\n"
)


def modifiers_of(auditor, *lines):
    audited = auditor.audit(claim("I10", "H61.21", *lines, text=REMOVAL))
    return [f.message for f in audited.findings if f.kind is Kind.MODIFIERS]


def test_modifiers_that_follow_from_other_lines_are_left_to_edits(auditor):
    visit, removal = Code(System.CPT, "99214"), CodedLine(Code(System.CPT, "69210"), modifiers=("RT",))
    assert modifiers_of(auditor, CodedLine(visit, modifiers=("25",)), removal) == []
    # the edit says it, and nothing else says it again
    assert modifiers_of(auditor, CodedLine(visit), removal) == []
    audited = auditor.audit(claim("I10", "H61.21", CodedLine(visit), removal, text=REMOVAL))
    assert any("without modifier 25" in f.message for f in audited.findings if f.kind is Kind.EDIT)


def test_a_claim_without_codes_or_text(auditor):
    audited = auditor.audit(claim(text=" "))
    assert audited.lines == ()
    assert audited.sequence == ()
    assert not [finding for finding in audited.findings if finding.kind is not Kind.EDIT]
    blank = auditor.audit(claim("I10", text=" "))
    assert blank.lines[0].verdict is Verdict.NOT_FOUND


def test_messages_hold_no_words_of_the_chart(auditor):
    text = VISIT.replace("GERD", "zebrafish GERD").replace("HTN, at goal", "HTN, zebrafish")
    audited = auditor.audit(claim("Z79.84", "R07.9", "E11.9", "K21.9", text=text))
    told = [f"{f.message} {f.remedy} {f.source}" for f in audited.findings] + [line.reason for line in audited.lines]
    assert not any("zebrafish" in part for part in told)
