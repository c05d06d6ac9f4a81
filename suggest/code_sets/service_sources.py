"""Text files of a release of CPT or HCPCS: a single file, a folder of them, or a zip file, within bounds of size."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from suggest.code_sets.releases import MAX_BYTES, open_zip, read_bytes
from suggest.errors import CodeSetError

_MAX_MEMBERS = 1000


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text file of a release.

    Attributes:
        name: Its name; inside a zip file, ``ZIP/NAME``.
        text: Its content, line ends as they came.
    """

    name: str
    text: str

    def lines(self) -> Iterator[tuple[int, str]]:
        """Yields the lines that are not blank with their numbers, without what ends them."""
        for number, line in enumerate(self.text.split("\n"), start=1):
            if line.strip():
                yield number, line.rstrip("\r")


def read_files(path: Path, wanted: re.Pattern[str], expected: str) -> list[TextFile]:
    """Reads the text files of a release, sorted by name.

    Args:
        path: A text file, which may have any name; a folder or a zip file of several.
        wanted: What the names of files in a folder or zip file look like that are read.
        expected: What the errors say was expected.

    Raises:
        CodeSetError: Nothing fits, or a file cannot be read, is too large, empty, damaged, or no text.
    """
    if path.is_dir():
        files = {entry.name: entry for entry in sorted(path.iterdir()) if wanted.fullmatch(entry.name)}
        found = [_text(name, read_bytes(entry, MAX_BYTES, expected)) for name, entry in files.items()]
    else:
        data = read_bytes(path, MAX_BYTES, expected)
        if not data.startswith(b"PK\x03\x04") and path.suffix.lower() != ".zip":
            return [_text(path.name, data)]
        found = [_text(name, content) for name, content in _unzip(data, path.name, wanted, expected)]
    if not found:
        raise CodeSetError(f"{path.name} holds no such file; {expected}")
    return found


def _text(name: str, data: bytes) -> TextFile:
    """Decodes a file: UTF-8, or Windows-1252 as older releases have it."""
    encoding = "utf-8-sig"
    try:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            encoding = "cp1252"
            text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CodeSetError(f"{name}:{line}: neither UTF-8 nor Windows-1252; expected a text file") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise CodeSetError(f"{name}:{line}: not a text file; expected UTF-8 or Windows-1252")
    return TextFile(name, text)


def _unzip(data: bytes, name: str, wanted: re.Pattern[str], expected: str) -> list[tuple[str, bytes]]:
    """Returns name and content of the wanted members of a zip file, together within the bounds of one file."""
    with open_zip(data, name, expected) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) > _MAX_MEMBERS:
            raise CodeSetError(f"{name} holds {len(members)} files; expected at most {_MAX_MEMBERS}")
        return _contents(archive, name, [m for m in members if wanted.fullmatch(_last(m))])


def _contents(archive: zipfile.ZipFile, name: str, members: list[zipfile.ZipInfo]) -> list[tuple[str, bytes]]:
    found = []
    left = MAX_BYTES
    for member in sorted(members, key=_last):
        with archive.open(member) as file:  # the stated size is not trusted
            content = file.read(left + 1)
        left -= len(content)
        if left < 0:
            raise CodeSetError(f"{name} is larger than {MAX_BYTES} bytes when unpacked")
        found.append((f"{name}/{_last(member)}", content))
    return found


def _last(member: zipfile.ZipInfo) -> str:
    return PurePosixPath(member.filename).name
