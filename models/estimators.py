"""scikit-learn estimators as bytes: the skops format, an explicit list of types, reproducible content."""

from __future__ import annotations

import io
import json
import warnings
from pathlib import PurePosixPath
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import skops.io
from sklearn.exceptions import InconsistentVersionWarning

from suggest.errors import BundleError

TRUSTED_TYPES = ("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",)
"""Types trusted beyond those that skops 0.16 trusts by itself (public scikit-learn classes, numpy arrays).

A ``HistGradientBoostingClassifier`` on numeric columns needs the predictor of its trees; an
``IsotonicRegression`` needs nothing more.
"""


def dump_estimator(estimator: object) -> bytes:
    """Returns a fitted estimator in the skops format.

    skops names objects and files by memory addresses and stamps its archive with the time. Both are replaced
    by running numbers and a fixed date, so that the same estimator gives the same bytes.
    """
    raw = io.BytesIO(skops.io.dumps(estimator))
    out = io.BytesIO()
    with ZipFile(raw) as source, ZipFile(out, "w") as target:
        schema = json.loads(source.read("schema.json"))
        files: dict[str, str] = {}
        _renumber(schema, {}, files, frozenset(source.namelist()))
        for old, new in files.items():
            target.writestr(ZipInfo(new), source.read(old), ZIP_DEFLATED)
        target.writestr(ZipInfo("schema.json"), json.dumps(schema), ZIP_DEFLATED)
    return out.getvalue()


def _renumber(node: Any, ids: dict[int, int], files: dict[str, str], members: frozenset[str]) -> None:
    if isinstance(node, dict):
        address, file = node.get("__id__"), node.get("file")
        if isinstance(address, int):
            node["__id__"] = ids.setdefault(address, len(ids))
        if isinstance(file, str) and file in members:
            node["file"] = files.setdefault(file, f"{len(files)}{PurePosixPath(file).suffix}")
        for child in node.values():
            _renumber(child, ids, files, members)
    elif isinstance(node, list):
        for child in node:
            _renumber(child, ids, files, members)


def find_untrusted_types(data: bytes) -> list[str]:
    """Returns the types in a skops file that are not trusted, sorted; constructs none of them.

    Raises:
        BundleError: No readable skops file.
    """
    try:
        found = skops.io.get_untrusted_types(data=data)
    except Exception as error:  # a malformed archive fails in many ways inside zipfile, json and skops
        raise BundleError(f"no readable skops file ({type(error).__name__})") from None
    return sorted(set(found) - set(TRUSTED_TYPES))


def load_estimator(data: bytes) -> Any:
    """Constructs an estimator from bytes whose origin and hash have been checked.

    Raises:
        BundleError: The file holds untrusted types or cannot be read.
    """
    try:
        with warnings.catch_warnings():
            # Raised for any difference; the one that counts, the minor version, has been checked before.
            warnings.simplefilter("ignore", InconsistentVersionWarning)
            return skops.io.loads(data, trusted=list(TRUSTED_TYPES))
    except Exception as error:  # as above; the type says enough and no content is repeated
        raise BundleError(f"cannot be loaded by skops ({type(error).__name__})") from None
