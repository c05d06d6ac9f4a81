"""Files that survive a crash: written whole, flushed to the disk, then renamed into place."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def hidden_sibling(path: Path) -> Path:
    """Returns a fresh name beside ``path`` that begins with a dot, for building something before a rename."""
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}")


def write_durably(path: Path, data: bytes) -> None:
    """Writes a new file and flushes it to the disk.

    Raises:
        FileExistsError: ``path`` exists; nothing is ever overwritten in place.
    """
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Flushes the entries of a folder, so that a rename inside it survives a crash."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_durably(path: Path, data: bytes) -> None:
    """Puts ``data`` at ``path`` in one step: readers see the old content or the new, never a part."""
    temporary = hidden_sibling(path)
    try:
        write_durably(temporary, data)
        temporary.replace(path)
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)
