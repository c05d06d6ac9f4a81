"""Versions of the MS-DRG definitions: one for the fiscal year from October, one with the codes of April."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date

_BEGIN = (
    (date(2022, 10, 1), 400),
    (date(2023, 4, 1), 401),
    (date(2023, 10, 1), 410),
    (date(2024, 4, 1), 411),
    (date(2024, 10, 1), 420),
    (date(2025, 4, 1), 421),
    (date(2025, 10, 1), 430),
    (date(2026, 4, 1), 431),
    (date(2026, 10, 1), 440),
)
_END = date(2027, 3, 31)

ASSUMED = 431
"""The version for a stay without a date: that of the code set that ships (April 2026)."""


def version_of(discharge: date | None) -> tuple[int, tuple[str, ...]]:
    """Returns the version for a day of discharge (431 is 43.1), with remarks where it is not exactly known.

    Args:
        discharge: Day of discharge, which decides (CMS assigns the version by it); ``None`` takes ``ASSUMED``.
    """
    if discharge is None:
        return ASSUMED, ("no date of discharge: version 43.1 is assumed",)
    place = bisect_right([begin for begin, _version in _BEGIN], discharge) - 1
    version = _BEGIN[max(place, 0)][1]
    if place < 0 or discharge > _END:
        name = f"{version // 10}.{version % 10}".removesuffix(".0")
        return version, (f"no definitions for this date of discharge: version {name} is used",)
    return version, ()
