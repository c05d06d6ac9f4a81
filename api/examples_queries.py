"""Examples and possible problems of the routes of queries, for the OpenAPI document."""

from __future__ import annotations

from api.examples import CHART, Responses, problems
from api.examples_encounters import CHANGING, STORED, example
from api.responses_encounters import EncounterProblem

_QUOTE = "peripheral neuropathy"
_START = CHART.index(_QUOTE)
_CONFLICT = problems("version-conflict", "query-closed", model=EncounterProblem)

OPEN_EXAMPLES = {
    "draft": example("A draft as it is", {"expected_version": 2, "template": "hypertension-reading"}),
    "own": example(
        "A question of your own",
        {
            "expected_version": 2,
            "question": "Please clarify the cause of the condition quoted, if it is known.",
            "options": ["Due to diabetes", "Due to another cause"],
            "indicators": [{"note_id": "n1", "start": _START, "end": _START + len(_QUOTE), "quote": _QUOTE}],
        },
    ),
}
ANSWER_EXAMPLES = {
    "answer": example(
        "What the provider wrote",
        {"note": {"id": "n2", "type": "query response", "text": "Neuropathy is due to type 2 diabetes."}},
    )
}
WITHDRAW_EXAMPLES = {"withdraw": example("Withdraw", {"expected_version": 3, "reason": "answered in the addendum"})}

QUERIES_RESPONSES: Responses = problems(*STORED)
OPEN_RESPONSES: Responses = problems(*CHANGING, "not-assigned", "unknown-draft", "noncompliant-query") | problems(
    "version-conflict", model=EncounterProblem
)
ANSWER_RESPONSES: Responses = problems(
    *CHANGING, "text-too-long", "invalid-encounter", "already-exists", "query-closed"
)
WITHDRAW_RESPONSES: Responses = problems(*CHANGING, "not-assigned") | _CONFLICT
