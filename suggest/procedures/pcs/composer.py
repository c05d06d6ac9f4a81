"""Composes ICD-10-PCS codes for the notes of an encounter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from suggest.code_sets.icd10pcs import PcsIndex
from suggest.code_sets.pcs_labels import axis_names
from suggest.procedures.found import Found, Origin
from suggest.procedures.pcs.axes import Axes, Filled
from suggest.procedures.pcs.bypass import Graft, bypass_grafts
from suggest.procedures.pcs.context import NoteContext, Span, Track
from suggest.procedures.pcs.fusion import Fusion, spinal_fusions
from suggest.procedures.pcs.phrases import Match, PhraseTable
from suggest.procedures.pcs.tables import Condition, Knowledge, Procedure, knowledge
from suggest.reading import NoteReading
from suggest.records import System

_OPEN = 0.85  # quality of a code with a default for an axis that the chart leaves open
_ALTERNATIVE = 0.5  # of another value of that axis
_INTEGRAL = 0.3  # of an inspection beside a definitive procedure
_WIDEST = 12  # tokens back to the beginning of a longer phrase around another
_LEAST = 0.2  # codes less sure than this are not given, but where mentions count
_PREFIX = 4  # characters of a code that a benchmark cuts where the rest is unsaid
_MOST_SITES_MENTIONED = 3
_BYPASS = ("coronary artery bypass", "B3.6b: by number of coronary arteries and the vessel bypassed from")
_FUSION = ("spinal fusion", "B3.10: by number of joints; a cage goes before bone graft (B3.10c)")


class PcsComposer:
    """Composes codes of one edition; holds the compiled tables, so make it once."""

    def __init__(self, index: PcsIndex, tables: Knowledge | None = None) -> None:
        """Compiles the tables (those that ship by default) against the codes of ``index``."""
        self._tables = tables or knowledge()
        self._following = lru_cache(maxsize=65536)(index.values)
        self._axes = Axes(self._tables.sites, self._tables.values, self._following)
        kinds = (self._tables.procedures, self._tables.sites, self._tables.values)
        self._bounds = (len(kinds[0]), len(kinds[0]) + len(kinds[1]))
        rows = [row for kind in kinds for row in kind]
        self._phrases = PhraseTable((term, i) for i, row in enumerate(rows) for term in row.terms)

    def compose(self, readings: Iterable[NoteReading], *, mentioned: bool = False) -> list[Found]:
        """Returns the procedures that notes speak of, one for each code and span.

        What was planned, declined or done in the past is among them: the span tells.

        Args:
            readings: What was read of the notes of an encounter.
            mentioned: Give also codes cut to their first four characters where the rest is not said, and several
                readings of a region, as benchmarks of mentions have them.
        """
        return [found for reading in readings for found in self._note(reading, mentioned=mentioned)]

    def _note(self, reading: NoteReading, *, mentioned: bool) -> list[Found]:
        note = self._context(reading)
        found: dict[tuple[str, int], Found] = {}
        taken: dict[int, list[tuple[Match, frozenset[str]]]] = {}  # first token: phrases that gave codes, their kinds
        for cue in sorted(note.procedures.matches, key=lambda cue: -cue.words):
            around = (pair for first in range(cue.first - _WIDEST, cue.first + 1) for pair in taken.get(first, ()))
            said = {kind for other, kinds in around if _holds_phrase(other, cue) for kind in kinds}
            items = self._cued(cue, note, said, mentioned=mentioned)
            if items:
                taken.setdefault(cue.first, []).append((cue, frozenset(_kind(item.code) for item in items)))
            for item in items:
                key = (item.code, note.sentence_of(item.first))
                if key not in found or found[key].quality < item.quality:
                    found[key] = item
        for item in self._special(note, mentioned=mentioned):
            found.setdefault((item.code, note.sentence_of(item.first)), item)
        return _settled(found.values(), mentioned=mentioned)

    def _cued(self, cue: Match, note: NoteContext, said: set[str], *, mentioned: bool) -> list[Found]:
        """Returns what a phrase leads to, by all procedures that it may name and whose conditions hold.

        Sections that a longer phrase around it has spoken for (``said``) are left out: "excisional debridement" is
        no other debridement.
        """
        found = []
        for number in cue.ids:
            procedure = self._tables.procedures[number]
            if _kind(procedure.pattern) not in said and self._holds(procedure.conditions, cue, note):
                found += self._compose(procedure, cue, note, mentioned=mentioned)
        return found

    def _special(self, note: NoteContext, *, mentioned: bool) -> Iterator[Found]:
        """Yields what depends on counting: coronary bypasses and spinal fusions."""
        for graft in bypass_grafts(note):
            yield from self._counted(graft.code, graft.span, (), graft, note, _BYPASS, mentioned=mentioned)
        for fusion in spinal_fusions(note):
            yield from self._counted(
                fusion.code, fusion.span, fusion.further, fusion, note, _FUSION, mentioned=mentioned
            )

    def _counted(
        self,
        code: str,
        span: Span,
        further: tuple[Span, ...],
        item: Graft | Fusion,
        note: NoteContext,
        wording: tuple[str, str],
        *,
        mentioned: bool,
    ) -> Iterator[Found]:
        if code[-1] not in self._following(code[:-1]):
            return
        found = Found(
            code=code,
            system=System.ICD10PCS,
            note=note.reading.number,
            first=span[0],
            last=span[1],
            origin=Origin.COMPOSED,
            quality=item.quality,
            met=len(further),
            unsaid=len(item.open_axes),
            term=wording[0],
            reason=wording[1],
            further=further,
            open_axes=item.open_axes,
        )
        yield found
        if mentioned and self._is_cut(code):
            yield self._cut(found)

    def _context(self, reading: NoteReading) -> NoteContext:
        procedures: list[Match] = []
        sites: list[Match] = []
        values: list[Match] = []
        first, second = self._bounds
        for match in self._phrases.matches(reading.tokens):
            for kind, low, high in ((procedures, 0, first), (sites, first, second), (values, second, None)):
                ids = tuple(i - low for i in match.ids if i >= low and (high is None or i < high))
                if ids:
                    kind.append(Match(match.first, match.last, match.sentence, match.words, ids))
        track = Track(values)
        sites = [site for site in sites if not any(_within(site, value) for value in track.near(site, 0))]
        return NoteContext(reading, procedures, sites, values)

    def _holds(self, conditions: Sequence[Condition], cue: Match, note: NoteContext) -> bool:
        for condition in conditions:
            if condition.kind == "note":
                if not note.note_says(condition.words):
                    return False
            elif condition.kind != "site" and note.says(condition.words, cue.sentence) == (condition.kind == "not"):
                return False
        return True

    def _compose(self, procedure: Procedure, cue: Match, note: NoteContext, *, mentioned: bool) -> list[Found]:
        most = _MOST_SITES_MENTIONED if mentioned else 1
        found: list[Found] = []
        for choices in self._axes.sites(procedure, cue, note, most=most):
            given = 0
            for site in choices:
                filled = self._axes.fill(procedure, site, cue, note)
                for rank, item in enumerate(filled):
                    found.append(self._found(procedure, cue, note, item, rank, site_open=not site.said))
                    if mentioned and self._is_cut(item.code):
                        found.append(self._cut(found[-1]))
                given += bool(filled) and site.said and not site.together
                if given >= most:
                    break
        return found

    def _found(
        self, procedure: Procedure, cue: Match, note: NoteContext, item: Filled, rank: int, *, site_open: bool
    ) -> Found:
        names = axis_names(item.code[0])
        open_axes = [names[i] for i in item.unsaid if _leaves_open(procedure, i)]
        if site_open and names[3] not in open_axes:
            open_axes.insert(0, names[3])
        quality = item.quality * (_OPEN if open_axes else 1.0) * (_ALTERNATIVE if rank else 1.0)
        return Found(
            code=item.code,
            system=System.ICD10PCS,
            note=note.reading.number,
            first=cue.first,
            last=cue.last,
            origin=Origin.COMPOSED,
            quality=round(quality, 3),
            met=len(item.spans),
            unsaid=len(item.unsaid),
            term=procedure.terms[0],
            reason=procedure.source,
            further=tuple(sorted(set(item.spans))),
            open_axes=tuple(open_axes),
        )

    def _is_cut(self, code: str) -> bool:
        """Tells whether several codes begin with the first four characters of a code."""
        return any(len(self._following(code[:length])) > 1 for length in range(_PREFIX, len(code)))

    def _cut(self, found: Found) -> Found:
        names = axis_names(found.code[0])
        return Found(
            code=found.code[:_PREFIX],
            system=found.system,
            note=found.note,
            first=found.first,
            last=found.last,
            origin=found.origin,
            quality=found.quality,
            met=found.met,
            unsaid=found.unsaid,
            term=found.term,
            reason=found.reason,
            further=found.further,
            open_axes=names[_PREFIX:],
        )


def _kind(code: str) -> str:
    """Returns what phrases within each other compete for: a section; transfusions never do, by the vein."""
    return code[:4] if code.startswith("302") else code[0]


def _holds_phrase(longer: Match, match: Match) -> bool:
    return longer.first <= match.first and match.last <= longer.last and match.words < longer.words


def _within(site: Match, value: Match) -> bool:
    """Tells whether a body part is a word of a device: "bovine pericardial patch"."""
    return value.first <= site.first and site.last <= value.last and value.words > site.words


def _leaves_open(procedure: Procedure, position: int) -> bool:
    rule = procedure.axes.get(procedure.pattern[position])
    return rule is not None and rule.open


def _settled(found: Iterable[Found], *, mentioned: bool) -> list[Found]:
    """Takes back what other words of the note decide.

    A code with an open axis steps back where the same operation on the same body part stands elsewhere with that
    axis said. An inspection beside a definitive procedure on the same system is integral to it (guideline B3.11a).
    """
    items = sorted(found, key=lambda item: (item.first, item.last, item.code))
    if mentioned:
        return items
    said = {item.code[:4] for item in items if not item.open_axes}
    kept = [item for item in items if not (item.open_axes and item.code[:4] in said)]
    codes = {item.code for item in kept}
    return [item for item in (_integral(item, codes) for item in kept) if item.quality >= _LEAST]


def _integral(item: Found, codes: set[str]) -> Found:
    if item.code[0] != "0" or item.code[2] != "J":
        return item
    definitive = any(_reaches(code, item.code) for code in codes)
    return _weaker(item, _INTEGRAL) if definitive else item


def _reaches(code: str, inspection: str) -> bool:
    """Tells whether a definitive procedure goes the way of an inspection, so that it includes it."""
    if code[0] != "0" or code[2] == "J" or code[4] != inspection[4]:
        return False
    return (
        code[1] == inspection[1]
        or code[:4] in _BLEEDING.get(inspection[1], ())
        or (inspection[:4] == "0WJG" and code[1] in "DFTUV")
    )


_BLEEDING = {"D": ("0W3P", "06L3", "0F9C", "0FC9", "0F79", "0F8C"), "B": ("0W3Q",), "T": ("0W3R",)}


def _weaker(item: Found, factor: float) -> Found:
    return replace(item, quality=round(item.quality * factor, 3))
