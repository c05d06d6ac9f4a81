"""Tokens and clause-sized sentences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suggest.nlp import make_nlp, read

NLP = make_nlp()


def tokens(text):
    with NLP.memory_zone():
        return [token.text for token in read(NLP, text)]


def sentences(text):
    with NLP.memory_zone():
        return [sent.text.strip() for sent in read(NLP, text).sents]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("HTN/DM2", ["HTN", "/", "DM2"]),
        ("w/o fever", ["w/o", "fever"]),
        ("S/P CABG", ["S/P", "CABG"]),
        ("BP 120/80.", ["BP", "120", "/", "80", "."]),
        ("A1c 7.5%", ["A1c", "7.5", "%"]),
        ("1,000 mg", ["1,000", "mg"]),
        ("Crohn's", ["Crohn", "'s"]),
        ("non-displaced", ["non-displaced"]),
        ("Non-Displaced", ["Non-Displaced"]),
        ("low-back", ["low", "-", "back"]),
        ("(fever)", ["(", "fever", ")"]),
        ("under_score", ["under", "_", "score"]),
        ("", []),
    ],
)
def test_tokens(text, wanted):
    assert tokens(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("HTN. DM2.", ["HTN.", "DM2."]),
        ("HTN; DM2", ["HTN;", "DM2"]),
        ("HTN\nDM2", ["HTN", "DM2"]),
        ("HTN\r\nDM2", ["HTN", "DM2"]),
        ("Seen by Dr. Smith today", ["Seen by Dr. Smith today"]),
        ("1. HTN\n2. DM2", ["1. HTN", "2. DM2"]),
        ("Hgb 7.5 today", ["Hgb 7.5 today"]),
        ("Any fever? No.", ["Any fever?", "No."]),
    ],
)
def test_sentences(text, wanted):
    assert sentences(text) == wanted


def test_long_chunks_are_split_alike():
    """Chunks without white space of more than 200 characters take another, linear way."""
    table = "|||HTN|||(DM2)/1.5,COPD:a_b"
    assert tokens("x" * 200 + table) == ["x" * 200, *tokens(table)]
    assert tokens("(" * 300 + "gout" + ")" * 300) == ["("] * 300 + ["gout"] + [")"] * 300


def test_wrapped_lines_are_one_sentence():
    first = "The patient has had a cough for several weeks and now comes with"
    assert len(sentences(f"{first}\nfever and chills")) == 1
    assert len(sentences(f"{first}\n- fever")) == 2
    assert len(sentences(f"{first}\n\nfever")) == 2
    assert len(sentences("Short line\nfever")) == 2


@given(st.text(max_size=60))
def test_tokens_cover_the_text_without_loss(text):
    with NLP.memory_zone():
        doc = read(NLP, text)
        assert "".join(token.text_with_ws for token in doc) == text
        assert all(doc.text[t.idx : t.idx + len(t)] == t.text for t in doc)
        assert not len(doc) or doc[0].is_sent_start
