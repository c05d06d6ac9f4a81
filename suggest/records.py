"""The records that travel through the pipeline.

All are frozen and slotted: a stage takes records and returns new ones. Offsets are half-open, in Unicode
code points, into the unmodified text of the note that they name: ``note.text[start:end] == quote``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class Sex(StrEnum):
    """Administrative sex; ``X`` and ``unknown`` never rule a code out."""

    FEMALE = "F"
    MALE = "M"
    OTHER = "X"
    UNKNOWN = "unknown"


class Setting(StrEnum):
    """Where the service was given; decides with the claim which policy applies."""

    OUTPATIENT = "outpatient"
    INPATIENT = "inpatient"
    ED = "ed"
    TELEHEALTH = "telehealth"
    PROFESSIONAL_SURGERY = "professional-surgery"
    PROFESSIONAL_INPATIENT = "professional-inpatient"
    NURSING_FACILITY = "nursing-facility"
    HOME_HEALTH = "home-health"
    HOSPICE = "hospice"
    DIALYSIS_FACILITY = "dialysis-facility"


class Claim(StrEnum):
    """Who bills: the clinician (professional) or the institution (facility)."""

    PROFESSIONAL = "professional"
    FACILITY = "facility"


class System(StrEnum):
    """Code systems."""

    ICD10CM = "ICD-10-CM"
    ICD10PCS = "ICD-10-PCS"
    CPT = "CPT"
    HCPCS = "HCPCS"


class NoteStatus(StrEnum):
    """Completion status of a note, after FHIR's DocumentReference.docStatus."""

    PRELIMINARY = "preliminary"
    FINAL = "final"
    AMENDED = "amended"
    ENTERED_IN_ERROR = "entered-in-error"


class AuthorRole(StrEnum):
    """Who wrote a note. Guideline I.B.14 limits what may be coded from others than the provider."""

    PROVIDER = "provider"
    NURSE = "nurse"
    DIETITIAN = "dietitian"
    THERAPIST = "therapist"
    SOCIAL_WORKER = "social-worker"
    EMT = "emt"
    PATIENT = "patient"
    OTHER = "other"


class AssertionStatus(StrEnum):
    """What the author says of a mention."""

    PRESENT = "present"
    NEGATED = "negated"
    POSSIBLE = "possible"
    HISTORICAL = "historical"
    FAMILY = "family"
    HYPOTHETICAL = "hypothetical"
    ALLERGY = "allergy"


class Severity(StrEnum):
    """How much a finding weighs."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Patient:
    """What coding rules need to know of the patient; nothing identifies a person.

    Attributes:
        age: Age in years at the date of service (fractions for infants), ``None`` if unknown.
        sex: Administrative sex.
    """

    age: float | None = None
    sex: Sex = Sex.UNKNOWN


@dataclass(frozen=True, slots=True)
class Note:
    """One document of an encounter, as plain text."""

    id: str
    text: str
    type: str = "note"
    author_role: AuthorRole = AuthorRole.PROVIDER
    status: NoteStatus = NoteStatus.FINAL
    date: date | None = None


@dataclass(frozen=True, slots=True)
class Encounter:
    """All that is coded together.

    Attributes:
        id: The caller's identifier; only echoed, never interpreted.
        notes: One or more notes, oldest first.
        setting: Where the service was given.
        claim: Professional or facility.
        payer: The payer's policy key, ``None`` for the rules common to all payers.
        policy: The name of a policy that overrides the choice by setting and claim (benchmarks use it).
        patient: Age and sex.
        date_of_service: First day of service.
        admission: Day of admission of a stay.
        discharge: Day of discharge of a stay; decides the edition of a facility inpatient claim.
    """

    id: str
    notes: tuple[Note, ...]
    setting: Setting = Setting.OUTPATIENT
    claim: Claim = Claim.PROFESSIONAL
    payer: str | None = None
    policy: str | None = None
    patient: Patient = field(default_factory=Patient)
    date_of_service: date | None = None
    admission: date | None = None
    discharge: date | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A span of a note: ``note.text[start:end] == quote``."""

    note_id: str
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a note under one heading.

    Attributes:
        family: Id of the heading family (``assessment``, ``pmh``, ...); ``none`` before any heading.
        start: Offset of the heading's first character (of the body where there is no heading).
        body: Offset of the first character after the heading and its separator.
        end: Offset after the last character of the section.
    """

    family: str
    start: int
    body: int
    end: int


@dataclass(frozen=True, slots=True)
class Assertion:
    """What is said of a mention, with the words that say so.

    Attributes:
        status: The assertion.
        rule: Id of the rule that decided; empty for the default (present).
        trigger_start: Offset of the trigger in the note, ``-1`` where the section or nothing decided.
        trigger_end: Offset after the trigger, ``-1`` likewise.
    """

    status: AssertionStatus = AssertionStatus.PRESENT
    rule: str = ""
    trigger_start: int = -1
    trigger_end: int = -1


PRESENT = Assertion()


@dataclass(frozen=True, slots=True)
class Mention:
    """A span that names a diagnosis, finding, status, drug or procedure.

    Attributes:
        note: Index of the note within the encounter.
        start: Offset of the first character.
        end: Offset after the last character.
        first_token: Index of the first spaCy token of the span in its note.
        last_token: Index after the last spaCy token.
        sentence: Index of the sentence (clause line) in its note.
        section: Family of the section that holds it.
        assertion: What is said of it.
    """

    note: int
    start: int
    end: int
    first_token: int
    last_token: int
    sentence: int
    section: str = "none"
    assertion: Assertion = PRESENT


@dataclass(frozen=True, slots=True)
class Code:
    """A code of a system; ``edition`` names the release it was checked in."""

    system: System
    code: str
    edition: str = ""


@dataclass(frozen=True, slots=True)
class Support:
    """One reason to suggest a code: a span, what is said of it, and the term that matched.

    Attributes:
        evidence: The words of the chart.
        section: Family of the section that holds them.
        assertion: What is said of them.
        matched_term: The term of the terminology (or rule) that the words matched.
        source: Id of the candidate source (``title``, ``lexicon``, ``learnt``, ...).
        specifiers: Further spans that led from the term to this exact code (side, stage, episode).
    """

    evidence: Evidence
    section: str
    assertion: Assertion
    matched_term: str
    source: str
    specifiers: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Objection:
    """Something that speaks against a code (a negated mention, a rule), with its words where it has any."""

    reason: str
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class RankedCode:
    """A code with its calibrated probability and all that speaks for and against it."""

    code: Code
    title: str
    probability: float
    support: tuple[Support, ...]
    against: tuple[Objection, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SuppressedCode:
    """A ranked code that is not proposed, and why.

    Attributes:
        ranked: The code.
        rule: Id of the selection rule (``below-threshold``, ``parent-of-proposed``, ``assertion``, ...).
        reason: One sentence for the coder.
        by: The proposed code that it stepped back for, if any.
    """

    ranked: RankedCode
    rule: str
    reason: str
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Element:
    """Something that decided the level of a visit, or was left out of account.

    Attributes:
        name: ``problems``, ``data``, ``risk``, ``time``, ``category`` or ``age``.
        what: What it is, in one sentence without words of the chart.
        level: 1 straightforward to 4 high, ``None`` where it has no level.
        counted: Whether it counted.
        reason: Why it did not.
        evidence: The words of the chart that it rests on.
    """

    name: str
    what: str
    level: int | None = None
    counted: bool = True
    reason: str = ""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Modifier:
    """A modifier of a CPT or HCPCS code, and why it stands there."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class CodeLine:
    """A proposed code as it would stand on a claim.

    Attributes:
        ranked: The code with its probability and evidence.
        modifiers: CPT/HCPCS modifiers in order.
        units: Units of service.
        poa: Present on admission (Y/N/U/W) for facility inpatient diagnoses, else ``None``.
        pointers: Positions (from 1) of the diagnoses that justify a procedure.
        role: ``first-listed``, ``principal`` or ``additional``; ``procedure`` for procedures.
        sequence_reason: Why it stands where it stands.
        modifier_reasons: Why each modifier stands there.
        elements: What decided the level of a visit.
        open_axes: Axes of an ICD-10-PCS code that the notes leave open.
    """

    ranked: RankedCode
    modifiers: tuple[str, ...] = ()
    units: int = 1
    poa: str | None = None
    pointers: tuple[int, ...] = ()
    role: str = "additional"
    sequence_reason: str = ""
    modifier_reasons: tuple[str, ...] = ()
    elements: tuple[Element, ...] = ()
    open_axes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What an edit reports about a coded set; it never changes a code."""

    edit: str
    severity: Severity
    codes: tuple[str, ...]
    message: str
    remedy: str
    source: str
    edition: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """A non-leading question to the provider about something the chart leaves open."""

    template: str
    indicators: tuple[Evidence, ...]
    question: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunStamp:
    """Everything that is needed to repeat a run: versions of program, model, code set, rules and policy."""

    version: str
    model: str
    editions: tuple[tuple[str, str], ...]
    index: str
    policy: str
    policy_hash: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The pipeline's answer for one encounter.

    Attributes:
        encounter_id: The caller's identifier.
        ranked: All candidates by falling probability, for metrics and alternatives.
        codes: Those proposed, in sequence.
        suppressed: Those not proposed although ranked high, with the reason.
        findings: What the edits report.
        queries: Drafts of provider queries.
        stamp: Versions of all that took part.
    """

    encounter_id: str
    ranked: tuple[RankedCode, ...]
    codes: tuple[CodeLine, ...]
    suppressed: tuple[SuppressedCode, ...]
    findings: tuple[Finding, ...]
    queries: tuple[Query, ...]
    stamp: RunStamp


@dataclass(frozen=True, slots=True)
class Decision:
    """A coder's act on one code of a suggestion: ``accept``, ``reject``, ``replace`` or ``add``."""

    action: str
    code: Code
    replacement: Code | None = None
    reason: str = ""
    reviewer: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GoldCode:
    """A code that a chart is known to carry, with the spans that support it (may be empty)."""

    code: Code
    evidence: tuple[Evidence, ...] = ()
    modifiers: tuple[str, ...] = ()
    units: int = 1
    poa: str | None = None


@dataclass(frozen=True, slots=True)
class TrainingExample:
    """An encounter with what is right, tolerated and wrong about it.

    Attributes:
        encounter: The chart.
        gold: Right codes, in sequence.
        acceptable: Codes left out of scoring on both sides.
        not_codable: Tempting codes that are wrong.
        family: Key that keeps sibling charts on one side of every split.
        group: Name of the corpus it came from.
        made_up: Whether it was made from other data for training; it tells nothing of how often a code is right.
    """

    encounter: Encounter
    gold: tuple[GoldCode, ...]
    acceptable: frozenset[str] = frozenset()
    not_codable: frozenset[str] = frozenset()
    family: str = ""
    group: str = ""
    made_up: bool = False

    @property
    def kin(self) -> str:
        """The key of its family; of a chart without one its own id."""
        return self.family or self.encounter.id
