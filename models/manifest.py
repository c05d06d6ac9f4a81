"""The manifest of a model bundle: what the bundle is, what it learnt from, and the hash of every file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from importlib.metadata import version
from platform import python_version
from typing import Any

from suggest.errors import BundleError

FORMAT = 1
"""The bundle format that this program writes, and the newest that it reads."""

MANIFEST_NAME = "manifest.json"
CARD_NAME = "card.md"

BUNDLE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
"""Names of bundles: they become folder names and stand in run stamps."""

# One flat folder of known kinds: a name can hold neither a separator nor lead out of the bundle.
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}\.(?:npy|npz|skops|md)")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_OPTIONAL = frozenset({"split", "procedure_features"})
_LIBRARIES = ("numpy", "scikit-learn", "scipy", "skops")


@dataclass(frozen=True, slots=True)
class FileEntry:
    """Size and SHA-256 (lower-case hexadecimal) of a file of the bundle."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class TrainingCorpus:
    """A corpus that the model learnt from, its licence, and how many examples it gave."""

    name: str
    licence: str
    examples: int


def library_versions() -> dict[str, str]:
    """Returns the versions of Python and of the libraries that the content of a bundle depends on."""
    return {"python": python_version()} | {name: version(name) for name in _LIBRARIES}


@dataclass(frozen=True, slots=True)
class ModelManifest:
    """What a bundle says of itself.

    Attributes:
        name: Name of the bundle: lower-case letters, digits, ``.``, ``_`` and ``-``.
        created: ISO 8601 time of training, given by the caller so that the same run writes the same bytes.
        policy: Name of the policy trained under.
        policy_hash: Hash of that policy's file.
        seed: Seed of every random choice of the training run.
        features: Names of the ranker's features, in the order of its columns.
        procedure_features: Those of the ranker of procedures; empty for a bundle without one. It may be absent
            from the file.
        thresholds: Policy name -> code system -> lowest calibrated probability (0 to 1) to propose a code.
        corpora: What the model learnt from.
        metrics: The evaluation that speaks for the model, as ``training.evaluate.score`` returns it.
        split: How decisions of coders were split into those learnt from and those held out, with counts; empty
            where the model learnt from none. It may be absent from the file.
        libraries: Versions of the libraries at training time.
        files: File name -> size and hash; ``write_bundle`` fills it in.
        format: Version of the bundle format.
    """

    name: str
    created: str
    policy: str
    policy_hash: str
    seed: int
    features: tuple[str, ...]
    thresholds: Mapping[str, Mapping[str, float]]
    corpora: tuple[TrainingCorpus, ...]
    metrics: Mapping[str, Any] = field(default_factory=dict)
    split: Mapping[str, Any] = field(default_factory=dict)
    procedure_features: tuple[str, ...] = ()
    libraries: Mapping[str, str] = field(default_factory=library_versions)
    files: Mapping[str, FileEntry] = field(default_factory=dict)
    format: int = FORMAT

    def to_json(self) -> bytes:
        """Returns the manifest as UTF-8 JSON with sorted keys: the same manifest gives the same bytes.

        Raises:
            BundleError: A metric is NaN, infinite or no JSON value.
        """
        try:
            text = json.dumps(asdict(self), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise BundleError(f"{MANIFEST_NAME}: not writable as JSON ({error}); use plain numbers") from None
        return (text + "\n").encode()


def parse_manifest(data: bytes) -> ModelManifest:
    """Reads a manifest and checks it against the schema.

    Raises:
        BundleError: No JSON, of a format that this program cannot read, or against the schema; names every
            key that is wrong.
    """
    try:
        record = json.loads(data, parse_constant=_refuse_constant, object_pairs_hook=_unique_keys)
    except (ValueError, RecursionError):
        raise BundleError(f"{MANIFEST_NAME} is no valid JSON (truncated or edited?); restore it") from None
    if not isinstance(record, dict):
        raise BundleError(f"{MANIFEST_NAME}: expected a JSON object; restore it")
    found = record.get("format")
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise BundleError(f"{MANIFEST_NAME}: key 'format' must be an integer from 1 to {FORMAT}; restore it")
    if found > FORMAT:
        raise BundleError(
            f"bundle format {found} is newer than format {FORMAT} that this version reads; upgrade chartcoder"
        )
    _check_schema(record)
    return ModelManifest(
        **record
        | {
            "features": tuple(record["features"]),
            "procedure_features": tuple(record.get("procedure_features", ())),
            "corpora": tuple(TrainingCorpus(**corpus) for corpus in record["corpora"]),
            "files": {name: FileEntry(**entry) for name, entry in record["files"].items()},
        }
    )


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Two entries of one name would let two readers of the file see two different manifests.
    record = dict(pairs)
    if len(record) != len(pairs):
        raise ValueError("duplicate key")
    return record


def _check_schema(record: dict[str, Any]) -> None:
    expected = {entry.name for entry in fields(ModelManifest)}
    problems = [f"key {name!r} is missing" for name in sorted(expected - _OPTIONAL - record.keys())]
    problems += [f"key {name!r} is unknown" for name in sorted(record.keys() - expected)]
    for name, (accepts, wanted) in _SCHEMA.items():
        if name in record and not accepts(record[name]):
            problems.append(f"key {name!r} must be {wanted}")
    if problems:
        raise BundleError(f"{MANIFEST_NAME}: {'; '.join(problems)}; restore it or train the bundle again")


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_iso_time(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value) is not None
    except ValueError:
        return False


def _is_probability(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _is_record(value: object, keys: Mapping[str, Callable[[Any], bool]]) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == keys.keys()
        and all(accepts(value[key]) for key, accepts in keys.items())
    )


def _is_mapping_of(value: object, accepts: Callable[[Any], bool]) -> bool:
    return isinstance(value, dict) and all(map(accepts, value.values()))


def _is_list_of(value: object, accepts: Callable[[Any], bool]) -> bool:
    return isinstance(value, list) and all(map(accepts, value))


def _are_names(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value)) and len(set(value)) == len(value)


def _is_corpus(value: object) -> bool:
    return _is_record(value, {"name": _is_text, "licence": _is_text, "examples": _is_integer})


def _is_split(value: object) -> bool:
    parts = ("learnt", "held_out", "set_aside")
    return isinstance(value, dict) and (not value or all(isinstance(value.get(part), dict) for part in parts))


def _is_file_entry(value: object) -> bool:
    return _is_record(
        value,
        {
            "sha256": lambda digest: isinstance(digest, str) and _SHA256.fullmatch(digest) is not None,
            "bytes": lambda size: _is_integer(size) and size >= 0,
        },
    )


def _are_files(value: object) -> bool:
    return (
        isinstance(value, dict)
        and all(map(_FILE_NAME.fullmatch, value.keys()))
        and all(map(_is_file_entry, value.values()))
    )


_SCHEMA: dict[str, tuple[Callable[[Any], bool], str]] = {
    "name": (
        lambda value: isinstance(value, str) and BUNDLE_NAME.fullmatch(value) is not None,
        "at most 100 lower-case letters, digits, '.', '_', '-', and begin with a letter or digit",
    ),
    "created": (_is_iso_time, "an ISO 8601 time"),
    "policy": (_is_text, "the name of a policy"),
    "policy_hash": (_is_text, "the hash of a policy"),
    "seed": (_is_integer, "an integer"),
    "features": (_are_names, "a list of distinct names"),
    "procedure_features": (_are_names, "a list of distinct names"),
    "thresholds": (
        lambda value: _is_mapping_of(value, lambda systems: _is_mapping_of(systems, _is_probability)),
        "policy name -> code system -> probability from 0 to 1",
    ),
    "corpora": (lambda value: _is_list_of(value, _is_corpus), "a list of {name, licence, examples}"),
    "metrics": (lambda value: isinstance(value, dict), "an object"),
    "split": (_is_split, "an object, empty or with the objects 'learnt', 'held_out' and 'set_aside'"),
    "libraries": (
        lambda value: _is_mapping_of(value, _is_text) and "scikit-learn" in value,
        "library -> version, with 'scikit-learn'",
    ),
    "files": (
        _are_files,
        "plain file names (.npy, .npz, .skops, .md; no folders) -> {sha256, bytes}",
    ),
}
