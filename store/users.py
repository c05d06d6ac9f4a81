"""Users with local passwords (Argon2id) and roles."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from store.audit import append
from store.database import Database
from store.errors import AlreadyExistsError, InvalidValueError, NotFoundError
from store.tables import Role, UserRoleRow, UserRow

MIN_PASSWORD = 15
"""Fewest characters of a password that is the only factor (NIST SP 800-63B-4, section 3.1.1.2)."""
MAX_PASSWORD = 256

_NAME = re.compile(r"[a-z0-9._@+-]{1,64}")
# The library's defaults are the low-memory profile of RFC 9106: 64 MiB, 3 passes, 4 lanes.
_HASHER = PasswordHasher()


@dataclass(frozen=True, slots=True)
class User:
    """A person or a service that acts.

    Attributes:
        id: Opaque, never reused; decisions and audit events name it.
        name: What the user signs in with, in lower case.
        roles: What the user is.
        active: Whether the user may act.
        has_password: Whether the user can sign in with a password.
        created_at: When, in UTC.
    """

    id: str
    name: str
    roles: frozenset[Role]
    active: bool
    has_password: bool
    created_at: datetime


def create(
    database: Database,
    name: str,
    *,
    roles: Collection[Role],
    password: str | None = None,
    actor: str | None,
) -> User:
    """Creates an active user.

    Args:
        database: The database.
        name: 1 to 64 of a-z 0-9 . _ @ + -; capitals are lowered.
        roles: One or more.
        password: 15 to 256 characters; ``None`` for a user who never signs in with one.
        actor: Id of the user who does it, ``None`` for the program itself.

    Raises:
        AlreadyExistsError: The name is taken.
        InvalidValueError: Name or password break the rules, or there is no role.
    """
    name = name.lower()
    if not _NAME.fullmatch(name):
        raise InvalidValueError("a user name must be 1 to 64 characters of a-z 0-9 . _ @ + -")
    _check_roles(roles)
    hashed = None if password is None else _hash(password)
    at = database.now()
    row = UserRow(id=secrets.token_hex(16), name=name, password_hash=hashed, active=True, created_at=at)
    with database.writing() as session:
        session.add(row)
        try:
            session.flush()
        except IntegrityError:
            raise AlreadyExistsError("there is a user with this name") from None
        _set_roles(session, row.id, roles)
        detail = {"user": row.id, "roles": sorted(roles)}
        append(session, at, "user-created", actor=actor, detail=detail)
        return _user(session, row)


def get(database: Database, user_id: str) -> User:
    """Returns a user.

    Raises:
        NotFoundError: There is none with this id.
    """
    with database.reading() as session:
        return _user(session, _row(session, user_id))


def find(database: Database, name: str) -> User | None:
    """Returns the user of a name, ``None`` where there is none."""
    with database.reading() as session:
        row = session.scalar(select(UserRow).filter_by(name=name.lower()))
        return None if row is None else _user(session, row)


def all_users(database: Database) -> list[User]:
    """Returns all users by name."""
    with database.reading() as session:
        return [_user(session, row) for row in session.scalars(select(UserRow).order_by(UserRow.name))]


def verify_password(database: Database, name: str, password: str) -> User | None:
    """Returns the active user whom name and password belong to, else ``None``.

    An unknown name takes as long as a wrong password. A hash made with weaker parameters than today's is
    renewed.
    """
    with database.reading() as session:
        row = session.scalar(select(UserRow).filter_by(name=name.lower()))
    stored = row.password_hash if row is not None and row.active else None
    # No connection is held meanwhile: hashing takes tens of milliseconds and 64 MiB.
    matches = _verify(stored or _nobody(), password[: MAX_PASSWORD + 1])
    if row is None or stored is None or not matches:
        return None
    if _HASHER.check_needs_rehash(stored):
        renewed = _HASHER.hash(_normal(password))
        with database.writing() as session:
            _row(session, row.id, lock=True).password_hash = renewed
    return get(database, row.id)


def set_password(database: Database, user_id: str, password: str | None, *, actor: str | None) -> None:
    """Sets a new password, or none.

    Raises:
        NotFoundError: There is no such user.
        InvalidValueError: The password is too short or too long.
    """
    hashed = None if password is None else _hash(password)
    with database.writing() as session:
        _row(session, user_id, lock=True).password_hash = hashed
        append(session, database.now(), "password-set", actor=actor, detail={"user": user_id})


def set_roles(database: Database, user_id: str, roles: Collection[Role], *, actor: str | None) -> User:
    """Gives a user these roles and no others.

    Raises:
        NotFoundError: There is no such user.
        InvalidValueError: There is no role.
    """
    _check_roles(roles)
    with database.writing() as session:
        row = _row(session, user_id, lock=True)
        session.execute(delete(UserRoleRow).where(UserRoleRow.user_id == user_id))
        _set_roles(session, user_id, roles)
        detail = {"user": user_id, "roles": sorted(roles)}
        append(session, database.now(), "roles-set", actor=actor, detail=detail)
        return _user(session, row)


def deactivate(database: Database, user_id: str, *, actor: str | None) -> None:
    """Shuts a user out; what the user did stays.

    Raises:
        NotFoundError: There is no such user.
    """
    _set_active(database, user_id, "user-deactivated", active=False, actor=actor)


def activate(database: Database, user_id: str, *, actor: str | None) -> None:
    """Lets a user in again.

    Raises:
        NotFoundError: There is no such user.
    """
    _set_active(database, user_id, "user-activated", active=True, actor=actor)


def require_active(session: Session, user_id: str) -> None:
    """Checks that a user exists and may act.

    Raises:
        NotFoundError: There is no such user, or it is deactivated.
    """
    row = session.get(UserRow, user_id)
    if row is None or not row.active:
        raise NotFoundError("there is no active user with this id")


def read_user(session: Session, user_id: str) -> User:
    """Returns a user, within a transaction.

    Raises:
        NotFoundError: There is none with this id.
    """
    return _user(session, _row(session, user_id))


def _set_active(database: Database, user_id: str, action: str, *, active: bool, actor: str | None) -> None:
    with database.writing() as session:
        _row(session, user_id, lock=True).active = active
        append(session, database.now(), action, actor=actor, detail={"user": user_id})


def _row(session: Session, user_id: str, *, lock: bool = False) -> UserRow:
    row = session.get(UserRow, user_id, with_for_update=lock)
    if row is None:
        raise NotFoundError("there is no user with this id")
    return row


def _user(session: Session, row: UserRow) -> User:
    roles = session.scalars(select(UserRoleRow.role).where(UserRoleRow.user_id == row.id))
    return User(row.id, row.name, frozenset(roles), row.active, row.password_hash is not None, row.created_at)


def _check_roles(roles: Collection[Role]) -> None:
    if not roles:
        raise InvalidValueError(f"a user needs a role; expected one or more of {', '.join(Role)}")


def _set_roles(session: Session, user_id: str, roles: Collection[Role]) -> None:
    session.add_all(UserRoleRow(user_id=user_id, role=role) for role in sorted(set(roles)))
    session.flush()


def _normal(password: str) -> str:
    # Keyboards send the same character in several forms (NIST SP 800-63B-4, section 3.1.1.2).
    return unicodedata.normalize("NFKC", password)


def _hash(password: str) -> str:
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise InvalidValueError(f"a password must have {MIN_PASSWORD} to {MAX_PASSWORD} characters")
    try:
        return _HASHER.hash(_normal(password))
    except UnicodeEncodeError:
        raise InvalidValueError("a password must be readable text without lone surrogates") from None


def _verify(hashed: str, password: str) -> bool:
    try:
        return _HASHER.verify(hashed, _normal(password))
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False


@lru_cache(maxsize=1)
def _nobody() -> str:
    """Returns the hash of a password that nobody has."""
    return _HASHER.hash(secrets.token_hex(32))
