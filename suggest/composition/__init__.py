"""Codes that no single term names: they are composed of cues that stand together in a sentence.

ICD-10-CM builds whole families from few parts: drug and intent (T36-T50), deficit, side and kind of stroke (I69),
event and object (V00-Y38), share of the body surface (T31, T32). Their titles are not what clinicians write, and
no lexicon could list every pair. ``cues.py`` finds the parts, one module for each family puts them together, and
the tables in ``resources/composition`` hold the knowledge. A code is composed only where the words say so: a drug
alone, a place alone or an object alone compose nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from spacy.strings import get_string_id

from suggest.code_sets.index import CodeIndex
from suggest.composition.alcohol_level import alcohol_level
from suggest.composition.burns import burns
from suggest.composition.cues import Composed, Condition, Cue, CueTable, NoteCues, word_numbers
from suggest.composition.drug_harm import drug_harm
from suggest.composition.external_causes import external_causes
from suggest.composition.neoplasms import neoplasms
from suggest.composition.stroke_sequelae import stroke_sequelae
from suggest.composition.ulcers import ulcers
from suggest.keys import TokenKeys
from suggest.lexicon import PHRASES, Source
from suggest.mentions import Hits
from suggest.records import Encounter

_SITU = np.uint64(get_string_id("situ"))
_WEIGHT = 60.0  # how informative composed words are: as a term of two rare words (see Hits.weight)

_FAMILIES: tuple[Callable[[NoteCues], Iterator[Composed]], ...] = (
    drug_harm,
    external_causes,
    stroke_sequelae,
    neoplasms,
    burns,
    ulcers,
    alcohol_level,
)


class Composer:
    """Composes codes from the cues of a note; holds tables only, so threads may share it."""

    def __init__(self, index: CodeIndex) -> None:
        """Reads the tables.

        Args:
            index: The code set; codes that it does not hold are never composed.

        Raises:
            ResourceError: A table breaks its format.
        """
        self._index = index
        self._table = CueTable()
        self._by_cues = index.where_category(lambda category: category[0] in "VWXY" or "T36" <= category <= "T50")
        self._malignant = index.where_category(lambda category: category[0] == "C")

    @property
    def words(self) -> NDArray[np.uint64]:
        """Sorted keys of the words of all cues, which the speller is to leave alone."""
        return self._table.keys()

    def add(
        self,
        phrases: Hits,
        text: str,
        tokens: TokenKeys,
        offsets: tuple[NDArray[np.int64], NDArray[np.int64]],
        encounter: Encounter,
    ) -> Hits:
        """Returns the terms found in a note together with what its cues compose.

        A term steps back for a composed code of its family that the same words say more exactly: the term
        ``acetaminophen overdose`` for ``intentional acetaminophen overdose``.

        Args:
            phrases: Terms found in the note.
            text: The note.
            tokens: Its tokens.
            offsets: Character offset of each token and of the end of the text, and the offset after each token.
            encounter: Its encounter.
        """
        sentences = self._table.find(tokens)
        if not sentences:
            return phrases
        note = NoteCues(
            text=text,
            offsets=offsets[0],
            ends=offsets[1],
            tokens=tokens,
            sentences=sentences,
            conditions=self._conditions(tokens, phrases, sentences),
            age=encounter.patient.age,
        )
        found = self.compose(note)
        return (
            Hits.join([self._left(phrases, [composed for composed, _row in found]), _hits(found)]) if found else phrases
        )

    def _left(self, phrases: Hits, found: list[Composed]) -> Hits:
        """The terms that do not step back for a composed code."""
        spans = [(item.first, item.last, family) for item in found if (family := _superseded(item.code))]
        if not spans:
            return phrases
        keep = np.ones(len(phrases), dtype=bool)
        columns = (phrases.first.tolist(), phrases.last.tolist(), phrases.code.tolist())
        for i, (first, last, row) in enumerate(zip(*columns, strict=True)):
            code = self._index.code(row)
            if code[0] in "TWXYC":
                keep[i] = not any(first < end and begin < last and code.startswith(fam) for begin, end, fam in spans)
        return phrases.take(keep)

    def uncomposed(self, covered: Hits, tokens: TokenKeys) -> Hits:
        """Drops hits by word coverage that contradict what cues in their order say.

        External causes and harm by drugs are composed of cues alone: ``sitting in a chair, no fall`` covers the
        words of "fall from chair". A tumour that is called in situ is no malignant one.
        """
        if not len(covered):
            return covered
        drop = self._by_cues[covered.code]
        situ = np.flatnonzero(tokens.norms == _SITU)
        if len(situ):
            inside = np.searchsorted(situ, covered.first) < np.searchsorted(situ, covered.last)
            drop = drop | (inside & self._malignant[covered.code])
        return covered.take(~drop)

    def compose(self, note: NoteCues) -> list[tuple[Composed, int]]:
        """Returns what the cues of a note compose, with the row of each code; each span and code once."""
        found: dict[tuple[int, int, str], tuple[Composed, int]] = {}
        for family in _FAMILIES:
            for composed in family(note):
                row = self._index.row(composed.code)
                if row is not None:
                    found.setdefault((composed.first, composed.last, composed.code), (composed, row))
        return list(found.values())

    def _conditions(
        self, tokens: TokenKeys, phrases: Hits, sentences: dict[int, list[Cue]]
    ) -> dict[int, list[Condition]]:
        """Returns by sentence the terms that name conditions, for codes that need one beside their cue."""
        named: dict[int, list[Condition]] = {}
        which = np.flatnonzero(np.isin(phrases.source, PHRASES))
        first, last = phrases.first[which], phrases.last[which]
        columns = (phrases.code[which], first, last, word_numbers(tokens, first), word_numbers(tokens, last))
        sentence = tokens.sentence[first].tolist()
        for number, row, *where in zip(sentence, *(column.tolist() for column in columns), strict=True):
            if number in sentences:
                named.setdefault(number, []).append(Condition(self._index.code(row), *where))
        return named


def _superseded(code: str) -> tuple[str, ...]:
    """Prefixes of the codes that step back for a composed one whose words they share."""
    if code[0] == "T" and code[-1] in "1234":
        return (code[:-1], "T50.90")
    if code[:2] in ("X7", "X8"):
        return ("W2",)
    if code[:2] in ("T2", "T3"):
        return ("T20.0", "T30")
    return ("C44.9", "C43.9") if code[:3] in ("C43", "C44", "D03", "D04") else ()


def _hits(found: list[tuple[Composed, int]]) -> Hits:
    count = len(found)
    return Hits(
        first=np.array([composed.first for composed, _row in found], dtype=np.int32),
        last=np.array([composed.last for composed, _row in found], dtype=np.int32),
        code=np.array([row for _composed, row in found], dtype=np.int32),
        source=np.full(count, Source.COMPOSITION, np.uint8),
        quality=np.ones(count, np.float32),
        weight=np.full(count, _WEIGHT, np.float32),
        text=np.full(count, -1, np.int32),
        condition=np.zeros(count, np.int16),
        group=np.full(count, -1, np.int32),
        anchor=np.array([composed.anchor for composed, _row in found], dtype=np.int32),
    )
