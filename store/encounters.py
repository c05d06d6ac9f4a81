"""Encounters and the worklist: create, read, list, assign, claim."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from store.audit import append
from store.checks import check_identifier
from store.database import Database
from store.encounter_log import advance, check_version, count_notes, lock_encounter, read_encounter
from store.errors import AlreadyExistsError, EncounterStatusError, InvalidValueError
from store.notes import check_note, note_row, read_notes
from store.tables import EncounterRow, EncounterStatus, PatientRow
from store.users import require_active
from suggest.documents import validate_encounter
from suggest.records import Claim, Encounter, Patient, Setting

MAX_PAGE = 200


@dataclass(frozen=True, slots=True)
class WorklistItem:
    """An encounter as the worklist shows it, without its notes.

    Attributes:
        id: Id of the encounter.
        patient_key: Pseudonym of the patient, if known.
        setting: Where the service was given.
        claim: Who bills.
        payer: Policy key of the payer.
        date_of_service: First day of service.
        discharge: Day of discharge of a stay.
        status: How far it has come.
        assigned_to: Id of the user who works on it.
        version: Version that the next change has to name.
        open_queries: How many queries to the provider wait for an answer.
        created_at: When it was stored, in UTC.
    """

    id: str
    patient_key: str | None
    setting: Setting
    claim: Claim
    payer: str | None
    date_of_service: date | None
    discharge: date | None
    status: EncounterStatus
    assigned_to: str | None
    version: int
    open_queries: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StoredEncounter:
    """An encounter with all that is suggested from.

    Attributes:
        item: Where it stands on the worklist.
        encounter: The record with the notes that count (none that is superseded).
        last_note: Highest sequence number of its notes; a suggestion run names it as what it read.
    """

    item: WorklistItem
    encounter: Encounter
    last_note: int


@dataclass(frozen=True, slots=True)
class EncounterFilter:
    """Which encounters are wanted; ``None`` and empty fields filter nothing.

    Attributes:
        status: One of these.
        assigned_to: Id of the user who works on it.
        unassigned: Only those that nobody works on.
        settings: One of these.
        claim: Who bills.
        payer: Policy key of the payer.
        patient_key: Pseudonym of the patient.
        served_from: First day of service on or after this day.
        served_to: First day of service on or before this day.
        waiting: Only those with an open query, or only those without.
    """

    status: tuple[EncounterStatus, ...] = ()
    assigned_to: str | None = None
    unassigned: bool = False
    settings: tuple[Setting, ...] = ()
    claim: Claim | None = None
    payer: str | None = None
    patient_key: str | None = None
    served_from: date | None = None
    served_to: date | None = None
    waiting: bool | None = None


ALL = EncounterFilter()


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a list; ``cursor`` asks for the next part and is ``None`` on the last."""

    items: tuple[WorklistItem, ...]
    cursor: str | None


def create(
    database: Database, encounter: Encounter, *, patient_key: str | None = None, actor: str | None
) -> StoredEncounter:
    """Stores an encounter with its notes, open and unassigned.

    Args:
        database: The database.
        encounter: The record; its id names the encounter from now on.
        patient_key: Pseudonym of the patient; training keeps the charts of a patient together by it.
        actor: Id of the user who stores it, ``None`` for the program itself.

    Raises:
        AlreadyExistsError: The id is taken.
        EncounterError: The facts contradict each other, or there is no note.
        DocumentError: A text cannot be read.
        InvalidValueError: An id is malformed.
    """
    for name, value in (
        ("the id of the encounter", encounter.id),
        ("the patient key", patient_key),
        ("the payer", encounter.payer),
        ("the policy", encounter.policy),
    ):
        if value is not None:
            check_identifier(value, name)
    for note in encounter.notes:
        check_note(note)
    at = database.now()
    validate_encounter(encounter, today=at.date())
    with database.writing() as session:
        if patient_key is not None:
            _ensure_patient(session, patient_key, at)
        row = _row(encounter, patient_key, at)
        session.add(row)
        try:
            session.flush()
        except IntegrityError:
            raise AlreadyExistsError("there is an encounter with this id") from None
        session.add_all(note_row(encounter.id, number, note, at) for number, note in enumerate(encounter.notes, 1))
        append(session, at, "encounter-created", actor=actor, encounter_id=row.id, encounter_version=row.version)
        return StoredEncounter(worklist_item(row), encounter, len(encounter.notes))


def get(database: Database, encounter_id: str) -> StoredEncounter:
    """Returns an encounter with its notes.

    Raises:
        NotFoundError: There is none with this id.
    """
    with database.reading() as session:
        return _stored(session, read_encounter(session, encounter_id))


def worklist(database: Database, wanted: EncounterFilter = ALL, *, cursor: str | None = None, limit: int = 50) -> Page:
    """Returns encounters in the order in which they were stored.

    Args:
        database: The database.
        wanted: Which ones.
        cursor: The cursor of the page before; it stays valid while encounters come and go.
        limit: Most encounters, 1 to 200.

    Raises:
        InvalidValueError: The cursor is not one of ``worklist``.
    """
    query = _filtered(wanted)
    if cursor is not None:
        at, last = _read_cursor(cursor)
        query = query.where(
            or_(EncounterRow.created_at > at, and_(EncounterRow.created_at == at, EncounterRow.id > last))
        )
    limit = max(1, min(limit, MAX_PAGE))
    with database.reading() as session:
        items = tuple(worklist_item(row) for row in session.scalars(query.limit(limit + 1)))
    more = len(items) > limit
    return Page(items[:limit], _write_cursor(items[limit - 1]) if more else None)


def assign(
    database: Database, encounter_id: str, user_id: str | None, *, actor: str | None, expected_version: int
) -> WorklistItem:
    """Gives an encounter to a user, or back to the worklist (``None``).

    Raises:
        NotFoundError: There is no such encounter, or no such active user.
        VersionConflictError: The encounter changed since the expected version.
        EncounterStatusError: The encounter is finalised.
    """
    with database.writing() as session:
        row = lock_encounter(session, encounter_id)
        check_version(session, row, expected_version)
        if row.status is EncounterStatus.FINALISED:
            raise EncounterStatusError("the encounter is finalised; reopen it before you assign it")
        _assign(session, row, user_id, actor, database.now())
        return worklist_item(row)


def claim_next(database: Database, user_id: str, wanted: EncounterFilter = ALL) -> StoredEncounter | None:
    """Gives a user the oldest open encounter that nobody has; two callers never get the same one.

    Args:
        database: The database.
        user_id: Id of the user.
        wanted: Narrows the choice; its status and assignment are not looked at.

    Returns:
        The encounter, assigned and in progress; ``None`` where none is left.

    Raises:
        NotFoundError: There is no such active user.
    """
    query = (
        _filtered(wanted, claimable=True)
        .limit(1)
        # On PostgreSQL, what others are claiming at this moment is passed over; SQLite has one writer.
        .with_for_update(skip_locked=True)
    )
    with database.writing() as session:
        require_active(session, user_id)
        row = session.scalar(query)
        if row is None:
            return None
        _assign(session, row, user_id, user_id, database.now())
        return _stored(session, row)


def read_record(session: Session, row: EncounterRow, *, last: int | None = None) -> Encounter:
    """Returns the record of an encounter with the notes that counted as of a sequence number of notes."""
    return Encounter(
        id=row.id,
        notes=read_notes(session, row.id, last=last),
        setting=row.setting,
        claim=row.claim,
        payer=row.payer,
        policy=row.policy,
        patient=Patient(row.age, row.sex),
        date_of_service=row.date_of_service,
        admission=row.admission,
        discharge=row.discharge,
    )


def _assign(session: Session, row: EncounterRow, user_id: str | None, actor: str | None, at: datetime) -> None:
    if user_id is not None:
        require_active(session, user_id)
    row.assigned_to = user_id
    row.status = EncounterStatus.OPEN if user_id is None else EncounterStatus.IN_PROGRESS
    advance(session, row, at, "assigned", actor=actor, detail={"user": user_id})


def _filtered(wanted: EncounterFilter, *, claimable: bool = False) -> Select[EncounterRow]:
    query = select(EncounterRow).order_by(EncounterRow.created_at, EncounterRow.id)
    if claimable:
        query = query.where(EncounterRow.status == EncounterStatus.OPEN, EncounterRow.assigned_to.is_(None))
    else:
        if wanted.status:
            query = query.where(EncounterRow.status.in_(wanted.status))
        if wanted.unassigned:
            query = query.where(EncounterRow.assigned_to.is_(None))
        if wanted.assigned_to is not None:
            query = query.where(EncounterRow.assigned_to == wanted.assigned_to)
    if wanted.settings:
        query = query.where(EncounterRow.setting.in_(wanted.settings))
    for column, value in (
        (EncounterRow.claim, wanted.claim),
        (EncounterRow.payer, wanted.payer),
        (EncounterRow.patient_id, wanted.patient_key),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.served_from is not None:
        query = query.where(EncounterRow.date_of_service >= wanted.served_from)
    if wanted.served_to is not None:
        query = query.where(EncounterRow.date_of_service <= wanted.served_to)
    if wanted.waiting is not None:
        query = query.where(EncounterRow.open_queries > 0 if wanted.waiting else EncounterRow.open_queries == 0)
    return query


def _ensure_patient(session: Session, patient_key: str, at: datetime) -> None:
    # Two encounters of a new patient may come at the same time.
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(insert(PatientRow).values(id=patient_key, created_at=at).on_conflict_do_nothing())


def _row(encounter: Encounter, patient_key: str | None, at: datetime) -> EncounterRow:
    return EncounterRow(
        id=encounter.id,
        patient_id=patient_key,
        setting=encounter.setting,
        claim=encounter.claim,
        payer=encounter.payer,
        policy=encounter.policy,
        age=encounter.patient.age,
        sex=encounter.patient.sex,
        date_of_service=encounter.date_of_service,
        admission=encounter.admission,
        discharge=encounter.discharge,
        status=EncounterStatus.OPEN,
        assigned_to=None,
        version=1,
        open_queries=0,
        created_at=at,
    )


def _stored(session: Session, row: EncounterRow) -> StoredEncounter:
    return StoredEncounter(worklist_item(row), read_record(session, row), count_notes(session, row.id))


def worklist_item(row: EncounterRow) -> WorklistItem:
    """Returns a row as the worklist shows it."""
    return WorklistItem(
        id=row.id,
        patient_key=row.patient_id,
        setting=row.setting,
        claim=row.claim,
        payer=row.payer,
        date_of_service=row.date_of_service,
        discharge=row.discharge,
        status=row.status,
        assigned_to=row.assigned_to,
        version=row.version,
        open_queries=row.open_queries,
        created_at=row.created_at,
    )


def _write_cursor(item: WorklistItem) -> str:
    return base64.urlsafe_b64encode(json.dumps([item.created_at.isoformat(), item.id]).encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    try:
        at, last = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError
        return moment, check_identifier(last, "the cursor")
    except (ValueError, TypeError, RecursionError, binascii.Error, InvalidValueError):
        raise InvalidValueError("the cursor is not one that a list returned; start again without it") from None
