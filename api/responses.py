"""What the service answers, as pydantic models; they mirror the records of ``suggest``."""

from __future__ import annotations

from fastapi import Response
from pydantic import BaseModel, Field

from api.schemas import Offsets
from suggest.records import AssertionStatus, Severity, System


def no_store(response: Response) -> None:
    """Keeps an answer out of caches; a dependency of routes whose answers hold charts or accounts."""
    response.headers["Cache-Control"] = "no-store"


class Span(BaseModel):
    """Half-open offsets of a span; its note is that of the evidence that holds it."""

    start: int
    end: int


class EvidenceOut(BaseModel):
    """Words of the chart: ``text[start:end] == quote`` in the unit of ``offsets``."""

    note_id: str
    start: int
    end: int
    quote: str


class AssertionOut(BaseModel):
    """What the author says of a mention."""

    status: AssertionStatus
    rule: str = Field(description="Id of the rule that decided; empty for the default, present.")
    trigger: Span | None = Field(description="The words that decided; null where a section or nothing did.")


class SupportOut(EvidenceOut):
    """Words that support a code, what is said of them, and the term that they matched."""

    section: str = Field(description="Family of the section that holds them.")
    assertion: AssertionOut
    matched_term: str
    source: str = Field(description="What led from the words to the code: title, lexicon, learnt, ...")
    specifiers: list[EvidenceOut] = Field(description="Further words that led to this exact code.")


class ObjectionOut(BaseModel):
    """Something that speaks against a code."""

    reason: str
    evidence: EvidenceOut | None


class RankedCodeOut(BaseModel):
    """A code with its calibrated probability and all that speaks for and against it."""

    system: System
    code: str
    edition: str
    title: str
    probability: float = Field(ge=0, le=1, description="Calibrated probability that a coder reports it.")
    reason: str
    evidence: list[SupportOut]
    against: list[ObjectionOut]


class CodeLineOut(RankedCodeOut):
    """A proposed code as it would stand on a claim."""

    role: str = Field(description="first-listed, principal or additional.")
    poa: str | None = Field(description="Present on admission (Y, N, U, W) where the claim carries it.")
    modifiers: list[str]
    units: int
    pointers: list[int] = Field(description="Positions, from 1, of the diagnoses that justify a procedure.")
    sequence_reason: str


class SuppressedCodeOut(RankedCodeOut):
    """A code that is not proposed, and why."""

    rule: str = Field(description="Id of the rule: below-threshold, assertion, excludes1, ...")
    suppressed_reason: str
    by: str | None = Field(description="The proposed code for which it stepped back.")


class FindingOut(BaseModel):
    """What an edit reports about the codes."""

    edit: str
    severity: Severity
    codes: list[str]
    message: str
    remedy: str
    source: str
    edition: str


class QueryOut(BaseModel):
    """A draft of a non-leading question to the provider."""

    template: str
    question: str
    options: list[str]
    indicators: list[EvidenceOut]


class StampOut(BaseModel):
    """Versions of all that took part."""

    version: str
    model: str
    editions: dict[str, str]
    index: str
    policy: str
    policy_hash: str


class SuggestionOut(BaseModel):
    """The answer for one encounter."""

    encounter_id: str | None
    offsets: Offsets
    codes: list[CodeLineOut] = Field(description="Proposed codes, in sequence.")
    suppressed: list[SuppressedCodeOut] = Field(description="Probable codes that are not proposed, and why.")
    ranked: list[RankedCodeOut] = Field(description="All candidates by falling probability, up to ranked_limit.")
    findings: list[FindingOut]
    queries: list[QueryOut]
    stamp: StampOut


class CodeHit(BaseModel):
    """A code that a search found."""

    system: System
    code: str
    title: str
    billable: bool
    score: float = Field(ge=0, le=1)


class CodeSearchOut(BaseModel):
    """Results of a search, best first."""

    edition: str
    results: list[CodeHit]


class CodeReference(BaseModel):
    """A code with its title."""

    code: str
    title: str
    billable: bool


class NoteOut(BaseModel):
    """An instructional note of the tabular list."""

    text: str
    at: str = Field(description="The code, block or chapter at which it stands.")


class SeventhCharacter(BaseModel):
    """A 7th character that completes the code."""

    character: str
    code: str
    meaning: str


class NamedPlace(BaseModel):
    """A chapter or block."""

    id: str
    title: str


class CodeOut(BaseModel):
    """Everything that the edition says about a code."""

    system: System
    code: str
    title: str
    billable: bool
    edition: str
    chapter: NamedPlace
    block: NamedPlace
    parents: list[CodeReference] = Field(description="The codes above, nearest first.")
    children: list[CodeReference] = Field(description="The codes directly below.")
    inclusion_terms: list[str]
    includes: list[NoteOut]
    excludes1: list[NoteOut]
    excludes2: list[NoteOut]
    code_first: list[NoteOut]
    use_additional: list[NoteOut]
    code_also: list[NoteOut]
    notes: list[NoteOut]
    seventh_characters: list[SeventhCharacter]


class PolicyOut(BaseModel):
    """A policy that ships."""

    name: str
    hash: str
    description: str


class VersionOut(BaseModel):
    """What runs here. Model, index and editions are null or empty until they are loaded."""

    version: str
    api: str
    model: str | None
    index: str | None
    editions: dict[str, str]
    policies: list[PolicyOut]


class StateOut(BaseModel):
    """Whether the service is alive or ready."""

    status: str
    problem: str | None = Field(
        default=None, description="Why a promoted model does not serve; left out where all is well."
    )
