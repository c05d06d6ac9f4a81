"""Corpus loaders: what they read, and that their errors name file and line but no text of a chart."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path

import pytest

from suggest.errors import CorpusError
from suggest.records import Claim, Evidence, Patient, Setting, Sex, System
from training.corpora import load
from training.corpora.charts import load_charts
from training.corpora.codiesp import SpanishSpan, load_codiesp, spanish_evidence

TEXT = "HPI: knee pain. DM2 on metformin. DM2 stable. Denies cough.\nInjected R knee. Zebrafinch."
SECRET = "Zebrafinch"


def record(**changes):
    base = {
        "id": "c-1",
        "setting": "outpatient",
        "claim": "professional",
        "specialty": "family medicine",
        "date_of_service": "2026-02-03",
        "patient": {"age": 66, "sex": "F"},
        "text": TEXT,
        "diagnoses": [
            {"code": "M17.11", "evidence": ["knee pain"]},
            {"code": "E11.9", "evidence": ["DM2", "DM2 stable"]},
        ],
        "procedures": [
            {
                "system": "CPT",
                "code": "20610",
                "modifiers": ["RT"],
                "units": 1,
                "evidence": ["Injected R knee"],
            },
            {"system": "HCPCS", "code": "J3301", "modifiers": [], "units": 4, "evidence": []},
        ],
        "acceptable": ["Z79.84", "3046F"],
        "not_codable": [
            {"code": "R05.9", "reason": "denied", "evidence": "Denies cough"},
            {"code": "99213", "reason": "no separate visit", "evidence": "Injected R knee"},
        ],
    }
    return {key: value for key, value in (base | changes).items() if value is not ...}


def write(path, *records):
    path.write_text("".join(json.dumps(item) + "\n" for item in records))
    return path


def test_a_chart_becomes_a_training_example(tmp_path):
    (example,) = load_charts(write(tmp_path / "invented.jsonl", record()))
    encounter = example.encounter
    assert (encounter.id, encounter.setting, encounter.claim) == (
        "c-1", Setting.OUTPATIENT, Claim.PROFESSIONAL
    )  # fmt: skip
    assert encounter.patient == Patient(66, Sex.FEMALE)
    assert (encounter.date_of_service, encounter.discharge) == (date(2026, 2, 3), None)
    assert [note.text for note in encounter.notes] == [TEXT]
    assert [(gold.code.system, gold.code.code) for gold in example.gold] == [
        (System.ICD10CM, "M17.11"),
        (System.ICD10CM, "E11.9"),
        (System.CPT, "20610"),
        (System.HCPCS, "J3301"),
    ]
    assert example.gold[2].modifiers == ("RT",)
    assert example.gold[3].units == 4
    assert example.acceptable == {"Z79.84", "3046F"}
    assert example.not_codable == {"R05.9", "99213"}
    assert (example.family, example.group) == ("c-1", "invented")


def test_evidence_becomes_spans_at_the_first_occurrence(tmp_path):
    (example,) = load_charts(write(tmp_path / "a.jsonl", record()))
    note = example.encounter.notes[0]
    start = TEXT.index("DM2")
    assert example.gold[1].evidence == (
        Evidence(note.id, start, start + 3, "DM2"),
        Evidence(note.id, TEXT.index("DM2 stable"), TEXT.index("DM2 stable") + 10, "DM2 stable"),
    )
    for gold in example.gold:
        for span in gold.evidence:
            assert note.text[span.start : span.end] == span.quote


def test_offsets_are_code_points(tmp_path):
    text = "\U0001f600 na\u00efve DM2"
    chart = record(text=text, diagnoses=[{"code": "E11.9", "evidence": ["DM2"]}], procedures=[], not_codable=[])
    (example,) = load_charts(write(tmp_path / "a.jsonl", chart))
    assert (example.gold[0].evidence[0].start, example.gold[0].evidence[0].end) == (8, 11)


def test_a_facility_stay_is_dated_by_its_discharge(tmp_path):
    chart = record(
        setting="inpatient",
        claim="facility",
        diagnoses=[{"code": "M17.11", "evidence": [], "poa": "Y"}],
        procedures=[{"system": "ICD-10-PCS", "code": "0SRD0J9", "evidence": []}],
    )
    (example,) = load_charts(write(tmp_path / "a.jsonl", chart))
    assert example.encounter.discharge == date(2026, 2, 3)
    assert [gold.poa for gold in example.gold] == ["Y", None]
    assert (example.gold[1].code.system, example.gold[1].units) == (System.ICD10PCS, 1)


def test_family_age_and_lists_of_evidence_are_optional_forms(tmp_path):
    chart = record(
        family="knee",
        patient={"age": None, "sex": "unknown"},
        not_codable=[{"code": "R05.9", "evidence": ["Denies cough", "cough"]}],
    )
    (example,) = load_charts(write(tmp_path / "a.jsonl", chart))
    assert (example.family, example.encounter.patient) == ("knee", Patient(None, Sex.UNKNOWN))


def test_a_procedure_may_be_done_twice(tmp_path):
    sides = [
        {"system": "CPT", "code": "20610", "modifiers": [side], "units": 1, "evidence": []} for side in ("RT", "LT")
    ]
    (example,) = load_charts(write(tmp_path / "a.jsonl", record(procedures=sides)))
    assert [gold.modifiers for gold in example.gold[2:]] == [("RT",), ("LT",)]


def test_blank_lines_windows_line_ends_and_a_byte_order_mark_are_read(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(record()).encode() + b"\r\n\r\n")
    assert len(load_charts(path)) == 1


def diagnosis(**changes):
    return record(diagnoses=[{"code": "E11.9", "evidence": ["DM2"]} | changes])


def procedure(**changes):
    base = {"system": "CPT", "code": "20610", "modifiers": [], "units": 1, "evidence": []}
    return record(procedures=[base | changes])


@pytest.mark.parametrize(
    ("chart", "message"),
    [
        (record(id=...), "key 'id'"),
        (record(text=" "), "key 'text'"),
        (record(setting="clinic"), "key 'setting' must be one of outpatient, inpatient"),
        (record(claim=None), "key 'claim'"),
        (record(date_of_service="02/03/2026"), "key 'date_of_service'"),
        (record(patient=...), "key 'patient'"),
        (record(patient={"age": -1, "sex": "F"}), r"key 'patient\.age'"),
        (record(patient={"age": True, "sex": "F"}), r"key 'patient\.age'"),
        (record(patient={"age": 1, "sex": "female"}), r"key 'patient\.sex'"),
        (record(family=""), "key 'family'"),
        (record(diagnoses=...), "key 'diagnoses' must be a list"),
        (record(diagnoses=["E11.9"]), r"key 'diagnoses\[0\]' must be an object"),
        (diagnosis(code="E119"), r"key 'diagnoses\[0\]\.code' must be a code of ICD-10-CM"),
        (diagnosis(code="20610"), r"key 'diagnoses\[0\]\.code'"),
        (diagnosis(poa="1"), r"key 'diagnoses\[0\]\.poa'"),
        (diagnosis(evidence="DM2"), r"key 'diagnoses\[0\]\.evidence' must be a list"),
        (
            diagnosis(evidence=["DM2", f"dm2 {SECRET}"]),
            r"key 'diagnoses\[0\]\.evidence\[1\]' is no substring",
        ),
        (diagnosis(evidence=[""]), r"evidence\[0\]' is no substring"),
        (procedure(system="ICD-10-CM"), r"key 'procedures\[0\]\.system'"),
        (procedure(code="J3301"), r"key 'procedures\[0\]\.code' must be a code of CPT"),
        (procedure(modifiers="RT"), r"key 'procedures\[0\]\.modifiers'"),
        (procedure(units=0), r"key 'procedures\[0\]\.units'"),
        (procedure(evidence=[SECRET.lower()]), r"evidence\[0\]' is no substring"),
        (record(acceptable=["z79.84"]), r"key 'acceptable\[0\]'"),
        (record(acceptable=["E11.9"]), "code E11.9 is listed twice"),
        (record(not_codable=[{"code": "20610", "evidence": "DM2"}]), "code 20610 is listed twice"),
        (record(not_codable=[{"code": "R05.9", "evidence": None}]), r"key 'not_codable\[0\]\.evidence'"),
        ([TEXT], "expected a JSON object"),
    ],
)
def test_a_record_against_the_format_is_refused(tmp_path, chart, message):
    path = write(tmp_path / "bad.jsonl", record(id="c-0"), chart)
    with pytest.raises(CorpusError, match=rf"^bad\.jsonl:2: .*{message}") as caught:
        load_charts(path)
    assert SECRET.lower() not in str(caught.value).lower()
    assert caught.value.__suppress_context__


def test_a_line_that_is_no_json_is_refused_without_its_text(tmp_path):
    path = tmp_path / "bad.jsonl"
    path.write_text(f'{{"text": "{SECRET}')
    with pytest.raises(CorpusError, match=r"^bad\.jsonl:1: no valid JSON") as caught:
        load_charts(path)
    assert SECRET not in str(caught.value)


def test_ids_must_be_unique_in_a_file_and_across_files(tmp_path):
    with pytest.raises(CorpusError, match=r"a\.jsonl:2: key 'id' repeats that of line 1"):
        load_charts(write(tmp_path / "a.jsonl", record(), record()))
    one, two = write(tmp_path / "b.jsonl", record()), write(tmp_path / "c.jsonl", record())
    with pytest.raises(CorpusError, match="twice"):
        load(f"charts:{one},{two}", [])


def test_unreadable_files_are_named(tmp_path):
    with pytest.raises(CorpusError, match=r"gone\.jsonl: cannot be read"):
        load_charts(tmp_path / "gone.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b'{"id": "\xe9"}')
    with pytest.raises(CorpusError, match=r"latin\.jsonl: not UTF-8 at byte 8"):
        load_charts(tmp_path / "latin.jsonl")


def test_chart_files_are_loaded_by_patterns_each_once(tmp_path):
    for folder, name in (("x", "a"), ("x", "b"), ("y", "c")):
        (tmp_path / folder).mkdir(exist_ok=True)
        write(tmp_path / folder / f"{name}.jsonl", record(id=name))
    spec = f"charts:{tmp_path}/x/b.jsonl,{tmp_path}/x/*.jsonl,{tmp_path}/**/[c].jsonl"
    assert [example.encounter.id for example in load(spec, ["train"])] == ["b", "a", "c"]
    with pytest.raises(CorpusError, match="does not exist"):
        load(f"charts:{tmp_path}/x/*.json", [])
    with pytest.raises(CorpusError, match="does not exist"):
        load(f"charts:{tmp_path}/x", [])


@pytest.mark.parametrize("spec", ["", "charts", "charts:", "codiesp:", "mimic:x", "x.jsonl"])
def test_an_unknown_specification_is_refused(spec):
    with pytest.raises(CorpusError, match="expected codiesp:DIR or charts:FILE"):
        load(spec, ["train"])


SPANISH = "Dolor tor\u00e1cico. Diabetes.\r\nRx de t\u00f3rax."


@pytest.fixture
def codiesp(tmp_path):
    root = tmp_path / "codiesp" / "train"
    for folder, texts in (
        ("text_files_en", {"S1-1": "Chest pain. Diabetes.", "S1-2": "Cough.", "S2-1": "Well."}),
        ("text_files", {"S1-1": SPANISH, "S1-2": "Tos.", "S2-1": "Bien."}),
    ):
        (root / folder).mkdir(parents=True)
        for name, text in texts.items():
            (root / folder / f"{name}.txt").write_bytes(text.encode())
    (root / "trainD.tsv").write_text("S1-1\tr07.9\nS1-1\te11.9\nS1-1\tr07.9\nS1-2\tr05\n")
    (root / "trainP.tsv").write_text("S1-1\tbw03zzz\nS1-2\tbn20\n")
    (root / "trainX.tsv").write_text(
        "S1-1\tDIAGNOSTICO\te11.9\tDiabetes\t16 24\nS1-1\tPROCEDIMIENTO\tbw03zzz\tRx t\u00f3rax\t27 29;30 30;33 38\n"
    )
    return tmp_path / "codiesp"


def test_codiesp_documents_become_examples(codiesp):
    first, second, third = load_codiesp(codiesp, "train")
    assert [(gold.code.system, gold.code.code) for gold in first.gold] == [
        (System.ICD10CM, "R07.9"), (System.ICD10CM, "E11.9"), (System.ICD10PCS, "BW03ZZZ")
    ]  # fmt: skip
    assert first.encounter.notes[0].text == "Chest pain. Diabetes."
    assert (first.encounter.policy, first.encounter.claim) == ("benchmark-codiesp", Claim.PROFESSIONAL)
    assert [gold.code.code for gold in second.gold] == ["R05", "BN20"]
    assert third.gold == ()
    assert [example.family for example in (first, second, third)] == ["S1", "S1", "S2"]
    assert {example.group for example in (first, second, third)} == {"codiesp-train"}


def test_codiesp_in_spanish_keeps_every_character(codiesp):
    assert load_codiesp(codiesp, "train", language="es")[0].encounter.notes[0].text == SPANISH


def test_spanish_evidence_has_offsets_into_the_spanish_text(codiesp):
    first, second, _ = spanish_evidence(codiesp, "train")
    assert (first.id, first.text, second.spans) == ("S1-1", SPANISH, ())
    # The empty fragment is left out.
    assert first.spans == (
        SpanishSpan("DIAGNOSTICO", "E11.9", ((16, 24),)),
        SpanishSpan("PROCEDIMIENTO", "BW03ZZZ", ((27, 29), (33, 38))),
    )
    quotes = [[first.text[start:end] for start, end in span.fragments] for span in first.spans]
    assert quotes == [["Diabetes"], ["Rx", "t\u00f3rax"]]


@pytest.mark.parametrize("depth", ["one", "one/two"])
def test_codiesp_is_found_in_the_folders_of_the_published_archive(codiesp, tmp_path, depth):
    (tmp_path / "unpacked" / depth).parent.mkdir(parents=True)
    codiesp.rename(tmp_path / "unpacked" / depth)
    assert len(load(f"codiesp:{tmp_path / 'unpacked'}", ["train"])) == 3


def test_a_split_that_is_missing_or_there_twice_is_refused(codiesp, tmp_path):
    with pytest.raises(CorpusError, match=r"no split 'dev' \(looked for dev/devD\.tsv\)"):
        load_codiesp(codiesp, "dev")
    with pytest.raises(CorpusError, match="split 'background' is unknown"):
        load_codiesp(codiesp, "background")
    with pytest.raises(CorpusError, match="needs a split"):
        load(f"codiesp:{codiesp}", [])
    with pytest.raises(CorpusError, match="twice"):
        load(f"codiesp:{codiesp}", ["train", "train"])
    (tmp_path / "copy" / "train").mkdir(parents=True)
    (tmp_path / "copy" / "train" / "trainD.tsv").touch()
    with pytest.raises(CorpusError, match="2 times; name the exact folder"):
        load_codiesp(tmp_path, "train")


@pytest.mark.parametrize(
    ("name", "row", "message"),
    [
        ("trainD.tsv", "S1-1", "expected 2 columns, found 1"),
        ("trainD.tsv", "S1-1\te11.9\tx", "expected 2 columns, found 3"),
        ("trainD.tsv", "S9-9\te11.9", "no text of this document"),
        ("trainD.tsv", "S1-1\tbw03zzz", "expected a code of ICD-10-CM"),
        ("trainP.tsv", "S1-1\te11.9", "expected a code of ICD-10-PCS"),
        ("trainX.tsv", "S1-1\tSINTOMA\te11.9\tDiabetes\t16 24", "column 2 must be one of DIAGNOSTICO"),
        ("trainX.tsv", "S1-1\tDIAGNOSTICO\te11\u00b79\tDiabetes\t16 24", "expected a code of ICD-10-CM"),
        ("trainX.tsv", "S1-1\tDIAGNOSTICO\te11.9\tDiabetes\t16-24", "expected offsets"),
        ("trainX.tsv", "S1-1\tDIAGNOSTICO\te11.9\tDiabetes\t24 16", "expected offsets"),
        ("trainX.tsv", "S1-1\tDIAGNOSTICO\te11.9\tDiabetes\t16 99", "within the text's 39 characters"),
    ],
)
def test_malformed_rows_are_named_by_file_and_line(codiesp, name, row, message):
    path = codiesp / "train" / name
    line = path.read_text().count("\n") + 1
    with path.open("a") as file:
        file.write(row + "\n")
    read = spanish_evidence if name == "trainX.tsv" else load_codiesp
    with pytest.raises(CorpusError, match=rf"^{name}:{line}: .*{message}") as caught:
        read(codiesp, "train")
    assert "Diabetes" not in str(caught.value)


def test_missing_or_undecodable_parts_of_codiesp_are_named(codiesp):
    text = codiesp / "train" / "text_files_en" / "S1-1.txt"
    text.write_bytes(b"\xff")
    with pytest.raises(CorpusError, match=r"S1-1\.txt: not UTF-8 at byte 0"):
        load_codiesp(codiesp, "train")
    text.write_text("Chest pain.")
    (codiesp / "train" / "trainP.tsv").unlink()
    with pytest.raises(CorpusError, match=r"trainP\.tsv: cannot be read"):
        load_codiesp(codiesp, "train")
    for path in text.parent.iterdir():
        path.unlink()
    with pytest.raises(CorpusError, match="no text files"):
        load_codiesp(codiesp, "train")


@pytest.fixture(scope="module")
def published():
    default = Path(__file__).resolve().parents[3] / "shared" / "data"
    folder = Path(os.environ.get("CHARTCODER_DEV_DATA", default))
    if not folder.is_dir():
        pytest.skip("the development data is not here; set CHARTCODER_DEV_DATA")
    return folder


@pytest.mark.shared_data
def test_the_published_codiesp_loads_whole(published):
    examples = load(f"codiesp:{published / 'codiesp'}", ["train", "dev"])
    assert len(examples) == 750
    count = {
        system: sum(gold.code.system is system for example in examples for gold in example.gold)
        for system in (System.ICD10CM, System.ICD10PCS)
    }
    assert count == {System.ICD10CM: 5639 + 2677, System.ICD10PCS: 1550 + 817}
    spans = [span for text in spanish_evidence(published / "codiesp", "dev") for span in text.spans]
    assert len(spans) == 4477
    assert all(span.fragments for span in spans)


@pytest.mark.shared_data
def test_the_development_charts_load(published):
    examples = load(f"charts:{published / 'us-charts'}/*.jsonl", [])
    assert examples
    assert all(example.gold for example in examples)
