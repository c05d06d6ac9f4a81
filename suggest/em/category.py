"""The category of a visit: where it took place, whether the patient is new, whether it is a consultation."""

from __future__ import annotations

from dataclasses import dataclass

from suggest.em.chart import Chart
from suggest.em.cues import cue_table, split_words
from suggest.em.records import VisitElement
from suggest.records import AuthorRole, Evidence, Setting

_OFFICE = frozenset({Setting.OUTPATIENT, Setting.TELEHEALTH})
_HOSPITAL = frozenset({Setting.INPATIENT, Setting.PROFESSIONAL_INPATIENT})
_HOME = frozenset({Setting.HOME_HEALTH, Setting.HOSPICE})
_STUDY = frozenset({"comparison", "findings", "technique"})
_VISIT = frozenset({"assessment_plan", "exam", "hpi", "medications", "plan", "subjective", "vitals"})
_MEDICARE_AGE = 65
_SAID = {
    "office-new": "Office or other outpatient visit of a new patient.",
    "office-established": "Office or other outpatient visit of an established patient.",
    "consultation-outpatient": "Outpatient consultation for a payer that accepts consultation codes.",
    "consultation-inpatient": "Inpatient consultation for a payer that accepts consultation codes.",
    "hospital-initial": "First visit of the stay in hospital or observation.",
    "hospital-subsequent": "Subsequent visit in hospital or observation.",
    "hospital-same-day": "Admission and discharge on the same date.",
    "hospital-discharge": "Day of discharge from hospital or observation.",
    "emergency": "Emergency department visit.",
    "nursing-facility-initial": "First visit of the stay in a nursing facility.",
    "nursing-facility-subsequent": "Subsequent visit in a nursing facility.",
    "nursing-facility-discharge": "Discharge from a nursing facility.",
    "home-new": "Home or residence visit of a new patient.",
    "home-established": "Home or residence visit of an established patient.",
}


@dataclass(frozen=True, slots=True)
class Category:
    """The family of codes that a visit belongs to, with what says so."""

    family: str
    element: VisitElement


def is_visit(chart: Chart) -> bool:
    """Whether the document is a visit: no report of a procedure or study, no therapy, no global follow-up."""
    kinds = chart.kinds
    if {note.reading.note.author_role for note in chart.notes} & {
        AuthorRole.THERAPIST,
        AuthorRole.DIETITIAN,
        AuthorRole.SOCIAL_WORKER,
        AuthorRole.EMT,
        AuthorRole.PATIENT,
    }:
        return False
    if "no-visit" in kinds or "psychiatric" in kinds or "eye" in kinds:
        return False
    if "maternity" in kinds and "unrelated" not in kinds:
        return False
    if "visit" in kinds or "separate-visit" in kinds:
        return True
    if "report-word" in kinds and "emergency" not in kinds:
        return False
    if "report" in kinds or "therapy" in kinds or ("image-report" in kinds and _is_study(chart)):
        return False
    return chart.encounter.setting is not Setting.PROFESSIONAL_SURGERY or bool({"consult", "initial"} & kinds.keys())


def _is_study(chart: Chart) -> bool:
    """Whether the document is built like the report of a study rather than like a visit."""
    found = {section.family for note in chart.notes for section in note.reading.sections}
    return bool(found & _STUDY) or not found & _VISIT


def category(chart: Chart) -> Category:
    """Returns the category of a visit."""
    setting, kinds = chart.encounter.setting, chart.kinds
    if setting is Setting.ED or (setting in _OFFICE and "emergency" in kinds):
        return _category("emergency", kinds.get("emergency", ()))
    if setting in _HOSPITAL or (setting is Setting.PROFESSIONAL_SURGERY and "hospital" in kinds):
        return _hospital(chart)
    if setting is Setting.NURSING_FACILITY or (setting in _OFFICE and "nursing-facility" in kinds):
        return _nursing_facility(chart)
    new = is_new(chart)
    cues = kinds.get("new" if new else "established", ())
    if setting in _HOME or (setting in _OFFICE and "home" in kinds):
        return _category("home-new" if new else "home-established", cues)
    follow_up = in_title(chart, kinds.get("established", ()))
    if "consult" in kinds and "consult-request" in kinds and not follow_up and accepts_consultations(chart):
        return _category("consultation-outpatient", kinds["consult"])
    return _category("office-new" if new else "office-established", cues)


def is_new(chart: Chart) -> bool:
    """Whether the patient is new to the practice; without a word about it, established (the lower codes)."""
    new, known = chart.kinds.get("new", ()), chart.kinds.get("established", ())
    if not new or not known:
        return bool(new)
    if in_title(chart, new) != in_title(chart, known):
        return in_title(chart, new)
    return min(e.start for e in new) < min(e.start for e in known)


def in_title(chart: Chart, cues: tuple[Evidence, ...]) -> bool:
    """Whether one of ``cues`` stands in the title of its note."""
    return any((note := chart.note(e.note_id)) is not None and e.start < note.title_end for e in cues)


def payer_kinds(chart: Chart) -> frozenset[str]:
    """Returns what is known of the payer: ``payer-medicare``, ``payer-consult``."""
    if chart.encounter.payer:
        words, table = split_words(chart.encounter.payer.replace("_", " ")), cue_table("documents", "phrase")
        found = {entry.partition("@")[0] for cue in table.find(words) for entry in table.rows[cue.row]["cues"].split()}
        return frozenset(kind for kind in found if kind.startswith("payer-"))
    return frozenset(kind for kind in chart.kinds if kind.startswith("payer-"))


def accepts_consultations(chart: Chart) -> bool:
    """Whether the payer takes consultation codes; Medicare and payers that are not named do not (CMS, CR 6740)."""
    payer = payer_kinds(chart)
    return "payer-consult" in payer and "payer-medicare" not in payer


def is_medicare(chart: Chart) -> bool:
    """Whether the payer is known to be Medicare."""
    return "payer-medicare" in payer_kinds(chart)


def has_medicare_age(chart: Chart) -> bool:
    """Whether the patient is 65 or older."""
    return (chart.encounter.patient.age or 0) >= _MEDICARE_AGE


def _hospital(chart: Chart) -> Category:
    kinds, encounter = chart.kinds, chart.encounter
    stay_of_a_day = encounter.admission is not None and encounter.admission == encounter.discharge
    if "same-day" in kinds or (stay_of_a_day and "discharge" in kinds):
        return _category("hospital-same-day", kinds.get("same-day", ()))
    if "discharge" in kinds:
        return _category("hospital-discharge", kinds["discharge"])
    if _is_initial(chart):
        if "consult" in kinds and accepts_consultations(chart):
            return _category("consultation-inpatient", kinds["consult"])
        return _category("hospital-initial", kinds.get("initial", ()))
    return _category("hospital-subsequent", kinds.get("subsequent", ()))


def _is_initial(chart: Chart) -> bool:
    kinds, encounter = chart.kinds, chart.encounter
    first, later = kinds.get("initial", ()), kinds.get("subsequent", ())
    if first and later:
        return any("initial" in e.quote.lower() or "admission" in e.quote.lower() for e in first)
    if not first and not later:
        return encounter.admission is not None and encounter.admission == encounter.date_of_service
    return bool(first)


def _nursing_facility(chart: Chart) -> Category:
    kinds = chart.kinds
    if "discharge" in kinds:
        return _category("nursing-facility-discharge", kinds["discharge"])
    if "initial" in kinds and not kinds.get("subsequent") and "consult" not in kinds:
        return _category("nursing-facility-initial", kinds["initial"])
    return _category("nursing-facility-subsequent", kinds.get("subsequent", ()))


def _category(family: str, cues: tuple[Evidence, ...]) -> Category:
    return Category(family, VisitElement("category", None, _SAID[family], cues[:2]))
