"""``chartcoder serve``: the HTTP API and the page for trying it."""

from __future__ import annotations

import errno
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from cli.common import UsageError

_POLL_SECONDS = 0.25
_ANSWER_SECONDS = 5


def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on.  [default: CHARTCODER_HOST, else 127.0.0.1]")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="TCP port.  [default: CHARTCODER_PORT, else 8000]"),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Processes that answer requests.  [default: CHARTCODER_WORKERS, else 1]"),
    ] = None,
    home: Annotated[
        Path | None,
        typer.Option(help="Folder of code indexes and models.  [default: CHARTCODER_HOME]", file_okay=False),
    ] = None,
) -> None:
    """Serves the HTTP API and its page; prints the address once suggestions can be asked for.

    All other settings come from the environment: see docs/operations.md. Ctrl-C ends the service after the
    requests that are being answered.
    """
    from api.server import serve as run
    from api.settings import load_settings

    settings = load_settings()
    settings = replace(
        settings,
        host=settings.host if host is None else host,
        port=port or settings.port,
        workers=workers or settings.workers,
        home=home or settings.home,
    )
    settings.check_exposure()
    _check_free(settings.host, settings.port)
    threading.Thread(target=_announce, args=(settings.host, settings.port), daemon=True).start()
    run(settings)


def _check_free(host: str, port: int) -> None:
    """Refuses an address that cannot be listened on.

    The server would find out as well, but only say so in its log.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except socket.gaierror:
        raise UsageError(f"host {host!r} is unknown; expected an address such as 127.0.0.1") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise UsageError(
                f"port {port} of {host} is in use; end what uses it, or take another: "
                f"chartcoder serve --port {port % 65535 + 1}"
            ) from None
        raise UsageError(f"cannot listen on port {port} of {host}: {error.strerror}; take another") from None


def _announce(host: str, port: int) -> None:
    """Prints the address as soon as the service is ready; ends with the process if that never happens."""
    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  (compared, not bound)
    while not _is_ready(local, port):
        time.sleep(_POLL_SECONDS)
    shown = f"[{local}]" if ":" in local else local
    print(f"ChartCoder is ready: http://{shown}:{port}/", flush=True)


def _is_ready(host: str, port: int) -> bool:
    from http.client import HTTPConnection, HTTPException

    connection = HTTPConnection(host, port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
