"""Reads JSON bodies strictly: size, media type and nesting are checked before anything is parsed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Coroutine
from email.message import Message
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from api.errors import Problem

MAX_DEPTH = 32
"""Deepest nesting of a body; the schema needs four levels."""

_MAX_BRACKETS = 100_000
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")


class JsonRequest(Request):
    """A request whose body is JSON in UTF-8, within the limits of the service."""

    async def body(self) -> bytes:
        """Returns the body.

        Raises:
            Problem: The body is too large, compressed or not declared as JSON.
        """
        if not hasattr(self, "_body"):
            self._check_headers()
            limit: int = self.app.state.settings.max_body_bytes
            chunks, size = [], 0
            try:
                async for chunk in self.stream():
                    size += len(chunk)
                    if size > limit:
                        raise Problem("body-too-large", f"the body has more than the limit of {limit} bytes")
                    chunks.append(chunk)
            except ClientDisconnect:
                raise Problem("malformed-json", "the body broke off") from None
            self._body = b"".join(chunks)
            if not self._body.strip():
                raise Problem("malformed-json", "the body is empty; expected a JSON object")
        return self._body

    async def json(self) -> Any:
        """Returns the parsed body.

        Raises:
            Problem: The body is not UTF-8, not JSON, nested too deeply, or an object names a field twice.
        """
        return parse_json(await self.body())

    def _check_headers(self) -> None:
        header = Message()
        header["Content-Type"] = self.headers.get("content-type", "")
        if header.get_content_type() != "application/json":
            raise Problem("unsupported-media-type", "expected Content-Type: application/json")
        if (header.get_content_charset() or "utf-8") not in {"utf-8", "utf8"}:
            raise Problem("unsupported-media-type", "expected charset=utf-8, or no charset")
        if self.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise Problem("unsupported-media-type", "send the body without Content-Encoding")
        declared = self.headers.get("content-length", "0")
        limit: int = self.app.state.settings.max_body_bytes
        if declared.isdecimal() and int(declared[:20]) > limit:
            raise Problem("body-too-large", f"the body has more than the limit of {limit} bytes")


class JsonRoute(APIRoute):
    """A route that reads its body by ``JsonRequest``."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Returns the handler that gives its route a ``JsonRequest``."""
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            return await handle(JsonRequest(request.scope, request.receive))

        return handler


def parse_json(body: bytes) -> Any:
    """Parses JSON that comes from outside.

    Raises:
        Problem: See ``JsonRequest.json``. The detail tells line and column, never content.
    """
    _check_depth(body)
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_no_constant, object_pairs_hook=_no_repetition)
    except UnicodeDecodeError as error:
        detail = f"the body is not UTF-8: undecodable byte at offset {error.start}"
    except json.JSONDecodeError as error:
        # The message of some errors holds the character that is wrong.
        detail = f"the body is not valid JSON at line {error.lineno} column {error.colno}"
    except RecursionError:
        detail = f"the body is nested deeper than {MAX_DEPTH} levels"
    except ValueError:
        detail = "the body holds a number with too many digits"
    # Raised outside the handlers, so that the exception does not carry the one that holds the body.
    raise Problem("malformed-json", detail)


def _check_depth(body: bytes) -> None:
    depth = 0
    for count, found in enumerate(_BRACKET.finditer(_STRING.sub(b"", body))):
        depth += 1 if found.group() in b"[{" else -1
        if depth > MAX_DEPTH:
            raise Problem("malformed-json", f"the body is nested deeper than {MAX_DEPTH} levels")
        if count > _MAX_BRACKETS:
            raise Problem("malformed-json", f"the body has more than {_MAX_BRACKETS} brackets outside of strings")


def _no_constant(_name: str) -> float:
    raise Problem("malformed-json", "NaN and Infinity are not JSON; leave the field out")


def _no_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise Problem("malformed-json", "an object names a field twice")
    return fields
