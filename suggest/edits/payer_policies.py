"""Coverage policies of payers, as a site writes them down: which diagnoses a procedure is paid for, and how often.

The project ships none. A site keeps its own in a CSV file and imports it (``chartcoder codes import policy FILE.csv``);
the imported table lies in ``HOME/edit_tables/policy.json``.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from suggest.code_sets.arrays import locked
from suggest.edits.stored import read_stored, write_stored
from suggest.errors import CodeSetError

COLUMNS = (
    "payer", "policy", "procedure", "diagnoses", "frequency", "prior_authorization", "effective_from", "effective_to",
)  # fmt: skip
"""Columns of the CSV file, in any order."""
ANY_PAYER = "*"

_FILE = Path("edit_tables") / "policy.json"
_ADVICE = "remove it and import your policies again: chartcoder codes import policy FILE.csv"
_PROCEDURE = re.compile(r"[A-Z0-9]{4}[A-Z0-9]|[0-9A-HJ-NP-Z]{7}")
_PATTERN = re.compile(
    r"(?P<first>[A-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?)(?P<below>\.?\*)?(?:-(?P<last>[A-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?))?"
)
_YES_NO = {"yes": True, "no": False, "": False}


@dataclass(frozen=True, slots=True)
class PayerPolicy:
    """One line of a payer's coverage policy.

    Attributes:
        payer: Key of the payer as encounters name it; ``*`` for all.
        policy: Number or name of the policy.
        procedure: CPT, HCPCS or ICD-10-PCS code.
        diagnoses: Patterns of the covered diagnoses: ``E11.9`` (that code), ``E11.*`` (with all below), ``E08-E13``
            (range with all below). Empty where the diagnosis does not matter.
        frequency: How often it is covered, in words; empty for no limit.
        prior_authorization: Whether it must be authorised beforehand.
        effective_from: First day of service that it holds for, ``None`` for any.
        effective_to: Last such day, ``None`` for any.
    """

    payer: str
    policy: str
    procedure: str
    diagnoses: tuple[str, ...]
    frequency: str
    prior_authorization: bool
    effective_from: date | None
    effective_to: date | None

    def holds_on(self, day: date | None) -> bool:
        """Returns whether the policy holds for a service on ``day``; where no day is known it does."""
        if day is None:
            return True
        return (self.effective_from or day) <= day <= (self.effective_to or day)

    def covers(self, diagnosis: str) -> bool:
        """Returns whether the diagnosis is one of those covered."""
        plain = diagnosis.replace(".", "").upper()
        return not self.diagnoses or any(_fits(pattern, plain) for pattern in self.diagnoses)


@dataclass(frozen=True)
class PolicyTable:
    """The policies of all payers.

    Attributes:
        edition: Names of the files that they were imported from.
        policies: All policies.
    """

    edition: str
    policies: tuple[PayerPolicy, ...]

    def __len__(self) -> int:
        return len(self.policies)

    def of(self, procedure: str, payer: str | None) -> list[PayerPolicy]:
        """Returns the policies on a procedure: those of the payer and those of all payers."""
        return [policy for policy in self._by_procedure.get(procedure, ()) if policy.payer in (ANY_PAYER, payer)]

    @cached_property
    def _by_procedure(self) -> Mapping[str, list[PayerPolicy]]:
        found: dict[str, list[PayerPolicy]] = {}
        for policy in self.policies:
            found.setdefault(policy.procedure, []).append(policy)
        return found


def read_policies(path: Path) -> list[PayerPolicy]:
    """Reads policies from a CSV file (UTF-8, comma or semicolon, first line names the columns).

    Raises:
        CodeSetError: The file cannot be read, lacks a column, holds nothing, or a line is malformed; names file and
            line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CodeSetError(f"{path.name} cannot be read as UTF-8 text: {type(error).__name__}") from error
    header = text.partition("\n")[0]
    lines = text.splitlines()
    rows = csv.DictReader(lines, delimiter=";" if header.count(";") > header.count(",") else ",")
    missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
    if missing:
        raise CodeSetError(f"{path.name}:1: lacks {', '.join(missing)}; expected the columns {', '.join(COLUMNS)}")
    policies: dict[PayerPolicy, int] = {}
    for row in rows:
        place = f"{path.name}:{rows.line_num}"
        if None in row or None in row.values():
            raise CodeSetError(f"{place}: expected as many cells as the first line has columns")
        policy = _policy({name: (row[name] or "").strip() for name in COLUMNS}, place)
        if policy in policies:
            raise CodeSetError(f"{place}: the same as line {policies[policy]}; remove one of them")
        policies[policy] = rows.line_num
    if not policies:
        raise CodeSetError(f"{path.name} holds no policy; expected at least one line below the names of the columns")
    return list(policies)


def import_policies(path: Path, home: Path) -> PolicyTable:
    """Imports a file of policies; it takes the place of all earlier policies of the payers that it names.

    Args:
        path: The CSV file.
        home: ChartCoder's data folder.

    Returns:
        The table that is in use now.

    Raises:
        CodeSetError: The file is malformed, or the table in use is damaged; nothing was replaced.
    """
    policies = read_policies(path)
    file = home / _FILE
    with locked(file.with_name(".policy.lock")):
        rows = [{**_jsonable(policy), "source": path.name} for policy in policies]
        named = {policy.payer for policy in policies}
        kept = [row for row in read_stored(file, _ADVICE) if row["payer"] not in named]
        write_stored(file, kept + rows)
    table = open_policies(home)
    assert table is not None
    return table


def open_policies(home: Path) -> PolicyTable | None:
    """Returns the imported policies, ``None`` where there are none.

    Raises:
        CodeSetError: The table is damaged or of another format.
    """
    rows = read_stored(home / _FILE, _ADVICE)
    if not rows:
        return None
    edition = ", ".join(sorted({row["source"] for row in rows}))
    return PolicyTable(edition, tuple(_from_json(row) for row in rows))


def _policy(row: Mapping[str, str], place: str) -> PayerPolicy:
    for name in ("payer", "policy"):
        if not row[name]:
            raise CodeSetError(f"{place}: {name} is empty; expected a name ({ANY_PAYER} as payer means all payers)")
    procedure = row["procedure"].upper()
    if not _PROCEDURE.fullmatch(procedure):
        raise CodeSetError(f"{place}: procedure {procedure!r}; expected a CPT, HCPCS or ICD-10-PCS code")
    diagnoses = tuple(part.strip().upper() for part in row["diagnoses"].split("|") if part.strip())
    for pattern in diagnoses:
        if not _PATTERN.fullmatch(pattern):
            raise CodeSetError(f"{place}: diagnosis {pattern!r}; expected E11.9, E11.* or E08-E13, separated by |")
    if row["prior_authorization"].lower() not in _YES_NO:
        raise CodeSetError(f"{place}: prior_authorization {row['prior_authorization']!r}; expected yes or no")
    first, last = (_day(row[name], name, place) for name in ("effective_from", "effective_to"))
    if first and last and first > last:
        raise CodeSetError(f"{place}: effective_from {first} lies after effective_to {last}")
    authorization = _YES_NO[row["prior_authorization"].lower()]
    return PayerPolicy(row["payer"], row["policy"], procedure, diagnoses, row["frequency"], authorization, first, last)


def _day(text: str, name: str, place: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise CodeSetError(f"{place}: {name} {text!r}; expected a day such as 2026-01-31, or nothing") from None


def _fits(pattern: str, plain: str) -> bool:
    match = _PATTERN.fullmatch(pattern)
    assert match is not None
    first = match["first"].replace(".", "")
    if match["last"]:
        last = match["last"].replace(".", "")
        return first <= plain[: len(first)] and plain[: len(last)] <= last
    return plain.startswith(first) if match["below"] else plain == first


def _jsonable(policy: PayerPolicy) -> dict[str, Any]:
    days = {name: getattr(policy, name) for name in ("effective_from", "effective_to")}
    return asdict(policy) | {name: day.isoformat() if day else None for name, day in days.items()}


def _from_json(row: Mapping[str, Any]) -> PayerPolicy:
    values = {name: row[name] for name in PayerPolicy.__slots__}
    for name in ("effective_from", "effective_to"):
        values[name] = date.fromisoformat(values[name]) if values[name] else None
    return PayerPolicy(**values | {"diagnoses": tuple(values["diagnoses"])})
