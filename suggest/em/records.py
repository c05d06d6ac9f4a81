"""What an evaluation and management (E/M) visit is made of."""

from __future__ import annotations

from dataclasses import dataclass

from suggest.records import Evidence, Modifier

LEVELS = {1: "straightforward", 2: "low", 3: "moderate", 4: "high"}
"""Levels of medical decision making (CPT E/M guidelines 2023, MDM table)."""


@dataclass(frozen=True, slots=True)
class VisitElement:
    """One thing that decides the code of a visit.

    Attributes:
        element: ``problems``, ``data``, ``risk``, ``time``, ``category`` or ``age``.
        level: 1 (straightforward or minimal) to 4 (high or extensive); ``None`` for category, time and age.
        what: One plain sentence; quotes no chart text.
        evidence: The words of the chart that say so.
    """

    element: str
    level: int | None
    what: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class NotCounted:
    """Something in the chart that does not count toward the level, and why."""

    what: str
    reason: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Visit:
    """An E/M service with what it rests on.

    Attributes:
        code: The CPT or HCPCS code.
        system: ``CPT`` or ``HCPCS``.
        basis: ``mdm``, ``time``, ``age`` or ``rule`` (category, number of visits, payer).
        elements: What decided.
        not_counted: What was seen and left out.
        modifiers: Modifiers in order.
        units: Units of service.
        alternatives: Codes one level lower or higher in the same family that one of the elements reaches.
        probability_hint: How far the elements agree, 0 to 1; no calibrated probability.
        reason: One sentence for the coder; quotes no chart text.
    """

    code: str
    system: str
    basis: str
    elements: tuple[VisitElement, ...] = ()
    not_counted: tuple[NotCounted, ...] = ()
    modifiers: tuple[Modifier, ...] = ()
    units: int = 1
    alternatives: tuple[str, ...] = ()
    probability_hint: float = 0.5
    reason: str = ""
