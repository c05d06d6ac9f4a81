"""Lines of notes, also of those that lost their line breaks."""

from __future__ import annotations

from itertools import pairwise

import pytest

from suggest.lines import line_starts
from suggest.sections import find_sections


def lines_of(text):
    starts = [0, *line_starts(text, find_sections(text)).tolist(), len(text)]
    return [text[start:end] for start, end in pairwise(starts)]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("asthma", ["asthma"]),
        ("asthma\ngout\n", ["asthma\n", "gout\n", ""]),
        # items and headings at the beginning of a line begin no further one
        ("1. asthma\n  2. gout\n- 3. CKD", ["1. asthma\n", "  2. gout\n", "- 3. CKD"]),
        ("PMH: asthma\nMeds: none", ["PMH: asthma\n", "Meds: none"]),
        # within one they do
        ("1. asthma 2. gout 3. CKD", ["1. asthma ", "2. gout ", "3. CKD"]),
        ("PMH: asthma. Meds: none", ["PMH: asthma. ", "Meds: none"]),
        ("PLAN: ,1.  Rest.,2.  Ice.", ["PLAN: ,", "1.  Rest.,", "2.  Ice."]),
        # a number that measures something counts no items
        ("stage 4. Gout", ["stage 4. Gout"]),
    ],
)
def test_lines(text, lines):
    assert lines_of(text) == lines


def test_lines_cover_the_text(notes_of_all_kinds):
    for text in notes_of_all_kinds:
        assert "".join(lines_of(text)) == text


@pytest.fixture
def notes_of_all_kinds():
    parts = ["PMH:", " asthma", "\n", "1. ", "2) ", "gout. ", "\r\n", "Plan: ", "- ", "3. CKD", "\t"]
    return ["".join(parts[(i * k + k) % len(parts)] for i in range(12)) for k in range(1, 30)]
