"""Conditions of query templates: parsed once, evaluated on a chart, each with the words that fulfil it.

A condition is one of ``GROUP`` (words asserted of the patient now), ``VALUE>=NUMBER``, ``VALUE<=NUMBER``,
``VALUE:rise>=FACTOR`` (greatest over least), ``VALUE:drop>=NUMBER`` (an earlier value less a later one),
``possible:GROUP`` (named as uncertain and never confirmed or ruled out), ``conflict:GROUP`` (affirmed in one provider's
note and denied in another's), ``differs:GROUP/GROUP`` (both affirmed), ``near:GROUP/GROUP`` (words of the first beside
words of the second: "systolic" says something of a heart failure, but not of every chart that takes a blood pressure).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from suggest.errors import ResourceError
from suggest.headings import families
from suggest.queries.indicators import ChartView, Find, groups
from suggest.queries.values import value_reader
from suggest.records import AssertionStatus, Evidence

_VALUE = re.compile(r"([a-z0-9_]+?)(?::(rise|drop))?(>=|<=)(\d+(?:\.\d+)?)")
_PREFIXED = re.compile(r"(possible|conflict|differs|near):([a-z0-9_]+)(?:/([a-z0-9_]+))?")
_PAIRED = frozenset({"differs", "near"})
_CONTRAST = re.compile(r"\b(?:however|instead|rather|more likely|felt to be|turned out)\b", re.I)
_STUDIED = re.compile(r"\b(?:evaluat\w+|assess\w*|look\w*|check\w*|screen\w*) for\b", re.I)
_SHOWN = 2
_FINAL = frozenset(
    {"final_diagnosis", "discharge_diagnosis", "principal_diagnosis", "secondary_diagnosis", "diagnosis"}
)


class Kind(StrEnum):
    """What a condition looks at."""

    GROUP = "group"
    VALUE = "value"
    RISE = "rise"
    DROP = "drop"
    POSSIBLE = "possible"
    CONFLICT = "conflict"
    DIFFERS = "differs"
    NEAR = "near"


@dataclass(frozen=True, slots=True)
class Condition:
    """A parsed condition.

    Attributes:
        kind: What it looks at.
        name: The group or value.
        other: The second group of ``differs`` and ``near``.
        at_least: Whether a value must reach ``limit`` from below.
        limit: The number that a value is compared with.
    """

    kind: Kind
    name: str
    other: str = ""
    at_least: bool = True
    limit: float = 0.0

    def met(self, chart: ChartView) -> tuple[Evidence, ...]:
        """Returns the words that fulfil the condition in a chart; empty where it is not fulfilled."""
        if self.kind is Kind.GROUP:
            return _words(chart.found(self.name))
        if self.kind is Kind.POSSIBLE:
            return _left_open(chart.finds(self.name), chart)
        if self.kind is Kind.NEAR:
            return _words(chart.beside(self.name, self.other))
        if self.kind is Kind.CONFLICT:
            return _contradicted(chart.finds(self.name))
        if self.kind is Kind.DIFFERS:
            return _both(chart.found(self.name), chart.found(self.other))
        return self._numbers(chart)

    def said(self, chart: ChartView) -> bool:
        """Whether a chart names the group in any assertion, or holds such a value: it then needs no question."""
        return chart.said(self.name) if self.kind is Kind.GROUP else bool(self.met(chart))

    def _numbers(self, chart: ChartView) -> tuple[Evidence, ...]:
        values = chart.values(self.name)
        numbers = [value.number for value, _ in values]
        if not numbers:
            return ()
        low, high = min(range(len(numbers)), key=numbers.__getitem__), max(range(len(numbers)), key=numbers.__getitem__)
        if self.kind is Kind.RISE:
            return (values[low][1], values[high][1]) if numbers[high] >= self.limit * numbers[low] else ()
        if self.kind is Kind.DROP:
            pair = _drop(numbers, self.limit)
            return (values[pair[0]][1], values[pair[1]][1]) if pair else ()
        best = high if self.at_least else low
        fulfilled = numbers[best] >= self.limit if self.at_least else numbers[best] <= self.limit
        return (values[best][1],) if fulfilled else ()


def parse(text: str, where: str) -> Condition:
    """Returns the condition that ``text`` writes.

    Args:
        text: One condition.
        where: Named in errors.

    Raises:
        ResourceError: It is none, or names an unknown group or value.
    """
    if match := _VALUE.fullmatch(text):
        name, mode, operator, limit = match.groups()
        if name not in value_reader().measures:
            raise ResourceError(f"{where}: unknown value {name!r} in condition {text!r}")
        return Condition(Kind(mode or "value"), name, at_least=operator == ">=", limit=float(limit))
    if match := _PREFIXED.fullmatch(text):
        kind, name, other = match.groups()
        if (kind in _PAIRED) != bool(other):
            raise ResourceError(f"{where}: condition {text!r}: expected {kind}:GROUP{'/GROUP' * (kind in _PAIRED)}")
        condition = Condition(Kind(kind), name, other or "")
    else:
        condition = Condition(Kind.GROUP, text)
    for group in (condition.name, *filter(None, (condition.other,))):
        if group not in groups():
            raise ResourceError(f"{where}: unknown group {group!r} in condition {text!r}")
    return condition


def _drop(numbers: Sequence[float], limit: float) -> tuple[int, int] | None:
    """Returns the places of the first number that a later one falls short of by ``limit``, and of the least later."""
    found, least = None, len(numbers) - 1
    for i in range(len(numbers) - 2, -1, -1):
        if numbers[i] - numbers[least] >= limit:
            found = i, least
        if numbers[i] < numbers[least]:
            least = i
    return found


def _words(finds: tuple[Find, ...]) -> tuple[Evidence, ...]:
    """Returns the first finds of different wording."""
    wordings: dict[str, Evidence] = {}
    for find in finds:
        wordings.setdefault(find.evidence.quote.lower(), find.evidence)
    return tuple(wordings.values())[:_SHOWN]


def _left_open(finds: tuple[Find, ...], chart: ChartView) -> tuple[Evidence, ...]:
    """Returns uncertain mentions where nothing confirms, denies or concludes with them, or puts another one instead.

    The reason for a study is left alone: its result tells.
    """
    spoken = [find for find in finds if families()[find.family].current != "no" and find.provider]
    if not spoken or any(find.status is not AssertionStatus.POSSIBLE or find.family in _FINAL for find in spoken):
        return ()
    if all(_STUDIED.search(chart.sentence_of(find.evidence.note_id, find.evidence.start)) for find in spoken):
        return ()
    if any(_CONTRAST.search(chart.rest_of_statement(find.evidence)) for find in spoken):
        return ()
    return _words(tuple(spoken))


def _contradicted(finds: tuple[Find, ...]) -> tuple[Evidence, ...]:
    """Returns an affirmation and a denial by providers in different notes, both in an assessment."""
    judged = [find for find in finds if find.provider and families()[find.family].weight == "assessment"]
    affirmed = {find.note: find.evidence for find in reversed(judged) if find.status is AssertionStatus.PRESENT}
    denied = {find.note: find.evidence for find in reversed(judged) if find.status is AssertionStatus.NEGATED}
    pairs = ((affirmed[yes], denied[no]) for yes in sorted(affirmed) for no in sorted(denied) if yes != no)
    return next(pairs, ())


def _both(first: tuple[Find, ...], second: tuple[Find, ...]) -> tuple[Evidence, ...]:
    ours = [find for find in first if find.provider]
    theirs = [find for find in second if find.provider]
    return (ours[0].evidence, theirs[0].evidence) if ours and theirs else ()
