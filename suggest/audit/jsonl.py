"""Claims as JSON Lines: chart records with ``text`` or ``notes``, and the codes that people assigned.

Codes stand in ``codes`` [{system, code, modifiers, units, poa, pointers}], or as in charts for training in
``diagnoses`` and ``procedures``. ``coder`` names who coded. Other keys are ignored.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from suggest.audit.fields import (
    AuditInputError,
    system_of,
    to_code,
    to_day,
    to_encounter,
    to_line,
    to_member,
    to_text,
    wrong,
)
from suggest.audit.records import AssignedClaim
from suggest.documents import MAX_CHARACTERS, validate_encounter
from suggest.edits.coded import CodedLine, CodedSet
from suggest.errors import DocumentError, EncounterError, PolicyError
from suggest.policy import policy_for
from suggest.records import AuthorRole, Code, Encounter, Note, NoteStatus, System

_NOTE = "note"


def read_jsonl(path: Path) -> list[AssignedClaim]:
    """Reads a file of claims.

    Raises:
        AuditInputError: The file or a record breaks the format; names file, line and field.
    """
    claims = []
    seen: dict[str, int] = {}
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        try:
            claim = _claim(line, f"{path.stem}-{number}")
            first = seen.setdefault(claim.id, number)
            if first != number:
                raise AuditInputError(f"field 'id': repeats that of line {first}; give each claim its own")
        except AuditInputError as error:
            raise AuditInputError(f"{path.name}:{number}: {error}") from None
        claims.append(claim)
    return claims


def read_lines(path: Path) -> list[str]:
    """Returns the lines of a text file in UTF-8.

    Raises:
        AuditInputError: It cannot be read.
    """
    try:
        return path.read_bytes().decode("utf-8-sig").split("\n")
    except OSError as error:
        raise AuditInputError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    except UnicodeDecodeError as error:
        raise AuditInputError(f"{path.name}: not UTF-8 at byte {error.start}; convert the file") from None


def _claim(line: str, unnamed: str) -> AssignedClaim:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        raise AuditInputError("not valid JSON; write one claim a line") from None
    if not isinstance(record, Mapping):
        raise AuditInputError("expected a JSON object; write one claim a line")
    identifier = to_text(record.get("id"), "id", default=unnamed)
    encounter = checked(to_encounter(record, identifier, _notes(record)))
    return AssignedClaim(
        coded=CodedSet(encounter, _lines(record)),
        coder=to_text(record.get("coder"), "coder", default=""),
        not_codable=tuple(_not_codable(item, field) for field, item in _items(record, "not_codable")),
    )


def checked(encounter: Encounter) -> Encounter:
    """Returns an encounter whose texts and facts can be read.

    Raises:
        AuditInputError: They cannot, or no policy fits.
    """
    try:
        policy_for(encounter)
        return validate_encounter(encounter, today=datetime.now().date(), limit=MAX_CHARACTERS)
    except (DocumentError, EncounterError, PolicyError) as error:
        raise AuditInputError(str(error)) from None


def _notes(record: Mapping[str, Any]) -> tuple[Note, ...]:
    if "notes" not in record:
        if "text" not in record:
            raise AuditInputError("field 'text' or 'notes': expected the text of the chart")
        return (Note(_NOTE, _any_text(record["text"], "text")),)
    notes = tuple(_note(item, field, place) for place, (field, item) in enumerate(_items(record, "notes"), start=1))
    if not notes or len({note.id for note in notes}) < len(notes):
        raise wrong("notes", "one or more notes, each with an id of its own")
    return notes


def _note(item: object, field: str, place: int) -> Note:
    if not isinstance(item, Mapping):
        raise wrong(field, "an object with 'text'")
    return Note(
        id=to_text(item.get("id"), f"{field}.id", default=f"{_NOTE}-{place}"),
        text=_any_text(item.get("text"), f"{field}.text"),
        type=to_text(item.get("type"), f"{field}.type", default=_NOTE),
        author_role=to_member(AuthorRole, item.get("author_role"), f"{field}.author_role", AuthorRole.PROVIDER),
        status=to_member(NoteStatus, item.get("status"), f"{field}.status", NoteStatus.FINAL),
        date=to_day(item.get("date"), f"{field}.date"),
    )


def _any_text(value: object, field: str) -> str:
    if not isinstance(value, str):
        raise wrong(field, "a text")
    return value


def _lines(record: Mapping[str, Any]) -> tuple[CodedLine, ...]:
    if not {"codes", "diagnoses", "procedures"} & record.keys():
        raise AuditInputError("field 'codes': expected the assigned codes (or 'diagnoses' and 'procedures')")
    lines = [to_line(item, field) for field, item in _items(record, "codes")]
    lines += [to_line(item, field, System.ICD10CM) for field, item in _items(record, "diagnoses")]
    lines += [to_line(item, field) for field, item in _items(record, "procedures")]
    return diagnoses_first(lines)


def diagnoses_first(lines: list[CodedLine]) -> tuple[CodedLine, ...]:
    """Returns lines with the diagnoses before the procedures, each in the order of the claim."""
    return tuple(sorted(lines, key=lambda line: line.code.system is not System.ICD10CM))


def _not_codable(item: object, field: str) -> Code:
    code = item.get("code") if isinstance(item, Mapping) else item
    return to_code(code, system_of(str(code)), field)


def _items(record: Mapping[str, Any], key: str) -> Iterator[tuple[str, object]]:
    value = record.get(key, [])
    if not isinstance(value, list):
        raise wrong(key, "a list")
    for place, item in enumerate(value):
        yield f"{key}[{place}]", item
