"""Laboratory values, vital signs and scores of a note: the numbers that follow (or precede) their names.

``queries/value_terms.tsv`` holds the names, ``queries/values.tsv`` for each value its plausible range and units. A
value that is a goal or a threshold ("keep K > 4", "transfuse if Hgb < 7") is none of the patient's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from suggest.em.cues import Cue, CueTable, Words
from suggest.errors import ResourceError
from suggest.resources import read_table

TERMS = "queries/value_terms.tsv"
VALUES = "queries/values.tsv"

_FILL = (
    r"of|was|is|were|at|on|to|from|up|down|now|then|today|peak(?:ed|ing)?|nadir|base(?:line)?|bl|initial(?:ly)?"
    r"|admission|admit|adm|arrival|presentation|discharge|d/c|dc|high|low|as|rose|fell|dropped?|drop|rise|rising"
    r"|improv(?:ed|ing)|trend(?:ed|ing)|repeat|recheck|level|count|value|score|critical|around|about|approx|currently"
    r"|and|with|in|the|ranged?|ranging|between|has|been|remains?|still|stable|elevated|decreased|increased|fasting"
    r"|random|serum|a|here|ed|preop|postop|postoperative|prior|current|last|total|estimated|adult|calculated"
    r"|hd ?\d{1,2}"
    r"|pod ?\d{1,2}"
)
_GAP = rf"(?:[ \t:=~>→@(),*|+\u2192\u2191\u2193-]|[\u2010-\u2015]|\b(?:{_FILL})\b\.?)"
# A step to the next number of a run such as "1.2 baseline -> 4.4 -> 1.6"; "<" is caught, as it gives no number.
_STEP = re.compile(rf"{_GAP}{{0,16}}(<?)[ =]?(\d{{1,3}}(?:,\d{{3}})+|\d+(?:\.\d+)?)([ \t]?[a-z%/][a-z%/0-9]{{0,9}})?")
_BEFORE = re.compile(r"(\d{2,3})(?:-\d{2})?[ \t]?$")
_PRESSURE = re.compile(rf"{_GAP}{{0,10}}(\d{{2,3}})[ \t]?/[ \t]?(\d{{2,3}})\b")
# Units that make a number something else than a value: amounts given, times, counts per field.
_FOREIGN = frozenset(
    {
        "mg",
        "g",
        "gm",
        "mcg",
        "ml",
        "cc",
        "l",
        "lpm",
        "u",
        "unit",
        "units",
        "tab",
        "tabs",
        "meq",
        "kg",
        "lb",
        "lbs",
        "mm",
    }
    | {"cm", "min", "mins", "hr", "hrs", "h", "d", "day", "days", "week", "weeks", "wk", "wks", "mo", "month", "months"}
    | {"year", "years", "yr", "yrs", "x", "am", "pm", "/hpf", "bags", "doses", "drops", "gtt", "puffs", "iu"}
)
_NOT_THE_PATIENTS = frozenset(
    {"goal", "goals", "target", "keep", "if", "when", "until", "threshold", "maintain", "unless", "should", "titrate"}
    | {"titrated", "avoid", "parameters", "ref", "reference", "criteria", "cutoff"}
)
_OTHER_FLUID = frozenset(
    {"ua", "urine", "urinalysis", "csf", "fluid", "pleural", "synovial", "ascitic", "ascites", "joint", "tap"}
    | {"u/a", "donor", "cord", "mother", "maternal", "father"}
)
_FAHRENHEIT = (86.0, 110.0)
_REACH = 5
_LONGEST_RUN = 6
_SENTENCE = 200  # characters looked back: to the start of a line of any length would cost its square


@dataclass(frozen=True, slots=True)
class Measure:
    """What a value may be.

    Attributes:
        name: Its id.
        low: Least plausible number, in its unit.
        high: Greatest plausible number.
        units: Other units, with the factor that turns them into its own.
        own: Spellings of its own unit.
        decimal: Factor for numbers with decimals and without a unit.
    """

    name: str
    low: float
    high: float
    units: dict[str, float]
    own: frozenset[str]
    decimal: float


@dataclass(frozen=True, slots=True)
class Value:
    """A number of a note: offsets of the span from the name to the number, in the note's text."""

    name: str
    number: float
    start: int
    end: int


class ValueReader:
    """Finds the values of ``queries/values.tsv``."""

    def __init__(self) -> None:
        """Loads and checks the tables.

        Raises:
            ResourceError: A row names an unknown value or holds no number where one belongs.
        """
        self.measures = {row["value"]: _measure(row) for row in read_table(VALUES)}
        self._terms = CueTable(read_table(TERMS), "term")
        for row in self._terms.rows:
            if row["value"] not in self.measures:
                raise ResourceError(
                    f"{TERMS}: term {row['term']!r} names the value {row['value']!r}; add it to {VALUES}"
                )

    def read(self, text: str, words: Words) -> Iterator[Value]:
        """Yields the values of a text.

        Args:
            text: The note.
            words: Its words, from ``split_words``.
        """
        low = text.lower()
        if len(low) != len(text):
            return  # letters that grow in lower case would move the offsets
        for cue in self._terms.find(words):
            row = self._terms.rows[cue.row]
            measure = self.measures[row["value"]]
            if _about_another(words, cue, low):
                continue
            if row["place"] == "before":
                yield from _before(measure, low, cue)
            elif row["place"] == "pressure":
                yield from _pressure(measure, low, cue)
            else:
                yield from _run(measure, low, cue)


@cache
def value_reader() -> ValueReader:
    """Returns the reader with the shipped tables; they are read once."""
    return ValueReader()


def _measure(row: dict[str, str]) -> Measure:
    try:
        units = dict(pair.rsplit(":", 1) for pair in row["units"].split())
        return Measure(
            name=row["value"],
            low=float(row["low"]),
            high=float(row["high"]),
            units={unit: float(factor) for unit, factor in units.items()},
            own=frozenset(row["own"].split()),
            decimal=float(row["decimal"] or 1),
        )
    except ValueError:
        raise ResourceError(
            f"{VALUES}: value {row['value']!r}: expected numbers as low, high and decimal, and units as unit:factor"
        ) from None


def _about_another(words: Words, cue: Cue, text: str) -> bool:
    """Whether the words before a name make what follows a goal, or a value of another fluid or person."""
    low = max(0, cue.start - _SENTENCE)
    sentence = max(text.rfind(mark, low, cue.start) for mark in ("\n", ". ", ";"))
    for i in range(cue.first - 1, -1, -1):
        if words.starts[i] < sentence:
            return False
        word = words.texts[i]
        if word in _OTHER_FLUID or (cue.first - i <= _REACH and word in _NOT_THE_PATIENTS):
            return True
        if cue.first - i > 3 * _REACH:
            return False
    return False


def _run(measure: Measure, text: str, cue: Cue) -> Iterator[Value]:
    """Yields the numbers behind a name until something else than a value comes."""
    at = cue.end
    for _ in range(_LONGEST_RUN):
        step = _STEP.match(text, at)
        if step is None or step.group(1):
            return
        number = _number(measure, step, text)
        if number is None:
            return
        end = step.end(2)
        yield Value(measure.name, number, cue.start, end)
        unit = (step.group(3) or "").strip()
        at = step.end() if unit in measure.own or unit in measure.units else end


def _number(measure: Measure, step: re.Match[str], text: str) -> float | None:
    """Returns the number of a step in the unit of ``measure``; ``None`` for dates, amounts and what is implausible."""
    digits = step.group(2)
    unit = (step.group(3) or "").strip()
    after = text[step.end(2) : step.end(2) + 1]
    if unit not in measure.own and unit not in measure.units:
        if unit.split("/")[0] in _FOREIGN or unit in _FOREIGN or unit.startswith("%"):
            return None
        if after == "/" and "." not in digits and text[step.end(2) + 1 : step.end(2) + 2].isdigit():
            return None  # a date
        if unit.rstrip(".") in {"k", "x10", "k/ul"}:
            unit = ""
    number = float(digits.replace(",", ""))
    if unit in measure.units:
        number *= measure.units[unit]
    elif measure.name == "temperature" and _FAHRENHEIT[0] <= number <= _FAHRENHEIT[1]:
        number = (number - 32) / 1.8
    elif "." in digits and unit not in measure.own:
        number *= measure.decimal
    if number > measure.high and 1000 * measure.low <= number <= 1000 * measure.high and "k" in measure.own:
        number /= 1000
    return number if measure.low <= number <= measure.high else None


def _before(measure: Measure, text: str, cue: Cue) -> Iterator[Value]:
    match = _BEFORE.search(text, max(0, cue.start - 8), cue.start)
    if match and measure.low <= float(match.group(1)) <= measure.high:
        yield Value(measure.name, float(match.group(1)), match.start(1), cue.end)


def _pressure(measure: Measure, text: str, cue: Cue) -> Iterator[Value]:
    match = _PRESSURE.match(text, cue.end)
    if match and int(match.group(2)) < int(match.group(1)) and measure.low <= int(match.group(1)) <= measure.high:
        yield Value(measure.name, float(match.group(1)), cue.start, match.end())
