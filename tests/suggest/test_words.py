"""The normal form of words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suggest.resources import read_table
from suggest.words import normalise, stop_words, weak_words


@pytest.mark.parametrize(
    ("word", "normal"),
    [
        ("Fractures", "fracture"),
        ("fx", "fracture"),
        ("biopsies", "biopsy"),
        ("masses", "mass"),
        ("metastases", "metastasis"),
        ("diagnoses", "diagnosis"),
        ("diseases", "disease"),
        ("doses", "dose"),
        ("diabetes", "diabetes"),
        ("diabetic", "diabetes"),
        ("sinus", "sinus"),
        ("pelvis", "pelvic"),
        ("abscess", "abscess"),
        ("gas", "gas"),
        ("anaemia", "anemia"),
        ("Haemorrhage", "hemorrhage"),
        ("oedema", "edema"),
        ("diarrhoea", "diarrhea"),
        ("tumours", "neoplasm"),
        ("Ménière", "meniere"),
        ("Sjögren", "sjogren"),
        ("cæcum", "cecum"),
        ("cancer", "malignant neoplasm"),
        ("III", "3"),
        ("IV", "4"),
        ("2", "2"),
        ("7.5", "7.5"),
        ("Bilat", "bilateral"),
        ("R", "right"),
        ("w/o", "without"),
        ("h/o", "history"),
        ("a-fib", "afib"),
    ],
)
def test_normal_forms(word, normal):
    assert normalise(word) == normal


@pytest.mark.parametrize("word", ["", " ", "\n", ".", "--", "_", "'s", "’S", "\u200b", "\U0001f600", "()"])
def test_what_says_nothing_is_empty(word):
    assert normalise(word) == ""


@pytest.mark.parametrize("row", list(read_table("words/shorthand.tsv")), ids=lambda row: row["word"])
def test_every_shorthand_is_written_out_for_good(row):
    """The words of a written-out form are normal: the terminology meets them in the same form."""
    assert normalise(row["word"].upper()) == row["normal"]
    assert [normalise(word) for word in row["normal"].split()] == row["normal"].split()


@given(st.text(st.characters(categories=["L", "N"]), max_size=20))
def test_case_does_not_matter_and_white_space_never_appears_at_the_edges(word):
    normal = normalise(word)
    assert normal == normal.strip()
    if word.isascii():
        assert normalise(word.upper()) == normalise(word.lower())


@given(st.from_regex(r"[a-z]{1,12}", fullmatch=True))
def test_a_normal_form_of_a_plural_is_that_of_its_singular(word):
    """Idempotent but for words that end in two plural letters, which no language has."""
    once = normalise(word)
    if " " not in once and not once.endswith("s"):
        assert normalise(once) == once


def test_stop_words_and_weak_words():
    assert {"of", "the", "with"} <= stop_words()
    assert {"unspecified", "other", "nec"} <= weak_words()
    assert "without" not in stop_words()
