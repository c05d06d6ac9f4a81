"""Edges from mentions to codes."""

from __future__ import annotations

import numpy as np
import pytest

from suggest.edges import PRESENT, STATUSES, Edge, pack
from suggest.lexicon import Source


@pytest.fixture
def edges(plain_suggester, chart):
    def find(*texts, **options):
        candidates, _table = plain_suggester.features(chart(*texts, **options))
        found = candidates.edges
        return {
            (plain_suggester.code(int(code)), Source(int(source)), STATUSES[int(status)].value)
            for code, source, status in zip(found.code, found.source, found.status, strict=True)
        }

    return find


def replaced_by(suggester, candidates):
    return {
        suggester.code(part): {suggester.code(whole) for whole in wholes}
        for part, wholes in candidates.replaced.items()
    }


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Essential hypertension", ("I10", Source.TITLE, "present")),
        ("Denies chest pain", ("R07.9", Source.TITLE, "negated")),
        ("Possible pneumonia", ("J18.9", Source.TITLE, "possible")),
        ("Mother had breast cancer", ("Z80.3", Source.FAMILY_HISTORY, "present")),
        ("Mother had breast cancer", ("C50.919", Source.TITLE, "family")),
        ("History of pulmonary embolism, resolved", ("Z86.711", Source.PERSONAL_HISTORY, "present")),
        ("Allergic to penicillin", ("Z88.0", Source.ALLERGEN, "present")),
        ("Takes apixaban", ("Z79.01", Source.DRUG, "present")),
        ("BMI 41.5", ("Z68.41", Source.MEASUREMENT, "present")),
        ("Hypertension. CKD stage 4.", ("I12.9", Source.COMBINATION, "present")),
    ],
)
def test_ways_to_a_code(edges, text, wanted):
    assert wanted in edges(text, age=60)


@pytest.mark.parametrize(
    ("text", "unwanted"),
    [
        ("Takes penicillin", ("Z88.0", Source.ALLERGEN)),
        ("Allergic to apixaban", ("Z79.01", Source.DRUG)),
        ("History of hypertension", ("Z86.79", Source.PERSONAL_HISTORY)),
        ("No hypertension. CKD stage 4.", ("I12.9", Source.COMBINATION)),
        # "other specified diabetes mellitus" has no words of its own: it documents no other type
        ("Diabetes mellitus", ("E13.9", Source.COMBINATION)),
        ("Diabetes mellitus. CKD stage 3a.", ("E13.22", Source.COMBINATION)),
        # N28.9 names just that, so that "chronic renal insufficiency" is not documented
        ("Hypertension. Renal insufficiency.", ("I12.9", Source.COMBINATION)),
    ],
)
def test_ways_that_are_closed(edges, text, unwanted):
    assert unwanted not in {found[:2] for found in edges(text, age=60)}


def test_benchmarks_turn_nothing_into_status_codes(edges):
    text = "Mother had breast cancer. BMI 41.5. Takes apixaban. Hypertension and CKD stage 4."
    sources = {source for _code, source, _status in edges(text, policy="benchmark-codiesp", age=60)}
    assert sources.isdisjoint(
        {Source.FAMILY_HISTORY, Source.PERSONAL_HISTORY, Source.MEASUREMENT, Source.DRUG, Source.COMBINATION}
    )


def test_benchmarks_hold_categories_beside_their_leaves(edges):
    codes = {code for code, _source, _status in edges("Osteoarthritis of knee", policy="benchmark-codiesp")}
    assert {"M17", "M17.9"} <= codes
    assert "M17" not in {code for code, _source, _status in edges("Osteoarthritis of knee")}


def test_combinations_say_what_they_replace(plain_suggester, chart):
    candidates, _table = plain_suggester.features(chart("Hypertension. CKD stage 4."))
    assert replaced_by(plain_suggester, candidates) == {"I10": {"I12.9"}}


def test_a_part_may_belong_to_several_combinations(plain_suggester, chart):
    """Which of them applies is decided later: hypertension with heart failure and CKD is neither I11.0 nor I12.9."""
    text = "A/P: 1. Hypertension 2. Congestive heart failure 3. CKD stage 4"
    candidates, _table = plain_suggester.features(chart(text))
    assert replaced_by(plain_suggester, candidates)["I12.9"] >= {"I13.0"}
    assert replaced_by(plain_suggester, candidates)["I10"] >= {"I11.0", "I12.9", "I13.0"}


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("DISCHARGE DIAGNOSES:\n1. Pneumonia, possible\n", "present"),
        ("FINAL DIAGNOSIS: Probable pneumonia", "present"),
        ("HOSPITAL COURSE: Possible pneumonia was treated.\nDISCHARGE DIAGNOSES:\n1. Gout\n", "possible"),
        ("ASSESSMENT: Possible pneumonia", "present"),
        ("ASSESSMENT: Possible pneumonia\nDISCHARGE DIAGNOSES: Gout", "possible"),
        ("HPI: Possible pneumonia\nASSESSMENT: Gout", "possible"),
        ("DISCHARGE DIAGNOSES: Pneumonia, still to be ruled out", "present"),
        ("DISCHARGE DIAGNOSES: Rule out pneumonia", "possible"),
        ("DISCHARGE DIAGNOSES:\n1. No pneumonia\n", "negated"),
    ],
)
def test_a_stay_codes_what_is_uncertain_in_its_final_statement(edges, text, status):
    """Guidelines II.H and III.C."""
    stay = {"policy": "facility-inpatient"}
    assert {s for code, source, s in edges(text, **stay) if (code, source) == ("J18.9", Source.TITLE)} == {status}
    visit = {s for code, source, s in edges(text) if (code, source) == ("J18.9", Source.TITLE)}
    assert visit == {"negated" if status == "negated" else "possible"}


def test_of_the_notes_of_a_stay_the_last_assessment_counts(edges):
    notes = ("ASSESSMENT: Possible pneumonia", "ASSESSMENT: Gout")
    found = {s for code, _source, s in edges(*notes, policy="facility-inpatient") if code == "J18.9"}
    assert found == {"possible"}


def test_some_diseases_are_coded_only_when_confirmed(edges):
    """Guideline I.C.1.g.1.a."""
    found = edges("DISCHARGE DIAGNOSES: Probable COVID-19", policy="facility-inpatient")
    assert {s for code, _source, s in found if code == "U07.1"} == {"possible"}


def test_mentions_of_all_notes_are_counted_through(plain_suggester, chart):
    candidates, _table = plain_suggester.features(chart("Hypertension", " ", "Gout"))
    assert {mention.note for mention in candidates.mentions} == {0, 2}
    assert candidates.edges.mention.max() == len(candidates.mentions) - 1
    assert [reading.number for reading in candidates.readings] == [0, 2]


def test_packed_edges_are_sorted_by_code():
    rows = [Edge(5, 0, 1, 0.5, 1.0, 1.0, 0, 0, 0, PRESENT, -1), Edge(3, 1, 2, 1.0, 1.0, 0.5, 2, 1, -1, 1, 7)]
    packed = pack(rows)
    assert packed.code.tolist() == [3, 5]
    assert packed.mention.tolist() == [1, 0]
    assert packed.side.tolist() == [-1, 0]
    assert packed.quality.dtype == np.float32
    assert len(pack([])) == 0


@pytest.mark.parametrize(
    ("text", "code", "status"),
    [
        ("COPD, not in exacerbation", "J44.1", "negated"),
        ("COPD without exacerbation", "J44.1", "negated"),
        ("COPD with exacerbation", "J44.1", "present"),
        ("Sigmoid diverticulitis, no perforation or abscess", "K57.20", "negated"),
        ("Sigmoid diverticulitis with perforation and abscess", "K57.20", "present"),
        ("COPD, not in exacerbation", "J44.9", "present"),
    ],
)
def test_words_behind_a_denial_among_the_words_of_a_term_are_denied(edges, text, code, status):
    found = {s for c, source, s in edges(text) if c == code and source in (Source.COVERAGE, Source.LEXICON)}
    assert found == {status}
