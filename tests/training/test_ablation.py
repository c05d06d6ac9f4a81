"""What is left of suggestions where a source or a group of features is taken away."""

from __future__ import annotations

import numpy as np
import pytest

from suggest.feature_names import FEATURES, GROUPS
from suggest.lexicon import Source
from suggest.pipeline import Suggester
from suggest.ranking import Calibration
from suggest.records import Code, Encounter, GoldCode, Note, System, TrainingExample
from training.ablation import SOURCES, Ablation, without
from training.fit import assemble
from training.phrases import learn
from training.predict import predict

STRENGTH = FEATURES.index("strength")
PRESENT = FEATURES.index("n_present")


class PresentRanker:
    """Holds that what is present and strong is right; only the group ``assertion`` tells what is present."""

    def predict_proba(self, rows):
        right = np.clip(rows[:, STRENGTH], 0, 1) * (rows[:, PRESENT] > 0)
        return np.column_stack([1 - right, right]).astype(np.float64)


@pytest.fixture(scope="module")
def suggester(index, terminology):
    straight = Calibration(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    calibrations = {"claims": straight, "benchmark": straight}
    model = assemble("by-hand", PresentRanker(), calibrations, {"default": 0.15}, learn([]), np.zeros(0, np.uint64))
    return Suggester(index=index, terminology=terminology, model=model)


def encounter(text):
    return Encounter("e", (Note("n", text),))


def example(text, *codes):
    return TrainingExample(encounter(text), tuple(GoldCode(Code(System.ICD10CM, code)) for code in codes))


def codes_without(suggester, text, *sources):
    """Returns the candidate codes of a text and those without sources; ``None`` where these had no part."""
    candidates, _table = suggester.features(encounter(text))
    less = without(suggester, encounter(text), candidates, frozenset(sources))
    found = less and {suggester.code(code) for code in less.edges.code.tolist()}
    return {suggester.code(code) for code in candidates.edges.code.tolist()}, found


def test_every_source_is_left_out_once():
    assert sorted(source for sources in SOURCES.values() for source in sources) == sorted(Source)
    assert SOURCES["title+inclusion"] == {Source.TITLE, Source.INCLUSION}
    assert SOURCES["family-history"] == {Source.FAMILY_HISTORY}


def test_candidates_of_a_source_go_and_others_stay(suggester):
    whole, less = codes_without(suggester, "A/P: essential hypertension. BMI 41.2", Source.MEASUREMENT)
    assert {"I10", "Z68.41"} <= whole
    assert "I10" in less
    assert "Z68.41" not in less


def test_what_is_built_on_a_source_goes_as_well(suggester):
    text = "Family history: mother with breast cancer."
    whole, less = codes_without(suggester, text, *(set(Source) - {Source.FAMILY_HISTORY, Source.LEARNT}))
    assert "Z80.3" in whole
    assert less == set()
    candidates, _table = suggester.features(encounter(text))
    less = without(suggester, encounter(text), candidates, frozenset({Source.FAMILY_HISTORY}))
    assert Source.FAMILY_HISTORY in candidates.edges.source
    assert Source.FAMILY_HISTORY not in less.edges.source


def test_combinations_go_with_their_parts_and_replace_nothing_once_they_are_gone(suggester):
    chart = encounter("Assessment:\n1. Hypertension\n2. CKD stage 4")
    candidates, _table = suggester.features(chart)
    assert candidates.replaced
    less = without(suggester, chart, candidates, frozenset({Source.COMBINATION}))
    assert not (less.edges.source == Source.COMBINATION).any()
    there = {suggester.code(code) for code in less.edges.code.tolist()}
    assert {"I10", "N18.4"} <= there
    assert set(less.replaced.values()) <= set(less.edges.code.tolist())


def test_a_source_without_part_changes_nothing(suggester):
    _whole, less = codes_without(suggester, "A/P: hypertension", Source.ALLERGEN)
    assert less is None
    assert codes_without(suggester, "", Source.TITLE) == (set(), None)


@pytest.fixture(scope="module")
def examples():
    texts = [
        ("A/P: pneumonia. No gout.", "J18.9"),
        ("A/P: gout. Denies asthma.", "M10.9"),
        ("A/P: BMI 41.2, hypothyroidism. No pneumonia.", "Z68.41", "E03.9"),
        ("A/P: asthma. No hypothyroidism.", "J45.909"),
    ]
    return [example(*text) for text in texts * 3]


@pytest.fixture(scope="module")
def measured(suggester, examples):
    ablation = Ablation(suggester)
    shares = []
    run = predict(suggester, examples, observers=[ablation.observe])
    result = ablation.result(examples, run.predictions, seed=3, progress=lambda *step: shares.append(step))
    assert shares[-1] == ("features", 1.0)
    assert result == ablation.result(examples, run.predictions, seed=3)
    return result


def test_each_part_is_measured_and_the_greatest_loss_comes_first(measured):
    names = {(part["kind"], part["name"]) for part in measured["parts"]}
    assert names == {("source", name) for name in SOURCES} | {("features", name) for name in GROUPS}
    losses = [part["difference"] for part in measured["parts"]]
    assert losses == sorted(losses)
    for part in measured["parts"]:
        assert part["f1"] - measured["whole"]["f1"] == pytest.approx(part["difference"])
        low, high = part["interval"]
        assert low <= part["difference"] <= high


def test_what_the_model_goes_by_is_worth_something_and_the_rest_nothing(measured):
    parts = {(part["kind"], part["name"]): part for part in measured["parts"]}
    assert parts["features", "assertion"]["difference"] < -0.1
    assert parts["features", "assertion"]["candidate_recall"] == measured["whole"]["candidate_recall"]
    assert parts["source", "measurement"]["candidate_recall"] < measured["whole"]["candidate_recall"]
    for nothing in [("features", "section"), ("features", "encounter"), ("source", "allergen")]:
        assert parts[nothing]["difference"] == 0
        assert parts[nothing]["interval"] == [0, 0]


def test_the_charts_must_be_those_observed(suggester, examples):
    ablation = Ablation(suggester)
    run = predict(suggester, examples[:2], observers=[ablation.observe])
    with pytest.raises(ValueError, match=r"shorter|longer"):
        ablation.result(examples[:3], run.predictions, seed=0)
