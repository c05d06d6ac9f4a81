"""Model bundles: a folder with a manifest, a model card, arrays and estimators, checked before it is loaded.

A bundle comes from outside. Nothing in it is deserialised before the manifest has been validated and the size
and SHA-256 of every file compared; then arrays load without pickle and estimators by skops with an explicit
list of types. The hash check and the load use the same bytes, so a file swapped in between changes nothing.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np
from numpy.typing import NDArray

from models.estimators import dump_estimator, find_untrusted_types, load_estimator
from models.files import hidden_sibling, sync_folder, write_durably
from models.manifest import (
    CARD_NAME,
    FORMAT,
    MANIFEST_NAME,
    FileEntry,
    ModelManifest,
    TrainingCorpus,
    library_versions,
    parse_manifest,
)
from suggest.errors import BundleError

__all__ = [
    "CARD_NAME",
    "FORMAT",
    "MANIFEST_NAME",
    "Array",
    "Bundle",
    "FileEntry",
    "ModelManifest",
    "TrainingCorpus",
    "library_versions",
    "read_bundle",
    "read_manifest",
    "verify_bundle",
    "write_bundle",
]

Array = NDArray[Any]

# A manifest holds names, numbers and hashes; beyond this size it is something else.
_MAX_MANIFEST_BYTES = 16 * 2**20
_RESTORE = "restore the bundle from where it was made, or train it again"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that has passed every check.

    Attributes:
        manifest: What the bundle says of itself.
        arrays: Read-only arrays by file stem (the ``.npy`` files).
        tables: Groups of read-only arrays by file stem (the ``.npz`` files).
        estimators: Fitted scikit-learn estimators by file stem (the ``.skops`` files).
        card: The model card, Markdown.
        digest: SHA-256 of the manifest, which holds the hash of every file: it identifies the whole bundle.
    """

    manifest: ModelManifest
    arrays: Mapping[str, Array]
    tables: Mapping[str, Mapping[str, Array]]
    estimators: Mapping[str, Any]
    card: str
    digest: str


def write_bundle(
    folder: Path,
    manifest: ModelManifest,
    arrays: Mapping[str, Array | Mapping[str, Array]],
    estimators: Mapping[str, object],
    card: str,
) -> ModelManifest:
    """Writes a new bundle in one step: it appears whole under ``folder`` or not at all.

    Args:
        folder: Where the bundle shall be; must not exist.
        manifest: The manifest; ``files`` is filled in here.
        arrays: Name -> array (written as ``NAME.npy``) or group of arrays (``NAME.npz``, compressed).
        estimators: Name -> fitted estimator (``NAME.skops``).
        card: The model card, Markdown.

    Returns:
        The manifest as written.

    Raises:
        BundleError: ``folder`` exists, an array holds Python objects, or the result would not be readable.
    """
    if folder.exists() or folder.is_symlink():
        raise BundleError(f"{folder.name} exists already and bundles are never overwritten; take another name")
    blobs = {CARD_NAME: card.encode()}
    blobs |= dict(_dump_array(name, array) for name, array in arrays.items())
    blobs |= {f"{name}.skops": dump_estimator(estimator) for name, estimator in estimators.items()}
    entries = {name: FileEntry(_sha256(blob), len(blob)) for name, blob in sorted(blobs.items())}
    data = replace(manifest, files=entries).to_json()
    written = parse_manifest(data)
    try:
        _write_whole(folder, blobs | {MANIFEST_NAME: data})
    except OSError as error:
        raise BundleError(f"{folder.name} cannot be written: {error.strerror}") from None
    return written


def _write_whole(folder: Path, blobs: Mapping[str, bytes]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = hidden_sibling(folder)
    temporary.mkdir()
    try:
        for name, blob in blobs.items():
            write_durably(temporary / name, blob)
        sync_folder(temporary)
        _raise_problems(folder.name, _inspect(temporary).problems)
        temporary.rename(folder)
        sync_folder(folder.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def read_bundle(folder: Path) -> Bundle:
    """Checks a bundle whole, then loads it.

    Raises:
        BundleError: Missing, altered, incomplete, of a newer format, trained with another minor version of
            scikit-learn, or holding untrusted types or names that lead out of the folder. The message names
            every problem and what to do.
    """
    checked = _inspect(folder)
    _raise_problems(folder.name, checked.problems)
    if checked.manifest is None:
        raise BundleError(f"bundle {folder.name}: no manifest; {_RESTORE}")
    arrays: dict[str, Array] = {}
    tables: dict[str, dict[str, Array]] = {}
    estimators: dict[str, Any] = {}
    for name, blob in checked.blobs.items():
        stem, suffix = Path(name).stem, Path(name).suffix
        try:
            if suffix == ".npy":
                arrays[stem] = _load_array(blob)
            elif suffix == ".npz":
                tables[stem] = _load_table(blob)
            elif suffix == ".skops":
                estimators[stem] = load_estimator(blob)
        except BundleError as error:
            raise BundleError(f"bundle {folder.name}: {name} {error}; {_RESTORE}") from None
    card = checked.blobs[CARD_NAME].decode(errors="replace")
    return Bundle(checked.manifest, arrays, tables, estimators, card, checked.digest)


def verify_bundle(folder: Path) -> list[str]:
    """Returns everything that speaks against a bundle (empty: none); loads no part of it."""
    return _inspect(folder).problems


def read_manifest(folder: Path) -> ModelManifest:
    """Reads the manifest alone, for listings; the files are not checked.

    Raises:
        BundleError: Missing, unreadable or against the schema.
    """
    return parse_manifest(_read_file(folder / MANIFEST_NAME, _MAX_MANIFEST_BYTES))


@dataclass(slots=True)
class _Inspection:
    """What is known of a bundle before anything in it is loaded."""

    problems: list[str]
    blobs: dict[str, bytes]
    manifest: ModelManifest | None = None
    digest: str = ""


def _inspect(folder: Path) -> _Inspection:
    result = _Inspection([], {})
    if not folder.is_dir():
        result.problems.append("no such folder; list what there is: chartcoder models list")
        return result
    try:
        data = _read_file(folder / MANIFEST_NAME, _MAX_MANIFEST_BYTES)
        result.digest = _sha256(data)
        result.manifest = manifest = parse_manifest(data)
    except BundleError as error:
        result.problems.append(str(error))
        return result
    if CARD_NAME not in manifest.files:
        result.problems.append(f"{MANIFEST_NAME} lists no {CARD_NAME}; {_RESTORE}")
    result.problems += _unlisted_entries(folder, manifest)
    for name, entry in manifest.files.items():
        try:
            result.blobs[name] = _read_listed(folder / name, entry)
        except BundleError as error:
            result.problems.append(str(error))
    result.problems += _version_problems(manifest)
    if not result.problems:
        result.problems += _untrusted_types(result.blobs)
    return result


def _unlisted_entries(folder: Path, manifest: ModelManifest) -> list[str]:
    present = {entry.name for entry in folder.iterdir()} - {MANIFEST_NAME}
    return [
        f"{name!r} is not listed in {MANIFEST_NAME}; remove it, or restore the bundle"
        for name in sorted(present - manifest.files.keys())
    ]


def _read_listed(path: Path, entry: FileEntry) -> bytes:
    blob = _read_file(path, entry.bytes)
    if len(blob) != entry.bytes:
        raise BundleError(f"{path.name} has {len(blob)} bytes, expected {entry.bytes}; {_RESTORE}")
    if _sha256(blob) != entry.sha256:
        raise BundleError(f"{path.name} has been altered: its SHA-256 is not the listed one; {_RESTORE}")
    return blob


def _read_file(path: Path, limit: int) -> bytes:
    """Reads a regular file of at most ``limit`` bytes; follows no symbolic link."""
    try:
        if path.is_symlink():
            raise BundleError(f"{path.name} is a symbolic link, expected a regular file; {_RESTORE}")
        if path.exists() and not path.is_file():
            raise BundleError(f"{path.name} is no regular file; {_RESTORE}")
        # O_NOFOLLOW: the file may have become a link since the look at it.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError:
        raise BundleError(f"{path.name} is missing; {_RESTORE}") from None
    except OSError as error:
        raise BundleError(f"{path.name} cannot be read ({error.strerror}); check its permissions") from None
    if len(data) > limit:
        raise BundleError(f"{path.name} is larger than the {limit} bytes expected; {_RESTORE}")
    return data


def _version_problems(manifest: ModelManifest) -> list[str]:
    # scikit-learn keeps estimators loadable within a minor version only.
    trained, running = manifest.libraries["scikit-learn"], library_versions()["scikit-learn"]
    if trained.split(".")[:2] == running.split(".")[:2]:
        return []
    minor = ".".join(trained.split(".")[:2])
    return [
        f"trained with scikit-learn {trained}, {running} is installed; "
        f"install scikit-learn {minor}.* or train the bundle again"
    ]


def _untrusted_types(blobs: Mapping[str, bytes]) -> list[str]:
    problems = []
    for name, blob in blobs.items():
        if not name.endswith(".skops"):
            continue
        try:
            found = find_untrusted_types(blob)
        except BundleError as error:
            problems.append(f"{name} is {error}; {_RESTORE}")
            continue
        if found:
            problems.append(f"{name} holds untrusted types ({', '.join(found)}); do not use this bundle")
    return problems


def _raise_problems(name: str, problems: list[str]) -> None:
    if problems:
        raise BundleError(f"bundle {name}: " + "\n  ".join(problems))


def _dump_array(name: str, array: Array | Mapping[str, Array]) -> tuple[str, bytes]:
    parts = list(array.values()) if isinstance(array, Mapping) else [array]
    if any(part.dtype.hasobject for part in parts):
        raise BundleError(f"array {name!r} holds Python objects; use numbers or fixed-width text")
    if not isinstance(array, Mapping):
        return f"{name}.npy", _to_npy(array)
    buffer = io.BytesIO()
    # numpy.savez would take some keys for its own parameters; ZipInfo's fixed date keeps the bytes the same.
    with ZipFile(buffer, "w") as archive:
        for key, part in array.items():
            archive.writestr(ZipInfo(f"{key}.npy"), _to_npy(part), ZIP_DEFLATED)
    return f"{name}.npz", buffer.getvalue()


def _to_npy(array: Array) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _load_array(blob: bytes) -> Array:
    loaded = _load_numpy(blob)
    if not isinstance(loaded, np.ndarray):
        raise BundleError("holds no single array")
    loaded.setflags(write=False)
    return loaded


def _load_table(blob: bytes) -> dict[str, Array]:
    loaded = _load_numpy(blob)
    if not isinstance(loaded, dict):
        raise BundleError("holds no group of arrays")
    for array in loaded.values():
        array.setflags(write=False)
    return loaded


def _load_numpy(blob: bytes) -> Array | dict[str, Array]:
    try:
        loaded = np.load(io.BytesIO(blob), allow_pickle=False)
        return loaded if isinstance(loaded, np.ndarray) else {name: loaded[name] for name in loaded.files}
    except Exception as error:  # a malformed file fails in many ways inside numpy and zipfile
        raise BundleError(f"cannot be loaded by numpy ({type(error).__name__})") from None


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
