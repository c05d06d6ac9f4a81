"""Turns what the store returns into responses, with offsets in the unit that was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from api import responses_encounters as out
from api.code_sets import CodeSets
from api.render import Utf16Offsets, stamp_out, suggestion_out
from api.responses import EvidenceOut
from api.schemas import Offsets
from store import users
from store.audit import AuditEvent
from store.coded_sets import CodedSet
from store.coding import CodedLine, LineRef, RecordedDecision, active
from store.database import Database
from store.encounters import WorklistItem
from store.errors import NotFoundError, VersionConflictError
from store.json_records import to_json
from store.notes import StoredNote
from store.queries import StoredQuery
from store.suggestions import StoredSuggestion, SuggestionDiff
from suggest.records import Encounter, Evidence


class UserNames:
    """Names users by their ids, each looked up once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, out.UserRef] = {}

    def __call__(self, user_id: str) -> out.UserRef:
        """Returns id and name of a user."""
        if user_id not in self._known:
            try:
                name = users.get(self._database, user_id).name
            except NotFoundError:
                # The audit trail outlives what it names.
                name = user_id
            self._known[user_id] = out.UserRef(id=user_id, name=name)
        return self._known[user_id]

    def optional(self, user_id: str | None) -> out.UserRef | None:
        """Returns id and name of a user, if there is one."""
        return None if user_id is None else self(user_id)


class EncounterRenderer:
    """Renders what stands on one encounter."""

    def __init__(
        self, notes: Sequence[StoredNote], *, offsets: Offsets, names: UserNames, codes: CodeSets | None
    ) -> None:
        """Takes what rendering needs besides the records.

        Args:
            notes: All notes of the encounter, which offsets refer to.
            offsets: Unit of the offsets in the answer.
            names: Names users.
            codes: Give codes that coders brought their titles; ``None`` while they are not loaded.
        """
        self._notes = notes
        self.offsets = offsets
        self.names = names
        self._codes = codes
        self._utf16 = Utf16Offsets([stored.note for stored in notes])

    def notes(self) -> list[out.StoredNoteOut]:
        """Returns the notes."""
        return [_note(stored) for stored in self._notes]

    def lines(self, lines: Sequence[CodedLine]) -> list[out.LineOut]:
        """Returns lines."""
        return [self.line(line) for line in lines]

    def line(self, line: CodedLine) -> out.LineOut:
        """Returns a line."""
        return out.LineOut(
            system=line.code.system,
            code=line.code.code,
            occurrence=line.occurrence,
            edition=line.code.edition,
            title=line.title or self._title(line),
            state=line.state,
            decision=line.decision,
            probability=line.probability,
            evidence=[self._evidence(span) for span in line.evidence],
            modifiers=list(line.modifiers),
            units=line.units,
            poa=line.poa,
            pointers=[line_ref(ref) for ref in line.pointers],
            replaces=None if line.replaces is None else line_ref(line.replaces),
        )

    def decisions(
        self, wanted: Sequence[RecordedDecision], everything: Sequence[RecordedDecision]
    ) -> list[out.DecisionOut]:
        """Returns decisions.

        Args:
            wanted: The decisions to return.
            everything: All decisions on the encounter, which tell what was undone.
        """
        count = {recorded.sequence for recorded in active(everything)}
        return [self._decision(recorded, undone=recorded.sequence not in count) for recorded in wanted]

    def queries(self, stored: Sequence[StoredQuery]) -> list[out.ProviderQueryOut]:
        """Returns queries to the provider."""
        return [self.query(item) for item in stored]

    def query(self, stored: StoredQuery) -> out.ProviderQueryOut:
        """Returns a query to the provider."""
        return out.ProviderQueryOut(
            template=stored.query.template,
            question=stored.query.question,
            options=list(stored.query.options),
            indicators=[self._evidence(span) for span in stored.query.indicators],
            number=stored.number,
            state=stored.state,
            suggestion=stored.suggestion,
            opened_by=self.names(stored.opened_by),
            opened_at=stored.opened_at,
            note=stored.note,
            reason=stored.reason,
            closed_by=self.names.optional(stored.closed_by),
            closed_at=stored.closed_at,
        )

    def event(self, event: AuditEvent) -> out.EventOut:
        """Returns an event."""
        return out.EventOut(
            id=event.id,
            at=event.at,
            actor=self.names.optional(event.actor),
            action=event.action,
            version=event.encounter_version,
            detail=dict(event.detail),
        )

    def suggestion(self, stored: StoredSuggestion, *, ranked_limit: int) -> out.StoredSuggestionOut:
        """Returns a run whole."""
        # It may rest on notes that were superseded since.
        whole = Encounter(stored.encounter_id, tuple(note.note for note in self._notes))
        answer = suggestion_out(stored.suggestion, whole, offsets=self.offsets, ranked_limit=ranked_limit)
        return out.StoredSuggestionOut(
            **dict(answer),
            number=stored.sequence,
            created_at=stored.created_at,
            encounter_version=stored.encounter_version,
            last_note=stored.last_note,
            stale=stored.stale,
        )

    def changes(self, diff: SuggestionDiff) -> out.ChangesOut:
        """Returns what changed between two runs."""
        return out.ChangesOut(
            new=self.lines(diff.new),
            gone=self.lines(diff.gone),
            changed=[
                out.ChangedLineOut(
                    before=self.line(change.before), after=self.line(change.after), fields=list(change.fields)
                )
                for change in diff.changed
            ],
        )

    def coded_set(self, coded: CodedSet) -> out.CodedSetOut:
        """Returns a coded set."""
        return out.CodedSetOut(
            encounter_id=coded.encounter_id,
            number=coded.number,
            version=coded.encounter_version,
            suggestion=coded.suggestion,
            lines=self.lines(coded.lines),
            finalised_by=self.names(coded.finalised_by),
            finalised_at=coded.finalised_at,
            offsets=self.offsets,
        )

    def conflict(self, error: VersionConflictError, everything: Sequence[RecordedDecision]) -> out.ConflictOut:
        """Returns what happened since the version that was expected."""
        return out.ConflictOut(
            expected=error.expected,
            actual=error.actual,
            events=[self.event(event) for event in error.changes],
            decisions=self.decisions(error.decisions, everything),
        )

    def _decision(self, recorded: RecordedDecision, *, undone: bool) -> out.DecisionOut:
        content: dict[str, Any] = {"action": recorded.decision.action, **to_json(recorded.decision)}
        if "evidence" in content:
            spans: tuple[Evidence, ...] = getattr(recorded.decision, "evidence", ())
            content["evidence"] = [self._evidence(span).model_dump() for span in spans]
        return out.DecisionOut(
            number=recorded.sequence,
            version=recorded.version,
            suggestion=recorded.suggestion,
            reviewer=self.names(recorded.reviewer),
            at=recorded.at,
            undone=undone,
            decision=content,
        )

    def _evidence(self, span: Evidence) -> EvidenceOut:
        start, end = span.start, span.end
        if self.offsets is Offsets.UTF_16:
            start, end = self._utf16(span.note_id, start), self._utf16(span.note_id, end)
        return EvidenceOut(note_id=span.note_id, start=start, end=end, quote=span.quote)

    def _title(self, line: CodedLine) -> str:
        return "" if self._codes is None else self._codes.title(line.code.system, line.code.code)


def item_out(item: WorklistItem, names: UserNames) -> out.WorklistItemOut:
    """Returns an encounter as the worklist shows it."""
    return out.WorklistItemOut(
        id=item.id,
        version=item.version,
        status=item.status,
        setting=item.setting,
        claim=item.claim,
        payer=item.payer,
        patient_key=item.patient_key,
        date_of_service=item.date_of_service,
        discharge=item.discharge,
        assigned_to=names.optional(item.assigned_to),
        open_queries=item.open_queries,
        created_at=item.created_at,
    )


def run_out(stored: StoredSuggestion) -> out.RunOut:
    """Returns a run without its codes."""
    return out.RunOut(
        number=stored.sequence,
        created_at=stored.created_at,
        encounter_version=stored.encounter_version,
        last_note=stored.last_note,
        stale=stored.stale,
        stamp=stamp_out(stored.suggestion.stamp),
    )


def line_ref(ref: LineRef) -> out.LineRefOut:
    """Returns the name of a line."""
    return out.LineRefOut(system=ref.system, code=ref.code, occurrence=ref.occurrence)


def _note(stored: StoredNote) -> out.StoredNoteOut:
    note = stored.note
    return out.StoredNoteOut(
        id=note.id,
        text=note.text,
        type=note.type,
        author_role=note.author_role,
        status=note.status,
        date=note.date,
        sequence=stored.sequence,
        supersedes=stored.supersedes,
        superseded=stored.superseded,
        created_at=stored.created_at,
    )
