"""Leaves of a category that the words around a mention support."""

from __future__ import annotations

import numpy as np
import pytest

from suggest.leaves import AROUND, LINE, NEAR, NOTE, weigh
from suggest.lexicon import Source


@pytest.fixture
def leaves_of(plain_suggester, chart):
    def find(*texts, **options):
        candidates, _table = plain_suggester.features(chart(*texts, **options))
        edges = candidates.edges
        mine = edges.source == Source.CONTEXT
        return {
            plain_suggester.code(code): float(q) for code, q in zip(edges.code[mine], edges.quality[mine], strict=True)
        }

    return find


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Ulcerative pancolitis, flare with rectal bleeding", "K51.011"),
        ("DVT of the right femoral vein, chronic", "I82.511"),
        ("Varicose veins of the left leg with ulcer of the calf", "I83.022"),
        ("Sarcoidosis of lung and of lymph nodes", "D86.2"),
        ("Laceration of right forearm with foreign body", "S51.821A"),
    ],
)
def test_words_of_the_line_lead_to_a_leaf(plain_suggester, chart, text, code):
    _candidates, table = plain_suggester.features(chart(text, setting="ed"))
    assert code in {plain_suggester.code(number) for number in table.codes.tolist()}


def test_a_leaf_of_the_other_side_is_none(leaves_of):
    found = leaves_of("DVT of the right femoral vein, chronic")
    assert "I82.512" not in found
    assert all(0.5 <= quality <= 1 for quality in found.values())


def test_what_is_denied_leads_to_no_leaf(leaves_of):
    assert not leaves_of("No DVT of the right femoral vein, no chronic DVT.")
    assert not leaves_of("")


def test_words_count_less_the_farther_they_stand(plain_suggester, chart):
    text = "Assessment: gout, in the knee\nfracture of wrist\n\nasthma\n\n\nasthma"
    (reading,) = plain_suggester.read(chart(text))
    terms = plain_suggester._terms
    weight = np.zeros(len(terms.words), np.float32)
    sentence = next(m.sentence for m in reading.mentions if text[m.start : m.end] == "gout")
    weigh(weight, reading, sentence)
    at = {}
    for number, token in zip(reading.words.tolist(), reading.word_token.tolist(), strict=True):
        start = int(reading.offsets[token])
        at[text[start:].split()[0].strip(",")] = float(weight[number])
    assert at["gout"] == pytest.approx(NEAR)
    assert at["knee"] in (pytest.approx(NEAR), pytest.approx(LINE))
    assert at["fracture"] == pytest.approx(AROUND)
    assert at["asthma"] == pytest.approx(NOTE)


def test_implied_words_count_as_said(plain_suggester, chart):
    (reading,) = plain_suggester.read(chart("Fracture of the hallux"))
    terms = plain_suggester._terms
    spelled = {terms.spelling[number] for number in reading.words.tolist()}
    assert {"fracture", "toe"} <= spelled
