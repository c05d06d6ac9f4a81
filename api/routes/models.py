"""The model bundles, and which of them serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends, Request

from api.body import JsonRoute
from api.engine import Engine
from api.examples_accounts import MODELS_RESPONSES, RELOAD_RESPONSES
from api.permissions import Permission, requires
from api.responses import no_store
from api.responses_accounts import ModelOut, ModelsOut

if TYPE_CHECKING:
    from models.registry import ListedBundle

router = APIRouter(prefix="/v1/models", tags=["models"], route_class=JsonRoute, dependencies=[Depends(no_store)])


# Plain functions run in threads: manifests are read from disk, and a bundle takes seconds to load.
@router.get("", dependencies=[requires(Permission.MODELS_READ)], responses=MODELS_RESPONSES)
def models(request: Request) -> ModelsOut:
    """Lists the bundles, names the one that serves, and says why a promoted one does not."""
    return _models(request)


@router.post("/reload", dependencies=[requires(Permission.MODELS_WRITE)], responses=RELOAD_RESPONSES)
def reload(request: Request) -> ModelsOut:
    """Takes the promoted bundle now; by itself the service does so within seconds.

    Other processes of the service take it by themselves.
    """
    engine: Engine = request.app.state.engine
    engine.reload()
    return _models(request)


def _models(request: Request) -> ModelsOut:
    # Imported here, as what reads bundles takes seconds: /healthz answers before.
    from models.registry import list_bundles

    engine: Engine = request.app.state.engine
    return ModelsOut(
        serving=engine.suggester.model.name if engine.ready else None,
        problem=engine.problem,
        items=[_model(bundle) for bundle in list_bundles(request.app.state.settings.home)],
    )


def _model(bundle: ListedBundle) -> ModelOut:
    manifest = bundle.manifest
    return ModelOut(
        name=bundle.name,
        active=bundle.active,
        created=manifest.created if manifest else None,
        policy=manifest.policy if manifest else None,
        problem=bundle.problem,
    )
