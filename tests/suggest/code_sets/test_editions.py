from __future__ import annotations

from datetime import date

import pytest

from suggest.code_sets.editions import Edition, choose_edition, fiscal_year_edition
from suggest.errors import CodeSetError
from suggest.records import Claim, Encounter, Setting, System

FY2025 = fiscal_year_edition(System.ICD10CM, 2025, "a.zip")
FY2026 = fiscal_year_edition(System.ICD10CM, 2026, "b.xml")


def encounter(**fields: object) -> Encounter:
    return Encounter(id="1", notes=(), **fields)  # type: ignore[arg-type]


def test_a_fiscal_year_runs_from_october():
    assert (FY2026.name, FY2026.effective_from, FY2026.effective_to) == (
        "FY2026",
        date(2025, 10, 1),
        date(2026, 9, 30),
    )


@pytest.mark.parametrize("year", [2015, 2100])
def test_years_without_icd10cm_are_refused(year: int):
    with pytest.raises(CodeSetError, match="expected 2016 to 2099"):
        fiscal_year_edition(System.ICD10CM, year, "x")


def test_json_round_trip():
    open_ended = Edition(System.ICD10CM, "FY2026", date(2025, 10, 1), None, "x", ("A00",))
    assert Edition.from_json(open_ended.to_json()) == open_ended
    assert Edition.from_json(FY2025.to_json()) == FY2025


@pytest.mark.parametrize(
    ("day", "expected"),
    [(date(2025, 9, 30), FY2025), (date(2025, 10, 1), FY2026), (date(2026, 9, 30), FY2026)],
)
def test_the_date_of_service_decides(day: date, expected: Edition):
    assert choose_edition([FY2026, FY2025], encounter(date_of_service=day)) == (expected, None)


@pytest.mark.parametrize(
    ("setting", "claim", "expected"),
    [
        (Setting.INPATIENT, Claim.FACILITY, FY2026),
        (Setting.INPATIENT, Claim.PROFESSIONAL, FY2025),
        (Setting.PROFESSIONAL_INPATIENT, Claim.PROFESSIONAL, FY2025),
        (Setting.OUTPATIENT, Claim.FACILITY, FY2025),
    ],
)
def test_a_facility_stay_goes_by_its_discharge(setting: Setting, claim: Claim, expected: Edition):
    stay = encounter(
        setting=setting,
        claim=claim,
        date_of_service=date(2025, 9, 28),
        admission=date(2025, 9, 28),
        discharge=date(2025, 10, 3),
    )
    assert choose_edition([FY2025, FY2026], stay) == (expected, None)


def test_without_the_deciding_date_the_next_best_counts():
    stay = encounter(setting=Setting.INPATIENT, claim=Claim.FACILITY, admission=date(2025, 9, 1))
    assert choose_edition([FY2025, FY2026], stay) == (FY2025, None)


def test_without_any_date_the_newest_edition_counts():
    assert choose_edition([FY2026, FY2025], encounter()) == (FY2026, None)


def test_a_later_date_takes_the_nearest_edition_and_says_so():
    edition, message = choose_edition([FY2025, FY2026], encounter(date_of_service=date(2031, 1, 5)))
    assert edition == FY2026
    assert message == (
        "date_of_service 2031-01-05 lies after edition FY2026 (ends 2026-09-30); "
        "import a later edition: chartcoder codes import icd10cm FILE"
    )


def test_an_earlier_discharge_takes_the_nearest_edition_and_says_so():
    stay = encounter(setting=Setting.INPATIENT, claim=Claim.FACILITY, discharge=date(2020, 2, 1))
    edition, message = choose_edition([FY2025, FY2026], stay)
    assert edition == FY2025
    assert message == (
        "discharge 2020-02-01 lies before edition FY2025 (begins 2024-10-01); "
        "import an earlier edition: chartcoder codes import icd10cm FILE"
    )


def test_nothing_installed_is_an_error():
    with pytest.raises(CodeSetError, match="chartcoder codes import"):
        choose_edition([], encounter())
