"""What resolved during the encounter that treated it is coded; what resolved before it is past."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from suggest.records import AssertionStatus

STAY = {"setting": "inpatient", "claim": "facility"}
PNEUMONIA = "pneumonia"


@pytest.fixture
def statuses(plain_suggester, chart):
    """Returns what is said of pneumonia, in the order of the notes."""

    def find(*texts, day=None, **options):
        encounter = replace(chart(*texts, **options), date_of_service=day)
        mentions = [(reading, m) for reading in plain_suggester.read(encounter) for m in reading.mentions]
        said = [m.assertion.status.value for r, m in mentions if r.note.text[m.start : m.end].lower() == PNEUMONIA]
        return list(dict.fromkeys(said))

    return find


@pytest.mark.parametrize(
    "text",
    [
        "DISCHARGE DIAGNOSES:\n1. Gout\n2. Pneumonia, resolved\n",
        "FINAL DIAGNOSIS: Pneumonia - resolved",
        "HOSPITAL COURSE: Pneumonia resolved with antibiotics.\nDISCHARGE DIAGNOSES: Gout",
        "ASSESSMENT: 1. Pneumonia, resolved. 2. Gout",
        "DISCHARGE DIAGNOSES: Pneumonia, resolved on 03 Feb 2026",
    ],
)
@pytest.mark.parametrize(
    "stay", [STAY, {"setting": "ed"}, {"setting": "professional-inpatient"}], ids=["inpatient", "ed", "professional"]
)
def test_present_where_the_encounter_treated_it(statuses, text, stay):
    assert statuses(text, day=date(2026, 2, 3), **stay) == [AssertionStatus.PRESENT]
    assert statuses(text, day=date(2026, 2, 3)) == [AssertionStatus.HISTORICAL]


@pytest.mark.parametrize(
    "text",
    [
        "PMH: Pneumonia, resolved\nDISCHARGE DIAGNOSES: Gout",
        "ASSESSMENT: Pneumonia, resolved\nDISCHARGE DIAGNOSES: Gout",  # at admission
        "DISCHARGE DIAGNOSES:\n1. Pneumonia 2019, resolved\n2. Gout",
    ],
)
def test_past_where_it_did_not(statuses, text):
    assert statuses(text, day=date(2026, 2, 3), **STAY) == [AssertionStatus.HISTORICAL]


def test_of_several_notes_the_last_assessment_counts(statuses):
    notes = ("ASSESSMENT: Pneumonia, resolved", "ASSESSMENT: Gout")
    assert statuses(*notes, **STAY) == [AssertionStatus.HISTORICAL]
    assert statuses(*notes[::-1], **STAY) == [AssertionStatus.PRESENT]


def test_the_words_that_say_so_stay_with_the_mention(plain_suggester, chart):
    (reading,) = plain_suggester.read(chart("DISCHARGE DIAGNOSES: Pneumonia, resolved", **STAY))
    assertion = next(m.assertion for m in reading.mentions if m.assertion.rule)
    assert (assertion.status, assertion.rule) == (AssertionStatus.PRESENT, "resolved")
    assert reading.note.text[assertion.trigger_start : assertion.trigger_end] == "resolved"
