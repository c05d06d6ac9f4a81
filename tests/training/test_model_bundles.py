"""A trained model goes into a bundle and comes out of it the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from models.bundle import read_bundle, verify_bundle
from models.loading import load_model, load_suggester
from suggest.errors import BundleError
from suggest.feature_names import FEATURES
from suggest.leading import COLUMNS, lead_features
from suggest.policy import all_policies
from suggest.ranking import Calibration, Model
from suggest.records import Code, Encounter, GoldCode, Note, System, TrainingExample
from training.bundles import corpora_of, licence_of, model_card, save_model

CREATED = "2026-05-01T00:00:00+00:00"


def trees(seed, columns):
    rng = np.random.default_rng(seed)
    rows = rng.random((120, columns)).astype(np.float32)
    return HistGradientBoostingClassifier(max_iter=3, random_state=seed).fit(rows, rows[:, 0] > 0.5)


def model(**changes):
    straight = Calibration(np.array([0.0, 1.0]), np.array([0.1, 0.9]))
    parts = {
        "name": "m1",
        "ranker": trees(0, len(FEATURES)),
        "sequencer": trees(1, COLUMNS),
        "calibrations": {"claims": straight, "benchmark": straight},
        "thresholds": {"default": 0.3, "professional": 0.25},
        "learnt_keys": np.array([3, 9], dtype=np.uint64),
        "learnt_start": np.array([0, 1, 3], dtype=np.int64),
        "learnt_code": np.array([0, 0, 1], dtype=np.int32),
        "learnt_precision": np.array([0.5, 0.25, 0.75], dtype=np.float32),
        "learnt_support": np.array([1, 2, 3], dtype=np.float32),
        "learnt_marked": np.array([0, 0.5, 1], dtype=np.float32),
        "codes": ("D69.2", "I10"),
        "prior": np.array([-2.0, -1.0], dtype=np.float32),
        "unseen_prior": -6.5,
        "known": np.array([5], dtype=np.uint64),
    }
    return Model(**parts | changes)


def examples(*groups):
    gold = (GoldCode(Code(System.ICD10CM, "I10")),)
    return [TrainingExample(Encounter(str(i), (Note("n", "x"),)), gold, group=group) for i, group in enumerate(groups)]


@pytest.fixture
def save(tmp_path):
    def write(made, name="m1", **options):
        settings = {
            "policy": "professional",
            "seed": 7,
            "created": CREATED,
            "corpora": corpora_of(examples("tests")),
            "metrics": {},
        }
        save_model(tmp_path / name, made, **settings | options)
        return tmp_path / name

    return write


def test_what_is_saved_is_loaded(save):
    made = model()
    loaded = load_model(read_bundle(save(made)))
    assert loaded.name.startswith("m1@")
    assert loaded.codes == made.codes
    assert loaded.thresholds == made.thresholds
    assert loaded.unseen_prior == made.unseen_prior
    for name in (
        "learnt_keys",
        "learnt_start",
        "learnt_code",
        "learnt_precision",
        "learnt_support",
        "learnt_marked",
        "prior",
        "known",
    ):
        assert np.array_equal(getattr(loaded, name), getattr(made, name)), name
    rows = np.random.default_rng(5).random((20, len(FEATURES))).astype(np.float32)
    policy = all_policies()["professional"]
    assert np.array_equal(loaded.probabilities(rows, policy), made.probabilities(rows, policy))
    rows = lead_features(rows, np.linspace(0, 1, len(rows)))
    assert rows.shape[1] == COLUMNS
    assert np.array_equal(loaded.first_scores(rows), made.first_scores(rows))


def test_a_model_without_phrases_or_sequencer(save):
    empty = model(
        sequencer=None,
        learnt_keys=np.zeros(0, np.uint64),
        learnt_start=np.zeros(1, np.int64),
        learnt_code=np.zeros(0, np.int32),
        learnt_precision=np.zeros(0, np.float32),
        learnt_support=np.zeros(0, np.float32),
        learnt_marked=np.zeros(0, np.float32),
        codes=(),
        prior=np.zeros(0, np.float32),
        known=np.zeros(0, np.uint64),
    )
    loaded = load_model(read_bundle(save(empty)))
    assert loaded.codes == ()
    assert loaded.sequencer is None
    assert loaded.first_scores(np.zeros((2, len(FEATURES)), np.float32)).tolist() == [0.0, 0.0]


def test_the_manifest_names_policy_corpora_and_seed(save):
    manifest = read_bundle(save(model())).manifest
    assert (manifest.policy, manifest.policy_hash) == ("professional", all_policies()["professional"].hash)
    assert (manifest.seed, manifest.created, manifest.features) == (7, CREATED, FEATURES)
    assert manifest.thresholds["professional"] == {"ICD-10-CM": 0.25}
    assert [corpus.name for corpus in manifest.corpora] == ["tests"]


def test_the_same_model_gives_the_same_bytes(save):
    made = model()
    first, second = (save(made, name=name) for name in ("m1", "m2"))
    assert {p.name for p in first.iterdir()} == {p.name for p in second.iterdir()}
    for name in ("learnt.npz", "words.npz", "ranker.skops"):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    assert verify_bundle(first) == []


def test_a_bundle_is_never_overwritten(save):
    save(model())
    with pytest.raises(BundleError):
        save(model())


@pytest.mark.parametrize(
    ("features", "named"),
    [((*FEATURES[:-1], "other"), "other"), (FEATURES[::-1], "their order"), (FEATURES[1:], FEATURES[0])],
)
def test_other_features_are_refused(save, features, named):
    bundle = read_bundle(save(model()))
    with pytest.raises(BundleError, match=named):
        load_model(replace(bundle, manifest=replace(bundle.manifest, features=features)))


def test_corpora_are_counted_with_their_licences():
    corpora = corpora_of(examples("codiesp-train", "office", "codiesp-train", "our-clinic"))
    assert [(corpus.name, corpus.examples) for corpus in corpora] == [
        ("codiesp-train", 2),
        ("office", 1),
        ("our-clinic", 1),
    ]
    licences = {corpus.name: corpus.licence for corpus in corpora}
    assert licences["codiesp-train"] == licence_of("codiesp-train")
    assert licences["our-clinic"] == "the site's own"


def test_the_card_says_what_it_is(save):
    folder = save(model())
    card = model_card(read_bundle(folder).manifest)
    assert (folder / "card.md").read_text(encoding="utf-8") == card
    for words in (
        "# Model card: m1",
        "`professional`",
        "tests",
        "## Limits",
        "professional ICD-10-CM 0.25",
        "chartcoder evaluate",
    ):
        assert words in card


def test_a_suggester_is_put_together_from_disk(save, home):
    suggester = load_suggester(home, bundle=save(model()))
    suggestion = suggester.suggest(Encounter("e", (Note("n", "Gout"),)))
    assert suggestion.stamp.model.startswith("m1@")
    assert "M10.9" in {code.code.code for code in suggestion.ranked}
