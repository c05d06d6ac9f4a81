"""Measures what the lexicon is worth on charts that it was not written from, and what more of it would bring.

    python benchmarks/lexicon_worth.py --corpus SPEC [--split NAME] [--seeds N] [--json FILE]

For each seed the lines of the term lexicons are shuffled, and growing parts of them (none, 1/8, 1/4, 1/2, 3/4, all;
each holds the one before) are compiled into a terminology of their own, beside all titles, inclusion terms and status
tables. With each the charts are read anew and ranked by the shipped model. It prints the share of gold diagnoses that
are candidates, the share among the first 20, and what 1,000 lines more brought at each step. Where the last steps
still rise, more lines of the same kind would help; the charts must not be those that lines were written from.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from unittest.mock import patch

from tqdm import tqdm

from api.settings import load_settings
from models.loading import load_suggester
from suggest import terminology_compiler
from suggest.code_sets.index import CodeIndex
from suggest.lexicon import Entry, read_lexicon
from suggest.pipeline import Suggester
from suggest.ranking import Model
from suggest.records import TrainingExample
from suggest.terminology import Terminology
from training.corpora import load
from training.evaluate import score
from training.predict import predict

BUNDLE = Path(__file__).parents[1] / "models" / "default"
SHARES = (0.0, 1 / 8, 1 / 4, 1 / 2, 3 / 4, 1.0)
MEASURES = ("candidate_recall", "recall_at_20")


@dataclass(frozen=True, slots=True)
class Point:
    """Recall with a part of the lexicon: lines taken, and the mean over the seeds with its standard deviation."""

    lines: int
    candidate_recall: float
    candidate_recall_sd: float
    recall_at_20: float
    recall_at_20_sd: float


def parts(lines: Sequence[Entry], seed: int) -> list[list[Entry]]:
    """Returns the parts of the lexicon for a seed, each holding the one before."""
    shuffled = random.Random(seed).sample(lines, len(lines))
    return [shuffled[: round(share * len(lines))] for share in SHARES]


def compiled(index: CodeIndex, entries: Sequence[Entry]) -> Terminology:
    """Compiles a terminology with these entries in place of those that ship."""
    with tempfile.TemporaryDirectory() as folder:
        with patch.object(terminology_compiler, "read_lexicon", lambda: iter(entries)):
            terminology_compiler.compile_terminology(index, Path(folder))
        return Terminology(Path(folder))  # its mapped files stay readable after the folder is gone


def recall(index: CodeIndex, model: Model, entries: Sequence[Entry], charts: Sequence[TrainingExample]) -> list[float]:
    """Returns the recalls of ``MEASURES`` with these entries."""
    suggester = Suggester(index=index, terminology=compiled(index, entries), model=model)
    diagnosis = score(charts, predict(suggester, charts).predictions, seed=0)["diagnosis"]
    return [diagnosis[name] for name in MEASURES]


def measure(index: CodeIndex, model: Model, charts: Sequence[TrainingExample], seeds: int) -> list[Point]:
    """Returns a point for each share of the lexicon."""
    entries = list(read_lexicon())
    lines = [entry for entry in entries if entry.place.startswith("lexicon/")]
    tables = [entry for entry in entries if not entry.place.startswith("lexicon/")]
    # without lines, and with all of them, seeds make no difference
    once = lru_cache(lambda some: recall(index, model, [*tables, *some], charts))
    found = [
        [once(tuple(sorted(some, key=lambda entry: entry.place))) for some in parts(lines, seed)]
        for seed in tqdm(range(seeds), desc="seeds")
    ]
    points = []
    for share, runs in zip(SHARES, zip(*found, strict=True), strict=True):
        figures = [figure for values in zip(*runs, strict=True) for figure in (statistics.mean(values), spread(values))]
        points.append(Point(round(share * len(lines)), *figures))
    return points


def spread(values: Sequence[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else 0.0


def slope(before: Point, after: Point, name: str) -> float:
    """Returns how much recall 1,000 lines more brought between two points."""
    return 1000 * (getattr(after, name) - getattr(before, name)) / (after.lines - before.lines)


def show(points: Sequence[Point]) -> None:
    print(f"{'':>7}  {'candidate recall':^30}  {'recall@20':^30}")
    print(f"{'lines':>7}" + f"  {'mean':>7}{'sd':>8}{'per 1,000':>15}" * 2)
    for before, after in zip([None, *points], points, strict=False):
        cells = [f"{after.lines:7d}"]
        for name in MEASURES:
            gain = "" if before is None else f"{slope(before, after, name):+.4f}"
            cells.append(f"{getattr(after, name):7.3f}{getattr(after, f'{name}_sd'):8.3f}{gain:>15}")
        print("  ".join(cells))


def main() -> None:
    options = parse()
    settings = load_settings()
    shipped = load_suggester(settings.home, bundle=BUNDLE)
    charts = load(options.corpus, options.split)
    points = measure(shipped.index, shipped.model, charts, options.seeds)
    print(f"{len(charts)} charts of {options.corpus}, {options.seeds} seeds")
    show(points)
    if options.json:
        options.json.write_text(json.dumps([asdict(point) for point in points], indent=1) + "\n", encoding="utf-8")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measures what the lexicon is worth.")
    parser.add_argument("--corpus", required=True, help="specification of a corpus, as for chartcoder evaluate")
    parser.add_argument("--split", action="append", default=[], help="a split of a corpus that has them")
    parser.add_argument("--seeds", type=int, default=3, help="random orders of the lexicon's lines")
    parser.add_argument("--json", type=Path, help="write the points as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
