"""The application: routes, middleware and the engine put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from api.auth import Authenticator, SessionCookie
from api.engine import Engine, make_engine
from api.errors import install_handlers
from api.middleware import AccessLog, ErrorGuard, HostCheck
from api.openapi import DESCRIPTION, install_openapi
from api.routes import accounts, audits, codes, decisions, desk, encounters, health, models, pages, queries, suggestions
from api.settings import Settings, load_settings
from api.storage import Storage
from api.store_problems import install_store_handlers

_COMPRESS_FROM = 4096


def create_app(settings: Settings, engine: Engine) -> FastAPI:
    """Returns the application.

    Args:
        settings: Limits, hosts and tokens.
        engine: Started and closed with the application.
    """
    storage = Storage(settings.database_url)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        engine.start()
        yield
        engine.close()
        storage.close()

    # The interactive pages of FastAPI load scripts from another host; /openapi.json is a route of its own.
    app = FastAPI(
        title="ChartCoder",
        version="1",
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.engine = engine
    app.state.storage = storage
    app.state.auth = Authenticator(settings, storage)
    for module in (suggestions, audits, encounters, decisions, queries, accounts, codes, models, health, desk, pages):
        app.include_router(module.router)
    install_handlers(app)
    install_store_handlers(app)
    install_openapi(app)
    # The last one added is the first to see a request.
    app.add_middleware(GZipMiddleware, minimum_size=_COMPRESS_FROM)
    app.add_middleware(SessionCookie)
    app.add_middleware(ErrorGuard)
    app.add_middleware(AccessLog)
    app.add_middleware(HostCheck, hosts=settings.hosts)
    return app


def from_environment() -> FastAPI:
    """Returns the application for the settings of the environment: the factory for uvicorn's workers.

    Raises:
        SettingsError: A setting is not allowed, or the service would be open to a network without sign-in.
    """
    settings = load_settings()
    settings.check_exposure()
    return create_app(settings, make_engine(settings))
