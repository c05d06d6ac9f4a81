"""What each source of candidates and each group of features is worth to a model on coded charts.

Nothing is trained again: the model stays as it is and gets less to go by. A source is left out by dropping what
it matched before candidates are built, so that what rests on it (codes of history, combinations) goes as well.
A group of features is made worthless by permuting its columns together between the rows of all charts:
permutation importance (Breiman, Random Forests, 2001; Fisher, Rudin and Dominici, All Models are Wrong, but
Many are Useful, 2019). Groups that carry the same information share their worth, and a model trained without a
part would make up for some of it: the losses do not add up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suggest.candidates import Candidates
from suggest.edges import Edges
from suggest.feature_names import FEATURES, GROUPS
from suggest.features import CodeFeatures
from suggest.lexicon import Source
from suggest.pipeline import Suggester
from suggest.reading import NoteReading
from suggest.records import Encounter, System, TrainingExample
from training.evaluate import Prediction, f1_difference, score
from training.predict import Outcome, prediction_of

_OFFICIAL = frozenset({Source.TITLE, Source.INCLUSION})
SOURCES: dict[str, frozenset[Source]] = {
    "title+inclusion": _OFFICIAL,
    **{source.label: frozenset({source}) for source in Source if source not in _OFFICIAL},
}
"""What is left out at a time; titles and inclusion terms are one text and go together."""
MEASURES = ("f1", "map", "recall_at_20", "candidate_recall")

Predictions = dict[System, Prediction]


@dataclass(frozen=True, slots=True)
class _Chart:
    encounter: Encounter
    candidates: Candidates
    table: CodeFeatures


class Ablation:
    """Suggests codes for every chart again with one part less at a time, from one reading of the chart."""

    def __init__(self, suggester: Suggester) -> None:
        """Begins without charts.

        Args:
            suggester: The one whose outcomes will be observed.
        """
        self._suggester = suggester
        self._charts: list[_Chart] = []
        self._without: dict[str, list[Predictions]] = {name: [] for name in SOURCES}

    def observe(self, outcome: Outcome) -> None:
        """Suggests codes for a chart without each source, and keeps its features for the groups."""
        encounter = outcome.example.encounter
        self._charts.append(_Chart(encounter, outcome.candidates, outcome.table))
        whole = prediction_of(outcome.suggestion)
        for name, sources in SOURCES.items():
            less = without(self._suggester, encounter, outcome.candidates, sources)
            if less is not None:
                table = self._suggester.table(encounter, less)
                found = prediction_of(self._suggester.decide(encounter, less, table))
            self._without[name].append(whole if less is None else found)

    def result(
        self,
        examples: Sequence[TrainingExample],
        whole: Sequence[Mapping[System, Prediction]],
        *,
        seed: int,
        progress: Callable[[str, float], None] | None = None,
    ) -> dict[str, Any]:
        """Scores what was observed.

        Args:
            examples: The charts that were observed, in order.
            whole: What was predicted with all parts.
            seed: Seed of permutations and bootstrap.
            progress: Called with what is being done and the share done (0 to 1).

        Returns:
            A JSON object: ``whole`` with the measures of ``MEASURES`` (diagnoses, see ``evaluate.score``), and
            ``parts``, one for each source and group of features, the greatest loss of F1 first: ``kind``
            (``source`` or ``features``), ``name``, the measures without it, and ``difference`` and
            ``interval`` of ``evaluate.f1_difference`` (negative where F1 falls without the part).

        Raises:
            ValueError: ``examples`` are not as many as were observed.
        """
        runs = [("source", name, found) for name, found in self._without.items()]
        for number, (name, columns) in enumerate(GROUPS.items()):
            runs.append(("features", name, self._permuted(columns, (seed, number))))
            if progress:
                progress("features", (number + 1) / len(GROUPS))
        parts = [
            {"kind": kind, "name": name}
            | _measures(examples, found, seed)
            | f1_difference(examples, whole, found, seed=seed)
            for kind, name, found in runs
        ]
        return {"whole": _measures(examples, whole, seed), "parts": sorted(parts, key=_loss)}

    def _permuted(self, names: Sequence[str], seed: tuple[int, int]) -> list[Predictions]:
        """Suggests codes for all charts with the columns of a group permuted, rows as a whole."""
        values = np.concatenate([chart.table.values for chart in self._charts])
        columns = [FEATURES.index(name) for name in names]
        order = np.random.default_rng(seed).permutation(len(values))
        values[:, columns] = values[order][:, columns]
        ends = np.cumsum([len(chart.table.values) for chart in self._charts])
        return [
            prediction_of(self._suggester.decide(chart.encounter, chart.candidates, replace(chart.table, values=mine)))
            for chart, mine in zip(self._charts, np.split(values, ends[:-1]), strict=True)
        ]


def without(
    suggester: Suggester, encounter: Encounter, candidates: Candidates, sources: frozenset[Source]
) -> Candidates | None:
    """Returns the candidates of an encounter without some sources; ``None`` where these have no part in them.

    What was read stays: a phrase that a longer one of a dropped source covers does not come back.
    """
    numbers = [int(source) for source in sources]
    kept = [~np.isin(reading.hits.source, numbers) for reading in candidates.readings]
    if all(keep.all() for keep in kept) and not np.isin(candidates.edges.source, numbers).any():
        return None
    readings = [_only(reading, keep) for reading, keep in zip(candidates.readings, kept, strict=True)]
    built = suggester.candidates(encounter, readings)
    # some sources are no matches but rules that candidates are built by
    edges = _take(built.edges, ~np.isin(built.edges.source, numbers))
    there = set(edges.code.tolist())
    still = ((part, wholes & there) for part, wholes in built.replaced.items())
    replaced = {part: wholes for part, wholes in still if wholes}
    return replace(built, edges=edges, replaced=replaced)


def _only(reading: NoteReading, keep: NDArray[np.bool_]) -> NoteReading:
    return replace(reading, hits=reading.hits.take(keep), hit_mention=reading.hit_mention[keep])


def _take(edges: Edges, keep: NDArray[np.bool_]) -> Edges:
    return Edges(*(getattr(edges, name)[keep] for name in Edges.__slots__))


def _measures(
    examples: Sequence[TrainingExample], found: Sequence[Mapping[System, Prediction]], seed: int
) -> dict[str, Any]:
    diagnosis = score(examples, found, seed=seed)["diagnosis"]
    return {name: diagnosis[name] for name in MEASURES}


def _loss(part: Mapping[str, Any]) -> float:
    return 0.0 if part["difference"] is None else float(part["difference"])
