"""Scopes: how far a trigger of the assertion stage reaches within its sentence.

A scope never leaves its sentence, with one exception: a header line that ends in a colon (``Denies:``) goes
on through the bulleted lines right below it, until a line without bullet or an empty line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from suggest.clauses import ClauseText, Marks
from suggest.triggers import Direction, Match, Reach, TriggerTable

_HEADER_WORDS = 5  # most words between trigger and colon: "Denies any of the following:"
_ANSWER_LIMIT = 6  # most words of an item that a forward trigger behind it answers: "Chest pain: no"
_ALTERNATIVE_LIMIT = 6  # most words of an item on the way to the list's "or"
_COMMA, _COLON, _QUESTION, _PLUS = ",", ":", "?", "+"
_CAUSE = "cause"  # terminators that a trigger may lean on: "likely due to"


@dataclass(frozen=True, slots=True)
class Scope:
    """The stretch of text of which a trigger speaks.

    Attributes:
        match: The trigger.
        low: Position of the first token in the scope.
        high: Position after the last token.
        inherited: Whether the trigger stands in a header line above.
    """

    match: Match
    low: int
    high: int
    inherited: bool = False


def find_scopes(text: ClauseText, table: TriggerTable, marks: Marks) -> list[list[Scope]]:
    """Returns the scopes of each sentence of ``text``."""
    scopes: list[list[Scope]] = []
    headers: list[Match] = []
    for low, high in zip(text.starts, text.starts[1:], strict=False):
        matches = table.find(text.keys, text.numbers, low, high)
        if not matches and not headers:
            scopes.append([])
            continue
        sentence = _Sentence(text, marks, low, high, matches)
        own = list(sentence.scopes())
        if headers and text.is_bulleted(low, high):
            inherited = (Scope(match, low, sentence.forward_end(match, low), inherited=True) for match in headers)
            scopes.append([*own, *inherited])
        elif headers and "\n" not in text.gap(low):
            scopes.append(own)  # a further sentence of the header's or a bullet's line
        else:
            headers = sentence.headers(own)
            scopes.append(own)
    return scopes


class _Sentence:
    """One sentence, tokens ``[low, high)`` of the text, with its triggers."""

    __slots__ = ("_behind", "_body", "_ending", "_high", "_low", "_marks", "_matches", "_text")

    def __init__(self, text: ClauseText, marks: Marks, low: int, high: int, matches: Sequence[Match]) -> None:
        self._text = text
        self._marks = marks
        self._low = low
        self._high = high
        self._body = text.body(low, high)
        self._matches = matches
        self._ending = {match.first: match for match in matches if match.rule.ends}
        self._behind = {match.last - 1: match.first for match in matches if match.rule.direction is Direction.TERMINATE}

    def scopes(self) -> Iterator[Scope]:
        """Yields the scopes of the sentence's triggers."""
        for match in self._matches:
            sides = self._sides(match)
            if Direction.FORWARD in sides:
                yield Scope(match, match.last, self.forward_end(match, match.last))
            if Direction.BACKWARD in sides:
                yield Scope(match, self._backward_start(match), match.first)

    def headers(self, scopes: Sequence[Scope]) -> list[Match]:
        """Returns the triggers that go on in bulleted lines below: those just before a closing colon."""
        if self._text.keys[self._high - 1] != _COLON:
            return []
        return [
            scope.match
            for scope in scopes
            if scope.low == scope.match.last
            and scope.match.rule.reach is Reach.CLAUSE
            and scope.high == self._high <= scope.low + _HEADER_WORDS + 1
        ]

    def _sides(self, match: Match) -> tuple[Direction, ...]:
        """Returns the sides that a trigger speaks of."""
        direction = match.rule.direction
        closes = self._closes(match.last)
        opens = match.first <= self._body
        if direction is Direction.FORWARD and closes and not opens:
            direction = Direction.BACKWARD  # "Fever: denies"
        elif direction is Direction.BACKWARD and not closes and (opens or self._leads_item(match)):
            direction = Direction.FORWARD  # "Resolved: pneumonia", "no rash, negative edema"
        elif direction is Direction.EITHER:
            behind = closes or self._text.keys[match.last] in self._marks.aside
            direction = Direction.BACKWARD if behind and not opens else Direction.FORWARD
        elif direction is Direction.SIGN:
            return self._sign_side(match)
        elif direction is Direction.BOTH:
            return Direction.FORWARD, Direction.BACKWARD
        return (direction,)

    def _leads_item(self, match: Match) -> bool:
        """Whether a trigger stands between a comma and a word that it can speak of."""
        text = self._text
        after_comma = text.keys[match.first - 1] == _COMMA
        return after_comma and text.words[match.last] and text.keys[match.last] not in self._marks.aside

    def _closes(self, last: int) -> bool:
        """Whether an item ends in front of token ``last``."""
        if last >= self._high or self._text.keys[last] in self._marks.closer:
            return True
        ending = self._ending.get(last)
        return ending is not None and ending.rule.direction is Direction.TERMINATE and ending.rule.id != _CAUSE

    def forward_end(self, match: Match, start: int) -> int:
        """Returns the end of the trigger's scope that begins at ``start``."""
        text, marks, rule = self._text, self._marks, match.rule
        comma = -1
        words = 0
        for i in range(start, self._high):
            ending = self._ending.get(i)
            if ending and rule.status in ending.rule.ends and (i > start or ending.rule.id != _CAUSE):
                return i
            key = text.keys[i]
            if text.words[i] and key not in marks.conjunction and key not in marks.joint:
                words += 1
                if words > rule.limit:
                    return i
            elif key == _COLON and comma >= 0:
                return comma  # "no murmur, abdomen: tender"
            elif i > start and self._stops_forward(i, rule.reach):
                return i
            elif key == _COMMA:
                comma, words = i, 0
            elif key in marks.conjunction or key in marks.joint or key in marks.bracket:
                words = 0
        return self._high

    def _stops_forward(self, i: int, reach: Reach) -> bool:
        """Whether the separator ``i`` ends a forward scope of this reach."""
        text, marks = self._text, self._marks
        key = text.keys[i]
        if reach is Reach.ITEM:
            return text.separates(i) or key in marks.alternative or key == _COLON
        if text.is_dash(i):
            return True
        if reach is Reach.LIST:
            if key != _COMMA:
                return key in marks.bracket
            stop = min((first for first in self._ending if first > i), default=self._high)
            return not _alternative_follows(text, marks, i, stop)
        return False

    def _backward_start(self, match: Match) -> int:
        """Returns the start of the scope of a trigger that speaks of what stands in front of it."""
        text, marks, rule = self._text, self._marks, match.rule
        reach, limit = rule.reach, rule.limit
        if rule.direction is Direction.FORWARD:
            reach, limit = Reach.LIST, min(limit, _ANSWER_LIMIT)
        last, in_list = self._subject_end(match)
        words = 0
        for i in range(last, self._low - 1, -1):
            ending = self._ending.get(i)
            if ending and rule.status in ending.rule.ends:
                return min(ending.last, match.first)
            key = text.keys[i]
            if key in marks.conjunction:
                if reach is Reach.ITEM or (reach is Reach.LIST and self._opens_clause(i)):
                    return i + 1
                in_list, words = True, 0
            elif text.words[i] and key not in marks.joint:
                words += 1
                if words > limit:
                    return i + 1
            elif self._stops_backward(i, reach, in_list):
                return i + 1
            elif key == _COMMA:
                words = 0
        return self._low

    def _subject_end(self, match: Match) -> tuple[int, bool]:
        """Returns the last token in front of a trigger that it can speak of, and whether of a whole list.

        Signs between are passed; a colon or question mark among them makes the trigger an answer to all that
        the label lists, unless another label stands before: ``fever: no, cough: yes``.
        """
        text = self._text
        i = match.first - 1
        answers = False
        while i >= self._low and not text.words[i]:
            answers |= text.keys[i] in (_COLON, _QUESTION)
            i -= 1
        if match.first - 1 in self._behind:
            i = self._behind[match.first - 1] - 1  # "cancer has / not been ruled out"
        return i, answers and _COLON not in text.keys[self._low : i + 1]

    def _opens_clause(self, conjunction: int) -> bool:
        """Whether ``, and`` joins two clauses: there is no further comma in front, as a list would have."""
        before = self._text.keys[self._low : conjunction]
        return before[-1:] == [_COMMA] and _COMMA not in before[:-1]

    def _stops_backward(self, i: int, reach: Reach, in_list: bool) -> bool:
        """Whether the sign or ``with`` at ``i`` ends a backward scope of this reach."""
        key = self._text.keys[i]
        if key == _COLON:
            return True
        if key == _COMMA:
            return reach is Reach.ITEM or (reach is Reach.LIST and not in_list)
        return reach is not Reach.CLAUSE and self._text.separates(i)

    def _sign_side(self, match: Match) -> tuple[Direction, ...]:
        """Returns the side that a plus, minus or question mark belongs to; none where it is no sign."""
        signs = [other for other in self._matches if other.rule.direction is Direction.SIGN]
        if match.last - match.first > 1:
            # "CP (-), SOB (+)" and "(-) CP, (+) SOB": the last sign of the sentence shows the manner.
            return (Direction.BACKWARD if self._closes(signs[-1].last) else Direction.FORWARD,)
        key = self._text.keys[match.first]
        if key == _QUESTION:
            return self._question_side(match)
        side = self._attached_side(match)
        if side is None or key == _PLUS:
            return () if side is None else (side,)
        # A minus is mostly a hyphen or a bullet: it needs a list of signs or a comma beside it.
        others = any(other is not match and self._is_plain_sign(other) for other in signs)
        if side is Direction.FORWARD:
            listed = match.first > self._low and not self._text.words[match.first - 1]
        else:
            listed = self._closes(match.last)
        return (side,) if others or listed else ()

    def _question_side(self, match: Match) -> tuple[Direction, ...]:
        last = match.last
        if last < self._high and self._text.keys[last] in self._marks.answer:
            return ()  # "Chest pain? No."
        attached = match.first > self._low and not self._text.gap(match.first)
        return (Direction.BACKWARD if attached or last >= self._high else Direction.FORWARD,)

    def _is_plain_sign(self, match: Match) -> bool:
        return match.last - match.first > 1 or self._attached_side(match) is not None

    def _attached_side(self, match: Match) -> Direction | None:
        """Returns the side on which a plus or minus is written; ``None`` for a hyphen, bullet or dash."""
        text, i, after = self._text, match.first, match.last
        closes = self._closes(after)
        to_next = not closes and not text.gap(after)
        to_previous = i > self._low and text.words[i - 1] and not text.gap(i)
        is_plus = text.keys[i] == _PLUS
        if to_next != to_previous:
            counted = is_plus and i - 1 in text.numbers  # "2+ edema"
            return Direction.FORWARD if to_next or counted else Direction.BACKWARD
        if to_next:
            return None
        if closes and i > self._low:
            return Direction.BACKWARD
        return Direction.FORWARD if is_plus and not (i > self._low and text.words[i - 1]) else None


def _alternative_follows(text: ClauseText, marks: Marks, start: int, end: int) -> bool:
    """Whether the list that goes on at ``start`` has an ``or`` before ``end``."""
    words = 0
    for i in range(start + 1, end):
        if text.keys[i] in marks.alternative:
            return True
        words = 0 if text.keys[i] == _COMMA else words + 1
        if words > _ALTERNATIVE_LIMIT:
            return False
    return False


def list_distance(text: ClauseText, marks: Marks, scope: Scope, first: int, last: int) -> int:
    """Returns the number of list separators between a trigger and the mention ``[first, last)``.

    A list that an ``or`` closes counts as one item: in ``no stroke, MI or prior DVT`` all is equally near to
    ``no``. A header line counts as one separator.
    """
    if scope.high <= scope.match.first:
        end = scope.match.first
        while end > last and not text.words[end - 1]:
            end -= 1
        return text.separators(last, end)
    distance = text.separators(text.first_word(scope.low, first), first)
    if distance and _is_alternative(text, marks, scope, first, last):
        distance = 0
    return distance + scope.inherited


def _is_alternative(text: ClauseText, marks: Marks, scope: Scope, first: int, last: int) -> bool:
    for i in range(first - 1, scope.low - 1, -1):
        if text.keys[i] == _COMMA:
            break
        if text.keys[i] in marks.alternative:
            return True
    return _alternative_follows(text, marks, last - 1, scope.high)
