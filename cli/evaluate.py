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
_OF_PROCEDURES = (
    ("precision", "precision"),
    ("recall", "recall"),
    ("MAP", "map"),
    ("recall@10", "recall_at_10"),
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
    errors: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write every miss and false alarm with its words as an HTML file; it holds chart text."
        ),
    ] = None,
    ablate: Annotated[
        bool, typer.Option("--ablate", help="Measure as well what each source and group of features is worth.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap and of --ablate.")] = 0,
) -> None:
    """Suggests codes for every chart of a corpus and scores them against its gold codes.

    docs/training.md explains the measures. Codes count by exact match, micro-averaged over charts.

    With --errors it writes a file that holds words of the charts: treat it as you treat them.
    """
    from api.settings import load_settings
    from models.loading import load_suggester
    from training.ablation import Ablation
    from training.corpora import load
    from training.error_page import check_report_path, render_report, write_report
    from training.errors import ErrorFinder
    from training.evaluate import score
    from training.predict import predict

    if errors:
        check_report_path(errors)
    settings = load_settings()
    folder = bundle_path(settings.home, bundle) if bundle else settings.bundle
    examples = load(corpus, split or (), evidence=errors is not None)
    if not examples:
        raise UsageError(f"no charts in {corpus}; check the corpus")
    with progress_bar() as progress:
        suggester = load_suggester(
            settings.home, bundle=folder, edition=settings.edition, cpt=settings.cpt, progress=progress
        )
        found = ErrorFinder(suggester.index, suggester.model) if errors else None
        ablation = Ablation(suggester) if ablate else None
        observers = [watcher.observe for watcher in (found, ablation) if watcher]
        run = predict(suggester, examples, observers=observers, progress=progress)
        result = score(examples, run.predictions, seed=seed, ms_per_chart=run.milliseconds)
        if ablation:
            result["ablation"] = ablation.result(examples, run.predictions, seed=seed, progress=progress)
    if errors and found:
        write_report(errors, render_report(found, corpus=corpus, measures=result["diagnosis"]))
    text = json.dumps(result, indent=1)
    if json_file == Path("-"):
        print(text)
        return
    if json_file:
        json_file.write_text(text + "\n", encoding="utf-8")
    _print_table(result)
    if ablate:
        print()
        _print_ablation(result["ablation"])


def _print_table(result: dict[str, Any]) -> None:
    diagnosis, times = result["diagnosis"], result["ms_per_chart"]
    low, high = diagnosis["f1_interval"] or (None, None)
    interval = f"{shown(diagnosis['f1'])}  (95 % interval {shown(low)} to {shown(high)})"
    rows = [("charts", str(result["charts"])), ("F1", interval)]
    rows += [(label, shown(diagnosis[key])) for label, key in _COLUMNS]
    rows += [("ms per chart", f"{shown(times['p50'], 0)} (median), {shown(times['p99'], 0)} (99th percentile)")]
    print_rows(rows)
    _print_procedures(result)


def _print_procedures(result: dict[str, Any]) -> None:
    """Prints the measures of the procedures that the charts carry, and of visits."""
    rows = [("procedures", "F1", "95 % interval", *(label for label, _key in _OF_PROCEDURES))]
    for system, measures in result["procedure"].items():
        if measures["recall"] is not None:
            low, high = measures["f1_interval"] or (None, None)
            figures = (shown(measures[key]) for _label, key in _OF_PROCEDURES)
            rows.append((system, shown(measures["f1"]), f"{shown(low)} to {shown(high)}", *figures))
    if len(rows) > 1:
        print()
        print_rows(rows, right=frozenset(range(1, len(rows[0]))))
    visits = result["em"]
    if visits["charts"]:
        print(
            f"visits: {shown(visits['exact'])} exact, {shown(visits['within_one'])} within one level "
            f"({visits['charts']} charts)"
        )


def _print_ablation(ablation: dict[str, Any]) -> None:
    measures = (("MAP", "map"), ("recall@20", "recall_at_20"), ("candidate recall", "candidate_recall"))
    rows = [("without", "F1", "difference", "95 % interval", *(label for label, _key in measures))]
    whole = ablation["whole"]
    rows.append(("(nothing left out)", shown(whole["f1"]), "", "", *(shown(whole[key]) for _label, key in measures)))
    for part in ablation["parts"]:
        low, high = part["interval"] or (None, None)
        interval = f"{signed(low)} to {signed(high)}"
        figures = (shown(part["f1"]), signed(part["difference"]), interval)
        rows.append((f"{part['kind']} {part['name']}", *figures, *(shown(part[key]) for _label, key in measures)))
    print_rows(rows, right=frozenset(range(1, len(rows[0]))))


def signed(value: float | None) -> str:
    """Returns a difference with its sign; ``-`` where it is not defined."""
    return "-" if value is None else f"{round(value, 3) + 0.0:+.3f}"  # adding 0 makes -0.0 plain


def shown(value: float | None, digits: int = 3) -> str:
    """Returns a measure as text; ``-`` where it is not defined."""
    return "-" if value is None else f"{value:.{digits}f}"
