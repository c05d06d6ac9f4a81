"""Decisions of coders as charts for ``chartcoder train``: read, split, reported, compared on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.common import UsageError, print_rows

if TYPE_CHECKING:
    from suggest.code_sets.index import CodeIndex
    from suggest.pipeline import Suggester
    from suggest.records import System, TrainingExample
    from suggest.terminology import Terminology
    from training.evaluate import Prediction
    from training.examples import DecisionSplit

DATE = "%Y-%m-%d"
HOLDOUT_MONTHS = 2


def read_split(url: str, since: datetime | None, until: datetime | None, holdout_months: int | None) -> DecisionSplit:
    """Reads the finalised encounters of a database and splits them by patient and time.

    Args:
        url: URL of the database.
        since: First day of finalisation, in UTC.
        until: Last day of finalisation, in UTC.
        holdout_months: Months before the end that are held out; ``None`` for the default.

    Raises:
        DatabaseError: The database cannot be opened or read.
        UsageError: There is nothing to learn from, or nothing in the months to hold out.
    """
    from store.database import open_database
    from store.examples import iterate
    from training.examples import split_decisions

    months = HOLDOUT_MONTHS if holdout_months is None else holdout_months
    begin = since.replace(tzinfo=UTC) if since else None
    end = until.replace(tzinfo=UTC) + timedelta(days=1) if until else None
    database = open_database(url)
    try:
        split = split_decisions(iterate(database, since=begin, until=end), holdout_months=months, until=end)
    finally:
        database.close()
    sides = {name: len(side.decided) for name, side in _sides(split).items()}
    if not any(sides.values()):
        raise UsageError("no encounter was finalised in that time; check --database, --since and --until")
    if not sides["learnt from"] or (months and not sides["held out"]):
        found = ", ".join(f"{count} {name}" for name, count in sides.items())
        raise UsageError(f"the last {months} months leave a side without charts ({found}); change --holdout-months")
    return split


def print_split(split: DecisionSplit) -> None:
    """Prints how many charts, patients and decisions of each kind are on each side."""
    counts = {name: side.counts() for name, side in _sides(split).items()}
    rows = [(key, *(_shown(count[key]) for count in counts.values())) for key in counts["learnt from"]]
    print_rows([("decisions", *counts), *rows])


def _shown(value: object) -> str:
    return "-" if value is None else str(value)


def active_suggester(
    home: Path, bundle: Path | None, split: DecisionSplit, *, index: CodeIndex, terminology: Terminology
) -> Suggester | None:
    """Returns a suggester with the active bundle, to compare with on what is held out.

    Where the bundle cannot be compared with, it says why and returns ``None``: a program that has been upgraded
    needs a new bundle because the active one does not load any more.
    """
    from models.bundle import read_bundle
    from models.loading import load_model
    from models.registry import active
    from suggest.errors import BundleError
    from suggest.pipeline import Suggester
    from training.examples import learnt_later

    if not split.held_out.decided:
        return None
    try:
        found = read_bundle(bundle or active(home))
        model = load_model(found)
    except BundleError as error:
        print(f"the active bundle is not compared with: {error}")
        return None
    if learnt_later(found.manifest.split, split.held_out.decided):
        print(f"bundle {found.manifest.name} is not compared with: it learnt from the months that are held out")
        return None
    return Suggester(index=index, terminology=terminology, model=model)


def compared(
    before: Suggester,
    examples: Sequence[TrainingExample],
    predictions: Sequence[Mapping[System, Prediction]],
    *,
    seed: int,
) -> dict[str, Any]:
    """Returns how predictions differ in F1 from those of the bundle before, and prints it."""
    from training.evaluate import f1_difference, score
    from training.predict import predict

    old = predict(before, examples).predictions
    result = {
        "bundle": before.model.name,
        "f1": score(examples, old, seed=seed)["diagnosis"]["f1"],
        **f1_difference(examples, old, predictions, seed=seed),
    }
    print(f"F1 on the held-out months, less that of {before.model.name}: {difference_shown(result)}")
    return result


def difference_shown(result: Mapping[str, Any]) -> str:
    """Returns a difference of two F1 as text, with its interval."""
    if result["difference"] is None:
        return "-"
    low, high = result["interval"]
    return f"{result['difference']:+.3f}  (95 % interval {low:+.3f} to {high:+.3f}, paired)"


def _sides(split: DecisionSplit) -> dict[str, Any]:
    return {"learnt from": split.learnt, "held out": split.held_out, "set aside": split.set_aside}
