"""Facts of the whole encounter: episode of care, open fracture, period of a pregnancy."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from suggest.setting_context import EncounterFacts, encounter_facts
from suggest.specificity import INITIAL, SEQUELA, SUBSEQUENT


@pytest.fixture
def facts(chart, plain_suggester):
    def find(*texts, **options):
        encounter = chart(*texts, **options)
        return encounter_facts(encounter, plain_suggester.read(encounter))

    return find


@pytest.mark.parametrize(
    ("text", "setting", "episode"),
    [
        ("Wrist fracture", "ed", INITIAL),
        ("Follow-up of wrist fracture", "ed", INITIAL),
        ("Wrist fracture", "outpatient", INITIAL),
        ("Follow-up of wrist fracture", "outpatient", SUBSEQUENT),
        ("Post-op visit, hip fracture", "outpatient", SUBSEQUENT),
        ("Suture removal", "outpatient", SUBSEQUENT),
        ("Hip fracture", "home-health", SUBSEQUENT),
        ("Hip fracture", "nursing-facility", SUBSEQUENT),
        ("Hip fracture", "inpatient", INITIAL),
        ("Scar as sequela of burn", "ed", SEQUELA),
        ("x " * 300 + "follow-up in a week", "outpatient", INITIAL),
    ],
)
def test_episode(facts, text, setting, episode):
    assert facts(text, setting=setting).episode == episode


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("closed fracture of tibia", ""),
        ("open fracture of tibia", "B"),
        ("open wound of hand. Fracture? no", ""),
        ("tibia fracture, open, grade IIIB", "C"),
        ("type III open tibia fx", "C"),
        ("open reduction planned", ""),
    ],
)
def test_open_fractures(facts, text, letter):
    assert facts(text, setting="ed").open_fracture == letter


@pytest.mark.parametrize(("weeks", "trimester"), [("13w6d", 1), ("14w0d", 2), ("27w6d", 2), ("28w0d", 3), ("40w0d", 3)])
def test_trimesters_begin_as_the_note_at_chapter_15_says(facts, weeks, trimester):
    assert facts(f"IUP at {weeks} gestation").trimester == trimester


def test_facts_as_words(terminology):
    def spelled(found):
        return {terminology.spelling[number] for number in found.words(terminology)}

    assert spelled(EncounterFacts()) == set()
    assert spelled(EncounterFacts(trimester=2)) == {"second", "trimester"}
    assert spelled(EncounterFacts(trimester=3, period="childbirth")) == {"childbirth"}
    assert spelled(EncounterFacts(period="puerperium")) == {"puerperium"}


def test_words_that_the_terminology_lacks_are_left_out():
    empty = SimpleNamespace(word_ids=lambda keys: np.full(len(keys), -1, np.int32))
    assert EncounterFacts(trimester=2, period="pregnancy").words(empty) == frozenset()
