"""Imported tables as single JSON files with their hash: written in one step, refused when altered."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from suggest.errors import CodeSetError

_FORMAT = 1


def read_stored(file: Path, advice: str) -> list[dict[str, Any]]:
    """Returns the rows of a table, none where the file is not there.

    Args:
        file: The table.
        advice: What errors tell the reader to do.

    Raises:
        CodeSetError: The file is damaged, was altered or is of another format.
    """
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        rows: list[dict[str, Any]] = data["rows"]
        whole = data["format"] == _FORMAT and data["sha256"] == _digest(rows)
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CodeSetError(f"{file} cannot be read; {advice}") from error
    if not whole:
        raise CodeSetError(f"{file} was altered since its import, or is of another format; {advice}")
    return rows


def write_stored(file: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Writes a table so that readers find the old one or the new one, never a part."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{file.stem}-", dir=file.parent)
    draft = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump({"format": _FORMAT, "sha256": _digest(rows), "rows": list(rows)}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        draft.chmod(0o644)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


def _digest(rows: Sequence[dict[str, Any]]) -> str:
    return hashlib.sha256(json.dumps(list(rows), sort_keys=True).encode()).hexdigest()
