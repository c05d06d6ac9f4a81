"""Edits of visits (evaluation and management): beside procedures, beside each other, new and established patients."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from suggest.edits.coded import CodedSet
from suggest.edits.procedures_lines import (
    MAJOR,
    MINOR,
    Billed,
    VisitFamily,
    billed,
    days_of,
    is_facility_stay,
)
from suggest.edits.report import Report
from suggest.edits.tables import Edit, EditTables
from suggest.records import Claim, Finding

_WITH_PROCEDURE = Report("visit-with-procedure", "CMS Claims Processing Manual, chapter 12, sections 30.6.6, 40.1")
_WITH_PREVENTIVE = Report("visit-with-preventive", "CPT, preventive medicine services; modifier 25")
_NEW_ESTABLISHED = Report(
    "new-and-established", "CPT, evaluation and management guidelines: new and established patient"
)
_ONE_CATEGORY = Report("visits-of-one-category", "CMS Claims Processing Manual, chapter 12, section 30.6.5")

_SEPARATE = frozenset({"24", "25", "27"})
_PREVENTIVE = frozenset({"preventive", "medicare-wellness"})
_ADMINISTRATION = (("90460", "90474"), ("96360", "96379"))
"""Vaccines and drugs given: the one kind of service without a global period for which 25 is asked for everywhere."""
_CARE_ONLY = frozenset({"55", "56"})
_OTHER_CLINICIAN = frozenset({"62", "66", "80", "81", "82", "AS"})


def visit_with_procedure(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """A visit on the day of a procedure with a global period, without 25 (0 or 10 days) or 57 (90 days).

    That the visit was more than the usual work before and after the procedure only the documentation shows. Without a
    table of NCCI pairs, vaccines and injections count too.
    """
    lines = billed(coded, tables)
    facility = coded.encounter.claim is Claim.FACILITY
    done = [line for line in lines if line.visit is None and not line.modifiers & (_CARE_ONLY | _OTHER_CLINICIAN)]
    major = sorted({line.code for line in done if line.global_days == MAJOR})
    minor = sorted({line.code for line in done if line.global_days in MINOR and "addon" not in line.flags})
    if tables.ncci is None:
        minor = sorted({*minor, *(line.code for line in done if _is_administration(line.code))})
    if is_facility_stay(coded.encounter) or not (major or minor):
        return
    for visit in (line for line in lines if line.visit is not None):
        if major and not facility and not visit.modifiers & {"57", "24"}:
            yield _WITH_PROCEDURE.warning(
                [visit.code, *major],
                f"{visit.code} stands beside major surgery ({', '.join(major)}) without modifier 57",
                "Add 57 if the visit led to the decision for the surgery; otherwise it is part of the surgical package",
            )
        elif (minor or facility) and not visit.modifiers & {"24", "25", "27", "57"}:
            codes = minor or major
            yield _WITH_PROCEDURE.warning(
                [visit.code, *codes],
                f"{visit.code} stands beside {', '.join(codes)} of the same day without modifier 25",
                "Add 25 if a significant, separate visit is documented; otherwise remove it: the procedure contains it",
            )
        elif minor and not major and "57" in visit.modifiers and "25" not in visit.modifiers:
            yield _WITH_PROCEDURE.warning(
                [visit.code, *minor],
                f"{visit.code} bears modifier 57, but {', '.join(minor)} is no major surgery",
                "Use 25 for a separate visit on the day of a procedure with a global period of 0 or 10 days",
            )


def _is_administration(code: str) -> bool:
    return any(low <= code <= high for low, high in _ADMINISTRATION)


def visit_with_preventive(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """A problem-oriented visit beside a preventive one, without 25."""
    if is_facility_stay(coded.encounter):
        return
    visits = [(line, line.visit) for line in billed(coded, tables) if line.visit is not None]
    preventive = sorted({line.code for line, visit in visits if visit.group in _PREVENTIVE})
    for line, visit in visits if preventive else ():
        if visit.group not in _PREVENTIVE and not line.modifiers & _SEPARATE:
            yield _WITH_PREVENTIVE.warning(
                [line.code, *preventive],
                f"{line.code} stands beside the preventive visit {', '.join(preventive)} without modifier 25",
                "Add 25 if a problem was worked up beyond the preventive visit; otherwise remove it",
            )


def new_and_established(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """A patient who is new in one visit and established in another of the same claim."""
    visits = _visits(coded, tables)
    new = sorted(code for code, visit in visits if visit.patient == "new")
    # A new patient's checkup makes the patient an established one for the visit that follows it.
    only_checkup = {visit.group for _, visit in visits if visit.patient == "new"} == {"preventive"}
    established = sorted(
        code
        for code, visit in visits
        if visit.patient == "established" and (visit.group == "preventive" or not only_checkup)
    )
    if new and established:
        yield _NEW_ESTABLISHED.error(
            [*new, *established],
            f"{', '.join(new)} is for a new patient, {', '.join(established)} for an established one",
            "Choose all visits by whether someone of the same group and specialty saw the patient within three years",
        )


def visits_of_one_category(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """Two visits of one category, or a visit with more than one unit, in one day."""
    days = days_of(coded.encounter)
    if is_facility_stay(coded.encounter) or days is None or days > 1:
        return
    groups: defaultdict[str, list[Billed]] = defaultdict(list)
    for line in billed(coded, tables):
        if line.visit is not None:
            groups[line.visit.group].append(line)
    for lines in groups.values():
        codes = sorted({line.code for line in lines})
        units = sum(line.line.units for line in lines)
        if units < 2 or _mixed({line.visit.patient for line in lines if line.visit}):
            continue  # one visit, or what the edit new-and-established reports
        if sum(not line.modifiers & _SEPARATE for line in lines) <= 1 and len(lines) == units:
            continue
        yield _ONE_CATEGORY.warning(
            codes,
            f"{units} visits of one category on one day: {', '.join(codes)}",
            "Report one visit for the work of the whole day; if two were separate, add 25 (27 on a facility claim)",
        )


def _visits(coded: CodedSet, tables: EditTables) -> set[tuple[str, VisitFamily]]:
    return {(line.code, line.visit) for line in billed(coded, tables) if line.visit is not None}


def _mixed(patients: set[str]) -> bool:
    return {"new", "established"} <= patients


VISIT_EDITS: tuple[Edit, ...] = (
    visit_with_procedure,
    visit_with_preventive,
    new_and_established,
    visits_of_one_category,
)
