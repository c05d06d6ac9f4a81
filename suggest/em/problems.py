"""Number and complexity of the problems addressed (CPT E/M guidelines 2023, MDM table, first column).

A diagnosis counts where the assessment names it. Its class by ICD-10-CM prefix is that of
``em/problems.tsv``; what the same line of the assessment says of it (``em/status.tsv``, changes of dose, a
decision about hospital care) moves it up or down.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from suggest.em.chart import Chart, NoteChart
from suggest.em.cues import cue_table
from suggest.em.decisions import decides_on_hospital, decisions, long_term_drugs
from suggest.em.records import NotCounted, VisitElement
from suggest.em.regions import Item
from suggest.records import AssertionStatus, Evidence, RankedCode, Setting
from suggest.resources import read_table

_COUNTED = frozenset({AssertionStatus.PRESENT, AssertionStatus.POSSIBLE})
_DOSE_CHANGE = re.compile(
    r"\d\s?(?:mg|mcg|g|u|units)?\s?(?:->|\u2192|to)\s?\d|\u2191|\u2193|(?:->|\u2192)\s?\d"
    r"|\bto \d+(?:\.\d+)?\b(?! ?(?:wk|week|mo|day|d\b))",
    re.I,
)
# "HTN - PCP": the whole plan for a problem.
_HANDED_OVER = re.compile(
    r"[-\u2013\u2014:]\s*(?:per )?pcp(?:/\w+)?(?: letter| aware| to manage| manages| follows| f/u)?[.,;\s]*$",
    re.I | re.M,
)
# Class of a problem -> level that one problem of it reaches.
_LEVEL = {"minor": 1, "acute": 2, "injury": 2, "symptom": 2, "chronic": 2, "worse": 3, "systemic": 3}
_LEVEL |= {"complicated": 3, "undiagnosed": 3, "severe": 4, "threat": 4}
_WHAT = {
    "minor": "a self-limited or minor problem",
    "acute": "an acute, uncomplicated illness",
    "injury": "an acute, uncomplicated injury",
    "symptom": "a symptom without a diagnosis",
    "chronic": "a stable chronic illness",
    "worse": "a chronic illness that is worse, newly found or not at goal",
    "systemic": "an acute illness with systemic symptoms or a complicated course",
    "complicated": "an acute, complicated injury",
    "undiagnosed": "a new problem with an uncertain prognosis",
    "severe": "an illness with a severe exacerbation or course",
    "threat": "an illness or injury that threatens life or bodily function",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem that the visit addressed.

    Attributes:
        code: Its diagnosis code.
        kind: Its class after all that was said of it.
        note: The note that names it.
        item: The line of the assessment, ``None`` where the chart has none.
        evidence: The words that name it.
    """

    code: str
    kind: str
    note: NoteChart
    item: Item | None
    evidence: Evidence

    @property
    def level(self) -> int:
        """The level that this problem alone reaches."""
        return _LEVEL[self.kind]


# Adverse effects and underdosing (6th character) go with the problem that they made.
_DRUGS = ("T36", "T50")
_NO_POISONING = frozenset({"5", "6"})


@lru_cache(maxsize=1)
def _prefixes() -> dict[str, str]:
    return {row["prefix"].replace(".", ""): row["kind"] for row in read_table("em/problems.tsv")}


def problem_kind(code: str) -> str:
    """Returns the class of an ICD-10-CM code before anything is said of it; ``none`` for no problem."""
    table, bare = _prefixes(), code.replace(".", "")
    if _DRUGS[0] <= bare[:3] <= _DRUGS[1] and bare[5:6] in _NO_POISONING:
        return "none"
    if bare[:1] in "ST" and bare[6:] == "S":
        return "chronic"
    return next((table[bare[:n]] for n in range(len(bare), 0, -1) if bare[:n] in table), "none")


def problems_addressed(chart: Chart, diagnoses: Sequence[RankedCode]) -> tuple[list[Problem], list[NotCounted]]:
    """Returns the problems addressed and those that the chart names without addressing them.

    Args:
        chart: The chart.
        diagnoses: Proposed diagnoses with their supports.
    """
    threats_weighed = chart.encounter.setting is Setting.ED and any(map(_weighs_threats, chart.notes))
    problems: list[Problem] = []
    left_out: list[NotCounted] = []
    for ranked in diagnoses:
        kind = problem_kind(ranked.code.code)
        if kind == "none":
            continue
        place = _place(chart, ranked)
        if place is None:
            left_out += _unaddressed(chart, ranked)
            continue
        note, item, evidence = place
        kind, why_not = _judge(kind, note, item, evidence)
        if threats_weighed and ranked.code.code.startswith("R"):
            kind = "threat"
        if why_not:
            left_out.append(NotCounted("A problem named in the assessment", why_not, (evidence,)))
        else:
            problems.append(Problem(ranked.code.code, kind, note, item, evidence))
    problems += _uncoded(chart, problems, left_out)
    return _with_hospital(chart, problems), left_out


def problems_element(problems: Sequence[Problem]) -> VisitElement:
    """Returns the element for the problems of a visit (level 1 where none was found)."""
    stable = _distinct(p for p in problems if p.kind == "chronic")
    minor = _distinct(p for p in problems if p.kind == "minor")
    level = max((p.level for p in problems), default=1)
    what = f"Highest problem: {_WHAT[_highest(problems).kind]}." if problems else "No problem was found addressed."
    deciding = [p for p in problems if p.level == level]
    if level < 3 and len(stable) >= 2:
        level, what, deciding = 3, f"{len(stable)} stable chronic illnesses.", stable
    elif level < 2 and len(minor) >= 2:
        level, what, deciding = 2, f"{len(minor)} self-limited or minor problems.", minor
    return VisitElement("problems", level, what, tuple(dict.fromkeys(p.evidence for p in deciding[:4])))


def _highest(problems: Sequence[Problem]) -> Problem:
    return max(problems, key=lambda problem: problem.level)


def _distinct(problems: Iterable[Problem]) -> list[Problem]:
    return list({problem.code[:3]: problem for problem in problems}.values())


def _place(chart: Chart, ranked: RankedCode) -> tuple[NoteChart, Item | None, Evidence] | None:
    """Returns where the assessment names a diagnosis first, ``None`` if it does not."""
    for support in ranked.support:
        note = chart.note(support.evidence.note_id)
        if note is not None and support.assertion.status in _COUNTED and note.is_assessed(support.evidence.start):
            return note, note.item(support.evidence.start), support.evidence
    return None


def _unaddressed(chart: Chart, ranked: RankedCode) -> list[NotCounted]:
    for support in ranked.support:
        note = chart.note(support.evidence.note_id)
        if note is not None:
            listed = note.is_history(support.evidence.start)
            reason = (
                "only a history or copied list names it" if listed else "it is not assessed or managed in the visit"
            )
            return [NotCounted("A problem named outside the assessment", reason, (support.evidence,))]
    return []


def _with_hospital(chart: Chart, problems: list[Problem]) -> list[Problem]:
    """Returns the problems, the gravest raised where a plan apart from the list decides about hospital care."""
    items = {problem.item for problem in problems}
    raised = {"acute", "systemic", "undiagnosed", "complicated", "worse"}
    apart = any(
        decides_on_hospital(note, cue, kinds)
        for note in chart.notes
        for cue, kinds in decisions(note)
        if note.is_late(cue.start) and note.item(cue.start) not in items
    )
    if not apart or not problems:
        return problems
    gravest = max(range(len(problems)), key=lambda i: problems[i].level)
    if problems[gravest].kind in raised:
        kind = "severe" if problems[gravest].kind == "worse" else "threat"
        problems[gravest] = replace(problems[gravest], kind=kind)
    return problems


def _weighs_threats(note: NoteChart) -> bool:
    """Whether the assessment weighs diseases that threaten life: a symptom counts by what it may be (ACEP, 2023)."""
    table = cue_table("status", "phrase")
    return any(
        "dire" in table.rows[cue.row]["status"].split() for cue in note.find(table) if note.is_assessed(cue.start)
    )


def _uncoded(chart: Chart, problems: Sequence[Problem], left_out: Sequence[NotCounted]) -> list[Problem]:
    """Returns the items that were managed but to which no proposed diagnosis belongs."""
    taken = [problem.evidence for problem in problems] + [e for left in left_out for e in left.evidence]
    found = []
    for note in chart.notes:
        starts = [evidence.start for evidence in taken if evidence.note_id == note.reading.note.id]
        for item in note.items:
            if any(item.start <= start < item.end for start in starts):
                continue
            evidence = note.evidence(item.start, item.start + len(note.text[item.start : item.end].rstrip()))
            said = statuses(note, item, evidence)
            managed = "rx" in said and (item.listed or (not problems and bool(said & {"worse", "new"})))
            if managed and not said & {"resolved", "elsewhere"}:
                kind = "worse" if "worse" in said else "acute"
                # Cancer that progresses under treatment.
                kind = "severe" if {"antineoplastic", "worse"} <= said else kind
                found.append(Problem("", kind, note, item, evidence))
    return found


def statuses(note: NoteChart, item: Item | None, evidence: Evidence) -> set[str]:
    """Returns what the line of a problem says of its status."""
    start, end = (item.start, item.end) if item else note.sentence(evidence.start)
    table = cue_table("status", "phrase")
    found: set[str] = set()
    for cue in note.find(table, start, end):
        if not note.is_negated(cue):
            found.update(table.rows[cue.row]["status"].split())
    if _HANDED_OVER.search(note.text, start, end):
        found.add("elsewhere")
    if any(decides_on_hospital(note, cue, kinds) for cue, kinds in decisions(note, start, end)):
        found.add("hospital")
    medicines = cue_table("medicines", "medicine")
    for cue in note.find(medicines, start, end):
        found.update({"antineoplastic", "rx"}.intersection(medicines.rows[cue.row]["kinds"].split()))
    if any(True for _ in note.find(long_term_drugs(), start, end)):
        found.add("rx")
    if "rx" in found and _DOSE_CHANGE.search(note.text, start, end):
        found.add("worse")
    return found


def _judge(kind: str, note: NoteChart, item: Item | None, evidence: Evidence) -> tuple[str, str]:
    """Returns the class after what is said, and the reason why a problem does not count."""
    said = statuses(note, item, evidence)
    if "resolved" in said:
        said.discard("severe")
    if "elsewhere" in said and not ("rx" in said and said & {"worse", "new"}) and "hospital" not in said:
        return kind, "another clinician manages it and nothing was decided in the visit"
    if kind in ("chronic", "worse", "severe"):
        return _judge_chronic(kind, said), ""
    if kind == "threat":
        calm = bool(said & {"stable", "resolved"}) and not said & {"worse", "severe", "hospital", "antineoplastic"}
        return ("worse" if calm else "threat"), ""
    return _judge_acute(kind, said), ""


def _judge_acute(kind: str, said: set[str]) -> str:
    if kind in ("systemic", "undiagnosed", "complicated") and said & {"hospital", "severe"}:
        return "threat"
    if kind == "acute" and "hospital" in said:
        return "threat"
    if kind == "acute" and said & {"systemic", "severe"}:
        return "systemic"
    if kind in ("symptom", "acute") and "uncertain" in said and "rx" not in said:
        return "undiagnosed"
    if kind == "minor" and "rx" in said:
        return "acute"
    return kind


def _judge_chronic(kind: str, said: set[str]) -> str:
    if said & {"severe", "hospital"}:
        return "severe"
    if kind == "severe":
        return "chronic" if "stable" in said and "worse" not in said else "worse"
    if "worse" in said:
        return "worse"
    open_ = bool(said & {"new", "marked"}) or kind == "worse"
    return "worse" if open_ and "stable" not in said else "chronic"
