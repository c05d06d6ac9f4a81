from __future__ import annotations

import pytest

from suggest import headings
from suggest.errors import ResourceError
from suggest.headings import Heading, families, look_up, look_up_parts, normalise_heading, spellings, verbs
from suggest.records import AssertionStatus
from suggest.resources import parse_table, read_text

TABLES = {"families": ("family",), "headings": ("spelling",), "cues": ("word", "cue")}


def test_size_of_the_tables():
    assert len(families()) >= 75
    assert len(spellings()) >= 700


@pytest.mark.parametrize("table", TABLES)
def test_tables_are_sorted(table):
    name = f"sections/{table}.tsv"
    keys = [tuple(row[column] for column in TABLES[table]) for row in parse_table(read_text(name), name)]
    assert keys == sorted(set(keys))


def test_every_family_has_spellings():
    used = {heading.family for heading in spellings().values()}
    assert set(families()) - used == {"none", "other", "history"}


def test_roles():
    table = families()
    assert table["family"].default_assertion is AssertionStatus.FAMILY
    assert table["allergies"].default_assertion is AssertionStatus.ALLERGY
    assert table["return_precautions"].default_assertion is AssertionStatus.HYPOTHETICAL
    assert table["differential"].default_assertion is AssertionStatus.POSSIBLE
    assert table["pmh"].default_assertion is None
    assert (table["assessment"].current, table["assessment"].weight) == ("yes", "assessment")
    assert (table["family"].current, table["family"].weight) == ("no", "history")


@pytest.mark.parametrize(
    ("label", "normal"),
    [
        ("PMHx", "pmhx"),
        ("A/P", "a p"),
        ("A & P", "a and p"),
        ("A+P", "a and p"),
        ("Follow-up", "follow up"),
        ("Patient's Goals", "patients goals"),
        ("Patient\u2019s Goals", "patients goals"),
        ("Chief Complaint(s)", "chief complaint"),
        ("LABS (03/10)", "labs"),
        ("Labs [old]", "labs"),
        ("  Past   Medical\tHistory ", "past medical history"),
        ("R\u00e9sum\u00e9", "resume"),
        ("((", ""),
        ("", ""),
    ],
)
def test_normalise_heading(label, normal):
    assert normalise_heading(label) == normal


@pytest.mark.parametrize(
    ("label", "family", "use"),
    [
        ("plan", "plan", ""),
        ("RECENT LABS", "labs", ""),
        ("Labs on Admission 3/10", "labs", ""),
        ("Medications and Allergies", "medications", ""),
        ("Allergies, Immunizations", "immunizations", ""),
        ("Neck/Back", "exam", "region"),
        ("Coronary Findings", "findings", ""),
        ("MRI of the Brain", "imaging", "result"),
        ("Left Elbow", "", "label"),
        ("BP", "", "label"),
    ],
)
def test_look_up(label, family, use):
    found = look_up(label)
    assert found is not None
    assert (found.family, found.use) == (family, use)


@pytest.mark.parametrize("label", ["", "recent labs", "She has allergies", "Knee", "A B C D E F G H Findings"])
def test_look_up_nothing(label):
    assert look_up(label) is None


def test_words_alone_decide_only_in_look_up():
    assert look_up_parts("Coronary Findings") is None
    assert look_up_parts("Recent Labs") == Heading("labs")


def test_verbs_are_lower_case():
    assert "were" in verbs()
    assert all(word == word.lower() for word in verbs())


FAMILIES = "#family\tlabel\tcurrent\tweight\tdefault_assertion\tsubheadings\tcomment\n"
SPELLINGS = "#spelling\tfamily\tuse\tcomment\n"
CUES = "#word\tcue\tfamily\tuse\tcomment\n"


@pytest.mark.parametrize(
    ("load", "text", "message"),
    [
        (families, FAMILIES + "a\tA\tyes\thistory\t\tnone\t\n" * 2, "'a' is given twice"),
        (families, FAMILIES + "a\tA\tsometimes\thistory\t\tnone\t\n", "unknown role"),
        (families, FAMILIES + "a\tA\tyes\tweighty\t\tnone\t\n", "unknown role"),
        (spellings, SPELLINGS + "plan\tplan\t\t\n" * 2, "'plan' is given twice"),
        (spellings, SPELLINGS + "A/P\tplan\t\t\n", "not in normal form"),
        (spellings, SPELLINGS + "plan\tplans\t\t\n", "unknown family 'plans'"),
        (spellings, SPELLINGS + "plan\tplan\tloud\t\n", "use 'loud'"),
        (spellings, SPELLINGS + "bp\tplan\tlabel\t\n", "use 'label'"),
        (verbs, CUES + "are\tverbs\t\t\t\n", "unknown cue"),
        (verbs, CUES + "are\tverb\t\t\t\n" * 2, "given twice"),
    ],
)
def test_malformed_tables_are_refused(monkeypatch, load, text, message):
    families()
    cached = getattr(load, "__wrapped__", load)
    monkeypatch.setattr(headings, "_cues", headings._cues.__wrapped__)
    monkeypatch.setattr(headings, "read_table", lambda name: parse_table(text, name))
    with pytest.raises(ResourceError, match=message):
        cached()
