"""What wraps every request: host check, security headers, access log, and a guard against leaking errors."""

from __future__ import annotations

import logging
from time import monotonic

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Problem, internal_error, problem_response

_access = logging.getLogger("chartcoder.access")

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class ErrorGuard:
    """Answers unexpected errors itself: servers log an exception that reaches them, with its message."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        failed = None
        try:
            await self._app(scope, receive, watch)
        except Exception as error:
            failed = internal_error(error)
        if failed is not None:
            if started:
                raise RuntimeError("the response broke off; the log holds the incident")
            await failed(scope, receive, send)


class AccessLog:
    """Logs method, route, status and time of every request; neither address nor query nor client.

    The route is logged by its template: an address may hold anything that was typed.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = monotonic(), 0

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            milliseconds = 1000 * (monotonic() - began)
            method = scope["method"] if scope["method"] in _METHODS else "-"
            _access.info("%s %s %d %.0f ms", method, _template(scope), status, milliseconds)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _template(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path", "-"))


class HostCheck:
    """Refuses host names that are not ours, against DNS rebinding, and sets the security headers.

    A page of another site can make a browser resolve its own name to this machine, and would then be of the
    same origin; but its requests still carry that name in the Host header.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def secure(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        names = Headers(scope=scope).getlist("host")
        if len(names) == 1 and host_name(names[0]) in self._hosts:
            await self._app(scope, receive, secure)
        else:
            await problem_response(Problem("host-not-allowed"))(scope, receive, secure)


def host_name(header: str) -> str:
    """Returns the name of a Host header in lower case, without port and without the brackets of IPv6."""
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.partition(":")[0].lower()
