"""Gradient-boosted trees with what all rankers of the project share; each says how large its own are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier


@dataclass(frozen=True, slots=True)
class Shape:
    """How trees grow.

    Attributes:
        learning_rate: Share of each tree that counts.
        leaves: Most leaves of a tree.
        least: Least rows of a leaf.
        features: Share of the features that each split may choose from.
    """

    learning_rate: float
    leaves: int
    least: int
    features: float


def grow(
    shape: Shape,
    values: NDArray[np.float32],
    right: NDArray[np.bool_],
    weight: NDArray[np.floating] | None = None,
    *,
    seed: int,
    trees: int,
) -> HistGradientBoostingClassifier:
    """Returns trees that tell right rows from others.

    Args:
        shape: How they grow.
        values: Feature rows.
        right: Whether each is right.
        weight: How much each counts; all alike by default.
        seed: Seed of the choice of features.
        trees: Number of trees, 1 or more.
    """
    ranker = HistGradientBoostingClassifier(
        max_iter=trees,
        learning_rate=shape.learning_rate,
        max_leaf_nodes=shape.leaves,
        min_samples_leaf=shape.least,
        l2_regularization=5.0,
        max_features=shape.features,
        early_stopping=False,
        random_state=seed,
    )
    return ranker.fit(values, right, sample_weight=weight)
