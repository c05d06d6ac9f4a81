"""Which bundles there are and which one is active.

The shipped bundle lies inside this package under the name ``default``; others under ``HOME/models/NAME/``.
``HOME/models/active.json`` holds the history of promotions and roll-backs, oldest first; its last entry names
the active bundle. Without that file the shipped bundle is active.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from models.bundle import ModelManifest, read_manifest, verify_bundle
from models.files import replace_durably
from models.manifest import BUNDLE_NAME
from suggest.errors import BundleError

DEFAULT_NAME = "default"
DEFAULT_FOLDER = Path(__file__).parent / DEFAULT_NAME

_POINTER_FORMAT = 1
_LIST = "list what there is: chartcoder models list"


@dataclass(frozen=True, slots=True)
class ListedBundle:
    """A bundle as a listing shows it.

    Attributes:
        name: Name of the bundle.
        folder: Where it lies.
        active: Whether new suggestions use it.
        manifest: Its manifest, ``None`` where it cannot be read.
        problem: Why the manifest cannot be read, else empty. Files are checked on promotion, not here.
    """

    name: str
    folder: Path
    active: bool
    manifest: ModelManifest | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Promotion:
    """An entry of the history: at ``at`` (ISO 8601, UTC), ``action`` made ``active`` the active bundle."""

    action: str
    active: str
    at: str


def bundle_folder(home: Path, name: str) -> Path:
    """Returns the folder of a bundle by name, whether or not it exists.

    Raises:
        BundleError: ``name`` is no name of a bundle.
    """
    if not BUNDLE_NAME.fullmatch(name):
        raise BundleError(f"{name!r} is no name of a bundle; {_LIST}")
    return DEFAULT_FOLDER if name == DEFAULT_NAME else home / "models" / name


def list_bundles(home: Path) -> list[ListedBundle]:
    """Returns the shipped bundle (where the installation has one) and those under ``home``, by name."""
    current = active_name(home)
    names = [DEFAULT_NAME] if DEFAULT_FOLDER.is_dir() else []
    if (home / "models").is_dir():
        # Folders that begin with a dot are bundles being written; a stray "default" is never used.
        found = (entry.name for entry in (home / "models").iterdir() if entry.is_dir())
        names += sorted(name for name in found if BUNDLE_NAME.fullmatch(name) and name != DEFAULT_NAME)
    return [_listed(bundle_folder(home, name), name, active=name == current) for name in names]


def _listed(folder: Path, name: str, *, active: bool) -> ListedBundle:
    try:
        return ListedBundle(name, folder, active, read_manifest(folder))
    except BundleError as error:
        return ListedBundle(name, folder, active, None, str(error))


def read_history(home: Path) -> list[Promotion]:
    """Returns every promotion and roll-back, oldest first.

    Raises:
        BundleError: ``active.json`` is malformed.
    """
    path = _pointer(home)
    try:
        record = json.loads(path.read_bytes())
        if record["format"] != _POINTER_FORMAT:
            raise ValueError("format")
        history = [Promotion(**entry) for entry in record["history"]]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError, KeyError, RecursionError):
        raise _malformed(path) from None
    for entry in history:
        if entry.action not in {"promote", "rollback"} or not _is_name(entry.active):
            raise _malformed(path)
    return history


def _malformed(path: Path) -> BundleError:
    return BundleError(
        f"{path.name} is malformed (expected format {_POINTER_FORMAT}); restore it from a backup, or remove "
        "it to return to the shipped bundle"
    )


def _is_name(value: object) -> bool:
    return isinstance(value, str) and BUNDLE_NAME.fullmatch(value) is not None


def active_name(home: Path) -> str:
    """Returns the name of the active bundle, ``default`` where none has been promoted."""
    history = read_history(home)
    return history[-1].active if history else DEFAULT_NAME


def active(home: Path) -> Path:
    """Returns the folder of the active bundle.

    Raises:
        BundleError: ``active.json`` is malformed, or the folder it names is gone.
    """
    name = active_name(home)
    folder = bundle_folder(home, name)
    if not folder.is_dir():
        raise BundleError(
            f"the active bundle {name!r} is missing; restore it, or take another: chartcoder models promote NAME"
        )
    return folder


def promote(home: Path, name: str) -> Path:
    """Makes a bundle the active one, after checking it whole; promoting the active one changes nothing.

    Returns:
        The folder of the bundle.

    Raises:
        BundleError: The bundle is missing, named otherwise in its manifest, or fails a check.
    """
    folder = _checked_folder(home, name)
    with _locked(home):
        history = read_history(home)
        if active_name(home) != name:
            _append(home, history, Promotion("promote", name, _now()))
    return folder


def rollback(home: Path) -> Path:
    """Makes the bundle active that the present one replaced; again, the one before that.

    Returns:
        The folder of the bundle that is active now.

    Raises:
        BundleError: Nothing has been promoted, or the earlier bundle is missing or fails a check.
    """
    with _locked(home):
        history = read_history(home)
        stack = [DEFAULT_NAME]
        for entry in history:
            if entry.action == "promote":
                stack.append(entry.active)
            elif len(stack) > 1:
                stack.pop()
        if len(stack) == 1:
            raise BundleError("there is no earlier bundle to return to; promote one by name")
        folder = _checked_folder(home, stack[-2])
        _append(home, history, Promotion("rollback", stack[-2], _now()))
    return folder


def _checked_folder(home: Path, name: str) -> Path:
    folder = bundle_folder(home, name)
    problems = verify_bundle(folder)
    if problems:
        raise BundleError(f"bundle {name} is not promoted: " + "\n  ".join(problems))
    manifest = read_manifest(folder)
    if name not in (DEFAULT_NAME, manifest.name):
        raise BundleError(f"bundle {name} is not promoted: its manifest names it {manifest.name!r}; rename the folder")
    return folder


def _append(home: Path, history: list[Promotion], entry: Promotion) -> None:
    record = {"format": _POINTER_FORMAT, "history": [asdict(item) for item in [*history, entry]]}
    replace_durably(_pointer(home), (json.dumps(record, indent=2) + "\n").encode())


def _pointer(home: Path) -> Path:
    return home / "models" / "active.json"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    # Two promotions at once would each append to the history that they read.
    folder = home / "models"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
