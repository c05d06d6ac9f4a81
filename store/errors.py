"""Errors of the store. Messages name what was expected and never hold chart text or values of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from suggest.errors import ChartCoderError

if TYPE_CHECKING:
    from store.audit import AuditEvent
    from store.coding import LineRef, RecordedDecision


class StoreError(ChartCoderError):
    """Base of all errors of the store."""


class DatabaseError(StoreError):
    """The database cannot be reached, is locked for too long, is set up unsafely or refused a statement."""


class DatabaseVersionError(DatabaseError):
    """The tables were made by a newer ChartCoder, or by another program."""


class InvalidValueError(StoreError):
    """A value breaks a rule of the store (shape of an identifier, a code, a password, a span)."""


class NotFoundError(StoreError):
    """There is no such encounter, note, suggestion, coded set, user or key."""


class AlreadyExistsError(StoreError):
    """An identifier that must be new is taken."""


class QueryClosedError(StoreError):
    """The query was answered or withdrawn before."""


class EncounterStatusError(StoreError):
    """The encounter is finalised and the act needs an open one, or the other way round."""


class StaleSuggestionError(StoreError):
    """A suggestion run read fewer notes than one that is recorded already."""


class VersionConflictError(StoreError):
    """Somebody else changed the encounter since the caller read it.

    Attributes:
        expected: The version that the caller knew.
        actual: The version now.
        changes: What happened since, oldest first; holds no chart text.
        decisions: The decisions recorded since, oldest first.
    """

    def __init__(
        self,
        expected: int,
        actual: int,
        *,
        changes: Sequence[AuditEvent],
        decisions: Sequence[RecordedDecision],
    ) -> None:
        super().__init__(
            f"the encounter is at version {actual}, expected {expected}; read what changed and decide again"
        )
        self.expected = expected
        self.actual = actual
        self.changes = tuple(changes)
        self.decisions = tuple(decisions)


class IdempotencyKeyError(StoreError):
    """The idempotency key was used before for other decisions; nothing was recorded."""

    def __init__(self) -> None:
        super().__init__("the idempotency key was used for other decisions; send a new key")


class DecisionError(StoreError):
    """A decision does not fit what stands on the encounter; nothing of its batch was recorded.

    Attributes:
        position: Index of the decision within its batch, from 0.
    """

    def __init__(self, position: int, message: str) -> None:
        super().__init__(f"decision {position + 1} of the batch: {message}")
        self.position = position


class UndecidedCodesError(StoreError):
    """Proposed codes are neither decided nor explicitly left, so that the encounter cannot be finalised.

    Attributes:
        lines: The undecided lines, in sequence.
    """

    def __init__(self, lines: Sequence[LineRef]) -> None:
        names = ", ".join(f"{line.system} {line.code}" for line in lines)
        super().__init__(f"codes are undecided: {names}; accept, reject, replace or leave each of them")
        self.lines = tuple(lines)
