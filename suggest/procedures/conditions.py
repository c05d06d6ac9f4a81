"""What a code of the table of services asks for, and whether a note fulfils it.

The column ``asks`` joins conditions by ``;``. A condition is ``kind:value``: a quantity in a range (``length:2.6-7.5``,
``count:>=15``), age (``age:<5``), words (``any:recurrent|recurrence``), contrast, a new or an established patient, or
``default`` for the code that is right where the note says no more.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from spacy.strings import get_string_id

from suggest.errors import ResourceError
from suggest.keys import normal_words
from suggest.words import stop_words

QUANTITIES = ("length", "sum", "area", "count", "minutes", "views", "weight")
WORDS = ("any", "note", "not")
_CHOICES = {"contrast": ("none", "with", "both"), "patient": ("new", "established"), "payer": ("medicare",)}
_RANGE = re.compile(r"(<=|>=|<|>)?(\d+(?:\.\d+)?)(?:-(\d+(?:\.\d+)?))?")


class Verdict(IntEnum):
    """How a note stands to a condition."""

    MET = 0  # fulfilled close to the words that name the procedure
    FAR = 1  # fulfilled elsewhere in the note
    UNSAID = 2  # the note says nothing of it
    MISSING = 3  # the words that it asks for do not stand there
    BROKEN = 4  # the note says something else


@dataclass(frozen=True, slots=True)
class Ask:
    """One condition.

    Attributes:
        kind: ``length``, ``sum`` (cm), ``area`` (sq cm), ``count``, ``minutes``, ``views``, ``weight`` (of an organ,
            g), ``age`` (years), ``any``, ``note``, ``not``, ``contrast``, ``patient``, ``payer`` or ``default``.
        low: Least value of a range, inclusive.
        high: Greatest value, inclusive.
        words: Alternatives, each a set of NORM hashes that have to stand together.
        choice: ``none``, ``with`` or ``both`` (contrast); ``new`` or ``established`` (patient); ``medicare``
            (payer).
    """

    kind: str
    low: float = -math.inf
    high: float = math.inf
    words: tuple[frozenset[int], ...] = ()
    choice: str = ""


@lru_cache(maxsize=20_000)
def parse_asks(text: str, place: str = "asks") -> tuple[Ask, ...]:
    """Parses the column ``asks``.

    Raises:
        ResourceError: A condition is not understood; names ``place``.
    """
    return tuple(_parse(part.strip(), place) for part in text.split(";") if part.strip())


def _parse(part: str, place: str) -> Ask:
    kind, _, value = part.partition(":")
    if part == "default":
        return Ask("default")
    if kind in (*QUANTITIES, "age"):
        match = _RANGE.fullmatch(value.strip())
        if match and not (match[1] and match[3]):
            return Ask(kind, *_bounds(match, kind))
    if kind in WORDS and value:
        phrases = (wanted(phrase) for phrase in value.split("|"))
        return Ask(kind, words=tuple(dict.fromkeys(phrase for phrase in phrases if phrase)))
    if value in _CHOICES.get(kind, ()):
        return Ask(kind, choice=value)
    raise ResourceError(f"{place}: condition {part!r} is not understood; see docs/procedure-codes.md")


def _bounds(match: re.Match[str], kind: str) -> tuple[float, float]:
    number = float(match[2])
    step = 1e-6 if kind in ("length", "sum", "area", "age", "weight") else 1.0
    if match[3]:
        # a range of ages holds its last year to the end
        return number, float(match[3]) + (1 - 1e-6 if kind == "age" else 0)
    return {
        None: (number, number),
        "<=": (-math.inf, number),
        "<": (-math.inf, number - step),
        ">=": (number, math.inf),
        ">": (number + step, math.inf),
    }[match[1]]


@lru_cache(maxsize=50_000)
def wanted(phrase: str) -> frozenset[int]:
    """Returns the NORM hashes of the words of a phrase that carry meaning; words of side do."""
    skipped = stop_words()
    return frozenset(get_string_id(word) for word in normal_words(phrase) if word and word not in skipped)
