"""What the routes of the desk share: reading an encounter in one state, and running the suggester for it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import Query, Request
from starlette.concurrency import run_in_threadpool

from api import responses_encounters as out
from api.auth import Principal
from api.code_sets import CodeSets
from api.engine import Engine
from api.errors import Problem
from api.logs import describe_exception
from api.permissions import Permission, principal
from api.render import finding_out
from api.render_encounters import EncounterRenderer, UserNames
from api.responses import FindingOut
from api.schemas import MAX_NOTES, Offsets, check_texts
from api.schemas_encounters import LateNote
from api.standing import named_otherwise, standing
from api.storage import Storage
from store import coded_sets, decisions, encounters, notes, queries, suggestions
from store.coded_sets import CodedSet
from store.database import Database
from store.decisions import Coding
from store.encounters import StoredEncounter, WorklistItem
from store.errors import StaleSuggestionError
from store.notes import StoredNote
from store.queries import StoredQuery
from store.suggestions import StoredSuggestion
from store.tables import EncounterStatus
from suggest.records import Note

OffsetsQuery = Annotated[
    Offsets, Query(description="Unit of all offsets: code points, or the UTF-16 code units of JavaScript and Java.")
]

NoteStorer = Callable[[Database, Note, str], object]
"""Stores a note for a user by id."""

_RANKED = 50
_TRIES = 5
_log = logging.getLogger("chartcoder.api")


@dataclass(frozen=True, slots=True)
class Chart:
    """An encounter with all that stands on it, in one state."""

    stored: StoredEncounter
    notes: list[StoredNote]
    latest: StoredSuggestion | None
    coding: Coding
    coded_set: CodedSet | None
    queries: list[StoredQuery]


def database_of(request: Request) -> Database:
    """Returns the database of the service; called in threads only, as it may be opened here."""
    storage: Storage = request.app.state.storage
    return storage.database


def codes_of(request: Request) -> CodeSets | None:
    """Returns the code sets, ``None`` while they are not loaded."""
    engine: Engine = request.app.state.engine
    return engine.codes if engine.ready else None


def wanted_offsets(request: Request) -> Offsets:
    """Returns the unit that a request asks for, where no parameter holds it."""
    wanted = request.query_params.get("offsets")
    return Offsets.UTF_16 if wanted == Offsets.UTF_16 else Offsets.CODE_POINTS


def read_chart(database: Database, encounter_id: str) -> Chart:
    """Returns an encounter in one state, although several look-ups read it.

    Raises:
        NotFoundError: There is no such encounter.
        Problem: It changes faster than it can be read.
    """
    for _ in range(_TRIES):
        stored = encounters.get(database, encounter_id)
        sets = coded_sets.history(database, encounter_id)
        chart = Chart(
            stored=stored,
            notes=notes.all_notes(database, encounter_id),
            latest=suggestions.latest(database, encounter_id),
            coded_set=sets[-1] if sets else None,
            queries=queries.history(database, encounter_id),
            coding=decisions.coding(database, encounter_id),
        )
        # Every change raises the version, so that nothing changed between the first look and the last.
        if chart.coding.version == stored.item.version:
            return chart
    raise Problem("database-unavailable", headers={"Retry-After": "1"})


def renderer(request: Request, stored_notes: list[StoredNote], offsets: Offsets) -> EncounterRenderer:
    """Returns what renders the records of an encounter for a request."""
    names = UserNames(database_of(request))
    return EncounterRenderer(stored_notes, offsets=offsets, names=names, codes=codes_of(request))


def encounter_out(request: Request, chart: Chart, offsets: Offsets) -> out.EncounterOut:
    """Returns an encounter as it is answered."""
    render = renderer(request, chart.notes, offsets)
    item, encounter = chart.stored.item, chart.stored.encounter
    return out.EncounterOut(
        id=item.id,
        version=item.version,
        status=item.status,
        setting=item.setting,
        claim=item.claim,
        payer=item.payer,
        policy=encounter.policy,
        patient_key=item.patient_key,
        patient=out.PatientOut(age=encounter.patient.age, sex=encounter.patient.sex),
        date_of_service=item.date_of_service,
        admission=encounter.admission,
        discharge=item.discharge,
        assigned_to=render.names.optional(item.assigned_to),
        created_at=item.created_at,
        notes=render.notes(),
        suggestion=None if chart.latest is None else render.suggestion(chart.latest, ranked_limit=_RANKED),
        lines=render.lines(chart.coding.lines),
        set_aside=render.lines(chart.coding.set_aside),
        undecided=len(chart.coding.undecided),
        findings=findings_of(request, chart),
        queries=render.queries(chart.queries),
        editable=item.status is not EncounterStatus.FINALISED and may_change(principal(request), item),
        coded_set=None if chart.coded_set is None else chart.coded_set.number,
        offsets=offsets,
    )


def findings_of(request: Request, chart: Chart) -> list[FindingOut] | None:
    """Returns what the edits report of the lines that stand; ``None`` while the code sets are not loaded."""
    engine: Engine = request.app.state.engine
    if not engine.ready:
        return None
    final = chart.coded_set if chart.coding.status is EncounterStatus.FINALISED else None
    coded, record = standing(chart.stored.encounter, chart.coding.lines, chart.notes, final)
    read = () if chart.latest is None else named_otherwise(coded, chart.latest.suggestion, engine.suggester.index)
    return [finding_out(finding) for finding in (*engine.suggester.check(coded, record), *read)]


def _check_room(database: Database, encounter_id: str, note: Note, limit: int) -> None:
    present = encounters.get(database, encounter_id).encounter.notes
    if sum(len(other.text) for other in present) + len(note.text) > limit:
        raise Problem("text-too-long", f"the notes would have more than {limit} characters together")
    if len(present) >= MAX_NOTES:
        raise Problem("invalid-encounter", f"an encounter has at most {MAX_NOTES} notes")


async def bring_note(
    request: Request,
    encounter_id: str,
    body: LateNote,
    offsets: Offsets,
    store: Callable[[Database, Note, str], object],
) -> out.UpdatedEncounterOut:
    """Stores a note that came to an encounter, suggests again, and tells what changed.

    Args:
        request: The request.
        encounter_id: The encounter.
        body: The note.
        offsets: Unit of the offsets in the answer.
        store: Stores the note.

    Raises:
        NotFoundError: There is no such encounter.
        Problem: The text cannot be read or is too long, or the encounter has no room for it.
    """
    limit: int = request.app.state.settings.max_note_characters
    check_texts([body.note], limit)
    note = body.note.to_note()

    def stored() -> None:
        database = database_of(request)
        _check_room(database, encounter_id, note, limit)
        store(database, note, principal(request).user_id)

    def answer() -> out.EncounterOut:
        return encounter_out(request, read_chart(database_of(request), encounter_id), offsets)

    await run_in_threadpool(stored)
    changes = await try_to_suggest(request, encounter_id) if body.suggest else None
    return out.UpdatedEncounterOut(encounter=await run_in_threadpool(answer), changes=changes)


def may_change(who: Principal, item: WorklistItem) -> bool:
    """Returns whether somebody may decide on an encounter: it is theirs or nobody's, or they may assign it."""
    if not who.may(Permission.ENCOUNTERS_DECIDE):
        return False
    return item.assigned_to in (None, who.user_id) or who.may(Permission.ENCOUNTERS_ASSIGN)


def check_may_change(who: Principal, item: WorklistItem) -> None:
    """Checks that somebody may decide on an encounter.

    Raises:
        Problem: It is somebody else's.
    """
    if not may_change(who, item):
        raise Problem("not-assigned")


async def suggest_and_record(request: Request, encounter_id: str) -> out.ChangesOut | None:
    """Suggests codes for the present notes of an encounter and records the run.

    Returns:
        What changed since the run before; ``None`` if this is the first.

    Raises:
        NotFoundError: There is no such encounter.
        Problem: The suggester is not loaded, too many charts are waiting, or notes come faster than they
            are read.
    """
    database = await run_in_threadpool(database_of, request)
    engine: Engine = request.app.state.engine
    for _ in range(_TRIES):
        stored = await run_in_threadpool(encounters.get, database, encounter_id)
        before = await run_in_threadpool(suggestions.latest, database, encounter_id)
        suggestion = await engine.suggest(stored.encounter)
        record = partial(suggestions.record, last_note=stored.last_note, actor=principal(request).user_id)
        try:
            recorded = await run_in_threadpool(record, database, encounter_id, suggestion)
        except StaleSuggestionError:
            # A later note came and was read meanwhile.
            continue
        if before is None:
            return None
        return await run_in_threadpool(_changes, request, before, recorded)
    raise Problem("busy", headers={"Retry-After": "1"})


async def try_to_suggest(request: Request, encounter_id: str) -> out.ChangesOut | None:
    """Suggests as ``suggest_and_record`` does, but lets it be where that is not possible now.

    What the request stored is on disk already; a failure here must not look as if it were not.
    """
    try:
        return await suggest_and_record(request, encounter_id)
    except Exception as error:  # whatever failed, the encounter shows that it has no suggestion, or a stale one
        _log.warning("stored without a suggestion: %s", describe_exception(error))
        return None


def _changes(request: Request, before: StoredSuggestion, after: StoredSuggestion) -> out.ChangesOut:
    stored = notes.all_notes(database_of(request), after.encounter_id)
    render = renderer(request, stored, wanted_offsets(request))
    return render.changes(suggestions.diff(before.suggestion, after.suggestion))
