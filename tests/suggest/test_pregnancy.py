"""The period of chapter 15 that an encounter lies in."""

from __future__ import annotations

import pytest

from suggest.pregnancy import can_be_pregnant, period_of
from suggest.records import Patient, Setting, Sex

WOMAN = Patient(30, Sex.FEMALE)


@pytest.mark.parametrize(
    ("text", "setting", "expected"),
    [
        ("IUP at 13w6d", "outpatient", ("pregnancy", 1)),
        ("G2P1 at 24w1d, prior SVD at 33w", "outpatient", ("pregnancy", 2)),
        ("36w0d, prior c-section 2021, desires TOLAC", "outpatient", ("pregnancy", 3)),
        ("Prenatal visit, dates unsure", "outpatient", ("pregnancy", 0)),
        ("39w1d. NSVD of liveborn male, Apgars 8/9", "inpatient", ("childbirth", 3)),
        ("PPD#2 s/p NSVD", "inpatient", ("childbirth", 0)),
        ("Postpartum day 5, readmitted", "inpatient", ("puerperium", 0)),
        ("6 weeks postpartum, s/p NSVD", "outpatient", ("puerperium", 0)),
        ("8 wks postpartum? -- no, her son is 3", "ed", ("", 0)),
        ("cough for 3 weeks", "outpatient", ("", 0)),
        ("", "outpatient", ("", 0)),
    ],
)
def test_period(text, setting, expected):
    assert period_of([text], WOMAN, Setting(setting)) == expected


def test_the_period_is_read_off_all_notes():
    assert period_of(["IUP at 39w1d", "Delivery note: viable girl"], WOMAN, Setting.INPATIENT) == ("childbirth", 3)


@pytest.mark.parametrize(
    ("age", "sex", "can"),
    [(30, "F", True), (None, "unknown", True), (30, "M", False), (0, "F", False), (80, "F", False)],
)
def test_who_can_be_pregnant(age, sex, can):
    patient = Patient(age, Sex(sex))
    assert can_be_pregnant(patient) is can
    assert bool(period_of(["IUP at 20w0d"], patient, Setting.OUTPATIENT)[0]) is can
