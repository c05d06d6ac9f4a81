"""What all commands share: settings, progress bars, and errors as one clear line."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from suggest.errors import ChartCoderError

if TYPE_CHECKING:
    from tqdm import tqdm

    from suggest.code_sets.index import CodeIndex
    from suggest.terminology import Terminology

Progress = Callable[[str, float], None]

_WRONG_INPUT = 2
_OUR_FAULT = 1


class UsageError(ChartCoderError):
    """Options, files or records that were named on the command line do not fit."""


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Yields a callback that draws one bar for each step on standard error, if that is a terminal."""
    bars: dict[str, tqdm] = {}  # type: ignore[type-arg]  # a bar that is not iterated over has no item type

    def report(name: str, share: float) -> None:
        if name not in bars:
            _close(bars)
            bars[name] = _new_bar(name)
        bars[name].update(max(0.0, round(100 * share) - bars[name].n))

    try:
        yield report
    finally:
        _close(bars)


def _new_bar(name: str) -> tqdm:  # type: ignore[type-arg]
    from tqdm import tqdm  # imported when a bar is drawn: help and errors shall come at once

    layout = "{desc:<28} {bar:30} {n:3.0f}% {elapsed}"
    return tqdm(total=100, desc=name, file=sys.stderr, bar_format=layout, disable=not sys.stderr.isatty())


def _close(bars: dict[str, tqdm]) -> None:  # type: ignore[type-arg]
    for bar in bars.values():
        bar.close()


@contextmanager
def clear_errors() -> Iterator[None]:
    """Turns errors into one line on standard error and an exit code.

    The code is 2 where the cause lies outside the program: a setting, a file, a chart. It is 1 for a fault of
    the program; its line names types and places only, because the message of any exception may quote a chart.
    """
    try:
        yield
    except ChartCoderError as error:
        _fail(str(error), _WRONG_INPUT)
    except BrokenPipeError:
        # Whoever read our output has gone (``| head``); the interpreter must not flush into the pipe again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(_OUR_FAULT)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        _fail(
            f"{place}{error.strerror or type(error).__name__}; check path and permissions",
            _WRONG_INPUT,
        )
    except ModuleNotFoundError as error:
        _fail(f"Python module {error.name} is missing; install what requirements.lock names", _WRONG_INPUT)
    except Exception as error:  # the last guard: a traceback would show messages, and so text of a chart
        from api.logs import describe_exception

        _fail(f"internal error, please report it: {describe_exception(error)}", _OUR_FAULT)


def _fail(message: str, code: int) -> None:
    print(f"chartcoder: {message}", file=sys.stderr)
    sys.exit(code)


def tolerate_any_encoding() -> None:
    """Lets output pass where the terminal's encoding lacks a character of a chart: it is escaped."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def home_folder() -> Path:
    """Returns the data folder of the installation, ``CHARTCODER_HOME``."""
    from api.settings import load_settings

    return load_settings().home


def open_code_set(home: Path, edition: str | None, progress: Progress) -> tuple[CodeIndex, Terminology]:
    """Opens the code index and terminology of an edition, by default the one that ships.

    Raises:
        CodeSetError: The edition is not installed.
    """
    from suggest.code_sets.importers import open_edition, shipped_edition
    from suggest.terminology_compiler import open_terminology

    shipped = shipped_edition().name
    name = edition or shipped
    index = open_edition(home, name, progress=progress)
    return index, open_terminology(home, index, strict=name == shipped, progress=progress)


def bundle_path(home: Path, bundle: str) -> Path:
    """Returns the folder of a bundle: a path where it holds a separator, else a name under ``home``.

    Raises:
        BundleError: It is neither a path nor a name of a bundle.
    """
    if "/" in bundle or os.sep in bundle:
        return Path(bundle).expanduser()
    from models.registry import bundle_folder

    return bundle_folder(home, bundle)


def print_rows(rows: Sequence[tuple[str, ...]], *, right: frozenset[int] = frozenset()) -> None:
    """Prints a table: the first row is its head; columns are as wide as their widest cell.

    Args:
        rows: Head and lines, each with the same number of cells.
        right: Columns that are set flush right (numbers).
    """
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())
