"""What a bundle brings for procedures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from suggest.policy import Policy
from suggest.procedures.finder import LearntServices
from suggest.ranking import Calibration, Ranker, calibration_group
from suggest.records import System


@dataclass(frozen=True, slots=True)
class ProcedureModel:
    """The learnt parts of ranking procedures.

    Attributes:
        ranker: The estimator.
        calibrations: By policy group, as of ``suggest.ranking.Model``.
        thresholds: Least probability for a proposal, by policy name (``default`` for others) and system.
        learnt: Phrases learnt from coded charts.
        prior: Log frequency of the codes that training has seen.
        unseen_prior: Log frequency given to every other code.
    """

    ranker: Ranker
    calibrations: Mapping[str, Calibration]
    thresholds: Mapping[str, Mapping[System, float]]
    learnt: LearntServices
    prior: Mapping[str, float]
    unseen_prior: float

    def threshold(self, policy: Policy, system: System) -> float:
        """Returns the least probability at which a code of a system is proposed under a policy."""
        return self.thresholds.get(policy.name, self.thresholds["default"])[system]

    def probabilities(self, rows: NDArray[np.float32], policy: Policy) -> NDArray[np.float64]:
        """Returns the calibrated probability of each row."""
        if not len(rows):
            return np.zeros(0)
        return self.calibrations[calibration_group(policy)].apply(self.ranker.predict_proba(rows)[:, 1])
