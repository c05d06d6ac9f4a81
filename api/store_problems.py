"""Turns errors of the store into problems."""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request
from starlette.responses import Response

from api.charts import renderer, wanted_offsets
from api.errors import ErrorItem, Problem, internal_error, problem_response
from api.render_encounters import line_ref
from api.responses_encounters import ConflictOut
from store import decisions, notes
from store.errors import (
    AlreadyExistsError,
    DatabaseError,
    DecisionError,
    EncounterStatusError,
    IdempotencyKeyError,
    InvalidValueError,
    NotFoundError,
    QueryClosedError,
    StoreError,
    UndecidedCodesError,
    VersionConflictError,
)
from suggest.errors import DocumentError, EncounterError

_log = logging.getLogger("chartcoder.api")

_NAMES: dict[type[Exception], str] = {
    NotFoundError: "unknown-record",
    AlreadyExistsError: "already-exists",
    EncounterStatusError: "already-finalised",
    QueryClosedError: "query-closed",
    IdempotencyKeyError: "idempotency-mismatch",
    InvalidValueError: "invalid-request",
    EncounterError: "invalid-encounter",
    DocumentError: "unreadable-text",
}


def install_store_handlers(app: FastAPI) -> None:
    """Makes the application answer errors of the store as problems."""
    app.add_exception_handler(StoreError, _on_store_error)
    app.add_exception_handler(EncounterError, _on_store_error)
    app.add_exception_handler(DocumentError, _on_store_error)


# A plain function, which the framework runs in a thread: what changed is told with names of the database.
def _on_store_error(request: Request, error: Exception) -> Response:
    match error:
        case VersionConflictError():
            members = {"conflict": _conflict(request, error).model_dump(mode="json")}
            problem = Problem("version-conflict", str(error), members=members)
        case UndecidedCodesError():
            lines = [line_ref(line).model_dump(mode="json") for line in error.lines]
            problem = Problem("undecided-codes", str(error), members={"lines": lines})
        case DecisionError():
            item = ErrorItem(location=f"decisions.{error.position}", expected=str(error).partition(": ")[2])
            problem = Problem("invalid-decision", str(error), errors=[item])
        case DatabaseError():
            _log.error("%s", error)
            problem = Problem("database-unavailable", headers={"Retry-After": "1"})
        case _ if type(error) in _NAMES:
            problem = Problem(_NAMES[type(error)], str(error))
        case _:
            return internal_error(error)
    return problem_response(problem)


def _conflict(request: Request, error: VersionConflictError) -> ConflictOut:
    database = request.app.state.storage.database
    encounter_id = request.path_params["encounter_id"]
    render = renderer(request, notes.all_notes(database, encounter_id), wanted_offsets(request))
    return render.conflict(error, decisions.history(database, encounter_id))
