"""Queries to the provider: ask, read, answer with a note, withdraw."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from api import responses_encounters as out
from api.body import JsonRoute
from api.charts import (
    OffsetsQuery,
    bring_note,
    check_may_change,
    database_of,
    read_chart,
    renderer,
)
from api.decision_records import EvidenceReader
from api.errors import ErrorItem, Problem
from api.examples import body_examples
from api.examples_queries import (
    ANSWER_EXAMPLES,
    ANSWER_RESPONSES,
    OPEN_EXAMPLES,
    OPEN_RESPONSES,
    QUERIES_RESPONSES,
    WITHDRAW_EXAMPLES,
    WITHDRAW_RESPONSES,
)
from api.permissions import Permission, principal, requires
from api.responses import no_store
from api.schemas import Identifier, Offsets
from api.schemas_encounters import LateNote, QueryIn, Withdrawal
from store import audit, encounters, notes, queries, suggestions
from store.database import Database
from store.queries import StoredQuery
from suggest.queries.wording import noncompliant, with_closing
from suggest.records import Note, Query

router = APIRouter(
    prefix="/v1/encounters/{encounter_id}/queries",
    tags=["queries"],
    route_class=JsonRoute,
    dependencies=[Depends(no_store)],
)

Number = Annotated[int, Path(ge=1, le=queries.MAX_QUERIES)]


@router.post(
    "",
    status_code=201,
    dependencies=[requires(Permission.ENCOUNTERS_DECIDE)],
    responses=OPEN_RESPONSES,
    openapi_extra=body_examples(OPEN_EXAMPLES),
)
def ask(
    request: Request, encounter_id: Identifier, body: QueryIn, offsets: OffsetsQuery = Offsets.CODE_POINTS
) -> out.QueryChangeOut:
    """Opens a query. Nothing is sent to the provider: whoever does that reads it here."""
    database, who = database_of(request), principal(request)
    check_may_change(who, encounters.get(database, encounter_id).item)
    query = _asked(database, encounter_id, body, offsets)
    _check_wording(query)
    stored = queries.open_query(
        database, encounter_id, query, actor=who.user_id, expected_version=body.expected_version
    )
    return _changed(request, encounter_id, stored, offsets)


@router.get("", dependencies=[requires(Permission.ENCOUNTERS_READ)], responses=QUERIES_RESPONSES)
def read(request: Request, encounter_id: Identifier, offsets: OffsetsQuery = Offsets.CODE_POINTS) -> out.QueriesOut:
    """Lists all queries of an encounter, oldest first."""
    database = database_of(request)
    chart = read_chart(database, encounter_id)
    render = renderer(request, chart.notes, offsets)
    audit.record(database, "queries-read", actor=principal(request).user_id, encounter_id=encounter_id)
    return out.QueriesOut(
        encounter_id=encounter_id,
        version=chart.coding.version,
        items=render.queries(chart.queries),
        offsets=offsets,
    )


@router.post(
    "/{number}/answer",
    status_code=201,
    dependencies=[requires(Permission.ENCOUNTERS_WRITE)],
    responses=ANSWER_RESPONSES,
    openapi_extra=body_examples(ANSWER_EXAMPLES),
)
async def answer(
    request: Request,
    encounter_id: Identifier,
    number: Number,
    body: LateNote,
    offsets: OffsetsQuery = Offsets.CODE_POINTS,
) -> out.UpdatedEncounterOut:
    """Answers a query with a note of the provider, suggests again, and tells what changed."""

    def store(database: Database, note: Note, actor: str) -> None:
        queries.answer(database, encounter_id, number, note, actor=actor, supersedes=body.supersedes)

    return await bring_note(request, encounter_id, body, offsets, store)


@router.post(
    "/{number}/withdraw",
    dependencies=[requires(Permission.ENCOUNTERS_DECIDE)],
    responses=WITHDRAW_RESPONSES,
    openapi_extra=body_examples(WITHDRAW_EXAMPLES),
)
def withdraw(
    request: Request,
    encounter_id: Identifier,
    number: Number,
    body: Withdrawal,
    offsets: OffsetsQuery = Offsets.CODE_POINTS,
) -> out.QueryChangeOut:
    """Withdraws an open query."""
    database, who = database_of(request), principal(request)
    check_may_change(who, encounters.get(database, encounter_id).item)
    stored = queries.withdraw(
        database,
        encounter_id,
        number,
        reason=body.reason,
        actor=who.user_id,
        expected_version=body.expected_version,
    )
    return _changed(request, encounter_id, stored, offsets)


def _asked(database: Database, encounter_id: str, body: QueryIn, offsets: Offsets) -> Query:
    """Returns the draft with what the request puts in place of its parts."""
    draft = _draft(database, encounter_id, body.template) if body.template else Query("", (), "", ())
    stored_notes = notes.all_notes(database, encounter_id)
    read_evidence = EvidenceReader(stored_notes, offsets=offsets)
    return Query(
        template=draft.template,
        indicators=draft.indicators if body.indicators is None else read_evidence(body.indicators),
        question=draft.question if body.question is None else body.question,
        options=draft.options if body.options is None else with_closing(body.options),
    )


def _draft(database: Database, encounter_id: str, template: str) -> Query:
    latest = suggestions.latest(database, encounter_id)
    drafts = latest.suggestion.queries if latest else ()
    found = next((draft for draft in drafts if draft.template == template), None)
    if found is None:
        raise Problem("unknown-draft")
    return found


def _check_wording(query: Query) -> None:
    errors = [
        ErrorItem(location=at, expected=f"wording that does not {_MEANS[kind]}: not {words!r}")
        for at, text in (("question", query.question), *((f"options.{i}", o) for i, o in enumerate(query.options)))
        for kind, words in noncompliant([text])
    ]
    if errors:
        raise Problem("noncompliant-query", errors=errors)


_MEANS = {"leading": "lead to an answer", "payment": "speak of payment or of figures that depend on it"}


def _changed(request: Request, encounter_id: str, stored: StoredQuery, offsets: Offsets) -> out.QueryChangeOut:
    chart = read_chart(database_of(request), encounter_id)
    return out.QueryChangeOut(
        version=chart.coding.version,
        open_queries=chart.stored.item.open_queries,
        query=renderer(request, chart.notes, offsets).query(stored),
        offsets=offsets,
    )
