from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc

from suggest.assertion import Asserter
from suggest.nlp import make_nlp, read
from suggest.records import PRESENT, Assertion, AssertionStatus
from suggest.resources import read_table

GOLDEN = Path(__file__).parents[1] / "golden" / "assertion.tsv"
MARK = re.compile(r"\{([^|}]+)\|([a-z]+)(?::([a-z-]+))?\}")


def golden_rows() -> list[tuple[str, str]]:
    rows = []
    for line in GOLDEN.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            section, text = line.split("\t")[:2]
            rows.append((section, text.replace("\\n", "\n")))
    return rows


@pytest.fixture(scope="module")
def nlp() -> Language:
    return make_nlp()


@pytest.fixture(scope="module")
def asserter(nlp: Language) -> Asserter:
    return Asserter(nlp)


def unmark(marked: str) -> tuple[str, list[tuple[int, int, str, str]]]:
    """Returns the text without marks, and (start, end, status, rule) of each marked mention."""
    text, mentions, last = "", [], 0
    for found in MARK.finditer(marked):
        text += marked[last : found.start()]
        mentions.append((len(text), len(text) + len(found[1]), found[2], found[3] or ""))
        text += found[1]
        last = found.end()
    return text + marked[last:], mentions


def token_range(doc: Doc, start: int, end: int) -> tuple[int, int]:
    span = doc.char_span(start, end, alignment_mode="expand")
    assert span is not None
    return span.start, span.end


def assert_texts(nlp: Language, asserter: Asserter, text: str, *mentions: str) -> list[Assertion]:
    with nlp.memory_zone():
        doc = read(nlp, text)
        spans = [token_range(doc, text.index(m), text.index(m) + len(m)) for m in mentions]
        return asserter.assert_spans(doc, spans, ["none"] * len(spans))


@pytest.mark.parametrize(("section", "marked"), golden_rows())
def test_golden(nlp: Language, asserter: Asserter, section: str, marked: str) -> None:
    text, mentions = unmark(marked)
    assert mentions, "a golden phrase marks at least one mention"
    with nlp.memory_zone():
        doc = read(nlp, text)
        spans = [token_range(doc, start, end) for start, end, *_ in mentions]
        assertions = asserter.assert_spans(doc, spans, [section] * len(spans))
    expected = [f"{status}:{rule}" if rule else status for *_, status, rule in mentions]
    actual = [
        f"{said.status}:{said.rule}" if rule else str(said.status)
        for said, (*_, rule) in zip(assertions, mentions, strict=True)
    ]
    assert actual == expected


def test_golden_phrases_are_distinct() -> None:
    rows = golden_rows()
    assert len(rows) >= 350
    assert [a for a, b in pairwise(sorted(rows)) if a == b] == []


def test_trigger_offsets(nlp: Language, asserter: Asserter) -> None:
    text = "Exam:  no evidence\nof fracture.\nPneumonia was ruled out."
    fracture, pneumonia = assert_texts(nlp, asserter, text.replace("\n", " ", 1), "fracture", "Pneumonia")
    assert (fracture.trigger_start, fracture.trigger_end) == (7, 21)
    assert text[pneumonia.trigger_start : pneumonia.trigger_end] == "was ruled out"


def test_inherited_trigger_points_to_the_header(nlp: Language, asserter: Asserter) -> None:
    (cough,) = assert_texts(nlp, asserter, "Denies:\n- fever\n- cough", "cough")
    assert cough == Assertion(AssertionStatus.NEGATED, "denial", 0, 6)


def test_default_is_present_without_rule(nlp: Language, asserter: Asserter) -> None:
    assert assert_texts(nlp, asserter, "Hypertension.", "Hypertension") == [PRESENT]


def test_section_rule_has_no_offsets(nlp: Language, asserter: Asserter) -> None:
    with nlp.memory_zone():
        doc = read(nlp, "Stroke")
        (said,) = asserter.assert_spans(doc, [(0, 1)], ["family"])
    assert said == Assertion(AssertionStatus.FAMILY, "section-family", -1, -1)


def test_overlapping_mentions_are_judged_each_by_itself(nlp: Language, asserter: Asserter) -> None:
    text = "Personal history of colon cancer"
    whole, part = assert_texts(nlp, asserter, text, text, "colon cancer")
    assert (whole.status, part.status) == (AssertionStatus.PRESENT, AssertionStatus.HISTORICAL)


def test_rules_tell_a_history_from_what_is_over(nlp: Language, asserter: Asserter) -> None:
    said = assert_texts(nlp, asserter, "Hx of HTN. Pneumonia resolved. MI in 2009.", "HTN", "Pneumonia", "MI")
    assert [s.rule for s in said] == ["hx-of", "resolved", "past-time"]
    assert {s.status for s in said} == {AssertionStatus.HISTORICAL}


def test_no_spans(nlp: Language, asserter: Asserter) -> None:
    assert asserter.assert_spans(read(nlp, ""), [], []) == []


def test_white_space_span_is_present(nlp: Language, asserter: Asserter) -> None:
    doc = read(nlp, "No  \n\n  ")
    assert asserter.assert_spans(doc, [(len(doc) - 1, len(doc))], ["none"]) == [PRESENT]


@pytest.mark.parametrize(
    ("spans", "families", "message"),
    [
        ([(0, 1)], [], "1 spans and 0 families"),
        ([(1, 1)], ["none"], r"span \[1, 1\)"),
        ([(0, 9)], ["none"], r"span \[0, 9\) of a doc of 2 tokens"),
        ([(-1, 1)], ["none"], r"span \[-1, 1\)"),
    ],
)
def test_wrong_spans_are_refused(
    nlp: Language, asserter: Asserter, spans: list[tuple[int, int]], families: list[str], message: str
) -> None:
    doc = read(nlp, "No fever")
    with pytest.raises(ValueError, match=message) as caught:
        asserter.assert_spans(doc, spans, families)
    assert "fever" not in str(caught.value)


PHRASES = sorted(row["phrase"] for row in read_table("assertion/triggers.tsv"))
PIECES = st.one_of(
    st.sampled_from(PHRASES),
    st.sampled_from(["fever", "MI", ",", ".", ";", ":", "\n", "\n\n", "- ", "1. ", "?", "(", ")", "+", "or", "and"]),
    st.text(max_size=6),
)
FAMILIES = st.sampled_from(["none", "ros", "family", "allergies", "return_precautions", "plan", "unheard-of"])


@settings(max_examples=300, deadline=None)
@given(
    pieces=st.lists(PIECES, max_size=25),
    glue=st.sampled_from([" ", ""]),
    family=FAMILIES,
    width=st.integers(1, 4),
)
def test_any_text_is_asserted_with_offsets_inside_it(
    nlp: Language, asserter: Asserter, pieces: list[str], glue: str, family: str, width: int
) -> None:
    text = glue.join(pieces)
    with nlp.memory_zone():
        doc = read(nlp, text)
        spans = [(i, min(i + width, len(doc))) for i in range(len(doc))]
        assertions = asserter.assert_spans(doc, spans, [family] * len(spans))
    assert len(assertions) == len(spans)
    for said in assertions:
        if said.trigger_start == -1:
            assert said.trigger_end == -1
            assert said.rule == "" or said.rule.startswith("section-")
        else:
            assert 0 <= said.trigger_start < said.trigger_end <= len(text)
            assert said.rule
