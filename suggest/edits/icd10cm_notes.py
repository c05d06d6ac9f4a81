"""Edits that follow the instructional notes of the tabular list: Excludes1, Excludes2, code first, use additional."""

from __future__ import annotations

from collections.abc import Iterator

from suggest.code_sets.tabular import NoteKind
from suggest.edits.coded import CodedSet
from suggest.edits.facts import Facts
from suggest.edits.known import known, pairs
from suggest.edits.named import NamedCodes, named_codes
from suggest.edits.report import Report
from suggest.edits.tables import Edit, EditTables
from suggest.records import Finding

_EXCLUDES1 = Report("excludes1", "guideline I.A.12.a")
_EXCLUDES2 = Report("excludes2", "guideline I.A.12.b")
_CAUSE = Report("manifestation-without-cause", "guideline I.A.13")
_ADDITIONAL = Report("use-additional", "guideline I.A.17")
_ALSO = Report("code-also", "guideline I.A.17")

_SYMPTOMS = 18
_INJURIES = 19
_FACTORS = 21
_LISTED = 5
_NO_CAUSE = "RVWXYZ"
"""First letters of codes that name no disease that a manifestation could come from."""


def excludes1(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """Two codes that an Excludes1 note keeps apart.

    The two may stand together after all where the conditions are unrelated (guideline I.A.12.a). That is not
    plausible within one block of the tabular list for one side of the body: an error. A symptom may have another
    cause, and diseases of different chapters or sides may be unrelated: a warning.
    """
    for one, other in pairs(coded, tables):
        note = tables.index.excludes1(one.row, other.row)
        if note is None or one.row < other.row < one.end:
            continue
        message = f"{one.code} and {other.code} exclude each other (Excludes1 at {note.from_code}: {note.text})"
        edition = tables.index.edition.name
        if may_be_unrelated(one, other):
            message += "; both may stand only if they are unrelated"
            remedy = "Keep both where the documentation shows that they are unrelated; else follow the note"
            yield _EXCLUDES1.warning([one.code, other.code], message, remedy, edition=edition)
        else:
            remedy = "Keep the code that the documentation supports; follow the note"
            yield _EXCLUDES1.error([one.code, other.code], message, remedy, edition=edition)


def may_be_unrelated(one: Facts, other: Facts) -> bool:
    """Whether two excluded conditions could be unrelated (guideline I.A.12.a, the exception)."""
    if one.side and other.side and one.side != other.side:
        return True
    if _SYMPTOMS in (one.chapter, other.chapter):
        return one.chapter != other.chapter
    if _INJURIES in (one.chapter, other.chapter):
        return one.category != other.category
    return one.block != other.block


def excludes2(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """Two codes of one block that an Excludes2 note allows together: said so that nobody takes one away.

    Nothing is said of two statuses of chapter 21: nobody takes one drug or history for another.
    """
    for one, other in pairs(coded, tables):
        if one.block != other.block or one.chapter == _FACTORS:
            continue
        note = _excludes2_note(one, other, tables) or _excludes2_note(other, one, tables)
        if note is not None and tables.index.excludes1(one.row, other.row) is None:
            yield _EXCLUDES2.info(
                [one.code, other.code],
                f"{one.code} and {other.code} may stand together (Excludes2 at {note.place})",
                "Nothing to do where both are documented",
                edition=tables.index.edition.name,
            )


def _excludes2_note(one: Facts, other: Facts, tables: EditTables) -> NamedCodes | None:
    notes = named_codes(tables.index, one.row, NoteKind.EXCLUDES2)
    return next((note for note in notes if note.names(other.row)), None)


def manifestation_without_cause(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """A manifestation without the disease that it comes from: the pair is coded cause first, then manifestation.

    Where the note gives only examples of causes, another disease that stands on the claim may be the cause.
    """
    diagnoses = known(coded, tables)
    rows = {fact.row for fact in diagnoses}
    for fact in diagnoses:
        if "manifestation" not in fact.editor:
            continue
        notes = [note for note in named_codes(tables.index, fact.row, NoteKind.CODE_FIRST) if not _above(note, fact)]
        if not notes or any(note.names_any(rows) for note in notes):
            continue
        if any(note.open for note in notes) and any(_may_be_cause(other, fact) for other in diagnoses):
            continue
        yield _CAUSE.error(
            [fact.code],
            f"{fact.code} is a manifestation; the disease that it comes from is not on the claim",
            f"Add the underlying disease before it: {_examples(notes)}",
            edition=tables.index.edition.name,
        )


def _may_be_cause(other: Facts, fact: Facts) -> bool:
    return other.category != fact.category and other.plain[0] not in _NO_CAUSE and "manifestation" not in other.editor


def use_additional(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """A note asks for a further code, and none of those that it names is on the claim."""
    yield from _missing(coded, tables, NoteKind.USE_ADDITIONAL, _ADDITIONAL, "an additional code")


def code_also(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """A note asks to code something else too, in either order, and none of what it names is on the claim.

    Where the note gives only examples, a disease of their block is as good as they are.
    """
    yield from _missing(coded, tables, NoteKind.CODE_ALSO, _ALSO, "another code too")


def _missing(coded: CodedSet, tables: EditTables, kind: NoteKind, report: Report, what: str) -> Iterator[Finding]:
    """Notes of blocks and chapters are left out: they hold for hundreds of codes, and mostly where applicable."""
    diagnoses = known(coded, tables)
    rows = {fact.row for fact in diagnoses}
    places: dict[str, tuple[NamedCodes, list[str]]] = {}
    for fact in diagnoses:
        for note in named_codes(tables.index, fact.row, kind):
            if not note.runs or note.conditional or _above(note, fact) or note.names_any(rows):
                continue
            if not (kind == NoteKind.CODE_ALSO and note.open and _like_examples(note, fact, diagnoses, tables)):
                places.setdefault(note.place, (note, []))[1].append(fact.code)
    for place, (note, codes) in places.items():
        yield report.info(
            sorted(codes),
            f"The tabular list asks for {what} at {place}: {_examples([note])}",
            "Add it where the documentation has it",
            edition=tables.index.edition.name,
        )


def _like_examples(note: NamedCodes, fact: Facts, diagnoses: list[Facts], tables: EditTables) -> bool:
    """Whether another diagnosis than ``fact`` is of the block of a code that a note gives as an example."""
    blocks = {int(tables.index.block[first]) for first, _ in note.runs}
    return any(other.block in blocks and other.category != fact.category for other in diagnoses)


def _above(note: NamedCodes, fact: Facts) -> bool:
    """Whether a note stands at a block or chapter."""
    return not fact.code.startswith(note.place)


def _examples(notes: list[NamedCodes]) -> str:
    texts = [text.strip(" ,") for note in notes for text in note.texts if not text.rstrip().endswith(":")]
    texts = texts or [text.strip(" ,:") for note in notes for text in note.texts]
    more = f"; and {len(texts) - _LISTED} more" if len(texts) > _LISTED else ""
    return "; ".join(texts[:_LISTED]) + more


NOTE_EDITS: tuple[Edit, ...] = (
    excludes1, excludes2, manifestation_without_cause, use_additional, code_also,
)  # fmt: skip
