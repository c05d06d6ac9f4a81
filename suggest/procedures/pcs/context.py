"""What the tables find in one note, and what stands nearest to a place of it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from suggest.procedures.pcs.numbers import Stated, ventilated_hours
from suggest.procedures.pcs.phrases import Match
from suggest.procedures.pcs.tables import Words
from suggest.reading import NoteReading

RIGHT, LEFT, BOTH = 1, 2, 4
Span = tuple[int, int]
_REACH = 120  # tokens of a sentence on either side of a procedure
_LONGEST = 40  # tokens of the longest match, stop words and signs within it counted
_LISTED = 2  # tokens between the sides of "right and left", "R/L"


@dataclass(frozen=True, slots=True)
class Sided:
    """A side word: its bit and its token."""

    bit: int
    token: int


class Track:
    """Matches in the order of the text; those near a place are found without a look at the others."""

    def __init__(self, matches: Sequence[Match]) -> None:
        """Takes matches sorted by their first token."""
        self.matches = matches
        self._firsts = [match.first for match in matches]

    def near(self, place: Match, within: int) -> list[Match]:
        """Returns the matches at most ``within`` tokens away from a place."""
        low = bisect_left(self._firsts, place.first - within - _LONGEST)
        high = bisect_right(self._firsts, place.last + within)
        return [match for match in self.matches[low:high] if distance(match, place) <= within]


class NoteContext:
    """A note with the phrases of the tables in it.

    Within a sentence only what is at most ``_REACH`` tokens away counts, so that a text without full stops takes
    time in proportion to its length.

    Attributes:
        reading: The note.
        procedures: What may name a procedure.
        sites: Body parts and regions.
        values: Approaches, devices and other values.
    """

    def __init__(self, reading: NoteReading, procedures: list[Match], sites: list[Match], values: list[Match]) -> None:
        """Takes the matches in the order of the text."""
        self.reading = reading
        self.procedures = Track(procedures)
        self.sites = Track(sites)
        self.values = Track(values)
        tokens = reading.tokens
        self._sentence: list[int] = tokens.sentence.tolist()
        self._norms: list[int] = tokens.norms.tolist()
        self._starts: list[int] = reading.sentence_start.tolist()
        self._offsets: list[int] = reading.offsets.tolist()
        self._words: dict[int, frozenset[int]] = {}
        self._note_words: frozenset[int] | None = None
        self._side_tokens: list[int] = np.flatnonzero(tokens.sides).tolist()
        self._side_bits: list[int] = tokens.sides[self._side_tokens].tolist()
        self._beside: dict[Words, Track] = {}
        self._sided_sites: dict[int, tuple[list[int], list[Sided]]] | None = None

    def sentence_of(self, token: int) -> int:
        """Returns the number of the sentence of a token."""
        return self._sentence[token]

    def sentence_span(self, sentence: int) -> Span:
        """Returns first token of a sentence and the token after its last."""
        return self._starts[sentence], self._starts[sentence + 1]

    def text_of(self, first: int, last: int) -> tuple[int, str]:
        """Returns the offset of a token and the text from there to the token after the span."""
        start = self._offsets[first]
        return start, self.reading.note.text[start : self._offsets[last]]

    def token_at(self, offset: int) -> int:
        """Returns the token that holds a character of the note."""
        return self.reading.token_at(offset)

    def says(self, words: Words, sentence: int) -> bool:
        """Tells whether a sentence holds all words of one of the alternatives."""
        held = self._words.get(sentence)
        if held is None:
            first, last = self.sentence_span(sentence)
            held = self._words[sentence] = frozenset(self._norms[first:last])
        return any(alternative <= held for alternative in words)

    @cached_property
    def ventilated(self) -> Stated | None:
        """Hours on a ventilator, from the dates of intubation and extubation in the whole note."""
        return ventilated_hours(self.reading.note.text)

    def note_says(self, words: Words) -> bool:
        """Tells whether the note holds all words of one of the alternatives, wherever."""
        if self._note_words is None:
            self._note_words = frozenset(self._norms)
        return any(alternative <= self._note_words for alternative in words)

    def signs(self, first: int, last: int) -> int:
        """Returns the number of tokens of a span that are no words."""
        return self._norms[first:last].count(0)

    def sites_in(self, place: Match) -> list[Match]:
        """Returns the sites in the sentence of a place."""
        return [site for site in self.sites.near(place, _REACH) if site.sentence == place.sentence]

    def values_in(self, place: Match) -> list[Match]:
        """Returns the values in the sentence of a place."""
        return [value for value in self.values.near(place, _REACH) if value.sentence == place.sentence]

    def values_around(self, place: Match, within: int) -> list[Match]:
        """Returns the values of other sentences, nearest first, at most ``within`` tokens away."""
        near = [value for value in self.values.near(place, within) if value.sentence != place.sentence]
        return sorted(near, key=lambda value: distance(value, place))

    def sites_beside(self, words: Words) -> Track:
        """Returns the sites whose sentence says one of the alternatives."""
        found = self._beside.get(words)
        if found is None:
            found = self._beside[words] = Track([s for s in self.sites.matches if self.says(words, s.sentence)])
        return found

    def span_text(self, place: Match) -> tuple[int, str]:
        """Returns offset and text of the part of a sentence that is within reach of a place."""
        begin, end = self.sentence_span(place.sentence)
        return self.text_of(max(begin, place.first - _REACH), min(end, place.last + _REACH))

    def side_of(self, place: Match) -> Sided | None:
        """Returns the side word of its sentence that is nearest to a place; both sides for "right and left"."""
        begin, end = self.sentence_span(place.sentence)
        near = self._sides(max(begin, place.first - _REACH), min(end, place.last + _REACH))
        if not near:
            return None
        nearest = min(near, key=lambda side: _side_distance(side, place))
        listed = any(side.bit != nearest.bit and abs(side.token - nearest.token) <= _LISTED for side in near)
        return Sided(BOTH, nearest.token) if listed else nearest

    def side_around(self, place: Match, within: int) -> Sided | None:
        """Returns the side word nearest to a place in the whole note, at most ``within`` tokens away."""
        near = self._sides(place.first - within, place.first + within + 1)
        return min(near, key=lambda side: abs(side.token - place.first)) if near else None

    def side_elsewhere(self, site: Match) -> Sided | None:
        """Returns the side that the nearest sentence gives to the same body part."""
        if self._sided_sites is None:
            self._sided_sites = {}
            for match in self.sites.matches:
                side = self.side_of(match)
                for number in match.ids if side else ():
                    firsts, sides = self._sided_sites.setdefault(number, ([], []))
                    firsts.append(match.first)
                    sides += [side] if side else []
        found: list[tuple[int, Sided]] = []
        for number in site.ids:
            firsts, sides = self._sided_sites.get(number, ([], []))
            at = bisect_left(firsts, site.first)
            found += [(abs(firsts[i] - site.first), sides[i]) for i in (at - 1, at) if 0 <= i < len(firsts)]
        return min(found, key=lambda pair: pair[0])[1] if found else None

    def _sides(self, begin: int, end: int) -> list[Sided]:
        low, high = bisect_left(self._side_tokens, begin), bisect_left(self._side_tokens, end)
        return [Sided(self._side_bits[i], self._side_tokens[i]) for i in range(low, high)]


def distance(one: Match, other: Match) -> int:
    """Returns the number of tokens between two matches, 0 where they overlap."""
    return max(one.first - other.last, other.first - one.last, 0)


def _side_distance(side: Sided, place: Match) -> float:
    """Tokens from a side word to a place: "left upper lobe" names the side before it more often than after it."""
    if side.token < place.first:
        return place.first - side.token
    return (side.token - place.last + 1) * 1.5 if side.token >= place.last else 0.0
