"""Claims as tests write them."""

from __future__ import annotations

import re
from datetime import date

from suggest.edits.coded import CodedLine, CodedSet
from suggest.records import Code, Encounter, System

_LINE = re.compile(r"(?P<code>[\w.]+)(?P<modifiers>(?:-\w+)*)(?:\*(?P<units>\d+))?(?:@(?P<pointers>[\d,]+))?")
_SHAPES = (
    (System.CPT, r"\d{4}[0-9AFMTU]"),
    (System.HCPCS, r"[A-V]\d{4}"),
    (System.ICD10PCS, r"[0-9A-HJ-NP-Z]{7}"),
)


def claim(text, **encounter):
    """Reads a claim: ``M17.11 99213-25 20610-RT*2@1`` is diagnosis, visit, procedure with units and pointer."""
    lines = []
    for word in text.split():
        match = _LINE.fullmatch(word)
        system = next((s for s, shape in _SHAPES if re.fullmatch(shape, match["code"])), System.ICD10CM)
        pointers = tuple(map(int, match["pointers"].split(","))) if match["pointers"] else ()
        modifiers = tuple(match["modifiers"].split("-")[1:])
        lines.append(CodedLine(Code(system, match["code"]), modifiers, int(match["units"] or 1), None, pointers))
    lines.sort(key=lambda line: line.code.system is not System.ICD10CM)
    given = {"date_of_service": date(2026, 3, 2)} | encounter
    return CodedSet(Encounter("e", (), **given), tuple(lines))
