"""Coded sets: what an encounter was finalised with. One never changes; after a reopening comes the next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from store.coding import CodedLine
from store.database import Database
from store.decisions import read_coding
from store.encounter_log import advance, check_version, count_notes, lock_encounter, read_encounter
from store.encounters import WorklistItem, worklist_item
from store.errors import EncounterStatusError, UndecidedCodesError
from store.json_records import from_json, to_json
from store.tables import CodedSetRow, DecisionRow, EncounterStatus
from store.users import require_active


class ReopenReason(StrEnum):
    """Why a finalised encounter is coded again."""

    LATE_NOTE = "late-note"
    QUERY_ANSWERED = "query-answered"
    AUDIT = "audit"
    DENIAL = "denial"
    CORRECTION = "correction"


@dataclass(frozen=True, slots=True)
class CodedSet:
    """What an encounter was finalised with.

    Attributes:
        encounter_id: The encounter.
        number: 1, and one more after each reopening.
        encounter_version: Version of the encounter after it was finalised.
        suggestion: Sequence number of the latest suggestion then, if there was one.
        last_note: Sequence number of the latest note then.
        last_decision: Sequence number of the latest decision then, 0 before the first.
        lines: The codes in sequence, the first-listed or principal diagnosis before the others.
        finalised_by: Id of the user.
        finalised_at: When, in UTC.
    """

    encounter_id: str
    number: int
    encounter_version: int
    suggestion: int | None
    last_note: int
    last_decision: int
    lines: tuple[CodedLine, ...]
    finalised_by: str
    finalised_at: datetime


def finalise(database: Database, encounter_id: str, *, actor: str, expected_version: int) -> CodedSet:
    """Closes an encounter with the codes that were accepted, added or put in place of others.

    Raises:
        NotFoundError: There is no such encounter, or no such active user.
        VersionConflictError: The encounter changed since the expected version.
        EncounterStatusError: It is finalised already.
        UndecidedCodesError: Proposed codes are neither decided nor left.
    """
    with database.writing() as session:
        row = lock_encounter(session, encounter_id)
        require_active(session, actor)
        check_version(session, row, expected_version)
        if row.status is EncounterStatus.FINALISED:
            raise EncounterStatusError("the encounter is finalised already")
        coding = read_coding(session, row)
        if coding.undecided:
            raise UndecidedCodesError([line.ref for line in coding.undecided])
        at = database.now()
        number = _last_number(session, encounter_id) + 1
        row.status = EncounterStatus.FINALISED
        detail = {"coded_set": number, "lines": len(coding.lines)}
        advance(session, row, at, "finalised", actor=actor, detail=detail)
        stored = CodedSetRow(
            encounter_id=encounter_id,
            number=number,
            encounter_version=row.version,
            suggestion=coding.suggestion,
            last_note=count_notes(session, encounter_id),
            last_decision=_last_decision(session, encounter_id),
            lines=to_json(coding.lines),
            finalised_by=actor,
            finalised_at=at,
        )
        session.add(stored)
        return read_coded_set(stored)


def reopen(
    database: Database, encounter_id: str, *, reason: ReopenReason, actor: str, expected_version: int
) -> WorklistItem:
    """Opens a finalised encounter for further decisions; its coded set stays, the next one gets a new number.

    Raises:
        NotFoundError: There is no such encounter, or no such active user.
        VersionConflictError: The encounter changed since the expected version.
        EncounterStatusError: It is not finalised.
    """
    with database.writing() as session:
        row = lock_encounter(session, encounter_id)
        require_active(session, actor)
        check_version(session, row, expected_version)
        if row.status is not EncounterStatus.FINALISED:
            raise EncounterStatusError("the encounter is not finalised; there is nothing to reopen")
        row.status = EncounterStatus.IN_PROGRESS if row.assigned_to else EncounterStatus.OPEN
        advance(session, row, database.now(), "reopened", actor=actor, detail={"reason": reason.value})
        return worklist_item(row)


def history(database: Database, encounter_id: str) -> list[CodedSet]:
    """Returns all coded sets of an encounter, oldest first.

    Raises:
        NotFoundError: There is no such encounter.
    """
    query = select(CodedSetRow).where(CodedSetRow.encounter_id == encounter_id).order_by(CodedSetRow.number)
    with database.reading() as session:
        read_encounter(session, encounter_id)
        return [read_coded_set(row) for row in session.scalars(query)]


def read_coded_set(row: CodedSetRow) -> CodedSet:
    """Returns the record of a row."""
    return CodedSet(
        encounter_id=row.encounter_id,
        number=row.number,
        encounter_version=row.encounter_version,
        suggestion=row.suggestion,
        last_note=row.last_note,
        last_decision=row.last_decision,
        lines=tuple(from_json(CodedLine, line) for line in row.lines),
        finalised_by=row.finalised_by,
        finalised_at=row.finalised_at,
    )


def _last_number(session: Session, encounter_id: str) -> int:
    query = select(func.max(CodedSetRow.number)).where(CodedSetRow.encounter_id == encounter_id)
    return session.scalar(query) or 0


def _last_decision(session: Session, encounter_id: str) -> int:
    query = select(func.max(DecisionRow.sequence)).where(DecisionRow.encounter_id == encounter_id)
    return session.scalar(query) or 0
