"""What an edition says of one diagnosis code, gathered once so that edits compare plain values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from suggest.code_sets.index import CodeIndex
from suggest.resources import read_table
from suggest.status import PrefixTable

_SIDES = re.compile(r"\b(right|left|bilateral|unspecified|both)\b", re.IGNORECASE)
_NO_SIDE = re.compile(r"\b(?:unilateral|of|eyes?|ears?|sides?)\b|,|(?<=[a-z])s\b")
_UNSPECIFIED = re.compile(r"\bunspecified\b|\bnot otherwise specified\b|\bNOS\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Facts:
    """A diagnosis of the edition.

    Attributes:
        code: As the edition writes it, upper case with its dot.
        plain: Without the dot.
        row: Row in the index.
        end: Row after the last one below it.
        category: Row of its three-character category.
        stem: Row without its 7th character; the own row for other codes.
        chapter: Number of the chapter (1..22).
        block: Number of the block.
        billable: Whether it is complete.
        title: Full title.
        unspecified: Whether the title says that something is not specified.
        side: ``right``, ``left`` or ``bilateral`` as the title without 7th character has it; empty for none.
        editor: What the Medicare Code Editor says: ``manifestation``, ``unacceptable``, ``pediatric``, ...
    """

    code: str
    plain: str
    row: int
    end: int
    category: int
    stem: int
    chapter: int
    block: int
    billable: bool
    title: str
    unspecified: bool
    side: str
    editor: frozenset[str]


@lru_cache(maxsize=1)
def _editor() -> PrefixTable:
    return PrefixTable({row["prefix"]: row["kinds"] for row in read_table("edits/code_editor.tsv")})


def sides_of(title: str) -> frozenset[str]:
    """Returns the words of a title that say a side."""
    return frozenset(word.lower() for word in _SIDES.findall(title))


def without_side(title: str) -> str:
    """Returns the words of a title but for those that say a side: equal for the same condition on either side.

    ``Unilateral osteoarthritis, right knee`` and ``Bilateral osteoarthritis of knee`` have the same.
    """
    return " ".join(sorted(_NO_SIDE.sub(" ", _SIDES.sub(" ", title.lower())).split()))


def side_of(title: str) -> str:
    """Returns ``right``, ``left`` or ``bilateral``; empty where a title says none of them, or several."""
    said = sides_of(title.replace("both", "bilateral")) - {"unspecified"}
    return next(iter(said)) if len(said) == 1 else ""


def facts_of(index: CodeIndex, code: str) -> Facts | None:
    """Returns the facts of a code, dotted or not, in any case; ``None`` if the edition lacks it."""
    row = index.row(code)
    if row is None:
        return None
    name, title = index.code(row), index.title(row)
    return Facts(
        code=name,
        plain=name.replace(".", ""),
        row=row,
        end=int(index.end[row]),
        category=int(index.category[row]),
        stem=int(index.stem[row]),
        chapter=int(index.chapter[row]),
        block=int(index.block[row]),
        billable=bool(index.billable[row]),
        title=title,
        unspecified=_UNSPECIFIED.search(title) is not None,
        side=side_of(index.title(int(index.stem[row]))),
        editor=frozenset(filter(None, (_editor().get(name) or "").split("|"))),
    )
