"""From mentions to candidate codes: every way that leads from a span to a code, as parallel arrays.

Each element (an *edge*) ties one mention to one code and remembers source, quality, how well the surrounding
words fit the exact code, and what is asserted. Diseases of relatives, past diseases and allergies lead to their
Z codes besides; documented pairs (hypertension with CKD) lead to their combination codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from suggest import status
from suggest.code_sets.index import CodeIndex
from suggest.combinations import Combination, combine
from suggest.lexicon import Source
from suggest.mentions import F32
from suggest.policy import Policy
from suggest.reading import NoteReading
from suggest.records import AssertionStatus, Encounter, Mention
from suggest.setting_context import EncounterFacts, encounter_facts
from suggest.specificity import Context, Resolved, Resolver, side_near
from suggest.terminology import Terminology

STATUSES = tuple(AssertionStatus)
_STATUS_NUMBER = {name: number for number, name in enumerate(STATUSES)}
PRESENT = _STATUS_NUMBER[AssertionStatus.PRESENT]
POSSIBLE = _STATUS_NUMBER[AssertionStatus.POSSIBLE]
HISTORICAL = _STATUS_NUMBER[AssertionStatus.HISTORICAL]
FAMILY = _STATUS_NUMBER[AssertionStatus.FAMILY]
ALLERGY = _STATUS_NUMBER[AssertionStatus.ALLERGY]


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
        text: Number of the matched term, -1 if none.
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


@dataclass(frozen=True, slots=True)
class Candidates:
    """All candidates of an encounter.

    Attributes:
        edges: Ties between mentions and codes, sorted by code.
        mentions: The mentions of all notes.
        readings: What was read from each note.
        facts: What is known of the encounter as a whole.
        replaced: Code id → code id of the combination that takes its place.
        unknown: Code strings of ids beyond the index.
    """

    edges: Edges
    mentions: list[Mention]
    readings: list[NoteReading]
    facts: EncounterFacts
    replaced: dict[int, int]
    unknown: Sequence[str]


_Row = tuple[int, int, int, float, float, float, int, int, int, int, int]


class CandidateBuilder:
    """Builds the candidates of encounters."""

    def __init__(self, index: CodeIndex, terminology: Terminology, unknown: Sequence[str]) -> None:
        """Prepares the resolver.

        Args:
            index: The code set.
            terminology: Its compiled terminology.
            unknown: Codes of the bundle that the index does not hold; they get ids beyond its rows.
        """
        self._index = index
        self._terms = terminology
        self._unknown = unknown
        self._resolver = Resolver(index, terminology)
        self._family = lru_cache(maxsize=20_000)(self._family_row)
        self._history = lru_cache(maxsize=20_000)(self._history_row)
        self._fact_words = lru_cache(maxsize=64)(lambda facts: facts.words(terminology))

    def build(self, encounter: Encounter, readings: list[NoteReading], policy: Policy) -> Candidates:
        """Returns the candidates of an encounter whose notes were read."""
        facts = encounter_facts(encounter, readings)
        mentions: list[Mention] = []
        rows: list[_Row] = []
        for reading in readings:
            base = len(mentions)
            mentions.extend(reading.mentions)
            rows.extend(self._note_edges(reading, base, facts, policy))
        found = [row for row in combine(self._index, rows)] if policy.status_transforms else []
        rows.extend(edge for combination in found for edge in combination.edges)
        return Candidates(
            edges=_pack(rows),
            mentions=mentions,
            readings=readings,
            facts=facts,
            replaced=_replaced(found),
            unknown=self._unknown,
        )

    def _note_edges(self, reading: NoteReading, base: int, facts: EncounterFacts, policy: Policy) -> list[_Row]:
        rows: list[_Row] = []
        contexts: dict[int, Context] = {}
        for group in _competing(reading):
            rows.extend(self._group_edges(reading, group, base, contexts, facts, policy))
        return rows

    def _group_edges(
        self,
        reading: NoteReading,
        group: list[int],
        base: int,
        contexts: dict[int, Context],
        facts: EncounterFacts,
        policy: Policy,
    ) -> list[_Row]:
        """Edges of hits of one mention that stand for the same words."""
        hits = reading.hits
        number = int(reading.hit_mention[group[0]])
        mention = reading.mentions[number]
        assertion = _STATUS_NUMBER[mention.assertion.status]
        source = int(hits.source[group[0]])
        if not _admitted(source, assertion, policy):
            return []
        if number not in contexts:
            contexts[number] = self._context(reading, mention, facts)
        context = contexts[number]
        by_code = {int(hits.code[i]): i for i in reversed(group)}
        resolved = self._resolved(by_code, source, context, policy)
        rows = []
        for origin, result in resolved:
            i = by_code[origin]
            edge_status = PRESENT if source == Source.ALLERGEN else assertion
            row = _row(result, base + number, int(hits.source[i]), float(hits.quality[i]), float(hits.weight[i]),
                       edge_status, int(hits.text[i]))
            rows.append(row)
            rows.extend(self._derived(row, mention, policy))
        return rows

    def _resolved(
        self, by_code: dict[int, int], source: int, context: Context, policy: Policy
    ) -> list[tuple[int, Resolved]]:
        """Returns (code of the hit, what it comes down to) pairs."""
        count = len(self._index)
        if source in (Source.DRUG, Source.ALLERGEN, Source.MEASUREMENT):
            return [(code, Resolved(code, 1.0, 0, False, 0)) for code in by_code]
        if source == Source.LEARNT:
            return [(code, self._sided(code, context)) for code in by_code]
        tops = self._resolver.reduce([code for code in by_code if code < count], context)
        pairs = [(top, result) for top in tops for result in self._resolver.resolve(top, context)]
        if not policy.billable_only:
            pairs.extend((top, Resolved(top, 0.5, 0, True, 0)) for top in tops if not self._index.billable[top])
        return pairs

    def _sided(self, code: int, context: Context) -> Resolved:
        """A learnt code, moved to the side that the words name."""
        if code >= len(self._index):
            return Resolved(code, 1.0, 0, False, 0)
        if context.sides and int(self._terms.row_flags[code]) & 7:
            stem = int(self._index.stem[code])
            parent = int(self._index.parent[stem])
            words = context.words | frozenset(self._terms.title_words(stem).tolist())
            wanted = Context(words, context.sides, context.episode, context.open_fracture)
            return self._resolver.resolve(parent, wanted)[0]
        return Resolved(code, 1.0, 0, False, 0)

    def _context(self, reading: NoteReading, mention: Mention, facts: EncounterFacts) -> Context:
        begin = int(reading.sentence_start[mention.sentence])
        end = int(reading.sentence_start[mention.sentence + 1])
        sides = side_near(reading.tokens.sides, mention.first_token, mention.last_token, begin, end)
        return facts.context(reading.sentence_words[mention.sentence] | self._fact_words(facts), sides)

    def _derived(self, row: _Row, mention: Mention, policy: Policy) -> list[_Row]:
        """Z codes for diseases of relatives and past diseases."""
        code, assertion = row[0], row[9]
        if not policy.status_transforms or code >= len(self._index) or row[2] > Source.COVERAGE:
            return []
        target, source = -1, Source.FAMILY_HISTORY
        if assertion == FAMILY:
            target = self._family(code)
        elif assertion == HISTORICAL:
            target, source = self._history(code), Source.PERSONAL_HISTORY
        if target < 0:
            return []
        return [(target, row[1], int(source), row[3], row[4], row[5], row[6], row[7], row[8], PRESENT, row[10])]

    def _family_row(self, row: int) -> int:
        return self._row_of(status.family_history().get(self._index.code(row)))

    def _history_row(self, row: int) -> int:
        return self._row_of(status.personal_history().get(self._index.code(row)))

    def _row_of(self, code: str | None) -> int:
        row = self._index.row(code) if code else None
        return -1 if row is None else row


def _competing(reading: NoteReading) -> list[list[int]]:
    """Groups the hits of a note: those of one mention that stand for the same words, of one kind of source."""
    hits = reading.hits
    kind = np.where(hits.source <= Source.LEXICON, 0, 1 + hits.source.astype(np.int64))
    alone = (hits.group < 0) | ((kind > 0) & (hits.source != Source.COVERAGE))
    word = np.where(hits.source == Source.COVERAGE, hits.group, -1)
    own = np.where(alone, np.arange(len(hits)), -1)
    order = np.lexsort((own, word, kind, reading.hit_mention))
    groups: list[list[int]] = []
    previous: tuple[int, ...] = ()
    table = np.stack([reading.hit_mention, kind, word, own], axis=1)[order].tolist()
    for i, key in zip(order.tolist(), map(tuple, table), strict=True):
        if key != previous:
            groups.append([])
            previous = key
        groups[-1].append(i)
    return groups


def _admitted(source: int, assertion: int, policy: Policy) -> bool:
    """Drugs count when taken, allergens when the patient reacts to them."""
    if source == Source.ALLERGEN:
        return assertion == ALLERGY
    if source == Source.DRUG:
        return policy.status_transforms and assertion in (PRESENT, POSSIBLE)
    if source == Source.MEASUREMENT:
        return policy.status_transforms
    return True


def _row(result: Resolved, mention: int, source: int, quality: float, weight: float, status_: int, text: int) -> _Row:
    return (
        result.row, mention, source, quality, weight, result.fit, min(result.matched, 20), int(result.defaulted),
        result.side, status_, text,
    )


def _pack(rows: list[_Row]) -> Edges:
    columns = list(zip(*rows, strict=True)) if rows else [() for _ in fields(Edges)]
    arrays = [np.array(column, dtype=kind) for column, kind in zip(columns, _TYPES, strict=True)]
    order = np.argsort(arrays[0], kind="stable")
    return Edges(*(array[order] for array in arrays))


def _replaced(found: Sequence[Combination]) -> dict[int, int]:
    return {part: combination.row for combination in found for part in combination.replaces}
