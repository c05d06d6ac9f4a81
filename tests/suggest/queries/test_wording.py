"""Questions that coders write themselves: what is refused, and what is not."""

from __future__ import annotations

import pytest

from suggest.queries.templates import CLOSING, templates
from suggest.queries.wording import noncompliant, with_closing


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Would you agree that this is sepsis?", [("leading", "would you agree")]),
        ("Do you agree with acute blood loss anemia?", [("leading", "do you agree")]),
        ("Please document that the patient has heart failure", [("leading", "please document that")]),
        ("Can you document encephalopathy?", [("leading", "can you document")]),
        ("Isn't this malnutrition?", [("leading", "isn't this")]),
        ("The patient meets criteria for sepsis; is it present?", [("leading", "meets criteria for")]),
        ("This would move the stay into another DRG.", [("payment", "drg")]),
        ("MS-DRG 871 needs a diagnosis", [("payment", "ms-drg")]),
        ("Reimbursement depends on the type", [("payment", "reimbursement")]),
        ("It counts as an MCC and for the RAF", [("payment", "mcc"), ("payment", "raf")]),
        ("The payer asks for the severity of illness", [("payment", "payer"), ("payment", "severity of illness")]),
        ("Risk-adjusted and risk adjustment", [("payment", "risk-adjusted"), ("payment", "risk adjustment")]),
    ],
)
def test_wordings_that_lead_or_speak_of_payment_are_found(text, found):
    assert list(noncompliant([text])) == found


@pytest.mark.parametrize(
    "text",
    [
        "Please clarify the type of heart failure.",
        "What diagnosis, if any, do the findings quoted represent?",
        "500 cc of fluid was given; CC: chest pain",
        "Is the fracture impacted?",
        "The draft was drafted in billiards",
        "Graft or raft? The lipid profile shows LDL 160.",
        "Please document the depth of the debridement, if it was recorded.",
    ],
)
def test_clinical_wordings_pass(text):
    assert noncompliant([text]) == ()


@pytest.mark.parametrize("template", templates(), ids=lambda template: template.id)
def test_drafts_pass_what_coders_are_held_to(template):
    assert noncompliant([template.question, *template.options]) == ()


def test_options_end_with_the_two_that_leave_the_provider_free():
    assert with_closing(["Acute", "Chronic"]) == ("Acute", "Chronic", *CLOSING)
    assert with_closing([CLOSING[1], "Acute", CLOSING[0]]) == ("Acute", *CLOSING)


def test_an_open_question_has_no_options():
    assert with_closing([]) == ()
    assert with_closing(CLOSING) == ()
