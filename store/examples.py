"""Finalised encounters as training examples: what coders decided is what the next model learns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from store.coded_sets import CodedSet, read_coded_set
from store.coding import CODED, CodedLine, LineState, fold
from store.database import Database
from store.encounter_log import read_decisions, read_proposals
from store.encounters import read_record
from store.tables import CodedSetRow, EncounterRow, EncounterStatus, SuggestionRow
from suggest.records import Encounter, GoldCode, TrainingExample

GROUP = "decisions"
"""Name of the corpus that decisions make."""

_PAGE = 50


@dataclass(frozen=True, slots=True)
class DecidedExample:
    """A training example with what splits need.

    Attributes:
        example: The chart as it was when it was finalised. Gold codes are those accepted, added or put in
            place of others; not codable are those rejected or replaced; acceptable are those left.
        patient_key: Pseudonym of the patient, else a key of the encounter alone; it is the family too, so
            that the charts of a patient stay on one side of a split.
        finalised_at: When, in UTC.
        states: How many lines were accepted, added, rejected and so on.
    """

    example: TrainingExample
    patient_key: str
    finalised_at: datetime
    states: Mapping[LineState, int]


def iterate(
    database: Database, *, since: datetime | None = None, until: datetime | None = None
) -> Iterator[DecidedExample]:
    """Yields the finalised encounters, each with its latest coded set, by the moment of finalisation.

    One that is reopened meanwhile counts again when it is finalised again.

    Args:
        database: The database.
        since: Only those finalised at or after this moment.
        until: Only those finalised before this moment; by default, before now.
    """
    until = until or database.now()
    after: tuple[datetime, str] | None = None
    while True:
        # A transaction a page: a slow reader of examples holds up no checkpoint and no vacuum.
        with database.reading() as session:
            page = _page(session, since, until, after)
        yield from page
        if len(page) < _PAGE:
            return
        after = (page[-1].finalised_at, page[-1].example.encounter.id)


def _page(
    session: Session, since: datetime | None, until: datetime, after: tuple[datetime, str] | None
) -> list[DecidedExample]:
    any_set = aliased(CodedSetRow)
    latest = select(func.max(any_set.number)).where(any_set.encounter_id == EncounterRow.id).scalar_subquery()
    moment = CodedSetRow.finalised_at
    query = (
        select(EncounterRow, CodedSetRow)
        .join(CodedSetRow, CodedSetRow.encounter_id == EncounterRow.id)
        .where(EncounterRow.status == EncounterStatus.FINALISED, CodedSetRow.number == latest, moment < until)
        .order_by(moment, EncounterRow.id)
        .limit(_PAGE)
    )
    if since is not None:
        query = query.where(moment >= since)
    if after is not None:
        query = query.where(or_(moment > after[0], and_(moment == after[0], EncounterRow.id > after[1])))
    return [_example(session, row, read_coded_set(coded_set)) for row, coded_set in session.execute(query)]


def _example(session: Session, row: EncounterRow, coded_set: CodedSet) -> DecidedExample:
    encounter = read_record(session, row, last=coded_set.last_note)
    lines = _lines(session, coded_set)
    gold = tuple(_gold(line, encounter) for line in lines if line.state in CODED)
    right = {item.code.code for item in gold}
    # The two kinds of names are kept apart, so that no encounter joins a patient by chance.
    patient_key = f"encounter:{row.id}" if row.patient_id is None else f"patient:{row.patient_id}"
    example = TrainingExample(
        encounter=encounter,
        gold=gold,
        acceptable=_codes(lines, LineState.LEFT) - right,
        not_codable=_codes(lines, LineState.REJECTED, LineState.REPLACED) - right,
        family=patient_key,
        group=GROUP,
    )
    states = Counter(line.state for line in lines)
    return DecidedExample(example, patient_key, coded_set.finalised_at, states)


def _lines(session: Session, coded_set: CodedSet) -> tuple[CodedLine, ...]:
    suggestion = None
    if coded_set.suggestion is not None:
        row = session.get_one(SuggestionRow, (coded_set.encounter_id, coded_set.suggestion))
        suggestion = read_proposals(row)
    return fold(suggestion, read_decisions(session, coded_set.encounter_id, last=coded_set.last_decision))


def _gold(line: CodedLine, encounter: Encounter) -> GoldCode:
    # A note may have been superseded after it was decided on: its words are not in the chart any more.
    notes = {note.id for note in encounter.notes}
    evidence = tuple(span for span in line.evidence if span.note_id in notes)
    return GoldCode(line.code, evidence, line.modifiers, line.units, line.poa)


def _codes(lines: tuple[CodedLine, ...], *states: LineState) -> frozenset[str]:
    return frozenset(line.code.code for line in lines if line.state in states)
