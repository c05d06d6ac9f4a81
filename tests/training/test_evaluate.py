"""Metrics against numbers worked out by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from suggest.records import Code, Encounter, GoldCode, Note, System, TrainingExample
from training.code_shapes import fits, system_of
from training.evaluate import Prediction, f1_difference, score

CM, PCS, CPT, HCPCS = System.ICD10CM, System.ICD10PCS, System.CPT, System.HCPCS


def example(*gold, acceptable=(), not_codable=()):
    codes = tuple(GoldCode(Code(system_of(code), code)) for code in gold)
    encounter = Encounter("e", (Note("n", "x"),))
    return TrainingExample(encounter, codes, frozenset(acceptable), frozenset(not_codable))


def proposed(*codes):
    """Predictions that propose codes in this sequence and rank them likewise."""
    systems = {system_of(code): None for code in codes}
    return {
        system: Prediction(
            tuple((code, 0.5) for code in codes if system_of(code) is system),
            tuple(code for code in codes if system_of(code) is system),
        )
        for system in systems
    }


def ranked(*pairs):
    return {CM: Prediction(ranked=pairs)}


def diagnosis(examples, predictions, **options):
    return score(examples, predictions, seed=0, **options)["diagnosis"]


@pytest.fixture(scope="module")
def three_charts():
    examples = [
        example(
            "E11.9", "I10", "J45.909", acceptable={"Z79.4"}, not_codable={"R05.9", "99215", "10061", "Z79.4"}
        ),
        example("I10"),
        example(not_codable={"J20.9"}),
    ]  # fmt: skip
    predictions = [
        {
            CM: Prediction(
                (("I10", 0.9), ("R05.9", 0.8), ("I10", 0.7), ("Z79.4", 0.6), ("E11.9", 0.5), ("K21.9", 0.05)),
                ("I10", "Z79.4", "R05.9", "E11.9", "I10"),
            )
        },
        {CM: Prediction((("I10", 0.8),), ("I10",))},
        {CM: Prediction((("J20.9", 0.4),), ("J20.9",))},
    ]
    return score(examples, predictions, seed=0, ms_per_chart=[10.0, 30.0, 20.0])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        # Without Z79.4 (acceptable) and the second I10: right 2 + 1 + 0, proposed 3 + 1 + 1, gold 3 + 1 + 0.
        ("precision", 3 / 5),
        ("recall", 3 / 4),
        ("f1", 6 / 9),
        # E11.9: 1; I10: right in both charts, 1; J45.909: 0.
        ("macro_f1", 2 / 3),
        # Chart 1: hits at ranks 1 and 3 of I10, R05.9, E11.9, K21.9: (1/1 + 2/3) / 3; chart 2: 1; 3: no gold.
        ("map", (5 / 9 + 1) / 2),
        # 2 of 4, 1 of 1, 0 of 1.
        ("p_at_5", 3 / 6),
        ("recall_at_10", 3 / 4),
        ("recall_at_20", 3 / 4),
        ("candidate_recall", 3 / 4),
        # R05.9 and J20.9 are listed and suggested; 99215 and 10061 are no diagnoses, Z79.4 is acceptable.
        ("not_codable_rate", 2 / 2),
        # Chart 1 begins with I10, not E11.9; chart 3 has no gold.
        ("first_listed", 1 / 2),
        # .9 hit, .8 miss and .8 hit (.5 on average), .5 hit, .4 miss; K21.9 lies below .1. Five bins of one.
        ("ece", (0.1 + 0.3 + 0.3 + 0.5 + 0.4) / 5),
    ],
)
def test_diagnoses_by_hand(three_charts, key, value):
    assert three_charts["diagnosis"][key] == pytest.approx(value)


def test_the_contract_is_json_and_complete(three_charts):
    assert json.loads(json.dumps(three_charts, allow_nan=False)) == three_charts
    assert list(three_charts) == ["diagnosis", "procedure", "em", "charts", "ms_per_chart"]
    assert list(three_charts["procedure"]) == ["CPT", "HCPCS", "ICD-10-PCS"]
    assert all(part.keys() == three_charts["diagnosis"].keys() for part in three_charts["procedure"].values())
    assert three_charts["charts"] == 3
    assert three_charts["ms_per_chart"] == {"p50": 20.0, "p99": pytest.approx(29.8)}


def test_procedures_are_scored_apart_and_null_without_any(three_charts):
    cpt = three_charts["procedure"]["CPT"]
    assert cpt["not_codable_rate"] == 0.0
    assert {key for key, value in cpt.items() if value is not None} == {"not_codable_rate"}
    assert set(three_charts["procedure"]["HCPCS"].values()) == {None}
    assert three_charts["em"] == {"exact": None, "within_one": None, "charts": 0}


def test_each_system_by_hand():
    examples = [
        example("I10", "20610", "J3301", acceptable={"73562"}, not_codable={"10061", "J1100", "0SRD0J9"}),
        example("0SRC0J9", "0SRD0J9"),
    ]
    predictions = [proposed("I10", "20610", "73562", "10061", "J3301"), proposed("0SRD0J9")]
    procedure = score(examples, predictions, seed=0)["procedure"]
    assert (procedure["CPT"]["precision"], procedure["CPT"]["recall"]) == (1 / 2, 1)
    assert procedure["CPT"]["not_codable_rate"] == 1
    assert (procedure["HCPCS"]["f1"], procedure["HCPCS"]["not_codable_rate"]) == (1, 0)
    assert (procedure["ICD-10-PCS"]["precision"], procedure["ICD-10-PCS"]["recall"]) == (1, 1 / 2)
    # Listed as not codable for the first chart only, where it was not suggested.
    assert procedure["ICD-10-PCS"]["not_codable_rate"] == 0
    assert procedure["ICD-10-PCS"]["first_listed"] == 0


def test_nothing_at_all():
    result = score([], [], seed=0)
    assert set(result["diagnosis"].values()) == {None}
    assert result["charts"] == 0
    assert result["ms_per_chart"] == {"p50": None, "p99": None}


def test_charts_without_gold_or_suggestion():
    assert set(diagnosis([example()], [{}]).values()) == {None}


def test_gold_without_suggestion_scores_zero():
    result = diagnosis([example("I10")], [{}])
    assert (result["precision"], result["p_at_5"], result["ece"]) == (None, None, None)
    for key in ("recall", "f1", "macro_f1", "map", "recall_at_10", "candidate_recall", "first_listed"):
        assert result[key] == 0
    assert result["f1_interval"] == [0, 0]


def test_a_suggestion_without_gold_is_wrong():
    result = diagnosis([example()], [proposed("I10")])
    assert (result["precision"], result["recall"], result["f1"], result["map"]) == (0, None, 0, None)


def test_gold_that_is_also_acceptable_is_left_out_on_both_sides():
    result = diagnosis([example("I10", "E11.9", acceptable={"I10"})], [proposed("I10", "E11.9")])
    assert (result["precision"], result["recall"], result["first_listed"]) == (1, 1, 1)


def test_a_code_that_is_gold_in_one_chart_and_wrong_in_another():
    # I10: right 1, proposed 3, gold 2, so 2 / 5; R05.9 occurs in no gold and does not count.
    result = diagnosis(
        [example("I10"), example("I10"), example(), example()],
        [proposed("I10"), {}, proposed("I10"), proposed("I10", "R05.9")],
    )
    assert result["macro_f1"] == pytest.approx(2 / 5)


def test_depths_count_distinct_scored_codes():
    # Gold stands at place 6 after a duplicate and an acceptable code that take no place.
    wrong = [(f"R{number}", 0.5) for number in range(10, 15)]
    chart = example("I10", "E11.9", acceptable={"Z79.4"})
    result = diagnosis([chart], [ranked(wrong[0], *wrong, ("Z79.4", 0.5), ("I10", 0.5))])
    assert result["p_at_5"] == 0
    assert result["recall_at_10"] == 1 / 2
    assert result["map"] == pytest.approx((1 / 6) / 2)


def test_recall_at_each_depth():
    filler = [(f"R{number}", 0.5) for number in range(10, 40)]
    codes = [*filler[:9], ("A00", 0.5), ("A01", 0.5), *filler[9:18], ("A02", 0.5)]
    result = diagnosis([example("A00", "A01", "A02", "A03")], [ranked(*codes)])
    assert (result["recall_at_10"], result["recall_at_20"]) == (1 / 4, 2 / 4)
    assert result["candidate_recall"] == 3 / 4


def test_the_order_given_decides_ties_in_the_ranking():
    first = diagnosis([example("I10")], [ranked(("I10", 0.5), ("E11.9", 0.5))])
    second = diagnosis([example("I10")], [ranked(("E11.9", 0.5), ("I10", 0.5))])
    assert (first["map"], second["map"]) == (1, 1 / 2)


def test_calibration_in_ten_bins_of_two():
    # Each bin of two holds one hit; the gap is |p - .5| with both p of a bin alike around it.
    pairs = []
    chart = example(*(f"A{number:02}" for number in range(10)))
    for number in range(10):
        probability = 0.15 + 0.08 * number
        pairs += [(f"A{number:02}", probability - 0.01), (f"B{number:02}", probability + 0.01)]
    expected = np.mean([abs(0.15 + 0.08 * number - 0.5) for number in range(10)])
    assert diagnosis([chart], [ranked(*pairs)])["ece"] == pytest.approx(expected)


def test_perfect_calibration_is_zero_whatever_the_order_of_ties():
    # Forty codes of probability .25, ten of them right: wherever bins cut, each holds a quarter.
    codes = [f"A{number:02}" for number in range(40)]
    chart = example(*codes[:10])
    for order in (codes, codes[::-1]):
        assert diagnosis([chart], [ranked(*((code, 0.25) for code in order))])["ece"] == pytest.approx(0)


def test_the_floor_of_the_calibration_error_is_inclusive():
    result = diagnosis([example("I10")], [ranked(("I10", 0.1), ("E11.9", 0.0999))])
    assert result["ece"] == pytest.approx(0.9)


def test_the_interval_is_seeded_holds_the_score_and_agrees_with_resampling():
    rng = np.random.default_rng(3)
    pool = [f"A{number:02}" for number in range(20)]
    examples = [example(*rng.choice(pool, 3, replace=False)) for _ in range(40)]
    predictions = [proposed(*rng.choice(pool, 4, replace=False)) for _ in range(40)]
    low, high = diagnosis(examples, predictions)["f1_interval"]
    assert [low, high] == diagnosis(examples, predictions)["f1_interval"]
    assert [low, high] != score(examples, predictions, seed=1)["diagnosis"]["f1_interval"]
    assert low < diagnosis(examples, predictions)["f1"] < high
    # The slow way: draw charts one by one and score each draw.
    right = np.array(
        [
            len({gold.code.code for gold in chart.gold} & set(found[CM].proposed))
            for chart, found in zip(examples, predictions, strict=True)
        ]
    )
    draws = [2 * right[rng.integers(0, 40, 40)].sum() / (40 * 7) for _ in range(2000)]
    assert [low, high] == pytest.approx(np.percentile(draws, [2.5, 97.5]), abs=0.02)


def test_the_interval_of_identical_charts_has_no_width():
    result = diagnosis([example("I10", "E11.9")] * 5, [proposed("I10")] * 5)
    assert result["f1_interval"] == pytest.approx([2 / 3, 2 / 3])


def test_examples_and_predictions_must_match():
    with pytest.raises(ValueError, match="shorter"):
        score([example("I10")], [], seed=0)


@pytest.mark.parametrize(
    ("gold", "suggested", "exact", "within_one"),
    [
        (["99213"], ["99213"], 1, 1),
        (["99213"], ["99214"], 0, 1),
        (["99213"], ["99212"], 0, 1),
        (["99213"], ["99215"], 0, 0),
        (["99213"], [], 0, 0),
        (["99213"], ["99213", "99214"], 0, 0),
        (["99213"], ["20610", "99213"], 1, 1),
        (["99342"], ["99344"], 0, 1),
        # Neighbouring numbers of two families.
        (["99205"], ["99211"], 0, 0),
        (["99204"], ["99214"], 0, 0),
        (["99223"], ["99222"], 0, 1),
        # Age decides, not a level.
        (["99395"], ["99395"], 1, 1),
        (["99395"], ["99396"], 0, 0),
        (["99291"], ["99291"], 1, 1),
        # Several visits of a stay.
        (["99222", "99232"], ["99232", "99222"], 1, 1),
        (["99222", "99232"], ["99223", "99231"], 0, 1),
        (["99222", "99232"], ["99222"], 0, 0),
    ],
)
def test_visits(gold, suggested, exact, within_one):
    result = score([example(*gold)], [proposed(*suggested)], seed=0)["em"]
    assert result == {"exact": exact, "within_one": within_one, "charts": 1}


def test_acceptable_visits():
    chart = example("99214", acceptable={"99215"})
    suggestions = [proposed("99214", "99215"), proposed("99215")]
    result = score([chart, chart], suggestions, seed=0)["em"]
    assert result == {"exact": 1 / 2, "within_one": 1, "charts": 2}


def test_charts_without_a_gold_visit_are_not_counted_as_visits():
    examples = [example("20610"), example("99406"), example("99213", acceptable={"99213"})]
    result = score(examples, [proposed("99213")] * 3, seed=0)["em"]
    assert result == {"exact": None, "within_one": None, "charts": 0}


@pytest.mark.parametrize(
    ("code", "system"),
    [
        ("99213", CPT), ("3046F", CPT), ("0042T", CPT), ("0001U", CPT), ("0002M", CPT), ("0001A", CPT),
        ("J3301", HCPCS), ("G0127", HCPCS),
        ("0SRD0J9", PCS), ("10D00Z1", PCS), ("B2111ZZ", PCS),
        ("I10", CM), ("E11.9", CM), ("S52.531A", CM), ("C7A.00", CM), ("W22.11XA", CM),
    ],
)  # fmt: skip
def test_the_shape_tells_the_system(code, system):
    assert system_of(code) is system
    assert [candidate for candidate in System if fits(code, candidate)] == [system]


@pytest.mark.parametrize("code", ["", "e11.9", "E11.", "E119", "E11.90000", "E11.9 ", "0SRI0J9", "9921", "E1.9"])
def test_what_is_no_code_fits_no_system(code):
    assert not any(fits(code, system) for system in System)


def test_the_difference_of_two_runs_on_the_same_charts():
    charts = [example(code) for code in ["I10", "E11.9", "J45.909", "M10.9"] * 10]
    right = [proposed(code) for code in ["I10", "E11.9", "J45.909", "M10.9"] * 10]
    half = [found if number % 2 else proposed("Z00.00") for number, found in enumerate(right)]
    found = f1_difference(charts, half, right, seed=0)
    low, high = found["interval"]
    assert found["difference"] == pytest.approx(0.5)
    assert 0.3 < low < 0.5 < high < 0.7
    back = f1_difference(charts, right, half, seed=0)
    assert back == {"difference": pytest.approx(-0.5), "interval": [pytest.approx(-high), pytest.approx(-low)]}
    assert f1_difference(charts, half, right, seed=0) == found


def test_pairing_cancels_what_is_hard_for_both():
    charts = [example("I10") for _ in range(40)]
    run = [proposed("I10") if number % 2 else proposed("E11.9") for number in range(40)]
    assert f1_difference(charts, run, run, seed=0) == {"difference": 0.0, "interval": [0.0, 0.0]}


def test_there_is_no_difference_without_codes():
    nothing = {"difference": None, "interval": None}
    assert f1_difference([], [], [], seed=0) == nothing
    assert f1_difference([example()], [proposed()], [proposed("I10")], seed=0) == nothing
    with pytest.raises(ValueError, match="shorter"):
        f1_difference([example("I10")], [proposed("I10")], [], seed=0)
