"""Scores suggestions against gold codes: pure functions of examples and predictions.

Codes count by exact match, micro-averaged over charts; an example's ``acceptable`` codes are left out on both
sides. Repeated codes count once, at their first place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suggest.records import System, TrainingExample
from suggest.resources import parse_table
from training.code_shapes import system_of

PROCEDURE_SYSTEMS = (System.CPT, System.HCPCS, System.ICD10PCS)

_RESAMPLES = 1000
_INTERVAL = (2.5, 97.5)
_ECE_BINS = 10
_ECE_FLOOR = 0.1


@dataclass(frozen=True, slots=True)
class Prediction:
    """What was suggested for one chart in one code system.

    Attributes:
        ranked: Every candidate with its probability (0 to 1), best first; the order given decides ties.
        proposed: The codes proposed, in sequence.
    """

    ranked: tuple[tuple[str, float], ...] = ()
    proposed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Chart:
    """One chart in one system: distinct codes, acceptable ones left out."""

    gold: tuple[str, ...]
    proposed: tuple[str, ...]
    ranked: tuple[tuple[str, float], ...]
    not_codable: frozenset[str]


def score(
    examples: Sequence[TrainingExample],
    predictions: Sequence[Mapping[System, Prediction]],
    *,
    seed: int,
    ms_per_chart: Sequence[float] = (),
) -> dict[str, Any]:
    """Scores predictions; every measure is ``None`` where its denominator is 0.

    Args:
        examples: The charts with their gold codes.
        predictions: One mapping per example, in the same order; a system left out stands for no suggestion.
        seed: Seed of the bootstrap.
        ms_per_chart: Milliseconds that each chart took, for the percentiles.

    Returns:
        A JSON object: ``diagnosis``; ``procedure`` with the same keys for each of CPT, HCPCS and ICD-10-PCS;
        ``em``; ``charts``; ``ms_per_chart``. The keys of ``diagnosis``:

        - ``precision``, ``recall``, ``f1`` of the proposed codes; ``f1_interval``: [low, high], 95 %
          bootstrap over charts (1,000 resamples);
        - ``macro_f1``: mean over the codes that occur in gold (CodiEsp, CLEF eHealth 2020);
        - ``map``: mean over charts with gold codes of the average precision of the whole ranked list
          (CodiEsp);
        - ``p_at_5``: right codes among the first five ranked, over the codes ranked there;
        - ``recall_at_10``, ``recall_at_20``, ``candidate_recall``: share of gold codes among the first 10, 20
          and all ranked;
        - ``not_codable_rate``: proposed codes that the chart lists as not codable, over all listed;
        - ``first_listed``: share of charts with gold codes whose first proposed code is the first gold code;
        - ``ece``: expected calibration error of the ranked codes with probability .1 or more, ten bins of
          equal mass.

        ``em`` compares visit codes in the ``charts`` whose gold has any: share with all right (``exact``),
        share with all at most one level off within their family (``within_one``).

    Raises:
        ValueError: ``examples`` and ``predictions`` differ in length.
    """
    pairs = list(zip(examples, predictions, strict=True))
    scores = {
        system: _score_system([_chart(example, found, system) for example, found in pairs], seed)
        for system in (System.ICD10CM, *PROCEDURE_SYSTEMS)
    }
    return {
        "diagnosis": scores[System.ICD10CM],
        "procedure": {str(system): scores[system] for system in PROCEDURE_SYSTEMS},
        "em": _score_visits([_visits(example, found) for example, found in pairs]),
        "charts": len(pairs),
        "ms_per_chart": {
            f"p{share}": float(np.percentile(ms_per_chart, share)) if len(ms_per_chart) else None for share in (50, 99)
        },
    }


def _chart(example: TrainingExample, found: Mapping[System, Prediction], system: System) -> _Chart:
    prediction = found.get(system, Prediction())
    left_out = example.acceptable
    gold = dict.fromkeys(gold.code.code for gold in example.gold if gold.code.system is system)
    ranked: dict[str, float] = {}
    for code, probability in prediction.ranked:
        ranked.setdefault(code, probability)
    return _Chart(
        gold=tuple(code for code in gold if code not in left_out),
        proposed=tuple(code for code in dict.fromkeys(prediction.proposed) if code not in left_out),
        ranked=tuple((code, probability) for code, probability in ranked.items() if code not in left_out),
        not_codable=frozenset(code for code in example.not_codable - left_out if system_of(code) is system),
    )


def _score_system(charts: Sequence[_Chart], seed: int) -> dict[str, Any]:
    counts = _counts(charts)
    right, proposed, gold = counts.sum(axis=0).tolist()
    listed = sum(len(chart.not_codable) for chart in charts)
    suggested = sum(len(chart.not_codable.intersection(chart.proposed)) for chart in charts)
    with_gold = [chart for chart in charts if chart.gold]
    first = sum(chart.proposed[:1] == chart.gold[:1] for chart in with_gold)
    in_first_5 = _hits(charts, 5)
    return {
        "precision": _ratio(right, proposed),
        "recall": _ratio(right, gold),
        "f1": _ratio(2 * right, proposed + gold),
        "f1_interval": _f1_interval(counts, seed),
        "macro_f1": _macro_f1(charts),
        "map": _ratio(sum(map(_average_precision, with_gold)), len(with_gold)),
        "p_at_5": _ratio(in_first_5, sum(min(5, len(chart.ranked)) for chart in charts)),
        "recall_at_10": _ratio(_hits(charts, 10), gold),
        "recall_at_20": _ratio(_hits(charts, 20), gold),
        "candidate_recall": _ratio(_hits(charts, None), gold),
        "not_codable_rate": _ratio(suggested, listed),
        "first_listed": _ratio(first, len(with_gold)),
        "ece": _calibration_error(charts),
    }


def _ratio(numerator: float, denominator: float) -> float | None:
    return numerator / denominator if denominator else None


def _counts(charts: Sequence[_Chart]) -> NDArray[np.int64]:
    """Returns per chart the numbers of right, proposed and gold codes, shape (charts, 3)."""
    rows = [
        (len(set(chart.gold).intersection(chart.proposed)), len(chart.proposed), len(chart.gold)) for chart in charts
    ]
    return np.array(rows, dtype=np.int64).reshape(-1, 3)


def f1_difference(
    examples: Sequence[TrainingExample],
    first: Sequence[Mapping[System, Prediction]],
    second: Sequence[Mapping[System, Prediction]],
    *,
    seed: int,
) -> dict[str, Any]:
    """Compares two sets of predictions for the same charts by the F1 of their diagnoses.

    The bootstrap is paired: both are scored on the same resamples of charts, so that what makes a chart hard
    for both cancels out (Efron and Tibshirani, An Introduction to the Bootstrap, 1993).

    Args:
        examples: The charts with their gold codes.
        first: Predictions as for ``score``.
        second: Others, in the same order.
        seed: Seed of the bootstrap.

    Returns:
        ``difference``: F1 of the second less F1 of the first (-1 to 1); ``interval``: [low, high], 95 %
        bootstrap over charts (1,000 resamples). Both are ``None`` where an F1 is not defined.

    Raises:
        ValueError: The sequences differ in length.
    """
    one, two = (
        _counts([_chart(example, found, System.ICD10CM) for example, found in zip(examples, side, strict=True)])
        for side in (first, second)
    )
    if not (one[:, 1:].any() and two[:, 1:].any()):
        return {"difference": None, "interval": None}
    drawn = _resamples(len(one), seed)
    differences = _f1(drawn @ two) - _f1(drawn @ one)
    low, high = np.nanpercentile(differences, _INTERVAL)
    difference = _f1(two.sum(axis=0)) - _f1(one.sum(axis=0))
    return {"difference": float(difference), "interval": [float(low), float(high)]}


def _f1(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Returns the F1 of (right, proposed, gold) in the last axis, NaN where there are no codes."""
    codes = counts[..., 1] + counts[..., 2]
    return 2 * counts[..., 0] / np.where(codes, codes, np.nan)


def _resamples(size: int, seed: int) -> NDArray[np.int64]:
    """Returns how often each resample draws each chart, shape (resamples, charts)."""
    # That is multinomial: one matrix product with the counts then sums all resamples.
    return np.random.default_rng(seed).multinomial(size, np.full(size, 1 / size), size=_RESAMPLES)


def _f1_interval(counts: NDArray[np.int64], seed: int) -> list[float] | None:
    if not counts[:, 1:].any():
        return None
    # Resamples without any code have no F1.
    low, high = np.nanpercentile(_f1(_resamples(len(counts), seed) @ counts), _INTERVAL)
    return [float(low), float(high)]


def _macro_f1(charts: Sequence[_Chart]) -> float | None:
    gold = Counter(code for chart in charts for code in chart.gold)
    proposed = Counter(code for chart in charts for code in chart.proposed)
    right = Counter(code for chart in charts for code in set(chart.gold).intersection(chart.proposed))
    return _ratio(sum(2 * right[code] / (proposed[code] + gold[code]) for code in gold), len(gold))


def _average_precision(chart: _Chart) -> float:
    hits, total = 0, 0.0
    for rank, (code, _) in enumerate(chart.ranked, start=1):
        if code in chart.gold:
            hits += 1
            total += hits / rank
    return total / len(chart.gold)


def _hits(charts: Sequence[_Chart], depth: int | None) -> int:
    """Returns the number of gold codes among the first ``depth`` ranked codes (``None``: among all)."""
    return sum(code in chart.gold for chart in charts for code, _ in chart.ranked[:depth])


def _calibration_error(charts: Sequence[_Chart]) -> float | None:
    pairs = [
        (probability, code in chart.gold)
        for chart in charts
        for code, probability in chart.ranked
        if probability >= _ECE_FLOOR
    ]
    if not pairs:
        return None
    predicted, observed = np.array(sorted(pairs), dtype=np.float64).T
    # Codes of equal probability share their mean outcome: their order must not decide a hit's bin.
    _, group = np.unique(predicted, return_inverse=True)
    observed = (np.bincount(group, weights=observed) / np.bincount(group))[group]
    bins = np.array_split(predicted - observed, min(_ECE_BINS, len(predicted)))
    return float(sum(abs(gaps.sum()) for gaps in bins) / len(predicted))


@cache
def _visit_levels() -> dict[str, tuple[str, int | None]]:
    """Returns visit code -> (family, level from 1), ``None`` where a family has no levels."""
    name = "em_visits.tsv"
    table = (files("training") / "data" / name).read_text(encoding="utf-8")
    return {
        row["code"]: (row["family"], int(row["level"]) if row["level"] else None) for row in parse_table(table, name)
    }


def visit_codes() -> frozenset[str]:
    """Returns the codes of visits."""
    return frozenset(_visit_levels())


def _visits(example: TrainingExample, found: Mapping[System, Prediction]) -> tuple[list[str], list[str]]:
    """Returns the distinct visit codes of gold and those proposed, sorted; acceptable ones left out.

    Where only acceptable ones are proposed they stay: one level off gold is still one level off.
    """
    levels, left_out = _visit_levels(), example.acceptable
    gold = {gold.code.code for gold in example.gold} - left_out
    proposed = levels.keys() & set(found.get(System.CPT, Prediction()).proposed)
    return sorted(levels.keys() & gold), sorted(proposed - left_out or proposed)


def _score_visits(visits: Sequence[tuple[list[str], list[str]]]) -> dict[str, float | int | None]:
    with_gold = [(gold, proposed) for gold, proposed in visits if gold]
    exact = sum(gold == proposed for gold, proposed in with_gold)
    near = sum(len(gold) == len(proposed) and all(map(_within_one, gold, proposed)) for gold, proposed in with_gold)
    total = len(with_gold)
    return {"exact": _ratio(exact, total), "within_one": _ratio(near, total), "charts": total}


def _within_one(code: str, other: str) -> bool:
    if code == other:
        return True
    (family, level), (other_family, other_level) = _visit_levels()[code], _visit_levels()[other]
    return family == other_family and level is not None and other_level is not None and abs(level - other_level) <= 1
