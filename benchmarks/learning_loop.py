"""Simulates a site that corrects suggestions, learns from its decisions, and prints what that brings.

    python benchmarks/learning_loop.py [--visits N] [--trees N] [--weights W...] [--charts FILE...] [--seed N]

The site (``simulated_site.py``) codes by conventions that the shipped model does not know. Its decisions go
through the real store; the model is trained on them together with the charts of the project, once for each
weight of rejected codes, and measured against the shipped one: on the months of the simulation that it did not
see, and on the regression charts of the project (or those named).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulated_site import Clock, code_visits, visits

from api.settings import load_settings
from models.loading import load_suggester
from store.database import open_database
from store.examples import iterate
from suggest.pipeline import Suggester
from suggest.records import TrainingExample
from suggest.terminology_compiler import open_terminology
from training.corpora import load
from training.evaluate import f1_difference, score
from training.examples import REJECTED_WEIGHT, DecisionSplit, split_decisions
from training.fit import TREES, train
from training.predict import predict

REPOSITORY = Path(__file__).parents[1]
CHARTS = REPOSITORY / "training" / "data" / "charts"
_NAMES = ("hospital", "mixed", "office", "operative", "procedural", "services", "specialty")
OWN = tuple(str(CHARTS / f"{name}.jsonl") for name in _NAMES)
REGRESSION = (str(CHARTS / "regression.jsonl"),)
HOLDOUT_MONTHS = 2


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the same charts: F1, share of rejected codes proposed, and the difference in F1."""

    before: float
    after: float
    rejected_before: float | None
    rejected_after: float | None
    difference: float
    interval: tuple[float, float]


def simulate(shipped: Suggester, folder: Path, *, count: int, least: int, seed: int = 0) -> tuple[int, DecisionSplit]:
    """Has a site decide on visits; returns the number of decisions, and their split."""
    clock = Clock()
    database = open_database(f"sqlite:///{folder / 'site.db'}", clock=clock)
    try:
        made = code_visits(database, clock, shipped, visits(count, seed), least=least)
        return made, split_decisions(iterate(database), holdout_months=HOLDOUT_MONTHS)
    finally:
        database.close()


def compare(before: Suggester, after: Suggester, examples: Sequence[TrainingExample]) -> Comparison:
    """Measures two models on the same charts."""
    runs = [predict(model, examples).predictions for model in (before, after)]
    old, new = (score(examples, run, seed=0)["diagnosis"] for run in runs)
    found: Mapping[str, Any] = f1_difference(examples, *runs, seed=0)
    low, high = found["interval"]
    return Comparison(
        old["f1"], new["f1"], old["not_codable_rate"], new["not_codable_rate"], found["difference"], (low, high)
    )


def main() -> None:
    options = parse()
    settings = load_settings()
    shipped = load_suggester(settings.home, bundle=REPOSITORY / "models" / "default", edition=settings.edition)
    terminology = open_terminology(settings.home, shipped.index)
    with tempfile.TemporaryDirectory() as folder:
        made, split = simulate(shipped, Path(folder), count=options.visits, least=1, seed=options.seed)
    print(f"{made} decisions on {options.visits} visits")
    for name, side in (("learnt", split.learnt), ("held out", split.held_out), ("set aside", split.set_aside)):
        print(f"{name:<10} " + ", ".join(f"{key} {value}" for key, value in side.counts().items()))
    own = load(f"charts:{','.join(OWN)}", ())
    measured = {
        "held-out months": split.held_out.examples,
        "other charts": load(f"charts:{','.join(options.charts)}", ()),
    }
    for weight in options.weights:
        began = time.perf_counter()
        model = train(
            [*split.learnt.examples, *own],
            index=shipped.index,
            terminology=terminology,
            name="retrained",
            seed=options.seed,
            trees=options.trees,
            rejected_weight=weight,
        )
        print(f"rejected codes weigh {weight:g}: {time.perf_counter() - began:.0f} s to train")
        after = Suggester(index=shipped.index, terminology=terminology, model=model)
        for name, charts in measured.items():
            print(f"  {name:<16} {shown(compare(shipped, after, charts))}")


def shown(found: Comparison) -> str:
    low, high = found.interval
    rejected = " -> ".join(
        "-" if rate is None else f"{rate:.3f}" for rate in (found.rejected_before, found.rejected_after)
    )
    return (
        f"F1 {found.before:.3f} -> {found.after:.3f} "
        f"({found.difference:+.3f}, 95 % interval {low:+.3f} to {high:+.3f}); rejected codes proposed {rejected}"
    )


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Simulates a site that learns from its decisions.")
    parser.add_argument("--visits", type=int, default=90, help="visits that are coded")
    parser.add_argument("--trees", type=int, default=TREES, help="trees of the ranker")
    parser.add_argument("--weights", type=float, nargs="+", default=[1.0, REJECTED_WEIGHT], help="of rejected codes")
    parser.add_argument("--charts", nargs="+", default=list(REGRESSION), help="files with chart records to measure on")
    parser.add_argument("--seed", type=int, default=0, help="of simulation and training")
    return parser.parse_args()


if __name__ == "__main__":
    main()
