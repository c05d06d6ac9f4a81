"""Claims as CSV, one assigned code a line, with the texts of the charts in files beside it.

Columns: ``claim``, ``system``, ``code`` and ``text_file`` (path of a text in UTF-8, relative to the CSV file; several
notes are separated by ``|``), and optionally ``coder``, ``modifiers``, ``units``, ``poa``, ``pointers`` (positions of
diagnoses, such as ``1 2``), ``setting``, ``claim_type``, ``payer``, ``policy``, ``age``, ``sex``,
``date_of_service``, ``admission`` and ``discharge``. Lines of one claim need not stand together; what holds for the
whole claim may stand on any of them and must agree.
"""

from __future__ import annotations

import csv
import re
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
_OTHER_MARKS = ";\t"
_PATH = re.compile(r"[^\s:;,()]{1,200}\.[A-Za-z0-9]{1,5}")
"""What is shown of a name: a cell may hold words of the chart by mistake."""
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
        _check_head(head, path.name)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(head):
                raise AuditInputError(f"{path.name}:{reader.line_num}: expected {len(head)} cells, found {len(cells)}")
            yield reader.line_num, dict(zip(head, (cell.strip() for cell in cells), strict=True))
    except csv.Error:
        raise AuditInputError(f"{path.name}:{reader.line_num}: not valid CSV; check the quotes") from None


def _check_head(head: list[str], name: str) -> None:
    """Raises an error where the columns are not those of the format; unknown ones are told by their place."""
    known = _NEEDED | set(_OF_CLAIM) | _OF_LINE
    missing = sorted(_NEEDED - set(head))
    wrong = [place for place, cell in enumerate(head, start=1) if cell not in known or cell in head[: place - 1]]
    if not missing and not wrong:
        return
    parts = [f"no column {', '.join(missing)}"] if missing else []
    parts += [f"column {', '.join(map(str, wrong))} of an unknown or repeated name"] if wrong else []
    if len(head) == 1 and any(mark in head[0] for mark in _OTHER_MARKS):
        parts = ["the columns are not separated by commas"]
    raise AuditInputError(f"{name}:1: {'; '.join(parts)}; docs/audit.md lists the columns")


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
    shown = name if _PATH.fullmatch(name) else "the file"
    try:
        return Note(name, read_note((folder / name).read_bytes(), note_id=shown))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "no path"
        remedy = "expected a path relative to the CSV file, not the text itself"
        raise AuditInputError(f"field 'text_file': {shown} cannot be read ({why}); {remedy}") from None
    except DocumentError as error:
        raise AuditInputError(f"field 'text_file': {error}") from None
