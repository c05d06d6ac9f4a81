"""Encounters: store, list, read, add notes, assign, claim."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api import responses_encounters as out
from api.auth import Principal
from api.body import JsonRoute
from api.charts import (
    OffsetsQuery,
    bring_note,
    database_of,
    encounter_out,
    may_change,
    read_chart,
    try_to_suggest,
)
from api.errors import ErrorItem, Problem
from api.examples import body_examples
from api.examples_encounters import (
    ASSIGN_EXAMPLES,
    ASSIGN_RESPONSES,
    CLAIM_RESPONSES,
    CREATE_EXAMPLES,
    CREATE_RESPONSES,
    LIST_RESPONSES,
    NOTE_EXAMPLES,
    NOTE_RESPONSES,
    READ_RESPONSES,
)
from api.permissions import Permission, permissions_of, principal, requires
from api.render_encounters import UserNames, item_out
from api.responses import no_store
from api.schemas import Day, Identifier, Offsets
from api.schemas_encounters import Assignment, ClaimNext, EncounterIn, LateNote
from store import audit, encounters, notes, users
from store.database import Database
from store.encounters import MAX_PAGE, EncounterFilter, WorklistItem
from store.tables import EncounterStatus
from suggest.records import Note, Setting

router = APIRouter(
    prefix="/v1/encounters", tags=["encounters"], route_class=JsonRoute, dependencies=[Depends(no_store)]
)


@router.post(
    "",
    status_code=201,
    dependencies=[requires(Permission.ENCOUNTERS_WRITE)],
    responses=CREATE_RESPONSES,
    openapi_extra=body_examples(CREATE_EXAMPLES),
)
async def create(request: Request, body: EncounterIn, offsets: OffsetsQuery = Offsets.CODE_POINTS) -> out.EncounterOut:
    """Stores an encounter and suggests codes for it; without a suggestion where that is not possible now."""
    encounter = body.to_encounter(limit=request.app.state.settings.max_note_characters)
    encounter = replace(encounter, id=body.id or secrets.token_hex(8))

    def store() -> None:
        actor = principal(request).user_id
        encounters.create(database_of(request), encounter, patient_key=body.patient_key, actor=actor)

    await run_in_threadpool(store)
    if body.suggest:
        await try_to_suggest(request, encounter.id)
    return await run_in_threadpool(_answer, request, encounter.id, offsets)


@router.get("", dependencies=[requires(Permission.ENCOUNTERS_READ)], responses=LIST_RESPONSES)
def worklist(
    request: Request,
    status: Annotated[list[EncounterStatus], Query(description="One of these; may be repeated.")] = [],  # noqa: B006
    setting: Annotated[list[Setting], Query(description="One of these; may be repeated.")] = [],  # noqa: B006
    assignee: Annotated[Identifier | None, Query(description="`me`, `none` or the id of a user.")] = None,
    patient_key: Annotated[Identifier | None, Query(description="Pseudonym of the patient.")] = None,
    date_from: Annotated[Day | None, Query(description="Day of service on or after this day.")] = None,
    date_to: Annotated[Day | None, Query(description="Day of service on or before this day.")] = None,
    waiting: Annotated[
        bool | None, Query(description="Only those with an open query to the provider, or without.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="Most encounters of a page.")] = 50,
    cursor: Annotated[str | None, Query(max_length=300, description="`next` of the page before.")] = None,
) -> out.WorklistOut:
    """Lists encounters in the order in which they were stored."""
    database = database_of(request)
    wanted = EncounterFilter(
        status=tuple(status),
        settings=tuple(setting),
        assigned_to=principal(request).user_id if assignee == "me" else None if assignee == "none" else assignee,
        unassigned=assignee == "none",
        patient_key=patient_key,
        served_from=date_from,
        served_to=date_to,
        waiting=waiting,
    )
    page = encounters.worklist(database, wanted, cursor=cursor, limit=limit)
    names = UserNames(database)
    return out.WorklistOut(items=[item_out(item, names) for item in page.items], next=page.cursor)


@router.post(
    "/claim-next",
    dependencies=[requires(Permission.ENCOUNTERS_DECIDE)],
    responses=CLAIM_RESPONSES,
    response_model=out.WorklistItemOut,
)
def claim_next(request: Request, body: ClaimNext) -> out.WorklistItemOut | Response:
    """Gives you the oldest open encounter that nobody has; two callers never get the same one."""
    database = database_of(request)
    wanted = EncounterFilter(settings=tuple(body.settings))
    claimed = encounters.claim_next(database, principal(request).user_id, wanted)
    if claimed is None:
        return Response(status_code=204, headers={"Cache-Control": "no-store"})
    return item_out(claimed.item, UserNames(database))


@router.get("/{encounter_id}", dependencies=[requires(Permission.ENCOUNTERS_READ)], responses=READ_RESPONSES)
def read(request: Request, encounter_id: Identifier, offsets: OffsetsQuery = Offsets.CODE_POINTS) -> out.EncounterOut:
    """Returns facts, notes, the latest suggestion, and the lines that stand after all decisions."""
    answer = _answer(request, encounter_id, offsets)
    actor = principal(request).user_id
    audit.record(database_of(request), "chart-read", actor=actor, encounter_id=encounter_id)
    return answer


@router.post(
    "/{encounter_id}/notes",
    status_code=201,
    dependencies=[requires(Permission.ENCOUNTERS_WRITE)],
    responses=NOTE_RESPONSES,
    openapi_extra=body_examples(NOTE_EXAMPLES),
)
async def add_note(
    request: Request, encounter_id: Identifier, body: LateNote, offsets: OffsetsQuery = Offsets.CODE_POINTS
) -> out.UpdatedEncounterOut:
    """Adds a late or amended note, suggests again, and tells what changed."""

    def store(database: Database, note: Note, actor: str) -> None:
        notes.add_note(database, encounter_id, note, actor=actor, supersedes=body.supersedes)

    return await bring_note(request, encounter_id, body, offsets, store)


@router.post(
    "/{encounter_id}/assign",
    dependencies=[requires(Permission.ENCOUNTERS_DECIDE)],
    responses=ASSIGN_RESPONSES,
    openapi_extra=body_examples(ASSIGN_EXAMPLES),
)
def assign(request: Request, encounter_id: Identifier, body: Assignment) -> out.WorklistItemOut:
    """Takes an encounter, gives it back, or gives it to somebody else."""
    database, who = database_of(request), principal(request)
    assignee = who.user_id if body.assignee == "me" else body.assignee
    _check_assignment(database, who, encounters.get(database, encounter_id).item, assignee)
    item = encounters.assign(
        database, encounter_id, assignee, actor=who.user_id, expected_version=body.expected_version
    )
    return item_out(item, UserNames(database))


def _answer(request: Request, encounter_id: str, offsets: Offsets) -> out.EncounterOut:
    return encounter_out(request, read_chart(database_of(request), encounter_id), offsets)


def _check_assignment(database: Database, who: Principal, item: WorklistItem, assignee: str | None) -> None:
    if not may_change(who, item):
        raise Problem("not-assigned")
    if assignee in (None, who.user_id):
        return
    if not who.may(Permission.ENCOUNTERS_ASSIGN):
        raise Problem("forbidden", f"to assign to others needs the permission {Permission.ENCOUNTERS_ASSIGN}")
    if Permission.ENCOUNTERS_DECIDE not in permissions_of(users.get(database, assignee).roles):
        item_error = ErrorItem(location="assignee", expected="the id of a user who may decide")
        raise Problem("invalid-request", errors=[item_error])
