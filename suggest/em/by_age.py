"""Visits whose code the age decides: preventive, newborn, pediatric intensive care, month of dialysis.

Ages are those of the CPT code ranges 99381-99397, 99460-99480 and 90951-90970.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from suggest.em.category import has_medicare_age, is_medicare, is_new
from suggest.em.chart import Chart
from suggest.em.records import Visit, VisitElement
from suggest.records import Evidence, RankedCode, Setting

_NEWBORN_YEARS = 29 / 365.25
_PREVENTIVE_FROM = ((65, 7), (40, 6), (18, 5), (12, 4), (5, 3), (1, 2), (0, 1))
_PREVENTIVE_DIAGNOSES = ("Z00.0", "Z00.1", "Z01.41")
_DIALYSIS_FROM = ((20, 90960), (12, 90957), (2, 90954), (0, 90951))
_HOME_DIALYSIS_FROM = ((20, 90966), (12, 90965), (2, 90964), (0, 90963))
_COUNT_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_COUNT = rf"(\d{{1,2}}|{'|'.join(_COUNT_WORDS)})"
_VISIT_COUNT = re.compile(
    rf"\btotal (?:of )?{_COUNT} visits?\b|=\s*{_COUNT} visits?\b|\bvisits? this month\s*:?\s*{_COUNT}\b"
    rf"|\b{_COUNT}\s*(?:face[- ]to[- ]face )?visits? this (?:calendar )?month\b|\bseen {_COUNT} times\b"
    rf"|\b{_COUNT} (?:face[- ]to[- ]face|f2f) (?:visits?|encounters?)\b"
    r"|\b(\d)(?:st|nd|rd|th) (?:face[- ]to[- ]face|visit|f2f)\b",
    re.I,
)
_FACE_TO_FACE = re.compile(r"\b(?:face[- ]to[- ]face|f2f|seen|visits?)\b[^\n]{0,200}", re.I)
_DATE = re.compile(r"\d{1,2}/\d{1,2}")
_WEIGHT = re.compile(r"\b(?:today|current(?: weight)?|wt|weight)\D{0,8}(\d{3,4})\s*g\b", re.I)
_FIRST_DAY = re.compile(
    r"\b(?:day of life|dol|day)\s*[:#]?\s*(?:0|1)\b|\badmission\b|\badmit\b|\binitial\b|\bh ?& ?p\b", re.I
)
_LATER_DAY = re.compile(
    r"\b(?:day of life|dol|day)\s*[:#]?\s*(?:[2-9]|\d\d)\b|\bprogress\b|\bsubsequent\b|\bdaily\b", re.I
)


def preventive(chart: Chart, diagnoses: Iterable[RankedCode]) -> Visit | None:
    """Returns the preventive or wellness visit that the chart reports, if any."""
    wellness = _wellness(chart)
    if wellness is not None:
        return wellness
    named = chart.kinds.get("preventive", ())
    supports = [
        support.evidence
        for ranked in diagnoses
        if ranked.code.code.startswith(_PREVENTIVE_DIAGNOSES)
        for support in ranked.support
        if _is_assessed(chart, support.evidence)
    ]
    age = chart.encounter.patient.age
    if age is None or not (named or supports):
        return None
    new = is_new(chart)
    band = next(digit for from_age, digit in _PREVENTIVE_FROM if age >= from_age)
    code = f"99{38 if new else 39}{band}"
    said = "a new" if new else "an established"
    what = VisitElement("category", None, f"Preventive visit of {said} patient.", (*named, *supports)[:2])
    years = VisitElement("age", None, f"Age {_years(age)}.")
    return Visit(code, "CPT", "age", (what, years), probability_hint=0.8, reason=f"{what.what} {years.what}")


def newborn(chart: Chart) -> Visit | None:
    """Returns the visit of a newborn in hospital or the day of pediatric intensive care, if it is one."""
    age = chart.encounter.patient.age
    if age is None or age >= 6 or chart.encounter.setting is not Setting.PROFESSIONAL_INPATIENT:
        return None
    kinds = chart.kinds
    first = _is_first_day(chart)
    if "intensive-care-unit" in kinds:
        return _intensive_care(chart, age, first)
    if age < _NEWBORN_YEARS and "newborn" in kinds:
        if "same-day" in kinds:
            code, said = "99463", "Newborn admitted and discharged on the same date."
        elif "discharge" in kinds:
            code, said = "99238", "Day of discharge of a newborn."
        elif first:
            code, said = "99460", "First day of a normal newborn in hospital."
        else:
            code, said = "99462", "Subsequent day of a normal newborn in hospital."
        return _by_age(code, said, kinds["newborn"])
    return None


def dialysis_month(chart: Chart) -> Visit | None:
    """Returns the month of end-stage renal disease services, if the note reports one."""
    kinds, age = chart.kinds, chart.encounter.patient.age
    if chart.encounter.setting is not Setting.DIALYSIS_FACILITY or "dialysis-month" not in kinds:
        return None
    years = 20.0 if age is None else age
    if "home-dialysis" in kinds:
        code = next(code for from_age, code in _HOME_DIALYSIS_FROM if years >= from_age)
        return _by_age(str(code), "A month of home dialysis.", kinds["home-dialysis"])
    count, evidence = _visits_of_month(chart)
    code = next(code for from_age, code in _DIALYSIS_FROM if years >= from_age)
    offset = 0 if count >= 4 else 1 if count >= 2 else 2
    said = f"A month of dialysis with {count} face-to-face {'visit' if count == 1 else 'visits'}."
    return _by_age(str(code + offset), said, evidence)


def _by_age(code: str, said: str, cues: tuple[Evidence, ...]) -> Visit:
    element = VisitElement("category", None, said, cues[:2])
    return Visit(code, "CPT", "age", (element,), probability_hint=0.75, reason=said)


def _wellness(chart: Chart) -> Visit | None:
    """Medicare: the welcome visit (G0402), the first annual wellness visit (G0438) and later ones (G0439)."""
    kinds = chart.kinds
    if "welcome" not in kinds and not ("wellness" in kinds and (is_medicare(chart) or has_medicare_age(chart))):
        return None
    if "welcome" in kinds:
        code, said, cues = "G0402", "Initial preventive physical examination under Medicare.", kinds["welcome"]
    elif "wellness-initial" in kinds:
        code, said, cues = "G0438", "First annual wellness visit under Medicare.", kinds["wellness-initial"]
    else:
        code, said, cues = "G0439", "Subsequent annual wellness visit under Medicare.", kinds["wellness"]
    element = VisitElement("category", None, said, cues[:2])
    return Visit(code, "HCPCS", "rule", (element,), probability_hint=0.85, reason=said)


def _is_assessed(chart: Chart, evidence: Evidence) -> bool:
    note = chart.note(evidence.note_id)
    return note is not None and (note.is_assessed(evidence.start) or evidence.start < note.head_end)


def _years(age: float) -> str:
    if age < 1:
        return "under 1 year"
    return "1 year" if age < 2 else f"{int(age)} years"


def _is_first_day(chart: Chart) -> bool:
    encounter = chart.encounter
    if encounter.admission is not None and encounter.date_of_service is not None:
        return encounter.admission == encounter.date_of_service
    heads = [note.text[: note.head_end] for note in chart.notes]
    return any(map(_FIRST_DAY.search, heads)) and not any(map(_LATER_DAY.search, heads))


def _intensive_care(chart: Chart, age: float, first: bool) -> Visit:
    cues = chart.kinds["intensive-care-unit"]
    if "critically-ill" in chart.kinds:
        if age < _NEWBORN_YEARS:
            base, said = 99468, "Critical care of a neonate, per day."
        elif age < 2:
            base, said = 99471, "Critical care of a child of 29 days to 24 months, per day."
        else:
            base, said = 99475, "Critical care of a child of 2 to 5 years, per day."
        return _by_age(str(base + (not first)), said, (*chart.kinds["critically-ill"], *cues))
    if first:
        return _by_age("99477", "First day of intensive, not critical, care of a neonate.", cues)
    grams = next((int(m.group(1)) for note in chart.notes if (m := _WEIGHT.search(note.text))), 2500)
    code = "99478" if grams < 1500 else "99479" if grams <= 2500 else "99480"
    return _by_age(code, "Subsequent day of intensive, not critical, care by present weight.", cues)


def _visits_of_month(chart: Chart) -> tuple[int, tuple[Evidence, ...]]:
    """Returns the face-to-face visits of a month: the number stated, else the dates in the line that names them."""
    for note in chart.notes:
        match = _VISIT_COUNT.search(note.text)
        if match:
            count = next(group for group in match.groups() if group).lower()
            return _COUNT_WORDS.get(count) or int(count), (note.evidence(*match.span()),)
    for note in chart.notes:
        for match in _FACE_TO_FACE.finditer(note.text):
            dates = set(_DATE.findall(match.group()))
            if dates:
                return len(dates), (note.evidence(*match.span()),)
    return 1, ()
