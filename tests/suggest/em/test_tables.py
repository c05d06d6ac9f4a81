"""The tables of the E/M rules fit the code set and each other."""

from __future__ import annotations

import pytest

from suggest.em.problems import _LEVEL, problem_kind
from suggest.resources import list_tables, read_table

KINDS = {
    "status.tsv": (
        "status",
        {
            "dire",
            "elsewhere",
            "marked",
            "minor",
            "new",
            "resolved",
            "severe",
            "stable",
            "systemic",
            "uncertain",
            "worse",
        },
    ),
    "medicines.tsv": ("kinds", {"antineoplastic", "controlled", "local", "monitored", "otc", "rx"}),
    "sources.tsv": ("sources", {"family", "historian", "notes", "professional", "read", "talk"}),
}


def test_every_prefix_is_of_the_code_set(index):
    prefixes = [row["prefix"] for row in read_table("em/problems.tsv")]
    assert [p for p in prefixes if not any(hit.score == 1.0 for hit in index.search(p, 1))] == []


def test_every_class_of_problems_has_a_level():
    kinds = {row["kind"] for row in read_table("em/problems.tsv")}
    assert kinds - {"none"} == set(_LEVEL)


@pytest.mark.parametrize("name", KINDS)
def test_kinds_are_known(name):
    column, known = KINDS[name]
    assert {kind for row in read_table(f"em/{name}") for kind in row[column].split()} == known


@pytest.mark.parametrize("name", list_tables("em"))
def test_phrases_are_lower_case(name):
    first = [next(iter(row.values())) for row in read_table(name)]
    assert name.endswith("problems.tsv") or all(phrase == phrase.lower() for phrase in first)


def test_zones_of_documents_are_known():
    zones = {cue.partition("@")[2] for row in read_table("em/documents.tsv") for cue in row["cues"].split()}
    assert zones == {"first", "title", "head", "note"}


@pytest.mark.parametrize(("code", "kind"), [("T40.2X5A", "none"), ("T40.2X1A", "threat"), ("S82.851S", "chronic")])
def test_the_character_of_intent_or_episode_decides(code, kind):
    assert problem_kind(code) == kind
