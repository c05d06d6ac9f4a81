"""Documentation is a contract: nothing undocumented, nothing documented that is not there, examples run."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from api.app import create_app
from api.engine import Engine
from api.settings import VARIABLES, Settings
from cli.main import app

REPOSITORY = Path(__file__).parents[1]
PAGES = sorted(
    path
    for path in [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *(REPOSITORY / "docs").glob("*.md")]
    if path.exists()
)
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in PAGES}
ALL = "\n".join(TEXTS.values())

# Commands that a reader can run as they stand follow this mark; the blocks of a page run one after the other.
_EXAMPLE = re.compile(r"^<!-- run -->\n```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"(?<![\w/.-])chartcoder((?: [a-z][a-z0-9]*\b(?![.:/=-]))+)")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_BLOCK = re.compile(r"^ *```sh\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_TARGET = re.compile(r"(?:`|^ *)make ([a-z-]+)", re.MULTILINE)


def commands() -> dict[str, bool]:
    """Returns the commands by their words (``codes search``), and whether each only holds others."""

    def walk(command, words):
        below = getattr(command, "commands", {})
        found = {" ".join(words): bool(below)} if words else {}
        for name, child in below.items():
            found |= walk(child, [*words, name])
        return found

    return walk(typer.main.get_command(app), [])


def examples(text: str) -> str:
    return "\n".join(_EXAMPLE.findall(text))


@pytest.mark.parametrize("command", [name for name, group in commands().items() if not group])
def test_every_command_is_documented(command):
    assert re.search(rf"\bchartcoder {command}\b", ALL)


def test_every_command_in_the_docs_exists():
    known = commands()
    wrong = set()
    for found in _COMMAND.findall(ALL):
        words = found.split()
        while words and known.get(" ".join(words)) is None:
            words.pop()
        if not words or (known[" ".join(words)] and len(words) < len(found.split())):
            wrong.add(found.strip())
    # Sentences about the program or its folder, not commands.
    assert wrong <= {"in the user"}


@pytest.mark.parametrize("variable", [variable.name for variable in VARIABLES])
def test_every_setting_is_documented(variable):
    assert f"`{variable}`" in ALL


def test_every_setting_in_the_docs_exists():
    known = {variable.name for variable in VARIABLES}
    assert set(re.findall(r"\bCHARTCODER_[A-Z][A-Z_]*[A-Z]\b", ALL)) <= known


def routes() -> list[str]:
    def walk(router):
        for route in router.routes:
            # The framework copies the routes of an included router, or keeps the router.
            included = getattr(route, "original_router", None)
            yield from walk(included) if included else [route.path]

    return sorted(set(walk(create_app(Settings(), Engine(lambda _progress: None, queue_limit=1)))))


def test_routes_are_found():
    assert {"/v1/suggestions", "/healthz"} <= set(routes())


@pytest.mark.parametrize("path", routes())
def test_every_route_is_documented(path):
    # Files of the page itself, and the pages behind the desk, are no interface.
    if path not in {"/static/{name}", "/samples.json"} and not path.startswith("/desk/"):
        assert re.search(rf"`(?:[A-Z]+ )?{re.escape(path.replace('{name}', ''))}", ALL), path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    broken = []
    for link in _LINK.findall(TEXTS[page.name]):
        target, _, anchor = link.partition("#")
        if "://" in link:
            continue
        path = (page.parent / target).resolve() if target else page
        headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE) if path.suffix == ".md" else []
        if not path.exists() or (anchor and anchor not in map(anchor_of, headings)):
            broken.append(link)
    assert broken == []


def anchor_of(heading: str) -> str:
    """Returns the anchor that a heading gets where Markdown is shown."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def test_make_targets_in_the_docs_exist():
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    inline = re.findall(r"`make [^`]*`", ALL)
    assert set(_TARGET.findall("\n".join(_BLOCK.findall(ALL) + inline))) <= targets


@pytest.mark.slow
@pytest.mark.parametrize("page", [name for name, text in TEXTS.items() if examples(text)])
def test_examples_run(page, suggester, home, tmp_path):
    program = tmp_path / "bin" / "chartcoder"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\nfrom cli.main import main\nmain()\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    environment = os.environ | {
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "CHARTCODER_HOME": str(home),
    }
    work = tmp_path / "work"
    work.mkdir()
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", examples(TEXTS[page])],
        cwd=work,
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
