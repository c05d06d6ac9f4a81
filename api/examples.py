"""Examples and possible problems of the routes, for the OpenAPI document.

The chart is invented. A test validates the examples and sends the requests.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from api.errors import MEDIA_TYPE, PROBLEMS, ProblemDetails

Responses = dict[int | str, dict[str, Any]]

CHART = (
    "HPI: 63 yo M with DM2 here for f/u. Feet burn at night. Denies chest pain.\n"
    "A/P:\n1. DM2 with peripheral neuropathy - gabapentin\n2. HTN, at goal\n"
)


def body_examples(examples: dict[str, Any]) -> dict[str, Any]:
    """Returns what a route adds to the OpenAPI document for examples of its body."""
    return {"requestBody": {"content": {"application/json": {"examples": examples}}}}


def problems(*names: str, model: type[ProblemDetails] = ProblemDetails) -> Responses:
    """Returns the documentation of problems, grouped by status.

    Args:
        names: Keys of ``PROBLEMS``.
        model: What the problems hold.
    """
    grouped: defaultdict[int, list[str]] = defaultdict(list)
    for name in names:
        grouped[PROBLEMS[name].status].append(name)
    return {
        status: {
            "model": model,
            "description": "; ".join(PROBLEMS[name].title for name in group),
            "content": {MEDIA_TYPE: {"examples": {name: {"value": _problem(name)} for name in group}}},
        }
        for status, group in grouped.items()
    }


def _problem(name: str) -> dict[str, Any]:
    kind = PROBLEMS[name]
    example: dict[str, Any] = {
        "type": f"/problems/{name}",
        "title": kind.title,
        "status": kind.status,
        "detail": kind.meaning,
    }
    if name == "invalid-request":
        example["detail"] = "the member errors says where, and what was expected there"
        example["errors"] = [{"location": "notes.0.text", "expected": "a valid string"}]
    if name == "internal-error":
        example["incident"] = "9f2c41d07be3a658"
    return example


EVERYWHERE = ("unauthorized", "host-not-allowed", "not-ready", "internal-error")
WITH_BODY = (
    "malformed-json",
    "body-too-large",
    "unsupported-media-type",
    "invalid-request",
    "unreadable-text",
)


def _ok(example: dict[str, Any]) -> Responses:
    return {200: {"content": {"application/json": {"example": example}}}}


def _support(quote: str, section: str, term: str, source: str, *, nth: int = 0) -> dict[str, Any]:
    start = -1
    for _ in range(nth + 1):
        start = CHART.index(quote, start + 1)
    return {
        "note_id": "n1",
        "start": start,
        "end": start + len(quote),
        "quote": quote,
        "section": section,
        "assertion": {"status": "present", "rule": "", "trigger": None},
        "matched_term": term,
        "source": source,
        "specifiers": [],
    }


def _denied() -> dict[str, Any]:
    start = CHART.index("Denies")
    return _support("chest pain", "hpi", "chest pain", "lexicon") | {
        "assertion": {"status": "negated", "rule": "denies", "trigger": {"start": start, "end": start + 6}}
    }


def _code(code: str, title: str, probability: float, reason: str, *evidence: dict[str, Any]) -> dict[str, Any]:
    return {
        "system": "ICD-10-CM",
        "code": code,
        "edition": "FY2026",
        "title": title,
        "probability": probability,
        "reason": reason,
        "evidence": list(evidence),
        "against": [],
    }


def _line(code: dict[str, Any], role: str, sequence_reason: str) -> dict[str, Any]:
    return code | {
        "role": role,
        "poa": None,
        "modifiers": [],
        "units": 1,
        "pointers": [],
        "sequence_reason": sequence_reason,
    }


_NEUROPATHY = _code(
    "E11.42",
    "Type 2 diabetes mellitus with diabetic polyneuropathy",
    0.91,
    "conditions that are classified together",
    _support("DM2 with peripheral neuropathy", "assessment_plan", "diabetes with neuropathy", "combination"),
)
_HYPERTENSION = _code(
    "I10",
    "Essential (primary) hypertension",
    0.96,
    "clinical term",
    _support("HTN", "assessment_plan", "hypertension", "lexicon"),
)
_CHEST_PAIN = _code("R07.9", "Chest pain, unspecified", 0.12, "clinical term", _denied())

SUGGESTION_EXAMPLES: dict[str, Any] = {
    "office-visit": {
        "summary": "An office visit",
        "value": {
            "id": "visit-1",
            "notes": [{"id": "n1", "type": "progress", "text": CHART}],
            "setting": "outpatient",
            "claim": "professional",
            "patient": {"age": 63, "sex": "M"},
            "date_of_service": "2026-02-03",
        },
    },
    "minimal": {"summary": "The least that can be sent", "value": {"notes": [{"id": "n1", "text": CHART}]}},
}

SUGGESTION_EXAMPLE: dict[str, Any] = {
    "encounter_id": "visit-1",
    "offsets": "code_points",
    "codes": [
        _line(_NEUROPATHY, "first-listed", "stands first in the diagnostic statement"),
        _line(_HYPERTENSION, "additional", "order of the diagnostic statement"),
    ],
    "suppressed": [
        _CHEST_PAIN | {"rule": "assertion", "suppressed_reason": "the condition is denied or ruled out", "by": None}
    ],
    "ranked": [_HYPERTENSION, _NEUROPATHY, _CHEST_PAIN],
    "findings": [],
    "queries": [],
    "stamp": {
        "version": "0.1.0",
        "model": "chartcoder-1@3b9f0c5a7d21",
        "editions": {"ICD-10-CM": "FY2026"},
        "index": "icd10cm-FY2026-1-5d0c2f7a91be",
        "policy": "professional",
        "policy_hash": "0c2a9e7714f5",
    },
}

SUGGESTION_RESPONSES: Responses = _ok(SUGGESTION_EXAMPLE) | problems(
    *WITH_BODY, "text-too-long", "invalid-encounter", "unknown-policy", "busy", *EVERYWHERE
)

SEARCH_EXAMPLES: dict[str, Any] = {
    "words": {"summary": "By words", "value": {"query": "diabetic kidney disease", "limit": 5}},
    "prefix": {"summary": "By the beginning of a code", "value": {"query": "E11.2"}},
}

SEARCH_EXAMPLE: dict[str, Any] = {
    "edition": "FY2026",
    "results": [
        {
            "system": "ICD-10-CM",
            "code": "E11.22",
            "title": "Type 2 diabetes mellitus with diabetic chronic kidney disease",
            "billable": True,
            "score": 0.82,
        }
    ],
}

SEARCH_RESPONSES: Responses = _ok(SEARCH_EXAMPLE) | problems(*WITH_BODY, "unknown-code-set", *EVERYWHERE)

CODE_EXAMPLE: dict[str, Any] = {
    "system": "ICD-10-CM",
    "code": "E11.22",
    "title": "Type 2 diabetes mellitus with diabetic chronic kidney disease",
    "billable": True,
    "edition": "FY2026",
    "chapter": {"id": "4", "title": "Endocrine, nutritional and metabolic diseases"},
    "block": {"id": "E08-E13", "title": "Diabetes mellitus"},
    "parents": [
        {"code": "E11.2", "title": "Type 2 diabetes mellitus with kidney complications", "billable": False},
        {"code": "E11", "title": "Type 2 diabetes mellitus", "billable": False},
    ],
    "children": [],
    "inclusion_terms": [],
    "includes": [],
    "excludes1": [{"text": "type 1 diabetes mellitus (E10.-)", "at": "E11"}],
    "excludes2": [],
    "code_first": [],
    "use_additional": [{"text": "code to identify stage of chronic kidney disease (N18.1-N18.6)", "at": "E11.22"}],
    "code_also": [],
    "notes": [],
    "seventh_characters": [],
}

CODE_RESPONSES: Responses = _ok(CODE_EXAMPLE) | problems("unknown-code", "unknown-code-set", *EVERYWHERE)

VERSION_EXAMPLE: dict[str, Any] = {
    "version": "0.1.0",
    "api": "v1",
    "model": "chartcoder-1@3b9f0c5a7d21",
    "index": "icd10cm-FY2026-1-5d0c2f7a91be",
    "editions": {"ICD-10-CM": "FY2026"},
    "policies": [
        {
            "name": "professional",
            "hash": "0c2a9e7714f5",
            "description": "Professional claim: clinician services in any setting",
        }
    ],
}

VERSION_RESPONSES: Responses = _ok(VERSION_EXAMPLE) | problems("unauthorized", "host-not-allowed", "internal-error")
