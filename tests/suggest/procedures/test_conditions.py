"""What a code asks for, and how a note stands to it."""

from __future__ import annotations

import math

import pytest

from suggest.errors import ResourceError
from suggest.procedures.conditions import Verdict, parse_asks
from suggest.procedures.finder import view_of


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("length:2.6-7.5", 2.6, 7.5),
        ("length:<=2.5", -math.inf, 2.5),
        ("count:>=15", 15, math.inf),
        ("count:<3", -math.inf, 2),
        ("count:2", 2, 2),
        ("minutes:>30", 31, math.inf),
    ],
)
def test_ranges(text: str, low: float, high: float) -> None:
    (ask,) = parse_asks(text)
    assert (ask.low, ask.high) == (low, high)


def test_a_range_of_ages_holds_its_last_year() -> None:
    (ask,) = parse_asks("age:1-4")
    assert ask.low <= 4.9 <= ask.high < 5


@pytest.mark.parametrize("text", ["length", "length:big", "size:3", "contrast:maybe", "count:>2-3", "any:"])
def test_what_is_not_understood_names_its_place(text: str) -> None:
    with pytest.raises(ResourceError, match=r"cpt\.tsv:7"):
        parse_asks(text, "cpt.tsv:7")


@pytest.fixture(scope="module")
def surroundings(plain_suggester, chart):
    def make(text: str, **facts):
        encounter = chart(text, **facts)
        (reading,) = plain_suggester.read(encounter)
        return view_of(reading, encounter).surroundings, reading

    return make


@pytest.mark.parametrize(
    ("text", "word", "ask", "verdict"),
    [
        ("Laceration repair, 5 cm.", "repair", "length:2.6-7.5", Verdict.MET),
        ("Laceration repair.\nIt was 5 cm.", "repair", "length:2.6-7.5", Verdict.FAR),
        ("Laceration repair, 9 cm.", "repair", "length:2.6-7.5", Verdict.BROKEN),
        ("Laceration repair.", "repair", "length:2.6-7.5", Verdict.UNSAID),
        ("Wounds repair: 2 cm and 3 cm.", "repair", "sum:4-6", Verdict.MET),
        ("Recurrent hernia repair.", "repair", "any:recurrent", Verdict.MET),
        ("Hernia repair.\nIt is recurrent.", "repair", "any:recurrent", Verdict.FAR),
        ("Hernia repair.", "repair", "any:recurrent", Verdict.MISSING),
        ("Hernia repair.", "repair", "not:recurrent", Verdict.MET),
        ("Recurrent hernia repair.", "repair", "not:recurrent", Verdict.BROKEN),
        ("CT abdomen with and without contrast.", "abdomen", "contrast:both", Verdict.MET),
        ("CT abdomen with contrast.", "abdomen", "contrast:none", Verdict.BROKEN),
        ("CT abdomen.", "abdomen", "contrast:with", Verdict.MISSING),
        ("Psychotherapy 45 minutes.", "Psychotherapy", "minutes:38-52", Verdict.MET),
    ],
)
def test_verdicts(surroundings, text: str, word: str, ask: str, verdict: Verdict) -> None:
    around, reading = surroundings(text)
    at = [int(o) for o in reading.offsets].index(text.index(word))
    (condition,) = parse_asks(ask)
    assert around.judge(condition, (at, at + 1))[0] is verdict


@pytest.mark.parametrize(("age", "verdict"), [(3, Verdict.MET), (7, Verdict.BROKEN), (None, Verdict.UNSAID)])
def test_age_comes_from_the_encounter(surroundings, age: float | None, verdict: Verdict) -> None:
    around, _reading = surroundings("Vaccine given.", age=age)
    assert around.judge(parse_asks("age:<5")[0], (0, 1))[0] is verdict
