"""The audit trail: who did what and when, append-only and without chart text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.checks import check_identifier
from store.database import Database
from store.errors import InvalidValueError
from store.tables import AuditEventRow

MAX_EVENTS = 500

Detail = Mapping[str, object]
"""Names with whole numbers, short words, lists of them, or nothing."""

# Short and without spaces: words of a chart do not pass.
_WORD = re.compile(r"[A-Za-z0-9._:/@+-]{0,128}")


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One entry of the trail.

    Attributes:
        id: Rises with time; gaps mean nothing.
        at: When, in UTC.
        actor: Id of the user who acted; ``None`` for the program itself.
        action: What was done, such as ``decisions-recorded``.
        encounter_id: The encounter concerned, if one was.
        encounter_version: Version of the encounter after the act, if the act changed it.
        detail: Numbers, ids and codes.
    """

    id: int
    at: datetime
    actor: str | None
    action: str
    encounter_id: str | None
    encounter_version: int | None
    detail: Detail


def record(
    database: Database, action: str, *, actor: str | None, encounter_id: str | None = None, detail: Detail | None = None
) -> None:
    """Records something that changed no table of the store (a sign-in, a chart read, an export).

    Raises:
        InvalidValueError: Action, ids or details are not short words without spaces.
    """
    with database.writing() as session:
        append(session, database.now(), action, actor=actor, encounter_id=encounter_id, detail=detail)


def append(
    session: Session,
    at: datetime,
    action: str,
    *,
    actor: str | None,
    encounter_id: str | None = None,
    encounter_version: int | None = None,
    detail: Detail | None = None,
) -> None:
    """Adds an event to the transaction of the act that it records; see ``record``."""
    check_identifier(action, "the action of an audit event")
    for name, value in (("actor", actor), ("encounter", encounter_id)):
        if value is not None:
            check_identifier(value, f"the {name} of an audit event")
    content = dict(detail or {})
    for part in (*content, *content.values()):
        if not all(_passes(word) for word in (part if isinstance(part, list) else [part])):
            raise InvalidValueError("details of an audit event must be numbers or words without spaces")
    session.add(
        AuditEventRow(
            at=at,
            actor=actor,
            action=action,
            encounter_id=encounter_id,
            encounter_version=encounter_version,
            detail=content,
        )
    )


def events(
    database: Database,
    *,
    encounter_id: str | None = None,
    actor: str | None = None,
    after: int = 0,
    limit: int = 100,
) -> list[AuditEvent]:
    """Returns events, oldest first.

    Args:
        database: The database.
        encounter_id: Only those of this encounter.
        actor: Only those of this user.
        after: Only those with a higher id (the last one of the page before).
        limit: Most events, 1 to 500.
    """
    query = select(AuditEventRow).where(AuditEventRow.id > after)
    if encounter_id is not None:
        query = query.where(AuditEventRow.encounter_id == encounter_id)
    if actor is not None:
        query = query.where(AuditEventRow.actor == actor)
    query = query.order_by(AuditEventRow.id).limit(max(1, min(limit, MAX_EVENTS)))
    with database.reading() as session:
        return [_event(row) for row in session.scalars(query)]


def changes_since(session: Session, encounter_id: str, version: int) -> list[AuditEvent]:
    """Returns what changed an encounter after a version of it, oldest first."""
    query = (
        select(AuditEventRow)
        .where(AuditEventRow.encounter_id == encounter_id, AuditEventRow.encounter_version > version)
        .order_by(AuditEventRow.encounter_version)
    )
    return [_event(row) for row in session.scalars(query)]


def _passes(value: object) -> bool:
    return value is None or isinstance(value, int) or (isinstance(value, str) and bool(_WORD.fullmatch(value)))


def _event(row: AuditEventRow) -> AuditEvent:
    return AuditEvent(
        id=row.id,
        at=row.at,
        actor=row.actor,
        action=row.action,
        encounter_id=row.encounter_id,
        encounter_version=row.encounter_version,
        detail=row.detail,
    )
