"""Judges a ranker by charts that it has not seen: folds, probabilities and thresholds of every ranker.

Folds keep the charts of a family together. What is made up says nothing of how often a code is right: it is left
out of calibration and thresholds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

from suggest.policy import policy_for
from suggest.ranking import Calibration, Ranker
from suggest.records import TrainingExample

FOLDS = 5
GROUPS = ("claims", "benchmark")
_DEFAULT_THRESHOLD = 0.5
_ABOUT_AS_WELL = 0.003
"""Difference of F1 that tells nothing of which of two thresholds is better."""

Progress = Callable[[str, float], None]


def fold_of(example: TrainingExample, seed: int) -> int:
    """Returns the fold of an example; all examples of a family share it."""
    name = f"{seed}:{example.group}:{example.kin}"
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) % FOLDS


def held_out(
    fit: Callable[[NDArray[np.bool_]], Ranker],
    values: NDArray[np.float32],
    row_fold: NDArray[np.int64],
    report: Progress | None = None,
) -> NDArray[np.float64]:
    """Returns what rankers fitted without each fold say of its rows, shape (rows,), 0 to 1.

    Args:
        fit: Fits a ranker to the rows of a mask.
        values: The rows.
        row_fold: The fold of each row.
        report: Called with what is being done and the share done (0 to 1).
    """
    raw = np.zeros(len(values))
    for fold in range(FOLDS):
        rest = row_fold != fold
        raw[~rest] = fit(rest).predict_proba(values[~rest])[:, 1]
        if report:
            report("trees", (fold + 1) / FOLDS)
    return raw


def calibrate(
    raw: NDArray[np.float64], right: NDArray[np.bool_], group: NDArray[np.integer], real: NDArray[np.bool_]
) -> tuple[dict[str, Calibration], NDArray[np.float64]]:
    """Returns the calibration of each group, and the calibrated probability of each row.

    Args:
        raw: What the rankers say of each row.
        right: Whether the chart of the row carries its code.
        group: Calibration group of each row (index into ``GROUPS``).
        real: Whether the chart of the row is none of the made-up ones; a group without such is calibrated by all.
    """
    calibrations, calibrated = {}, np.zeros(len(raw))
    for number, name in enumerate(GROUPS):
        mine = group == number
        own = mine & real
        calibrations[name] = _isotonic(raw[own], right[own]) if own.any() else _isotonic(raw, right)
        calibrated[mine] = calibrations[name].apply(raw[mine])
    return calibrations, calibrated


def charts_by_policy(examples: Sequence[TrainingExample]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yields ``default`` with all charts, and each policy that enough charts have to pick a threshold, with its own.

    Args:
        examples: The charts; those that are made up belong to no policy.
    """
    policies = np.array([policy_for(e.encounter).name if not e.made_up else "" for e in examples])
    yield "default", policies != ""
    for policy in sorted(set(policies.tolist()) - {""}):
        charts = policies == policy
        if charts.sum() >= 2 * FOLDS:
            yield policy, charts


def _isotonic(raw: NDArray[np.float64], right: NDArray[np.bool_]) -> Calibration:
    """Returns the monotone map from raw to calibrated probabilities that fits best."""
    isotonic = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(raw, right)
    return Calibration(
        np.asarray(isotonic.X_thresholds_, dtype=np.float64), np.asarray(isotonic.y_thresholds_, dtype=np.float64)
    )


def best_threshold(probability: NDArray[np.float64], right: NDArray[np.bool_], missed: int) -> float:
    """Returns the threshold (0.05 to 0.95, steps of 0.01) with the best F1 over charts.

    F1 is flat around its best, where chance picks the one that wins: the middle of those that do about as well holds
    for other charts too.

    Args:
        probability: Calibrated probabilities.
        right: Which of them belong to right codes.
        missed: Right codes that are no candidates; they count as missed at every threshold.
    """
    total = int(right.sum()) + missed
    steps = np.arange(0.05, 0.951, 0.01).round(2)
    chosen = [probability >= step for step in steps]
    f1 = np.array([2 * int((which & right).sum()) / max(1, int(which.sum()) + total) for which in chosen])
    if not f1.any():
        return _DEFAULT_THRESHOLD
    as_good = steps[f1 >= f1.max() - _ABOUT_AS_WELL]
    return float(as_good[len(as_good) // 2])
