"""Infusions and injections into a vein, from the drugs given with their times.

CPT puts them in an order (introduction to hydration, injections and infusions, and chemotherapy): one initial service
a visit, and chemotherapy before other drugs before fluids, infusions before pushes. Fifteen minutes and less are a
push, a further hour counts from its 31st minute, fluids from the 31st minute on. What runs at the same time as another
infusion is concurrent, once a visit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from suggest.procedures.found import Found, Origin
from suggest.procedures.quantities import quantities
from suggest.procedures.terms import Catalogue
from suggest.reading import NoteReading
from suggest.records import PRESENT, Mention, System
from suggest.resources import read_table

_SEPARATOR = re.compile(r"[,;()\n]|\.\s")
_PUSH = re.compile(r"\b(?:IVP|IV push|slow push|push(?:ed)?|IV bolus)\b", re.IGNORECASE)
_INFUSION = re.compile(
    r"\b(?:IVPB|infus\w+|drip|piggyback|in (?:\d+ ?(?:mL|cc)? ?)?(?:NS|D5W|LR|saline))\b|\bIV\b", re.IGNORECASE
)
_CONCURRENT = re.compile(r"\b(?:concurrent(?:ly)?|simultaneous(?:ly)?|y-?site|same time)\b", re.IGNORECASE)
_PUMP = re.compile(r"\b(?:CADD|ambulatory pump|home pump|pump)\b", re.IGNORECASE)
_FLUID = re.compile(
    r"\b(?:hydration|NS bolus|(?:NS|LR|saline|ringers?)\b.{0,25}\bbolus|IV fluids?|IVF|L (?:NS|LR))\b", re.IGNORECASE
)
_OTHER_ROUTE = re.compile(r"\b(?:IM|SQ|SC|subq|subcut\w*|intramuscular|PO|oral|nebuliz\w+)\b")
_FLUIDS = ("hydration", "saline-infusion", "ringers-infusion", "dextrose-infusion")
"""Families of the table of services that are fluids and giving them."""
_LONGEST_PUSH = 15
_FIRST_HOUR, _HALF_HOUR = 60, 30


@dataclass(frozen=True, slots=True)
class Dose:
    """One drug given into a vein.

    Attributes:
        found: Its name in the note.
        mention: What is asserted of it.
        kind: ``chemo``, ``drug`` or ``fluid``.
        minutes: How long it ran, ``None`` where the note does not say.
        push: Whether it was pushed.
        concurrent: Whether it ran beside another infusion.
        pump: Whether a portable pump took it home.
    """

    found: Found
    mention: Mention
    kind: str
    minutes: float | None
    push: bool
    concurrent: bool
    pump: bool


@lru_cache(maxsize=1)
def _complex() -> tuple[str, ...]:
    """Beginnings of the codes of drugs whose infusion is reported as that of chemotherapy."""
    return tuple(row["codes"] for row in read_table("services/complex_infusions.tsv"))


def infusions(readings: Sequence[NoteReading], catalogue: Catalogue) -> list[tuple[Found, Mention]]:
    """Returns the infusion and injection codes of what the notes say was given into a vein."""
    doses = [dose for reading in readings for dose in _doses(reading, catalogue)]
    return [
        (_code(dose.found, code, units), dose.mention)
        for code, units, dose in _codes(doses)
        if units > 0 and catalogue.get(code) is not None
    ]


def _doses(reading: NoteReading, catalogue: Catalogue) -> Iterator[Dose]:
    text = reading.note.text
    seen: set[tuple[int, int]] = set()
    for found in sorted(reading.services, key=lambda found: (found.first, found.origin)):
        service = catalogue.get(found.code)
        mention = reading.service_mentions[found.first, found.last]
        if service is None or mention.assertion != PRESENT:
            continue
        fluid = service.family in _FLUIDS
        if found.origin not in (Origin.TERM, Origin.DRUG) and not (fluid and found.origin is Origin.COVERAGE):
            continue
        if service.section != "drug" and not fluid:
            continue
        start, end = _line_of(text, mention.start, mention.end) if fluid else _segment(text, mention.start, mention.end)
        if (start, end) in seen:
            continue
        seen.add((start, end))
        dose = _dose(text[start:end], found, mention, "fluid" if fluid else _kind(found.code))
        if dose is not None:
            yield dose


def _line_of(text: str, start: int, end: int) -> tuple[int, int]:
    stop = text.find("\n", end)
    return text.rfind("\n", 0, start) + 1, stop if stop >= 0 else len(text)


def _segment(text: str, start: int, end: int) -> tuple[int, int]:
    """Returns the part of the line between commas and the like that holds a drug; the whole line for no time."""
    line = _line_of(text, start, end)
    low = max((m.end() for m in _SEPARATOR.finditer(text, line[0], start)), default=line[0])
    following = _SEPARATOR.search(text, end, line[1])
    high = following.start() if following else line[1]
    timed = any(quantity.kind == "minutes" for quantity in quantities(text[low:high]))
    alone = not any(_PUSH.search(text, *part) for part in ((line[0], low), (high, line[1])))
    return (low, high) if timed or not alone else line


def _dose(text: str, found: Found, mention: Mention, kind: str) -> Dose | None:
    pump = kind == "chemo" and _PUMP.search(text) is not None
    push = _PUSH.search(text) is not None and kind != "fluid"
    into_vein = (
        push or pump or _INFUSION.search(text) is not None or (kind == "fluid" and _FLUID.search(text) is not None)
    )
    minutes = max((q.value for q in quantities(text) if q.kind == "minutes"), default=None)
    into_vein = into_vein or _CONCURRENT.search(text) is not None
    if (not into_vein and not (kind == "chemo" and minutes)) or (_OTHER_ROUTE.search(text) and not push):
        return None
    if minutes is not None and minutes <= _LONGEST_PUSH and kind != "fluid":
        push = True
    return Dose(found, mention, kind, minutes, push, _CONCURRENT.search(text) is not None, pump)


def _kind(code: str) -> str:
    return "chemo" if code.startswith(_complex()) else "drug"


def _codes(doses: Sequence[Dose]) -> Iterator[tuple[str, int, Dose]]:
    """Yields (code, units, dose) in CPT's order."""
    running = [d for d in doses if not d.push and not d.pump and not d.concurrent and d.kind != "fluid"]
    chemo = sorted((d for d in running if d.kind == "chemo"), key=lambda d: -(d.minutes or 0))
    drugs = sorted((d for d in running if d.kind == "drug"), key=lambda d: -(d.minutes or 0))
    yield from _chain(chemo, "96413", "96415", "96417", initial=True)
    chemo_pushes = [d for d in doses if d.push and d.kind == "chemo"]
    yield from _pushes(chemo_pushes, "96409", "96411", initial=not chemo)
    for dose in doses:
        if dose.pump:
            yield "96416", 1, dose
    treated = bool(chemo or chemo_pushes)
    yield from _chain(drugs, "96365", "96366", "96367", initial=not treated)
    for dose in [d for d in doses if d.concurrent and not d.push][:1]:
        yield "96368", 1, dose
    pushes = [d for d in doses if d.push and d.kind == "drug"]
    yield from _pushes(pushes, "96374", "96375", initial=not (treated or drugs))
    fluids = [d for d in doses if d.kind == "fluid" and (d.minutes or 0) > _HALF_HOUR]
    if fluids:
        minutes = sum(d.minutes or 0 for d in fluids)
        first = not (treated or drugs or pushes)
        if first:
            yield "96360", 1, fluids[0]
        yield "96361", _hours(minutes - (_FIRST_HOUR if first else 0)), fluids[0]


def _chain(
    doses: Sequence[Dose], first: str, hour: str, next_: str, *, initial: bool
) -> Iterator[tuple[str, int, Dose]]:
    """The infusions of one kind: the initial one, those after it, and the further hours of all."""
    if not doses:
        return
    if initial:
        yield first, 1, doses[0]
    later = doses[1:] if initial else doses
    if later:
        yield next_, len(later), later[0]
    yield hour, sum(_hours((dose.minutes or 0) - _FIRST_HOUR) for dose in doses), doses[0]


def _pushes(doses: Sequence[Dose], first: str, next_: str, *, initial: bool) -> Iterator[tuple[str, int, Dose]]:
    if initial and doses:
        yield first, 1, doses[0]
    later = doses[1:] if initial else doses
    if later:
        yield next_, len(later), later[0]


def _hours(minutes: float) -> int:
    """Hours begun by more than half an hour."""
    whole, rest = divmod(max(0.0, minutes), _FIRST_HOUR)
    return int(whole) + (rest > _HALF_HOUR)


def _code(found: Found, code: str, units: int) -> Found:
    return Found(
        code=code,
        system=System.CPT,
        note=found.note,
        first=found.first,
        last=found.last,
        origin=Origin.FOLLOWS,
        units=units,
        reason="goes with the drug that was given into a vein here",
    )
