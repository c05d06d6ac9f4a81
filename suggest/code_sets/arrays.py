"""Arrays on disk: string tables, a lock between processes, and folders that appear whole or not at all.

Everything is plain ``.npy`` read with ``mmap_mode="r"`` and ``allow_pickle=False``, so that workers share one
copy in the page cache and opening a file never runs code from it.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from suggest.errors import CodeSetError

META = "meta.json"
Array = NDArray[Any]


class Strings:
    """A read-only table of strings: one UTF-8 blob and the offsets of its parts, decoded on demand."""

    __slots__ = ("_blob", "_offsets")

    def __init__(self, blob: NDArray[np.uint8], offsets: NDArray[np.int32]) -> None:
        """Wraps ``blob`` (bytes) and ``offsets`` (length + 1 positions into it)."""
        self._blob = blob
        self._offsets = offsets

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __getitem__(self, position: int) -> str:
        return self._blob[self._offsets[position] : self._offsets[position + 1]].tobytes().decode()


def pack_strings(strings: Iterable[str]) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Returns the blob and offsets of ``strings``, the arguments of ``Strings``."""
    encoded = [string.encode() for string in strings]
    return np.frombuffer(b"".join(encoded), dtype=np.uint8), pointers([len(part) for part in encoded])


def pointers(lengths: Iterable[int]) -> NDArray[np.int32]:
    """Returns where each group begins when groups of the given lengths lie one after the other."""
    return np.concatenate(([0], np.cumsum(list(lengths), dtype=np.int64))).astype(np.int32)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds an exclusive lock between processes on the file ``path``, which stays behind empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        _lock(file)
        yield


def _lock(file: IO[bytes]) -> None:
    """Waits for the lock; closing the file, or the end of the process, releases it."""
    if sys.platform == "win32":
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Yields an empty folder beside ``folder`` that takes its place when the block ends without an error.

    An old ``folder`` is moved aside first and removed last; a reader that has mapped its files keeps them.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    old = draft.with_name(draft.name + ".old")
    try:
        yield draft
        draft.chmod(0o755)
        if folder.exists():
            folder.rename(old)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def write_arrays(folder: Path, arrays: Mapping[str, Array], meta: Mapping[str, object]) -> None:
    """Writes each array to ``NAME.npy`` and, last, ``meta`` with all lengths to ``meta.json``."""
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    lengths = {name: len(array) for name, array in arrays.items()}
    with (folder / META).open("w", encoding="utf-8") as file:
        json.dump({**meta, "arrays": lengths}, file)
        file.flush()
        os.fsync(file.fileno())


def read_arrays(folder: Path, format_version: int) -> tuple[dict[str, Array], dict[str, Any]]:
    """Maps the arrays of a folder that ``write_arrays`` wrote, and returns them with its meta data.

    Raises:
        CodeSetError: The folder is missing or incomplete, or ``meta["format"]`` is not ``format_version``.
    """
    advice = "delete this folder; it is compiled again on the next run"
    try:
        meta = json.loads((folder / META).read_text(encoding="utf-8"))
        if meta["format"] != format_version:
            raise CodeSetError(f"code index {folder}: format {meta['format']}, expected {format_version}; {advice}")
        arrays = {name: _map(folder / f"{name}.npy") for name in meta["arrays"]}
    except FileNotFoundError as error:
        raise CodeSetError(f"code index {folder}: {error.filename} is missing; {advice}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CodeSetError(f"code index {folder} cannot be read ({error}); {advice}") from error
    for name, length in meta["arrays"].items():
        if len(arrays[name]) != length:
            raise CodeSetError(f"code index {folder}: {name} has {len(arrays[name])} items, not {length}; {advice}")
    return arrays, meta


def _map(path: Path) -> Array:
    mapped: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    return mapped.view(np.ndarray)
