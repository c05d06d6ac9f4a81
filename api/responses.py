"""What the service answers, as pydantic models; they mirror the records of ``suggest``."""

from __future__ import annotations

from datetime import date

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


class ElementOut(BaseModel):
    """Something that decided the level of a visit, or was left out of account."""

    name: str = Field(description="problems, data, risk, time, category or age.", examples=["risk"])
    what: str = Field(description="What it is; holds no words of the chart.", examples=["Prescription drug management"])
    level: int | None = Field(
        ge=1,
        le=4,
        description="1 straightforward, 2 low, 3 moderate, 4 high; null where it has no level.",
        examples=[3],
    )
    counted: bool = Field(description="Whether it counted.")
    reason: str = Field(description="Why it did not count; empty where it did.")
    evidence: list[EvidenceOut]


class CodeLineOut(RankedCodeOut):
    """A proposed code as it would stand on a claim; procedures stand after the diagnoses."""

    role: str = Field(description="first-listed, principal or additional of a diagnosis; procedure of a procedure.")
    poa: str | None = Field(description="Present on admission (Y, N, U, W) where the claim carries it.")
    modifiers: list[str] = Field(description="Modifiers of a CPT or HCPCS code, in order.", examples=[["25"]])
    units: int = Field(description="Units of service.")
    pointers: list[int] = Field(
        description="Positions, from 1, of the diagnoses among the codes that justify a procedure, the main one first; "
        "1 is letter A of a CMS-1500."
    )
    sequence_reason: str
    modifier_reasons: list[str] = Field(
        description="Why each modifier stands there, in the order of modifiers.",
        examples=[["significant visit beside a procedure of the same day"]],
    )
    elements: list[ElementOut] = Field(description="Of a visit: what decided its level, and what did not count.")
    open_axes: list[str] = Field(
        description="Axes of an ICD-10-PCS code that the notes leave open; the code has the usual value there.",
        examples=[["approach"]],
    )


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
    billable: bool = Field(description="Whether it may stand on a claim; of CPT and HCPCS, whether it is in force.")
    score: float = Field(ge=0, le=1, description="Comparable within one answer only.")


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


class ServiceOut(BaseModel):
    """A code of CPT or HCPCS Level II."""

    system: System
    code: str
    title: str = Field(description="The project's own words, or the descriptor of an imported release.")
    billable: bool = Field(description="Whether it is in force today.")
    edition: str
    section: str = Field(description="Part of medicine: em, integumentary, radiology, drug, ...")
    global_period: str = Field(
        description="Medicare's global period: 000, 010, 090, MMM, XXX or ZZZ; empty where unknown."
    )
    flags: list[str] = Field(
        description="addon (never alone), pctc (26, TC), sided (LT, RT, 50), digit (FA-F9, TA-T9), eyelid (E1-E4), "
        "clia (QW), assist (80, AS)."
    )
    includes: list[str] = Field(description="Codes that it always contains.")
    terms: list[str] = Field(description="Wording in notes that leads to it.")
    source: str = Field(description="Where the title comes from: starter, AMA 2026, CMS 2025-01, ...")
    effective_from: date | None = Field(description="First day on which it may be reported; null where unknown.")
    effective_to: date | None = Field(description="Last such day; null where there is none.")


class AxisOut(BaseModel):
    """An axis of a code of ICD-10-PCS."""

    name: str = Field(description="section, body system, root operation, body part, approach, device, qualifier, ...")
    value: str = Field(description="The character of the code.")
    label: str = Field(description="What it means; empty where no table says.")


class PcsCodeOut(BaseModel):
    """A code of ICD-10-PCS."""

    system: System
    code: str
    title: str
    billable: bool
    edition: str
    axes: list[AxisOut] = Field(description="The seven axes, in order.")


class CodeSetOut(BaseModel):
    """A code set that is loaded."""

    system: System
    edition: str = Field(description="Name of the edition: FY2026, 2026, 2025-01; starter for the project's own table.")
    codes: int = Field(description="Number of codes; of ICD-10-CM, categories among them.")
    effective_from: date
    effective_to: date | None
    source: str = Field(description="File that it was read from.")
    takes_further_codes: bool = Field(
        description="Whether coders may use well-formed codes that it lacks: the CPT table that ships is a part of CPT."
    )
    notice: str | None = Field(description="What must be said of it.")


class CodeSetsOut(BaseModel):
    """The code sets that are loaded, that of diagnoses first."""

    items: list[CodeSetOut]


class ModifierOut(BaseModel):
    """A modifier of CPT or HCPCS."""

    code: str
    label: str
    effective_to: date | None = Field(description="Last day on which it may be reported; null where there is none.")


class ModifiersOut(BaseModel):
    """Modifiers of the code sets that are loaded."""

    items: list[ModifierOut]


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
