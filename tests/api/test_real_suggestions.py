"""The service with the model that ships: the sample charts, blank and unusual text."""

from __future__ import annotations

import pytest

from api.routes.pages import sample_charts

pytestmark = pytest.mark.slow


@pytest.fixture
def real(make_client, suggester):
    return make_client(load=lambda _progress: suggester)


@pytest.mark.parametrize("sample", sample_charts(), ids=lambda sample: sample["title"].split(":")[0])
@pytest.mark.parametrize("offsets", ["code_points", "utf-16"])
def test_samples_get_codes_whose_evidence_is_where_it_says(real, sample, offsets):
    fields = {name: value for name, value in sample.items() if name not in {"title", "text"}}
    text = "\U0001f600 " + sample["text"]
    response = real.suggest(text, offsets=offsets, **fields)
    assert response.status_code == 200
    answer = response.json()
    assert len(answer["codes"]) >= 3
    diagnoses = [line["role"] for line in answer["codes"] if line["role"] != "procedure"]
    assert diagnoses[1:] == ["additional"] * (len(diagnoses) - 1)
    units = text.encode("utf-16-le")
    for code in answer["codes"] + answer["suppressed"] + answer["ranked"]:
        for item in code["evidence"]:
            start, end = item["start"], item["end"]
            words = text[start:end] if offsets == "code_points" else units[2 * start : 2 * end].decode("utf-16-le")
            assert words == item["quote"]


@pytest.mark.parametrize(
    "text", ["", " ", "\n\n\t", "\u200b", "...", "\U0001f600" * 50, "\u0627\u0644\u0645 \u6f22\u5b57"]
)
def test_text_without_anything_to_code_has_no_codes(real, text):
    response = real.suggest(text)
    assert response.status_code == 200
    assert response.json()["codes"] == []


@pytest.mark.parametrize("text", ["a" * 20_000, "a\n" * 5_000, "((((" * 5_000, "e\u0301" * 5_000, "1. " * 5_000])
def test_unusual_text_is_answered(real, text):
    assert real.suggest(text).status_code == 200


def test_an_old_date_draws_a_finding_that_names_the_remedy(real):
    (finding,) = real.suggest("HTN", date_of_service="2019-05-01").json()["findings"]
    assert finding["edit"] == "edition"
    assert "chartcoder codes import" in finding["remedy"]


def test_versions_and_codes_come_from_the_installed_edition(real):
    version = real.get("/v1/version").json()
    assert version["editions"]["ICD-10-CM"] == "FY2026"
    assert set(version["editions"]) == {"ICD-10-CM", "CPT", "HCPCS", "ICD-10-PCS"}
    code = real.get("/v1/codes/ICD-10-CM/E11.22").json()
    assert code["billable"]
    assert any("N18" in note["text"] for note in code["use_additional"])
    hits = real.post("/v1/codes/search", {"query": "diabetic chronic kidney"}).json()["results"]
    assert "E11.22" in [hit["code"] for hit in hits]
