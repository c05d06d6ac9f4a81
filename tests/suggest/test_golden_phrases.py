"""Phrases as clinicians write them, and the codes that they must and must not lead to.

``expect`` and ``not`` look at the candidates that a present mention reaches; ``propose`` and ``withhold`` at
what is proposed in the end, where the policy has its say. ``open`` gives the reason why a right case fails today.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from suggest.edges import PRESENT

FOLDER = Path(__file__).parents[1] / "golden"
FIELDS = {"phrase", "setting", "claim", "policy", "age", "sex", "expect", "not", "propose", "withhold", "open"}
CHECKS = ("expect", "not", "propose", "withhold")


def marks_of(case: dict[str, Any]) -> list[pytest.MarkDecorator]:
    return [pytest.mark.xfail(reason=case["open"], strict=True)] if "open" in case else []


def read_cases() -> list[Any]:
    return [
        pytest.param(case, id=f"{path.stem.removeprefix('phrases_')}-{case['phrase']}", marks=marks_of(case))
        for path in sorted(FOLDER.glob("phrases_*.yaml"))
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


CASES = read_cases()


def encounter_of(chart, case):
    return chart(
        case["phrase"],
        **{name: case[name] for name in ("setting", "claim", "policy", "age", "sex") if name in case},
    )


@pytest.mark.parametrize("case", CASES)
def test_phrase(case, plain_suggester, chart):
    encounter = encounter_of(chart, case)
    if "expect" in case or "not" in case:
        candidates, _table = plain_suggester.features(encounter)
        edges = candidates.edges
        present = {plain_suggester.code(code) for code in set(edges.code[edges.status == PRESENT].tolist())}
        assert set(case.get("expect", ())) <= present
        assert not present.intersection(case.get("not", ()))
    if "propose" in case or "withhold" in case:
        codes = {line.ranked.code.code for line in plain_suggester.suggest(encounter).codes}
        assert set(case.get("propose", ())) <= codes
        assert not codes.intersection(case.get("withhold", ()))


def test_cases_are_well_formed(index):
    for case in (param.values[0] for param in CASES):
        assert set(case) <= FIELDS, case["phrase"]
        assert any(case.get(check) for check in CHECKS), case["phrase"]
        for code in (code for check in CHECKS for code in case.get(check, ())):
            assert index.row(code) is not None, (case["phrase"], code)


def test_expected_codes_are_billable(index):
    for case in (param.values[0] for param in CASES):
        if case.get("policy") != "benchmark-codiesp":
            for code in [*case.get("expect", ()), *case.get("propose", ())]:
                assert index.billable[index.row(code)], (case["phrase"], code)


def test_no_case_stands_twice():
    keys = [
        (case["phrase"], *(case.get(name) for name in ("setting", "claim", "policy", "age", "sex")))
        for case in (param.values[0] for param in CASES)
    ]
    assert [key for key, count in Counter(keys).items() if count > 1] == []
