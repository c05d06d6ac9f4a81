"""The records of an audit. An audit suggests and a person decides: no finding is called an error."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from suggest.edits.coded import CodedLine, CodedSet
from suggest.records import Code, Evidence, RunStamp, Severity


class Verdict(StrEnum):
    """What the notes say of an assigned code."""

    SUPPORTED = "supported"
    UNSUPPORTED = "unsupported"
    NOT_FOUND = "not-found"
    MORE_SPECIFIC = "more-specific"
    DIFFERENT = "different"
    GIVES_WAY = "gives-way"
    NOT_ASSESSED = "not-assessed"


class Kind(StrEnum):
    """Kinds of findings: the verdicts that ask for a look, and what concerns the claim as a whole."""

    UNSUPPORTED = "unsupported"
    MORE_SPECIFIC = "more-specific"
    DIFFERENT = "different"
    GIVES_WAY = "gives-way"
    NOT_FOUND = "not-found"
    MISSED = "missed"
    OPTIONAL = "optional"
    SEQUENCING = "sequencing"
    EDIT = "edit"
    MODIFIERS = "modifiers"
    UNITS = "units"
    POA = "poa"


KIND_OF = {
    Verdict.UNSUPPORTED: Kind.UNSUPPORTED,
    Verdict.MORE_SPECIFIC: Kind.MORE_SPECIFIC,
    Verdict.DIFFERENT: Kind.DIFFERENT,
    Verdict.GIVES_WAY: Kind.GIVES_WAY,
    Verdict.NOT_FOUND: Kind.NOT_FOUND,
}
"""The finding that each verdict other than ``supported`` and ``not-assessed`` gives."""


@dataclass(frozen=True, slots=True)
class AssignedClaim:
    """A claim as people coded it.

    Attributes:
        coded: The encounter with the assigned codes, diagnoses in sequence.
        coder: Who coded it, empty where the claim does not say.
        not_codable: Codes that the record lists as tempting and wrong; only charts for development have them.
    """

    coded: CodedSet
    coder: str = ""
    not_codable: tuple[Code, ...] = ()

    @property
    def id(self) -> str:
        """Identifier of the claim."""
        return self.coded.encounter.id


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of the chart that a verdict or finding rests on.

    Attributes:
        evidence: The words.
        section: Family of the section that holds them, empty where that is not known.
        said: What the author says there: an assertion (``present``, ``negated``, ...).
    """

    evidence: Evidence
    section: str = ""
    said: str = "present"


@dataclass(frozen=True, slots=True)
class AuditedLine:
    """An assigned code with what the notes say of it.

    Attributes:
        line: The line of the claim.
        title: Title of the code, empty where no code set has it.
        group: Chapter of a diagnosis or section of a procedure, for summaries.
        verdict: What the notes say.
        proposed: Whether the program proposes the code as well.
        probability: Calibrated probability of the code, ``None`` where the notes do not lead to it.
        reason: Why, in one sentence without words of the chart.
        instead: The code that the notes lead to instead, if any.
        quotes: The words.
    """

    line: CodedLine
    title: str
    group: str
    verdict: Verdict
    proposed: bool = False
    probability: float | None = None
    reason: str = ""
    instead: Code | None = None
    quotes: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """Something that a person should look at.

    Attributes:
        kind: What it is.
        codes: The codes that it is about, with the assigned one first.
        title: Title of the first of them.
        group: Its chapter or section.
        message: What was found, without words of the chart.
        remedy: What to look at, or to do if a person agrees.
        source: Guideline, edit or rule that it rests on; empty where the notes alone decide.
        severity: Of an edit; ``None`` for the others.
        probability: Calibrated probability of the code that the finding speaks for or against.
        quotes: The words of the chart.
    """

    kind: Kind
    codes: tuple[Code, ...]
    title: str
    group: str
    message: str
    remedy: str
    source: str = ""
    severity: Severity | None = None
    probability: float | None = None
    quotes: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditedClaim:
    """A claim with everything that was found.

    Attributes:
        claim: The claim as it was coded.
        lines: Its codes with their verdicts, in the order of the claim.
        findings: What a person should look at, in the order of ``Kind``.
        sequence: Its diagnoses in the order in which the program would list them.
        stamp: Versions of all that took part.
    """

    claim: AssignedClaim
    lines: tuple[AuditedLine, ...]
    findings: tuple[AuditFinding, ...]
    sequence: tuple[str, ...]
    stamp: RunStamp
