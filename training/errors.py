"""Finds what a suggester got wrong on coded charts, and at which stage each miss was lost.

Only diagnoses are looked at. Like the measures (``evaluate.py``) it leaves ``acceptable`` codes out, and counts
repeated codes once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from suggest.code_sets.index import CodeIndex
from suggest.policy import policy_for
from suggest.ranking import Model
from suggest.reading import NoteReading
from suggest.records import Evidence, RankedCode, Support, System
from training.predict import Outcome

_AROUND = 60
_LONGEST = 240
_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


class Kind(StrEnum):
    """What is wrong: a gold code that was not proposed, or a proposed code that is not gold."""

    MISS = "miss"
    FALSE_ALARM = "false alarm"


class Stage(StrEnum):
    """Where a miss was lost, in the order of the pipeline; behind them, what kind of false alarm it is."""

    NO_MENTION = "no mention"
    NO_CANDIDATE = "no candidate"
    WRONG_SIBLING = "wrong sibling"
    RANKED_LOW = "ranked low"
    SUPPRESSED = "suppressed"
    SIBLING_OF_GOLD = "sibling of a gold code"
    NOT_CODABLE = "listed as not codable"
    OTHER = "other"


LOST = tuple(Stage)[:5]
"""The stages at which a miss may be lost."""
FALSE_ALARMS = tuple(Stage)[5:]
"""The kinds of false alarms."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Words of a chart and what stands around them, on one line."""

    before: str
    words: str
    after: str


@dataclass(frozen=True, slots=True)
class CodingError:
    """One miss or false alarm.

    Attributes:
        kind: Miss or false alarm.
        stage: Where a miss was lost, or what kind of false alarm it is.
        detail: The codes or the rule behind it.
        chart: Id of the encounter.
        setting: Its setting.
        code: The code that was missed or proposed.
        title: Its title; empty where the code set lacks it.
        chapter: Number of its chapter (1 to 22), 0 where the code set lacks it.
        probability: Of the code (0 to 1); ``None`` where it was no candidate.
        threshold: Least probability of a proposal.
        rank: Place among all candidates, from 1; ``None`` likewise.
        excerpt: Evidence of gold, else the strongest mention; ``None`` where there is neither.
        words_of: The code that the excerpt led to, where that is a sibling.
        section: Family of the section of the excerpt.
        source: Id of the source of the candidate; empty where the code was none.
        term: The term of the terminology that the words matched.
    """

    kind: Kind
    stage: Stage
    detail: str
    chart: str
    setting: str
    code: str
    title: str
    chapter: int
    probability: float | None
    threshold: float
    rank: int | None
    excerpt: Excerpt | None
    words_of: str
    section: str
    source: str
    term: str


@dataclass(frozen=True, slots=True)
class FirstListedError:
    """A chart whose first proposed code is not the first gold code (``proposed`` is empty where there is none)."""

    chart: str
    setting: str
    gold: str
    gold_title: str
    proposed: str
    proposed_title: str
    outcome: str


@dataclass(slots=True)
class ErrorFinder:
    """Collects the errors of charts; ``observe`` takes them one by one.

    Attributes:
        index: The code set, for titles and chapters.
        model: The model that ranked, for its thresholds.
        charts: Number of charts seen.
        gold: Number of their gold codes.
        proposed: Number of proposed codes.
        errors: What was found.
        first_listed: Charts that begin with another code than gold.
    """

    index: CodeIndex
    model: Model
    charts: int = 0
    gold: int = 0
    proposed: int = 0
    errors: list[CodingError] = field(default_factory=list)
    first_listed: list[FirstListedError] = field(default_factory=list)

    def observe(self, outcome: Outcome) -> None:
        """Adds the errors of a chart."""
        threshold = self.model.threshold(policy_for(outcome.example.encounter))
        chart = _Chart(outcome, self.index, threshold)
        self.charts += 1
        self.gold += len(chart.gold)
        self.proposed += len(chart.proposed)
        self.errors.extend(chart.misses())
        self.errors.extend(chart.false_alarms())
        first = chart.first_listed()
        if first is not None:
            self.first_listed.append(first)


class _Chart:
    """One chart, with what the errors are found by."""

    def __init__(self, outcome: Outcome, index: CodeIndex, threshold: float) -> None:
        self._example = example = outcome.example
        self._index = index
        self._threshold = threshold
        self._mentions = outcome.candidates.mentions
        self._readings = {reading.note.id: reading for reading in outcome.candidates.readings}
        suggestion = outcome.suggestion
        ranked = [code for code in suggestion.ranked if code.code.system is System.ICD10CM]
        self._ranked = {code.code.code: (rank, code) for rank, code in enumerate(ranked, start=1)}
        self._held = {held.ranked.code.code: held for held in suggestion.suppressed}
        codes = [line.ranked.code for line in suggestion.codes]
        self._all_proposed = tuple(dict.fromkeys(code.code for code in codes if code.system is System.ICD10CM))
        self.proposed = tuple(code for code in self._all_proposed if code not in example.acceptable)
        self.gold: dict[str, tuple[Evidence, ...]] = {}
        for gold in example.gold:
            if gold.code.system is System.ICD10CM and gold.code.code not in example.acceptable:
                self.gold[gold.code.code] = (*self.gold.get(gold.code.code, ()), *gold.evidence)

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        return {identifier: reading.number for identifier, reading in self._readings.items()}

    def misses(self) -> Iterator[CodingError]:
        for code, evidence in self.gold.items():
            if code in self._all_proposed:
                continue
            stage, detail = self._lost_at(code, evidence)
            _rank, found = self._ranked.get(code, (None, None))
            rivals = self._rivals(code)
            shown = found or (self._ranked[rivals[0]][1] if rivals and not evidence else None)
            yield self._error(Kind.MISS, stage, detail, code, evidence=evidence, shown=shown)

    def false_alarms(self) -> Iterator[CodingError]:
        for code in self.proposed:
            if code in self.gold:
                continue
            siblings = [gold for gold in self.gold if gold[:3] == code[:3]]
            stage, detail = Stage.OTHER, ""
            if code in self._example.not_codable:
                stage = Stage.NOT_CODABLE
            elif siblings:
                stage, detail = Stage.SIBLING_OF_GOLD, f"gold is {', '.join(siblings)}"
            yield self._error(Kind.FALSE_ALARM, stage, detail, code, shown=self._ranked[code][1])

    def first_listed(self) -> FirstListedError | None:
        first, proposed = next(iter(self.gold), ""), next(iter(self.proposed), "")
        if not first or first == proposed:
            return None
        if first in self.proposed:
            outcome = f"proposed at place {self.proposed.index(first) + 1}"
        else:
            outcome = "not proposed" if first in self._ranked else "not candidate"
        encounter = self._example.encounter
        names = (first, self._title(first), proposed, self._title(proposed))
        return FirstListedError(encounter.id, encounter.setting, *names, outcome)

    def _lost_at(self, code: str, evidence: Sequence[Evidence]) -> tuple[Stage, str]:
        """Returns the stage at which a gold code was lost, and the codes or the rule behind it."""
        instead = self._instead(code)
        if code in self._ranked:
            if self._ranked[code][1].probability >= self._threshold:
                return Stage.SUPPRESSED, self._rule(code)
            proposed = any(rival in self._all_proposed for rival in self._rivals(code))
            return (Stage.WRONG_SIBLING, instead) if proposed else (Stage.RANKED_LOW, "")
        if evidence and not any(map(self._is_mentioned, evidence)):
            return Stage.NO_MENTION, instead
        if instead:
            return Stage.WRONG_SIBLING, instead
        return (Stage.NO_CANDIDATE if evidence else Stage.NO_MENTION), ""

    def _rivals(self, code: str) -> list[str]:
        """Returns the other candidates of the category, those that are proposed first, by falling probability."""
        rivals = [other for other in self._ranked if other[:3] == code[:3] and other != code]
        return sorted(rivals, key=lambda other: other not in self._all_proposed)

    def _instead(self, code: str) -> str:
        rivals = self._rivals(code)
        proposed = [other for other in rivals if other in self._all_proposed]
        if proposed:
            return f"{', '.join(proposed)} proposed"
        return f"{rivals[0]} is a candidate" if rivals else ""

    def _rule(self, code: str) -> str:
        held = self._held.get(code)
        if held is None:  # the pipeline does not report those of low probability
            return "by a selection rule"
        by = f" ({held.by})" if held.by else ""
        return f"{held.rule}: {held.reason}{by}"

    def _is_mentioned(self, evidence: Evidence) -> bool:
        """Whether any mention overlaps a span."""
        note = self._numbers.get(evidence.note_id)
        return any(m.note == note and m.start < evidence.end and evidence.start < m.end for m in self._mentions)

    def _error(
        self,
        kind: Kind,
        stage: Stage,
        detail: str,
        code: str,
        *,
        evidence: Sequence[Evidence] = (),
        shown: RankedCode | None,
    ) -> CodingError:
        """Returns a record of an error; ``shown`` is the candidate whose words are shown where gold names none."""
        rank, found = self._ranked.get(code, (None, None))
        support = shown.support[0] if shown and shown.support else None
        own = support if found else None
        place = next(iter(evidence), support.evidence if support else None)
        row = self._index.row(code)
        return CodingError(
            kind=kind,
            stage=stage,
            detail=detail,
            chart=self._example.encounter.id,
            setting=self._example.encounter.setting,
            code=code,
            title=self._title(code),
            chapter=0 if row is None else int(self._index.chapter[row]),
            probability=found.probability if found else None,
            threshold=self._threshold,
            rank=rank,
            excerpt=self._excerpt(place) if place else None,
            words_of=shown.code.code if shown and not found and not evidence else "",
            section=self._section(evidence[0]) if evidence else _section_of(support),
            source=own.source if own else "",
            term=own.matched_term if own else "",
        )

    def _title(self, code: str) -> str:
        row = self._index.row(code) if code else None
        return "" if row is None else self._index.title(row)

    def _section(self, evidence: Evidence) -> str:
        reading = self._readings.get(evidence.note_id)
        return family_at(reading, evidence.start) if reading else ""

    def _excerpt(self, evidence: Evidence) -> Excerpt | None:
        notes = {note.id: note.text for note in self._example.encounter.notes}
        return excerpt_of(notes[evidence.note_id], evidence.start, evidence.end)


def _section_of(support: Support | None) -> str:
    return support.section if support else ""


def family_at(reading: NoteReading, offset: int) -> str:
    """Returns the family of the section that holds an offset of a note; empty where there is none."""
    return next((s.family for s in reading.sections if s.start <= offset < s.end), "")


def excerpt_of(text: str, start: int, end: int) -> Excerpt:
    """Returns the words ``text[start:end]`` with about 60 characters on either side, cut at words."""
    before, words, after = text[max(0, start - _AROUND) : start], text[start:end], text[end : end + _AROUND]
    if start > _AROUND:
        before = "... " + before.partition(" ")[2]
    if end + _AROUND < len(text):
        after = after.rpartition(" ")[0] + " ..."
    if len(words) > _LONGEST:
        words = f"{words[: _LONGEST // 2]} ... {words[-_LONGEST // 2 :]}"
    return Excerpt(*(_BLANK.sub(" ", part) for part in (before, words, after)))
