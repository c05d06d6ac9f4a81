"""The tables of ``resources/pcs``, read and checked.

A procedure has a pattern of seven characters: capitals and digits stand for themselves, small letters for an axis
that the chart decides: ``s`` body system, ``p`` body part, ``a`` approach (fifth character), ``d`` device (sixth),
``q`` qualifier (seventh). How each is decided stands in the columns ``sites`` and ``axes``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from spacy.strings import get_string_id

from suggest.errors import ResourceError
from suggest.keys import normal_words, term_words
from suggest.resources import parse_table, read_text

_FOLDER = "pcs"
_PATTERN = re.compile(r"[0-9A-HJ-NP-Zsp]{4}[0-9A-HJ-NP-Zpa][0-9A-HJ-NP-Zd][0-9A-HJ-NP-Zq]")
_AXIS = re.compile(r"([padq])(?:@(\w+))?=([0-9A-HJ-NP-Z]+|-)([?!])?")
_SIDES = re.compile(r"side:([0-9A-HJ-NP-Z.])([0-9A-HJ-NP-Z.])([0-9A-HJ-NP-Z.])([0-9A-HJ-NP-Z.])")
_FROM = re.compile(r"from:([0-9A-HJ-NP-Z]+(?:,[0-9A-HJ-NP-Z]+)*)")
_NUMBER = re.compile(r"(hours|ventilation|count):(?:(<|>|>=|<=)?(\d+)|(\d+)-(\d+))")
_LONGEST_TERM = 7
_SHORTEST_TERM = 2  # letters: "A line" has one content word, which stands in any note

Words = tuple[frozenset[int], ...]
"""Alternatives, each the hashes of words that must all be there."""


@dataclass(frozen=True, slots=True)
class Site:
    """A body part or region of a system (first two characters): its value on each side, ``.`` for none."""

    system: str
    right: str
    left: str
    both: str
    none: str
    label: str
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a named set and what chooses it: words near the procedure, or a number.

    Attributes:
        set: Name of the set.
        value: The character.
        terms: Phrases that name it.
        unit: What is counted (``hours``, ``ventilation`` for hours on a ventilator, ``count``), empty without.
        low: Least number, inclusive.
        high: Greatest number, inclusive.
    """

    set: str
    value: str
    terms: tuple[str, ...] = ()
    unit: str = ""
    low: float = 0.0
    high: float = 0.0


@dataclass(frozen=True, slots=True)
class AxisRule:
    """How an axis is decided.

    Attributes:
        set: Name of the set of values that words or numbers choose from.
        default: Values taken where the chart says nothing, the first that exists.
        open: Whether the axis is open then.
        alternative: Whether the next of the default values is given too.
    """

    set: str
    default: str
    open: bool
    alternative: bool


@dataclass(frozen=True, slots=True)
class Condition:
    """Words that must stand in the sentence (``any``) or the note (``note``), or must not stand in it (``not``).

    ``site`` holds of a body part that another sentence of the note names: there these words must stand beside it.
    """

    kind: str
    words: Words


@dataclass(frozen=True, slots=True)
class Procedure:
    """A way of saying that something was done, and the pattern of its codes.

    Attributes:
        pattern: See the module.
        terms: Phrases that name it.
        systems: Systems whose sites may fill ``s`` and ``p``, the usual first.
        sided: Values of ``p`` for right, left, both and no side, where the procedure implies the body part.
        axes: Rule of each small letter but ``s`` and ``p``.
        conditions: What else must hold.
        source: The guideline that the row rests on.
        quality: 0..1, how sure the words mean this.
        line: Place of the row, for messages.
    """

    pattern: str
    terms: tuple[str, ...]
    systems: tuple[str, ...]
    sided: str
    axes: dict[str, AxisRule]
    conditions: tuple[Condition, ...]
    source: str
    quality: float
    line: str = field(compare=False, default="")


@dataclass(frozen=True, slots=True)
class Knowledge:
    """All tables."""

    procedures: tuple[Procedure, ...]
    sites: tuple[Site, ...]
    values: tuple[Value, ...]


@lru_cache(maxsize=1)
def knowledge() -> Knowledge:
    """Reads the tables that ship.

    Raises:
        ResourceError: A row breaks its format; names file and line.
    """
    return Knowledge(
        procedures=read_procedures(read_text(f"{_FOLDER}/procedures.tsv"), f"{_FOLDER}/procedures.tsv"),
        sites=read_sites(read_text(f"{_FOLDER}/sites.tsv"), f"{_FOLDER}/sites.tsv"),
        values=read_values(read_text(f"{_FOLDER}/values.tsv"), f"{_FOLDER}/values.tsv"),
    )


def read_sites(text: str, name: str) -> tuple[Site, ...]:
    """Reads the table of sites; ``name`` stands in errors.

    Raises:
        ResourceError: A row has no value, or terms that no phrase can hold.
    """
    sites = []
    for place, row in _rows(text, name):
        site = Site(
            system=row["system"],
            right=row["right"],
            left=row["left"],
            both=row["both"],
            none=row["none"],
            label=row["label"],
            terms=_terms(row["terms"], place),
        )
        values = (site.right, site.left, site.both, site.none)
        if any(len(value) != 1 for value in values) or set(values) == {"."} or len(site.system) != 2:
            raise ResourceError(f"{place}: expected a system of 2 characters and one character or '.' for each side")
        sites.append(site)
    return tuple(sites)


def read_values(text: str, name: str) -> tuple[Value, ...]:
    """Reads the table of values; ``name`` stands in errors.

    Raises:
        ResourceError: A row has neither phrases nor a number, or not one character as its value.
    """
    values = []
    for place, row in _rows(text, name):
        if len(row["value"]) != 1:
            raise ResourceError(f"{place}: expected one character as the value, got {row['value']!r}")
        number = _NUMBER.fullmatch(row["terms"])
        if number:
            values.append(Value(row["set"], row["value"], (), number[1], *_bounds(number)))
        else:
            values.append(Value(row["set"], row["value"], _terms(row["terms"], place)))
    return tuple(values)


def read_procedures(text: str, name: str) -> tuple[Procedure, ...]:
    """Reads the table of procedures; ``name`` stands in errors.

    Raises:
        ResourceError: A pattern, a rule of an axis or a condition breaks its grammar, or the two do not fit.
    """
    found = []
    for place, row in _rows(text, name):
        pattern = row["code"]
        if not _PATTERN.fullmatch(pattern):
            raise ResourceError(
                f"{place}: {pattern!r} is no pattern of 7 characters with s, p, a, d, q in their places"
            )
        systems, sided = _sites(row["sites"], pattern, place)
        axes = dict(_axis(part, place) for part in row["axes"].split())
        wanted = {letter for letter in pattern if letter in "adq"} | (
            {"p"} if "p" in pattern and not row["sites"] else set()
        )
        if set(axes) - {"p"} != wanted - {"p"} or ("p" in wanted and "p" not in axes):
            raise ResourceError(f"{place}: axes {sorted(axes)} do not fit pattern {pattern}; expected {sorted(wanted)}")
        found.append(
            Procedure(
                pattern=pattern,
                terms=_terms(row["terms"], place),
                systems=systems,
                sided=sided,
                axes=axes,
                conditions=tuple(_condition(part.strip(), place) for part in row["when"].split(";") if part.strip()),
                source=row["source"],
                quality=_quality(row["quality"], place),
                line=place,
            )
        )
    return tuple(found)


def words_of_condition(text: str, place: str) -> frozenset[int]:
    """Returns the hashes of the normal forms of all words, those of side and stop words among them."""
    words = frozenset(get_string_id(word) for word in normal_words(text) if word)
    if not words:
        raise ResourceError(f"{place}: {text!r} in a condition holds no word")
    return words


def _rows(text: str, name: str) -> list[tuple[str, dict[str, str]]]:
    """Returns the rows with their places; the table must be sorted."""
    numbers = [i for i, line in enumerate(text.splitlines(), 1) if i > 1 and line.strip() and not line.startswith("#")]
    rows = [(f"{name}:{i}", row) for i, row in zip(numbers, parse_table(text, name), strict=True)]
    for (_, before), (place, row) in pairwise(rows):
        if list(row.values())[:2] < list(before.values())[:2]:
            raise ResourceError(f"{place}: not sorted by its first two columns")
    return rows


def _terms(text: str, place: str) -> tuple[str, ...]:
    terms = tuple(term.strip() for term in text.split("|"))
    for term in terms:
        words = term_words(term)
        if not 1 <= len(words) <= _LONGEST_TERM or len("".join(words)) < _SHORTEST_TERM:
            raise ResourceError(
                f"{place}: term {term!r}: expected 1 to {_LONGEST_TERM} content words of 2 letters or more"
            )
    if len(set(terms)) < len(terms):
        raise ResourceError(f"{place}: a term stands twice")
    return terms


def _sites(text: str, pattern: str, place: str) -> tuple[tuple[str, ...], str]:
    sided, systems = _SIDES.fullmatch(text), _FROM.fullmatch(text)
    if text and not sided and not systems:
        raise ResourceError(f"{place}: sites {text!r}: expected from:SYSTEM,SYSTEM or side:RLBN")
    if ("s" in pattern and not systems) or (text and "p" not in pattern):
        raise ResourceError(f"{place}: sites {text!r} do not fit pattern {pattern}")
    if systems:
        return tuple(system if len(system) == 2 else pattern[0] + system for system in systems[1].split(",")), ""
    return (), "".join(sided.groups()) if sided else ""


def _axis(text: str, place: str) -> tuple[str, AxisRule]:
    match = _AXIS.fullmatch(text)
    if match is None:
        raise ResourceError(
            f"{place}: axis {text!r}: expected letter@set=DEFAULTS, '?' or '!' where that leaves it open"
        )
    return match[1], AxisRule(match[2] or "approach", match[3].replace("-", ""), bool(match[4]), match[4] == "?")


def _condition(text: str, place: str) -> Condition:
    kind, colon, words = text.partition(":")
    if not colon or kind not in ("any", "not", "note", "site"):
        raise ResourceError(f"{place}: condition {text!r}: expected any:, not:, note: or site: with words")
    return Condition(kind, tuple(words_of_condition(text, place) for text in words.split("|")))


def _quality(text: str, place: str) -> float:
    try:
        quality = float(text or 1)
    except ValueError:
        quality = -1.0
    if not 0 < quality <= 1:
        raise ResourceError(f"{place}: quality {text!r}: expected a number above 0, at most 1")
    return quality


def _bounds(match: re.Match[str]) -> tuple[float, float]:
    """Returns the least and the greatest number that a test admits."""
    endless = 1e6
    if match[4]:
        return float(match[4]), float(match[5])
    number = float(match[3])
    tiny = 0.01
    return {
        "<": (0.0, number - tiny),
        "<=": (0.0, number),
        ">": (number + tiny, endless),
        ">=": (number, endless),
    }.get(match[2] or "", (number, number))
