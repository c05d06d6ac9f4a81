"""Medical decision making: two of three elements decide (CPT E/M guidelines 2023, MDM table)."""

from __future__ import annotations

from collections.abc import Sequence

from suggest.em.records import VisitElement


def decision_level(elements: Sequence[VisitElement]) -> int:
    """Returns the level that two of the three elements meet or exceed.

    Args:
        elements: The elements for problems, data and risk, each with a level.
    """
    levels = sorted((element.level or 1 for element in elements), reverse=True)
    return levels[1]


def agreement(elements: Sequence[VisitElement]) -> float:
    """Returns how far the elements agree on the level: 0.8 where all do, less the further they lie apart."""
    levels = [element.level or 1 for element in elements]
    return max(0.8 - 0.12 * sum(abs(level - decision_level(elements)) for level in levels), 0.3)
