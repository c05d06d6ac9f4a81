"""Misspelt words and the words that they stand for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.strings import get_string_id

from suggest.keys import token_keys
from suggest.nlp import make_nlp, read
from suggest.spelling import Speller, edits, known_words, trigrams

WORDS = st.text("abc", max_size=6)


def distance(a, b):
    """Optimal string alignment, written out as its recursion."""
    if not a or not b:
        return len(a) + len(b)
    best = min(distance(a[:-1], b) + 1, distance(a, b[:-1]) + 1, distance(a[:-1], b[:-1]) + (a[-1] != b[-1]))
    if len(a) > 1 and len(b) > 1 and a[-1] == b[-2] and a[-2] == b[-1]:
        best = min(best, distance(a[:-2], b[:-2]) + 1)
    return best


@given(WORDS, WORDS, st.integers(0, 3))
def test_edits_equal_their_definition(a, b, most):
    assert edits(a, b, most) == min(distance(a, b), most + 1)


@given(WORDS, WORDS)
def test_edits_are_symmetric(a, b):
    assert edits(a, b, 6) == edits(b, a, 6)


def test_trigrams_mark_the_edges():
    assert trigrams("gout") == {"^go", "gou", "out", "ut$"}


@pytest.fixture(scope="module")
def corrected(terminology):
    nlp = make_nlp()
    speller = Speller(terminology, known_words(["xanthogranuloma", "hypertentive"]))

    def correct(text):
        with nlp.memory_zone():
            doc = read(nlp, text)
            return speller.corrections(doc, token_keys(doc).keys)

    return correct


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("hypertenson", "hypertension"),
        ("hypertention", "hypertension"),
        ("pnuemonia", "pneumonia"),
        ("asthama", "asthma"),
        ("apendicitis", "appendicitis"),
        ("celulitis", "cellulitis"),
        ("osteoperosis", "osteoporosis"),
    ],
)
def test_misspelt_words(corrected, wrong, right):
    assert corrected(f"patient has {wrong}") == {2: get_string_id(right)}


@pytest.mark.parametrize(
    "text",
    [
        "hypertension",
        "gouf",  # four letters are too few
        "Smithson",  # names begin with a capital letter
        "hypertentive",  # known from charts
        "qqqqqqqq",
        "abc123x",
        "",
    ],
)
def test_words_that_stay(corrected, text):
    assert corrected(text) == {}


def test_the_first_letter_stays(corrected):
    assert corrected("xypertension") == {}


def test_known_words_are_sorted_keys():
    keys = known_words(["b", "a", "b"])
    assert len(keys) == 2
    assert (np.diff(keys.astype(object)) > 0).all()
