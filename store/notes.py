"""Notes of an encounter. A stored note never changes: a late one is added, an amended one supersedes another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from store.audit import Detail
from store.checks import check_identifier, check_kind
from store.database import Database
from store.encounter_log import advance, count_notes, lock_encounter, read_encounter
from store.errors import AlreadyExistsError, NotFoundError
from store.tables import NoteRow
from suggest.documents import MAX_CHARACTERS, validate_text
from suggest.records import Note


@dataclass(frozen=True, slots=True)
class StoredNote:
    """A note with its place in the history of its encounter.

    Attributes:
        note: The note.
        sequence: Order of arrival within the encounter, from 1.
        supersedes: Id of the note that it took the place of.
        superseded: Whether another one took its place.
        created_at: When it was stored, in UTC.
    """

    note: Note
    sequence: int
    supersedes: str | None
    superseded: bool
    created_at: datetime


def add_note(
    database: Database, encounter_id: str, note: Note, *, actor: str | None, supersedes: str | None = None
) -> int:
    """Adds a late note, or one that takes the place of another; suggest again afterwards.

    A note may also come to a finalised encounter: its coded set stays as it is until somebody reopens it.

    Args:
        database: The database.
        encounter_id: The encounter.
        note: The note; with status ``entered-in-error`` it withdraws the one that it supersedes.
        actor: Id of the user who adds it, ``None`` for the program itself.
        supersedes: Id of the note of the encounter whose place it takes.

    Returns:
        The version of the encounter afterwards.

    Raises:
        NotFoundError: There is no such encounter, or no such note to supersede.
        AlreadyExistsError: The id of the note is taken, or the other note is superseded already.
        InvalidValueError: An id or the type of the note is malformed.
        DocumentError: The text cannot be read.
    """
    check_note(note)
    with database.writing() as session:
        row = lock_encounter(session, encounter_id)
        at = database.now()
        detail = insert_note(session, encounter_id, note, at, supersedes)
        advance(session, row, at, "note-added", actor=actor, detail=detail)
        return row.version


def insert_note(session: Session, encounter_id: str, note: Note, at: datetime, supersedes: str | None) -> Detail:
    """Adds a checked note to an encounter that is locked, and returns what the audit trail says of it.

    Raises:
        NotFoundError: There is no such note to supersede.
        AlreadyExistsError: The id of the note is taken, or the other note is superseded already.
    """
    ids = set(session.scalars(select(NoteRow.id).where(NoteRow.encounter_id == encounter_id)))
    if note.id in ids:
        raise AlreadyExistsError("the encounter has a note with this id; give every note its own")
    if supersedes is not None and supersedes not in ids:
        raise NotFoundError("the encounter has no note with the id to supersede")
    sequence = count_notes(session, encounter_id) + 1
    session.add(note_row(encounter_id, sequence, note, at, supersedes))
    try:
        session.flush()
    except IntegrityError:
        raise AlreadyExistsError("the note is superseded already; supersede the latest one") from None
    return {"note": note.id, "sequence": sequence, "supersedes": supersedes}


def all_notes(database: Database, encounter_id: str) -> list[StoredNote]:
    """Returns all notes of an encounter as they arrived, superseded ones among them.

    Raises:
        NotFoundError: There is no such encounter.
    """
    with database.reading() as session:
        read_encounter(session, encounter_id)
        rows = _rows(session, encounter_id, None)
    gone = {row.supersedes for row in rows}
    return [StoredNote(_note(row), row.sequence, row.supersedes, row.id in gone, row.created_at) for row in rows]


def read_notes(session: Session, encounter_id: str, *, last: int | None = None) -> tuple[Note, ...]:
    """Returns the notes that count: those not superseded, in order of arrival.

    Args:
        session: The transaction.
        encounter_id: The encounter.
        last: The state as of this sequence number of notes.
    """
    rows = _rows(session, encounter_id, last)
    gone = {row.supersedes for row in rows}
    return tuple(_note(row) for row in rows if row.id not in gone)


def note_row(encounter_id: str, sequence: int, note: Note, at: datetime, supersedes: str | None = None) -> NoteRow:
    """Returns a note as a row."""
    return NoteRow(
        encounter_id=encounter_id,
        sequence=sequence,
        id=note.id,
        supersedes=supersedes,
        type=note.type,
        author_role=note.author_role,
        status=note.status,
        date=note.date,
        text=note.text,
        created_at=at,
    )


def check_note(note: Note) -> None:
    """Checks that both databases can hold a note.

    Raises:
        InvalidValueError: Its id or type is malformed.
        DocumentError: The text is too long or holds a NUL, a lone surrogate or binary content.
    """
    check_identifier(note.id, "the id of a note")
    check_kind(note.type, "the type of a note")
    validate_text(note.text, MAX_CHARACTERS, note_id=note.id)


def _rows(session: Session, encounter_id: str, last: int | None) -> list[NoteRow]:
    query = select(NoteRow).where(NoteRow.encounter_id == encounter_id).order_by(NoteRow.sequence)
    if last is not None:
        query = query.where(NoteRow.sequence <= last)
    return list(session.scalars(query))


def _note(row: NoteRow) -> Note:
    return Note(row.id, row.text, row.type, row.author_role, row.status, row.date)
