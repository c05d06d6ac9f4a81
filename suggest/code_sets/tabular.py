"""The tabular list of a diagnosis code system as plain records, whatever file it was read from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class NoteKind(StrEnum):
    """Kinds of instructional notes (Official Guidelines for Coding and Reporting, section I.A.10-17)."""

    INCLUDES = "includes"
    EXCLUDES1 = "excludes1"
    EXCLUDES2 = "excludes2"
    CODE_FIRST = "code_first"
    USE_ADDITIONAL = "use_additional"
    CODE_ALSO = "code_also"
    NOTES = "notes"


TabularNotes = tuple[tuple[NoteKind, str], ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter: its number (1..22), title and the notes that hold for all its codes."""

    number: int
    title: str
    notes: TabularNotes = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A block of categories.

    Attributes:
        id: First and last category, ``A00-A09``; one category stands alone, ``B20``.
        title: The title.
        chapter: Number of its chapter.
        notes: Notes that hold for all codes from the first to the last category.
    """

    id: str
    title: str
    chapter: int
    notes: TabularNotes = ()


@dataclass(frozen=True, slots=True)
class TabularNode:
    """A category, subcategory or code.

    Attributes:
        code: With its dot, upper case.
        title: The full title.
        parent: The code above it; ``None`` for a category.
        chapter: Number of its chapter.
        block: Id of its block.
        billable: Whether it is complete, so that it may stand on a claim.
        seventh: Whether it is another code with a 7th character added (``C44.1021``, a code of seven
            characters of its own, is not).
        inclusion_terms: Terms that it is the code for.
        notes: Its own instructional notes; those of its ancestors hold as well.
        seventh_characters: The 7th characters defined here for all codes below, each with its meaning.
    """

    code: str
    title: str
    parent: str | None
    chapter: int
    block: str
    billable: bool
    seventh: bool = False
    inclusion_terms: tuple[str, ...] = ()
    notes: TabularNotes = ()
    seventh_characters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TabularList:
    """A whole tabular list; ``nodes`` in tabular order, each after its parent, subtrees contiguous."""

    version: str
    chapters: tuple[Chapter, ...]
    blocks: tuple[Block, ...]
    nodes: tuple[TabularNode, ...]

    def all_notes(self) -> Iterator[TabularNotes]:
        """Yields the notes of every place where notes may stand: nodes, then blocks, then chapters."""
        yield from (node.notes for node in self.nodes)
        yield from (block.notes for block in self.blocks)
        yield from (chapter.notes for chapter in self.chapters)
