"""Claims from JSON Lines, CSV and FHIR; messages name the place and hold no chart text."""

from __future__ import annotations

import base64
import json

import pytest

from suggest.audit.csv_file import read_csv
from suggest.audit.fhir import read_fhir
from suggest.audit.fields import AuditInputError, to_code, to_system
from suggest.audit.jsonl import read_jsonl
from suggest.records import Claim, Setting, Sex, System

SECRET = "zebrafish melanoma"
CODE = {"system": "ICD-10-CM", "code": "I10"}
RECORD = {"id": "c1", "text": "HTN", "codes": [CODE]}


def written(tmp_path, *records, name="claims.jsonl"):
    path = tmp_path / name
    path.write_text("\n".join(json.dumps(record) for record in records), encoding="utf-8")
    return path


def codes(claim):
    return [line.code.code for line in claim.coded.lines]


def test_a_chart_record_with_codes(tmp_path):
    record = {
        **RECORD,
        "coder": "anna",
        "setting": "inpatient",
        "claim": "facility",
        "patient": {"age": 63, "sex": "M"},
        "date_of_service": "2026-02-03",
        "codes": [
            {"system": "CPT", "code": "99214", "modifiers": ["25"], "units": 2, "pointers": [1]},
            {"system": "icd10cm", "code": "e1142", "poa": "Y"},
        ],
    }
    (claim,) = read_jsonl(written(tmp_path, record))
    encounter, (diagnosis, visit) = claim.coded.encounter, claim.coded.lines
    assert (claim.id, claim.coder) == ("c1", "anna")
    assert (encounter.setting, encounter.claim) == (Setting.INPATIENT, Claim.FACILITY)
    assert (encounter.patient.age, encounter.patient.sex) == (63, Sex.MALE)
    assert encounter.discharge == encounter.date_of_service
    assert (diagnosis.code.code, diagnosis.poa) == ("E11.42", "Y")
    assert (visit.code.system, visit.modifiers, visit.units, visit.pointers) == (System.CPT, ("25",), 2, (1,))


def test_a_chart_for_training_and_several_notes(tmp_path):
    record = {
        "id": "t1",
        "notes": [{"text": "a"}, {"id": "late", "text": "b", "status": "preliminary"}],
        "diagnoses": [{"code": "I10", "evidence": ["HTN"]}],
        "procedures": [{"system": "ICD-10-PCS", "code": "0FT44ZZ"}],
        "not_codable": [{"code": "E11.9", "reason": "denied"}, {"code": "99213", "reason": "none"}],
    }
    (claim,) = read_jsonl(written(tmp_path, record))
    assert codes(claim) == ["I10", "0FT44ZZ"]
    assert [note.id for note in claim.coded.encounter.notes] == ["note-1", "late"]
    assert [(code.system, code.code) for code in claim.not_codable] == [
        (System.ICD10CM, "E11.9"),
        (System.CPT, "99213"),
    ]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"text": 7}, "'text'"),
        ({"text": None, "notes": []}, "'notes'"),
        ({"notes": [{"text": SECRET}, {"id": "note-1", "text": SECRET}]}, "'notes'"),
        ({"notes": [SECRET]}, "'notes[0]'"),
        ({"codes": SECRET}, "'codes'"),
        ({"codes": [SECRET]}, "'codes[0]'"),
        ({"codes": [{"system": SECRET, "code": "I10"}]}, "'codes[0].system'"),
        ({"codes": [{"code": "I10"}]}, "'codes[0].system'"),
        ({"codes": [{**CODE, "code": SECRET}]}, "'codes[0].code'"),
        ({"codes": [CODE, {**CODE, "code": None}]}, "'codes[1].code'"),
        ({"codes": [{**CODE, "units": 0}]}, "'codes[0].units'"),
        ({"codes": [{**CODE, "units": True}]}, "'codes[0].units'"),
        ({"codes": [{**CODE, "units": SECRET}]}, "'codes[0].units'"),
        ({"codes": [{**CODE, "poa": SECRET}]}, "'codes[0].poa'"),
        ({"codes": [{**CODE, "modifiers": [SECRET]}]}, "'codes[0].modifiers'"),
        ({"codes": [{**CODE, "modifiers": 25}]}, "'codes[0].modifiers'"),
        ({"codes": [{**CODE, "pointers": [0]}]}, "'codes[0].pointers'"),
        ({"setting": SECRET}, "'setting'"),
        ({"patient": SECRET}, "'patient'"),
        ({"patient": {"age": SECRET}}, "'patient.age'"),
        ({"patient": {"age": 131}}, "'patient.age'"),
        ({"date_of_service": SECRET}, "'date_of_service'"),
        ({"coder": 4}, "'coder'"),
        ({"id": ["x"]}, "'id'"),
        ({"policy": "none-such"}, "policy"),
    ],
)
def test_a_wrong_field_is_named_with_file_and_line(tmp_path, change, named):
    record = {**RECORD, "id": "c2", "text": SECRET, **change}
    with pytest.raises(AuditInputError) as caught:
        read_jsonl(written(tmp_path, RECORD, record))
    assert str(caught.value).startswith("claims.jsonl:2: ")
    assert named in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("line", ["{", f'"{SECRET}"', "[1]", '{"id": "x"}', '{"text": "a"}', "[" * 100_000])
def test_a_line_that_is_no_claim(tmp_path, line):
    path = tmp_path / "claims.jsonl"
    path.write_text(f"\n{line}\n", encoding="utf-8")
    with pytest.raises(AuditInputError, match=r"claims\.jsonl:2: "):
        read_jsonl(path)


def test_claims_need_ids_of_their_own_and_get_them(tmp_path):
    with pytest.raises(AuditInputError, match="repeats that of line 1"):
        read_jsonl(written(tmp_path, RECORD, RECORD))
    nameless = {key: value for key, value in RECORD.items() if key != "id"}
    assert [claim.id for claim in read_jsonl(written(tmp_path, nameless, nameless))] == ["claims-1", "claims-2"]


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(AuditInputError, match="cannot be read"):
        read_jsonl(tmp_path / "none.jsonl")
    path = tmp_path / "claims.jsonl"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(AuditInputError, match="not UTF-8 at byte 0"):
        read_jsonl(path)


@pytest.mark.parametrize(
    ("name", "system"),
    [("ICD-10-CM", "ICD-10-CM"), ("icd10", "ICD-10-CM"), ("PCS", "ICD-10-PCS"), ("cpt", "CPT"), ("Hcpcs", "HCPCS")],
)
def test_systems_by_any_hyphen(name, system):
    assert to_system(name, "system") is System(system)


@pytest.mark.parametrize(
    ("system", "code"),
    [("ICD-10-CM", "I"), ("CPT", "J3301"), ("HCPCS", "99213"), ("ICD-10-PCS", "0FT44Z"), ("CPT", "")],
)
def test_codes_have_the_shape_of_their_system(system, code):
    with pytest.raises(AuditInputError):
        to_code(code, System(system), "code")


HEAD = "claim,coder,system,code,modifiers,units,poa,pointers,text_file,setting,claim_type,age,sex,date_of_service\n"


def csv_file(tmp_path, body, head=HEAD):
    (tmp_path / "a.txt").write_text(f"{SECRET}: HTN", encoding="utf-8")
    (tmp_path / "b.txt").write_text("late", encoding="utf-8")
    path = tmp_path / "claims.csv"
    path.write_text(head + body, encoding="utf-8")
    return path


def test_csv_has_a_code_a_line(tmp_path):
    body = (
        "c1,anna,ICD-10-CM,I10,,,,,a.txt|b.txt,telehealth,professional,63,M,2026-02-03\n"
        "c2,ben,ICD-10-CM,E119,,,,,b.txt,,,,,\n\n"
        'c1,,CPT,99214,"25 95",1,,1 2,,,,,,\n'
        "c1,,ICD-10-CM,E78.5,,,,,,,,,,\n"
    )
    first, second = read_csv(csv_file(tmp_path, body))
    assert (first.id, first.coder, codes(first)) == ("c1", "anna", ["I10", "E78.5", "99214"])
    visit = first.coded.lines[2]
    assert (visit.modifiers, visit.pointers) == (("25", "95"), (1, 2))
    assert [note.id for note in first.coded.encounter.notes] == ["a.txt", "b.txt"]
    assert (first.coded.encounter.setting, first.coded.encounter.patient.age) == (Setting.TELEHEALTH, 63)
    assert (second.id, codes(second)) == ("c2", ["E11.9"])


@pytest.mark.parametrize(
    ("row", "named"),
    [
        (",,ICD-10-CM,I10,,,,,a.txt,,,,,", "'claim'"),
        (f"c1,,ICD-10-CM,{SECRET},,,,,a.txt,,,,,", "'code'"),
        (f"c1,,{SECRET},I10,,,,,a.txt,,,,,", "'system'"),
        ("c1,,ICD-10-CM,I10,,,,,,,,,,", "'text_file'"),
        ("c1,,ICD-10-CM,I10,,,,,none.txt,,,,,", "'text_file'"),
        ("c1,,ICD-10-CM,I10,,,,one,a.txt,,,,,", "'pointers'"),
        ("c1,,ICD-10-CM,I10,,x,,,a.txt,,,,,", "'units'"),
        ("c1,,ICD-10-CM,I10,,,,,a.txt,,,200,,", "'patient.age'"),
        ("c1,,ICD-10-CM,I10,,,,,a.txt,,,,,yesterday", "'date_of_service'"),
        ("c1,,ICD-10-CM,I10", "14 cells, found 4"),
        ('c1,,ICD-10-CM,"I10', "not valid CSV"),
    ],
)
def test_a_wrong_cell_is_named_with_file_and_line(tmp_path, row, named):
    with pytest.raises(AuditInputError) as caught:
        read_csv(csv_file(tmp_path, row))
    assert "claims.csv:2: " in str(caught.value)
    assert named in str(caught.value)
    assert SECRET not in str(caught.value)


def test_facts_of_a_claim_agree(tmp_path):
    body = "c1,,ICD-10-CM,I10,,,,,a.txt,,,63,,\nc1,,ICD-10-CM,E78.5,,,,,,,,64,,\n"
    with pytest.raises(AuditInputError, match=r"claims\.csv:3: field 'age': differs"):
        read_csv(csv_file(tmp_path, body))


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("claim,code\n", "no column system, text_file; "),
        (HEAD.replace("coder", SECRET), "column 2 of an unknown or repeated name; "),
        (HEAD.replace("coder", "code"), "column 4 of an unknown or repeated name; "),
        (HEAD.replace(",", ";"), "the columns are not separated by commas; "),
        ("", "no column claim, code, system, text_file; "),
    ],
)
def test_csv_needs_its_columns(tmp_path, head, said):
    with pytest.raises(AuditInputError) as caught:
        read_csv(csv_file(tmp_path, "", head))
    assert str(caught.value) == f"claims.csv:1: {said}docs/audit.md lists the columns"


@pytest.mark.parametrize(
    ("cell", "shown"), [("none.txt", "none.txt"), (f"A/P: {SECRET}.", "the file"), ("a\0b", "the file")]
)
def test_a_text_in_the_place_of_its_file_is_not_repeated(tmp_path, cell, shown):
    body = f"c1,,ICD-10-CM,I10,,,,,{cell},,,,,"
    with pytest.raises(AuditInputError) as caught:
        read_csv(csv_file(tmp_path, body))
    assert f"'text_file': {shown} cannot be read" in str(caught.value)
    assert "not the text itself" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_what_spreadsheets_write_is_read(tmp_path):
    (claim,) = read_csv(csv_file(tmp_path, "c1,,ICD-10-CM,I10,,,y,,a.txt,,,,,\nc1,,HCPCS,J3301,,4.0,,,,,,,,\n"))
    assert [(line.units, line.poa) for line in claim.coded.lines] == [(1, "Y"), (4, None)]


def concept(code, system="http://hl7.org/fhir/sid/icd-10-cm"):
    return {"coding": [{"system": system, "code": code}]}


def data(text):
    return base64.b64encode(text.encode()).decode()


def fhir_claim(**change):
    return {
        "resourceType": "Claim",
        "id": "c1",
        "type": {"coding": [{"code": "professional"}]},
        "patient": {"reference": "Patient/p"},
        "enterer": {"reference": "Practitioner/7", "display": "coder 7"},
        "billablePeriod": {"start": "2026-02-03T10:00:00Z", "end": "2026-02-03"},
        "diagnosis": [
            {"sequence": 2, "diagnosisCodeableConcept": concept("I10")},
            {"sequence": 1, "diagnosisCodeableConcept": concept("E1142"), "onAdmission": concept("y")},
        ],
        "item": [
            {
                "sequence": 1,
                "productOrService": concept("99214", "http://www.ama-assn.org/go/cpt"),
                "modifier": [concept("25", "x")],
                "quantity": {"value": 1.0},
                "diagnosisSequence": [1, 2],
            },
            {"productOrService": {"coding": [{"code": "J3301"}]}, "quantity": {"value": 4}},
        ],
        **change,
    }


DOCUMENT = {
    "resourceType": "DocumentReference",
    "id": "d1",
    "date": "2026-02-03T11:00:00Z",
    "content": [{"attachment": {"contentType": "text/plain", "data": data("HTN")}}],
}
PATIENT = {"resourceType": "Patient", "id": "p", "gender": "male", "birthDate": "1963-01-01"}


def bundle(*resources):
    return {"resourceType": "Bundle", "entry": [{"resource": resource} for resource in resources]}


def fhir_file(tmp_path, *documents):
    return written(tmp_path, *documents, name="claims.json")


def test_a_bundle_with_claim_and_note(tmp_path):
    (claim,) = read_fhir(fhir_file(tmp_path, bundle(fhir_claim(), DOCUMENT, PATIENT)))
    encounter = claim.coded.encounter
    assert (claim.id, claim.coder, codes(claim)) == ("c1", "coder 7", ["E11.42", "I10", "99214", "J3301"])
    assert claim.coded.lines[0].poa == "Y"
    assert [line.units for line in claim.coded.procedures] == [1, 4]
    assert (claim.coded.lines[2].modifiers, claim.coded.lines[2].pointers) == (("25",), (1, 2))
    assert [(note.id, note.text) for note in encounter.notes] == [("d1", "HTN")]
    assert (encounter.patient.age, encounter.patient.sex) == (63.1, Sex.MALE)


def test_a_stay_with_procedures_and_text_in_a_binary(tmp_path):
    claim = fhir_claim(
        type=concept("institutional"),
        subType=concept("inpatient"),
        billablePeriod={"start": "2026-02-01", "end": "2026-02-05"},
        procedure=[{"procedureCodeableConcept": concept("0FT44ZZ", "http://www.cms.gov/Medicare/Coding/ICD10")}],
        item=[],
        supportingInfo=[{"valueReference": {"reference": "DocumentReference/d2"}}],
    )
    pointing = {**DOCUMENT, "id": "d2", "content": [{"attachment": {"url": "Binary/b"}}]}
    binary = {"resourceType": "Binary", "id": "b", "contentType": "text/plain", "data": data("gallstones")}
    (read,) = read_fhir(fhir_file(tmp_path, bundle(claim, DOCUMENT, pointing, binary)))
    encounter = read.coded.encounter
    assert codes(read) == ["E11.42", "I10", "0FT44ZZ"]
    assert (encounter.setting, encounter.claim, str(encounter.discharge)) == ("inpatient", "facility", "2026-02-05")
    assert [note.text for note in encounter.notes] == ["gallstones"]


def test_several_claims_name_their_notes(tmp_path):
    named = [{"valueReference": {"reference": "#n"}}]
    claims = [fhir_claim(id=name, contained=[{**DOCUMENT, "id": "n"}], supportingInfo=named) for name in ("c1", "c2")]
    assert [claim.id for claim in read_fhir(fhir_file(tmp_path, bundle(*claims)))] == ["c1", "c2"]
    assert len(read_fhir(fhir_file(tmp_path, *(bundle(claim) for claim in claims)))) == 2
    assert [claim.id for claim in read_fhir(fhir_file(tmp_path, claims[0]))] == ["c1"]


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ({"resourceType": SECRET}, "'resourceType'"),
        (bundle(DOCUMENT), "no Claim resource"),
        (bundle(fhir_claim()), "no note was found"),
        (bundle(fhir_claim(), fhir_claim(id="c2"), DOCUMENT), "no note was found"),
        ({"resourceType": "Bundle", "entry": [{"resource": SECRET}]}, "'Bundle.entry[0].resource'"),
        ({"resourceType": "Bundle", "entry": SECRET}, "'Bundle.entry'"),
        (bundle(fhir_claim(diagnosis=[{"diagnosisCodeableConcept": concept(SECRET)}]), DOCUMENT), "Claim.diagnosis[0]"),
        (bundle(fhir_claim(diagnosis=[{"sequence": 1}]), DOCUMENT), "Claim.diagnosis[0]"),
        (bundle(fhir_claim(diagnosis=[{"diagnosisReference": {"reference": SECRET}}]), DOCUMENT), "or a Condition"),
        (bundle(fhir_claim(contained=[DOCUMENT]), fhir_claim(diagnosis=SECRET)), "claim 1: "),
        (bundle(fhir_claim(item=[{"productOrService": {}}]), DOCUMENT), "Claim.item[0].productOrService"),
        (bundle(fhir_claim(billablePeriod=SECRET), DOCUMENT), "Claim.billablePeriod"),
        (bundle(fhir_claim(billablePeriod={"start": SECRET}), DOCUMENT), "Claim.billablePeriod.start"),
        (bundle(fhir_claim(), {**DOCUMENT, "content": [{"attachment": {"data": "%"}}]}), "attachment.data"),
        (bundle(fhir_claim(), {**DOCUMENT, "content": [{"attachment": {"url": SECRET}}]}), "content[0].attachment"),
        (bundle(fhir_claim(), {**DOCUMENT, "content": [{"attachment": SECRET}]}), "content[0].attachment"),
    ],
)
def test_a_wrong_resource_is_named(tmp_path, document, named):
    with pytest.raises(AuditInputError) as caught:
        read_fhir(fhir_file(tmp_path, document))
    assert str(caught.value).startswith("claims.json: ")
    assert named in str(caught.value)
    assert SECRET not in str(caught.value)


def test_diagnoses_may_be_conditions_and_have_codings_of_other_systems(tmp_path):
    snomed = {"system": "http://snomed.info/sct", "code": "44054006"}
    condition = {"resourceType": "Condition", "id": "x", "code": {"coding": [snomed, *concept("E119")["coding"]]}}
    claim = fhir_claim(diagnosis=[{"sequence": 1, "diagnosisReference": {"reference": "Condition/x"}}], item=[])
    (read,) = read_fhir(fhir_file(tmp_path, bundle(claim, condition, DOCUMENT)))
    assert codes(read) == ["E11.9"]


def test_a_file_that_is_no_json(tmp_path):
    path = tmp_path / "claims.ndjson"
    path.write_text(f"{SECRET}\n", encoding="utf-8")
    with pytest.raises(AuditInputError, match=r"claims\.ndjson:1: not valid JSON"):
        read_fhir(path)
