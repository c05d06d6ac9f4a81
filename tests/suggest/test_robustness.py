"""Text that no chart should hold, through the whole pipeline."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suggest.nlp import make_nlp, read

CHART = (
    "HPI: 64-year-old man with cough and fever for 3 days. Denies chest pain.\n"
    "PMH: HTN, T2DM with CKD stage 3b, h/o DVT.\nAssessment: 1. Pneumonia 2. Right knee pain\n\n"
)

PIECES = (
    *("gout", "no", "right", "knee", "pain", ":", "\n", "-", "h/o", "mother", "(", ")", "?", "1.", "BMI", "32"),
    *("weeks", "\u00e9", "allergic to", "penicillin", "Assessment:", "fracture", ";", ",", "or"),
)


def codes_of(suggestion):
    return {line.ranked.code.code for line in suggestion.codes}


def check_evidence(suggestion, text):
    for ranked in suggestion.ranked:
        for support in ranked.support:
            assert text[support.evidence.start : support.evidence.end] == support.evidence.quote


@pytest.fixture
def suggest(plain_suggester, chart):
    def run(text, **options):
        suggestion = plain_suggester.suggest(chart(text, **options))
        check_evidence(suggestion, text)
        return suggestion

    return run


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\n\n\t \r\n",
        "\u200b\u200c\ufeff",
        "\u00a0\u2003",
        "...",
        "?!?!",
        "\U0001f600" * 100,
        "\u0627\u0644\u0633\u0644\u0627\u0645 \u05e9\u05dc\u05d5\u05dd",
        "\u6f22\u5b57\u304b\u306a",
        "\x00\x01\x02",
        "e" + "\u0301" * 1000,
    ],
    ids=ascii,
)
def test_text_that_says_nothing_has_no_codes(suggest, text):
    assert codes_of(suggest(text)) == set()


def test_no_notes(plain_suggester, chart):
    assert plain_suggester.suggest(chart()).codes == ()


@pytest.mark.parametrize(
    "text",
    [
        "x" * 200_000,
        "word " * 40_000,
        "fever, " * 30_000,
        "(" * 10_000 + "gout" + ")" * 10_000,
        "[" * 10_000,
        "- " * 10_000,
        ": " * 10_000,
        "1. " * 10_000,
        "no " * 10_000 + "gout",
        "/" * 50_000,
        "'" * 50_000,
        "1" * 50_000,
        "1.1" * 20_000,
        "\n" * 100_000,
        "Assessment:\n" * 10_000,
        "right left " * 5_000,
        "BMI " * 10_000,
        "32 weeks " * 5_000,
        "open " * 10_000,
    ],
    ids=lambda text: f"{text[:8]!a}-{len(text)}",
)
def test_monotonous_text_is_answered(suggest, text):
    begin = time.perf_counter()
    suggest(text)
    assert time.perf_counter() - begin < 30  # most take a fraction of a second, what grows with a square minutes


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("39w1d " * 20_000, 30),
        ("postpartum, prior " + "x " * 50_000 + "NSVD " * 5_000, 30),
        ("ex 27" + " " * 100_000, 0.01),
        ("PCN" + " " * 100_000, 30),
        ("burn BSA 7" + " " * 100_000, 30),
        ("31wks 3" + " " * 100_000, 30),
        ("delivered 2" + "-" * 100_000, 30),
        (" " * 100_000 + "1x", 30),
        ("intentional overdose of tylenol " * 3_000, 30),
        ("rash aspirin " * 5_000, 30),
        ("hemiparesis after stroke. " * 3_000, 30),
        ("cut with knife in kitchen. " * 3_000, 30),
        ("moderate NPDR with DME type 2 diabetes, " * 2_000, 60),
    ],
    ids=lambda value: f"{value[:12]!a}" if isinstance(value, str) else str(value),
)
def test_patterns_and_cues_take_no_square_of_the_length(plain_suggester, chart, text, age):
    begin = time.perf_counter()
    plain_suggester.suggest(chart(text, age=age, sex="F", setting="inpatient", claim="facility"))
    assert time.perf_counter() - begin < 30


def test_a_thousand_repeats_of_one_abbreviation(suggest):
    suggestion = suggest("HTN " * 1000)
    assert codes_of(suggestion) == {"I10"}
    (hypertension,) = [ranked for ranked in suggestion.ranked if ranked.code.code == "I10"]
    assert len(hypertension.support) <= 8


def test_case_does_not_change_the_codes(suggest):
    text = "Assessment: 1. Pneumonia. 2. Hypertension with chronic kidney disease stage 4. 3. Gout."
    wanted = codes_of(suggest(text))
    assert {"J18.9", "I12.9", "N18.4", "M10.9"} <= wanted
    assert codes_of(suggest(text.upper())) == wanted
    assert codes_of(suggest(text.lower())) == wanted


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n\n", "\n"], ids=ascii)
def test_line_ends_do_not_change_the_codes(suggest, end):
    lines = ["HPI: cough. No chest pain.", "PMH: gout", "Assessment:", "1. Asthma", "2. HTN"]
    assert codes_of(suggest(end.join(lines))) == codes_of(suggest("\n".join(lines)))


@pytest.mark.parametrize(
    "text",
    [
        "\U0001f600 Gout \U0001f600",
        "\u2022 Gout",
        "\u201cGout\u201d",
        "\u202bGout\u202c",
        "\ufeffGout",
        "Gout\u00a0",
        "Gout\u2014stable",
        "\u0627\u0644\u0646\u0642\u0631\u0633 Gout",
        "Gout\u0085\u2028\u2029",
        "\tGout\v\f",
    ],
    ids=ascii,
)
def test_strange_signs_around_a_word_do_not_hide_it(suggest, text):
    assert codes_of(suggest(text)) == {"M10.9"}


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(st.text(max_size=200))
def test_any_text_is_answered_with_exact_evidence(suggest, text):
    suggest(text)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.sampled_from(PIECES),
        max_size=40,
    ).map(" ".join)
)
def test_any_mixture_of_words_is_answered_with_exact_evidence(suggest, text):
    suggest(text)


@pytest.mark.slow
def test_time_grows_with_length_not_with_its_square(plain_suggester, chart):
    """A note of a million characters against one of a quarter of that; 4 is linear, 16 would be square."""
    times = []
    for size in (250_000, 1_000_000):
        encounter = chart((CHART * (size // len(CHART) + 1))[:size])
        plain_suggester.suggest(chart(CHART))
        begin = time.perf_counter()
        plain_suggester.suggest(encounter)
        times.append(time.perf_counter() - begin)
    assert times[1] < 8 * times[0]


def test_strings_of_charts_do_not_stay(plain_suggester, chart):
    """The string store is emptied after every note, or a worker would keep the words of all patients."""
    strings = plain_suggester._reader._nlp.vocab.strings
    plain_suggester.suggest(chart(CHART))
    before = len(strings)
    for i in range(300):
        plain_suggester.suggest(chart(f"Patient{i}name has gout{i} and word{i}xyz. {CHART}"))
    assert len(strings) == before
    assert "patient7name" not in strings
    assert "Patient7name" not in strings


def test_a_document_read_outside_keeps_its_words_inside_the_zone_only():
    nlp = make_nlp()
    before = len(nlp.vocab.strings)
    with nlp.memory_zone():
        read(nlp, "Zebrafish and okapi")
        assert "okapi" in nlp.vocab.strings
    assert "okapi" not in nlp.vocab.strings
    assert len(nlp.vocab.strings) == before
