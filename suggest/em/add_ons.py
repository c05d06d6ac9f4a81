"""E/M services by minutes and by rule beside the visit itself.

Critical care (99291 from 30 minutes, 99292), advance care planning (99497 from 16 minutes, 99498), prolonged
services (99417, 99418; Medicare G2212, G0316), transitional care (99495, 99496), complexity of a continuing
relationship (Medicare G2211).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from suggest.em.category import is_medicare
from suggest.em.chart import Chart
from suggest.em.families import families
from suggest.em.minutes import Minutes
from suggest.em.modifiers import needs_25
from suggest.em.records import Visit, VisitElement
from suggest.records import Modifier

_CRITICAL_FROM = 30
_PLANNING_FROM = 16
_PLANNING_MORE = 46
_BLOCK = 30
_PROLONGED_STEP = 15
# Family with prolonged services -> (CPT, minutes; Medicare, minutes) of the first unit. CPT: 15 minutes beyond the
# least time of the highest code; Medicare: G2212 15 beyond its longest time, G0316 by CMS table of thresholds.
_PROLONGED = {
    "office-new": ("99417", 75, "G2212", 89),
    "office-established": ("99417", 55, "G2212", 69),
    "consultation-outpatient": ("99417", 70, "99417", 70),
    "home-new": ("99417", 90, "G0318", 140),
    "home-established": ("99417", 75, "G0318", 110),
    "hospital-initial": ("99418", 90, "G0316", 105),
    "hospital-subsequent": ("99418", 65, "G0316", 80),
    "consultation-inpatient": ("99418", 95, "99418", 95),
    "nursing-facility-initial": ("99418", 65, "G0317", 95),
    "nursing-facility-subsequent": ("99418", 60, "G0317", 85),
}
_VACCINATION = ("90460", "90474")
_DISCHARGED = re.compile(r"\b(?:discharged?|d/c'?d?|dc'?d?)\b", re.I)
_DISCHARGED_ON = re.compile(r"\b(?:discharged?|d/c'?d?|dc'?d?)\b[^.\n\d]{0,25}(\d{1,2})/(\d{1,2})\b", re.I)
_DAYS_AFTER = re.compile(
    r"\b(?:within|day|days? post|post-?d/c day)\s*#?(\d{1,2})\b|\b(\d{1,2}) days? (?:after|post|since)\b", re.I
)


def critical_care(chart: Chart, minutes: Minutes) -> list[Visit]:
    """Returns critical care codes; Medicare counts the second block from 104 minutes, CPT from 75."""
    if minutes.critical < _CRITICAL_FROM:
        return []
    evidence = (minutes.evidence["critical"],)
    element = VisitElement("time", None, f"{minutes.critical} minutes of critical care.", evidence)
    visits = [Visit("99291", "CPT", "time", (element,), probability_hint=0.85, reason=element.what)]
    if is_medicare(chart):
        more = max((minutes.critical - 74) // _BLOCK, 0)
    else:
        more = (minutes.critical - 75) // _BLOCK + 1 if minutes.critical >= 75 else 0
    if more:
        said = f"{minutes.critical} minutes: {more} further {'block' if more == 1 else 'blocks'} of 30 minutes."
        visits.append(Visit("99292", "CPT", "time", (element,), units=more, probability_hint=0.8, reason=said))
    return visits


def advance_care_planning(minutes: Minutes) -> list[Visit]:
    """Returns advance care planning codes by the minutes stated for it."""
    if minutes.planning < _PLANNING_FROM:
        return []
    element = VisitElement(
        "time", None, f"{minutes.planning} minutes of advance care planning.", (minutes.evidence["planning"],)
    )
    visits = [Visit("99497", "CPT", "time", (element,), probability_hint=0.8, reason=element.what)]
    if minutes.planning >= _PLANNING_MORE:
        more = (minutes.planning - _PLANNING_MORE) // _BLOCK + 1
        visits.append(Visit("99498", "CPT", "time", (element,), units=more, probability_hint=0.7, reason=element.what))
    return visits


def prolonged(chart: Chart, visit: Visit, family: str, minutes: Minutes) -> list[Visit]:
    """Returns the prolonged service beyond the highest code of a family when time decided it."""
    if family not in _PROLONGED or minutes.total is None or visit.code != families()[family][-1].code:
        return []
    cpt, cpt_from, medicare, medicare_from = _PROLONGED[family]
    code, from_minutes = (medicare, medicare_from) if is_medicare(chart) else (cpt, cpt_from)
    if minutes.total < from_minutes:
        return []
    units = (minutes.total - from_minutes) // _PROLONGED_STEP + 1
    element = VisitElement(
        "time", None, f"{minutes.total} minutes in total on the date of the visit.", (minutes.evidence["total"],)
    )
    system = "CPT" if code[0].isdigit() else "HCPCS"
    return [Visit(code, system, "time", (element,), units=units, probability_hint=0.5, reason=element.what)]


def transitional_care(chart: Chart, level: int, elements: Sequence[VisitElement]) -> Visit | None:
    """Returns transitional care management, if the chart reports it (99496: high complexity within 7 days)."""
    cues = chart.kinds.get("transitional", ())
    if "hospital-follow-up" in chart.kinds:
        cues = (*cues, *chart.kinds.get("transitional-contact", ()))
    if not cues or level < 3:
        return None
    days = _days_since_discharge(chart)
    soon = days is not None and days <= 7
    code = "99496" if level >= 4 and soon else "99495"
    said = (
        "Transitional care after a stay, decision making of " + ("high" if level >= 4 else "moderate") + " complexity."
    )
    element = VisitElement("category", None, said, cues[:2])
    return Visit(code, "CPT", "mdm", (element, *elements), probability_hint=0.65, reason=said)


def continuing_relationship(
    chart: Chart, family: str, modifiers: Sequence[Modifier], procedures: Sequence[str]
) -> list[Visit]:
    """Returns G2211 for an office visit that follows a patient on, where the encounter names Medicare as payer.

    Not beside modifier 25, unless that stands for preventive services and vaccines alone (CMS, from 2025).
    """
    billed_to_medicare = chart.encounter.payer is not None and is_medicare(chart)
    if not family.startswith("office") or not billed_to_medicare or "longitudinal" not in chart.kinds:
        return []
    has_25 = any(modifier.code == "25" for modifier in modifiers)
    if has_25 and any(needs_25(code, "XXX") and not _is_vaccination(code) for code in procedures):
        return []
    said = "Office visit within a continuing relationship for a serious or complex condition (Medicare)."
    element = VisitElement("category", None, said, chart.kinds["longitudinal"][:1])
    return [Visit("G2211", "HCPCS", "rule", (element,), probability_hint=0.5, reason=said)]


def _is_vaccination(code: str) -> bool:
    return _VACCINATION[0] <= code <= _VACCINATION[1]


def _days_since_discharge(chart: Chart) -> int | None:
    encounter = chart.encounter
    if encounter.discharge is not None and encounter.date_of_service is not None:
        return (encounter.date_of_service - encounter.discharge).days
    for note in chart.notes:
        if (match := _DISCHARGED_ON.search(note.text)) and encounter.date_of_service is not None:
            return _days_after(int(match.group(1)), int(match.group(2)), encounter.date_of_service)
        if _DISCHARGED.search(note.text) and (match := _DAYS_AFTER.search(note.text)):
            return int(match.group(1) or match.group(2))
    return None


def _days_after(month: int, day: int, service: date) -> int | None:
    """Returns the days from the last date of a month and day until ``service``."""
    for year in (service.year, service.year - 1):
        try:
            left = date(year, month, day)
        except ValueError:
            return None
        if left <= service:
            return (service - left).days
    return None
