"""Decisions and drugs that a note states, for the problems as well as for the risk."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from suggest.em.chart import NoteChart
from suggest.em.cues import Cue, CueTable, cue_table
from suggest.resources import read_table

_PAST = frozenset({"prior", "last", "previous", "since", "recent", "this", "per", "on", "post"})


def decisions(note: NoteChart, start: int = 0, end: int | None = None) -> Iterator[tuple[Cue, frozenset[str]]]:
    """Yields the decisions of ``em/decisions.tsv`` in ``[start, end)`` with their kinds."""
    table = cue_table("decisions", "phrase")
    for cue in note.find(table, start, end):
        yield cue, frozenset(table.rows[cue.row]["decisions"].split())


def decides_on_hospital(note: NoteChart, cue: Cue, kinds: frozenset[str]) -> bool:
    """Whether a cue says that hospital care or its escalation was decided on, either way.

    In a stay the bare words of an admission tell how it began.
    """
    if "hospital" in kinds or ("admission" in kinds and not note.in_hospital):
        before = note.words.texts[max(cue.first - 2, 0) : cue.first]
        return not _PAST.intersection(before)
    return False


@lru_cache(maxsize=1)
def long_term_drugs() -> CueTable:
    """The drugs of ``status/drugs.tsv`` that ``em/medicines.tsv`` does not hold."""
    own = {row["medicine"] for row in read_table("em/medicines.tsv")}
    return CueTable((row for row in read_table("status/drugs.tsv") if row["drug"] not in own), "drug")
