"""Imports releases of CPT and HCPCS Level II beside the tables that ship, and reads them back.

An imported release lies in ``HOME/code_sets/cpt/2026/`` or ``HOME/code_sets/hcpcs/2025-01/``: its codes and modifiers
in ``codes.json``, and ``edition.json`` with their hash. Its descriptors never leave that folder.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from suggest.code_sets.arrays import locked, new_folder
from suggest.code_sets.editions import Edition
from suggest.code_sets.service_files import Entry, Release, read_cpt, read_hcpcs
from suggest.code_sets.service_records import ServiceCode, ServiceModifier
from suggest.code_sets.service_sources import read_files
from suggest.code_sets.service_terms import dose_of, in_notes, section_of, terms_of
from suggest.errors import CodeSetError
from suggest.records import System

_EDITION_FILE = "edition.json"
_CODES_FILE = "codes.json"
_CPT_FILES = re.compile(r"(?=.*\.(?:txt|tsv)$).*(?:long|med|short|consolidated).*", re.IGNORECASE)
_HCPCS_FILES = re.compile(r"(?!.*(?:layout|notes|trans|corr))HCPC.*\.txt", re.IGNORECASE)
_CPT_EXPECTED = (
    "expected data files of CPT as the American Medical Association licenses them (LONGULT.txt, MEDU.txt, SHORTU.txt "
    "or the Consolidated Code List), a folder or a zip file of them"
)
_HCPCS_EXPECTED = "expected the HCPCS file of CMS (HCPC2025_JAN_ANWEB.txt) or the zip file that holds it"
_CPT_EDITION = re.compile(r"(?:CPT)?\s*(20\d\d)", re.IGNORECASE)
_HCPCS_EDITION = re.compile(r"(20\d\d)-(01|04|07|10)")
_OWNERS = {System.CPT: "AMA", System.HCPCS: "CMS"}


@dataclass(frozen=True, slots=True)
class ImportedServices:
    """What an import brought.

    Attributes:
        edition: The edition that is installed now.
        codes: Number of codes.
        ended: How many of them have ended by the edition's first day.
        modifiers: Number of modifiers.
        replaced: Source of the same edition that was in use before, ``None`` if there was none.
    """

    edition: Edition
    codes: int
    ended: int
    modifiers: int
    replaced: str | None


@dataclass(frozen=True, slots=True)
class ServiceImport:
    """An imported release, read back."""

    edition: Edition
    codes: tuple[ServiceCode, ...]
    modifiers: tuple[ServiceModifier, ...]


def import_cpt(path: Path, home: Path, edition: str | None = None) -> ImportedServices:
    """Imports CPT data files of a licensed site; nothing is replaced unless all of them are well-formed.

    Args:
        path: ``LONGULT.txt``, ``MEDU.txt`` or ``SHORTU.txt``, the Consolidated Code List, or a folder or zip file with
            several of them.
        home: ChartCoder's data folder.
        edition: The year, ``2026``; by default that of the file names or of the preamble.

    Raises:
        CodeSetError: The files are none of these or are malformed, or their year is not clear; names file and line.
    """
    release = read_cpt(read_files(path, _CPT_FILES, _CPT_EXPECTED))
    name = _edition_name(release, edition, _CPT_EDITION, "a year such as 2026")
    year = int(name)
    found = Edition(System.CPT, name, date(year, 1, 1), date(year, 12, 31), release.name)
    return _install(release, found, home)


def import_hcpcs(path: Path, home: Path, edition: str | None = None) -> ImportedServices:
    """Imports an official release of HCPCS Level II; nothing is replaced unless all of it is well-formed.

    Args:
        path: The file of CMS, or the zip file that holds it.
        home: ChartCoder's data folder.
        edition: The quarter, ``2025-01``; by default that of the file name.

    Raises:
        CodeSetError: The file is malformed, or its quarter is not clear or contradicts its content; names file and
            line.
    """
    files = read_files(path, _HCPCS_FILES, _HCPCS_EXPECTED)
    if len(files) > 1:
        several = ", ".join(file.name for file in files)
        raise CodeSetError(f"{path.name} holds several such files ({several}); unpack it and import one of them")
    release = read_hcpcs(files[0])
    name = _edition_name(release, edition, _HCPCS_EDITION, "a quarter such as 2025-01 (months 01, 04, 07 and 10)")
    found = Edition(System.HCPCS, name, date.fromisoformat(f"{name}-01"), None, release.name)
    _check_quarter(release, found)
    return _install(release, found, home)


def imported_editions(home: Path, system: System) -> list[Edition]:
    """Returns the imported editions of CPT or HCPCS, oldest first.

    Raises:
        CodeSetError: The record of one is damaged.
    """
    folders = sorted(path.parent for path in _imports(home, system).glob(f"2*/{_EDITION_FILE}"))
    return [_read_record(folder)[0] for folder in folders]


def read_import(home: Path, edition: Edition) -> ServiceImport:
    """Reads an imported edition.

    Raises:
        CodeSetError: It is damaged, or was altered since its import.
    """
    folder = _imports(home, edition.system) / edition.name
    found, digest = _read_record(folder)
    try:
        data = (folder / _CODES_FILE).read_bytes()
    except OSError as error:
        raise CodeSetError(f"{folder / _CODES_FILE} cannot be read: {error.strerror}; import it again") from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise CodeSetError(f"{folder / _CODES_FILE} was altered since its import; import it again")
    content = json.loads(data)
    source = f"{_OWNERS[found.system]} {found.name}"
    return ServiceImport(
        found,
        tuple(_service(row, found.system, source) for row in content["codes"]),
        tuple(
            ServiceModifier(row["code"], row["label"], frozenset(), source, _day(row)) for row in content["modifiers"]
        ),
    )


def _edition_name(release: Release, asked: str | None, pattern: re.Pattern[str], form: str) -> str:
    """Returns the edition that was asked for, or the one that the release states."""
    stated = ", ".join(f"{name} ({place})" for name, place in sorted(release.years.items()))
    if asked is not None:
        match = pattern.fullmatch(asked.strip())
        if match is None:
            raise CodeSetError(f"edition {asked!r}: expected {form}")
        name = "-".join(match.groups())
        if release.years and name not in release.years:
            raise CodeSetError(f"{release.name} is of another edition than {name}: it states {stated}")
        return name
    if not release.years:
        raise CodeSetError(f"{release.name} states no edition; name it: --edition and {form}")
    if len(release.years) > 1:
        raise CodeSetError(f"{release.name} states several editions: {stated}; name one: --edition and {form}")
    return next(iter(release.years))


def _check_quarter(release: Release, edition: Edition) -> None:
    """Refuses a release with changes that take effect after its quarter: it belongs to a later one."""
    begins = edition.effective_from
    end = date(begins.year + begins.month // 10, (begins.month + 2) % 12 + 1, 1)
    for entry in release.codes.values():
        if entry.effective is not None and entry.effective >= end:
            raise CodeSetError(
                f"{release.name}:{entry.line}: a change of {entry.code} takes effect on {entry.effective}, after "
                f"edition {edition.name}; name the edition that the file is of"
            )


def _install(release: Release, edition: Edition, home: Path) -> ImportedServices:
    """Writes a checked release; the folder of the edition appears whole or not at all."""
    content = {
        "codes": [_row(entry) for entry in sorted(release.codes.values(), key=lambda entry: entry.code)],
        "modifiers": [_row(entry) for entry in sorted(release.modifiers.values(), key=lambda entry: entry.code)],
    }
    data = json.dumps(content, indent=0).encode()
    record = {"edition": edition.to_json(), "sha256": hashlib.sha256(data).hexdigest()}
    folder = _imports(home, edition.system) / edition.name
    replaced = {known.name: known.source for known in imported_editions(home, edition.system)}
    with locked(folder.parent / ".lock"), new_folder(folder) as draft:
        (draft / _CODES_FILE).write_bytes(data)
        (draft / _EDITION_FILE).write_text(json.dumps(record, indent=1), encoding="utf-8")
    return ImportedServices(
        edition=edition,
        codes=len(release.codes),
        ended=sum(code.ends is not None and code.ends < edition.effective_from for code in release.codes.values()),
        modifiers=len(release.modifiers),
        replaced=replaced.get(edition.name),
    )


def _row(entry: Entry) -> dict[str, str]:
    days = {name: day.isoformat() for name in ("starts", "ends") if (day := getattr(entry, name)) is not None}
    names = {kind: text for kind in ("medium", "consumer") if (text := entry.texts.get(kind)) and text != entry.label}
    return {"code": entry.code, "label": entry.label, **names, **days}


def _service(row: dict[str, str], system: System, source: str) -> ServiceCode:
    section = section_of(row["code"])
    texts = [row[kind] for kind in ("label", "medium", "consumer") if kind in row and in_notes(row["code"])]
    return ServiceCode(
        code=row["code"],
        label=row["label"],
        system=system,
        section=section,
        starts=_day(row, "starts"),
        ends=_day(row),
        unit=dose_of(row["label"]) if section == "drug" else "",
        terms=tuple(dict.fromkeys(term for text in texts for term in terms_of(text))),
        source=source,
    )


def _day(row: dict[str, str], name: str = "ends") -> date | None:
    return date.fromisoformat(row[name]) if name in row else None


def _imports(home: Path, system: System) -> Path:
    return home / "code_sets" / system.value.lower()


def _read_record(folder: Path) -> tuple[Edition, str]:
    try:
        record: dict[str, Any] = json.loads((folder / _EDITION_FILE).read_text(encoding="utf-8"))
        return Edition.from_json(record["edition"]), str(record["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CodeSetError(
            f"imported edition {folder} is damaged ({error}); delete the folder and import again"
        ) from error
