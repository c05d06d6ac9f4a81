"""The procedures of an encounter, one way through: candidates, features, probabilities, selection, claim lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from suggest.em import Visit, visits
from suggest.policy import Policy
from suggest.procedures.administration import administrations
from suggest.procedures.candidates import ProcedureCandidates, Sighting, gather
from suggest.procedures.evidence import evidence_of, ranked_procedures
from suggest.procedures.features import ProcedureFeatures, ProcedureTable
from suggest.procedures.found import Found, Origin
from suggest.procedures.infusions import infusions
from suggest.procedures.model import ProcedureModel
from suggest.procedures.modifiers import LineContext, modifiers
from suggest.procedures.pointers import pointers
from suggest.procedures.repairs import repairs
from suggest.procedures.selection import HOSPITAL, select_procedures
from suggest.procedures.services import Services
from suggest.reading import NoteReading, ProcedureSource
from suggest.records import (
    PRESENT,
    Claim,
    CodeLine,
    Element,
    Encounter,
    Evidence,
    Mention,
    RankedCode,
    SuppressedCode,
    System,
)

_ALTERNATIVE = 0.5  # quality of a neighbouring level against that of the level itself
_STATED = 0.85  # quality of a level by time, which is stated and not weighed
_PROCEDURE = "procedure"


@dataclass(frozen=True, slots=True)
class ProcedureInput:
    """What the ranker of procedures is asked about.

    Attributes:
        candidates: Codes and what leads to them.
        table: Their features.
        visits: Visits that the notes document.
    """

    candidates: ProcedureCandidates
    table: ProcedureTable
    visits: tuple[Visit, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is made of the candidates of an encounter: all of them ranked, those proposed as lines, and suppressed."""

    ranked: tuple[RankedCode, ...] = ()
    lines: tuple[CodeLine, ...] = ()
    suppressed: tuple[SuppressedCode, ...] = ()


class ProcedureStage:
    """Suggests procedures for encounters whose notes were read and whose diagnoses are proposed."""

    def __init__(self, services: Services, model: ProcedureModel) -> None:
        """Wires the steps.

        Args:
            services: Procedure codes and their terms.
            model: The learnt parts.
        """
        self._services = services
        self._catalogue = services.catalogue
        self._model = model
        self._features = ProcedureFeatures(services.catalogue, services.terms, model.prior, model.unseen_prior)

    @property
    def sources(self) -> tuple[ProcedureSource, ...]:
        """What finds procedures in notes."""
        return self._services.sources(self._model.learnt)

    def prepare(
        self, encounter: Encounter, readings: Sequence[NoteReading], diagnoses: Sequence[RankedCode], policy: Policy
    ) -> ProcedureInput:
        """Returns candidates and features of an encounter: what ``decide`` and training go by.

        Args:
            encounter: The encounter.
            readings: Its notes.
            diagnoses: The diagnoses proposed, in sequence.
            policy: Its policy.
        """
        seen = self._visits(encounter, readings, diagnoses, policy)
        further = [pair for visit in seen for pair in _visit_found(visit, readings)]
        if policy.status_transforms and encounter.claim is Claim.PROFESSIONAL:
            further.extend(repairs(readings, self._catalogue))
            if encounter.setting not in HOSPITAL:  # there the institution reports what its nurses give
                further.extend(administrations(encounter, readings, self._catalogue))
                further.extend(infusions(readings, self._catalogue))
        candidates = gather(encounter, readings, further)
        return ProcedureInput(candidates, self._features.table(candidates, encounter, policy), seen)

    def decide(
        self, encounter: Encounter, prepared: ProcedureInput, diagnoses: Sequence[RankedCode], policy: Policy
    ) -> Outcome:
        """Ranks and selects procedures and writes their claim lines.

        Args:
            encounter: The encounter.
            prepared: From ``prepare``.
            diagnoses: The diagnoses proposed, in sequence.
            policy: Its policy.
        """
        probability = self._model.probabilities(prepared.table.values, policy)
        ranked = ranked_procedures(prepared.candidates, prepared.table, probability, self._name)
        selected = select_procedures(
            ranked, model=self._model, catalogue=self._catalogue, encounter=encounter, policy=policy
        )
        if policy.status_transforms:
            lines = self._lines(selected.proposed, prepared, encounter, diagnoses)
        else:
            lines = tuple(CodeLine(code, role=_PROCEDURE) for code in selected.proposed)
        return Outcome(ranked, lines, selected.suppressed)

    def _visits(
        self, encounter: Encounter, readings: Sequence[NoteReading], diagnoses: Sequence[RankedCode], policy: Policy
    ) -> tuple[Visit, ...]:
        if encounter.claim is not Claim.PROFESSIONAL or not policy.status_transforms or not readings:
            return ()
        done = sorted(
            {
                found.code
                for reading in readings
                for found in reading.services
                if found.origin is Origin.TERM
                and reading.service_mentions[found.first, found.last].assertion == PRESENT
            }
        )
        return visits(encounter, readings, diagnoses, procedures=done, global_days=self._global_days)

    def _global_days(self, code: str) -> str:
        service = self._catalogue.get(code)
        return service.global_days if service else ""

    def _name(self, found: Found) -> tuple[str, str]:
        return self._services.title(found.code, found.system)

    def _lines(
        self,
        proposed: Sequence[RankedCode],
        prepared: ProcedureInput,
        encounter: Encounter,
        diagnoses: Sequence[RankedCode],
    ) -> tuple[CodeLine, ...]:
        by_code = {visit.code: visit for visit in prepared.visits}
        context = LineContext(encounter, prepared.candidates.readings, self._catalogue, proposed)
        return tuple(
            self._line(
                code, prepared.candidates.by_code[code.code.code], by_code.get(code.code.code), context, diagnoses
            )
            for code in sorted(proposed, key=self._place)
        )

    def _line(
        self,
        code: RankedCode,
        sightings: Sequence[Sighting],
        visit: Visit | None,
        context: LineContext,
        diagnoses: Sequence[RankedCode],
    ) -> CodeLine:
        best = sightings[0].found
        found = modifiers(code, sightings, visit, context)
        professional = code.code.system is not System.ICD10PCS
        service = self._catalogue.get(code.code.code)
        is_visit = service is not None and service.section == "em"
        return CodeLine(
            ranked=code,
            modifiers=tuple(modifier.code for modifier in found),
            modifier_reasons=tuple(modifier.reason for modifier in found),
            units=best.units,
            pointers=pointers(code, diagnoses, visit=is_visit) if professional else (),
            role=_PROCEDURE,
            elements=_elements(visit) if visit else (),
            open_axes=best.open_axes,
        )

    def _place(self, code: RankedCode) -> tuple[int, float, str]:
        """Visits stand first, then procedures, add-ons last."""
        service = self._catalogue.get(code.code.code)
        rank = 1
        if service is not None:
            rank = 0 if service.section == "em" else 2 if "addon" in service.flags else 1
        return rank, -code.probability, code.code.code


def _visit_found(visit: Visit, readings: Sequence[NoteReading]) -> list[tuple[Found, Mention]]:
    """Returns a visit and its neighbouring levels as what was found, at the words that the level rests on."""
    spans = [span for element in visit.elements for span in element.evidence]
    reading, first, last = _tokens(spans[0] if spans else None, readings)
    further = [_tokens(span, readings)[1:] for span in spans[1:]]
    evidence = evidence_of(reading, first, last)
    mention = Mention(
        note=reading.number,
        start=evidence.start,
        end=evidence.end,
        first_token=first,
        last_token=last,
        sentence=int(reading.tokens.sentence[first]),
        section=reading.section_at(evidence.start),
    )
    own = Found(
        code=visit.code,
        system=System(visit.system),
        note=reading.number,
        first=first,
        last=last,
        origin=Origin.VISIT,
        quality=max(visit.probability_hint, _STATED) if visit.basis == "time" else visit.probability_hint,
        units=visit.units,
        reason=visit.reason,
        further=tuple(further),
    )
    others = [
        Found(code, System.CPT, reading.number, first, last, Origin.VISIT, _ALTERNATIVE * visit.probability_hint)
        for code in visit.alternatives
    ]
    return [(found, mention) for found in (own, *others)]


def _tokens(span: Evidence | None, readings: Sequence[NoteReading]) -> tuple[NoteReading, int, int]:
    """Returns the note of a span and its first token and the token after it; the note's first for no span."""
    if span is None:
        return readings[0], 0, 1
    reading = next(reading for reading in readings if reading.note.id == span.note_id)
    return reading, *reading.tokens_of(span.start, span.end)


def _elements(visit: Visit) -> tuple[Element, ...]:
    counted = (Element(e.element, e.what, e.level, evidence=e.evidence) for e in visit.elements)
    left_out = (Element("", n.what, counted=False, reason=n.reason, evidence=n.evidence) for n in visit.not_counted)
    return (*counted, *left_out)
