"""What a chart says about a query's subject: named groups of words with what is asserted of them, and values.

``queries/indicators.tsv`` holds the words, ``queries/groups.tsv`` the groups and where in a chart their words count.
A group counts as *found* where its words are asserted of the patient now, and as *said* wherever they stand, in any
assertion: a chart that says "no AKI" has answered the question.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from suggest.em.cues import Cue, CueTable, split_words
from suggest.errors import ResourceError
from suggest.headings import families
from suggest.queries.values import Value, value_reader
from suggest.reading import NoteReading
from suggest.records import AssertionStatus, AuthorRole, Evidence
from suggest.resources import read_table

INDICATORS = "queries/indicators.tsv"
GROUPS = "queries/groups.tsv"
PLACES = frozenset({"current", "any", "assessed"})

_NEGATIONS = frozenset(
    {"no", "not", "denies", "denied", "without", "neg", "negative", "never", "nor", "declined", "none", "avoid", "w"}
    | {"wean", "weaned", "off", "stopped", "hold", "held", "avoided", "against", "free"}
)
_SUPPOSED = frozenset(
    {"if", "consider", "considered", "considering", "discussed", "offer", "offered", "may", "might", "would", "could"}
    | {"should", "possible", "possibly", "likely", "probable", "suspect", "suspected", "risk", "versus", "vs"}
    | {"evaluate", "evaluated", "evaluation", "qualified", "qualifies", "qualify", "tested", "testing"}
    | {"further", "planned", "scheduled"}
)

_BREAKS = frozenset({".", ";", ":", "but"})
_REFUSED = re.compile(
    r"[ ,?(:-]{1,3}(?:was |were |is )?(?:avoided|declined|deferred|refused|held|considered|planned|scheduled"
    r"|none\b|neg(?:ative)?\b|no\b"
    r"|ruled out|r/o|unlikely|if\b|prn\b|as needed|not (?:needed|indicated|given|required|done|started))",
    re.I,
)
_REACH = 4
_BESIDE = 80  # characters between words that say something of each other
_RISKS = re.compile(
    r"\b(?:risks|possible complications|complications (?:of [^.;]{1,40} )?(?:such as|including))\b", re.I
)
_STOP = re.compile(r"[.?!](?=[\s,]|$)|\n")
_PARTED = re.compile(r"[.;](?=[\s,]|$)|(?<![:,])\n")


@dataclass(frozen=True, slots=True)
class Find:
    """Words of a group in a note.

    Attributes:
        evidence: The words.
        status: What is asserted of them.
        note: Number of the note.
        family: Family of the section.
        provider: Whether the provider wrote the note.
    """

    evidence: Evidence
    status: AssertionStatus
    note: int
    family: str
    provider: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A group of words: where they count as found, and a pattern where words do not do."""

    place: str
    pattern: re.Pattern[str] | None


@cache
def groups() -> dict[str, Group]:
    """Returns the groups by name.

    Raises:
        ResourceError: A place or a pattern is none.
    """
    found: dict[str, Group] = {}
    for row in read_table(GROUPS):
        if row["place"] not in PLACES:
            raise ResourceError(
                f"{GROUPS}: group {row['group']!r} has the place {row['place']!r}; expected one of {sorted(PLACES)}"
            )
        try:
            found[row["group"]] = Group(row["place"], re.compile(row["pattern"], re.I) if row["pattern"] else None)
        except re.error as error:
            raise ResourceError(f"{GROUPS}: group {row['group']!r}: the pattern does not compile: {error}") from None
    return found


@cache
def _indicators() -> CueTable:
    table = CueTable(read_table(INDICATORS), "term")
    for row in table.rows:
        unknown = set(row["groups"].split()) - groups().keys()
        if unknown or not row["groups"]:
            raise ResourceError(
                f"{INDICATORS}: term {row['term']!r} names the groups {sorted(unknown)}; add them to {GROUPS}"
            )
    return table


class _NoteView:
    """One note: its words, the groups that they belong to, and its values."""

    def __init__(self, reading: NoteReading) -> None:
        self.reading = reading
        self.text = reading.note.text
        self.provider = reading.note.author_role is AuthorRole.PROVIDER
        self.words = split_words(self.text)
        self.cues: dict[str, list[Cue]] = {}
        for cue in _indicators().find_all(self.words):
            for group in _indicators().rows[cue.row]["groups"].split():
                self.cues.setdefault(group, []).append(cue)
        self._section_starts = [section.start for section in reading.sections]
        self.has_assessment = any(_counts(section.family, "assessed") for section in reading.sections)
        self._bounds = [int(reading.offsets[i]) for i in reading.sentence_start]

    @cached_property
    def values(self) -> dict[str, list[Value]]:
        """The values by name, in the order of the text."""
        found: dict[str, list[Value]] = {}
        for value in value_reader().read(self.text, self.words):
            if families()[self.family(value.start)].current != "no":
                found.setdefault(value.name, []).append(value)
        return found

    @cached_property
    def _mentioned(self) -> tuple[list[int], list[tuple[int, AssertionStatus]], int]:
        """Mentions that are not simply present: their starts in order, their ends and statuses, and the longest."""
        other = sorted(
            (m.start, m.end, m.assertion.status)
            for m in self.reading.mentions
            if m.assertion.status is not AssertionStatus.PRESENT
        )
        starts = [start for start, _, _ in other]
        return starts, [(end, status) for _, end, status in other], max((e - s for s, e, _ in other), default=0)

    def _sentence(self, offset: int) -> int:
        return bisect_right(self._bounds, offset) - 1

    def sentence(self, offset: int) -> str:
        """Returns the sentence that holds ``offset``."""
        at = self._sentence(offset)
        end = self._bounds[at + 1] if at + 1 < len(self._bounds) else len(self.text)
        return self.text[self._bounds[max(at, 0)] : end]

    def rest(self, offset: int) -> str:
        """Returns what follows ``offset`` up to the next full stop or line: what stands behind a semicolon as well."""
        stop = _STOP.search(self.text, offset)
        return self.text[offset : stop.start() if stop else len(self.text)]

    def beside(self, one: Evidence, other: Evidence) -> bool:
        """Whether nothing parts two spans of the note: they overlap, or stand in one statement close to each other."""
        between = min(one.end, other.end), max(one.start, other.start)
        if between[1] - between[0] > _BESIDE:
            return False
        return _PARTED.search(self.text[between[0] : between[1]]) is None

    def family(self, offset: int) -> str:
        """Returns the family of the section that holds ``offset``."""
        at = bisect_right(self._section_starts, offset) - 1
        return self.reading.sections[at].family if at >= 0 else "none"

    def finds(self, group: str) -> Iterator[Find]:
        """Yields the words of a group with their assertion."""
        pattern = groups()[group].pattern
        if pattern is not None:
            for match in pattern.finditer(self.text):
                yield self._find(match.start(), match.end(), AssertionStatus.PRESENT)
        for cue in self.cues.get(group, ()):
            yield self._find(cue.start, cue.end, self._status(cue))

    def _find(self, start: int, end: int, status: AssertionStatus) -> Find:
        return Find(self.evidence(start, end), status, self.reading.number, self.family(start), self.provider)

    def _status(self, cue: Cue) -> AssertionStatus:
        """Returns what a mention that overlaps the words is asserted to be, else what the words before them say."""
        starts, mentioned, longest = self._mentioned
        for i in range(bisect_left(starts, cue.start - longest), bisect_left(starts, cue.end)):
            end, status = mentioned[i]
            if cue.start < end:
                return status
        if _REFUSED.match(self.text, cue.end):
            return AssertionStatus.NEGATED
        begin = self._bounds[max(self._sentence(cue.start), 0)] if self._bounds else 0
        for i in range(cue.first - 1, max(cue.first - 1 - _REACH, -1), -1):
            word = self.words.texts[i]
            if self.words.starts[i] < begin or word in _BREAKS:
                break
            if word in _NEGATIONS and not (word == "w" and self.words.texts[i + 1 : i + 3] != ("/", "o")):
                return AssertionStatus.NEGATED
            if word in _SUPPOSED:
                return AssertionStatus.POSSIBLE
        if _RISKS.search(self.text, begin, cue.start):
            return AssertionStatus.POSSIBLE
        return AssertionStatus.PRESENT

    def evidence(self, start: int, end: int) -> Evidence:
        """Returns the evidence of a span."""
        return Evidence(self.reading.note.id, start, end, self.text[start:end])


class ChartView:
    """The notes of an encounter as conditions of queries see them; each is read once."""

    def __init__(self, readings: Sequence[NoteReading]) -> None:
        """Finds the words of all groups; values are read when one is asked for."""
        self._notes = {reading.number: _NoteView(reading) for reading in sorted(readings, key=lambda r: r.number)}
        self._finds: dict[str, tuple[Find, ...]] = {}

    def finds(self, group: str) -> tuple[Find, ...]:
        """Returns all words of a group, in the order of the notes, whatever is asserted of them."""
        if group not in self._finds:
            self._finds[group] = tuple(
                find
                for note in self._notes.values()
                for find in sorted(note.finds(group), key=lambda find: find.evidence.start)
            )
        return self._finds[group]

    def found(self, group: str) -> tuple[Find, ...]:
        """Returns the words of a group that are asserted of the patient now, where the group counts."""
        place = groups()[group].place
        return tuple(
            find for find in self.finds(group) if find.status is AssertionStatus.PRESENT and _counts(find.family, place)
        )

    def said(self, group: str) -> bool:
        """Whether the words of a group stand anywhere, or in an assessment where they count there, in any assertion."""
        if groups()[group].place == "assessed":
            return any(_counts(find.family, "assessed") for find in self.finds(group))
        return bool(self.finds(group))

    def assessed(self, group: str) -> tuple[Find, ...]:
        """Returns the words of a group that a provider asserts of the patient now in an assessment."""
        return tuple(
            find
            for find in self.finds(group)
            if find.provider and find.status is AssertionStatus.PRESENT and _counts(find.family, "assessed")
        )

    def beside(self, group: str, other: str) -> tuple[Find, ...]:
        """Returns the words of a group that stand beside words of another one, in any assertion."""
        return tuple(
            find
            for find in self.finds(group)
            if any(
                near.note == find.note and self._notes[find.note].beside(find.evidence, near.evidence)
                for near in self.finds(other)
            )
        )

    def is_history(self, evidence: Evidence) -> bool:
        """Whether words stand in a history or a list of medicines of a note that has an assessment."""
        return self._weight(evidence) == "history"

    def is_finding(self, evidence: Evidence) -> bool:
        """Whether words stand in an examination or a report of a note that has an assessment."""
        return self._weight(evidence) == "objective"

    def _weight(self, evidence: Evidence) -> str:
        note = self._note(evidence.note_id)
        return families()[note.family(evidence.start)].weight if note is not None and note.has_assessment else ""

    def whole(self, evidence: Evidence, group: str) -> Evidence:
        """Returns words widened by words of a group that overlap them: "congestive heart" by "heart failure"."""
        note = self._note(evidence.note_id)
        spans = [f.evidence for f in self.finds(group) if f.evidence.note_id == evidence.note_id]
        over = [span for span in spans if span.start < evidence.end and evidence.start < span.end]
        if note is None or not over:
            return evidence
        return note.evidence(
            min(evidence.start, *(span.start for span in over)), max(evidence.end, *(span.end for span in over))
        )

    def is_assessed(self, evidence: Evidence) -> bool:
        """Whether words stand in an assessment, or in a note without one."""
        note = self._note(evidence.note_id)
        if note is None:
            return False
        return _counts(note.family(evidence.start), "assessed") or not note.has_assessment

    def values(self, name: str) -> tuple[tuple[Value, Evidence], ...]:
        """Returns the values of a name with their words, in the order of the notes."""
        return tuple(
            (value, note.evidence(value.start, value.end))
            for note in self._notes.values()
            for value in note.values.get(name, ())
        )

    def sentence_of(self, note_id: str, start: int) -> str:
        """Returns the sentence of the note ``note_id`` that holds an offset; empty for a note that was not read."""
        note = self._note(note_id)
        return note.sentence(start) if note else ""

    def rest_of_statement(self, evidence: Evidence) -> str:
        """Returns what follows words up to the next full stop."""
        note = self._note(evidence.note_id)
        return note.rest(evidence.end) if note else ""

    def _note(self, note_id: str) -> _NoteView | None:
        return next((note for note in self._notes.values() if note.reading.note.id == note_id), None)

    def number(self, note_id: str) -> int:
        """Returns the position of a note in the encounter; the last for a note that was not read."""
        return next((n for n, note in self._notes.items() if note.reading.note.id == note_id), len(self._notes))

    def texts(self) -> Iterator[str]:
        """Yields the texts of the notes."""
        for note in self._notes.values():
            yield note.text


def _counts(family: str, place: str) -> bool:
    """Whether words in a section count for a group: ``current`` leaves histories and home medicines out."""
    kind = families()[family]
    if place == "any":
        return kind.current != "no"
    if place == "assessed":
        return kind.weight == "assessment" and kind.current != "no"
    return kind.current != "no" and kind.weight != "history"
