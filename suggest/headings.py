"""The table of section headings: which family a heading belongs to and what the family means for coding.

The data are ``resources/sections/headings.tsv`` (spelling to family), ``families.tsv`` (families and their
roles) and ``cues.tsv`` (words that decide where the whole heading is not in the table).

A spelling has a *use*, which says when it is a heading:

- empty: wherever the layout marks it as a heading.
- ``bare``: also without a colon at the start of a sentence (``PMH HTN on HCTZ.``); ``bare:nkda|pcn`` only
  before one of these words.
- ``colon``: a disease or everyday word as well; alone on its line in title case, within a history or an
  assessment, it needs an empty line before it.
- ``region``, ``system``: sub-headings of an examination, by part of the body or by organ system.
- ``result``: the name of a single test; holds one line, and stays within an assessment or plan.
- ``label``: never a heading (``BP: 120/80``, ``Mother: asthma``).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from suggest.errors import ResourceError
from suggest.records import AssertionStatus
from suggest.resources import read_table

CURRENT = frozenset({"yes", "no", "maybe"})
WEIGHTS = frozenset({"assessment", "history", "subjective", "objective", "procedural", "administrative"})
SUBHEADINGS = frozenset({"none", "systems", "regions", "all"})
USES = frozenset({"", "bare", "colon", "region", "system", "result", "label"})

NO_HEADING = "none"
UNKNOWN_HEADING = "other"

_APOSTROPHES = str.maketrans("", "", "'’")
_PARENTHESIS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_AND = re.compile(r"[&+]")
_WORDS = re.compile(r"[a-z0-9]+")
_TITLE_WORDS = re.compile(r"[\w'’]+")
_PARTS = re.compile(r"\s*(?:[/&+,]|\band\b)\s*", re.IGNORECASE)
_SMALL_WORDS = frozenset(
    {"a", "an", "and", "as", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"}
)
_MAX_WORDS = 8


@dataclass(frozen=True, slots=True)
class Family:
    """A family of headings.

    Attributes:
        id: Key, as in ``Section.family``.
        label: Name for readers.
        current: Whether what stands here is a condition of this encounter: ``yes``, ``no``, ``maybe``.
        weight: Kind of the section: ``assessment``, ``history``, ``subjective``, ``objective``,
            ``procedural`` or ``administrative``.
        default_assertion: Assertion of a mention that no other rule decides; ``None`` for present.
        subheadings: Which sub-headings stay within it: ``none``, ``systems``, ``regions`` (with systems) or
            ``all`` (also those not in the table, as in a plan by problem).
    """

    id: str
    label: str
    current: str
    weight: str
    default_assertion: AssertionStatus | None
    subheadings: str


@dataclass(frozen=True, slots=True)
class Heading:
    """What a spelling stands for: a family and a use; ``before`` holds the words after a ``bare:`` use."""

    family: str
    use: str = ""
    before: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Cues:
    first: dict[str, Heading]
    last: dict[str, Heading]
    drop: frozenset[str]
    verbs: frozenset[str]


UNKNOWN = Heading(UNKNOWN_HEADING)


@lru_cache(maxsize=1)
def families() -> dict[str, Family]:
    """Returns the heading families by id.

    Raises:
        ResourceError: A family is given twice or a column holds a value that is not allowed.
    """
    found: dict[str, Family] = {}
    for row in read_table("sections/families.tsv"):
        key = row["family"]
        allowed = row["current"] in CURRENT and row["weight"] in WEIGHTS and row["subheadings"] in SUBHEADINGS
        if key in found or not allowed:
            raise ResourceError(f"sections/families.tsv: family {key!r} is given twice or has an unknown role")
        default = AssertionStatus(row["default_assertion"]) if row["default_assertion"] else None
        found[key] = Family(key, row["label"], row["current"], row["weight"], default, row["subheadings"])
    return found


@lru_cache(maxsize=1)
def spellings() -> dict[str, Heading]:
    """Returns the headings by their normal spelling (see ``normalise_heading``).

    Raises:
        ResourceError: A spelling is given twice, is not in normal form, or names an unknown family or use.
    """
    found: dict[str, Heading] = {}
    for row in read_table("sections/headings.tsv"):
        spelling = row["spelling"]
        if spelling in found or spelling != normalise_heading(spelling):
            raise ResourceError(f"sections/headings.tsv: {spelling!r} is given twice or not in normal form")
        found[spelling] = _heading(row, f"sections/headings.tsv: {spelling!r}")
    return found


def _heading(row: dict[str, str], place: str) -> Heading:
    use, _, before = row["use"].partition(":")
    known = not row["family"] if use == "label" else row["family"] in families()
    if use not in USES or not known:
        raise ResourceError(f"{place} has the unknown family {row['family']!r} or use {use!r}")
    return Heading(row["family"], use, frozenset(filter(None, before.split("|"))))


@lru_cache(maxsize=1)
def _cues() -> _Cues:
    words: dict[str, dict[str, Heading]] = {"first": {}, "last": {}, "drop": {}, "verb": {}}
    for row in read_table("sections/cues.tsv"):
        place = f"sections/cues.tsv: {row['cue']} {row['word']!r}"
        if row["cue"] not in words or row["word"] in words[row["cue"]]:
            raise ResourceError(f"{place} is given twice or has an unknown cue")
        decides = row["cue"] in ("first", "last")
        words[row["cue"]][row["word"]] = _heading(row, place) if decides else Heading("")
    return _Cues(words["first"], words["last"], frozenset(words["drop"]), frozenset(words["verb"]))


def verbs() -> frozenset[str]:
    """Words after which a bare abbreviation is the subject of a sentence (``Meds were refilled``)."""
    return _cues().verbs


def normalise_heading(label: str) -> str:
    """Returns the normal spelling of a heading.

    Lower case, without accents and apostrophes, parentheses and brackets left out, ``&`` and ``+`` as
    ``and``, every other mark as a space.
    """
    low = label.lower()
    if low.isalpha():
        return low if low.isascii() else _unaccented(low)
    if not low.isascii():
        low = _unaccented(low)
    low = low.translate(_APOSTROPHES)
    if "(" in low or "[" in low:
        low = _PARENTHESIS.sub(" ", low)
    return " ".join(_WORDS.findall(_AND.sub(" and ", low)))


def _unaccented(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def look_up(label: str) -> Heading | None:
    """Returns what a heading as written stands for, ``None`` where nothing is known of it."""
    return look_up_parts(label) or look_up_word(label)


def look_up_word(label: str) -> Heading | None:
    """Returns what the first or last word makes of a heading with capitals (``CORONARY FINDINGS``)."""
    if not is_title(label):
        return None
    words = normalise_heading(label).split()
    if not 2 <= len(words) <= _MAX_WORDS:
        return None
    return _cues().first.get(words[0]) or _cues().last.get(words[-1])


def look_up_parts(label: str) -> Heading | None:
    """Returns what a heading or all of its parts stand for, ``None`` where the table lacks them.

    A heading that is not in the table is taken apart: words that say nothing of the content and dates are
    dropped (``RECENT LABS 03/10``), parts joined by ``and`` or a slash are looked up one by one. This asks
    for capitals, as a heading has them.
    """
    key = normalise_heading(label)
    found = spellings().get(key)
    if found is not None or not is_title(label):
        return found
    words = key.split()
    return None if len(words) > _MAX_WORDS else _without_dropped(words) or _combined(label)


def is_title(label: str) -> bool:
    """Whether every word but small ones begins with a capital or a digit."""
    return label[:1].isupper() and all(
        not word[0].islower() or word in _SMALL_WORDS for word in _TITLE_WORDS.findall(label)
    )


def _without_dropped(words: list[str]) -> Heading | None:
    drop = _cues().drop
    start, end = 0, len(words)
    while end > start and (words[end - 1].isdigit() or words[end - 1] in drop):
        end -= 1
        if found := spellings().get(" ".join(words[start:end])):
            return found if found.use != "label" else None
    while start < end and words[start] in drop:
        start += 1
        if found := spellings().get(" ".join(words[start:end])):
            return found if found.use != "label" else None
    return None


def _combined(label: str) -> Heading | None:
    """A heading of several known parts; the first without a default assertion stands for all.

    A section on allergies and medications must not make every drug an allergy.
    """
    parts = [spellings().get(normalise_heading(part)) for part in _PARTS.split(label)]
    known = [part for part in parts if part is not None and part.use != "label"]
    if len(parts) < 2 or len(known) < len(parts):
        return None
    neutral = (part for part in known if families()[part.family].default_assertion is None)
    return next(neutral, known[0])
