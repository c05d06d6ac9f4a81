"""Edits of single diagnosis codes: they exist, are complete and stand on the claim once.

Guideline I.B.2 asks for the highest number of characters; I.A.4 and I.A.5 define the placeholder X and the 7th
character.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from suggest.edits.coded import CodedSet
from suggest.edits.facts import Facts
from suggest.edits.known import grouped, known, pairs
from suggest.edits.report import Report
from suggest.edits.tables import Edit, EditTables
from suggest.records import Finding

_UNKNOWN = Report("unknown-code", "ICD-10-CM tabular list")
_NOT_BILLABLE = Report("not-billable", "guideline I.B.2")
_SEVENTH = Report("seventh-character", "guidelines I.A.4, I.A.5")
_DUPLICATE = Report("duplicate-code", "guideline I.B.12")
_TWO_SEVENTH = Report("two-seventh-characters", "guideline I.C.19.a")
_PARENT = Report("parent-with-child", "guideline I.B.2")

_LENGTH = 7
_PLACEHOLDER = "X"
_SEVERAL_FETUSES = 15
_LISTED = 6


def unknown_code(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """A code that the edition lacks and that is no known code with a wrong 7th character."""
    edition = tables.index.edition.name
    for code in _unknown(coded, tables):
        if _sevenths_of_unknown(code, tables) is None:
            yield _UNKNOWN.error(
                [code],
                f"ICD-10-CM {edition} has no code {code}",
                f"Choose a code of {edition}, or import the edition of the date of service",
                edition=edition,
            )


def not_billable(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """A category or subcategory where a complete code is required."""
    for fact in known(coded, tables):
        if not fact.billable and not _sevenths(fact, tables):
            below = [tables.index.code(row) for row in tables.index.children(fact.row)]
            more = f" and {len(below) - _LISTED} more" if len(below) > _LISTED else ""
            yield _NOT_BILLABLE.error(
                [fact.code],
                f"{fact.code} is not complete; it is divided into {', '.join(below[:_LISTED])}{more}",
                "Choose the complete code that the documentation supports",
                edition=tables.index.edition.name,
            )


def seventh_character(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """A 7th character that is missing, not one of the category's, or not in the seventh place."""
    edition = tables.index.edition.name
    for fact in known(coded, tables):
        if not fact.billable and (characters := _sevenths(fact, tables)):
            example = _with_seventh(fact.plain, characters[0])
            yield _SEVENTH.error(
                [fact.code],
                f"{fact.code} lacks its 7th character ({', '.join(characters)})",
                f"Add the 7th character, with the placeholder X before it where the code is shorter: {example}",
                edition=edition,
            )
    for code in _unknown(coded, tables):
        found = _sevenths_of_unknown(code, tables)
        if found is not None:
            stem, characters = found
            yield _SEVENTH.error(
                [code],
                f"{code} is not {stem} with one of its 7th characters ({', '.join(characters)}) in the seventh place",
                f"Write it as {_with_seventh(stem, characters[0])} with the 7th character that the encounter calls for",
                edition=edition,
            )


def duplicate_code(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """The same diagnosis twice: each is reported once an encounter, however often it is documented."""
    count = Counter(_name(line.code.code, tables) for line in coded.diagnoses)
    for code, times in sorted(count.items()):
        if times > 1:
            yield _DUPLICATE.error([code], f"{code} stands {times} times on the claim", f"Report {code} once")


def two_seventh_characters(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """One code with two 7th characters, but for fetuses of a multiple pregnancy."""
    sevenths = [fact for fact in known(coded, tables) if fact.stem != fact.row and fact.chapter != _SEVERAL_FETUSES]
    for group in grouped(sevenths, lambda fact: fact.stem):
        codes = [fact.code for fact in group]
        yield _TWO_SEVENTH.warning(
            codes,
            f"{', '.join(codes)} are one code with different 7th characters",
            "Keep the 7th character of this encounter: active treatment, routine healing or sequela",
        )


def parent_with_child(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """A category beside one of its own subdivisions."""
    for upper, lower in pairs(coded, tables):
        if upper.row < lower.row < upper.end:
            yield _PARENT.error(
                [upper.code, lower.code], f"{lower.code} is a subdivision of {upper.code}", f"Remove {upper.code}"
            )


def _unknown(coded: CodedSet, tables: EditTables) -> Iterator[str]:
    codes = dict.fromkeys(line.code.code for line in coded.diagnoses)
    return (code for code in codes if tables.facts(code) is None)


def _name(code: str, tables: EditTables) -> str:
    fact = tables.facts(code)
    return fact.code if fact else code


def _sevenths(fact: Facts, tables: EditTables) -> list[str]:
    """Returns the 7th characters that a code without one may take."""
    index = tables.index
    children = index.children(fact.row)
    return sorted({index.code(row)[-1] for row in children if index.has_seventh[row]})


def _sevenths_of_unknown(code: str, tables: EditTables) -> tuple[str, list[str]] | None:
    """Returns the known code that an unknown one adds something to, and the 7th characters that it takes."""
    plain = code.strip().upper().replace(".", "")
    for length in range(len(plain) - 1, 2, -1):
        fact = tables.facts(plain[:length])
        if fact is None:
            continue
        added = plain[length:].lstrip(_PLACEHOLDER)
        characters = _sevenths(fact, tables)
        return (fact.code, characters) if characters and len(added) <= 1 else None
    return None


def _with_seventh(stem: str, character: str) -> str:
    plain = stem.replace(".", "").ljust(_LENGTH - 1, _PLACEHOLDER) + character
    return f"{plain[:3]}.{plain[3:]}"


CODE_EDITS: tuple[Edit, ...] = (
    unknown_code, not_billable, seventh_character, duplicate_code, two_seventh_characters, parent_with_child,
)  # fmt: skip
