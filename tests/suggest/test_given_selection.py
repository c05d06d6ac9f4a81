"""What the words of the notes say of diagnoses that somebody else assigned."""

from __future__ import annotations

import pytest

from suggest.given_selection import not_found, selection_findings
from suggest.records import Severity

VISIT = (
    "HPI: 63 yo M here for f/u of DM2 and HTN. Denies chest pain. Mother had breast cancer. Possible gout of the toe.\n"
    "History of pulmonary embolism in 2019, resolved.\n"
    "A/P:\n1. DM2 with diabetic polyneuropathy - gabapentin\n2. HTN, at goal\n3. Asthma, not in exacerbation\n"
)


@pytest.fixture
def found(plain_suggester, chart):
    def find(*codes, text=VISIT, **options):
        encounter = chart(text, **options)
        ranked = plain_suggester.diagnoses(encounter, *plain_suggester.features(encounter)).ranked
        index = plain_suggester.index
        return (*selection_findings(index, encounter, codes, ranked=ranked), *not_found(index, codes, ranked=ranked))

    return find


@pytest.mark.parametrize(
    ("code", "edit"),
    [
        ("R07.9", "denied-or-past"),
        ("C50.919", "denied-or-past"),
        ("I26.99", "denied-or-past"),
        ("M10.9", "uncertain"),
        ("J18.9", "not-found"),
        ("S62.001A", "not-found"),
    ],
)
def test_codes_that_the_notes_do_not_support_draw_a_warning(found, code, edit):
    (finding,) = found(code)
    assert (finding.edit, finding.severity, finding.codes[0]) == (edit, Severity.WARNING, code)
    assert finding.message.startswith(code)
    assert finding.remedy
    assert finding.source.startswith("guideline")


@pytest.mark.parametrize("code", ["E11.42", "I10", "Z80.3", "Z86.711"])
def test_codes_that_the_notes_name_draw_none(found, code):
    assert found(code) == ()


def test_uncertain_diagnoses_stand_on_the_claim_of_a_stay(found):
    text = "DISCHARGE DIAGNOSES:\n1. Possible pneumonia\n2. Probable COVID-19\n"
    assert found("J18.9", text=text, policy="facility-inpatient") == ()
    assert [finding.edit for finding in found("J18.9", text=text)] == ["uncertain"]
    assert [finding.edit for finding in found("U07.1", text=text, policy="facility-inpatient")] == ["uncertain"]


def test_findings_are_in_the_order_of_the_claim_and_hold_no_words_of_the_chart(found):
    findings = found("M10.9", "E11.42", "R07.9", "S62.001A")
    assert [finding.codes[0] for finding in findings] == ["M10.9", "R07.9", "S62.001A"]
    assert not [f for f in findings if "chest" in f.message.lower() or "denies" in f.message.lower()]


def test_a_code_that_the_edition_lacks_is_for_the_edits(found):
    assert found("X99.99Z") == ()
