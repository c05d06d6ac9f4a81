"""Edits of diagnoses: for each, claims that it reports and claims that it lets pass (``diagnosis_edits.yaml``)."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from suggest.code_sets.services import read_starter
from suggest.edits.coded import of_codes
from suggest.edits.icd10cm_codes import CODE_EDITS
from suggest.edits.icd10cm_conventions import CONVENTION_EDITS, conventions
from suggest.edits.icd10cm_detail import DETAIL_EDITS
from suggest.edits.icd10cm_notes import NOTE_EDITS
from suggest.edits.icd10cm_patient import PATIENT_EDITS
from suggest.edits.icd10cm_sequence import SEQUENCE_EDITS, SEQUENCE_NAMES
from suggest.edits.run import EDITS, run_edits
from suggest.edits.tables import EditTables
from suggest.procedures.terms import Catalogue
from suggest.records import Claim, Code, Encounter, Note, Patient, Setting, Severity, Sex, System

TABLES = yaml.safe_load(Path(__file__).with_name("diagnosis_edits.yaml").read_text(encoding="utf-8"))
DIAGNOSIS_EDITS = (
    *CODE_EDITS,
    *DETAIL_EDITS,
    *NOTE_EDITS,
    *PATIENT_EDITS,
    *SEQUENCE_EDITS,
)
FIRES = [(edit, claim) for edit, table in TABLES.items() for claim in table["fires"]]
SILENT = [(edit, claim) for edit, table in TABLES.items() for claim in table["silent"]]
SECRET = "the patient keeps a parrot"


@pytest.fixture(scope="module")
def tables(index):
    return EditTables(index=index, catalogue=Catalogue(tuple(read_starter(s) for s in (System.CPT, System.HCPCS))))


def encounter(facts=""):
    words = dict(word.partition("=")[::2] for word in facts.split())
    stay = "stay" in words
    return Encounter(
        id="e",
        notes=(Note("n", f"Discharge summary. Operative note: {SECRET}."),),
        setting=Setting.INPATIENT if stay else Setting.OUTPATIENT,
        claim=Claim.FACILITY if stay else Claim.PROFESSIONAL,
        patient=Patient(float(words["age"]) if "age" in words else None, Sex(words.get("sex", "unknown"))),
    )


def read(text):
    """Reads a claim and the severity that is expected: ``age=3 stay | Z38.00 = error``."""
    text, _, severity = str(text).partition(" = ")
    facts, bar, codes = text.rpartition("|")
    claim = of_codes(encounter(facts if bar else ""), [Code(System.ICD10CM, code) for code in codes.split()])
    return claim, severity.strip()


def found(edit, claim, tables):
    return [finding for one in EDITS for finding in one(claim, tables) if finding.edit == edit]


@pytest.mark.parametrize(("edit", "text"), FIRES, ids=[f"{edit}: {claim}" for edit, claim in FIRES])
def test_an_edit_reports(edit, text, tables):
    claim, severity = read(text)
    findings = found(edit, claim, tables)
    assert findings
    if severity:
        assert Severity(severity) in {finding.severity for finding in findings}
    for finding in findings:
        assert finding.remedy
        assert finding.source
        assert finding.message


@pytest.mark.parametrize(("edit", "text"), SILENT, ids=[f"{edit}: {claim}" for edit, claim in SILENT])
def test_an_edit_lets_pass(edit, text, tables):
    claim, _ = read(text)
    assert found(edit, claim, tables) == []


def test_every_edit_has_its_table():
    names = {edit.__name__.replace("_", "-") for edit in DIAGNOSIS_EDITS}
    names |= {rule.edit for table in ("conflicts", "companions", "only_one") for rule in conventions(table)}
    assert names == set(TABLES)
    assert [edit for edit, table in TABLES.items() if len(table["fires"]) < 5 or len(table["silent"]) < 5] == []


def test_patterns_of_conventions_meet_codes_of_the_edition(index):
    plain = [code.replace(".", "") for code in index.codes()]
    rules = [rule for table in ("conflicts", "companions", "only_one") for rule in conventions(table)]
    patterns = {pattern for rule in rules for pattern in (rule.codes, rule.others, rule.unless)}
    unmet = [p.pattern for p in patterns if p.pattern != "(?!)" and not any(p.search(code) for code in plain)]
    assert unmet == []


def test_all_edits_of_diagnoses_are_run():
    assert {*DIAGNOSIS_EDITS, *CONVENTION_EDITS} <= set(EDITS)
    assert len(EDITS) == len(set(EDITS))


def test_findings_come_by_severity_then_by_place(tables):
    claim, _ = read("I10 E11.9 E10.9 N18.30")
    findings = run_edits(claim, tables)
    severities = [finding.severity for finding in findings]
    assert severities == sorted(severities, key=list(Severity).index)
    assert findings[0].edit == "diabetes"
    warnings = [finding.codes for finding in findings if finding.severity is Severity.WARNING]
    assert warnings[0][0] == "I10"


def test_an_edit_says_the_same_words_once(tables):
    claim, _ = read("W25.XXXA")
    findings = [finding for finding in run_edits(claim, tables) if finding.edit == "external-cause"]
    assert [finding.severity for finding in findings] == [Severity.ERROR]


def test_two_rules_of_one_kind_report_two_codes_once(tables):
    claim, _ = read("E66.811 E66.813")
    (finding,) = [finding for finding in run_edits(claim, tables) if finding.edit == "only-one"]
    assert "classes of obesity" in finding.message


def test_two_codes_that_do_not_go_together_are_reported_once(tables):
    claim, _ = read("B20 Z21")
    together = [finding for finding in run_edits(claim, tables) if set(finding.codes) == {"B20", "Z21"}]
    assert [(finding.edit, finding.severity) for finding in together] == [("hiv", Severity.ERROR)]


@pytest.fixture(scope="module")
def codes(index):
    billable = [index.code(row) for row in range(len(index)) if index.billable[row]]
    named = sorted({word for edit, text in FIRES for word in re.findall(r"[A-Z]\d[\w.]+", str(text))})
    return billable, named


def draw(seed, codes):
    """Returns 1 to 60 diagnoses: codes of all chapters, codes that edits speak of, and some that do not exist."""
    rng = random.Random(seed)
    billable, named = codes
    pools = (billable, named, named, ["", "X", "E11.99", "123", "99213", "e119", "S52.501Z", "not a code"])
    return [rng.choice(rng.choice(pools)) for _ in range(rng.randint(1, 60))]


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32), facts=st.sampled_from(["", "stay", "age=0", "age=40 sex=F", "age=90 sex=M stay"]))
def test_edits_hold_on_any_claim(seed, facts, tables, codes):
    drawn = [Code(System.ICD10CM, code) for code in draw(seed, codes)]
    claim = of_codes(encounter(facts), drawn)
    before = run_edits(claim, tables)
    assert run_edits(claim, tables) == before
    shuffled = random.Random(seed).sample(drawn, len(drawn))
    after = run_edits(of_codes(encounter(facts), shuffled), tables)
    assert {f for f in before if f.edit not in SEQUENCE_NAMES} == {f for f in after if f.edit not in SEQUENCE_NAMES}
    for finding in before:
        assert "parrot" not in f"{finding.message} {finding.remedy}"
        assert finding.severity in Severity


def test_no_diagnoses_draw_no_findings(tables):
    assert run_edits(of_codes(encounter(), []), tables) == ()
