"""Runs a suggester over examples and gives what the metrics need."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from suggest.pipeline import Suggester
from suggest.records import Suggestion, System, TrainingExample
from training.evaluate import Prediction


@dataclass(frozen=True, slots=True)
class Run:
    """Predictions of a run, in the order of the examples, and the milliseconds that each chart took."""

    predictions: tuple[dict[System, Prediction], ...]
    milliseconds: tuple[float, ...]


def prediction_of(suggestion: Suggestion) -> dict[System, Prediction]:
    """Returns what a suggestion ranks and proposes, by code system."""
    systems = {ranked.code.system for ranked in suggestion.ranked}
    return {
        system: Prediction(
            ranked=tuple((r.code.code, r.probability) for r in suggestion.ranked if r.code.system is system),
            proposed=tuple(line.ranked.code.code for line in suggestion.codes if line.ranked.code.system is system),
        )
        for system in systems
    }


def predict(
    suggester: Suggester,
    examples: Sequence[TrainingExample],
    *,
    progress: Callable[[str, float], None] | None = None,
) -> Run:
    """Suggests codes for every example."""
    predictions, milliseconds = [], []
    for i, example in enumerate(examples):
        begin = time.perf_counter()
        suggestion = suggester.suggest(example.encounter)
        milliseconds.append(1000 * (time.perf_counter() - begin))
        predictions.append(prediction_of(suggestion))
        if progress:
            progress("charts", (i + 1) / len(examples))
    return Run(tuple(predictions), tuple(milliseconds))
