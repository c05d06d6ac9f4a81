"""Examples and possible problems of the routes, for the OpenAPI document.

The chart is invented. A test validates the examples and sends the requests.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from api.code_sets import CPT_NOTICE
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


def _one_of(**examples: dict[str, Any]) -> Responses:
    values = {name: {"value": example} for name, example in examples.items()}
    return {200: {"content": {"application/json": {"examples": values}}}}


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


def _code(
    code: str,
    title: str,
    probability: float,
    reason: str,
    *evidence: dict[str, Any],
    system: str = "ICD-10-CM",
    edition: str = "FY2026",
) -> dict[str, Any]:
    return {
        "system": system,
        "code": code,
        "edition": edition,
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
        "modifier_reasons": [],
        "elements": [],
        "open_axes": [],
    }


def _element(name: str, what: str, level: int | None, quote: str, *, reason: str = "") -> dict[str, Any]:
    start = CHART.index(quote)
    return {
        "name": name,
        "what": what,
        "level": level,
        "counted": not reason,
        "reason": reason,
        "evidence": [{"note_id": "n1", "start": start, "end": start + len(quote), "quote": quote}],
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
_GABAPENTIN = "gabapentin"
_VISIT = _code(
    "99214",
    "Office visit, established patient, moderate decision making",
    0.78,
    "problems and risk are moderate",
    _support(_GABAPENTIN, "assessment_plan", "prescription drug management", "visit"),
    system="CPT",
    edition="starter",
)
_VISIT_LINE = _line(_VISIT, "procedure", "") | {
    "modifiers": ["95"],
    "modifier_reasons": ["seen by video"],
    "pointers": [1, 2],
    "elements": [
        _element("problems", "Two stable chronic illnesses", 3, "DM2 with peripheral neuropathy"),
        _element("risk", "Prescription drug management", 3, _GABAPENTIN),
        _element("problems", "A symptom that is denied", None, "chest pain", reason="not a problem addressed here"),
    ],
}
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
        _VISIT_LINE,
    ],
    "suppressed": [
        _CHEST_PAIN | {"rule": "assertion", "suppressed_reason": "the condition is denied or ruled out", "by": None}
    ],
    "ranked": [_HYPERTENSION, _NEUROPATHY, _VISIT, _CHEST_PAIN],
    "findings": [],
    "queries": [],
    "stamp": {
        "version": "0.1.0",
        "model": "chartcoder-1@3b9f0c5a7d21",
        "editions": {"ICD-10-CM": "FY2026", "CPT": "starter", "HCPCS": "starter"},
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
    "procedure": {
        "summary": "A procedure, in force on the day of service",
        "value": {"query": "knee arthroscopy", "system": "CPT", "date_of_service": "2026-02-03"},
    },
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

SERVICE_EXAMPLE: dict[str, Any] = {
    "system": "CPT",
    "code": "20610",
    "title": "Large joint or bursa aspiration or injection, no ultrasound",
    "billable": True,
    "edition": "starter",
    "section": "musculoskeletal",
    "global_period": "000",
    "flags": ["sided"],
    "includes": [],
    "terms": ["knee injection", "shoulder injection"],
    "source": "starter",
    "effective_from": None,
    "effective_to": None,
}

PCS_EXAMPLE: dict[str, Any] = {
    "system": "ICD-10-PCS",
    "code": "0FT44ZZ",
    "title": "Resection of Gallbladder, Percutaneous Endoscopic Approach",
    "billable": True,
    "edition": "FY2024",
    "axes": [
        {"name": "section", "value": "0", "label": "Medical and Surgical"},
        {"name": "body system", "value": "F", "label": "Hepatobiliary System and Pancreas"},
        {"name": "root operation", "value": "T", "label": "Resection"},
        {"name": "body part", "value": "4", "label": "Gallbladder"},
        {"name": "approach", "value": "4", "label": "Percutaneous Endoscopic"},
        {"name": "device", "value": "Z", "label": "No Device"},
        {"name": "qualifier", "value": "Z", "label": "No Qualifier"},
    ],
}

CODE_RESPONSES: Responses = _one_of(diagnosis=CODE_EXAMPLE, service=SERVICE_EXAMPLE, inpatient=PCS_EXAMPLE) | problems(
    "unknown-code", "unknown-code-set", *EVERYWHERE
)

CODE_SETS_EXAMPLE: dict[str, Any] = {
    "items": [
        {
            "system": "ICD-10-CM",
            "edition": "FY2026",
            "codes": 98186,
            "effective_from": "2025-10-01",
            "effective_to": "2026-09-30",
            "source": "icd10cm_tabular_2026.xml",
            "takes_further_codes": False,
            "notice": None,
        },
        {
            "system": "CPT",
            "edition": "starter",
            "codes": 5203,
            "effective_from": "2026-04-01",
            "effective_to": None,
            "source": "cpt.tsv",
            "takes_further_codes": True,
            "notice": CPT_NOTICE,
        },
    ]
}

CODE_SETS_RESPONSES: Responses = _ok(CODE_SETS_EXAMPLE) | problems(*EVERYWHERE)

MODIFIERS_EXAMPLE: dict[str, Any] = {
    "items": [{"code": "25", "label": "Significant separate visit on the day of a procedure", "effective_to": None}]
}

MODIFIER_RESPONSES: Responses = _ok(MODIFIERS_EXAMPLE) | problems(*EVERYWHERE)

VERSION_EXAMPLE: dict[str, Any] = {
    "version": "0.1.0",
    "api": "v1",
    "model": "chartcoder-1@3b9f0c5a7d21",
    "index": "icd10cm-FY2026-1-5d0c2f7a91be",
    "editions": {"ICD-10-CM": "FY2026", "CPT": "starter", "HCPCS": "starter", "ICD-10-PCS": "FY2024"},
    "policies": [
        {
            "name": "professional",
            "hash": "0c2a9e7714f5",
            "description": "Professional claim: clinician services in any setting",
        }
    ],
}

VERSION_RESPONSES: Responses = _ok(VERSION_EXAMPLE) | problems("unauthorized", "host-not-allowed", "internal-error")
