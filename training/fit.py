"""Trains the ranker: learns phrases, builds feature rows out of fold, fits trees, calibrates, picks thresholds.

The rows that the trees see carry statistics of other charts only (leave-fold-out): else they would learn to
trust phrases that merely remember the chart at hand. Folds keep the charts of a family together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from suggest.code_sets.index import CodeIndex
from suggest.leading import lead_features, may_lead
from suggest.nlp import make_nlp
from suggest.pipeline import Suggester
from suggest.policy import policy_for
from suggest.ranking import Calibration, Model, Ranker, calibration_group
from suggest.records import System, TrainingExample
from suggest.terminology import Terminology
from training.excerpts import excerpts
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
from training.phrases import PhraseDocument, PhraseTable, learn, read_document
from training.stated_in_charts import stated_in_charts
from training.statements import statements
from training.trees import Shape, grow

TREES = 110
"""Trees of a model that is meant for use; fewer train faster and rank worse."""
# charts under claim policies are what the shipped model is for; they are fewer than those of a benchmark
_CLAIM_WEIGHT = 8.0
STATEMENTS = 800
"""Number of made-up diagnostic statements that a model for claims also learns from."""
_STATEMENT_WEIGHT = 0.75
_COPIES = 1
"""Number of copies of each chart with further diagnoses stated that a model for claims also learns from."""
_LIKELY = 0.25
_RANKER = Shape(learning_rate=0.12, leaves=48, least=30, features=0.5)
_SEQUENCER = Shape(learning_rate=0.03, leaves=8, least=15, features=0.4)
_SEQUENCER_TREES = 200


@dataclass(frozen=True, slots=True)
class Rows:
    """Feature rows of several charts.

    Attributes:
        values: One row for each (chart, candidate code).
        right: Whether the chart carries the code.
        chart: Number of the chart of each row.
        made_up: Whether that is one of ``training.statements``.
        group: Calibration group of each row (index into ``GROUPS``).
        weight: Weight of each row in fitting.
        first: Whether the chart lists the code first.
        codes: The code of each row.
        missed: Number of right codes of each chart that are no candidates.
    """

    values: NDArray[np.float32]
    right: NDArray[np.bool_]
    first: NDArray[np.bool_]
    codes: list[str]
    chart: NDArray[np.int32]
    made_up: NDArray[np.bool_]
    group: NDArray[np.int8]
    weight: NDArray[np.float32]
    missed: NDArray[np.int32]


def train(
    examples: Sequence[TrainingExample],
    *,
    index: CodeIndex,
    terminology: Terminology,
    name: str,
    seed: int = 0,
    trees: int = TREES,
    made_up: int = STATEMENTS,
    rejected_weight: float = 1.0,
    progress: Progress | None = None,
) -> Model:
    """Trains a model.

    Args:
        examples: Coded charts.
        index: The code set.
        terminology: Its terminology.
        name: Name of the model, for run stamps.
        seed: Seed of folds and trees.
        trees: Trees of each ranker, 1 or more.
        made_up: Number of made-up diagnostic statements (``training.statements``) that a model for claims also
            learns from; with any, it learns from copies of the charts that state more (``training.stated_in_charts``).
        rejected_weight: How much a code that a chart lists as not codable weighs in fitting, against 1 for any
            other code that the chart does not carry.
        progress: Called with what is being done and the share done (0 to 1).

    Returns:
        The model, with calibrations and thresholds learnt out of fold.
    """
    report = progress or (lambda _name, _share: None)
    nlp = make_nlp()
    documents = []
    for i, example in enumerate(examples):
        documents.append(read_document(nlp, example))
        report("phrases", (i + 1) / len(examples))
    known = np.unique(np.concatenate([document.words for document in documents]))
    # excerpts teach the trees; the phrase statistics count whole charts only
    examples = [*examples, *(excerpt for example in examples for excerpt in excerpts(example))]
    if any(policy_for(example.encounter).status_transforms for example in examples):
        copies = _COPIES if made_up else 0
        more = stated_in_charts(examples[: len(documents)], index, terminology, copies, seed)
        examples = [*examples, *statements(index, terminology, made_up, seed, examples), *more]
    folds = np.array([fold_of(example, seed) for example in examples])
    rows = _out_of_fold(examples, documents, folds, known, index, terminology, rejected_weight, report)
    calibrations, thresholds, probability = _calibrate(rows, folds, examples, seed, trees, report)
    report("final trees", 0.0)
    ranker = grow(_RANKER, rows.values, rows.right, rows.weight, seed=seed, trees=trees)
    report("final trees", 1.0)
    sequencer = _fit_sequencer(rows, probability, index, seed, charts=len(documents))
    return assemble(name, ranker, calibrations, thresholds, learn(documents), known, sequencer=sequencer)


def assemble(
    name: str,
    ranker: Ranker,
    calibrations: dict[str, Calibration],
    thresholds: dict[str, float],
    table: PhraseTable,
    known: NDArray[np.uint64],
    *,
    sequencer: Ranker | None = None,
) -> Model:
    """Returns a model made of its learnt parts."""
    return Model(
        name=name,
        ranker=ranker,
        sequencer=sequencer,
        calibrations=calibrations,
        thresholds=thresholds,
        learnt_keys=table.keys,
        learnt_start=table.start,
        learnt_code=table.code,
        learnt_precision=table.precision,
        learnt_support=table.support,
        learnt_marked=table.marked,
        codes=table.codes,
        prior=table.prior,
        unseen_prior=table.unseen_prior,
        known=known,
    )


class Untrained:
    """Stands for the ranker while features are computed."""

    def predict_proba(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Returns zeros."""
        return np.zeros((len(rows), 2))


def _out_of_fold(
    examples: Sequence[TrainingExample],
    documents: Sequence[PhraseDocument],
    folds: NDArray[np.int64],
    known: NDArray[np.uint64],
    index: CodeIndex,
    terminology: Terminology,
    rejected_weight: float,
    report: Progress,
) -> Rows:
    """Computes the rows of every chart with phrases learnt from the other folds.

    ``documents`` are those of the first examples; excerpts behind them have none.
    """
    parts: list[tuple[ChartRows, int, int]] = []
    missed = np.zeros(len(examples), np.int32)
    done = 0
    for fold in range(FOLDS):
        table = learn([document for document, f in zip(documents, folds, strict=False) if f != fold])
        model = assemble("fold", Untrained(), {}, {"default": 1.0}, table, known)
        suggester = Suggester(index=index, terminology=terminology, model=model)
        for i in np.flatnonzero(folds == fold).tolist():
            rows = chart_rows(suggester, examples[i])
            parts.append((rows, i, GROUPS.index(calibration_group(policy_for(examples[i].encounter)))))
            missed[i] = rows.missed
            done += 1
            report("rows", done / len(examples))
    sizes = [len(rows.values) for rows, _chart, _group in parts]
    group = np.repeat([group for _rows, _chart, group in parts], sizes).astype(np.int8)
    chart = np.repeat([chart for _rows, chart, _group in parts], sizes).astype(np.int32)
    made_up = np.array([example.made_up for example in examples])[chart]
    rejected = np.concatenate([rows.rejected for rows, _chart, _group in parts])
    weight = np.where(group == GROUPS.index("claims"), _CLAIM_WEIGHT, 1.0) * np.where(rejected, rejected_weight, 1.0)
    weight *= np.where(made_up, _STATEMENT_WEIGHT, 1.0)
    return Rows(
        values=np.concatenate([rows.values for rows, _chart, _group in parts]),
        right=np.concatenate([rows.right for rows, _chart, _group in parts]),
        first=np.concatenate([rows.first for rows, _chart, _group in parts]),
        codes=[code for rows, _chart, _group in parts for code in rows.codes],
        chart=chart,
        made_up=made_up,
        group=group,
        weight=weight.astype(np.float32),
        missed=missed,
    )


@dataclass(frozen=True, slots=True)
class ChartRows:
    """Feature rows of one chart; ``rejected`` are codes that it lists as not codable, for the others see ``Rows``."""

    values: NDArray[np.float32]
    right: NDArray[np.bool_]
    first: NDArray[np.bool_]
    rejected: NDArray[np.bool_]
    codes: list[str]
    missed: int


def chart_rows(suggester: Suggester, example: TrainingExample) -> ChartRows:
    """Returns the feature rows of a chart.

    Codes that a coder might add as well (``acceptable``) are left out: they are neither right nor wrong.
    """
    _candidates, table = suggester.features(example.encounter)
    names = [suggester.code(code) for code in table.codes.tolist()]
    gold = [gold.code.code for gold in example.gold if gold.code.system is System.ICD10CM]
    keep = np.array([name not in example.acceptable for name in names], dtype=bool)
    right = np.array([name in gold for name in names], dtype=bool)
    first = np.array([name == gold[0] if gold else False for name in names], dtype=bool)
    rejected = np.array([name in example.not_codable for name in names], dtype=bool)
    return ChartRows(
        values=table.values[keep],
        right=right[keep],
        first=first[keep],
        rejected=rejected[keep],
        codes=[name for name, kept in zip(names, keep, strict=True) if kept],
        missed=len(set(gold) - set(names)),
    )


def _fit_sequencer(
    rows: Rows, probability: NDArray[np.float64], index: CodeIndex, seed: int, *, charts: int
) -> HistGradientBoostingClassifier | None:
    """Learns which of the codes that would be proposed is listed first; ``None`` without sequenced charts.

    Benchmarks list codes in no order, so only charts under claim policies count; nor do excerpts (those
    behind the first ``charts`` charts), whose first code may be any.
    """
    claims = rows.group == GROUPS.index("claims")
    mine = claims & (rows.chart < charts) & (rows.right | (probability >= _LIKELY))
    if rows.first[mine].sum() < 2 * FOLDS:
        return None
    values, first = [], []
    for chart in np.unique(rows.chart[mine]).tolist():
        own = np.flatnonzero(mine & (rows.chart == chart))
        # what a guideline puts behind another code is never asked about
        free = np.array(may_lead([rows.codes[i] for i in own.tolist()], index))
        values.append(lead_features(rows.values[own], probability[own])[free])
        first.append(rows.first[own][free])
    return grow(_SEQUENCER, np.concatenate(values), np.concatenate(first), seed=seed, trees=_SEQUENCER_TREES)


def _calibrate(
    rows: Rows,
    folds: NDArray[np.int64],
    examples: Sequence[TrainingExample],
    seed: int,
    trees: int,
    report: Progress,
) -> tuple[dict[str, Calibration], dict[str, float], NDArray[np.float64]]:
    """Fits trees without each fold, calibrates what they say of it, and picks each policy's threshold.

    What is made up says nothing of how often a code is right: it is left out of calibration and thresholds.

    Returns:
        Calibrations by group, thresholds by policy, and the calibrated out-of-fold probability of each row.
    """
    raw = held_out(
        lambda rest: grow(_RANKER, rows.values[rest], rows.right[rest], rows.weight[rest], seed=seed, trees=trees),
        rows.values,
        folds[rows.chart],
        report,
    )
    calibrations, calibrated = calibrate(raw, rows.right, rows.group, ~rows.made_up)
    thresholds = {}
    for policy, charts in charts_by_policy(examples):
        mine = charts[rows.chart]
        thresholds[policy] = best_threshold(calibrated[mine], rows.right[mine], int(rows.missed[charts].sum()))
    return calibrations, thresholds, calibrated
