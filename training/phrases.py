"""Learns which phrases of a note go with which codes.

A phrase is a window of up to five content words, known by its order-free key. Its precision for a code is the
share of the notes holding it that carry the code. Pairs come from the spans that coders marked as evidence and,
where a chart has no spans, from the co-occurrence of phrase and code over notes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import IDX
from spacy.language import Language

from suggest.keys import keys_of_norms, token_keys, windows
from suggest.nlp import read
from suggest.reading import without_headings
from suggest.records import System, TrainingExample
from suggest.sections import find_sections

LONGEST = 5
_MIN_NOTES = 2
_MIN_PRECISION = 0.12
_MIN_LIFT = 4.0
_PER_CODE = 80
_MARKED_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class PhraseDocument:
    """The phrases of one example.

    Attributes:
        keys: Distinct phrase keys of its notes, sorted.
        codes: Its right codes of the systems that were asked for.
        marked: (code, phrase key) pairs from evidence spans.
        words: Distinct word keys.
    """

    keys: NDArray[np.uint64]
    codes: tuple[str, ...]
    marked: tuple[tuple[str, int], ...]
    words: NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class PhraseTable:
    """Learnt pairs, ready for a bundle; see ``suggest.ranking.Model`` for the shapes."""

    keys: NDArray[np.uint64]
    start: NDArray[np.int64]
    code: NDArray[np.int32]
    precision: NDArray[np.float32]
    support: NDArray[np.float32]
    marked: NDArray[np.float32]
    codes: tuple[str, ...]
    prior: NDArray[np.float32]
    unseen_prior: float


def read_document(
    nlp: Language, example: TrainingExample, systems: Collection[System] = (System.ICD10CM,)
) -> PhraseDocument:
    """Reads the phrases of an example.

    Args:
        nlp: From ``suggest.nlp.make_nlp``.
        example: The chart.
        systems: Systems of the codes that phrases are learnt for. Words of headings name no diagnosis, but what
            was done: they are left out for diagnoses only.
    """
    keys: list[NDArray[np.uint64]] = []
    words: list[NDArray[np.uint64]] = []
    marked: list[tuple[str, int]] = []
    wanted = [gold for gold in example.gold if gold.code.system in systems]
    for note in example.encounter.notes:
        with nlp.memory_zone():
            doc = read(nlp, note.text)
            tokens = token_keys(doc)
            offsets = doc.to_array(IDX).astype(np.int64)
            words.append(np.unique(keys_of_norms(tokens.norms)))
        if System.ICD10CM in systems:
            tokens = without_headings(tokens, offsets, find_sections(note.text))
        found = windows(tokens, LONGEST)
        keys.append(found.keys)
        starts = offsets[tokens.content]
        first = starts[found.first]
        last = starts[found.first + found.length - 1]
        for gold in wanted:
            for evidence in gold.evidence:
                if evidence.note_id == note.id:
                    inside = (first >= evidence.start) & (last < evidence.end)
                    size = int(((starts >= evidence.start) & (starts < evidence.end)).sum())
                    inside &= found.length >= _MARKED_SHARE * min(size, LONGEST)  # most of the words, not one
                    marked.extend((gold.code.code, int(key)) for key in found.keys[inside])
    return PhraseDocument(
        keys=np.unique(np.concatenate(keys)) if keys else np.zeros(0, np.uint64),
        codes=tuple(dict.fromkeys(gold.code.code for gold in wanted)),
        marked=tuple(dict.fromkeys(marked)),
        words=np.unique(np.concatenate(words)) if words else np.zeros(0, np.uint64),
    )


def learn(documents: Sequence[PhraseDocument]) -> PhraseTable:
    """Learns the phrase table of a set of documents.

    The precision of a pair seen together in c of the n notes that hold the phrase is c / (n + 1): one unseen
    note without the code is assumed for every phrase.
    """
    codes = tuple(sorted({code for document in documents for code in document.codes}))
    number = {code: i for i, code in enumerate(codes)}
    vocabulary, frequency = _frequencies(documents)
    pairs, together = _pairs(documents, vocabulary, number)
    phrase, code = pairs // max(1, len(codes)), pairs % max(1, len(codes))
    notes_of_code = np.bincount(
        [number[c] for document in documents for c in document.codes], minlength=max(1, len(codes))
    )
    precision = together / (frequency[phrase] + 1)
    marked = _marked(documents, vocabulary, number, max(1, len(codes)))
    marked_pairs, times = np.unique(marked, return_counts=True)
    explicit = np.isin(pairs, marked_pairs)
    share = np.zeros(len(pairs))
    share[np.searchsorted(pairs, marked_pairs)] = times
    share /= frequency[phrase] + 1
    base = notes_of_code[code] / max(1, len(documents))
    enough = (together >= _MIN_NOTES) & (precision >= _MIN_PRECISION) & (precision >= _MIN_LIFT * base)
    keep = np.flatnonzero(enough | (explicit & (precision >= _MIN_PRECISION)))
    keep = keep[_best_per_code(code[keep], precision[keep] * np.log1p(together[keep]) + explicit[keep])]
    keep = keep[np.argsort(phrase[keep], kind="stable")]
    used, first = np.unique(phrase[keep], return_index=True)
    prior = np.log((notes_of_code + 0.5) / (len(documents) + 1)).astype(np.float32)
    return PhraseTable(
        keys=vocabulary[used],
        start=np.append(first, len(keep)).astype(np.int64),
        code=code[keep].astype(np.int32),
        precision=precision[keep].astype(np.float32),
        support=together[keep].astype(np.float32),
        marked=share[keep].astype(np.float32),
        codes=codes,
        prior=prior[: len(codes)],
        unseen_prior=float(np.log(0.1 / (len(documents) + 1))),
    )


def _frequencies(documents: Iterable[PhraseDocument]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Returns the distinct phrases and in how many documents each stands."""
    parts = [document.keys for document in documents]
    joined = np.concatenate(parts) if parts else np.zeros(0, np.uint64)
    keys, counts = np.unique(joined, return_counts=True)
    return keys, counts.astype(np.int64)


def _pairs(
    documents: Sequence[PhraseDocument], vocabulary: NDArray[np.uint64], number: dict[str, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Returns the (phrase, code) pairs, packed, and in how many documents they stand together."""
    width = max(1, len(number))
    parts = []
    for document in documents:
        phrases = np.searchsorted(vocabulary, document.keys).astype(np.int64)
        own = np.array([number[code] for code in document.codes], dtype=np.int64)
        parts.append((phrases[:, None] * width + own[None, :]).ravel())
    joined = np.concatenate(parts) if parts else np.zeros(0, np.int64)
    pairs, counts = np.unique(joined, return_counts=True)
    return pairs, counts.astype(np.int64)


def _marked(
    documents: Sequence[PhraseDocument], vocabulary: NDArray[np.uint64], number: dict[str, int], width: int
) -> NDArray[np.int64]:
    """Returns the packed pairs that coders marked, once for each document."""
    found = [(key, number[code]) for document in documents for code, key in document.marked]
    phrases = np.searchsorted(vocabulary, np.array([key for key, _ in found], dtype=np.uint64)).astype(np.int64)
    return phrases * width + np.array([code for _, code in found], dtype=np.int64)


def _best_per_code(code: NDArray[np.int64], score: NDArray[np.float64]) -> NDArray[np.int64]:
    """Returns the positions of the best pairs of each code."""
    order = np.lexsort((-score, code))
    place = np.arange(len(order)) - np.searchsorted(code[order], code[order])
    return np.sort(order[place < _PER_CODE])
