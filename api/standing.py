"""The codes that stand on an encounter, as the edits look at them."""

from __future__ import annotations

from collections.abc import Sequence

from store.coded_sets import CodedSet as FinalSet
from store.coding import CodedLine
from store.notes import StoredNote
from suggest.edits.coded import CodedLine as ClaimLine
from suggest.edits.coded import CodedSet
from suggest.edits.record import CodingRecord
from suggest.records import AuthorRole, Encounter, System


def standing(
    encounter: Encounter, lines: Sequence[CodedLine], notes: Sequence[StoredNote], final: FinalSet | None
) -> tuple[CodedSet, CodingRecord]:
    """Returns the lines of a claim, diagnoses first, and how they were coded.

    Args:
        encounter: The encounter with the notes that count.
        lines: The lines that stand, in sequence.
        notes: All notes of the encounter, which tell what came after it was finalised.
        final: What it was finalised with; ``None`` where it is not, or is open again.
    """
    ordered = sorted(lines, key=lambda line: line.code.system is not System.ICD10CM)
    place = {line.ref: number for number, line in enumerate(ordered, start=1)}
    claim = tuple(
        ClaimLine(
            code=line.code,
            modifiers=line.modifiers,
            units=line.units,
            poa=line.poa,
            pointers=tuple(place[ref] for ref in line.pointers if ref in place),
        )
        for line in ordered
    )
    late = () if final is None else (stored.note.id for stored in notes if stored.sequence > final.last_note)
    record = CodingRecord(
        coded_at=None if final is None else final.finalised_at,
        late_notes=frozenset(late),
        authors=_authors(encounter, lines),
    )
    return CodedSet(encounter, claim), record


def _authors(encounter: Encounter, lines: Sequence[CodedLine]) -> dict[str, frozenset[AuthorRole]]:
    roles = {note.id: note.author_role for note in encounter.notes}
    return {
        line.code.code: frozenset(roles[span.note_id] for span in line.evidence if span.note_id in roles)
        for line in lines
    }
