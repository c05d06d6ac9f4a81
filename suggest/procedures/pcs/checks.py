"""Checks the tables of ``resources/pcs`` against the codes of an edition."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from suggest.procedures.pcs.tables import AxisRule, Knowledge, Procedure

_SIDES = 3  # values of an axis by side: right, left, both; a fourth stands where no side is said


def dead_rows(tables: Knowledge, following: Callable[[str], str]) -> list[str]:
    """Returns what in the tables leads to no code of an edition, each with file and line.

    Args:
        tables: The tables.
        following: Returns the characters that may follow the beginning of a code (``PcsIndex.values``).
    """
    values: dict[str, set[str]] = {}
    for value in tables.values:
        values.setdefault(value.set, set()).add(value.value)
    found = []
    for procedure in tables.procedures:
        found += [
            f"{procedure.line}: no set of values is named {rule.set!r}"
            for rule in procedure.axes.values()
            if rule.set not in ("approach", "side", *values)
        ]
        places = _places(procedure, tables)
        if not any(_leads(procedure, system, part, values, following) for system, part in places):
            found.append(f"{procedure.line}: pattern {procedure.pattern} leads to no code")
        elif procedure.sided:
            found += [
                f"{procedure.line}: pattern {procedure.pattern} leads to no code with body part {part}"
                for system, part in places
                if not _leads(procedure, system, part, values, following)
            ]
    found += [
        f"{site.system}: {site.label} is no body part of any code"
        for site in tables.sites
        if not _exists(site.system, (site.right, site.left, site.both, site.none), following)
    ]
    return found


def _places(procedure: Procedure, tables: Knowledge) -> list[tuple[str, str]]:
    """Returns system and body part of all sites that a procedure may take; empty strings where it takes none."""
    if procedure.sided:
        return [("", part) for part in procedure.sided if part != "."]
    if not procedure.systems:
        return [("", "")]
    return [
        (site.system, part)
        for site in tables.sites
        if site.system in procedure.systems
        for part in (site.right, site.left, site.both, site.none)
        if part != "."
    ]


def _leads(
    procedure: Procedure, system: str, part: str, values: dict[str, set[str]], following: Callable[[str], str]
) -> bool:
    beginnings = [""]
    for letter in procedure.pattern:
        rule = procedure.axes.get(letter)
        if letter == "s":
            allowed = set(system[1:])
        elif letter == "p" and rule is None:
            allowed = {part}
        elif rule is not None and letter in "padq":
            allowed = _allowed(rule, values)
        else:
            allowed = {letter}
        beginnings = [start + value for start in beginnings for value in following(start) if value in allowed]
    return bool(beginnings)


def _allowed(rule: AxisRule, values: dict[str, set[str]]) -> set[str]:
    return values.get(rule.set, set()) | set(rule.default[:_SIDES] if rule.set == "side" else rule.default)


def _exists(system: str, parts: Sequence[str], following: Callable[[str], str]) -> bool:
    return any(part in following(system + operation) for operation in following(system) for part in parts)
