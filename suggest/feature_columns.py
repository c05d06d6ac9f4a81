"""Columns of the feature table that are computed from the edges of all codes at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from suggest.candidates import Candidates
from suggest.code_sets.index import CodeIndex
from suggest.edges import FAMILY, HISTORICAL, PRESENT, STATUSES, Edges
from suggest.feature_names import BEST, COUNTED, FEATURES, OF_CATEGORY, ONTOLOGY_SOURCES, RARE, ROLES, role_number
from suggest.lexicon import Source
from suggest.policy import Policy
from suggest.records import Claim, Encounter, Setting
from suggest.terminology import Terminology
from suggest.title_fit import TitleFit, title_fit

_SURE = 0.4
_HALF = 0.5
_UNSTATED = 40
_ALL_SAID = 0.85
_POSITION = {name: number for number, name in enumerate(FEATURES)}


class Columns:
    """Access to the columns of a feature table by name."""

    def __init__(self, x: NDArray[np.float32]) -> None:
        self.x = x

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        return self.x[:, _POSITION[name]]

    def __setitem__(self, name: str, values: NDArray[np.generic] | float) -> None:
        self.x[:, _POSITION[name]] = values


def edge_features(x: Columns, edges: Edges, candidates: Candidates, first: NDArray[np.int64]) -> None:
    """Aggregates over the edges of each code."""
    present = _is_present(edges)
    alive = np.where(present, 1.0, 0.25).astype(np.float32)
    strength = np.where(edges.status == FAMILY, 0.1, alive) * edges.quality * edges.fit
    for source in BEST:
        same = _is_inclusion(edges) if source == Source.INCLUSION else edges.source == source
        value = np.where(same, edges.quality, 0).astype(np.float32)
        if source == Source.COVERAGE:
            value = value * alive
        x[f"best_{source.name.lower()}"] = np.maximum.reduceat(value, first)
    ontology = np.where(np.isin(edges.source, ONTOLOGY_SOURCES), edges.quality, 0).astype(np.float32)
    x["best_ontology"] = np.maximum.reduceat(ontology, first)
    for source in RARE:
        x[f"has_{source.name.lower()}"] = np.maximum.reduceat((edges.source == source).astype(np.float32), first)
    distinct = _first_of_each(edges)
    for number, name in enumerate(COUNTED):
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


def _is_present(edges: Edges) -> NDArray[np.bool_]:
    learnt_of_past = (edges.status == HISTORICAL) & (edges.source == Source.LEARNT)
    present: NDArray[np.bool_] = (edges.status == PRESENT) | learnt_of_past
    return present


def _is_inclusion(edges: Edges) -> NDArray[np.bool_]:
    """Terms of the Alphabetic Index count as inclusion terms: no training run need have seen the one to use it."""
    inclusion: NDArray[np.bool_] = np.isin(edges.source, (Source.INCLUSION, Source.ALPHABETIC_INDEX))
    return inclusion


def _first_of_each(edges: Edges) -> NDArray[np.bool_]:
    """Marks one edge for each (code, mention)."""
    packed = edges.code.astype(np.int64) << 32 | edges.mention.astype(np.int64)
    _values, index = np.unique(packed, return_index=True)
    distinct = np.zeros(len(edges), dtype=bool)
    distinct[index] = True
    return distinct


def learnt_features(x: Columns, edges: Edges, first: NDArray[np.int64], marked: NDArray[np.float32]) -> None:
    """How the learnt phrases of a code add up."""
    learnt = edges.source == Source.LEARNT
    alive = np.where(_is_present(edges), 1.0, 0.25).astype(np.float32)
    shown = np.where(learnt, marked[np.where(learnt, edges.text, -1)] * alive, 0).astype(np.float32)
    x["learnt_marked"] = np.maximum.reduceat(shown, first)
    precision = np.where(learnt, edges.quality * alive, 0).astype(np.float32)
    x["best_learnt"] = np.maximum.reduceat(precision, first)
    x["learnt_noisy_or"] = 1 - np.exp(np.add.reduceat(np.log1p(-np.minimum(precision, 0.98)), first))
    x["learnt_support"] = np.maximum.reduceat(np.where(learnt, np.log1p(edges.weight), 0), first)
    top = np.repeat(x["best_learnt"], np.diff(np.append(first, len(edges))))
    x["learnt_second"] = np.maximum.reduceat(np.where(precision < top, precision, 0), first)


def competition_features(x: Columns, codes: NDArray[np.int32], category: NDArray[np.int64]) -> None:
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


def statement_features(x: Columns, edges: Edges, candidates: Candidates, first: NDArray[np.int64]) -> None:
    """Where the author's own diagnostic statement names a code, and how well its words fit better codes."""
    quality = np.where(edges.status == PRESENT, edges.quality * edges.fit, 0).astype(np.float32)
    best = np.zeros(len(candidates.mentions), np.float32)
    np.maximum.at(best, edges.mention, np.where(edges.source == Source.LEARNT, 0, quality))
    x["mention_gap"] = np.minimum.reduceat(best[edges.mention] - quality, first)
    lengths = np.cumsum([0] + [len(reading.note.text) for reading in candidates.readings])
    begin = {reading.number: int(at) for reading, at in zip(candidates.readings, lengths, strict=False)}
    at = np.array([begin[mention.note] + mention.start for mention in candidates.mentions], np.float32)[edges.mention]
    roles = np.array([role_number(mention.section) for mention in candidates.mentions])[edges.mention]
    own = np.repeat(np.maximum.reduceat(quality, first), np.diff(np.append(first, len(edges))))
    stated = (roles == ROLES.index("assessment")) & (quality >= np.minimum(_SURE, _HALF * own)) & (quality > 0)
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


def encounter_features(x: Columns, encounter: Encounter, policy: Policy, candidates: Candidates) -> None:
    """What is known of the encounter as a whole; the same for all its codes."""
    x["benchmark"] = float(not policy.status_transforms)
    x["inpatient"] = float(encounter.setting in (Setting.INPATIENT, Setting.PROFESSIONAL_INPATIENT))
    x["emergency"] = float(encounter.setting == Setting.ED)
    x["facility"] = float(encounter.claim == Claim.FACILITY)
    x["n_candidates"] = float(len(x.x))
    x["length"] = np.log1p(sum(len(reading.note.text) for reading in candidates.readings))


def title_features(
    x: Columns,
    edges: Edges,
    candidates: Candidates,
    first: NDArray[np.int64],
    category: NDArray[np.int64],
    *,
    index: CodeIndex,
    terminology: Terminology,
) -> None:
    """What the title asks for, as seen from the best mention of each code, and how its siblings do."""
    strength = edges.quality * edges.fit * np.where(edges.status == PRESENT, 1.0, 0.25)
    group = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(edges))))
    best = np.lexsort((strength, group))[np.append(first[1:], len(edges)) - 1]
    codes = edges.code[first]
    fit = title_fit(codes, edges.mention[best], candidates, index=index, terminology=terminology)
    x["title_near"], x["title_line"], x["title_wide"] = fit.near, fit.line, fit.wide
    x["title_missing"], x["title_denied"] = fit.missing, fit.denied
    score = fit.wide * (1 - 0.5 * fit.denied) - 0.02 * fit.missing
    order = np.lexsort((-score, category))
    start = np.searchsorted(category[order], category[order])
    gap, rank = np.empty(len(codes), np.float32), np.empty(len(codes), np.float32)
    gap[order] = score[order][start] - score[order]
    rank[order] = np.minimum(np.arange(len(codes)) - start, 50)
    x["title_gap"], x["title_rank"] = gap, rank
    groups = np.flatnonzero(np.diff(category[order], prepend=-1))
    x["title_outdone"] = _outdone(
        codes, fit, [part.tolist() for part in np.split(order, groups[1:])], index, terminology
    )
    for name in OF_CATEGORY:
        most = np.empty(len(codes), np.float32)
        most[order] = np.maximum.reduceat(x[name][order], groups)[np.searchsorted(groups, start)]
        x[f"category_{name}"] = most


def _outdone(
    codes: NDArray[np.int32], fit: TitleFit, siblings: list[list[int]], index: CodeIndex, terminology: Terminology
) -> NDArray[np.float32]:
    """Returns how much more a sibling says that says all that a code says, and is borne out in the line.

    ``K51.011`` (pancolitis with rectal bleeding) outdoes ``K51.00`` where the bleeding is documented.
    """
    result = np.zeros(len(codes), np.float32)
    for group in siblings:
        rich = [i for i in group if fit.line[i] >= _ALL_SAID and fit.said[i] > 0 and codes[i] < len(index)]
        if len(group) < 2 or not rich:
            continue
        words = {
            i: frozenset(terminology.asked_words(int(index.stem[codes[i]]))) for i in group if codes[i] < len(index)
        }
        for i, own in words.items():
            result[i] = max((fit.said[j] - fit.said[i] for j in rich if own < words[j]), default=0.0)
    return np.maximum(result, 0)
