"""Which payment categories (CMS-HCC V28) the coded diagnoses fall in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from suggest.edits.coded import CodedSet
from suggest.grouping.hcc_tables import YEARS, HccTables, hcc_tables
from suggest.grouping.records import HccInfo, PaymentHcc
from suggest.records import Claim, CodeLine, Encounter, Patient, Setting, Sex, Support

_HEART_DEVICE = 223
_NEEDED_BY_DEVICE = frozenset({221, 222, 224, 225, 226})
_OTHER_FACILITIES = frozenset(
    {Setting.NURSING_FACILITY, Setting.HOME_HEALTH, Setting.HOSPICE, Setting.DIALYSIS_FACILITY}
)


def hcc_of(coded: CodedSet, *, support: Mapping[str, Sequence[Support]] | None = None) -> HccInfo:
    """Returns the categories of the coded diagnoses, hierarchies applied.

    Rules: the CMS risk adjustment model software V28: diagnoses to categories, edits by age and sex, category 223 only
    beside another heart failure category, hierarchies.

    Args:
        coded: The coded set; the date of its encounter chooses the year of the model.
        support: Words of the chart by code, from ``support_of``.
    """
    service = _date(coded.encounter)
    year = _model_year(service)
    try:
        tables = hcc_tables(year)
    except ImportError as error:
        return HccInfo(unavailable=str(error))
    found, edited = _categories(coded, tables)
    dropped = _dropped(frozenset(found), tables)
    words = support or {}
    return HccInfo(
        model_year=year,
        categories=tuple(
            PaymentHcc(
                number=number,
                label=tables.labels.get(number, ""),
                codes=tuple(codes),
                support=tuple(reason for code in codes for reason in words.get(code, ())),
                dropped_for=dropped.get(number),
            )
            for number, codes in sorted(found.items())
        ),
        remarks=(*_remarks(coded.encounter, service, year), *edited),
    )


def support_of(lines: Iterable[CodeLine]) -> dict[str, tuple[Support, ...]]:
    """Returns the words of the chart that each line rests on, by code."""
    return {line.ranked.code.code: line.ranked.support for line in lines}


def _date(encounter: Encounter) -> date | None:
    return encounter.discharge or encounter.date_of_service or encounter.admission


def _model_year(service: date | None) -> int:
    """Diagnoses of one year go into the model of the next."""
    return min(max(service.year + 1, YEARS[0]), YEARS[-1]) if service else YEARS[-1]


def _categories(coded: CodedSet, tables: HccTables) -> tuple[dict[int, list[str]], list[str]]:
    """Returns the diagnoses of each category, and what edits by age and sex did."""
    found: dict[int, list[str]] = {}
    remarks = []
    for code in dict.fromkeys(line.code.code for line in coded.diagnoses):
        plain = code.replace(".", "").upper()
        numbers: tuple[int, ...] = tables.categories.get(plain, ())
        edit = tables.edits.get(plain) if numbers else None
        if edit and edit.applies(coded.encounter.patient.sex.value, coded.encounter.patient.age):
            remarks.append(f"{code}: age or sex leads to {f'category {edit.category}' if edit.category else 'none'}")
            numbers = (edit.category,) if edit.category else ()
        elif edit and _is_open(coded.encounter.patient, by_sex=bool(edit.sex)):
            remarks.append(f"{code}: an edit goes by {'sex' if edit.sex else 'age'}, which is not known; not applied")
        for number in numbers:
            found.setdefault(number, []).append(code)
    if _HEART_DEVICE in found and not _NEEDED_BY_DEVICE & found.keys():
        del found[_HEART_DEVICE]
        remarks.append(f"category {_HEART_DEVICE} stands only beside another category of heart failure")
    return found, remarks


def _is_open(patient: Patient, *, by_sex: bool) -> bool:
    return patient.sex not in (Sex.FEMALE, Sex.MALE) if by_sex else patient.age is None


def _dropped(found: frozenset[int], tables: HccTables) -> dict[int, int]:
    """Returns the category that each dropped one steps back for: the first in the order of the model."""
    return {
        lower: upper for upper in sorted(found, reverse=True) for lower in tables.below.get(upper, frozenset()) & found
    }


def _remarks(encounter: Encounter, service: date | None, year: int) -> list[str]:
    remarks = []
    if service is None:
        remarks.append(f"no date of service: model year {year} is assumed")
    elif service.year + 1 != year:
        remarks.append(f"no tables for model year {service.year + 1}: those of {year} are used")
    if encounter.claim is Claim.FACILITY and encounter.setting in _OTHER_FACILITIES:
        remarks.append("claims of this kind of facility are no source of diagnoses for the model")
    return remarks
