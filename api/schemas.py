"""What requests may hold, as pydantic models, and how they become records."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from api.errors import ErrorItem, Problem
from suggest import records
from suggest.documents import MAX_AGE, validate_encounter, validate_text
from suggest.errors import DocumentError, EncounterError, PolicyError
from suggest.policy import policy_for

MAX_NOTES = 100
MAX_RANKED = 500
MAX_QUERY_CHARACTERS = 200
MAX_HITS = 100

_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
"""Identifiers are narrow, so that no words of a chart slip into places that are logged or echoed."""


def _iso_day(value: Any) -> date:
    if isinstance(value, str) and _ISO_DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise PydanticCustomError("iso_date", "a date of the calendar, YYYY-MM-DD")


Day = Annotated[date, BeforeValidator(_iso_day)]


class Offsets(StrEnum):
    """The unit in which offsets into texts are counted."""

    CODE_POINTS = "code_points"
    UTF_16 = "utf-16"


class StrictModel(BaseModel):
    """What a request may hold: nothing but the documented fields."""

    # hide_input_in_errors: pydantic's own messages would quote what was sent.
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, frozen=True)


class NoteIn(StrictModel):
    """One document of the encounter."""

    id: Identifier = Field(description="Your identifier of the note; evidence names it.", examples=["n1"])
    text: str = Field(description="Plain text, unmodified: offsets in the answer refer to it.")
    type: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 ._:/-]{1,64}$")] = Field(
        default="note", description="Kind of note, such as progress, discharge-summary or a LOINC code."
    )
    author_role: records.AuthorRole = Field(default=records.AuthorRole.PROVIDER, description="Who wrote it.")
    status: records.NoteStatus = Field(
        default=records.NoteStatus.FINAL, description="Completion; a note entered in error is not read."
    )
    date: Day | None = Field(default=None, description="Day on which it was written.")

    def to_note(self) -> records.Note:
        """Returns the note."""
        return records.Note(self.id, self.text, self.type, self.author_role, self.status, self.date)


class PatientIn(StrictModel):
    """What coding rules need to know of the patient."""

    age: float | None = Field(
        default=None,
        ge=0,
        le=MAX_AGE,
        allow_inf_nan=False,
        strict=True,
        description="Years at the date of service.",
    )
    sex: records.Sex = Field(default=records.Sex.UNKNOWN, description="Administrative sex.")


class EncounterFacts(StrictModel):
    """An encounter: its notes, and the facts that coding rules go by."""

    id: Identifier | None = Field(default=None, description="Your identifier of the encounter; only echoed.")
    notes: Annotated[list[NoteIn], Field(min_length=1, max_length=MAX_NOTES)] = Field(
        description=f"1 to {MAX_NOTES} notes, oldest first."
    )
    setting: records.Setting = Field(default=records.Setting.OUTPATIENT, description="Where the service was given.")
    claim: records.Claim = Field(
        default=records.Claim.PROFESSIONAL,
        description="Who bills; chooses the policy together with the setting.",
    )
    payer: Identifier | None = Field(default=None, description="Policy key of the payer.")
    policy: Identifier | None = Field(default=None, description="Name of a policy that overrides setting and claim.")
    patient: PatientIn = PatientIn()
    date_of_service: Day | None = Field(default=None, description="First day of service.")
    admission: Day | None = Field(default=None, description="Day of admission of a stay.")
    discharge: Day | None = Field(default=None, description="Day of discharge of a stay.")

    def to_encounter(self, *, limit: int) -> records.Encounter:
        """Returns the encounter after all checks of its texts and facts.

        Args:
            limit: Most characters of one note and of all together.

        Raises:
            Problem: A text is too long or unreadable, note ids repeat, facts contradict each other, or the
                policy is unknown.
        """
        check_texts(self.notes, limit)
        notes = tuple(note.to_note() for note in self.notes)
        encounter = records.Encounter(
            id=self.id or "",
            notes=notes,
            setting=self.setting,
            claim=self.claim,
            payer=self.payer,
            policy=self.policy,
            patient=records.Patient(self.patient.age, self.patient.sex),
            date_of_service=self.date_of_service,
            admission=self.admission,
            discharge=self.discharge,
        )
        try:
            validate_encounter(encounter, today=datetime.now().date(), limit=limit)
            policy_for(encounter)
        except EncounterError as error:
            raise Problem("invalid-encounter", str(error)) from None
        except PolicyError as error:
            raise Problem("unknown-policy", str(error)) from None
        return encounter


class SuggestionRequest(EncounterFacts):
    """An encounter, and how the answer shall look."""

    offsets: Offsets = Field(
        default=Offsets.CODE_POINTS,
        description="Unit of offsets: Unicode code points, or the UTF-16 code units of JavaScript and Java.",
    )
    ranked_limit: int = Field(
        default=50,
        ge=0,
        le=MAX_RANKED,
        strict=True,
        description="Most entries of `ranked`; `codes` is always whole.",
    )


class CodeSearchRequest(StrictModel):
    """A search in a code set. It is a POST because words of a chart never belong in an address."""

    query: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_QUERY_CHARACTERS)] = (
        Field(description="The beginning of a code, or words of titles and inclusion terms in any order.")
    )
    system: records.System = Field(default=records.System.ICD10CM, description="The code system.")
    date_of_service: Day | None = Field(
        default=None,
        description="Day on which codes of CPT and HCPCS must be in force to be billable; by default today.",
    )
    limit: int = Field(default=20, ge=1, le=MAX_HITS, strict=True, description="Most results.")

    def checked_query(self) -> str:
        """Returns the query if it is readable text.

        Raises:
            Problem: It holds a NUL, a lone surrogate or control characters.
        """
        try:
            return validate_text(self.query, MAX_QUERY_CHARACTERS)
        except DocumentError:
            item = ErrorItem(location="query", expected="text without NUL, lone surrogates or binary content")
            raise Problem("unreadable-text", errors=[item]) from None


def check_texts(notes: Sequence[NoteIn], limit: int) -> None:
    """Checks what the records cannot hold, and names notes by position: an id is the caller's.

    Raises:
        Problem: A text is too long or unreadable, or notes share an id.
    """
    if sum(len(note.text) for note in notes) > limit:
        raise Problem(
            "text-too-long",
            f"the notes have more than {limit} characters together; send fewer or shorter notes",
            errors=[
                ErrorItem(location=f"notes.{i}.text", expected=f"at most {limit} characters")
                for i, note in enumerate(notes)
                if len(note.text) > limit
            ],
        )
    for i, note in enumerate(notes):
        try:
            validate_text(note.text, limit)
        except DocumentError as error:
            item = ErrorItem(location=f"notes.{i}.text", expected="plain text without NUL or lone surrogates")
            raise Problem("unreadable-text", str(error), errors=[item]) from None
    counts = Counter(note.id for note in notes)
    repeated = [i for i, note in enumerate(notes) if counts[note.id] > 1]
    if repeated:
        raise Problem(
            "invalid-encounter",
            "notes share an id; give every note its own",
            errors=[ErrorItem(location=f"notes.{i}.id", expected="an id of its own") for i in repeated],
        )
