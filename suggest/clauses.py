"""The text as the assertion stage sees it: tokens without white space, sentences and list separators."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from spacy.attrs import SENT_START
from spacy.tokens import Doc

from suggest.triggers import TriggerTable, fold

_NO_WORD = re.compile(r"[\W_]*")
_QUESTION = "?"


@dataclass(frozen=True, slots=True)
class Marks:
    """The words and signs that structure a sentence, folded (classes of ``assertion/classes.tsv``)."""

    alternative: frozenset[str]
    answer: frozenset[str]
    aside: frozenset[str]
    bracket: frozenset[str]
    bullet: frozenset[str]
    closer: frozenset[str]
    conjunction: frozenset[str]
    dash: frozenset[str]
    enumerator: frozenset[str]
    joint: frozenset[str]


def read_marks(table: TriggerTable) -> Marks:
    """Returns the structuring words of ``table``."""
    return Marks(**{name: table.members(name) for name in Marks.__annotations__})


class ClauseText:
    """The tokens of a doc without its white space, cut into sentences. Positions count these tokens.

    Attributes:
        keys: The tokens as ``triggers.fold`` writes them.
        words: Whether a token is a word or number rather than punctuation.
        texts: The tokens as written.
        numbers: Text of the tokens that are numbers, by position.
        starts: Positions at which sentences begin, and last the number of tokens.
    """

    __slots__ = ("_doc", "_index", "_marks", "_positions", "keys", "numbers", "starts", "texts", "words")

    def __init__(self, doc: Doc, marks: Marks) -> None:
        """Reads the arrays of ``doc``; one without sentence starts is a single sentence."""
        texts = [token.text for token in doc]
        solid = [not text.isspace() for text in texts]
        self._doc = doc
        self._marks = marks
        self._index = [i for i, is_solid in enumerate(solid) if is_solid]
        self._positions = [0, *accumulate(solid)]
        self.texts = [texts[i] for i in self._index]
        self.keys = [fold(text) for text in self.texts]
        self.words = [text[0].isalnum() or not _NO_WORD.fullmatch(text) for text in self.texts]
        self.numbers = {i: text for i, text in enumerate(self.texts) if text.isdecimal()}
        starts = doc.to_array(SENT_START)[self._index]
        self.starts = self._join_questions(np.flatnonzero(starts == 1).tolist())

    def position(self, token: int) -> int:
        """Returns how many tokens before the doc's token ``token`` are no white space."""
        return self._positions[token]

    def offsets(self, first: int, last: int) -> tuple[int, int]:
        """Returns the character offsets of tokens ``[first, last)``."""
        end = self._doc[self._index[last - 1]]
        return self._doc[self._index[first]].idx, end.idx + len(end)

    def gap(self, i: int) -> str:
        """Returns the white space in front of token ``i``; in front of the first token a line end."""
        if i == 0:
            return "\n"
        before, here = self._index[i - 1], self._index[i]
        return self._doc[before].whitespace_ + "".join(t.text_with_ws for t in self._doc[before + 1 : here])

    def is_dash(self, i: int) -> bool:
        """Whether token ``i`` is a dash between words rather than a hyphen."""
        return self.keys[i] in self._marks.dash and bool(self.gap(i))

    def separates(self, i: int) -> bool:
        """Whether token ``i`` stands between two items: comma, ``and``, ``with``, bracket or dash."""
        key = self.keys[i]
        return key in self._marks.joint or key in self._marks.bracket or self.is_dash(i)

    def separators(self, first: int, last: int) -> int:
        """Returns the number of separators among tokens ``[first, last)``."""
        return sum(self.separates(i) for i in range(first, last))

    def first_word(self, first: int, last: int) -> int:
        """Returns the position of the first word among tokens ``[first, last)``, else ``last``."""
        return next((i for i in range(first, last) if self.words[i]), last)

    def is_bulleted(self, low: int, high: int) -> bool:
        """Whether the sentence ``[low, high)`` is a bulleted or numbered line right below another line."""
        if self.gap(low).count("\n") != 1:
            return False
        if self.keys[low] in self._marks.bullet:
            return True
        return low in self.numbers and low + 1 < high and self.keys[low + 1] in self._marks.enumerator

    def body(self, low: int, high: int) -> int:
        """Returns the position of the sentence's first word behind bullet or number."""
        while low < high and not self.words[low]:
            low += 1
        if low in self.numbers and low + 1 < high and self.keys[low + 1] in self._marks.enumerator:
            low += 2
        return low

    def _join_questions(self, starts: list[int]) -> list[int]:
        """Returns the sentence starts but for those that a question mark put into ``? PE`` or ``CP? no``."""
        end = len(self.keys)
        starts = [0, *(start for start in starts if start)]
        if _QUESTION not in self.keys:
            return [*starts, end]
        kept = starts[:1]
        for start, following in zip(starts[1:], [*starts[2:], end], strict=False):
            if self.keys[start - 1] != _QUESTION or not self._goes_on(kept[-1], start, following):
                kept.append(start)
        return [*kept, end]

    def _goes_on(self, low: int, start: int, end: int) -> bool:
        """Whether the sentence from ``low`` goes on at ``start``, behind a question mark."""
        gap = self.gap(start)
        if "\n" in gap or "\r" in gap:
            return False
        if not gap or start - 1 == low:
            return True
        if self.keys[start] in self._marks.answer:
            return start + 1 == end or self.keys[start + 1] in self._marks.closer
        # "CXR ? pneumonia": a mark of doubt; "CXR ? Start heparin": the end of a question.
        return bool(self.gap(start - 1)) and not self.texts[start].istitle()
