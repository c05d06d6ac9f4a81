from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from suggest.code_sets import importers
from suggest.code_sets.importers import diff_editions, import_icd10cm, installed_editions, open_edition
from suggest.code_sets.index import CodeIndex
from suggest.code_sets.releases import load_source
from suggest.code_sets.tabular import TabularList
from suggest.errors import CodeSetError

Write = Callable[[str, str | bytes], Path]

ORDER = [
    ("J44", "0", "Other chronic obstructive pulmonary disease"),
    ("J440", "1", "Chronic obstructive pulmonary disease with lower respiratory infection"),
    ("J449", "1", "Chronic obstructive pulmonary disease, unspecified"),
    ("J99Z", "1", "A code without its category"),
    ("S09", "0", "Other and unspecified injuries of head"),
    ("S099", "0", "Unspecified injury of face and head"),
    ("S0990", "0", "Unspecified injury of head"),
    ("S0990XA", "1", "Unspecified injury of head, initial encounter"),
    ("S0990XS", "1", "Unspecified injury of head, sequela"),
]
GOOD = [line for line in ORDER if line[0] != "J99Z"]


@pytest.fixture(autouse=True)
def _read_shipped_list_once(monkeypatch: pytest.MonkeyPatch, shipped_list: TabularList) -> None:
    monkeypatch.setattr(importers, "_read_shipped", lambda: shipped_list)


def order_file(lines: list[tuple[str, str, str]]) -> str:
    return "".join(
        f"{number:05} {code:<7} {flag} {title[:60]:<60} {title}\r\n"
        for number, (code, flag, title) in enumerate(lines, start=1)
    )


def codes_file(lines: list[tuple[str, str, str]]) -> str:
    return "".join(f"{code:<7} {title}\r\n" for code, flag, title in lines if flag == "1")


def zipped(**members: str | bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return buffer.getvalue()


def hierarchy(index: CodeIndex) -> list[tuple[str, str, str, bool]]:
    return [
        (
            code,
            index.code(int(index.parent[row])) if index.parent[row] >= 0 else "",
            index.title(row),
            bool(index.billable[row]),
        )
        for row, code in enumerate(index.codes())
    ]


def test_only_the_shipped_edition_is_installed_at_first(tmp_path: Path):
    assert [edition.name for edition in installed_editions(tmp_path)] == ["FY2026"]


def test_imports_an_order_file(write: Write, tmp_path: Path):
    imported = import_icd10cm(write("icd10cm_order_2025.txt", order_file(GOOD)), tmp_path)
    assert (imported.edition.name, imported.codes, imported.billable) == ("FY2025", 8, 4)
    assert not imported.has_notes
    assert imported.replaced is None
    assert [edition.name for edition in installed_editions(tmp_path)] == ["FY2025", "FY2026"]
    index = open_edition(tmp_path, "FY2025")
    assert hierarchy(index)[2] == ("J44.9", "J44", "Chronic obstructive pulmonary disease, unspecified", True)
    full = index.row("S09.90XA")
    assert full is not None
    assert index.code(int(index.stem[full])) == "S09.90"
    assert index.chapter[full] == 19
    assert index.block_id(int(index.block[full])) == "S00-S09"
    assert index.notes(full, "excludes1") == ()
    assert index.excludes1(0, full) is None
    assert [index.code(hit.row) for hit in index.search("head injury seq")] == ["S09.90XS"]


def test_a_list_of_codes_gives_the_same_hierarchy(write: Write, tmp_path: Path):
    order = write("icd10cm_order_2025.txt", order_file(GOOD))
    codes = write("icd10cm_codes_2024.txt", codes_file(GOOD))
    import_icd10cm(order, tmp_path)
    import_icd10cm(codes, tmp_path)
    assert hierarchy(open_edition(tmp_path, "FY2024")) == hierarchy(open_edition(tmp_path, "FY2025"))


def test_a_list_of_codes_names_categories_that_did_not_ship(write: Write, tmp_path: Path):
    text = "J9700   Sudden new lung disease, right lung\nJ9701   Sudden new lung disease, left lung\n"
    text += "S1800XA Crushing of something new, initial encounter\n"
    import_icd10cm(write("icd10cm_codes_2024.txt", text), tmp_path)
    index = open_edition(tmp_path, "2024")
    assert [(code, above, title) for code, above, title, _ in hierarchy(index)] == [
        ("J97", "", "Sudden new lung disease"),
        ("J97.00", "J97", "Sudden new lung disease, right lung"),
        ("J97.01", "J97", "Sudden new lung disease, left lung"),
        ("S18", "", "Crushing of something new"),
        ("S18.00", "S18", "Crushing of something new"),
        ("S18.00XA", "S18.00", "Crushing of something new, initial encounter"),
    ]
    assert index.chapter.tolist() == [10, 10, 10, 19, 19, 19]
    assert index.has_seventh.tolist() == [False] * 5 + [True]


def test_imports_a_tabular_list_with_its_notes(write: Write, tmp_path: Path, small_xml: str):
    imported = import_icd10cm(write("tabular.xml", small_xml), tmp_path)
    assert imported.edition.name == "FY2027"
    assert imported.has_notes
    index = open_edition(tmp_path, "FY2027")
    injury, other = index.row("S06.1X0A"), index.row("S09.90")
    assert injury is not None
    assert other is not None
    note = index.excludes1(injury, other)
    assert note is not None
    assert (note.text, note.from_code) == ("head injury NOS (S09.90)", "S06")
    assert index.terms(0) == ("traumatic brain injury",)


def test_takes_the_fullest_file_of_a_zip(write: Write, tmp_path: Path, small_xml: str):
    addenda = "Add:         J440   Something\n"
    archive = zipped(
        icd10cm_order_addenda_2025__txt=addenda,
        icd10cm_order_2025__txt=order_file(GOOD),
        icd10cm_codes_2025__txt=codes_file(GOOD),
    )
    imported = import_icd10cm(write("release.zip", archive), tmp_path)
    assert imported.edition.source == "release.zip/icd10cm_order_2025.txt"
    with_xml = write("cdc.zip", zipped(icd10cm_tabular_2027__xml=small_xml, icd10cm_order_2027__txt=order_file(GOOD)))
    assert import_icd10cm(with_xml, tmp_path).has_notes


def test_an_import_takes_the_place_of_the_edition_of_its_year(write: Write, tmp_path: Path):
    imported = import_icd10cm(write("icd10cm_order_2026.txt", order_file(GOOD)), tmp_path)
    assert imported.replaced is not None
    assert imported.replaced.endswith(".xml")
    assert len(open_edition(tmp_path, "FY2026")) == 8
    again = import_icd10cm(write("icd10cm_codes_2026.txt", codes_file(GOOD[:3])), tmp_path)
    assert again.replaced == "icd10cm_order_2026.txt"
    assert len(open_edition(tmp_path, "FY2026")) == 3


def test_the_caller_may_name_the_edition(write: Write, tmp_path: Path):
    path = write("codes.txt", codes_file(GOOD))
    with pytest.raises(CodeSetError, match=r"codes.txt: the name states no year; name the edition"):
        import_icd10cm(path, tmp_path)
    with pytest.raises(CodeSetError, match="'last year': expected a fiscal year such as FY2025"):
        import_icd10cm(path, tmp_path, edition="last year")
    assert import_icd10cm(path, tmp_path, edition="2023").edition.name == "FY2023"


def test_a_year_that_contradicts_the_list_is_refused(write: Write, tmp_path: Path, small_xml: str):
    with pytest.raises(CodeSetError, match="release of 2027, not of 2024"):
        import_icd10cm(write("icd10cm-tabular-2024.xml", small_xml), tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        (" \n \n", "is empty"),
        ("code,title\nA00,Cholera\n", "order_2025.txt:1: not a layout of ICD-10-CM; expected"),
        (order_file(GOOD) + "00009 J45", "order_2025.txt:9: expected 5-digit order number"),
        (order_file([*GOOD, GOOD[-1]]), "order_2025.txt:9: code S0990XS is there twice, first in line 8"),
        (order_file(ORDER), "order_2025.txt:4: code J99Z does not follow its category J99"),
        (order_file(GOOD[:1]), "order_2025.txt:1: code J44 is flagged 0"),
        (order_file([("J44", "1", "COPD"), *GOOD[1:]]), "order_2025.txt:1: code J44 is flagged 1"),
        (order_file(GOOD).replace("00003", "00002"), "order_2025.txt:3: order number 00002"),
        (order_file(GOOD).replace("J449 ", "j449 "), "order_2025.txt:3: expected 5-digit"),
        (order_file(GOOD).encode().replace(b"Other", b"Oth\xe9r"), "order_2025.txt:1: not UTF-8"),
        (codes_file(GOOD).replace("J449   ", "J44.9  "), "order_2025.txt:2: expected a code of 3 to 7"),
        (
            codes_file([*GOOD, ("J4401", "1", "X")]),
            "order_2025.txt:5: code J4401 stands below the complete code J440",
        ),
        (codes_file([*GOOD, ("J440", "1", "X")]), "order_2025.txt:5: code J440 is there twice"),
    ],
)
def test_malformed_text_files_are_refused_whole(write: Write, tmp_path: Path, content: str | bytes, message: str):
    home = tmp_path / "home"
    with pytest.raises(CodeSetError, match=message):
        import_icd10cm(write("order_2025.txt", content), home)
    assert [edition.name for edition in installed_editions(home)] == ["FY2026"]


def test_a_failed_import_keeps_the_edition_in_use(write: Write, tmp_path: Path):
    import_icd10cm(write("icd10cm_order_2025.txt", order_file(GOOD)), tmp_path)
    with pytest.raises(CodeSetError):
        import_icd10cm(write("icd10cm_order_2025.txt", order_file(ORDER)), tmp_path)
    assert len(open_edition(tmp_path, "FY2025")) == 8


def test_zip_files_that_are_refused(write: Write, tmp_path: Path):
    cases = {
        "text.zip": (codes_file(GOOD).encode(), "text.zip is not a zip file or is damaged"),
        "none_2025.zip": (zipped(readme__md="no codes"), "none_2025.zip holds no file of ICD-10-CM codes"),
        "bomb_2025.zip": (zipped(icd10cm_codes_2025__txt="A" * 3_000_000), "ratio of at most 200"),
        "blank_2025.zip": (zipped(icd10cm_codes_2025__txt=" "), "icd10cm_codes_2025.txt is empty"),
        "two.zip": (
            zipped(icd10cm_codes_2025__txt="a", icd10cm_codes_2024__txt="b"),
            "holds several codes files .*2024.txt, .*2025.txt",
        ),
        "many.zip": (zipped(**{f"f{i}": "" for i in range(1001)}), "holds 1001 files; expected at most 1000"),
        "torn.zip": (zipped(icd10cm_codes_2025__txt=codes_file(GOOD))[:-40], "not a zip file or is damaged"),
    }
    for name, (content, message) in cases.items():
        with pytest.raises(CodeSetError, match=message):
            import_icd10cm(write(name, content), tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_bounds_of_size(write: Write):
    with pytest.raises(CodeSetError, match="larger than 100 bytes"):
        load_source(write("icd10cm_codes_2025.txt", codes_file(GOOD)), max_bytes=100)
    with pytest.raises(CodeSetError, match="packed into"):
        load_source(write("a.zip", zipped(icd10cm_codes_2025__txt=codes_file(GOOD * 40))), max_bytes=700)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(CodeSetError, match=r"nowhere\.zip cannot be read: No such file"):
        import_icd10cm(tmp_path / "nowhere.zip", tmp_path)


@pytest.mark.parametrize("name", ["FY2019", "../FY2026", "", "newest"])
def test_an_edition_that_is_not_installed(tmp_path: Path, name: str):
    with pytest.raises(CodeSetError, match=r"is not installed \(installed: FY2026\).*chartcoder codes import"):
        open_edition(tmp_path, name)


def test_an_altered_import_is_noticed(write: Write, tmp_path: Path):
    import_icd10cm(write("icd10cm_order_2025.txt", order_file(GOOD)), tmp_path)
    folder = tmp_path / "code_sets" / "icd10cm" / "FY2025"
    (folder / "order.txt").write_text(order_file(GOOD[:3]))
    with pytest.raises(CodeSetError, match="was altered since its import"):
        open_edition(tmp_path, "FY2025")
    (folder / "edition.json").write_text("{}")
    with pytest.raises(CodeSetError, match="is damaged"):
        installed_editions(tmp_path)


def test_diff(write: Write, tmp_path: Path):
    later = [line for line in GOOD if line[0] != "J440"]
    later[1] = ("J449", "1", "Chronic obstructive pulmonary disease NOS")
    later.insert(2, ("J4A", "1", "New lung disease"))
    later[-1] = ("S0990XS", "1", "Unspecified ínjury of head, sequela")
    import_icd10cm(write("icd10cm_order_2024.txt", order_file(GOOD)), tmp_path)
    import_icd10cm(write("icd10cm_order_2025.txt", order_file(later)), tmp_path)
    diff = diff_editions(open_edition(tmp_path, "FY2024"), open_edition(tmp_path, "FY2025"))
    assert diff.new == ("J4A",)
    assert diff.retired == ("J44.0",)
    assert diff.retitled == (
        (
            "J44.9",
            "Chronic obstructive pulmonary disease, unspecified",
            "Chronic obstructive pulmonary disease NOS",
        ),
    )


@pytest.mark.slow
@pytest.mark.shared_data
def test_the_release_of_2025(release_2025: Path, shipped: CodeIndex, tmp_path: Path):
    imported = import_icd10cm(release_2025, tmp_path)
    assert (imported.edition.name, imported.codes, imported.billable) == ("FY2025", 97584, 74260)
    index = open_edition(tmp_path, "FY2025")
    both = [(r, s) for r, code in enumerate(index.codes()) if (s := shipped.row(code)) is not None]
    assert len(both) > 97000
    for ours, theirs in both[::53]:
        above, reference = int(index.parent[ours]), int(shipped.parent[theirs])
        assert (above < 0) == (reference < 0)
        assert above < 0 or index.code(above) == shipped.code(reference)
        assert index.has_seventh[ours] == shipped.has_seventh[theirs]
        assert index.block_id(int(index.block[ours])) == shipped.block_id(int(shipped.block[theirs]))
    diff = diff_editions(index, shipped)
    assert (len(diff.new), len(diff.retired), len(diff.retitled)) == (487, 28, 49)
    assert "E11.A" in diff.new
    assert "G35" in diff.retired


@pytest.mark.slow
@pytest.mark.shared_data
def test_the_list_of_codes_of_2025_gives_the_hierarchy_of_its_order_file(release_2025: Path, tmp_path: Path):
    with zipfile.ZipFile(release_2025) as archive:
        codes = Path(archive.extract("icd10cm_codes_2025.txt", tmp_path))
    import_icd10cm(release_2025, tmp_path / "order")
    import_icd10cm(codes, tmp_path / "codes")
    order, built = open_edition(tmp_path / "order", "FY2025"), open_edition(tmp_path / "codes", "FY2025")
    assert order.codes() == built.codes()
    assert (order.parent == built.parent).all()
    assert (order.has_seventh == built.has_seventh).all()
    assert (order.billable == built.billable).all()
