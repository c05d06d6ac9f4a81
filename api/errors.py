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
        401, "A token is needed", "Send one of CHARTCODER_API_TOKENS as a bearer token."
    ),
    "not-found": ProblemType(404, "There is nothing at this address", "Compare the path with docs/api.md."),
    "unknown-code": ProblemType(
        404,
        "The edition has no such code",
        "Search for it: POST /v1/codes/search. A code may be new or retired.",
    ),
    "unknown-code-set": ProblemType(
        404, "The code system is not installed", "This version holds ICD-10-CM; other systems come later."
    ),
    "method-not-allowed": ProblemType(
        405, "The method is not allowed here", "The Allow header names those that are."
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
    "internal-error": ProblemType(
        500,
        "Something went wrong in the service",
        "Report the incident id; the log names the place in the program.",
    ),
    "not-ready": ProblemType(
        503, "The model and the code index are not loaded", "Try again when GET /readyz answers 200."
    ),
    "busy": ProblemType(
        503, "Too many charts are waiting", "Try again after the seconds in the Retry-After header."
    ),
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
    ) -> None:
        kind = PROBLEMS[name]
        super().__init__(kind.status, detail or kind.meaning, dict(headers or {}))
        self.name = name
        self.errors = list(errors)


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
        details.model_dump(exclude_none=True),
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
