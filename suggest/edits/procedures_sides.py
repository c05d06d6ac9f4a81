"""Edits of sides: both sides at once, and a side that contradicts the diagnosis."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from suggest.edits.coded import CodedLine, CodedSet
from suggest.edits.procedures_lines import LEFT, RIGHT, Billed, billed
from suggest.edits.report import Report
from suggest.edits.tables import Edit, EditTables
from suggest.records import Finding

_BILATERAL = Report("bilateral-procedure", "CMS Claims Processing Manual, chapter 12, section 40.7")
_SIDE = Report("side-of-diagnosis", "guideline I.B.13; HCPCS Level II anatomic modifiers")

_BOTH = "50"
_NO_SIDE = r"(?!\W*(?:ventric|heart|atri|bundle|main|posterior fasc|anterior fasc|anterior desc|sided colitis|shift))"
_LEFT_TITLE = re.compile(rf"\bleft\b{_NO_SIDE}", re.IGNORECASE)
_RIGHT_TITLE = re.compile(rf"\bright\b{_NO_SIDE}", re.IGNORECASE)
_NO_ANATOMY = ("V", "W", "X", "Y", "Z", "G81", "G83", "I69")
"""Codes whose side, if any, is not where something is done: circumstances, and palsies, which are on the other side."""


def bilateral_procedure(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """50 beside a side, on a code that has no sides, or with two units; both sides on one line or on two."""
    lines = billed(coded, tables)
    for line in lines:
        sides = line.modifiers & {"LT", "RT"}
        if _BOTH in line.modifiers and sides:
            yield _BILATERAL.error(
                [line.code],
                f"{line.code} bears 50 and {', '.join(sorted(sides))}: both sides and one side",
                "Report 50 alone for both sides, or the side alone",
            )
        elif _BOTH in line.modifiers and line.service is not None and "sided" not in line.flags:
            yield _BILATERAL.warning(
                [line.code],
                f"{line.code} bears 50, but is not for a paired organ or limb, or means both sides already",
                "Remove 50; report the places with anatomic modifiers or units as the code asks for",
                source=f"{_BILATERAL.source}; project table (services)",
            )
        elif _BOTH in line.modifiers and line.line.units > 1:
            yield _BILATERAL.warning(
                [line.code],
                f"{line.code} bears 50 with {line.line.units} units; 50 with one unit stands for both sides",
                "Report one unit with 50",
            )
        elif len(sides) > 1:
            yield _BILATERAL.warning(
                [line.code],
                f"{line.code} bears LT and RT on one line",
                "Report 50 with one unit, or a line for each side",
            )
    yield from _on_two_lines(lines)


def _on_two_lines(lines: Sequence[Billed]) -> Iterator[Finding]:
    sides: defaultdict[str, list[frozenset[str]]] = defaultdict(list)
    for line in lines:
        sides[line.code].append(line.modifiers & {"LT", "RT", _BOTH})
    for code, found in sorted(sides.items()):
        if len(found) < 2:
            continue
        if {_BOTH} in found and any(side and side != {_BOTH} for side in found):
            yield _BILATERAL.error(
                [code],
                f"{code} stands there with 50 and again with a side: one side is reported twice",
                "Report 50 alone for both sides, or a line for each side",
            )
        elif {"LT"} in found and {"RT"} in found:
            yield _BILATERAL.info(
                [code],
                f"{code} stands on two lines, LT and RT",
                "Medicare takes one line with 50; some payers take a line for each side",
            )


def side_of_diagnosis(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """A modifier that says one side while every sided diagnosis that justifies the line says the other."""
    for line in billed(coded, tables):
        left, right = bool(line.modifiers & LEFT), bool(line.modifiers & RIGHT)
        if left == right:
            continue
        diagnoses = _justifying(line.line, coded.diagnoses)
        sided = {code: side for code in diagnoses if (side := _side(code, tables))}
        if not line.line.pointers and len(sided) < len(set(diagnoses)):
            continue  # what justifies the line may be one without a side
        if sided and set(sided.values()) == {"right" if left else "left"}:
            modifier = ", ".join(sorted(line.modifiers & (LEFT | RIGHT)))
            yield _SIDE.warning(
                [line.code, *sorted(sided)],
                f"{line.code} bears {modifier}, but {', '.join(sorted(sided))} is of the other side",
                "Compare side of procedure and diagnosis with the documentation and correct the wrong one",
                edition=tables.index.edition.name,
            )


def _justifying(line: CodedLine, diagnoses: Sequence[CodedLine]) -> list[str]:
    """Returns the diagnoses of the body that a line points to; all of them where it points to none."""
    pointed = [diagnoses[place - 1] for place in line.pointers if 1 <= place <= len(diagnoses)]
    codes = (found.code.code.upper() for found in (pointed if line.pointers else diagnoses))
    return [code for code in codes if not code.startswith(_NO_ANATOMY)]


def _side(code: str, tables: EditTables) -> str | None:
    """Returns the side that the title of a diagnosis names, ``None`` for none or both."""
    facts = tables.facts(code)
    if facts is None:
        return None
    sides = {name for name, pattern in (("left", _LEFT_TITLE), ("right", _RIGHT_TITLE)) if pattern.search(facts.title)}
    return sides.pop() if len(sides) == 1 else None


SIDE_EDITS: tuple[Edit, ...] = (bilateral_procedure, side_of_diagnosis)
