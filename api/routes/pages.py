"""The page for coders, its files, the OpenAPI document and the explanations of problems."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from fastapi import APIRouter, Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import JSONResponse, Response

from api.errors import PROBLEMS, Problem
from api.permissions import Permission, requires
from suggest.records import Claim, Setting, Sex

router = APIRouter(include_in_schema=False, dependencies=[requires(Permission.PUBLIC)])

_MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FOR_EVER = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"

templates = Environment(
    loader=PackageLoader("api", "web/templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
"""The templates of all pages; what they are given is escaped."""


@router.get("/")
def page() -> Response:
    """Returns the page on which a chart is pasted and read."""
    html = templates.get_template("index.html").render(
        settings=list(Setting), claims=list(Claim), sexes=list(Sex), asset=asset_address
    )
    return Response(html, media_type="text/html", headers={"Cache-Control": REVALIDATE})


@router.get("/static/{name}")
def static(name: str, v: str = "") -> Response:
    """Returns a file of the page; for ever cacheable under the address that carries its hash."""
    found = _assets().get(name)
    if found is None:
        raise Problem("not-found")
    content, digest = found
    return Response(
        content,
        media_type=_MEDIA_TYPES[name[name.rindex(".") :]],
        headers={"Cache-Control": _FOR_EVER if v == digest else REVALIDATE},
    )


@router.get("/samples.json")
def samples() -> Response:
    """Returns the invented charts that the page offers to try."""
    return JSONResponse(sample_charts(), headers={"Cache-Control": REVALIDATE})


@router.get("/openapi.json")
def openapi(request: Request) -> Response:
    """Returns the OpenAPI document."""
    return JSONResponse(request.app.openapi(), headers={"Cache-Control": REVALIDATE})


@router.get("/problems/{name}")
def problem(name: str) -> Response:
    """Explains a kind of problem, under the URI that problems carry as their type."""
    kind = PROBLEMS.get(name)
    if kind is None:
        raise Problem("not-found")
    return Response(f"{kind.status} {kind.title}\n\n{kind.meaning}\n", media_type="text/plain")


@lru_cache(maxsize=1)
def sample_charts() -> list[dict[str, Any]]:
    """Returns the sample charts: ``title``, and the fields of a suggestion request."""
    folder = files("api") / "web" / "samples"
    return [json.loads(entry.read_text("utf-8")) for entry in _entries(folder, ".json")]


@lru_cache(maxsize=1)
def _assets() -> dict[str, tuple[bytes, str]]:
    """Returns content and hash of the files of the page, by name."""
    folder = files("api") / "web" / "static"
    contents = {entry.name: entry.read_bytes() for entry in _entries(folder, *_MEDIA_TYPES)}
    return {name: (content, hashlib.sha256(content).hexdigest()[:12]) for name, content in contents.items()}


def _entries(folder: Traversable, *suffixes: str) -> list[Traversable]:
    found = [entry for entry in folder.iterdir() if entry.name.endswith(suffixes)]
    return sorted(found, key=lambda entry: entry.name)


def asset_address(name: str) -> str:
    """Returns the address of a file of the pages, with its hash."""
    return f"/static/{name}?v={_assets()[name][1]}"
