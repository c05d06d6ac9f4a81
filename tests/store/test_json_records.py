import json
from dataclasses import dataclass
from datetime import date

import pytest
from store_charts import ranked, suggestion_of

from store.json_records import from_json, to_json
from suggest.records import (
    Assertion,
    AssertionStatus,
    CodeLine,
    Finding,
    Note,
    Objection,
    Query,
    Severity,
    Suggestion,
    Support,
)


def test_a_whole_suggestion_survives():
    base = ranked("E11.9", "DM2")
    evidence = base.support[0].evidence
    support = Support(evidence, "pmh", Assertion(AssertionStatus.NEGATED, "no", 3, 5), "dm2", "title", (evidence,))
    rich = type(base)(base.code, base.title, 0.1 + 0.2, (support,), (Objection("a rule"), Objection("no", evidence)))
    made = suggestion_of("e1", [CodeLine(rich, ("25",), 2, "Y", (1,), "principal", "why")], others=[base])
    made = type(made)(
        made.encounter_id,
        made.ranked,
        made.codes,
        made.suppressed,
        (Finding("age", Severity.WARNING, ("E11.9",), "m", "r", "s"),),
        (Query("stage", (evidence,), "Which?", ("1", "2")),),
        made.stamp,
    )
    assert from_json(Suggestion, json.loads(json.dumps(to_json(made)))) == made


def test_dates_and_enums_survive():
    note = Note("n1", "text", date=date(2026, 1, 2))
    assert to_json(note)["date"] == "2026-01-02"
    assert from_json(Note, to_json(note)) == note


def test_what_older_and_newer_programs_wrote_is_read():
    assert from_json(Note, {"id": "n1", "text": "x", "a_field_of_the_past": 1}) == Note("n1", "x")
    with pytest.raises(KeyError, match=r"Note\.text"):
        from_json(Note, {"id": "n1"})


@dataclass(frozen=True)
class Odd:
    value: int | str


def test_unsupported_types_are_told():
    with pytest.raises(TypeError, match="union"):
        from_json(Odd, {"value": 1})
    with pytest.raises(TypeError, match="bytes"):
        to_json(b"x")
    with pytest.raises(TypeError, match="set"):
        to_json({1})
