"""Turns records into responses, with offsets in the unit that was asked for."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from api import responses as out
from api.schemas import Offsets
from suggest import records

_ASTRAL = re.compile(r"[\U00010000-\U0010FFFF]")

_Shift = Callable[[str, int], int]


class Utf16Offsets:
    """Converts offsets of code points into offsets of UTF-16 code units and back, note by note."""

    def __init__(self, notes: Sequence[records.Note]) -> None:
        self._astral = {note.id: [found.start() for found in _ASTRAL.finditer(note.text)] for note in notes}

    def __call__(self, note_id: str, offset: int) -> int:
        """Returns the offset in UTF-16 code units: each character beyond U+FFFF takes two."""
        return offset + bisect_left(self._astral[note_id], offset)

    def to_code_points(self, note_id: str, offset: int) -> int:
        """Returns the offset in code points; in a note that is unknown, the offset itself."""
        astral = self._astral.get(note_id, [])
        # The i-th character beyond U+FFFF begins i code units later than it does in code points.
        return offset - bisect_left(range(len(astral)), offset, key=lambda i: astral[i] + i)


def suggestion_out(
    suggestion: records.Suggestion, encounter: records.Encounter, *, offsets: Offsets, ranked_limit: int
) -> out.SuggestionOut:
    """Returns a suggestion as it is answered.

    Args:
        suggestion: What the pipeline returned for ``encounter``.
        encounter: Its notes give the texts that offsets refer to.
        offsets: Unit of the offsets in the answer.
        ranked_limit: Most entries of ``ranked``.
    """
    shift: _Shift = Utf16Offsets(encounter.notes) if offsets is Offsets.UTF_16 else _unshifted
    render = _Renderer(shift)
    return out.SuggestionOut(
        encounter_id=suggestion.encounter_id or None,
        offsets=offsets,
        codes=[render.line(line) for line in suggestion.codes],
        suppressed=[render.suppressed(code) for code in suggestion.suppressed],
        ranked=[out.RankedCodeOut(**render.ranked(code)) for code in suggestion.ranked[:ranked_limit]],
        findings=[finding_out(finding) for finding in suggestion.findings],
        queries=[render.query(query) for query in suggestion.queries],
        stamp=stamp_out(suggestion.stamp),
    )


def _unshifted(_note_id: str, offset: int) -> int:
    return offset


class _Renderer:
    def __init__(self, shift: _Shift) -> None:
        self._shift = shift

    def line(self, line: records.CodeLine) -> out.CodeLineOut:
        return out.CodeLineOut(
            **self.ranked(line.ranked),
            role=line.role,
            poa=line.poa,
            modifiers=list(line.modifiers),
            units=line.units,
            pointers=list(line.pointers),
            sequence_reason=line.sequence_reason,
            modifier_reasons=list(line.modifier_reasons),
            elements=[self._element(element) for element in line.elements],
            open_axes=list(line.open_axes),
        )

    def suppressed(self, code: records.SuppressedCode) -> out.SuppressedCodeOut:
        return out.SuppressedCodeOut(
            **self.ranked(code.ranked), rule=code.rule, suppressed_reason=code.reason, by=code.by
        )

    def ranked(self, code: records.RankedCode) -> Mapping[str, Any]:
        """Returns the fields of a ranked code, which lines and suppressed codes share."""
        return {
            "system": code.code.system,
            "code": code.code.code,
            "edition": code.code.edition,
            "title": code.title,
            "probability": code.probability,
            "reason": code.reason,
            "evidence": [self._support(support) for support in code.support],
            "against": [self._objection(objection) for objection in code.against],
        }

    def query(self, query: records.Query) -> out.QueryOut:
        return out.QueryOut(
            template=query.template,
            question=query.question,
            options=list(query.options),
            indicators=[self._evidence(evidence) for evidence in query.indicators],
        )

    def _element(self, element: records.Element) -> out.ElementOut:
        return out.ElementOut(
            name=element.name,
            what=element.what,
            level=element.level,
            counted=element.counted,
            reason=element.reason,
            evidence=[self._evidence(evidence) for evidence in element.evidence],
        )

    def _support(self, support: records.Support) -> out.SupportOut:
        return out.SupportOut(
            **self._span(support.evidence),
            section=support.section,
            assertion=self._assertion(support.assertion, support.evidence.note_id),
            matched_term=support.matched_term,
            source=support.source,
            specifiers=[self._evidence(evidence) for evidence in support.specifiers],
        )

    def _assertion(self, assertion: records.Assertion, note_id: str) -> out.AssertionOut:
        trigger = None
        if assertion.trigger_start >= 0:
            start = self._shift(note_id, assertion.trigger_start)
            trigger = out.Span(start=start, end=self._shift(note_id, assertion.trigger_end))
        return out.AssertionOut(status=assertion.status, rule=assertion.rule, trigger=trigger)

    def _objection(self, objection: records.Objection) -> out.ObjectionOut:
        evidence = self._evidence(objection.evidence) if objection.evidence else None
        return out.ObjectionOut(reason=objection.reason, evidence=evidence)

    def _evidence(self, evidence: records.Evidence) -> out.EvidenceOut:
        return out.EvidenceOut(**self._span(evidence))

    def _span(self, evidence: records.Evidence) -> Mapping[str, Any]:
        return {
            "note_id": evidence.note_id,
            "start": self._shift(evidence.note_id, evidence.start),
            "end": self._shift(evidence.note_id, evidence.end),
            "quote": evidence.quote,
        }


def finding_out(finding: records.Finding) -> out.FindingOut:
    """Returns what an edit reports."""
    return out.FindingOut(
        edit=finding.edit,
        severity=finding.severity,
        codes=list(finding.codes),
        message=finding.message,
        remedy=finding.remedy,
        source=finding.source,
        edition=finding.edition,
    )


def stamp_out(stamp: records.RunStamp) -> out.StampOut:
    """Returns the versions of a run."""
    return out.StampOut(
        version=stamp.version,
        model=stamp.model,
        editions=dict(stamp.editions),
        index=stamp.index,
        policy=stamp.policy,
        policy_hash=stamp.policy_hash,
    )
