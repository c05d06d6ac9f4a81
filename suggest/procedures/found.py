"""What each way of finding procedures gives: a span of a note, the code that it leads to and how well it fits."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from suggest.records import System


class Origin(IntEnum):
    """The way that led to a procedure; the order is that of the ranker's features."""

    TERM = 0  # a term of the table of services stands in the note
    COVERAGE = 1  # most of the words of such a term stand in one sentence
    LEARNT = 2  # a phrase learnt from coded charts
    COMPOSED = 3  # axes of ICD-10-PCS named by words that stand together
    VISIT = 4  # evaluation and management by decision making, time or age
    DRUG = 5  # a drug given, by dose
    FOLLOWS = 6  # goes with another procedure (administration of a vaccine, additional levels)

    @property
    def label(self) -> str:
        """The way as records and answers name it."""
        return f"service-{self.name.lower()}"


@dataclass(frozen=True, slots=True)
class Found:
    """A procedure that a span of a note leads to.

    Attributes:
        code: The code, upper case, without a dot.
        system: CPT, HCPCS or ICD-10-PCS.
        note: Position of the note in the encounter.
        first: First token of the span.
        last: Token after the span.
        origin: The way that led to it.
        quality: How well the words match, 0 to 1.
        met: Conditions of the code that the words around fulfil (size, count, approach, site).
        far: Conditions that the note fulfils elsewhere.
        unsaid: Conditions that it says nothing of; for ICD-10-PCS, axes that were filled by default.
        missing: Conditions on words that do not stand in the note.
        broken: Conditions that it contradicts.
        support: Notes that hold a learnt phrase and carry the code; 0 for others.
        marked: Share of the notes with a learnt phrase where coders marked it as evidence of the code.
        units: Units of service.
        term: The term that matched, for the coder.
        reason: Why this code, in one sentence, where the term does not tell; quotes no chart text.
        further: Spans (first token, token after) of other words that decided: size, approach, site.
        open_axes: ICD-10-PCS only: names of the axes that the note leaves open (``approach``).
    """

    code: str
    system: System
    note: int
    first: int
    last: int
    origin: Origin
    quality: float = 1.0
    met: int = 0
    far: int = 0
    unsaid: int = 0
    missing: int = 0
    broken: int = 0
    support: float = 0.0
    marked: float = 0.0
    units: int = 1
    term: str = ""
    reason: str = ""
    further: tuple[tuple[int, int], ...] = ()
    open_axes: tuple[str, ...] = ()
