"""docs/api.md names every setting, route and problem."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from api.errors import PROBLEMS
from api.settings import VARIABLES

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def text():
    return (DOCS / "api.md").read_text("utf-8")


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable.name)
def test_every_setting_is_documented_with_its_default(text, variable):
    default = f"`{variable.default}`" if variable.default else ""
    assert f"| `{variable.name}` | {default} | {variable.description} |" in text


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_problem_is_documented(text, name):
    kind = PROBLEMS[name]
    assert f"| `/problems/{name}` | {kind.status} | {kind.title}. {kind.meaning} |" in text


def test_every_route_is_documented(text):
    document = json.loads((DOCS / "openapi.json").read_text("utf-8"))
    for path, operations in document["paths"].items():
        for method in operations:
            assert f"`{method.upper()} {path}`" in text
