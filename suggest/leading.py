"""Which of the proposed codes may be listed first, and what tells which of them is.

Guidelines put some codes behind others, whatever the chart stresses (``rules/sequence.tsv``, "code first" notes).
Among the rest the place, weight and order of what is said decide; a small model learns how (``training.fit``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from suggest.code_sets.index import CodeIndex
from suggest.code_sets.ranges import excludes_codes
from suggest.feature_names import FEATURES
from suggest.resources import read_table

F32 = NDArray[np.float32]

COLUMNS = len(FEATURES) + 12
"""Number of columns of ``lead_features``."""

_COLUMN = {name: number for number, name in enumerate(FEATURES)}
# How far back lasting diseases and status codes stand beside acute ones said at the same place, as shares of a chart.
_CHRONIC, _STATUS = 0.2, 0.5


@dataclass(frozen=True, slots=True)
class Precedence:
    """A guideline that puts some codes before others; both are patterns of codes without dots.

    A code that fits both follows none: codes that come first do not bar each other.
    """

    first: re.Pattern[str]
    then: re.Pattern[str]
    source: str


@lru_cache(maxsize=1)
def precedences() -> tuple[Precedence, ...]:
    """Reads ``rules/sequence.tsv``."""
    rows = read_table("rules/sequence.tsv")
    return tuple(Precedence(re.compile(row["first"]), re.compile(row["then"]), row["source"]) for row in rows)


def may_lead(codes: Sequence[str], index: CodeIndex) -> list[bool]:
    """Tells which codes of a claim may be listed first: those that follow none of the others, or all if none is free.

    Args:
        codes: The codes of a claim, with dots.
        index: The code set, for its "code first" notes.
    """
    free = [not any(other != code and follows(code, other, index) for other in codes) for code in codes]
    return free if any(free) else [True] * len(codes)


def follows(code: str, other: str, index: CodeIndex) -> bool:
    """Tells whether a guideline or a "code first" note puts a code behind another one of the same claim."""
    return _guided_behind(code, other) or noted_behind(code, other, index)


def reason_behind(code: str, other: str, index: CodeIndex) -> str:
    """Returns the guideline or note that puts a code behind another one, empty where none does."""
    if _guided_behind(code, other):
        places = _places(code)[1] & ~_places(code)[0] & _places(other)[0]
        return f"guideline {next(rule.source for i, rule in enumerate(precedences()) if places >> i & 1)}"
    return f"the code first note at {code}" if noted_behind(code, other, index) else ""


def noted_behind(code: str, other: str, index: CodeIndex) -> bool:
    """Tells whether a "code first" note puts a code behind another one of the same claim.

    Guidelines go before notes: the one at T36-T50 puts adverse effects behind what they are, but not poisonings.
    """
    row = index.row(code)
    if row is None or index.row(other) not in rows_to_code_first(index, row):
        return False
    return not _guided_behind(other, code)


def _guided_behind(code: str, other: str) -> bool:
    first, then = _places(code)
    return bool(then & ~first & _places(other)[0])


@lru_cache(maxsize=20_000)
def _places(code: str) -> tuple[int, int]:
    """Returns the precedences that name a code as first, and those that name it as following, as bits."""
    plain = code.replace(".", "")
    first = sum(1 << i for i, rule in enumerate(precedences()) if rule.first.search(plain))
    then = sum(1 << i for i, rule in enumerate(precedences()) if rule.then.search(plain))
    return first, then


@lru_cache(maxsize=20_000)
def rows_to_code_first(index: CodeIndex, row: int) -> frozenset[int]:
    """Returns the rows that the "code first" notes of a code name."""
    ranges = (found for note in index.notes(row, "code_first") for found in excludes_codes(note.text))
    return frozenset(int(cause) for found in ranges for cause in index.rows_in(found))


def lead_features(values: F32, probability: NDArray[np.floating]) -> F32:
    """Returns the feature rows of a claim's codes with further columns that compare them with each other.

    Args:
        values: Rows of the feature table, one for each code of the claim.
        probability: Calibrated probability of each.

    Returns:
        ``values`` with columns behind: the probability; places among the codes by probability, first statement,
        first mention, number of mentions, strength, and first statement with lasting diseases and status codes
        put back; mentions against the most mentioned; distance of statement and mention to the first one;
        number of codes, and of those that are neither status nor external cause.
    """
    if not len(values):
        return np.zeros((0, COLUMNS), np.float32)

    def column(name: str) -> F32:
        return values[:, _COLUMN[name]]

    count = len(values)
    stated, first, mentions = column("stated_position"), column("first_position"), column("n_mentions")
    late = stated + _CHRONIC * column("chronic") + _STATUS * column("status_z")
    disease = (column("status_z") + column("external")) == 0
    columns = (
        probability,
        _place(-probability),
        _place(stated),
        _place(first),
        _place(-column("n_present")),
        _place(-column("strength")),
        _place(late),
        mentions / max(1.0, float(mentions.max())),
        stated - stated.min(),
        first - first.min(),
        np.full(count, count),
        np.full(count, disease.sum()),
    )
    return np.concatenate([values, np.stack(columns, axis=1).astype(np.float32)], axis=1)


def _place(values: NDArray[np.floating]) -> NDArray[np.int64]:
    """Returns the place of each value among the distinct ones, smallest first."""
    return np.searchsorted(np.unique(values), values)
