"""``chartcoder audit`` and ``chartcoder check``."""

from __future__ import annotations

import json
import stat

import pytest

import models.loading

NOTE = "Denies chest pain.\nA/P:\n1. DM2 with diabetic polyneuropathy - gabapentin\n2. HTN, zebrafish at goal\n"
RECORD = {
    "id": "c1",
    "coder": "anna",
    "text": NOTE,
    "setting": "outpatient",
    "claim": "professional",
    "patient": {"age": 63, "sex": "M"},
    "date_of_service": "2026-02-03",
    "diagnoses": [{"code": "R07.9"}, {"code": "E11.42"}, {"code": "I10"}],
    "not_codable": [{"code": "E11.9", "reason": "more is said"}, {"code": "99213", "reason": "no visit"}],
}


@pytest.fixture
def claims(tmp_path):
    path = tmp_path / "claims.jsonl"
    path.write_text(json.dumps(RECORD) + "\n" + json.dumps({**RECORD, "id": "c2", "coder": "ben"}), encoding="utf-8")
    return path


@pytest.fixture
def real(run, suggester, home, monkeypatch):
    """Runs the command with the model that ships."""
    monkeypatch.setattr(models.loading, "load_suggester", lambda *_args, **_options: suggester)
    monkeypatch.setenv("CHARTCODER_HOME", str(home))
    return run


@pytest.mark.slow
def test_an_audit_writes_a_report_and_a_summary(real, claims, tmp_path):
    out, found = tmp_path / "report.html", tmp_path / "found.json"
    done = real("audit", claims, "--out", out, "--json", found)
    assert done.code == 0, done.err
    assert "2 claims, 6 assigned codes (0 not assessed)" in done.out
    assert "2 unsupported" in done.out
    assert "zebrafish" not in done.out + done.err
    answer = json.loads(found.read_text("utf-8"))
    assert [claim["coder"] for claim in answer["encounters"]] == ["anna", "ben"]
    assert answer["encounters"][0]["codes"][0]["verdict"] == "unsupported"
    assert answer["encounters"][0]["codes"][0]["quotes"][0]["quote"] == "chest pain"
    for path in (out, found):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = real("audit", claims, "--out", out)
    assert again.code == 0


@pytest.mark.parametrize(
    ("name", "text", "options", "said"),
    [
        ("claims.xlsx", "x", (), "add --format jsonl, csv or fhir"),
        ("claims.jsonl", "", (), "no claims in"),
        ("claims.txt", "{", ("--format", "jsonl"), "claims.txt:1: not valid JSON"),
        ("claims.csv", "a,b\n", (), "no column claim, code, system, text_file"),
        ("claims.json", "{}", (), "'resourceType'"),
    ],
)
def test_claims_that_cannot_be_read_end_at_once(run, tmp_path, name, text, options, said):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    done = run("audit", path, "--out", tmp_path / "report.html", *options)
    assert done.code == 2
    assert said in done.err
    assert not (tmp_path / "report.html").exists()


def test_nothing_but_an_audit_report_is_overwritten(run, claims, tmp_path):
    other = tmp_path / "other.html"
    other.write_text("mine", encoding="utf-8")
    done = run("audit", claims, "--out", other)
    assert done.code == 2
    assert "no audit report" in done.err
    assert other.read_text("utf-8") == "mine"


@pytest.mark.slow
def test_check_reports_edits_sequence_and_wrong_codes(real, claims, tmp_path):
    found = tmp_path / "found.jsonl"
    done = real("check", claims, "--json", found, "--not-codable")
    assert done.code == 0, done.err
    rows = dict(line.rsplit("  ", 1) if "(" not in line else line.split("  ", 1) for line in done.out.splitlines())
    assert any(key.startswith("first-listed right") for key in rows)
    lines = [json.loads(line) for line in found.read_text("utf-8").splitlines()]
    assert [line["id"] for line in lines] == ["c1", "c2"]
    first = lines[0]
    assert first["sequence"][0] == "E11.42"
    assert sorted(first["sequence"]) == ["E11.42", "I10", "R07.9"]
    assert "denied-or-past" in {finding["edit"] for finding in first["findings"] if finding["codes"] == ["R07.9"]}
    assert {"hcc", "drg"} <= first.keys()
    assert [item["code"] for item in first["not_codable"]] == ["E11.9", "99213"]
    added = first["not_codable"][0]["findings"]
    assert added
    assert all("E11.9" in finding["codes"] for finding in added)
    assert {"edit", "severity", "codes", "message", "source"} == added[0].keys()
    assert "zebrafish" not in found.read_text("utf-8") + done.out


@pytest.mark.slow
def test_check_without_wrong_codes_says_nothing_of_them(real, claims):
    done = real("check", claims)
    assert done.code == 0
    assert "not-codable" not in done.out


def test_check_needs_charts(run, tmp_path):
    path = tmp_path / "charts.jsonl"
    path.write_text("\n", encoding="utf-8")
    done = run("check", path)
    assert done.code == 2
    assert "no charts in" in done.err
