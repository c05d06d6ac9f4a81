"""The compiled index of one edition of ICD-10-CM: codes, hierarchy, titles, notes and search.

Rows are in tabular order, so that a subtree is the contiguous range ``row .. end[row] - 1``. All arrays are
memory-mapped and strings are decoded when asked for: opening takes milliseconds, and the processes of a
machine share one copy.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suggest.code_sets.arrays import Array, Strings, read_arrays
from suggest.code_sets.editions import Edition
from suggest.code_sets.ranges import CodeRange, CodeTable
from suggest.code_sets.search import Search, SearchHit
from suggest.code_sets.tabular import NoteKind

__all__ = ["FORMAT_VERSION", "CodeIndex", "InstructionalNote", "SearchHit"]

FORMAT_VERSION = 1
"""Raised when the arrays, the normal form of words or the reading of a source changes."""


@dataclass(frozen=True, slots=True)
class InstructionalNote:
    """A note and where it stands: a code, a block (``E08-E13``) or a chapter (``chapter 4``)."""

    text: str
    from_code: str


class CodeIndex:
    """One edition of a code set, read-only.

    Attributes:
        edition: The edition.
        fingerprint: Name of its folder: system, edition, format version and a hash of what it was made from.
        parent: ``int32[n]``, row of the code above; -1 for categories.
        category: ``int32[n]``, row of the three-character category; the own row for categories.
        end: ``int32[n]``, the row after the last of the subtree.
        billable: ``bool[n]``, whether the code is complete.
        depth: ``int8[n]``, 0 for categories.
        chapter: ``int8[n]``, number of the chapter (1..22).
        block: ``int16[n]``, number of the block, for ``block_title``.
        stem: ``int32[n]``, row of the code without its 7th character; the own row for other codes.
        has_seventh: ``bool[n]``, whether the code is another one with a 7th character added (``C44.1021``, a
            code of seven characters of its own, is not).
    """

    def __init__(self, arrays: dict[str, Array], meta: dict[str, Any], fingerprint: str) -> None:
        """Wraps the parts of a compiled index; callers use ``open``."""
        self.edition = Edition.from_json(meta["edition"])
        self.fingerprint = fingerprint
        self.parent: NDArray[np.int32] = arrays["parent"]
        self.category: NDArray[np.int32] = _categories(self.parent)
        self.end: NDArray[np.int32] = arrays["end"]
        self.billable: NDArray[np.bool_] = arrays["billable"]
        self.depth: NDArray[np.int8] = arrays["depth"]
        self.chapter: NDArray[np.int8] = arrays["chapter"]
        self.block: NDArray[np.int16] = arrays["block"]
        self.stem: NDArray[np.int32] = arrays["stem"]
        self.has_seventh: NDArray[np.bool_] = arrays["has_seventh"]
        self._codes = CodeTable(arrays)
        self._texts = Strings(arrays["text_blob"], arrays["text_offset"])
        self._text_ptr = arrays["text_ptr"]
        self._notes = Strings(arrays["note_blob"], arrays["note_offset"])
        self._note_ptr = arrays["note_ptr"]
        self._note_kind = arrays["note_kind"]
        self._chapters: dict[int, str] = dict(meta["chapters"])
        self._blocks: list[tuple[str, str]] = [(block, title) for block, title, _ in meta["blocks"]]
        self._outer: list[int] = [outer for _, _, outer in meta["blocks"]]
        # Memory views: their items are plain integers, which array items become only at three times the cost.
        self._exclusion_of = arrays["exclusion_of"].data
        self._exclusion_ptr = arrays["exclusion_ptr"].data
        self._exclusion_start = arrays["exclusion_start"].data
        self._exclusion_note = arrays["exclusion_note"].data
        self._search = Search(arrays)

    @classmethod
    def open(cls, folder: Path) -> CodeIndex:
        """Opens the index that was compiled into ``folder``.

        Raises:
            CodeSetError: The folder is missing, incomplete or of another format version.
        """
        arrays, meta = read_arrays(folder, FORMAT_VERSION)
        return cls(arrays, meta, folder.name)

    def __len__(self) -> int:
        return len(self.parent)

    def code(self, row: int) -> str:
        """Returns the code of a row, upper case with its dot."""
        plain = bytes(self._codes.code[row]).decode()
        return f"{plain[:3]}.{plain[3:]}" if len(plain) > 3 else plain

    def codes(self) -> list[str]:
        """Returns all codes in tabular order; a new list of some megabytes at each call."""
        plain: list[bytes] = self._codes.code.tolist()
        return [f"{c[:3]}.{c[3:]}" if len(c) > 3 else c for c in (code.decode() for code in plain)]

    def row(self, code: str) -> int | None:
        """Returns the row of a code, dotted or not, in any case; ``None`` if the edition lacks it."""
        return self._codes.row(code)

    def where_category(self, holds: Callable[[str], bool]) -> NDArray[np.bool_]:
        """Returns for each row whether its three-character category fulfils a condition."""
        tops = np.flatnonzero(self.parent < 0)
        fulfilled = np.zeros(len(self), dtype=bool)
        fulfilled[tops] = [holds(self.code(row)) for row in tops.tolist()]
        return fulfilled[self.category]

    def rows_in(self, codes: CodeRange) -> NDArray[np.int32]:
        """Returns the rows of a range of codes in tabular order, with all codes below its last one.

        A range with a condition ("with 7th character B") gives the complete codes that meet it, and none
        where the condition is not understood.
        """
        return self._codes.rows_in(codes)

    def title(self, row: int) -> str:
        """Returns the full title."""
        return self._texts[int(self._text_ptr[row])]

    def terms(self, row: int) -> tuple[str, ...]:
        """Returns the inclusion terms of this very code, and those of its includes notes that are terms."""
        first, last = self._text_ptr[row : row + 2].tolist()
        return tuple(self._texts[position] for position in range(first + 1, last))

    def ancestors(self, row: int) -> list[int]:
        """Returns the rows above, nearest first."""
        above = []
        while (row := int(self.parent[row])) >= 0:
            above.append(row)
        return above

    def children(self, row: int) -> list[int]:
        """Returns the rows directly below, in tabular order."""
        below = []
        child, end = row + 1, int(self.end[row])
        while child < end:
            below.append(child)
            child = int(self.end[child])
        return below

    def chapter_title(self, number: int) -> str:
        """Returns the title of a chapter (1..22).

        Raises:
            KeyError: There is no such chapter.
        """
        return self._chapters[number]

    def block_title(self, number: int) -> str:
        """Returns the title of a block, by its number in ``block``."""
        return self._blocks[number][1]

    def block_id(self, number: int) -> str:
        """Returns the first and last category of a block (``E08-E13``), by its number in ``block``."""
        return self._blocks[number][0]

    def notes(self, row: int, kind: str) -> tuple[InstructionalNote, ...]:
        """Returns the notes of one kind that hold for a code: its own, then those of its ancestors upwards.

        Args:
            row: Row of the code.
            kind: A ``NoteKind``: ``includes``, ``excludes1``, ``excludes2``, ``code_first``,
                ``use_additional``, ``code_also`` or ``notes``.
        """
        wanted = list(NoteKind).index(NoteKind(kind))
        found = []
        for place in self._places(row):
            first, last = self._note_ptr[place : place + 2].tolist()
            found += [self._note(note, place) for note in range(first, last) if self._note_kind[note] == wanted]
        return tuple(found)

    def excludes1(self, row_a: int, row_b: int) -> InstructionalNote | None:
        """Returns the Excludes1 note that forbids two codes on one claim, whichever of them carries it.

        The note may stand at an ancestor, and may name an ancestor of the other code. Guideline I.A.12.a
        permits both codes after all where the two conditions are unrelated; that is for a coder to say.
        """
        for row, other in ((row_a, row_b), (row_b, row_a)):
            group = self._exclusion_of[row]
            if group < 0:
                continue
            low = self._exclusion_ptr[group]
            position = bisect_right(self._exclusion_start, other, low, self._exclusion_ptr[group + 1]) - 1
            if position >= low and (note := self._exclusion_note[position]) >= 0:
                return self._note(note, int(np.searchsorted(self._note_ptr, note, side="right")) - 1)
        return None

    def search(self, query: str, limit: int = 20) -> list[SearchHit]:
        """Returns codes that begin with ``query``, then those that hold all its words, best first.

        The last word may be incomplete. Words count in any order, in the title and the terms of one code;
        rare words weigh more, and a billable code goes first on ties (see ``Search``). Scores lie in 0..1.
        """
        rows = self._codes.rows_with_prefix(query)[:limit].tolist()
        hits = [SearchHit(row, 1.0) for row in rows]
        if len(hits) < limit:
            known = set(rows)
            hits += [hit for hit in self._search.words(query, limit) if hit.row not in known]
        return hits[:limit]

    def _places(self, row: int) -> list[int]:
        """Returns where notes for a row may stand: rows, then blocks (from n), then chapters."""
        places = [row, *self.ancestors(row)]
        block = int(self.block[row])
        while block >= 0:
            places.append(len(self) + block)
            block = self._outer[block]
        places.append(len(self) + len(self._blocks) + list(self._chapters).index(int(self.chapter[row])))
        return places

    def _note(self, note: int, place: int) -> InstructionalNote:
        return InstructionalNote(self._notes[note], self._place_name(place))

    def _place_name(self, place: int) -> str:
        if place < len(self):
            return self.code(place)
        block = place - len(self)
        if block < len(self._blocks):
            return self._blocks[block][0]
        return f"chapter {list(self._chapters)[block - len(self._blocks)]}"


def _categories(parent: NDArray[np.int32]) -> NDArray[np.int32]:
    """Returns the category of each row: in tabular order, that of the last row without a code above it."""
    rows = np.arange(len(parent), dtype=np.int32)
    return np.maximum.accumulate(np.where(parent < 0, rows, np.int32(0)))
