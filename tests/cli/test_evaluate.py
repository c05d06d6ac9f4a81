"""``chartcoder evaluate`` with an error report and with ablation."""

from __future__ import annotations

import json
import stat

import numpy as np
import pytest

import models.loading
from suggest.feature_names import FEATURES, GROUPS
from suggest.pipeline import Suggester
from suggest.ranking import Calibration
from training.ablation import SOURCES
from training.fit import assemble
from training.phrases import learn

CANARY = "zebrafish"
TEXT = f"A/P: 1. HTN, {CANARY} 2. gout"


class StrengthRanker:
    """Takes the strength of a code's best edge for its probability."""

    def predict_proba(self, rows):
        right = np.clip(rows[:, FEATURES.index("strength")].astype(np.float64), 0, 1)
        return np.column_stack([1 - right, right])


@pytest.fixture
def untrained(monkeypatch, index, terminology):
    """Takes the place of the suggester that the command would load."""
    straight = Calibration(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    calibrations = {"claims": straight, "benchmark": straight}
    model = assemble("by-hand", StrengthRanker(), calibrations, {"default": 0.15}, learn([]), np.zeros(0, np.uint64))
    suggester = Suggester(index=index, terminology=terminology, model=model)
    monkeypatch.setattr(models.loading, "load_suggester", lambda *_args, **_options: suggester)


@pytest.fixture
def corpus(tmp_path):
    record = {
        "id": "c1",
        "setting": "outpatient",
        "claim": "professional",
        "date_of_service": "2026-02-03",
        "patient": {"age": 50, "sex": "F"},
        "text": TEXT,
        "diagnoses": [{"code": "I10", "evidence": ["HTN"]}, {"code": "E03.9", "evidence": [CANARY]}],
        "procedures": [],
        "acceptable": [],
        "not_codable": [],
    }
    path = tmp_path / "ours.jsonl"
    path.write_text(json.dumps(record) + "\n", encoding="utf-8")
    return f"charts:{path}"


def test_the_error_report_alone_holds_words_of_charts(run, untrained, corpus, tmp_path, caplog):
    report, measures = tmp_path / "errors.html", tmp_path / "r.json"
    done = run("evaluate", "--corpus", corpus, "--errors", report, "--json", measures, "--ablate")
    assert done.code == 0, done.err
    html = report.read_text(encoding="utf-8")
    assert f"<mark>{CANARY}</mark>" in html
    assert "no mention" in html
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    assert CANARY not in done.out + done.err + caplog.text + measures.read_text(encoding="utf-8")
    assert run("evaluate", "--corpus", corpus, "--errors", report).code == 0


def test_what_is_no_report_is_not_overwritten(run, untrained, corpus, tmp_path):
    kept = tmp_path / "thesis.html"
    kept.write_text("mine", encoding="utf-8")
    done = run("evaluate", "--corpus", corpus, "--errors", kept)
    assert done.code == 2
    assert "thesis.html: exists and is no error report of ChartCoder; choose another name" in done.err
    assert kept.read_text(encoding="utf-8") == "mine"
    done = run("evaluate", "--corpus", corpus, "--errors", tmp_path / "nowhere" / "e.html")
    assert done.code == 2
    assert "create it first" in done.err


def test_ablation_is_printed_and_written(run, untrained, corpus, tmp_path):
    done = run("evaluate", "--corpus", corpus, "--ablate", "--json", tmp_path / "r.json")
    assert done.code == 0, done.err
    result = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    parts = result["ablation"]["parts"]
    assert len(parts) == len(SOURCES) + len(GROUPS)
    assert result["ablation"]["whole"]["f1"] == result["diagnosis"]["f1"]
    head, whole, *rows = done.out.partition("\n\n")[2].splitlines()
    assert head.split() == [
        "without",
        "F1",
        "difference",
        "95",
        "%",
        "interval",
        "MAP",
        "recall@20",
        "candidate",
        "recall",
    ]
    assert whole.startswith("(nothing left out)")
    assert [row.split()[:2] for row in rows] == [[part["kind"], part["name"]] for part in parts]
    assert parts[0]["difference"] < 0
    assert f"{parts[0]['difference']:+.3f}" in rows[0]
    assert "-0.000" not in done.out
    assert "ablation" not in json.loads(run("evaluate", "--corpus", corpus, "--json", "-").out)
