"""What stands around a mention of a procedure, and how it stands to the conditions of a code."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from spacy.strings import get_string_id

from suggest.keys import TokenKeys
from suggest.procedures.conditions import Ask, Verdict, wanted
from suggest.procedures.quantities import Quantity, quantities
from suggest.records import Encounter

Span = tuple[int, int]
Measured = tuple[Quantity, Span]

_DENYING = frozenset(get_string_id(word) for word in ("no", "without", "non", "not"))
_ENDING = frozenset(get_string_id(word) for word in ("and", "but", "then", "with"))
_NON = get_string_id("non")
_LESION = get_string_id("lesion")
_DENIED = 3  # words behind a denying one that it speaks of
_SCOPES = (
    "laparoscopic laparoscopically laparoscopy lap robotic robotically endoscopic endoscopically arthroscopic "
    "arthroscopically thoracoscopic vats"
)
_BY_SCOPE = frozenset(get_string_id(word) for word in _SCOPES.split())
_CONVERTED = re.compile(
    r"\bconver(?:ted|sion)\s+to\s+(?:an?\s+)?(?:mini-?)?\s*(?:open|laparotomy|thoracotomy|arthrotomy)", re.IGNORECASE
)
_MEASURED_AS = {"sum": "length", "weight": "dose"}
_OVER = re.compile(r"(?:>|over|greater than|more than|exceeding)\s*$", re.IGNORECASE)
_LONGEST_LINE = 80  # tokens
_NEIGHBOURS = 2  # sentences on either side in which a size or a number may stand
_NEW = (
    "new patient",
    "new to practice",
    "establish care",
    "establishing care",
    "initial visit",
    "initial consultation",
)


class Surroundings:
    """Words and quantities of one note, by place; one instance for each note that is read."""

    def __init__(
        self,
        text: str,
        tokens: TokenKeys,
        offsets: NDArray[np.int64],
        line: NDArray[np.int64],
        encounter: Encounter,
    ) -> None:
        """Takes what the reader knows of a note; see ``NoteReading`` for the arrays."""
        self._text = text
        self._norms: list[int] = tokens.norms.tolist()
        self._sentence = tokens.sentence
        self._line = line
        self._age = encounter.patient.age
        self._payer = (encounter.payer or "").lower()
        self._places: dict[Span, frozenset[int]] = {}
        self._affirmed = _affirmed(self._norms, text, offsets)
        self._said: dict[Span, frozenset[int]] = {}
        self.quantities = quantities(text)
        starts = np.array([quantity.start for quantity in self.quantities], dtype=np.int64)
        self._at: list[int] = (np.searchsorted(offsets, starts, side="right") - 1).tolist()
        ends = np.array([quantity.end for quantity in self.quantities], dtype=np.int64)
        self._until: list[int] = np.searchsorted(offsets[:-1], ends, side="left").tolist()
        self._verdicts: dict[tuple[Ask, Span], tuple[Verdict, Span | None]] = {}

    def place(self, first: int, last: int) -> Span:
        """Returns the tokens of the sentence and the line of a span; in dictation without lines, of the sentence."""
        low, high = self._begin(self._sentence, first), self._end(self._sentence, last - 1)
        begin, end = self._begin(self._line, first), self._end(self._line, last - 1)
        return (low, high) if end - begin > _LONGEST_LINE else (min(low, begin), max(high, end))

    def near(self, place: Span, sentences: int = _NEIGHBOURS) -> Span:
        """Returns the tokens of a place and of the sentences around it."""
        low = self._begin(self._sentence, place[0], -sentences)
        return low, self._end(self._sentence, place[1] - 1, sentences)

    def words(self, place: Span) -> frozenset[int]:
        """Returns the NORM hashes of the words of a place."""
        if place not in self._places:
            self._places[place] = frozenset(self._norms[place[0] : place[1]])
        return self._places[place]

    def stands(self, phrases: Sequence[frozenset[int]], place: Span) -> bool:
        """Tells whether one of some phrases stands in a place and is not denied there (``without fixation``)."""
        if place not in self._said:
            norms = zip(self._norms[place[0] : place[1]], self._affirmed[place[0] : place[1]], strict=True)
            self._said[place] = frozenset(norm for norm, affirmed in norms if affirmed)
        words, said = self.words(place), self._said[place]
        return any(phrase <= (words if phrase & _DENYING else said) for phrase in phrases)

    @property
    def whole(self) -> Span:
        """All tokens of the note."""
        return 0, len(self._norms)

    def measured(self, kind: str, place: Span) -> list[tuple[Quantity, Span]]:
        """Returns the quantities of a kind that stand in a place, with their tokens."""
        low, high = place
        return [
            (quantity, (at, max(until, at + 1)))
            for quantity, at, until in zip(self.quantities, self._at, self._until, strict=True)
            if quantity.kind == kind and low <= at < high
        ]

    def nearest(self, kind: str, span: Span, place: Span) -> tuple[Quantity, Span] | None:
        """Returns the quantity of a kind in a place that stands nearest to a span."""
        found = self.measured(kind, place)
        return min(found, key=lambda pair: _distance(pair[1], span), default=None)

    def amount(self, kind: str, span: Span, place: Span) -> tuple[float, Span] | None:
        """Returns the length, area, weight, count, minutes or views of what ``span`` names, as a place tells it.

        Of lengths, areas and weights (g) the greatest counts, of the others the nearest; ``sum`` adds lengths up.

        Args:
            kind: A kind of quantity, or ``sum``.
            span: What is measured.
            place: Where to look.

        Returns:
            The value and the tokens that tell it, ``None`` if none stand there.
        """
        found = self.measured(_MEASURED_AS.get(kind, kind), place)
        if kind == "weight":
            found = [pair for pair in found if pair[0].of == "g"]
        if kind == "count" and place != self.place(*span):
            here = self.words(self.place(*span))
            found = [pair for pair in found if self._may_count(pair, here)]
        if kind in ("length", "sum"):
            other = "repair" if kind == "length" else "lesion"
            found = [pair for pair in found if pair[0].of != other] or found
        if not found:
            return None
        if kind in ("length", "sum", "area", "weight"):
            chosen = max(found, key=lambda pair: pair[0].value)
        else:
            chosen = min(found, key=lambda pair: _distance(pair[1], span))
        if kind == "sum":
            return self._total(found), chosen[1]
        if kind == "count" and chosen[0].of == "level":
            return self._levels(found), chosen[1]
        if kind == "weight" and _OVER.search(self._text, max(0, chosen[0].start - 20), chosen[0].start):
            return chosen[0].value + 1, chosen[1]
        return chosen[0].value, chosen[1]

    def _may_count(self, measured: Measured, words: frozenset[int]) -> bool:
        """Tells whether what another sentence counts may be what is counted here: not its warts the biopsies here."""
        quantity, (_first, last) = measured
        noun = self._norms[last - 1]
        return quantity.of not in ("lesion", "nail") or noun == _LESION or noun in words

    def _levels(self, found: Sequence[Measured]) -> float:
        """Returns how many levels are told by number, else those of all ranges together (``L3-4 and L4-5``)."""
        levels = [quantity for quantity, _span in found if quantity.of == "level"]
        told = [quantity.value for quantity in levels if not self._is_range(quantity)]
        if told:
            return max(told)
        return sum({self._text[quantity.start : quantity.end].upper(): quantity.value for quantity in levels}.values())

    def _is_range(self, quantity: Quantity) -> bool:
        return re.match(r"[CTLS]\s?\d", self._text[quantity.start :], re.IGNORECASE) is not None

    def judge(self, ask: Ask, span: Span) -> tuple[Verdict, Span | None]:
        """Returns how the note stands to a condition of what ``span`` names, and the words that say so."""
        key = (ask, span)
        if key not in self._verdicts:
            self._verdicts[key] = self._judge(ask, span)
        return self._verdicts[key]

    def _judge(self, ask: Ask, span: Span) -> tuple[Verdict, Span | None]:
        place = self.place(*span)
        if ask.kind == "age":
            return self._aged(ask), None
        if ask.kind in ("any", "note", "not"):
            return self._worded(ask, place), None
        if ask.kind == "contrast":
            return self._contrasted(ask.choice, span, place)
        if ask.kind == "patient":
            return self._known(ask.choice), None
        if ask.kind == "payer":
            return (Verdict.MET if self._payer.startswith(ask.choice) else Verdict.MISSING), None
        if ask.kind == "default":
            return Verdict.UNSAID, None
        return self._quantified(ask, span, place)

    def _aged(self, ask: Ask) -> Verdict:
        if self._age is None:
            return Verdict.UNSAID
        return Verdict.MET if ask.low <= self._age <= ask.high else Verdict.BROKEN

    def _worded(self, ask: Ask, place: Span) -> Verdict:
        here = self.stands(ask.words, place)
        if ask.kind == "not":
            return Verdict.BROKEN if here else Verdict.MET
        if here:
            return Verdict.MET
        return Verdict.FAR if self.stands(ask.words, self.whole) else Verdict.MISSING

    def _contrasted(self, choice: str, span: Span, place: Span) -> tuple[Verdict, Span | None]:
        for where, verdict in ((place, Verdict.MET), (self.whole, Verdict.FAR)):
            found = self.nearest("contrast", span, where)
            if found is not None:
                return (verdict if found[0].of == choice else Verdict.BROKEN), found[1]
        return (Verdict.FAR if choice == "none" else Verdict.MISSING), None

    def _known(self, choice: str) -> Verdict:
        words = self.words(self.whole)
        new = any(wanted(phrase) <= words for phrase in _NEW)
        return Verdict.FAR if new == (choice == "new") else Verdict.BROKEN

    def _quantified(self, ask: Ask, span: Span, place: Span) -> tuple[Verdict, Span | None]:
        scopes = [(place, Verdict.MET), (self.near(place), Verdict.FAR)]
        if ask.kind in ("minutes", "views", "weight"):
            scopes.append((self.whole, Verdict.FAR))
        for where, verdict in scopes:
            found = self.amount(ask.kind, span, where)
            if found is not None:
                return (verdict if ask.low <= found[0] <= ask.high else Verdict.BROKEN), found[1]
        # what is not counted was done once
        return (Verdict.MISSING if ask.kind == "count" and ask.low > 1 else Verdict.UNSAID), None

    @staticmethod
    def _total(found: Sequence[tuple[Quantity, Span]]) -> float:
        """Adds lengths up, each value once: a wound is named in the examination and in the report of its repair."""
        return sum({quantity.value for quantity, _span in found})

    @staticmethod
    def _begin(groups: NDArray[np.integer], token: int, by: int = 0) -> int:
        return int(np.searchsorted(groups, groups[token] + by, side="left"))

    @staticmethod
    def _end(groups: NDArray[np.integer], token: int, by: int = 0) -> int:
        return int(np.searchsorted(groups, groups[token] + by, side="right"))


def _affirmed(norms: Sequence[int], text: str, offsets: NDArray[np.int64]) -> list[bool]:
    """Tells of each token whether no denying word speaks of it and no conversion takes it back."""
    # an operation that was begun by scope and ended open is an open one (NCCI Policy Manual, chapter I, section I)
    denied = _BY_SCOPE if _CONVERTED.search(text) else frozenset()
    affirmed = [norm not in denied for norm in norms]
    for denying in (i for i, norm in enumerate(norms) if norm in _DENYING):
        words = 0
        for i in range(denying + 1, len(norms)):
            mark = "" if norms[i] else text[offsets[i] : offsets[i + 1]].strip()
            if words == _DENIED or norms[i] in _ENDING or mark not in ("", "-"):
                break
            affirmed[i] = False
            words += norms[i] != 0
            if words and norms[denying] == _NON:
                break
    return affirmed


def _distance(one: Span, other: Span) -> int:
    """Returns the tokens between two spans; what follows a span is half as far as what precedes it."""
    if one[0] >= other[1]:
        return one[0] - other[1]
    return 2 * max(0, other[0] - one[1])
