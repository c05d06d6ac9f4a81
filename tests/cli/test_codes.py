"""Code look-up, editions and their comparison."""

from __future__ import annotations

import json

import pytest

RELEASE = "A000    Cholera due to Vibrio cholerae 01, biovar cholerae\nE119    Diabetes of the second kind\n"


@pytest.fixture
def codes(run, home, monkeypatch):
    """Runs ``chartcoder codes`` with the shared index."""

    def command(*arguments):
        monkeypatch.setenv("CHARTCODER_HOME", str(home))
        return run("codes", *arguments)

    return command


def test_search_lists_codes_best_first(codes):
    done = codes("search", "diabetic", "chronic", "kidney", "type", "2", "--limit", "3")
    assert done.code == 0
    assert len(done.out.splitlines()) <= 3
    assert "E11.22  *  Type 2 diabetes mellitus with diabetic chronic kidney disease" in done.out


def test_search_finds_by_the_beginning_of_a_code(codes):
    assert codes("search", "e11.2").out.startswith("E11.2 ")


def test_a_search_without_results_says_what_to_do(codes):
    done = codes("search", "zebrafish")
    assert done.code == 2
    assert done.err == "chartcoder: nothing found in FY2026; try fewer words, or the beginning of one\n"


def test_a_code_is_shown_with_all_that_holds_for_it(codes):
    lines = codes("show", "e1122").out.splitlines()
    assert lines[0] == "E11.22  Type 2 diabetes mellitus with diabetic chronic kidney disease"
    assert lines[1] == "  ICD-10-CM FY2026, billable"
    assert "  Block E08-E13: Diabetes mellitus" in lines
    assert "    E11  Type 2 diabetes mellitus" in lines
    assert "    code to identify stage of chronic kidney disease (N18.1-N18.6)  [at E11.22]" in lines
    assert any(line.endswith("[at E11]") for line in lines[lines.index("  Excludes1 (not coded here)") :])


def test_a_category_shows_what_lies_below_it(codes):
    out = codes("show", "I10-").out + codes("show", "E11.2").out
    assert "not billable: needs more characters" in out
    assert "    E11.21  Type 2 diabetes mellitus with diabetic nephropathy" in out


@pytest.mark.parametrize("code", ["XYZ", "E11.7"])
def test_an_unknown_code_is_an_error(codes, code):
    done = codes("show", code)
    assert done.code == 2
    assert f"FY2026 has no code '{code}'; search for it" in done.err


def test_editions_are_listed_with_their_dates(codes):
    head, shipped, *_ = codes("editions").out.splitlines()
    assert head.split() == ["edition", "system", "from", "to", "source"]
    assert shipped.split()[:4] == ["FY2026", "ICD-10-CM", "2025-10-01", "2026-09-30"]


def test_an_edition_that_is_not_installed_is_an_error(codes):
    done = codes("search", "diabetes", "--edition", "FY2019")
    assert done.code == 2
    assert "edition FY2019 is not installed (installed: FY2026)" in done.err


def test_a_file_that_is_no_release_is_refused(run, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("zebrafish\n", encoding="utf-8")
    done = run("codes", "import", "icd10cm", path, "--edition", "FY2025")
    assert done.code == 2
    assert done.err.startswith("chartcoder: notes.txt")
    assert not (tmp_path / "home" / "code_sets" / "icd10cm" / "FY2025").exists()


@pytest.mark.slow
def test_an_imported_edition_is_installed_and_compared(run, tmp_path):
    path = tmp_path / "icd10cm_codes_2025.txt"
    path.write_text(RELEASE, encoding="utf-8")
    done = run("codes", "import", "icd10cm", path)
    assert done.code == 0, done.err
    assert done.out.splitlines()[0].startswith("FY2025: ")
    assert "no instructional notes" in done.out
    assert [line.split()[0] for line in run("codes", "editions").out.splitlines()[1:3]] == ["FY2025", "FY2026"]
    assert run("codes", "show", "E11.9", "--edition", "2025").out.startswith("E11.9  Diabetes of the second kind\n")
    diff = json.loads(run("codes", "diff", "FY2025", "FY2026", "--json").out)
    assert {"code", "from", "to"} == diff["retitled"][0].keys()
    assert [entry["code"] for entry in diff["retitled"]] == ["E11.9"]
    assert "I10" in diff["new"]
    text = run("codes", "diff", "FY2026", "FY2025").out
    assert "  New (0)" not in text
    assert "    I10  Essential (primary) hypertension" in text
