"""Phrases, learnt phrases and word coverage in a note."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suggest.keys import phrase_key, term_words, token_keys
from suggest.lexicon import Source
from suggest.mentions import (
    CoverageMatcher,
    Hits,
    LearntPhrases,
    learnt_hits,
    longest,
    outermost,
    phrase_hits,
    spans_of,
)
from suggest.nlp import make_nlp, read

SPANS = st.lists(st.tuples(st.integers(0, 12), st.integers(1, 6)), max_size=15)


@pytest.fixture(scope="module")
def tokens_of():
    nlp = make_nlp()

    def read_text(text):
        with nlp.memory_zone():
            doc = read(nlp, text)
            return token_keys(doc), [token.text for token in doc]

    return read_text


@pytest.fixture(scope="module")
def coverage(terminology):
    return CoverageMatcher(terminology)


def found(hits, words, index):
    return {(" ".join(words[a:b]), index.code(c)) for a, b, c in zip(hits.first, hits.last, hits.code, strict=True)}


@given(SPANS)
def test_outermost_equals_brute_force(pairs):
    spans = [(first, first + length) for first, length in pairs]
    wanted = [not any(a <= first and last <= b and (a, b) != (first, last) for a, b in spans) for first, last in spans]
    first = np.array([span[0] for span in spans], dtype=np.int32)
    last = np.array([span[1] for span in spans], dtype=np.int32)
    assert outermost(first, last).tolist() == wanted


def test_phrases_match_in_any_order_and_the_longest_counts(tokens_of, terminology, index):
    tokens, words = tokens_of("Pain in the chest. Essential hypertension")
    hits = longest(phrase_hits(tokens, terminology))
    pairs = found(hits, words, index)
    assert ("Pain in the chest", "R07.9") in pairs
    assert ("Essential hypertension", "I10") in pairs
    assert not any(span in ("Pain", "chest", "hypertension") for span, _code in pairs)
    assert set(hits.quality.tolist()) == {1.0}


def test_phrases_do_not_cross_sentences(tokens_of, terminology, index):
    tokens, words = tokens_of("chest\n\npain")
    assert "R07.9" not in {code for _span, code in found(phrase_hits(tokens, terminology), words, index)}


def test_learnt_phrases(tokens_of):
    keys = sorted(phrase_key(term_words(term)) for term in ("hot flash", "low mood"))
    learnt = LearntPhrases(
        keys=np.array(keys, dtype=np.uint64),
        start=np.array([0, 1, 3], dtype=np.int64),
        code=np.array([5, 6, 7], dtype=np.int32),
        precision=np.array([0.5, 0.25, 0.75], dtype=np.float32),
        support=np.array([2, 3, 4], dtype=np.float32),
        marked=np.zeros(3, np.float32),
    )
    tokens, _words = tokens_of("mood low")
    hits = learnt_hits(tokens, learnt)
    at = keys.index(phrase_key(term_words("low mood")))
    assert hits.code.tolist() == ([5] if at == 0 else [6, 7])
    assert set(hits.source.tolist()) == {Source.LEARNT}
    assert set(hits.first.tolist()) == {0}
    assert set(hits.last.tolist()) == {2}


def test_coverage_finds_most_words_of_a_term(tokens_of, coverage, index):
    tokens, words = tokens_of("hypertensive disease of heart and of the kidneys")
    hits = coverage.hits(tokens)
    assert any(index.code(int(code)).startswith("I13") for code in hits.code)
    assert set(hits.source.tolist()) == {Source.COVERAGE}
    assert ((hits.quality >= 0.6) & (hits.quality <= 1.001)).all()
    assert (hits.last - hits.first >= 2).all()
    assert (hits.last <= len(words)).all()


def test_coverage_takes_the_nearest_of_repeated_words(tokens_of, coverage, index):
    tokens, words = tokens_of("left shoulder pain, right knee pain")
    spans = {span for span, code in found(coverage.hits(tokens), words, index) if code.startswith("M25.51")}
    assert spans == {"shoulder pain"}


def test_one_word_said_twice_covers_no_phrase_of_two(tokens_of, coverage):
    tokens, _words = tokens_of("pain, pain, pain and more pain")
    assert len(coverage.hits(tokens)) == 0


@pytest.mark.parametrize("count", [0, 1, 19, 20, 21, 28, 29, 300, 6000])
def test_coverage_of_long_sentences(tokens_of, coverage, count, index):
    """A sentence longer than a segment is cut into overlapping ones: what stands together is found anywhere."""
    tokens, words = tokens_of("filler " * count + "essential hypertension" + " filler" * count)
    assert ("essential hypertension", "I10") in found(coverage.hits(tokens), words, index)


def test_no_words_have_no_hits(tokens_of, terminology, coverage):
    tokens, _words = tokens_of("... --- !!!")
    assert len(phrase_hits(tokens, terminology)) == 0
    assert len(coverage.hits(tokens)) == 0


def hits_at(spans):
    count = len(spans)
    columns = {name: np.zeros(count, np.int32) for name in Hits.__slots__}
    columns["first"] = np.array([span[0] for span in spans], dtype=np.int32)
    columns["last"] = np.array([span[1] for span in spans], dtype=np.int32)
    columns["anchor"] = np.full(count, -1, np.int32)
    return Hits(**columns)


def test_equal_spans_are_one_mention():
    spans, number = spans_of(hits_at([(4, 6), (1, 2), (4, 6), (1, 3)]))
    assert [span[:2] for span in spans] == [(1, 2), (1, 3), (4, 6)]
    assert number.tolist() == [2, 0, 2, 1]
    assert spans_of(hits_at([]))[0] == []


def test_join_and_take():
    joined = Hits.join([hits_at([(0, 1)]), hits_at([(2, 3), (4, 5)])])
    assert len(joined) == 3
    assert joined.take(np.array([False, True, False])).first.tolist() == [2]
