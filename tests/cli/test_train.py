"""Training and evaluation on the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.decided import print_split, read_split
from models.bundle import read_manifest, verify_bundle
from store import coded_sets, decisions, encounters, users
from store.coding import Add
from store.database import open_database
from store.tables import Role
from suggest.records import Code, Encounter, Evidence, Note, System

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


def test_there_must_be_something_to_learn_from(run, corpus):
    done = run("train", "--out", "new")
    assert done.code == 2
    assert "name charts with --corpus, or take --from-decisions" in done.err
    for option in [("--since", "2026-01-01"), ("--until", "2026-01-01"), ("--database", "x"), ("--holdout-months", 0)]:
        done = run("train", "--corpus", corpus, "--out", "new", *option)
        assert done.code == 2
        assert "go with --from-decisions; add it" in done.err


@pytest.fixture
def decided(tmp_path):
    """A database with three charts of three patients, finalised in January, March and May."""
    moment = [datetime(2026, 1, 10, tzinfo=UTC)]
    url = f"sqlite:///{tmp_path / 'site.db'}"
    database = open_database(url, clock=lambda: moment[0])
    coder = users.create(database, "coder.one", roles=[Role.CODER], actor=None).id
    for month in (1, 3, 5):
        moment[0] = datetime(2026, month, 31, 23, 30, tzinfo=UTC)
        name = f"e{month}"
        encounters.create(database, Encounter(name, (Note("n", "A/P: HTN"),)), patient_key=f"p{month}", actor=None)
        add = Add(Code(System.ICD10CM, "I10"), (Evidence("n", 5, 8, "HTN"),))
        done = decisions.record(database, name, [add], reviewer=coder, expected_version=1)
        coded_sets.finalise(database, name, actor=coder, expected_version=done.version)
    database.close()
    return url


def test_few_charts_are_not_enough(run, corpus, decided):
    for options in (["--corpus", corpus], ["--from-decisions", "--database", decided]):
        done = run("train", *options, "--out", "new")
        assert done.code == 2
        assert "charts of 2 patients or families are too few to learn from, expected 10 or more" in done.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--until", "2025-12-31"], "no encounter was finalised in that time"),
        (["--since", "2026-06-01"], "no encounter was finalised in that time"),
        (["--since", "2026-05-31"], "(0 learnt from, 1 held out, 0 set aside); change --holdout-months"),
        (["--until", "2026-12-31"], "(3 learnt from, 0 held out, 0 set aside); change --holdout-months"),
        (["--holdout-months", "12"], "(0 learnt from, 3 held out, 0 set aside); change --holdout-months"),
    ],
)
def test_a_side_without_decisions_is_an_error(run, decided, options, message):
    done = run("train", "--from-decisions", "--database", decided, "--out", "new", *options)
    assert done.code == 2
    assert message in done.err


@pytest.mark.parametrize(
    ("days", "months", "sides"),
    [
        (("2026-01-31", "2026-05-31"), None, "2 1 0"),
        (("2026-02-01", "2026-05-31"), 1, "1 1 0"),
        (("2026-01-31", "2026-03-31"), 0, "2 0 0"),
    ],
)
def test_days_and_months_choose_decisions(decided, capsys, days, months, sides):
    since, until = (datetime.fromisoformat(day) for day in days)
    split = read_split(decided, since, until, months)
    print_split(split)
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == ["decisions", "learnt", "from", "held", "out", "set", "aside"]
    assert ["charts", *sides.split()] in rows
    assert ["added", *sides.split()] in rows
    assert rows[-1][0] == "last"
    assert rows[-1][3] == "-"


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
