"""Claims as CSV, one assigned code a line, with the texts of the charts in files beside it.

Columns: ``claim``, ``system``, ``code`` and ``text_file`` (path of a text in UTF-8, relative to the CSV file; several
notes are separated by ``|``), and optionally ``coder``, ``modifiers``, ``units``, ``poa``, ``pointers`` (positions of
diagnoses, such as ``1 2``), ``setting``, ``claim_type``, ``payer``, ``policy``, ``age``, ``sex``,
``date_of_service``, ``admission`` and ``discharge``. Lines of one claim need not stand together; what holds for the
whole claim may stand on any of them and must agree.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from suggest.audit.fields import AuditInputError, to_encounter, to_line
from suggest.audit.jsonl import checked, diagnoses_first, read_lines
from suggest.audit.records import AssignedClaim
from suggest.documents import read_note
from suggest.edits.coded import CodedLine, CodedSet
from suggest.errors import DocumentError
from suggest.records import Note

_NEEDED = frozenset({"claim", "system", "code", "text_file"})
_OF_CLAIM = (
    "text_file",
    "coder",
    "setting",
    "claim_type",
    "payer",
    "policy",
    "age",
    "sex",
    "date_of_service",
    "admission",
    "discharge",
)
_OF_LINE = frozenset({"modifiers", "units", "poa", "pointers"})


def read_csv(path: Path) -> list[AssignedClaim]:
    """Reads a file of claims.

    Raises:
        AuditInputError: The file, a line or a text breaks the format; names file, line and field.
    """
    facts: dict[str, dict[str, str]] = {}
    lines: dict[str, list[CodedLine]] = {}
    first: dict[str, int] = {}
    for number, row in _rows(path):
        try:
            name = row["claim"]
            if not name:
                raise AuditInputError("field 'claim': expected the identifier of the claim")
            first.setdefault(name, number)
            _join(facts.setdefault(name, {}), row)
            lines.setdefault(name, []).append(_line(row))
        except AuditInputError as error:
            raise AuditInputError(f"{path.name}:{number}: {error}") from None
    claims = []
    for name, known in facts.items():
        try:
            claims.append(_claim(name, known, lines[name], path.parent))
        except AuditInputError as error:
            raise AuditInputError(f"{path.name}:{first[name]}: {error}") from None
    return claims


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(read_lines(path), strict=True)
    try:
        head = [cell.strip().lower() for cell in next(reader, [])]
        missing, unknown = _NEEDED - set(head), set(head) - _NEEDED - set(_OF_CLAIM) - _OF_LINE
        if missing or unknown or len(set(head)) < len(head):
            wanted = f"expected the columns {', '.join(sorted(_NEEDED))} once each, and no unknown ones"
            raise AuditInputError(f"{path.name}:1: {wanted}; compare docs/audit.md")
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(head):
                raise AuditInputError(f"{path.name}:{reader.line_num}: expected {len(head)} cells, found {len(cells)}")
            yield reader.line_num, dict(zip(head, (cell.strip() for cell in cells), strict=True))
    except csv.Error:
        raise AuditInputError(f"{path.name}:{reader.line_num}: not valid CSV; check the quotes") from None


def _join(known: dict[str, str], row: dict[str, str]) -> None:
    for field in _OF_CLAIM:
        value = row.get(field, "")
        if value and known.setdefault(field, value) != value:
            raise AuditInputError(f"field '{field}': differs from an earlier line of the same claim")


def _line(row: dict[str, str]) -> CodedLine:
    pointers = row.get("pointers", "").replace(",", " ").split()
    if not all(pointer.isascii() and pointer.isdigit() for pointer in pointers):
        raise AuditInputError("field 'pointers': expected positions of diagnoses, from 1, such as 1 2")
    return to_line({**row, "pointers": [int(pointer) for pointer in pointers]})


def _claim(name: str, known: dict[str, str], lines: list[CodedLine], folder: Path) -> AssignedClaim:
    notes = tuple(_note(folder, part.strip()) for part in known.get("text_file", "").split("|") if part.strip())
    record = {
        **{field: known.get(field) for field in ("setting", "payer", "policy")},
        **{field: known.get(field) for field in ("date_of_service", "admission", "discharge")},
        "claim": known.get("claim_type"),
        "patient": {"age": known.get("age"), "sex": known.get("sex")},
    }
    if not notes:
        raise AuditInputError("field 'text_file': expected the file with the text of the chart")
    encounter = checked(to_encounter(record, name, notes))
    return AssignedClaim(CodedSet(encounter, diagnoses_first(lines)), coder=known.get("coder", ""))


def _note(folder: Path, name: str) -> Note:
    try:
        return Note(name, read_note((folder / name).read_bytes(), note_id=name))
    except OSError as error:
        raise AuditInputError(f"field 'text_file': {name} cannot be read ({error.strerror})") from None
    except DocumentError as error:
        raise AuditInputError(f"field 'text_file': {error}") from None
