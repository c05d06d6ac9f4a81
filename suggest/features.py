"""Features of (encounter, code): what the ranker learns from.

They describe how a code was reached and what speaks for and against it, not which code it is, so that a code
never seen in training can rank first. What training has seen comes in as features: the precision of learnt
phrases and the frequency of the code. Nothing here knows of money, weights of groups or risk scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from suggest import status
from suggest.candidates import Candidates
from suggest.code_sets.index import CodeIndex
from suggest.feature_columns import (
    Columns,
    competition_features,
    edge_features,
    encounter_features,
    learnt_features,
    statement_features,
    title_features,
)
from suggest.feature_names import CODE_FACTS, FEATURES
from suggest.policy import Policy
from suggest.records import Encounter, Sex
from suggest.resources import read_table
from suggest.terminology import Terminology


@dataclass(frozen=True, slots=True)
class CodeFeatures:
    """The feature table of one encounter.

    Attributes:
        codes: Code id of each row, rising.
        values: One row for each code, columns as ``FEATURES`` (float32).
        start: First edge of each code in the sorted edges, and the number of edges.
    """

    codes: NDArray[np.int32]
    values: NDArray[np.float32]
    start: NDArray[np.int64]


class FeatureMaker:
    """Computes feature tables for one code index."""

    def __init__(
        self,
        index: CodeIndex,
        terminology: Terminology,
        unknown: Sequence[str],
        *,
        prior: NDArray[np.float32],
        marked: NDArray[np.float32],
    ) -> None:
        """Prepares the code features.

        Args:
            index: The code set.
            terminology: Its terminology.
            unknown: Codes that the index does not hold.
            prior: Log frequency in training of each code id (rows of the index, then ``unknown``).
            marked: ``LearntPhrases.marked``.
        """
        self._index = index
        self._flags = terminology.row_flags
        self._terms = terminology
        self._unknown = unknown
        self._prior = prior
        self._marked = np.append(marked, 0).astype(np.float32)
        self._code = lru_cache(maxsize=50_000)(self._read_code)
        self._static = lru_cache(maxsize=30_000)(self._code_facts)

    def table(self, candidates: Candidates, encounter: Encounter, policy: Policy) -> CodeFeatures:
        """Returns the features of all candidate codes of an encounter."""
        edges = candidates.edges
        if not len(edges):
            return CodeFeatures(edges.code, np.zeros((0, len(FEATURES)), np.float32), np.zeros(1, np.int64))
        first = np.flatnonzero(np.diff(edges.code, prepend=-1))
        codes = edges.code[first]
        x = np.zeros((len(codes), len(FEATURES)), np.float32)
        columns = Columns(x)
        edge_features(columns, edges, candidates, first)
        learnt_features(columns, edges, first, self._marked)
        self._code_features(columns, codes, encounter)
        category = self._category(codes)
        competition_features(columns, codes, category)
        title_features(columns, edges, candidates, first, category, index=self._index, terminology=self._terms)
        statement_features(columns, edges, candidates, first)
        self._rule_features(columns, codes, candidates)
        encounter_features(columns, encounter, policy, candidates)
        return CodeFeatures(codes, x, np.append(first, len(edges)))

    def _category(self, codes: NDArray[np.int32]) -> NDArray[np.int64]:
        """Returns a number for the three-character category of each code."""
        _names, number = np.unique([self._code(code)[:3] for code in codes.tolist()], return_inverse=True)
        return number.astype(np.int64)

    def _read_code(self, code: int) -> str:
        count = len(self._index)
        return self._index.code(code) if code < count else self._unknown[code - count]

    def _code_facts(self, code: int) -> tuple[float, ...]:
        name = self._code(code)
        known = code < len(self._index)
        flags = int(self._flags[code]) if known else 0
        return (
            float(self._index.chapter[code]) if known else 0.0,
            float(len(name.replace(".", ""))),
            float(self._index.billable[code]) if known else 0.0,
            float(bool(flags & 8)),
            float(bool(flags & 16)),
            float(bool(flags & 7)),
            float(self._index.has_seventh[code]) if known else 0.0,
            float(name[0] == "R"),
            float(name[0] == "Z"),
            float(name[0] in "VWXY"),
            float(name in status.chronic()),
        )

    def _code_features(self, x: Columns, codes: NDArray[np.int32], encounter: Encounter) -> None:
        facts = np.array([self._static(code) for code in codes.tolist()], dtype=np.float32)
        for column, name in enumerate(CODE_FACTS):
            x[name] = facts[:, column]
        x["prior"] = self._prior[codes]
        x["age_sex_misfit"] = np.array(
            [misfit(self._code(code), encounter.patient.age, encounter.patient.sex) for code in codes.tolist()],
            np.float32,
        )

    def _rule_features(self, x: Columns, codes: NDArray[np.int32], candidates: Candidates) -> None:
        names = [self._code(code) for code in codes.tolist()]
        present = x["n_present"] > 0
        strength = x["strength"]
        strong = [name.replace(".", "") for name, ok, s in zip(names, present, strength, strict=True) if ok and s > 0.5]
        strongest = dict(zip(codes.tolist(), strength.tolist(), strict=True))
        wholes = [candidates.replaced.get(code, ()) for code in codes.tolist()]
        x["replaced"] = np.array(
            [max((strongest.get(whole, 0.0) for whole in found), default=0.0) for found in wholes], np.float32
        )
        x["integral"] = np.array([_is_integral(name, strong) for name in names], np.float32)
        best: dict[str, float] = {}
        for name, s, ok, unspecified in zip(names, strength, present, x["unspecified"], strict=True):
            if ok and not unspecified:
                best[name[:5]] = max(best.get(name[:5], 0.0), float(s))
        x["more_specific"] = np.array(
            [best.get(name[:5], 0.0) * float(flag) for name, flag in zip(names, x["unspecified"], strict=True)],
            np.float32,
        )


def _is_integral(name: str, strong: Sequence[str]) -> float:
    diseases = status.integral_to(name)
    return float(bool(diseases) and any(code.startswith(diseases) for code in strong))


@lru_cache(maxsize=1)
def _limits() -> list[tuple[str, str, float, float]]:
    return [
        (row["prefix"].replace(".", ""), row["sex"], float(row["age_from"] or 0), float(row["age_to"] or 999))
        for row in read_table("rules/age_sex.tsv")
    ]


@lru_cache(maxsize=100_000)
def misfit(code: str, age: float | None, sex: Sex) -> float:
    """Returns 1 where a code's usual age or sex disagrees with the patient's, else 0; unknown never disagrees."""
    plain = code.replace(".", "")
    for prefix, wanted, low, high in _limits():
        if plain.startswith(prefix):
            if wanted and sex in (Sex.FEMALE, Sex.MALE) and sex.value != wanted:
                return 1.0
            if age is not None and not low <= age <= high:
                return 1.0
    return 0.0
