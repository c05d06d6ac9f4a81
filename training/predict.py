"""Runs a suggester over examples and gives what the metrics need."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from suggest.candidates import Candidates
from suggest.features import CodeFeatures
from suggest.pipeline import Suggester
from suggest.records import Suggestion, System, TrainingExample
from training.evaluate import Prediction


@dataclass(frozen=True, slots=True)
class Run:
    """Predictions of a run, in the order of the examples, and the milliseconds that each chart took."""

    predictions: tuple[dict[System, Prediction], ...]
    milliseconds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the stages made of one chart.

    Attributes:
        example: The chart with its gold codes.
        candidates: What was read from it, and the codes that this leads to.
        table: Their features.
        suggestion: What was made of them.
    """

    example: TrainingExample
    candidates: Candidates
    table: CodeFeatures
    suggestion: Suggestion


Observer = Callable[[Outcome], None]


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
    observers: Sequence[Observer] = (),
    progress: Callable[[str, float], None] | None = None,
) -> Run:
    """Suggests codes for every example.

    Args:
        suggester: Suggests.
        examples: Coded charts.
        observers: Called with the outcome of each chart, in order; their time does not count as the chart's.
        progress: Called with what is being done and the share done (0 to 1).
    """
    predictions, milliseconds = [], []
    for i, example in enumerate(examples):
        begin = time.perf_counter()
        if observers:
            candidates, table = suggester.features(example.encounter)
            suggestion = suggester.decide(example.encounter, candidates, table)
        else:
            suggestion = suggester.suggest(example.encounter)
        milliseconds.append(1000 * (time.perf_counter() - begin))
        predictions.append(prediction_of(suggestion))
        for observe in observers:
            observe(Outcome(example, candidates, table, suggestion))
        if progress:
            progress("charts", (i + 1) / len(examples))
    return Run(tuple(predictions), tuple(milliseconds))
