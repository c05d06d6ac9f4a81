"""Suggestions for an encounter; nothing is stored."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.body import JsonRoute
from api.engine import Engine
from api.examples import SUGGESTION_EXAMPLES, SUGGESTION_RESPONSES
from api.permissions import Permission, requires
from api.render import suggestion_out
from api.responses import SuggestionOut
from api.schemas import SuggestionRequest

router = APIRouter(prefix="/v1", tags=["suggestions"], route_class=JsonRoute)


@router.post(
    "/suggestions",
    dependencies=[requires(Permission.SUGGEST)],
    response_model=SuggestionOut,
    responses=SUGGESTION_RESPONSES,
    openapi_extra={"requestBody": {"content": {"application/json": {"examples": SUGGESTION_EXAMPLES}}}},
)
async def suggest(request: Request, body: SuggestionRequest) -> Response:
    """Suggests codes for an encounter, each with the words of the chart that support it.

    Empty or blank text is answered with an empty suggestion.
    """
    engine: Engine = request.app.state.engine
    encounter = body.to_encounter(limit=request.app.state.settings.max_note_characters)
    suggestion = await engine.suggest(encounter)
    answer = suggestion_out(suggestion, encounter, offsets=body.offsets, ranked_limit=body.ranked_limit)
    return Response(answer.model_dump_json(), media_type="application/json", headers={"Cache-Control": "no-store"})
