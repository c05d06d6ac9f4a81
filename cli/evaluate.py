"""``chartcoder evaluate``: how well a bundle does on coded charts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.common import UsageError, bundle_path, print_rows, progress_bar
from cli.train import CORPUS_HELP, SPLIT_HELP

_COLUMNS = (
    ("precision", "precision"),
    ("recall", "recall"),
    ("macro F1", "macro_f1"),
    ("MAP", "map"),
    ("P@5", "p_at_5"),
    ("recall@10", "recall_at_10"),
    ("recall@20", "recall_at_20"),
    ("candidate recall", "candidate_recall"),
    ("first-listed", "first_listed"),
    ("not-codable rate", "not_codable_rate"),
    ("ECE", "ece"),
)


def evaluate(
    corpus: Annotated[str, typer.Option(metavar="SPEC", help=CORPUS_HELP)],
    split: Annotated[list[str] | None, typer.Option(help=SPLIT_HELP)] = None,
    bundle: Annotated[
        str | None,
        typer.Option(help="A folder, or a name under CHARTCODER_HOME/models.  [default: the active bundle]"),
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Write the measures as JSON; '-' prints."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap of the interval.")] = 0,
) -> None:
    """Suggests codes for every chart of a corpus and scores them against its gold codes.

    docs/training.md explains the measures. Codes count by exact match, micro-averaged over charts.
    """
    from api.settings import load_settings
    from models.loading import load_suggester
    from training.corpora import load
    from training.evaluate import score
    from training.predict import predict

    settings = load_settings()
    folder = bundle_path(settings.home, bundle) if bundle else settings.bundle
    examples = load(corpus, split or ())
    if not examples:
        raise UsageError(f"no charts in {corpus}; check the corpus")
    with progress_bar() as progress:
        suggester = load_suggester(settings.home, bundle=folder, edition=settings.edition, progress=progress)
        run = predict(suggester, examples, progress=progress)
    result = score(examples, run.predictions, seed=seed, ms_per_chart=run.milliseconds)
    text = json.dumps(result, indent=1)
    if json_file == Path("-"):
        print(text)
        return
    if json_file:
        json_file.write_text(text + "\n", encoding="utf-8")
    _print_table(result)


def _print_table(result: dict[str, Any]) -> None:
    diagnosis, times = result["diagnosis"], result["ms_per_chart"]
    low, high = diagnosis["f1_interval"] or (None, None)
    interval = f"{shown(diagnosis['f1'])}  (95 % interval {shown(low)} to {shown(high)})"
    rows = [("charts", str(result["charts"])), ("F1", interval)]
    rows += [(label, shown(diagnosis[key])) for label, key in _COLUMNS]
    rows += [("ms per chart", f"{shown(times['p50'], 0)} (median), {shown(times['p99'], 0)} (99th percentile)")]
    print_rows(rows)


def shown(value: float | None, digits: int = 3) -> str:
    """Returns a measure as text; ``-`` where it is not defined."""
    return "-" if value is None else f"{value:.{digits}f}"
