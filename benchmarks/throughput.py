"""Speed and memory of the pipeline: CPU milliseconds a note, memory of workers, growth over many notes.

Run ``python benchmarks/throughput.py --help``. Times are CPU time of one thread (``time.process_time``), so that
other load on the machine does not count; memory is the proportional set size that Linux reports.
"""

from __future__ import annotations

import argparse
import gzip
import json
import multiprocessing
import random
import sys
import time
from pathlib import Path

import numpy as np

from api.settings import load_settings
from models.loading import load_suggester
from suggest.pipeline import Suggester
from suggest.records import Encounter, Note

SAMPLES = Path(__file__).parent.parent / "training" / "data" / "charts"


def texts(source: Path | None) -> list[str]:
    """Returns chart texts: the project's own charts, or a ``.jsonl[.gz]`` file with a ``text`` field."""
    files = sorted(SAMPLES.glob("*.jsonl")) if source is None else [source]
    found = []
    for path in files:
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", encoding="utf-8") as lines:
            found.extend(json.loads(line)["text"] for line in lines)
    return found


def of_size(chart: str, size: int) -> str:
    """Cuts or repeats a chart to about ``size`` characters, at a line end."""
    repeated = chart + "\n" + chart * (size // max(1, len(chart)))
    end = repeated.find("\n", size - 200)
    return repeated[: end if 0 < end < size + 200 else size]


def pss_mb() -> float:
    """Returns the proportional set size of this process in MB."""
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def speed(suggester: Suggester, charts: list[str], size: int, rounds: int) -> np.ndarray:
    """Returns CPU milliseconds of each note of about ``size`` characters."""
    notes = [of_size(chart, size) for chart in charts]
    for note in notes[:20]:
        suggester.suggest(Encounter("warm-up", (Note("n", note),)))
    spent = []
    for _ in range(rounds):
        for note in notes:
            begin = time.process_time()
            suggester.suggest(Encounter("bench", (Note("n", note),)))
            spent.append(1000 * (time.process_time() - begin))
    return np.array(spent)


def growth(suggester: Suggester, charts: list[str], count: int) -> list[tuple[int, float]]:
    """Returns (notes read, memory in MB) at ten points of ``count`` different notes."""
    rng = random.Random(0)
    seen = [(0, pss_mb())]
    for i in range(1, count + 1):
        lines = rng.choice(charts).splitlines()
        rng.shuffle(lines)
        lines.append(f"ref {rng.getrandbits(64):x} {rng.getrandbits(64):x}")  # new words in every note
        suggester.suggest(Encounter("bench", (Note("n", "\n".join(lines)),)))
        if i % max(1, count // 10) == 0:
            seen.append((i, pss_mb()))
    return seen


def worker(home: str, charts: list[str], ready: object, stop: object, out: object) -> None:
    """Loads a suggester, reads some notes, and reports its memory while all workers live."""
    suggester = load_suggester(Path(home))
    for chart in charts[:50]:
        suggester.suggest(Encounter("bench", (Note("n", chart),)))
    ready.wait()  # type: ignore[attr-defined]
    out.put(pss_mb())  # type: ignore[attr-defined]
    stop.wait()  # type: ignore[attr-defined]


def workers(home: str, charts: list[str], count: int) -> list[float]:
    """Returns the memory in MB of each of ``count`` workers that live at the same time."""
    context = multiprocessing.get_context("spawn")
    ready, stop, out = context.Barrier(count), context.Event(), context.Queue()
    running = [context.Process(target=worker, args=(home, charts, ready, stop, out)) for _ in range(count)]
    for process in running:
        process.start()
    sizes = [out.get() for _ in running]
    stop.set()
    for process in running:
        process.join()
    return sizes


def main() -> None:
    """Runs the chosen measurements and prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", default=str(load_settings().home), help="data folder (CHARTCODER_HOME)")
    parser.add_argument("--charts", type=Path, help="a .jsonl or .jsonl.gz file with a text field")
    parser.add_argument("--size", type=int, default=2000, help="characters a note")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--growth", type=int, default=0, help="read so many different notes and report memory")
    parser.add_argument("--workers", type=int, default=0, help="start so many workers and report their memory")
    options = parser.parse_args()
    charts = texts(options.charts)
    report: dict[str, object] = {"python": sys.version.split()[0], "charts": len(charts), "size": options.size}
    if options.workers:
        alone, together = workers(options.home, charts, 1), workers(options.home, charts, options.workers)
        report["worker_mb"] = {
            "alone": alone[0],
            "together": together,
            "each_further": (sum(together) - alone[0]) / max(1, len(together) - 1),
        }
    suggester = load_suggester(Path(options.home))
    if options.rounds:
        spent = speed(suggester, charts, options.size, options.rounds)
        report["cpu_ms"] = {f"p{q}": round(float(np.percentile(spent, q)), 2) for q in (50, 90, 99)}
    if options.growth:
        report["growth_mb"] = growth(suggester, charts, options.growth)
    json.dump(report, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
