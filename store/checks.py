"""Checks of short values. Identifiers are narrow, so that no words of a chart slip into keys, logs or audit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from store.errors import InvalidValueError
from suggest.documents import validate_text
from suggest.errors import DocumentError
from suggest.records import Code, Evidence, Note

MAX_REASON = 500
MAX_UNITS = 99_999
MAX_MODIFIERS = 4
"""A service line has room for four modifiers (CMS-1500 item 24D; 837 SV101-3 to -6)."""
POA_INDICATORS = ("Y", "N", "U", "W")
"""Present on admission (ICD-10-CM Official Guidelines, Appendix I); an exempt code has none."""

_IDENTIFIER = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_KIND = re.compile(r"[A-Za-z0-9 ._:/-]{1,64}")
_CODE = re.compile(r"[A-Z0-9][A-Z0-9.]{1,9}")
_EDITION = re.compile(r"[A-Za-z0-9._-]{0,32}")
_MODIFIER = re.compile(r"[A-Z0-9]{2}")


def check_identifier(value: str, name: str) -> str:
    """Returns an identifier if it is 1 to 64 letters, digits, dots, underscores, colons or hyphens.

    Raises:
        InvalidValueError: It is not.
    """
    if not _IDENTIFIER.fullmatch(value):
        raise InvalidValueError(f"{name} must be 1 to 64 characters of A-Z a-z 0-9 . _ : -")
    return value


def check_kind(value: str, name: str) -> str:
    """Returns the name of a kind (of note): as an identifier, but spaces and slashes may stand in it.

    Raises:
        InvalidValueError: It has another shape.
    """
    if not _KIND.fullmatch(value):
        raise InvalidValueError(f"{name} must be 1 to 64 characters of A-Z a-z 0-9 space . _ : / -")
    return value


def check_text(value: str, name: str, *, most: int) -> str:
    """Returns a text that a person typed if both databases can hold it.

    Raises:
        InvalidValueError: It is blank, too long, or holds a NUL, a lone surrogate or binary content.
    """
    if not value.strip():
        raise InvalidValueError(f"{name} is empty; write 1 to {most} characters")
    try:
        return validate_text(value, most)
    except DocumentError:
        raise InvalidValueError(f"{name} must be 1 to {most} characters of readable text") from None


def check_code(code: Code) -> Code:
    """Returns a code if it has the characters of one; whether an edition holds it is not looked at.

    Raises:
        InvalidValueError: Code or edition has another shape.
    """
    if not _CODE.fullmatch(code.code) or not _EDITION.fullmatch(code.edition):
        raise InvalidValueError("a code must be 2 to 10 capitals, digits and dots, its edition a short name")
    return code


def check_details(*, modifiers: Sequence[str] | None, units: int | None, poa: str | None) -> None:
    """Checks modifiers, units and POA indicator of a line; ``None`` and an empty POA pass.

    Raises:
        InvalidValueError: One of them is malformed.
    """
    if modifiers is not None and (
        len(modifiers) > MAX_MODIFIERS or not all(_MODIFIER.fullmatch(modifier) for modifier in modifiers)
    ):
        raise InvalidValueError(f"modifiers must be at most {MAX_MODIFIERS}, each two capitals or digits")
    if units is not None and not 1 <= units <= MAX_UNITS:
        raise InvalidValueError(f"units must be a whole number from 1 to {MAX_UNITS}")
    if poa and poa not in POA_INDICATORS:
        raise InvalidValueError(f"poa must be one of {', '.join(POA_INDICATORS)}, or be empty")


def check_evidence(evidence: Iterable[Evidence], notes: Iterable[Note]) -> None:
    """Checks that spans lie in the notes and quote them.

    Raises:
        InvalidValueError: A span names an unknown note, is empty, leaves the text or quotes something else.
    """
    texts = {note.id: note.text for note in notes}
    for span in evidence:
        text = texts.get(span.note_id)
        if text is None:
            raise InvalidValueError("evidence names a note that the encounter does not have; read it again")
        if not 0 <= span.start < span.end <= len(text) or text[span.start : span.end] != span.quote:
            raise InvalidValueError(
                f"evidence at {span.start} to {span.end} does not quote its note; send offsets in code points "
                "and the exact words"
            )
