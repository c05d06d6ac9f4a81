"""What all commands share: the data folder, progress bars, and errors as one clear line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from tqdm import tqdm

from suggest.errors import ChartCoderError

Progress = Callable[[str, float], None]


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Yields a callback that draws one bar for each step on standard error."""
    bars: dict[str, tqdm[None]] = {}

    def report(name: str, share: float) -> None:
        if name not in bars:
            _close(bars)
            bars[name] = tqdm(
                total=100,
                desc=name,
                file=sys.stderr,
                bar_format="{desc:<28} {bar:30} {n:3.0f}% {elapsed}",
                disable=not sys.stderr.isatty(),
            )
        bars[name].update(max(0.0, round(100 * share) - bars[name].n))

    try:
        yield report
    finally:
        _close(bars)


def _close(bars: dict[str, tqdm[None]]) -> None:
    for bar in bars.values():
        bar.close()


@contextmanager
def clear_errors() -> Iterator[None]:
    """Turns errors with a cause outside the program into one line on standard error and exit code 2."""
    try:
        yield
    except ChartCoderError as error:
        typer.echo(f"chartcoder: {error}", err=True)
        raise typer.Exit(2) from None
