"""Charts in, codes out: texts, standard input and records; as a table and as JSON."""

from __future__ import annotations

import io
import json
import sys
from datetime import date
from types import SimpleNamespace

import pytest

import models.loading
from cli.rendering import printable
from suggest.records import Claim, Setting, Sex

CHART = "CC: f/u. Denies chest pain.\nA/P: 1. HTN, at goal\n"


@pytest.fixture
def note(tmp_path):
    path = tmp_path / "visit.txt"
    path.write_text(CHART, encoding="utf-8")
    return path


def records(tmp_path, *lines):
    path = tmp_path / "charts.jsonl"
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_shows_sequence_code_probability_title_and_evidence(run, fixed, note):
    done = run("suggest", note)
    assert done.code == 0
    assert done.out.splitlines() == [
        "visit: 1 code  (professional, ICD-10-CM FY2026)",
        "  1  I10        96%  Essential (primary) hypertension  POA Y",
        '                       "HTN" [Assessment and plan]',
        "info: the date lies before the edition",
    ]


def test_procedures_have_a_block_of_their_own(run, fixed, note):
    note.write_text("A/P: 1. HTN. Knee injection today.\n", encoding="utf-8")
    done = run("suggest", note)
    lines = done.out.splitlines()
    assert lines[0].startswith("visit: 4 codes ")
    assert lines[3 : lines.index("info: the date lies before the edition")] == [
        "Procedures:",
        "  1  99214      80%  Office visit, moderate",
        "                       modifier 25; 1 unit; for diagnosis 1",
        "                       25: a separate visit",
        "                       clinical term",
        '                       "injection" [Assessment and plan]',
        "  2  J3301      80%  Triamcinolone, 10 mg",
        "                       4 units; for diagnosis 1, 2",
        "                       clinical term",
        '                       "injection" [Assessment and plan]',
        "  3  3E0U33Z    80%  Introduction of Anti-inflammatory into Joints",
        "                       clinical term",
        "                       left open by the notes: approach",
        '                       "injection" [Assessment and plan]',
    ]


def test_json_holds_the_details_of_procedures(run, fixed, note):
    note.write_text("A/P: 1. HTN. Knee injection today.\n", encoding="utf-8")
    (answer,) = map(json.loads, run("suggest", note, "--json").out.splitlines())
    visit, drug, operation = answer["codes"][1:]
    assert (visit["role"], visit["modifiers"], visit["modifier_reasons"]) == ("procedure", ["25"], ["a separate visit"])
    assert [(element["name"], element["level"]) for element in visit["elements"]] == [("risk", 3)]
    assert (drug["system"], drug["units"], drug["pointers"]) == ("HCPCS", 4, [1, 2])
    assert operation["open_axes"] == ["approach"]


@pytest.mark.parametrize(("value", "cpt"), [(None, True), ("off", False)])
def test_cpt_can_be_turned_off(run, fixed, note, monkeypatch, value, cpt):
    asked = []
    monkeypatch.setattr(models.loading, "load_suggester", lambda *_args, **options: asked.append(options) or fixed)
    if value:
        monkeypatch.setenv("CHARTCODER_CPT", value)
    assert run("suggest", note).code == 0
    assert [options["cpt"] for options in asked] == [cpt]


def test_suppressed_codes_are_shown_on_demand(run, fixed, note):
    done = run("suggest", note, "--all")
    assert "Not proposed:" in done.out
    assert "R07.9" in done.out
    assert "the condition is denied or ruled out (I10)" in done.out


def test_json_is_one_whole_suggestion_a_line(run, fixed, note, tmp_path):
    done = run("suggest", note, records(tmp_path, {"text": "HTN"}, {"text": "well"}), "--json")
    suggestions = [json.loads(line) for line in done.out.splitlines()]
    assert [[code["code"] for code in s["codes"]] for s in suggestions] == [["I10"], ["I10"], []]
    (evidence,) = suggestions[0]["codes"][0]["evidence"]
    assert CHART[evidence["start"] : evidence["end"]] == evidence["quote"] == "HTN"
    assert suggestions[0]["suppressed"][0]["code"] == "R07.9"
    assert suggestions[0]["stamp"]["policy"] == "professional"


def test_options_say_what_the_text_does_not(run, fixed, note):
    options = ["--setting", "inpatient", "--claim", "facility", "--age", "0.5", "--sex", "F"]
    assert run("suggest", note, *options, "--date-of-service", "2026-02-03").code == 0
    (encounter,) = fixed.seen
    assert (encounter.setting, encounter.claim) == (Setting.INPATIENT, Claim.FACILITY)
    assert (encounter.patient.age, encounter.patient.sex) == (0.5, Sex.FEMALE)
    assert encounter.date_of_service == date(2026, 2, 3)
    assert encounter.notes[0].text == CHART


def test_a_policy_can_be_named(run, fixed, note):
    assert "(benchmark-codiesp," in run("suggest", note, "--policy", "benchmark-codiesp").out
    done = run("suggest", note, "--policy", "nonsense")
    assert done.code == 2
    assert "unknown policy" in done.err


def test_standard_input_is_a_note(run, fixed, monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"\xef\xbb\xbfHTN")))
    done = run("suggest", "-")
    assert done.out.startswith("stdin: 1 code ")
    assert fixed.seen[0].notes[0].text == "HTN"


def test_files_are_encounters_of_their_own_or_notes_of_one(run, fixed, note, tmp_path):
    other = tmp_path / "later.txt"
    other.write_text("addendum", encoding="utf-8")
    run("suggest", note, other)
    assert [[len(e.notes)] for e in fixed.seen] == [[1], [1]]
    run("suggest", note, other, "--together")
    assert [n.text for n in fixed.seen[-1].notes] == [CHART, "addendum"]


def test_records_carry_their_own_facts_and_other_keys_are_ignored(run, fixed, tmp_path):
    chart = {
        "id": "off-1",
        "text": CHART,
        "setting": "ed",
        "claim": "facility",
        "patient": {"age": 4, "sex": "F"},
        "date_of_service": "2026-01-02",
        "diagnoses": [{"code": "I10", "evidence": ["HTN"]}],
    }
    several = {"notes": [{"id": "a", "text": "HTN"}, {"id": "b", "text": "addendum"}]}
    assert run("suggest", records(tmp_path, chart, "", several)).code == 0
    first, second = fixed.seen
    assert (first.id, first.setting, first.claim, first.patient.age) == ("off-1", Setting.ED, Claim.FACILITY, 4)
    assert first.date_of_service == date(2026, 1, 2)
    assert [n.id for n in second.notes] == ["a", "b"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("zebrafish", "charts.jsonl:1: not valid JSON"),
        ('["zebrafish"]', "charts.jsonl:1: expected a JSON object with 'text' or 'notes'"),
        ({"id": "zebrafish"}, "charts.jsonl:1: expected a JSON object with 'text' or 'notes'"),
        ({"text": "x", "setting": "zebrafish"}, "charts.jsonl:1: not as expected: setting; "),
        ({"text": "x", "patient": {"age": "zebrafish"}}, "not as expected: patient.age; "),
        ({"text": "x", "patient": {"zebrafish": 1}}, "not as expected: patient; "),
        ({"notes": [{"id": "zebra fish", "text": 1}]}, "not as expected: notes.0.id, notes.0.text; "),
        ({"text": "zebrafish\0"}, "is binary: NUL at character 9"),
        ({"text": "x", "date_of_service": "1900-01-01"}, "date_of_service 1900-01-01 lies outside"),
    ],
)
def test_a_malformed_record_is_named_by_line_and_field(run, fixed, tmp_path, line, message):
    done = run("suggest", records(tmp_path, line))
    assert done.code == 2
    assert message in done.err
    assert done.err.count("\n") == 1
    assert "zebra" not in done.err
    assert fixed.seen == []


def test_files_that_are_no_charts_are_refused(run, fixed, tmp_path, note):
    binary = tmp_path / "scan.pdf"
    binary.write_bytes(b"%PDF\0zebrafish")
    latin = tmp_path / "latin.txt"
    latin.write_bytes(b"zebrafish \xe9")
    for name, message in [("nowhere.txt", "cannot be read"), (binary, "is binary"), (latin, "is not valid utf-8")]:
        done = run("suggest", note, name)
        assert done.code == 2
        assert message in done.err
        assert "zebrafish" not in done.err
    assert fixed.seen == []


def test_evidence_cannot_steer_the_terminal(run, fixed, note):
    assert printable("HTN\x1b[2J\r\n\tstage\u202e 2\u200b") == "HTN [2J stage 2"


@pytest.mark.slow
def test_the_shipped_model_codes_a_small_chart(run, suggester, home, note, monkeypatch):
    monkeypatch.setenv("CHARTCODER_HOME", str(home))
    note.write_text("Denies chest pain.\nAssessment: hypertension, type 2 diabetes mellitus\n", encoding="utf-8")
    done = run("suggest", note, "--json")
    assert done.code == 0
    (answer,) = map(json.loads, done.out.splitlines())
    assert "I10" in [code["code"] for code in answer["codes"]]
    assert "R07.9" not in [code["code"] for code in answer["codes"]]
