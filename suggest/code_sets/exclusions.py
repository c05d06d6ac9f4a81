"""Excludes1 notes resolved to rows, so that a pair of codes is checked in microseconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from suggest.code_sets.arrays import Array, pointers
from suggest.code_sets.ranges import CodeTable, excludes_codes
from suggest.code_sets.tabular import Block, NoteKind, TabularList

Rows = NDArray[np.int32]
_NOT_EXCLUDED = -1


def outer_blocks(blocks: Sequence[Block], arrays: dict[str, Array]) -> list[int]:
    """Returns for each block the smallest block around it (``C00-C75`` for ``C00-C14``), or -1."""
    table = CodeTable(arrays)
    spans = [_block_rows(block, table) for block in blocks]
    outer = []
    for low, high in spans:
        around = (
            (last - first, number)
            for number, (first, last) in enumerate(spans)
            if first <= low < high <= last and last - first > high - low
        )
        outer.append(min(around, default=(0, -1))[1])
    return outer


def _block_rows(block: Block, table: CodeTable) -> tuple[int, int]:
    """Returns the first row of a block and the row after its last; the same row where it has none."""
    first, _, last = block.id.partition("-")
    low, high = table.row(first), table.row(last or first)
    if low is None or high is None:
        return 0, 0
    return low, int(table.end[high])


def exclusion_arrays(tabular: TabularList, arrays: dict[str, Array], outer: Sequence[int]) -> dict[str, Array]:
    """Returns, for every set of Excludes1 notes that some code is under, the rows that it excludes.

    ``exclusion_of`` gives the set of a row (-1: none) and ``exclusion_ptr`` the runs of a set. A run of rows
    begins at ``exclusion_start`` and carries in ``exclusion_note`` its note (-1: not excluded); of several
    notes the one that stands nearest to the code counts.
    """
    rows = len(tabular.nodes)
    above, order = _places(tabular, arrays, outer)
    own = dict(_own_exclusions(tabular, arrays))
    group_of = np.full(len(above), -1, dtype=np.int32)
    starts: list[Rows] = []
    notes: list[Rows] = []
    for place in order:
        inherited = int(group_of[above[place]]) if above[place] >= 0 else -1
        group_of[place] = inherited
        if place not in own:
            continue
        paint = np.full(rows, _NOT_EXCLUDED, dtype=np.int32)
        if inherited >= 0:
            paint = np.repeat(notes[inherited], np.diff(starts[inherited], append=rows))
        for note, excluded in own[place]:
            paint[excluded] = note
        group_of[place] = len(starts)
        starts.append(np.flatnonzero(np.diff(paint, prepend=_NOT_EXCLUDED - 1)).astype(np.int32))
        notes.append(paint[starts[-1]])
    return {
        "exclusion_of": group_of[:rows].copy(),
        "exclusion_ptr": pointers(len(run) for run in starts),
        "exclusion_start": np.concatenate([np.empty(0, dtype=np.int32), *starts]),
        "exclusion_note": np.concatenate([np.empty(0, dtype=np.int32), *notes]),
    }


def _places(tabular: TabularList, arrays: dict[str, Array], outer: Sequence[int]) -> tuple[list[int], list[int]]:
    """Returns the place above each place (-1: none), and an order in which that one comes first.

    Places are the rows, then the blocks, then the chapters, as in ``note_ptr``.
    """
    rows, blocks = len(tabular.nodes), len(tabular.blocks)
    chapter_place = {chapter.number: rows + blocks + i for i, chapter in enumerate(tabular.chapters)}
    blocks_above = (arrays["block"].astype(np.int64) + rows).tolist()
    above = [
        parent if parent >= 0 else block for parent, block in zip(arrays["parent"].tolist(), blocks_above, strict=True)
    ]
    for block, around in zip(tabular.blocks, outer, strict=True):
        above.append(rows + around if around >= 0 else chapter_place[block.chapter])
    above += [-1] * len(chapter_place)
    nesting = [_nesting(number, outer) for number in range(blocks)]
    order = [*chapter_place.values()]
    order += [rows + number for number in sorted(range(blocks), key=nesting.__getitem__)]
    order += range(rows)
    return above, order


def _nesting(block: int, outer: Sequence[int]) -> int:
    """Returns how many blocks lie around a block."""
    depth = 0
    while (block := outer[block]) >= 0:
        depth += 1
    return depth


def _own_exclusions(tabular: TabularList, arrays: dict[str, Array]) -> Iterator[tuple[int, list[tuple[int, Rows]]]]:
    """Yields each place with Excludes1 notes, its notes (by number) and the rows that each names."""
    table = CodeTable(arrays)
    first = arrays["note_ptr"].tolist()
    for place, notes in enumerate(tabular.all_notes()):
        found = [
            (first[place] + number, table.rows_in(codes))
            for number, (kind, text) in enumerate(notes)
            if kind is NoteKind.EXCLUDES1
            for codes in excludes_codes(text)
        ]
        if found:
            yield place, found
