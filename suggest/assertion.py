"""Assertion: what the author says of each mention, and the words that say so.

Triggers come from ``resources/assertion/triggers.tsv`` (format: ``triggers.py``), their scopes from
``scopes.py``. Of all triggers whose scope holds a mention one decides:

1. Weak triggers step back if there is any other.
2. Negated, possible and historical are said of the list item they stand in first of all: such a trigger steps
   back if fewer separators (comma, ``and``, ``with``, bracket, dash) part another one from the mention. ``No
   fever, h/o asthma``: asthma is historical. What is denied in so many words stays so: strong triggers do not
   step back for a history.
3. Of those left the order is hypothetical (``return if no improvement``), negated (``no family history of``),
   family (``mother has a penicillin allergy``), allergy, historical (``history of possible seizure``),
   possible, present; then the nearest.
4. The section decides where ``resources/assertion/sections.tsv`` says so. The sections that tell of relatives
   and allergies leave negated mentions negated. A history section says nothing of its own: what it lists may
   be current.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from spacy.language import Language
from spacy.tokens import Doc

from suggest.clauses import ClauseText, read_marks
from suggest.errors import ResourceError
from suggest.records import PRESENT, Assertion, AssertionStatus
from suggest.resources import read_table
from suggest.scopes import Scope, find_scopes, list_distance
from suggest.triggers import LOCAL, Strength, TriggerTable

SECTIONS = "assertion/sections.tsv"
_PRECEDENCE = {
    status: place
    for place, status in enumerate(
        (
            AssertionStatus.HYPOTHETICAL,
            AssertionStatus.NEGATED,
            AssertionStatus.FAMILY,
            AssertionStatus.ALLERGY,
            AssertionStatus.HISTORICAL,
            AssertionStatus.POSSIBLE,
            AssertionStatus.PRESENT,
        )
    )
}


@dataclass(frozen=True, slots=True)
class _SectionRule:
    """What a section says of its mentions; ``yields`` are the statuses that it leaves as they are."""

    assertion: Assertion
    yields: frozenset[AssertionStatus]
    ignores: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A trigger that speaks of a mention, with its distance in separators and in tokens."""

    scope: Scope
    status: AssertionStatus
    separators: int
    tokens: int

    def rank(self) -> tuple[int, int, int]:
        return _PRECEDENCE[self.status], self.separators, self.tokens


class Scoped(NamedTuple):
    """The triggers of one chart, by sentence, with the text that they stand in."""

    text: ClauseText
    scopes: Sequence[Sequence[Scope]]


class Asserter:
    """Decides the assertion of mentions; holds the rules and no state of a text, so threads may share it."""

    def __init__(self, nlp: Language) -> None:
        """Loads and checks the rules.

        Args:
            nlp: The pipeline of ``suggest.nlp.make_nlp`` that also reads the charts.

        Raises:
            ResourceError: A table of ``resources/assertion`` breaks its format.
        """
        self._table = TriggerTable(nlp)
        self._marks = read_marks(self._table)
        self._sections = _read_sections()

    def scopes(self, doc: Doc) -> Scoped:
        """Returns the triggers of a chart read by ``suggest.nlp.read``, for spans asserted in several turns."""
        text = ClauseText(doc, self._marks)
        return Scoped(text, find_scopes(text, self._table, self._marks))

    def assert_spans(
        self, doc: Doc, spans: Sequence[tuple[int, int]], families: Sequence[str], scoped: Scoped | None = None
    ) -> list[Assertion]:
        """Returns the assertion of each span.

        Args:
            doc: A chart read by ``suggest.nlp.read``.
            spans: Token ranges ``[first, last)`` of mentions; they may overlap.
            families: For each span the family of the section that holds it.
            scoped: The triggers of ``doc``, where they were found before.

        Raises:
            ValueError: The numbers of spans and families differ, or a span is empty or lies outside the doc.
        """
        if len(spans) != len(families):
            raise ValueError(f"{len(spans)} spans and {len(families)} families; expected one family for each span")
        for first, last in spans:
            if not 0 <= first < last <= len(doc):
                raise ValueError(f"span [{first}, {last}) of a doc of {len(doc)} tokens; expected a part of the doc")
        if not spans:
            return []
        text, scopes = scoped or self.scopes(doc)
        return [
            self._assert_span(text, scopes, text.position(first), text.position(last), family)
            for (first, last), family in zip(spans, families, strict=True)
        ]

    def _assert_span(
        self, text: ClauseText, scopes: Sequence[Sequence[Scope]], first: int, last: int, family: str
    ) -> Assertion:
        section = self._sections.get(family)
        candidates: list[_Candidate] = []
        if first < last:
            for scope in scopes[bisect_right(text.starts, first) - 1]:
                candidate = self._candidate(text, scope, first, last)
                if candidate and not (section and scope.match.rule.id in section.ignores):
                    candidates.append(candidate)
        said = _decide(text, candidates)
        if section is None or not section.assertion.rule:
            return said
        if said.status == section.assertion.status or said.status in section.yields:
            return said
        return section.assertion

    def _candidate(self, text: ClauseText, scope: Scope, first: int, last: int) -> _Candidate | None:
        """Returns the trigger as candidate for the mention ``[first, last)`` if its scope holds it."""
        match, status = scope.match, scope.match.rule.status
        if status is None:
            return None
        if match.first < last and first < match.last and not scope.inherited:
            # Words of the mention itself say nothing of it ("former smoker"); a negation that holds the whole
            # mention ("no known drug allergies") or runs into it ("no history of" in front of "DVT") does.
            holds = match.first < first or (match.first == first and last <= match.last)
            return _Candidate(scope, status, 0, 0) if holds and status is AssertionStatus.NEGATED else None
        backward = scope.high <= match.first
        if backward and scope.low < last <= scope.high:
            tokens = match.first - last
        elif not backward and scope.low <= first < scope.high:
            tokens = first - match.last
        else:
            return None
        return _Candidate(scope, status, list_distance(text, self._marks, scope, first, last), tokens)


def _decide(text: ClauseText, candidates: Sequence[_Candidate]) -> Assertion:
    """Returns the assertion of the candidate that comes first by the rules in the module's description."""
    if not candidates:
        return PRESENT
    able = [c for c in candidates if c.scope.match.rule.strength is not Strength.WEAK] or candidates
    kept = [c for c in able if not any(_displaces(other, c) for other in able)]
    best = min(kept, key=_Candidate.rank)
    match = best.scope.match
    start, end = text.offsets(match.first, match.last)
    return Assertion(best.status, match.rule.id, start, end)


def _displaces(nearer: _Candidate, candidate: _Candidate) -> bool:
    """Whether ``candidate`` steps back for ``nearer``, which fewer separators part from the mention."""
    if candidate.status not in LOCAL or nearer.separators >= candidate.separators:
        return False
    rule = candidate.scope.match.rule
    return not (rule.strength is Strength.STRONG and nearer.status is AssertionStatus.HISTORICAL)


def _read_sections() -> dict[str, _SectionRule]:
    """Returns the section rules by family."""
    rules: dict[str, _SectionRule] = {}
    for row in read_table(SECTIONS):
        family = row["family"]
        if family in rules:
            raise ResourceError(f"{SECTIONS}: family {family!r} stands twice; drop one of the rows")
        try:
            rules[family] = _SectionRule(
                assertion=Assertion(AssertionStatus(row["status"]), row["rule"]),
                yields=frozenset(AssertionStatus(name) for name in row["yields"].split()),
                ignores=frozenset(row["ignores"].split()),
            )
        except ValueError:
            known = ", ".join(AssertionStatus)
            raise ResourceError(
                f"{SECTIONS}: family {family!r} has an unknown status; expected one of {known}"
            ) from None
    return rules
