"""Training and evaluation on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models.bundle import read_manifest, verify_bundle

CHARTS = Path(__file__).parents[2] / "training" / "data" / "charts"


def write_charts(path, identifiers, *, text="A/P: 1. HTN, at goal", family=None):
    records = [
        {
            "id": identifier,
            "family": family or identifier,
            "setting": "outpatient",
            "claim": "professional",
            "date_of_service": "2026-02-03",
            "patient": {"age": 50, "sex": "F"},
            "text": text,
            "diagnoses": [{"code": "I10", "evidence": ["HTN"]}],
            "procedures": [],
            "acceptable": [],
            "not_codable": [],
        }
        for identifier in identifiers
    ]
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return f"charts:{path}"


@pytest.fixture
def corpus(tmp_path):
    return write_charts(tmp_path / "ours.jsonl", ["a", "b"])


def test_what_cannot_be_written_is_refused_before_training(run, corpus, tmp_path, add_bundle):
    add_bundle("there")
    for options, message in [
        (["--out", "there"], "exists already and bundles are never overwritten"),
        (["--out", "./No Name"], "'No Name' is no name of a bundle"),
        (["--out", "new", "--policy", "zebra"], "policy 'zebra' is unknown; expected one of benchmark-codiesp, "),
    ]:
        done = run("train", "--corpus", corpus, *options)
        assert done.code == 2
        assert message in done.err


@pytest.mark.parametrize("epoch", ["yesterday", "-1", "9" * 12])
def test_a_wrong_epoch_is_refused(run, corpus, monkeypatch, epoch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    done = run("train", "--corpus", corpus, "--out", "new")
    assert done.code == 2
    assert "expected seconds since 1970-01-01 UTC" in done.err


def test_a_model_is_not_evaluated_on_variants_of_what_it_learnt(run, tmp_path):
    learnt = write_charts(tmp_path / "ours.jsonl", ["a", "b"], family="one case")
    same = tmp_path / "again"
    same.mkdir()
    held_out = write_charts(same / "ours.jsonl", ["c"], family="one case")
    done = run("train", "--corpus", learnt, "--evaluate", held_out, "--out", "new")
    assert done.code == 2
    assert "1 of 1 charts of" in done.err
    assert not (tmp_path / "home" / "models" / "new").exists()


@pytest.mark.parametrize("spec", ["nonsense", "charts:nowhere.jsonl", "codiesp:nowhere"])
@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_a_corpus_that_is_not_there_is_an_error(run, fixed, command, spec):
    out = ["--out", "new"] if command == "train" else []
    done = run(command, "--corpus", spec, *out)
    assert done.code == 2
    assert done.err.startswith("chartcoder: ")
    assert done.err.count("\n") == 1


def test_an_empty_corpus_is_an_error(run, fixed, tmp_path):
    (tmp_path / "none.jsonl").touch()
    done = run("evaluate", "--corpus", f"charts:{tmp_path / 'none.jsonl'}")
    assert done.code == 2
    assert "no charts in" in done.err


def test_evaluation_prints_a_table_and_writes_all_measures(run, fixed, corpus, tmp_path):
    done = run("evaluate", "--corpus", corpus, "--json", tmp_path / "r.json")
    assert done.code == 0, done.err
    lines = dict(line.split("  ", 1) for line in done.out.splitlines())
    assert lines["charts"].strip() == "2"
    assert lines["F1"].strip() == "1.000  (95 % interval 1.000 to 1.000)"
    assert lines["not-codable rate"].strip() == "-"
    result = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert result["diagnosis"]["f1"] == 1.0
    assert result["charts"] == 2
    assert json.loads(run("evaluate", "--corpus", corpus, "--json", "-").out)["diagnosis"] == result["diagnosis"]


@pytest.mark.slow
def test_the_same_training_run_writes_the_same_bytes(run, home, monkeypatch, tmp_path):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    few = tmp_path / "few.jsonl"
    lines = (CHARTS / "office.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    few.write_text("".join(lines[:12]), encoding="utf-8")
    held_out = write_charts(tmp_path / "held.jsonl", ["a", "b"])
    folders = [tmp_path / "one" / "ours", tmp_path / "two" / "ours"]
    for folder in folders:
        monkeypatch.setenv("CHARTCODER_HOME", str(home))
        done = run("train", "--corpus", f"charts:{few}", "--out", folder, "--evaluate", held_out)
        assert done.code == 0, done.err
    one, two = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)
    assert one == two
    assert verify_bundle(folders[0]) == []
    manifest = read_manifest(folders[0])
    assert manifest.created == "2023-11-14T22:13:20+00:00"
    assert manifest.metrics["charts:held"]["charts"] == 2
    done = run("evaluate", "--corpus", held_out, "--bundle", folders[0])
    assert done.code == 0, done.err
    assert "F1 " in done.out
