"""Statements that name a code by their pattern."""

from __future__ import annotations

import pytest

from suggest.errors import ResourceError
from suggest.statements import _filled, all_statements, statements_in


@pytest.fixture
def codes(chart):
    def find(text, **options):
        return {found.code for found in statements_in(text, chart(text, **options))}

    return find


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("still 5 cigs/day", {}, {"F17.210"}),
        ("5cigs/day", {}, {"F17.210"}),
        ("quit, before that 5 cigs/day", {}, set()),
        ("POD 10 from rTSA", {}, {"Z47.1"}),
        ("C3D1 BEACOPP", {"age": 60}, {"Z51.11"}),
        ("toradol -> hives", {}, {"Z88.6"}),
        ("prior rLTCS, 30w0d", {"sex": "F", "age": 36}, {"O34.211"}),
        ("C3D1 FOLFOX", {"age": 60}, {"Z51.11"}),
        ("C3D1 FOLFOX", {"age": 6}, set()),
        ("C3-4 disc bulge", {"age": 60}, set()),
        ("s/p 6 cycles, last C6 R-CHOP", {"age": 60}, set()),
        ("Hold C4 FOLFIRI", {"age": 60}, {"Z53.09"}),
        ("C4 pembrolizumab", {"age": 60}, {"Z51.12"}),
        ("Mirena inserted today", {"sex": "F", "age": 30}, {"Z30.430"}),
        ("Mirena inserted 2021", {"sex": "M", "age": 30}, set()),
        ("3b perineal laceration", {"sex": "F", "age": 30}, {"O70.22"}),
        ("GBS pos, 36w0d", {"sex": "F", "age": 30}, {"O99.820"}),
        ("GBS pos", {"sex": "F", "age": 30}, set()),
        ("G3P2 at 30w0d, AMA", {"sex": "F", "age": 36}, {"O09.529"}),
        ("G3P2 at 30w0d, left AMA", {"sex": "F", "age": 36}, set()),
        ("sepsis ruled out", {"age": 0}, {"Z05.1"}),
        ("sepsis ruled out", {"age": 50}, set()),
        ("PCN -> hives", {}, {"Z88.0"}),
        ("tolerated PCN, rash from soap", {}, set()),
        ("A neg, Rh immune globulin given", {}, {"Z67.11"}),
        ("hep A neg, Rh unknown", {}, set()),
    ],
)
def test_statements(codes, text, options, expected):
    assert codes(text, **options) == expected


def test_a_statement_is_found_in_its_line(chart):
    text = "Plan\nC3D1 FOLFOX today\nC4 next"
    (found,) = statements_in(text, chart(text, age=60))
    assert text[found.start : found.end] == "C3D1 FOLFOX"


def test_letters_that_change_their_length_do_not_shift_places(chart):
    text = "\u0130\u0130\u0130 still 5 Cigs/day"
    (found,) = statements_in(text, chart(text))
    assert text[found.start : found.end] == "5 Cigs/day"


def test_every_statement_names_a_billable_code_words_and_a_source(index):
    for statement in all_statements():
        assert index.billable[index.row(statement.code)], statement.code
        assert all(statement.words), statement.code
        assert all(word == word.lower() for word in statement.words), statement.code


def test_a_list_that_is_not_defined_is_refused():
    with pytest.raises(ResourceError, match="no list 'regimen'"):
        _filled("{regimen}", {"chemo": "x"})


def test_quantifiers_are_no_lists():
    assert _filled(r"\d{1,2} {drug}", {"drug": "a|b"}) == r"\d{1,2} (?:a|b)"
