"""Projects evidence spans of CodiEsp's Spanish texts onto their English translation.

The texts are aligned word by word (``training.alignment``). A span becomes the block of English words that holds
most of what its words were translated as and little else. Where that fails, a rendering that the same phrase has
elsewhere is looked for in the same sentence. The translation drops and garbles findings; spans without a
trustworthy counterpart are left out rather than guessed.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from suggest.records import Evidence, GoldCode, TrainingExample
from suggest.words import stop_words
from training.alignment import AlignedSentences, Word, align, words_of
from training.corpora.codiesp import LABELS, NOTE_ID, SpanishEvidence, SpanishSpan

MIN_CONFIDENCE = 0.6
"""Spans projected with less are left out: in the training part, half of those just below are not right."""

# Words that a translation may leave out or add freely, in the form that the alignment compares.
_SPANISH_FUNCTION_WORDS = frozenset(
    word.form
    for word in words_of(
        "a al ante como con cual cuales de del desde e el en entre era es esta este esto fue ha hacia hasta la las le "
        "les lo los muy ni no o para pero por que se ser sin sobre son su sus tras u un una unas unos y"
    )
)
_FUNCTION_WEIGHT = 0.1
# Blocks are at most this many times as long as the span, and some words more.
_LENGTH_RATIO = 2
_SPARE_WORDS = 3
# What is left of the confidence in words of which no other sentence says that they are a pair: in the training
# part, about half of such projections are wrong, as the translation itself is.
_UNSUPPORTED = 0.4
# A word that stands in the English sentence more than once translates the span wherever it stands; this share of
# what it translates is kept for its place.
_PLACE = 0.2
# A missing word of the span costs more confidence than a word too many.
_BETA = 2.0
# At least this share of each fragment of a span with gaps must be in its block.
_FRAGMENT_RECALL = 0.5
# Renderings are remembered from projections at least this sure.
_SURE = 0.75
# One of them is common if it is seen twice, and this often for each time of the most frequent one.
_COMMON = 0.3
# An English word translates something outside the span if that is at least this likely.
_CLAIMED = 0.5
_BREAK = re.compile(r"(?:[,;:]|(?<!\b[A-Za-z])\.)(?:\s|$)|\n")  # not the stop of "E. coli"

_Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProjectedSpan:
    """Evidence in an English text.

    Attributes:
        label: ``DIAGNOSTICO`` or ``PROCEDIMIENTO``.
        code: The code, upper case.
        start: Offset of the first character, in code points.
        end: Offset after the last.
        confidence: 0 to 1: how well the words of the span and those of the projection translate each other.
    """

    label: str
    code: str
    start: int
    end: int
    confidence: float


@dataclass(frozen=True, slots=True)
class _Block:
    """Words ``first`` to ``last`` (inclusive) of the translated sentences at ``place``."""

    place: int
    first: int
    last: int
    confidence: float


def project_spans(
    evidence: Sequence[SpanishEvidence], english: Sequence[str], *, min_confidence: float = MIN_CONFIDENCE
) -> list[list[ProjectedSpan]]:
    """Projects the spans of Spanish texts onto their translations; both are aligned first.

    The alignment is learnt from these texts alone: hundreds of them are needed. A span with gaps becomes one block
    if its fragments stay together in English; otherwise it is left out.

    Args:
        evidence: Spanish texts with their spans.
        english: The translation of each.
        min_confidence: Less sure projections are left out; 0 to 1.

    Returns:
        For each text the projected spans, in the order of the Spanish ones.
    """
    aligned = align([(text.text, translation) for text, translation in zip(evidence, english, strict=True)])
    texts = [_Text(*parts) for parts in zip(evidence, english, aligned, strict=True)]
    blocks = [[text.best_block(span) for span in text.evidence.spans] for text in texts]
    memory = _remember(texts, blocks)
    return [
        [
            text.projected(span, better)
            for span, block in zip(text.evidence.spans, row, strict=True)
            if (better := text.recalled(span, block, memory)) is not None and better.confidence >= min_confidence
        ]
        for text, row in zip(texts, blocks, strict=True)
    ]


def with_evidence(examples: Sequence[TrainingExample], evidence: Sequence[SpanishEvidence]) -> list[TrainingExample]:
    """Returns translated cases with the evidence of their Spanish originals.

    Args:
        examples: From ``load_codiesp``, in English.
        evidence: From ``spanish_evidence``, the same cases in the same order.
    """
    texts = [example.encounter.notes[0].text for example in examples]
    projected = project_spans(evidence, texts)
    return [
        replace(example, gold=tuple(_with_spans(gold, spans, text) for gold in example.gold))
        for example, text, spans in zip(examples, texts, projected, strict=True)
    ]


def _with_spans(gold: GoldCode, spans: Sequence[ProjectedSpan], text: str) -> GoldCode:
    places = sorted(
        {(s.start, s.end) for s in spans if (LABELS[s.label], s.code) == (gold.code.system, gold.code.code)}
    )
    return replace(gold, evidence=tuple(Evidence(NOTE_ID, start, end, text[start:end]) for start, end in places))


def _remember(texts: Sequence[_Text], blocks: Sequence[Sequence[_Block | None]]) -> Mapping[_Phrase, Counter[_Phrase]]:
    """Returns how often each Spanish phrase was surely rendered by which English words.

    A rendering also counts with the neighbours that translate nothing else, which may be the rest of it.
    """
    memory: defaultdict[_Phrase, Counter[_Phrase]] = defaultdict(Counter)
    for text, row in zip(texts, blocks, strict=True):
        for span, block in zip(text.evidence.spans, row, strict=True):
            if block is not None and block.confidence >= _SURE:
                memory[text.phrase(span)].update(text.renderings(span, block))
    return memory


class _Text:
    """A text with its translation, aligned."""

    def __init__(self, evidence: SpanishEvidence, english: str, sentences: Sequence[AlignedSentences]) -> None:
        self.evidence = evidence
        self.english = english
        self.sentences = sentences

    def phrase(self, span: SpanishSpan) -> _Phrase:
        """Returns the words of a span."""
        return tuple(word.form for s in self.sentences for word in s.source if _is_in(word, span))

    def renderings(self, span: SpanishSpan, block: _Block) -> Iterator[_Phrase]:
        """Yields the words of a block, alone and with the word before or after if that translates nothing else."""
        s = self.sentences[block.place]
        forms = tuple(word.form for word in s.target)
        yield forms[block.first : block.last + 1]
        outside = np.array([not _is_in(word, span) for word in s.source])
        claimed = s.backward[outside].sum(axis=0) >= _CLAIMED
        breaks = self._breaks(s.target)
        for first, last, new, gap in (
            (block.first - 1, block.last, block.first - 1, block.first - 1),
            (block.first, block.last + 1, block.last + 1, block.last),
        ):
            if 0 <= new < len(forms) and not claimed[new] and not breaks[gap] and forms[new] not in stop_words():
                yield forms[first : last + 1]

    def projected(self, span: SpanishSpan, block: _Block) -> ProjectedSpan:
        """Returns a span at the place of a block."""
        target = self.sentences[block.place].target
        start, end = target[block.first].start, target[block.last].end
        return ProjectedSpan(span.label, span.code, start, end, block.confidence)

    def best_block(self, span: SpanishSpan) -> _Block | None:
        """Returns the block that translates a span best, if any does at all."""
        held = {place: weights for place, s in enumerate(self.sentences) if (weights := _weights(s, span)).any()}
        total = sum(float(weights.sum()) for weights in held.values())
        blocks = [self._block(place, weights / total, span) for place, weights in held.items()]
        return max((block for block in blocks if block), key=lambda block: block.confidence, default=None)

    def _block(self, place: int, own: NDArray[np.float64], span: SpanishSpan) -> _Block | None:
        """Returns the block of a sentence with the best F measure; ``own`` is how much each word is of the span.

        Its recall is the share of the span that was translated into the block, its precision the share of the
        block that comes from the span; function words count little, a comma within like one word more.
        """
        s = self.sentences[place]
        weights = np.array([_FUNCTION_WEIGHT if word.form in stop_words() else 1.0 for word in s.target])
        edges = np.flatnonzero(weights == 1.0)
        if not len(edges):
            return None
        first, last = edges[:, None], edges[None, :]
        mass = own @ s.forward
        recall = np.minimum(_between((1 - _PLACE) * _pooled(mass, s.target) + _PLACE * mass, first, last), 1.0)
        right = _between(weights * s.backward[own > 0].sum(axis=0), first, last)
        extra = np.maximum(_between(self._breaks(s.target), first, last - 1) - self._own_breaks(span), 0)
        precision = right / np.maximum(_between(weights, first, last) + extra, _FUNCTION_WEIGHT)
        longest = _LENGTH_RATIO * int((own > 0).sum()) + _SPARE_WORDS
        allowed = (first <= last) & (last - first < longest)
        best = np.unravel_index(np.where(allowed, _f_measure(precision, recall, 1.0), 0.0).argmax(), allowed.shape)
        start, end = int(edges[best[0]]), int(edges[best[1]])
        if len(span.fragments) > 1 and self._misses_fragment(place, start, end, span):
            return None
        agreed = (own[:, None] * s.forward * s.backward)[:, start : end + 1]
        if agreed.sum() <= 0:
            return None
        support = float((agreed * s.support[:, start : end + 1]).sum() / agreed.sum())
        measure = float(_f_measure(precision[best], recall[best], _BETA))
        return _Block(place, start, end, measure * (_UNSUPPORTED + (1 - _UNSUPPORTED) * support))

    def _misses_fragment(self, place: int, start: int, end: int, span: SpanishSpan) -> bool:
        """Says whether a fragment of a span was mostly not translated into a block ("right kidney" for its mass)."""
        s = self.sentences[place]
        for fragment in span.fragments:
            weights = _weights(s, SpanishSpan(span.label, span.code, (fragment,)))
            inside = _pooled(weights @ s.forward, s.target)[start : end + 1].sum()
            if inside < _FRAGMENT_RECALL * weights.sum() or not weights.any():
                return True
        return False

    def _breaks(self, words: Sequence[Word]) -> NDArray[np.float64]:
        """Returns for each word whether a comma or the like stands between it and the next."""
        ends = [word.start for word in words[1:]] + [word.end for word in words[-1:]]
        return np.array(
            [float(bool(_BREAK.search(self.english, w.end, end))) for w, end in zip(words, ends, strict=True)]
        )

    def _own_breaks(self, span: SpanishSpan) -> int:
        inside = sum(len(_BREAK.findall(self.evidence.text, start, end)) for start, end in span.fragments)
        return inside + len(span.fragments) - 1

    def recalled(
        self, span: SpanishSpan, block: _Block | None, memory: Mapping[_Phrase, Counter[_Phrase]]
    ) -> _Block | None:
        """Returns the block that renders a span as the same phrase is rendered elsewhere, or the block given.

        An unsure block gives way to a rendering that is surer: as sure as it is frequent beside the most frequent
        one of the phrase, once more being assumed for that. Blocks grow to a longer rendering that is common.
        """
        renderings = memory.get(self.phrase(span), Counter())
        if block is None or block.confidence < _SURE:
            most = max(renderings.values(), default=0) + 1
            least = 0.0 if block is None else block.confidence
            surer = [(count / most, forms) for forms, count in renderings.items() if count / most > least]
            for confidence, forms in sorted(surer, key=lambda item: (-item[0], item[1])):
                found = self._standing(span, forms)
                if found is not None:
                    block = _Block(*found, confidence)
                    break
        return block and self._grown(block, renderings)

    def _standing(self, span: SpanishSpan, forms: _Phrase) -> tuple[int, int, int] | None:
        """Returns place, first and last word of a rendering in the sentences of a span."""
        for place, s in enumerate(self.sentences):
            if any(_is_in(word, span) for word in s.source):
                for first in _places(s.target, forms):
                    return place, first, first + len(forms) - 1
        return None

    def _grown(self, block: _Block, renderings: Counter[_Phrase]) -> _Block:
        """Returns the longest common rendering around a block."""
        target = self.sentences[block.place].target
        grown = block
        most = max(renderings.values(), default=0)
        for rendering, count in renderings.items():
            longer = len(rendering) > grown.last - grown.first + 1
            if longer and count >= max(2, _COMMON * most):
                for first in _places(target, rendering):
                    last = first + len(rendering) - 1
                    if first <= block.first and block.last <= last:
                        grown = _Block(block.place, first, last, block.confidence)
        return grown


def _is_in(word: Word, span: SpanishSpan) -> bool:
    return any(word.start < end and start < word.end for start, end in span.fragments)


def _weights(sentences: AlignedSentences, span: SpanishSpan) -> NDArray[np.float64]:
    """Returns how much each source word counts in a span; 0 outside."""
    return np.array(
        [
            (_FUNCTION_WEIGHT if word.form in _SPANISH_FUNCTION_WORDS else 1.0) if _is_in(word, span) else 0.0
            for word in sentences.source
        ]
    )


def _pooled(values: NDArray[np.float64], words: Sequence[Word]) -> NDArray[np.float64]:
    """Returns for each word the sum over all words of its form."""
    forms: defaultdict[str, float] = defaultdict(float)
    for word, value in zip(words, values, strict=True):
        forms[word.form] += float(value)
    return np.array([forms[word.form] for word in words])


def _between(values: NDArray[np.float64], first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.float64]:
    """Returns the sums of the values from ``first`` to ``last``, inclusive."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    between: NDArray[np.float64] = sums[last + 1] - sums[first]
    return between


def _f_measure(precision: NDArray[np.float64], recall: NDArray[np.float64], beta: float) -> NDArray[np.float64]:
    square = beta**2
    return (1 + square) * precision * recall / np.maximum(square * precision + recall, 1e-9)


def _places(words: Sequence[Word], forms: _Phrase) -> Iterator[int]:
    """Yields where forms stand in a row."""
    own = tuple(word.form for word in words)
    return (i for i in range(len(own) - len(forms) + 1) if own[i : i + len(forms)] == forms)
