"""Records of the code sets of services: a code of CPT or HCPCS Level II, and a modifier."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from suggest.records import System

STARTER = "starter"
"""Source of a record that comes from the project's own tables."""


@dataclass(frozen=True, slots=True)
class ServiceCode:
    """A service, supply or drug that may stand on a claim.

    Attributes:
        code: Five characters, upper case.
        label: What it is: the project's own words, or the descriptor of an imported release.
        system: CPT or HCPCS.
        section: The part of medicine it belongs to (``service_table.SECTIONS``).
        starts: First day on which it may be reported, ``None`` where no release says.
        ends: Last such day, ``None`` for no end.
        global_days: Medicare's global period (``000``, ``010``, ``090``, ``MMM``, ``XXX``, ``ZZZ``); empty where
            unknown.
        flags: What modifiers it takes, and whether it is an add-on (``service_table.FLAGS``).
        family: Name shared by codes that the same words lead to; empty for a code that stands alone.
        asks: What must be documented for this member of its family, as the table has it: ``kind:value; ...``.
        unit: How units are counted, as the table has it; empty for one unit.
        includes: Codes that it always contains.
        terms: Wording in notes.
        source: Where the label comes from: ``starter``, ``AMA 2026``, ``CMS 2025-01``.
    """

    code: str
    label: str
    system: System
    section: str
    starts: date | None = None
    ends: date | None = None
    global_days: str = ""
    flags: frozenset[str] = frozenset()
    family: str = ""
    asks: str = ""
    unit: str = ""
    includes: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    source: str = STARTER

    @property
    def is_default(self) -> bool:
        """Whether it is the member of its family that is right where the text says no more."""
        return "default" in (ask.strip() for ask in self.asks.split(";"))


@dataclass(frozen=True, slots=True)
class ServiceModifier:
    """A modifier of CPT or HCPCS Level II.

    Attributes:
        code: Two characters, upper case.
        label: What it says.
        applies: Sections and flags of the codes that take it; ``any`` for all. Empty where unknown.
        source: Where it is defined; of an imported one, the release.
        ends: Last day on which it may be reported, ``None`` for no end.
    """

    code: str
    label: str
    applies: frozenset[str] = frozenset()
    source: str = STARTER
    ends: date | None = None
