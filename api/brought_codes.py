"""Checks the codes that coders bring, against the code sets that are loaded."""

from __future__ import annotations

from datetime import date, datetime
from typing import NoReturn

from api.code_sets import CodeSet, CodeSets, is_well_formed, outside, takes_further_codes
from api.errors import ErrorItem, Problem
from suggest.code_sets.icd10pcs import PcsIndex
from suggest.code_sets.services import ServiceSet
from suggest.records import Code, Encounter, System

_IMPORTS = {
    System.CPT: "chartcoder codes import cpt FILE",
    System.HCPCS: "chartcoder codes import hcpcs FILE",
    System.ICD10PCS: "chartcoder codes import icd10pcs FILE",
}


def day_of(encounter: Encounter) -> date | None:
    """Returns the day on which the codes of an encounter must be in force, ``None`` where it has no date."""
    return encounter.date_of_service or encounter.admission or encounter.discharge


def check_code(sets: CodeSets, system: System, code: str, day: date | None, location: str) -> Code:
    """Returns a code as its edition writes it.

    Args:
        sets: The code sets that are loaded.
        system: Its system.
        code: The code.
        day: Day of service; ``None`` where the encounter has none, then today counts.
        location: Place in the request, for the problem.

    Raises:
        Problem: The system is not loaded, its edition lacks the code, or the code is not billable or not in force.
    """
    codes = sets.get(system)
    if codes is None:
        remedy = f"; {system} is not loaded: {_IMPORTS[system]}" if system in _IMPORTS else ""
        remedy += ", CHARTCODER_CPT" if system is System.CPT else ""
        _refuse("not-in-edition", location, f"a code of {' or '.join(sets.editions)}{remedy}")
    if isinstance(codes, ServiceSet):
        return _service(codes, code, day, location)
    row = codes.row(code)
    if isinstance(codes, PcsIndex):
        if row is None and codes.with_prefix(code):
            _refuse("not-billable", location, "a code of seven characters")
    elif row is not None and not codes.billable[row]:
        _refuse("not-billable", location, "a billable code")
    if row is None:
        _refuse("not-in-edition", location, _code_of(codes))
    return Code(system, codes.code(row), codes.edition.name)


def _service(codes: ServiceSet, code: str, day: date | None, location: str) -> Code:
    service = codes.get(code)
    if service is None:
        if takes_further_codes(codes) and is_well_formed(codes.system, code):
            return Code(codes.system, code, codes.edition.name)
        _refuse("not-in-edition", location, f"{_code_of(codes)}; import a release: {_IMPORTS[codes.system]}")
    why = outside(service, day or datetime.now().date())
    if why:
        when = f"on the date of service, {day}" if day else "today, as the encounter has no date of service"
        expected = f"a code in force {when}; {codes.system} {service.code} {why}"
        _refuse("not-in-edition", location, expected)
    return Code(codes.system, service.code, codes.edition.name)


def _code_of(codes: CodeSet) -> str:
    return f"a code of {codes.edition.system}, edition {codes.edition.name}"


def _refuse(name: str, location: str, expected: str) -> NoReturn:
    raise Problem(name, errors=[ErrorItem(location=location, expected=expected)])
