"""Coded sets by hand."""

from __future__ import annotations

from datetime import date

import pytest

from suggest.edits.coded import CodedLine, CodedSet
from suggest.records import Claim, Code, Encounter, Patient, Setting, Sex, System

APRIL = date(2026, 4, 20)


@pytest.fixture(scope="session")
def coded():
    """Makes a set of diagnoses (``"N39.0"`` or ``("N39.0", "N")``) and ICD-10-PCS codes of a facility stay."""

    def make(*diagnoses, pcs=(), age=70, sex=Sex.MALE, day=APRIL, setting=Setting.INPATIENT, claim=Claim.FACILITY):
        encounter = Encounter("e", (), setting, claim, patient=Patient(age, sex), date_of_service=day, discharge=day)
        pairs = [(item, None) if isinstance(item, str) else item for item in diagnoses]
        lines = [CodedLine(Code(System.ICD10CM, code), poa=poa) for code, poa in pairs]
        lines += [CodedLine(Code(System.ICD10PCS, code)) for code in pcs]
        return CodedSet(encounter, tuple(lines))

    return make
