"""Measures what a user waits for: start, time for a chart, charts a second, memory.

    python benchmarks/speed.py [--charts FILE...] [--rounds N] [--json]

Takes the charts of the project by default, and the active model and edition of CHARTCODER_HOME.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np

from api.settings import load_settings
from models.loading import load_suggester
from suggest.records import TrainingExample
from training.corpora import load
from training.predict import predict

CHARTS = Path(__file__).parents[1] / "training" / "data" / "charts"


def main() -> None:
    options = parse()
    examples = load(f"charts:{','.join(options.charts)}", ())
    settings = load_settings()
    load_suggester(settings.home, bundle=settings.bundle, edition=settings.edition)  # compiles what is missing
    began = time.perf_counter()
    suggester = load_suggester(settings.home, bundle=settings.bundle, edition=settings.edition)
    loading = time.perf_counter() - began
    predict(suggester, examples[:5])
    milliseconds = np.concatenate([predict(suggester, examples).milliseconds for _ in range(options.rounds)])
    report = {
        "charts": len(examples),
        "characters_per_chart": round(characters(examples) / len(examples)),
        "load_seconds": round(loading, 2),
        "ms_per_chart_p50": round(float(np.percentile(milliseconds, 50)), 1),
        "ms_per_chart_p99": round(float(np.percentile(milliseconds, 99)), 1),
        "charts_per_second": round(1000 / float(milliseconds.mean()), 1),
        "characters_per_second": round(1000 * options.rounds * characters(examples) / float(milliseconds.sum())),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "python": sys.version.split()[0],
    }
    if options.json:
        print(json.dumps(report))
    else:
        for name, value in report.items():
            print(f"{name.replace('_', ' '):<22} {value}")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measures start, speed and memory.")
    parser.add_argument("--charts", nargs="+", default=[str(CHARTS / "*.jsonl")], help="files with chart records")
    parser.add_argument("--rounds", type=int, default=3, help="how often all charts are read")
    parser.add_argument("--json", action="store_true", help="print a JSON object")
    return parser.parse_args()


def characters(examples: list[TrainingExample]) -> int:
    return sum(len(note.text) for example in examples for note in example.encounter.notes)


if __name__ == "__main__":
    main()
