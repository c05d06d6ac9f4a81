"""Risk of complications, morbidity or mortality of patient management (CPT E/M guidelines 2023, third column)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from suggest.em.chart import Chart, NoteChart
from suggest.em.cues import Cue, cue_table
from suggest.em.decisions import decides_on_hospital, decisions, long_term_drugs
from suggest.em.records import VisitElement
from suggest.records import Evidence

_ROUTE = re.compile(r"[^.;\n]{0,25}?\b(?:iv|im|ivp|gtt|drip|pca|sq|sc|subq|infusion)\b", re.I)
_ROUTE_BEFORE = re.compile(r"\b(?:iv|im|sq|sc|subq)(?: push| bolus)?\s$", re.I)
_BEFORE = 12
_SEDATION = re.compile(r"\b(?:sedation|intubat\w+|rsi|induction|anesthe\w+)\b", re.I)
_RISK_FACTOR = re.compile(r"\b(?:risks?|rcri|asa [3-5]|comorbid\w*|frail|poor candidate)\b", re.I)
_REFERRED = re.compile(r"\b(?:refer\w*|opinion|eval|consult)\b", re.I)
_DECIDED = re.compile(
    r"\b(?:want|complet|discuss|elect|decid|chang|transition|goal|agree|chose|prefer|sign|made|request|enroll)\w*", re.I
)
_OLD_AGE = 75
_WHAT = {
    "emergency": "Risk: decision for emergency major surgery.",
    "hospital": "Risk: decision about hospital care or escalation of care.",
    "dnr": "Risk: decision not to resuscitate or to limit care because of a poor prognosis.",
    "toxicity": "Risk: drug therapy with intensive monitoring for toxicity.",
    "controlled": "Risk: parenteral controlled substance.",
    "surgery-high": "Risk: decision for major surgery with risk factors.",
    "surgery": "Risk: decision for elective major surgery.",
    "rx": "Risk: prescription drug management.",
    "social": "Risk: social circumstances that limit diagnosis or treatment.",
    "minor-surgery": "Risk: minor surgery without risk factors.",
    "otc": "Risk: over-the-counter drugs, therapy or other low-risk management.",
}
_LEVEL = {"emergency": 4, "hospital": 4, "dnr": 4, "toxicity": 4, "controlled": 4, "surgery-high": 4}
_LEVEL |= {"surgery": 3, "rx": 3, "social": 3, "minor-surgery": 2, "otc": 2}


def risk_element(chart: Chart) -> VisitElement:
    """Returns the element for the risk of management: the highest decision of the chart."""
    found: dict[str, list[Evidence]] = {}
    for note in chart.notes:
        for kind, evidence in (*_decisions(chart, note), *_drugs(note)):
            found.setdefault(kind, []).append(evidence)
    if not found:
        return VisitElement("risk", 1, "Risk: minimal.")
    kind = max(found, key=lambda k: (_LEVEL[k], -list(_LEVEL).index(k)))
    return VisitElement("risk", _LEVEL[kind], _WHAT[kind], tuple(dict.fromkeys(found[kind]))[:3])


def decides_on_major_surgery(chart: Chart) -> bool:
    """Whether the visit led to the decision for major surgery."""
    kinds = {kind for note in chart.notes for kind, _ in _decisions(chart, note)}
    return bool(kinds & {"surgery", "surgery-high", "emergency"})


def _decisions(chart: Chart, note: NoteChart) -> Iterator[tuple[str, Evidence]]:
    cues = list(decisions(note))
    for cue, kinds in cues:
        evidence = note.evidence(cue.start, cue.end)
        explicit = "hospital" in kinds and note.is_late(cue.start)
        if (explicit or note.is_managed(cue.start)) and decides_on_hospital(note, cue, kinds):
            yield "hospital", evidence
        if not note.is_managed(cue.start):
            continue
        if note.is_negated(cue):
            continue
        for kind in ("social", "otc", "minor-surgery"):
            if kind in kinds:
                yield kind, evidence
        start, end = _around(note, cue)
        if "dnr" in kinds and _DECIDED.search(note.text, start, end):
            yield "dnr", evidence
        if "toxicity-said" in kinds or _watches_toxicity(note, kinds, start, end):
            yield "toxicity", evidence
        if "emergency-surgery" in kinds:
            yield "emergency", evidence
        if "major-surgery" in kinds:
            yield from _surgery(chart, note, cue, cues)


def _around(note: NoteChart, cue: Cue) -> tuple[int, int]:
    item = note.item(cue.start)
    return (item.start, item.end) if item else note.sentence(cue.start)


def _surgery(
    chart: Chart, note: NoteChart, cue: Cue, cues: list[tuple[Cue, frozenset[str]]]
) -> Iterator[tuple[str, Evidence]]:
    """Yields the decision for major surgery if the same item decides it."""
    start, end = _around(note, cue)
    decided = [c for c, kinds in cues if "surgery-decision" in kinds and start <= c.start < end]
    if decided and not _REFERRED.search(note.text, start, end):
        old = (chart.encounter.patient.age or 0) >= _OLD_AGE
        kind = "surgery-high" if old or _RISK_FACTOR.search(note.text, start, end) else "surgery"
        yield kind, note.evidence(cue.start, cue.end)


def _drugs(note: NoteChart) -> Iterator[tuple[str, Evidence]]:
    table = cue_table("medicines", "medicine")
    for cue in note.find(table):
        if not note.is_managed(cue.start) or note.is_negated(cue):
            continue
        kinds = table.rows[cue.row]["kinds"].split()
        evidence = note.evidence(cue.start, cue.end)
        if "controlled" in kinds and _sedates(note, cue):
            continue
        if "controlled" in kinds and _is_parenteral(note, cue):
            yield "controlled", evidence
        if "rx" in kinds:
            yield "rx", evidence
        elif "otc" in kinds:
            yield "otc", evidence
    for cue in note.find(long_term_drugs()):
        if note.is_managed(cue.start) and not note.is_negated(cue):
            yield "rx", note.evidence(cue.start, cue.end)


def _is_parenteral(note: NoteChart, cue: Cue) -> bool:
    before = note.text[max(cue.start - _BEFORE, 0) : cue.start]
    return _ROUTE.match(note.text, cue.end) is not None or _ROUTE_BEFORE.search(before) is not None


def _sedates(note: NoteChart, cue: Cue) -> bool:
    start, end = note.sentence(cue.start)
    return _SEDATION.search(note.text, max(start - 20, 0), end) is not None


def _watches_toxicity(note: NoteChart, kinds: frozenset[str], start: int, end: int) -> bool:
    """Whether the item watches a toxic drug, or a course of chemotherapy is adapted."""
    table = cue_table("medicines", "medicine")
    if "toxicity" in kinds:
        drugs = [table.rows[cue.row]["kinds"].split() for cue in note.find(table, start, end)]
        return any("monitored" in drug or "antineoplastic" in drug for drug in drugs)
    if "toxicity-treated" in kinds:
        return any(
            "antineoplastic" in table.rows[cue.row]["kinds"].split() and not note.is_history(cue.start)
            for cue in note.find(table)
        )
    return False
