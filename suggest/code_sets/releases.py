"""Finds the tabular list or code file in a release as CDC and CMS publish it, within bounds of size."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from suggest.code_sets.code_files import CODES_LINE, ORDER_LINE, read_codes_file, read_order_file
from suggest.code_sets.icd10cm import read_tabular
from suggest.code_sets.tabular import TabularList
from suggest.errors import CodeSetError

MAX_BYTES = 256 * 2**20
_MAX_MEMBERS = 1000
_MAX_RATIO = 200
_YEAR = re.compile(r"(?<!\d)20\d\d(?!\d)")
_EXPECTED = (
    "expected a tabular list (icd10cm-tabular-2027.xml), an order file (icd10cm_order_2027.txt), a list of "
    "codes (icd10cm_codes_2027.txt) or a zip file that holds one of them"
)


class SourceKind(StrEnum):
    """Kinds of release files, the fullest first."""

    TABULAR = "tabular"
    ORDER = "order"
    CODES = "codes"

    @property
    def file_name(self) -> str:
        """Name of the file that keeps a source of this kind."""
        return f"{self.value}.xml" if self is SourceKind.TABULAR else f"{self.value}.txt"


_MEMBERS = (
    (SourceKind.TABULAR, re.compile(r".*tabular.*\.xml", re.IGNORECASE)),
    (SourceKind.ORDER, re.compile(r"(?!.*addenda).*order.*\.txt", re.IGNORECASE)),
    (SourceKind.CODES, re.compile(r"(?!.*addenda).*codes.*\.txt", re.IGNORECASE)),
)


@dataclass(frozen=True, slots=True)
class Source:
    """A release file, not yet checked.

    Attributes:
        kind: What it is.
        name: Its file name; inside a zip file, ``ZIP/NAME``.
        data: Its bytes.
    """

    kind: SourceKind
    name: str
    data: bytes

    @property
    def years(self) -> list[int]:
        """The years in its name, those of the innermost file first."""
        return [int(year) for part in reversed(self.name.split("/")) for year in _YEAR.findall(part)]


def read_bytes(path: Path, max_bytes: int, expected: str) -> bytes:
    """Reads a file that someone wants to import.

    Args:
        path: The file.
        max_bytes: Most bytes of it.
        expected: What the errors say was expected.

    Raises:
        CodeSetError: The file cannot be read, is too large or empty.
    """
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise CodeSetError(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > max_bytes:
        raise CodeSetError(f"{path.name} is larger than {max_bytes} bytes; {expected}")
    if not data.strip():
        raise CodeSetError(f"{path.name} is empty; {expected}")
    return data


def load_source(path: Path, *, max_bytes: int = MAX_BYTES) -> Source:
    """Reads a release file, or the fullest one inside a zip file, without checking its content.

    Args:
        path: The file.
        max_bytes: Most bytes of the file, and of its content when unpacked.

    Raises:
        CodeSetError: The file is missing, empty, too large, of another layout, or a zip file that is
            damaged or holds none or several of the files expected.
    """
    data = read_bytes(path, max_bytes, _EXPECTED)
    if path.suffix.lower() == ".zip" or data.startswith(b"PK\x03\x04"):
        return _load_zip(data, path.name, max_bytes)
    return Source(_kind(data, path.name), path.name, data)


def read_source(source: Source, shipped: Callable[[], TabularList]) -> TabularList:
    """Reads a release file as a tabular list; text files take chapters and blocks from the ``shipped`` one.

    Raises:
        CodeSetError: The content is malformed; names file and line.
    """
    if source.kind is SourceKind.TABULAR:
        return read_tabular(io.BytesIO(source.data), source.name)
    text = _decode(source)
    if source.kind is SourceKind.ORDER:
        return read_order_file(text, source.name, shipped())
    return read_codes_file(text, source.name, shipped())


def _kind(data: bytes, name: str) -> SourceKind:
    """Tells the kind of a file by its first line."""
    head = data[:4096].decode("latin-1").removeprefix("\xef\xbb\xbf").lstrip()
    line = head.splitlines()[0].rstrip()
    if line.startswith("<"):
        return SourceKind.TABULAR
    if ORDER_LINE.fullmatch(line):
        return SourceKind.ORDER
    if CODES_LINE.fullmatch(line):
        return SourceKind.CODES
    raise CodeSetError(f"{name}:1: not a layout of ICD-10-CM; {_EXPECTED}")


def _decode(source: Source) -> str:
    try:
        return source.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = source.data.count(b"\n", 0, error.start) + 1
        raise CodeSetError(f"{source.name}:{line}: not UTF-8; expected the file as CMS publishes it") from error


def _load_zip(data: bytes, name: str, max_bytes: int) -> Source:
    with open_zip(data, name, _EXPECTED) as archive:
        kind, member = _choose_member(archive, name)
        return Source(
            kind,
            f"{name}/{PurePosixPath(member.filename).name}",
            _unpack(archive, member, name, max_bytes),
        )


@contextmanager
def open_zip(data: bytes, name: str, expected: str) -> Iterator[zipfile.ZipFile]:
    """Opens a zip file of a release; what goes wrong while it is read is told as a fault of that file.

    Args:
        data: Content of the file.
        name: Name of the file, for error messages.
        expected: What the file should have been, for error messages.

    Raises:
        CodeSetError: The file is damaged, encrypted or packed in an unknown way.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise CodeSetError(f"{name} is not a zip file or is damaged ({error}); {expected}") from error
    except (RuntimeError, NotImplementedError) as error:
        raise CodeSetError(f"{name} is encrypted or packed in an unknown way; {expected}") from error


def _choose_member(archive: zipfile.ZipFile, name: str) -> tuple[SourceKind, zipfile.ZipInfo]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > _MAX_MEMBERS:
        raise CodeSetError(f"{name} holds {len(members)} files; expected at most {_MAX_MEMBERS}")
    for kind, pattern in _MEMBERS:
        fitting = [m for m in members if pattern.fullmatch(PurePosixPath(m.filename).name)]
        if len(fitting) > 1:
            several = ", ".join(sorted(member.filename for member in fitting))
            raise CodeSetError(f"{name} holds several {kind} files ({several}); unpack it and import one of them")
        if fitting:
            return kind, fitting[0]
    raise CodeSetError(f"{name} holds no file of ICD-10-CM codes; {_EXPECTED}")


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, max_bytes: int) -> bytes:
    """Returns the content of a member; its stated size is not trusted."""
    if member.file_size > max_bytes or member.file_size > _MAX_RATIO * max(member.compress_size, 1):
        raise CodeSetError(
            f"{name}/{member.filename}: {member.file_size} bytes packed into {member.compress_size}; "
            f"expected at most {max_bytes} bytes and a ratio of at most {_MAX_RATIO}"
        )
    with archive.open(member) as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise CodeSetError(f"{name}/{member.filename} is larger than {max_bytes} bytes when unpacked")
    if not content.strip():
        raise CodeSetError(f"{name}/{member.filename} is empty; {_EXPECTED}")
    return content
