"""Every template fires on a chart that calls for it and stays silent on one that answers it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest
import yaml

from suggest.queries import MOST, queries
from suggest.queries.templates import KINDS, templates
from suggest.records import AuthorRole

CASES = yaml.safe_load(Path(__file__).with_name("cases.yaml").read_text(encoding="utf-8"))
SICK = (
    "Na 121, K 6.4, plt 48, glucose 412 on prednisone, lactate 5.2, SpO2 82% on room air on HFNC, troponin 0.8, "
    "Mag 0.9 magnesium sulfate given, phos 0.9, Hgb 6.9. Levophed started. Heart failure. CKD."
)
SICK_CODES = {"I50.9": "Heart failure", "N18.9": "CKD"}


def named(case):
    return f"{case['template']}-{'fires' if case['fires'] else 'silent'}"


@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_template_fires_where_it_is_called_for(make, case):
    facts = {key: value for key, value in case.items() if key not in ("template", "fires")}
    drafted = {query.template for query in make(**facts).drafts()}
    assert (case["template"] in drafted) == case["fires"], sorted(drafted)


def test_every_template_has_both_cases():
    counted = Counter((case["template"], case["fires"]) for case in CASES)
    ids = {template.id for template in templates()}
    assert {template for template, _ in counted} == ids
    assert [name for name in ids if not (counted[name, True] and counted[name, False])] == []


@pytest.mark.parametrize("case", [case for case in CASES if case["fires"]], ids=named)
def test_indicators_quote_the_notes(make, case):
    chart = make(**{key: value for key, value in case.items() if key not in ("template", "fires")})
    texts = {note.id: note.text for note in chart.encounter.notes}
    for query in chart.drafts():
        assert query.indicators
        for span in query.indicators:
            assert 0 <= span.start < span.end
            assert texts[span.note_id][span.start : span.end] == span.quote


@pytest.mark.parametrize(
    ("text", "quotes"),
    [
        ("Acute respiratory failure. Given 1 L of fluids.", ["respiratory failure"]),
        ("Acute respiratory failure, on 4 L, later 2 L NC.", ["respiratory failure", "on 4 L", "2 L NC"]),
    ],
)
def test_liters_are_oxygen_where_they_are_said_to_be(make, text, quotes):
    (query,) = make(text, {"J96.00": "espiratory failure"}).drafts()
    assert [span.quote for span in query.indicators] == quotes


def test_words_for_a_code_are_quoted_whole(make):
    (query,) = make("Congestive heart failure.", {"I50.9": "Congestive heart"}).drafts()
    assert [span.quote for span in query.indicators] == ["Congestive heart failure"]


def test_at_most_six_and_most_material_first(make):
    drafted = make(SICK, SICK_CODES).drafts()
    assert len(drafted) == MOST
    kinds = {template.id: KINDS.index(template.kind) for template in templates()}
    order = [kinds[query.template] for query in drafted]
    assert order == sorted(order)


def test_one_query_a_topic(make):
    drafted = {query.template for query in make("Hgb 13.1, then Hgb 6.9. PRBC given.").drafts()}
    assert drafted == {"finding-hemoglobin-change"}


def test_the_order_of_lines_changes_nothing(make):
    codes = {"I50.9": "Heart failure", "N18.9": "CKD", "D64.9": "Anemia", "J45.909": "Asthma"}
    chart = make("Heart failure. CKD. Anemia. Asthma.", codes)
    answers = {chart._replace(lines=order).drafts() for order in permutations(chart.lines)}
    assert len(answers) == 1
    assert {query.template for query in answers.pop()} == {
        "heart-failure-type",
        "kidney-chronic-stage",
        "anemia-type",
        "asthma-degree",
    }


def test_the_order_of_readings_changes_nothing(make):
    chart = make("Assessment: Na 121||Assessment: type 1 diabetes||Assessment: type 2 diabetes")
    assert chart._replace(readings=chart.readings[::-1]).drafts() == chart.drafts()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Office visit. Feels well. BP 124/78. Labs normal.",
        "HTN, at goal. Continue lisinopril. A1c 5.4, LDL 88, TSH 2.1, Cr 0.9, Hgb 13.8, plt 240.",
        "Family history: mother with type 1 diabetes, father on warfarin, brother had urosepsis.",
        "Return if temperature > 101, SpO2 < 88 or confusion. Go to the ED for BP over 180/110.",
        "Goal INR 2-3. Keep K > 4. Transfuse if Hgb < 7. Keep MAP > 65 with Levophed if needed.",
        "UA: WBC 50/hpf. Urine sodium 12. CSF glucose 40, CSF WBC 300.",
    ],
)
def test_nothing_is_asked_where_nothing_is_open(make, text):
    assert make(text).drafts() == ()


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Sepsis. Repeat BCx neg 1/15, PICC placed 1/17.", {"A41.9": "Sepsis"}),
        ("Sepsis. Blood cultures pending.", {"A41.9": "Sepsis"}),
        ("Sepsis due to MRSA, blood cultures 4/4 positive.", {"A41.9": "Sepsis"}),
        ("Pathology: no carcinoma, chronic inflammation.", {}),
        ("Pneumonia. Sputum culture negative.", {"J18.9": "Pneumonia"}),
        ("On call plan: Levophed if needed.", {}),
        ("Potassium high, treated with insulin and Lokelma.", {}),
        ("DM from the pancreas, on glargine.", {"E11.9": "DM"}),
        ("BMI 41. Technologist attended, interpreting physician below.", {}),
        ("Knee pain. X-ray of the right knee today.", {"M25.569": "Knee pain"}),
        ("Total knee arthroplasty for osteoarthritis.", {"27447": "arthroplasty", "M17.11": "osteoarthritis"}),
    ],
)
def test_near_misses(make, text, codes):
    assert make(text, codes).drafts() == ()


def test_children_are_not_measured_by_the_ranges_of_adults(make):
    assert make("Hgb 7.9 today.", age=2).drafts() == ()


def test_axes_come_from_the_lines_by_default(make):
    chart = make("Cholecystectomy done.", {"0FT44ZZ": "Cholecystectomy"})
    lines = [replace(line, open_axes=("approach",)) for line in chart.lines]
    assert [query.template for query in queries(chart.encounter, chart.readings, lines)] == ["procedure-approach"]
    assert queries(chart.encounter, chart.readings, lines, open_axes={}) == ()


def test_a_nurse_does_not_contradict_the_provider(make):
    chart = make("Assessment:\n1. Sepsis, treated\n||Assessment:\n1. No sepsis\n")
    assert [query.template for query in chart.drafts()] == ["conflict-systemic-infection"]
    first, second = chart.readings
    nurse = replace(second, note=replace(second.note, author_role=AuthorRole.NURSE))
    assert chart._replace(readings=[first, nurse]).drafts() == ()


@pytest.mark.parametrize(
    ("text", "quotes"),
    [
        ("Creatinine rose from 1.1 on admission to 2.4.", ["Creatinine rose from 1.1 on admission to 2.4"]),
        ("Creatinine 1.1 on admission. Creatinine 2.4 now.", ["Creatinine 1.1", "Creatinine 2.4"]),
    ],
)
def test_a_change_is_quoted_from_one_value_to_the_other(make, text, quotes):
    (query,) = make(text).drafts()
    assert [span.quote for span in query.indicators] == quotes
