"""Suggestions and decisions on stored encounters, finalisation and history."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from starlette.concurrency import run_in_threadpool

from api import responses_encounters as out
from api.body import JsonRoute
from api.brought_codes import day_of
from api.charts import (
    OffsetsQuery,
    check_may_change,
    database_of,
    encounter_out,
    findings_of,
    read_chart,
    renderer,
    suggest_and_record,
)
from api.decision_records import DecisionReader
from api.engine import Engine
from api.errors import Problem
from api.examples import body_examples
from api.examples_encounters import (
    CODED_SET_RESPONSES,
    DECISION_EXAMPLES,
    DECISION_RESPONSES,
    FINALISE_EXAMPLES,
    FINALISE_RESPONSES,
    HISTORY_RESPONSES,
    REOPEN_EXAMPLES,
    REOPEN_RESPONSES,
    RUN_RESPONSES,
    RUNS_RESPONSES,
    SUGGEST_AGAIN_RESPONSES,
)
from api.permissions import Permission, principal, requires
from api.render_encounters import UserNames, item_out, run_out
from api.responses import no_store
from api.schemas import Identifier, Offsets
from api.schemas_encounters import DecisionsIn, Finalise, Reopen, RunAgain
from store import audit, coded_sets, decisions, encounters, notes, suggestions
from store.audit import MAX_EVENTS, AuditEvent
from store.database import Database
from store.errors import EncounterStatusError, NotFoundError

router = APIRouter(
    prefix="/v1/encounters/{encounter_id}",
    tags=["decisions"],
    route_class=JsonRoute,
    dependencies=[Depends(no_store)],
)

Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
_RANKED = 500


@router.post(
    "/suggestions",
    status_code=201,
    dependencies=[requires(Permission.ENCOUNTERS_WRITE)],
    responses=SUGGEST_AGAIN_RESPONSES,
)
async def suggest_again(
    request: Request, encounter_id: Identifier, body: RunAgain, offsets: OffsetsQuery = Offsets.CODE_POINTS
) -> out.UpdatedEncounterOut:
    """Suggests codes for the present notes; decisions made so far hold over it."""
    del body  # that it is JSON, and empty, has been checked
    changes = await suggest_and_record(request, encounter_id)

    def answer() -> out.EncounterOut:
        return encounter_out(request, read_chart(database_of(request), encounter_id), offsets)

    return out.UpdatedEncounterOut(encounter=await run_in_threadpool(answer), changes=changes)


@router.get("/suggestions", dependencies=[requires(Permission.ENCOUNTERS_READ)], responses=RUNS_RESPONSES)
def runs(request: Request, encounter_id: Identifier) -> out.RunsOut:
    """Lists all runs without their codes, oldest first."""
    database = database_of(request)
    latest = suggestions.latest(database, encounter_id)
    numbers = range(1, latest.sequence + 1 if latest else 1)
    return out.RunsOut(items=[run_out(suggestions.get(database, encounter_id, number)) for number in numbers])


@router.get("/suggestions/{number}", dependencies=[requires(Permission.ENCOUNTERS_READ)], responses=RUN_RESPONSES)
def run(
    request: Request, encounter_id: Identifier, number: Number, offsets: OffsetsQuery = Offsets.CODE_POINTS
) -> out.StoredSuggestionOut:
    """Returns one run whole."""
    database = database_of(request)
    stored = suggestions.get(database, encounter_id, number)
    render = renderer(request, notes.all_notes(database, encounter_id), offsets)
    _record_view(request, database, "suggestion-read", encounter_id)
    return render.suggestion(stored, ranked_limit=_RANKED)


@router.post(
    "/decisions",
    dependencies=[requires(Permission.ENCOUNTERS_DECIDE)],
    responses=DECISION_RESPONSES,
    openapi_extra=body_examples(DECISION_EXAMPLES),
)
def decide(
    request: Request,
    encounter_id: Identifier,
    body: DecisionsIn,
    idempotency_key: Annotated[
        Identifier | None, Header(description="Names the request, which is recorded once however often it is sent.")
    ] = None,
    offsets: OffsetsQuery = Offsets.CODE_POINTS,
) -> out.DecisionsOut:
    """Records decisions, all or none; they are on disk when the answer comes."""
    database, who = database_of(request), principal(request)
    engine: Engine = request.app.state.engine
    stored = encounters.get(database, encounter_id)
    check_may_change(who, stored.item)
    reader = DecisionReader(
        notes.all_notes(database, encounter_id),
        offsets=offsets,
        codes=lambda: engine.codes,
        day=day_of(stored.encounter),
    )
    batch = decisions.record(
        database,
        encounter_id,
        reader.read(body.decisions),
        reviewer=who.user_id,
        expected_version=body.expected_version,
        idempotency_key=idempotency_key,
    )
    chart = read_chart(database, encounter_id)
    render = renderer(request, chart.notes, offsets)
    return out.DecisionsOut(
        version=chart.coding.version,
        replayed=batch.replayed,
        decisions=render.decisions(batch.decisions, decisions.history(database, encounter_id)),
        status=chart.coding.status,
        assigned_to=render.names.optional(chart.stored.item.assigned_to),
        lines=render.lines(chart.coding.lines),
        set_aside=render.lines(chart.coding.set_aside),
        undecided=len(chart.coding.undecided),
        findings=findings_of(request, chart),
        offsets=offsets,
    )


@router.post(
    "/finalise",
    dependencies=[requires(Permission.ENCOUNTERS_DECIDE)],
    responses=FINALISE_RESPONSES,
    openapi_extra=body_examples(FINALISE_EXAMPLES),
)
def finalise(
    request: Request, encounter_id: Identifier, body: Finalise, offsets: OffsetsQuery = Offsets.CODE_POINTS
) -> out.CodedSetOut:
    """Closes the encounter with the codes that were accepted, added or put in place of others."""
    database, who = database_of(request), principal(request)
    check_may_change(who, encounters.get(database, encounter_id).item)
    coded = coded_sets.finalise(database, encounter_id, actor=who.user_id, expected_version=body.expected_version)
    return renderer(request, notes.all_notes(database, encounter_id), offsets).coded_set(coded)


@router.post(
    "/reopen",
    dependencies=[requires(Permission.ENCOUNTERS_DECIDE)],
    responses=REOPEN_RESPONSES,
    openapi_extra=body_examples(REOPEN_EXAMPLES),
)
def reopen(request: Request, encounter_id: Identifier, body: Reopen) -> out.WorklistItemOut:
    """Opens a finalised encounter for further decisions; its coded set stays as it is."""
    database, who = database_of(request), principal(request)
    check_may_change(who, encounters.get(database, encounter_id).item)
    try:
        item = coded_sets.reopen(
            database,
            encounter_id,
            reason=body.reason,
            actor=who.user_id,
            expected_version=body.expected_version,
        )
    except EncounterStatusError as error:
        raise Problem("not-finalised", str(error)) from None
    return item_out(item, UserNames(database))


@router.get("/history", dependencies=[requires(Permission.ENCOUNTERS_READ)], responses=HISTORY_RESPONSES)
def history(request: Request, encounter_id: Identifier, offsets: OffsetsQuery = Offsets.CODE_POINTS) -> out.HistoryOut:
    """Returns all decisions and events, oldest first."""
    database = database_of(request)
    chart = encounters.get(database, encounter_id)
    recorded = decisions.history(database, encounter_id)
    render = renderer(request, notes.all_notes(database, encounter_id), offsets)
    _record_view(request, database, "history-read", encounter_id)
    return out.HistoryOut(
        encounter_id=encounter_id,
        version=chart.item.version,
        decisions=render.decisions(recorded, recorded),
        events=[render.event(event) for event in _all_events(database, encounter_id)],
        offsets=offsets,
    )


@router.get("/coded-set", dependencies=[requires(Permission.ENCOUNTERS_READ)], responses=CODED_SET_RESPONSES)
def coded_set(
    request: Request,
    encounter_id: Identifier,
    number: Annotated[int | None, Query(ge=1, description="By default the latest.")] = None,
    offsets: OffsetsQuery = Offsets.CODE_POINTS,
) -> out.CodedSetOut:
    """Returns what the encounter was finalised with."""
    database = database_of(request)
    found = [coded for coded in coded_sets.history(database, encounter_id) if number in (None, coded.number)]
    if not found:
        raise NotFoundError("the encounter has no such coded set; finalise it first")
    render = renderer(request, notes.all_notes(database, encounter_id), offsets)
    _record_view(request, database, "coded-set-read", encounter_id)
    return render.coded_set(found[-1])


def _record_view(request: Request, database: Database, action: str, encounter_id: str) -> None:
    audit.record(database, action, actor=principal(request).user_id, encounter_id=encounter_id)


def _all_events(database: Database, encounter_id: str) -> list[AuditEvent]:
    found: list[AuditEvent] = []
    while True:
        after = found[-1].id if found else 0
        page = audit.events(database, encounter_id=encounter_id, after=after, limit=MAX_EVENTS)
        found += page
        if len(page) < MAX_EVENTS:
            return found
