from __future__ import annotations

import io
import json
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from suggest.code_sets import compiler
from suggest.code_sets.icd10cm import read_tabular
from suggest.code_sets.importers import open_edition
from suggest.code_sets.index import CodeIndex, InstructionalNote
from suggest.code_sets.tabular import TabularList
from suggest.errors import CodeSetError


def row(index: CodeIndex, code: str) -> int:
    found = index.row(code)
    assert found is not None, code
    return found


def test_has_all_codes_of_the_edition(shipped: CodeIndex):
    assert len(shipped) == 98186
    assert shipped.edition.name == "FY2026"
    assert int(shipped.billable.sum()) > 74000


def test_each_row_knows_its_category(shipped: CodeIndex):
    for code in ("S52.501A", "E11.65", "I10", "A00", "Z3A.39", shipped.code(len(shipped) - 1)):
        assert shipped.code(int(shipped.category[row(shipped, code)])) == code[:3]


def test_marks_the_rows_of_categories(shipped: CodeIndex):
    marked = shipped.where_category(lambda category: category in ("I10", "E11"))
    assert {shipped.code(found)[:3] for found in np.flatnonzero(marked).tolist()} == {"I10", "E11"}
    assert marked[row(shipped, "E11.65")]
    assert int(marked.sum()) == 1 + int(shipped.end[row(shipped, "E11")]) - row(shipped, "E11")


@pytest.mark.parametrize("code", ["E11.65", "e11.65", "E1165", " e1165 "])
def test_finds_codes_in_any_spelling(shipped: CodeIndex, code: str):
    assert shipped.code(row(shipped, code)) == "E11.65"


@pytest.mark.parametrize("code", ["", "E11.66", "E11.6512345", "Ü", "E11 65", "E", "ZZZ", "A00-A09"])
def test_unknown_codes_have_no_row(shipped: CodeIndex, code: str):
    assert shipped.row(code) is None


def test_every_code_finds_its_row(shipped: CodeIndex):
    assert [shipped.row(code) for code in shipped.codes()[::101]] == list(range(0, len(shipped), 101))


def test_subtrees_are_contiguous(shipped: CodeIndex):
    rows = np.arange(len(shipped))
    below = shipped.parent >= 0
    parents = shipped.parent[below]
    assert (parents < rows[below]).all()
    assert (rows[below] < shipped.end[parents]).all()
    assert (shipped.end[below] <= shipped.end[parents]).all()
    assert (shipped.depth[below] == shipped.depth[parents] + 1).all()
    assert (shipped.depth[~below] == 0).all()
    assert ((shipped.end == rows + 1) == shipped.billable).all()


def test_stem_of_seventh_character_codes(shipped: CodeIndex):
    full = row(shipped, "T14.8XXA")
    assert shipped.has_seventh[full]
    assert shipped.code(int(shipped.stem[full])) == "T14.8"
    plain = row(shipped, "I10")
    assert not shipped.has_seventh[plain]
    assert int(shipped.stem[plain]) == plain
    own = row(shipped, "C44.1021")
    assert not shipped.has_seventh[own]
    assert int(shipped.stem[own]) == own


def test_titles_are_full(shipped: CodeIndex):
    assert shipped.title(row(shipped, "E11.65")) == "Type 2 diabetes mellitus with hyperglycemia"
    assert shipped.title(row(shipped, "S72.001A")) == (
        "Fracture of unspecified part of neck of right femur, initial encounter for closed fracture"
    )
    assert shipped.title(row(shipped, "H81.03")) == "Ménière's disease, bilateral"


def test_terms_are_inclusion_terms_and_includes_that_name_the_condition(shipped: CodeIndex):
    assert shipped.terms(row(shipped, "I63.9")) == ("Stroke NOS",)
    assert "high blood pressure" in shipped.terms(row(shipped, "I10"))
    assert shipped.terms(row(shipped, "E11.65")) == ()
    terms = [term for r in range(len(shipped)) for term in shipped.terms(r)]
    assert not [term for term in terms if term.endswith(":") or len(term.split()) > 14]


def test_hierarchy(shipped: CodeIndex):
    code = row(shipped, "S06.0X1A")
    assert [shipped.code(up) for up in shipped.ancestors(code)] == ["S06.0X1", "S06.0X", "S06.0", "S06"]
    assert [shipped.code(down) for down in shipped.children(row(shipped, "I10"))] == []
    assert [shipped.code(down) for down in shipped.children(row(shipped, "J44"))] == [
        "J44.0",
        "J44.1",
        "J44.8",
        "J44.9",
    ]


def test_chapters_and_blocks(shipped: CodeIndex):
    code = row(shipped, "E11.65")
    assert shipped.chapter[code] == 4
    assert shipped.chapter_title(4) == "Endocrine, nutritional and metabolic diseases"
    assert shipped.block_title(int(shipped.block[code])) == "Diabetes mellitus"
    assert shipped.block_id(int(shipped.block[code])) == "E08-E13"
    assert sorted(set(shipped.chapter.tolist())) == list(range(1, 23))


def test_notes_come_from_the_code_then_from_all_above(shipped: CodeIndex):
    notes = shipped.notes(row(shipped, "S06.0X1A"), "excludes1")
    places = [note.from_code for note in notes]
    assert places.index("S06.0") < places.index("S06")
    assert InstructionalNote("head injury NOS (S09.90)", "S06") in notes
    outer = {note.from_code for note in shipped.notes(row(shipped, "V03.10XA"), "use_additional")}
    assert "V00-V99" in outer
    chapter = {note.from_code for note in shipped.notes(row(shipped, "E11.65"), "excludes1")}
    assert "chapter 4" in chapter
    assert shipped.notes(row(shipped, "E11.22"), "use_additional")


def test_notes_refuse_an_unknown_kind(shipped: CodeIndex):
    with pytest.raises(ValueError, match="excludes3"):
        shipped.notes(0, "excludes3")


@pytest.mark.parametrize(
    ("first", "second", "carrier"),
    [
        ("E11.9", "E10.9", "E11"),
        ("S06.0X1A", "S09.90XA", "S06"),
        ("F32.A", "F33.1", "F32"),
        ("M54.50", "M54.41", "M54.5"),
        ("S06.0X1A", "S06.2X0A", "S06.0"),
    ],
)
def test_excludes1_holds_both_ways(shipped: CodeIndex, first: str, second: str, carrier: str):
    for a, b in ((first, second), (second, first)):
        note = shipped.excludes1(row(shipped, a), row(shipped, b))
        assert note is not None
        assert note.from_code in {carrier, second[:3], second}


@pytest.mark.parametrize(
    ("first", "second"), [("I10", "E11.9"), ("J44.1", "J20.9"), ("E11.65", "E11.22"), ("E11.9", "E11.9")]
)
def test_excludes1_leaves_other_pairs_alone(shipped: CodeIndex, first: str, second: str):
    assert shipped.excludes1(row(shipped, first), row(shipped, second)) is None


def test_excludes1_agrees_with_the_notes(shipped: CodeIndex):
    """Every precomputed exclusion rests on a note that ``notes`` gives for one of the two codes."""
    rng = np.random.default_rng(5)
    billable = np.flatnonzero(shipped.billable)
    found = 0
    for a, b in rng.choice(billable, size=(4000, 2)).tolist():
        note = shipped.excludes1(a, b)
        if note is not None:
            found += 1
            assert note in shipped.notes(a, "excludes1") or note in shipped.notes(b, "excludes1")
    assert found > 10


def test_pairs_of_a_claim_are_checked_in_milliseconds(shipped: CodeIndex):
    rows = np.random.default_rng(1).choice(np.flatnonzero(shipped.billable), 30).tolist()
    times = []
    for _ in range(5):
        start = time.perf_counter()
        for i, a in enumerate(rows):
            for b in rows[i + 1 :]:
                shipped.excludes1(a, b)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.02  # about 1 ms; the margin is for loaded machines


def test_a_second_start_reuses_the_index(shipped: CodeIndex, shipped_home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(compiler, "write_arrays", lambda *_: pytest.fail("compiled again"))
    assert len(open_edition(shipped_home, "FY2026")) == len(shipped)


def test_a_new_normal_form_of_words_gives_another_folder(shipped: CodeIndex, monkeypatch: pytest.MonkeyPatch):
    before = compiler.index_folder(Path("home"), shipped.edition, "source")
    assert before == compiler.index_folder(Path("home"), shipped.edition, "source")
    assert before != compiler.index_folder(Path("home"), shipped.edition, "other source")
    monkeypatch.setattr(compiler, "read_text", lambda name: name)
    assert before != compiler.index_folder(Path("home"), shipped.edition, "source")


def test_a_failed_compilation_leaves_nothing(shipped: CodeIndex, tmp_path: Path):
    def fail():
        raise CodeSetError("no list")

    with pytest.raises(CodeSetError, match="no list"):
        compiler.compile_icd10cm(fail, shipped.edition, tmp_path / "index")
    assert [path.name for path in tmp_path.iterdir()] == [".index.lock"]


def test_processes_that_start_together_compile_once(shipped: CodeIndex, small_xml: str, tmp_path: Path):
    reads: list[int] = []

    def read() -> TabularList:
        reads.append(1)
        time.sleep(0.2)
        return read_tabular(io.BytesIO(small_xml.encode()), "small.xml")

    with ThreadPoolExecutor(3) as pool:
        started = [pool.submit(compiler.compile_icd10cm, read, shipped.edition, tmp_path / "index") for _ in range(3)]
        folders = {task.result() for task in started}
    assert folders == {tmp_path / "index"}
    assert len(reads) == 1
    assert len(CodeIndex.open(tmp_path / "index")) == 13


def test_progress_runs_from_none_to_all(tmp_path: Path):
    seen: list[tuple[str, float]] = []
    open_edition(tmp_path, "FY2026", progress=lambda step, share: seen.append((step, share)))
    shares = [share for _, share in seen]
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert shares == sorted(shares)
    assert {step for step, _ in seen} == {"code index FY2026"}


def copy_of(index: CodeIndex, home: Path, target: Path) -> Path:
    return Path(shutil.copytree(home / "index" / index.fingerprint, target / "copy"))


@pytest.mark.parametrize("name", ["parent.npy", "meta.json"])
def test_open_refuses_an_incomplete_index(shipped: CodeIndex, shipped_home: Path, tmp_path: Path, name: str):
    folder = copy_of(shipped, shipped_home, tmp_path)
    (folder / name).unlink()
    with pytest.raises(CodeSetError, match=f"{name} is missing; delete this folder"):
        CodeIndex.open(folder)


def test_open_refuses_another_format(shipped: CodeIndex, shipped_home: Path, tmp_path: Path):
    folder = copy_of(shipped, shipped_home, tmp_path)
    meta = json.loads((folder / "meta.json").read_text())
    (folder / "meta.json").write_text(json.dumps(meta | {"format": 0}))
    with pytest.raises(CodeSetError, match="format 0, expected"):
        CodeIndex.open(folder)


def test_open_refuses_shortened_and_pickled_arrays(shipped: CodeIndex, shipped_home: Path, tmp_path: Path):
    folder = copy_of(shipped, shipped_home, tmp_path)
    np.save(folder / "parent.npy", np.zeros(3, dtype=np.int32))
    with pytest.raises(CodeSetError, match="parent has 3 items"):
        CodeIndex.open(folder)
    np.save(folder / "parent.npy", np.array([{}], dtype=object))
    with pytest.raises(CodeSetError, match="cannot be read"):
        CodeIndex.open(folder)
