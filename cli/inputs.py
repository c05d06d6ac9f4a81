"""Reads what ``chartcoder suggest`` is given: text notes, standard input and chart records.

Messages name files, lines and fields; they never quote what stands there.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cli.common import UsageError
from suggest.documents import MAX_CHARACTERS, read_note, validate_encounter
from suggest.policy import policy_for
from suggest.records import Claim, Encounter, Note, Patient, Setting

STDIN = "-"
_RECORDS = ".jsonl"
_RECORD_FIELDS = frozenset(
    {
        "id",
        "notes",
        "setting",
        "claim",
        "payer",
        "policy",
        "patient",
        "date_of_service",
        "admission",
        "discharge",
    }
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the options say of every chart that does not say it itself."""

    setting: Setting
    claim: Claim
    patient: Patient
    policy: str | None
    date_of_service: datetime | None

    def encounter(self, identifier: str, notes: tuple[Note, ...]) -> Encounter:
        """Returns an encounter with these facts."""
        return Encounter(
            id=identifier,
            notes=notes,
            setting=self.setting,
            claim=self.claim,
            policy=self.policy,
            patient=self.patient,
            date_of_service=self.date_of_service.date() if self.date_of_service else None,
        )


def read_encounters(names: Sequence[str], facts: Facts, *, together: bool) -> Iterator[Encounter]:
    """Yields the encounters that files hold, after all checks.

    Args:
        names: Text files, ``.jsonl`` files with a chart record a line, and ``-`` for standard input.
        facts: What holds for every text; a chart record has its own.
        together: Whether the texts are notes of one encounter.

    Raises:
        UsageError: A file cannot be read, or a chart record is malformed.
        DocumentError: A file is no plain text in UTF-8.
        EncounterError: The facts of a chart cannot be true.
        PolicyError: No policy fits.
    """
    texts = [name for name in names if not name.endswith(_RECORDS)]
    groups = [texts] if together and texts else [[name] for name in texts]
    for group in groups:
        notes = tuple(_note(name) for name in group)
        encounter = facts.encounter(Path(group[0]).stem if group[0] != STDIN else "stdin", notes)
        yield _checked(encounter)
    for name in names:
        if name.endswith(_RECORDS):
            yield from _records(Path(name))


def _checked(encounter: Encounter) -> Encounter:
    policy_for(encounter)
    return validate_encounter(encounter, today=datetime.now().date())


def _note(name: str) -> Note:
    data = sys.stdin.buffer.read() if name == STDIN else _bytes(Path(name))
    return Note(name, read_note(data, note_id=name))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); check the path") from None


def _records(path: Path) -> Iterator[Encounter]:
    text = read_note(_bytes(path), note_id=str(path), limit=sys.maxsize // 8)
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield _record(line, f"{path}:{number}")


def _record(line: str, place: str) -> Encounter:
    """Reads one chart record: the fields of an API request, with ``text`` for a single note."""
    from pydantic import ValidationError

    from api.errors import Problem
    from api.schemas import SuggestionRequest

    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        raise UsageError(f"{place}: not valid JSON; write one chart record a line") from None
    if not isinstance(record, dict) or not {"text", "notes"} & record.keys():
        raise UsageError(f"{place}: expected a JSON object with 'text' or 'notes'; see docs/cli.md")
    fields: dict[str, Any] = {key: record[key] for key in _RECORD_FIELDS & record.keys()}
    if "notes" not in record:
        fields["notes"] = [{"id": "note", "text": record["text"]}]
    try:
        return SuggestionRequest.model_validate(fields).to_encounter(limit=MAX_CHARACTERS)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        # The last part of the place of a forbidden field is its name, which may be anything.
        places = [item["loc"][: -1 if item["type"] == "extra_forbidden" else None] for item in found]
    except Problem as problem:
        raise UsageError(f"{place}: {problem.detail}") from None
    wrong = ", ".join(dict.fromkeys(".".join(map(str, where)) for where in places))
    raise UsageError(f"{place}: not as expected: {wrong}; compare the fields in docs/api.md")
