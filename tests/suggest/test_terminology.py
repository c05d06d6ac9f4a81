"""The compiled terminology: what it holds, how it is compiled anew, and the conditions of its entries."""

from __future__ import annotations

import numpy as np
import pytest

from suggest.code_sets.arrays import new_folder
from suggest.errors import CodeSetError, ResourceError
from suggest.keys import find, phrase_key, term_words, word_key
from suggest.lexicon import Condition, Entry, Source
from suggest.terminology import Terminology
from suggest.terminology_compiler import compile_terminology, terminology_folder


@pytest.fixture
def entries(terminology, index):
    def look_up(term):
        key = np.array([phrase_key(term_words(term))], dtype=np.uint64)
        _hit, at = find(terminology.keys, key)
        span = range(*terminology.key_start[at[0] : at[0] + 2].tolist()) if len(at) else ()
        return {
            (
                index.code(int(terminology.entry_row[i])),
                Source(int(terminology.entry_source[i])),
                terminology.conditions[int(terminology.entry_condition[i])],
            )
            for i in span
        }

    return look_up


def without_condition(found):
    return {code for code, _source, condition in found if condition is None}


@pytest.mark.parametrize(
    ("term", "code", "source"),
    [
        ("Cholera", "A00", Source.TITLE),
        ("Essential (primary) hypertension", "I10", Source.TITLE),
        ("essential hypertension", "I10", Source.TITLE),
        ("hypertension, essential", "I10", Source.TITLE),
        ("high blood pressure", "I10", Source.INCLUSION),
        ("chest pain", "R07.9", Source.TITLE),
        ("Acute nasopharyngitis", "J00", Source.TITLE),
        ("common cold", "J00", Source.TITLE),
        ("apixaban", "Z79.01", Source.DRUG),
    ],
)
def test_phrases(entries, term, code, source):
    assert (code, source, None) in entries(term)


@pytest.mark.parametrize(
    ("term", "code"),
    [
        ("disease", "E74.09"),  # "Hers disease", whose name is a stop word
        ("pneumonia", "J17"),  # a manifestation "in diseases classified elsewhere"
        ("hypertension", "I15.8"),  # "other" says which are meant
    ],
)
def test_phrases_that_would_say_too_much_are_left_out(entries, term, code):
    assert code not in without_condition(entries(term))


def test_terms_led_by_history_must_begin_with_it(entries):
    conditions = {condition for _code, source, condition in entries("history of tbi") if source is Source.LEXICON}
    assert conditions
    assert {condition.kind for condition in conditions} <= {"first", "near", "not_near", "section"}


def test_arrays_fit_together(terminology, index):
    assert (np.diff(terminology.keys.astype(object)) > 0).all()
    assert (np.diff(terminology.words.astype(object)) > 0).all()
    assert terminology.key_start[0] == 0
    assert terminology.key_start[-1] == len(terminology.entry_row) == len(terminology.entry_text)
    assert terminology.entry_row.max() < len(index)
    assert terminology.post_start[-1] == len(terminology.post_key) == len(terminology.post_weight)
    assert len(terminology.row_flags) == len(index)
    assert (terminology.word_idf >= 0).all()
    assert np.isfinite(terminology.key_weight).all()


def test_words_are_known_by_their_number(terminology):
    (number,) = terminology.word_ids(np.array([word_key("fracture")], dtype=np.uint64)).tolist()
    assert terminology.spelling[number] == "fracture"
    assert terminology.word_ids(np.array([word_key("xyzzy")], dtype=np.uint64)).tolist() == [-1]


def test_shorthand_of_several_words_expands(terminology):
    keys = np.array([phrase_key(["malignant", "neoplasm"]), word_key("xyzzy"), word_key("breast")], dtype=np.uint64)
    places, words = terminology.expand(keys)
    assert places.tolist() == [0, 0, 2]
    assert {terminology.spelling[word] for word in words.tolist()} == {"malignant", "neoplasm", "breast"}


@pytest.mark.parametrize(
    ("code", "bit"),
    [("M17.11", 1), ("M17.12", 2), ("M17.0", 4), ("M17.9", 8), ("I15.8", 16), ("E11.9", 32), ("Z3A.00", 8)],
)
def test_row_flags(terminology, index, code, bit):
    assert int(terminology.row_flags[index.row(code)]) & bit


def test_conditions_look_for_words_as_charts_have_them(terminology):
    from spacy.strings import get_string_id

    sets = terminology.condition_words(Condition("near", ("post-stroke", "Crohn's", "acl", "right")))
    assert sets == (
        frozenset(map(get_string_id, ("posterior", "stroke"))),
        frozenset({get_string_id("crohn")}),
        frozenset({get_string_id("acl")}),
        frozenset({get_string_id("right")}),
    )


def test_a_wrong_lexicon_line_stops_a_strict_compilation_only(index, tmp_path, monkeypatch):
    import suggest.terminology_compiler as compiler

    lines = [Entry("zebra disease", ("I99.99",), Source.LEXICON, None, "zoo.tsv:2")]
    monkeypatch.setattr(compiler, "read_lexicon", lambda: iter(lines))
    monkeypatch.setattr(compiler, "_add_official", lambda *_args: None)
    monkeypatch.setattr(compiler, "word_arrays", lambda *_args: {})
    with pytest.raises(ResourceError, match=r"zoo\.tsv:2"), new_folder(tmp_path / "strict") as draft:
        compile_terminology(index, draft)
    assert list(tmp_path.iterdir()) == []
    with new_folder(tmp_path / "lenient") as draft:
        compile_terminology(index, draft, strict=False)
    assert (tmp_path / "lenient").is_dir()


def test_the_folder_names_what_went_in(index, tmp_path, monkeypatch):
    import suggest.terminology_compiler as compiler

    before = terminology_folder(tmp_path, index)
    assert before.parent == tmp_path / "index"
    assert index.edition.name in before.name
    monkeypatch.setattr(compiler, "read_text", lambda name: "changed")
    assert terminology_folder(tmp_path, index) != before


def test_a_folder_that_is_no_terminology_is_refused(tmp_path):
    with pytest.raises(CodeSetError, match="missing"):
        Terminology(tmp_path)
