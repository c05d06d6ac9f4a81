"""Combination codes of conditions that are documented together."""

from __future__ import annotations

import pytest

from suggest.combinations import combination_rules, combine
from suggest.edges import Edge
from suggest.lexicon import Source


def row(index, code, status=0, quality=1.0, source=Source.TITLE, mention=0):
    return Edge(index.row(code), mention, int(source), quality, 5.0, 1.0, 0, 0, 0, status, -1)


def combined(index, *codes, **options):
    found = combine(index, [row(index, code, mention=i, **options) for i, code in enumerate(codes)])
    return {index.code(c.row): {index.code(part) for part in c.replaces} for c in found}


@pytest.mark.parametrize(
    ("codes", "result", "replaces"),
    [
        (("I10", "N18.30"), "I12.9", {"I10"}),
        (("I10", "N18.6"), "I12.0", {"I10"}),
        (("I10", "I50.9"), "I11.0", {"I10"}),
        (("I10", "I50.32", "N18.32"), "I13.0", {"I10", "I11.0", "I12.9"}),
        (("I10", "I50.9", "N18.5"), "I13.2", {"I10", "I11.0", "I12.0"}),
        (("E11.9", "N18.4"), "E11.22", {"E11.9"}),
        (("E11.9", "G62.9"), "E11.42", {"E11.9", "G62.9"}),
        (("E10.9", "N18.9"), "E10.22", {"E10.9"}),
        (("E09.9", "N18.31"), "E09.22", {"E09.9"}),
        (("E13.9", "E16.2"), "E13.649", {"E13.9", "E16.2"}),
        (("E11.9", "I96"), "E11.52", {"E11.9", "I96"}),
        (("I12.9", "I50.9", "N18.31"), "I13.0", {"I12.9"}),
        (("A41.9", "J15.212"), "A41.02", {"A41.9"}),
        (("I25.10", "I20.0"), "I25.110", {"I25.10", "I20.0"}),
        (("J44.9", "J18.9"), "J44.0", {"J44.9"}),
        (("K70.30", "R18.8"), "K70.31", {"K70.30", "R18.8"}),
        (("K21.9", "K20.90"), "K21.00", {"K21.9", "K20.90"}),
        (("D64.9", "N18.4"), "D63.1", {"D64.9"}),
    ],
)
def test_documented_together(index, codes, result, replaces):
    assert combined(index, *codes)[result] == replaces


@pytest.mark.parametrize("codes", [(), ("I10",), ("N18.30",), ("E11.9", "I10"), ("J18.9", "J20.9")])
def test_nothing_to_combine(index, codes):
    assert combined(index, *codes) == {}


@pytest.mark.parametrize("status", range(1, 7))
def test_only_present_conditions_combine(index, status):
    assert combined(index, "I10", "N18.30", status=status) == {}


@pytest.mark.parametrize("source", [Source.DRUG, Source.ALLERGEN])
def test_drugs_and_allergens_are_no_conditions(index, source):
    assert combined(index, "I10", "N18.30", source=source) == {}


def test_rare_types_of_diabetes_need_a_whole_term(index):
    parts = [row(index, "N18.31", mention=1)]
    loose = row(index, "E13.9", source=Source.COVERAGE, quality=0.7)
    assert combine(index, [loose, *parts]) == []
    assert combine(index, [loose._replace(quality=1.0), *parts])


def test_codes_beyond_the_index_are_left_alone(index):
    beyond = Edge(len(index) + 3, 0, 0, 1.0, 5.0, 1.0, 0, 0, 0, 0, -1)
    assert combine(index, [beyond]) == []


def test_the_edges_are_those_of_the_parts(index):
    rows = [row(index, "I10", mention=4), row(index, "N18.30", mention=7, quality=0.5)]
    (found,) = combine(index, rows)
    assert {edge.mention for edge in found.edges} == {4, 7}
    assert {edge.source for edge in found.edges} == {Source.COMBINATION}
    assert {edge.quality for edge in found.edges} == {0.5}
    assert {edge.code for edge in found.edges} == {index.row("I12.9")}


def test_a_combination_is_as_sure_as_its_least_sure_part(index):
    parts = [row(index, "I10")._replace(fit=0.75), row(index, "N18.30", quality=0.8, mention=1)]
    (found,) = combine(index, parts)
    assert {(edge.quality, edge.fit) for edge in found.edges} == {(0.8, 0.75)}


def test_order_of_rows_does_not_matter(index):
    rows = [row(index, code, mention=i) for i, code in enumerate(("I10", "I50.9", "N18.4", "E11.9"))]
    results = [{c.row for c in combine(index, order)} for order in (rows, rows[::-1])]
    assert results[0] == results[1]


def test_rules_cite_their_source_and_name_billable_results(index):
    for rule in combination_rules():
        assert rule.source
        assert index.billable[index.row(rule.result)], rule.result
        assert len(rule.needs) >= 2
