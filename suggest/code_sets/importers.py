"""Imports official releases of ICD-10-CM beside the one that ships, and opens and compares editions.

An imported edition lies in ``HOME/code_sets/icd10cm/FY2025/``: the release file as it came, and
``edition.json``. It takes the place of the shipped edition of the same year.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from suggest.code_sets.arrays import locked, new_folder
from suggest.code_sets.compiler import Progress, compile_icd10cm, index_folder
from suggest.code_sets.editions import Edition, fiscal_year_edition
from suggest.code_sets.icd10cm import read_tabular, shipped_tabular
from suggest.code_sets.index import CodeIndex
from suggest.code_sets.releases import Source, SourceKind, load_source, read_source
from suggest.code_sets.tabular import TabularList
from suggest.errors import CodeSetError
from suggest.records import System

_EDITION_FILE = "edition.json"
_NAME = re.compile(r"(?:FY)?(20\d\d)", re.IGNORECASE)
_RELEASE_YEAR = re.compile(r"(20\d\d)\.xml$")


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import brought.

    Attributes:
        edition: The edition that is installed now.
        codes: Number of categories, subcategories and codes.
        billable: Number of complete codes.
        has_notes: Whether it has inclusion terms and instructional notes (a tabular list has, a text file
            has not: checks of Excludes1 and of sequencing find nothing then).
        replaced: Source of the edition of the same year that was in use before, ``None`` if there was none.
    """

    edition: Edition
    codes: int
    billable: int
    has_notes: bool
    replaced: str | None


@dataclass(frozen=True, slots=True)
class Diff:
    """What changed between two editions, in codes that may stand on a claim; each sorted as in its edition.

    Attributes:
        new: Billable in the later edition only.
        retired: Billable in the earlier edition only (deleted, or complete no longer).
        retitled: Code, earlier and later title; titles that differ only in accents count as the same.
    """

    new: tuple[str, ...]
    retired: tuple[str, ...]
    retitled: tuple[tuple[str, str, str], ...]


def shipped_edition() -> Edition:
    """Returns the edition that ships, named after the year of its tabular list.

    Raises:
        CodeSetError: The tabular list is missing or its file name states no year.
    """
    name = shipped_tabular().name
    year = _RELEASE_YEAR.search(name)
    if year is None:
        raise CodeSetError(f"the shipped tabular list {name} states no year; expected a name such as tabular-2026.xml")
    return fiscal_year_edition(System.ICD10CM, int(year[1]), name)


def installed_editions(home: Path) -> list[Edition]:
    """Returns the shipped edition and those imported into ``home``, oldest first.

    Raises:
        CodeSetError: The record of an imported edition is damaged.
    """
    editions = {shipped_edition().name: shipped_edition()}
    for folder in sorted(_imports(home).glob("FY*")):
        edition, _, _ = _read_record(folder)
        editions[edition.name] = edition
    return sorted(editions.values(), key=lambda edition: edition.effective_from)


def open_edition(home: Path, name: str, *, progress: Progress | None = None) -> CodeIndex:
    """Opens an installed edition by its name (``FY2026``); compiles its index on first use.

    Raises:
        CodeSetError: No such edition is installed, or its file was altered since the import.
    """
    match = _NAME.fullmatch(name)
    name = f"FY{match[1]}" if match else name
    folder = _imports(home) / name
    if match and (folder / _EDITION_FILE).exists():
        edition, kind, digest = _read_record(folder)
        target = index_folder(home, edition, digest)
        return CodeIndex.open(
            compile_icd10cm(lambda: _read_import(folder, kind, digest), edition, target, progress=progress)
        )
    edition = shipped_edition()
    if name != edition.name:
        names = ", ".join(installed.name for installed in installed_editions(home))
        raise CodeSetError(
            f"edition {name} is not installed (installed: {names}); import it: chartcoder codes import icd10cm FILE"
        )
    with shipped_tabular().open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    target = index_folder(home, edition, digest)
    return CodeIndex.open(compile_icd10cm(_read_shipped, edition, target, progress=progress))


def import_icd10cm(path: Path, home: Path, *, edition: str | None = None) -> Imported:
    """Imports a release of ICD-10-CM; nothing is replaced unless all of it is well-formed.

    Args:
        path: The tabular XML, an order file, a list of codes, or a zip file with one of them; of several,
            the one that says most is taken, in this order.
        home: ChartCoder's data folder.
        edition: The fiscal year, ``FY2025`` or ``2025``; by default the year in the file's name, or in the
            tabular list itself.

    Raises:
        CodeSetError: The file is none of these or is malformed, or its year is not clear; names file and
            line, what was expected and what to do.
    """
    source = load_source(path)
    tabular = read_source(source, _read_shipped)
    found = fiscal_year_edition(System.ICD10CM, _year(source, tabular, edition), source.name)
    replaced = {installed.name: installed.source for installed in installed_editions(home)}
    folder = _imports(home) / found.name
    record = {
        "edition": found.to_json(),
        "kind": source.kind.value,
        "sha256": hashlib.sha256(source.data).hexdigest(),
    }
    with locked(_imports(home) / ".lock"), new_folder(folder) as draft:
        (draft / source.kind.file_name).write_bytes(source.data)
        (draft / _EDITION_FILE).write_text(json.dumps(record, indent=1), encoding="utf-8")
    return Imported(
        edition=found,
        codes=len(tabular.nodes),
        billable=sum(node.billable for node in tabular.nodes),
        has_notes=source.kind is SourceKind.TABULAR,
        replaced=replaced.get(found.name),
    )


def diff_editions(earlier: CodeIndex, later: CodeIndex) -> Diff:
    """Compares two editions by their billable codes."""
    retitled = []
    new = []
    for row, code in _billable(later):
        before = earlier.row(code)
        if before is None or not earlier.billable[before]:
            new.append(code)
        elif _plain(old := earlier.title(before)) != _plain(title := later.title(row)):
            retitled.append((code, old, title))
    retired = [
        code for _, code in _billable(earlier) if (after := later.row(code)) is None or not later.billable[after]
    ]
    return Diff(tuple(new), tuple(retired), tuple(retitled))


def _billable(index: CodeIndex) -> Iterator[tuple[int, str]]:
    return ((row, code) for row, code in enumerate(index.codes()) if index.billable[row])


def _plain(title: str) -> str:
    """Returns a title without accents, which the text files of a release lack."""
    return "".join(c for c in unicodedata.normalize("NFKD", title) if not unicodedata.combining(c))


def _imports(home: Path) -> Path:
    return home / "code_sets" / "icd10cm"


def _year(source: Source, tabular: TabularList, edition: str | None) -> int:
    """Returns the fiscal year of a release, as stated by the caller, its name or its content."""
    if edition is not None:
        match = _NAME.fullmatch(edition)
        if match is None:
            raise CodeSetError(f"edition {edition!r}: expected a fiscal year such as FY2025")
        years = [int(match[1])]
    else:
        years = source.years
    inside = [int(tabular.version)] if re.fullmatch(r"20\d\d", tabular.version) else []
    if years and inside and years[0] != inside[0]:
        raise CodeSetError(
            f"{source.name} says that it is the release of {inside[0]}, not of {years[0]}; "
            f"name the edition FY{inside[0]}"
        )
    if not years and not inside:
        raise CodeSetError(f"{source.name}: the name states no year; name the edition, such as FY2025")
    return (years + inside)[0]


def _read_shipped() -> TabularList:
    path = shipped_tabular()
    with path.open("rb") as file:
        return read_tabular(file, path.name)


def _read_record(folder: Path) -> tuple[Edition, SourceKind, str]:
    try:
        record = json.loads((folder / _EDITION_FILE).read_text(encoding="utf-8"))
        return Edition.from_json(record["edition"]), SourceKind(record["kind"]), str(record["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CodeSetError(
            f"imported edition {folder} is damaged ({error}); delete the folder and import again"
        ) from error


def _read_import(folder: Path, kind: SourceKind, digest: str) -> TabularList:
    try:
        data = (folder / kind.file_name).read_bytes()
    except OSError as error:
        raise CodeSetError(f"{folder / kind.file_name} cannot be read: {error.strerror}; import it again") from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise CodeSetError(f"{folder / kind.file_name} was altered since its import; import it again")
    return read_source(Source(kind, kind.file_name, data), _read_shipped)
