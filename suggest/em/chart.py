"""What the E/M rules need to know of a chart: where things are assessed, the list of problems, cues by place."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from suggest.em.cues import Cue, CueTable, Words, cue_table, split_words
from suggest.em.regions import GIVEN, HISTORY, HOME_MEDICINES, ONE_LINE, Item, assessed_spans, items_of
from suggest.reading import NoteReading
from suggest.records import Encounter, Evidence, Section, Setting

_NEGATIONS = frozenset(
    {
        "avoid",
        "avoiding",
        "doubt",
        "no",
        "not",
        "denies",
        "denied",
        "without",
        "neg",
        "negative",
        "never",
        "nor",
        "declined",
        "none",
    }
)
_LINE = re.compile(r"\S[^\n]*")
_REFUSED = re.compile(
    r"[ ,]{1,2}(?:avoided|declined|deferred|refused|not (?:needed|indicated|given|required|done)|none\b)", re.I
)
_REACH = 4
_TITLE = 160
_HEAD = 420


class NoteChart:
    """One note as the E/M rules see it."""

    def __init__(self, reading: NoteReading, encounter: Encounter) -> None:
        """Reads words and places of a note of ``encounter``."""
        setting = encounter.setting
        self.year = encounter.date_of_service.year if encounter.date_of_service else None
        self._emergency = setting is Setting.ED
        self.in_hospital = setting in (Setting.INPATIENT, Setting.PROFESSIONAL_INPATIENT)
        self.reading = reading
        self.text = reading.note.text
        self.words: Words = split_words(self.text)
        self._found: dict[CueTable, tuple[list[int], list[Cue]]] = {}
        self._section_starts = [section.start for section in reading.sections]
        self.assessed = assessed_spans(self.text, reading.sections, emergency=self._emergency)
        self._assessed_starts = [start for start, _ in self.assessed]
        self._bounds = [int(reading.offsets[i]) for i in reading.sentence_start]

    @cached_property
    def items(self) -> list[Item]:
        """The problems of the assessment, in order."""
        return [item for start, end in self.assessed for item in items_of(self.text, start, end, self._bounds)]

    @cached_property
    def _item_starts(self) -> list[int]:
        return [item.start for item in self.items]

    @cached_property
    def first_end(self) -> int:
        """Offset after the first line with text."""
        return self._line_end(1)

    @cached_property
    def title_end(self) -> int:
        """Offset after the title: the first two lines with text."""
        return self._line_end(2)

    @property
    def head_end(self) -> int:
        """Offset after the part that says what kind of visit it was."""
        return min(_HEAD, len(self.text))

    def section(self, offset: int) -> Section | None:
        """Returns the section that holds ``offset``."""
        at = bisect_right(self._section_starts, offset) - 1
        return self.reading.sections[at] if at >= 0 else None

    def is_history(self, offset: int) -> bool:
        """Whether ``offset`` lies in a history, list or list of home medicines, outside the assessment."""
        if self.is_assessed(offset):
            return False
        section = self.section(offset)
        if section is None:
            return False
        if section.family in HOME_MEDICINES:
            return GIVEN.match(self.text, section.start) is None
        if section.family in ONE_LINE and self.text.find("\n", section.body, offset) >= 0:
            return False  # such headings often stand before one line, and the next line has none
        return section.family in HISTORY

    def is_assessed(self, offset: int) -> bool:
        """Whether ``offset`` lies in the assessment, plan or course."""
        at = bisect_right(self._assessed_starts, offset) - 1
        return at >= 0 and offset < self.assessed[at][1]

    def is_managed(self, offset: int) -> bool:
        """Whether what was decided and given may stand at ``offset``: the assessment.

        Emergency department charts often tell the course without a heading, behind the examination.
        """
        if self.is_assessed(offset):
            return True
        return self._emergency and offset > 0.5 * len(self.text) and not self.is_history(offset)

    def is_late(self, offset: int) -> bool:
        """Whether an explicit decision may stand at ``offset``: the assessment, or behind the history."""
        return self.is_assessed(offset) or (offset > 0.4 * len(self.text) and not self.is_history(offset))

    def sentence(self, offset: int) -> tuple[int, int]:
        """Returns the offsets of the sentence that holds ``offset``."""
        at = max(bisect_right(self._bounds, offset) - 1, 0)
        end = self._bounds[at + 1] if at + 1 < len(self._bounds) else len(self.text)
        return self._bounds[at] if self._bounds else 0, end

    def item(self, offset: int) -> Item | None:
        """Returns the problem of the assessment that ``offset`` lies in."""
        at = bisect_right(self._item_starts, offset) - 1
        return self.items[at] if at >= 0 and offset < self.items[at].end else None

    def find(self, table: CueTable, start: int = 0, end: int | None = None) -> Iterator[Cue]:
        """Yields the cues of ``table`` that begin in ``[start, end)``."""
        limit = len(self.text) if end is None else end
        starts, cues = self._cues(table)
        for i in range(bisect_left(starts, start), bisect_left(starts, limit)):
            yield cues[i]

    def is_negated(self, cue: Cue) -> bool:
        """Whether a negation stands within four words before ``cue`` in its sentence, or a refusal right behind it."""
        if _REFUSED.match(self.text, cue.end):
            return True
        begin, _ = self.sentence(cue.start)
        for i in range(cue.first - 1, max(cue.first - 1 - _REACH, -1), -1):
            if self.words.starts[i] < begin or self.words.texts[i] in ".;:,":
                return False
            if self.words.texts[i] in _NEGATIONS:
                return True
        return False

    def evidence(self, start: int, end: int) -> Evidence:
        """Returns the evidence of a span."""
        return Evidence(self.reading.note.id, start, end, self.text[start:end])

    def _line_end(self, lines: int) -> int:
        ends = [match.end() for match, _ in zip(_LINE.finditer(self.text), range(lines), strict=False)]
        return min(ends[-1] if ends else 0, _TITLE)

    def _cues(self, table: CueTable) -> tuple[list[int], list[Cue]]:
        """Returns the offsets and the cues of a table, found once a note."""
        if table not in self._found:
            cues = list(table.find(self.words))
            self._found[table] = ([cue.start for cue in cues], cues)
        return self._found[table]


@dataclass(frozen=True, slots=True)
class Chart:
    """The notes of an encounter as the E/M rules see them, with what the document says of the kind of visit.

    Attributes:
        encounter: The encounter.
        notes: Its notes, in order.
        kinds: Kinds of visit that cues of ``documents.tsv`` name, with their evidence.
    """

    encounter: Encounter
    notes: tuple[NoteChart, ...]
    kinds: dict[str, tuple[Evidence, ...]]

    def note(self, note_id: str) -> NoteChart | None:
        """Returns the note with an id."""
        return next((note for note in self.notes if note.reading.note.id == note_id), None)


def make_chart(encounter: Encounter, readings: Sequence[NoteReading]) -> Chart:
    """Prepares the notes of ``encounter`` for the E/M rules."""
    notes = tuple(NoteChart(reading, encounter) for reading in readings)
    return Chart(encounter, notes, _kinds(notes))


def _kinds(notes: Sequence[NoteChart]) -> dict[str, tuple[Evidence, ...]]:
    table = cue_table("documents", "phrase")
    kinds: dict[str, tuple[Evidence, ...]] = {}
    for note in notes:
        ends = {"first": note.first_end, "title": note.title_end, "head": note.head_end, "note": len(note.text)}
        for cue in table.find_all(note.words):
            for entry in table.rows[cue.row]["cues"].split():
                kind, _, zone = entry.partition("@")
                if cue.start < ends[zone] and not note.is_negated(cue):
                    kinds[kind] = (*kinds.get(kind, ()), note.evidence(cue.start, cue.end))
    return kinds
