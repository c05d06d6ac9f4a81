"""Reads the release files of CPT (American Medical Association) and of HCPCS Level II (CMS).

Layouts: CPT data files with a number and a descriptor on each line (LONGULT, MEDU, SHORTU), and the tab-delimited
Consolidated Code List; the HCPCS contractor record of 320 columns (CMS, "HCPCS Contractor Record" layout).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NoReturn

from suggest.code_sets.service_sources import TextFile
from suggest.code_sets.service_table import SHAPES
from suggest.errors import CodeSetError
from suggest.records import System

_CPT_ROW = re.compile(r"([0-9][0-9A-Z]{4})(?:\t+| +)(\S.*)")
_LIKE_A_CODE = re.compile(r"[0-9][0-9A-Za-z]{4}[ \t]")
_CPT_YEAR = re.compile(r"(?<![\w-])(?:CPT\W{0,4}(?:\(R\))?\W{0,2}(20\d\d)|(20\d\d)\s+CPT)\b", re.IGNORECASE)
_NAME_YEAR = re.compile(r"(?<!\d)(20\d\d)(?!\d)")
_NOTICE = re.compile(r"\W*(?:CPT|copyright|\(c\)|fee schedules|the AMA|AMA|american medical)\b", re.IGNORECASE)
"""A line of a copyright notice, which may also stand at the end."""
_CODE_COLUMN = "cpt code"
_KINDS = ("long", "medium", "short", "consumer")
"""Kinds of descriptors, the one that names a code best first."""
_CPT_LAYOUT = "a code of 5 characters, a blank or tab, and its descriptor"

_RECORD = 320
_NEEDED = 293
"""The last column that must be there: the action code."""
_TEXT, _SHORT = slice(11, 91), slice(91, 119)
_ADDED, _EFFECTIVE, _ENDED, _ACTION = slice(268, 276), slice(276, 284), slice(284, 292), 292
_ACTIONS = "ABCDFNPRST"
_MODIFIER = re.compile(r"[0-9A-Z]{2}")
_MONTHS = {"JAN": "01", "APR": "04", "JUL": "07", "OCT": "10"}
_QUARTER = re.compile(r"HCPC\w*?(20\d\d)[ _-]?(JAN|APR|JUL|OCT)", re.IGNORECASE)
_FIRST, _CONTINUED = {"3": "code", "7": "modifier"}, {"4": "code", "8": "modifier"}
_HCPCS_LAYOUT = "records of 320 columns with the record identification 3, 4, 7 or 8 in column 11"


@dataclass(slots=True)
class Entry:
    """A code or modifier of a release.

    Attributes:
        code: Its number.
        line: Where it stands first.
        texts: Descriptors by kind: ``long``, ``medium``, ``short``, ``consumer``.
        starts: First day on which it may be reported, ``None`` where the release does not say.
        ends: Last day.
        effective: When the last change took effect.
    """

    code: str
    line: int
    texts: dict[str, str] = field(default_factory=dict)
    starts: date | None = None
    ends: date | None = None
    effective: date | None = None

    @property
    def label(self) -> str:
        """The best descriptor."""
        return next(self.texts[kind] for kind in _KINDS if kind in self.texts)


@dataclass(frozen=True, slots=True)
class Release:
    """A release, checked.

    Attributes:
        codes: By number.
        modifiers: By their two characters; empty where the release has none.
        years: Editions (``2026``, ``2025-01``) that names and preambles state, each with the place that states it.
        name: Names of the files, for people.
    """

    codes: Mapping[str, Entry]
    modifiers: Mapping[str, Entry]
    years: Mapping[str, str]
    name: str


def read_cpt(files: Sequence[TextFile]) -> Release:
    """Reads data files of CPT; descriptors of several files are put together.

    Raises:
        CodeSetError: A line breaks the layout, or a number is impossible or stands there with different descriptors;
            names file and line.
    """
    codes: dict[str, Entry] = {}
    years: dict[str, str] = {}
    for file in files:
        places: dict[tuple[str, str], int] = {}
        _note_year(years, _NAME_YEAR, file.name)
        for line, code, kind, text in _cpt_rows(file, years):
            entry = codes.setdefault(code, Entry(code, line))
            first = places.setdefault((code, kind), line)
            if first != line and entry.texts.get(kind) != text:
                _fail(
                    file.name, line, f"code {code} has another descriptor than in line {first}; expected each code once"
                )
            entry.texts[kind] = text
        if not places:
            raise CodeSetError(f"{file.name} holds no code; expected lines with {_CPT_LAYOUT}")
    return Release(codes, {}, years, ", ".join(file.name for file in files))


def _note_year(years: dict[str, str], pattern: re.Pattern[str], name: str) -> None:
    """Notes the year or quarter that a file name states, that of the innermost name if it states one."""
    for part in reversed(name.split("/")):
        if match := pattern.search(part):
            years.setdefault(_edition_name(match), name)
            return


def _edition_name(match: re.Match[str]) -> str:
    """Returns the edition that was matched, ``2026`` or ``2025-01``."""
    year, *month = (group for group in match.groups() if group)
    return "-".join((year, *(_MONTHS[name.upper()] for name in month)))


def _cpt_rows(file: TextFile, years: dict[str, str]) -> Iterator[tuple[int, str, str, str]]:
    """Yields line, code, kind and text of each descriptor; notes the year that the preamble states."""
    columns: dict[str, int] = {}
    kind = next((kind for kind in _KINDS if kind[:3] in file.name.rpartition("/")[2].lower()), "long")
    started = False
    for number, line in file.lines():
        cells = [cell.strip() for cell in line.split("\t")]
        names = [cell.lower() for cell in cells]
        if not started and _CODE_COLUMN in names:
            columns = {name: names.index(name) for name in (_CODE_COLUMN, *_KINDS) if name in names}
            started = True
        elif columns:
            yield from _table_row(file.name, number, cells, columns)
        elif (match := _CPT_ROW.fullmatch(line.rstrip())) and SHAPES[System.CPT].fullmatch(match[1]):
            started = True
            yield number, match[1], kind, match[2]
        elif _LIKE_A_CODE.match(line):
            _fail(file.name, number, f"{line[:5]} is no code of CPT; expected {_CPT_LAYOUT}")
        elif started and not _NOTICE.match(line):
            _fail(file.name, number, f"expected {_CPT_LAYOUT}")
        elif match := _CPT_YEAR.search(line):
            years.setdefault(_edition_name(match), f"{file.name}:{number}")


def _table_row(
    name: str, number: int, cells: Sequence[str], columns: Mapping[str, int]
) -> Iterator[tuple[int, str, str, str]]:
    """Yields the descriptors of a row of the Consolidated Code List."""
    if len(cells) <= max(columns.values()):
        if _NOTICE.match(cells[0]):
            return
        _fail(name, number, f"expected at least {max(columns.values()) + 1} columns, found {len(cells)}")
    code = cells[columns[_CODE_COLUMN]]
    if not SHAPES[System.CPT].fullmatch(code):
        _fail(name, number, f"{code[:10]!r} is no code of CPT; expected 5 characters in the column 'CPT Code'")
    found = [(kind, cells[columns[kind]]) for kind in _KINDS if kind in columns and cells[columns[kind]]]
    if not found:
        _fail(name, number, f"code {code} has no descriptor")
    for kind, text in found:
        yield number, code, kind, text


def read_hcpcs(file: TextFile) -> Release:
    """Reads the contractor record of HCPCS Level II: codes and modifiers with their dates.

    Raises:
        CodeSetError: A record breaks the layout, or a code is impossible or there twice; names file and line.
    """
    found: dict[str, dict[str, Entry]] = {"code": {}, "modifier": {}}
    last: Entry | None = None
    for number, line in file.lines():
        if len(line) > _RECORD or len(line) < _TEXT.start:
            _fail(file.name, number, f"{len(line)} columns; expected {_HCPCS_LAYOUT}")
        code, record, text = line[:5].strip(), line[10], line[_TEXT].strip()
        if kind := _CONTINUED.get(record):
            if last is None or last.code != code or code not in found[kind]:
                _fail(file.name, number, f"the description of {code} goes on, but its first record is not before it")
            last.texts["long"] = f"{last.texts['long']} {text}".strip()
        elif kind := _FIRST.get(record):
            if code in found[kind]:
                _fail(file.name, number, f"{code} is there twice, first in line {found[kind][code].line}")
            last = found[kind][code] = _hcpcs_entry(file.name, number, line, kind)
        else:
            _fail(file.name, number, f"record identification {record!r}; expected {_HCPCS_LAYOUT}")
    if not found["code"]:
        raise CodeSetError(f"{file.name} holds no code; expected {_HCPCS_LAYOUT}")
    years: dict[str, str] = {}
    _note_year(years, _QUARTER, file.name)
    return Release(found["code"], found["modifier"], years, file.name)


def _hcpcs_entry(name: str, number: int, line: str, kind: str) -> Entry:
    code, text = line[:5].strip(), line[_TEXT].strip()
    shape = SHAPES[System.HCPCS] if kind == "code" else _MODIFIER
    if not shape.fullmatch(code):
        _fail(name, number, f"{code!r} is no {kind} of HCPCS Level II; expected {_HCPCS_LAYOUT}")
    if not text:
        _fail(name, number, f"{kind} {code} has no description")
    if len(line) < _NEEDED or line[_ACTION] not in _ACTIONS:
        _fail(name, number, f"{kind} {code}: expected an action code ({_ACTIONS}) in column {_NEEDED}")
    entry = Entry(code, number, {"long": text})
    if short := line[_SHORT].strip():
        entry.texts["short"] = short
    entry.starts = _date(name, number, line[_ADDED], "date added")
    entry.ends = _date(name, number, line[_ENDED], "termination date")
    entry.effective = _date(name, number, line[_EFFECTIVE], "effective date")
    return entry


def _date(name: str, number: int, digits: str, what: str) -> date | None:
    if not digits.strip():
        return None
    try:
        return datetime.strptime(digits, "%Y%m%d").date()
    except ValueError:
        _fail(name, number, f"{what} {digits!r}; expected YYYYMMDD or blanks")


def _fail(name: str, number: int, message: str) -> NoReturn:
    raise CodeSetError(f"{name}:{number}: {message}")
