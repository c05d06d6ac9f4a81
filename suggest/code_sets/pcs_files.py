"""Reads the text files of an ICD-10-PCS release: the order file, the list of codes, or a zip file with one of them.

Layouts are those of CMS's ``icd10pcsOrderFile.pdf`` and ``icd10pcsCodesFile.pdf``. Both files hold the same codes
and long titles; the order file also has a header for each table, which is left out.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NoReturn

from suggest.code_sets.releases import MAX_BYTES, open_zip, read_bytes
from suggest.errors import CodeSetError

CODE = r"[0-9BCDFGHX][0-9A-HJ-NP-Z]{6}"
"""Seven characters without the letters I and O (Official Guidelines, convention A2)."""
_ORDER_LINE = re.compile(rf"(\d{{5}}) (?=.{{7}} [01] )([0-9A-HJ-NP-Z]{{3}}|{CODE}) +([01]) .{{60}} (\S.*)")
_CODES_LINE = re.compile(rf"({CODE}) (\S.*)")
_ORDER_LAYOUT = "5-digit order number, code in columns 7-13, 0 or 1 in column 15, long title from column 78"
_CODES_LAYOUT = "a code of 7 characters, a blank and its title"
_YEAR = re.compile(r"(?<!\d)20\d\d(?!\d)")
_MEMBERS = (
    re.compile(r"(?!.*addenda)icd10pcs.*order.*\.txt", re.IGNORECASE),
    re.compile(r"(?!.*addenda)icd10pcs.*codes.*\.txt", re.IGNORECASE),
)
_EXPECTED = (
    "expected an order file (icd10pcs_order_2026.txt), a list of codes (icd10pcs_codes_2026.txt) or a zip file that "
    "holds one of them"
)


@dataclass(frozen=True, slots=True)
class PcsRelease:
    """A release as text, checked.

    Attributes:
        name: Name of the file; inside a zip file, ``ZIP/NAME``.
        text: The file as it came.
        titles: Code and long title of each code, in the order of the codes.
    """

    name: str
    text: str
    titles: dict[str, str]

    @property
    def years(self) -> list[int]:
        """The years in its name, those of the innermost file first."""
        return [int(year) for part in reversed(self.name.split("/")) for year in _YEAR.findall(part)]


def load_pcs(path: Path) -> PcsRelease:
    """Reads and checks a release file of ICD-10-PCS.

    Raises:
        CodeSetError: The file is missing, empty, too large, of another layout, holds a code twice, or is a zip file
            that is damaged or holds none of the files expected; names file and line.
    """
    data = read_bytes(path, MAX_BYTES, _EXPECTED)
    name = path.name
    if path.suffix.lower() == ".zip" or data.startswith(b"PK\x03\x04"):
        name, data = _unzip(data, name)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _fail(name, data.count(b"\n", 0, error.start) + 1, "not UTF-8; expected the file as CMS publishes it")
    return PcsRelease(name, text, read_pcs(text, name))


def read_pcs(text: str, name: str) -> dict[str, str]:
    """Returns code and long title of each code of an order file or a list of codes, sorted by code.

    Raises:
        CodeSetError: A line breaks the layout, a code is doubled, or there is none; names file and line.
    """
    numbered = [(i, line.rstrip("\r")) for i, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if not numbered:
        raise CodeSetError(f"{name} is empty; {_EXPECTED}")
    first, line = numbered[0]
    if _ORDER_LINE.fullmatch(line):
        found = _order_lines(numbered, name)
    elif _CODES_LINE.fullmatch(line):
        found = _codes_lines(numbered, name)
    else:
        _fail(name, first, f"not a layout of ICD-10-PCS; {_EXPECTED}")
    titles: dict[str, str] = {}
    place: dict[str, int] = {}
    for number, code, title in found:
        if code in place:
            _fail(name, number, f"code {code} is there twice, first in line {place[code]}")
        place[code] = number
        titles[code] = title
    if not titles:
        raise CodeSetError(f"{name} holds headers but no code; {_EXPECTED}")
    return dict(sorted(titles.items()))


def _order_lines(numbered: list[tuple[int, str]], name: str) -> Iterator[tuple[int, str, str]]:
    last = -1
    for number, line in numbered:
        match = _ORDER_LINE.fullmatch(line)
        if match is None or (match[3] == "1") != (len(match[2]) > 3):
            _fail(name, number, f"expected {_ORDER_LAYOUT}")
        if int(match[1]) <= last:
            _fail(name, number, f"order number {match[1]} does not follow {last:05}; expected rising numbers")
        last = int(match[1])
        if match[3] == "1":
            yield number, match[2], match[4].rstrip()


def _codes_lines(numbered: list[tuple[int, str]], name: str) -> Iterator[tuple[int, str, str]]:
    for number, line in numbered:
        match = _CODES_LINE.fullmatch(line)
        if match is None:
            _fail(name, number, f"expected {_CODES_LAYOUT}")
        yield number, match[1], match[2].rstrip()


def _unzip(data: bytes, name: str) -> tuple[str, bytes]:
    """Returns name and content of the fullest release file in a zip file."""
    with open_zip(data, name, _EXPECTED) as archive:
        member = _choose(archive, name)
        with archive.open(member) as file:  # the stated size is not trusted
            content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise CodeSetError(f"{name}/{member.filename} is larger than {MAX_BYTES} bytes when unpacked")
    return f"{name}/{PurePosixPath(member.filename).name}", content


def _choose(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    members = [member for member in archive.infolist() if not member.is_dir()]
    for pattern in _MEMBERS:
        fitting = [m for m in members if pattern.fullmatch(PurePosixPath(m.filename).name)]
        if len(fitting) > 1:
            several = ", ".join(sorted(member.filename for member in fitting))
            raise CodeSetError(f"{name} holds several such files ({several}); unpack it and import one of them")
        if fitting:
            return fitting[0]
    raise CodeSetError(f"{name} holds no file of ICD-10-PCS codes; {_EXPECTED}")


def _fail(name: str, number: int, message: str) -> NoReturn:
    raise CodeSetError(f"{name}:{number}: {message}")
