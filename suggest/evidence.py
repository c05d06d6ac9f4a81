"""Turns ranked candidates into records that a coder can check: spans, assertions, terms, reasons, objections."""

from __future__ import annotations

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
_FEW_SUPPORTS = 2
_SHOWN = 0.05
_TELLING = 0.5
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
    ranked = []
    for i in order:
        row = int(table.codes[i])
        share = float(probability[i])
        supports = _supports(candidates, table, i, terminology, _MOST_SUPPORTS if share >= _SHOWN else _FEW_SUPPORTS)
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


def _supports(
    candidates: Candidates, table: CodeFeatures, i: int, terminology: Terminology, most: int
) -> tuple[Support, ...]:
    """The best edges of a code, one for each span; live ones first, then by quality and place."""
    edges, mentions = candidates.edges, candidates.mentions
    first, last = int(table.start[i]), int(table.start[i + 1])
    order = np.lexsort((edges.mention[first:last], -edges.quality[first:last], edges.status[first:last] != 0)) + first
    order = order[_worth_showing(edges, order)]
    chosen: dict[tuple[int, int, int], int] = {}
    for e in order.tolist():
        mention = mentions[int(edges.mention[e])]
        chosen.setdefault((mention.note, mention.start, mention.end), e)
        if len(chosen) == most:
            break
    readings = {reading.number: reading for reading in candidates.readings}
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


def _worth_showing(edges: Edges, order: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Marks the edges to show: phrases that merely go together with a code only where nothing names it."""
    named: NDArray[np.bool_] = edges.source[order] != Source.LEARNT
    present = edges.status[order] == PRESENT
    telling: NDArray[np.bool_] = named | (present & (edges.quality[order] >= _TELLING))
    if (named & present).any():
        return named
    return telling if telling.any() else np.ones(len(order), dtype=bool)


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
