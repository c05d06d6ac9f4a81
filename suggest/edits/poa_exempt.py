"""Which diagnoses carry no present-on-admission indicator.

The project's table (``resources/edits/poa_exempt.tsv``) says it by category, after Appendix I of the guidelines. The
list of CMS, code by code, takes its place once it is imported (``chartcoder codes import poa-exempt FILE``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from suggest.code_sets.arrays import locked
from suggest.code_sets.service_sources import TextFile, read_files
from suggest.edits.stored import read_stored, write_stored
from suggest.errors import CodeSetError
from suggest.resources import read_table

_FILE = Path("edit_tables") / "poa_exempt.json"
_ADVICE = "remove it and import the list again: chartcoder codes import poa-exempt FILE"
_EXPECTED = "expected the list of codes exempt from POA reporting as CMS releases it, as text or the zip file with it"
_NAMES = re.compile(r"(?=.*\.(?:txt|tsv|csv)$).*(?:poa|exempt).*", re.IGNORECASE)
_LINE = re.compile(r"\s*(?:\d+[\s,]+)?\"?([A-Z]\d[0-9A-Z]\.?[0-9A-Z]{0,4})\"?(?:[\s,].*)?", re.DOTALL)
_YEAR = re.compile(r"(?:FY[ _]?)?(20\d\d)(?!\d)|FY[ _]?(\d\d)(?!\d)", re.IGNORECASE)
_HEADER_LINES = 5
_LEAST_CODES = 100
_SURE = frozenset("ABCDEFGHIJKLMNOPQRSTU")
"""Chapters 1 to 19 and 22: of these, the appendix of the guidelines names whole categories."""


@dataclass(frozen=True)
class PoaExempt:
    """The exempt diagnoses.

    Attributes:
        edition: Fiscal year of the imported list, ``project table`` for the project's own.
        codes: Exempt codes without dots, of an imported list.
    """

    edition: str
    codes: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def is_official(self) -> bool:
        """Whether it is the list of CMS."""
        return bool(self.codes)

    def is_exempt(self, plain: str) -> bool:
        """Returns whether a code (without its dot) carries no indicator."""
        if self.codes:
            return plain in self.codes
        return any(pattern.match(plain) for pattern in _patterns())

    def is_sure_of(self, plain: str) -> bool:
        """Returns whether the table settles the matter: always for the list of CMS."""
        return self.is_official or plain[:1] in _SURE


PROJECT_TABLE = PoaExempt("project table")


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(row["codes"]) for row in read_table("edits/poa_exempt.tsv"))


def import_poa_exempt(path: Path, home: Path, edition: str | None = None) -> PoaExempt:
    """Imports the list of CMS; nothing is replaced unless all of it is well-formed.

    Args:
        path: The text file, or the zip file that holds it.
        home: ChartCoder's data folder.
        edition: Fiscal year (``FY2026``), by default that of the file name.

    Raises:
        CodeSetError: The file is malformed or its year is not clear; names file and line.
    """
    files = read_files(path, _NAMES, _EXPECTED)
    if len(files) > 1:
        several = ", ".join(file.name for file in files)
        raise CodeSetError(f"{path.name} holds several such files ({several}); unpack it and import one of them")
    codes = _read_codes(files[0])
    name = _year(edition or f"{path.name} {files[0].name}", path.name)
    file = home / _FILE
    with locked(file.with_name(".poa_exempt.lock")):
        write_stored(file, [{"edition": name, "codes": sorted(codes)}])
    return PoaExempt(name, codes)


def open_poa_exempt(home: Path) -> PoaExempt:
    """Returns the imported list, or the project's own table where there is none.

    Raises:
        CodeSetError: The imported list is damaged.
    """
    rows = read_stored(home / _FILE, _ADVICE)
    return PoaExempt(rows[0]["edition"], frozenset(rows[0]["codes"])) if rows else PROJECT_TABLE


def _read_codes(file: TextFile) -> frozenset[str]:
    codes: dict[str, int] = {}
    for number, line in file.lines():
        match = _LINE.fullmatch(line)
        if match is None:
            if not codes and number <= _HEADER_LINES:
                continue
            raise CodeSetError(f"{file.name}:{number}: no diagnosis code at the beginning of the line; {_EXPECTED}")
        plain = match[1].replace(".", "")
        if plain in codes:
            raise CodeSetError(f"{file.name}:{number}: {match[1]} stands in line {codes[plain]} already")
        codes[plain] = number
    if len(codes) < _LEAST_CODES:
        raise CodeSetError(f"{file.name} holds {len(codes)} codes; {_EXPECTED}")
    return frozenset(codes)


def _year(text: str, name: str) -> str:
    match = _YEAR.search(text)
    if match is None:
        raise CodeSetError(f"{name} states no fiscal year; name it: --edition FY2026")
    return f"FY{match[1] or f'20{match[2]}'}"
