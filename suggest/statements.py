"""Statements that name a code by their pattern: ``C3D1 FOLFOX``, ``5 cigs/day``, ``Twin A ... Twin B``.

The patterns are data (``rules/statements.tsv``). A line of the table names the words of which one must stand in a
line of the note before the pattern is tried there at all, so that a note pays only for what it may hold; what else
the note must hold; what must not stand in the statement or right before it; and whom it is about. ``{name}`` in a
pattern stands for a list of words, defined by a line with that name in place of the code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from suggest.errors import ResourceError
from suggest.measurements import Measured
from suggest.newborn import NEWBORN_YEARS
from suggest.pregnancy import CHILDBIRTH, can_be_pregnant, period_of
from suggest.records import Encounter
from suggest.resources import read_table

_ADULT = 18
_TOKEN = re.compile(r"[a-z]+|[0-9]+")  # "5cigs/day" holds "cigs"
_AROUND = 50  # characters before a statement that may take it back
_WHOM = ("", "pregnant", "delivered", "mother", "adult", "child", "newborn")
_LISTS = "="


@dataclass(frozen=True, slots=True)
class Statement:
    """A pattern that names a code; the texts of ``words`` are lower case."""

    code: str
    words: tuple[str, ...]
    pattern: re.Pattern[str]
    also: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    whom: str


def statements_in(text: str, encounter: Encounter) -> Iterator[Measured]:
    """Yields the codes that the statements of a note name, each once.

    Args:
        text: The note.
        encounter: Whom it is about.
    """
    lower = text.replace("\u0130", "I").lower()  # the one letter whose small form is longer: places would be off
    starts = {token[:3] for token in _TOKEN.findall(lower)}
    tried = (words for start, words in _words_by_start().items() if start in starts)
    standing = {word for words in tried for word in words if word in lower}
    worded = [statement for statement in all_statements() if not standing.isdisjoint(statement.words)]
    about = _about(text, encounter) if worded else frozenset()
    for statement in worded:
        if statement.whom in about:
            found = next(_matches(statement, text, lower), None)
            if found and _holds(statement.also, text):
                yield Measured(*found, statement.code, "statement")


def _matches(statement: Statement, text: str, lower: str) -> Iterator[tuple[int, int]]:
    """Yields the places where a statement stands in a line that does not say otherwise."""
    for word in statement.words:
        at = lower.find(word)
        while at >= 0:
            start, end = lower.rfind("\n", 0, at) + 1, lower.find("\n", at)
            end = len(text) if end < 0 else end
            match = statement.pattern.search(text, start, end)
            if match and not _is_denied(statement, text, max(start, match.start() - _AROUND), match.end()):
                yield match.span()
            at = lower.find(word, end)


def _is_denied(statement: Statement, text: str, start: int, end: int) -> bool:
    return statement.unless is not None and statement.unless.search(text, start, end) is not None


def _holds(pattern: re.Pattern[str] | None, text: str) -> bool:
    return pattern is None or pattern.search(text) is not None


def _about(text: str, encounter: Encounter) -> frozenset[str]:
    """Returns whom a note is about; what is unknown may be so."""
    patient = encounter.patient
    found = {""}
    if patient.age is None or patient.age >= _ADULT:
        found.add("adult")
    if patient.age is None or patient.age < _ADULT:
        found.add("child")
    if patient.age is not None and patient.age < NEWBORN_YEARS:
        found.add("newborn")
    if can_be_pregnant(patient):
        period, _trimester = period_of([text], patient, encounter.setting)
        found |= {"mother"} | ({"pregnant"} if period else set()) | ({"delivered"} if period == CHILDBIRTH else set())
    return frozenset(found)


@lru_cache(maxsize=1)
def _words_by_start() -> dict[str, list[str]]:
    """Returns the words of all statements by their first characters: most of them start no word of a note."""
    found: dict[str, list[str]] = {}
    for word in sorted({word for statement in all_statements() for word in statement.words}):
        found.setdefault(_TOKEN.findall(word)[0][:3], []).append(word)
    return found


@lru_cache(maxsize=1)
def all_statements() -> tuple[Statement, ...]:
    """Reads the statements.

    Raises:
        ResourceError: A line names a list or a kind of patient that does not exist.
    """
    rows = list(read_table("rules/statements.tsv"))
    lists = {row["code"][1:]: row["pattern"] for row in rows if row["code"].startswith(_LISTS)}
    return tuple(_statement(row, lists) for row in rows if not row["code"].startswith(_LISTS))


def _statement(row: dict[str, str], lists: dict[str, str]) -> Statement:
    if row["whom"] not in _WHOM:
        raise ResourceError(f"rules/statements.tsv: unknown patient '{row['whom']}'; expected one of {_WHOM[1:]}")
    return Statement(
        code=row["code"],
        words=tuple(row["words"].split("|")),
        pattern=re.compile(_filled(row["pattern"], lists), re.IGNORECASE),
        also=re.compile(_filled(row["also"], lists), re.IGNORECASE) if row["also"] else None,
        unless=re.compile(_filled(row["unless"], lists), re.IGNORECASE) if row["unless"] else None,
        whom=row["whom"],
    )


def _filled(pattern: str, lists: dict[str, str]) -> str:
    """Puts lists in the place of their names."""

    def words(match: re.Match[str]) -> str:
        if match.group(1) not in lists:
            raise ResourceError(f"rules/statements.tsv: no list '{match.group(1)}'; define it in a line '=name'")
        return f"(?:{lists[match.group(1)]})"

    return re.sub(r"\{([a-z_]+)\}", words, pattern)
