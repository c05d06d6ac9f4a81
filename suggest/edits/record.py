"""Edits of the record that a claim rests on: it is signed, complete, and by those whose words may be coded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache

from suggest.edits.coded import CodedLine, CodedSet
from suggest.edits.report import Report
from suggest.edits.tables import EditTables
from suggest.records import AuthorRole, Claim, CodeLine, Encounter, Evidence, Finding, Note, NoteStatus, Setting, System
from suggest.resources import read_table

_UNSIGNED = Report("unsigned-note", "42 CFR 482.24(c)(1); CMS Program Integrity Manual 3.3.2.4")
_ONLY_ERROR = Report("no-valid-note", "guideline I.A.19")
_OPERATIVE = Report("operative-note-missing", "42 CFR 482.51(b)(6)")
_SUMMARY = Report("discharge-summary-missing", "42 CFR 482.24(c)(4)(vii)")
_ADDENDUM = Report("addendum-after-coding", "AHIMA Standards of Ethical Coding")
_AUTHOR = Report("author-not-provider", "guideline I.B.14")

_MAJOR = "090"
"""Global period of major surgery."""
_MAJOR_PCS = re.compile(r"0...[04F]..")
"""Medical and surgical section, by an open or percutaneous endoscopic approach."""
_OPERATIVE_NOTE = re.compile(r"\b(?:operative|operation|op|procedure|procedural|surg\w*|delivery)\b", re.IGNORECASE)
_OPERATIVE_PART = re.compile(
    r"^[ \t*#]*(?:(?:brief |immediate )?(?:op|operative|operation|procedure)s? (?:note|report|summary|details?)\b"
    r"|procedures?\b(?:[^:\n]{0,60}[:-]|[ \t]*:?\n)[^\n]{150})",
    re.IGNORECASE | re.MULTILINE,
)
"""A description of the surgery within another note: its heading, or a heading with a paragraph behind it."""
_SUMMARY_NOTE = re.compile(
    r"\bdischarge\b|\bd/?c summ|\btransfer (?:of care )?summary\b|\bdeath (?:summary|note)\b", re.IGNORECASE
)
_SUMMARY_PART = re.compile(
    r"\b(?:discharge (?:diagnos[ie]s|condition|medications?|instructions|disposition)"
    r"|(?:diagnos[ie]s|condition) (?:at|on|upon) discharge|final diagnos[ie]s|cause of death)[ \t]*(?::|$)",
    re.IGNORECASE | re.MULTILINE,
)
"""Headings that only the summary of a stay has, wherever they stand in it."""
_COURSE = re.compile(
    r"\b(?:hospital course|course in (?:the )?hospital|principal diagnos[ie]s)[ \t]*(?::|$)", re.I | re.M
)
_LEFT = re.compile(r"\b(?:(?:discharged?|d/?c'?d?) (?:to|home|on|in|with)|disposition|expired)\b", re.IGNORECASE)
_ADDENDUM_NOTE = re.compile(r"\baddend", re.IGNORECASE)
_BEGINNING = 400
"""Characters in which a note names itself."""
_ANY_TYPE = frozenset({"", "note", "document"})
"""Types that name no kind: unless its first line does, such a note may be the whole record in one text."""
_ANY_KIND = re.compile(
    rf"{_OPERATIVE_NOTE.pattern}|{_SUMMARY_NOTE.pattern}|\b(?:progress|consult\w*|h&p|history and physical)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class CodingRecord:
    """What is known of how a claim was coded, beyond the claim itself.

    Attributes:
        coded_at: When it was coded, ``None`` if that is not known.
        late_notes: Ids of notes that came to the record after it was coded, whatever their date.
        authors: For a code, the roles of the authors of the notes that support it.
    """

    coded_at: datetime | None = None
    late_notes: frozenset[str] = frozenset()
    authors: Mapping[str, frozenset[AuthorRole]] = field(default_factory=dict)


def evidence_of(lines: Iterable[CodeLine]) -> Iterator[tuple[str, Iterable[Evidence]]]:
    """Yields the code of each proposed line with its evidence, as ``authors_of`` takes them."""
    for line in lines:
        yield line.ranked.code.code, (support.evidence for support in line.ranked.support)


def authors_of(
    encounter: Encounter, evidence: Iterable[tuple[str, Iterable[Evidence]]]
) -> dict[str, frozenset[AuthorRole]]:
    """Returns for each code the roles of the authors of its evidence, those of notes that count."""
    roles = {note.id: note.author_role for note in encounter.notes}
    return {code: frozenset(roles[span.note_id] for span in spans if span.note_id in roles) for code, spans in evidence}


def record_findings(coded: CodedSet, tables: EditTables, record: CodingRecord) -> Iterator[Finding]:
    """Yields the findings of all edits of the record."""
    yield from unsigned_note(coded)
    yield from no_valid_note(coded)
    yield from operative_note_missing(coded, tables)
    yield from discharge_summary_missing(coded)
    yield from addendum_after_coding(coded, record)
    yield from author_not_provider(coded, record)


def unsigned_note(coded: CodedSet) -> Iterator[Finding]:
    """Notes that are preliminary: a claim rests on authenticated notes."""
    count = sum(note.status is NoteStatus.PRELIMINARY for note in coded.encounter.notes)
    if count:
        noun = "note is" if count == 1 else "notes are"
        yield _UNSIGNED.warning(
            [], f"{count} {noun} preliminary or unsigned", "Have them signed before the claim goes out"
        )


def no_valid_note(coded: CodedSet) -> Iterator[Finding]:
    """A coded encounter all of whose notes were entered in error or are empty; one without notes is not judged."""
    if coded.lines and coded.encounter.notes and not _notes(coded):
        yield _ONLY_ERROR.error([], "No note of the encounter supports its codes", "Add the documentation")


def operative_note_missing(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """Major surgery, and no note that is, describes, or without type of its own may be an operation or procedure."""
    surgical = sorted({line.code.code for line in coded.procedures if _is_surgery(line, tables)})
    notes = _notes(coded)
    if (
        surgical
        and notes
        and not any(_may_be(note, _OPERATIVE_NOTE) or _OPERATIVE_PART.search(note.text) for note in notes)
    ):
        yield _OPERATIVE.warning(
            surgical,
            f"{', '.join(surgical)}: surgery, and the record has no operative or procedure note",
            "Add the operative note, or name its type",
        )


def discharge_summary_missing(coded: CodedSet) -> Iterator[Finding]:
    """A stay billed by the hospital, and no note that is, or without type of its own may be, a discharge summary."""
    encounter = coded.encounter
    if encounter.claim is not Claim.FACILITY or encounter.setting is not Setting.INPATIENT:
        return
    notes = _notes(coded)
    if notes and not any(_may_be(note, _SUMMARY_NOTE) or _reads_as_summary(note) for note in notes):
        yield _SUMMARY.warning(
            [], "The record of the stay has no discharge summary", "Add the discharge summary before final coding"
        )


def addendum_after_coding(coded: CodedSet, record: CodingRecord) -> Iterator[Finding]:
    """Notes, addenda above all, that are later than the coding."""
    if record.coded_at is None:
        return
    day: date = record.coded_at.date()
    late = [
        note for note in _notes(coded) if note.id in record.late_notes or (note.date is not None and note.date > day)
    ]
    if late:
        addenda = sum(_is(note, _ADDENDUM_NOTE) or note.status is NoteStatus.AMENDED for note in late)
        kind = f", {addenda} of them amended or addenda" if addenda else ""
        yield _ADDENDUM.warning(
            [],
            f"{len(late)} {'note is' if len(late) == 1 else 'notes are'} later than the coding of {day}{kind}",
            "Review the codes against them",
        )


def author_not_provider(coded: CodedSet, record: CodingRecord) -> Iterator[Finding]:
    """A diagnosis that rests only on notes by someone other than the provider.

    The guideline allows it for body mass index, depth of chronic and stage of pressure ulcers, coma and stroke scales,
    social determinants of health, laterality, blood alcohol level and underimmunization; of social determinants, also
    what the patient says.
    """
    for code in sorted({line.code.code for line in coded.diagnoses}):
        roles = record.authors.get(code, frozenset())
        if not roles or AuthorRole.PROVIDER in roles:
            continue
        if any(_may_be_by(code.replace(".", ""), role) for role in roles):
            continue
        yield _AUTHOR.warning(
            [code],
            f"{code} rests only on notes by others than the provider ({', '.join(sorted(roles))})",
            "Query the provider, or remove it",
        )


@lru_cache(maxsize=1)
def _allowed() -> tuple[tuple[re.Pattern[str], frozenset[str]], ...]:
    rows = read_table("edits/other_authors.tsv")
    return tuple((re.compile(row["codes"]), frozenset(row["roles"].split("|"))) for row in rows)


def _may_be_by(plain: str, role: AuthorRole) -> bool:
    return any(role in roles and pattern.match(plain) for pattern, roles in _allowed())


def _notes(coded: CodedSet) -> list[Note]:
    """Returns the notes that count."""
    return [
        note for note in coded.encounter.notes if note.status is not NoteStatus.ENTERED_IN_ERROR and note.text.strip()
    ]


def _may_be(note: Note, kind: re.Pattern[str]) -> bool:
    """Whether a note names a kind, or names none at all."""
    head = note.text.lstrip()[:_BEGINNING].partition("\n")[0]
    return _is(note, kind) or (note.type.strip().lower() in _ANY_TYPE and not _ANY_KIND.search(head))


def _is(note: Note, kind: re.Pattern[str]) -> bool:
    """Whether a note's type or its beginning names its kind."""
    return bool(kind.search(note.type) or kind.search(note.text[:_BEGINNING]))


def _reads_as_summary(note: Note) -> bool:
    """Whether a note has a summary's headings, or tells course and end of the stay."""
    return bool(_SUMMARY_PART.search(note.text) or (_COURSE.search(note.text) and _LEFT.search(note.text)))


def _is_surgery(line: CodedLine, tables: EditTables) -> bool:
    if line.code.system is System.ICD10PCS:
        return _MAJOR_PCS.fullmatch(line.code.code) is not None
    service = tables.catalogue.get(line.code.code)
    return service is not None and service.global_days == _MAJOR
