"""Who sends a request: a session, an API key, a token of the environment, or the one user of a machine.

Single-user mode: where the service listens on loopback, no token is set and no account exists, whoever reaches
it acts as the user ``local`` and may do everything. It ends for good with the first account.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from threading import Lock

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import sessions
from api.errors import Problem
from api.middleware import host_name
from api.permissions import ALL_PERMISSIONS, Permission, permissions_of
from api.settings import Settings, is_loopback
from api.storage import Storage
from api.throttle import SignInThrottle
from store import api_keys, audit, users
from store.database import Database
from store.errors import AlreadyExistsError
from store.tables import Role
from store.users import User

LOCAL_USER = "local"
"""Name of the user of single-user mode; it has no password."""

TOKEN_PERMISSIONS = frozenset({Permission.SUGGEST, Permission.CODES_READ})
"""What ``CHARTCODER_API_TOKENS`` are good for: a token has no user who could answer for a decision."""

_COOKIE = "chartcoder-session"
_MOST_RENEWED = 1000


class Via(StrEnum):
    """How a sender is known."""

    SINGLE_USER = "single-user"
    SESSION = "session"
    KEY = "key"
    TOKEN = "token"  # noqa: S105  (the name of a way, no secret)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who sent a request.

    Attributes:
        user: The user who answers for it; ``None`` for a token of the environment.
        permissions: What it may do.
        via: How it is known.
        expires_at: When its session or key ends at the latest.
        family: Family of its session.
    """

    user: User | None
    permissions: frozenset[Permission]
    via: Via
    expires_at: datetime | None = None
    family: str | None = None

    def may(self, permission: Permission) -> bool:
        """Returns whether it has a permission."""
        return permission in self.permissions

    @property
    def user_id(self) -> str:
        """Id of the user who answers for the request.

        Raises:
            Problem: It is known by a token of the environment only.
        """
        if self.user is None:
            raise Problem("forbidden", "this needs a user: sign in, or use an API key of one")
        return self.user.id


class Authenticator:
    """Finds out who sends requests, signs users in and out. Its methods block: call them in threads."""

    def __init__(self, settings: Settings, storage: Storage) -> None:
        """Takes settings and storage; nothing is opened yet."""
        self._storage = storage
        self._tokens = settings.api_tokens
        self._may_be_single = is_loopback(settings.host) and not settings.api_tokens
        self._lifetime = sessions.Lifetime(
            timedelta(minutes=settings.session_idle_minutes), timedelta(hours=settings.session_hours)
        )
        self._throttle = SignInThrottle()
        self._lock = Lock()
        self._renewed: OrderedDict[str, None] = OrderedDict()

    def identify(self, request: Request) -> Principal | None:
        """Returns who sends a request, ``None`` for anyone unknown.

        An ``Authorization`` header counts alone; without one the cookie of the session does, and then
        single-user mode. A session that has been worked in is prolonged.
        """
        header = request.headers.get("authorization")
        if header is not None:
            return self._from_header(header)
        token = request.cookies.get(cookie_name(request))
        if token is not None and (who := self._from_cookie(request, token)) is not None:
            return who
        local = self.local_user()
        return None if local is None else Principal(local, ALL_PERMISSIONS, Via.SINGLE_USER)

    def local_user(self) -> User | None:
        """Returns the user of single-user mode, ``None`` where that is not the mode."""
        if not self._may_be_single:
            return None
        database = self._storage.database
        if accounts_exist(database):
            # An account is never deleted, so that this need not be asked again.
            self._may_be_single = False
            return None
        found = users.find(database, LOCAL_USER)
        if found is None:
            try:
                found = users.create(database, LOCAL_USER, roles=list(Role), actor=None)
            except AlreadyExistsError:
                # Another process was first.
                found = users.find(database, LOCAL_USER)
        return found if found is not None and found.active else None

    def sign_in(self, request: Request, name: str, password: str) -> Principal:
        """Begins a session and leaves its cookie with the request for ``SessionCookie``.

        Raises:
            Problem: Name and password do not fit, or there were too many attempts.
        """
        database = self._storage.database
        user = self.check_password(name, password)
        session, token = sessions.begin(database, user, self._lifetime)
        audit.record(database, "signed-in", actor=user.id)
        _leave_cookie(request, token)
        return _of_session(session)

    def check_password(self, name: str, password: str) -> User:
        """Returns the user whom name and password belong to.

        Raises:
            Problem: They do not fit, or there were too many attempts.
        """
        database = self._storage.database
        with self._throttle.attempt(name):
            user = users.verify_password(database, name, password)
        if user is None:
            self._throttle.failed(name)
            # Without the name: people type their password into the wrong field.
            audit.record(database, "sign-in-failed", actor=None)
            raise Problem("wrong-password")
        self._throttle.succeeded(name)
        return user

    def sign_out(self, request: Request) -> None:
        """Ends the session of a request, if it has one, and takes its cookie away."""
        token = request.cookies.get(cookie_name(request))
        database = self._storage.database
        session = None if token is None else sessions.read(database, token)
        if session is not None:
            sessions.end(database, session.user.id, family=session.family)
            audit.record(database, "signed-out", actor=session.user.id)
        _leave_cookie(request, "")

    def _from_header(self, header: str) -> Principal | None:
        scheme, _, token = header.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            return None
        if _matches(token, self._tokens):
            return Principal(None, TOKEN_PERMISSIONS, Via.TOKEN)
        found = api_keys.verify(self._storage.database, token)
        if found is None or sessions.is_session(found[1]):
            return None
        user, key = found
        scopes = frozenset(permission for permission in ALL_PERMISSIONS if permission.value in key.scopes)
        return Principal(user, permissions_of(user.roles) & scopes, Via.KEY, key.expires_at)

    def _from_cookie(self, request: Request, token: str) -> Principal | None:
        database = self._storage.database
        session = sessions.read(database, token)
        if session is None:
            return None
        if self._first_to_renew(token):
            renewed = sessions.renew(database, session, self._lifetime)
            if renewed is None:
                self._may_renew_again(token)
            else:
                session, token = renewed
                _leave_cookie(request, token)
        return _of_session(session)

    def _first_to_renew(self, token: str) -> bool:
        # A page asks for several things at once; one new key for all of them is enough.
        digest = _digest(token).hex()
        with self._lock:
            if digest in self._renewed:
                return False
            self._renewed[digest] = None
            while len(self._renewed) > _MOST_RENEWED:
                self._renewed.popitem(last=False)
            return True

    def _may_renew_again(self, token: str) -> None:
        with self._lock:
            self._renewed.pop(_digest(token).hex(), None)


def accounts_exist(database: Database) -> bool:
    """Returns whether anyone but the user of single-user mode exists; then it takes a sign-in."""
    return any(user.name != LOCAL_USER or user.has_password for user in users.all_users(database))


def cookie_name(request: Request) -> str:
    """Returns the name of the session's cookie; the prefix keeps others of the domain from setting it."""
    return f"__Host-{_COOKIE}" if _is_secure(request) else _COOKIE


class SessionCookie:
    """Sets the cookie that signing in, signing out or prolonging a session left with the request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a request."""
        # Made here, as routers may hand a copy of the scope on, and the copies then share the state.
        state = scope.setdefault("state", {})

        async def with_cookie(message: Message) -> None:
            cookie = state.get("session_cookie")
            if message["type"] == "http.response.start" and cookie is not None:
                MutableHeaders(scope=message).append("Set-Cookie", cookie)
            await send(message)

        await self._app(scope, receive, with_cookie)


def _leave_cookie(request: Request, token: str) -> None:
    # Without Max-Age the cookie ends with the browser, and the store ends it before that.
    parts = [f"{cookie_name(request)}={token}", "Path=/", "HttpOnly", "SameSite=Strict"]
    if _is_secure(request):
        parts.append("Secure")
    if not token:
        parts.append("Max-Age=0")
    request.state.session_cookie = "; ".join(parts)


def _is_secure(request: Request) -> bool:
    # Plain HTTP is served under the names of this machine only; any other name has TLS before it.
    return not is_loopback(host_name(request.headers.get("host", "")))


def _of_session(session: sessions.Session) -> Principal:
    return Principal(session.user, permissions_of(session.user.roles), Via.SESSION, session.ends_at, session.family)


def _matches(token: str, known: Iterable[str]) -> bool:
    # Hashes have one length, so that the time taken tells nothing of the tokens.
    given = _digest(token)
    return any(hmac.compare_digest(given, _digest(candidate)) for candidate in known)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
