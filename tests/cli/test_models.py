"""Bundles on the command line: listed, compared, checked, promoted and rolled back."""

from __future__ import annotations

import json

import pytest

from models import registry
from models.bundle import TrainingCorpus

METRICS = {"charts:held-out": {"diagnosis": {"f1": 0.5, "precision": 0.6, "recall": None}, "charts": 3}}


@pytest.fixture(autouse=True)
def _no_shipped_bundle(monkeypatch, tmp_path):
    monkeypatch.setattr(registry, "DEFAULT_FOLDER", tmp_path / "nowhere")


def test_bundles_are_listed_and_the_active_one_is_marked(run, add_bundle):
    add_bundle("m1")
    add_bundle("m2")
    (add_bundle("m3") / "manifest.json").write_text("{", encoding="utf-8")
    assert run("models", "promote", "m2").code == 0
    lines = run("models", "list").out.splitlines()
    assert lines[0].split() == ["name", "created", "policy", "charts", "features"]
    assert [line.split()[:2] for line in lines[1:3]] == [["m1", "2026-05-01T00:00:00+00:00"], ["*", "m2"]]
    assert lines[2].split()[-2:] == ["12", "2"]
    assert lines[4].startswith("m3: manifest.json is no valid JSON")


def test_promotion_and_roll_back(run, add_bundle):
    for name in ("m1", "m2"):
        add_bundle(name)
        assert run("models", "promote", name).out == f"{name} is active\n"
    assert run("models", "rollback").out == "m1 is active\n"
    done = run("models", "rollback")
    assert done.code == 2
    assert "bundle default is not promoted" in done.err


def test_only_a_sound_bundle_is_promoted(run, add_bundle):
    (add_bundle("m1") / "card.md").write_text("altered", encoding="utf-8")
    done = run("models", "promote", "m1")
    assert done.code == 2
    assert "bundle m1 is not promoted: card.md has 7 bytes" in done.err
    assert run("models", "promote", "../m1").code == 2


def test_the_card_is_shown_with_the_digest(run, add_bundle):
    folder = add_bundle("m1")
    by_name, by_path = run("models", "show", "m1"), run("models", "show", folder)
    assert by_name.out == by_path.out
    assert by_name.out.startswith("# Model card: m1\n")
    assert "Digest: " in by_name.out
    assert "scikit-learn 1." in by_name.out


def test_two_bundles_are_compared_side_by_side(run, add_bundle):
    add_bundle("m1")
    add_bundle("m2", seed=7, features=("a", "c", "d"), metrics=METRICS)
    lines = run("models", "compare", "m1", "m2").out.splitlines()
    rows = {line.rsplit(None, 2)[0]: line.split()[-2:] for line in lines[1:] if not line.startswith("features of")}
    assert lines[0].split() == ["m1", "m2"]
    assert rows["seed"] == ["0", "7"]
    assert rows["threshold default ICD-10-CM"] == ["0.30", "0.30"]
    assert rows["charts:held-out f1"] == ["-", "0.500"]
    assert rows["charts:held-out recall"] == ["-", "-"]
    assert lines[-2:] == ["features of m1 only: b", "features of m2 only: c, d"]


def test_two_bundles_are_measured_on_the_same_charts(run, add_bundle, fixed, tmp_path):
    add_bundle("m1", corpora=(TrainingCorpus("ours", "the site's own", 12),))
    add_bundle("m2", corpora=())
    record = {
        "id": "a", "setting": "outpatient", "claim": "professional", "date_of_service": "2026-02-03",
        "patient": {"age": 50, "sex": "F"}, "text": "A/P: HTN", "diagnoses": [{"code": "I10", "evidence": []}],
        "procedures": [], "acceptable": [], "not_codable": [],
    }  # fmt: skip
    (tmp_path / "ours.jsonl").write_text(json.dumps(record), encoding="utf-8")
    done = run("models", "compare", "m1", "m2", "--corpus", f"charts:{tmp_path / 'ours.jsonl'}")
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert "1 charts: f1" in done.out
    assert lines[-2] == "F1 of m2 less F1 of m1: +0.000  (95 % interval +0.000 to +0.000, paired)"
    assert lines[-1] == "m1 learnt from charts of ours: its measures may be too good"
    assert len(fixed.seen) == 2


def test_all_bundles_are_verified(run, add_bundle):
    add_bundle("m1")
    add_bundle("m2")
    done = run("models", "verify")
    assert (done.code, done.out) == (0, "m1: ok\nm2: ok\n")
    (add_bundle("m3") / "extra").touch()
    done = run("models", "verify", "m1", "m3", "m4")
    assert done.code == 2
    assert done.out.startswith("m1: ok\nm3: 'extra' is not listed")
    assert done.err == "chartcoder: 2 of 3 bundles fail: m3, m4\n"


def test_without_bundles_there_is_something_to_do(run):
    done = run("models", "verify")
    assert done.code == 2
    assert "train one" in done.err
    assert run("models", "show", "m1").code == 2
