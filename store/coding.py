"""Decisions on code lines, and what they make of a suggestion. Nothing here touches the database.

The state of an encounter's codes is a fold: the latest suggestion, then each decision that is not undone.
A decision holds over later suggestions: an accepted code that a later run no longer proposes stays accepted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from suggest.records import Code, CodeLine, Evidence, RankedCode, Suggestion, System


class LineState(StrEnum):
    """What has been decided on a line."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    ADDED = "added"
    REPLACEMENT = "replacement"
    REJECTED = "rejected"
    REPLACED = "replaced"
    LEFT = "left"


CODED = frozenset({LineState.ACCEPTED, LineState.ADDED, LineState.REPLACEMENT})
"""States of lines that go into a coded set."""
SET_ASIDE = frozenset({LineState.REJECTED, LineState.REPLACED, LineState.LEFT})
"""States of lines that no longer stand on the list."""


@dataclass(frozen=True, slots=True, order=True)
class LineRef:
    """Names a line of an encounter.

    Attributes:
        system: The code system.
        code: The code.
        occurrence: 1, or more where a procedure stands on several lines (each side, two sessions).
    """

    system: System
    code: str
    occurrence: int = 1


@dataclass(frozen=True, slots=True)
class CodedLine:
    """A code as it stands on an encounter.

    Attributes:
        code: The code, with the edition that it was taken from.
        occurrence: See ``LineRef``.
        state: What has been decided on it.
        decision: Sequence number of the decision that gave the state, ``None`` while merely proposed.
        title: Its title where a suggestion told it, else empty.
        probability: Of the suggestion that proposed it; ``None`` for a code that a coder brought.
        evidence: The words of the chart that support it.
        modifiers: CPT/HCPCS modifiers in order.
        units: Units of service.
        poa: Present on admission, ``None`` where it does not apply.
        pointers: The diagnoses that justify a procedure.
        replaces: The line that it took the place of.
    """

    code: Code
    occurrence: int = 1
    state: LineState = LineState.PROPOSED
    decision: int | None = None
    title: str = ""
    probability: float | None = None
    evidence: tuple[Evidence, ...] = ()
    modifiers: tuple[str, ...] = ()
    units: int = 1
    poa: str | None = None
    pointers: tuple[LineRef, ...] = ()
    replaces: LineRef | None = None

    @property
    def ref(self) -> LineRef:
        """The name of the line."""
        return LineRef(self.code.system, self.code.code, self.occurrence)


@dataclass(frozen=True, slots=True)
class Accept:
    """The code is right. It may be any that the suggestion ranked, also one that was not proposed."""

    action: ClassVar[str] = "accept"
    line: LineRef


@dataclass(frozen=True, slots=True)
class Reject:
    """The code is wrong, for a reason in the coder's words."""

    action: ClassVar[str] = "reject"
    line: LineRef
    reason: str


@dataclass(frozen=True, slots=True)
class Replace:
    """The code is wrong and another one stands in its place; without evidence it inherits that of the line."""

    action: ClassVar[str] = "replace"
    line: LineRef
    by: Code
    reason: str = ""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Add:
    """A code that was missing, from selected text."""

    action: ClassVar[str] = "add"
    code: Code
    evidence: tuple[Evidence, ...] = ()
    occurrence: int = 1
    modifiers: tuple[str, ...] = ()
    units: int = 1
    poa: str | None = None
    pointers: tuple[LineRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Leave:
    """The proposed code is left out without a judgement on it; nothing is learnt from that."""

    action: ClassVar[str] = "leave"
    line: LineRef


@dataclass(frozen=True, slots=True)
class Change:
    """New details of a line; ``None`` leaves a detail as it is, and an empty ``poa`` takes it away."""

    action: ClassVar[str] = "change"
    line: LineRef
    modifiers: tuple[str, ...] | None = None
    units: int | None = None
    poa: str | None = None
    pointers: tuple[LineRef, ...] | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """These lines come first, in this sequence; the others follow as they stood."""

    action: ClassVar[str] = "order"
    lines: tuple[LineRef, ...]


@dataclass(frozen=True, slots=True)
class Undo:
    """An earlier decision no longer counts; undoing an undo brings it back."""

    action: ClassVar[str] = "undo"
    decision: int


NewDecision = Accept | Reject | Replace | Add | Leave | Change | Order | Undo
KINDS: dict[str, type[NewDecision]] = {
    kind.action: kind for kind in (Accept, Reject, Replace, Add, Leave, Change, Order, Undo)
}


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """A decision as it was recorded.

    Attributes:
        sequence: Number within the encounter, from 1.
        version: Version of the encounter after its batch.
        suggestion: Sequence number of the suggestion that the coder saw, if there was one.
        reviewer: Id of the user.
        at: When, in UTC.
        decision: What was decided.
        basis: The line as that suggestion had it; ``None`` for a line that a coder brought.
    """

    sequence: int
    version: int
    suggestion: int | None
    reviewer: str
    at: datetime
    decision: NewDecision
    basis: CodedLine | None = None


def target(decision: NewDecision) -> LineRef | None:
    """Returns the line that a decision is about, ``None`` for an order or an undo."""
    if isinstance(decision, Add):
        return LineRef(decision.code.system, decision.code.code, decision.occurrence)
    return None if isinstance(decision, Order | Undo) else decision.line


def proposed_lines(suggestion: Suggestion) -> list[CodedLine]:
    """Returns the proposed codes of a suggestion as lines, in sequence."""
    refs: list[LineRef] = []
    seen: Counter[Code] = Counter()
    for line in suggestion.codes:
        seen[line.ranked.code] += 1
        refs.append(LineRef(line.ranked.code.system, line.ranked.code.code, seen[line.ranked.code]))
    return [_line(line, ref, refs) for line, ref in zip(suggestion.codes, refs, strict=True)]


def suggested_line(suggestion: Suggestion, ref: LineRef) -> CodedLine | None:
    """Returns the line of a code that a suggestion proposes or ranks, ``None`` for any other code."""
    for line in proposed_lines(suggestion):
        if line.ref == ref:
            return line
    for ranked in suggestion.ranked:
        if LineRef(ranked.code.system, ranked.code.code) == ref:
            return _line(CodeLine(ranked), ref, ())
    return None


def active(decisions: Sequence[RecordedDecision]) -> list[RecordedDecision]:
    """Returns the decisions that count, in sequence; those undone are left out, the undos themselves kept."""
    undone: set[int] = set()
    kept = []
    for recorded in reversed(decisions):
        if recorded.sequence in undone:
            continue
        kept.append(recorded)
        if isinstance(recorded.decision, Undo):
            undone.add(recorded.decision.decision)
    return kept[::-1]


def fold(suggestion: Suggestion | None, decisions: Sequence[RecordedDecision]) -> tuple[CodedLine, ...]:
    """Returns all lines of an encounter in sequence, those set aside among them.

    Args:
        suggestion: The latest suggestion.
        decisions: All decisions on the encounter, in sequence.
    """
    lines = _Lines(proposed_lines(suggestion) if suggestion else ())
    for recorded in active(decisions):
        lines.apply(recorded)
    return lines.result()


@dataclass(slots=True)
class _Details:
    modifiers: tuple[str, ...] | None = None
    units: int | None = None
    poa: str | None = None
    pointers: tuple[LineRef, ...] | None = None

    def merge(self, change: Change) -> None:
        for name in ("modifiers", "units", "poa", "pointers"):
            value = getattr(change, name)
            if value is not None:
                setattr(self, name, value)

    def on(self, line: CodedLine) -> CodedLine:
        return replace(
            line,
            modifiers=line.modifiers if self.modifiers is None else self.modifiers,
            units=line.units if self.units is None else self.units,
            poa=line.poa if self.poa is None else self.poa or None,
            pointers=line.pointers if self.pointers is None else self.pointers,
        )


@dataclass(slots=True)
class _Lines:
    """Lines while decisions are applied; ``order`` may name lines that do not stand (yet)."""

    proposed: Iterable[CodedLine]
    lines: dict[LineRef, CodedLine] = field(init=False)
    details: dict[LineRef, _Details] = field(default_factory=dict)
    order: list[LineRef] = field(init=False)

    def __post_init__(self) -> None:
        self.lines = {line.ref: line for line in self.proposed}
        self.order = list(self.lines)

    def result(self) -> tuple[CodedLine, ...]:
        standing = (self.lines[ref] for ref in self.order if ref in self.lines)
        return tuple(self.details[line.ref].on(line) if line.ref in self.details else line for line in standing)

    def apply(self, recorded: RecordedDecision) -> None:
        decision = recorded.decision
        match decision:
            case Accept():
                # The coder accepted the line as it was then; a later run does not change it under them.
                if recorded.basis is not None:
                    self.lines[decision.line] = recorded.basis
                self._decide(recorded, decision.line, LineState.ACCEPTED)
            case Reject():
                self._decide(recorded, decision.line, LineState.REJECTED)
            case Leave():
                self._decide(recorded, decision.line, LineState.LEFT)
            case Replace():
                self._replace(recorded, decision)
            case Add():
                self._add(recorded.sequence, decision)
            case Change():
                self.details.setdefault(decision.line, _Details()).merge(decision)
            case Order():
                self.order = [*decision.lines, *(ref for ref in self.order if ref not in decision.lines)]
            case Undo():
                pass

    def _decide(self, recorded: RecordedDecision, ref: LineRef, state: LineState) -> None:
        line = self.lines.get(ref) or recorded.basis
        # Nothing is left to decide on where the addition of the line was undone.
        if line is not None:
            self._put(replace(line, state=state, decision=recorded.sequence))

    def _put(self, line: CodedLine) -> None:
        self.lines[line.ref] = line
        if line.ref not in self.order:
            self.order.append(line.ref)

    def _add(self, sequence: int, add: Add) -> None:
        line = CodedLine(
            code=add.code,
            occurrence=add.occurrence,
            state=LineState.ADDED,
            decision=sequence,
            evidence=add.evidence,
            modifiers=add.modifiers,
            units=add.units,
            poa=add.poa,
            pointers=add.pointers,
        )
        self.details.pop(line.ref, None)
        self._put(line)

    def _replace(self, recorded: RecordedDecision, decision: Replace) -> None:
        self._decide(recorded, decision.line, LineState.REPLACED)
        old = self.lines.get(decision.line)
        if old is None:
            return
        details = self.details.get(old.ref, _Details())
        inherited = details.on(old)
        new = CodedLine(
            code=decision.by,
            state=LineState.REPLACEMENT,
            decision=recorded.sequence,
            evidence=decision.evidence or old.evidence,
            # A modifier belongs to its code, while units and POA belong to what was done or found.
            units=inherited.units,
            poa=inherited.poa,
            pointers=inherited.pointers,
            replaces=old.ref,
        )
        self.details.pop(new.ref, None)
        if new.ref in self.order:
            self.order.remove(new.ref)
        self.order.insert(self.order.index(old.ref), new.ref)
        self.lines[new.ref] = new


def _line(line: CodeLine, ref: LineRef, refs: Sequence[LineRef]) -> CodedLine:
    return CodedLine(
        code=line.ranked.code,
        occurrence=ref.occurrence,
        title=line.ranked.title,
        probability=line.ranked.probability,
        evidence=_evidence(line.ranked),
        modifiers=line.modifiers,
        units=line.units,
        poa=line.poa,
        pointers=tuple(refs[position - 1] for position in line.pointers),
    )


def _evidence(ranked: RankedCode) -> tuple[Evidence, ...]:
    return tuple(dict.fromkeys(support.evidence for support in ranked.support))
