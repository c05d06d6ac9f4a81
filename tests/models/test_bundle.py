"""Bundles: what is written can be read back, and nothing altered, foreign or newer is ever loaded."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.isotonic import IsotonicRegression
from sklearn.preprocessing import FunctionTransformer

from models import estimators as estimators_module
from models.bundle import (
    MANIFEST_NAME,
    ModelManifest,
    TrainingCorpus,
    library_versions,
    read_bundle,
    read_manifest,
    verify_bundle,
    write_bundle,
)
from suggest.errors import BundleError

MANIFEST = ModelManifest(
    name="m1",
    created="2026-05-01T00:00:00+00:00",
    policy="outpatient-professional",
    policy_hash="ab12",
    seed=7,
    features=("prior", "coverage"),
    thresholds={"outpatient-professional": {"ICD-10-CM": 0.35, "CPT": 0.5}},
    corpora=(TrainingCorpus("invented", "CC0-1.0", 3),),
    metrics={"diagnosis": {"f1": 0.5, "ece": None}},
)
CARD = "# m1\n\nInvented for a test.\n"


def sample(seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(200, 3))
    return x, (x[:, 0] + rng.normal(size=200) > 0).astype(int)


def fit():
    x, y = sample()
    trees = HistGradientBoostingClassifier(max_iter=5, random_state=0).fit(x, y)
    calibrator = IsotonicRegression(out_of_bounds="clip").fit(trees.predict_proba(x)[:, 1], y)
    return {"trees": trees, "calibrator": calibrator}


fitted = cache(fit)


def content():
    return {
        "priors": np.array([0.25, 0.5]),
        "phrases": {"codes": np.array(["E11.9", "I10"]), "counts": np.array([3, 4])},
    }


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "m1"
    write_bundle(path, MANIFEST, content(), fitted(), CARD)
    return path


def edit_manifest(folder, change):
    path = folder / MANIFEST_NAME
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))


def relist(folder, name, blob):
    """Puts a file into the bundle and lists it with its true hash, as an attacker would."""
    (folder / name).write_bytes(blob)
    entry = {"sha256": hashlib.sha256(blob).hexdigest(), "bytes": len(blob)}
    edit_manifest(folder, lambda record: record["files"].update({name: entry}))


def assert_refused(folder, *words):
    problems = verify_bundle(folder)
    assert len(problems) == 1
    for word in words:
        assert word in problems[0]
    with pytest.raises(BundleError) as caught:
        read_bundle(folder)
    assert problems[0] in str(caught.value)
    assert "m1" in str(caught.value)


def test_round_trip_gives_back_everything(folder):
    bundle = read_bundle(folder)
    assert verify_bundle(folder) == []
    assert replace(bundle.manifest, files={}) == MANIFEST
    assert bundle.manifest == read_manifest(folder)
    assert set(bundle.manifest.files) == {
        "card.md", "priors.npy", "phrases.npz", "trees.skops", "calibrator.skops"
    }  # fmt: skip
    assert bundle.card == CARD
    assert bundle.digest == hashlib.sha256((folder / MANIFEST_NAME).read_bytes()).hexdigest()
    np.testing.assert_array_equal(bundle.arrays["priors"], [0.25, 0.5])
    assert bundle.tables["phrases"]["codes"].tolist() == ["E11.9", "I10"]
    assert bundle.tables["phrases"]["counts"].tolist() == [3, 4]


def test_round_trip_gives_identical_predictions(folder):
    before, after = fitted(), read_bundle(folder).estimators
    x, _ = sample(seed=1)
    probability = before["trees"].predict_proba(x)
    np.testing.assert_array_equal(after["trees"].predict_proba(x), probability)
    np.testing.assert_array_equal(
        after["calibrator"].predict(probability[:, 1]), before["calibrator"].predict(probability[:, 1])
    )


def test_arrays_are_read_only(folder):
    bundle = read_bundle(folder)
    with pytest.raises(ValueError, match="read-only"):
        bundle.arrays["priors"][0] = 1
    with pytest.raises(ValueError, match="read-only"):
        bundle.tables["phrases"]["counts"][0] = 1


def test_the_same_training_run_writes_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        write_bundle(tmp_path / name, MANIFEST, content(), fit(), CARD)
    for path in sorted((tmp_path / "a").iterdir()):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_a_table_may_use_any_key(tmp_path):
    table = {"file": np.array([1]), "allow_pickle": np.array([2])}
    write_bundle(tmp_path / "m1", MANIFEST, {"t": table}, {}, CARD)
    assert {key: value.tolist() for key, value in read_bundle(tmp_path / "m1").tables["t"].items()} == {
        "file": [1], "allow_pickle": [2]
    }  # fmt: skip


def test_an_existing_bundle_is_never_overwritten(folder):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(BundleError, match="never overwritten"):
        write_bundle(folder, replace(MANIFEST, seed=8), {}, {}, "other")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_an_existing_empty_folder_is_not_taken_over(tmp_path):
    (tmp_path / "m1").mkdir()
    with pytest.raises(BundleError, match="exists already"):
        write_bundle(tmp_path / "m1", MANIFEST, {}, {}, CARD)


@pytest.mark.parametrize(
    ("manifest", "arrays", "estimators", "message"),
    [
        (replace(MANIFEST, name="Bad Name"), {}, {}, "key 'name'"),
        (replace(MANIFEST, created="yesterday"), {}, {}, "key 'created'"),
        (replace(MANIFEST, features=("a", "a")), {}, {}, "key 'features'"),
        (replace(MANIFEST, thresholds={"p": {"CPT": 1.5}}), {}, {}, "key 'thresholds'"),
        (replace(MANIFEST, metrics={"f1": float("nan")}), {}, {}, "not writable as JSON"),
        (replace(MANIFEST, libraries={"scikit-learn": "0.1.0"}), {}, {}, "scikit-learn 0.1.0"),
        (MANIFEST, {"objects": np.array([{}], dtype=object)}, {}, "holds Python objects"),
        (MANIFEST, {"t": {"objects": np.array([{}], dtype=object)}}, {}, "holds Python objects"),
        (MANIFEST, {"../escape": np.zeros(1)}, {}, "key 'files'"),
        (MANIFEST, {}, {"f": FunctionTransformer(os.getpid)}, "untrusted types"),
    ],
)
def test_a_failed_write_leaves_nothing_behind(tmp_path, manifest, arrays, estimators, message):
    home = tmp_path / "models"
    with pytest.raises(BundleError, match=message):
        write_bundle(home / "m1", manifest, arrays, estimators, CARD)
    assert not home.exists() or list(home.iterdir()) == []
    assert not (tmp_path / "escape.npy").exists()


@pytest.mark.parametrize("name", ["card.md", "priors.npy", "phrases.npz", "trees.skops"])
def test_one_altered_byte_is_noticed(folder, name):
    blob = bytearray((folder / name).read_bytes())
    blob[len(blob) // 2] ^= 1
    (folder / name).write_bytes(blob)
    assert_refused(folder, name, "altered", "restore")


def test_nothing_is_loaded_when_a_file_is_altered(folder, monkeypatch):
    (folder / "card.md").write_text(CARD.replace("test", "jest"))
    monkeypatch.setattr(skops.io, "loads", lambda *_, **__: pytest.fail("an estimator was loaded"))
    monkeypatch.setattr(np, "load", lambda *_, **__: pytest.fail("an array was loaded"))
    with pytest.raises(BundleError, match="altered"):
        read_bundle(folder)


def test_another_size_is_noticed(folder):
    with (folder / "priors.npy").open("ab") as file:
        file.write(b"x")
    assert_refused(folder, "priors.npy", "larger")
    (folder / "priors.npy").write_bytes(b"")
    assert_refused(folder, "priors.npy has 0 bytes")


def test_a_missing_file_is_noticed(folder):
    (folder / "priors.npy").unlink()
    assert_refused(folder, "priors.npy is missing", "restore")


@pytest.mark.parametrize("name", ["extra.npy", ".hidden", "code.py"])
def test_an_extra_file_is_noticed(folder, name):
    (folder / name).write_bytes(b"")
    assert_refused(folder, repr(name), "not listed", "remove")


def test_an_extra_folder_is_noticed(folder):
    (folder / "extra").mkdir()
    assert_refused(folder, "'extra' is not listed")


def test_all_problems_are_named_at_once(folder):
    (folder / "priors.npy").unlink()
    (folder / "extra").mkdir()
    assert len(verify_bundle(folder)) == 2


def test_a_newer_format_is_refused(folder):
    edit_manifest(folder, lambda record: record.update(format=2, future="key"))
    assert_refused(folder, "format 2 is newer", "upgrade")


@pytest.mark.parametrize("value", [0, -1, True, "1", None, 1.0])
def test_a_format_that_is_no_version_is_refused(folder, value):
    edit_manifest(folder, lambda record: record.update(format=value))
    assert_refused(folder, "key 'format'")


def test_a_manifest_from_before_decisions_were_split_is_read(folder):
    edit_manifest(folder, lambda record: record.pop("split"))
    assert read_manifest(folder).split == {}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda record: record.pop("seed"), ("'seed' is missing",)),
        (lambda record: record.update(surprise=1), ("'surprise' is unknown",)),
        (lambda record: record.update(seed="7"), ("'seed' must be an integer",)),
        (lambda record: record.update(files=[]), ("'files' must be",)),
        (lambda record: record["corpora"][0].pop("licence"), ("'corpora' must be",)),
        (lambda record: record["libraries"].pop("scikit-learn"), ("'libraries' must be",)),
        (lambda record: record.update(features="prior"), ("'features' must be",)),
        (lambda record: record.update(split={"learnt": {}}), ("'split' must be",)),
    ],
)
def test_a_manifest_against_the_schema_is_refused(folder, change, words):
    edit_manifest(folder, change)
    assert_refused(folder, *words)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: b"\xff" + data,
        lambda data: data.replace(b'"seed": 7', b'"seed": NaN'),
        lambda data: data.replace(b'"seed": 7', b'"seed": 7, "seed": 8'),
        lambda data: b"[" * 100_000,
    ],
)
def test_a_damaged_manifest_is_refused(folder, damage):
    path = folder / MANIFEST_NAME
    path.write_bytes(damage(path.read_bytes()))
    assert_refused(folder, MANIFEST_NAME, "no valid JSON", "restore")


def test_a_missing_manifest_or_folder_is_refused(folder):
    (folder / MANIFEST_NAME).unlink()
    assert_refused(folder, f"{MANIFEST_NAME} is missing")
    assert "no such folder" in verify_bundle(folder / "m1")[0]


def test_a_bundle_without_a_card_is_refused(folder):
    (folder / "card.md").unlink()
    edit_manifest(folder, lambda record: record["files"].pop("card.md"))
    assert_refused(folder, "lists no card.md")


@pytest.mark.parametrize("name", ["../m1.npy", "/etc/hosts", "sub/x.npy", "..", "x\\y.npy", ".x.npy", "x.pkl"])
def test_names_that_lead_out_of_the_folder_are_refused(folder, name):
    (folder.parent / "m1.npy").write_bytes((folder / "priors.npy").read_bytes())
    edit_manifest(folder, lambda record: record["files"].update({name: record["files"]["priors.npy"]}))
    assert_refused(folder, "key 'files'", "no folders")


@pytest.mark.parametrize("name", ["priors.npy", MANIFEST_NAME])
def test_a_symbolic_link_is_refused_though_its_target_fits(folder, name):
    target = folder.parent / name
    (folder / name).rename(target)
    (folder / name).symlink_to(target)
    assert_refused(folder, name, "symbolic link")


def test_something_that_is_no_regular_file_is_refused(folder):
    (folder / "priors.npy").unlink()
    (folder / "priors.npy").mkdir()
    assert_refused(folder, "priors.npy is no regular file")


def test_an_untrusted_type_is_refused_and_not_run(folder):
    relist(folder, "trees.skops", skops.io.dumps(FunctionTransformer(os.getpid)))
    assert_refused(folder, "trees.skops", "untrusted types", "getpid", "do not use")


@pytest.mark.parametrize(
    ("name", "words"),
    [("trees.skops", "no readable skops file"), ("priors.npy", "numpy"), ("phrases.npz", "numpy")],
)
def test_a_listed_file_of_another_kind_is_refused(folder, name, words):
    relist(folder, name, b"not what it says")
    with pytest.raises(BundleError, match=rf"{name}.*{words}"):
        read_bundle(folder)


def test_a_pickle_in_an_array_is_never_run(folder, tmp_path):
    path = tmp_path / "pickled.npy"
    np.save(path, np.array([{}], dtype=object), allow_pickle=True)
    relist(folder, "priors.npy", path.read_bytes())
    with pytest.raises(BundleError, match=r"priors\.npy cannot be loaded by numpy"):
        read_bundle(folder)


def test_arrays_and_tables_must_be_what_their_names_say(folder):
    array, table = (folder / "priors.npy").read_bytes(), (folder / "phrases.npz").read_bytes()
    relist(folder, "priors.npy", table)
    with pytest.raises(BundleError, match=r"priors\.npy holds no single array"):
        read_bundle(folder)
    relist(folder, "priors.npy", array)
    relist(folder, "phrases.npz", array)
    with pytest.raises(BundleError, match=r"phrases\.npz holds no group"):
        read_bundle(folder)


def test_another_minor_version_of_scikit_learn_is_refused(folder):
    edit_manifest(folder, lambda record: record["libraries"].update({"scikit-learn": "1.2.3"}))
    assert_refused(folder, "scikit-learn 1.2.3", library_versions()["scikit-learn"], "install", "1.2.*")


def test_another_patch_version_of_scikit_learn_loads_without_a_warning(tmp_path, monkeypatch):
    minor = ".".join(library_versions()["scikit-learn"].split(".")[:2])
    with monkeypatch.context() as patch:
        patch.setattr("sklearn.base.__version__", f"{minor}.999")
        dumped = {name: estimators_module.dump_estimator(model) for name, model in fit().items()}
    for name, blob in dumped.items():
        assert f"{minor}.999".encode() in json.dumps(_schema(blob)).encode(), name
        estimators_module.load_estimator(blob)


def _schema(blob: bytes) -> object:
    with zipfile.ZipFile(io.BytesIO(blob)) as archive:
        return json.loads(archive.read("schema.json"))


def test_only_the_types_that_are_needed_are_trusted():
    models = fitted()
    assert skops.io.get_untrusted_types(data=skops.io.dumps(models["calibrator"])) == []
    assert skops.io.get_untrusted_types(data=skops.io.dumps(models["trees"])) == list(estimators_module.TRUSTED_TYPES)


def test_messages_hold_no_path(folder):
    (folder / "priors.npy").unlink()
    assert str(Path(folder).parent) not in verify_bundle(folder)[0]
