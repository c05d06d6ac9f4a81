"""Training: folds, rows, thresholds, and a whole run on a few invented charts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier

from suggest.feature_names import FEATURES
from suggest.pipeline import Suggester
from suggest.records import Claim, Code, Encounter, GoldCode, Note, Setting, System, TrainingExample
from training.fit import chart_rows, train
from training.held_out import FOLDS, best_threshold, fold_of

CONDITIONS = {
    "gout of the left foot": "M10.9",
    "hypertension": "I10",
    "asthma": "J45.909",
    "type 2 diabetes": "E11.9",
    "hypothyroidism": "E03.9",
}


def example(name, *words, family="", acceptable=()):
    text = "HPI: no chest pain, no fever.\nAssessment:\n" + "\n".join(f"- {word}" for word in words)
    gold = tuple(GoldCode(Code(System.ICD10CM, CONDITIONS[word])) for word in words)
    return TrainingExample(
        Encounter(name, (Note("n", text),)), gold, frozenset(acceptable), family=family, group="tests"
    )


def test_a_family_stays_in_one_fold():
    folds = {fold_of(example(f"e{i}", "asthma", family="twins"), 0) for i in range(50)}
    assert len(folds) == 1
    assert folds <= set(range(FOLDS))


def test_examples_spread_over_folds_and_the_seed_moves_them():
    examples = [example(f"e{i}", "asthma") for i in range(200)]
    first = [fold_of(e, 0) for e in examples]
    assert set(first) == set(range(FOLDS))
    assert first == [fold_of(e, 0) for e in examples]
    assert first != [fold_of(e, 1) for e in examples]


@pytest.mark.parametrize(
    ("probability", "right", "missed", "threshold"),
    [
        ([0.9, 0.8, 0.3, 0.1], [1, 1, 0, 0], 0, 0.56),
        ([0.9, 0.6, 0.2], [1, 0, 1], 0, 0.13),
        ([], [], 3, 0.5),
        ([0.9], [0], 0, 0.5),
    ],
)
def test_the_best_threshold_is_the_middle_of_those_that_do_as_well(probability, right, missed, threshold):
    found = best_threshold(np.array(probability), np.array(right, dtype=bool), missed)
    assert found == pytest.approx(threshold)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=30), st.integers(0, 5))
def test_no_threshold_is_notably_better(pairs, missed):
    probability = np.array([pair[0] for pair in pairs])
    right = np.array([pair[1] for pair in pairs], dtype=bool)

    def f1(threshold):
        chosen = probability >= threshold
        return 2 * (chosen & right).sum() / max(1, chosen.sum() + right.sum() + missed)

    best = best_threshold(probability, right, missed)
    assert 0.05 <= best <= 0.95
    assert f1(best) >= max(f1(t) for t in np.arange(0.05, 0.951, 0.01).round(2)) - 0.003


@pytest.fixture(scope="module")
def examples():
    words = list(CONDITIONS)
    charts = [example(f"e{i}", words[i % 5], words[(i + 1 + i // 5) % 5]) for i in range(40)]
    facility = replace(charts[0].encounter, setting=Setting.INPATIENT, claim=Claim.FACILITY)
    return [*charts, replace(charts[0], encounter=facility)]


@pytest.fixture(scope="module")
def model(examples, index, terminology):
    return train(examples, index=index, terminology=terminology, name="tiny", seed=3)


@pytest.mark.slow
def test_training_gives_a_model_that_codes_a_new_chart(model, index, terminology):
    suggester = Suggester(index=index, terminology=terminology, model=model)
    suggestion = suggester.suggest(example("new", "asthma", "hypertension").encounter)
    ranked = [code.code.code for code in suggestion.ranked]
    assert {"J45.909", "I10"} <= set(ranked[:4])
    assert model.name == "tiny"
    assert set(model.calibrations) == {"claims", "benchmark"}
    assert all(0.05 <= threshold <= 0.95 for threshold in model.thresholds.values())
    assert "professional" in model.thresholds
    assert "facility-inpatient" not in model.thresholds
    assert set(model.codes) == set(CONDITIONS.values())


@pytest.mark.slow
def test_the_same_seed_gives_the_same_model(model, examples, index, terminology):
    again = train(examples, index=index, terminology=terminology, name="tiny", seed=3)
    assert again.thresholds == model.thresholds
    assert np.array_equal(again.learnt_keys, model.learnt_keys)
    rows = np.random.default_rng(0).random((50, len(FEATURES))).astype(np.float32)
    assert np.array_equal(again.ranker.predict_proba(rows), model.ranker.predict_proba(rows))


@pytest.mark.slow
def test_rows_leave_acceptable_codes_out_and_count_what_is_missed(model, index, terminology):
    suggester = Suggester(index=index, terminology=terminology, model=model)
    chart = example("new", "asthma", "hypertension")
    unreachable = GoldCode(Code(System.ICD10CM, "A00.1"))
    rows = chart_rows(suggester, replace(chart, gold=(*chart.gold, unreachable)))
    assert rows.values.shape == (len(rows.right), len(FEATURES))
    assert rows.right.sum() == 2
    assert rows.missed == 1
    fewer = chart_rows(suggester, replace(chart, acceptable=frozenset({"I10"})))
    assert len(fewer.right) == len(rows.right) - 1
    assert fewer.right.sum() == 1


@pytest.mark.slow
def test_rejected_codes_weigh_more_than_those_that_nobody_looked_at(model, examples, index, terminology, monkeypatch):
    suggester = Suggester(index=index, terminology=terminology, model=model)
    chart = replace(example("new", "asthma", "hypertension"), not_codable=frozenset({"R07.9", "A00.1"}))
    rows = chart_rows(suggester, chart)
    assert rows.rejected.sum() == 1
    assert not (rows.rejected & rows.right).any()
    weights = []

    def grow(_shape, values, right, weight=None, *, seed, trees):
        if weight is not None:  # the rows of the sequencer all count alike
            weights.append((weight, trees))
        return HistGradientBoostingClassifier(max_iter=1, random_state=seed).fit(values, right, sample_weight=weight)

    monkeypatch.setattr("training.fit.grow", grow)
    train(
        [*examples, chart], index=index, terminology=terminology, name="tiny", trees=7, made_up=0, rejected_weight=3.0
    )
    final, trees = weights[-1]
    assert trees == 7
    base = final.min()
    assert (final == 3 * base).sum() == 1
    assert set(final.tolist()) == {base, 3 * base}


@pytest.mark.slow
def test_progress_is_told(examples, index, terminology):
    steps = []
    train(examples[:12], index=index, terminology=terminology, name="tiny", progress=lambda n, s: steps.append((n, s)))
    names = list(dict.fromkeys(name for name, _share in steps))
    assert names == ["phrases", "rows", "trees", "final trees"]
    assert all(0 <= share <= 1 for _name, share in steps)
