"""Records what coders decide, and returns what stands on an encounter."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from store.checks import check_identifier
from store.coding import (
    SET_ASIDE,
    CodedLine,
    LineState,
    NewDecision,
    RecordedDecision,
    fold,
    suggested_line,
    target,
)
from store.database import Database
from store.decision_rules import check_decision
from store.encounter_log import (
    advance,
    check_version,
    latest_suggestion,
    lock_encounter,
    read_decisions,
    read_encounter,
    read_proposals,
)
from store.errors import EncounterStatusError, IdempotencyKeyError, InvalidValueError
from store.json_records import to_json
from store.notes import read_notes
from store.tables import DecisionBatchRow, DecisionRow, EncounterRow, EncounterStatus
from store.users import require_active

MAX_BATCH = 200


@dataclass(frozen=True, slots=True)
class DecisionBatch:
    """What one request decided.

    Attributes:
        encounter_id: The encounter.
        version: Version of the encounter after the batch.
        decisions: What was recorded, in sequence.
        replayed: Whether the batch had been recorded before, under the same idempotency key.
    """

    encounter_id: str
    version: int
    decisions: tuple[RecordedDecision, ...]
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Coding:
    """What stands on an encounter.

    Attributes:
        encounter_id: The encounter.
        version: Its version, which the next decision has to name.
        status: How far it has come.
        suggestion: Sequence number of the latest suggestion, if there is one.
        lines: The lines that stand, in sequence: proposed, accepted, added and replacing ones.
        set_aside: The lines that were rejected, replaced or left.
    """

    encounter_id: str
    version: int
    status: EncounterStatus
    suggestion: int | None
    lines: tuple[CodedLine, ...]
    set_aside: tuple[CodedLine, ...]

    @property
    def undecided(self) -> tuple[CodedLine, ...]:
        """Lines that are merely proposed."""
        return tuple(line for line in self.lines if line.state is LineState.PROPOSED)


def record(
    database: Database,
    encounter_id: str,
    decisions: Sequence[NewDecision],
    *,
    reviewer: str,
    expected_version: int,
    idempotency_key: str | None = None,
) -> DecisionBatch:
    """Records decisions, all or none; they are on disk when the function returns.

    The first decision on an encounter that nobody has assigns it to the reviewer.

    Args:
        database: The database.
        encounter_id: The encounter.
        decisions: 1 to 200; each may build on those before it.
        reviewer: Id of the user who decides.
        expected_version: Version of the encounter that the reviewer saw.
        idempotency_key: Names the request, for one reviewer. The same decisions under the same key return
            what was recorded the first time, whatever version is expected now.

    Raises:
        NotFoundError: There is no such encounter, or no such active user.
        VersionConflictError: The encounter changed since; it carries what changed.
        IdempotencyKeyError: The key was used for other decisions.
        EncounterStatusError: The encounter is finalised.
        DecisionError: A decision does not fit what stands on the encounter.
        InvalidValueError: The batch is empty or too long, or the key is malformed.
    """
    if not 1 <= len(decisions) <= MAX_BATCH:
        raise InvalidValueError(f"a batch has {len(decisions)} decisions; send 1 to {MAX_BATCH}")
    key = check_identifier(idempotency_key or secrets.token_hex(16), "the idempotency key")
    fingerprint = _fingerprint(encounter_id, decisions)
    with database.writing() as session:
        row = lock_encounter(session, encounter_id)
        known = session.scalar(select(DecisionBatchRow).filter_by(reviewer=reviewer, idempotency_key=key))
        if known is not None:
            return _replay(session, known, fingerprint)
        require_active(session, reviewer)
        check_version(session, row, expected_version)
        if row.status is EncounterStatus.FINALISED:
            raise EncounterStatusError("the encounter is finalised; reopen it before you decide")
        at = database.now()
        recorded = _checked(session, row, decisions, reviewer, at)
        _insert(session, row, recorded, key, fingerprint)
        if row.assigned_to is None:
            row.assigned_to = reviewer
        row.status = EncounterStatus.IN_PROGRESS
        detail = {
            "first": recorded[0].sequence,
            "count": len(recorded),
            "actions": [item.decision.action for item in recorded],
        }
        advance(session, row, at, "decisions-recorded", actor=reviewer, detail=detail)
        return DecisionBatch(encounter_id, row.version, tuple(recorded))


def coding(database: Database, encounter_id: str) -> Coding:
    """Returns what stands on an encounter: its latest suggestion with all decisions applied.

    Raises:
        NotFoundError: There is no such encounter.
    """
    with database.reading() as session:
        return read_coding(session, read_encounter(session, encounter_id))


def history(database: Database, encounter_id: str) -> list[RecordedDecision]:
    """Returns all decisions on an encounter, in sequence.

    Raises:
        NotFoundError: There is no such encounter.
    """
    with database.reading() as session:
        read_encounter(session, encounter_id)
        return read_decisions(session, encounter_id)


def read_coding(session: Session, row: EncounterRow) -> Coding:
    """Returns what stands on an encounter, within a transaction."""
    latest = latest_suggestion(session, row.id)
    suggestion = None if latest is None else read_proposals(latest)
    lines = fold(suggestion, read_decisions(session, row.id))
    return Coding(
        encounter_id=row.id,
        version=row.version,
        status=row.status,
        suggestion=None if latest is None else latest.sequence,
        lines=tuple(line for line in lines if line.state not in SET_ASIDE),
        set_aside=tuple(line for line in lines if line.state in SET_ASIDE),
    )


def _checked(
    session: Session, row: EncounterRow, decisions: Sequence[NewDecision], reviewer: str, at: datetime
) -> list[RecordedDecision]:
    """Returns the decisions as they are to be recorded, each checked against those before it."""
    latest = latest_suggestion(session, row.id)
    refs = [ref for ref in map(target, decisions) if ref is not None]
    suggestion = None if latest is None else read_proposals(latest, refs)
    notes = read_notes(session, row.id)
    past = read_decisions(session, row.id)
    first = len(past)
    for position, decision in enumerate(decisions):
        check_decision(position, decision, suggestion=suggestion, past=past, notes=notes)
        ref = target(decision)
        past.append(
            RecordedDecision(
                sequence=len(past) + 1,
                version=row.version + 1,
                suggestion=None if latest is None else latest.sequence,
                reviewer=reviewer,
                at=at,
                decision=decision,
                basis=suggested_line(suggestion, ref) if suggestion and ref else None,
            )
        )
    return past[first:]


def _insert(
    session: Session, row: EncounterRow, recorded: Sequence[RecordedDecision], key: str, fingerprint: bytes
) -> None:
    first = recorded[0]
    session.add(
        DecisionBatchRow(
            encounter_id=row.id,
            version=first.version,
            suggestion=first.suggestion,
            reviewer=first.reviewer,
            idempotency_key=key,
            fingerprint=fingerprint,
            recorded_at=first.at,
        )
    )
    try:
        session.flush()
    except IntegrityError:
        # The same key came at the same time for another encounter, whose lock is not this one's.
        raise IdempotencyKeyError from None
    for item in recorded:
        ref = target(item.decision)
        session.add(
            DecisionRow(
                encounter_id=row.id,
                sequence=item.sequence,
                version=item.version,
                action=item.decision.action,
                system=ref.system if ref else None,
                code=ref.code if ref else None,
                body=to_json(item.decision),
                basis=None if item.basis is None else to_json(item.basis),
            )
        )


def _replay(session: Session, batch: DecisionBatchRow, fingerprint: bytes) -> DecisionBatch:
    if batch.fingerprint != fingerprint:
        raise IdempotencyKeyError
    recorded = read_decisions(session, batch.encounter_id, after_version=batch.version - 1)
    mine = tuple(item for item in recorded if item.version == batch.version)
    return DecisionBatch(batch.encounter_id, batch.version, mine, replayed=True)


def _fingerprint(encounter_id: str, decisions: Sequence[NewDecision]) -> bytes:
    # The expected version is left out: a client that lost the answer may have read the encounter again.
    content = [encounter_id, [[decision.action, to_json(decision)] for decision in decisions]]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).digest()
