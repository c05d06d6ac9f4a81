"""How much of what a code's title asks for the text says, and where: features that tell siblings apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suggest.candidates import Candidates
from suggest.code_sets.index import CodeIndex
from suggest.keys import ranges
from suggest.leaves import AROUND, LINE, NEAR, NOTE
from suggest.terminology import Terminology

F32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TitleFit:
    """What is said of the words that a title has beyond that of its category.

    Shares (0 to 1) weigh words by their information; a title that asks for no such word has 1. Codes that the index
    does not hold have 0 everywhere.

    Attributes:
        near: Said in the clause of the code's best mention.
        line: Said there or elsewhere in its line.
        wide: Said anywhere, far words counting less (see ``suggest.leaves``).
        said: Information of the words in ``line``, in natural log units.
        missing: Information that the title asks for and no word of the encounter says, in natural log units.
        denied: Share of the words that the title denies but the line says.
    """

    near: F32
    line: F32
    wide: F32
    said: F32
    missing: F32
    denied: F32


def title_fit(
    codes: NDArray[np.int32],
    mention: NDArray[np.int32],
    candidates: Candidates,
    *,
    index: CodeIndex,
    terminology: Terminology,
) -> TitleFit:
    """Returns how well titles fit.

    Args:
        codes: Code ids.
        mention: Number of the best mention of each code.
        candidates: The encounter.
        index: The code set.
        terminology: Its terminology.
    """
    where = _Where(candidates)
    known = codes < len(index)
    rows = index.stem[np.where(known, codes, 0)]
    places = where.of_mention[mention]
    idf = terminology.word_idf

    def share(code: NDArray[np.int64], weight: F32, which: NDArray[Any], otherwise: float = 1.0) -> F32:
        total = np.bincount(code, weight, len(codes))
        part = np.bincount(code, weight * which, len(codes))
        return np.where(total > 0, part / np.maximum(total, 1e-6), otherwise).astype(np.float32) * known

    code, at = ranges(terminology.asked_start[rows], terminology.asked_start[rows + 1])
    word = terminology.asked_word[at]
    said = where.weigh(places[code], word.astype(np.int64))
    missing = np.bincount(code, idf[word] * (said == 0), len(codes)) * known
    denying, at = ranges(terminology.denied_start[rows], terminology.denied_start[rows + 1])
    denied = terminology.denied_word[at]
    said_though = where.weigh(places[denying], denied.astype(np.int64)) >= LINE
    return TitleFit(
        near=share(code, idf[word], said >= NEAR),
        line=share(code, idf[word], said >= LINE),
        wide=share(code, idf[word], said),
        said=(np.bincount(code, idf[word] * (said >= LINE), len(codes)) * known).astype(np.float32),
        missing=missing.astype(np.float32),
        denied=share(denying, idf[denied], said_though, 0.0),
    )


class _Where:
    """The words of an encounter by sentence and by line."""

    def __init__(self, candidates: Candidates) -> None:
        sentences, lines, words = [], [], []
        places: list[NDArray[np.int64]] = []
        sentence_base, line_base = 0, 0
        for reading in candidates.readings:
            token = reading.word_token
            sentences.append(reading.tokens.sentence[token].astype(np.int64) + sentence_base)
            lines.append(reading.line[token] + line_base)
            words.append(reading.words.astype(np.int64))
            first = np.array([mention.first_token for mention in reading.mentions], dtype=np.int64)
            own = reading.tokens.sentence[first].astype(np.int64) + sentence_base
            places.append(np.stack([own, reading.line[first] + line_base], axis=1))
            sentence_base += len(reading.sentence_start)
            line_base += int(reading.line[-1]) + 3  # lines of two notes are never side by side
        self.of_mention = np.concatenate(places)
        word = np.concatenate(words)
        self._in_sentence = np.unique(np.concatenate(sentences) << 32 | word)
        self._in_line = np.unique(np.concatenate(lines) << 32 | word)
        self._in_note = np.unique(word)
        self._always = np.array(sorted(candidates.always), dtype=np.int64)

    def weigh(self, place: NDArray[np.int64], word: NDArray[np.int64]) -> F32:
        """Returns what each word counts for as seen from a (sentence, line)."""
        weight = np.where(_among(word, self._in_note), NOTE, 0.0)
        sentence, line = place[:, 0], place[:, 1]
        for step in (-1, 1):
            weight[_among(np.maximum(line + step, 0) << 32 | word, self._in_line)] = AROUND
        weight[_among(line << 32 | word, self._in_line)] = LINE
        weight[_among(sentence << 32 | word, self._in_sentence) | _among(word, self._always)] = NEAR
        return weight.astype(np.float32)


def _among(values: NDArray[np.int64], table: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tells which values stand in a sorted table."""
    if not len(table):
        return np.zeros(len(values), dtype=bool)
    found: NDArray[np.bool_] = table[np.minimum(np.searchsorted(table, values), len(table) - 1)] == values
    return found
