"""Reads a document as plain text and refuses what is none; checks the facts of an encounter.

The text is the coordinate system of every offset, so that reading only decodes: line ends, tabs and spaces
stay as they came. Messages name what is wrong and where, and never quote the text.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from datetime import date, timedelta
from email.message import Message

from suggest.errors import DocumentError, EncounterError
from suggest.records import Encounter

MAX_CHARACTERS = 1_000_000
MEDIA_TYPES = ("text/plain",)
CHARSETS = ("utf-8", "us-ascii", "iso-8859-1", "windows-1252")
EARLIEST_SERVICE = date(1990, 1, 1)
FUTURE_SERVICE = timedelta(days=366)
MAX_AGE = 130

# The names of Python's codecs. ``ascii`` is listed because ``us-ascii`` is only an alias of it.
_CODECS = {codecs.lookup(name).name: name for name in CHARSETS}
# C0 and C1 controls but tab, line feed, vertical tab, form feed, carriage return and next line.
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_BYTE_ORDER_MARK = "\ufeff"
_MAX_CONTROL_RATIO = 0.01
_MIN_CONTROLS = 3


def read_note(
    data: bytes | str,
    *,
    media_type: str = "text/plain",
    charset: str | None = None,
    limit: int = MAX_CHARACTERS,
    note_id: str = "",
) -> str:
    """Returns the text of a document, decoded and otherwise unaltered.

    A byte order mark counts as part of the UTF-8 encoding, not of the text.

    Args:
        data: The document. A ``str`` is taken as decoded; its charset is not looked at.
        media_type: Media type, with or without a ``charset`` parameter; only ``text/plain`` is read.
        charset: Character set; outranks the parameter of ``media_type``. UTF-8 where neither is given.
        limit: Most characters (code points) that are accepted.
        note_id: The caller's id of the note; named in errors.

    Raises:
        DocumentError: The media type or charset is not supported, the bytes do not decode, or the text is
            binary, holds lone surrogates or is too long.
    """
    declared = _check_media_type(media_type, note_id)
    text = data if isinstance(data, str) else _decode(data, charset or declared or "utf-8", limit, note_id)
    return validate_text(text, limit, note_id=note_id)


def validate_text(text: str, limit: int = MAX_CHARACTERS, *, note_id: str = "") -> str:
    """Returns ``text`` if it can be read as a note; empty and blank text can.

    Args:
        text: The decoded text.
        limit: Most characters (code points) that are accepted.
        note_id: The caller's id of the note; named in errors.

    Raises:
        DocumentError: The text is too long, holds a lone surrogate or a NUL, or so many control characters
            (1 % and at least 3) that it must be binary.
    """
    where = _name(note_id)
    if len(text) > limit:
        raise DocumentError(
            f"{where} has {len(text)} characters, more than the limit of {limit}; split it into several notes"
        )
    if not text.isascii() and (found := _SURROGATE.search(text)):
        raise DocumentError(
            f"{where} holds a lone surrogate (U+{ord(found.group()):04X}) at character {found.start()}; "
            "send Unicode text that can be encoded as UTF-8"
        )
    if (nul := text.find("\0")) >= 0:
        raise DocumentError(f"{where} is binary: NUL at character {nul}; send plain text")
    controls = len(_CONTROL.findall(text))
    if controls >= _MIN_CONTROLS and controls > _MAX_CONTROL_RATIO * len(text):
        raise DocumentError(f"{where} looks binary: {controls} of {len(text)} characters are controls; send plain text")
    return text


def validate_encounter(encounter: Encounter, *, today: date, limit: int = MAX_CHARACTERS) -> Encounter:
    """Returns ``encounter`` if its facts can be true.

    Args:
        encounter: The encounter.
        today: The day of the run; a date of service may lie up to 366 days after it (booked visits).
        limit: Most characters that all notes may have together.

    Raises:
        EncounterError: There is no note, two notes share an id, the age lies outside 0 to 130 years, the
            discharge precedes the admission, a date lies outside 1990-01-01 to ``today`` + 366 days, or the
            notes are too long together.
    """
    if not encounter.notes:
        raise EncounterError("the encounter has no notes; expected one or more")
    _check_note_ids(encounter)
    age = encounter.patient.age
    if age is not None and not 0 <= age <= MAX_AGE:
        raise EncounterError(f"patient age {age:g} is outside 0 to {MAX_AGE} years; correct it or leave it out")
    _check_dates(encounter, today)
    total = sum(len(note.text) for note in encounter.notes)
    if total > limit:
        raise EncounterError(
            f"the {len(encounter.notes)} notes have {total} characters together, "
            f"more than the limit of {limit}; send fewer or shorter notes"
        )
    return encounter


def _name(note_id: str) -> str:
    return f"note {note_id!r}" if note_id else "the note"


def _check_media_type(media_type: str, note_id: str) -> str | None:
    """Returns the charset parameter of a supported media type."""
    header = Message()
    header["Content-Type"] = media_type.replace("\r", " ").replace("\n", " ")
    kind = media_type.partition(";")[0].strip().lower()
    if kind not in MEDIA_TYPES:
        raise DocumentError(f"{_name(note_id)} has media type {kind!r}; expected {', '.join(MEDIA_TYPES)}: convert it")
    return header.get_content_charset()


def _decode(data: bytes, charset: str, limit: int, note_id: str) -> str:
    where = _name(note_id)
    try:
        codec = codecs.lookup(charset.strip()).name
    except (LookupError, ValueError):
        codec = ""
    if codec not in _CODECS:
        raise DocumentError(f"{where} has charset {charset!r}; expected one of {', '.join(CHARSETS)}")
    # Four bytes are the longest UTF-8 sequence; three more may be a byte order mark.
    if len(data) > 4 * limit + 3:
        raise DocumentError(
            f"{where} has {len(data)} bytes, more than {limit} characters take; split it into several notes"
        )
    if (nul := data.find(b"\0")) >= 0:
        raise DocumentError(f"{where} is binary: NUL at byte {nul}; send plain text")
    try:
        # Not utf-8-sig, whose error offsets leave the byte order mark out of count.
        return data.decode(codec).removeprefix(_BYTE_ORDER_MARK if codec == "utf-8" else "")
    except UnicodeDecodeError as error:
        # The cause is not chained: a UnicodeDecodeError carries the bytes of the chart.
        offset, name = error.start, _CODECS[codec]
    raise DocumentError(f"{where} is not valid {name} at byte {offset}; name the right charset or convert it")


def _check_note_ids(encounter: Encounter) -> None:
    counts = Counter(note.id for note in encounter.notes)
    repeated = sorted(note_id for note_id, count in counts.items() if count > 1)
    if repeated:
        raise EncounterError(f"note id {repeated[0]!r} stands {counts[repeated[0]]} times; give every note its own id")


def _check_dates(encounter: Encounter, today: date) -> None:
    latest = today + FUTURE_SERVICE
    for name in ("date_of_service", "admission", "discharge"):
        day: date | None = getattr(encounter, name)
        if day is not None and not EARLIEST_SERVICE <= day <= latest:
            raise EncounterError(f"{name} {day} lies outside {EARLIEST_SERVICE} to {latest}; correct it")
    if encounter.admission and encounter.discharge and encounter.discharge < encounter.admission:
        raise EncounterError(
            f"discharge {encounter.discharge} precedes admission {encounter.admission}; correct one of them"
        )
