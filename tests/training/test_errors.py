"""Misses and false alarms of charts built by hand, and the stage at which they arose."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from suggest.records import PRESENT as ASSERTED
from suggest.records import (
    Code,
    CodeLine,
    Encounter,
    Evidence,
    GoldCode,
    Mention,
    Note,
    RankedCode,
    RunStamp,
    Section,
    Setting,
    Suggestion,
    Support,
    SuppressedCode,
    System,
    TrainingExample,
)
from training.errors import FALSE_ALARMS, LOST, ErrorFinder, Excerpt, Kind, Stage, excerpt_of
from training.evaluate import score
from training.predict import Outcome, prediction_of

TEXT = "HPI: tired and thirsty.\nA/P: 1. DM2 with CKD 3a\n2. gouty toe"
THRESHOLD = 0.3
MODEL = SimpleNamespace(name="by-hand@0", threshold=lambda _policy: THRESHOLD)


def evidence(words, text=TEXT, note="n"):
    start = text.index(words)
    return Evidence(note, start, start + len(words), words)


def ranked(code, probability, words="DM2", source="lexicon", term="dm2"):
    support = Support(evidence(words), "assessment_plan", ASSERTED, term, source)
    return RankedCode(Code(System.ICD10CM, code), "", probability, (support,))


def gold(code, *words):
    system = System.CPT if code.isdigit() else System.ICD10CM
    return GoldCode(Code(system, code), tuple(map(evidence, words)))


def outcome(*golds, candidates=(), proposed=(), suppressed=(), mentions=("DM2", "CKD 3a"), **example):
    encounter = Encounter("c1", (Note("n", TEXT),), setting=Setting.ED)
    codes = sorted(candidates, key=lambda code: -code.probability)
    by_code = {code.code.code: code for code in codes}
    spans = [evidence(words) for words in mentions]
    middle = TEXT.index("A/P")
    reading = SimpleNamespace(
        number=0,
        note=encounter.notes[0],
        sections=[Section("hpi", 0, 5, middle), Section("assessment_plan", middle, middle + 5, len(TEXT))],
    )
    read = SimpleNamespace(mentions=[Mention(0, s.start, s.end, 0, 1, 0) for s in spans], readings=[reading])
    suggestion = Suggestion(
        encounter_id="c1",
        ranked=tuple(codes),
        codes=tuple(CodeLine(by_code[code]) for code in proposed),
        suppressed=tuple(SuppressedCode(by_code[code], *verdict) for code, *verdict in suppressed),
        findings=(),
        queries=(),
        stamp=RunStamp("0", "m", (), "i", "p", "h"),
    )
    return Outcome(TrainingExample(encounter, golds, **example), read, None, suggestion)


@pytest.fixture
def find(index):
    def observe(*golds, **options):
        finder = ErrorFinder(index, MODEL)
        finder.observe(outcome(*golds, **options))
        return finder

    return observe


@pytest.mark.parametrize(
    ("golds", "options", "stage", "detail"),
    [
        # The words that gold rests on were not matched at all.
        ([gold("M10.9", "gouty toe")], {}, Stage.NO_MENTION, ""),
        (
            [gold("M10.9", "gouty toe")],
            {"candidates": [ranked("M10.1", 0.2)]},
            Stage.NO_MENTION,
            "M10.1 is a candidate",
        ),
        # Without evidence: nothing leads to the category.
        ([gold("M10.9")], {"candidates": [ranked("E11.9", 0.2)]}, Stage.NO_MENTION, ""),
        # Part of the evidence was matched, but leads elsewhere.
        ([gold("E11.22", "DM2 with CKD")], {"candidates": [ranked("I10", 0.2)]}, Stage.NO_CANDIDATE, ""),
        ([gold("E11.22", "thirsty", "DM2")], {"candidates": [ranked("I10", 0.2)]}, Stage.NO_CANDIDATE, ""),
        # Another code of the category was a candidate, or was proposed.
        (
            [gold("E11.22", "DM2")],
            {"candidates": [ranked("E11.9", 0.2), ranked("E11.65", 0.25)]},
            Stage.WRONG_SIBLING,
            "E11.65 is a candidate",
        ),
        (
            [gold("E11.22")],
            {"candidates": [ranked("E11.9", 0.9), ranked("E11.65", 0.8), ranked("E11.8", 0.95)], "proposed": ["E11.9"]},
            Stage.WRONG_SIBLING,
            "E11.9 proposed",
        ),
        (
            [gold("E11.22", "DM2")],
            {"candidates": [ranked("E11.22", 0.2), ranked("E11.9", 0.9)], "proposed": ["E11.9"]},
            Stage.WRONG_SIBLING,
            "E11.9 proposed",
        ),
        # A sibling that is no more than a candidate does not explain why a candidate ranks low.
        (
            [gold("E11.22", "DM2")],
            {
                "candidates": [ranked("E11.22", 0.29), ranked("E11.9", 0.2)],
                "suppressed": [("E11.22", "below-threshold", "probability 0.29 is under 0.30", None)],
            },
            Stage.RANKED_LOW,
            "",
        ),
        (
            [gold("E11.9", "DM2")],
            {
                "candidates": [ranked("E11.9", 0.3), ranked("E11.22", 0.9)],
                "proposed": ["E11.22"],
                "suppressed": [("E11.9", "unspecified", "the record says more", "E11.22")],
            },
            Stage.SUPPRESSED,
            "unspecified: the record says more (E11.22)",
        ),
        # Suppressed codes of low probability are not reported with their rule.
        ([gold("E11.9", "DM2")], {"candidates": [ranked("E11.9", 0.3)]}, Stage.SUPPRESSED, "by a selection rule"),
    ],
)
def test_a_miss_is_lost_at_a_stage(find, golds, options, stage, detail):
    (error,) = [error for error in find(*golds, **options).errors if error.kind is Kind.MISS]
    assert (error.stage, error.detail) == (stage, detail)


@pytest.mark.parametrize(
    ("golds", "example", "stage", "detail"),
    [
        ([gold("E11.22"), gold("E11.65")], {}, Stage.SIBLING_OF_GOLD, "gold is E11.22, E11.65"),
        ([gold("E11.22")], {"not_codable": frozenset({"E11.9"})}, Stage.NOT_CODABLE, ""),
        ([gold("I10")], {}, Stage.OTHER, ""),
    ],
)
def test_kinds_of_false_alarms(find, golds, example, stage, detail):
    found = find(*golds, candidates=[ranked("E11.9", 0.9)], proposed=["E11.9"], **example)
    (error,) = [error for error in found.errors if error.kind is Kind.FALSE_ALARM]
    assert (error.stage, error.detail) == (stage, detail)
    assert (error.code, error.probability, error.rank) == ("E11.9", 0.9, 1)
    assert error.excerpt.words == "DM2"


def test_what_an_error_says(find):
    found = find(gold("E11.22", "DM2 with CKD"), candidates=[ranked("I10", 0.5), ranked("E11.22", 0.2, "CKD 3a")])
    (error,) = found.errors
    assert (error.chart, error.setting, error.chapter, error.code) == ("c1", "ed", 4, "E11.22")
    assert error.title == "Type 2 diabetes mellitus with diabetic chronic kidney disease"
    assert (error.probability, error.threshold, error.rank) == (0.2, THRESHOLD, 2)
    # The evidence of gold, not the mention that led to the candidate.
    assert error.excerpt == Excerpt("HPI: tired and thirsty. A/P: 1. ", "DM2 with CKD", " 3a 2. gouty toe")
    assert (error.section, error.source, error.term) == ("assessment_plan", "lexicon", "dm2")
    assert error.words_of == ""


def test_without_evidence_the_strongest_mention_is_shown_or_that_of_a_sibling(find):
    (own,) = find(gold("E11.22"), candidates=[ranked("E11.22", 0.2, "CKD 3a")]).errors
    assert (own.excerpt.words, own.words_of, own.source) == ("CKD 3a", "", "lexicon")
    (sibling,) = find(gold("E11.22"), candidates=[ranked("E11.9", 0.2)]).errors
    assert (sibling.excerpt.words, sibling.words_of, sibling.source) == ("DM2", "E11.9", "")
    (nothing,) = find(gold("E11.22")).errors
    assert (nothing.excerpt, nothing.section, nothing.probability, nothing.rank) == (None, "", None, None)


def test_a_code_that_the_edition_lacks(find):
    (error,) = find(gold("Q99.99", "gouty toe")).errors
    assert (error.title, error.chapter, error.stage) == ("", 0, Stage.NO_MENTION)


def test_acceptable_codes_procedures_and_repeats_are_no_errors(find):
    found = find(
        gold("E11.9"), gold("E11.9"), gold("99213"), gold("Z79.4"),
        candidates=[ranked("E11.9", 0.9), ranked("E66.9", 0.8)],
        proposed=["E11.9", "E66.9"],
        acceptable=frozenset({"Z79.4", "E66.9"}),
    )  # fmt: skip
    assert (found.errors, found.first_listed) == ([], [])
    assert (found.charts, found.gold, found.proposed) == (1, 1, 1)


@pytest.mark.parametrize(
    ("codes", "proposed", "expected"),
    [
        (["I10", "E11.9"], ["I10", "E11.9"], ("I10", "proposed at place 2")),
        (["I10", "E11.9"], ["I10"], ("I10", "not proposed")),
        (["I10"], ["I10"], ("I10", "not candidate")),
        (["E11.9"], [], ("", "not proposed")),
        # Acceptable codes do not count, on either side.
        (["Z79.4", "E11.9", "I10"], ["Z79.4", "I10", "E11.9"], ("I10", "proposed at place 2")),
        (["Z79.4", "E11.9"], ["Z79.4", "E11.9"], None),
    ],
)
def test_first_listed(find, codes, proposed, expected):
    found = find(
        gold("E11.9"),
        candidates=[ranked(code, 0.5) for code in codes],
        proposed=proposed,
        acceptable=frozenset({"Z79.4"}),
    )
    pairs = [(error.proposed, error.outcome) for error in found.first_listed]
    assert pairs == ([] if expected is None else [expected])
    assert all(error.gold == "E11.9" and error.gold_title for error in found.first_listed)


def test_the_errors_agree_with_the_measures(index):
    outcomes = [
        outcome(gold("E11.22"), gold("I10"), candidates=[ranked("I10", 0.9), ranked("J00", 0.8)], proposed=["J00"]),
        outcome(gold("E11.9"), candidates=[ranked("E11.9", 0.9), ranked("J00", 0.5)], proposed=["E11.9", "J00"]),
    ]
    finder = ErrorFinder(index, MODEL)
    for one in outcomes:
        finder.observe(one)
    measures = score([o.example for o in outcomes], [prediction_of(o.suggestion) for o in outcomes], seed=0)
    misses = sum(error.stage in LOST for error in finder.errors)
    alarms = sum(error.stage in FALSE_ALARMS for error in finder.errors)
    diagnosis = measures["diagnosis"]
    assert 1 - misses / finder.gold == pytest.approx(diagnosis["recall"])
    assert 1 - alarms / finder.proposed == pytest.approx(diagnosis["precision"])
    assert 1 - len(finder.first_listed) / finder.charts == pytest.approx(diagnosis["first_listed"])


def test_an_excerpt_is_one_line_cut_at_words():
    text = "word " * 40 + "the\twords\n" + "more " * 40
    found = excerpt_of(text, 200, 209)
    assert found.words == "the words"
    assert found.before == "... " + "word " * 11
    assert found.after == " " + "more " * 10 + "more ..."
    assert excerpt_of("DM2\x00", 0, 3) == Excerpt("", "DM2", " ")


def test_a_long_span_is_shown_with_its_ends():
    text = "begin " + "x" * 500 + " end"
    words = excerpt_of(text, 0, len(text)).words
    assert words.startswith("begin x")
    assert words.endswith("x end")
    assert len(words) < 260
