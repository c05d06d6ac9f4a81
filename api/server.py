"""Starts the server."""

from __future__ import annotations

import os

import uvicorn

from api.logs import log_config
from api.settings import Settings
from store.database import open_database

_GRACE_SECONDS = 30
# longer than the idle time of usual proxies (60 s), so that they, not the service, close connections
KEEP_ALIVE_SECONDS = 75


def serve(settings: Settings) -> None:
    """Serves until the process is told to end.

    Raises:
        SettingsError: The service would be open to a network without sign-in.
        DatabaseError: The database cannot be opened.
    """
    settings.check_exposure()
    # Here, where an error still ends the command with a message.
    open_database(settings.database_url).close()
    # Worker processes are started afresh and read their settings from the environment.
    os.environ.update(settings.to_environment())
    uvicorn.run(
        "api.app:from_environment",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        log_config=log_config(settings.log_level),
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
