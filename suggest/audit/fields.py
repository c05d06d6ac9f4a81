"""Reads fields of claims from outside; messages name the field and what was expected, never what stands there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from suggest.edits.coded import CodedLine
from suggest.errors import ChartCoderError
from suggest.records import Claim, Code, Encounter, Note, Patient, Setting, Sex, System

Member = TypeVar("Member", bound=StrEnum)

MAX_UNITS = 9_999
_SHAPES = {
    System.ICD10CM: re.compile(r"[A-Z][0-9][0-9A-Z](?:\.?[0-9A-Z]{1,4})?"),
    System.ICD10PCS: re.compile(r"[0-9A-HJ-NP-Z]{7}"),
    System.CPT: re.compile(r"[0-9]{4}[0-9A-Z]"),
    System.HCPCS: re.compile(r"[A-Z][0-9]{4}"),
}
_EXAMPLES = {System.ICD10CM: "E11.42", System.ICD10PCS: "0FT44ZZ", System.CPT: "99213", System.HCPCS: "J3301"}
_WHOLE = re.compile(r"\.0+$")
_MODIFIER = re.compile(r"[0-9A-Z]{2}")
_POA = ("Y", "N", "U", "W")
_EXEMPT = ("1", "E", "")
_NAMES = {"".join(c for c in system.value.lower() if c.isalnum()): system for system in System}
_NAMES |= {"icd10": System.ICD10CM, "icd10cm": System.ICD10CM, "hcpcslevelii": System.HCPCS, "pcs": System.ICD10PCS}
_MAX_AGE = 130


class AuditInputError(ChartCoderError):
    """A claim to audit is malformed; the message names file, line and field and holds no text of a chart."""


def wrong(field: str, expected: str) -> AuditInputError:
    """Returns the error of a field."""
    return AuditInputError(f"field '{field}': expected {expected}")


def to_text(value: object, field: str, *, default: str | None = None) -> str:
    """Returns a text that is not blank; ``default`` where there is none."""
    if value in (None, "") and default is not None:
        return default
    if not isinstance(value, str) or not value.strip():
        raise wrong(field, "a text that is not empty")
    return value


def to_member(kind: type[Member], value: object, field: str, default: Member) -> Member:
    """Returns a member of an enumeration; ``default`` where there is none."""
    if value in (None, ""):
        return default
    try:
        return kind(str(value))
    except ValueError:
        raise wrong(field, f"one of {', '.join(kind)}") from None


def to_day(value: object, field: str) -> date | None:
    """Returns a day of the calendar, ``None`` where there is none; a time of day behind it is left out."""
    if value in (None, ""):
        return None
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        raise wrong(field, "a day of the calendar, YYYY-MM-DD") from None


def to_age(value: object, field: str) -> float | None:
    """Returns years, ``None`` where there are none."""
    if value in (None, ""):
        return None
    try:
        age = float(str(value))
    except ValueError:
        age = -1.0
    if isinstance(value, bool) or not 0 <= age <= _MAX_AGE:
        raise wrong(field, f"years from 0 to {_MAX_AGE}")
    return age


def to_units(value: object, field: str) -> int:
    """Returns units of service, 1 where there are none."""
    if value in (None, ""):
        return 1
    try:
        # spreadsheets write whole numbers as 1.0
        units = int(_WHOLE.sub("", str(value)))
    except ValueError:
        units = 0
    if isinstance(value, bool) or not 1 <= units <= MAX_UNITS:
        raise wrong(field, f"a whole number from 1 to {MAX_UNITS}")
    return units


def to_poa(value: object, field: str) -> str | None:
    """Returns a present-on-admission indicator, ``None`` for exempt codes and where there is none."""
    if value is None or str(value) in _EXEMPT:
        return None
    found = str(value).upper()
    if found not in _POA:
        raise wrong(field, "Y, N, U or W, or nothing for an exempt diagnosis")
    return found


def to_modifiers(value: object, field: str) -> tuple[str, ...]:
    """Returns modifiers from a list or a text of them."""
    items = re.split(r"[\s,;:|]+", value.strip()) if isinstance(value, str) else value or []
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise wrong(field, "modifiers of two characters")
    found = tuple(item.upper() for item in items if item)
    if not all(_MODIFIER.fullmatch(item) for item in found):
        raise wrong(field, "modifiers of two characters")
    return found


def to_pointers(value: object, field: str) -> tuple[int, ...]:
    """Returns positions of diagnoses, from 1."""
    items = [] if value in (None, "") else value
    if not isinstance(items, list) or not all(isinstance(i, int) and not isinstance(i, bool) and i > 0 for i in items):
        raise wrong(field, "a list of positions of diagnoses, from 1")
    return tuple(items)


def to_system(value: object, field: str, default: System | None = None) -> System:
    """Returns a code system by its name, however it is hyphenated."""
    if value in (None, "") and default is not None:
        return default
    plain = "".join(c for c in str(value or "").lower() if c.isalnum())
    if plain not in _NAMES:
        raise wrong(field, f"one of {', '.join(System)}")
    return _NAMES[plain]


def to_code(value: object, system: System, field: str) -> Code:
    """Returns a code of the shape of its system; ICD-10-CM codes get their dot."""
    plain = str(value).strip().upper() if isinstance(value, str) else ""
    if not _SHAPES[system].fullmatch(plain):
        raise wrong(field, f"a code of the shape of {system}, such as {_EXAMPLES[system]}")
    if system is System.ICD10CM and len(plain) > 3 and "." not in plain:
        plain = f"{plain[:3]}.{plain[3:]}"
    return Code(system, plain)


def system_of(code: str) -> System:
    """Returns the system that a bare code has the shape of; ICD-10-CM codes need their dot beyond the category."""
    for system in (System.ICD10PCS, System.CPT, System.HCPCS):
        if _SHAPES[system].fullmatch(code):
            return system
    return System.ICD10CM


def to_line(item: object, field: str = "", default: System | None = None) -> CodedLine:
    """Returns a line of a claim from an object {system, code, modifiers, units, poa, pointers}.

    Args:
        item: The object.
        field: Where it stands; empty for the fields of a line of a table.
        default: The system where the object names none.
    """
    if not isinstance(item, Mapping):
        raise wrong(field, "an object {system, code}")
    at = f"{field}." if field else ""
    system = to_system(item.get("system"), f"{at}system", default)
    return CodedLine(
        code=to_code(item.get("code"), system, f"{at}code"),
        modifiers=to_modifiers(item.get("modifiers"), f"{at}modifiers"),
        units=to_units(item.get("units"), f"{at}units"),
        poa=to_poa(item.get("poa"), f"{at}poa"),
        pointers=to_pointers(item.get("pointers"), f"{at}pointers"),
    )


def to_encounter(record: Mapping[str, Any], identifier: str, notes: tuple[Note, ...]) -> Encounter:
    """Returns the encounter of a record with the fields of a chart record; dates stand for each other as usual."""
    patient = record.get("patient") or {}
    if not isinstance(patient, Mapping):
        raise wrong("patient", "an object {age, sex}")
    setting = to_member(Setting, record.get("setting"), "setting", Setting.OUTPATIENT)
    claim = to_member(Claim, record.get("claim"), "claim", Claim.PROFESSIONAL)
    day = to_day(record.get("date_of_service"), "date_of_service")
    discharge = to_day(record.get("discharge"), "discharge")
    # the claim of a stay goes by its last day, which chart records give as day of service
    stay = setting is Setting.INPATIENT and claim is Claim.FACILITY
    return Encounter(
        id=identifier,
        notes=notes,
        setting=setting,
        claim=claim,
        payer=to_text(record.get("payer"), "payer", default="") or None,
        policy=to_text(record.get("policy"), "policy", default="") or None,
        patient=Patient(
            to_age(patient.get("age"), "patient.age"),
            to_member(Sex, patient.get("sex"), "patient.sex", Sex.UNKNOWN),
        ),
        date_of_service=day,
        admission=to_day(record.get("admission"), "admission"),
        discharge=discharge or (day if stay else None),
    )
