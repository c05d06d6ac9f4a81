"""The quarterly tables of the National Correct Coding Initiative (NCCI) of CMS, as a site imported them.

Three of them: procedure-to-procedure pairs, Medically Unlikely Edits (MUE: most units of a procedure), and add-on
codes. Pairs and MUE are published for practitioners and for outpatient hospitals; a claim is held against the
table of its kind. They lie in ``HOME/edit_tables/NAME/`` as sorted arrays that all workers map.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from suggest.code_sets.arrays import META, Array
from suggest.errors import CodeSetError
from suggest.records import Claim

FORMAT = 1
"""Raised when the arrays change."""
CODE_BITS = 26
"""Bits of a packed code: five characters, each of 36."""
NO_START, NO_END = date.min.toordinal(), date.max.toordinal()
ANY_PRIMARY = "CCCCC"
"""Stands in the add-on table where CMS leaves the primary procedures to its contractors."""

_CODE = re.compile(r"[0-9A-Z]{5}")
_QUARTER = re.compile(r"(20\d\d)q([1-4])")


@dataclass(frozen=True, slots=True)
class Quarter:
    """A calendar quarter, ``2024q3``."""

    year: int
    number: int

    @classmethod
    def parse(cls, name: str) -> Quarter | None:
        """Returns the quarter of a name, ``None`` if it has another form."""
        match = _QUARTER.fullmatch(name.strip().lower())
        return cls(int(match[1]), int(match[2])) if match else None

    @property
    def first(self) -> date:
        """First day."""
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def last(self) -> date:
        """Last day."""
        return date(self.year + self.number // 4, 3 * self.number % 12 + 1, 1) - timedelta(days=1)

    def __str__(self) -> str:
        return f"{self.year}q{self.number}"


@dataclass(frozen=True, slots=True)
class TableInfo:
    """What all imported tables say of themselves.

    Attributes:
        quarter: The quarter that it was published for.
        source: Names of the files.
        rows: Number of rows in use.
        codes: Number of different codes.
        dated: Whether rows carry the days on which they begin and end, so that earlier days can be looked up too.
    """

    quarter: Quarter
    source: str
    rows: int
    codes: int
    dated: bool

    def covers(self, day: date | None) -> bool:
        """Returns whether the table says what holds on a day; where no day is known it does."""
        return day is None or (day <= self.quarter.last and (self.dated or day >= self.quarter.first))


@dataclass(frozen=True, slots=True)
class Pair:
    """Two procedures that are not reported together for one patient on one day.

    Attributes:
        column1: The procedure that is paid.
        column2: The one that is not.
        indicator: 0: no modifier separates them; 1: an NCCI modifier may.
        rationale: Why, in the words of CMS.
    """

    column1: str
    column2: str
    indicator: int
    rationale: str


@dataclass(frozen=True, slots=True)
class UnitLimit:
    """Most units of a procedure.

    Attributes:
        units: Most units; 0 for a procedure that this kind of claim never carries.
        mai: Adjudication indicator: 1 each line, 2 the day, absolutely (by the code's own meaning or by policy),
            3 the day, unless more are shown to be necessary.
        rationale: Why, in the words of CMS.
    """

    units: int
    mai: int
    rationale: str


@dataclass(frozen=True, slots=True)
class AddOnRule:
    """What an add-on code goes with.

    Attributes:
        type: 1: only with the primaries; 2: contractors decide with which; 3: with the primaries and more.
        primaries: The procedures that it goes with.
    """

    type: int
    primaries: frozenset[str]


def pack(code: str) -> int | None:
    """Returns a code of five characters as an integer that sorts as it does; ``None`` for anything else."""
    return int(code, 36) if _CODE.fullmatch(code) else None


def unpack(packed: int) -> str:
    """Returns the code that ``pack`` was given."""
    return np.base_repr(packed, 36).zfill(5)


class PairTable:
    """Procedure-to-procedure pairs for one kind of claim, read-only."""

    def __init__(self, arrays: Mapping[str, Array], meta: Mapping[str, Any]) -> None:
        """Wraps what ``open_pairs`` read."""
        self.info = _info(meta)
        self._rationales: list[str] = meta["rationales"]
        self._key, self._start, self._end = arrays["key"], arrays["start"], arrays["end"]
        self._indicator, self._rationale = arrays["indicator"], arrays["rationale"]

    def find(self, codes: Iterable[str], day: date | None) -> list[Pair]:
        """Returns all pairs among some codes that are in force.

        Args:
            codes: Codes in any order; those of another shape are passed over.
            day: Date of service; ``None`` stands for the last day of the table's quarter.
        """
        packed = np.unique([found for code in set(codes) if (found := pack(code)) is not None]).astype(np.int64)
        if len(packed) < 2:
            return []
        keys = ((packed << CODE_BITS)[:, None] | packed[None, :]).ravel()
        first = np.searchsorted(self._key, keys)
        hit = first < len(self._key)
        hit[hit] = self._key[first[hit]] == keys[hit]
        when = (day or self.info.quarter.last).toordinal()
        rows = (self._in_force(int(row), when) for row in first[hit])
        return [self._pair(row) for row in rows if row is not None]

    def _in_force(self, row: int, when: int) -> int | None:
        """Returns the latest row of the pair beginning at ``row`` that holds on a day."""
        key, found = self._key[row], None
        while row < len(self._key) and self._key[row] == key:
            if self._start[row] <= when <= self._end[row]:
                found = row
            row += 1
        return found

    def _pair(self, row: int) -> Pair:
        key = int(self._key[row])
        return Pair(
            unpack(key >> CODE_BITS),
            unpack(key & ((1 << CODE_BITS) - 1)),
            int(self._indicator[row]),
            self._rationales[self._rationale[row]],
        )


class UnitTable:
    """Most units of procedures for one kind of claim, read-only."""

    def __init__(self, arrays: Mapping[str, Array], meta: Mapping[str, Any]) -> None:
        """Wraps what ``open_units`` read."""
        self.info = _info(meta)
        self._rationales: list[str] = meta["rationales"]
        self._arrays = arrays

    def get(self, code: str) -> UnitLimit | None:
        """Returns the limit of a code, ``None`` where the table has none."""
        packed = pack(code)
        if packed is None:
            return None
        row = int(np.searchsorted(self._arrays["code"], packed))
        if row == len(self._arrays["code"]) or self._arrays["code"][row] != packed:
            return None
        units, mai, rationale = (int(self._arrays[name][row]) for name in ("units", "mai", "rationale"))
        return UnitLimit(units, mai, self._rationales[rationale])


class _Table(Protocol):
    info: TableInfo


_T = TypeVar("_T", bound=_Table)


@dataclass(frozen=True)
class ByClaim(Generic[_T]):
    """The tables of one sort for professional and facility claims, of which at least one is there."""

    tables: Mapping[Claim, _T]

    def of(self, claim: Claim) -> _T | None:
        """Returns the table for a kind of claim, ``None`` where it was not imported."""
        return self.tables.get(claim)

    @property
    def edition(self) -> str:
        """The quarter; where both kinds are there and differ, each with its kind."""
        quarters = {claim: str(table.info.quarter) for claim, table in self.tables.items()}
        if len(set(quarters.values())) == 1:
            return next(iter(quarters.values()))
        return ", ".join(f"{claim} {quarter}" for claim, quarter in sorted(quarters.items()))

    @property
    def codes(self) -> int:
        """Number of codes of the larger table."""
        return max(table.info.codes for table in self.tables.values())


Pairs = ByClaim[PairTable]
Units = ByClaim[UnitTable]


class AddOns:
    """Add-on codes with the procedures that they go with, read-only."""

    def __init__(self, arrays: Mapping[str, Array], meta: Mapping[str, Any]) -> None:
        """Wraps what ``open_add_ons`` read."""
        self.info = _info(meta)
        self._arrays = arrays

    @property
    def edition(self) -> str:
        """The quarter."""
        return str(self.info.quarter)

    @property
    def codes(self) -> int:
        """Number of add-on codes."""
        return self.info.codes

    def get(self, code: str, day: date | None) -> AddOnRule | None:
        """Returns what an add-on goes with on a day, ``None`` where the table does not have the code then."""
        when = (day or self.info.quarter.last).toordinal()
        rules = [(kind, primary) for start, end, kind, primary in self._rows.get(code, ()) if start <= when <= end]
        if not rules:
            return None
        return AddOnRule(max(kind for kind, _ in rules), frozenset(name for _, name in rules) - {ANY_PRIMARY})

    @cached_property
    def _rows(self) -> dict[str, list[tuple[int, int, int, str]]]:
        """Returns first day, last day, type and primary procedure of the rows of each add-on."""
        names = ("add_on", "start", "end", "type", "primary")
        rows: dict[str, list[tuple[int, int, int, str]]] = {}
        for add_on, start, end, kind, primary in zip(*(self._arrays[n].tolist() for n in names), strict=True):
            rows.setdefault(unpack(add_on), []).append((start, end, kind, unpack(primary)))
        return rows


def table_folder(home: Path, name: str, claim: Claim | None = None) -> Path:
    """Returns where a table lies; ``name`` is that of its import command."""
    return home / "edit_tables" / (f"{name}-{claim}" if claim else name)


def open_pairs(home: Path) -> Pairs | None:
    """Returns the imported pairs, ``None`` where there are none.

    Raises:
        CodeSetError: A table is incomplete, damaged or of another format.
    """
    types = {"key": np.int64, "start": np.int32, "end": np.int32, "indicator": np.uint8, "rationale": np.uint8}
    found = {claim: PairTable(*read) for claim in Claim if (read := _read(home, "ncci", types, claim))}
    return ByClaim(found) if found else None


def open_units(home: Path) -> Units | None:
    """Returns the imported unit limits, ``None`` where there are none.

    Raises:
        CodeSetError: A table is incomplete, damaged or of another format.
    """
    types = {"code": np.int64, "units": np.int32, "mai": np.uint8, "rationale": np.uint8}
    found = {claim: UnitTable(*read) for claim in Claim if (read := _read(home, "mue", types, claim))}
    return ByClaim(found) if found else None


def open_add_ons(home: Path) -> AddOns | None:
    """Returns the imported add-on table, ``None`` where there is none.

    Raises:
        CodeSetError: The table is incomplete, damaged or of another format.
    """
    types = {"add_on": np.int64, "primary": np.int64, "type": np.uint8, "start": np.int32, "end": np.int32}
    read = _read(home, "add-on", types)
    return AddOns(*read) if read else None


def open_edit_tables(home: Path) -> tuple[Pairs | None, Units | None, AddOns | None]:
    """Returns pairs, unit limits and add-ons, ``None`` for each that was not imported.

    Raises:
        CodeSetError: A table is incomplete, damaged or of another format.
    """
    return open_pairs(home), open_units(home), open_add_ons(home)


def _info(meta: Mapping[str, Any]) -> TableInfo:
    quarter = Quarter.parse(meta["edition"])
    if quarter is None:
        raise ValueError(f"edition {meta['edition']!r}")
    return TableInfo(quarter, str(meta["source"]), int(meta["rows"]), int(meta["codes"]), bool(meta["dated"]))


def _read(
    home: Path, name: str, types: Mapping[str, type], claim: Claim | None = None
) -> tuple[dict[str, Array], dict[str, Any]] | None:
    """Maps the arrays of a table and checks them against what was written; ``None`` where there is no table."""
    folder = table_folder(home, name, claim)
    if not folder.exists():
        return None
    advice = f"import it again: chartcoder codes import {name} FILE"
    try:
        meta = json.loads((folder / META).read_text(encoding="utf-8"))
        if meta["format"] != FORMAT:
            raise CodeSetError(f"edit table {folder} has format {meta['format']}, expected {FORMAT}; {advice}")
        lengths = {array: meta["arrays"][array] for array in types}
        arrays: dict[str, Array] = {
            array: np.load(folder / f"{array}.npy", mmap_mode="r", allow_pickle=False).view(np.ndarray)
            for array in types
        }
        _info(meta)
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        raise CodeSetError(f"edit table {folder} is incomplete or damaged; {advice}") from error
    for array, values in arrays.items():
        if values.dtype != types[array] or values.shape != (lengths[array],) or lengths[array] != meta["rows"]:
            raise CodeSetError(f"edit table {folder} is incomplete or damaged ({array}); {advice}")
    return arrays, meta
