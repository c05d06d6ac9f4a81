"""Edits of modifiers: known, fitting their code, not at odds with each other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from suggest.code_sets.service_records import ServiceCode, ServiceModifier
from suggest.code_sets.service_table import OPERATIVE
from suggest.edits.coded import CodedSet
from suggest.edits.procedures_lines import MAJOR, MINOR, Billed, billed, known_lines
from suggest.edits.report import Report
from suggest.edits.tables import Edit, EditTables
from suggest.records import Claim, Finding, System
from suggest.resources import read_table

_UNKNOWN = Report("unknown-modifier", "CPT Appendix A; HCPCS Level II modifiers")
_APPLIES = Report("modifier-not-applicable", "CPT Appendix A; HCPCS Level II modifiers")
_CONFLICT = Report("modifier-conflict", "CPT Appendix A; HCPCS Level II modifiers")
_WAIVED = Report("waived-test", "42 CFR 493.15; CMS Claims Processing Manual, chapter 16, section 70.8")
_PARTS = Report("professional-technical-part", "CMS Claims Processing Manual, chapter 13, section 20")

_SHAPE = re.compile(r"[0-9A-Z]{2}")
_MOST = 4
_OWN_EDIT = frozenset({"26", "TC", "QW", "50", "93", "95", "FQ", "GQ", "GT"})
"""Modifiers that an edit of their own looks at."""
_PLACE = frozenset({"LT", "RT"})
_SIDED = frozenset({"sided", "digit", "eyelid"})
_TAKES_SIDES = frozenset({"drug", "equipment", "supply"})
"""Sections whose codes say nothing of sides, though what they stand for may be for one side."""
_NOT_FOR_VISITS = frozenset({"59", "XE", "XP", "XS", "XU"})
_CORONARY = ("9292", "9293", "9294", "9297", "9357", "C960")
_FOOT_CARE = ("1105", "1171", "1172", "G0127", "G0245", "G0246", "G0247")
_SCREENING = ("453", "811", "G0104", "G0105", "G0121", "00811", "00812")


def unknown_modifier(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """A modifier that is malformed, or that neither the table nor an imported release of HCPCS has."""
    known = _modifiers(tables)
    for line in coded.procedures:
        for modifier in sorted({name.upper() for name in line.modifiers}):
            if line.code.system is System.ICD10PCS:
                yield _UNKNOWN.error(
                    [line.code.code],
                    f"{line.code.code} is a code of ICD-10-PCS and bears a modifier",
                    "Remove the modifier: ICD-10-PCS has none",
                )
                break
            if not _SHAPE.fullmatch(modifier):
                yield _UNKNOWN.error(
                    [line.code.code],
                    f"{line.code.code} bears a modifier that is not two letters or digits",
                    "Correct the modifier",
                )
            elif modifier not in known:
                yield _UNKNOWN.warning(
                    [line.code.code],
                    f"Modifier {modifier} of {line.code.code} is not in the table of modifiers",
                    "Check it, or import the HCPCS release that has it: chartcoder codes import hcpcs FILE",
                )
            elif _ended(known[modifier], coded):
                yield _UNKNOWN.error(
                    [line.code.code],
                    f"Modifier {modifier} of {line.code.code} ended {known[modifier].ends}",
                    "Use the modifier that took its place",
                )


def modifier_not_applicable(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """A modifier on a code of a kind that does not take it (``services/modifiers.tsv``)."""
    known = _modifiers(tables)
    for line, service in known_lines(coded, tables):
        for name in sorted(line.modifiers - _OWN_EDIT):
            modifier = known.get(name)
            if modifier is None or not modifier.applies:
                continue
            if line.visit is not None and name in _NOT_FOR_VISITS:
                yield _APPLIES.warning(
                    [line.code],
                    f"Modifier {name} stands on the visit {line.code}",
                    "Use 25 for a separate visit; 59 and the X modifiers are for procedures",
                )
            elif not _takes(service, line, modifier):
                yield _APPLIES.warning(
                    [line.code],
                    f"Modifier {name} does not apply to {line.code}; it is for {_kinds(modifier)}",
                    "Remove the modifier or check the code",
                )


def modifier_conflict(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """Modifiers of one line that rule each other out, stand there twice, or are more than four."""
    for line in billed(coded, tables):
        for group, why in _conflicts():
            found = sorted(line.modifiers & group)
            if len(found) > 1:
                yield _CONFLICT.warning(
                    [line.code],
                    f"{line.code} bears the modifiers {', '.join(found)}, which rule each other out: {why}",
                    "Keep the one that the documentation supports, or use a line for each",
                )
        counts = Counter(modifier.upper() for modifier in line.line.modifiers)
        twice = sorted(modifier for modifier, count in counts.items() if count > 1)
        if twice:
            yield _CONFLICT.warning([line.code], f"{line.code} bears modifier {', '.join(twice)} twice", "Keep it once")
        if len(counts) > _MOST:
            yield _CONFLICT.warning(
                [line.code],
                f"{line.code} bears {len(counts)} modifiers; a line of a claim holds {_MOST}",
                "Put first what decides payment; report 99 and the rest where the payer takes it",
            )


def waived_test(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """QW on a service that is no waived test, or is waived without it."""
    for line, _ in known_lines(coded, tables):
        if "QW" in line.modifiers and "clia" not in line.flags:
            yield _WAIVED.warning(
                [line.code],
                f"{line.code} bears QW, but is not among the waived tests that are reported with it",
                "Remove QW: it belongs to tests of CMS's list of waived tests, but for those waived by regulation",
                source=f"{_WAIVED.source}; project table (services)",
            )


def professional_technical_part(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """26 or TC on a code without parts, or on a facility claim."""
    facility = coded.encounter.claim is Claim.FACILITY
    for line, service in known_lines(coded, tables):
        for name in sorted(line.modifiers & {"26", "TC"}):
            if facility:
                yield _PARTS.warning(
                    [line.code],
                    f"{line.code} bears {name} on a facility claim",
                    "Remove it: a facility reports the technical part by its kind of claim",
                )
            elif "pctc" not in service.flags:
                yield _PARTS.warning(
                    [line.code],
                    f"{line.code} bears {name}, but has no professional and technical part",
                    "Remove it, or choose the code of the part (such as one for the interpretation alone)",
                    source=f"{_PARTS.source}; project table (services)",
                )


def _modifiers(tables: EditTables) -> dict[str, ServiceModifier]:
    return {name: modifier for services in tables.catalogue.sets for name, modifier in services.modifiers.items()}


def _ended(modifier: ServiceModifier, coded: CodedSet) -> bool:
    day = coded.encounter.date_of_service
    return modifier.ends is not None and day is not None and day > modifier.ends


def _takes(service: ServiceCode, line: Billed, modifier: ServiceModifier) -> bool:
    """Whether a code is of a kind that a modifier applies to."""
    if modifier.applies & ({"any", service.section} | service.flags):
        return True
    if modifier.code in _PLACE and (service.flags & _SIDED or service.section in _TAKES_SIDES):
        return True
    kinds = {
        "em": line.visit is not None,
        "surgery": service.section in OPERATIVE or service.global_days in (*MINOR, MAJOR, "MMM", "ZZZ"),
        "coronary": service.code.startswith(_CORONARY),
        "footcare": service.code.startswith(_FOOT_CARE),
        "screening": service.code.startswith(_SCREENING),
    }
    return any(kinds.get(kind, False) for kind in modifier.applies)


def _kinds(modifier: ServiceModifier) -> str:
    return ", ".join(sorted(kind.replace("_", " ") for kind in modifier.applies))


@lru_cache(maxsize=1)
def _conflicts() -> tuple[tuple[frozenset[str], str], ...]:
    rows = read_table("services/modifier_conflicts.tsv")
    return tuple((frozenset(row["modifiers"].split()), row["comment"]) for row in rows)


MODIFIER_EDITS: tuple[Edit, ...] = (
    unknown_modifier,
    modifier_not_applicable,
    modifier_conflict,
    waived_test,
    professional_technical_part,
)
