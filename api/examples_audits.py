"""Examples and possible problems of the route of audits, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from api.examples import CHART, EVERYWHERE, SUGGESTION_EXAMPLE, WITH_BODY, Responses, problems

_DENIED = "chest pain"
_AT = CHART.index(_DENIED)

AUDIT_EXAMPLES: dict[str, Any] = {
    "office-visit": {
        "summary": "An office visit with two assigned diagnoses",
        "value": {
            "encounters": [
                {
                    "id": "visit-1",
                    "coder": "c-07",
                    "notes": [{"id": "n1", "type": "progress", "text": CHART}],
                    "setting": "outpatient",
                    "claim": "professional",
                    "patient": {"age": 63, "sex": "M"},
                    "date_of_service": "2026-02-03",
                    "codes": [{"system": "ICD-10-CM", "code": "E11.42"}, {"system": "ICD-10-CM", "code": "R07.9"}],
                }
            ]
        },
    }
}

_QUOTE = {
    "note_id": "n1",
    "start": _AT,
    "end": _AT + len(_DENIED),
    "quote": _DENIED,
    "section": "hpi",
    "said": "negated",
}
_AGREEMENT = {
    "name": "all",
    "agreed": 0,
    "codes": 1,
    "share": 0.0,
    "interval": [0.0, 0.7935],
    "is_small": True,
}

AUDIT_EXAMPLE: dict[str, Any] = {
    "offsets": "code_points",
    "encounters": [
        {
            "id": "visit-1",
            "coder": "c-07",
            "codes": [
                {
                    "system": "ICD-10-CM",
                    "code": "R07.9",
                    "title": "Chest pain, unspecified",
                    "group": "ICD-10-CM 18: Symptoms, signs and abnormal clinical and laboratory findings",
                    "verdict": "unsupported",
                    "proposed": False,
                    "probability": 0.12,
                    "reason": "the condition is denied or ruled out",
                    "instead": None,
                    "quotes": [_QUOTE],
                }
            ],
            "findings": [
                {
                    "kind": "unsupported",
                    "codes": [{"system": "ICD-10-CM", "code": "R07.9"}],
                    "message": "the condition is denied or ruled out",
                    "remedy": "Read the words: where they are all that the notes say of it, remove the code",
                    "source": "",
                    "severity": None,
                    "probability": 0.12,
                    "quotes": [_QUOTE],
                }
            ],
            "sequence": ["R07.9"],
            "stamp": SUGGESTION_EXAMPLE["stamp"],
        }
    ],
    "summary": {
        "claims": 1,
        "assigned": 1,
        "not_assessed": 0,
        "overall": _AGREEMENT,
        "by_coder": [_AGREEMENT | {"name": "c-07"}],
        "by_code": [_AGREEMENT | {"name": "R07.9"}],
        "by_group": [
            _AGREEMENT | {"name": "ICD-10-CM 18: Symptoms, signs and abnormal clinical and laboratory findings"}
        ],
        "kinds": {"unsupported": 1},
    },
}

_ANSWER: Responses = {200: {"content": {"application/json": {"example": AUDIT_EXAMPLE}}}}
AUDIT_RESPONSES = _ANSWER | problems(
    *WITH_BODY, "text-too-long", "invalid-encounter", "unknown-policy", "busy", "forbidden", *EVERYWHERE
)
