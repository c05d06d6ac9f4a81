"""Examples and possible problems of the routes of encounters and decisions, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from api.examples import CHART, EVERYWHERE, WITH_BODY, Responses, problems
from api.responses_encounters import EncounterProblem

STORED = ("forbidden", "unknown-record", "invalid-request", "database-unavailable", *EVERYWHERE)
CHANGING = (*WITH_BODY, *STORED, "cross-origin")
_CONFLICTS = problems("version-conflict", "already-finalised", model=EncounterProblem)
_LINE = {"system": "ICD-10-CM", "code": "I10"}


def example(summary: str, value: dict[str, Any]) -> dict[str, Any]:
    """Returns an example of a body."""
    return {"summary": summary, "value": value}


CREATE_EXAMPLES = {
    "office-visit": example(
        "An office visit",
        {
            "id": "visit-1",
            "patient_key": "p-17",
            "notes": [{"id": "n1", "type": "progress", "text": CHART}],
            "setting": "outpatient",
            "claim": "professional",
            "patient": {"age": 63, "sex": "M"},
            "date_of_service": "2026-02-03",
        },
    )
}
NOTE_EXAMPLES = {
    "addendum": example("A late note", {"note": {"id": "n2", "text": "Addendum: A1c 9.2, hyperglycemia."}}),
    "withdrawal": example(
        "A note withdraws another",
        {
            "note": {"id": "n3", "text": "Entered in error.", "status": "entered-in-error"},
            "supersedes": "n2",
        },
    ),
}
ASSIGN_EXAMPLES = {
    "take": example("Take it", {"assignee": "me", "expected_version": 2}),
    "give-back": example("Give it back", {"assignee": None, "expected_version": 3}),
}
DECISION_EXAMPLES = {
    "accept": example("Accept a code", {"expected_version": 2, "decisions": [{"action": "accept", "line": _LINE}]}),
    "details": example(
        "Modifiers, units and diagnoses of a procedure",
        {
            "expected_version": 2,
            "decisions": [
                {
                    "action": "change",
                    "line": {"system": "CPT", "code": "20610"},
                    "modifiers": ["RT"],
                    "units": 1,
                    "pointers": [_LINE],
                }
            ],
        },
    ),
    "batch": example(
        "Reject one and add another",
        {
            "expected_version": 2,
            "decisions": [
                {"action": "reject", "line": _LINE, "reason": "not addressed at this visit"},
                {
                    "action": "add",
                    "code": {"system": "ICD-10-CM", "code": "E11.9"},
                    "evidence": [{"note_id": "n1", "start": 17, "end": 20, "quote": "DM2"}],
                },
            ],
        },
    ),
}
FINALISE_EXAMPLES = {"finalise": example("Finalise", {"expected_version": 4})}
REOPEN_EXAMPLES = {"reopen": example("For a late note", {"expected_version": 5, "reason": "late-note"})}

CREATE_RESPONSES: Responses = problems(
    *CHANGING, "text-too-long", "invalid-encounter", "unknown-policy", "already-exists"
)
LIST_RESPONSES: Responses = problems(*STORED)
_NOTHING_LEFT: Responses = {204: {"description": "Nothing is left to claim."}}
CLAIM_RESPONSES: Responses = _NOTHING_LEFT | problems(*CHANGING)
READ_RESPONSES: Responses = problems(*STORED)
NOTE_RESPONSES: Responses = problems(*CHANGING, "text-too-long", "invalid-encounter", "already-exists")
ASSIGN_RESPONSES: Responses = problems(*CHANGING, "not-assigned") | _CONFLICTS
SUGGEST_AGAIN_RESPONSES: Responses = problems(*CHANGING, "busy")
RUNS_RESPONSES: Responses = problems(*STORED)
RUN_RESPONSES: Responses = problems(*STORED)
DECISION_RESPONSES: Responses = (
    problems(*CHANGING, "not-assigned", "invalid-decision", "not-in-edition", "not-billable", "idempotency-mismatch")
    | _CONFLICTS
)
FINALISE_RESPONSES: Responses = problems(*CHANGING, "not-assigned") | problems(
    "version-conflict", "already-finalised", "undecided-codes", model=EncounterProblem
)
REOPEN_RESPONSES: Responses = problems(*CHANGING, "not-assigned") | problems(
    "version-conflict", "not-finalised", model=EncounterProblem
)
HISTORY_RESPONSES: Responses = problems(*STORED)
CODED_SET_RESPONSES: Responses = problems(*STORED)
