"""Reads the files of the National Correct Coding Initiative as CMS publishes them each quarter.

Accepted are tab-delimited text and comma-separated values, alone, packed (``.gz``), or in a folder or zip file. Lines
of title and copyright may stand before the names of the columns.

* Pairs: Column 1, Column 2, in existence prior to 1996, effective date, deletion date (``*`` for none), modifier
  indicator 0, 1 or 9, rationale. Also columns named column1, column2, modifier, deleted, rationale.
* MUE: code, MUE value, adjudication indicator (``2 Date of Service Edit: Policy``), rationale.
* Add-on codes: primary code, add-on code, type, and days on which they begin and end.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import NoReturn

from suggest.code_sets.releases import MAX_BYTES, read_bytes
from suggest.code_sets.service_sources import TextFile, read_files
from suggest.edits.ncci_tables import ANY_PRIMARY, NO_END, NO_START, pack
from suggest.errors import CodeSetError

UNKNOWN_START = -1
"""Stands for the first day of a row where the file does not have it."""
EXPECTED = {
    "ncci": "expected the pairs as CMS publishes them (ccipra-v303r0-f1.txt to f4.txt, a folder or zip file of them)",
    "mue": "expected the MUE table as CMS publishes it (MCR_MUE_PractitionerServices_Eff_07-01-2024.csv or its zip)",
    "add-on": "expected the add-on code table as CMS publishes it (AOC_V2024Q3-MCR.txt or its zip file)",
}

_WANTED = re.compile(r"(?!.*(?:layout|readme|change|addition|deletion|revision)).*\.(?:txt|csv)", re.IGNORECASE)
_CODE = re.compile(r"[0-9A-Z]\d{3}[0-9A-Z]")
_LIKE_A_CODE = re.compile(r"[A-Z]?\d[0-9A-Z]{1,6}")
"""What a row may begin with that is not to be taken for one of the lines before the table."""
_DAY_FORMATS = ("%Y%m%d", "%Y-%m-%d", "%m/%d/%Y")
_LONGEST_PREAMBLE = 40
_SPREADSHEET = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


@dataclass(slots=True)
class PairRows:
    """Pairs of one or more files, one value a row in each column; codes are packed.

    Attributes:
        column1: The procedure that is paid.
        column2: The one that is not.
        start: First day as an ordinal, ``UNKNOWN_START`` where the file has none.
        end: Last day, ``NO_END`` for none.
        indicator: 0 or 1.
        rationale: Position in ``rationales``.
        line: Line in the file.
        rationales: Different rationales.
        never: Rows with the indicator 9: pairs that were withdrawn as of their first day.
    """

    column1: array[int] = field(default_factory=lambda: array("q"))
    column2: array[int] = field(default_factory=lambda: array("q"))
    start: array[int] = field(default_factory=lambda: array("l"))
    end: array[int] = field(default_factory=lambda: array("l"))
    indicator: array[int] = field(default_factory=lambda: array("B"))
    rationale: array[int] = field(default_factory=lambda: array("B"))
    line: array[int] = field(default_factory=lambda: array("l"))
    rationales: dict[str, int] = field(default_factory=dict)
    never: int = 0


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One row of the MUE table."""

    code: str
    units: int
    mai: int
    rationale: str


@dataclass(frozen=True, slots=True)
class AddOnRow:
    """One row of the add-on table; the days are ordinals."""

    add_on: str
    primary: str
    type: int
    start: int
    end: int


def load_files(path: Path, name: str) -> list[TextFile]:
    """Returns the text files that ``path`` is or holds.

    Args:
        path: A text file, plain or packed with gzip, or a folder or zip file of them.
        name: Name of the import command, for error messages.

    Raises:
        CodeSetError: Nothing fits, or a file cannot be read, is too large, empty, damaged, or no text.
    """
    expected = EXPECTED[name]
    if path.suffix.lower() in (".xlsx", ".xls"):
        raise CodeSetError(f"{path.name} is a spreadsheet; save it as CSV, or import the text file beside it")
    if path.is_dir() or path.suffix.lower() != ".gz":
        return read_files(path, _WANTED, expected)
    try:
        with gzip.open(io.BytesIO(read_bytes(path, MAX_BYTES, expected))) as packed:
            data = packed.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise CodeSetError(f"{path.name} is larger than {MAX_BYTES} bytes when unpacked; {expected}")
        return [TextFile(path.stem, data.decode("utf-8-sig"))]
    except (OSError, EOFError, zlib.error) as error:
        raise CodeSetError(f"{path.name} is not a gzip file or is damaged; {expected}") from error
    except UnicodeDecodeError as error:
        raise CodeSetError(f"{path.name} is no UTF-8 text; {expected}") from error


def read_pairs(file: TextFile, rows: PairRows) -> str:
    """Adds the pairs of a file to ``rows`` and returns the lines before them, which may say what it is.

    Raises:
        CodeSetError: A line breaks the layout; names file and line.
    """
    table = _open_table(file, "ncci")
    at = _pair_columns(table)
    seen: dict[str, int] = {}  # codes, days: each is checked once
    starts, ends = _Days(NO_START), _Days(NO_END)
    for line, cells in table.rows:
        try:
            column1, column2 = cells[at.column1], cells[at.column2]
            indicator = cells[at.indicator].strip()
            first = starts[cells[at.start]] if at.start is not None else UNKNOWN_START
            last = ends[cells[at.end]]
            rationale = cells[at.rationale].strip() if at.rationale is not None else ""
            packed1 = seen[column1] if column1 in seen else seen.setdefault(column1, _packed(column1))
            packed2 = seen[column2] if column2 in seen else seen.setdefault(column2, _packed(column2))
        except IndexError:
            _fail(file, line, f"{len(cells)} columns; expected {table.width}, as in the first row")
        except ValueError as error:
            _fail(file, line, str(error))
        if indicator == "9":
            rows.never += 1
            continue
        if indicator not in ("0", "1"):
            _fail(file, line, f"modifier indicator {indicator[:10]!r}; expected 0, 1 or 9")
        if first > last or packed1 == packed2:
            _fail(file, line, f"{column1}, {column2}: expected two codes, and a deletion date after the effective date")
        rows.column1.append(packed1)
        rows.column2.append(packed2)
        rows.start.append(first)
        rows.end.append(last)
        rows.indicator.append(indicator == "1")
        rows.rationale.append(_number(rows.rationales, rationale, file, line))
        rows.line.append(line)
    return table.preamble


def read_units(file: TextFile) -> tuple[list[UnitRow], str]:
    """Returns the rows of an MUE table, and the lines before them with its first row, which say what it is.

    Raises:
        CodeSetError: A line breaks the layout, or a code has two limits; names file and line.
    """
    table = _open_table(file, "mue")
    code_at = table.column(lambda name: name.startswith("hcpcs") or name in ("code", "cptcode"), "code")
    units_at = table.column(lambda name: "mue" in name and name.endswith(("value", "values", "units")), "MUE value")
    mai_at = table.column(lambda name: "adjudication" in name or name.endswith("mai"), "adjudication indicator")
    why_at = table.column(lambda name: name.endswith("rationale"), "rationale")
    found: dict[str, UnitRow] = {}
    said = table.preamble
    for line, cells in table.rows:
        if len(cells) < table.width:
            _fail(file, line, f"{len(cells)} columns; expected {table.width}")
        code, units, mai = cells[code_at].strip(), cells[units_at].strip(), cells[mai_at].strip()[:1]
        if not _CODE.fullmatch(code):
            _fail(file, line, f"{code[:10]!r} is no code of CPT or HCPCS")
        if not re.fullmatch(r"\d{1,6}", units):
            _fail(file, line, f"MUE value {units[:10]!r} of {code}; expected a whole number")
        if mai not in ("1", "2", "3"):
            _fail(file, line, f"adjudication indicator {mai!r} of {code}; expected 1, 2 or 3")
        row = UnitRow(code, int(units), int(mai), cells[why_at].strip())
        if found.setdefault(code, row) != row:
            _fail(file, line, f"{code} is there twice with different values; expected each code once")
        said = said if found.keys() - {code} else f"{said} {' '.join(cells)}"
    if not found:
        raise CodeSetError(f"{file.name} holds no row; {EXPECTED['mue']}")
    return list(found.values()), said


def read_add_ons(file: TextFile) -> list[AddOnRow]:
    """Returns the rows of an add-on table.

    Raises:
        CodeSetError: A line breaks the layout; names file and line.
    """
    table = _open_table(file, "add-on")
    add_on_at = table.column(lambda name: name in ("addoncode", "addon", "aoc"), "add-on code")
    primary_at = table.column(lambda name: name in ("primarycode", "primary"), "primary code")
    type_at = table.column(lambda name: name.endswith("type"), "type")
    starts_at = [place for place, name in enumerate(table.names) if "eff" in name]
    ends_at = [place for place, name in enumerate(table.names) if "del" in name]
    starts, ends = _Days(NO_START), _Days(NO_END)
    found: dict[tuple[str, str, int], AddOnRow] = {}
    for line, cells in table.rows:
        if len(cells) < table.width:
            _fail(file, line, f"{len(cells)} columns; expected {table.width}")
        add_on, primary = cells[add_on_at].strip(), cells[primary_at].strip()
        kind = cells[type_at].strip().lower().removeprefix("type").strip()
        if not _CODE.fullmatch(add_on) or not (_CODE.fullmatch(primary) or primary == ANY_PRIMARY):
            _fail(file, line, f"{primary[:10]!r}, {add_on[:10]!r}: expected a primary and an add-on code")
        if kind not in ("1", "2", "3"):
            _fail(file, line, f"type {kind[:10]!r} of {add_on}; expected 1, 2 or 3")
        try:
            start = max((starts[cells[at]] for at in starts_at), default=NO_START)
            end = min((ends[cells[at]] for at in ends_at), default=NO_END)
        except ValueError as error:
            _fail(file, line, str(error))
        row = AddOnRow(add_on, primary, int(kind), start, end)
        if found.setdefault((add_on, primary, end), row).type != row.type:
            _fail(file, line, f"{primary}, {add_on} is there twice with different types; expected each pair once")
    if not found:
        raise CodeSetError(f"{file.name} holds no row; {EXPECTED['add-on']}")
    return list(found.values())


@dataclass(frozen=True, slots=True)
class _Table:
    """A file whose columns are known: the lines before the first row, names of columns, and rows with line numbers."""

    file: TextFile
    kind: str
    preamble: str
    names: Sequence[str]
    width: int
    rows: Iterator[tuple[int, list[str]]]

    def column(self, fits: Callable[[str], bool], what: str) -> int:
        """Returns the column whose name fits.

        Raises:
            CodeSetError: There is none.
        """
        found = [i for i, name in enumerate(self.names) if fits(name)]
        if not found:
            _fail(self.file, 1, f"no column for {what}; {EXPECTED[self.kind]}")
        return found[0]


def _open_table(file: TextFile, kind: str) -> _Table:
    """Finds the first row: that in which a cell is a code, after at most 40 lines."""
    head = file.text[:20_000]
    delimiter = "\t" if head.count("\t") > head.count(",") else ","
    rows = _numbered(file, delimiter)
    before: list[list[str]] = []
    for line, cells in rows:
        if any(_CODE.fullmatch(cell.strip()) for cell in cells[:2]) or _LIKE_A_CODE.fullmatch(cells[0].strip()):
            names = [_plain(cell) for cell in before[-1]] if before else []
            preamble = " ".join(cell for row in before for cell in row)
            return _Table(file, kind, preamble, names, max(len(cells), len(names)), _chain(line, cells, rows))
        before.append(cells)
        if len(before) > _LONGEST_PREAMBLE:
            break
    place = f"{file.name}:{len(before) or 1}"
    raise CodeSetError(f"{place}: no row with codes up to here; {EXPECTED[kind]}")


def _chain(line: int, cells: list[str], rest: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    yield line, cells
    yield from rest


def _numbered(file: TextFile, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yields the rows that are not blank with their line numbers."""
    reader = csv.reader(io.StringIO(file.text, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        _fail(file, reader.line_num, f"not a delimited text file ({error})")


@dataclass(frozen=True, slots=True)
class _PairColumns:
    column1: int
    column2: int
    start: int | None
    end: int
    indicator: int
    rationale: int | None


_PUBLISHED = _PairColumns(0, 1, 3, 4, 5, 6)
"""The layout of CMS; the names of its columns are spread over several lines."""
_PUBLISHED_NAMES = (
    "Column 1", "Column 2", "in existence prior to 1996", "Effective Date", "Deletion Date", "Modifier", "Rationale",
)  # fmt: skip


def _pair_columns(table: _Table) -> _PairColumns:
    places = {name: i for i, name in enumerate(table.names)}
    if {"column1", "column2", "modifier", "deleted"} <= places.keys():
        return _PairColumns(
            places["column1"], places["column2"], places.get("effective"),
            places["deleted"], places["modifier"], places.get("rationale"),
        )  # fmt: skip
    said, named = _plain(table.preamble), ", ".join(_PUBLISHED_NAMES)
    if table.width < len(_PUBLISHED_NAMES) or not all(name in said for name in ("column1", "column2", "modifier")):
        _fail(table.file, 1, f"the lines before the first pair do not name {named}; {EXPECTED['ncci']}")
    return _PUBLISHED


class _Days(dict[str, int]):
    """Days as ordinals by the way they are written; what stands for no day gives ``none``."""

    def __init__(self, none: int) -> None:
        super().__init__({"": none, "*": none})
        self._none = none

    def __missing__(self, text: str) -> int:
        plain = text.strip()
        found = self[plain] if plain in self else self._parse(plain)
        return self.setdefault(text, found)

    def _parse(self, text: str) -> int:
        for form in _DAY_FORMATS:
            try:
                day: date = datetime.strptime(text, form).date()
            except ValueError:
                continue
            return self._none if day.year == date.max.year else day.toordinal()
        raise ValueError(f"date {text[:12]!r}; expected YYYYMMDD, or * for none")


def _packed(text: str) -> int:
    code = text.strip()
    found = pack(code) if _CODE.fullmatch(code) else None
    if found is None:
        raise ValueError(f"{code[:10]!r} is no code of CPT or HCPCS")
    return found


def _number(known: dict[str, int], rationale: str, file: TextFile, line: int) -> int:
    found = known.setdefault(rationale, len(known))
    if found > 255:
        _fail(file, line, "more than 256 different rationales; expected the few dozen that CMS uses")
    return found


def _plain(cell: str) -> str:
    return re.sub(r"[^a-z0-9]", "", cell.lower())


def _fail(file: TextFile, line: int, message: str) -> NoReturn:
    raise CodeSetError(f"{file.name}:{line}: {message}")
