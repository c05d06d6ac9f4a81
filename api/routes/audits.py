"""Audits of codes that people assigned; nothing is stored."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.body import JsonRoute
from api.engine import Engine
from api.examples import body_examples
from api.examples_audits import AUDIT_EXAMPLES, AUDIT_RESPONSES
from api.permissions import Permission, requires
from api.render_audits import audit_out
from api.responses_audits import AuditOut
from api.schemas_audits import AuditRequest
from suggest.audit.summary import summarise

router = APIRouter(prefix="/v1", tags=["audits"], route_class=JsonRoute)


@router.post(
    "/audits",
    dependencies=[requires(Permission.AUDIT)],
    response_model=AuditOut,
    responses=AUDIT_RESPONSES,
    openapi_extra=body_examples(AUDIT_EXAMPLES),
)
async def audit(request: Request, body: AuditRequest) -> Response:
    """Compares assigned codes with the notes: supported or not, more specific, missed, sequence, edits, details.

    The audit suggests and a person decides. All encounters are checked before the first is audited.
    """
    engine: Engine = request.app.state.engine
    limit = request.app.state.settings.max_note_characters
    claims = [item.to_claim(place, limit=limit) for place, item in enumerate(body.encounters)]
    # one after the other, so that other requests get their turn in between
    audited = [await engine.audit(claim) for claim in claims]
    answer = audit_out(audited, summarise(audited), offsets=body.offsets)
    return Response(answer.model_dump_json(), media_type="application/json", headers={"Cache-Control": "no-store"})
