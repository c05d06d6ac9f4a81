"""Terms of public ontologies: their tables, their place behind the lexicon, and where a candidate says it is from."""

from __future__ import annotations

import numpy as np
import pytest

import suggest.terminology_compiler as compiler
from suggest.code_sets.arrays import new_folder
from suggest.errors import ResourceError
from suggest.evidence import _PHRASES as LABELS
from suggest.keys import SIDES, find, normal_words, phrase_key, term_words
from suggest.lexicon import ONTOLOGIES, Entry, Source, check_lexicon, read_lexicon, read_ontologies
from suggest.terminology import Terminology
from suggest.terminology_compiler import compile_terminology, terminology_folder

ENTRIES = list(read_ontologies())


@pytest.fixture
def compiled(index, tmp_path, monkeypatch):
    """Compiles a small terminology of the given lexicon and ontology lines, without titles."""

    def compile_(lexicon, ontologies, *, strict=True):
        monkeypatch.setattr(compiler, "read_lexicon", lambda: iter(lexicon))
        monkeypatch.setattr(compiler, "read_ontologies", lambda: iter(ontologies))
        monkeypatch.setattr(compiler, "_add_official", lambda *_args: None)
        with new_folder(tmp_path / "terms") as draft:
            compile_terminology(index, draft, strict=strict)
        return Terminology(tmp_path / "terms")

    return compile_


def lexicon(term, code):
    return Entry(term, (code,), Source.LEXICON, None, "lexicon/x.tsv:2")


def disease(term, *codes, place="ontologies/doid.tsv:2", source=Source.DISEASE_ONTOLOGY):
    return Entry(term, codes, source, None, place)


def found(terminology, index, term):
    """Returns the (code, source) pairs of a phrase."""
    _hit, at = find(terminology.keys, np.array([phrase_key(term_words(term))], dtype=np.uint64))
    span = range(*terminology.key_start[at[0] : at[0] + 2].tolist()) if len(at) else ()
    return {(index.code(int(terminology.entry_row[i])), Source(int(terminology.entry_source[i]))) for i in span}


def test_sources_have_names_for_records_and_reasons():
    assert (Source.DISEASE_ONTOLOGY.label, Source.HPO.label) == ("disease-ontology", "hpo")
    assert set(LABELS) == set(Source)


def test_both_tables_are_read_and_fit_the_shipped_edition(index):
    assert {entry.source for entry in ENTRIES} == set(ONTOLOGIES.values())
    assert list(check_lexicon(iter(ENTRIES), lambda code: index.row(code) is not None)) == ENTRIES


def test_a_phrase_stands_once_in_both_tables():
    keys = [phrase_key(term_words(entry.term)) for entry in ENTRIES]
    assert len(set(keys)) == len(keys)


def test_terms_name_no_side_since_phrases_are_matched_without():
    assert [entry.term for entry in ENTRIES if set(SIDES) & set(normal_words(entry.term))] == []


def test_a_term_of_one_word_is_long_enough_to_mean_one_thing():
    assert [entry.term for entry in ENTRIES if len(entry.term) < 4] == []


def test_a_wrong_line_stops_a_strict_compilation_with_its_place(compiled):
    with pytest.raises(ResourceError, match=r"ontologies/doid\.tsv:7.*I99\.99"):
        compiled([], [disease("zebra disease", "I99.99", place="ontologies/doid.tsv:7")])


def test_a_line_for_another_edition_is_left_out_of_a_lenient_one(compiled, index):
    lines = [disease("zebra disease", "I99.99"), disease("quagga disease", "I10")]
    terminology = compiled([], lines, strict=False)
    assert found(terminology, index, "zebra disease") == set()
    assert found(terminology, index, "quagga disease") == {("I10", Source.DISEASE_ONTOLOGY)}


def test_what_the_lexicon_has_goes_first_however_the_words_are_ordered(compiled, index):
    terminology = compiled([lexicon("zebra fever", "I10")], [disease("fever, zebra", "R50.9")])
    assert found(terminology, index, "zebra fever") == {("I10", Source.LEXICON)}


def test_a_lexicon_line_under_a_condition_goes_first_too(index, terminology):
    assert any(entry.term == "gerd" and entry.condition for entry in read_lexicon())
    assert {source for _code, source in found(terminology, index, "GERD")} == {Source.LEXICON}


def test_two_ontologies_may_say_the_same(compiled, index):
    lines = [disease("zebra fever", "R50.9"), disease("zebra fever", "R50.9", source=Source.HPO)]
    assert found(compiled([], lines), index, "zebra fever") == {
        ("R50.9", Source.DISEASE_ONTOLOGY),
        ("R50.9", Source.HPO),
    }


def test_several_codes_of_a_line_all_apply(compiled, index):
    terminology = compiled([], [disease("zebra meningitis", "B49", "G02")])
    assert {code for code, _source in found(terminology, index, "zebra meningitis")} == {"B49", "G02"}


def test_the_folder_changes_with_the_tables(index, tmp_path, monkeypatch):
    before = terminology_folder(tmp_path, index)
    read = compiler.read_text
    monkeypatch.setattr(compiler, "read_text", lambda name: read(name) + "#" * (name == "ontologies/hpo.tsv"))
    assert terminology_folder(tmp_path, index) != before


@pytest.mark.parametrize(
    ("term", "code", "source"),
    [
        ("cavernous sinus thrombosis", "G08", Source.DISEASE_ONTOLOGY),
        ("mitral valve prolapse", "I34.1", Source.DISEASE_ONTOLOGY),
        ("von Hippel-Lindau disease", "Q85.83", Source.DISEASE_ONTOLOGY),
        ("ovarian serous cystadenocarcinoma", "C56", Source.DISEASE_ONTOLOGY),
        ("protein-losing enteropathy", "K90.49", Source.DISEASE_ONTOLOGY),
        ("Megacephaly", "Q75.3", Source.HPO),
        ("drooling", "K11.7", Source.HPO),
        ("sweating profusely", "R61", Source.HPO),
        ("seventh cranial nerve palsy", "G51.0", Source.HPO),
        ("conjunctival injection", "H11.43", Source.HPO),
    ],
)
def test_real_terms(terminology, index, term, code, source):
    assert found(terminology, index, term) == {(code, source)}


@pytest.mark.parametrize(
    "term",
    [
        "disease",  # too general
        "abnormality of the eye",
        "ptosis",  # of an eyelid, a breast, a kidney
        "aortic arch",  # what "right-sided aortic arch" comes down to without its side
        "short neck",  # HPO's synonym of it, "decreased cervical length", is one of the uterine cervix in ICD-10-CM
        "PVL",
    ],
)
def test_terms_that_would_say_too_much_are_left_out(terminology, index, term):
    assert {source for _code, source in found(terminology, index, term)}.isdisjoint(ONTOLOGIES.values())


@pytest.fixture
def ways(plain_suggester, chart):
    def find_ways(text, **options):
        suggestion = plain_suggester.suggest(chart(text, **options))
        return {(code.code.code, support.source) for code in suggestion.ranked for support in code.support}

    return find_ways


def test_candidates_say_where_they_are_from(ways):
    assert ("I34.1", "disease-ontology") in ways("Assessment: mitral valve prolapse.")
    assert ("R61", "hpo") in ways("Assessment: sweating profusely.")


def test_the_reason_names_the_ontology_and_its_term(plain_suggester, chart):
    ranked = plain_suggester.suggest(chart("Assessment: sweating profusely.")).ranked
    (reason,) = [code.reason for code in ranked if code.code.code == "R61"]
    assert reason.startswith("term of the Human Phenotype Ontology 'Sweating profusely'")


def test_a_category_comes_down_to_the_code_that_the_words_support(ways):
    assert ("M24.562", "hpo") in ways("Left knee flexion contracture.")


def test_a_disease_of_a_relative_or_of_the_past_is_a_status(ways):
    assert ("Z80.0", "family-history") in ways("Family history: mother had liver cancer.")
    assert ("Z85.05", "personal-history") in ways("Past medical history: liver cancer, resolved.")


def test_what_is_denied_is_no_support(plain_suggester, chart):
    suggestion = plain_suggester.suggest(chart("Denies sweating profusely."))
    assert "R61" not in {line.ranked.code.code for line in suggestion.codes}


def test_features_take_sources_that_they_do_not_know(plain_suggester, chart):
    candidates, table = plain_suggester.features(chart("Sweating profusely. Mitral valve prolapse. Hypertension."))
    assert set(candidates.edges.source.tolist()) >= {Source.DISEASE_ONTOLOGY, Source.HPO}
    assert np.isfinite(table.values).all()
