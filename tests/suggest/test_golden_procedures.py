"""Procedures as clinicians write them, and the lines that they must and must not lead to.

``propose`` lists lines as ``CODE``, ``CODE-MODIFIER`` (all modifiers, in any order) and ``CODE x UNITS``; what is not
written is not looked at. ``withhold`` lists codes that must not be proposed. ``trained: true`` asks the model that
ships (what words such as "declined" and "scheduled" say of a procedure is learnt); others a ranker without training.
``open`` gives the reason why a right case fails today.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from training.code_shapes import procedure_system

FOLDER = Path(__file__).parents[1] / "golden"
CHART = ("setting", "claim", "payer", "age", "sex")
FIELDS = {"note", "propose", "withhold", "trained", "open", *CHART}
_LINE = re.compile(r"(?P<code>[0-9A-Z]{5}|[0-9A-Z]{7})(?P<modifiers>(?:-[0-9A-Z]{2})*)(?: x (?P<units>\d+))?")


def read_cases() -> list[Any]:
    return [
        pytest.param(
            case,
            id=f"{path.stem.removeprefix('procedures_')}-{case['note'][:60]}",
            marks=[pytest.mark.xfail(reason=case["open"], strict=True)] if "open" in case else [],
        )
        for path in sorted(FOLDER.glob("procedures_*.yaml"))
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


CASES = read_cases()


def wanted(line: str) -> re.Match[str]:
    match = _LINE.fullmatch(line)
    assert match is not None, f"{line!r}: expected CODE, CODE-MODIFIER or CODE x UNITS"
    return match


@pytest.mark.parametrize("case", CASES)
def test_procedure(case, request, chart):
    asked = request.getfixturevalue("suggester" if case.get("trained") else "procedure_suggester")
    encounter = chart(case["note"], **{name: case[name] for name in CHART if name in case})
    found = {line.ranked.code.code: line for line in asked.suggest(encounter).codes}
    for text in case.get("propose", ()):
        line = wanted(text)
        assert line["code"] in found, sorted(code for code in found if found[code].role == "procedure")
        if line["modifiers"]:
            assert sorted(found[line["code"]].modifiers) == sorted(line["modifiers"][1:].split("-"))
        if line["units"]:
            assert found[line["code"]].units == int(line["units"])
    assert not set(case.get("withhold", ())) & found.keys()


def test_cases_are_well_formed(services):
    for case in (param.values[0] for param in CASES):
        assert set(case) <= FIELDS, case["note"]
        assert case.get("propose") or case.get("withhold"), case["note"]
        for code in [wanted(line)["code"] for line in case.get("propose", ())] + case.get("withhold", []):
            assert services.title(code, procedure_system(code))[0], (case["note"], code)


def test_no_case_stands_twice():
    keys = [(case["note"], *(case.get(name) for name in CHART)) for case in (param.values[0] for param in CASES)]
    assert [key for key, count in Counter(keys).items() if count > 1] == []
