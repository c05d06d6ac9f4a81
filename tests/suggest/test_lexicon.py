"""Lines of the lexicons and their conditions."""

from __future__ import annotations

import pytest

from suggest.errors import ResourceError
from suggest.lexicon import Condition, Entry, Source, check_lexicon, parse_condition, read_lexicon


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", None),
        ("near:mitral|murmur", Condition("near", ("mitral", "murmur"))),
        ("not_near:no", Condition("not_near", ("no",))),
        ("section:pmh", Condition("section", ("pmh",))),
        ("sex:F", Condition("sex", ("F",))),
        ("age<18", Condition("age", ("<", "18"))),
        ("age<=1", Condition("age", ("<=", "1"))),
        ("age>=65", Condition("age", (">=", "65"))),
        ("age>12", Condition("age", (">", "12"))),
    ],
)
def test_conditions(text, wanted):
    assert parse_condition(text, "here") == wanted


@pytest.mark.parametrize("text", ["near", "near:", "far:x", "age", "age<", "age<x", "age=3", ":x"])
def test_unknown_conditions_are_refused_with_their_place(text):
    with pytest.raises(ResourceError, match=r"cardio\.tsv:7"):
        parse_condition(text, "cardio.tsv:7")


def entry(term="htn", codes=("I10",), condition=None, place="a:2"):
    return Entry(term, codes, Source.LEXICON, condition, place)


def test_an_unknown_code_is_refused():
    with pytest.raises(ResourceError, match=r"a:2.*I99\.99"):
        list(check_lexicon(iter([entry(codes=("I10", "I99.99"))]), lambda code: code == "I10"))


def test_a_term_stands_once_under_a_condition():
    again = [entry(), entry("HTN", place="b:9")]
    with pytest.raises(ResourceError, match=r"b:9.*a:2"):
        list(check_lexicon(iter(again), lambda _code: True))
    apart = [entry(), entry(condition=Condition("sex", ("F",)), place="b:9")]
    assert list(check_lexicon(iter(apart), lambda _code: True)) == apart


def test_all_tables_are_read():
    sources = {entry.source for entry in read_lexicon()}
    assert sources == {Source.LEXICON, Source.DRUG, Source.ALLERGEN}
