"""The instructional notes of the whole edition that ships: how many are understood, and what they lead to."""

from __future__ import annotations

import pytest

from suggest.code_sets.ranges import excludes_codes
from suggest.code_sets.tabular import NoteKind
from suggest.edits.facts import facts_of, side_of, without_side
from suggest.edits.icd10cm_notes import may_be_unrelated
from suggest.edits.named import all_notes, named_codes, optional_notes, unparsed_notes

MOST_UNPARSED = 0.02


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["excludes1", "excludes2", "code_first", "use_additional", "code_also"])
def test_notes_are_understood_but_for_a_few(index, kind):
    unparsed = unparsed_notes(index, kind)
    count = sum(1 for _ in all_notes(index, kind))
    assert count > 600
    assert len(unparsed) < MOST_UNPARSED * count, unparsed


@pytest.mark.slow
def test_notes_that_are_not_understood_are_listed(index):
    assert unparsed_notes(index, NoteKind.EXCLUDES1) == [
        ("E87.2", "diabetic acidosis - see categories E08-E10, E11, E13 with ketoacidosis")
    ]


@pytest.mark.parametrize("code", ["E10.9", "J20.9", "N17.9", "R05.9", "I95.9", "K56.7", "D50.0", "S61.411A"])
def test_each_code_that_an_exclusion_names_is_found(index, code):
    row = index.row(code)
    named = [named for note in index.notes(row, NoteKind.EXCLUDES1) for named in excludes_codes(note.text)]
    excluded = [int(other) for codes in named for other in index.rows_in(codes)]
    assert excluded
    assert [other for other in excluded if index.excludes1(other, row) is None] == []


def test_notes_of_a_place_are_read_together(index):
    (first, *_) = named_codes(index, index.row("N18.4"), NoteKind.CODE_FIRST)
    assert first.place == "N18"
    assert first.names(index.row("E11.22"))
    assert not first.names(index.row("E11.21"))
    assert first.names_any([0, index.row("I12.9")])
    assert first.conditional
    dementia = named_codes(index, index.row("F02.80"), NoteKind.CODE_FIRST)[0]
    assert dementia.open
    assert not dementia.conditional


def test_what_notes_ask_of_some_patients_only_is_in_the_edition(index):
    places = [place for places, _ in optional_notes() for place in places]
    assert [code for _, codes in optional_notes() for code in codes if index.row(code) is None] == []
    assert [place for place in places if index.search(place, 1)[0].score < 1] == []
    notes = named_codes(index, index.row("C34.90"), NoteKind.USE_ADDITIONAL)
    assert [note.runs for note in notes if note.place == "C34"] == [()]


def test_categories_in_running_text_are_read(index):
    notes = named_codes(index, index.row("O99.331"), NoteKind.USE_ADDITIONAL)
    assert any(note.names(index.row("F17.210")) for note in notes)


@pytest.mark.parametrize(
    ("one", "other", "unrelated"),
    [
        ("E10.9", "E11.9", False),
        ("R06.02", "J96.00", True),
        ("H40.1111", "H40.1121", True),
        ("D50.0", "D62", True),
        ("R05.1", "R05.9", False),
        ("S61.411A", "S68.411A", True),
        ("F10.10", "F10.20", False),
    ],
)
def test_the_exception_for_unrelated_conditions(index, one, other, unrelated):
    assert may_be_unrelated(facts_of(index, one), facts_of(index, other)) is unrelated


@pytest.mark.parametrize(
    ("title", "side"),
    [
        ("Pain in right knee", "right"),
        ("Pain in unspecified knee", ""),
        ("Bilateral primary osteoarthritis of knee", "bilateral"),
        ("Transposition of right and left", ""),
        ("Essential hypertension", ""),
        ("Conjunctivitis, both eyes", "bilateral"),
    ],
)
def test_sides_are_read_from_titles(title, side):
    assert side_of(title) == side


def test_one_condition_on_both_sides_has_one_name():
    assert without_side("Unilateral primary osteoarthritis, right knee") == without_side(
        "Bilateral primary osteoarthritis of knee"
    )
    assert without_side("Pain in right knee") != without_side("Pain in right hip")
