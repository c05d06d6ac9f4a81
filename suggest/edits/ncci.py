"""Edits of the National Correct Coding Initiative (NCCI): pairs of procedures, most units, add-on codes.

They use the tables that a site imported (``chartcoder codes import ncci``, ``mue``, ``add-on``). Where one is missing,
the catalogue's own knowledge of what a service contains and of add-on codes takes its place, as a warning.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from suggest.code_sets.service_records import ServiceCode
from suggest.edits.coded import CodedSet
from suggest.edits.ncci_tables import AddOnRule, Pair, TableInfo, UnitLimit
from suggest.edits.procedures_lines import (
    LEFT,
    MAJOR,
    MINOR,
    RIGHT,
    Billed,
    billed,
    days_of,
    is_facility_stay,
    visit_of,
)
from suggest.edits.report import Report
from suggest.edits.tables import Edit, EditTables
from suggest.records import Claim, Finding

ANATOMIC = LEFT | RIGHT | {"LC", "LD", "LM", "RC", "RI"}
VISIT_MODIFIERS = frozenset({"24", "25", "27", "57"})
DISTINCT = frozenset({"59", "XE", "XP", "XS", "XU"})
"""Modifiers that separate a pair on either of its lines (CMS change request 11168)."""
NCCI_MODIFIERS = ANATOMIC | VISIT_MODIFIERS | DISTINCT | {"58", "78", "79", "91"}
"""Modifiers that separate a pair with the indicator 1 (NCCI Policy Manual, chapter I, section E)."""

_PROJECT = "project table (services)"
_PAIR = Report("ncci-pair", "CMS NCCI procedure-to-procedure edits")
_UNITS = Report("mue-units", "CMS NCCI Medically Unlikely Edits")
_ADD_ON = Report("add-on-without-primary", "CMS NCCI add-on code edits")
_QUARTER = Report("edit-table-quarter", "CMS NCCI, quarterly releases")

_NUMBERS = frozenset({"age", "area", "contrast", "count", "length", "minutes", "patient", "sum", "views"})
_SEVERAL_USUAL = frozenset({"drug", "supply", "equipment", "transport", "vaccine"})

_Lines = Mapping[str, Sequence[Billed]]


def ncci_pair(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """Two procedures that are not reported together (NCCI Policy Manual, chapter I)."""
    if is_facility_stay(coded.encounter):
        return
    lines = _by_code(coded, tables)
    table = tables.ncci.of(coded.encounter.claim) if tables.ncci else None
    if table is None:
        yield from _contained(lines)
        yield from _alternatives(lines)
        return
    for pair in table.find(lines, coded.encounter.date_of_service):
        yield from _judge(pair, lines[pair.column1], lines[pair.column2], str(table.info.quarter))


def mue_units(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """More units than one patient gets in a day (NCCI Policy Manual, chapter I, section V)."""
    table = tables.mue.of(coded.encounter.claim) if tables.mue else None
    if table is None or is_facility_stay(coded.encounter):
        return
    days = days_of(coded.encounter)
    for code, lines in _by_code(coded, tables).items():
        limit = table.get(code)
        if limit is None:
            continue
        total = max(line.line.units for line in lines) if limit.mai == 1 else sum(line.line.units for line in lines)
        if limit.mai != 1 and limit.units and days is None:  # the units of each day are not known
            continue
        most = limit.units * (days or 1) if limit.mai != 1 else limit.units
        if total > most:
            medicare = (coded.encounter.payer or "").lower().startswith("medicare")
            yield _too_many(code, total, most, limit, str(table.info.quarter), medicare=medicare)


def add_on_without_primary(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """An add-on code without a procedure that it is added to (CPT, introduction: add-on codes)."""
    if is_facility_stay(coded.encounter):
        return
    lines = _by_code(coded, tables)
    primaries = frozenset(
        code for code, same in lines.items() if "addon" not in same[0].flags and same[0].global_days != "ZZZ"
    )
    for code, same in lines.items():
        rule = tables.add_ons.get(code, coded.encounter.date_of_service) if tables.add_ons else None
        if rule is not None and tables.add_ons is not None:
            yield from _check_rule(code, rule, frozenset(lines), primaries - {code}, tables.add_ons.edition)
        elif "addon" in same[0].flags and not primaries:
            yield _ADD_ON.warning(
                [code],
                f"{code} is an add-on code and no procedure stands on the claim that it could be added to",
                "Add the primary procedure that the documentation supports, or remove the add-on code",
                source=_PROJECT,
            )


def edit_table_quarter(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """A table of another quarter than the date of service, or for the other kind of claim only."""
    if is_facility_stay(coded.encounter) or not _by_code(coded, tables):
        return
    claim, day = coded.encounter.claim, coded.encounter.date_of_service
    tables_of_claim = list(_imported(tables, claim))
    if missing := [name for name, info in tables_of_claim if info is None]:
        yield _QUARTER.info(
            [],
            f"The imported tables {', '.join(missing)} do not hold for {claim} claims",
            f"Import those that do: {_commands(missing)}",
        )
    outside = {name: str(info.quarter) for name, info in tables_of_claim if info and not info.covers(day)}
    if outside:
        named = ", ".join(f"{name} ({quarter})" for name, quarter in outside.items())
        yield _QUARTER.info(
            [],
            f"The date of service {day} lies outside of the quarters of the tables {named}",
            f"Import the tables of its quarter: {_commands(list(outside))}",
            edition=", ".join(sorted(set(outside.values()))),
        )


def _commands(names: Sequence[str]) -> str:
    return ", ".join(f"chartcoder codes import {name} FILE" for name in names)


def _imported(tables: EditTables, claim: Claim) -> Iterator[tuple[str, TableInfo | None]]:
    """Yields name and information of each imported table; ``None`` where it holds for the other kind of claim only."""
    if tables.ncci is not None:
        pairs = tables.ncci.of(claim)
        yield "ncci", pairs.info if pairs else None
    if tables.mue is not None:
        units = tables.mue.of(claim)
        yield "mue", units.info if units else None
    if tables.add_ons is not None:
        yield "add-on", tables.add_ons.info


def _by_code(coded: CodedSet, tables: EditTables) -> dict[str, list[Billed]]:
    """Returns the lines by code, sorted."""
    found: defaultdict[str, list[Billed]] = defaultdict(list)
    for line in billed(coded, tables):
        found[line.code].append(line)
    return dict(sorted(found.items()))


def _judge(pair: Pair, first: Sequence[Billed], second: Sequence[Billed], edition: str) -> Iterator[Finding]:
    codes = [pair.column1, pair.column2]
    if pair.indicator == 0:
        yield _PAIR.error(
            codes,
            f"{pair.column2} is not reported with {pair.column1}, with or without a modifier: {pair.rationale}",
            f"Remove {pair.column2}, or {pair.column1} if that is not what was done",
            edition=edition,
        )
    elif not _separated(first, second):
        if not _is_global_day(first[0], second[0]):  # that edit says more
            yield _PAIR.warning(codes, *_unseparated(pair, second[0]), edition=edition)
    elif _same_place(first, second):
        yield _PAIR.warning(
            codes,
            f"{pair.column2} and {pair.column1} name the same place, so that its modifier does not separate them",
            f"Remove {pair.column2}, or show with 59 or an X modifier what was separate if that is documented",
            edition=edition,
        )


def _unseparated(pair: Pair, second: Billed) -> tuple[str, str]:
    """Returns message and remedy for a pair that a modifier would separate."""
    message = f"{pair.column2} is part of {pair.column1} unless it was separate: {pair.rationale}"
    if second.visit is not None:
        return message, (
            f"Remove {pair.column2}; or, if it was significant and separately identifiable, add modifier 25"
        )
    return message, (
        f"Remove {pair.column2}; or, if another site, session or lesion is documented, add the NCCI modifier that says "
        "so (anatomic, XE, XP, XS, XU or 59)"
    )


def _separated(first: Sequence[Billed], second: Sequence[Billed]) -> bool:
    """Whether every line of column 2 bears a modifier that separates the pair, or a line of column 1 does for it."""
    if any(line.modifiers & DISTINCT or (line.visit and line.modifiers & VISIT_MODIFIERS) for line in first):
        return True
    return all(line.modifiers & NCCI_MODIFIERS for line in second)


def _same_place(first: Sequence[Billed], second: Sequence[Billed]) -> bool:
    """Whether only places separate the pair, and all of them are places of column 1 too."""
    places = frozenset[str]().union(*(line.modifiers & ANATOMIC for line in first))
    if any(line.modifiers & DISTINCT for line in first):
        return False
    return all(
        line.modifiers & NCCI_MODIFIERS == line.modifiers & ANATOMIC <= places and line.modifiers & ANATOMIC
        for line in second
    )


def _are_apart(one: Sequence[Billed], other: Sequence[Billed]) -> bool:
    """Whether a modifier says that two services were separate, or they name different places."""
    if any(line.modifiers & (NCCI_MODIFIERS - ANATOMIC) for line in (*one, *other)):
        return True
    here, there = (frozenset[str]().union(*(line.modifiers & ANATOMIC for line in same)) for same in (one, other))
    return bool(here and there and not here & there)


def _is_global_day(one: Billed, other: Billed) -> bool:
    """Whether one is a visit and the other a procedure with a global period (edit ``visit-with-procedure``)."""
    for visit, procedure in ((one, other), (other, one)):
        if visit.visit and not procedure.visit and procedure.global_days in (*MINOR, MAJOR):
            return True
    return False


def _contained(lines: _Lines) -> Iterator[Finding]:
    """Yields services that another one on the claim contains, by the project's own table."""
    for code, first in lines.items():
        service = first[0].service
        for part in service.includes if service else ():
            second = lines.get(part)
            if second and not _are_apart(first, second) and not _is_global_day(first[0], second[0]):
                yield _PAIR.warning(
                    [code, part],
                    f"{part} is part of {code} when done at the same site and session",
                    f"Remove {part}; or, if another site, session or lesion is documented, add the modifier for it",
                    source=_PROJECT,
                )


def _alternatives(lines: _Lines) -> Iterator[Finding]:
    """Yields two members of a family that differ by size, number or time, or of which one is for what says no more."""
    services = [(code, same[0].service) for code, same in lines.items() if same[0].service is not None]
    for (one, first), (other, second) in combinations(services, 2):
        if first is None or second is None or not _are_alternatives(first, second):
            continue
        if _are_apart(lines[one], lines[other]):
            continue
        yield _PAIR.warning(
            [one, other],
            f"{one} and {other} are forms of one service, of which usually one applies",
            "Keep the one that the documentation supports; or, if both were done, add the modifier that says what was "
            "separate",
            source=_PROJECT,
        )


def _are_alternatives(one: ServiceCode, other: ServiceCode) -> bool:
    if one.family != other.family or not one.family or "addon" in one.flags | other.flags:
        return False
    if one.section in _SEVERAL_USUAL or visit_of(one) or other.code in one.includes or one.code in other.includes:
        return False  # batches; what other edits report
    return one.is_default or other.is_default or bool(_measures(one) & _measures(other))


def _measures(service: ServiceCode) -> set[str]:
    """Returns the kinds of numbers by which the table tells a service from others of its family."""
    return {ask.strip().partition(":")[0] for ask in service.asks.split(";")} & _NUMBERS


def _too_many(code: str, total: int, most: int, limit: UnitLimit, edition: str, *, medicare: bool) -> Finding:
    said = f"{total} units of {code}; expected at most {most}: {limit.rationale}"
    if limit.units == 0:  # other payers may well pay it: checkups, consultations, devices
        report = _UNITS.warning if medicare else _UNITS.info
        return report(
            [code],
            f"Medicare pays no unit of {code} on this kind of claim: {limit.rationale}",
            "Check code and kind of claim, and whether the payer follows Medicare",
            edition=edition,
        )
    if limit.mai == 2:
        remedy = "Correct the units: the code's own meaning or a rule allows no more in a day"
        return _UNITS.error([code], said, remedy, edition=edition)
    if limit.mai == 1:
        remedy = "Correct the units; if all are documented, report those above on a line with the modifier for it"
        return _UNITS.warning([code], f"On one line {said}", remedy, edition=edition)
    remedy = "Correct the units, or have the documentation at hand that shows why all were necessary"
    return _UNITS.warning([code], said, remedy, edition=edition)


def _check_rule(
    code: str, rule: AddOnRule, codes: frozenset[str], primaries: frozenset[str], edition: str
) -> Iterator[Finding]:
    if codes & rule.primaries or (rule.type == 2 and primaries):
        return
    listed = sorted(rule.primaries)
    names = ", ".join(listed[:6]) + f" and {len(listed) - 6} more" * (len(listed) > 6)
    remedy = "Add the primary procedure that the documentation supports, or remove the add-on code"
    if rule.type == 1 or not primaries:
        goes_with = f"none of its primary procedures ({names})" if listed else "no procedure that it could be added to"
        yield _ADD_ON.error(
            [code], f"{code} is an add-on code, but {goes_with} stands on the claim", remedy, edition=edition
        )
    else:
        yield _ADD_ON.warning(
            [code],
            f"{code} is an add-on code, but none of the procedures that CMS lists for it ({names}) stands on the claim",
            f"{remedy}; payers may accept other primary procedures",
            edition=edition,
        )


NCCI_EDITS: tuple[Edit, ...] = (ncci_pair, mue_units, add_on_without_primary, edit_table_quarter)
