"""Turns decisions of a request into those of the store; checks codes that coders bring in the code sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from api import schemas_encounters as given
from api.brought_codes import check_code
from api.code_sets import CodeSets
from api.render import Utf16Offsets
from api.schemas import Offsets
from store import coding
from store.notes import StoredNote
from suggest.records import Code, Evidence

CodesSource = Callable[[], CodeSets]


class EvidenceReader:
    """Reads words of notes, whose offsets may count UTF-16 code units."""

    def __init__(self, notes: Sequence[StoredNote], *, offsets: Offsets) -> None:
        """Takes all notes of the encounter and the unit of the offsets in the request."""
        self._utf16 = Utf16Offsets([stored.note for stored in notes]) if offsets is Offsets.UTF_16 else None

    def __call__(self, spans: Sequence[given.EvidenceIn]) -> tuple[Evidence, ...]:
        """Returns evidence with offsets in code points."""
        return tuple(
            Evidence(
                span.note_id,
                self._code_points(span.note_id, span.start),
                self._code_points(span.note_id, span.end),
                span.quote,
            )
            for span in spans
        )

    def _code_points(self, note_id: str, offset: int) -> int:
        return offset if self._utf16 is None else self._utf16.to_code_points(note_id, offset)


class DecisionReader:
    """Reads the decisions of one request."""

    def __init__(self, notes: Sequence[StoredNote], *, offsets: Offsets, codes: CodesSource, day: date | None) -> None:
        """Takes what reading needs.

        Args:
            notes: All notes of the encounter.
            offsets: Unit of the offsets in the request.
            codes: Gives the code sets when a coder brings a code, or raises a problem.
            day: Day of service, on which the codes must be in force; ``None`` where it is unknown.
        """
        self._evidence = EvidenceReader(notes, offsets=offsets)
        self._codes = codes
        self._day = day

    def read(self, decisions: Sequence[given.DecisionIn]) -> list[coding.NewDecision]:
        """Returns the decisions for the store.

        Raises:
            Problem: A code is not in its edition or not in force, or not billable.
        """
        return [self._decision(decision, f"decisions.{i}") for i, decision in enumerate(decisions)]

    def _decision(self, decision: given.DecisionIn, at: str) -> coding.NewDecision:
        match decision:
            case given.AcceptIn():
                return coding.Accept(_line(decision.line))
            case given.RejectIn():
                return coding.Reject(_line(decision.line), decision.reason)
            case given.ReplaceIn():
                by = self._code(decision.by, f"{at}.by.code")
                return coding.Replace(_line(decision.line), by, decision.reason, self._evidence(decision.evidence))
            case given.AddIn():
                return self._add(decision, at)
            case given.LeaveIn():
                return coding.Leave(_line(decision.line))
            case given.ChangeIn():
                return _change(decision)
            case given.OrderIn():
                return coding.Order(_lines(decision.lines))
            case given.UndoIn():
                return coding.Undo(decision.decision)

    def _add(self, decision: given.AddIn, at: str) -> coding.Add:
        return coding.Add(
            code=self._code(decision.code, f"{at}.code.code"),
            evidence=self._evidence(decision.evidence),
            occurrence=decision.occurrence,
            modifiers=tuple(decision.modifiers),
            units=decision.units,
            poa=decision.poa,
            pointers=_lines(decision.pointers),
        )

    def _code(self, code: given.CodeIn, location: str) -> Code:
        return check_code(self._codes(), code.system, code.code, self._day, location)


def _change(decision: given.ChangeIn) -> coding.Change:
    return coding.Change(
        line=_line(decision.line),
        modifiers=None if decision.modifiers is None else tuple(decision.modifiers),
        units=decision.units,
        poa=decision.poa,
        pointers=None if decision.pointers is None else _lines(decision.pointers),
    )


def _line(line: given.LineIn) -> coding.LineRef:
    return coding.LineRef(line.system, line.code, line.occurrence)


def _lines(lines: Sequence[given.LineIn]) -> tuple[coding.LineRef, ...]:
    return tuple(_line(line) for line in lines)
