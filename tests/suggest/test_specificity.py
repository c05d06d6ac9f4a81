"""From a category to the code that the words support."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suggest.keys import term_words, word_key
from suggest.specificity import BILATERAL, INITIAL, LEFT, RIGHT, SEQUELA, SUBSEQUENT, Context, Resolver, side_near


@pytest.fixture(scope="module")
def resolver(index, terminology):
    return Resolver(index, terminology)


@pytest.fixture(scope="module")
def resolve(index, terminology, resolver):
    def codes(code, words="", sides=0, episode=INITIAL, open_fracture="", named=()):
        keys = np.array([word_key(word) for word in term_words(words)], dtype=np.uint64)
        numbers = frozenset(terminology.word_ids(keys).tolist()) - {-1}
        context = Context(numbers, sides, episode, open_fracture)
        found = resolver.resolve(index.row(code), context, [index.row(c) for c in named])
        return {index.code(result.row): result for result in found}

    return codes


@pytest.mark.parametrize(
    ("code", "words", "sides", "wanted"),
    [
        ("I10", "", 0, "I10"),
        ("M17", "primary", RIGHT, "M17.11"),
        ("M17.1", "", LEFT, "M17.12"),
        ("M17.1", "", 0, "M17.10"),
        ("M25.56", "", RIGHT, "M25.561"),
        ("M25.56", "", LEFT, "M25.562"),
        ("M25.56", "", 0, "M25.569"),
        ("M25.561", "", LEFT, "M25.562"),
        ("M25.569", "", RIGHT, "M25.561"),
        ("H66.9", "", BILATERAL, "H66.93"),
        ("H66.9", "", RIGHT | LEFT, "H66.93"),
        ("K40", "", BILATERAL, "K40.20"),
        ("N18.3", "stage 3b", 0, "N18.32"),
        ("J45.90", "", 0, "J45.909"),
        ("J45.90", "acute exacerbation", 0, "J45.901"),
        ("J18", "", 0, "J18.9"),
        ("G43", "", 0, "G43.909"),
        ("E11", "", 0, "E11.9"),
        ("E11.32", "", RIGHT, "E11.3291"),
        ("E11.329", "", BILATERAL, "E11.3293"),
        ("E11.329", "", 0, "E11.3299"),
        ("E11.321", "", LEFT, "E11.3212"),
        ("H40.11", "moderate stage", RIGHT, "H40.1112"),
        ("H40.11", "", LEFT, "H40.1120"),
        ("G81.9", "", LEFT, "G81.94"),
        ("G81.9", "", RIGHT, "G81.91"),
        ("G81.9", "dominant", LEFT, "G81.92"),
        ("O14.10", "third trimester", 0, "O14.13"),
        ("O14.1", "second trimester", 0, "O14.12"),
        ("O14.1", "", 0, "O14.10"),
        ("O32.1", "1 2 3", 0, "O32.1XX0"),
        ("S06.9", "", 0, "S06.9XAA"),
        ("S82.20", "", RIGHT, "S82.201A"),
    ],
)
def test_the_best_leaf(resolve, code, words, sides, wanted):
    found = resolve(code, words, sides)
    assert next(iter(found)) == wanted


@pytest.mark.parametrize(
    ("episode", "open_fracture", "letters"),
    [(INITIAL, "", "AD"), (SUBSEQUENT, "", "DA"), (SEQUELA, "", "SD"), (INITIAL, "B", "BD"), (INITIAL, "C", "CD")],
)
def test_the_episode_gives_the_seventh_character(resolve, episode, open_fracture, letters):
    found = resolve("S82.201", sides=RIGHT, episode=episode, open_fracture=open_fracture)
    assert [code[-1] for code in found] == list(letters)
    first, second = found.values()
    assert second.fit == pytest.approx(0.6 * first.fit)


def test_an_open_fracture_letter_only_where_the_code_has_it(resolve):
    assert next(iter(resolve("S02.2", open_fracture="C"))) == "S02.2XXA"


def test_where_no_word_decides_the_way_leads_to_what_the_phrase_names(resolve):
    assert list(resolve("G20", named=("G20.A1",))) == ["G20.A1"]
    assert next(iter(resolve("G20", "dyskinesia", named=("G20.A1",)))).startswith("G20.B")


def test_fit_tells_named_from_taken_by_default(resolve):
    (named,) = resolve("N18.3", "stage 3b").values()
    (default,) = resolve("N18.3").values()
    assert named.fit > default.fit
    assert named.matched
    assert not named.defaulted
    assert default.defaulted
    (sided,) = resolve("M25.561", sides=RIGHT).values()
    assert (sided.side, sided.fit) == (1, 1.0)


def test_every_row_resolves_to_billable_codes(index, resolver):
    """Every category comes down to something billable, with and without a side."""
    for row in range(0, len(index), 7):
        if not index.has_seventh[row]:
            for sides in (0, RIGHT):
                found = resolver.resolve(row, Context(frozenset(), sides))
                assert 1 <= len(found) <= 2
                assert all(index.billable[result.row] for result in found), index.code(row)
                assert all(0 < result.fit <= 1 for result in found)


def test_reduce_keeps_the_top_and_the_right_side(index, resolver):
    rows = [index.row(code) for code in ("M25.562", "M25.56", "M25.561")]
    assert resolver.reduce(rows, Context(frozenset(), LEFT)) == [index.row("M25.56")]
    sides = [index.row(code) for code in ("M25.561", "M25.562")]
    assert resolver.reduce(sides, Context(frozenset(), LEFT)) == [index.row("M25.562")]
    assert resolver.reduce(sides, Context(frozenset())) == sides
    assert resolver.reduce(sides[:1], Context(frozenset(), LEFT)) == sides[:1]


@pytest.mark.parametrize(
    ("text", "mention", "wanted"),
    [
        ("L knee", (1, 2), LEFT),
        ("knee L", (0, 1), LEFT),
        ("x L knee", (1, 3), LEFT),
        ("L shoulder x R knee", (1, 2), LEFT),
        ("L shoulder x R knee", (4, 5), RIGHT),
        ("R and L knee", (3, 4), RIGHT | LEFT),
        ("knee x R and L", (0, 1), RIGHT | LEFT),
        ("L x x x x x knee", (6, 7), LEFT),
        ("B knee", (1, 2), BILATERAL),
        ("knee", (0, 1), 0),
    ],
)
def test_the_side_of_a_mention(text, mention, wanted):
    bits = {"L": LEFT, "R": RIGHT, "B": BILATERAL}
    sides = np.array([bits.get(word, 0) for word in text.split()], dtype=np.uint8)
    assert side_near(sides, *mention, 0, len(sides)) == wanted


@given(st.lists(st.sampled_from([0, 0, RIGHT, LEFT, BILATERAL]), min_size=1, max_size=12), st.data())
def test_a_side_is_one_that_the_sentence_names(marks, data):
    sides = np.array(marks, dtype=np.uint8)
    first = data.draw(st.integers(0, len(marks) - 1))
    last = data.draw(st.integers(first + 1, len(marks)))
    found = side_near(sides, first, last, 0, len(marks))
    assert found & int(np.bitwise_or.reduce(sides)) == found
    assert bool(found) == bool(sides.any())
