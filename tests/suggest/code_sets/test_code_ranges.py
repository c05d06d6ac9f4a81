from __future__ import annotations

import pytest

from suggest.code_sets.index import CodeIndex
from suggest.code_sets.ranges import CodeRange, compile_condition, excludes_codes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("certain conditions (S00-T88)", [("S00", "T88", "")]),
        ("diabetes (E08.-, E09.-)", [("E08", "E08", ""), ("E09", "E09", "")]),
        ("infarction (I21.-)", [("I21", "I21", "")]),
        ("hypertension (O00-O07, O08.0)", [("O00", "O07", ""), ("O08.0", "O08.0", "")]),
        ("atherosclerosis (I70.2--I70.7-)", [("I70.2", "I70.7", "")]),
        ("fracture (S12.0--S12.6.-)", [("S12.0", "S12.6", "")]),
        ("apnea (P28.3- - P28.4-)", [("P28.3", "P28.4", "")]),
        ("syndactyly (Q70.0- -Q70.3-)", [("Q70.0", "Q70.3", "")]),
        ("arthritis (M05.00 to M05.8A)", [("M05.00", "M05.8A", "")]),
        ("skin (C43.2-,C44.2-)", [("C43.2", "C43.2", ""), ("C44.2", "C44.2", "")]),
        ("abscess (K50.014, K50.114,)", [("K50.014", "K50.014", ""), ("K50.114", "K50.114", "")]),
        ("anomaly (QA0.0)", [("QA0.0", "QA0.0", "")]),
        ("gangrene (E08-E13 with .52)", [("E08", "E13", ".52")]),
        ("dementia (F10-F19, with .17, .27, .97)", [("F10", "F19", ".17, .27, .97")]),
        ("fracture (S92.-with 7th character B)", [("S92", "S92", "7th character B")]),
        (
            "complications [I60.-] and (B20)",
            [("I60", "I60", ""), ("B20", "B20", "")],
        ),
        ("injury to visual cortex S04.04-", [("S04.04", "S04.04", "")]),
        ("hearing loss as classified in H90.-", [("H90", "H90", "")]),
        ("injuries in S06.1- to S06.6-, and S06.81-", [("S06.1", "S06.6", ""), ("S06.81", "S06.81", "")]),
        ("glucose-6-phosphate dehydrogenase (G6PD) deficiency", []),
        ("nephritis (with C3 glomerulopathy)", []),
        ("meningitis (in):", []),
        ("AIDS (NEC)", []),
        ("", []),
    ],
)
def test_reads_the_codes_of_a_note(text: str, expected: list[tuple[str, str, str]]):
    assert excludes_codes(text) == [CodeRange(*codes) for codes in expected]


@pytest.mark.parametrize(
    ("condition", "full", "stem", "meets"),
    [
        ("fifth or sixth character 5", "T360X5A", "T360X5", True),
        ("fifth or sixth character 5", "T360X1A", "T360X1", False),
        ("fifth or sixth character 1-4 or 6", "T39016A", "T39016", True),
        ("fifth or sixth character 1-4", "T39015A", "T39015", False),
        ("fifth or sixth character 1-4", "T3691XA", "T3691", True),
        ("7th character B or C", "S42001C", "S42001", True),
        ("7th character B or C", "S42001A", "S42001", False),
        ("5th character .6", "F1096", "F1096", True),
        ("fifth to sixth characters 51", "F11151", "F11151", True),
        ("fifth to sixth characters 51", "F11150", "F11150", False),
        (".51-.52", "E1152", "E1152", True),
        (".51-.52", "E1159", "E1159", False),
        (".62-", "E11621", "E11621", True),
        ("final characters -23", "I69323", "I69323", True),
        ("final characters .00 or .01", "E1101", "E1101", True),
        ("final character 6", "T360X6A", "T360X6", True),
        ("open fracture 7th character", "S52001F", "S52001", True),
        ("open fracture 7th character", "S52001A", "S52001", False),
        ("fifth or sixth character to indicate intent", "T510X1A", "T510X1", True),
    ],
)
def test_conditions(condition: str, full: str, stem: str, meets: bool):
    test = compile_condition(condition)
    assert test is not None
    assert test(full, stem) is meets


def test_a_condition_that_is_not_understood_covers_nothing(shipped: CodeIndex):
    assert compile_condition("ketoacidosis") is None
    assert len(shipped.rows_in(CodeRange("E08", "E13", "ketoacidosis"))) == 0


def test_rows_of_a_range_run_to_the_end_of_its_last_subtree(shipped: CodeIndex):
    rows = shipped.rows_in(CodeRange("E08", "E13"))
    codes = [shipped.code(row) for row in rows]
    assert codes[0] == "E08"
    assert codes[-1] == "E13.9"
    assert "E11.65" in codes
    assert all(code[:3] in {"E08", "E09", "E10", "E11", "E13"} for code in codes)


def test_rows_of_a_range_follow_tabular_order(shipped: CodeIndex):
    codes = {shipped.code(row) for row in shipped.rows_in(CodeRange("C43", "C44"))}
    assert "C4A.0" in codes


def test_rows_with_a_condition_are_complete_codes(shipped: CodeIndex):
    codes = {shipped.code(row) for row in shipped.rows_in(CodeRange("E08", "E13", ".51-.52"))}
    assert codes == {f"{c}.{d}" for c in ("E08", "E09", "E10", "E11", "E13") for d in ("51", "52")}


@pytest.mark.parametrize(("first", "last"), [("E99", "E99"), ("A99.9", "A99.9"), ("Z99.99", "Z99.99")])
def test_a_code_that_the_edition_lacks_has_no_rows(shipped: CodeIndex, first: str, last: str):
    assert len(shipped.rows_in(CodeRange(first, last))) == 0


def test_a_range_whose_ends_the_edition_lacks_holds_what_lies_between(shipped: CodeIndex):
    codes = [shipped.code(row) for row in shipped.rows_in(CodeRange("J06.91", "J09.0"))]
    assert codes == ["J09"]
    codes = [shipped.code(row) for row in shipped.rows_in(CodeRange("I04", "I06"))]
    assert (codes[0], codes[-1]) == ("I05", "I06.9")
