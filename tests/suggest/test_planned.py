"""Planned operations are no status of the patient."""

from __future__ import annotations

import pytest

from suggest.resources import read_table


@pytest.fixture
def statuses(plain_suggester, chart):
    """Returns what is said of the words that lead to a code."""

    def find(text, code, **options):
        candidates, _table = plain_suggester.features(chart(text, **options))
        edges = candidates.edges
        own = [i for i in range(len(edges)) if plain_suggester.code(int(edges.code[i])) == code]
        mentions = [candidates.mentions[int(edges.mention[i])] for i in own]
        words = {(m.start, m.end): m.assertion for m in mentions}
        return {assertion.status.value for assertion in words.values()}

    return find


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("A/P: Morbid obesity, scheduled for gastric bypass surgery in two weeks.", "Z98.84"),
        ("Patient here to discuss gastric bypass.", "Z98.84"),
        ("ESRD, being evaluated for kidney transplant.", "Z94.0"),
        ("She is a candidate for liver transplant.", "Z94.4"),
        ("ESRD. Kidney transplant evaluation is under way.", "Z94.0"),
        ("CAD. Plan for CABG next week.", "Z95.1"),
        ("CAD. CABG planned for next week.", "Z95.1"),
        ("Will proceed with right total knee arthroplasty.", "Z96.651"),
        ("Scheduled for right total knee replacement.", "Z96.651"),
        ("Awaiting heart transplant.", "Z94.1"),
        ("Referred for colostomy.", "Z93.3"),
        ("ESRD on dialysis. Active on deceased donor kidney transplant list.", "Z94.0"),
    ],
)
def test_what_is_planned_is_not_there_yet(statuses, text, code):
    assert statuses(text, code) == {"hypothetical"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("S/p gastric bypass 2015.", "Z98.84"),
        ("PSH: CABG", "Z95.1"),
        ("Recommended aspirin after CABG.", "Z95.1"),
        ("Discussed diet. CABG 2014.", "Z95.1"),
        ("Plan for echo, pacemaker in place.", "Z95.0"),
        ("Kidney transplant 2012, scheduled for labs.", "Z94.0"),
        ("Colostomy, output normal.", "Z93.3"),
        ("Plan for kidney transplant biopsy.", "Z94.0"),
        ("Discussed revision of gastric bypass.", "Z98.84"),
        ("Awaiting biopsy of the kidney transplant.", "Z94.0"),
    ],
)
def test_what_is_there_stays(statuses, text, code):
    assert "present" in statuses(text, code)


def test_plans_say_nothing_of_diseases(statuses):
    assert statuses("Scheduled for colonoscopy for diverticulosis.", "K57.90") == {"present"}


def test_benchmarks_code_what_is_mentioned(statuses):
    assert statuses("Plan for CABG next week.", "Z95.1", policy="benchmark-codiesp") == {"present"}


def test_the_words_of_plans_are_sorted_and_on_one_of_two_sides():
    rows = [(row["phrase"], row["side"]) for row in read_table("assertion/planned.tsv")]
    assert rows == sorted(set(rows))
    assert {side for _phrase, side in rows} == {"before", "behind"}
