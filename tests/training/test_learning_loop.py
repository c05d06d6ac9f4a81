"""The loop closed: a site corrects suggestions, a model learns from that, is measured, promoted and taken back.

The site of the simulation holds conventions that the shipped model does not know; see
``benchmarks/simulated_site.py``. Few trees and some of the project's charts keep it short: the figures of a
whole run come from ``benchmarks/learning_loop.py``.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cli.decided import active_suggester
from cli.main import main
from models.bundle import read_manifest, verify_bundle
from models.loading import load_suggester
from training.bundles import corpora_of, save_model
from training.corpora import load
from training.examples import HELD_OUT_METRICS, REJECTED_WEIGHT, split_decisions
from training.fit import train

REPOSITORY = Path(__file__).parents[2]
# Tests are imported by file (importlib mode), so that what they share with benchmarks needs a place on the path.
sys.path.append(str(REPOSITORY / "benchmarks"))
import learning_loop  # noqa: E402
from simulated_site import CONVENTIONS, NEVER_REPORTED  # noqa: E402

pytestmark = pytest.mark.slow

CHARTS = REPOSITORY / "training" / "data" / "charts"
TREES = 90
DECISIONS = 300


@pytest.fixture(scope="module")
def site(tmp_path_factory, home):
    """A data folder of its own with the shared index and a database of decisions."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "index").symlink_to(home / "index")
    return folder


@pytest.fixture(scope="module")
def simulation(site, suggester):
    made, split = learning_loop.simulate(suggester, site, count=70, least=DECISIONS)
    assert made >= DECISIONS
    return split


@pytest.fixture(scope="module")
def retrained(site, simulation, index, terminology, suggester):
    """The retrained model, saved beside the default one and loaded from there; procedures are ranked as before."""
    examples = [*simulation.learnt.examples, *load(f"charts:{','.join(learning_loop.OWN)}", ())]
    folder = site / "models" / "site-1"
    diagnoses = train(
        examples, index=index, terminology=terminology, name="site-1", trees=TREES, rejected_weight=REJECTED_WEIGHT
    )
    model = replace(diagnoses, procedures=suggester.model.procedures)
    save(folder, model, simulation, corpora=corpora_of(examples))
    assert verify_bundle(folder) == []
    return load_suggester(site, bundle=folder)


def save(folder, model, split, corpora=()):
    save_model(
        folder,
        model,
        policy="professional",
        seed=0,
        created="2026-07-01T00:00:00+00:00",
        corpora=corpora,
        metrics={},
        split=split.report(),
    )


def proposed(suggester, examples):
    return [{line.ranked.code.code for line in suggester.suggest(example.encounter).codes} for example in examples]


def test_the_simulation_holds_what_the_shipped_model_does_not_know(suggester, simulation):
    counts = simulation.learnt.counts()
    assert min(counts[kind] for kind in ("accepted", "added", "rejected", "replaced", "replacement")) > 0
    charts = simulation.held_out.examples
    hits = [gold.code.code in found for chart, found in zip(charts, proposed(suggester, charts), strict=True)
            for gold in chart.gold if gold.code.code in CONVENTIONS]  # fmt: skip
    assert len(hits) >= 10
    assert sum(hits) <= 0.2 * len(hits)


def test_the_retrained_model_is_better_on_the_months_it_did_not_see(suggester, retrained, simulation):
    found = learning_loop.compare(suggester, retrained, simulation.held_out.examples)
    assert found.interval[0] > 0
    assert found.rejected_after < found.rejected_before


def test_it_codes_by_the_conventions_of_the_site(retrained, simulation):
    charts = simulation.held_out.examples
    wanted = [gold.code.code in found for chart, found in zip(charts, proposed(retrained, charts), strict=True)
              for gold in chart.gold if gold.code.code in CONVENTIONS]  # fmt: skip
    assert sum(wanted) >= 0.8 * len(wanted)
    refused = [NEVER_REPORTED in found for found in proposed(retrained, charts)]
    assert sum(refused) <= 0.1 * len(refused)


def test_it_is_not_worse_on_other_charts_beyond_the_interval(suggester, retrained):
    regression = load(f"charts:{CHARTS / 'regression.jsonl'}", ())
    found = learning_loop.compare(suggester, retrained, regression)
    assert found.interval[1] >= 0


@pytest.mark.shared_data
def test_nor_on_the_development_charts(suggester, retrained, dev_data):
    found = learning_loop.compare(suggester, retrained, load(f"charts:{dev_data / 'us-charts' / 'dev.jsonl'}", ()))
    assert found.interval[1] >= 0


@pytest.fixture
def command(site, monkeypatch, capsysbinary):
    """Runs ``chartcoder`` in the data folder of the site; returns the bytes that it prints."""
    monkeypatch.setenv("CHARTCODER_HOME", str(site))

    def run(*arguments):
        with pytest.raises(SystemExit) as caught:
            main([str(argument) for argument in arguments])
        captured = capsysbinary.readouterr()
        assert not caught.value.code, captured.err.decode()
        return captured.out

    return run


@pytest.fixture
def charts(tmp_path, simulation):
    """Charts of the held-out months as the command reads them."""
    path = tmp_path / "charts.jsonl"
    lines = [
        json.dumps({
            "id": example.encounter.id,
            "text": example.encounter.notes[0].text,
            "patient": {"age": example.encounter.patient.age, "sex": example.encounter.patient.sex},
            "date_of_service": example.encounter.date_of_service.isoformat(),
        })
        for example in simulation.held_out.examples[:5]
    ]  # fmt: skip
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def stamps(output):
    return {json.loads(line)["stamp"]["model"] for line in output.splitlines()}


def test_promotion_changes_exactly_what_is_served_and_roll_back_restores_it(command, charts, site, retrained):
    before = command("suggest", charts, "--json")
    command("models", "promote", "site-1")
    after = command("suggest", charts, "--json")
    assert command("suggest", charts, "--json") == after
    assert stamps(before) != stamps(after) == {retrained.model.name}
    assert {line["codes"] != other["codes"] for line, other in _pairs(before, after)} == {True}
    # Only what the model decides has changed: the same charts, code set, policy and program.
    for line, other in _pairs(before, after):
        assert line["encounter_id"] == other["encounter_id"]
        assert line["stamp"] | {"model": ""} == other["stamp"] | {"model": ""}
    command("models", "rollback")
    assert command("suggest", charts, "--json") == before
    command("models", "promote", "site-1")
    assert command("suggest", charts, "--json") == after
    command("models", "rollback")
    assert command("models", "verify") == b"default: ok\nsite-1: ok\n"


def _pairs(one, two):
    pairs = zip(one.splitlines(), two.splitlines(), strict=True)
    return [(json.loads(line), json.loads(other)) for line, other in pairs]


def test_the_command_learns_from_decisions_and_keeps_the_split(command, site, simulation, tmp_path):
    few = tmp_path / "few.jsonl"
    few.write_text("".join((CHARTS / "office.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)[:8]))
    url = f"sqlite:///{site / 'site.db'}"
    output = command(
        "train", "--from-decisions", "--database", url, "--corpus", f"charts:{few}", "--out", "by-command"
    ).decode()
    manifest = read_manifest(site / "models" / "by-command")
    assert manifest.split == simulation.report()
    counts = simulation.learnt.counts()
    assert {corpus.name: corpus.examples for corpus in manifest.corpora} == {"decisions": counts["charts"], "few": 8}
    held_out = manifest.metrics[HELD_OUT_METRICS]
    assert held_out["charts"] == len(simulation.held_out.decided)
    assert held_out["compared"]["bundle"].startswith("default@")
    assert held_out["compared"]["interval"][0] > 0
    assert held_out["diagnosis"]["f1"] > held_out["compared"]["f1"]
    rows = [line.split() for line in output.splitlines()]
    assert ["rejected", *(str(side.counts()["rejected"]) for side in
                          (simulation.learnt, simulation.held_out, simulation.set_aside))] in rows  # fmt: skip
    assert "F1 on the held-out months, less that of default@" in output
    assert b"## How decisions were split" in command("models", "show", "by-command")
    shown = command("models", "compare", "default", "by-command", "--corpus", f"charts:{few}").decode()
    assert "F1 of by-command less F1 of default: " in shown
    assert "by-command learnt from charts of few: its measures may be too good" in shown


def test_a_bundle_that_learnt_the_held_out_months_is_not_compared_with(
    site, simulation, retrained, index, terminology, tmp_path, capsys
):
    def suggester_with(bundle):
        return active_suggester(site, bundle, simulation, index=index, terminology=terminology)

    assert suggester_with(site / "models" / "site-1").model.name == retrained.model.name
    everything = split_decisions(simulation.held_out.decided, holdout_months=0)
    save(tmp_path / "all", retrained.model, everything)
    assert suggester_with(tmp_path / "all") is None
    assert suggester_with(tmp_path / "none") is None
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "bundle all is not compared with: it learnt from the months that are held out"
    assert lines[1].startswith("the active bundle is not compared with: ")
