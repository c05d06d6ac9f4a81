"""Queries to the provider: opened by a coder, then answered by a note or withdrawn.

What is asked is kept as it was asked. Nothing is sent from here: whoever carries a query to the provider and back
reads it, and answers it with the provider's note.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from store.checks import MAX_REASON, check_evidence, check_identifier, check_text
from store.database import Database
from store.encounter_log import advance, check_version, latest_suggestion, lock_encounter, read_encounter
from store.errors import InvalidValueError, NotFoundError, QueryClosedError
from store.json_records import from_json, to_json
from store.notes import check_note, insert_note, read_notes
from store.tables import EncounterRow, QueryOutcomeRow, QueryRow
from store.users import require_active
from suggest.records import Note, Query

MAX_QUERIES = 100
MAX_INDICATORS = 20
MAX_OPTIONS = 20
MAX_OPTION = 200
MAX_QUESTION = 2000


class QueryState(StrEnum):
    """How far a query has come."""

    OPEN = "open"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class StoredQuery:
    """A query as it was asked, and how it ended.

    Attributes:
        number: Number within the encounter, from 1.
        query: Template (empty for a question of a coder's own), indicators, question and options.
        suggestion: Sequence number of the latest suggestion then, if there was one.
        opened_by: Id of the user.
        opened_at: When, in UTC.
        state: How far it has come.
        note: Id of the note that answers it.
        reason: Why it was withdrawn.
        closed_by: Id of the user who answered or withdrew it, ``None`` for the program itself.
        closed_at: When, in UTC.
    """

    number: int
    query: Query
    suggestion: int | None
    opened_by: str
    opened_at: datetime
    state: QueryState = QueryState.OPEN
    note: str | None = None
    reason: str | None = None
    closed_by: str | None = None
    closed_at: datetime | None = None


def open_query(
    database: Database, encounter_id: str, query: Query, *, actor: str, expected_version: int
) -> StoredQuery:
    """Opens a query; also on a finalised encounter, whose coded set stays until somebody reopens it.

    Args:
        database: The database.
        encounter_id: The encounter.
        query: What is asked. Its indicators quote the notes that count.
        actor: Id of the user who asks.
        expected_version: Version of the encounter that the user saw.

    Raises:
        NotFoundError: There is no such encounter, or no such active user.
        VersionConflictError: The encounter changed since.
        InvalidValueError: The query has no indicator or no question, is too long, or misquotes a note.
    """
    _check_query(query)
    with database.writing() as session:
        row = lock_encounter(session, encounter_id)
        require_active(session, actor)
        check_version(session, row, expected_version)
        check_evidence(query.indicators, read_notes(session, encounter_id))
        number = 1 + (session.scalar(select(func.max(QueryRow.number)).filter_by(encounter_id=encounter_id)) or 0)
        if number > MAX_QUERIES:
            raise InvalidValueError(f"an encounter has at most {MAX_QUERIES} queries")
        at = database.now()
        latest = latest_suggestion(session, encounter_id)
        stored = QueryRow(
            encounter_id=encounter_id,
            number=number,
            suggestion=None if latest is None else latest.sequence,
            body=to_json(query),
            opened_by=actor,
            opened_at=at,
        )
        session.add(stored)
        row.open_queries += 1
        detail = {"query": number, "template": query.template}
        advance(session, row, at, "query-opened", actor=actor, detail=detail)
        return _stored(stored, None)


def answer(
    database: Database,
    encounter_id: str,
    number: int,
    note: Note,
    *,
    actor: str | None,
    supersedes: str | None = None,
) -> StoredQuery:
    """Answers an open query with a note of the provider; suggest again afterwards.

    Args:
        database: The database.
        encounter_id: The encounter.
        number: Number of the query.
        note: What the provider wrote.
        actor: Id of the user who brings it, ``None`` for the program itself.
        supersedes: Id of the note that the provider amended.

    Raises:
        NotFoundError: There is no such encounter or query, or no such note to supersede.
        QueryClosedError: The query was answered or withdrawn before.
        AlreadyExistsError: The id of the note is taken, or the other note is superseded already.
        InvalidValueError: An id or the type of the note is malformed.
        DocumentError: The text cannot be read.
    """
    check_note(note)
    with database.writing() as session:
        row = lock_encounter(session, encounter_id)
        asked = _open_row(session, encounter_id, number)
        at = database.now()
        detail = insert_note(session, encounter_id, note, at, supersedes)
        outcome = QueryOutcomeRow(encounter_id=encounter_id, number=number, note=note.id, closed_by=actor, closed_at=at)
        _close(session, row, outcome)
        advance(session, row, at, "query-answered", actor=actor, detail={"query": number, **detail})
        return _stored(asked, outcome)


def withdraw(
    database: Database, encounter_id: str, number: int, *, reason: str, actor: str, expected_version: int
) -> StoredQuery:
    """Withdraws an open query, for a reason in the user's words.

    Raises:
        NotFoundError: There is no such encounter or query, or no such active user.
        VersionConflictError: The encounter changed since.
        QueryClosedError: The query was answered or withdrawn before.
        InvalidValueError: The reason is empty or too long.
    """
    check_text(reason, "the reason", most=MAX_REASON)
    with database.writing() as session:
        row = lock_encounter(session, encounter_id)
        require_active(session, actor)
        check_version(session, row, expected_version)
        asked = _open_row(session, encounter_id, number)
        at = database.now()
        outcome = QueryOutcomeRow(
            encounter_id=encounter_id, number=number, reason=reason, closed_by=actor, closed_at=at
        )
        _close(session, row, outcome)
        advance(session, row, at, "query-withdrawn", actor=actor, detail={"query": number})
        return _stored(asked, outcome)


def history(database: Database, encounter_id: str) -> list[StoredQuery]:
    """Returns all queries of an encounter as they were opened.

    Raises:
        NotFoundError: There is no such encounter.
    """
    statement = (
        select(QueryRow, QueryOutcomeRow)
        .outerjoin(
            QueryOutcomeRow,
            (QueryOutcomeRow.encounter_id == QueryRow.encounter_id) & (QueryOutcomeRow.number == QueryRow.number),
        )
        .where(QueryRow.encounter_id == encounter_id)
        .order_by(QueryRow.number)
    )
    with database.reading() as session:
        read_encounter(session, encounter_id)
        return [_stored(asked, outcome) for asked, outcome in session.execute(statement)]


def _check_query(query: Query) -> None:
    if query.template:
        check_identifier(query.template, "the template of a query")
    check_text(query.question, "the question", most=MAX_QUESTION)
    if not 1 <= len(query.indicators) <= MAX_INDICATORS:
        raise InvalidValueError(f"a query quotes 1 to {MAX_INDICATORS} clinical indicators from the notes")
    if len(query.options) > MAX_OPTIONS:
        raise InvalidValueError(f"a query has at most {MAX_OPTIONS} options")
    for option in query.options:
        check_text(option, "an option", most=MAX_OPTION)


def _open_row(session: Session, encounter_id: str, number: int) -> QueryRow:
    row = session.get(QueryRow, (encounter_id, number))
    if row is None:
        raise NotFoundError("the encounter has no query with this number")
    if session.get(QueryOutcomeRow, (encounter_id, number)) is not None:
        raise QueryClosedError("the query was answered or withdrawn before; read the encounter again")
    return row


def _close(session: Session, row: EncounterRow, outcome: QueryOutcomeRow) -> None:
    session.add(outcome)
    row.open_queries -= 1


def _stored(asked: QueryRow, outcome: QueryOutcomeRow | None) -> StoredQuery:
    stored = StoredQuery(
        number=asked.number,
        query=from_json(Query, asked.body),
        suggestion=asked.suggestion,
        opened_by=asked.opened_by,
        opened_at=asked.opened_at,
    )
    if outcome is None:
        return stored
    return replace(
        stored,
        state=QueryState.WITHDRAWN if outcome.note is None else QueryState.ANSWERED,
        note=outcome.note,
        reason=outcome.reason,
        closed_by=outcome.closed_by,
        closed_at=outcome.closed_at,
    )
