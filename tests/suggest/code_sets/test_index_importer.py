"""Imports of the Alphabetic Index: what is kept, replaced, refused and read again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from suggest.code_sets.index_importer import (
    import_index,
    index_fingerprint,
    loaded_indexes,
    read_drug_table,
    read_drug_terms,
    read_index_terms,
)
from suggest.code_sets.index_xml import IndexKind, read_index
from suggest.errors import CodeSetError
from suggest.pipeline import Suggester
from suggest.records import Encounter, Note
from suggest.terminology import Terminology
from suggest.terminology_compiler import compile_terminology

FOLDER = Path(__file__).parent / "alphabetic"
DISEASES, EXTERNAL, NEOPLASMS, DRUGS = (
    FOLDER / f"icd10cm-{name}-2026.xml" for name in ("index", "eindex", "neoplasm", "drug")
)
STORED = "code_sets/alphabetic-FY2026.jsonl"


@pytest.fixture
def load(shipped, tmp_path):
    """Imports a file into the test's own data folder, checked with the edition that ships."""

    def load_file(path):
        return import_index(read_index(path), shipped, tmp_path)

    return load_file


def index_with(*codes: str, year: str = "2026") -> str:
    entries = "\n".join(f"<mainTerm><title>T{n}</title><code>{c}</code></mainTerm>" for n, c in enumerate(codes))
    return f"<ICD10CM.index><version>{year}</version><letter>\n{entries}\n</letter></ICD10CM.index>"


def codes_of(home: Path) -> dict[str, tuple[str, ...]]:
    return dict(read_index_terms(home, "FY2026"))


def test_nothing_is_loaded_at_first(tmp_path):
    assert list(read_index_terms(tmp_path, "FY2026")) == []
    assert read_drug_table(tmp_path, "FY2026") == {}
    assert index_fingerprint(tmp_path, "FY2026") == ""
    assert loaded_indexes(tmp_path) == []


def test_terms_come_back_with_codes_of_the_edition(load, tmp_path):
    imported = load(DISEASES)
    assert imported.loaded.edition == "FY2026"
    assert imported.loaded.kind is IndexKind.DISEASES
    assert imported.replaced is None
    assert imported.unknown == ()
    assert imported.residual == 3
    assert imported.ignored == (("note", 1),)
    assert len(imported.unfollowed) == 8
    terms = codes_of(tmp_path)
    assert terms["diabetic retinopathy"] == terms["Diabetes with retinopathy"] == ("E11.319",)
    assert terms["Anemia in chronic kidney disease"] == ("N18.9", "D63.1")
    assert terms["Complication, surgical wound"] == ("T81.40",)
    assert terms["traumatic fracture, skull"] == ("S02",)
    assert "Abscess, specified site" not in terms


def test_every_code_that_comes_back_is_in_the_edition(load, shipped, tmp_path):
    for path in (DISEASES, EXTERNAL, NEOPLASMS):
        load(path)
    assert all(shipped.row(code) is not None for _, codes in read_index_terms(tmp_path, "FY2026") for code in codes)


def test_the_parts_make_one_set_whatever_their_order(load, tmp_path):
    for path in (DRUGS, NEOPLASMS, DISEASES, EXTERNAL):
        load(path)
    stored = (tmp_path / STORED).read_bytes()
    assert [part.kind for part in loaded_indexes(tmp_path)] == list(IndexKind)
    assert sum(part.terms for part in loaded_indexes(tmp_path)) == len(stored.splitlines()) - 1
    terms = codes_of(tmp_path)
    assert terms["Fall from ladder"] == ("W11",)
    assert terms["Malignant neoplasm of breast"] == ("C50.9",)
    assert "Acetaminophen" not in terms
    drugs = read_drug_table(tmp_path, "FY2026")
    assert drugs["Acetaminophen"].adverse_effect == "T39.1X5"
    assert drugs["Acid, acetic"].underdosing is None
    (tmp_path / STORED).unlink()
    for path in (EXTERNAL, DISEASES, DRUGS, NEOPLASMS):
        load(path)
    assert (tmp_path / STORED).read_bytes() == stored


def test_a_part_takes_the_place_of_the_same_part(load, write, tmp_path):
    load(DISEASES)
    load(NEOPLASMS)
    before = index_fingerprint(tmp_path, "FY2026")
    imported = load(write("icd10cm-index-2027.xml", index_with("I10")))
    assert imported.replaced == "icd10cm-index-2026.xml"
    assert index_fingerprint(tmp_path, "FY2026") != before
    terms = codes_of(tmp_path)
    assert terms["T0"] == ("I10",)
    assert "Abscess" not in terms
    assert "Benign neoplasm of skin" in terms
    load(DISEASES)
    assert index_fingerprint(tmp_path, "FY2026") == before


def test_unknown_codes_are_left_out_and_listed_by_line(load, write, tmp_path):
    text = index_with(*["I10"] * 40, "N18.9")
    pair = "<code>N18.9</code><manif>Q99.Z</manif>"
    imported = load(write("index.xml", text.replace("<code>N18.9</code>", pair)))
    assert imported.unknown == ((42, "Q99.Z"),)
    assert imported.loaded.terms == 40
    assert "T40" not in codes_of(tmp_path)


def test_a_file_of_another_edition_is_refused_and_nothing_changes(load, write, tmp_path):
    load(DISEASES)
    stored = (tmp_path / STORED).read_bytes()
    path = write("icd10cm-index-2026.xml", index_with("I10", "J18.9", "Q99.Z", "see below", *["X00.ZZ"] * 6))
    message = (
        r"icd10cm-index-2026\.xml:4: FY2026 lacks 8 of its 10 codes \(Q99\.Z in line 4, see below in line 5, "
        r"X00\.ZZ in line 6, X00\.ZZ in line 7, X00\.ZZ in line 8 and 3 more\); expected at most 5%; import the file"
    )
    with pytest.raises(CodeSetError, match=message):
        load(path)
    assert (tmp_path / STORED).read_bytes() == stored
    assert [entry.name for entry in (tmp_path / "code_sets").iterdir() if entry.suffix != ".lock"] == [
        Path(STORED).name
    ]


def test_a_drug_keeps_the_columns_whose_codes_are_known(load, write, tmp_path):
    text = DRUGS.read_text(encoding="utf-8")
    rows = "".join(
        f'<mainTerm><title>D{n}</title><cell col="2">T39.1X1</cell><cell col="3">T39.1X2</cell></mainTerm>\n'
        for n in range(10)
    )
    path = write("drug.xml", text.replace("    <mainTerm>", f"{rows}    <mainTerm>", 1).replace("T54.2X4", "T54.2X9"))
    imported = load(path)
    assert [code for _, code in imported.unknown] == ["T54.2X9"]
    acid = read_drug_table(tmp_path, "FY2026")["Acid, acetic"]
    assert (acid.accidental, acid.undetermined) == ("T54.2X1", None)


@pytest.mark.parametrize("damage", ["altered", "cut", "format", "no head"])
def test_a_damaged_file_is_noticed(load, tmp_path, damage):
    load(DISEASES)
    path = tmp_path / STORED
    head, body = path.read_text(encoding="utf-8").split("\n", 1)
    content, message = {
        "altered": (f"{head}\n{body.replace('R07.9', 'R07.8')}", "was altered since its import; delete it and import"),
        "cut": (f"{head}\n{body[:-40]}", "was altered"),
        "format": (json.dumps(json.loads(head) | {"format": 0}) + "\n" + body, "format 0, expected 1; delete it"),
        "no head": (body, "is damaged"),
    }[damage]
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CodeSetError, match=message):
        list(read_index_terms(tmp_path, "FY2026"))
    with pytest.raises(CodeSetError, match=message):
        load(NEOPLASMS)


def test_drugs_become_phrases_that_name_the_harm(load, tmp_path):
    load(DRUGS)
    terms = dict(read_drug_terms(tmp_path, "FY2026"))
    assert terms["Acetaminophen overdose"] == ("T39.1X1",)
    assert terms["intentional Acetaminophen overdose"] == ("T39.1X2",)
    assert terms["adverse effect of Acetaminophen"] == ("T39.1X5",)
    assert "underdosing of Acid, acetic" not in terms


@pytest.mark.slow
def test_imported_terms_lead_to_codes_and_say_where_they_are_from(load, shipped, tmp_path, make_model):
    load(DISEASES)
    terms = [*read_index_terms(tmp_path, "FY2026"), ("zebra quagga stripes", ("L81.8",))]
    folder = tmp_path / "terms"
    folder.mkdir()
    compile_terminology(shipped, folder, index_terms=terms)
    suggester = Suggester(index=shipped, terminology=Terminology(folder), model=make_model())
    note = Note("n", "Assessment: stripes, zebra quagga. Hypertension.")
    ranked = {code.code.code: code for code in suggester.suggest(Encounter("e", (note,))).ranked}
    assert {support.source for support in ranked["L81.8"].support} == {"alphabetic-index"}
    assert ranked["L81.8"].reason.startswith("term of the Alphabetic Index 'zebra quagga stripes'")
    assert "alphabetic-index" not in {support.source for support in ranked["I10"].support}
