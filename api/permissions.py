"""Permissions: every route declares the one it needs, and a test walks the routes.

Without API tokens the service runs in single-user mode: it listens on loopback only, and whoever reaches it
may do everything. With tokens, every permission but ``PUBLIC`` needs a bearer token (RFC 6750).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from fastapi import Depends, Request

from api.errors import Problem


class Permission(StrEnum):
    """What a route needs."""

    PUBLIC = "public"
    SUGGEST = "suggest"
    CODES_READ = "codes:read"


class PermissionCheck:
    """The dependency that enforces a permission; callers use ``requires``."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    def __call__(self, request: Request) -> None:
        """Refuses a request without a valid token where tokens are set."""
        tokens: tuple[str, ...] = request.app.state.settings.api_tokens
        if self.permission is Permission.PUBLIC or not tokens:
            return
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not _matches(token.strip(), tokens):
            raise Problem(
                "unauthorized",
                "send a token of this service: Authorization: Bearer TOKEN",
                headers={"WWW-Authenticate": 'Bearer realm="chartcoder"'},
            )


def requires(permission: Permission) -> Any:
    """Returns the dependency by which a route declares its permission."""
    return Depends(PermissionCheck(permission))


def _matches(token: str, tokens: Iterable[str]) -> bool:
    # Hashes have one length, so that the time taken tells nothing of the tokens.
    given = hashlib.sha256(token.encode()).digest()
    return any(hmac.compare_digest(given, hashlib.sha256(known.encode()).digest()) for known in tokens)
