"""Ranks candidates: a trained model gives each (encounter, code) row a calibrated probability."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from suggest.policy import Policy

if TYPE_CHECKING:
    from suggest.procedures.model import ProcedureModel


class Ranker(Protocol):
    """Anything that gives each row of a feature table a raw probability of the code being right."""

    def predict_proba(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Returns two columns, the second being the probability of the code being right."""
        ...


@dataclass(frozen=True, slots=True)
class Calibration:
    """A monotone map from raw to calibrated probability, as the corners of a piecewise linear function."""

    raw: NDArray[np.float64]
    calibrated: NDArray[np.float64]

    def apply(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        """Maps raw probabilities; the raw value breaks ties so that the order of codes stays strict."""
        mapped = np.interp(raw, self.raw, self.calibrated)
        return np.clip(mapped + 1e-6 * (raw - mapped), 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Model:
    """What a bundle brings to the pipeline.

    Attributes:
        name: Name of the bundle, for the run stamp.
        ranker: The estimator.
        sequencer: Gives each proposed code a raw probability of being listed first; ``None`` for bundles without.
        calibrations: By policy group (``benchmark`` or ``claims``).
        thresholds: Least probability for a proposal, by policy name; ``default`` for those not named.
        learnt_keys: Sorted phrase keys.
        learnt_start: Ranges of each key.
        learnt_code: Number in ``codes`` of each learnt (phrase, code) pair.
        learnt_precision: Precision of each pair.
        learnt_support: Support of each pair.
        learnt_marked: How often coders marked the phrase as evidence of the code, see ``LearntPhrases``.
        codes: Code strings that training has seen.
        prior: Log frequency of each of them.
        unseen_prior: Log frequency given to every other code.
        known: Sorted keys of words that training charts hold.
        procedures: Ranks procedures; ``None`` for a bundle that knows diagnoses only.
    """

    name: str
    ranker: Ranker
    sequencer: Ranker | None
    calibrations: Mapping[str, Calibration]
    thresholds: Mapping[str, float]
    learnt_keys: NDArray[np.uint64]
    learnt_start: NDArray[np.int64]
    learnt_code: NDArray[np.int32]
    learnt_precision: NDArray[np.float32]
    learnt_support: NDArray[np.float32]
    learnt_marked: NDArray[np.float32]
    codes: tuple[str, ...]
    prior: NDArray[np.float32]
    unseen_prior: float
    known: NDArray[np.uint64]
    procedures: ProcedureModel | None = None

    def threshold(self, policy: Policy) -> float:
        """Returns the least probability at which a code is proposed under ``policy``."""
        return self.thresholds.get(policy.name, self.thresholds["default"])

    def probabilities(self, rows: NDArray[np.float32], policy: Policy) -> NDArray[np.float64]:
        """Returns the calibrated probability of each row."""
        if not len(rows):
            return np.zeros(0)
        return self.calibrations[calibration_group(policy)].apply(self.ranker.predict_proba(rows)[:, 1])

    def first_scores(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Returns how likely each code is to be listed first (only the order counts).

        Args:
            rows: From ``suggest.leading.lead_features``.
        """
        if self.sequencer is None or not len(rows):
            return np.zeros(len(rows))
        return self.sequencer.predict_proba(rows)[:, 1]


def calibration_group(policy: Policy) -> str:
    """Returns which calibration a policy uses: claims code by guideline, benchmarks what is mentioned."""
    return "claims" if policy.status_transforms else "benchmark"
