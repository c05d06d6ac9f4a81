"""Permissions: every route declares the one it needs, and a test walks the routes.

A role gives permissions; an API key has those of its scopes, at most those of its user. In single-user mode
(``api.auth``) whoever reaches the service has them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request

from api.errors import Problem
from store.tables import Role

if TYPE_CHECKING:
    from api.auth import Authenticator, Principal


class Permission(StrEnum):
    """What a route needs."""

    PUBLIC = "public"
    SUGGEST = "suggest"
    AUDIT = "audit"
    CODES_READ = "codes:read"
    ENCOUNTERS_READ = "encounters:read"
    ENCOUNTERS_WRITE = "encounters:write"
    ENCOUNTERS_DECIDE = "encounters:decide"
    ENCOUNTERS_ASSIGN = "encounters:assign"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    MODELS_READ = "models:read"
    MODELS_WRITE = "models:write"


ALL_PERMISSIONS = frozenset(Permission) - {Permission.PUBLIC}
"""What can be given; ``PUBLIC`` is no permission but the lack of need for one."""

# Each role has what its work needs: whoever administers or trains reads no chart here.
ROLE_PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.CODER: frozenset(
        {
            Permission.SUGGEST,
            Permission.CODES_READ,
            Permission.ENCOUNTERS_READ,
            Permission.ENCOUNTERS_WRITE,
            Permission.ENCOUNTERS_DECIDE,
        }
    ),
    Role.LEAD: frozenset(
        {
            Permission.SUGGEST,
            Permission.AUDIT,
            Permission.CODES_READ,
            Permission.ENCOUNTERS_READ,
            Permission.ENCOUNTERS_WRITE,
            Permission.ENCOUNTERS_DECIDE,
            Permission.ENCOUNTERS_ASSIGN,
            Permission.USERS_READ,
            Permission.MODELS_READ,
        }
    ),
    Role.AUDITOR: frozenset(
        {
            Permission.AUDIT,
            Permission.CODES_READ,
            Permission.ENCOUNTERS_READ,
            Permission.USERS_READ,
            Permission.MODELS_READ,
        }
    ),
    Role.DATA_SCIENTIST: frozenset({Permission.SUGGEST, Permission.CODES_READ, Permission.MODELS_READ}),
    Role.ADMINISTRATOR: frozenset(
        {
            Permission.CODES_READ,
            Permission.USERS_READ,
            Permission.USERS_WRITE,
            Permission.MODELS_READ,
            Permission.MODELS_WRITE,
        }
    ),
    Role.SERVICE: frozenset(
        {Permission.SUGGEST, Permission.CODES_READ, Permission.ENCOUNTERS_READ, Permission.ENCOUNTERS_WRITE}
    ),
}


def permissions_of(roles: Iterable[Role]) -> frozenset[Permission]:
    """Returns what roles give together."""
    return frozenset[Permission]().union(*(ROLE_PERMISSIONS[role] for role in roles))


class PermissionCheck:
    """The dependency that enforces a permission; callers use ``requires``.

    It is a plain function to the framework and so runs in a thread: it looks into the database.
    """

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    def __call__(self, request: Request) -> None:
        """Refuses a request whose sender is unknown, lacks the permission, or is a page of another site."""
        check_origin(request)
        if self.permission is Permission.PUBLIC:
            return
        auth: Authenticator = request.app.state.auth
        who = auth.identify(request)
        if who is None:
            raise Problem(
                "unauthorized",
                "sign in, or send a key of this service: Authorization: Bearer KEY",
                headers={"WWW-Authenticate": 'Bearer realm="chartcoder"'},
            )
        if not who.may(self.permission):
            raise Problem("forbidden", f"this needs the permission {self.permission}")
        request.state.principal = who


def requires(permission: Permission) -> Any:
    """Returns the dependency by which a route declares its permission."""
    return Depends(PermissionCheck(permission))


def principal(request: Request) -> Principal:
    """Returns who sent a request to a route that is not public."""
    who: Principal = request.state.principal
    return who


def check_origin(request: Request) -> None:
    """Refuses changes that a page of another site asks a browser to make.

    Browsers say where a request comes from: ``Sec-Fetch-Site``, and ``Origin`` where they do not send that
    (on plain HTTP). Whatever sends neither is no browser, and carries no cookie that it was not given.

    Raises:
        Problem: The request changes something and comes from another origin.
    """
    if request.method in {"GET", "HEAD"}:
        return
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        allowed = site in {"same-origin", "none"}
    else:
        origin = request.headers.get("origin")
        allowed = origin is None or _authority(origin) == request.headers.get("host", "").lower()
    if not allowed:
        raise Problem("cross-origin")


def _authority(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
