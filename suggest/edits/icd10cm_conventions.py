"""Edits whose knowledge is in tables: codes that contradict each other, codes that need another, one of a kind.

The tables (``resources/edits/{conflicts,companions,only_one}.tsv``) hold patterns of codes without dots. The name of
a rule begins with the id of its edit: ``hiv/disease and status`` is a rule of the edit ``hiv``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from suggest.edits.coded import CodedSet
from suggest.edits.facts import Facts
from suggest.edits.known import known
from suggest.edits.tables import Edit, EditTables
from suggest.records import Finding, Severity
from suggest.resources import read_table

_CACHED_CODES = 20_000
_NEVER = re.compile(r"(?!)")


@dataclass(frozen=True, slots=True)
class Convention:
    """A line of one of the tables.

    Attributes:
        edit: Id of the edit.
        severity: Of its findings.
        codes: Codes that the rule is about.
        others: What they stand beside, or what they need; nothing for one of a kind.
        unless: Codes that take the rule out of force.
        source: Guideline section or place in the tabular list.
        message: What is wrong; ``{a}`` and ``{b}`` are codes, ``{codes}`` all of them.
        remedy: What to do.
    """

    edit: str
    severity: Severity
    codes: re.Pattern[str]
    others: re.Pattern[str]
    unless: re.Pattern[str]
    source: str
    message: str
    remedy: str

    def finding(self, named: Iterable[str], **names: str) -> Finding:
        """Returns the rule's finding that names some codes; ``names`` fill the message and the remedy."""
        message, remedy = self.message.format(**names), self.remedy.format(**names)
        return Finding(self.edit, self.severity, tuple(named), message, remedy, self.source)


@dataclass(frozen=True, slots=True)
class _Roles:
    """What a code is to the rules of a table, as bits: one of ``codes``, of ``others``, of ``unless``."""

    codes: int
    others: int
    unless: int


@lru_cache(maxsize=3)
def conventions(table: str) -> tuple[Convention, ...]:
    """Reads one of the tables ``conflicts``, ``companions`` and ``only_one``."""
    return tuple(
        Convention(
            edit=row["rule"].partition("/")[0],
            severity=Severity(row["severity"]),
            codes=re.compile(row["codes"]),
            others=_pattern(row.get("beside") or row.get("needs") or ""),
            unless=_pattern(row.get("unless", "")),
            source=row["source"],
            message=row["message"],
            remedy=row["remedy"],
        )
        for row in read_table(f"edits/{table}.tsv")
    )


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text) if text else _NEVER


@lru_cache(maxsize=_CACHED_CODES)
def _roles(table: str, plain: str) -> _Roles:
    columns = _columns(table)
    return _Roles(*(_met(any_of, patterns, plain) for any_of, patterns in columns))


@lru_cache(maxsize=3)
def _columns(table: str) -> tuple[tuple[re.Pattern[str], tuple[re.Pattern[str], ...]], ...]:
    """Returns the patterns of the three roles, each with one that fits what any of them fits: most codes fit none."""
    rules = conventions(table)
    columns = ([rule.codes for rule in rules], [rule.others for rule in rules], [rule.unless for rule in rules])
    return tuple((re.compile("|".join(f"(?:{p.pattern})" for p in column)), tuple(column)) for column in columns)


def _met(any_of: re.Pattern[str], patterns: Sequence[re.Pattern[str]], plain: str) -> int:
    if not any_of.search(plain):
        return 0
    return sum(1 << i for i, pattern in enumerate(patterns) if pattern.search(plain))


def _bits(number: int) -> Iterator[int]:
    while number:
        low = number & -number
        yield low.bit_length() - 1
        number ^= low


def _tabular(coded: CodedSet, tables: EditTables) -> list[Facts]:
    return sorted(known(coded, tables), key=lambda fact: fact.row)


def contradicting(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """Two codes that say different things of one patient (``conflicts.tsv``)."""
    diagnoses = _tabular(coded, tables)
    roles = [_roles("conflicts", fact.plain) for fact in diagnoses]
    off = _joined(role.unless for role in roles)
    beside = _joined(role.others for role in roles) & ~off
    rules = conventions("conflicts")
    for number in _bits(_joined(role.codes for role in roles) & beside):
        ones = [fact.code for fact, role in zip(diagnoses, roles, strict=True) if role.codes >> number & 1]
        for other, role in zip(diagnoses, roles, strict=True):
            codes = [code for code in ones if code != other.code]
            if codes and role.others >> number & 1:
                yield rules[number].finding([*codes, other.code], a=", ".join(codes), b=other.code)


def unaccompanied(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """A code without what it needs beside it (``companions.tsv``)."""
    diagnoses = _tabular(coded, tables)
    roles = [_roles("companions", fact.plain) for fact in diagnoses]
    there = _joined(role.others | role.unless for role in roles)
    rules = conventions("companions")
    for fact, role in zip(diagnoses, roles, strict=True):
        for number in _bits(role.codes & ~there):
            yield rules[number].finding([fact.code], a=fact.code)


def several_of_a_kind(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """Several codes where an encounter has one (``only_one.tsv``).

    What a pattern captures (site, eye, substance) has one code for each value. Of several rules that say it of the same
    codes, the last of the table is reported.
    """
    rules = conventions("only_one")
    kinds: dict[tuple[int, tuple[str, ...]], list[str]] = {}
    for fact in _tabular(coded, tables):
        for number in _bits(_roles("only_one", fact.plain).codes):
            match = rules[number].codes.search(fact.plain)
            kinds.setdefault((number, match.groups() if match else ()), []).append(fact.code)
    in_order = sorted(kinds.items(), key=lambda kind: kind[0][0])
    said = {tuple(found): number for (number, _), found in in_order if len(found) > 1}
    for codes, number in said.items():
        yield rules[number].finding(codes, codes=", ".join(codes))


def _joined(bits: Iterable[int]) -> int:
    joined = 0
    for part in bits:
        joined |= part
    return joined


CONVENTION_EDITS: tuple[Edit, ...] = (contradicting, unaccompanied, several_of_a_kind)
