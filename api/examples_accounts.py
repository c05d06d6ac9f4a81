"""Examples and possible problems of the routes of sign-in, users, keys and models, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from api.examples import EVERYWHERE, WITH_BODY, Responses, problems

_PUBLIC = ("host-not-allowed", "database-unavailable", "internal-error")
_GUARDED = ("forbidden", "database-unavailable", *EVERYWHERE)
_CHANGING = (*WITH_BODY, *_GUARDED, "cross-origin")
_SIGNING = (*WITH_BODY, *_PUBLIC, "cross-origin", "wrong-password", "too-many-attempts")
_PASSWORD = "seven-pale-herons-wade"  # noqa: S105  (an example)


def _example(summary: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"summary": summary, "value": value}


SIGN_IN_EXAMPLES = {"sign-in": _example("Sign in", {"name": "a.coder", "password": _PASSWORD})}
PASSWORD_EXAMPLES = {"change": _example("A new one", {"old": _PASSWORD, "new": "nine-brown-otters-dive"})}
NEW_USER_EXAMPLES = {
    "coder": _example("A coder", {"name": "a.coder", "roles": ["coder"], "password": _PASSWORD}),
    "service": _example("A program that only has API keys", {"name": "ehr-feed", "roles": ["service"]}),
}
USER_CHANGE_EXAMPLES = {
    "roles": _example("Other roles", {"roles": ["coder", "lead"]}),
    "shut-out": _example("Shut out", {"active": False}),
}
KEY_EXAMPLES = {
    "feed": _example(
        "A key that stores encounters",
        {"user_id": "6f2d9c01b7", "label": "ehr-feed", "scopes": ["encounters:write"], "days": 90},
    )
}

SIGN_IN_RESPONSES: Responses = problems(*_SIGNING)
SIGN_OUT_RESPONSES: Responses = problems(*_PUBLIC, "cross-origin")
ME_RESPONSES: Responses = problems(*_PUBLIC)
PASSWORD_RESPONSES: Responses = problems(*_SIGNING, "unauthorized")
USERS_RESPONSES: Responses = problems(*_GUARDED)
NEW_USER_RESPONSES: Responses = problems(*_CHANGING, "already-exists")
USER_CHANGE_RESPONSES: Responses = problems(*_CHANGING, "unknown-record")
KEYS_RESPONSES: Responses = problems(*_GUARDED)
KEY_RESPONSES: Responses = problems(*_CHANGING, "unknown-record")
REVOKE_RESPONSES: Responses = problems(*_GUARDED, "cross-origin", "unknown-record", "invalid-request")
MODELS_RESPONSES: Responses = problems(*_GUARDED)
RELOAD_RESPONSES: Responses = problems(*_GUARDED, "cross-origin", "bundle-refused")
