"""Calibration and thresholds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suggest.feature_names import FEATURES
from suggest.policy import all_policies
from suggest.ranking import Calibration, calibration_group

SHARES = st.floats(0, 1, allow_nan=False)


@st.composite
def calibrations(draw):
    corners = sorted(draw(st.lists(st.tuples(SHARES, SHARES), min_size=1, max_size=6)))
    raw = np.array([corner[0] for corner in corners])
    return Calibration(raw, np.array(sorted(corner[1] for corner in corners)))


@given(calibrations(), st.lists(SHARES, min_size=2, max_size=20))
def test_calibration_is_monotone_and_a_probability(calibration, raw):
    ordered = np.sort(np.array(raw))
    mapped = calibration.apply(ordered)
    assert ((mapped >= 0) & (mapped <= 1)).all()
    assert (np.diff(mapped) >= -1e-12).all()


def test_ties_are_broken_by_the_raw_value():
    flat = Calibration(np.array([0.0, 1.0]), np.array([0.5, 0.5]))
    assert flat.apply(np.array([0.1]))[0] < flat.apply(np.array([0.9]))[0]


@pytest.mark.parametrize(("raw", "wanted"), [(0.0, 0.1), (0.25, 0.2), (0.5, 0.3), (1.0, 0.3)])
def test_between_corners_it_is_linear(raw, wanted):
    calibration = Calibration(np.array([0.0, 0.5]), np.array([0.1, 0.3]))
    assert calibration.apply(np.array([raw]))[0] == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "group"),
    [("professional", "claims"), ("facility-inpatient", "claims"), ("benchmark-codiesp", "benchmark")],
)
def test_calibration_groups(name, group):
    assert calibration_group(all_policies()[name]) == group


def test_thresholds_by_policy(make_model):
    model = make_model(thresholds={"default": 0.4, "professional": 0.2})
    policies = all_policies()
    assert model.threshold(policies["professional"]) == 0.2
    assert model.threshold(policies["facility-inpatient"]) == 0.4


def test_probabilities_take_the_second_column(make_model):
    model = make_model()
    policy = all_policies()["professional"]
    rows = np.zeros((2, len(FEATURES)), np.float32)
    rows[1, FEATURES.index("strength")] = 0.75
    assert model.probabilities(rows, policy).tolist() == pytest.approx([0.0, 0.75])
    assert len(model.probabilities(rows[:0], policy)) == 0


def test_a_model_without_sequencer_scores_none_first(make_model):
    assert make_model().first_scores(np.zeros((3, len(FEATURES)), np.float32)).tolist() == [0.0, 0.0, 0.0]
