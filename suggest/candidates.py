"""From mentions to candidate codes: every way that leads from a span to a code, as parallel arrays.

Each element (an *edge*) ties one mention to one code and remembers source, quality, how well the surrounding
words fit the exact code, and what is asserted. Diseases of relatives, past diseases and allergies lead to their
Z codes besides; documented pairs (hypertension with CKD) lead to their combination codes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from suggest import status
from suggest.code_sets.index import CodeIndex
from suggest.combinations import Combination, combine
from suggest.conventions import conventions
from suggest.edges import ALLERGY, FAMILY, HISTORICAL, POSSIBLE, PRESENT, STATUS_NUMBER, Edge, Edges, pack
from suggest.leaves import LeafFinder
from suggest.lexicon import PHRASES, Source
from suggest.mentions import Hits
from suggest.policy import Policy
from suggest.reading import NoteReading
from suggest.records import AssertionStatus, Encounter, Mention
from suggest.resolved import RESOLVED
from suggest.setting_context import EncounterFacts, encounter_facts
from suggest.specificity import RESIDUAL, Context, Resolved, Resolver, side_near
from suggest.terminology import Terminology
from suggest.uncertain import CONFIRMED_ONLY, Place, final_places

_RULE_OUT = "rule-out"
_FOUND = (
    *PHRASES,
    Source.DRUG,
    Source.ALLERGEN,
    Source.LEARNT,
    Source.COVERAGE,
    Source.COMPOSITION,
)  # in the chart's words, not derived


@dataclass(frozen=True, slots=True)
class Candidates:
    """All candidates of an encounter.

    Attributes:
        edges: Ties between mentions and codes, sorted by code.
        mentions: The mentions of all notes.
        readings: What was read from each note.
        facts: What is known of the encounter as a whole.
        replaced: Code id → code ids of the combinations that take its place.
        unknown: Code strings of ids beyond the index.
        always: Vocabulary numbers of words that hold for the whole encounter (trimester, childbirth).
    """

    edges: Edges
    mentions: list[Mention]
    readings: list[NoteReading]
    facts: EncounterFacts
    replaced: dict[int, frozenset[int]]
    unknown: Sequence[str]
    always: frozenset[int]


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
        self._leaves = LeafFinder(index, terminology, self._resolver)
        self._family = lru_cache(maxsize=20_000)(self._family_row)
        self._history = lru_cache(maxsize=20_000)(self._history_row)
        self._fact_words = lru_cache(maxsize=64)(lambda facts: facts.words(terminology))

    def build(self, encounter: Encounter, readings: list[NoteReading], policy: Policy) -> Candidates:
        """Returns the candidates of an encounter whose notes were read."""
        facts = encounter_facts(encounter, readings)
        mentions: list[Mention] = []
        rows: list[Edge] = []
        final = final_places(readings, policy)
        for reading in readings:
            base = len(mentions)
            mentions.extend(reading.mentions)
            edges = self._note_edges(reading, base, facts, policy)
            rows.extend(self._as_if_it_existed(edges, mentions, final) if final else edges)
        found: list[Combination] = []
        if policy.status_transforms:
            telling = self._telling(rows, mentions)
            found = combine(self._index, telling)
            telling.extend(edge for combination in found for edge in combination.edges)
            found += conventions(self._index, telling, mentions, readings, facts, encounter)
            rows.extend(edge for combination in found for edge in combination.edges)
        return Candidates(
            edges=pack(rows),
            mentions=mentions,
            readings=readings,
            facts=facts,
            replaced=_replaced(found),
            unknown=self._unknown,
            always=self._fact_words(facts),
        )

    def _telling(self, rows: Sequence[Edge], mentions: Sequence[Mention]) -> list[Edge]:
        """Returns the edges that say enough for another code to rest on them.

        Words that stand together do not where the title that they fill has none of its own ("other specified
        diabetes mellitus"), nor where a term of another category names just that ("renal insufficiency" is no CKD).
        """
        category, flags, count = self._index.category, self._terms.row_flags, len(self._index)
        named: dict[tuple[int, int, int], set[int]] = {}

        def place(edge: Edge) -> tuple[int, int, int]:
            mention = mentions[edge.mention]
            return mention.note, mention.start, mention.end

        for edge in rows:
            if edge.source in PHRASES and edge.code < count:
                named.setdefault(place(edge), set()).add(int(category[edge.code]))

        def tells(edge: Edge) -> bool:
            if edge.source != Source.COVERAGE or edge.code >= count:
                return True
            own = int(category[edge.code])
            return not flags[edge.code] & RESIDUAL and own in named.get(place(edge), {own})

        return [edge for edge in rows if tells(edge)]

    def _note_edges(self, reading: NoteReading, base: int, facts: EncounterFacts, policy: Policy) -> list[Edge]:
        plain = self._plain(reading, policy)
        rows = _learnt_edges(reading, plain, base)
        contexts: dict[int, Context] = {}
        for group in _competing(reading, np.flatnonzero(~plain)):
            rows.extend(self._group_edges(reading, group, base, contexts, facts, policy))
        rows.extend(self._leaves.edges(reading, base, rows, facts, self._fact_words(facts)))
        return rows

    def _as_if_it_existed(
        self, edges: Sequence[Edge], mentions: Sequence[Mention], final: frozenset[Place]
    ) -> Iterator[Edge]:
        """Yields edges, those of uncertain diagnoses in a final statement as present (guidelines II.H, III.C)."""
        for edge in edges:
            mention = mentions[edge.mention]
            counts = edge.status == POSSIBLE and (mention.note, mention.section) in final
            # "rule out" by itself may as well say that it was done; "still to be ruled out" is another rule
            sure = mention.assertion.rule != _RULE_OUT and not self._confirmed_only(edge.code)
            yield edge._replace(status=PRESENT) if counts and sure else edge

    def _confirmed_only(self, code: int) -> bool:
        return code < len(self._index) and self._index.code(code).startswith(CONFIRMED_ONLY)

    def _plain(self, reading: NoteReading, policy: Policy) -> NDArray[np.bool_]:
        """Marks hits that lead to their code as it is: present learnt phrases of complete codes without a side.

        They are the most numerous by far, so they are made into edges without looking around each of them.
        """
        hits, count = reading.hits, len(self._index)
        present = np.array([m.assertion.status is AssertionStatus.PRESENT for m in reading.mentions], dtype=bool)
        row = np.minimum(hits.code, count - 1)
        open_ = (self._terms.row_flags[row] & 7).astype(bool)
        if policy.billable_only:
            open_ |= ~self._index.billable[row]
        open_ &= hits.code < count
        plain: NDArray[np.bool_] = (hits.source == Source.LEARNT) & ~open_ & present[reading.hit_mention]
        return plain

    def _group_edges(
        self,
        reading: NoteReading,
        group: list[int],
        base: int,
        contexts: dict[int, Context],
        facts: EncounterFacts,
        policy: Policy,
    ) -> list[Edge]:
        """Edges of hits of one mention that stand for the same words."""
        hits = reading.hits
        number = int(reading.hit_mention[group[0]])
        mention = reading.mentions[number]
        assertion = STATUS_NUMBER[mention.assertion.status]
        source = int(hits.source[group[0]])
        if not _admitted(source, assertion, policy):
            return []
        by_code = {int(hits.code[i]): i for i in reversed(group)}
        if not self._needs_context(source, by_code, policy):
            resolved = [(code, Resolved(code, 1.0, 0, False, 0)) for code in by_code]
        else:
            if number not in contexts:
                contexts[number] = self._context(reading, mention, facts)
            context = contexts[number]
            if source == Source.COMPOSITION:  # the cues of a composed code settled its side
                sides = int(self._terms.row_flags[hits.code[group[0]]]) & 7
                context = replace(context, sides=sides or context.sides)
            resolved = self._resolved(by_code, source, context, policy)
        rows = []
        for origin, result in resolved:
            i = by_code[origin]
            own = source == Source.ALLERGEN or (
                assertion != PRESENT and self._says_itself(result.row, mention.assertion.status)
            )
            row = _row(result, base + number, hits, i, PRESENT if own else assertion)
            rows.append(row)
            rows.extend(self._derived(row, mention, policy))
        return rows

    def _needs_context(self, source: int, codes: Iterable[int], policy: Policy) -> bool:
        """Whether the surrounding words may lead to another code than the hit's."""
        if source == Source.LEARNT:
            return any(code < len(self._index) and self._is_open(code, policy) for code in codes)
        return source not in (Source.DRUG, Source.ALLERGEN, Source.MEASUREMENT)

    def _is_open(self, row: int, policy: Policy) -> bool:
        """Whether a learnt code has a side, or is none that can be billed (an older corpus may hold such codes)."""
        return bool(int(self._terms.row_flags[row]) & 7) or (policy.billable_only and not self._index.billable[row])

    def _resolved(
        self, by_code: dict[int, int], source: int, context: Context, policy: Policy
    ) -> list[tuple[int, Resolved]]:
        """Returns (code of the hit, what it comes down to) pairs."""
        count = len(self._index)
        if source == Source.LEARNT:
            return [(code, result) for code in by_code for result in self._learnt(code, context, policy)]
        named = [code for code in by_code if code < count]
        tops = self._resolver.reduce(named, context)
        pairs = [(top, result) for top in tops for result in self._resolver.resolve(top, context, named)]
        if not policy.billable_only:
            pairs.extend((top, Resolved(top, 0.5, 0, True, 0)) for top in tops if not self._index.billable[top])
        return pairs

    def _learnt(self, code: int, context: Context, policy: Policy) -> list[Resolved]:
        """What a learnt code comes down to."""
        if code < len(self._index) and policy.billable_only and not self._index.billable[code]:
            return self._resolver.resolve(code, context)
        return [self._sided(code, context)]

    def _sided(self, code: int, context: Context) -> Resolved:
        """A learnt code, moved to the side that the words name."""
        if code >= len(self._index):
            return Resolved(code, 1.0, 0, False, 0)
        if context.sides and int(self._terms.row_flags[code]) & 7:
            stem = int(self._index.stem[code])
            parent = int(self._index.parent[stem])
            words = context.words | frozenset(self._terms.title_words(stem).tolist())
            wanted = replace(context, words=words)
            return self._resolver.resolve(parent, wanted)[0]
        return Resolved(code, 1.0, 0, False, 0)

    def _context(self, reading: NoteReading, mention: Mention, facts: EncounterFacts) -> Context:
        begin = int(reading.sentence_start[mention.sentence])
        end = int(reading.sentence_start[mention.sentence + 1])
        sides = side_near(reading.tokens.sides, mention.first_token, mention.last_token, begin, end)
        words = reading.sentence_words[mention.sentence] | self._fact_words(facts)
        return facts.context(words, sides, self._terms)

    def _derived(self, edge: Edge, mention: Mention, policy: Policy) -> list[Edge]:
        """Z codes for diseases of relatives and past diseases."""
        if not policy.status_transforms or edge.code >= len(self._index) or edge.source not in _FOUND:
            return []
        target, source = -1, Source.FAMILY_HISTORY
        if edge.status == FAMILY:
            target = self._family(edge.code)
        elif edge.status == HISTORICAL and (mention.assertion.rule == RESOLVED or not self._lasting(edge.code)):
            target, source = self._history(edge.code), Source.PERSONAL_HISTORY
        return [edge._replace(code=target, source=int(source), status=PRESENT)] if target >= 0 else []

    def _family_row(self, row: int) -> int:
        return self._row_of(status.family_history().get(self._index.code(row)))

    def _history_row(self, row: int) -> int:
        return self._row_of(status.personal_history().get(self._index.code(row)))

    def _lasting(self, row: int) -> bool:
        return status.history_only_when_resolved(self._index.code(row))

    def _says_itself(self, row: int, assertion: AssertionStatus) -> bool:
        return row < len(self._index) and status.says_itself(self._index.code(row), assertion)

    def _row_of(self, code: str | None) -> int:
        row = self._index.row(code) if code else None
        return -1 if row is None else row


def _learnt_edges(reading: NoteReading, which: NDArray[np.bool_], base: int) -> list[Edge]:
    """Edges of learnt phrases that lead to their code as it is."""
    hits = reading.hits
    columns = (
        hits.code[which],
        reading.hit_mention[which] + base,
        hits.quality[which],
        hits.weight[which],
        hits.text[which],
    )
    return [
        Edge(code, mention, int(Source.LEARNT), quality, weight, 1.0, 0, 0, 0, PRESENT, text)
        for code, mention, quality, weight, text in zip(*(column.tolist() for column in columns), strict=True)
    ]


def _competing(reading: NoteReading, which: NDArray[np.integer]) -> list[list[int]]:
    """Groups hits of a note: those of one mention that stand for the same words, of one kind of source."""
    hits = reading.hits.take(which)
    mention = reading.hit_mention[which]
    kind = np.where(np.isin(hits.source, PHRASES), 0, 1 + hits.source.astype(np.int64))
    alone = (hits.group < 0) | ((kind > 0) & (hits.source != Source.COVERAGE))
    word = np.where(hits.source == Source.COVERAGE, hits.group, -1)
    own = np.where(alone, np.arange(len(hits)), -1)
    order = np.lexsort((own, word, kind, mention))
    groups: list[list[int]] = []
    previous: tuple[int, ...] = ()
    table = np.stack([mention, kind, word, own], axis=1)[order].tolist()
    for i, key in zip(which[order].tolist(), map(tuple, table), strict=True):
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


def _row(result: Resolved, mention: int, hits: Hits, i: int, assertion: int) -> Edge:
    """Returns the edge from hit ``i`` of a mention to what it comes down to."""
    return Edge(
        result.row,
        mention,
        int(hits.source[i]),
        float(hits.quality[i]),
        float(hits.weight[i]),
        result.fit,
        min(result.matched, 20),
        int(result.defaulted),
        result.side,
        assertion,
        int(hits.text[i]),
    )


def _replaced(found: Sequence[Combination]) -> dict[int, frozenset[int]]:
    wholes: dict[int, set[int]] = {}
    for combination in found:
        for part in combination.replaces:
            wholes.setdefault(part, set()).add(combination.row)
    return {part: frozenset(codes) for part, codes in wholes.items()}
