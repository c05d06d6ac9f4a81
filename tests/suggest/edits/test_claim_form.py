"""Edits of the claim form and of the record behind it: claims that they report, and claims that they let pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from suggest.code_sets.services import read_starter
from suggest.edits.claim_form import CLAIM_FORM_EDITS
from suggest.edits.coded import CodedLine, CodedSet
from suggest.edits.payer_policies import PayerPolicy, PolicyTable
from suggest.edits.poa_exempt import PoaExempt
from suggest.edits.record import CodingRecord, authors_of, evidence_of, record_findings
from suggest.edits.run import run_edits
from suggest.edits.tables import EditTables, open_tables
from suggest.procedures.terms import Catalogue
from suggest.records import (
    PRESENT,
    AuthorRole,
    Claim,
    Code,
    CodeLine,
    Encounter,
    Evidence,
    Note,
    NoteStatus,
    RankedCode,
    Setting,
    Severity,
    Support,
    System,
)

STAY = {"setting": Setting.INPATIENT, "claim": Claim.FACILITY}
FACILITY = {"setting": Setting.OUTPATIENT, "claim": Claim.FACILITY}
_INFECTIONS = """
A00.0 A00.1 A00.9 A01.00 A01.01 A01.02 A01.03 A01.04 A01.05 A01.09 A01.1 A01.2 A01.3 A01.4 A02.0 A02.1 A02.20 A02.21
A02.22 A02.23 A02.24 A02.25 A02.29 A02.8 A02.9 A03.0
"""
MANY = _INFECTIONS.split()
SUMMARY = Note("n", "DISCHARGE SUMMARY. Stable.", "discharge summary")


@pytest.fixture(scope="module")
def tables(index):
    return EditTables(index=index, catalogue=Catalogue(tuple(read_starter(s) for s in (System.CPT, System.HCPCS))))


def line(text):
    """Reads ``I10:Y`` as a diagnosis with its indicator and ``99213@1,2`` as a procedure with its pointers."""
    text, _, pointers = text.partition("@")
    code, _, poa = text.partition(":")
    system = System.ICD10CM
    if len(code) == 7 and "." not in code:
        system = System.ICD10PCS
    elif len(code) == 5 and code.isdigit():
        system = System.CPT
    places = tuple(int(place) for place in pointers.split(",") if place)
    return CodedLine(Code(system, code), (), 1, poa or None, places)


def claim(text, notes=(SUMMARY,), **facts):
    return CodedSet(Encounter("e", tuple(notes), **facts), tuple(line(word) for word in text.split()))


def found(edit, coded, tables):
    return [finding for one in CLAIM_FORM_EDITS for finding in one(coded, tables) if finding.edit == edit]


CLAIMS = {
    "claim-limits": (
        [
            (" ".join(MANY[:13]), {}),
            (" ".join(MANY), STAY),
            ("I10 99213@1,1,1,1,1", {}),
            (" ".join(["I10", *["0DB78ZX"] * 26]), STAY),
            (" ".join([*MANY[:14], "99213"]), {}),
        ],
        [
            (" ".join(MANY[:12]), {}),
            (" ".join(MANY[:25]), STAY),
            ("I10 99213@1", {}),
            ("I10 E11.9 E78.5 J45.909 99213@1,2,3,4", {}),
            (" ".join(["I10", *["0DB78ZX"] * 25]), STAY),
        ],
    ),
    "poa-missing": (
        [("I10", STAY), ("I10:Y E11.9", STAY), ("A41.9 Z79.4", STAY), ("S52.501A:Y R07.9", STAY), ("I10 E11.9", STAY)],
        [("I10:Y", STAY), ("Z79.4", STAY), ("I25.2", STAY), ("I10", {}), ("I10", FACILITY), ("S52.501D", STAY)],
    ),
    "poa-on-exempt": (
        [("Z79.4:Y", STAY), ("I25.2:Y", STAY), ("I69.351:Y", STAY), ("Z87.891:N", STAY), ("S52.501D:Y", STAY)],
        [("Z79.4", STAY), ("I10:Y", STAY), ("Z79.4:Y", {}), ("S52.501A:Y", STAY), ("E11.9:N", STAY)],
    ),
    "poa-value": (
        [("I10:1", STAY), ("I10:X", STAY), ("I10:y", STAY), ("I10:Y", {}), ("E11.9:Y", FACILITY)],
        [("I10:Y", STAY), ("I10:N", STAY), ("I10:U", STAY), ("I10:W", STAY), ("I10", STAY), ("I10", {})],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("edit", "text", "facts"), [(e, *c) for e, (fire, _) in CLAIMS.items() for c in fire])
def test_an_edit_reports(edit, text, facts, tables):
    findings = found(edit, claim(text, **facts), tables)
    assert findings
    assert all(finding.remedy and finding.source for finding in findings)


@pytest.mark.parametrize(("edit", "text", "facts"), [(e, *c) for e, (_, silent) in CLAIMS.items() for c in silent])
def test_an_edit_lets_pass(edit, text, facts, tables):
    assert found(edit, claim(text, **facts), tables) == []


def test_missing_indicators_are_one_finding_for_what_the_table_settles(tables):
    (finding,) = found("poa-missing", claim("I10 E11.9 A41.9:Y", **STAY), tables)
    assert (finding.severity, finding.codes) == (Severity.ERROR, ("E11.9", "I10"))
    assert finding.edition == "project table"


def test_circumstances_that_the_project_is_not_sure_of_are_a_warning(tables):
    (finding,) = found("poa-missing", claim("I10:Y Z16.12", **STAY), tables)
    assert (finding.severity, finding.codes) == (Severity.WARNING, ("Z16.12",))


def test_the_list_of_cms_takes_the_place_of_the_project_table(tables):
    official = replace(tables, poa_exempt=PoaExempt("FY2026", frozenset({"I10"})))
    assert found("poa-missing", claim("I10", **STAY), official) == []
    (missing,) = found("poa-missing", claim("Z79.4", **STAY), official)
    (exempt,) = found("poa-on-exempt", claim("I10:Y", **STAY), official)
    assert (missing.severity, missing.edition) == (Severity.ERROR, "FY2026")
    assert exempt.severity is Severity.ERROR


def policy(procedure="99213", diagnoses=(), **changes):
    parts = {"payer": "acme", "policy": "AC-1", "frequency": "", "prior_authorization": False}
    days = {"effective_from": None, "effective_to": None}
    return PayerPolicy(procedure=procedure, diagnoses=diagnoses, **(parts | days | changes))


DAY = {"payer": "acme", "date_of_service": date(2026, 3, 2)}
COVERED = policy(diagnoses=("E11.*",))


@pytest.mark.parametrize(
    ("held", "text", "facts"),
    [
        (COVERED, "I10 99213", DAY),
        (COVERED, "E11.9 I10 99213@2", DAY),
        (policy(diagnoses=("E08-E13",)), "I10 99213", DAY),
        (policy(diagnoses=("E11.9",)), "E11.65 99213", DAY),
        (policy(diagnoses=("E11.9",), payer="*"), "I10 99213", {}),
        (policy(prior_authorization=True), "I10 99213", DAY),
        (policy(frequency="once a year"), "I10 99213", DAY),
        (policy(diagnoses=("E11.*",), effective_from=date(2026, 3, 2)), "99213", DAY),
    ],
)
def test_a_policy_is_named(held, text, facts, tables):
    having = replace(tables, policies=PolicyTable("acme.csv", (held,)))
    (finding,) = found("payer-policy", claim(text, **facts), having)
    assert "AC-1" in finding.message
    assert "AC-1" in finding.source
    assert (finding.codes, finding.edition) == (("99213",), "acme.csv")
    assert finding.severity is (Severity.WARNING if held.diagnoses else Severity.INFO)


@pytest.mark.parametrize(
    ("held", "text", "facts"),
    [
        (COVERED, "E11.9 99213", DAY),
        (COVERED, "E11.65 I10 99213@1,2", DAY),
        (COVERED, "I10 99214", DAY),
        (COVERED, "I10 99213", {"payer": "other"}),
        (policy(diagnoses=("E11.*",), effective_to=date(2025, 12, 31)), "I10 99213", DAY),
        (policy(diagnoses=("E08-E13",)), "E13.9 99213", DAY),
        (policy(), "I10 99213", DAY),
    ],
)
def test_a_policy_that_holds_or_does_not_apply_is_silent(held, text, facts, tables):
    having = replace(tables, policies=PolicyTable("acme.csv", (held,)))
    assert found("payer-policy", claim(text, **facts), having) == []


def test_lines_of_one_policy_cover_together(tables):
    both = PolicyTable("acme.csv", (policy(diagnoses=("I10",)), policy(diagnoses=("E11.*",))))
    assert found("payer-policy", claim("E11.9 99213", **DAY), replace(tables, policies=both)) == []


def test_missing_tables_are_named_once_where_procedures_need_them(tables):
    (finding,) = found("edit-table", claim("I10 99213 36415"), tables)
    assert finding.severity is Severity.INFO
    assert all(f"chartcoder codes import {name} FILE" in finding.remedy for name in ("ncci", "mue", "add-on"))
    assert found("edit-table", claim("I10"), tables) == []
    assert found("edit-table", claim("I10 99213"), tables) == []


def test_missing_tables_are_named_for_one_service_of_several_units(tables):
    service = CodedLine(Code(System.CPT, "97110"), (), 2, None, (1,))
    coded = CodedSet(Encounter("e", (SUMMARY,)), (line("M54.50"), service))
    assert len(found("edit-table", coded, tables)) == 1


def test_a_table_that_cannot_be_read_is_a_warning_and_does_not_stop_the_others(index, tables, tmp_path):
    folder = tmp_path / "edit_tables"
    folder.mkdir()
    (folder / "policy.json").write_text("{", encoding="utf-8")
    (folder / "ncci-professional").mkdir()
    opened = open_tables(tmp_path, index, tables.catalogue)
    assert "policy" in {name for name, _ in opened.problems}
    findings = [f for f in found("edit-table", claim("I10 99213"), opened) if f.severity is Severity.WARNING]
    assert len(findings) == len(opened.problems)
    assert any(f.remedy.endswith("chartcoder codes import policy FILE") for f in findings)


def test_tables_of_an_installation_without_imports_are_none(index, tables, tmp_path):
    opened = open_tables(tmp_path, index, tables.catalogue)
    assert (opened.ncci, opened.mue, opened.add_ons, opened.policies, opened.problems) == (None, None, None, None, ())
    assert opened.has_notes


PRELIMINARY = Note("p", "Progress note.", status=NoteStatus.PRELIMINARY)
PRELIMINARY_EMPTY = Note("q", "", status=NoteStatus.PRELIMINARY)
WRONG = Note("w", "Of another patient.", status=NoteStatus.ENTERED_IN_ERROR)
LONG = "Seen on the ward with the team; eating, walking and without fever. " * 8
"""More than the beginning in which a note names itself."""
WITH_OPERATION = Note("w", LONG + "\nOp note summary 3/2: four ports, critical view, clips on duct and artery.")
WITH_PROCEDURE = Note(
    "v",
    LONG
    + "\nProcedure - closed reduction: consent signed, hematoma block of ten milliliters, traction in finger traps, "
    "the fragment brought back with the thumb, splint molded, film after it shows good position.",
)
UNDER_HEADING = WITH_PROCEDURE.text.replace("Procedure - closed", "PROCEDURES\nClosed")
OPERATIVE = Note("o", "OPERATIVE REPORT. Knee replaced.", "note")
PROGRESS = Note("g", "Progress note. Doing well.", "progress", date=date(2026, 3, 2))
CODED_AT = CodingRecord(coded_at=datetime(2026, 3, 3, 9, 0))
LATE = Note("l", "Addendum: the wound.", "addendum", date=date(2026, 3, 5))


def by(code, *roles):
    return CodingRecord(authors={code: frozenset(roles)})


NURSE, PROVIDER, PATIENT = AuthorRole.NURSE, AuthorRole.PROVIDER, AuthorRole.PATIENT
DIETITIAN, SOCIAL = AuthorRole.DIETITIAN, AuthorRole.SOCIAL_WORKER
NOTHING = CodingRecord()

RECORDS = {
    "unsigned-note": (
        [
            ("I10", [PRELIMINARY], {}, NOTHING),
            ("I10", [PRELIMINARY, PROGRESS], {}, NOTHING),
            ("I10", [PRELIMINARY, PRELIMINARY], {}, NOTHING),
            ("I10", [SUMMARY, PRELIMINARY], STAY, NOTHING),
            ("99213", [PRELIMINARY], FACILITY, NOTHING),
        ],
        [
            ("I10", [PROGRESS], {}, NOTHING),
            ("I10", [SUMMARY], STAY, NOTHING),
            ("I10", [WRONG, PROGRESS], {}, NOTHING),
            ("I10", [replace(PROGRESS, status=NoteStatus.AMENDED)], {}, NOTHING),
            ("I10", [OPERATIVE], {}, NOTHING),
        ],
    ),
    "no-valid-note": (
        [
            ("I10", [WRONG], {}, NOTHING),
            ("I10 E11.9", [WRONG, PRELIMINARY_EMPTY], {}, NOTHING),
            ("I10", [replace(PROGRESS, text="  ")], {}, NOTHING),
            ("99213", [WRONG, WRONG], {}, NOTHING),
            ("I10", [WRONG], STAY, NOTHING),
        ],
        [
            ("I10", [PROGRESS], {}, NOTHING),
            ("I10", [WRONG, PROGRESS], {}, NOTHING),
            ("I10", [PRELIMINARY], {}, NOTHING),
            ("", [WRONG], {}, NOTHING),
            ("I10", [], {}, NOTHING),
        ],
    ),
    "operative-note-missing": (
        [
            ("M17.11 27447", [PROGRESS], {}, NOTHING),
            ("K80.20 47562", [PROGRESS], {}, NOTHING),
            ("M17.11 0SRC0J9", [SUMMARY], STAY, NOTHING),
            ("K35.80 44970", [SUMMARY], {}, NOTHING),
            ("K35.80 0DTJ4ZZ", [SUMMARY, PROGRESS], STAY, NOTHING),
            ("K35.80 0DTJ4ZZ", [replace(PROGRESS, text=LONG + "\nProcedure: appendectomy.")], STAY, NOTHING),
        ],
        [
            ("M17.11 27447", [OPERATIVE], {}, NOTHING),
            ("M17.11 27447", [Note("w", "Seen, operated, sent home.")], {}, NOTHING),
            ("M17.11 27447", [PROGRESS, Note("x", "Text.", "operative note")], {}, NOTHING),
            ("K80.20 47562", [WITH_OPERATION], STAY, NOTHING),
            ("S52.501A 25605", [WITH_PROCEDURE], {}, NOTHING),
            ("S52.501A 25605", [replace(WITH_PROCEDURE, text=UNDER_HEADING)], {}, NOTHING),
            ("I10 99213", [PROGRESS], {}, NOTHING),
            ("J96.01 02HV33Z", [SUMMARY], STAY, NOTHING),
            ("L57.0 17000", [PROGRESS], {}, NOTHING),
            ("I10", [PROGRESS], {}, NOTHING),
        ],
    ),
    "discharge-summary-missing": (
        [
            ("I10", [PROGRESS], STAY, NOTHING),
            ("I10", [OPERATIVE], STAY, NOTHING),
            ("I10", [PROGRESS, OPERATIVE], STAY, NOTHING),
            ("I10", [PRELIMINARY], STAY, NOTHING),
            ("I10", [PROGRESS, replace(SUMMARY, status=NoteStatus.ENTERED_IN_ERROR)], STAY, NOTHING),
            ("I10", [Note("h", LONG + "\nHospital course: eating, still on oxygen.", "progress")], STAY, NOTHING),
            ("I10", [replace(PROGRESS, text=LONG + "Plan: home when able. Final diagnosis to follow.")], STAY, NOTHING),
        ],
        [
            ("I10", [SUMMARY], STAY, NOTHING),
            ("I10", [PROGRESS], {}, NOTHING),
            ("I10", [PROGRESS], FACILITY, NOTHING),
            ("I10", [PROGRESS, replace(SUMMARY, type="note")], STAY, NOTHING),
            ("I10", [Note("d", "Text.", "Death summary")], STAY, NOTHING),
            ("I10", [Note("d", LONG + "\nDISCHARGE CONDITION: stable")], STAY, NOTHING),
            ("I10", [Note("d", "MEDICINE D/C SUMMARY 3/1 to 3/9")], STAY, NOTHING),
            ("I10", [Note("d", "DC SUMM, orthopedics")], STAY, NOTHING),
            ("I10", [Note("d", LONG + "\nDiagnoses at discharge\n1. Pneumonia")], STAY, NOTHING),
            ("I10", [Note("d", LONG + "\nHospital course: uneventful. Discharged home on day 3.")], STAY, NOTHING),
            ("I10", [Note("w", "Admitted, treated, sent home.")], STAY, NOTHING),
            ("I10", [PROGRESS], {"setting": Setting.PROFESSIONAL_INPATIENT}, NOTHING),
        ],
    ),
    "addendum-after-coding": (
        [
            ("I10", [PROGRESS, LATE], {}, CODED_AT),
            ("I10", [LATE], {}, CODED_AT),
            ("I10", [replace(PROGRESS, date=date(2026, 4, 1))], {}, CODED_AT),
            ("I10", [LATE, LATE], {}, CODED_AT),
            ("I10", [SUMMARY, replace(LATE, type="note", text="Late entry.")], STAY, CODED_AT),
        ],
        [
            ("I10", [PROGRESS, LATE], {}, NOTHING),
            ("I10", [PROGRESS], {}, CODED_AT),
            ("I10", [replace(LATE, date=None)], {}, CODED_AT),
            ("I10", [replace(LATE, date=date(2026, 3, 3))], {}, CODED_AT),
            ("I10", [PROGRESS, replace(LATE, status=NoteStatus.ENTERED_IN_ERROR)], {}, CODED_AT),
        ],
    ),
    "author-not-provider": (
        [
            ("I10", [PROGRESS], {}, by("I10", NURSE)),
            ("E66.9", [PROGRESS], {}, by("E66.9", DIETITIAN)),
            ("E43", [PROGRESS], {}, by("E43", DIETITIAN, NURSE)),
            ("F32.A", [PROGRESS], {}, by("F32.A", SOCIAL)),
            ("Z68.41", [PROGRESS], {}, by("Z68.41", PATIENT)),
        ],
        [
            ("I10", [PROGRESS], {}, by("I10", NURSE, PROVIDER)),
            ("Z68.41", [PROGRESS], {}, by("Z68.41", DIETITIAN)),
            ("L89.153", [PROGRESS], {}, by("L89.153", NURSE)),
            ("Z59.02", [PROGRESS], {}, by("Z59.02", SOCIAL)),
            ("Z59.02", [PROGRESS], {}, by("Z59.02", PATIENT)),
            ("R29.705", [PROGRESS], {}, by("R29.705", NURSE)),
            ("I10", [PROGRESS], {}, NOTHING),
        ],
    ),
}  # fmt: skip
REPORTED = [(edit, *case) for edit, (fire, _) in RECORDS.items() for case in fire]
PASSED = [(edit, *case) for edit, (_, silent) in RECORDS.items() for case in silent]


def record_edits(edit, text, notes, facts, record, tables):
    coded = claim(text, notes, **facts)
    return [finding for finding in record_findings(coded, tables, record) if finding.edit == edit]


@pytest.mark.parametrize(("edit", "text", "notes", "facts", "record"), REPORTED)
def test_an_edit_of_the_record_reports(edit, text, notes, facts, record, tables):
    (finding,) = record_edits(edit, text, notes, facts, record, tables)
    assert finding.remedy
    assert finding in run_edits(claim(text, notes, **facts), tables, record)


@pytest.mark.parametrize(("edit", "text", "notes", "facts", "record"), PASSED)
def test_an_edit_of_the_record_lets_pass(edit, text, notes, facts, record, tables):
    assert record_edits(edit, text, notes, facts, record, tables) == []


def test_authors_are_those_of_the_notes_that_support_a_code():
    evidence = Evidence("a", 0, 3, "BMI")
    support = Support(evidence, "vitals", PRESENT, "bmi", "title")
    ranked = RankedCode(Code(System.ICD10CM, "Z68.41"), "Body mass index", 0.9, (support,))
    encounter = Encounter("e", (Note("a", "BMI 41", author_role=NURSE), Note("b", "Stable")))
    assert authors_of(encounter, evidence_of([CodeLine(ranked)])) == {"Z68.41": frozenset({NURSE})}
