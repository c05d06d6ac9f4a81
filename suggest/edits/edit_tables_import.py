"""Imports the quarterly files of the National Correct Coding Initiative: pairs, unit limits (MUE), add-on codes.

All files are checked as a whole before anything is replaced; then the new table takes the place of the old one in one
step. A table holds one quarter; pairs carry the days on which they begin and end, so that the newest serves earlier
services too.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from suggest.code_sets.arrays import Array, locked, new_folder, write_arrays
from suggest.code_sets.service_sources import TextFile
from suggest.edits.ncci_files import (
    EXPECTED,
    UNKNOWN_START,
    AddOnRow,
    PairRows,
    load_files,
    read_add_ons,
    read_pairs,
    read_units,
)
from suggest.edits.ncci_tables import (
    CODE_BITS,
    FORMAT,
    NO_END,
    NO_START,
    Quarter,
    TableInfo,
    open_add_ons,
    open_pairs,
    open_units,
    pack,
    table_folder,
    unpack,
)
from suggest.errors import CodeSetError
from suggest.records import Claim

_QUARTER = re.compile(r"(?<!\d)(20\d\d)[ _-]?q([1-4])(?!\d)", re.IGNORECASE)
_EFFECTIVE = re.compile(r"eff\w*[ _-](\d\d?)[ _-]\d\d?[ _-](20\d\d)", re.IGNORECASE)
_VERSION = re.compile(r"(?<![a-z0-9])v(\d\d)([0-3])r\d", re.IGNORECASE)
_VERSION_YEAR = 1994
"""Version 30.0 of the pairs is that of the first quarter of 2024, 30.1 that of the second."""
_PART = re.compile(r"[-_]f(\d+)\.\w+$", re.IGNORECASE)
_CLAIMS = {
    Claim.PROFESSIONAL: re.compile(r"ccipra|practitioner|physician", re.IGNORECASE),
    Claim.FACILITY: re.compile(r"ccioph|hospital|outpatient", re.IGNORECASE),
}
_SUPPLIER = re.compile(r"\bDME|supplier", re.IGNORECASE)
_FIRST_YEAR = 1996
"""NCCI began on 1996-01-01."""


@dataclass(frozen=True, slots=True)
class ImportedTable:
    """What an import brought.

    Attributes:
        info: The table that is in use now.
        claim: Kind of claim that it holds for, ``None`` for both.
        replaced: The quarter that was in use before, ``None`` if there was none or it was damaged.
        never: Rows of the file that were never in force and were left out.
    """

    info: TableInfo
    claim: Claim | None
    replaced: Quarter | None
    never: int = 0


def import_pairs(
    paths: Sequence[Path], home: Path, *, edition: str | None = None, claim: Claim | None = None
) -> ImportedTable:
    """Imports procedure-to-procedure pairs: all parts of one quarter together.

    Args:
        paths: The files, or folders or zip files of them.
        home: ChartCoder's data folder.
        edition: The quarter, ``2024q3``; by default that of the file names.
        claim: Kind of claim that they hold for; by default what the file names say.

    Raises:
        CodeSetError: A file is malformed, a part is missing, or quarter or kind is not clear; names file and line.
            Nothing was replaced.
    """
    files = [file for path in paths for file in load_files(path, "ncci")]
    quarter = _quarter(files, edition)
    rows = PairRows()
    starts: list[tuple[int, str]] = []
    said = " ".join(file.name for file in files)
    for file in files:
        starts.append((len(rows.line), file.name))
        said += f" {read_pairs(file, rows)}"
    _check_parts(files)
    kind = claim or _claim(said, files[0].name)
    if not rows.line:
        raise CodeSetError(f"{files[0].name} holds no pair that was ever in force; {EXPECTED['ncci']}")
    arrays, dated = _pair_arrays(rows, starts)
    codes = len(set(rows.column1) | set(rows.column2))
    info = TableInfo(quarter, _names(files), len(rows.line), codes, dated)
    before = _install(home, "ncci", kind, arrays, info, list(rows.rationales))
    return ImportedTable(info, kind, before, rows.never)


def import_units(path: Path, home: Path, *, edition: str | None = None, claim: Claim | None = None) -> ImportedTable:
    """Imports Medically Unlikely Edits of one quarter and one kind of claim.

    Args:
        path: The file, or a folder or zip file that holds it.
        home: ChartCoder's data folder.
        edition: The quarter, ``2024q3``; by default that of the file name.
        claim: Kind of claim that they hold for; by default what the file says.

    Raises:
        CodeSetError: The file is malformed or that of equipment suppliers, or quarter or kind is not clear; names file
            and line. Nothing was replaced.
    """
    file = _only(load_files(path, "mue"))
    quarter = _quarter([file], edition)
    rows, said = read_units(file)
    if claim is None and _SUPPLIER.search(f"{file.name} {said}"):
        raise CodeSetError(
            f"{file.name} is the table of equipment suppliers; import that of practitioners or hospitals"
        )
    kind = claim or _claim(f"{file.name} {said}", file.name)
    rows.sort(key=lambda row: row.code)
    rationales = list(dict.fromkeys(row.rationale for row in rows))
    place = {text: number for number, text in enumerate(rationales)}
    if len(rationales) > np.iinfo(np.uint8).max:
        raise CodeSetError(f"{file.name} holds {len(rationales)} different rationales; {EXPECTED['mue']}")
    arrays: dict[str, Array] = {
        "code": np.array([pack(row.code) for row in rows], dtype=np.int64),
        "units": np.array([row.units for row in rows], dtype=np.int32),
        "mai": np.array([row.mai for row in rows], dtype=np.uint8),
        "rationale": np.array([place[row.rationale] for row in rows], dtype=np.uint8),
    }
    info = TableInfo(quarter, file.name, len(rows), len(rows), dated=False)
    return ImportedTable(info, kind, _install(home, "mue", kind, arrays, info, rationales))


def import_add_ons(path: Path, home: Path, *, edition: str | None = None) -> ImportedTable:
    """Imports the add-on code table of one quarter.

    Args:
        path: The file, or a folder or zip file that holds it.
        home: ChartCoder's data folder.
        edition: The quarter, ``2024q3``; by default that of the file name.

    Raises:
        CodeSetError: The file is malformed, or its quarter is not clear; names file and line. Nothing was replaced.
    """
    file = _only(load_files(path, "add-on"))
    quarter = _quarter([file], edition)
    rows = sorted(read_add_ons(file), key=lambda row: (row.add_on, row.primary, row.start))
    arrays: dict[str, Array] = {
        "add_on": np.array([pack(row.add_on) for row in rows], dtype=np.int64),
        "primary": np.array([pack(row.primary) for row in rows], dtype=np.int64),
        "type": np.array([row.type for row in rows], dtype=np.uint8),
        "start": np.array([row.start for row in rows], dtype=np.int32),
        "end": np.array([row.end for row in rows], dtype=np.int32),
    }
    info = TableInfo(quarter, file.name, len(rows), len({row.add_on for row in rows}), _dated(rows))
    return ImportedTable(info, None, _install(home, "add-on", None, arrays, info, []))


def _dated(rows: Iterable[AddOnRow]) -> bool:
    return any(row.start != NO_START for row in rows)


def _only(files: Sequence[TextFile]) -> TextFile:
    if len(files) > 1:
        raise CodeSetError(f"several files ({_names(files)}); import one table at a time")
    return files[0]


def _names(files: Sequence[TextFile]) -> str:
    return ", ".join(file.name for file in files)


def _quarter(files: Sequence[TextFile], asked: str | None) -> Quarter:
    """Returns the quarter that was asked for, or the one that all file names state."""
    stated = {file.name: _stated_quarter(file.name) for file in files}
    quarters = {quarter for quarter in stated.values() if quarter is not None}
    if asked is not None:
        quarter = Quarter.parse(asked)
        if quarter is None or quarter.year < _FIRST_YEAR:
            raise CodeSetError(f"edition {asked!r}: expected a quarter such as 2024q3")
        if quarters - {quarter}:
            other = next(name for name, found in stated.items() if found not in (None, quarter))
            raise CodeSetError(f"{other} says that it is of {stated[other]}, not of {quarter}; import the right file")
        return quarter
    if len(quarters) != 1:
        said = ", ".join(sorted(map(str, quarters))) or "no quarter"
        raise CodeSetError(f"{_names(files)}: the names state {said}; name one: --edition 2024q3")
    return quarters.pop()


def _stated_quarter(name: str) -> Quarter | None:
    """Returns the quarter that a file name states: 2024q3, Eff_07-01-2024 or v302 (version 30.2 of the pairs)."""
    for part in reversed(name.split("/")):
        if match := _QUARTER.search(part):
            return Quarter(int(match[1]), int(match[2]))
        if match := _EFFECTIVE.search(part):
            return Quarter(int(match[2]), min(3, (int(match[1]) - 1) // 3) + 1)
        if match := _VERSION.search(part):
            return Quarter(_VERSION_YEAR + int(match[1]), int(match[2]) + 1)
    return None


def _claim(said: str, name: str) -> Claim:
    """Returns the kind of claim that names and heads of files speak of."""
    found = [claim for claim, pattern in _CLAIMS.items() if pattern.search(said)]
    if len(found) != 1:
        raise CodeSetError(
            f"{name} does not say whether it is for practitioners or outpatient hospitals; "
            "name it: --claim professional or --claim facility"
        )
    return found[0]


def _check_parts(files: Sequence[TextFile]) -> None:
    """Refuses a file that is one of several parts without the others: CMS publishes the pairs in parts f1, f2, ..."""
    parts = sorted(int(match[1]) for file in files if (match := _PART.search(file.name)))
    if parts and parts != list(range(1, max(2, len(parts)) + 1)):
        named = ", ".join(f"f{part}" for part in parts)
        raise CodeSetError(f"{_names(files)}: parts {named} of a table; name all its parts in one command, each once")


def _pair_arrays(rows: PairRows, starts: Sequence[tuple[int, str]]) -> tuple[dict[str, Array], bool]:
    """Returns the pairs sorted by codes and last day, and whether the files gave the first days.

    Raises:
        CodeSetError: A pair has two indicators on one day.
    """
    column1, column2 = np.frombuffer(rows.column1, np.int64), np.frombuffer(rows.column2, np.int64)
    key = (column1 << CODE_BITS) | column2
    end = np.array(rows.end, dtype=np.int32)
    order = np.lexsort((np.array(rows.line), end, key))
    key, end = key[order], end[order]
    start = np.array(rows.start, dtype=np.int32)[order]
    indicator = np.frombuffer(rows.indicator, np.uint8)[order]
    again = np.flatnonzero(key[1:] == key[:-1]) + 1
    unknown = start == UNKNOWN_START
    # Where the file has no first days, a later row of a pair begins when the one before it ends.
    start[unknown] = NO_START
    late = again[unknown[again]]
    start[late] = np.minimum(end[late - 1].astype(np.int64) + 1, NO_END)
    # Two rows may share a day: the last of the one and the first of the other.
    shared = (start[again] < end[again - 1]) | (end[again] == end[again - 1])
    wrong = again[shared & (indicator[again] != indicator[again - 1])]
    if len(wrong):
        first, second = sorted(int(row) for row in order[[wrong[0] - 1, wrong[0]]])
        name = starts[bisect_right([row for row, _ in starts], second) - 1][1]
        pair = f"{unpack(int(key[wrong[0]]) >> CODE_BITS)}, {unpack(int(key[wrong[0]]) & ((1 << CODE_BITS) - 1))}"
        raise CodeSetError(
            f"{name}:{rows.line[second]}: the pair {pair} has another modifier indicator than in line "
            f"{rows.line[first]} for the same days; expected one"
        )
    rationale = np.frombuffer(rows.rationale, np.uint8)[order]
    arrays: dict[str, Array] = {
        "key": key, "start": start, "end": end, "indicator": indicator, "rationale": rationale,
    }  # fmt: skip
    return arrays, not bool(unknown.all())


def _install(
    home: Path, name: str, claim: Claim | None, arrays: Mapping[str, Array], info: TableInfo, rationales: list[str]
) -> Quarter | None:
    """Puts a table in the place of the one in use, whose quarter it returns."""
    folder = table_folder(home, name, claim)
    meta = {
        "format": FORMAT,
        "edition": str(info.quarter),
        "source": info.source,
        "rows": info.rows,
        "codes": info.codes,
        "dated": info.dated,
        "rationales": rationales,
    }
    with locked(folder.with_name(f".{folder.name}.lock")):
        before = _quarter_in_use(home, name, claim)
        with new_folder(folder) as draft:
            write_arrays(draft, arrays, meta)
    return before


def _quarter_in_use(home: Path, name: str, claim: Claim | None) -> Quarter | None:
    try:
        if claim is None:
            add_ons = open_add_ons(home)
            return add_ons.info.quarter if add_ons else None
        tables = open_pairs(home) if name == "ncci" else open_units(home)
        table = tables.of(claim) if tables else None
        return table.info.quarter if table else None
    except CodeSetError:  # damaged: that is what the new one is for
        return None
