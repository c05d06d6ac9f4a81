from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suggest.documents import read_note, validate_encounter, validate_text
from suggest.errors import DocumentError, EncounterError
from suggest.records import Encounter, Note, Patient

TODAY = date(2026, 3, 1)
SECRET = "Zebulon"


def make_encounter(**facts: object) -> Encounter:
    encounter = Encounter("e1", (Note("n1", "Cough."), Note("n2", "Plan: rest.")))
    return replace(encounter, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\r\n\t\n",
        "a\tb\r\nc\rd\n",
        "caf\u00e9 \u2265 5 \u00b5g",
        "\ufeffcough",
        "page\fbreak\x0bhere\x85",
        "\U0001f600",
    ],
)
def test_text_comes_back_unaltered(text):
    assert read_note(text) == text
    assert validate_text(text) == text


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200))
def test_utf8_round_trip(text):
    data = text.encode()
    assert read_note(data) == text.removeprefix("\ufeff")


def test_byte_order_mark_is_decoded_away_once():
    assert read_note(b"\xef\xbb\xbf\xef\xbb\xbfCC: cough\r\n") == "\ufeffCC: cough\r\n"


@pytest.mark.parametrize(
    ("charset", "data", "text"),
    [
        ("utf-8", b"37\xc2\xb0", "37\u00b0"),
        ("UTF8", b"37\xc2\xb0", "37\u00b0"),
        ("us-ascii", b"37 C", "37 C"),
        ("iso-8859-1", b"37\xb0", "37\u00b0"),
        ("latin-1", b"37\xb0", "37\u00b0"),
        ("windows-1252", b"\x93dry\x94 cough", "\u201cdry\u201d cough"),
        ("CP1252", b"\x80", "\u20ac"),
    ],
)
def test_charsets(charset, data, text):
    assert read_note(data, charset=charset) == text
    assert read_note(data, media_type=f"text/plain; charset={charset}") == text
    assert read_note(data, media_type=f'Text/Plain ; charset="{charset}"') == text


def test_argument_outranks_the_media_type():
    assert read_note(b"\xb0", media_type="text/plain; charset=utf-8", charset="iso-8859-1") == "\u00b0"


@pytest.mark.parametrize(
    "media_type", ["application/pdf", "text/html", "", "text", "text/plain2", "image/png; charset=utf-8"]
)
def test_other_media_types_are_refused(media_type):
    with pytest.raises(DocumentError, match=r"expected text/plain"):
        read_note(b"x", media_type=media_type)


@pytest.mark.parametrize("charset", ["utf-16", "utf-7", "hex", "zip", "no-such", "shift_jis", "a\0b", ""])
def test_other_charsets_are_refused(charset):
    if not charset:
        assert read_note(b"x", charset=charset) == "x"
        return
    with pytest.raises(DocumentError, match="expected one of utf-8, us-ascii, iso-8859-1, windows-1252"):
        read_note(b"x", charset=charset)


@pytest.mark.parametrize(
    ("data", "charset", "message"),
    [
        (b"abc\xff", "utf-8", "not valid utf-8 at byte 3"),
        (b"\xef\xbb\xbfabc\xff", "utf-8", "not valid utf-8 at byte 6"),
        (b"\xed\xa0\x80", "utf-8", "not valid utf-8 at byte 0"),
        (b"ab\xc3", "utf-8", "not valid utf-8 at byte 2"),
        (b"a\x80", "us-ascii", "not valid us-ascii at byte 1"),
        (b"ab\x81", "windows-1252", "not valid windows-1252 at byte 2"),
        (b"%PDF\x00", "utf-8", "binary: NUL at byte 4"),
        ("cough".encode("utf-16-le"), "utf-8", "binary: NUL at byte 1"),
        (b"\x01\x02\x03 cough", "utf-8", "looks binary: 3 of 9 characters"),
    ],
)
def test_undecodable_bytes_are_refused(data, charset, message):
    with pytest.raises(DocumentError, match=message) as caught:
        read_note(data, charset=charset, note_id="n7")
    assert str(caught.value).startswith("note 'n7'")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_lone_surrogate_is_refused_with_its_position():
    with pytest.raises(DocumentError, match=r"lone surrogate \(U\+D800\) at character 4"):
        read_note("abcd\ud800")


def test_nul_in_text_is_refused():
    with pytest.raises(DocumentError, match="NUL at character 2"):
        validate_text("ab\0", 10)


def test_few_control_characters_are_tolerated():
    text = "cough " * 100 + "\x07\x1b\x1f"
    assert validate_text(text) == text
    assert validate_text("\x02\x03") == "\x02\x03"


def test_limit_counts_characters():
    assert read_note("\u00e9" * 10, limit=10) == "\u00e9" * 10
    with pytest.raises(DocumentError, match="has 11 characters, more than the limit of 10"):
        read_note("\u00e9" * 11, limit=10)
    with pytest.raises(DocumentError, match="has 11 characters, more than the limit of 10"):
        read_note(b"x" * 11, limit=10)


def test_bytes_that_cannot_fit_are_refused_before_decoding():
    with pytest.raises(DocumentError, match="has 44 bytes, more than 10 characters take"):
        read_note(b"\xff" * 44, limit=10)


@pytest.mark.parametrize(
    "data",
    [
        SECRET.encode() + b"\xff",
        SECRET.encode() + b"\0",
        SECRET + "\ud800",
        SECRET * 9,
        SECRET + "\x01\x02\x03",
    ],
)
def test_errors_never_quote_the_text(data):
    with pytest.raises(DocumentError) as caught:
        read_note(data, limit=20)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"patient": Patient(age=0)},
        {"patient": Patient(age=0.02)},
        {"patient": Patient(age=130)},
        {"date_of_service": date(1990, 1, 1)},
        {"date_of_service": date(2027, 3, 2)},
        {"admission": date(2026, 2, 1), "discharge": date(2026, 2, 1)},
        {"discharge": date(2026, 2, 1)},
        {"notes": (Note("n1", ""),)},
    ],
)
def test_possible_encounters_pass(facts):
    encounter = make_encounter(**facts)
    assert validate_encounter(encounter, today=TODAY) is encounter


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"notes": ()}, "no notes; expected one or more"),
        ({"notes": (Note("a", "x"), Note("a", "y"))}, "note id 'a' stands 2 times"),
        ({"patient": Patient(age=-1)}, "age -1 is outside 0 to 130"),
        ({"patient": Patient(age=131)}, "age 131 is outside 0 to 130"),
        ({"patient": Patient(age=float("nan"))}, "age nan is outside 0 to 130"),
        (
            {"admission": date(2026, 2, 2), "discharge": date(2026, 2, 1)},
            "discharge 2026-02-01 precedes admission 2026-02-02",
        ),
        (
            {"date_of_service": date(1989, 12, 31)},
            "date_of_service 1989-12-31 lies outside 1990-01-01 to 2027-03-02",
        ),
        ({"date_of_service": date(2027, 3, 3)}, "date_of_service 2027-03-03 lies outside"),
        ({"admission": date(1900, 1, 1)}, "admission 1900-01-01 lies outside"),
        ({"discharge": date(2031, 1, 5)}, "discharge 2031-01-05 lies outside"),
        (
            {"notes": (Note("a", SECRET * 2), Note("b", SECRET))},
            "2 notes have 21 characters together, more than the limit of 20",
        ),
    ],
)
def test_impossible_encounters_are_refused(facts, message):
    with pytest.raises(EncounterError, match=message) as caught:
        validate_encounter(make_encounter(**facts), today=TODAY, limit=20)
    assert SECRET not in str(caught.value)
