"""The whole way from an encounter to a suggestion, with a model that ranks by strength."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suggest.errors import PolicyError
from suggest.keys import phrase_key, term_words
from suggest.pipeline import Suggester
from suggest.policy import all_policies
from suggest.records import Encounter, Note, NoteStatus

LINES = (
    "HPI: 64-year-old man with cough and fever for 3 days.",
    "Denies chest pain, no hemoptysis.",
    "PMH: HTN, T2DM with CKD stage 3b, h/o DVT.",
    "Family history: mother with breast cancer.",
    "Allergies: penicillin.",
    "Assessment: 1. Pneumonia, probable 2. Right knee pain",
    "Follow-up of left wrist fracture.",
    "BMI 41.2, morbid obesity.",
    "Takes apixaban and metformin.",
    "",
)


def codes_of(suggestion):
    return [line.ranked.code.code for line in suggestion.codes]


def test_a_visit(plain_suggester, chart):
    text = "HPI: cough and fever.\nAssessment:\n1. Pneumonia\n2. Hypertension with CKD stage 4\nAllergies: penicillin"
    suggestion = plain_suggester.suggest(chart(text, age=60, sex="M"))
    codes = codes_of(suggestion)
    assert codes[0] == "J18.9"
    assert {"J18.9", "I12.9", "N18.4", "Z88.0"} <= set(codes)
    assert not {"R05.9", "R50.9", "I10"} & set(codes)
    assert {s.ranked.code.code: s.rule for s in suggestion.suppressed}["R05.9"] == "integral-symptom"


def test_the_run_is_stamped(plain_suggester, chart, index, terminology):
    stamp = plain_suggester.suggest(chart("HTN")).stamp
    policy = all_policies()["professional"]
    assert (stamp.policy, stamp.policy_hash) == (policy.name, policy.hash)
    assert stamp.editions == (("ICD-10-CM", index.edition.name),)
    assert stamp.index == terminology.fingerprint
    assert stamp.model == "untrained"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    lines=st.lists(st.sampled_from(LINES), max_size=8),
    policy=st.sampled_from(sorted(all_policies())),
    split=st.integers(0, 8),
)
def test_what_holds_of_every_suggestion(plain_suggester, chart, lines, policy, split):
    encounter = chart("\n".join(lines[:split]), "\n".join(lines[split:]), policy=policy)
    suggestion = plain_suggester.suggest(encounter)
    assert plain_suggester.suggest(encounter) == suggestion
    ranked = {code.code.code for code in suggestion.ranked}
    proposed = codes_of(suggestion)
    suppressed = [item.ranked.code.code for item in suggestion.suppressed]
    assert len(set(proposed)) == len(proposed)
    assert set(proposed) <= ranked
    assert set(suppressed) <= ranked
    assert set(proposed).isdisjoint(suppressed)
    keys = [(-code.probability, code.code.code) for code in suggestion.ranked]
    assert keys == sorted(keys)
    texts = {note.id: note.text for note in encounter.notes}
    for code in suggestion.ranked:
        for support in code.support:
            evidence = support.evidence
            assert texts[evidence.note_id][evidence.start : evidence.end] == evidence.quote
    roles = [line.role for line in suggestion.codes]
    assert roles[1:] == ["additional"] * len(roles[1:])


def test_a_fresh_suggester_says_the_same(plain_suggester, chart, index, terminology, make_model):
    encounter = chart(*LINES)
    again = Suggester(index=index, terminology=terminology, model=make_model())
    assert again.suggest(encounter) == plain_suggester.suggest(encounter)


def test_what_went_before_does_not_matter(plain_suggester, chart):
    encounter = chart("\n".join(LINES))
    before = plain_suggester.suggest(encounter)
    for text in ("Gout", "No gout", "x" * 500, "Breast cancer, left"):
        plain_suggester.suggest(chart(text))
    assert plain_suggester.suggest(encounter) == before


def test_the_order_of_notes_does_not_change_the_codes(plain_suggester, chart):
    texts = ("Assessment: gout", "Assessment: hypertension and asthma")
    found = [set(codes_of(plain_suggester.suggest(chart(*order)))) for order in (texts, texts[::-1])]
    assert found[0] == found[1] == {"M10.9", "I10", "J45.909"}


def test_conditions_of_two_notes_combine(plain_suggester, chart):
    assert "I12.9" in codes_of(plain_suggester.suggest(chart("Hypertension", "CKD stage 4")))


def test_notes_entered_in_error_are_not_read(plain_suggester):
    notes = (Note("a", "Gout"), Note("b", "Hypertension", status=NoteStatus.ENTERED_IN_ERROR), Note("c", "  \n"))
    suggestion = plain_suggester.suggest(Encounter("e", notes))
    assert codes_of(suggestion) == ["M10.9"]
    for status in (NoteStatus.FINAL, NoteStatus.AMENDED, NoteStatus.PRELIMINARY):
        both = (notes[0], replace(notes[1], status=status))
        assert set(codes_of(plain_suggester.suggest(Encounter("e", both)))) == {"M10.9", "I10"}


def test_the_identifier_is_only_echoed(plain_suggester):
    notes = (Note("n", "Gout"),)
    found = [plain_suggester.suggest(Encounter(name, notes)) for name in ("Hypertension", "")]
    assert [suggestion.encounter_id for suggestion in found] == ["Hypertension", ""]
    assert found[0].ranked == found[1].ranked


def test_an_unknown_policy_is_refused(plain_suggester, chart):
    with pytest.raises(PolicyError):
        plain_suggester.suggest(chart("Gout", policy="nonsense"))


@pytest.mark.parametrize(("day", "findings"), [(date(2026, 1, 5), 0), (date(2019, 5, 1), 1)])
def test_a_date_outside_the_edition_draws_a_finding(plain_suggester, chart, day, findings):
    suggestion = plain_suggester.suggest(replace(chart("Gout"), date_of_service=day))
    assert len(suggestion.findings) == findings
    assert all("chartcoder codes import" in finding.remedy for finding in suggestion.findings)


def test_learnt_phrases_and_codes_that_the_edition_lacks(index, terminology, make_model, chart):
    """A bundle names codes by their strings; those that the edition does not know keep their place."""
    keys = np.array([phrase_key(term_words("purple spots"))], dtype=np.uint64)
    model = make_model(
        learnt_keys=keys,
        learnt_start=np.array([0, 2], dtype=np.int64),
        learnt_code=np.array([0, 1], dtype=np.int32),
        learnt_precision=np.array([0.9, 0.6], dtype=np.float32),
        learnt_support=np.array([3.0, 2.0], dtype=np.float32),
        learnt_marked=np.array([0.5, 0.0], dtype=np.float32),
        codes=("D69.2", "Q99.X9Z"),
        prior=np.array([-2.0, -3.0], dtype=np.float32),
    )
    suggester = Suggester(index=index, terminology=terminology, model=model)
    suggestion = suggester.suggest(chart("Purple spots"))
    found = {ranked.code.code: ranked for ranked in suggestion.ranked}
    assert found["D69.2"].support[0].source == "learnt"
    assert found["Q99.X9Z"].title == ""
    assert "Q99.X9Z" not in codes_of(suggestion)
    assert codes_of(suggestion) == ["D69.2"]
    _candidates, table = suggester.features(chart("Purple spots"))
    assert {suggester.code(int(code)) for code in table.codes} == set(found)
