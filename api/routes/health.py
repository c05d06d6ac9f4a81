"""Health, readiness and versions."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import APIRouter, Request

from api.engine import Engine
from api.examples import VERSION_RESPONSES, problems
from api.permissions import Permission, requires
from api.responses import PolicyOut, StateOut, VersionOut
from suggest.policy import all_policies

router = APIRouter(tags=["service"])


@router.get(
    "/healthz",
    dependencies=[requires(Permission.PUBLIC)],
    responses=problems("host-not-allowed"),
    response_model_exclude_none=True,
)
async def health() -> StateOut:
    """Says that the process answers."""
    return StateOut(status="ok")


@router.get(
    "/readyz",
    dependencies=[requires(Permission.PUBLIC)],
    responses=problems("host-not-allowed", "not-ready"),
    response_model_exclude_none=True,
)
async def ready(request: Request) -> StateOut:
    """Says whether model and code index are loaded; 503 until then."""
    engine: Engine = request.app.state.engine
    _ = engine.suggester
    return StateOut(status="ready", problem=engine.problem or None)


@router.get("/v1/version", dependencies=[requires(Permission.CODES_READ)], responses=VERSION_RESPONSES)
async def versions(request: Request) -> VersionOut:
    """Names the versions of program, API, model, code index and policies."""
    engine: Engine = request.app.state.engine
    suggester = engine.suggester if engine.ready else None
    policies = all_policies().values()
    return VersionOut(
        version=version("chartcoder"),
        api="v1",
        model=suggester.model.name if suggester else None,
        index=suggester.index.fingerprint if suggester else None,
        editions=engine.codes.editions if suggester else {},
        policies=[PolicyOut(name=p.name, hash=p.hash, description=p.description) for p in policies],
    )
