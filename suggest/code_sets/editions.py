"""Editions of a code set, and which of them an encounter is coded in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from suggest.errors import CodeSetError
from suggest.records import Claim, Encounter, Setting, System

_FIRST_YEAR = 2016
_LAST_YEAR = 2099


@dataclass(frozen=True, slots=True)
class Edition:
    """A release of a code set.

    Attributes:
        system: The code system.
        name: The fiscal year, ``FY2026``.
        effective_from: First day on which it applies.
        effective_to: Last day, ``None`` for no end.
        source: What it was read from (name of a release file).
        additions: Codes that came within the edition (an April update), so that they were not valid from
            its first day. They cannot be told from one tabular list; the edition that ships has none
            marked. ``diff_editions`` of the October and the April release lists them.
    """

    system: System
    name: str
    effective_from: date
    effective_to: date | None
    source: str
    additions: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Returns the edition as JSON values."""
        return {
            "system": self.system.value,
            "name": self.name,
            "effective_from": self.effective_from.isoformat(),
            "effective_to": self.effective_to.isoformat() if self.effective_to else None,
            "source": self.source,
            "additions": list(self.additions),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Edition:
        """Returns the edition that ``to_json`` wrote."""
        end = value["effective_to"]
        return cls(
            System(value["system"]),
            value["name"],
            date.fromisoformat(value["effective_from"]),
            date.fromisoformat(end) if end else None,
            value["source"],
            tuple(value["additions"]),
        )


def fiscal_year_edition(system: System, year: int, source: str) -> Edition:
    """Returns the edition of a US fiscal year, from 1 October before it to 30 September.

    Raises:
        CodeSetError: The year lies outside 2016 (the first year of ICD-10-CM) to 2099.
    """
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise CodeSetError(f"fiscal year {year}: expected {_FIRST_YEAR} to {_LAST_YEAR}")
    return Edition(system, f"FY{year}", date(year - 1, 10, 1), date(year, 9, 30), source)


def choose_edition(installed: Sequence[Edition], encounter: Encounter) -> tuple[Edition, str | None]:
    """Returns the edition for an encounter, and a message where none holds its date.

    A facility inpatient claim goes by the discharge date, any other by the date of service (Official
    Guidelines, introduction; CMS Claims Processing Manual, chapter 23, section 10). Where that date is
    missing, the nearest thing to it that is known decides; without any date, the newest edition. A date
    that no edition holds takes the nearest one.

    Raises:
        CodeSetError: No edition is installed.
    """
    if not installed:
        raise CodeSetError("no edition is installed; import one: chartcoder codes import icd10cm FILE")
    newest = max(installed, key=lambda edition: edition.effective_from)
    name, day = _deciding_date(encounter)
    if day is None:
        return newest, None
    nearest = min(installed, key=lambda edition: (_days_outside(edition, day), -edition.effective_from.toordinal()))
    if _days_outside(nearest, day) == 0:
        return nearest, None
    if day < nearest.effective_from:
        gap = f"before edition {nearest.name} (begins {nearest.effective_from}); import an earlier edition"
    else:
        gap = f"after edition {nearest.name} (ends {nearest.effective_to}); import a later edition"
    return nearest, f"{name} {day} lies {gap}: chartcoder codes import icd10cm FILE"


def _deciding_date(encounter: Encounter) -> tuple[str, date | None]:
    names = ["date_of_service", "admission", "discharge"]
    if encounter.claim is Claim.FACILITY and encounter.setting is Setting.INPATIENT:
        names = ["discharge", "date_of_service", "admission"]
    for name in names:
        day: date | None = getattr(encounter, name)
        if day is not None:
            return name, day
    return names[0], None


def _days_outside(edition: Edition, day: date) -> int:
    if day < edition.effective_from:
        return (edition.effective_from - day).days
    if edition.effective_to is not None and day > edition.effective_to:
        return (day - edition.effective_to).days
    return 0
