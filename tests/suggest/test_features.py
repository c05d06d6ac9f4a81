"""The feature table."""

from __future__ import annotations

import numpy as np
import pytest

from suggest.feature_names import FEATURES, GROUPS, ROLES, role_number
from suggest.features import misfit
from suggest.records import Sex


@pytest.fixture
def rows(plain_suggester, chart):
    def find(*texts, **options):
        _candidates, table = plain_suggester.features(chart(*texts, **options))
        return {
            plain_suggester.code(int(code)): dict(zip(FEATURES, values.tolist(), strict=True))
            for code, values in zip(table.codes, table.values, strict=True)
        }

    return find


def test_names_are_distinct_and_groups_hold_only_them():
    assert len(set(FEATURES)) == len(FEATURES)
    assert all(set(names) <= set(FEATURES) for names in GROUPS.values())
    assert not any(word in name for name in FEATURES for word in ("drg", "hcc", "payment", "money", "weight_cc"))


def test_the_table_has_a_row_for_each_code(plain_suggester, chart):
    candidates, table = plain_suggester.features(chart("Hypertension, gout and pain in the right knee. No fever."))
    assert table.codes.tolist() == sorted(set(candidates.edges.code.tolist()))
    assert table.values.shape == (len(table.codes), len(FEATURES))
    assert table.values.dtype == np.float32
    assert np.isfinite(table.values).all()
    assert table.start.tolist()[-1] == len(candidates.edges)
    starts = candidates.edges.code[table.start[:-1]]
    assert starts.tolist() == table.codes.tolist()


def test_a_chart_without_candidates_has_no_rows(plain_suggester, chart):
    for text in ("", "...", "lorem ipsum"):
        _candidates, table = plain_suggester.features(chart(text))
        assert table.values.shape == (len(table.codes), len(FEATURES))


@pytest.mark.parametrize(
    ("text", "code", "feature", "value"),
    [
        ("Gout", "M10.9", "n_present", 1),
        ("Gout. Gout.", "M10.9", "n_present", 2),
        ("No gout", "M10.9", "n_negated", 1),
        ("Mother has gout", "M10.9", "n_family", 1),
        ("Gout. No gout.", "M10.9", "share_present", 0.5),
        ("Assessment: gout", "M10.9", "in_assessment", 1),
        ("Past medical history: gout", "M10.9", "in_history", 1),
        ("Pain in right knee", "M25.561", "best_side", 1),
        ("Pain in right knee", "M25.561", "sided", 1),
        ("Fever", "R50.9", "symptom", 1),
        ("Takes apixaban", "Z79.01", "status_z", 1),
        ("Takes apixaban", "Z79.01", "has_drug", 1),
        ("Fall from ladder", "W11.XXXA", "external", 1),
        ("Fall from ladder", "W11.XXXA", "seventh", 1),
        ("Hypertension", "I10", "chronic", 1),
        ("Hypertension. CKD stage 4.", "I10", "replaced", 1),
        ("Pneumonia with cough", "R05.9", "integral", 1),
        ("Gout", "M10.9", "n_notes", 1),
    ],
)
def test_single_features(rows, text, code, feature, value):
    assert rows(text)[code][feature] == pytest.approx(value)


def test_encounters_differ_by_policy_and_setting(rows):
    for options, wanted in (
        ({}, (0, 0, 0, 0)),
        ({"policy": "benchmark-codiesp"}, (1, 0, 0, 0)),
        ({"setting": "inpatient", "claim": "facility"}, (0, 1, 0, 1)),
        ({"setting": "ed"}, (0, 0, 1, 0)),
    ):
        gout = rows("Gout", **options)["M10.9"]
        assert tuple(gout[name] for name in ("benchmark", "inpatient", "emergency", "facility")) == wanted


def test_what_a_combination_replaces_gives_way_as_far_as_the_combination_is_supported(rows):
    whole = rows("Hypertension. CKD stage 4.")
    assert whole["I10"]["replaced"] == whole["I12.9"]["strength"] == 1
    # the type of diabetes is assumed (I.C.4.a.2)
    assumed = rows("Diabetes. CKD stage 4.")
    assert 0 < assumed["E11.9"]["replaced"] == assumed["E11.22"]["strength"] < 1
    assert rows("Hypertension. Gout.")["I10"]["replaced"] == 0


def test_what_is_denied_is_weaker(rows):
    assert rows("Gout")["M10.9"]["strength"] > rows("No gout")["M10.9"]["strength"]


def test_several_notes(rows):
    gout = rows("Gout", "Gout again")["M10.9"]
    assert (gout["n_notes"], gout["n_mentions"]) == (2, 2)


def test_ranks_begin_at_nought(rows):
    found = rows("Hypertension, gout, asthma")
    assert min(row["strength_rank"] for row in found.values()) == 0
    assert {row["n_candidates"] for row in found.values()} == {len(found)}


@pytest.mark.parametrize(
    ("code", "age", "sex", "wanted"),
    [
        ("N40.0", 70, Sex.MALE, 0),
        ("N40.0", 70, Sex.FEMALE, 1),
        ("N40.0", 70, Sex.UNKNOWN, 0),
        ("O80", 30, Sex.FEMALE, 0),
        ("O80", 30, Sex.MALE, 1),
        ("P59.9", 0, Sex.FEMALE, 0),
        ("P59.9", None, Sex.FEMALE, 0),
        ("I10", 70, Sex.OTHER, 0),
    ],
)
def test_codes_that_do_not_fit_the_patient(code, age, sex, wanted):
    assert misfit(code, age, sex) == wanted


@pytest.mark.parametrize(("family", "role"), [("assessment", "assessment"), ("pmh", "history"), ("exam", "objective")])
def test_roles_of_sections(family, role):
    assert ROLES[role_number(family)] == role
