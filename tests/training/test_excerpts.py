"""Excerpts of charts: what they keep, and what they leave out of the count."""

from dataclasses import replace

import pytest

from suggest.records import Code, Encounter, Evidence, GoldCode, Note, System, TrainingExample
from training.excerpts import excerpts

TEXT = "HPI: 60 yo here for follow-up, smokes.\nA/P:\n1. HTN - continue\n2. Gout, no flare\n3. Return in a year\n"


def gold(code, words, text=TEXT):
    start = text.index(words)
    return GoldCode(Code(System.ICD10CM, code), (Evidence("n", start, start + len(words), words),))


@pytest.fixture
def example():
    return TrainingExample(
        encounter=Encounter("e", (Note("n", TEXT),)),
        gold=(gold("M10.9", "Gout"), gold("I10", "HTN"), gold("F17.200", "smokes")),
        acceptable=frozenset({"Z79.899"}),
        not_codable=frozenset({"I11.9"}),
        family="f",
    )


def codes(excerpt):
    return [found.code.code for found in excerpt.gold]


def test_the_statement_and_its_lines_keep_the_codes_whose_evidence_they_hold(example):
    statement, *lines = excerpts(example)
    assert codes(statement) == ["M10.9", "I10"]
    assert "HTN" in statement.encounter.notes[0].text
    assert "smokes" not in statement.encounter.notes[0].text
    assert [(line.encounter.notes[0].text, codes(line)) for line in lines] == [
        ("1. HTN - continue", ["I10"]),
        ("2. Gout, no flare", ["M10.9"]),
    ]


def test_codes_from_elsewhere_are_neither_right_nor_wrong(example):
    statement, first, _second = excerpts(example)
    assert statement.acceptable == {"Z79.899", "F17.200"}
    assert first.acceptable == {"Z79.899", "F17.200", "M10.9"}
    assert first.not_codable == example.not_codable


def test_excerpts_stay_in_the_family_and_have_ids_of_their_own(example):
    found = list(excerpts(example))
    assert {excerpt.family for excerpt in found} == {"f"}
    assert len({excerpt.encounter.id for excerpt in (example, *found)}) == len(found) + 1
    assert {excerpt.family for excerpt in excerpts(replace(example, family=""))} == {"e"}


def test_benchmarks_and_charts_without_marked_evidence_have_none(example):
    benchmark = replace(example, encounter=replace(example.encounter, policy="benchmark-codiesp"))
    assert list(excerpts(benchmark)) == []
    assert list(excerpts(replace(example, gold=(GoldCode(Code(System.ICD10CM, "I10")),)))) == []
    two = replace(example.encounter, notes=(*example.encounter.notes, Note("m", "A/P: HTN")))
    assert list(excerpts(replace(example, encounter=two))) == []
