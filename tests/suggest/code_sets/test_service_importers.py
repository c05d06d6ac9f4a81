"""Imports of CPT and HCPCS files. The descriptors of CPT here are invented."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from suggest.code_sets import services as services_module
from suggest.code_sets.service_importers import import_cpt, import_hcpcs, imported_editions, read_import
from suggest.code_sets.services import check_live, open_services, read_starter
from suggest.errors import CodeSetError
from suggest.records import System

Write = Callable[[str, str | bytes], Path]

PREAMBLE = """CPT(R) 2026 Data File
CPT copyright 2025 American Medical Association. All rights reserved.
Fee schedules are not part of it.

"""
LONG = (
    "00001\tInvented service of the left gadget\r\n"
    "11111\tInvented bending of the gadget, each\r\n"
    "1234T\tInvented beam\r\n"
)
HEADER = "Concept Id\tCPT Code\tLong\tMedium\tShort\tConsumer\tCurrent Descriptor Effective Date\n"
ROWS = (
    "7\t00001\tInvented service of the left gadget\tINVENTED SERVICE\tINV SRV\tA service\t20260101\n"
    "8\t0002U\tInvented assay\tINVENTED ASSAY\tINV ASY\t\t20260101\n"
)
HCPCS_NAME = "HCPC2025_JAN_ANWEB_12172024.txt"


def zipped(**members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return buffer.getvalue()


def record(code: str, text: str, kind: str = "3", **fields: str) -> str:
    """Returns a record of 320 columns; ``added``, ``effective``, ``ended`` and ``action`` stand at its end."""
    dates = "".join(
        fields.get(name, default).ljust(8)
        for name, default in (("added", "20200101"), ("effective", "20240101"), ("ended", ""))
    )
    start = f"{code.rjust(5)}{fields.get('sequence', '00100')}{kind}{text:<80}{text[:28]:<28}"
    return (
        f"{start:<268}{dates if kind in '37' else ' ' * 24}{fields.get('action', 'N') if kind in '37' else ' '}".ljust(
            320
        )
        + "\r\n"
    )


HCPCS = (
    record("LT", "Port side", "7")
    + record("ZZ", "Modifier of the past", "7", ended="20201231")
    + record("A0001", "Invented gadget, of")
    + record("A0001", "wood or of steel, each", "4")
    + record("J9998", "Injection, fictumab (invento), 10 mg", added="20250101", effective="20250101", action="A")
    + record("J1885", "Injection, ketorolac of CMS, per 15 mg")
    + record("S0003", "Gadget of the past", ended="20241231", action="D")
)


def test_a_long_file_is_imported(write: Write, tmp_path: Path) -> None:
    imported = import_cpt(write("LONGULT_2026.txt", PREAMBLE + LONG), tmp_path)
    assert (imported.edition.name, imported.codes, imported.modifiers, imported.replaced) == ("2026", 3, 0, None)
    assert imported.edition.effective_from == date(2026, 1, 1)
    assert imported.edition.effective_to == date(2026, 12, 31)
    assert imported.edition.source == "LONGULT_2026.txt"
    found = open_services(tmp_path, System.CPT)
    assert found.edition == imported.edition
    code = found.get("11111")
    assert code is not None
    assert (code.label, code.source, code.section) == (
        "Invented bending of the gadget, each",
        "AMA 2026",
        "integumentary",
    )
    assert code.terms == ("invented bending of the gadget",)
    assert [hit.code for hit in found.search("gadget bending")] == ["11111"]


@pytest.mark.parametrize("text", [LONG.replace("\t", " "), LONG.replace("\t", "   "), "\ufeff" + LONG])
def test_blanks_and_a_byte_order_mark_are_taken(write: Write, tmp_path: Path, text: str) -> None:
    assert import_cpt(write("MEDU.txt", text), tmp_path, "2026").codes == 3


def test_the_year_comes_from_the_preamble(write: Write, tmp_path: Path) -> None:
    assert import_cpt(write("LONGULT.txt", PREAMBLE + LONG), tmp_path).edition.name == "2026"


def test_the_year_of_the_copyright_is_not_that_of_the_edition(write: Write, tmp_path: Path) -> None:
    text = PREAMBLE.replace("CPT(R) 2026 Data File\n", "") + LONG
    with pytest.raises(CodeSetError, match=r"LONGULT\.txt states no edition; name it: --edition and a year"):
        import_cpt(write("LONGULT.txt", text), tmp_path)


def test_a_notice_may_stand_at_the_end(write: Write, tmp_path: Path) -> None:
    text = LONG + "CPT is a registered trademark of the American Medical Association.\n"
    assert import_cpt(write("SHORTU 2026.txt", text), tmp_path).codes == 3


def test_the_consolidated_list_is_read_by_its_header(write: Write, tmp_path: Path) -> None:
    imported = import_cpt(write("Consolidated Code List.txt", PREAMBLE + HEADER + ROWS), tmp_path)
    assert imported.codes == 2
    code = open_services(tmp_path, System.CPT).get("00001")
    assert code is not None
    assert code.label == "Invented service of the left gadget"
    assert code.terms == ("invented service of the left gadget", "invented service", "a service")


def test_columns_stand_in_any_order(write: Write, tmp_path: Path) -> None:
    text = "Short\tCPT Code\nINV SRV\t00001\n"
    import_cpt(write("list.txt", text), tmp_path, "2026")
    assert open_services(tmp_path, System.CPT).get("00001").label == "INV SRV"  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_several_files_are_put_together(write: Write, tmp_path: Path, kind: str) -> None:
    medium = "00001 INVENTED SERVICE\n22222 ONLY MEDIUM\n"
    if kind == "zip":
        path = write("cpt2026.zip", zipped(LONGULT__txt=LONG, MEDU__txt=medium, readme__txt="not a list"))
    else:
        path = tmp_path / "cpt2026"
        path.mkdir()
        for name, text in (("LONGULT_2026.txt", LONG), ("MEDU_2026.txt", medium), ("readme.txt", "not a list")):
            (path / name).write_text(text, encoding="utf-8")
    imported = import_cpt(path, tmp_path / "home")
    assert (imported.codes, imported.edition.name) == (4, "2026")
    found = open_services(tmp_path / "home", System.CPT)
    labels = {code.code: code.label for code in found if code.source == "AMA 2026"}
    assert labels["00001"] == "Invented service of the left gadget"
    assert labels["22222"] == "ONLY MEDIUM"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "LONGULT_2026.txt is empty; expected data files of CPT"),
        ("Notes about something\nelse\n", "LONGULT_2026.txt holds no code; expected lines with a code of 5 characters"),
        ("00001\n", "LONGULT_2026.txt holds no code"),
        ("00001\tInvented\nand more\n", "LONGULT_2026.txt:2: expected a code of 5 characters"),
        ("00001\tInvented\n\n123X5\tWrong\n", "LONGULT_2026.txt:3: 123X5 is no code of CPT"),
        ("1234B\tWrong\n", "LONGULT_2026.txt:1: 1234B is no code of CPT"),
        ("00001\tInvented\n00001\tOther\n", "LONGULT_2026.txt:2: code 00001 has another descriptor than in line 1"),
        (HEADER + "7\t00001\n", "LONGULT_2026.txt:2: expected at least 6 columns, found 2"),
        (HEADER + ROWS.replace("0002U", "G0002"), "LONGULT_2026.txt:3: 'G0002' is no code of CPT"),
        (HEADER + "7\t00001\t\t\t\t\t\n", "LONGULT_2026.txt:2: code 00001 has no descriptor"),
        ("\0\0PDF", "LONGULT_2026.txt:1: not a text file"),
    ],
)
def test_a_malformed_cpt_file_is_refused(write: Write, tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CodeSetError, match=re.escape(message)):
        import_cpt(write("LONGULT_2026.txt", text), tmp_path)
    assert imported_editions(tmp_path, System.CPT) == []


def test_the_same_line_twice_is_no_contradiction(write: Write, tmp_path: Path) -> None:
    assert import_cpt(write("LONGULT_2026.txt", LONG + LONG), tmp_path).codes == 3


def test_another_year_than_asked_for_is_refused(write: Write, tmp_path: Path) -> None:
    with pytest.raises(CodeSetError, match=r"another edition than 2025: it states 2026 \(LONGULT\.txt:1\)"):
        import_cpt(write("LONGULT.txt", PREAMBLE + LONG), tmp_path, "2025")


def test_files_of_two_years_are_refused(write: Write, tmp_path: Path) -> None:
    path = write("cpt.zip", zipped(LONGULT_2025__txt=LONG, MEDU_2026__txt=LONG))
    with pytest.raises(CodeSetError, match=r"states several editions: 2025 \(cpt\.zip/LONGULT_2025\.txt\), 2026"):
        import_cpt(path, tmp_path)


@pytest.mark.parametrize("asked", ["26", "FY2026", "2026-01"])
def test_an_edition_of_cpt_is_a_year(write: Write, tmp_path: Path, asked: str) -> None:
    with pytest.raises(CodeSetError, match="expected a year such as 2026"):
        import_cpt(write("LONGULT.txt", LONG), tmp_path, asked)


def test_a_zip_file_without_lists_and_a_missing_file_are_refused(write: Write, tmp_path: Path) -> None:
    with pytest.raises(CodeSetError, match=r"cpt\.zip holds no such file; expected data files of CPT"):
        import_cpt(write("cpt.zip", zipped(readme__txt="x")), tmp_path)
    with pytest.raises(CodeSetError, match="damaged"):
        import_cpt(write("broken.zip", b"PK\x03\x04broken"), tmp_path)
    with pytest.raises(CodeSetError, match="cannot be read"):
        import_cpt(tmp_path / "nothing.txt", tmp_path)


def test_bytes_that_are_no_text_are_named(write: Write, tmp_path: Path) -> None:
    with pytest.raises(CodeSetError, match=r"LONGULT_2026\.txt:4: neither UTF-8 nor Windows-1252"):
        import_cpt(write("LONGULT_2026.txt", LONG.encode() + b"22222\tx\x81\x8d\n"), tmp_path)


def test_windows_text_is_read(write: Write, tmp_path: Path) -> None:
    import_cpt(write("LONGULT_2026.txt", "00001\tInvented\xae gadget\n".encode("cp1252")), tmp_path)
    assert open_services(tmp_path, System.CPT).get("00001").label == "Invented\xae gadget"  # type: ignore[union-attr]


def test_a_failed_import_leaves_what_is_in_use(write: Write, tmp_path: Path) -> None:
    import_cpt(write("LONGULT_2026.txt", LONG), tmp_path)
    before = open_services(tmp_path, System.CPT).fingerprint
    with pytest.raises(CodeSetError):
        import_cpt(write("LONGULT_2026.txt", LONG + "wrong\n"), tmp_path)
    assert open_services(tmp_path, System.CPT).fingerprint == before


def test_an_import_takes_the_place_of_the_same_edition(write: Write, tmp_path: Path) -> None:
    import_cpt(write("LONGULT_2026.txt", LONG), tmp_path)
    assert import_cpt(write("MEDU_2026.txt", "00001 X\n"), tmp_path).replaced == "LONGULT_2026.txt"
    assert len(read_import(tmp_path, imported_editions(tmp_path, System.CPT)[0]).codes) == 1


def test_editions_stand_side_by_side_and_the_newest_is_opened(write: Write, tmp_path: Path) -> None:
    import_cpt(write("a.txt", "00001 Later\n"), tmp_path, "2027")
    import_cpt(write("b.txt", "00001 Earlier\n"), tmp_path, "CPT 2026")
    assert [edition.name for edition in imported_editions(tmp_path, System.CPT)] == ["2026", "2027"]
    labels = [
        open_services(tmp_path, System.CPT, edition=name).get("00001").label  # type: ignore[union-attr]
        for name in ("2026", "2027", None)
    ]
    assert labels == ["Earlier", "Later", "Later"]
    assert open_services(tmp_path, System.CPT, edition="starter").edition.name == "starter"
    with pytest.raises(CodeSetError, match=r"CPT 2020 is not installed \(installed: starter, 2026, 2027\)"):
        open_services(tmp_path, System.CPT, edition="2020")


def test_a_set_that_is_off_stays_empty(write: Write, tmp_path: Path) -> None:
    import_cpt(write("LONGULT_2026.txt", LONG), tmp_path)
    assert len(open_services(tmp_path, System.CPT, enabled=False)) == 0


@pytest.mark.parametrize("damage", ["{", "altered", None])
def test_a_damaged_import_is_refused(write: Write, tmp_path: Path, damage: str | None) -> None:
    import_cpt(write("LONGULT_2026.txt", LONG), tmp_path)
    folder = tmp_path / "code_sets" / "cpt" / "2026"
    if damage == "altered":
        (folder / "codes.json").write_text(json.dumps({"codes": [], "modifiers": []}), encoding="utf-8")
    elif damage is None:
        (folder / "codes.json").unlink()
    else:
        (folder / "edition.json").write_text(damage, encoding="utf-8")
    with pytest.raises(CodeSetError, match="import"):
        open_services(tmp_path, System.CPT)


def test_hcpcs_is_imported_with_dates_and_modifiers(write: Write, tmp_path: Path) -> None:
    imported = import_hcpcs(write(HCPCS_NAME, HCPCS), tmp_path)
    assert (imported.edition.name, imported.codes, imported.ended, imported.modifiers) == ("2025-01", 4, 1, 2)
    found = open_services(tmp_path, System.HCPCS)
    gadget = found.get("A0001")
    assert gadget is not None
    assert gadget.label == "Invented gadget, of wood or of steel, each"
    assert (gadget.starts, gadget.ends, gadget.source) == (date(2020, 1, 1), None, "CMS 2025-01")
    drug = found.get("J9998")
    assert drug is not None
    assert (drug.section, drug.unit, drug.terms) == ("drug", "dose 10 mg", ("fictumab", "invento"))
    assert check_live(found, "S0003", date(2025, 1, 1)) == (
        "HCPCS S0003 ended 2024-12-31; the date of service 2025-01-01 lies after it"
    )
    assert check_live(found, "S0003", date(2024, 12, 31)) is None
    assert not found.live_on("J9998", date(2024, 12, 31))


def test_an_imported_label_wins_and_the_rest_of_the_table_stays(write: Write, tmp_path: Path) -> None:
    import_hcpcs(write(HCPCS_NAME, HCPCS), tmp_path)
    found = open_services(tmp_path, System.HCPCS)
    before = read_starter(System.HCPCS).get("J1885")
    code = found.get("J1885")
    assert code is not None
    assert before is not None
    assert (code.label, code.source) == ("Injection, ketorolac of CMS, per 15 mg", "CMS 2025-01")
    assert (code.terms, code.asks, code.unit, code.flags) == (before.terms, before.asks, before.unit, before.flags)
    assert found.get("J3301") == read_starter(System.HCPCS).get("J3301")
    assert (found.modifiers["LT"].label, found.modifiers["LT"].applies) == ("Port side", {"sided"})
    assert found.modifiers["ZZ"].ends == date(2020, 12, 31)
    assert found.modifiers["25"] == read_starter(System.HCPCS).modifiers["25"]


@pytest.mark.parametrize(("quarter", "ended"), [("2027_JAN", True), ("2025_JAN", False)])
def test_a_whole_later_release_ends_what_it_lacks(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quarter: str, ended: bool
) -> None:
    monkeypatch.setattr(services_module, "_WHOLE", 4)
    import_hcpcs(write(f"HCPC{quarter}_ANWEB.txt", HCPCS), tmp_path)
    code = open_services(tmp_path, System.HCPCS).get("J3301")
    assert code is not None
    assert code.ends == (date(2026, 12, 31) if ended else None)


def test_a_part_of_a_release_ends_nothing(write: Write, tmp_path: Path) -> None:
    import_hcpcs(write("HCPC2027_JAN_ANWEB.txt", HCPCS), tmp_path)
    assert open_services(tmp_path, System.HCPCS).get("J3301").ends is None  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; expected the HCPCS file of CMS"),
        ("A0001\n", ":1: 5 columns; expected records of 320 columns"),
        (HCPCS + "x" * 321 + "\n", ":8: 321 columns"),
        (record("A0001", "x", "9"), ":1: record identification '9'"),
        (record("A0001", "x", "4"), ":1: the description of A0001 goes on, but its first record is not before it"),
        (record("A0001", "x") + record("A0002", "y", "4"), ":2: the description of A0002 goes on"),
        (record("A0001", "x") + record("A0001", "y"), ":2: A0001 is there twice, first in line 1"),
        (record("99213", "x"), ":1: '99213' is no code of HCPCS Level II"),
        (record("Z0001", "x"), ":1: 'Z0001' is no code"),
        (record("A0001", ""), ":1: code A0001 has no description"),
        (record("A0001", "x", action="?"), ":1: code A0001: expected an action code"),
        (record("A0001", "x")[:280] + "\n", ":1: code A0001: expected an action code"),
        (record("A0001", "x", ended="20251399"), ":1: termination date '20251399'; expected YYYYMMDD"),
        (record("A0001", "x", added="soon"), ":1: date added 'soon    '"),
        (record("LT", "x", "7"), "holds no code"),
        (record("A0001", "x", effective="20250401"), ":1: a change of A0001 takes effect on 2025-04-01, after edition"),
    ],
)
def test_a_malformed_hcpcs_file_is_refused(write: Write, tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CodeSetError, match=re.escape(message)) as caught:
        import_hcpcs(write(HCPCS_NAME, text), tmp_path)
    assert str(caught.value).startswith(HCPCS_NAME)
    assert imported_editions(tmp_path, System.HCPCS) == []


def test_the_quarter_is_stated_or_asked_for(write: Write, tmp_path: Path) -> None:
    path = write("release.txt", HCPCS)
    with pytest.raises(CodeSetError, match="states no edition; name it: --edition and a quarter such as 2025-01"):
        import_hcpcs(path, tmp_path)
    assert import_hcpcs(path, tmp_path, "2025-07").edition.effective_from == date(2025, 7, 1)
    with pytest.raises(CodeSetError, match="expected a quarter such as 2025-01"):
        import_hcpcs(path, tmp_path, "2025-02")
    with pytest.raises(CodeSetError, match=r"another edition than 2024-10: it states 2025-01"):
        import_hcpcs(write(HCPCS_NAME, HCPCS), tmp_path, "2024-10")


def test_the_list_is_found_in_the_zip_file(write: Write, tmp_path: Path) -> None:
    members = {"HCPC2025_JAN_ANWEB__txt": HCPCS, "HCPC2025_recordlayout__txt": "x", "proc_notes__txt": "x"}
    path = write("release.zip", zipped(**members))
    assert import_hcpcs(path, tmp_path).edition.source == "release.zip/HCPC2025_JAN_ANWEB.txt"
    members["HCPC2025_APR_ANWEB__txt"] = HCPCS
    with pytest.raises(CodeSetError, match="holds several such files"):
        import_hcpcs(write("both.zip", zipped(**members)), tmp_path)


@pytest.mark.shared_data
def test_the_official_release_is_imported_whole(dev_data: Path, tmp_path: Path) -> None:
    path = dev_data / "terminology" / "hcpcs-2025-jan-anweb.zip"
    if not path.exists():
        pytest.skip(f"no development data: {path.name} is not there")
    imported = import_hcpcs(path, tmp_path)
    assert (imported.edition.name, imported.codes, imported.ended) == ("2025-01", 8259, 1145)
    assert imported.modifiers == 383
    release = read_import(tmp_path, imported.edition)
    assert sum(code.ends is not None for code in release.codes) == 1145
    found = open_services(tmp_path, System.HCPCS)
    assert check_live(found, "J1030", date(2026, 1, 1)) == (
        "HCPCS J1030 ended 2024-03-31; the date of service 2026-01-01 lies after it"
    )
    assert found.get("G2211").label.endswith("new or established)")  # type: ignore[union-attr]
    assert found.modifiers["JG"].ends == date(2024, 12, 31)
    # What the table has is in force, and a dose that the descriptor tells is the one that it has.
    starter = read_starter(System.HCPCS)
    assert [code.code for code in starter if not found.live_on(code.code, date(2026, 4, 1))] == []
    official = {code.code: code.unit for code in release.codes if code.unit}
    differing = {code.code for code in starter if official.get(code.code, code.unit) != code.unit}
    assert differing <= {"A9520", "J7030", "J7050", "J7070", "Q9991", "Q9992"}
