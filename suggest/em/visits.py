"""From a chart to its E/M services: category, level by decision making or time, modifiers, add-ons."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from suggest.em.add_ons import (
    advance_care_planning,
    continuing_relationship,
    critical_care,
    prolonged,
    transitional_care,
)
from suggest.em.by_age import dialysis_month, newborn, preventive
from suggest.em.category import Category, category, is_visit
from suggest.em.chart import Chart, make_chart
from suggest.em.decisions import decisions
from suggest.em.families import by_decision, by_time, families
from suggest.em.mdm import agreement, decision_level
from suggest.em.minutes import Minutes, minutes_stated
from suggest.em.modifiers import is_minor_procedure, visit_modifiers
from suggest.em.problems import Problem, problems_addressed, problems_element, statuses
from suggest.em.records import LEVELS, NotCounted, Visit, VisitElement
from suggest.em.risk import risk_element
from suggest.em.tests_and_talks import data_element, data_reviewed
from suggest.reading import NoteReading
from suggest.records import AuthorRole, Claim, Encounter, Modifier, RankedCode, Setting

_WEEKS_AFTER = re.compile(r"\b(\d{1,2})\s*(?:-\s*)?(wk|week|day|mo|month)s?\s*(?:out\b|post|s/p|after|from|p/o)", re.I)
_GLOBAL_DAYS = 90
_DISCHARGE_MINUTES = 30
# Tests that a procedure asks for or answers.
_OF_PROCEDURES = ("Pap", "pathology", "pregnancy test")
_LASTING = frozenset({"chronic", "worse", "severe"})
_WELLNESS = frozenset({"G0438", "G0439"})
_PREVENTIVE_PLANNING = Modifier("33", "Advance care planning beside an annual wellness visit is preventive (Medicare).")
_DISCHARGE = {
    "hospital-discharge": ("99238", "99239"),
    "nursing-facility-discharge": ("99315", "99316"),
}


def visits(
    encounter: Encounter,
    readings: Sequence[NoteReading],
    diagnoses: Sequence[RankedCode],
    *,
    procedures: Sequence[str],
    global_days: Callable[[str], str],
) -> tuple[Visit, ...]:
    """Returns the E/M services of an encounter; none where its documents are no visit.

    Args:
        encounter: The chart.
        readings: Its notes as read.
        diagnoses: Proposed diagnoses with their supports.
        procedures: CPT and HCPCS codes of other services of the same day.
        global_days: Gives the Medicare global period of a code (``000``, ``010``, ``090``, ``XXX``, ``ZZZ``).
    """
    if encounter.claim is not Claim.PROFESSIONAL or not readings:
        return ()
    chart = make_chart(encounter, _providers(readings))
    month = dialysis_month(chart)
    if month is not None:
        return (month,)
    if encounter.setting is Setting.DIALYSIS_FACILITY or not is_visit(chart):
        return ()
    if _is_nurse_visit(chart):
        # An injection, infusion or vaccine includes the nurse's work (NCCI Policy Manual, chapter 11).
        return () if procedures else (_nurse_visit(chart),)
    follow_up = _global_follow_up(chart)
    if follow_up is not None:
        return (follow_up,)
    return tuple(_services(chart, diagnoses, procedures, global_days))


@dataclass(frozen=True, slots=True)
class _Day:
    """What was done on the day of a visit."""

    chart: Chart
    category: Category
    minutes: Minutes
    procedures: Sequence[str]
    modifiers: tuple[Modifier, ...]
    has_minor_procedure: bool


def _services(
    chart: Chart, diagnoses: Sequence[RankedCode], procedures: Sequence[str], global_days: Callable[[str], str]
) -> list[Visit]:
    kind = category(chart)
    day = _Day(
        chart=chart,
        category=kind,
        minutes=minutes_stated(chart),
        procedures=procedures,
        modifiers=visit_modifiers(chart, kind.family, procedures, global_days),
        has_minor_procedure="procedure-visit" in chart.kinds
        or any(is_minor_procedure(global_days(code)) for code in procedures),
    )
    child = newborn(chart)
    if child is not None:
        return [replace(child, modifiers=day.modifiers)]
    critical = critical_care(chart, day.minutes)
    if critical:
        return [replace(critical[0], modifiers=day.modifiers), *critical[1:]]
    planning = advance_care_planning(day.minutes)
    if kind.family in _DISCHARGE:
        return [replace(_discharge(kind, day.minutes), modifiers=day.modifiers), *planning]
    found = _with_levels(day, diagnoses)
    if found and found[0].code in _WELLNESS:
        planning = [replace(visit, modifiers=(_PREVENTIVE_PLANNING,)) for visit in planning]
    return [*found, *planning] if found else []


def _with_levels(day: _Day, diagnoses: Sequence[RankedCode]) -> list[Visit]:
    """Returns the preventive visit and the visit with a level, each if there is one."""
    chart = day.chart
    problems, left_out = problems_addressed(chart, diagnoses)
    if not day.category.family.startswith("office"):
        return _levelled(day, problems, left_out)
    well = preventive(chart, diagnoses)
    if well is not None:
        # The wellness visits of Medicare are apart from other services by definition.
        found = [replace(well, modifiers=day.modifiers if well.basis == "age" else ())]
        problems = [problem for problem in problems if _is_significant(problem)]
        return [*found, *_levelled(_beside_preventive(day), problems, left_out)] if problems else found
    if day.has_minor_procedure:
        # Whoever comes unscheduled is evaluated before anything is done; otherwise that is part of the procedure
        # (NCCI Policy Manual, chapter 1, section D).
        separate = [problem for problem in problems if _is_separate(problem)]
        problems = separate or (problems if "unscheduled" in chart.kinds else [])
        return _levelled(day, problems, left_out) if problems else []
    return _levelled(day, problems, left_out)


def _beside_preventive(day: _Day) -> _Day:
    """Returns the day for the problem visit: with modifier 25, and no time, which both visits share."""
    modifiers = day.modifiers
    if not any(modifier.code == "25" for modifier in modifiers):
        reason = "The problem visit is significant and separate from the preventive visit."
        modifiers = (Modifier("25", reason), *modifiers)
    return replace(day, modifiers=modifiers, minutes=Minutes())


def _levelled(day: _Day, problems: Sequence[Problem], left_out: Sequence[NotCounted]) -> list[Visit]:
    """Returns the visit by decision making or time, with what goes with it."""
    data = data_reviewed(day.chart, day.procedures)
    if day.has_minor_procedure:
        data.leave_out(_OF_PROCEDURES, "it belongs to the procedure of the same day")
    decision = (problems_element(problems), data_element(data), risk_element(day.chart))
    if not problems and not _is_told_a_visit(day, decision):
        return []
    not_counted = (*left_out, *data.not_counted, *day.minutes.not_counted)
    transitional = transitional_care(day.chart, decision_level(decision), decision)
    if transitional is not None:
        return [replace(transitional, not_counted=not_counted, modifiers=day.modifiers)]
    visit = replace(_level(day.category, decision, day.minutes), not_counted=not_counted, modifiers=day.modifiers)
    return [
        visit,
        *prolonged(day.chart, visit, day.category.family, day.minutes),
        *continuing_relationship(day.chart, day.category.family, day.modifiers, day.procedures),
    ]


def _is_told_a_visit(day: _Day, decision: Sequence[VisitElement]) -> bool:
    """Whether a document without problems is a visit: by its setting, its heading, its decisions or its time."""
    told = {"consult", "established", "new", "visit"} & day.chart.kinds.keys()
    decided = any(element.level != 1 for element in decision)
    return bool(told) or decided or day.minutes.total is not None or not day.category.family.startswith("office")


def _level(family: Category, decision: Sequence[VisitElement], minutes: Minutes) -> Visit:
    """Returns the higher of the code by decision making and the code by time."""
    codes, level = families()[family.family], decision_level(decision)
    at = by_decision(family.family, level)
    timed = by_time(family.family, minutes.total) if minutes.total is not None else None
    elements = [family.element, *decision]
    if minutes.total is not None:
        said = f"{minutes.total} minutes in total on the date of the visit."
        elements.append(VisitElement("time", None, said, (minutes.evidence["total"],)))
    by_minutes = timed is not None and timed > at
    reason = f"{family.element.what} Decision making of {LEVELS[level]} complexity by two of three elements."
    if by_minutes and timed is not None:
        at = timed
        reason = f"{family.element.what} The total time reaches a higher code than the decision making."
    return Visit(
        codes[at].code,
        "CPT",
        "time" if by_minutes else "mdm",
        tuple(elements),
        alternatives=_alternatives(family.family, at, decision),
        probability_hint=agreement(decision),
        reason=reason,
    )


def _alternatives(family: str, at: int, decision: Sequence[VisitElement]) -> tuple[str, ...]:
    """Returns the code below, and the code above where one element reaches it."""
    codes = families()[family]
    found = []
    if at > 0 and codes[at - 1].level > 0:
        found.append(codes[at - 1].code)
    if at + 1 < len(codes) and any((element.level or 0) >= codes[at + 1].level for element in decision):
        found.append(codes[at + 1].code)
    return tuple(found)


def _discharge(family: Category, minutes: Minutes) -> Visit:
    short, long = _DISCHARGE[family.family]
    elements = [family.element]
    over = minutes.total is not None and minutes.total > _DISCHARGE_MINUTES
    if over:
        elements.append(
            VisitElement("time", None, "More than 30 minutes of discharge care.", (minutes.evidence["total"],))
        )
    return Visit(
        long if over else short,
        "CPT",
        "time" if over else "rule",
        tuple(elements),
        alternatives=(short if over else long,),
        probability_hint=0.75,
        reason=elements[-1].what,
    )


def _is_significant(problem: Problem) -> bool:
    """Whether a problem asks for more than a preventive visit: a drug prescribed or a decision about a hospital."""
    said = statuses(problem.note, problem.item, problem.evidence)
    return problem.level > 1 and bool(said & {"rx", "hospital"})


def _is_separate(problem: Problem) -> bool:
    """Whether a problem was managed apart from the procedure of the same day."""
    note, item = problem.note, problem.item
    start, end = (item.start, item.end) if item else note.sentence(problem.evidence.start)
    said = statuses(note, item, problem.evidence)
    done = any("minor-surgery" in kinds and not note.is_negated(cue) for cue, kinds in decisions(note, start, end))
    if problem.level < 2 or (done and not ("rx" in said and said & {"worse", "new", "marked"})):
        return False
    if said & {"worse", "new", "hospital", "severe"}:
        return True
    return "rx" in said and ("marked" in said or problem.kind not in _LASTING)


def _global_follow_up(chart: Chart) -> Visit | None:
    """Returns 99024 for a visit within the global period of a surgery, which is not billed."""
    kinds = chart.kinds
    if "unrelated" in kinds or not {"postoperative", "postoperative-day"} & kinds.keys():
        return None
    within = (
        "global" in kinds
        or ("postoperative-day" in kinds and "surgeon" in kinds)
        or any(
            _days(m.group(1), m.group(2)) <= _GLOBAL_DAYS
            for note in chart.notes
            for m in _WEEKS_AFTER.finditer(note.text, 0, note.head_end)
        )
    )
    if not within:
        return None
    said = "Follow-up within the global period of a procedure; reported without charge."
    element = VisitElement(
        "category", None, said, (*kinds.get("postoperative", ()), *kinds.get("postoperative-day", ()))[:2]
    )
    return Visit("99024", "CPT", "rule", (element,), probability_hint=0.7, reason=said)


def _days(number: str, unit: str) -> int:
    factor = {"d": 1, "w": 7, "m": 30}[unit[0].lower()]
    return int(number) * factor


def _providers(readings: Sequence[NoteReading]) -> list[NoteReading]:
    """Returns the notes of the provider; all notes where none is."""
    own = [reading for reading in readings if reading.note.author_role is AuthorRole.PROVIDER]
    return own or list(readings)


def _is_nurse_visit(chart: Chart) -> bool:
    if chart.encounter.setting not in (Setting.OUTPATIENT, Setting.TELEHEALTH):
        return False
    nurses = all(note.reading.note.author_role is AuthorRole.NURSE for note in chart.notes)
    return nurses or "nurse-visit" in chart.kinds


def _nurse_visit(chart: Chart) -> Visit:
    said = "Office visit of an established patient with clinical staff."
    element = VisitElement("category", None, said, chart.kinds.get("nurse-visit", ())[:1])
    return Visit("99211", "CPT", "rule", (element,), probability_hint=0.6, reason=said)
