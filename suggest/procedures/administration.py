"""Giving what was given: the administration codes that go with vaccines and injected drugs.

Vaccines (CPT, immunization administration): with counselling up to 18 years one code for each vaccine and another for
each further component; else by the first and further ones and by the way they are given. Medicare has codes of its
own for three vaccines (Medicare Claims Processing Manual, chapter 18, section 10). Drugs given into a muscle or under
the skin have an injection code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from suggest.procedures.conditions import wanted
from suggest.procedures.found import Found, Origin
from suggest.procedures.terms import Catalogue
from suggest.reading import NoteReading
from suggest.records import PRESENT, Encounter, Mention, System
from suggest.resources import read_table

_COUNSELLED_TO = 18  # years, inclusive
_COUNSELLING = (
    "counseled",
    "counselled",
    "counseling",
    "risks benefits",
    "VIS given",
    "VIS reviewed",
    "vaccine counseling",
)
_MUSCLE = ("IM", "intramuscular", "subq", "SQ", "SC", "subcutaneous", "subcut", "deltoid", "gluteal")
_MEDICARE = {"flu-vaccine": "G0008", "pneumococcal": "G0009", "hepatitis-b-vaccine": "G0010"}
_MEDICARE_AGE = 65
_COVID = "913"
_ANTINEOPLASTIC = "J9"  # their injection has codes of its own
_DOUBTFUL = 0.4  # quality of the way of coding that the note speaks against

Seen = tuple[Found, Mention]


@lru_cache(maxsize=1)
def _vaccines() -> Mapping[str, tuple[int, str]]:
    """Returns components and route of the vaccines that have more than one or are no shots."""
    return {row["code"]: (int(row["components"]), row["route"]) for row in read_table("services/vaccines.tsv")}


@lru_cache(maxsize=8)
def _phrases(words: tuple[str, ...]) -> tuple[frozenset[int], ...]:
    return tuple(wanted(word) for word in words)


def administrations(encounter: Encounter, readings: Sequence[NoteReading], catalogue: Catalogue) -> list[Seen]:
    """Returns the administration codes of what the notes say was given."""
    result: list[Seen] = []
    for reading in readings:
        vaccines = _given(reading, catalogue, "vaccine")
        products = [seen for seen in vaccines if seen[0].code not in _ADMINISTRATION]
        if products:
            result.extend(_vaccination(products, reading, encounter, catalogue))
        shots = [seen for seen in _given(reading, catalogue, "drug") if _says(reading, seen[1], _MUSCLE)]
        shots = [seen for seen in shots if not seen[0].code.startswith(_ANTINEOPLASTIC)]
        if shots:
            found, mention = shots[0]
            result.append((_follows("96372", System.CPT, found, len(shots)), mention))
    return [(found, mention) for found, mention in result if catalogue.get(found.code) is not None]


_ADMINISTRATION = frozenset({"90460", "90461", "90471", "90472", "90473", "90474", "90480"})


def _given(reading: NoteReading, catalogue: Catalogue, section: str) -> list[Seen]:
    """Returns the products of a section that the note says were given: the best of each span."""
    best: dict[tuple[int, int], Found] = {}
    for found in reading.services:
        service = catalogue.get(found.code)
        if service is None or service.section != section or found.origin not in (Origin.TERM, Origin.DRUG):
            continue
        span = (found.first, found.last)
        if reading.service_mentions[span].assertion == PRESENT and _fit(found) > _fit(best.get(span)):
            best[span] = found
    products: dict[str, Seen] = {}
    for span, found in sorted(best.items()):
        service = catalogue.get(found.code)
        name = (service.family if service else "") or found.code
        products.setdefault(name, (found, reading.service_mentions[span]))
    return list(products.values())


def _fit(found: Found | None) -> float:
    return -10.0 if found is None else found.met + 0.5 * found.far - found.broken - found.missing


def _vaccination(
    products: Sequence[Seen], reading: NoteReading, encounter: Encounter, catalogue: Catalogue
) -> Iterator[Seen]:
    age = encounter.patient.age
    counselled = age is not None and age <= _COUNSELLED_TO and _says(reading, None, _COUNSELLING)
    medicare = (encounter.payer or "").lower().startswith("medicare")
    likely = medicare or (encounter.payer is None and age is not None and age >= _MEDICARE_AGE)
    likely = likely and any(_family(found, catalogue) in _MEDICARE for found, _mention in products)
    routes: dict[str, list[Seen]] = {"shot": [], "other": []}
    for seen in products:
        family = _family(seen[0], catalogue)
        if likely and family in _MEDICARE:
            yield _follows(_MEDICARE[family], System.HCPCS, seen[0]), seen[1]
        if medicare and family in _MEDICARE:
            continue
        if seen[0].code.startswith(_COVID):
            yield _follows("90480", System.CPT, seen[0]), seen[1]
        else:
            route = _vaccines().get(seen[0].code, (1, "shot"))[1]
            routes["shot" if route == "shot" else "other"].append(seen)
    given = [*routes["shot"], *routes["other"]]
    if not given:
        return
    first, mention = given[0]
    sure, doubtful = (1.0, _DOUBTFUL) if counselled else (_DOUBTFUL, _DOUBTFUL if likely else 1.0)
    if age is None or age <= _COUNSELLED_TO:
        further = sum(_vaccines().get(found.code, (1, ""))[0] - 1 for found, _mention in given)
        yield _follows("90460", System.CPT, first, len(given), sure), mention
        if further:
            yield _follows("90461", System.CPT, first, further, sure), mention
    codes = [("90471", 1), ("90472", len(routes["shot"]) - 1)] if routes["shot"] else [("90473", 1)]
    codes.append(("90474", len(routes["other"]) - (not routes["shot"])))
    for code, units in codes:
        if units > 0:
            yield _follows(code, System.CPT, first, units, doubtful), mention


def _family(found: Found, catalogue: Catalogue) -> str:
    service = catalogue.get(found.code)
    return service.family if service else ""


def _follows(code: str, system: System, found: Found, units: int = 1, quality: float = 1.0) -> Found:
    return Found(
        code=code,
        system=system,
        note=found.note,
        first=found.first,
        last=found.last,
        origin=Origin.FOLLOWS,
        quality=quality,
        units=units,
        reason="goes with what was given here",
    )


def _says(reading: NoteReading, mention: Mention | None, words: tuple[str, ...]) -> bool:
    """Whether one of some phrases stands in the sentence of a mention, or anywhere in the note."""
    norms = reading.tokens.norms
    if mention is not None:
        norms = norms[reading.tokens.sentence == mention.sentence]
    said = frozenset(norms.tolist())
    return any(phrase <= said for phrase in _phrases(words))
