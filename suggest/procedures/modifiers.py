"""Modifiers of CPT and HCPCS codes, each with the reason for it.

One small function for each kind; the words and codes that they look for are tables in ``resources/services``. A
modifier that a payer decides on (``PT`` for ``33``) follows the payer of the encounter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from spacy.strings import get_string_id

from suggest.code_sets.services import ServiceCode
from suggest.em import Visit
from suggest.em.modifiers import needs_25
from suggest.procedures.candidates import Sighting
from suggest.procedures.conditions import wanted
from suggest.procedures.selection import HOSPITAL
from suggest.procedures.terms import Catalogue
from suggest.reading import NoteReading
from suggest.records import Encounter, Modifier, RankedCode, System
from suggest.resources import read_table

_BILATERAL = 4
_EYES = {np.uint64(get_string_id(word)): bits for word, bits in (("od", 1), ("os", 2), ("ou", _BILATERAL))}
_SIDES = {1: "RT", 2: "LT", _BILATERAL: "50"}
_SIDE_REASONS = {"RT": "the right side", "LT": "the left side", "50": "both sides at one session"}
_MAJOR, _MINOR = "090", ("000", "010")
_NO_25 = frozenset({"pathology", "drug", "supply", "equipment", "transport", "em", "service", "anesthesia"})
_CORONARY = ("9292", "9293", "9294", "C960")
_FOOT = ("11055", "11056", "11057", "11719", "11720", "11721", "G0127")
_SCREENING = ("4537", "4538", "4539", "4533", "4534")
_NEAR = 1  # sentences on either side


@dataclass(frozen=True)
class LineContext:
    """What modifiers depend on beside their own line.

    Attributes:
        encounter: The encounter.
        readings: Its notes.
        catalogue: The services.
        proposed: All procedures of the claim.
    """

    encounter: Encounter
    readings: Sequence[NoteReading]
    catalogue: Catalogue
    proposed: Sequence[RankedCode]

    @cached_property
    def sentences(self) -> dict[int, list[frozenset[int]]]:
        """NORM hashes of the words of each sentence, by note."""
        found = {}
        for reading in self.readings:
            tokens = reading.tokens
            parts = np.split(tokens.norms, np.flatnonzero(np.diff(tokens.sentence)) + 1)
            found[reading.number] = [frozenset(part.tolist()) for part in parts]
        return found

    def services(self, but: str) -> Iterator[ServiceCode]:
        """Yields the services of the other lines."""
        for code in self.proposed:
            service = self.catalogue.get(code.code.code)
            if service is not None and service.code != but:
                yield service


@dataclass(frozen=True, slots=True)
class _Line:
    """One line and what it stands in."""

    service: ServiceCode
    sightings: Sequence[Sighting]
    visit: Visit | None
    context: LineContext

    @property
    def reading(self) -> NoteReading:
        """The note that names it best."""
        number = self.sightings[0].found.note
        return next(reading for reading in self.context.readings if reading.number == number)

    def words(self, sentences: int | None) -> list[frozenset[int]]:
        """Returns the NORM hashes of the words of its sentence and so many around it, ``None`` for all of the note.

        Each sentence has a set of its own, but for those close by, which are one.
        """
        if sentences is None:
            return self.context.sentences[self.sightings[0].found.note]
        tokens = self.reading.tokens
        here = tokens.sentence[self.sightings[0].found.first]
        return [frozenset(tokens.norms[abs(tokens.sentence - here) <= sentences].tolist())]

    def says(self, phrases: Sequence[frozenset[int]], sentences: int | None) -> bool:
        """Whether one of some phrases stands there, within a sentence."""
        return any(phrase <= words for words in self.words(sentences) for phrase in phrases)


def _of_visit(line: _Line) -> Iterator[Modifier]:
    """What the visit itself says; and 25 or 57 by what else was done (NCCI Policy Manual, chapter I, section D)."""
    if line.visit is None:
        return
    others = list(line.context.services(line.service.code))
    prevents = line.service.system is System.HCPCS
    if any(service.global_days == _MAJOR for service in others):
        yield Modifier("57", "the visit decided on major surgery on this day or the next")
    elif not prevents and any(
        service.section not in _NO_25 and needs_25(service.code, service.global_days) for service in others
    ):
        yield Modifier("25", "a visit of its own beside a service of the same day")
    for found in line.visit.modifiers if line.visit else ():
        if found.code not in ("25", "57"):
            yield found


def _professional_part(line: _Line) -> Iterator[Modifier]:
    """26: the reading of what was made with equipment of a hospital, or a reading that is all there is."""
    if "pctc" not in line.service.flags:
        return
    visit = any(service.section == "em" for service in line.context.services(line.service.code))
    outside = line.context.encounter.setting in HOSPITAL
    report = line.service.section == "radiology" and not visit and line.says(_report_words(), None)
    if outside or report:
        yield Modifier("26", "the professional part: the reading")


@lru_cache(maxsize=1)
def _report_words() -> tuple[frozenset[int], ...]:
    return tuple(wanted(word) for word in ("technique", "comparison", "findings impression", "radiologist"))


def _waived(line: _Line) -> Iterator[Modifier]:
    """QW: a test that needs no laboratory beyond a certificate of waiver (42 CFR 493.15)."""
    if "clia" in line.service.flags and line.context.encounter.setting not in HOSPITAL:
        yield Modifier("QW", "a waived test at the point of care")


def _anatomic(line: _Line) -> Iterator[Modifier]:
    """Finger, toe, eyelid or coronary artery; else the side of a paired organ or limb."""
    kinds = line.service.flags & {"digit", "eyelid"}
    if line.service.code.startswith(_CORONARY):
        kinds |= {"coronary"}
    for sentences in (0, _NEAR, None):
        places = line.words(sentences)
        found = {
            name for phrase, kind, name in _anatomy() if kind in kinds and any(phrase <= words for words in places)
        }
        if len(found) == 1 or (found and sentences == 0):
            for name in sorted(found):
                yield Modifier(name, "the place that is named")
            return
    if "sided" in line.service.flags:
        side = _SIDES.get(_side_bits(line))
        if side:
            yield Modifier(side, _SIDE_REASONS[side])


@lru_cache(maxsize=1)
def _anatomy() -> tuple[tuple[frozenset[int], str, str], ...]:
    rows = read_table("services/anatomic_modifiers.tsv")
    return tuple((wanted(row["words"]), row["applies"], row["modifier"]) for row in rows)


def _side_bits(line: _Line) -> int:
    """Returns the bit of the side that is named nearest: in the sentence, else in the line, else anywhere.

    Where a note names both sides elsewhere only, none is meant for sure.
    """
    reading, first = line.reading, line.sightings[0].found.first
    tokens, sides = reading.tokens, reading.tokens.sides
    if line.service.section == "eye":
        sides = sides.copy()
        for word, bits in _EYES.items():
            sides[tokens.norms == word] = bits
    for place in (tokens.sentence == tokens.sentence[first], reading.line == reading.line[first]):
        named = np.flatnonzero(place & (sides > 0))
        if len(named):
            if (sides[named] & _BILATERAL).any():
                return _BILATERAL
            return int(sides[named[np.argmin(abs(named - first))]])
    everywhere = set(sides[sides > 0].tolist())
    return int(everywhere.pop()) if len(everywhere) == 1 else 0


def _distinct(line: _Line) -> Iterator[Modifier]:
    """59: done at another site or lesion than a service that would contain it (NCCI Policy Manual, chapter I)."""
    for first, last, beside in _distinct_pairs() if "addon" not in line.service.flags else ():
        if first <= line.service.code <= last:
            for other in line.context.services(line.service.code):
                if any(low <= other.code <= high for low, high in beside):
                    yield Modifier("59", f"a site or lesion of its own beside {other.code}")
                    return


@lru_cache(maxsize=1)
def _distinct_pairs() -> tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]:
    def bounds(text: str) -> tuple[str, str]:
        low, _, high = text.partition("-")
        return low, high

    return tuple(
        (*bounds(row["codes"]), tuple(map(bounds, row["beside"].split("|"))))
        for row in read_table("services/distinct.tsv")
    )


def _worded(line: _Line) -> Iterator[Modifier]:
    """Modifiers that words in the note ask for (``worded_modifiers.tsv``)."""
    for name, applies, sentences, phrases, reason in _worded_table():
        if _takes(line.service, applies) and line.says(phrases, sentences):
            medicare = (line.context.encounter.payer or "").lower().startswith("medicare")
            yield Modifier("PT" if name == "33" and medicare else name, reason)


@lru_cache(maxsize=1)
def _worded_table() -> tuple[tuple[str, str, int | None, tuple[frozenset[int], ...], str], ...]:
    return tuple(
        (
            row["modifier"],
            row["applies"],
            None if row["where"] == "note" else _NEAR,
            tuple(wanted(phrase) for phrase in row["words"].split("|")),
            row["reason"],
        )
        for row in read_table("services/worded_modifiers.tsv")
    )


def _takes(service: ServiceCode, applies: str) -> bool:
    if applies == "surgery":
        return service.global_days in (*_MINOR, _MAJOR) and service.section not in ("em", "therapy", "medicine")
    if applies == "screening":
        return service.code.startswith(_SCREENING)
    if applies == "footcare":
        return service.code in _FOOT
    return applies in ("any", service.section) or applies in service.flags


_RULES: tuple[Callable[[_Line], Iterator[Modifier]], ...] = (
    _of_visit,
    _professional_part,
    _waived,
    _distinct,
    _worded,
    _anatomic,
)


def modifiers(
    code: RankedCode, sightings: Sequence[Sighting], visit: Visit | None, context: LineContext
) -> tuple[Modifier, ...]:
    """Returns the modifiers of a procedure, those that decide payment first.

    Args:
        code: The procedure.
        sightings: What leads to it, best first.
        visit: What is known of it where it is a visit.
        context: The rest of the claim.
    """
    service = context.catalogue.get(code.code.code)
    if service is None or code.code.system is System.ICD10PCS:
        return ()
    line = _Line(service, sightings, visit, context)
    found = {modifier.code: modifier for rule in _RULES for modifier in rule(line)}
    if "JZ" in found:  # "no waste" holds the words of waste
        found.pop("JW", None)
    return tuple(found.values())
