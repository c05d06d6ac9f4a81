"""API keys: scoped, expiring, revocable. The store keeps a hash of each; the key itself is shown once."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from store.audit import append
from store.checks import check_identifier
from store.database import Database
from store.errors import InvalidValueError, NotFoundError
from store.tables import ApiKeyRow
from store.users import User, read_user, require_active

PREFIX = "chartcoder"
"""Begins every key, so that secret scanners can find one that leaked."""

_SCOPE = re.compile(r"[a-z][a-z0-9:_-]{0,63}")
_TOKEN = re.compile(rf"{PREFIX}_([0-9a-f]{{16}})_([A-Za-z0-9_-]{{43}})")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key.

    Attributes:
        id: Public part of the key.
        user_id: The user on whose behalf it acts.
        label: What it is for.
        scopes: What it may be used for, at most what its user may do.
        created_at: When, in UTC.
        expires_at: From when on it is refused, in UTC.
        revoked_at: When it was revoked, if it was.
    """

    id: str
    user_id: str
    label: str
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


def issue(
    database: Database,
    user_id: str,
    *,
    label: str,
    scopes: Collection[str],
    expires_at: datetime,
    actor: str | None,
) -> tuple[ApiKey, str]:
    """Makes a key for a user.

    Args:
        database: The database.
        user_id: The user on whose behalf it acts.
        label: What it is for; 1 to 64 characters of A-Z a-z 0-9 . _ : -
        scopes: One or more names such as ``suggest`` or ``codes:read``.
        expires_at: From when on it is refused.
        actor: Id of the user who makes it, ``None`` for the program itself.

    Returns:
        What is known of the key, and the key itself, which cannot be read again.

    Raises:
        NotFoundError: There is no such active user.
        InvalidValueError: Label or scopes are malformed, or the key would have expired already.
    """
    check_identifier(label, "the label of a key")
    if not scopes or not all(_SCOPE.fullmatch(scope) for scope in scopes):
        raise InvalidValueError("a key needs scopes, each of lower-case letters, digits, colon, _ and -")
    at = database.now()
    if expires_at.tzinfo is None or expires_at <= at:
        raise InvalidValueError("a key must expire in the future, at a moment with a time zone")
    secret = secrets.token_urlsafe(32)
    row = ApiKeyRow(
        id=secrets.token_hex(8),
        user_id=user_id,
        label=label,
        secret_hash=_hash(secret),
        scopes=sorted(set(scopes)),
        created_at=at,
        expires_at=expires_at,
        revoked_at=None,
    )
    with database.writing() as session:
        require_active(session, user_id)
        session.add(row)
        detail = {"key": row.id, "user": user_id, "scopes": row.scopes}
        append(session, at, "api-key-issued", actor=actor, detail=detail)
    return _key(row), f"{PREFIX}_{row.id}_{secret}"


def verify(database: Database, token: str) -> tuple[User, ApiKey] | None:
    """Returns the active user and the key that a token belongs to; ``None`` for any other token."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        return None
    with database.reading() as session:
        row = session.get(ApiKeyRow, match[1])
        # The secret has 256 random bits, which no dictionary holds: a fast hash does. An unknown key is
        # compared too, so that the time taken does not tell which ids exist.
        matches = hmac.compare_digest(_hash(match[2]), bytes(32) if row is None else row.secret_hash)
        if row is None or not matches or row.revoked_at is not None or row.expires_at <= database.now():
            return None
        user = read_user(session, row.user_id)
        return (user, _key(row)) if user.active else None


def revoke(database: Database, key_id: str, *, actor: str | None) -> ApiKey:
    """Revokes a key; one that was revoked before keeps its moment.

    Raises:
        NotFoundError: There is no such key.
    """
    with database.writing() as session:
        row = session.get(ApiKeyRow, key_id, with_for_update=True)
        if row is None:
            raise NotFoundError("there is no API key with this id")
        if row.revoked_at is None:
            row.revoked_at = database.now()
            append(session, row.revoked_at, "api-key-revoked", actor=actor, detail={"key": key_id})
        return _key(row)


def all_keys(database: Database, *, user_id: str | None = None) -> list[ApiKey]:
    """Returns the keys of a user, or all, oldest first."""
    query = select(ApiKeyRow).order_by(ApiKeyRow.created_at, ApiKeyRow.id)
    if user_id is not None:
        query = query.where(ApiKeyRow.user_id == user_id)
    with database.reading() as session:
        return [_key(row) for row in session.scalars(query)]


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _key(row: ApiKeyRow) -> ApiKey:
    return ApiKey(
        id=row.id,
        user_id=row.user_id,
        label=row.label,
        scopes=frozenset(row.scopes),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
