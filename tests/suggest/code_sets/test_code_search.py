from __future__ import annotations

import pytest

from suggest.code_sets.index import CodeIndex
from suggest.code_sets.search import words_of


def found(index: CodeIndex, query: str, limit: int = 20) -> list[str]:
    return [index.code(hit.row) for hit in index.search(query, limit)]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("E11.65", "E11.65"),
        ("e1165", "E11.65"),
        ("stroke", "I63.9"),
        ("high blood pressure", "I10"),
        ("pressure blood high", "I10"),
        ("hypertension", "I10"),
        ("depression", "F32.A"),
        ("low back pain", "M54.50"),
        ("crohn's disease", "K50.90"),
        ("hyperglycemia type 2 diabetes", "E11.65"),
        ("hyperglycemia type 2 diab", "E11.65"),
    ],
)
def test_best_hit(shipped: CodeIndex, query: str, first: str):
    assert found(shipped, query)[0] == first


def test_a_code_prefix_lists_its_codes_in_order(shipped: CodeIndex):
    assert (
        found(shipped, "J44")
        == ["J44", "J44.0", "J44.1", "J44.8", "J44.81", "J44.89", "J44.9"][: len(found(shipped, "J44"))]
    )
    assert found(shipped, "e11.6", 3) == ["E11.6", "E11.61", "E11.610"]


def test_every_word_must_be_there(shipped: CodeIndex):
    for code in found(shipped, "fracture femur left"):
        text = shipped.title(shipped.row(code) or 0).lower()
        assert "left" in text
        assert "femur" in text or "hip" in text


@pytest.mark.parametrize("query", ["", "   ", "zzzz", "fracture zzzz", "()"])
def test_nothing_found(shipped: CodeIndex, query: str):
    assert shipped.search(query) == []


def test_stop_words_do_not_count(shipped: CodeIndex):
    assert found(shipped, "pain in the knee") == found(shipped, "pain knee")


def test_limit_and_scores(shipped: CodeIndex):
    hits = shipped.search("fracture", 7)
    assert len(hits) == 7
    assert all(0 < hit.score <= 1 for hit in hits)
    assert shipped.search("fracture", 0) == []
    assert len({hit.row for hit in shipped.search("fracture", 500)}) == 500


def test_billable_codes_go_first_on_ties(shipped: CodeIndex):
    codes = found(shipped, "sepsis", 5)
    assert codes.index("A41.9") < codes.index("A41")


def test_words_are_normalised_once_and_without_stop_words():
    assert words_of("Fractures of the fracture's neck (femoral)") == ["fracture", "neck", "femoral"]
