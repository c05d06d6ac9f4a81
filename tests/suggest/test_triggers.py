from __future__ import annotations

import pytest
from spacy.language import Language

from suggest import triggers
from suggest.errors import ResourceError
from suggest.nlp import make_nlp
from suggest.records import AssertionStatus
from suggest.resources import parse_table, read_table, read_text
from suggest.triggers import LOCAL, Direction, Reach, Strength, TriggerTable, fold, parse_rule

HEADER = "#phrase\tstatus\tdirection\treach\tlimit\tstrength\trule\tcomment\n"
BASE = {
    "phrase": "no",
    "status": "negated",
    "direction": "forward",
    "reach": "",
    "limit": "",
    "strength": "",
    "rule": "pre-negation",
    "comment": "",
}


@pytest.fixture(scope="module")
def nlp() -> Language:
    return make_nlp()


@pytest.fixture(scope="module")
def table(nlp: Language) -> TriggerTable:
    return TriggerTable(nlp)


def find(table: TriggerTable, text: str) -> list[str]:
    keys = table.keys(text)
    numbers = {i: key for i, key in enumerate(keys) if key.isdecimal()}
    return [match.rule.phrase for match in table.find(keys, numbers, 0, len(keys))]


@pytest.mark.parametrize("name", ["triggers", "classes", "spellings", "sections"])
def test_tables_are_sorted(name: str) -> None:
    lines = read_text(f"assertion/{name}.tsv").splitlines()[1:]
    cells = [line.split("\t")[:2] if name == "classes" else line.split("\t")[:1] for line in lines]
    assert cells == sorted(cells)


@pytest.mark.parametrize(
    ("word", "folded"),
    [
        ("Denies", "deny"),
        ("SIGNS", "sign"),
        ("w/o", "without"),
        ("Hx", "history"),
        ("’", "'"),
        ("–", "-"),
        ("diagnosis", "diagnosis"),
        ("was", "was"),
    ],
)
def test_fold(word: str, folded: str) -> None:
    assert fold(word) == folded


def test_defaults_of_a_row() -> None:
    rule = parse_rule(BASE)
    assert (rule.reach, rule.limit, rule.strength, rule.ends) == (
        Reach.CLAUSE,
        8,
        Strength.PLAIN,
        frozenset(),
    )
    assert parse_rule({**BASE, "direction": "backward"}).reach is Reach.LIST


def test_affirming_rows_end_other_scopes() -> None:
    assert parse_rule({**BASE, "status": "present"}).ends == LOCAL
    assert parse_rule({**BASE, "status": "present", "direction": "backward"}).ends == frozenset()


@pytest.mark.parametrize(
    ("status", "ends"),
    [
        ("any", frozenset(AssertionStatus)),
        ("local", LOCAL),
        ("negated+family", frozenset({AssertionStatus.NEGATED, AssertionStatus.FAMILY})),
    ],
)
def test_terminating_rows(status: str, ends: frozenset[AssertionStatus]) -> None:
    rule = parse_rule({**BASE, "status": status, "direction": "terminate"})
    assert (rule.status, rule.ends, rule.direction) == (None, ends, Direction.TERMINATE)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("status", "absent", "status 'absent'; expected one of 'present'"),
        ("direction", "sideways", "direction 'sideways'; expected one of 'forward'"),
        ("reach", "page", "reach 'page'; expected one of 'clause'"),
        ("limit", "0", "limit '0'; expected an integer from 1"),
        ("limit", "many", "limit 'many'"),
        ("strength", "huge", "strength 'huge'"),
        ("rule", "", "has no rule"),
    ],
)
def test_malformed_rows_are_refused(column: str, value: str, message: str) -> None:
    with pytest.raises(ResourceError, match=message):
        parse_rule({**BASE, column: value})


def test_malformed_terminating_row_is_refused() -> None:
    with pytest.raises(ResourceError, match="status 'gone'"):
        parse_rule({**BASE, "status": "negated+gone", "direction": "terminate"})


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            ["no\tnegated\tforward\t\t\t\ta\t", "no\tnegated\tforward\t\t\t\ta\t"],
            "'no' reads the same as 'no'",
        ),
        (
            ["hx\tnegated\tforward\t\t\t\ta\t", "history\tpossible\tforward\t\t\t\tb\t"],
            "reads the same as 'hx'",
        ),
        (["<kin> has\tfamily\tforward\t\t\t\ta\t"], "names class <kin>; expected one of"),
        (["\tfamily\tforward\t\t\t\ta\t"], "rule 'a' has no phrase"),
    ],
)
def test_tables_that_contradict_themselves_are_refused(
    nlp: Language, monkeypatch: pytest.MonkeyPatch, rows: list[str], message: str
) -> None:
    def fake(name: str) -> object:
        text = HEADER + "\n".join(rows)
        return parse_table(text, name) if name == triggers.TRIGGERS else read_table(name)

    monkeypatch.setattr(triggers, "read_table", fake)
    with pytest.raises(ResourceError, match=message):
        TriggerTable(nlp)


def test_word_twice_in_a_class_is_refused(nlp: Language, monkeypatch: pytest.MonkeyPatch) -> None:
    def fake(name: str) -> object:
        text = "#class\tword\tcomment\nkin\tmother\t\nkin\tmothers\t"
        return parse_table(text, name) if name == triggers.CLASSES else read_table(name)

    monkeypatch.setattr(triggers, "read_table", fake)
    with pytest.raises(ResourceError, match="'mothers' stands twice in class <kin>"):
        TriggerTable(nlp)


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("no change in rash", ["no change in"]),
        ("no evidence of rash", ["no evidence of"]),
        ("no evidence", ["no"]),
        ("Mother reports rash", ["<relative> <says>"]),
        ("MI in 2009", ["in <year>"]),
        ("seen in 1850", []),
        ("pain 0/10", ["0 / 10"]),
        ("5 years ago", ["year ago"]),
        ("the rash", []),
    ],
)
def test_the_longest_phrase_is_found(table: TriggerTable, text: str, phrases: list[str]) -> None:
    assert find(table, text) == phrases


def test_members_of_a_class(table: TriggerTable) -> None:
    assert "mother" in table.members("relative")
    assert table.members("no-such-class") == frozenset()
