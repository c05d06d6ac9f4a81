"""Where a note assesses problems, and the problems as its assessment lists them."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from suggest.headings import families
from suggest.records import Section

# Sections that tell of the past, of relatives or of a list: what stands there was not addressed in the visit.
HISTORY = frozenset(
    {"allergies", "birth_history", "family", "family_social", "gyn_history", "immunizations", "obstetric"}
) | frozenset({"pmh", "problem_list", "psh", "psychiatric_history", "sleep_history", "social", "travel_exposure"})
HOME_MEDICINES = frozenset({"medications", "discharge_medications"})
# Sections after the first assessment that say nothing of problems addressed.
_NO_ASSESSMENT = frozenset(
    {"attestation", "billing", "demographics", "exam", "family", "patient_instructions", "procedure_details"}
    | {"return_precautions", "signature", "time_statement", "vitals"}
)
# Sections of the weight of an assessment that tell what is done, mostly below a list of problems.
_PLANS = frozenset({"consults", "counseling", "orders", "plan", "referrals", "therapy_treatment"})
# Sections of the weight of an assessment that name no problem addressed in the visit.
_NO_PROBLEMS = frozenset({"admission_diagnosis", "differential", "postop_diagnosis", "preop_diagnosis"})
_ASSESSING = frozenset({"disposition", "follow_up", "orders", "referrals", "goals"})
GIVEN = re.compile(r"\s*(?:rx|tx|treatment|meds given)\b", re.I)
_ITEM = re.compile(
    r"(?m)^[ \t]*(?:#+\s*\d*[.)]?|\(?\d{1,2}[.):/]?\)?(?=[ \t]*[A-Za-z(])|\(?[a-hA-H][.)]|[IVX]{1,4}\."
    r"|[-*\u2022\u2013\u2014>+])[ \t]*"
)
# Lists that run on in one line: "(1) ... (2) ...", "1. ... 2. ...".
_INLINE_ITEM = re.compile(r"(?<=\s)(?:\(\d{1,2}\)|\d{1,2}[.)])\s(?=[A-Z])|(?<=\w\s)\d\s(?=[A-Z][a-z])")
_LATE_HEADING = re.compile(
    r"(?m)^[ \t]*(?:(?:a\s?[/&+]\s?p|a|plan|p)[ \t]*(?::|-|\n|\d|$)"
    r"|(?:impr?|impression|assess\w*|dx|diagnos[ei]s|medical decision)\b)",
    re.I,
)
# Lines of an emergency department chart that tell what was given and decided, whatever section they stand in.
_COURSE_LINE = re.compile(r"(?m)^[ \t]*(?:rx|tx|treatment|ed course|course|meds given|dispo\w*|mdm|plan)\b[^\n]*", re.I)
# Notes by problem: "#HTN: ... -> add amlodipine" stands for itself, under whatever heading.
_PROBLEM_LINE = re.compile(
    r"(?mi)^[ \t]*(?:#+[ \t]?[a-z]|separate (?:problem|issue|concern)|problems? addressed)[^\n]*"
)
ONE_LINE = frozenset({"allergies", "family", "family_social", "immunizations", "ros", "social", "substance_use"})


@dataclass(frozen=True, slots=True)
class Item:
    """A problem of the assessment with what is said of it: a line of a list, or a sentence.

    Attributes:
        start: Offset of its first character.
        end: Offset after its last.
        listed: Whether a number or bullet introduces it.
    """

    start: int
    end: int
    listed: bool


def assessed_spans(text: str, sections: Sequence[Section], *, emergency: bool) -> list[tuple[int, int]]:
    """Returns the spans in which problems are assessed; sections that go on with the list count as well."""
    table = families()
    spans: list[tuple[int, int]] = []
    names_problems = False
    for section in sections:
        family = section.family
        assessing = table[family].weight == "assessment" and family not in _NO_PROBLEMS
        given = family in HOME_MEDICINES and GIVEN.match(text, section.start) is not None
        goes_on = bool(spans) and section.start > 0.5 * len(text) and family not in _NO_ASSESSMENT
        if assessing or given or family in _ASSESSING or goes_on:
            spans.append((section.start if goes_on and not assessing else section.body, section.end))
            names_problems |= assessing and family not in _PLANS
    starts = [section.start for section in sections]
    for match in _PROBLEM_LINE.finditer(text):
        at = bisect_right(starts, match.start()) - 1
        if at < 0 or sections[at].family not in HISTORY:
            spans.append(match.span())
    if emergency:
        spans += [match.span() for match in _COURSE_LINE.finditer(text)]
    enough = names_problems and any(end > 0.6 * len(text) for _, end in spans)
    return _joined(spans if enough else [*spans, *_late(text, spans)])


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Returns spans in order, those that touch or overlap as one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _late(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Returns where the assessment begins that no heading of the table introduces: at a short heading or list."""
    limit = int(0.3 * len(text))
    headings = [match.start() for match in _LATE_HEADING.finditer(text) if match.start() >= limit]
    if headings:
        return [(headings[0], len(text))]
    firsts = [match.start() for match in re.finditer(r"(?m)^[ \t]*\(?1[.)]", text) if match.start() >= limit]
    if firsts:
        return [(firsts[-1], len(text))]
    after = min((start for start, _ in spans if start >= limit), default=int(0.6 * len(text)))
    return [(min(after, int(0.6 * len(text))), len(text))]


def items_of(text: str, start: int, end: int, bounds: Sequence[int]) -> Iterator[Item]:
    """Yields the items of an assessed span: list items, else lines; a long paragraph by its sentences."""
    marks = [m.start() for m in _ITEM.finditer(text, start, end)]
    inline = [m.start() for m in _INLINE_ITEM.finditer(text, start, end)]
    if len(inline) > 1:
        marks += inline
    lines = [start, *(m.end() for m in re.finditer(r"\n", text[:end]) if m.end() > start)]
    cuts = sorted({start, *marks, *(line for line in lines if line < end)})
    for low, high in zip(cuts, [*cuts[1:], end], strict=True):
        if not text[low:high].strip():
            continue
        listed = low in marks
        if listed or high - low < 240:
            yield Item(low, high, listed)
            continue
        inner = [low, *bounds[bisect_right(bounds, low) : bisect_left(bounds, high)]]
        for begin, stop in zip(inner, [*inner[1:], high], strict=True):
            yield Item(begin, stop, listed=False)
