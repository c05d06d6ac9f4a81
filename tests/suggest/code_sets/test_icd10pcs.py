"""ICD-10-PCS: the compiled codes, the labels of their axes, and the import of official releases."""

from __future__ import annotations

import time
import zipfile
from pathlib import Path

import pytest

from cli.pcs import import_icd10pcs as command
from suggest.code_sets.icd10pcs import PcsIndex, import_icd10pcs, installed_pcs_editions, open_pcs, shipped_pcs_edition
from suggest.code_sets.pcs_labels import axes_of, axis_names
from suggest.errors import CodeSetError
from suggest.records import System

CODES = """\
0FT40ZZ Resection of Gallbladder, Open Approach
0FT44ZZ Resection of Gallbladder, Percutaneous Endoscopic Approach
"""
ORDER = "\n".join(
    f"{number:05} {code:7} {flag} {short:60} {long}"
    for number, code, flag, short, long in (
        (
            1,
            "0FT",
            0,
            "Medical and Surgical, Hepatobiliary, Resection",
            "Medical and Surgical, Hepatobiliary, Resection",
        ),
        (2, "0FT40ZZ", 1, "Resection of Gallbladder, Open", "Resection of Gallbladder, Open Approach"),
        (
            3,
            "0FT44ZZ",
            1,
            "Resection of Gallbladder, Perc",
            "Resection of Gallbladder, Percutaneous Endoscopic Approach",
        ),
    )
)


@pytest.fixture(scope="module")
def pcs(home: Path) -> PcsIndex:
    return open_pcs(home, shipped_pcs_edition().name)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_holds_all_codes_of_the_shipped_release(pcs: PcsIndex) -> None:
    assert len(pcs) == 78_603
    assert pcs.edition == shipped_pcs_edition()
    assert pcs.edition.system is System.ICD10PCS
    assert pcs.edition.name == "FY2024"


def test_row_code_and_title_lead_to_each_other(pcs: PcsIndex) -> None:
    row = pcs.row("0ft44zz")
    assert row is not None
    assert pcs.code(row) == "0FT44ZZ"
    assert pcs.title(row) == "Resection of Gallbladder, Percutaneous Endoscopic Approach"
    assert "0FT44ZZ" in pcs


@pytest.mark.parametrize("code", ["0FT4", "", "0FT49ZZ", "0FT44ZZZ", "0FT4.4Z", "0FT44Zé"])
def test_what_is_no_code_has_no_row(pcs: PcsIndex, code: str) -> None:
    assert pcs.row(code) is None


def test_prefix_gives_the_codes_below(pcs: PcsIndex) -> None:
    assert [pcs.code(row) for row in pcs.with_prefix("0FT4")] == ["0FT40ZZ", "0FT44ZZ"]
    assert len(pcs.with_prefix("")) == len(pcs)
    assert len(pcs.with_prefix("0FT9")) == 0 or pcs.code(pcs.with_prefix("0FT9")[0]).startswith("0FT9")
    assert len(pcs.with_prefix("?")) == 0


def test_values_are_the_next_characters(pcs: PcsIndex) -> None:
    assert pcs.values("0FT4") == "04"
    assert pcs.values("") == "0123456789BCDFGHX"
    assert pcs.values("0FT44ZZ") == ""
    assert pcs.values("Q") == ""


def test_search_by_words_and_by_beginning(pcs: PcsIndex) -> None:
    found = [pcs.code(hit.row) for hit in pcs.search("gallbladder resection", 3)]
    assert set(found[:2]) == {"0FT40ZZ", "0FT44ZZ"}
    assert [pcs.code(hit.row) for hit in pcs.search("0FT4")][:2] == ["0FT40ZZ", "0FT44ZZ"]
    assert pcs.search("zzzzqqq") == []
    assert pcs.search("  ") == []


def test_axes_have_names_and_labels(pcs: PcsIndex) -> None:
    axes = pcs.axes("0SRB04A")
    assert [axis.name for axis in axes] == list(axis_names("0"))
    assert [axis.label for axis in axes] == [
        "Medical and Surgical",
        "Lower Joints",
        "Replacement",
        "Hip Joint, Left",
        "Open",
        "Synthetic Substitute, Ceramic on Polyethylene",
        "Uncemented",
    ]


@pytest.mark.parametrize(
    ("code", "name", "label"),
    [
        ("BW201ZZ", "contrast", "Low Osmolar Contrast"),
        ("5A1955Z", "duration", "Greater than 96 Consecutive Hours"),
        ("3E03317", "substance", "Thrombolytic"),
        ("2W3UX2Z", "device", "Cast"),
        ("CT131ZZ", "radionuclide", "Technetium 99m (Tc-99m)"),
        ("4A023N7", "qualifier", "Left Heart"),
    ],
)
def test_sections_have_axes_of_their_own(pcs: PcsIndex, code: str, name: str, label: str) -> None:
    assert {axis.name: axis.label for axis in pcs.axes(code)}[name] == label


def test_axes_of_a_beginning(pcs: PcsIndex) -> None:
    assert [axis.value for axis in pcs.axes("0FT")] == ["0", "F", "T"]


def test_axes_of_an_unknown_code_say_so(pcs: PcsIndex) -> None:
    with pytest.raises(CodeSetError, match="FY2024 has no ICD-10-PCS code 'QQQ'; search"):
        pcs.axes("QQQ")


def test_every_character_has_a_label(pcs: PcsIndex) -> None:
    codes = (pcs.code(row) for row in range(len(pcs)))
    assert [code for code in codes if not all(axis.label for axis in axes_of(code))] == []


def test_compiles_within_seconds(tmp_path: Path) -> None:
    begin = time.process_time()
    assert len(open_pcs(tmp_path)) == 78_603
    assert time.process_time() - begin < 5


@pytest.mark.parametrize(("name", "text"), [("icd10pcs_codes_2026.txt", CODES), ("icd10pcs_order_2026.txt", ORDER)])
def test_imports_official_files(tmp_path: Path, name: str, text: str) -> None:
    imported = import_icd10pcs(write(tmp_path, name, text), tmp_path)
    assert (imported.edition.name, imported.codes, imported.replaced) == ("FY2026", 2, None)
    index = open_pcs(tmp_path)
    assert index.edition.name == "FY2026"
    assert [index.code(row) for row in range(len(index))] == ["0FT40ZZ", "0FT44ZZ"]
    assert [edition.name for edition in installed_pcs_editions(tmp_path)] == ["FY2024", "FY2026"]


def test_of_a_zip_the_order_file_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "2026-icd-10-pcs.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("icd10pcs_codes_2026.txt", CODES)
        archive.writestr("docs/icd10pcs_order_2026.txt", ORDER)
        archive.writestr("readme.txt", "nothing")
    assert import_icd10pcs(path, tmp_path).edition.source == "2026-icd-10-pcs.zip/icd10pcs_order_2026.txt"


def test_a_second_import_replaces_the_first(tmp_path: Path) -> None:
    path = write(tmp_path, "icd10pcs_codes_2026.txt", CODES)
    import_icd10pcs(path, tmp_path)
    assert import_icd10pcs(path, tmp_path).replaced == "icd10pcs_codes_2026.txt"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "icd10pcs_codes_2026.txt is empty; expected an order file"),
        ("hello world\n", "icd10pcs_codes_2026.txt:1: not a layout of ICD-10-PCS"),
        (CODES + "0FT4IZZ Not a code\n", "icd10pcs_codes_2026.txt:3: expected a code of 7 characters"),
        (CODES + CODES, "icd10pcs_codes_2026.txt:3: code 0FT40ZZ is there twice, first in line 1"),
        (ORDER.splitlines()[0], "holds headers but no code"),
        ("\n".join(reversed(ORDER.splitlines())), ":2: order number 00002 does not follow 00003"),
        (
            ORDER.replace(" 1 Resection of Gallbladder, Open ", " 0 Resection of Gallbladder, Open "),
            ":2: expected 5-digit",
        ),
        ("A000    Cholera due to Vibrio cholerae 01\n", ":1: not a layout of ICD-10-PCS"),
    ],
)
def test_bad_files_are_refused_and_nothing_is_touched(tmp_path: Path, text: str, message: str) -> None:
    import_icd10pcs(write(tmp_path, "icd10pcs_codes_2026.txt", CODES), tmp_path)
    bad = write(tmp_path, "icd10pcs_codes_2026.txt", text)
    with pytest.raises(CodeSetError, match=message):
        import_icd10pcs(bad, tmp_path)
    assert len(open_pcs(tmp_path, "FY2026")) == 2


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "icd10pcs_codes_2026.txt"
    path.write_bytes(CODES.encode() + b"\xff\xfe")
    with pytest.raises(CodeSetError, match=":3: not UTF-8"):
        import_icd10pcs(path, tmp_path)


@pytest.mark.parametrize(
    ("name", "edition", "message"),
    [
        ("codes.txt", None, "the name states no year"),
        ("codes.txt", "spring", "expected a fiscal year such as FY2026"),
        ("icd10pcs_codes_2026.txt", "FY2025", "release of 2026, not of 2025"),
        ("icd10pcs_codes_2010.txt", None, "fiscal year 2010: expected 2016 to 2099"),
    ],
)
def test_the_year_must_be_clear(tmp_path: Path, name: str, edition: str | None, message: str) -> None:
    with pytest.raises(CodeSetError, match=message):
        import_icd10pcs(write(tmp_path, name, CODES), tmp_path, edition=edition)


def test_zip_files_without_or_with_broken_content_are_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty.zip"
    with zipfile.ZipFile(empty, "w") as archive:
        archive.writestr("icd10cm_codes_2026.txt", "A000 Cholera")
    with pytest.raises(CodeSetError, match="holds no file of ICD-10-PCS codes"):
        import_icd10pcs(empty, tmp_path)
    with pytest.raises(CodeSetError, match="is not a zip file or is damaged"):
        import_icd10pcs(write(tmp_path, "broken.zip", "PK no zip"), tmp_path)


def test_altered_and_missing_editions_are_named(tmp_path: Path) -> None:
    import_icd10pcs(write(tmp_path, "icd10pcs_codes_2026.txt", CODES), tmp_path)
    (tmp_path / "code_sets/icd10pcs/FY2026/release.txt").write_text(CODES.upper(), encoding="utf-8")
    with pytest.raises(CodeSetError, match="was altered since its import"):
        open_pcs(tmp_path)
    with pytest.raises(CodeSetError, match="ICD-10-PCS edition FY2020 is not installed"):
        open_pcs(tmp_path, "2020")


def test_command_says_what_it_brought(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHARTCODER_HOME", str(tmp_path))
    path = write(tmp_path, "icd10pcs_codes_2026.txt", CODES)
    command(path)
    command(path)
    assert capsys.readouterr().out.splitlines() == [
        "ICD-10-PCS FY2026: 2 codes",
        "ICD-10-PCS FY2026: 2 codes",
        "FY2026 took the place of icd10pcs_codes_2026.txt",
    ]
