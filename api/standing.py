"""The codes that stand on an encounter, as the edits look at them."""

from __future__ import annotations

from collections.abc import Sequence

from store.coded_sets import CodedSet as FinalSet
from store.coding import CodedLine
from store.notes import StoredNote
from suggest.code_sets.index import CodeIndex
from suggest.edits.coded import CodedLine as ClaimLine
from suggest.edits.coded import CodedSet
from suggest.edits.record import CodingRecord, authors_of
from suggest.given_selection import selection_findings
from suggest.records import Encounter, Finding, Suggestion, System


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
        authors=authors_of(encounter, ((line.code.code, line.evidence) for line in lines)),
    )
    return CodedSet(encounter, claim), record


def named_otherwise(coded: CodedSet, suggestion: Suggestion, index: CodeIndex) -> tuple[Finding, ...]:
    """Returns what the notes say against diagnoses that coders brought: denied, past, uncertain, or another code.

    Args:
        coded: The lines of the claim.
        suggestion: What was suggested for the same notes; what it proposes itself has passed these rules.
        index: The code set.
    """
    proposed = {line.ranked.code for line in suggestion.codes}
    codes = [line.code.code for line in coded.diagnoses]
    brought = {line.code.code for line in coded.diagnoses if line.code not in proposed}
    found = selection_findings(index, coded.encounter, codes, ranked=suggestion.ranked) if brought else ()
    return tuple(finding for finding in found if finding.codes[0] in brought)
