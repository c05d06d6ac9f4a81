"""Sessions of browsers: short-lived keys of the store under a scope of their own.

The store keeps a hash of each and answers for expiry and revocation, so that any process on any machine knows
every session. A key lives for the idle time only. Whoever goes on working gets the next one of the same family,
until the moment at which the family ends.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from store import api_keys
from store.api_keys import ApiKey
from store.database import Database
from store.users import User

SCOPE = "session"
"""Scope of sessions; no permission has this name, so that a session is worth nothing as an API key."""

_LABEL = re.compile(r"session:([0-9a-f]{16}):(\d{1,12})")
_RENEW_AFTER = 0.25


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a session lasts: without requests (``idle``), and at the most (``whole``)."""

    idle: timedelta
    whole: timedelta


@dataclass(frozen=True, slots=True)
class Session:
    """A session that is valid.

    Attributes:
        user: Who signed in.
        family: Names all keys that followed from one sign-in.
        expires_at: When the present key expires.
        ends_at: When the family ends.
    """

    user: User
    family: str
    expires_at: datetime
    ends_at: datetime


def begin(database: Database, user: User, lifetime: Lifetime) -> tuple[Session, str]:
    """Returns a new session with its token."""
    # Labels hold whole seconds.
    ends_at = (database.now() + lifetime.whole).replace(microsecond=0)
    return _issue(database, user, secrets.token_hex(8), ends_at, lifetime)


def read(database: Database, token: str) -> Session | None:
    """Returns the session that a token belongs to; ``None`` for any other token."""
    found = api_keys.verify(database, token)
    if found is None:
        return None
    user, key = found
    match = _LABEL.fullmatch(key.label)
    if match is None or not is_session(key):
        return None
    return Session(user, match[1], key.expires_at, datetime.fromtimestamp(int(match[2]), UTC))


def renew(database: Database, session: Session, lifetime: Lifetime) -> tuple[Session, str] | None:
    """Returns the session under its next key once a quarter of the idle time has gone, else ``None``."""
    age = lifetime.idle - (session.expires_at - database.now())
    if age < _RENEW_AFTER * lifetime.idle or session.expires_at >= session.ends_at:
        return None
    return _issue(database, session.user, session.family, session.ends_at, lifetime)


def end(database: Database, user_id: str, *, family: str | None = None, but: str | None = None) -> None:
    """Ends sessions of a user.

    Args:
        database: The database.
        user_id: The user.
        family: Only this one; by default all.
        but: A family that goes on.
    """
    now = database.now()
    for key in api_keys.all_keys(database, user_id=user_id):
        match = _LABEL.fullmatch(key.label) if is_session(key) else None
        if match is None or key.revoked_at is not None or key.expires_at <= now:
            continue
        if match[1] != but and family in (None, match[1]):
            api_keys.revoke(database, key.id, actor=user_id)


def is_session(key: ApiKey) -> bool:
    """Returns whether a key of the store is that of a session."""
    return key.scopes == {SCOPE}


def _issue(database: Database, user: User, family: str, ends_at: datetime, lifetime: Lifetime) -> tuple[Session, str]:
    expires_at = min(database.now() + lifetime.idle, ends_at)
    label = f"session:{family}:{int(ends_at.timestamp())}"
    key, token = api_keys.issue(database, user.id, label=label, scopes=[SCOPE], expires_at=expires_at, actor=user.id)
    return Session(user, family, key.expires_at, ends_at), token
