"""Drafts provider queries for an encounter whose notes were read and whose codes are proposed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from suggest.queries.indicators import ChartView
from suggest.queries.templates import Template, fits, templates
from suggest.reading import NoteReading
from suggest.records import AssertionStatus, CodeLine, Encounter, Evidence, Query, Setting

MOST = 6
"""Queries an encounter at most: more are not read."""

_INDICATORS = 6
_STAYS = frozenset({Setting.INPATIENT, Setting.PROFESSIONAL_INPATIENT})
_OFFICES = frozenset({Setting.OUTPATIENT, Setting.TELEHEALTH})
_DETAIL = frozenset({"type", "acuity", "cause", "link", "severity", "stage"})
"""Kinds that ask the provider about a disease: after a visit about one that the visit dealt with."""
_DIAGNOSED = _DETAIL - {"stage"}
"""Kinds that ask about what the provider diagnosed: a word of the examination or of a report is none (III.B)."""
_NAMED = 60
_WORD = re.compile(r"[a-z]{3,}")
_SIDE = re.compile(
    r"\b(?:right|left|bilateral(?:ly)?|both|rt|lt|r|l|b/l|bilat|od|os|ou|rue|lue|rle|lle|ruq|luq|rlq|llq)\b", re.I
)
_SIDE_IN_TITLE = re.compile(r"\b(?:right|left|bilateral)\b", re.I)
_SIDED = frozenset({"LT", "RT", "50", "E1", "E2", "E3", "E4", "LC", "LD", "LM", "RC", "RI"})
_DIGITS = re.compile(r"[FT][1-9A]")
_NO_PART = frozenset(
    {"unspecified", "initial", "encounter", "subsequent", "closed", "open", "fracture", "with", "without", "other"}
    | {"and", "for", "the", "not", "pain", "due", "side", "part"}
)


def queries(
    encounter: Encounter,
    readings: Sequence[NoteReading],
    lines: Sequence[CodeLine],
    *,
    open_axes: Mapping[str, Sequence[str]] | None = None,
) -> tuple[Query, ...]:
    """Returns drafts of queries to the provider, most material first, at most ``MOST``.

    What is asked never depends on payment, groups or severity scores, and nothing is asked that the chart answers. The
    result does not depend on the order of the lines.

    Args:
        encounter: The encounter; setting, claim and age decide which templates apply.
        readings: Its notes, as the reader read them.
        lines: The proposed codes.
        open_axes: Axes that the notes leave open, by ICD-10-PCS code; by default those of the lines.
    """
    chart = ChartView(readings)
    ordered = sorted(lines, key=lambda line: line.ranked.code.code)
    codes = [line.ranked.code.code for line in ordered]
    axes = dict(open_axes) if open_axes is not None else {line.ranked.code.code: line.open_axes for line in lines}
    drafted: list[Query] = []
    topics: set[str] = set()
    for template in templates():
        if len(drafted) == MOST:
            break
        if template.topic in topics or not _applies(template, encounter, codes):
            continue
        query = _draft(template, chart, ordered, axes, encounter.setting)
        if query is not None:
            drafted.append(query)
            topics.add(template.topic)
    return tuple(drafted)


def _applies(template: Template, encounter: Encounter, codes: Sequence[str]) -> bool:
    """Whether setting, claim, age and proposed codes leave room for a template."""
    if template.settings and encounter.setting not in template.settings:
        return False
    if template.claims and encounter.claim not in template.claims:
        return False
    youngest, oldest = template.ages
    if encounter.patient.age is not None and not youngest <= encounter.patient.age <= oldest:
        return False
    if any(fits(template.unless_codes, code) for code in codes):
        return False
    needed = template.codes[1:] if template.named else template.codes
    return all(any(fits(patterns, code) for code in codes) for patterns in needed)


def _draft(
    template: Template,
    chart: ChartView,
    lines: Sequence[CodeLine],
    axes: Mapping[str, Sequence[str]],
    setting: Setting,
) -> Query | None:
    """Returns the query of a template, ``None`` where a chart does not call for it or has answered it.

    After a visit a detail is asked of a disease that stands in the assessment, and a treatment counts that is more than
    a line of the list of medicines (guideline IV.J: conditions that the visit dealt with).
    """
    anchors = _anchors(template, lines, axes, chart, setting)
    if anchors is None:
        return None
    indicators = list(anchors)
    for alternatives in template.when:
        met = [evidence for condition in alternatives for evidence in condition.met(chart)]
        if setting in _OFFICES and template.kind == "treatment":
            met = [evidence for evidence in met if not chart.is_history(evidence)]
        if not met:
            return None
        indicators.extend(met)
    if not indicators or any(condition.said(chart) for condition in template.unless):
        return None
    for condition in template.shows:
        indicators.extend(condition.met(chart))
    return Query(
        template=template.id,
        indicators=_distinct(indicators, chart),
        question=template.question.replace("{named}", f'"{_short(anchors)}"'),
        options=template.options,
    )


def _anchors(
    template: Template,
    lines: Sequence[CodeLine],
    axes: Mapping[str, Sequence[str]],
    chart: ChartView,
    setting: Setting,
) -> tuple[Evidence, ...] | None:
    """Returns the words for the codes that a template is about, ``None`` where there is no such code with words."""
    if not (template.codes or template.title or template.axis or template.poa):
        return ()
    found: list[Evidence] = []
    sided = any(_SIDE_IN_TITLE.search(line.ranked.title) for line in lines)
    for number, patterns in enumerate(template.codes or ((),)):
        fitting = [line for line in lines if not patterns or fits(patterns, line.ranked.code.code)]
        if number == 0:
            fitting = [line for line in fitting if _line_fits(template, line, axes, chart, sided)]
        words = [e for line in fitting for e in _evidence(line) if _speaks(template, e, chart, setting)]
        if number == 0 and not words and template.named:
            words = [find.evidence for find in chart.assessed(template.named)]
        if not words:
            return None
        found.append(chart.whole(words[0], template.named) if number == 0 and template.named else words[0])
    return tuple(found)


def _speaks(template: Template, evidence: Evidence, chart: ChartView, setting: Setting) -> bool:
    """Whether words for a code stand where a query about its detail may rest on them."""
    if setting not in _STAYS and template.kind in _DETAIL:
        return chart.is_assessed(evidence)
    return template.kind not in _DIAGNOSED or not chart.is_finding(evidence)


def _line_fits(
    template: Template, line: CodeLine, axes: Mapping[str, Sequence[str]], chart: ChartView, sided: bool
) -> bool:
    """Whether a line is one that the template's first set is about; ``sided`` if a diagnosis gives a side."""
    title = line.ranked.title.lower()
    if template.title and not any(word in title for word in template.title):
        return False
    if template.axis and template.axis not in axes.get(line.ranked.code.code, ()):
        return False
    if template.poa and line.poa != "U":
        return False
    if template.unsided and (any(m in _SIDED or _DIGITS.fullmatch(m) for m in line.modifiers) or sided):
        return False
    return template.kind != "laterality" or not _side_said(line, chart)


def _side_said(line: CodeLine, chart: ChartView) -> bool:
    """Whether a sentence names a side together with the words for the code, or with a body part of its title."""
    for support in line.ranked.support:
        if _SIDE.search(chart.sentence_of(support.evidence.note_id, support.evidence.start)):
            return True
    parts = set(_WORD.findall(line.ranked.title.lower())) - _NO_PART
    return any(
        _SIDE.search(sentence) for text in chart.texts() for sentence in _part_sentences(text.lower(), frozenset(parts))
    )


def _part_sentences(text: str, parts: frozenset[str]) -> Iterable[str]:
    """Yields the surroundings of words of ``parts``."""
    for part in parts:
        at = text.find(part)
        while at >= 0:
            yield text[max(0, at - _NAMED) : at + _NAMED]
            at = text.find(part, at + 1)


def _evidence(line: CodeLine) -> list[Evidence]:
    """Returns the words that name a code as present, those of its best support first."""
    return [s.evidence for s in line.ranked.support if s.assertion.status is AssertionStatus.PRESENT]


def _distinct(indicators: Iterable[Evidence], chart: ChartView) -> tuple[Evidence, ...]:
    """Returns the indicators in the order of the chart; of two that overlap the one that holds the other stays."""
    kept: list[Evidence] = []
    for evidence in indicators:
        overlapping = [
            k for k in kept if k.note_id == evidence.note_id and k.start < evidence.end and evidence.start < k.end
        ]
        if all(evidence.start <= k.start and k.end <= evidence.end for k in overlapping):
            kept = [k for k in kept if k not in overlapping]
            if len(kept) < _INDICATORS:
                kept.append(evidence)
    return tuple(sorted(kept, key=lambda e: (chart.number(e.note_id), e.start)))


def _short(anchors: Sequence[Evidence]) -> str:
    quote = " ".join(anchors[0].quote.split()) if anchors else ""
    return quote if len(quote) <= _NAMED else quote[: _NAMED - 3].rsplit(" ", 1)[0] + "..."
