"""Runs of the pipeline: record one, return the latest, tell what changed between two."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from store.coding import CodedLine, proposed_lines
from store.database import Database
from store.encounter_log import advance, count_notes, latest_suggestion, lock_encounter, read_encounter
from store.errors import InvalidValueError, NotFoundError, StaleSuggestionError
from store.json_records import from_json, to_json
from store.tables import SuggestionRow
from suggest.records import Suggestion


@dataclass(frozen=True, slots=True)
class StoredSuggestion:
    """A run as it was recorded.

    Attributes:
        encounter_id: The encounter.
        sequence: Number of the run within the encounter, from 1.
        encounter_version: Version of the encounter after the run was recorded.
        last_note: Sequence number of the latest note that the run read.
        stale: Whether notes have come since.
        created_at: When it was recorded, in UTC.
        suggestion: What the pipeline answered, with its stamp.
    """

    encounter_id: str
    sequence: int
    encounter_version: int
    last_note: int
    stale: bool
    created_at: datetime
    suggestion: Suggestion


@dataclass(frozen=True, slots=True)
class ChangedLine:
    """A code that two runs propose with other evidence or details.

    Attributes:
        before: The line of the older run.
        after: The line of the newer run.
        fields: What differs: ``evidence``, ``modifiers``, ``units``, ``poa``, ``pointers``.
    """

    before: CodedLine
    after: CodedLine
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SuggestionDiff:
    """What a newer run proposes otherwise than an older one, each in sequence of its run."""

    new: tuple[CodedLine, ...]
    gone: tuple[CodedLine, ...]
    changed: tuple[ChangedLine, ...]


def record(
    database: Database,
    encounter_id: str,
    suggestion: Suggestion,
    *,
    last_note: int,
    actor: str | None = None,
) -> StoredSuggestion:
    """Records a run; the decisions made so far hold over it.

    Args:
        database: The database.
        encounter_id: The encounter.
        suggestion: What the pipeline answered for it.
        last_note: Sequence number of the latest note that the run read (``StoredEncounter.last_note``).
        actor: Id of the user who asked for the run, ``None`` for the program itself.

    Raises:
        NotFoundError: There is no such encounter.
        InvalidValueError: The suggestion is for another encounter, or the note does not exist.
        StaleSuggestionError: A recorded run has read more notes.
    """
    if suggestion.encounter_id != encounter_id:
        raise InvalidValueError("the suggestion was made for another encounter")
    content = to_json(suggestion)
    with database.writing() as session:
        row = lock_encounter(session, encounter_id)
        if not 1 <= last_note <= count_notes(session, encounter_id):
            raise InvalidValueError("the encounter has no note with the sequence number that the run names")
        before = latest_suggestion(session, encounter_id)
        if before is not None and before.last_note > last_note:
            raise StaleSuggestionError("a recorded run has read later notes; suggest again from the present ones")
        at = database.now()
        sequence = 1 if before is None else before.sequence + 1
        detail = {"suggestion": sequence, "model": suggestion.stamp.model, "policy": suggestion.stamp.policy}
        advance(session, row, at, "suggestion-recorded", actor=actor, detail=detail)
        stored = SuggestionRow(
            encounter_id=encounter_id,
            sequence=sequence,
            encounter_version=row.version,
            last_note=last_note,
            program=suggestion.stamp.version,
            model=suggestion.stamp.model,
            code_index=suggestion.stamp.index,
            policy=suggestion.stamp.policy,
            policy_hash=suggestion.stamp.policy_hash,
            record=content,
            created_at=at,
        )
        session.add(stored)
        return _stored(session, stored, suggestion)


def latest(database: Database, encounter_id: str) -> StoredSuggestion | None:
    """Returns the latest run of an encounter, ``None`` before the first.

    Raises:
        NotFoundError: There is no such encounter.
    """
    with database.reading() as session:
        read_encounter(session, encounter_id)
        row = latest_suggestion(session, encounter_id)
        return None if row is None else _stored(session, row, from_json(Suggestion, row.record))


def get(database: Database, encounter_id: str, sequence: int) -> StoredSuggestion:
    """Returns a run by its number within the encounter.

    Raises:
        NotFoundError: There is no such run.
    """
    with database.reading() as session:
        row = session.get(SuggestionRow, (encounter_id, sequence))
        if row is None:
            raise NotFoundError("the encounter has no suggestion with this number")
        return _stored(session, row, from_json(Suggestion, row.record))


def diff(older: Suggestion, newer: Suggestion) -> SuggestionDiff:
    """Returns what a newer run proposes otherwise than an older one.

    Probability and place are left out of the comparison: every further note shifts them a little.
    """
    before = {line.ref: line for line in proposed_lines(older)}
    after = {line.ref: line for line in proposed_lines(newer)}
    pairs = [(before[ref], line) for ref, line in after.items() if ref in before]
    changed = [ChangedLine(old, new, _differing(old, new)) for old, new in pairs]
    return SuggestionDiff(
        new=tuple(line for ref, line in after.items() if ref not in before),
        gone=tuple(line for ref, line in before.items() if ref not in after),
        changed=tuple(change for change in changed if change.fields),
    )


def _differing(old: CodedLine, new: CodedLine) -> tuple[str, ...]:
    fields = ["modifiers", "units", "poa", "pointers"]
    differing = [name for name in fields if getattr(old, name) != getattr(new, name)]
    return (*(["evidence"] if set(old.evidence) != set(new.evidence) else []), *differing)


def _stored(session: Session, row: SuggestionRow, suggestion: Suggestion) -> StoredSuggestion:
    return StoredSuggestion(
        encounter_id=row.encounter_id,
        sequence=row.sequence,
        encounter_version=row.encounter_version,
        last_note=row.last_note,
        stale=row.last_note < count_notes(session, row.encounter_id),
        created_at=row.created_at,
        suggestion=suggestion,
    )
