"""Who may import whom: the core stays free of web, training and storage; nothing rests on the command line."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
ALLOWED = {
    "suggest": set(),
    "models": {"suggest"},
    "store": {"suggest"},
    "training": {"suggest", "models", "store"},
    "api": {"suggest", "models", "store"},
    "cli": {"suggest", "models", "store", "training", "api"},
}
FILES = sorted(path for package in ALLOWED for path in (REPOSITORY / package).rglob("*.py"))


def imported(source: str) -> set[str]:
    """Returns the top-level packages that a module imports, wherever in it; ``.`` for a relative import."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." if node.level else (node.module or "").partition(".")[0])
    return found


def test_imports_are_found_wherever_they_stand():
    source = "import a.b\nfrom c.d import e\ndef f():\n    from g import h\n    import i\nfrom . import j\n"
    assert imported(source) == {"a", "c", "g", "i", "."}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_a_module_imports_only_what_its_package_may(path):
    package = path.relative_to(REPOSITORY).parts[0]
    names = imported(path.read_text(encoding="utf-8"))
    others = ALLOWED.keys() - {package}
    assert names & others <= ALLOWED[package]
    assert not names & {".", "tests", "benchmarks"}
