"""Ranked codes as records that a coder can check."""

from __future__ import annotations

import pytest

NOTES = (
    "HPI: 64-year-old woman with h\u00e9moptysis, \U0001f600 cough and fever. Denies chest pain.\r\n"
    "PMH: HTN; T2DM; CKD stage 3b. Mother had breast cancer.\r\nAllergies: penicillin",
    "Assessment:\n1. Pneumonia, possible\n2. Pain in right knee\n3. History of pulmonary embolism\n4. BMI 41.2",
)


@pytest.fixture(scope="module")
def suggestion(plain_suggester, chart):
    return plain_suggester.suggest(chart(*NOTES, age=64, sex="F"))


@pytest.fixture(scope="module")
def by_code(suggestion):
    return {ranked.code.code: ranked for ranked in suggestion.ranked}


def test_every_quote_stands_where_it_says(suggestion):
    texts = {f"n{i}": text for i, text in enumerate(NOTES)}
    found = [support.evidence for ranked in suggestion.ranked for support in ranked.support]
    found += [o.evidence for ranked in suggestion.ranked for o in ranked.against if o.evidence]
    assert len(found) > 20
    for evidence in found:
        assert 0 <= evidence.start < evidence.end <= len(texts[evidence.note_id])
        assert texts[evidence.note_id][evidence.start : evidence.end] == evidence.quote
        assert evidence.quote == evidence.quote.strip()


def test_codes_are_ranked_once_by_falling_probability(suggestion):
    keys = [(-ranked.probability, ranked.code.code) for ranked in suggestion.ranked]
    assert [key[0] for key in keys] == sorted(key[0] for key in keys)
    assert len({ranked.code for ranked in suggestion.ranked}) == len(suggestion.ranked)
    assert all(0 <= ranked.probability <= 1 for ranked in suggestion.ranked)


def test_every_code_has_a_title_a_reason_and_support(suggestion, index):
    for ranked in suggestion.ranked:
        assert ranked.title == index.title(index.row(ranked.code.code))
        assert ranked.code.edition == "FY2026"
        assert ranked.reason
        assert 1 <= len(ranked.support) <= 8
        assert len({(s.evidence.note_id, s.evidence.start, s.evidence.end) for s in ranked.support}) >= 1


@pytest.mark.parametrize(
    ("code", "source", "status", "section"),
    [
        ("I10", "inclusion", "present", "pmh"),
        ("Z80.3", "family-history", "family", "pmh"),
        ("Z88.0", "allergen", "allergy", "allergies"),
        ("Z68.41", "measurement", "present", "assessment"),
        ("I12.9", "combination", "present", "pmh"),
        ("M25.561", "title", "present", "assessment"),
        ("J18.9", "title", "possible", "assessment"),
        ("R07.9", "title", "negated", "hpi"),
    ],
)
def test_the_way_to_a_code_is_told(by_code, code, source, status, section):
    ways = {(s.source, s.assertion.status.value, s.section) for s in by_code[code].support}
    assert (source, status, section) in ways or (
        source in ("inclusion", "title") and ("lexicon", status, section) in ways
    )


@pytest.mark.parametrize(("code", "reason"), [("R07.9", "negated here"), ("J18.9", "uncertain here")])
def test_what_speaks_against_a_code_is_told(by_code, code, reason):
    assert reason in {objection.reason for objection in by_code[code].against}


@pytest.mark.parametrize("code", ["Z80.3", "Z88.0", "Z86.711"])
def test_codes_that_say_it_themselves_are_not_objected_to(by_code, code):
    assert by_code[code].against == ()


@pytest.mark.parametrize(
    ("text", "code", "quote"),
    [
        ("A/P: Congestive heart failure", "I50.9", "Congestive heart failure"),
        ("A/P: chronic kidney disease", "N18.9", "chronic kidney disease"),
        ("A/P:\n4. CKD\n5. Gout", "N18.9", "CKD"),
    ],
)
def test_the_whole_phrase_is_the_evidence(plain_suggester, chart, text, code, quote):
    found = {ranked.code.code: ranked for ranked in plain_suggester.suggest(chart(text)).ranked}
    assert found[code].support[0].evidence.quote == quote


def test_the_number_of_an_item_is_no_stage(plain_suggester, chart):
    codes = {ranked.code.code for ranked in plain_suggester.suggest(chart("A/P:\n3. HTN\n4. CKD\n5. Gout")).ranked}
    assert {"N18.9", "I12.9"} <= codes
    assert not codes & {"N18.30", "N18.4", "N18.5"}


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("A/P: mild intermittent asthma - not in exacerbation", "J45.20", "J45.21"),
        ("A/P: non-bleeding gastric ulcer", "K25.9", "K25.4"),
        ("A/P: osteoarthritis of left knee", "M17.12", "M17.11"),
    ],
)
def test_what_is_denied_of_a_disease_is_no_detail_of_it(plain_suggester, chart, text, wanted, unwanted):
    ranked = [found.code.code for found in plain_suggester.suggest(chart(text)).ranked]
    assert wanted in ranked
    assert unwanted not in ranked or ranked.index(wanted) < ranked.index(unwanted)
