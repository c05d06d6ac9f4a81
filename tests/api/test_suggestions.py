"""POST /v1/suggestions with requests that are as they should be."""

from __future__ import annotations

import pytest

from api.responses import SuggestionOut
from suggest.records import Claim, NoteStatus, Setting


def test_answers_with_codes_in_sequence_and_their_evidence(client):
    response = client.suggest("Has DM2, HTN", id="visit-7")
    assert response.status_code == 200
    answer = response.json()
    assert answer["encounter_id"] == "visit-7"
    assert [(line["code"], line["role"]) for line in answer["codes"]] == [
        ("E11.9", "first-listed"),
        ("I10", "additional"),
    ]
    first = answer["codes"][0]
    assert first["system"] == "ICD-10-CM"
    assert first["edition"] == "FY2026"
    assert first["title"] == "Type 2 diabetes mellitus without complications"
    assert first["probability"] == 0.9
    assert first["against"] == [{"reason": "a rule", "evidence": None}]
    assert first["evidence"] == [
        {
            "note_id": "n1", "start": 4, "end": 7, "quote": "DM2", "section": "none",
            "assertion": {"status": "present", "rule": "", "trigger": None},
            "matched_term": "dm2", "source": "lexicon",
            "specifiers": [{"note_id": "n1", "start": 4, "end": 7, "quote": "DM2"}],
        }
    ]  # fmt: skip
    assert answer["stamp"]["policy"] == "professional"
    assert answer["stamp"]["editions"] == {"ICD-10-CM": "FY2026"}
    assert answer["findings"][0]["severity"] == "info"
    assert answer["queries"][0]["options"] == ["1", "2"]
    SuggestionOut.model_validate(answer)


def test_answers_are_not_stored_by_caches(client):
    assert client.suggest().headers["cache-control"] == "no-store"


def test_suppressed_codes_carry_the_rule_and_the_trigger(client):
    answer = client.suggest("no HTN").json()
    assert answer["codes"] == []
    (suppressed,) = answer["suppressed"]
    assert (suppressed["rule"], suppressed["suppressed_reason"], suppressed["by"]) == (
        "assertion",
        "it is denied",
        None,
    )
    assertion = suppressed["evidence"][0]["assertion"]
    assert assertion == {"status": "negated", "rule": "no", "trigger": {"start": 0, "end": 2}}
    assert suppressed["against"][0]["evidence"]["quote"] == "HTN"


@pytest.mark.parametrize("text", ["", " ", "\n\t \r\n", "\u00a0"])
def test_blank_text_has_an_empty_suggestion(client, text):
    response = client.suggest(text)
    assert response.status_code == 200
    assert response.json()["codes"] == response.json()["ranked"] == []


@pytest.mark.parametrize(
    ("text", "code_points", "utf16"),
    [
        ("no \U0001f600 HTN", (5, 8), (6, 9)),
        ("HTN \U0001f600", (0, 3), (0, 3)),
        ("\U00010000\U00010000HTN", (2, 5), (4, 7)),
        ("e\u0301\u00e9 HTN", (4, 7), (4, 7)),
    ],
)
def test_offsets_come_in_the_unit_that_is_asked_for(client, text, code_points, utf16):
    for unit, expected in (("code_points", code_points), ("utf-16", utf16)):
        answer = client.suggest(text, offsets=unit).json()
        evidence = answer["ranked"][0]["evidence"][0]
        assert answer["offsets"] == unit
        assert (evidence["start"], evidence["end"]) == expected
    units = text.encode("utf-16-le")
    assert units[2 * utf16[0] : 2 * utf16[1]].decode("utf-16-le") == "HTN"


def test_triggers_and_specifiers_are_converted_too(client):
    answer = client.suggest("\U0001f600 no HTN", offsets="utf-16").json()
    evidence = answer["suppressed"][0]["evidence"][0]
    assert evidence["assertion"]["trigger"] == {"start": 3, "end": 5}
    assert evidence["specifiers"][0]["start"] == evidence["start"] == 6


def test_each_note_has_offsets_of_its_own(client):
    notes = [{"id": "a", "text": "\U0001f600\U0001f600 DM2"}, {"id": "b", "text": "\U0001f600 HTN"}]
    answer = client.post("/v1/suggestions", {"notes": notes, "offsets": "utf-16"}).json()
    spans = [(line["evidence"][0]["note_id"], line["evidence"][0]["start"]) for line in answer["codes"]]
    assert spans == [("a", 5), ("b", 3)]


@pytest.mark.parametrize(("limit", "count"), [(0, 0), (1, 1), (500, 2)])
def test_ranked_is_cut_at_the_limit_and_codes_are_not(client, limit, count):
    answer = client.suggest("DM2 and HTN", ranked_limit=limit).json()
    assert len(answer["ranked"]) == count
    assert len(answer["codes"]) == 2


def test_every_field_reaches_the_encounter(client, fake):
    seen = []
    fake.before = seen.append
    response = client.post(
        "/v1/suggestions",
        {
            "id": "e-1",
            "notes": [
                {
                    "id": "n1", "text": "x", "type": "discharge-summary", "author_role": "nurse",
                    "status": "amended", "date": "2026-01-09",
                }
            ],
            "setting": "inpatient",
            "claim": "facility",
            "payer": "medicare",
            "policy": "benchmark-codiesp",
            "patient": {"age": 0.5, "sex": "X"},
            "date_of_service": "2026-01-02",
            "admission": "2026-01-02",
            "discharge": "2026-01-09",
        },
    )  # fmt: skip
    assert response.status_code == 200
    (encounter,) = seen
    assert (encounter.id, encounter.setting, encounter.claim) == ("e-1", Setting.INPATIENT, Claim.FACILITY)
    assert (encounter.payer, encounter.policy) == ("medicare", "benchmark-codiesp")
    assert (encounter.patient.age, encounter.patient.sex) == (0.5, "X")
    assert [str(day) for day in (encounter.date_of_service, encounter.admission, encounter.discharge)] == [
        "2026-01-02", "2026-01-02", "2026-01-09",
    ]  # fmt: skip
    (note,) = encounter.notes
    assert (note.type, note.author_role, note.status) == ("discharge-summary", "nurse", NoteStatus.AMENDED)
    assert str(note.date) == "2026-01-09"


@pytest.mark.parametrize(
    "media_type", ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"]
)
def test_json_may_name_its_charset(client, media_type):
    body = {"notes": [{"id": "n1", "text": "HTN"}]}
    response = client.post("/v1/suggestions", body, headers={"Content-Type": media_type})
    assert response.status_code == 200


def test_a_byte_order_mark_is_not_part_of_the_json(client):
    content = b'\xef\xbb\xbf{"notes": [{"id": "n1", "text": "HTN"}]}'
    answer = client.post("/v1/suggestions", content=content).json()
    assert answer["codes"][0]["evidence"][0]["start"] == 0


def test_text_with_many_brackets_is_not_nesting(client):
    assert client.suggest("[[[[{{{{" * 1000 + ' \\" HTN').status_code == 200


def test_text_of_exactly_the_limit_is_read(make_client):
    client = make_client(max_note_characters=10)
    assert client.suggest("HTN" + "x" * 7).status_code == 200
    assert client.suggest("HTN" + "x" * 8).status_code == 413


def test_procedures_come_with_their_details(client):
    answer = client.suggest("HTN; knee injection", offsets="utf-16").json()
    diagnosis, visit, pcs = answer["codes"]
    assert (diagnosis["role"], diagnosis["elements"], diagnosis["open_axes"]) == ("first-listed", [], [])
    assert (visit["system"], visit["role"], visit["pointers"]) == ("CPT", "procedure", [1])
    assert (visit["modifiers"], visit["modifier_reasons"]) == (["25"], ["beside an injection"])
    risk, data = visit["elements"]
    assert (risk["name"], risk["level"], risk["counted"], risk["reason"]) == ("risk", 3, True, "")
    assert risk["evidence"] == [{"note_id": "n1", "start": 5, "end": 19, "quote": "knee injection"}]
    assert (data["what"], data["level"], data["counted"]) == ("A test", None, False)
    assert data["reason"] == "billed by itself"
    assert (pcs["units"], pcs["open_axes"]) == (2, ["approach"])


def test_the_evidence_of_elements_is_counted_as_asked(client):
    text = "\U0001f600 HTN; knee injection"
    by_unit = {
        unit: client.suggest(text, offsets=unit).json()["codes"][1]["elements"][0]["evidence"][0]["start"]
        for unit in ("code_points", "utf-16")
    }
    assert by_unit == {"code_points": 7, "utf-16": 8}


def test_a_stored_suggestion_keeps_the_details(client):
    stored = client.store("HTN; knee injection")
    fresh = client.suggest("HTN; knee injection").json()
    assert stored["suggestion"]["codes"] == fresh["codes"]
    assert [(line["code"], line["modifiers"], line["units"]) for line in stored["lines"]] == [
        ("I10", [], 1),
        ("99214", ["25"], 1),
        ("0SRC0J9", [], 2),
    ]
