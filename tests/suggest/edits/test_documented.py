"""Every edit stands in the documentation, and every edit of the documentation exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import suggest.edits
from suggest.edits.icd10cm_conventions import conventions

PACKAGE = Path(suggest.edits.__file__).parent
DOCS = Path(__file__).parents[3] / "docs"
NAMES = {
    name
    for path in (*PACKAGE.glob("*.py"), PACKAGE.parent / "given_selection.py")
    for name in re.findall(r'\bReport\(\s*"([a-z0-9-]+)"', path.read_text(encoding="utf-8"))
} | {rule.edit for table in ("conflicts", "companions", "only_one") for rule in conventions(table)}
DOCUMENTED = {
    name
    for path in DOCS.glob("*edits.md")
    for name in re.findall(r"^\| `([a-z0-9-]+)` \|", path.read_text(encoding="utf-8"), re.MULTILINE)
}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_an_edit_is_documented(name):
    assert name in DOCUMENTED


def test_documented_edits_exist():
    columns = {"payer", "policy", "procedure", "diagnoses", "frequency"}
    assert DOCUMENTED - columns <= NAMES
