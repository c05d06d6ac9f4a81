"""Clinical knowledge as data files, and the one way to read them."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

from suggest.errors import ResourceError


def read_text(name: str) -> str:
    """Returns a resource file (path relative to this folder) as text."""
    return (files(__package__) / name).read_text(encoding="utf-8")


def read_table(name: str) -> Iterator[dict[str, str]]:
    """Yields the rows of a tab-separated resource as dictionaries.

    The first line is ``#`` followed by the column names; later lines that begin with ``#`` are comments.

    Raises:
        ResourceError: A row has another number of columns than the header; names file and line.
    """
    yield from parse_table(read_text(name), name)


def parse_table(text: str, name: str) -> Iterator[dict[str, str]]:
    """Yields the rows of tab-separated ``text``; ``name`` stands in error messages."""
    columns: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not columns:
            if not line.startswith("#"):
                raise ResourceError(f"{name}:{number}: expected a header line '#column<TAB>column', got data")
            columns = line[1:].split("\t")
            continue
        if not line.strip() or line.startswith("#"):
            continue
        cells = line.split("\t")
        if len(cells) != len(columns):
            raise ResourceError(f"{name}:{number}: expected {len(columns)} columns, found {len(cells)}")
        yield dict(zip(columns, (cell.strip() for cell in cells), strict=True))


def list_tables(folder: str) -> list[str]:
    """Returns the names of the tables of a resource folder, sorted."""
    found = (entry.name for entry in (files(__package__) / folder).iterdir())
    return [f"{folder}/{name}" for name in sorted(found) if name.endswith(".tsv")]
