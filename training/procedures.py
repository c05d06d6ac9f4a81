"""Trains the ranker of procedures: the same way as that of diagnoses, on rows of its own.

Phrases are learnt out of fold, trees see the rows of other charts only when probabilities are calibrated, and
thresholds are picked for each policy and code system.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from suggest.code_sets.index import CodeIndex
from suggest.mentions import LearntPhrases
from suggest.nlp import make_nlp
from suggest.pipeline import Suggester
from suggest.policy import policy_for
from suggest.procedures.finder import LearntServices
from suggest.procedures.model import ProcedureModel
from suggest.procedures.services import Services
from suggest.ranking import Calibration, Model, Ranker, calibration_group
from suggest.records import System, TrainingExample
from suggest.terminology import Terminology
from training.code_shapes import procedure_system
from training.evaluate import PROCEDURE_SYSTEMS, visit_codes
from training.fit import Untrained
from training.held_out import (
    FOLDS,
    GROUPS,
    Progress,
    best_threshold,
    calibrate,
    charts_by_policy,
    fold_of,
    held_out,
)
from training.phrases import PhraseTable, learn, read_document
from training.service_notes import service_notes
from training.trees import Shape, grow

_CLAIM_WEIGHT = 4.0
_TREES = 140
MADE_UP = 500
"""Number of made-up notes that a model for claims also learns from."""
_MADE_UP_WEIGHT = 0.5
_MADE_UP_SHARE = 2  # at most so many for each chart
_USUAL = 0.45  # threshold that a policy and system without charts has
_DOUBT = 60  # number of right codes that weigh as much as the usual threshold
_RANKER = Shape(learning_rate=0.08, leaves=24, least=20, features=0.5)


@dataclass(frozen=True, slots=True)
class ProcedureRows:
    """Feature rows of several charts: one for each (chart, candidate).

    Attributes:
        values: The rows.
        right: Whether the chart carries the code.
        codes: The code of each row.
        chart: Number of the chart of each row.
        missed: Number of right codes of each chart and system that are no candidates, shape (charts, systems).
    """

    values: NDArray[np.float32]
    right: NDArray[np.bool_]
    codes: list[str]
    chart: NDArray[np.int32]
    missed: NDArray[np.int32]


def train_procedures(
    examples: Sequence[TrainingExample],
    *,
    model: Model,
    index: CodeIndex,
    terminology: Terminology,
    services: Services,
    seed: int = 0,
    trees: int = _TREES,
    made_up: int = MADE_UP,
    progress: Progress | None = None,
) -> ProcedureModel | None:
    """Trains the ranker of procedures.

    Args:
        examples: Coded charts.
        model: The model of diagnoses that it will work with: visits depend on what was diagnosed.
        index: The diagnosis codes.
        terminology: Their terms.
        services: The procedure codes.
        seed: Seed of folds and trees.
        trees: Trees of each ranker, 1 or more.
        made_up: Number of made-up notes (``training.service_notes``) that a model for claims also learns from.
        progress: Called with what is being done and the share done (0 to 1).

    Returns:
        The model, ``None`` where too few charts carry procedures.
    """
    report = progress or (lambda _name, _share: None)
    coded = [e for e in examples if any(gold.code.system in PROCEDURE_SYSTEMS for gold in e.gold)]
    claims = any(policy_for(example.encounter).status_transforms for example in coded)
    folds = np.array([fold_of(example, seed) for example in coded], dtype=np.int64)
    if len(np.unique(folds)) < FOLDS:
        return None
    nlp = make_nlp()
    if claims:  # made-up notes teach the trees; phrases, probabilities and thresholds come from charts only
        coded.extend(service_notes(services.catalogue, min(made_up, _MADE_UP_SHARE * len(coded)), seed))
        folds = np.array([fold_of(example, seed) for example in coded], dtype=np.int64)
    documents = [read_document(nlp, example, PROCEDURE_SYSTEMS) for example in coded]
    parts: list[ProcedureRows] = []
    missed = np.zeros((len(coded), len(PROCEDURE_SYSTEMS)), np.int32)
    done = 0
    for fold in range(FOLDS):
        table = learn([d for d, f, e in zip(documents, folds, coded, strict=True) if f != fold and not e.made_up])
        with_table = replace(model, procedures=_untrained(table))
        suggester = Suggester(index=index, terminology=terminology, model=with_table, services=services)
        for i in np.flatnonzero(folds == fold).tolist():
            parts.append(procedure_rows(suggester, coded[i], i))
            missed[i] = parts[-1].missed
            done += 1
            report("procedures", done / len(coded))
    rows = _join(parts, missed)
    weight = np.array([_weight(example) for example in coded])[rows.chart]
    calibrations, thresholds = _calibrate(rows, folds, coded, weight, seed, trees)
    ranker = grow(_RANKER, rows.values, rows.right, weight, seed=seed, trees=trees)
    charts = [document for document, example in zip(documents, coded, strict=True) if not example.made_up]
    return assemble_procedures(ranker, calibrations, thresholds, learn(charts))


def assemble_procedures(
    ranker: Ranker,
    calibrations: dict[str, Calibration],
    thresholds: dict[str, dict[System, float]],
    table: PhraseTable,
) -> ProcedureModel:
    """Returns a model of procedures made of its learnt parts; phrases that go with visits are left out."""
    visits = visit_codes()
    kept = np.array([table.codes[code] not in visits for code in table.code.tolist()], dtype=bool)
    owner = np.repeat(np.arange(len(table.keys)), np.diff(table.start))[kept]
    start = np.searchsorted(owner, np.arange(len(table.keys) + 1)).astype(np.int64)
    phrases = LearntPhrases(
        keys=table.keys,
        start=start,
        code=table.code[kept],
        precision=table.precision[kept],
        support=table.support[kept],
        marked=table.marked[kept],
    )
    return ProcedureModel(
        ranker=ranker,
        calibrations=calibrations,
        thresholds=thresholds,
        learnt=LearntServices(phrases, [(code, procedure_system(code)) for code in table.codes]),
        prior=dict(zip(table.codes, table.prior.tolist(), strict=True)),
        unseen_prior=table.unseen_prior,
    )


def _untrained(table: PhraseTable) -> ProcedureModel:
    return assemble_procedures(Untrained(), {}, {"default": dict.fromkeys(PROCEDURE_SYSTEMS, 1.0)}, table)


def procedure_rows(suggester: Suggester, example: TrainingExample, number: int = 0) -> ProcedureRows:
    """Returns the feature rows of a chart; codes that a coder might add as well are left out."""
    table = suggester.procedures(example.encounter).table
    gold = {g.code.code: g.code.system for g in example.gold if g.code.system in PROCEDURE_SYSTEMS}
    keep = np.array([code not in example.acceptable for code in table.codes], dtype=bool)
    codes = [code for code, kept in zip(table.codes, keep, strict=True) if kept]
    missed = [sum(s is system and code not in table.codes for code, s in gold.items()) for system in PROCEDURE_SYSTEMS]
    return ProcedureRows(
        values=table.values[keep],
        right=np.array([code in gold for code in codes], dtype=bool),
        codes=codes,
        chart=np.full(len(codes), number, np.int32),
        missed=np.array([missed], np.int32),
    )


def _join(parts: Sequence[ProcedureRows], missed: NDArray[np.int32]) -> ProcedureRows:
    """Joins the rows of charts."""
    return ProcedureRows(
        values=np.concatenate([part.values for part in parts]),
        right=np.concatenate([part.right for part in parts]),
        codes=[code for part in parts for code in part.codes],
        chart=np.concatenate([part.chart for part in parts]),
        missed=missed,
    )


def _weight(example: TrainingExample) -> float:
    if example.made_up:
        return _MADE_UP_WEIGHT
    return _CLAIM_WEIGHT if policy_for(example.encounter).status_transforms else 1.0


def _calibrate(
    rows: ProcedureRows,
    folds: NDArray[np.int64],
    examples: Sequence[TrainingExample],
    weight: NDArray[np.float64],
    seed: int,
    trees: int,
) -> tuple[dict[str, Calibration], dict[str, dict[System, float]]]:
    """Fits trees without each fold, calibrates what they say of it, and picks thresholds."""
    raw = held_out(
        lambda rest: grow(_RANKER, rows.values[rest], rows.right[rest], weight[rest], seed=seed, trees=trees),
        rows.values,
        folds[rows.chart],
    )
    groups = np.array([GROUPS.index(calibration_group(policy_for(example.encounter))) for example in examples])
    real = np.array([not example.made_up for example in examples])
    calibrations, calibrated = calibrate(raw, rows.right, groups[rows.chart], real[rows.chart])
    systems = np.array([PROCEDURE_SYSTEMS.index(procedure_system(code)) for code in rows.codes], dtype=np.int64)
    thresholds: dict[str, dict[System, float]] = {}
    for policy, charts in charts_by_policy(examples):
        mine = charts[rows.chart]
        thresholds[policy] = {
            system: _threshold(
                calibrated[mine & (systems == place)],
                rows.right[mine & (systems == place)],
                int(rows.missed[charts, place].sum()),
            )
            for place, system in enumerate(PROCEDURE_SYSTEMS)
        }
    return calibrations, thresholds


def _threshold(probability: NDArray[np.float64], right: NDArray[np.bool_], missed: int) -> float:
    """Returns the threshold with the best F1, drawn towards a usual one where few codes speak for it."""
    codes = int(right.sum()) + missed
    best = best_threshold(probability, right, missed)
    return round((codes * best + _DOUBT * _USUAL) / (codes + _DOUBT), 2)
