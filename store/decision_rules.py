"""Which decisions fit what stands on an encounter."""

from __future__ import annotations

from collections.abc import Sequence

from store.checks import MAX_REASON, check_code, check_details, check_evidence, check_text
from store.coding import (
    CODED,
    SET_ASIDE,
    Accept,
    Add,
    Change,
    CodedLine,
    Leave,
    LineRef,
    LineState,
    NewDecision,
    Order,
    RecordedDecision,
    Reject,
    Replace,
    Undo,
    active,
    fold,
    suggested_line,
)
from store.errors import DecisionError, InvalidValueError
from suggest.records import Note, Suggestion


def check_decision(
    position: int,
    decision: NewDecision,
    *,
    suggestion: Suggestion | None,
    past: Sequence[RecordedDecision],
    notes: Sequence[Note],
) -> None:
    """Checks a decision against what stands on the encounter.

    Args:
        position: Index of the decision within its batch, for the error.
        decision: The decision.
        suggestion: The latest suggestion.
        past: All earlier decisions, those of the same batch among them.
        notes: The notes of the encounter that are not superseded.

    Raises:
        DecisionError: It does not fit, or one of its values is malformed.
    """
    try:
        _check_values(decision, notes)
        match decision:
            case Undo():
                _check_undo(decision, past)
            case Order():
                _check_order(decision, _States(suggestion, past))
            case _:
                _check_line(decision, _States(suggestion, past))
    except InvalidValueError as error:
        raise DecisionError(position, str(error)) from None


class _States:
    """Looks lines up by name."""

    def __init__(self, suggestion: Suggestion | None, past: Sequence[RecordedDecision]) -> None:
        self._suggestion = suggestion
        self._lines = {line.ref: line for line in fold(suggestion, past)}

    def state(self, ref: LineRef) -> LineState | None:
        """Returns the state of a line, ``None`` where the encounter has no such line."""
        line = self._lines.get(ref)
        return None if line is None else line.state

    def known(self, ref: LineRef) -> LineState | None:
        """Returns the state of a line, ``None`` where it is only ranked by the suggestion.

        Raises:
            InvalidValueError: Neither suggestion nor coder brought the code.
        """
        line: CodedLine | None = self._lines.get(ref)
        if line is None and (self._suggestion is None or suggested_line(self._suggestion, ref) is None):
            raise InvalidValueError(f"{_name(ref)} is neither suggested nor added; add it instead")
        return None if line is None else line.state


def _check_values(decision: NewDecision, notes: Sequence[Note]) -> None:
    match decision:
        case Reject():
            check_text(decision.reason, "the reason", most=MAX_REASON)
        case Replace():
            check_code(decision.by)
            check_evidence(decision.evidence, notes)
            if decision.reason:
                check_text(decision.reason, "the reason", most=MAX_REASON)
        case Add():
            check_code(decision.code)
            check_evidence(decision.evidence, notes)
            check_details(modifiers=decision.modifiers, units=decision.units, poa=decision.poa)
            if decision.occurrence < 1:
                raise InvalidValueError("occurrence must be 1 or more")
        case Change():
            check_details(modifiers=decision.modifiers, units=decision.units, poa=decision.poa)


def _check_line(decision: Accept | Reject | Replace | Add | Leave | Change, states: _States) -> None:
    match decision:
        case Accept():
            if states.known(decision.line) in CODED:
                raise InvalidValueError(f"{_name(decision.line)} is on the list already")
        case Reject():
            if states.known(decision.line) is LineState.REJECTED:
                raise InvalidValueError(f"{_name(decision.line)} is rejected already")
        case Replace():
            _check_replace(decision, states)
        case Add():
            ref = LineRef(decision.code.system, decision.code.code, decision.occurrence)
            if states.state(ref) in CODED:
                raise InvalidValueError(f"{_name(ref)} is on the list already; change it or add another occurrence")
            _check_pointers(decision.pointers, states)
        case Leave():
            if states.state(decision.line) in (None, LineState.LEFT):
                raise InvalidValueError(f"{_name(decision.line)} is not on the list")
        case Change():
            if states.state(decision.line) in SET_ASIDE | {None}:
                raise InvalidValueError(f"{_name(decision.line)} is not on the list; accept or add it first")
            _check_pointers(decision.pointers or (), states)


def _check_replace(decision: Replace, states: _States) -> None:
    if states.known(decision.line) is LineState.REPLACED:
        raise InvalidValueError(f"{_name(decision.line)} is replaced already")
    by = LineRef(decision.by.system, decision.by.code)
    if by == decision.line:
        raise InvalidValueError(f"{_name(by)} cannot replace itself; accept it instead")
    if states.state(by) in CODED:
        raise InvalidValueError(f"{_name(by)} is on the list already; reject the other code instead")


def _check_order(decision: Order, states: _States) -> None:
    if len(set(decision.lines)) != len(decision.lines):
        raise InvalidValueError("the order names a line twice")
    for ref in decision.lines:
        if states.state(ref) in SET_ASIDE | {None}:
            raise InvalidValueError(f"{_name(ref)} is not on the list")


def _check_pointers(pointers: Sequence[LineRef], states: _States) -> None:
    for ref in pointers:
        if states.state(ref) in SET_ASIDE | {None}:
            raise InvalidValueError(f"{_name(ref)} is not on the list and cannot be pointed to")


def _check_undo(decision: Undo, past: Sequence[RecordedDecision]) -> None:
    if decision.decision not in {recorded.sequence for recorded in active(past)}:
        raise InvalidValueError(f"decision {decision.decision} does not exist or is undone already")


def _name(ref: LineRef) -> str:
    # The shape is not checked for a code that is only looked up; what is no code is not repeated.
    known = len(ref.code) <= 10 and ref.code.replace(".", "").isalnum() and ref.code.isascii()
    return f"{ref.system} {ref.code}" if known else "the code"
