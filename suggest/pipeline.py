"""One way through: an encounter goes in, a suggestion comes out."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from suggest.candidates import CandidateBuilder, Candidates
from suggest.code_sets.editions import choose_edition
from suggest.code_sets.index import CodeIndex
from suggest.edits.coded import CodedSet, coded_set
from suggest.edits.record import CodingRecord, authors_of, evidence_of
from suggest.edits.run import run_edits
from suggest.edits.tables import EditTables
from suggest.errors import BundleError
from suggest.evidence import ranked_codes
from suggest.features import CodeFeatures, FeatureMaker
from suggest.leading import lead_features
from suggest.mentions import LearntPhrases
from suggest.nlp import make_nlp
from suggest.planned import Plans
from suggest.poa import with_poa
from suggest.policy import Policy, policy_for
from suggest.procedures.services import Services
from suggest.procedures.stage import Outcome, ProcedureInput, ProcedureStage
from suggest.queries import queries
from suggest.ranking import Model
from suggest.reading import NoteReading, Reader
from suggest.records import (
    CodeLine,
    Encounter,
    Finding,
    NoteStatus,
    RankedCode,
    RunStamp,
    Severity,
    Suggestion,
)
from suggest.resolved import treated_here
from suggest.selection import select
from suggest.sequencing import sequence
from suggest.terminology import Terminology


class Suggester:
    """Suggests codes for encounters with one model, one code index and the policies that ship.

    It never loads a model or an index itself; one instance serves one thread at a time.
    """

    def __init__(
        self,
        *,
        index: CodeIndex,
        terminology: Terminology,
        model: Model,
        services: Services | None = None,
        tables: EditTables | None = None,
    ) -> None:
        """Wires the stages.

        Args:
            index: The diagnosis codes.
            terminology: Their terms.
            model: What training has learnt.
            services: Procedure codes and their terms; without them, and for a model of diagnoses only, no procedures
                are suggested.
            tables: What edits look up; without them nothing is checked.
        """
        self._index = index
        self._terms = terminology
        self._model = model
        self._services = services
        self._tables = tables
        self._procedures = ProcedureStage(services, model.procedures) if services and model.procedures else None
        learnt, unknown = _bind(model, index)
        sources = self._procedures.sources if self._procedures else ()
        self._reader = Reader(make_nlp(), index, terminology, learnt, model.known, sources)
        self._plans = Plans(index)
        self._builder = CandidateBuilder(index, terminology, unknown)
        self._features = FeatureMaker(
            index, terminology, unknown, prior=_priors(model, index, unknown), marked=model.learnt_marked
        )
        self._unknown = unknown

    @property
    def index(self) -> CodeIndex:
        """The code set that codes are checked against."""
        return self._index

    @property
    def terminology(self) -> Terminology:
        """The terms that lead to its codes."""
        return self._terms

    @property
    def tables(self) -> EditTables | None:
        """What edits look up; ``None`` where nothing is checked."""
        return self._tables

    @property
    def model(self) -> Model:
        """The model that ranks."""
        return self._model

    def suggest(self, encounter: Encounter) -> Suggestion:
        """Returns the suggestion for an encounter.

        Raises:
            PolicyError: No policy fits the encounter.
        """
        return self.decide(encounter, *self.features(encounter))

    def decide(self, encounter: Encounter, candidates: Candidates, table: CodeFeatures) -> Suggestion:
        """Ranks, selects and sequences candidates, then the procedures that the same notes name.

        Args:
            encounter: The chart.
            candidates: Its candidates.
            table: Their features, from ``table``.

        Raises:
            PolicyError: No policy fits the encounter.
        """
        policy = policy_for(encounter)
        diagnoses = self.diagnoses(encounter, candidates, table)
        procedures = Outcome()
        if self._procedures is not None:
            proposed = [line.ranked for line in diagnoses.lines]
            prepared = self._procedures.prepare(encounter, candidates.readings, proposed, policy)
            procedures = self._procedures.decide(encounter, prepared, proposed, policy)
        ranked = sorted((*diagnoses.ranked, *procedures.ranked), key=lambda code: (-code.probability, code.code.code))
        lines = (*with_poa(diagnoses.lines, encounter, candidates.readings), *procedures.lines)
        return Suggestion(
            encounter_id=encounter.id,
            ranked=tuple(ranked),
            codes=lines,
            suppressed=(*diagnoses.suppressed, *procedures.suppressed),
            findings=self._checked(encounter, lines, policy),
            queries=queries(encounter, candidates.readings, lines) if policy.billable_only else (),
            stamp=self._stamp(policy),
        )

    def diagnoses(self, encounter: Encounter, candidates: Candidates, table: CodeFeatures) -> Outcome:
        """Ranks, selects and sequences candidate diagnoses; see ``decide``."""
        policy = policy_for(encounter)
        probability = self._model.probabilities(table.values, policy)
        ranked = ranked_codes(candidates, table, probability, self._index, self._terms)
        selected = select(
            ranked,
            index=self._index,
            policy=policy,
            replaced=self.replaced(candidates),
            threshold=self._model.threshold(policy),
        )
        first = self._first_scores(selected.proposed, table)
        return Outcome(
            ranked=ranked,
            lines=sequence(selected.proposed, index=self._index, policy=policy, first=first),
            suppressed=selected.suppressed,
        )

    def procedures(self, encounter: Encounter) -> ProcedureInput:
        """Returns candidate procedures and their features: what training goes by.

        Raises:
            BundleError: The bundle or the installation has nothing for procedures.
        """
        if self._procedures is None:
            raise BundleError("this bundle was trained without procedures; train another: chartcoder train")
        policy = policy_for(encounter)
        if not policy.status_transforms:  # benchmarks code what is mentioned, whatever it was done for
            return self._procedures.prepare(encounter, self.read(encounter), (), policy)
        candidates, table = self.features(encounter)
        proposed = [line.ranked for line in self.diagnoses(encounter, candidates, table).lines]
        return self._procedures.prepare(encounter, candidates.readings, proposed, policy)

    def replaced(self, candidates: Candidates) -> dict[str, frozenset[str]]:
        """Returns the combination codes that take the place of each code where they are proposed."""
        return {self.code(part): frozenset(map(self.code, wholes)) for part, wholes in candidates.replaced.items()}

    def _first_scores(self, proposed: Sequence[RankedCode], table: CodeFeatures) -> dict[str, float]:
        probability = {code.code.code: code.probability for code in proposed}
        rows = [i for i, code in enumerate(table.codes.tolist()) if self.code(code) in probability]
        likely = np.array([probability[self.code(int(table.codes[i]))] for i in rows])
        scores = self._model.first_scores(lead_features(table.values[rows], likely))
        return {self.code(int(table.codes[i])): float(score) for i, score in zip(rows, scores, strict=True)}

    def read(self, encounter: Encounter) -> list[NoteReading]:
        """Reads the notes that count: not empty and not entered in error."""
        policy = policy_for(encounter)
        notes = [note for note in encounter.notes if note.status is not NoteStatus.ENTERED_IN_ERROR]
        read = [self._reader.read(note, i, encounter, policy) for i, note in enumerate(notes) if note.text.strip()]
        return self._plans.not_yet(treated_here(read, encounter)) if policy.status_transforms else read

    def candidates(self, encounter: Encounter, readings: list[NoteReading]) -> Candidates:
        """Returns the candidates that what was read of an encounter leads to."""
        return self._builder.build(encounter, readings, policy_for(encounter))

    def table(self, encounter: Encounter, candidates: Candidates) -> CodeFeatures:
        """Returns the features of candidates."""
        return self._features.table(candidates, encounter, policy_for(encounter))

    def features(self, encounter: Encounter) -> tuple[Candidates, CodeFeatures]:
        """Returns candidates and feature table of an encounter: what ``decide`` and training go by."""
        candidates = self.candidates(encounter, self.read(encounter))
        return candidates, self.table(encounter, candidates)

    def code(self, number: int) -> str:
        """Returns the code string of a code id."""
        count = len(self._index)
        return self._index.code(number) if number < count else self._unknown[number - count]

    def check(self, coded: CodedSet, record: CodingRecord) -> tuple[Finding, ...]:
        """Returns what the edits report of codes, whoever chose them; safe to call from any thread.

        Args:
            coded: The codes with their encounter.
            record: How they were coded.
        """
        edition = self._edition_findings(coded.encounter)
        return edition if self._tables is None else (*edition, *run_edits(coded, self._tables, record))

    def _checked(self, encounter: Encounter, lines: tuple[CodeLine, ...], policy: Policy) -> tuple[Finding, ...]:
        """What the edits say of the proposed lines; benchmarks code what no claim would hold."""
        if not policy.billable_only:
            return self._edition_findings(encounter)
        return self.check(coded_set(encounter, lines), CodingRecord(authors=authors_of(encounter, evidence_of(lines))))

    def _edition_findings(self, encounter: Encounter) -> tuple[Finding, ...]:
        _edition, message = choose_edition([self._index.edition], encounter)
        if message is None:
            return ()
        return (
            Finding(
                edit="edition",
                severity=Severity.INFO,
                codes=(),
                message=message,
                remedy="chartcoder codes import icd10cm FILE",
                source="ICD-10-CM release notes",
                edition=self._index.edition.name,
            ),
        )

    def _stamp(self, policy: Policy) -> RunStamp:
        edition = self._index.edition
        services = self._services
        return RunStamp(
            version=version("chartcoder"),
            model=self._model.name,
            editions=((edition.system, edition.name), *(services.editions if services else ())),
            index="+".join([self._terms.fingerprint, *([services.terms.fingerprint] if services else [])]),
            policy=policy.name,
            policy_hash=policy.hash,
        )


def _bind(model: Model, index: CodeIndex) -> tuple[LearntPhrases, list[str]]:
    """Gives the codes of a model their ids: rows of the index, or numbers beyond them."""
    unknown: list[str] = []
    ids = np.zeros(len(model.codes), dtype=np.int32)
    for i, code in enumerate(model.codes):
        row = index.row(code)
        if row is None:
            ids[i] = len(index) + len(unknown)
            unknown.append(code)
        else:
            ids[i] = row
    codes = ids[model.learnt_code] if len(model.learnt_code) else np.zeros(0, np.int32)
    learnt = LearntPhrases(
        keys=model.learnt_keys,
        start=model.learnt_start,
        code=codes,
        precision=model.learnt_precision,
        support=model.learnt_support,
        marked=model.learnt_marked,
    )
    return learnt, unknown


def _priors(model: Model, index: CodeIndex, unknown: Sequence[str]) -> NDArray[np.float32]:
    prior = np.full(len(index) + len(unknown), model.unseen_prior, dtype=np.float32)
    beyond = {code: len(index) + i for i, code in enumerate(unknown)}
    for code, value in zip(model.codes, model.prior.tolist(), strict=True):
        row = index.row(code)
        prior[beyond[code] if row is None else row] = value
    return prior
