"""Readers of claims end in a claim or in one clear error, whatever stands in a file."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suggest.audit.csv_file import read_csv
from suggest.audit.fhir import read_fhir
from suggest.audit.fields import AuditInputError
from suggest.audit.jsonl import read_jsonl

CLAIM = {
    "id": "c1",
    "coder": "anna",
    "setting": "inpatient",
    "claim": "facility",
    "patient": {"age": 63, "sex": "M"},
    "date_of_service": "2026-02-03",
    "admission": "2026-02-01",
    "notes": [{"id": "n", "text": "HTN", "type": "progress", "date": "2026-02-03", "status": "final"}],
    "codes": [{"system": "CPT", "code": "99214", "modifiers": ["25"], "units": 2, "pointers": [1]}],
    "diagnoses": [{"code": "I10", "poa": "Y"}],
    "not_codable": [{"code": "E11.9"}],
}
CODING = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "I10"}]}
PRESENT = {"coding": [{"code": "y"}]}
BUNDLE = {
    "resourceType": "Bundle",
    "entry": [
        {
            "fullUrl": "urn:uuid:1",
            "resource": {
                "resourceType": "Claim",
                "id": "c1",
                "type": {"coding": [{"code": "institutional"}]},
                "subType": {"coding": [{"code": "inpatient"}]},
                "patient": {"reference": "Patient/p"},
                "enterer": {"display": "anna"},
                "billablePeriod": {"start": "2026-02-01", "end": "2026-02-03"},
                "supportingInfo": [{"valueReference": {"reference": "#d"}}],
                "contained": [
                    {
                        "resourceType": "DocumentReference",
                        "id": "d",
                        "content": [{"attachment": {"contentType": "text/plain", "data": "SFRO"}}],
                    }
                ],
                "diagnosis": [{"sequence": 1, "diagnosisCodeableConcept": CODING, "onAdmission": PRESENT}],
                "procedure": [{"procedureCodeableConcept": {"coding": [{"code": "0FT44ZZ"}]}}],
                "item": [
                    {
                        "productOrService": {"coding": [{"code": "J3301"}]},
                        "modifier": [{"coding": [{"code": "RT"}]}],
                        "quantity": {"value": 4},
                        "diagnosisSequence": [1],
                    }
                ],
            },
        },
        {"resource": {"resourceType": "Patient", "id": "p", "gender": "male", "birthDate": "1963-01-01"}},
    ],
}
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["I10", "2026-02-30", "\ud800", "\x00", "9" * 5000, [], {}, [[]], [{}], {"a": [None]}]),
)


def places(value, path=()):
    """Yields the path of every node of a document."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def replaced(document, path, value):
    if not path:
        return value
    changed = copy.deepcopy(document)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return changed


def outcome(reader, path):
    """Returns the message of the one error that a reader may raise, or the name of the file that it could read."""
    try:
        reader(path)
    except AuditInputError as error:
        return str(error)
    return f"{path.name}: read"


@pytest.mark.parametrize(("reader", "document"), [(read_jsonl, CLAIM), (read_fhir, BUNDLE)])
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_value_anywhere(tmp_path, reader, document, data):
    changed = replaced(document, data.draw(st.sampled_from(list(places(document)))), data.draw(ODD))
    path = tmp_path / "claims.json"
    path.write_text(json.dumps(changed), encoding="utf-8")
    assert outcome(reader, path).startswith("claims.json:")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(st.text(max_size=12), min_size=1, max_size=8), place=st.integers(0, 7))
def test_any_cell_of_a_table(tmp_path, cells, place):
    (tmp_path / "a.txt").write_text("HTN", encoding="utf-8")
    row = ["c1", "ICD-10-CM", "I10", "a.txt", "25", "1", "Y", "1"]
    row[place : place + len(cells)] = cells
    path = tmp_path / "claims.csv"
    head = "claim,system,code,text_file,modifiers,units,poa,pointers\n"
    path.write_bytes((head + ",".join(row[:8])).encode("utf-8", "surrogatepass"))
    assert "claims.csv" in outcome(read_csv, path)


def test_the_documents_themselves_can_be_read(tmp_path):
    path = tmp_path / "claims.json"
    path.write_text(json.dumps(CLAIM), encoding="utf-8")
    assert len(read_jsonl(path)) == 1
    path.write_text(json.dumps(BUNDLE), encoding="utf-8")
    (claim,) = read_fhir(path)
    assert len(claim.coded.lines) == 3
