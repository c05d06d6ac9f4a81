"""The tables of clinical knowledge: they load, are sorted, say nothing twice and name codes that exist."""

from __future__ import annotations

from collections import Counter
from importlib.resources import files
from itertools import pairwise

import pytest

from suggest import status
from suggest.code_sets.index import CodeIndex
from suggest.combinations import combination_rules
from suggest.headings import families
from suggest.lexicon import check_lexicon, read_lexicon
from suggest.policy import all_policies
from suggest.resources import list_tables, read_table, read_text

FOLDERS = sorted(entry.name for entry in files("suggest.resources").iterdir() if entry.is_dir())
TABLES = [name for folder in FOLDERS for name in list_tables(folder)]

# Tables in which the order of lines says something: later combinations build on the results of earlier ones, and
# precedences stand in the order of the guidelines.
ORDERED = {"rules/combinations.tsv", "rules/sequence.tsv"}
# Tables whose columns leave nothing to comment on: code sets, and labels of their values.
UNCOMMENTED = {
    *("services/cpt.tsv", "services/hcpcs.tsv", "services/modifiers.tsv"),
    *("pcs/labels.tsv", "pcs/procedures.tsv", "pcs/sites.tsv", "pcs/values.tsv"),
}
# Columns that say what a line is about; by default the first one alone.
KEYS = {
    "assertion/classes.tsv": ("class", "word"),
    "assertion/planned.tsv": ("phrase", "side"),
    "sections/cues.tsv": ("word", "cue"),
    "status/integral_symptoms.tsv": ("symptom", "disease"),
    "rules/combinations.tsv": ("result", "needs"),
    "rules/age_sex.tsv": ("prefix", "sex", "age_from", "age_to"),
    "rules/sequence.tsv": ("first", "then"),
    "composition/manifestations.tsv": ("condition", "drug", "result"),
    "composition/residences.tsv": ("residence", "room"),
    "composition/skin_tumors.tsv": ("tumor", "site"),
    "composition/transport.tsv": ("role", "partner"),
    "rules/axes.tsv": ("family", "axis", "value", "chart"),
    "rules/statements.tsv": ("code", "pattern"),
    "services/anatomic_modifiers.tsv": ("words", "modifier"),
    "pcs/labels.tsv": ("axis", "after", "value"),
    "pcs/sites.tsv": ("system", "label"),
    "pcs/values.tsv": ("set", "value"),
    "pcs/procedures.tsv": ("code", "terms"),
}
# Columns that hold codes, or prefixes of codes, separated by spaces, "|" and "+"; "E*" is any kind of diabetes.
CODES = {
    "rules/combinations.tsv": ("result", "needs", "replaces"),
    "rules/age_sex.tsv": ("prefix",),
    "rules/families.tsv": ("anchors", "needs", "unless", "targets"),
    "rules/perinatal.tsv": ("condition", "code"),
    "rules/pregnancy.tsv": ("condition", "stem", "replaces"),
    "rules/requires.tsv": ("code", "needs"),
    "composition/manifestations.tsv": ("condition", "result"),
    "composition/residences.tsv": ("residence", "code"),
    "composition/skin_tumors.tsv": ("code",),
    "composition/transport.tsv": ("code",),
    "rules/yields.tsv": ("code", "to"),
    "em/problems.tsv": ("prefix",),
    "status/chronic.tsv": ("prefix",),
    "status/family_history.tsv": ("prefix", "code"),
    "status/personal_history.tsv": ("prefix", "code"),
    "status/integral_symptoms.tsv": ("symptom", "disease"),
    "status/drugs.tsv": ("code",),
    "status/allergens.tsv": ("code",),
}


def rows_of(name: str) -> list[dict[str, str]]:
    return list(read_table(name))


def key_columns(name: str, row: dict[str, str]) -> tuple[str, ...]:
    if name.startswith("lexicon/"):
        return ("term", "context")
    return KEYS.get(name, (next(iter(row)),))


def test_there_are_tables_of_every_kind():
    assert {name.partition("/")[0] for name in TABLES} >= {"assertion", "lexicon", "rules", "sections", "status"}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_loads_and_is_clean(name):
    rows = rows_of(name)
    assert rows
    assert name in UNCOMMENTED or "comment" in rows[0]
    text = read_text(name)
    assert text.endswith("\n")
    assert "\r" not in text
    assert not [n for n, line in enumerate(text.splitlines(), 1) if line != line.rstrip(" ")]


@pytest.mark.parametrize("name", TABLES)
def test_a_table_says_nothing_twice(name):
    rows = rows_of(name)
    keys = [tuple(row[column].lower() for column in key_columns(name, row)) for row in rows]
    assert [key for key, count in Counter(keys).items() if count > 1] == []


@pytest.mark.parametrize("name", [name for name in TABLES if name not in ORDERED])
def test_a_table_is_sorted(name):
    rows = rows_of(name)
    first = [row[next(iter(row))] for row in rows]
    # Sorted as a person or a program would: by characters, or without regard to case.
    wrong = [b for a, b in pairwise(first) if a > b and a.lower() > b.lower()]
    assert wrong == []


@pytest.mark.parametrize("name", CODES)
def test_a_table_names_codes_that_exist(name, index):
    wrong = [
        (column, code)
        for row in rows_of(name)
        for column in CODES[name]
        for code in row[column].replace("|", " ").replace("+", " ").replace("E*", "E11").split()
        if not exists(index, code)
    ]
    assert wrong == []


def exists(index: CodeIndex, prefix: str) -> bool:
    """Returns whether a code of the edition begins with ``prefix``."""
    return any(hit.score == 1.0 for hit in index.search(prefix, 1))


def test_prefixes_are_told_from_others(index):
    assert all(exists(index, prefix) for prefix in ("E11", "E11.2", "E1122", "A", "I1"))
    assert not any(exists(index, prefix) for prefix in ("E11.7", "U9", "ZZ", "heart"))


def test_the_lexicon_fits_the_shipped_edition(index):
    entries = list(check_lexicon(read_lexicon(), lambda code: index.row(code) is not None))
    assert len(entries) > 5000


def test_contexts_name_sections_that_exist():
    sections = {
        value
        for entry in read_lexicon()
        if entry.condition and entry.condition.kind == "section"
        for value in entry.condition.values
    }
    assert sections <= families().keys()


@pytest.mark.parametrize("table", [status.family_history, status.personal_history], ids=lambda table: table.__name__)
def test_what_becomes_of_a_past_disease_is_a_billable_code(index, table):
    codes = {table().get(index.code(row)) for row in range(len(index)) if index.billable[row]} - {None}
    assert codes
    assert [code for code in codes if not index.billable[index.row(code)]] == []


def test_results_of_combinations_are_codes(index):
    assert [rule.result for rule in combination_rules() if index.row(rule.result) is None] == []


def test_every_setting_and_claim_has_at_most_one_policy():
    pairs = Counter((c, s) for policy in all_policies().values() for c in policy.claims for s in policy.settings)
    assert [pair for pair, count in pairs.items() if count > 1] == []
