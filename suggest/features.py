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
from suggest.edges import FAMILY, HISTORICAL, PRESENT, STATUSES, Edges
from suggest.headings import families
from suggest.lexicon import Source
from suggest.policy import Policy
from suggest.records import Claim, Encounter, Setting, Sex
from suggest.resources import read_table
from suggest.terminology import Terminology

ROLES = ("assessment", "history", "subjective", "objective", "procedural", "administrative")
_COUNTED = ("present", "negated", "possible", "historical", "family", "hypothetical", "allergy")
_BEST = (Source.TITLE, Source.INCLUSION, Source.LEXICON, Source.COVERAGE, Source.LEARNT, Source.COMBINATION)
_RARE = (Source.DRUG, Source.ALLERGEN, Source.MEASUREMENT, Source.FAMILY_HISTORY, Source.PERSONAL_HISTORY)

# in the order of FeatureMaker._code_facts
_CODE_FACTS = (
    *("chapter", "depth", "billable", "unspecified", "residual", "sided", "seventh"),
    *("symptom", "status_z", "external", "chronic"),
)
_SURE = 0.4
_UNSTATED = 40

FEATURES = (
    *(f"best_{source.name.lower()}" for source in _BEST),
    *(f"has_{source.name.lower()}" for source in _RARE),
    *(f"n_{name}" for name in _COUNTED),
    "share_present",
    *(f"in_{role}" for role in ROLES),
    "learnt_second",
    "learnt_noisy_or",
    "learnt_support",
    "best_weight",
    "best_fit",
    "best_matched",
    "all_defaulted",
    "best_side",
    "worst_side",
    "n_mentions",
    "n_notes",
    "n_sources",
    "first_position",
    "longest_span",
    "strength",
    "strength_rank",
    "category_rank",
    "category_gap",
    "category_size",
    "rival_learnt",
    "prior",
    *_CODE_FACTS,
    "age_sex_misfit",
    "replaced",
    "integral",
    "more_specific",
    "benchmark",
    "inpatient",
    "emergency",
    "facility",
    "n_candidates",
    "length",
    "mention_gap",
    "stated_rank",
    "stated_position",
    "sentence_share",
    "begins_sentence",
)
_POSITION = {name: number for number, name in enumerate(FEATURES)}
GROUPS: dict[str, tuple[str, ...]] = {
    "sources": tuple(f for f in FEATURES if f.startswith(("best_", "has_")) and f not in ("best_fit", "best_side")),
    "assertion": tuple(f for f in FEATURES if f in {f"n_{name}" for name in _COUNTED} or f == "share_present"),
    "section": tuple(f for f in FEATURES if f.startswith("in_")),
    "learnt": ("best_learnt", "learnt_second", "learnt_noisy_or", "learnt_support", "rival_learnt", "prior"),
    "specificity": ("best_fit", "best_matched", "all_defaulted", "best_side", "worst_side", "more_specific"),
    "competition": ("strength_rank", "category_rank", "category_gap", "category_size", "rival_learnt", "mention_gap"),
    "statement": ("stated_rank", "stated_position", "sentence_share", "begins_sentence"),
    "code": tuple(fact for fact in _CODE_FACTS if fact != "billable"),
    "rules": ("age_sex_misfit", "replaced", "integral", "more_specific"),
    "encounter": ("benchmark", "inpatient", "emergency", "facility", "n_candidates", "length"),
}


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

    def __init__(self, index: CodeIndex, terminology: Terminology, unknown: Sequence[str], prior: NDArray[np.float32]):
        """Prepares the code features.

        Args:
            index: The code set.
            terminology: Its terminology.
            unknown: Codes that the index does not hold.
            prior: Log frequency in training of each code id (rows of the index, then ``unknown``).
        """
        self._index = index
        self._flags = terminology.row_flags
        self._unknown = unknown
        self._prior = prior
        self._static = lru_cache(maxsize=30_000)(self._code_facts)

    def table(self, candidates: Candidates, encounter: Encounter, policy: Policy) -> CodeFeatures:
        """Returns the features of all candidate codes of an encounter."""
        edges = candidates.edges
        if not len(edges):
            return CodeFeatures(edges.code, np.zeros((0, len(FEATURES)), np.float32), np.zeros(1, np.int64))
        first = np.flatnonzero(np.diff(edges.code, prepend=-1))
        codes = edges.code[first]
        x = np.zeros((len(codes), len(FEATURES)), np.float32)
        columns = _Columns(x)
        _edge_features(columns, edges, candidates, first)
        self._code_features(columns, codes, encounter)
        _competition(columns, codes, self._category(codes))
        _statement(columns, edges, candidates, first)
        self._rule_features(columns, codes, candidates)
        _encounter_features(columns, encounter, policy, candidates)
        return CodeFeatures(codes, x, np.append(first, len(edges)))

    def _category(self, codes: NDArray[np.int32]) -> NDArray[np.int64]:
        """Returns a number for the three-character category of each code."""
        _names, number = np.unique([self._code(code)[:3] for code in codes.tolist()], return_inverse=True)
        return number.astype(np.int64)

    def _code(self, code: int) -> str:
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

    def _code_features(self, x: _Columns, codes: NDArray[np.int32], encounter: Encounter) -> None:
        facts = np.array([self._static(code) for code in codes.tolist()], dtype=np.float32)
        for column, name in enumerate(_CODE_FACTS):
            x[name] = facts[:, column]
        x["prior"] = self._prior[codes]
        x["age_sex_misfit"] = np.array(
            [misfit(self._code(code), encounter.patient.age, encounter.patient.sex) for code in codes.tolist()],
            np.float32,
        )

    def _rule_features(self, x: _Columns, codes: NDArray[np.int32], candidates: Candidates) -> None:
        names = [self._code(code) for code in codes.tolist()]
        present = x["n_present"] > 0
        strength = x["strength"]
        strong = [name.replace(".", "") for name, ok, s in zip(names, present, strength, strict=True) if ok and s > 0.5]
        x["replaced"] = np.array([float(code in candidates.replaced) for code in codes.tolist()], np.float32)
        x["integral"] = np.array([_is_integral(name, strong) for name in names], np.float32)
        best: dict[str, float] = {}
        for name, s, ok, unspecified in zip(names, strength, present, x["unspecified"], strict=True):
            if ok and not unspecified:
                best[name[:5]] = max(best.get(name[:5], 0.0), float(s))
        x["more_specific"] = np.array(
            [best.get(name[:5], 0.0) * float(flag) for name, flag in zip(names, x["unspecified"], strict=True)],
            np.float32,
        )


class _Columns:
    """Access to the columns of a feature table by name."""

    def __init__(self, x: NDArray[np.float32]) -> None:
        self.x = x

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        return self.x[:, _POSITION[name]]

    def __setitem__(self, name: str, values: NDArray[np.generic] | float) -> None:
        self.x[:, _POSITION[name]] = values


def _edge_features(x: _Columns, edges: Edges, candidates: Candidates, first: NDArray[np.int64]) -> None:
    """Aggregates over the edges of each code."""
    present = (edges.status == PRESENT) | ((edges.status == HISTORICAL) & (edges.source == Source.LEARNT))
    alive = np.where(present, 1.0, 0.25).astype(np.float32)
    strength = np.where(edges.status == FAMILY, 0.1, alive) * edges.quality * edges.fit
    for source in _BEST:
        value = np.where(edges.source == source, edges.quality, 0).astype(np.float32)
        if source == Source.COVERAGE:
            value = value * alive
        x[f"best_{source.name.lower()}"] = np.maximum.reduceat(value, first)
    for source in _RARE:
        x[f"has_{source.name.lower()}"] = np.maximum.reduceat((edges.source == source).astype(np.float32), first)
    distinct = _first_of_each(edges)
    for number, name in enumerate(_COUNTED):
        assert STATUSES[number].value == name
        x[f"n_{name}"] = np.minimum(
            np.add.reduceat(((edges.status == number) & distinct).astype(np.float32), first), 20
        )
    total = np.add.reduceat(distinct.astype(np.float32), first)
    x["n_mentions"] = np.minimum(total, 30)
    x["share_present"] = x["n_present"] / np.maximum(total, 1)
    roles = np.array([role_number(mention.section) for mention in candidates.mentions], dtype=np.int64)[edges.mention]
    for number, role in enumerate(ROLES):
        x[f"in_{role}"] = np.maximum.reduceat(((roles == number) & present).astype(np.float32), first)
    _learnt(x, edges, alive, first)
    x["best_weight"] = np.maximum.reduceat(np.where(edges.source == Source.LEARNT, 0, edges.weight * alive), first)
    x["best_fit"] = np.maximum.reduceat(edges.fit * alive, first)
    x["best_matched"] = np.maximum.reduceat(edges.matched.astype(np.float32), first)
    x["all_defaulted"] = np.minimum.reduceat(edges.defaulted.astype(np.float32), first)
    x["best_side"] = np.maximum.reduceat(edges.side.astype(np.float32), first)
    x["worst_side"] = np.minimum.reduceat(edges.side.astype(np.float32), first)
    notes = np.array([mention.note for mention in candidates.mentions], dtype=np.float32)[edges.mention]
    x["n_notes"] = 1 + np.maximum.reduceat(notes, first) - np.minimum.reduceat(notes, first)
    bits = np.bitwise_or.reduceat(1 << edges.source.astype(np.int64), first)
    x["n_sources"] = np.array([int(b).bit_count() for b in bits.tolist()], dtype=np.float32)
    where = np.array([mention.start for mention in candidates.mentions], dtype=np.float32)[edges.mention]
    length = max(1, sum(len(reading.note.text) for reading in candidates.readings))
    x["first_position"] = np.minimum.reduceat(where, first) / length
    span = np.array([m.last_token - m.first_token for m in candidates.mentions], dtype=np.float32)[edges.mention]
    x["longest_span"] = np.minimum(np.maximum.reduceat(np.where(present, span, 0), first), 30)
    x["strength"] = np.maximum.reduceat(strength.astype(np.float32), first)


def _first_of_each(edges: Edges) -> NDArray[np.bool_]:
    """Marks one edge for each (code, mention)."""
    packed = edges.code.astype(np.int64) << 32 | edges.mention.astype(np.int64)
    _values, index = np.unique(packed, return_index=True)
    distinct = np.zeros(len(edges), dtype=bool)
    distinct[index] = True
    return distinct


def _learnt(x: _Columns, edges: Edges, alive: NDArray[np.float32], first: NDArray[np.int64]) -> None:
    """How the learnt phrases of a code add up."""
    learnt = edges.source == Source.LEARNT
    precision = np.where(learnt, edges.quality * alive, 0).astype(np.float32)
    x["best_learnt"] = np.maximum.reduceat(precision, first)
    x["learnt_noisy_or"] = 1 - np.exp(np.add.reduceat(np.log1p(-np.minimum(precision, 0.98)), first))
    x["learnt_support"] = np.maximum.reduceat(np.where(learnt, np.log1p(edges.weight), 0), first)
    top = np.repeat(x["best_learnt"], np.diff(np.append(first, len(edges))))
    x["learnt_second"] = np.maximum.reduceat(np.where(precision < top, precision, 0), first)


def _competition(x: _Columns, codes: NDArray[np.int32], category: NDArray[np.int64]) -> None:
    """How a code stands among all candidates and among those of its category."""
    strength = x["strength"]
    order = np.argsort(-strength, kind="stable")
    rank = np.empty(len(codes), np.float32)
    rank[order] = np.arange(len(codes))
    x["strength_rank"] = np.minimum(rank, 200)
    by_category = np.lexsort((-strength, category))
    groups = category[by_category]
    start = np.searchsorted(groups, groups)
    place = np.arange(len(codes)) - start
    best = strength[by_category][start]
    _unique, sizes = np.unique(category, return_counts=True)
    size = sizes[np.searchsorted(_unique, groups)]
    learnt = x["best_learnt"][by_category]
    category_best = np.maximum.reduceat(learnt, np.unique(start))
    rival = category_best[np.searchsorted(_unique, groups)]
    for name, values in (
        ("category_rank", np.minimum(place, 50)),
        ("category_gap", best - strength[by_category]),
        ("category_size", np.minimum(size, 50)),
        ("rival_learnt", rival),
    ):
        column = np.empty(len(codes), np.float32)
        column[by_category] = values
        x[name] = column


def _statement(x: _Columns, edges: Edges, candidates: Candidates, first: NDArray[np.int64]) -> None:
    """Where the author's own diagnostic statement names a code, and how well its words fit better codes."""
    quality = np.where(edges.status == PRESENT, edges.quality * edges.fit, 0).astype(np.float32)
    best = np.zeros(len(candidates.mentions), np.float32)
    np.maximum.at(best, edges.mention, np.where(edges.source == Source.LEARNT, 0, quality))
    x["mention_gap"] = np.minimum.reduceat(best[edges.mention] - quality, first)
    lengths = np.cumsum([0] + [len(reading.note.text) for reading in candidates.readings])
    begin = {reading.number: int(at) for reading, at in zip(candidates.readings, lengths, strict=False)}
    at = np.array([begin[mention.note] + mention.start for mention in candidates.mentions], np.float32)[edges.mention]
    roles = np.array([role_number(mention.section) for mention in candidates.mentions])[edges.mention]
    stated = (roles == ROLES.index("assessment")) & (quality >= _SURE)
    place = np.minimum.reduceat(np.where(stated, at, np.inf), first)
    found = np.isfinite(place)
    rank = np.full(len(place), _UNSTATED, np.float32)
    rank[found] = np.minimum(np.searchsorted(np.unique(place[found]), place[found]), _UNSTATED - 1)
    x["stated_rank"] = rank
    x["stated_position"] = np.where(found, place / max(1, int(lengths[-1])), 1.5)
    share, begins = _sentence_shares(candidates)
    live = quality >= _SURE
    x["sentence_share"] = np.maximum.reduceat(np.where(live, share[edges.mention], 0), first)
    x["begins_sentence"] = np.maximum.reduceat(np.where(live, begins[edges.mention], 0), first)


def _sentence_shares(candidates: Candidates) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Returns for each mention the share of its sentence's content words, and whether it begins the sentence.

    A phrase that is the whole line of a diagnostic statement is a diagnosis; one word of a long sentence may be
    anything.
    """
    shares, begins = [np.zeros(0, np.float32)], [np.zeros(0, np.float32)]
    for reading in candidates.readings:
        content = reading.tokens.content
        first = np.searchsorted(content, [mention.first_token for mention in reading.mentions])
        last = np.searchsorted(content, [mention.last_token for mention in reading.mentions])
        sentence = np.array([mention.sentence for mention in reading.mentions], dtype=np.int64)
        low = np.searchsorted(content, reading.sentence_start[sentence])
        high = np.searchsorted(content, reading.sentence_start[sentence + 1])
        shares.append(((last - first) / np.maximum(high - low, 1)).astype(np.float32))
        begins.append((first - low <= 1).astype(np.float32))  # a list number may stand in front
    return np.concatenate(shares), np.concatenate(begins)


def _encounter_features(x: _Columns, encounter: Encounter, policy: Policy, candidates: Candidates) -> None:
    x["benchmark"] = float(not policy.status_transforms)
    x["inpatient"] = float(encounter.setting in (Setting.INPATIENT, Setting.PROFESSIONAL_INPATIENT))
    x["emergency"] = float(encounter.setting == Setting.ED)
    x["facility"] = float(encounter.claim == Claim.FACILITY)
    x["n_candidates"] = float(len(x.x))
    x["length"] = np.log1p(sum(len(reading.note.text) for reading in candidates.readings))


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


def role_number(family: str) -> int:
    """Returns the number in ``ROLES`` of a section family's role."""
    return ROLES.index(families()[family].weight)
