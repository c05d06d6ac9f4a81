"""From a note to mentions with section and assertion."""

from __future__ import annotations

import numpy as np
import pytest

from suggest.keys import word_key
from suggest.lexicon import Condition
from suggest.reading import fits_patient, in_section
from suggest.records import Patient, Sex


@pytest.fixture
def mentions(plain_suggester, chart):
    def find(text):
        (reading,) = plain_suggester.read(chart(text))
        return {(text[m.start : m.end], m.section, m.assertion.status.value) for m in reading.mentions}

    return find


@pytest.mark.parametrize(
    ("text", "mention"),
    [
        ("Hypertension", ("Hypertension", "none", "present")),
        ("Assessment: gout", ("gout", "assessment", "present")),
        ("PMH: gout", ("gout", "pmh", "present")),
        ("No gout", ("gout", "none", "negated")),
        ("Family history:\nMother: gout", ("gout", "family", "family")),
        ("crohn's disease", ("crohn's disease", "none", "present")),
        ("Pain in the right knee", ("Pain in the right knee", "none", "present")),
    ],
)
def test_mentions(mentions, text, mention):
    assert mention in mentions(text)


def test_words_of_headings_are_no_mentions(mentions):
    assert {text for text, _section, _status in mentions("Allergies:\nFever noted")} <= {"Fever"}


def test_a_reading_fits_together(plain_suggester, chart):
    text = "HPI: fever and cough.\nAssessment:\n1. Pneumonia, right lower lobe\n2. HTN"
    (reading,) = plain_suggester.read(chart(text))
    assert len(reading.hits) == len(reading.hit_mention)
    assert reading.hit_mention.max() < len(reading.mentions)
    assert reading.offsets[-1] == len(text)
    assert reading.sentence_start[-1] == len(reading.offsets) - 1
    for mention in reading.mentions:
        assert 0 <= mention.start < mention.end <= len(text)
        assert reading.offsets[mention.first_token] == mention.start
        begin, end = reading.sentence_start[mention.sentence : mention.sentence + 2]
        assert begin <= mention.first_token < mention.last_token <= end
        assert mention.sentence in reading.sentence_words


@pytest.mark.parametrize(
    ("condition", "age", "sex", "holds"),
    [
        (Condition("sex", ("F",)), None, Sex.FEMALE, True),
        (Condition("sex", ("F",)), None, Sex.MALE, False),
        (Condition("sex", ("F",)), None, Sex.UNKNOWN, True),
        (Condition("sex", ("F",)), None, Sex.OTHER, True),
        (Condition("age", ("<", "18")), 17.9, Sex.MALE, True),
        (Condition("age", ("<", "18")), 18, Sex.MALE, False),
        (Condition("age", ("<=", "18")), 18, Sex.MALE, True),
        (Condition("age", (">", "65")), 65, Sex.MALE, False),
        (Condition("age", (">=", "65")), 65, Sex.MALE, True),
        (Condition("age", (">=", "65")), None, Sex.MALE, True),
    ],
)
def test_conditions_on_the_patient(condition, age, sex, holds):
    assert fits_patient(condition, Patient(age, sex)) == holds


@pytest.mark.parametrize(
    ("family", "wanted", "holds"),
    [("pmh", ("pmh",), True), ("pmh", ("history",), True), ("pmh", ("assessment",), False), ("exam", (), False)],
)
def test_conditions_on_the_section(family, wanted, holds):
    assert in_section(family, wanted) == holds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Ulcerative colitis with abscess", {"abscess": True, "colitis": True}),
        ("Ulcerative colitis without abscess", {"abscess": False, "colitis": True}),
        ("Sigmoid diverticulitis, no abscess", {"abscess": False, "diverticulitis": True}),
        ("No ulcerative colitis", {"colitis": False}),
        ("Mother had ulcerative colitis", {"colitis": False}),
    ],
)
def test_words_that_are_denied_are_no_words_of_the_note(plain_suggester, terminology, chart, text, said):
    (reading,) = plain_suggester.read(chart(text))
    found = set(reading.words.tolist())
    for word, expected in said.items():
        (number,) = terminology.word_ids(np.array([word_key(word)], dtype=np.uint64)).tolist()
        assert (number in found) is expected
