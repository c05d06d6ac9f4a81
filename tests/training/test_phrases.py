"""Phrases learnt from coded charts."""

from __future__ import annotations

import numpy as np
import pytest

from suggest.keys import phrase_key, term_words, word_key
from suggest.nlp import make_nlp
from suggest.records import Code, Encounter, Evidence, GoldCode, Note, System, TrainingExample
from training.phrases import learn, read_document

NLP = make_nlp()


def key(term):
    return phrase_key(term_words(term))


def example(text, *codes, marked=None, system=System.ICD10CM):
    """A chart with codes; ``marked`` gives the words that the first code's evidence spans."""
    evidence = ()
    if marked:
        start = text.index(marked)
        evidence = (Evidence("n", start, start + len(marked), marked),)
    gold = tuple(GoldCode(Code(system, code), evidence if i == 0 else ()) for i, code in enumerate(codes))
    return TrainingExample(Encounter("e", (Note("n", text),)), gold)


def document(*args, **options):
    return read_document(NLP, example(*args, **options))


def learnt(table, term):
    """Returns code → (precision, support) of a phrase."""
    at = np.flatnonzero(table.keys == np.uint64(key(term)))
    if not len(at):
        return {}
    span = range(int(table.start[at[0]]), int(table.start[at[0] + 1]))
    return {table.codes[table.code[i]]: (float(table.precision[i]), float(table.support[i])) for i in span}


def test_a_document_holds_phrases_codes_and_words():
    found = document("Purple spots on the legs", "D69.2", "I10", "D69.2")
    assert {key("purple spots"), key("spots legs"), key("purple spots legs"), key("legs")} <= set(found.keys.tolist())
    assert found.codes == ("D69.2", "I10")
    assert word_key("purple") in found.words
    assert (np.diff(found.keys.astype(object)) > 0).all()


def test_phrases_stay_in_sentences_and_have_at_most_five_words():
    found = set(document("alpha beta\n\ngamma\n\none two three four five six", "I10").keys.tolist())
    assert key("beta gamma") not in found
    assert key("two three four five six") in found
    assert key("one two three four five six") not in found


def test_headings_teach_nothing():
    found = set(document("Assessment:\npurple spots", "D69.2").keys.tolist())
    assert key("purple spots") in found
    assert key("assessment") not in found


def test_procedures_are_left_out():
    assert document("Purple spots", "99213", system=System.CPT).codes == ()


def test_marked_phrases_are_those_inside_the_evidence():
    marked = dict.fromkeys(document("Has purple spots on legs today", "D69.2", marked="purple spots on legs").marked)
    keys = {k for _code, k in marked}
    assert {key("purple spots legs"), key("purple spots")} <= keys
    assert key("legs today") not in keys
    assert key("today") not in keys


def test_evidence_of_another_note_marks_nothing():
    one = example("Purple spots", "D69.2", marked="Purple spots")
    other = TrainingExample(Encounter("e", (Note("m", "Purple spots"),)), one.gold)
    assert read_document(NLP, other).marked == ()


def test_precision_is_smoothed_by_one_unseen_note():
    charts = [document("purple spots", "D69.2")] * 3 + [document("purple spots", "I10")] + [document("x", "J00")] * 16
    table = learn(charts)
    precision, support = learnt(table, "purple spots")["D69.2"]
    assert precision == pytest.approx(3 / 5)
    assert support == 3
    assert table.codes == ("D69.2", "I10", "J00")


def test_a_pair_seen_once_counts_only_where_it_was_marked():
    background = [document("filler words", "I10")] * 10
    plain = learn([document("purple spots", "D69.2"), *background])
    marked = learn([document("purple spots", "D69.2", marked="purple spots"), *background])
    assert learnt(plain, "purple spots") == {}
    assert learnt(marked, "purple spots")["D69.2"] == (pytest.approx(1 / 2), 1)


def test_a_code_that_every_chart_carries_is_learnt_from_nothing():
    assert learnt(learn([document("purple spots", "I10")] * 10), "purple spots") == {}


def test_frequencies_become_priors():
    table = learn([document("a", "I10")] * 3 + [document("b", "D69.2")])
    prior = dict(zip(table.codes, table.prior.tolist(), strict=True))
    assert prior["I10"] == pytest.approx(np.log(3.5 / 5), abs=1e-5)
    assert prior["D69.2"] == pytest.approx(np.log(1.5 / 5), abs=1e-5)
    assert table.unseen_prior < min(prior.values())


@pytest.mark.parametrize("charts", [[], [document("")], [document("", "I10")], [document("purple spots")]])
def test_nothing_to_learn(charts):
    table = learn(charts)
    assert len(table.keys) == len(table.code) == 0
    assert table.start.tolist() == [0]


def test_the_table_fits_together_and_does_not_depend_on_order():
    charts = [document(f"purple spots number {i % 3}", "D69.2", marked="purple spots") for i in range(6)]
    charts += [document("sore throat today", "J02.9")] * 4 + [document("nothing else", "I10")] * 20
    table, turned = learn(charts), learn(charts[::-1])
    assert (np.diff(table.keys.astype(object)) > 0).all()
    assert table.start[-1] == len(table.code) == len(table.precision) == len(table.support)
    assert ((table.precision > 0) & (table.precision < 1)).all()
    for name in ("keys", "start", "code", "precision", "support", "prior"):
        assert np.array_equal(getattr(table, name), getattr(turned, name))
