"""The OpenAPI document; ``python -m api.openapi`` writes it to docs/openapi.json."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.errors import MEDIA_TYPE

DESCRIPTION = (
    "Reads a clinical chart and suggests codes of ICD-10-CM, CPT, HCPCS Level II and ICD-10-PCS, each with the words "
    "that support it, for a human coder to accept, replace or reject, and keeps what coders decide."
)


def install_openapi(app: FastAPI) -> None:
    """Makes ``app.openapi()`` return the document as ``build_openapi`` makes it."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = build_openapi(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the way that FastAPI documents


def build_openapi(app: FastAPI) -> dict[str, Any]:
    """Returns the OpenAPI document: problems with their own media type, keys and sessions declared."""
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    for operations in document["paths"].values():
        for operation in operations.values():
            _name_problems(operation["responses"])
    # FastAPI documents its own form of validation errors wherever a path has parameters.
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name)
    document["components"]["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "An API key, or one of CHARTCODER_API_TOKENS."},
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "chartcoder-session",
            "description": "Set by POST /v1/session; __Host-chartcoder-session under other names than loopback.",
        },
    }
    # Nothing of it in single-user mode, and for the routes that are public.
    document["security"] = [{}, {"key": []}, {"session": []}]
    return document


def _name_problems(responses: dict[str, Any]) -> None:
    """Moves the schema of problems from application/json to their media type."""
    if "problem" not in json.dumps(responses.get("422", "problem")):
        del responses["422"]
    for response in responses.values():
        content = response.get("content", {})
        if MEDIA_TYPE in content:
            content[MEDIA_TYPE]["schema"] = content.pop("application/json")["schema"]


def render_openapi() -> str:
    """Returns the document of the application as JSON text."""
    from api.app import create_app
    from api.engine import make_engine
    from api.settings import Settings

    settings = Settings()
    return json.dumps(create_app(settings, make_engine(settings)).openapi(), indent=2) + "\n"


def main() -> None:
    """Writes docs/openapi.json, or the file that is named on the command line."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/openapi.json")
    target.write_text(render_openapi(), "utf-8")


if __name__ == "__main__":
    main()
