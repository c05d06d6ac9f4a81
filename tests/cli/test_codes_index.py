"""``chartcoder codes import icd10cm-index``: files of the Alphabetic Index."""

from __future__ import annotations

from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "suggest" / "code_sets" / "alphabetic"
DISEASES = FOLDER / "icd10cm-index-2026.xml"


@pytest.fixture
def codes(run, index, home, tmp_path):
    """Runs ``chartcoder codes`` in a data folder of its own that has the index of the edition that ships."""
    folder = tmp_path / "home" / "index"
    folder.mkdir(parents=True)
    (folder / index.fingerprint).symlink_to(home / "index" / index.fingerprint)
    return lambda *arguments: run("codes", *arguments)


def test_an_import_says_what_it_brought_and_what_it_left_out(codes):
    done = codes("import", "icd10cm-index", DISEASES)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0].startswith("FY2026: ")
    assert lines[0].endswith(" terms of the Index to Diseases and Injuries")
    assert "    line 78: Breakage -> Fracture, by site" in lines
    assert "    line 121: Drowsy" in lines
    assert "  Left out as no chart says them (specified NEC, ...): 3" in lines
    assert "    note: 1" in lines
    again = codes("import", "icd10cm-index", DISEASES)
    assert "icd10cm-index-2026.xml took the place of icd10cm-index-2026.xml" in again.out


def test_loaded_indexes_are_listed_below_the_editions(codes):
    editions = codes("editions").out.splitlines()
    codes("import", "icd10cm-index", FOLDER / "icd10cm-drug-2026.xml")
    codes("import", "icd10cm-index", DISEASES, "--edition", "2026")
    lines = codes("editions").out.splitlines()
    assert lines[: len(editions) + 1] == [*editions, ""]
    lines = lines[len(editions) + 1 :]
    assert lines[0].split() == ["edition", "index", "terms", "source"]
    assert [line.split()[-1] for line in lines[1:]] == ["icd10cm-index-2026.xml", "icd10cm-drug-2026.xml"]


def test_long_lists_are_cut_unless_all_is_asked_for(codes, tmp_path):
    path = tmp_path / "index-2026.xml"
    entries = "".join(f"<mainTerm><title>Term {n}</title></mainTerm>" for n in range(12))
    entries += "<mainTerm><title>Pain</title><code>R52</code></mainTerm>"
    path.write_text(f"<ICD10CM.index><letter>{entries}</letter></ICD10CM.index>", encoding="utf-8")
    cut, every = (codes("import", "icd10cm-index", path, *option).out for option in ([], ["--all"]))
    assert "Not followed, an entry without code, reference or subterms (12)" in cut
    assert "    and 2 more; --all lists them" in cut
    assert "Term 11" not in cut
    assert "    line 1: Term 11" in every
    assert "more; --all" not in every


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "index.xml",
            DISEASES.read_text(encoding="utf-8").replace("2026", "draft"),
            "states no year; name the edition",
        ),
        ("index.xml", DISEASES.read_text(encoding="utf-8").replace("2026", "2019"), "edition FY2019 is not installed"),
        ("index.xml", "<ICD10CM.tabular/>", "index.xml:1: expected the root element ICD10CM.index"),
        ("index.xml", "", "index.xml is empty"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(codes, tmp_path, name, text, message):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    done = codes("import", "icd10cm-index", path)
    assert done.code == 2
    assert message in done.err
    assert not list((tmp_path / "home" / "code_sets").glob("alphabetic-*"))
