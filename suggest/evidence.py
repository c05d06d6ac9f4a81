"""Turns ranked candidates into records that a coder can check: spans, assertions, terms, reasons, objections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from suggest.candidates import Candidates
from suggest.code_sets.index import CodeIndex
from suggest.edges import PRESENT, Edges
from suggest.features import CodeFeatures
from suggest.lexicon import DERIVED, Source
from suggest.reading import NoteReading
from suggest.records import (
    AssertionStatus,
    Code,
    Evidence,
    Mention,
    Objection,
    RankedCode,
    Support,
    System,
)
from suggest.status import says_itself
from suggest.terminology import Terminology

_MOST_SUPPORTS = 8
_FEW_SUPPORTS = 1
_SHOWN = 0.05
_TELLING = 0.5
_LOOSE = (Source.COVERAGE, Source.LEARNT, Source.CONTEXT)
_PHRASES = {
    Source.TITLE: "official title",
    Source.INCLUSION: "inclusion term",
    Source.LEXICON: "clinical term",
    Source.DRUG: "drug taken",
    Source.ALLERGEN: "allergen",
    Source.LEARNT: "phrase learnt from coded charts",
    Source.COVERAGE: "words of the term in one sentence",
    Source.COMBINATION: "conditions that are classified together",
    Source.MEASUREMENT: "measured value",
    Source.FAMILY_HISTORY: "disease of a relative",
    Source.PERSONAL_HISTORY: "past disease",
    Source.DISEASE_ONTOLOGY: "name in the Human Disease Ontology",
    Source.HPO: "term of the Human Phenotype Ontology",
    Source.ALPHABETIC_INDEX: "term of the Alphabetic Index",
    Source.COMPOSITION: "composed of the words",
    Source.CONTEXT: "words around a related term",
}
_OBJECTIONS = {
    AssertionStatus.NEGATED: "negated here",
    AssertionStatus.POSSIBLE: "uncertain here",
    AssertionStatus.HISTORICAL: "past here",
    AssertionStatus.FAMILY: "said of a relative here",
    AssertionStatus.HYPOTHETICAL: "hypothetical here",
    AssertionStatus.ALLERGY: "an allergy or reaction here",
}


def ranked_codes(
    candidates: Candidates,
    table: CodeFeatures,
    probability: NDArray[np.float64],
    index: CodeIndex,
    terminology: Terminology,
) -> tuple[RankedCode, ...]:
    """Returns all candidate codes with their evidence, by falling probability (ties by code)."""
    count = len(index)
    names = [index.code(c) if c < count else candidates.unknown[c - count] for c in table.codes.tolist()]
    order = sorted(range(len(names)), key=lambda i: (-probability[i], names[i]))
    shown = _shown_edges(candidates.edges, table.start)
    readings = {reading.number: reading for reading in candidates.readings}
    ranked = []
    for i in order:
        row = int(table.codes[i])
        share = float(probability[i])
        most = _MOST_SUPPORTS if share >= _SHOWN else _FEW_SUPPORTS
        supports = _supports(candidates, readings, shown[i], terminology, most)
        ranked.append(
            RankedCode(
                code=Code(System.ICD10CM, names[i], index.edition.name),
                title=index.title(row) if row < count else "",
                probability=round(share, 6),
                support=supports,
                against=_against(names[i], supports),
                reason=_reason(supports),
            )
        )
    return tuple(ranked)


def _shown_edges(edges: Edges, start: NDArray[np.int64]) -> list[list[int]]:
    """Returns the edges worth showing of each code: live ones first, then by quality and place.

    Phrases that merely go together with a code are shown only where nothing names it. Of edges of one quality a whole
    phrase goes before words that cover a term, and the term that says more before the other.
    """
    if not len(edges):
        return []
    first = start[:-1]
    code = np.repeat(np.arange(len(first)), np.diff(start))
    named = edges.source != Source.LEARNT
    present = edges.status == PRESENT
    telling = named | (present & (edges.quality >= _TELLING))
    any_named = np.logical_or.reduceat(named & present, first)[code]
    any_telling = np.logical_or.reduceat(telling, first)[code]
    show = np.where(any_named, named, telling | ~any_telling)
    loose = np.isin(edges.source, _LOOSE)
    order = np.lexsort((edges.mention, -edges.weight, loose, -edges.quality, ~present, code))
    order = order[show[order]]
    return [part.tolist() for part in np.split(order, np.searchsorted(code[order], np.arange(1, len(first))))]


def _supports(
    candidates: Candidates,
    readings: Mapping[int, NoteReading],
    ordered: Sequence[int],
    terminology: Terminology,
    most: int,
) -> tuple[Support, ...]:
    """Returns the supports that edges stand for: of spans within each other, the one that comes first."""
    edges, mentions = candidates.edges, candidates.mentions
    chosen: dict[tuple[int, int, int], int] = {}
    for e in ordered:
        mention = mentions[int(edges.mention[e])]
        span = (mention.note, mention.start, mention.end)
        if not any(_nested(span, other) for other in chosen):
            chosen[span] = e
            if len(chosen) == most:
                break
    result = []
    for e in chosen.values():
        mention = mentions[int(edges.mention[e])]
        source = Source(int(edges.source[e]))
        text = -1 if source is Source.LEARNT else int(edges.text[e])
        result.append(
            Support(
                evidence=_evidence(readings[mention.note], mention),
                section=mention.section,
                assertion=mention.assertion,
                matched_term=terminology.texts[text] if text >= 0 else "",
                source=source.label,
            )
        )
    return tuple(result)


def _nested(span: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    """Whether one of two (note, start, end) spans lies within the other."""
    if span[0] != other[0]:
        return False
    return (other[1] <= span[1] and span[2] <= other[2]) or (span[1] <= other[1] and other[2] <= span[2])


def _evidence(reading: NoteReading, mention: Mention) -> Evidence:
    quote = reading.note.text[mention.start : mention.end]
    return Evidence(reading.note.id, mention.start, mention.end, quote)


def _against(code: str, supports: tuple[Support, ...]) -> tuple[Objection, ...]:
    return tuple(
        Objection(_OBJECTIONS[s.assertion.status], s.evidence)
        for s in supports
        if s.assertion.status in _OBJECTIONS and s.source not in DERIVED and not says_itself(code, s.assertion.status)
    )


def _reason(supports: tuple[Support, ...]) -> str:
    if not supports:
        return ""
    best = supports[0]
    source = Source[best.source.upper().replace("-", "_")]
    term = f" '{best.matched_term}'" if best.matched_term else ""
    more = f", {len(supports)} mentions" if len(supports) > 1 else ""
    return f"{_PHRASES[source]}{term} ({best.section}{more})"
