"""Edges: ties between the mentions of an encounter and codes, as records while they are made, then as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from suggest.records import AssertionStatus

F32 = NDArray[np.float32]

STATUSES = tuple(AssertionStatus)
STATUS_NUMBER = {name: number for number, name in enumerate(STATUSES)}
PRESENT = STATUS_NUMBER[AssertionStatus.PRESENT]
POSSIBLE = STATUS_NUMBER[AssertionStatus.POSSIBLE]
HISTORICAL = STATUS_NUMBER[AssertionStatus.HISTORICAL]
FAMILY = STATUS_NUMBER[AssertionStatus.FAMILY]
ALLERGY = STATUS_NUMBER[AssertionStatus.ALLERGY]


class Edge(NamedTuple):
    """One tie; see ``Edges`` for the meaning of the fields."""

    code: int
    mention: int
    source: int
    quality: float
    weight: float
    fit: float
    matched: int
    defaulted: int
    side: int
    status: int
    text: int


@dataclass(frozen=True, slots=True)
class Edges:
    """Ties between mentions and codes; all arrays have one element for each edge.

    Attributes:
        code: Code id (row of the index, or beyond).
        mention: Number of the mention in ``Candidates.mentions``.
        source: ``Source`` number.
        quality: Match quality, see ``Hits``.
        weight: Information of the match, see ``Hits``.
        fit: How well the surrounding words fit the exact code, 0 to 1.
        matched: Distinguishing words found.
        defaulted: 1 where an unspecified or default child was taken.
        side: Side agreement: 1, 0 or -1.
        status: Number of the assertion in ``STATUSES``; derived edges (family history) count as present.
        text: Number of the matched term, -1 if none; for learnt phrases see ``Hits``.
    """

    code: NDArray[np.int32]
    mention: NDArray[np.int32]
    source: NDArray[np.int8]
    quality: F32
    weight: F32
    fit: F32
    matched: NDArray[np.int8]
    defaulted: NDArray[np.int8]
    side: NDArray[np.int8]
    status: NDArray[np.int8]
    text: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.code)


_TYPES = (np.int32, np.int32, np.int8, np.float32, np.float32, np.float32, np.int8, np.int8, np.int8, np.int8, np.int32)


def pack(rows: Sequence[Edge]) -> Edges:
    """Returns the edges as arrays, sorted by code."""
    columns = list(zip(*rows, strict=True)) if rows else [() for _ in Edge._fields]
    arrays = [np.array(column, dtype=kind) for column, kind in zip(columns, _TYPES, strict=True)]
    order = np.argsort(arrays[0], kind="stable")
    return Edges(*(array[order] for array in arrays))
