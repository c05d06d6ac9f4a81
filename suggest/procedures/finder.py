"""Finds the services that a note names: terms of the table of services, phrases learnt from coded charts, ICD-10-PCS.

A term leads to all members of its family that share it; what each member asks for (``conditions.py``) is compared
with what stands around the mention.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from suggest.code_sets.services import ServiceCode
from suggest.keys import TokenKeys
from suggest.lexicon import Source
from suggest.mentions import CoverageMatcher, Hits, LearntPhrases, learnt_hits, phrase_hits
from suggest.procedures.conditions import QUANTITIES, Verdict, parse_asks, wanted
from suggest.procedures.found import Found, Origin
from suggest.procedures.surroundings import Span, Surroundings
from suggest.procedures.terms import Catalogue
from suggest.procedures.units import dosed, units_of
from suggest.records import Claim, Encounter, System
from suggest.resources import read_table
from suggest.terminology import Terminology

if TYPE_CHECKING:
    from suggest.reading import NoteReading

_ORIGINS = {int(Source.COVERAGE): Origin.COVERAGE, int(Source.DRUG): Origin.DRUG}
_ROUTES = (
    *("IM", "intramuscular", "IV", "IVP", "IVPB", "intravenous", "SC", "SQ", "subq", "subcutaneous", "subcut"),
    *("injected", "injection", "infused", "infusion", "intravitreal", "intralesional", "intraarticular", "deltoid"),
    *("gluteal", "implanted", "epidural", "neb", "nebulizer", "push", "drip", "foramen", "joint"),
)
_NAMED = frozenset({"drug", "supply", "equipment", "vaccine"})
"""Sections of products: no words stand for one but its name."""
_WHOLE = 0.999  # quality of a term that stands there in full
_ANYWHERE = frozenset({"em", "medicine", "therapy", "psychiatry"})  # sections whose services name no site
_GIVEN = frozenset({"drug", "supply"})  # what is given goes with the service that gives it
_LEAST_LEARNT = 0.25  # precision under which a learnt phrase proposes no code of a claim


@dataclass(frozen=True)
class NoteView:
    """What the finder reads of a note.

    Attributes:
        reading: The note.
        encounter: What it belongs to.
        tokens: Its tokens; words of headings are content here, for titles of reports name what was done.
    """

    reading: NoteReading
    encounter: Encounter
    tokens: TokenKeys

    @property
    def number(self) -> int:
        """Position of the note in the encounter."""
        return self.reading.number

    @cached_property
    def surroundings(self) -> Surroundings:
        """Words and quantities by place; hospital stays and benchmarks ask for none."""
        reading = self.reading
        return Surroundings(reading.note.text, reading.tokens, reading.offsets, reading.line, self.encounter)


def view_of(reading: NoteReading, encounter: Encounter) -> NoteView:
    """Returns what the finder reads of a note."""
    content = np.flatnonzero(reading.tokens.keys).astype(np.int32)
    return NoteView(reading, encounter, replace(reading.tokens, content=content))


@dataclass(frozen=True, slots=True)
class LearntServices:
    """Phrases learnt from coded charts that lead to codes of procedures.

    Attributes:
        phrases: Their keys and statistics; ``code`` are places in ``codes``.
        codes: Code and system.
    """

    phrases: LearntPhrases
    codes: Sequence[tuple[str, System]]


class ServiceFinder:
    """Finds services in notes; holds tables only, so threads may share it."""

    def __init__(self, catalogue: Catalogue, terms: Terminology, learnt: LearntServices | None) -> None:
        """Prepares the matchers.

        Args:
            catalogue: The services.
            terms: Their terms, compiled.
            learnt: Phrases of the bundle, ``None`` if it has none.
        """
        self._catalogue = catalogue
        self._terms = terms
        self._coverage = CoverageMatcher(terms)
        self._learnt = learnt
        self._own_words = lru_cache(maxsize=10_000)(self._read_own_words)

    @property
    def words(self) -> NDArray[np.uint64]:
        """Sorted keys of the words of all terms: those need no correction."""
        return self._terms.words

    def find(self, reading: NoteReading, encounter: Encounter, *, mentioned: bool) -> list[Found]:
        """Returns what a note names.

        Args:
            reading: The note.
            encounter: What it belongs to; a professional claim has CPT and HCPCS codes, that of a facility others.
            mentioned: Whether whatever is mentioned is coded, as benchmarks do.
        """
        view = view_of(reading, encounter)
        found: list[Found] = []
        if encounter.claim is Claim.PROFESSIONAL and not mentioned:
            hits = phrase_hits(view.tokens, self._terms)
            found.extend(self._services(hits, view))
            found.extend(self._services(self._coverage.hits(view.tokens), view))
            found = self._without_parts(found)
        if self._learnt is not None:
            found.extend(self._by_learnt(view, self._learnt, encounter, mentioned=mentioned))
        return found

    def _shares_word(self, service: ServiceCode, first: int, last: int, view: NoteView) -> bool:
        """Whether a learnt phrase has a word of the service's own: ``without difficulty`` stands for no service."""
        return not self._own_words(service.code).isdisjoint(view.tokens.norms[first:last].tolist())

    def _read_own_words(self, code: str) -> frozenset[int]:
        """Returns the NORM hashes of the words of a service's label and terms, everyday ones left out."""
        service = self._catalogue.get(code)
        texts = (service.label, *service.terms) if service else ()
        return frozenset().union(*(wanted(text) for text in texts)) - _everyday()

    def _without_parts(self, found: list[Found]) -> list[Found]:
        """Drops what half matches within words that name another service in full.

        ``abscess I&D`` is no incision of a breast abscess, ``total knee arthroplasty`` none of the shoulder.
        """
        whole = [
            (f.first, f.last, self._family(f))
            for f in found
            if f.quality >= _WHOLE and not f.broken + f.missing and self._section(f) not in _GIVEN
        ]
        spans: defaultdict[tuple[int, int], set[str]] = defaultdict(set)
        for first, last, family in whole:
            spans[first, last].add(family)
        return [
            f
            for f in found
            if f.quality >= _WHOLE
            or f.origin is not Origin.COVERAGE
            or not any(
                first <= f.first and f.last <= last and families != {self._family(f)}
                for (first, last), families in spans.items()
            )
        ]

    def _family(self, found: Found) -> str:
        service = self._catalogue.get(found.code)
        return found.code if service is None else service.family or service.code

    def _section(self, found: Found) -> str:
        service = self._catalogue.get(found.code)
        return "" if service is None else service.section

    def _services(self, hits: Hits, view: NoteView) -> Iterator[Found]:
        columns = (hits.first, hits.last, hits.code, hits.source, hits.quality, hits.text)
        for first, last, row, source, quality, text in zip(*(column.tolist() for column in columns), strict=True):
            service = self._catalogue.rows[row]
            if source == Source.DRUG and not given(first, view):
                continue
            origin = _ORIGINS.get(source, Origin.TERM)
            term = self._terms.texts[text] if text >= 0 else service.label
            known = judged(service, (first, last), view, origin, quality, term)
            if origin is Origin.COVERAGE and quality < _WHOLE and service.section not in _ANYWHERE:
                unnamed = (wanted(term) & _sites()) - view.surroundings.words(view.surroundings.whole)
                known = replace(known, missing=known.missing + bool(unnamed))
            yield known

    def _by_learnt(
        self, view: NoteView, learnt: LearntServices, encounter: Encounter, *, mentioned: bool
    ) -> Iterator[Found]:
        hits = learnt_hits(view.tokens, learnt.phrases)
        if not mentioned:
            # what coders marked as the words of a code, not what merely stands in the same charts
            hits = hits.take((hits.quality >= _LEAST_LEARNT) & (learnt.phrases.marked[hits.text] > 0))
        columns = (hits.first, hits.last, hits.code, hits.quality, hits.weight, hits.text)
        for first, last, number, quality, support, text in zip(*(c.tolist() for c in columns), strict=True):
            code, system = learnt.codes[number]
            if mentioned or (system is System.ICD10PCS) == (encounter.claim is Claim.FACILITY):
                plain = Found(code, system, view.number, first, last, Origin.LEARNT, quality)
                marked = float(learnt.phrases.marked[text])
                service = None if mentioned else self._catalogue.get(code)
                if service is not None and not (
                    service.section not in _NAMED and self._shares_word(service, first, last, view)
                ):
                    continue
                known = plain if service is None else judged(service, (first, last), view, Origin.LEARNT, quality, "")
                yield replace(known, support=support, marked=marked)


@lru_cache(maxsize=1)
def _sites() -> frozenset[int]:
    """Words for parts of the body and scopes: a half matched term whose own is not named means another one."""
    return frozenset().union(*(wanted(row["word"]) for row in read_table("services/sites.tsv")))


@lru_cache(maxsize=1)
def _everyday() -> frozenset[int]:
    """Words that stand in labels and terms of many services."""
    return wanted(
        "with without and or of first each further other one two three done office by for to in on at no used"
    )


@lru_cache(maxsize=1)
def _routes() -> tuple[frozenset[int], ...]:
    return tuple(wanted(word) for word in _ROUTES)


def given(token: int, view: NoteView) -> bool:
    """Whether the sentence of a drug's name says that it was given by other ways than by mouth."""
    words = view.surroundings.words(view.surroundings.place(token, token + 1))
    return any(route <= words for route in _routes())


def judged(service: ServiceCode, span: Span, view: NoteView, origin: Origin, quality: float, term: str) -> Found:
    """Returns a service that a span leads to, with how the note stands to what it asks for."""
    counts = [0] * len(Verdict)
    further = []
    asks = parse_asks(service.asks)
    for ask in asks:
        verdict, where = view.surroundings.judge(ask, span)
        if verdict is Verdict.UNSAID and "addon" in service.flags and ask.kind in QUANTITIES:
            verdict = Verdict.MISSING  # what goes beyond the first has to be documented
        if ask.kind not in ("not", "default") or verdict is Verdict.BROKEN:  # that a word is absent says little
            counts[verdict] += 1
        if where is not None and verdict in (Verdict.MET, Verdict.FAR):
            further.append(where)
    if any(ask.kind == "default" for ask in asks) and not counts[Verdict.MISSING] + counts[Verdict.BROKEN]:
        surroundings = view.surroundings
        if any(ask.kind == "not" and surroundings.stands(ask.words, surroundings.whole) for ask in asks):
            counts[Verdict.UNSAID] += 1  # the note does say more, elsewhere
        else:
            # right where the text says no more, yet a member whose own words stand there is more so
            counts[Verdict.FAR] += counts[Verdict.UNSAID] + 1
            counts[Verdict.UNSAID] = 0
    if service.unit.startswith("dose"):  # a drug that was given has a dose and a way that it was given
        counts[Verdict.MET if dosed(service, span, view.surroundings) else Verdict.UNSAID] += 1
        counts[Verdict.MET if given(span[0], view) else Verdict.UNSAID] += 1
    return Found(
        code=service.code,
        system=service.system,
        note=view.number,
        first=span[0],
        last=span[1],
        origin=origin,
        quality=quality,
        met=counts[Verdict.MET],
        far=counts[Verdict.FAR],
        unsaid=counts[Verdict.UNSAID],
        missing=counts[Verdict.MISSING],
        broken=counts[Verdict.BROKEN],
        units=units_of(service, span, view.surroundings),
        term=term,
        further=tuple(further),
    )
