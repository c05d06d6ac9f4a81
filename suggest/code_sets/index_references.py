"""Finds the entries that "see" and "see also" of the Alphabetic Index lead to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from suggest.code_sets.index_titles import CONNECTORS, is_connector, title_names
from suggest.code_sets.index_xml import AlphabeticIndex, IndexEntry, IndexKind

_LEAD = re.compile(r"^(?:see\s+)?(?:also\s+)?", re.IGNORECASE)
_CATEGORY = re.compile(
    r"(?:sub)?categor(?:y|ies)\s+([A-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?)(?:\.?-)?(?![0-9A-Z-])", re.IGNORECASE
)
_OPEN = re.compile(r"\bby (?:[a-z]+ )?(?:site|type|drug|cause|region|organism|trimester)|\bspecified\b", re.IGNORECASE)
_OTHER_TABLE = re.compile(r"table of|^neoplasm|^external cause", re.IGNORECASE)


class Why(StrEnum):
    """Why a reference was not followed."""

    OPEN = "names no entry: the site or type decides"
    CONDITION = "an adjective: look up the condition"
    OTHER_FILE = "leads into another part of the index"
    RANGE = "leads to several categories"
    UNKNOWN = "no such entry"
    LEADS_NOWHERE = "leads to no code"
    TOO_MANY = "too many subterms there: only its own code is taken over"
    NO_CODE = "an entry without code, reference or subterms"


@dataclass(frozen=True, slots=True)
class Unfollowed:
    """A reference that was not followed, or not wholly.

    Attributes:
        line: Line of its entry.
        entry: The words of the entry, from the main term down.
        target: The words of the reference; empty where the entry has none.
        why: The reason.
    """

    line: int
    entry: str
    target: str
    why: Why


class References:
    """Looks references up in one file of the index."""

    def __init__(self, index: AlphabeticIndex) -> None:
        self._table = index.kind in (IndexKind.NEOPLASMS, IndexKind.DRUGS)
        self._main = _by_name(index.entries)
        self._below: dict[IndexEntry, dict[str, IndexEntry]] = {}
        self._found: dict[str, IndexEntry | Why] = {}

    def find(self, target: str) -> IndexEntry | Why:
        """Returns the entry that a reference names, or why there is none.

        Args:
            target: Main term and subterms with commas between, or a category.
        """
        if target not in self._found:
            self._found[target] = self._find(_LEAD.sub("", " ".join(target.split())))
        return self._found[target]

    def _find(self, target: str) -> IndexEntry | Why:
        if match := _CATEGORY.fullmatch(target):
            if self._table:  # a category does not say which column
                return Why.OTHER_FILE
            return IndexEntry(target, (), (match[1].upper(),), (), (), (), 0, ())
        if target.lower().startswith(("category", "categories", "subcategor")):
            return Why.RANGE
        parts = [part.strip().lower() for part in target.split(",") if part.strip()]
        for main, rest in _heads(parts):
            if main in self._main and (entry := self._descend(self._main[main], rest)):
                return entry
        if _OPEN.search(target):
            return Why.OPEN
        if parts[-1:] == ["condition"]:
            return Why.CONDITION
        return Why.OTHER_FILE if _OTHER_TABLE.search(target) else Why.UNKNOWN

    def _descend(self, entry: IndexEntry, parts: Sequence[str]) -> IndexEntry | None:
        """Returns the entry that the parts lead to; connecting words may be left out or stand before a part."""
        if not parts:
            return entry
        below = self._names_below(entry)
        for name, rest in _heads(parts):
            if name in below and (found := self._descend(below[name], rest)):
                return found
        for child in entry.children:
            if is_connector(child.title) and (found := self._descend(child, parts)):
                return found
        first, _, others = parts[0].partition(" ")
        return self._descend(entry, [others, *parts[1:]]) if first in CONNECTORS and others else None

    def _names_below(self, entry: IndexEntry) -> dict[str, IndexEntry]:
        if entry not in self._below:
            self._below[entry] = _by_name(entry.children)
        return self._below[entry]


def _heads(parts: Sequence[str]) -> Iterable[tuple[str, Sequence[str]]]:
    """Returns each way to divide parts into a title, which may hold commas, and the rest; longest title first."""
    return [(", ".join(parts[:length]), parts[length:]) for length in range(len(parts), 0, -1)]


def _by_name(entries: Iterable[IndexEntry]) -> dict[str, IndexEntry]:
    """Returns entries by the names that references use; whole titles go before forms, the first before others."""
    found: dict[str, IndexEntry] = {}
    listed = [(title_names(entry.title), entry) for entry in entries]
    for names, entry in listed:
        found.setdefault(names[0], entry)
    for names, entry in listed:
        for name in names[1:]:
            found.setdefault(name, entry)
    return found
