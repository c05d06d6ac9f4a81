"""The templates keep to compliant query practice, and the loader refuses what does not fit."""

from __future__ import annotations

import re

import pytest

from suggest.errors import ResourceError
from suggest.queries.conditions import Kind, parse
from suggest.queries.indicators import GROUPS, groups
from suggest.queries.templates import CLOSING, KINDS, TEMPLATES, fits, template_of, templates
from suggest.queries.values import VALUES, value_reader
from suggest.resources import read_table

ROWS = {row["id"]: row for row in read_table(TEMPLATES)}
ALL = templates()

PAYMENT = re.compile(
    r"\b(?:pay(?:er|ers|ment|ments|ing)?|reimburs\w*|revenue|bill(?:ing|able|ed)?|drg\w*|ms-drg|hcc\w*|cc|mcc|raf"
    r"|weight(?:ed|s)? of|risk adjust\w*|severity of illness|soi|rom|mortality|case mix|cmi|quality (?:score|metric)\w*"
    r"|profil\w*|denial\w*|audit\w*|capture\w*|optimi[sz]e\w*|impact\w*|financ\w*|cost\w*|money|dollar\w*)\b",
    re.I,
)
LEADING = re.compile(
    r"\b(?:please (?:document|add|confirm|agree|clarify that|update)|should be|must be|needs? to be|we recommend"
    r"|do you agree|don't you|isn't|would you agree|can you document|add to|is consistent with|meets criteria"
    r"|suggests?|indicates? that|supports? a diagnosis|to support|upgrade|more specific code|better code)\b",
    re.I,
)
# Ends of words that name diseases: a question about findings, or the name of its template, holds none of them.
DISEASE = re.compile(
    r"\b(?!diagnosis\b)\w*(?:emia|emic|osis|itis|opathy|penia|failure|shock|sepsis|disease|disorder|syndrome|injury|infarction"
    r"|overdose|obes\w+|diabetes|malnutrition|hypertension|coma|delirium|thyroidism|fibrillation)\b",
    re.I,
)
NOTHING = re.compile(r"No\b|Not\b|Given\b|Monitoring\b|Prevention\b|.*[Pp]rophylaxis\b")
OPEN = "finding", "treatment"


def row(**changes):
    found = next(iter(ROWS.values())) | {"id": "one", **changes}
    return dict(found)


def test_there_are_templates_of_every_kind():
    assert len(ALL) >= 150
    assert {template.kind for template in ALL} == set(KINDS)


@pytest.mark.parametrize("template", ALL, ids=lambda template: template.id)
def test_a_template_is_compliant(template):
    said = [template.question, *template.options]
    assert [text for text in said if PAYMENT.search(text)] == []
    assert [text for text in said if LEADING.search(text)] == []
    assert template.options[-2:] == CLOSING
    assert len(set(template.options)) == len(template.options) >= 4
    assert template.question.count("?") >= 1
    assert template.question.endswith("?")
    assert "ACDIS/AHIMA" in template.source


@pytest.mark.parametrize("template", [t for t in ALL if t.kind in OPEN], ids=lambda template: template.id)
def test_findings_and_treatments_name_no_diagnosis(template):
    assert DISEASE.search(template.question) is None
    assert DISEASE.search(template.id.replace("-", " ")) is None
    assert any(NOTHING.match(option) for option in template.options)


@pytest.mark.parametrize("template", [t for t in ALL if t.kind not in OPEN], ids=lambda template: template.id)
def test_diagnoses_in_questions_rest_on_the_chart(template):
    """A question names a disease only where proposed codes or the chart's own words do."""
    if DISEASE.search(template.question):
        assert template.codes or template.when or template.title or template.poa


def test_every_kind_of_finding_leaves_room_for_the_order():
    kinds = [KINDS.index(template.kind) for template in ALL]
    assert kinds == sorted(kinds)


def test_every_group_and_value_is_used():
    names = {
        name
        for template in ALL
        for condition in (*(c for part in template.when for c in part), *template.unless, *template.shows)
        for name in (condition.name, condition.other)
    } | {template.named for template in ALL}
    assert set(groups()) - names == set()
    assert set(value_reader().measures) - names == set()


def test_groups_have_words_or_a_pattern():
    named = {group for row in read_table("queries/indicators.tsv") for group in row["groups"].split()}
    assert [name for name, group in groups().items() if name not in named and group.pattern is None] == []


@pytest.mark.parametrize("template", ALL, ids=lambda template: template.id)
def test_codes_exist(template, index):
    patterns = [*(p for group in template.codes for p in group), *template.unless_codes]
    wrong = []
    for pattern in patterns:
        code = pattern.rstrip("$")
        if code[0].isdigit():  # of another system than the index
            continue
        hits = index.search(code, 1)
        if not any(hit.score == 1.0 for hit in hits):
            wrong.append(pattern)
    assert wrong == []


@pytest.mark.parametrize(
    ("patterns", "code", "expected"),
    [
        (("E11",), "E11.9", True),
        (("E11.9$",), "E11.9", True),
        (("N18.3$",), "N18.31", False),
        (("I10", "N18.3"), "N18.31", True),
        ((), "I10", False),
    ],
)
def test_patterns_of_codes(patterns, code, expected):
    assert fits(patterns, code) == expected


@pytest.mark.parametrize(
    ("text", "kind", "limit"),
    [
        ("creatinine>=1.5", Kind.VALUE, 1.5),
        ("sodium<=129", Kind.VALUE, 129.0),
        ("creatinine:rise>=1.5", Kind.RISE, 1.5),
        ("hemoglobin:drop>=2", Kind.DROP, 2.0),
        ("possible:c_sepsis", Kind.POSSIBLE, 0.0),
        ("conflict:c_sepsis", Kind.CONFLICT, 0.0),
        ("differs:diabetes_type1/diabetes_type2", Kind.DIFFERS, 0.0),
        ("near:hf_type/heart_failure_named", Kind.NEAR, 0.0),
        ("sepsis", Kind.GROUP, 0.0),
    ],
)
def test_conditions(text, kind, limit):
    condition = parse(text, "here")
    assert (condition.kind, condition.limit) == (kind, limit)


@pytest.mark.parametrize(
    "text",
    [
        "zinc>=3",
        "creatinine>3",
        "no_such_group",
        "differs:sepsis",
        "near:sepsis",
        "possible:sepsis/anemia",
        "possible:nothing",
        "",
    ],
)
def test_what_is_no_condition_is_refused(text):
    with pytest.raises(ResourceError, match="here"):
        parse(text, "here")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "money"}, "unknown kind"),
        ({"question": "Add it."}, "ends in"),
        ({"source": ""}, "source"),
        ({"options": "One"}, "at least 2 options"),
        ({"codes": "", "title": "", "line": "", "when": ""}, "nothing says when"),
        ({"line": "axis:approach backwards"}, "unknown line condition"),
        ({"settings": "moon"}, "moon"),
        ({"claims": "nobody"}, "nobody"),
        ({"ages": "young"}, "ages"),
        ({"when": "no_such_group"}, "unknown group"),
        ({"unless": "zinc>=2"}, "unknown value"),
        ({"named": "no_such_group", "codes": "I50.9$", "unless_codes": "I50.2"}, "stand for a code"),
        ({"named": "anemia_bare", "codes": "D64.9$", "unless_codes": ""}, "stand for a code"),
    ],
)
def test_a_row_that_does_not_fit_is_refused(changes, message):
    with pytest.raises(ResourceError, match=message):
        template_of(row(**changes))


def test_a_row_that_fits():
    template = template_of(
        row(codes="A41 + N17$", options="One | Two", ages="18-", when="sodium<=129 | anemia & sepsis")
    )
    assert template.codes == (("A41",), ("N17$",))
    assert template.options == ("One", "Two", *CLOSING)
    assert template.ages == (18.0, float("inf"))
    assert [len(alternatives) for alternatives in template.when] == [2, 1]


def test_tables_are_named_in_errors():
    assert GROUPS.startswith("queries/")
    assert VALUES.startswith("queries/")
