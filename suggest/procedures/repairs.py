"""Repairs of wounds: lengths of the same class and group of sites add up to one code (CPT, Repair (Closure)).

A wound is a length in a sentence that tells of its closure; what was used tells the class (simple, intermediate in
layers, complex), the nearest place named the group of sites. Sites and sums are those that the codes of the three
families ask for in the table of services.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from suggest.code_sets.services import ServiceCode
from suggest.procedures.conditions import Ask, parse_asks, wanted
from suggest.procedures.found import Found, Origin
from suggest.procedures.quantities import quantities
from suggest.procedures.terms import Catalogue
from suggest.reading import NoteReading
from suggest.records import Mention, System
from suggest.resources import read_table

_CLASSES = ("complex", "intermediate", "simple")  # the first that the words name counts
_LOOK_BACK = 40  # parts of the text in which the place of a wound may have been named before
_UNTOLD = frozenset({"pmh", "psh", "family", "plan", "hpi", "patient_instructions", "exam", "objective", "indication"})
_PART = re.compile(r"[;\n]|\.\s|\s-\s")
_CLOSES_ITSELF = tuple(
    wanted(word) for word in ("punch biopsy", "port site", "trocar site", "incision closed", "mesh", "fascia")
)
"""What is closed as part of another procedure."""
Group = tuple[frozenset[int], ...]


@dataclass(frozen=True, slots=True)
class Wound:
    """A wound that was closed.

    Attributes:
        kind: ``simple``, ``intermediate`` or ``complex``.
        sentence: Number of the sentence that tells of it.
        group: Places that go together with its own.
        length: Centimetres.
        first: First token of the length.
        last: Token after it.
    """

    kind: str
    sentence: int
    group: Group
    length: float
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class _Code:
    service: ServiceCode
    sites: Group
    total: Ask


def repairs(readings: Sequence[NoteReading], catalogue: Catalogue) -> list[tuple[Found, Mention]]:
    """Returns the codes of the wounds that the notes say were closed, one for each class and group of sites."""
    codes = _codes(catalogue)
    return [pair for reading in readings for pair in _of_note(reading, codes)] if codes else []


def _of_note(reading: NoteReading, codes: dict[str, list[_Code]]) -> Iterator[tuple[Found, Mention]]:
    sums: defaultdict[tuple[str, Group], list[Wound]] = defaultdict(list)
    for wound in _wounds(reading, codes):
        sums[wound.kind, wound.group].append(wound)
    for (kind, group), wounds in sums.items():
        total = round(sum(wound.length for wound in wounds), 2)
        for code in codes[kind]:
            if code.sites == group and code.total.low <= total <= code.total.high and "addon" not in code.service.flags:
                yield _found(code.service, wounds, total, reading)
                break


@lru_cache(maxsize=4)
def _codes(catalogue: Catalogue) -> dict[str, list[_Code]]:
    """Returns the repair codes of each class with their sites and sums."""
    codes: defaultdict[str, list[_Code]] = defaultdict(list)
    for service in catalogue.rows:
        kind = service.family.removeprefix("repair-")
        if kind not in _CLASSES or kind == service.family:
            continue
        asks = parse_asks(service.asks)
        total = next((ask for ask in asks if ask.kind == "sum"), None)
        sites = next((ask.words for ask in asks if ask.kind == "any"), None)
        if total is not None and sites is not None:
            codes[kind].append(_Code(service, sites, total))
    return codes


@lru_cache(maxsize=1)
def _closures() -> dict[str, tuple[frozenset[int], ...]]:
    found: defaultdict[str, list[frozenset[int]]] = defaultdict(list)
    for row in read_table("services/closures.tsv"):
        found[row["class"]].append(wanted(row["words"]))
    return {kind: tuple(phrases) for kind, phrases in found.items()}


def _wounds(reading: NoteReading, codes: dict[str, list[_Code]]) -> Iterator[Wound]:
    """Yields the wounds; a length that is told twice of one place in one section counts once."""
    seen: set[tuple[str, frozenset[int], float, str]] = set()
    text, norms = reading.note.text, reading.tokens.norms
    everything = frozenset(norms.tolist())
    if not any(phrase <= everything for phrases in _closures().values() for phrase in phrases):
        return
    bounds = [0, *(match.end() for match in _PART.finditer(text)), len(text)]
    starts = np.searchsorted(reading.offsets[:-1], bounds)
    words = [frozenset(norms[low:high].tolist()) for low, high in pairwise(starts.tolist())]
    for quantity in quantities(text):
        if quantity.kind != "length":
            continue
        here = bisect_right(bounds, quantity.start) - 1
        kind = _class(words[here])
        section = reading.section_at(quantity.start)
        if kind is None or section in _UNTOLD:
            continue
        group, place = _group(words[max(0, here - _LOOK_BACK) : here + 1], codes[kind])
        key = (kind, place, quantity.value, section)
        if group and key not in seen:
            seen.add(key)
            first, last = reading.tokens_of(quantity.start, quantity.end)
            yield Wound(kind, int(reading.tokens.sentence[first]), group, quantity.value, first, last)


def _group(parts: Sequence[frozenset[int]], codes: Sequence[_Code]) -> tuple[Group, frozenset[int]]:
    """Returns the group of sites of the place that is named last, and that place; empty ones where none is."""
    for words in reversed(parts):
        for code in codes:
            for site in code.sites:
                if site <= words:
                    return code.sites, site
    return (), frozenset()


def _class(words: frozenset[int]) -> str | None:
    """Returns the class of closure that a sentence tells of, ``None`` if it tells of none."""
    if any(phrase <= words for phrase in _CLOSES_ITSELF):
        return None
    for kind in _CLASSES:
        if any(phrase <= words for phrase in _closures().get(kind, ())):
            return kind
    return None


def _found(service: ServiceCode, wounds: Sequence[Wound], total: float, reading: NoteReading) -> tuple[Found, Mention]:
    first = wounds[0]
    found = Found(
        code=service.code,
        system=System.CPT,
        note=reading.number,
        first=first.first,
        last=first.last,
        origin=Origin.FOLLOWS,
        met=2,
        reason=f"wounds of this class and group of sites add up to {total:g} cm",
        further=tuple((wound.first, wound.last) for wound in wounds[1:]),
    )
    mention = Mention(
        note=reading.number,
        start=int(reading.offsets[first.first]),
        end=int(reading.offsets[first.last]),
        first_token=first.first,
        last_token=first.last,
        sentence=first.sentence,
        section=reading.section_at(int(reading.offsets[first.first])),
    )
    return found, mention
