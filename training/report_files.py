"""Reports as HTML files that need nothing else and hold words of charts: only their owner may read them.

Their policy (CSP) lets them load and send nothing. A report is only ever written over a report of its own kind.
"""

from __future__ import annotations

import base64
import hashlib
import os
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from models.files import hidden_sibling, sync_folder
from suggest.errors import ChartCoderError

_HEAD = 1024


class ReportError(ChartCoderError):
    """A report cannot be written where it was asked for."""


def check_report_path(path: Path, generator: str) -> None:
    """Makes sure that a report may be written to ``path``.

    Args:
        path: Where it shall lie.
        generator: What reports of its kind name as their generator, such as ``ChartCoder error report``.

    Raises:
        ReportError: The folder is missing, or something that is no such report lies there.
    """
    if not path.parent.is_dir():
        raise ReportError(f"{path}: there is no folder {path.parent}; create it first")
    if path.exists() and not _is_report(path, generator):
        kind = generator.removeprefix("ChartCoder ")
        raise ReportError(f"{path}: exists and is no {kind} of ChartCoder; choose another name")


def _is_report(path: Path, generator: str) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return f'<meta name="generator" content="{generator}">'.encode() in file.read(_HEAD)


def write_report(path: Path, html: str, generator: str) -> None:
    """Writes a report that only its owner may read; takes the place of an older report.

    Raises:
        ReportError: As ``check_report_path``.
    """
    check_report_path(path, generator)
    write_private(path, html)


def write_private(path: Path, text: str) -> None:
    """Writes a file that only its owner may read, in the place of one that may be there."""
    temporary = hidden_sibling(path)
    try:
        # private from the first byte, whatever the umask
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode("utf-8", "replace"))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def render(template: str, generator: str, *, styles: tuple[str, ...], script: str, **values: Any) -> str:
    """Returns a report as HTML.

    Args:
        template: Name of the template; it gets ``generator``, ``policy``, ``style``, ``script`` and ``values``.
        generator: See ``check_report_path``.
        styles: Names of the style sheets, in order.
        script: Name of the script.
        values: What else the template shows.
    """
    environment = Environment(
        loader=PackageLoader("training", "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    style, code = "\n".join(_asset(name) for name in styles), _asset(script)
    return environment.get_template(template).render(
        generator=generator,
        policy=(
            f"default-src 'none'; style-src {_source(style)}; script-src {_source(code)}; "
            "base-uri 'none'; form-action 'none'"
        ),
        style=Markup(style),  # noqa: S704 - files of this package
        script=Markup(code),  # noqa: S704 - a file of this package
        **values,
    )


def _asset(name: str) -> str:
    return (files("training") / "templates" / name).read_text(encoding="utf-8")


def _source(content: str) -> str:
    """Returns the CSP source that allows exactly this inline content."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
