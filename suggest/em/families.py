"""Families of E/M codes: the level and the minutes of each code (``em/codes.tsv``; CPT 2024 and later)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from suggest.resources import read_table


@dataclass(frozen=True, slots=True)
class LevelCode:
    """A code of a family with levels.

    Attributes:
        code: The CPT code.
        family: Its family.
        level: Lowest level of decision making that it stands for, 0 to 4.
        minutes: Fewest minutes that it stands for, ``None`` where time does not decide.
    """

    code: str
    family: str
    level: int
    minutes: int | None


@lru_cache(maxsize=1)
def families() -> dict[str, tuple[LevelCode, ...]]:
    """Returns the codes of each family by rising level."""
    found: dict[str, list[LevelCode]] = {}
    for row in read_table("em/codes.tsv"):
        minutes = int(row["minutes"]) if row["minutes"] else None
        found.setdefault(row["family"], []).append(LevelCode(row["code"], row["family"], int(row["level"]), minutes))
    return {family: tuple(sorted(codes, key=lambda code: code.level)) for family, codes in found.items()}


def by_decision(family: str, level: int) -> int:
    """Returns the position in ``family`` of the code for a level of decision making.

    Where the first code stands for no clinician's decision (99211, 99281), it is never chosen.
    """
    codes = families()[family]
    fitting = [i for i, code in enumerate(codes) if code.level <= level and code.level > 0]
    return fitting[-1] if fitting else min(1, len(codes) - 1)


def by_time(family: str, minutes: int) -> int | None:
    """Returns the position of the code for a total time in minutes, ``None`` where the time reaches none."""
    fitting = [i for i, code in enumerate(families()[family]) if code.minutes is not None and code.minutes <= minutes]
    return fitting[-1] if fitting else None
