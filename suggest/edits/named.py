"""Which codes the instructional notes of a diagnosis name, and how binding the notes are."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from suggest.code_sets.index import CodeIndex
from suggest.code_sets.ranges import CodeRange, compile_condition, excludes_codes
from suggest.code_sets.tabular import NoteKind
from suggest.resources import read_table

OPTIONAL = "edits/optional_notes.tsv"

_ASKING = frozenset({NoteKind.USE_ADDITIONAL, NoteKind.CODE_ALSO})
_CONDITIONAL = re.compile(
    r"\bif (?:applicable|known|any|present|the|also|there|desired)\b|\bwhe(?:n|re) (?:applicable|specified)\b"
    r"|\bany\b|\bassociated\b",
    re.IGNORECASE,
)
_EXAMPLES = re.compile(r"\bsuch as\b", re.IGNORECASE)
_CATEGORIES = re.compile(r"\bcategor(?:y|ies) ((?:[A-Z]\d[0-9A-Z](?:, | and | or )?)+)")
_CATEGORY = re.compile(r"[A-Z]\d[0-9A-Z]")
_NAMES_CODES = re.compile(r"[(\[]\s*[A-Z]\d|\b[A-Z]\d\d\.|\bcategor(?:y|ies) [A-Z]\d|\bcodes? [A-Z]\d")


@dataclass(frozen=True, slots=True)
class NamedCodes:
    """The notes of one kind at one place of the tabular list.

    Attributes:
        place: Code, block or chapter that carries them.
        texts: The notes.
        runs: Runs of rows that they name, as first row and row after the last, in tabular order and apart.
        conditional: Whether they ask for a code only where something applies.
        open: Whether the codes are examples.
    """

    place: str
    texts: tuple[str, ...]
    runs: tuple[tuple[int, int], ...]
    conditional: bool
    open: bool

    def names(self, row: int) -> bool:
        """Returns whether the notes name a code, by its row."""
        place = bisect_right(self.runs, row, key=_first) - 1
        return place >= 0 and row < self.runs[place][1]

    def names_any(self, rows: Iterable[int]) -> bool:
        """Returns whether the notes name one of some codes."""
        return any(self.names(row) for row in rows)


@lru_cache(maxsize=20_000)
def named_codes(index: CodeIndex, row: int, kind: str) -> tuple[NamedCodes, ...]:
    """Returns what the notes of a kind name, for a code and all above it; nearest place first.

    Notes that ask for a code are left out where the code is for some patients only (``edits/optional_notes.tsv``).
    """
    places: dict[str, list[str]] = {}
    for note in index.notes(row, kind):
        if kind not in _ASKING or not _is_optional(note.from_code, note.text):
            places.setdefault(note.from_code, []).append(note.text)
    return tuple(_named_at(index, place, tuple(texts)) for place, texts in places.items())


@lru_cache(maxsize=1)
def optional_notes() -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    """Returns places of the tabular list, none for all, with the codes that their notes ask of some patients only."""
    return tuple((tuple(row["places"].split()), tuple(row["codes"].split())) for row in read_table(OPTIONAL))


def _is_optional(place: str, text: str) -> bool:
    """Whether all codes that stand in parentheses in a note are optional; running text that names one asks for it."""
    optional = tuple(code for at, codes in optional_notes() if place.startswith(at or "") for code in codes)
    named = excludes_codes(text)
    return bool(named) and all(codes.first.startswith(optional) for codes in named)


@lru_cache(maxsize=20_000)
def _named_at(index: CodeIndex, place: str, texts: tuple[str, ...]) -> NamedCodes:
    """Reads the notes of a place once, for all the codes below it."""
    return NamedCodes(
        place=place,
        texts=texts,
        runs=_runs([index.rows_in(named) for text in texts for named in _codes(text)]),
        conditional=any(_CONDITIONAL.search(text) for text in texts),
        open=any(_EXAMPLES.search(text) for text in texts),
    )


def _first(run: tuple[int, int]) -> int:
    return run[0]


def _runs(rows: list[NDArray[np.int32]]) -> tuple[tuple[int, int], ...]:
    """Returns rows, each array in tabular order, as runs that do not touch."""
    found = np.unique(np.concatenate(rows)) if rows else np.empty(0, dtype=np.int32)
    breaks = np.flatnonzero(np.diff(found) > 1) + 1
    return tuple((int(part[0]), int(part[-1]) + 1) for part in np.split(found, breaks) if len(part))


def all_notes(index: CodeIndex, kind: str) -> Iterator[tuple[str, str]]:
    """Yields place and text of every note of a kind in the edition, each once, in tabular order."""
    seen: set[tuple[str, str]] = set()
    for row in range(len(index)):
        for note in index.notes(row, kind):
            if (note.from_code, note.text) not in seen:
                seen.add((note.from_code, note.text))
                yield note.from_code, note.text


def unparsed_notes(index: CodeIndex, kind: str = NoteKind.EXCLUDES1) -> list[tuple[str, str]]:
    """Returns place and text of the notes that name codes which cannot be told from the text.

    These are notes that speak of codes of which none is understood, or one of which leads to no code of the edition. A
    note without any code (``code to identify abnormal findings``) has nothing to parse.
    """
    notes = ((place, text) for place, text in all_notes(index, kind) if _NAMES_CODES.search(text))
    # the compiled index goes by what stands in parentheses alone
    codes = excludes_codes if kind == NoteKind.EXCLUDES1 else _codes
    return [(place, text) for place, text in notes if not _parsed(index, codes(text))]


def _codes(text: str) -> list[CodeRange]:
    """Returns the codes that a note names, in parentheses or as ``category Z3A``."""
    found = excludes_codes(text)
    if found:
        return found
    return [CodeRange(code, code) for group in _CATEGORIES.findall(text) for code in _CATEGORY.findall(group)]


def _parsed(index: CodeIndex, named: list[CodeRange]) -> bool:
    return bool(named) and all(
        len(index.rows_in(codes)) and (not codes.condition or compile_condition(codes.condition) is not None)
        for codes in named
    )
