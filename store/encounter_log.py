"""What every writer of an encounter does in its transaction: lock the row, check and raise the version."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from store.audit import Detail, append, changes_since
from store.coding import KINDS, CodedLine, LineRef, RecordedDecision
from store.errors import NotFoundError, VersionConflictError
from store.json_records import from_json
from store.tables import DecisionBatchRow, DecisionRow, EncounterRow, NoteRow, SuggestionRow
from suggest.records import Suggestion


def read_encounter(session: Session, encounter_id: str) -> EncounterRow:
    """Returns the row of an encounter.

    Raises:
        NotFoundError: There is none.
    """
    row = session.get(EncounterRow, encounter_id)
    if row is None:
        raise NotFoundError("there is no encounter with this id")
    return row


def lock_encounter(session: Session, encounter_id: str) -> EncounterRow:
    """Returns the row of an encounter, locked against other writers until the transaction ends.

    Raises:
        NotFoundError: There is none.
    """
    # SQLite has no row locks: there the whole transaction excludes other writers.
    row = session.get(EncounterRow, encounter_id, with_for_update=True)
    if row is None:
        raise NotFoundError("there is no encounter with this id")
    return row


def check_version(session: Session, row: EncounterRow, expected: int) -> None:
    """Checks that nobody changed a locked encounter since the caller read it.

    Raises:
        VersionConflictError: Somebody did; it carries what changed.
    """
    if row.version != expected:
        raise VersionConflictError(
            expected,
            row.version,
            changes=changes_since(session, row.id, expected),
            decisions=read_decisions(session, row.id, after_version=expected),
        )


def advance(
    session: Session,
    row: EncounterRow,
    at: datetime,
    action: str,
    *,
    actor: str | None,
    detail: Detail | None = None,
) -> None:
    """Raises the version of a locked encounter by one and records why."""
    row.version += 1
    append(session, at, action, actor=actor, encounter_id=row.id, encounter_version=row.version, detail=detail)


def read_decisions(
    session: Session, encounter_id: str, *, after_version: int = 0, last: int | None = None
) -> list[RecordedDecision]:
    """Returns the decisions on an encounter, in sequence.

    Args:
        session: The transaction.
        encounter_id: The encounter.
        after_version: Only those that made a later version of it.
        last: Only those up to this sequence number.
    """
    query = (
        select(DecisionRow, DecisionBatchRow)
        .join(
            DecisionBatchRow,
            (DecisionBatchRow.encounter_id == DecisionRow.encounter_id)
            & (DecisionBatchRow.version == DecisionRow.version),
        )
        .where(DecisionRow.encounter_id == encounter_id, DecisionRow.version > after_version)
        .order_by(DecisionRow.sequence)
    )
    if last is not None:
        query = query.where(DecisionRow.sequence <= last)
    return [
        RecordedDecision(
            sequence=row.sequence,
            version=row.version,
            suggestion=batch.suggestion,
            reviewer=batch.reviewer,
            at=batch.recorded_at,
            decision=from_json(KINDS[row.action], row.body),
            basis=None if row.basis is None else from_json(CodedLine, row.basis),
        )
        for row, batch in session.execute(query)
    ]


def count_notes(session: Session, encounter_id: str) -> int:
    """Returns how many notes an encounter has, which is the sequence number of the last."""
    return session.scalar(select(func.max(NoteRow.sequence)).where(NoteRow.encounter_id == encounter_id)) or 0


def latest_suggestion(session: Session, encounter_id: str) -> SuggestionRow | None:
    """Returns the row of the latest suggestion of an encounter, if there is one."""
    return session.scalar(
        select(SuggestionRow)
        .where(SuggestionRow.encounter_id == encounter_id)
        .order_by(SuggestionRow.sequence.desc())
        .limit(1)
    )


def read_proposals(row: SuggestionRow, refs: Collection[LineRef] = ()) -> Suggestion:
    """Returns a suggestion with its proposed codes and, of those merely ranked, the ones that ``refs`` name.

    The rest is not needed to decide and would take most of the time: a long chart has thousands of spans.
    """
    wanted = {ref.code for ref in refs}
    ranked = [item for item in row.record["ranked"] if item["code"]["code"] in wanted]
    return from_json(Suggestion, {**row.record, "ranked": ranked, "suppressed": [], "findings": [], "queries": []})
