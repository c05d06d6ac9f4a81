"""Problems (RFC 9457): what the service answers instead of a result.

A problem says what was expected and where, and never repeats what was sent: a request may hold chart text in
any of its values, and in the names of its fields.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from api.logs import describe_exception

MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger("chartcoder.api")
_MAX_ERRORS = 20


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A kind of problem: its URI is ``/problems/NAME``."""

    status: int
    title: str
    meaning: str


PROBLEMS: dict[str, ProblemType] = {
    "malformed-json": ProblemType(
        400,
        "The body is not valid JSON",
        "Send one JSON value in UTF-8 (RFC 8259), nested 32 levels at most.",
    ),
    "unauthorized": ProblemType(
        401, "Nobody is signed in", "Sign in: POST /v1/session; or send an API key as a bearer token."
    ),
    "wrong-password": ProblemType(
        401,
        "Name and password do not fit",
        "Check both. A user who was deactivated, or has no password, cannot sign in either.",
    ),
    "forbidden": ProblemType(
        403,
        "You lack the permission",
        "The detail names it; docs/api.md lists which role has which. An API key needs it among its scopes.",
    ),
    "cross-origin": ProblemType(
        403,
        "The request comes from a page of another site",
        "Pages may only send changes to the service that they came from.",
    ),
    "not-assigned": ProblemType(
        403,
        "The encounter is somebody else's",
        "Have it assigned to you; who may assign encounters may change any.",
    ),
    "not-found": ProblemType(404, "There is nothing at this address", "Compare the path with docs/api.md."),
    "unknown-code": ProblemType(
        404,
        "The edition has no such code",
        "Search for it: POST /v1/codes/search. A code may be new or retired.",
    ),
    "unknown-code-set": ProblemType(404, "The code system is not loaded", "GET /v1/codes lists those that are."),
    "unknown-record": ProblemType(
        404,
        "There is no such record",
        "No encounter, note, suggestion, coded set, active user or key has this id.",
    ),
    "method-not-allowed": ProblemType(405, "The method is not allowed here", "The Allow header names those that are."),
    "already-exists": ProblemType(409, "The name is taken", "Choose another id or name, or read what is there."),
    "version-conflict": ProblemType(
        409,
        "Somebody else changed the encounter",
        "The member conflict holds what changed; read the encounter again and decide anew.",
    ),
    "query-closed": ProblemType(
        409, "The query was answered or withdrawn before", "Read the encounter again; a further query can be opened."
    ),
    "already-finalised": ProblemType(409, "The encounter is finalised", "Reopen it first."),
    "not-finalised": ProblemType(409, "The encounter is not finalised", "There is nothing to reopen."),
    "undecided-codes": ProblemType(
        409,
        "Proposed codes are undecided",
        "The member lines names them; accept, reject, replace or leave each.",
    ),
    "bundle-refused": ProblemType(
        409,
        "The promoted bundle cannot be used",
        "The old one goes on serving; restore or replace the bundle: chartcoder models verify.",
    ),
    "body-too-large": ProblemType(
        413, "The body is too large", "Send fewer or shorter notes, or raise CHARTCODER_MAX_BODY_BYTES."
    ),
    "text-too-long": ProblemType(
        413,
        "The text of the notes is too long",
        "Send fewer or shorter notes, or raise CHARTCODER_MAX_NOTE_CHARACTERS.",
    ),
    "unsupported-media-type": ProblemType(
        415,
        "The body must be JSON",
        "Send Content-Type: application/json in UTF-8, without Content-Encoding.",
    ),
    "host-not-allowed": ProblemType(
        421,
        "The service is not known under this host name",
        "Use localhost, or add the name to CHARTCODER_ALLOWED_HOSTS.",
    ),
    "invalid-request": ProblemType(
        422,
        "Fields of the request are not as expected",
        "The member errors lists where and what was expected.",
    ),
    "invalid-encounter": ProblemType(
        422, "The facts of the encounter contradict each other", "Correct dates, age or the ids of notes."
    ),
    "unreadable-text": ProblemType(
        422,
        "The text of a note cannot be read",
        "Send plain text without NUL, lone surrogates or binary content.",
    ),
    "unknown-policy": ProblemType(422, "There is no such policy", "GET /v1/version lists the policies."),
    "invalid-decision": ProblemType(
        422,
        "A decision does not fit the encounter",
        "The member errors says which and why; none of the request was recorded.",
    ),
    "unknown-draft": ProblemType(
        422,
        "The latest suggestion has no such draft",
        "Read the encounter again, or send question and indicators of your own.",
    ),
    "noncompliant-query": ProblemType(
        422,
        "The query leads to an answer, or speaks of payment",
        "The member errors says where; ask as the practice brief of ACDIS and AHIMA has it.",
    ),
    "not-in-edition": ProblemType(
        422,
        "The edition has no such code",
        "Search for it: POST /v1/codes/search. None of the request was recorded.",
    ),
    "not-billable": ProblemType(
        422,
        "The code is not billable",
        "Take one of the codes below it: GET /v1/codes/{system}/{code}. None of the request was recorded.",
    ),
    "idempotency-mismatch": ProblemType(
        422,
        "The Idempotency-Key was used for another request",
        "Send a new key for each act, and the same key only to repeat the same request.",
    ),
    "too-many-attempts": ProblemType(
        429, "Too many attempts to sign in", "Try again after the seconds in the Retry-After header."
    ),
    "internal-error": ProblemType(
        500,
        "Something went wrong in the service",
        "Report the incident id; the log names the place in the program.",
    ),
    "not-ready": ProblemType(
        503, "The model and the code index are not loaded", "Try again when GET /readyz answers 200."
    ),
    "database-unavailable": ProblemType(
        503,
        "The database does not answer",
        "Repeat the request, with the same Idempotency-Key, after the seconds in the Retry-After header.",
    ),
    "busy": ProblemType(503, "Too many charts are waiting", "Try again after the seconds in the Retry-After header."),
}

_BY_STATUS = {404: "not-found", 405: "method-not-allowed", 415: "unsupported-media-type"}

# Pydantic's messages for these say only what was expected; any other message might hold a value.
_SAFE_MESSAGES = frozenset(
    {
        "bool_type",
        "dict_type",
        "enum",
        "finite_number",
        "float_type",
        "greater_than",
        "greater_than_equal",
        "int_from_float",
        "int_type",
        "iso_date",
        "no_detail",
        "less_than",
        "less_than_equal",
        "list_type",
        "model_attributes_type",
        "string_pattern_mismatch",
        "string_too_long",
        "string_too_short",
        "string_type",
        "too_long",
        "too_short",
    }
)


class ErrorItem(BaseModel):
    """One field that is not as expected."""

    location: str
    """Path of the field, ``notes.0.text``; empty for the body itself."""
    expected: str


class ProblemDetails(BaseModel):
    """A problem (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[ErrorItem] | None = None
    incident: str | None = None


class Problem(HTTPException):
    """A problem to answer with; ``detail`` must not hold anything that was sent as text."""

    def __init__(
        self,
        name: str,
        detail: str = "",
        *,
        errors: Sequence[ErrorItem] = (),
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        """Makes a problem of a kind.

        Args:
            name: Key of ``PROBLEMS``.
            detail: What is special about this one; by default what the kind means.
            errors: The fields that are not as expected.
            headers: Further headers of the answer.
            members: Further members of the answer, as JSON values (RFC 9457, section 3.2).
        """
        kind = PROBLEMS[name]
        super().__init__(kind.status, detail or kind.meaning, dict(headers or {}))
        self.name = name
        self.errors = list(errors)
        self.members = dict(members or {})


def problem_response(problem: Problem, *, incident: str | None = None) -> Response:
    """Returns a problem as a response."""
    details = ProblemDetails(
        type=f"/problems/{problem.name}",
        title=PROBLEMS[problem.name].title,
        status=problem.status_code,
        detail=problem.detail,
        errors=problem.errors or None,
        incident=incident,
    )
    return JSONResponse(
        {**details.model_dump(exclude_none=True), **problem.members},
        problem.status_code,
        headers={"Cache-Control": "no-store", **(problem.headers or {})},
        media_type=MEDIA_TYPE,
    )


def internal_error(error: Exception) -> Response:
    """Logs where an unexpected error arose, without its message; returns a problem with an incident id."""
    incident = secrets.token_hex(8)
    _log.error("incident %s: %s", incident, describe_exception(error))
    return problem_response(Problem("internal-error"), incident=incident)


def install_handlers(app: FastAPI) -> None:
    """Makes the application answer errors as problems."""
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)


async def _on_http_exception(_request: Request, error: Exception) -> Response:
    if isinstance(error, Problem):
        return problem_response(error)
    if isinstance(error, HTTPException) and error.status_code in _BY_STATUS:
        # Only the headers are kept (Allow): the texts of a framework may quote the request.
        return problem_response(Problem(_BY_STATUS[error.status_code], headers=error.headers))
    return internal_error(error)


async def _on_invalid_request(_request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        return internal_error(error)
    found = error.errors()
    items = list(dict.fromkeys((_location(item), _expected(item)) for item in found))
    return problem_response(
        Problem(
            "invalid-request",
            "the member errors says where, and what was expected there",
            errors=[ErrorItem(location=where, expected=what) for where, what in items[:_MAX_ERRORS]],
        )
    )


def _location(item: Mapping[str, Any]) -> str:
    """Returns the path of a field, or of the object that holds it where its name is not one of ours."""
    place = [str(part) for part in item["loc"][1:]]
    return ".".join(place[:-1] if item["type"] == "extra_forbidden" else place)


def _expected(item: Mapping[str, Any]) -> str:
    kind = item["type"]
    if kind == "extra_forbidden":
        return "no other fields than those documented"
    if kind == "missing":
        return "this field is required"
    if kind == "string_unicode":
        return "text without lone surrogates"
    if kind in _SAFE_MESSAGES:
        return str(item["msg"]).removeprefix("Input should be ").removeprefix("Value should be ")
    return "a valid value"
