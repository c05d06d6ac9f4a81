"""Keys of words and phrases: free of order, the same in chart and terminology."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suggest.keys import (
    MAX_WINDOW,
    content_words,
    find,
    keys_of_norms,
    mix,
    normal_words,
    phrase_key,
    ranges,
    term_words,
    token_keys,
    windows,
    word_key,
)
from suggest.nlp import make_nlp, read

WORDS = st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), min_size=1, max_size=7)


@pytest.fixture(scope="module")
def nlp():
    return make_nlp()


@pytest.fixture(scope="module")
def tokens_of(nlp):
    def read_text(text):
        with nlp.memory_zone():
            return token_keys(read(nlp, text))

    return read_text


@given(WORDS, st.randoms())
def test_a_phrase_key_knows_no_order(words, random):
    shuffled = list(words)
    random.shuffle(shuffled)
    assert phrase_key(shuffled) == phrase_key(words)


@given(WORDS)
def test_a_phrase_key_is_the_sum_of_word_keys(words):
    assert phrase_key(words) == sum(map(word_key, words)) % 2**64


@given(WORDS, st.from_regex(r"[a-z]{1,8}", fullmatch=True))
def test_a_further_word_changes_the_key(words, word):
    assert phrase_key([*words, word]) != phrase_key(words)


def test_a_phrase_without_words_has_no_key():
    assert phrase_key([]) == 0


def test_mixing_tells_neighbours_apart():
    mixed = mix(np.arange(10_000, dtype=np.uint64))
    assert len(set(mixed.tolist())) == 10_000
    assert abs(np.mean(mixed / 2**64) - 0.5) < 0.02


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ("Fracture of neck of right femur", ["fracture", "neck", "femoral"]),
        ("Crohn's disease", ["crohn", "disease"]),
        ("s/p PCI", ["posterior", "pci"]),
        ("breast cancer", ["breast", "malignant", "neoplasm"]),
        ("HbA1c 7.5", ["hba1c", "7.5"]),
        ("post-op pain", ["postoperative", "pain"]),
        ("of the", []),
        ("right", []),
    ],
)
def test_content_words_of_a_term(term, words):
    assert term_words(term) == words


def test_normal_words_keep_stop_words_and_sides():
    assert normal_words("pain of the right knee") == ["pain", "of", "the", "right", "knee"]


@pytest.mark.parametrize(
    "text",
    [
        "fracture of neck of femur",
        "Crohn's disease",
        "Crohn’s disease",
        "ACL tear",
        "flat foot",
        "nerve root compression",
        "agent, case, mark, number, compound and root",
        "h/o breast cancer",
        "type II diabetes",
        "non-displaced fx",
        "A-Fib with RVR",
    ],
)
def test_a_chart_and_a_term_have_the_same_key(tokens_of, text):
    """spaCy keeps numbers of its own for words like ``acl`` and ``root``."""
    tokens = tokens_of(text)
    assert int(tokens.keys.sum(dtype=np.uint64)) == phrase_key(term_words(text))


def test_stop_words_sides_and_punctuation_are_no_content(tokens_of):
    tokens = tokens_of("Pain of the right knee, left hip.")
    assert tokens.content.tolist() == [0, 4, 7]
    assert tokens.sides.tolist() == [0, 0, 0, 1, 0, 0, 2, 0, 0]


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("RLE edema", 1),
        ("LUE weakness", 2),
        ("b/l edema", 4),
        ("L knee", 2),
        ("R. knee", 1),
        ("both eyes", 4),
        ("2 L oxygen", 0),
    ],
)
def test_sides(tokens_of, text, sides):
    assert np.bitwise_or.reduce(tokens_of(text).sides) == sides


def test_corrections_take_the_place_of_norms(nlp):
    with nlp.memory_zone():
        doc = read(nlp, "hypertenson today")
        meant = nlp.vocab.strings.add("hypertension")
        tokens = token_keys(doc, {0: meant})
    assert int(tokens.keys[0]) == word_key("hypertension")


def test_windows_stay_in_their_sentence(tokens_of):
    tokens = tokens_of("Fever chills.\nCough")
    found = windows(tokens)
    wanted = {phrase_key(words) for words in (["fever"], ["chill"], ["cough"], ["fever", "chill"])}
    assert set(found.keys.tolist()) == wanted
    assert len(found.keys) == 4


@given(st.lists(st.sampled_from(["fever", "cough", "rash", "of", ",", ".\n"]), max_size=20))
def test_windows_equal_brute_force(words):
    nlp = make_nlp()
    with nlp.memory_zone():
        tokens = token_keys(read(nlp, " ".join(words)))
    found = windows(tokens)
    wanted = []
    for length in range(1, MAX_WINDOW + 1):
        for first in range(len(tokens.content) - length + 1):
            place = tokens.content[first : first + length]
            if len(set(tokens.sentence[place].tolist())) == 1:
                key = int(tokens.keys[place].sum(dtype=np.uint64))
                wanted.append((key, first, length))
    got = zip(found.keys.tolist(), found.first.tolist(), found.length.tolist(), strict=True)
    assert sorted(got) == sorted(wanted)


def test_no_words_have_no_windows(tokens_of):
    assert len(windows(tokens_of("...")).keys) == 0


@given(st.sets(st.integers(0, 50), max_size=20), st.lists(st.integers(0, 50), max_size=20))
def test_find_equals_brute_force(table, keys):
    ordered = np.array(sorted(table), dtype=np.uint64)
    hit, at = find(ordered, np.array(keys, dtype=np.uint64))
    assert hit.tolist() == [i for i, key in enumerate(keys) if key in table]
    assert [int(ordered[i]) for i in at] == [key for key in keys if key in table]


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 5)), max_size=10))
def test_ranges_equal_brute_force(pairs):
    starts = np.array([start for start, _ in pairs], dtype=np.int64)
    ends = starts + np.array([length for _, length in pairs], dtype=np.int64)
    owner, element = ranges(starts, ends)
    wanted = [(i, e) for i, (start, length) in enumerate(pairs) for e in range(start, start + length)]
    assert list(zip(owner.tolist(), element.tolist(), strict=True)) == wanted


def test_content_words_take_forms_of_several_words_apart():
    assert content_words(["malignant neoplasm", "of", "right lower limb"]) == ["malignant", "neoplasm", "lower", "limb"]


def test_keys_of_norms_skip_nothing_but_stop_words(nlp):
    norms = np.array([nlp.vocab.strings.add(word) for word in ("fever", "the", "malignant neoplasm")], dtype=np.uint64)
    assert keys_of_norms(norms).tolist() == [word_key("fever"), 0, phrase_key(["malignant", "neoplasm"])]


@pytest.mark.parametrize(
    "spelling",
    ["non-bleeding ulcer", "non bleeding ulcer", "nonbleeding ulcer", "Non\u2013bleeding ulcer", "NON-BLEEDING ulcer"],
)
def test_non_is_one_word_with_what_it_denies(spelling):
    nlp = make_nlp()
    with nlp.memory_zone():
        found = token_keys(read(nlp, spelling))
    assert int(found.keys.sum(dtype=np.uint64)) == phrase_key(["nonbleeding", "ulcer"])
    assert term_words(spelling) == ["nonbleeding", "ulcer"]


@pytest.mark.parametrize("text", ["non", "non-", "non 4", "sine qua non."])
def test_non_alone_is_a_word(text):
    nlp = make_nlp()
    with nlp.memory_zone():
        found = token_keys(read(nlp, text))
    assert phrase_key(["non"]) in found.keys.tolist()
