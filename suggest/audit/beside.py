"""Findings on what stands beside a code: modifiers, units, present on admission."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from suggest.audit.judge import Case
from suggest.audit.records import AuditedLine, AuditFinding, Kind
from suggest.edits.coded import CodedLine
from suggest.em.modifiers import needs_25
from suggest.records import CodeLine, Finding, System

_SIDES = frozenset({"LT", "RT", "50"})
_PLACES = frozenset(
    {*(f"{part}{number}" for part in "FT" for number in "A123456789"), "E1", "E2", "E3", "E4"}
    | {"LC", "LD", "LM", "RC", "RI"}
)
_TOLD_BY_NOTES = (
    _SIDES
    | _PLACES
    | {"22", "26", "33", "52", "53", "58", "62", "78", "79", "80", "93", "95"}
    | {"AS", "GN", "GO", "GP", "JW", "JZ", "PT", "Q7", "Q8"}
)
"""Modifiers that words of the notes ask for. The others follow from what else is on the claim, from the payer, or from
who bills: the notes alone do not tell them, and edits look at them."""
_SEPARATE = "25"
_SEPARATE_EDITS = frozenset({"visit-with-procedure", "visit-with-preventive"})


def details(case: Case, lines: Iterable[AuditedLine], found: Iterable[Finding]) -> Iterator[AuditFinding]:
    """Yields differences of modifiers, units and present-on-admission indicators on codes that both have.

    Args:
        case: The claim.
        lines: Its codes with their verdicts.
        found: What the edits of the claim report; it is not said a second time.
    """
    told = {code for finding in found if finding.edit in _SEPARATE_EDITS for code in finding.codes}
    for audited in lines:
        proposed = case.proposed.get(audited.line.code.code)
        if proposed is None:
            continue
        for kind, message, remedy in _differences(case, audited.line, proposed, told):
            yield AuditFinding(
                kind=kind,
                codes=(audited.line.code,),
                title=audited.title,
                group=audited.group,
                message=message,
                remedy=remedy,
                probability=audited.probability,
                quotes=audited.quotes,
            )


def _differences(
    case: Case, line: CodedLine, proposed: CodeLine, told: Iterable[str]
) -> Iterator[tuple[Kind, str, str]]:
    if line.code.system in (System.CPT, System.HCPCS):
        parts = [*_modifiers(line, proposed)]
        if _lacks_25(case, line, proposed) and line.code.code not in told:
            parts.append("25 is not on the claim, and another service of the day asks for it")
        if parts:
            remedy = "Compare with side, site and circumstances in the notes, and with the payer's rules"
            yield Kind.MODIFIERS, f"modifiers differ: {'; '.join(parts)}", remedy
        if line.units != proposed.units:
            noun = "unit" if line.units == 1 else "units"
            message = f"the claim has {line.units} {noun}, the notes lead to {proposed.units}"
            yield Kind.UNITS, message, "Count dose, minutes, lesions or sites in the notes against the unit of the code"
    if proposed.poa is not None and line.poa is not None and line.poa != proposed.poa:
        message = f"present on admission is {line.poa} on the claim, the notes lead to {proposed.poa}"
        yield (
            Kind.POA,
            message,
            "Look when it was first noted; query the provider where the notes are silent",
        )


def _modifiers(line: CodedLine, proposed: CodeLine) -> Iterator[str]:
    """Yields where modifiers differ that the notes ask for."""
    assigned, own = set(line.modifiers) & _TOLD_BY_NOTES, set(proposed.modifiers) & _TOLD_BY_NOTES
    reasons = dict(zip(proposed.modifiers, proposed.modifier_reasons, strict=False))
    for code in proposed.modifiers:
        if code in own - assigned:
            why = f" ({reasons[code]})" if reasons.get(code) else ""
            yield f"{code} is not on the claim{why}"
    for code in line.modifiers:
        if code in assigned - own:
            yield f"{code} is on the claim and was not found in the notes"


def _lacks_25(case: Case, line: CodedLine, proposed: CodeLine) -> bool:
    """Whether a visit lacks 25 beside a service of the claim that asks for it, whatever the program proposes."""
    if _SEPARATE not in proposed.modifiers or set(line.modifiers) & {_SEPARATE, "24", "57"}:
        return False
    for other in case.claim.coded.procedures:
        service = case.facts.tables.catalogue.get(other.code.code)
        if service is not None and service.section != "em" and needs_25(service.code, service.global_days):
            return True
    return False
