"""Reads one note: tokens, sections, mentions and what is asserted of them.

The spaCy ``Doc`` lives only here, inside ``nlp.memory_zone()``, so that a worker's string store does not grow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import IDX, LENGTH
from spacy.language import Language
from spacy.strings import get_string_id
from spacy.tokens import Doc

from suggest.assertion import Asserter, Scoped
from suggest.code_sets.index import CodeIndex
from suggest.composition import Composer
from suggest.headings import NO_HEADING, families
from suggest.keys import TokenKeys, token_keys, windows, word_key
from suggest.lexicon import Condition, Source
from suggest.lines import line_starts
from suggest.measurements import measured
from suggest.mentions import (
    CoverageMatcher,
    Hits,
    LearntPhrases,
    judged_behind_denials,
    learnt_hits,
    longest,
    phrase_hits,
    spans_of,
    worth_claiming,
)
from suggest.newborn import newborn_codes
from suggest.nlp import read
from suggest.policy import Policy
from suggest.procedures.found import Found
from suggest.records import Assertion, AssertionStatus, Encounter, Mention, Note, Patient, Section
from suggest.sections import families_of_tokens, find_sections
from suggest.spelling import Speller
from suggest.statements import statements_in
from suggest.terminology import Terminology


@dataclass(frozen=True, slots=True)
class NoteReading:
    """What was read from a note.

    Attributes:
        number: Position of the note in the encounter.
        note: The note.
        sections: Its parts.
        mentions: Distinct spans that name something, with section and assertion.
        hits: Matches; ``hit_mention[i]`` is the number of the mention of hit i.
        hit_mention: See ``hits``.
        tokens: Keys, sentences and sides of the tokens.
        offsets: Character offset of each token, and of the end of the text.
        sentence_start: First token of each sentence, and the number of tokens.
        sentence_words: Vocabulary numbers of the words of each sentence that holds a mention.
        words: Vocabulary numbers of all words, in the order of the text, and of those that they imply; words of what
            is denied, hypothetical or a relative's are left out.
        word_token: Token of each of ``words``.
        word_sided: Whether the sentence of each of ``words`` names a side.
        line: Number of the line of each token.
        services: Procedures that the note names.
        service_mentions: What is asserted of each span (first token, token after the last) of a procedure.
    """

    number: int
    note: Note
    sections: list[Section]
    mentions: list[Mention]
    hits: Hits
    hit_mention: NDArray[np.int64]
    tokens: TokenKeys
    offsets: NDArray[np.int64]
    sentence_start: NDArray[np.int64]
    sentence_words: dict[int, frozenset[int]]
    words: NDArray[np.int32]
    word_token: NDArray[np.int64]
    word_sided: NDArray[np.bool_]
    line: NDArray[np.int64]
    services: tuple[Found, ...] = ()
    service_mentions: Mapping[tuple[int, int], Mention] = field(default_factory=dict)

    def section_at(self, offset: int) -> str:
        """Returns the family of the section that holds a character of the note, ``none`` where none does."""
        return next((s.family for s in self.sections if s.start <= offset < s.end), NO_HEADING)

    def token_at(self, offset: int) -> int:
        """Returns the token that holds a character of the note."""
        return int(np.searchsorted(self.offsets, offset, side="right")) - 1

    def tokens_of(self, start: int, end: int) -> tuple[int, int]:
        """Returns the first token of characters ``[start, end)`` and the token after them, at least one token."""
        first = self.token_at(start)
        return first, max(first + 1, int(np.searchsorted(self.offsets[:-1], end, side="left")))


class ProcedureSource(Protocol):
    """A way of finding procedures in a note (services by their terms, ICD-10-PCS by axes)."""

    @property
    def words(self) -> NDArray[np.uint64]:
        """Sorted keys of words that it knows: they are not taken for misspelt ones."""
        ...

    def find(self, reading: NoteReading, encounter: Encounter, *, mentioned: bool) -> list[Found]:
        """Returns what a note names; with ``mentioned`` whether done or not, as benchmarks code."""
        ...


_UNSAID = (AssertionStatus.NEGATED, AssertionStatus.HYPOTHETICAL, AssertionStatus.FAMILY)
_LONGEST_IMPLYING = 3
_YEARS = frozenset(get_string_id(str(year)) for year in range(1950, 2050))


@dataclass(frozen=True, slots=True)
class _Layout:
    """The tokens of a note and where they stand; ``ends`` has the offset after each token."""

    tokens: TokenKeys
    offsets: NDArray[np.int64]
    ends: NDArray[np.int64]
    sections: list[Section]
    token_section: NDArray[np.int64]
    names: list[str]


class Reader:
    """Reads notes with one terminology and one table of learnt phrases."""

    def __init__(
        self,
        nlp: Language,
        index: CodeIndex,
        terminology: Terminology,
        learnt: LearntPhrases,
        known: NDArray[np.uint64],
        procedures: Sequence[ProcedureSource] = (),
    ) -> None:
        """Prepares the matchers.

        Args:
            nlp: From ``make_nlp``.
            index: The code set, for codes that measurements name.
            terminology: Compiled phrases.
            learnt: Phrases of the bundle.
            known: Sorted keys of words that the speller leaves alone.
            procedures: What finds procedures; none for a bundle that was trained for diagnoses only.
        """
        self._nlp = nlp
        self._index = index
        self._terms = terminology
        self._learnt = learnt
        self._coverage = CoverageMatcher(terminology)
        self._composer = Composer(index)
        self._procedures = tuple(procedures)
        self._without = terminology.word_ids(np.array([word_key("without")], dtype=np.uint64))[0]
        right = [known, self._composer.words, *(source.words for source in self._procedures)]
        self._speller = Speller(terminology, np.unique(np.concatenate(right)))
        self._asserter = Asserter(nlp)

    def read(self, note: Note, number: int, encounter: Encounter, policy: Policy) -> NoteReading:
        """Reads the note that stands at position ``number`` of ``encounter``."""
        with self._nlp.memory_zone():
            doc = read(self._nlp, note.text)
            return self._read(doc, note, number, encounter, policy)

    def _read(self, doc: Doc, note: Note, number: int, encounter: Encounter, policy: Policy) -> NoteReading:
        layout = self._layout(doc, note)
        tokens, offsets = layout.tokens, layout.offsets
        hits = self._hits(note, layout, encounter)
        if policy.status_transforms:
            hits = hits.take(worth_claiming(hits))
        spans, hit_mention = spans_of(judged_behind_denials(tokens, hits, self._terms))
        scoped = self._asserter.scopes(doc) if spans else None
        mentions = self._mentions(doc, layout, spans, number, scoped)
        word_token, words = self._words(tokens)
        said = _said(word_token, mentions, offsets)
        telling = said | (words == self._without)  # "without" decides among titles, also where it denies what follows
        reading = NoteReading(
            number=number,
            note=note,
            sections=layout.sections,
            mentions=mentions,
            hits=hits,
            hit_mention=hit_mention,
            tokens=tokens,
            offsets=offsets,
            sentence_start=np.append(np.flatnonzero(np.diff(tokens.sentence, prepend=-1)), len(offsets) - 1),
            sentence_words=_sentence_words(tokens, word_token[telling], words[telling], {m.sentence for m in mentions}),
            words=words[said],
            word_token=word_token[said],
            word_sided=np.bincount(tokens.sentence, tokens.sides > 0)[tokens.sentence[word_token[said]]] > 0,
            line=np.searchsorted(line_starts(note.text, layout.sections), offsets[:-1], side="right"),
        )
        found = [
            service
            for source in self._procedures
            for service in source.find(reading, encounter, mentioned=not policy.status_transforms)
        ]
        places = sorted({(service.first, service.last) for service in found})
        named = self._mentions(doc, layout, [(first, last, -1) for first, last in places], number, scoped)
        return replace(reading, services=tuple(found), service_mentions=dict(zip(places, named, strict=True)))

    def _layout(self, doc: Doc, note: Note) -> _Layout:
        tokens = token_keys(doc)
        fixes = self._speller.corrections(doc, tokens.keys)
        if fixes:
            tokens = token_keys(doc, fixes)
        sections = find_sections(note.text)
        places = doc.to_array([IDX, LENGTH]).astype(np.int64).reshape(-1, 2)
        offsets = np.append(places[:, 0], len(note.text))
        return _Layout(
            tokens=without_headings(tokens, offsets[:-1], sections),
            offsets=offsets,
            ends=places.sum(axis=1),
            sections=sections,
            token_section=families_of_tokens(doc, sections),
            names=[section.family for section in sections],
        )

    def _hits(self, note: Note, layout: _Layout, encounter: Encounter) -> Hits:
        """Matches in every way."""
        tokens = layout.tokens
        phrases = phrase_hits(tokens, self._terms)
        if phrases.condition.any():
            holding = self._holding(phrases, tokens, layout.token_section, layout.names, encounter.patient)
            phrases = phrases.take(holding)
        places = (layout.offsets, layout.ends)
        return Hits.join(
            [
                self._composer.add(longest(phrases), note.text, tokens, places, encounter),
                self._composer.uncomposed(self._coverage.hits(tokens), tokens),
                learnt_hits(tokens, self._learnt),
                self._measured(note.text, layout.offsets, encounter),
            ]
        )

    def _mentions(
        self, doc: Doc, layout: _Layout, spans: Sequence[tuple[int, int, int]], number: int, scoped: Scoped | None
    ) -> list[Mention]:
        """Makes the mentions of (first token, token after the last, anchor) spans, with what is asserted of them."""
        kinds = [layout.names[layout.token_section[first]] for first, _last, _anchor in spans]
        judged = [(first, last) if anchor < 0 else (anchor, anchor + 1) for first, last, anchor in spans]
        asserted = self._assert(doc, judged, kinds, scoped)
        return [
            Mention(
                note=number,
                start=int(layout.offsets[first]),
                end=int(layout.ends[last - 1]),
                first_token=first,
                last_token=last,
                sentence=int(layout.tokens.sentence[first]),
                section=name,
                assertion=assertion,
            )
            for (first, last, _anchor), name, assertion in zip(spans, kinds, asserted, strict=True)
        ]

    def _assert(
        self, doc: Doc, judged: list[tuple[int, int]], names: list[str], scoped: Scoped | None
    ) -> list[Assertion]:
        """Asserts spans in any order (the asserter wants them sorted)."""
        order = sorted(range(len(judged)), key=judged.__getitem__)
        sorted_ = self._asserter.assert_spans(doc, [judged[i] for i in order], [names[i] for i in order], scoped)
        return [assertion for _i, assertion in sorted(zip(order, sorted_, strict=True), key=lambda pair: pair[0])]

    def _words(self, tokens: TokenKeys) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Returns (token, vocabulary number) of all known words and of those that they imply, in text order."""
        owner, words = self._terms.expand(tokens.keys)
        found = windows(tokens, _LONGEST_IMPLYING)
        window, implied = self._terms.implied(found.keys)
        token = tokens.content[found.first[window]]
        owner, words = np.concatenate([owner, token]), np.concatenate([words, implied])
        order = np.argsort(owner, kind="stable")
        return owner[order], words[order]

    def _measured(self, text: str, offsets: NDArray[np.int64], encounter: Encounter) -> Hits:
        stated = chain(
            measured(text, encounter.patient.age), newborn_codes(text, encounter), statements_in(text, encounter)
        )
        found = [(m, self._index.row(m.code)) for m in stated]
        known = [(m, row) for m, row in found if row is not None]
        first = np.searchsorted(offsets, [m.start for m, _ in known], side="right") - 1
        last = np.searchsorted(offsets[:-1], [m.end for m, _ in known], side="left")
        count = len(known)
        return Hits(
            first=first.astype(np.int32),
            last=np.maximum(last, first + 1).astype(np.int32),
            code=np.array([row for _, row in known], dtype=np.int32),
            source=np.full(count, Source.MEASUREMENT, np.uint8),
            quality=np.ones(count, np.float32),
            weight=np.full(count, 8.0, np.float32),
            text=np.full(count, -1, np.int32),
            condition=np.zeros(count, np.int16),
            group=np.full(count, -1, np.int32),
            anchor=np.full(count, -1, np.int32),
        )

    def _holding(
        self,
        hits: Hits,
        tokens: TokenKeys,
        token_section: NDArray[np.int64],
        names: Sequence[str],
        patient: Patient,
    ) -> NDArray[np.bool_]:
        """Tells which hits have their condition fulfilled."""
        keep = np.ones(len(hits), dtype=bool)
        said: dict[int, frozenset[int]] = {}  # sentence → its words
        for i in np.flatnonzero(hits.condition).tolist():
            condition = self._terms.conditions[int(hits.condition[i])]
            first = int(hits.first[i])
            if condition is None:
                continue
            if condition.kind in ("near", "not_near"):
                number = int(tokens.sentence[first])
                if number not in said:
                    begin, end = np.searchsorted(tokens.sentence, [number, number + 1])
                    said[number] = frozenset(tokens.norms[begin:end].tolist())
                near = any(words <= said[number] for words in self._terms.condition_words(condition))
                keep[i] = near == (condition.kind == "near")
            elif condition.kind in ("first", "before"):
                place = first if condition.kind == "first" else first - 1
                wanted = self._terms.condition_words(condition)
                keep[i] = place >= 0 and any(int(tokens.norms[place]) in words for words in wanted)
            elif condition.kind == "section":
                keep[i] = in_section(names[token_section[first]], condition.values) or (
                    "psh" in condition.values and _dated(tokens, int(hits.last[i]))
                )
            else:
                keep[i] = fits_patient(condition, patient)
        return keep


def _said(token: NDArray[np.int64], mentions: Sequence[Mention], offsets: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tells which tokens are not denied, hypothetical or a relative's; of mentions that hold one, the shortest tells.

    "COPD without exacerbation" is present, and the exacerbation in it denied.
    """
    said = np.ones(int(token[-1]) + 2 if len(token) else 1, dtype=bool)
    for mention in sorted(mentions, key=lambda m: (m.first_token - m.last_token, m.assertion.status not in _UNSAID)):
        first, trigger = mention.first_token, mention.assertion.trigger_start
        if mention.start < trigger < mention.end:  # what stands before a denial among the words is not denied
            first = int(np.searchsorted(offsets, trigger))
        said[first : mention.last_token] = mention.assertion.status not in _UNSAID
    return said[token]


def _sentence_words(
    tokens: TokenKeys, owner: NDArray[np.int64], words: NDArray[np.int32], sentences: set[int]
) -> dict[int, frozenset[int]]:
    bounds = np.searchsorted(tokens.sentence[owner], np.arange(int(tokens.sentence[-1]) + 2)).tolist()
    numbers = words.tolist()
    return {s: frozenset(numbers[bounds[s] : bounds[s + 1]]) for s in sentences}


def without_headings(tokens: TokenKeys, offsets: NDArray[np.int64], sections: Sequence[Section]) -> TokenKeys:
    """Takes the words of headings out of the content: "HX:" is no history of what follows it."""
    keep = np.ones(len(offsets), dtype=bool)
    for section in sections:
        low, high = np.searchsorted(offsets, [section.start, section.body])
        keep[low:high] = False
    return replace(tokens, content=tokens.content[keep[tokens.content]])


def _dated(tokens: TokenKeys, last: int) -> bool:
    """Whether the next content word is a year: "left TKA 2021" speaks of the past outside any history section."""
    following = tokens.content[np.searchsorted(tokens.content, last) :][:1]
    return len(following) == 1 and int(following[0]) - last < 3 and int(tokens.norms[following[0]]) in _YEARS


def in_section(family: str, wanted: Sequence[str]) -> bool:
    """Tells whether a section family is one of ``wanted``, which may also name a role (``assessment``)."""
    return family in wanted or families()[family].weight in wanted


def fits_patient(condition: Condition, patient: Patient) -> bool:
    """Tells whether a condition on sex or age holds; what is unknown never excludes."""
    if condition.kind == "sex":
        return patient.sex.value not in ("F", "M") or patient.sex.value in condition.values
    if patient.age is None:
        return True
    operator, number = condition.values
    limit = int(number)
    return {
        "<": patient.age < limit,
        "<=": patient.age <= limit,
        ">": patient.age > limit,
        ">=": patient.age >= limit,
    }[operator]
