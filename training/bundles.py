"""Writes a trained model as a bundle with its manifest and model card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.bundle import Array, ModelManifest, TrainingCorpus, write_bundle
from suggest.feature_names import FEATURES
from suggest.policy import all_policies
from suggest.procedures.feature_names import PROCEDURE_FEATURES
from suggest.procedures.model import ProcedureModel
from suggest.ranking import Model
from suggest.records import System, TrainingExample

_CODIESP = (
    "CC BY 4.0 (CodiEsp v4, Miranda-Escalada et al., CLEF eHealth 2020; the bundle holds weights and phrase "
    "statistics, no text)"
)
_OWN = "Apache-2.0 (charts written for ChartCoder; all persons and events are invented)"


def licence_of(group: str) -> str:
    """Returns the licence of a corpus, told by the group that its loader gives to examples."""
    if group.startswith("codiesp"):
        return _CODIESP
    own = (Path(__file__).parent / "data" / "charts").glob("*.jsonl")
    return _OWN if group in {path.stem for path in own} else "the site's own"


def corpora_of(examples: Sequence[TrainingExample]) -> tuple[TrainingCorpus, ...]:
    """Returns the corpora that examples come from, with their licences."""
    counts = Counter(example.group for example in examples)
    return tuple(TrainingCorpus(name, licence_of(name), count) for name, count in sorted(counts.items()))


def save_model(
    folder: Path,
    model: Model,
    *,
    policy: str,
    seed: int,
    created: str,
    corpora: tuple[TrainingCorpus, ...],
    metrics: Mapping[str, Any],
    split: Mapping[str, Any] | None = None,
) -> ModelManifest:
    """Writes a model as a new bundle.

    Args:
        folder: Where the bundle shall be; must not exist. Its name becomes the bundle's name.
        model: The trained model.
        policy: Name of the policy that it was trained for.
        seed: Seed of the training run.
        created: ISO 8601 time that the manifest names.
        corpora: What it learnt from.
        metrics: Evaluation results to keep with it.
        split: How decisions were split (``training.examples.DecisionSplit.report``), where it learnt from any.

    Raises:
        BundleError: The folder exists or cannot be written.
    """
    manifest = ModelManifest(
        name=folder.name,
        created=created,
        policy=policy,
        policy_hash=all_policies()[policy].hash,
        seed=seed,
        features=FEATURES,
        procedure_features=PROCEDURE_FEATURES if model.procedures else (),
        thresholds=_thresholds(model),
        corpora=corpora,
        metrics=dict(metrics),
        split=dict(split or {}),
    )
    estimators: dict[str, object] = {"ranker": model.ranker}
    if model.sequencer is not None:
        estimators["sequencer"] = model.sequencer
    if model.procedures is not None:
        estimators["procedures"] = model.procedures.ranker
    return write_bundle(folder, manifest, _arrays(model), estimators, model_card(manifest))


def _thresholds(model: Model) -> dict[str, dict[str, float]]:
    """Returns the thresholds by policy and system."""
    thresholds = {name: {System.ICD10CM.value: value} for name, value in model.thresholds.items()}
    if model.procedures is not None:
        for name, values in model.procedures.thresholds.items():
            thresholds.setdefault(name, {}).update({system.value: value for system, value in values.items()})
    return thresholds


def _procedure_arrays(procedures: ProcedureModel) -> dict[str, Mapping[str, Array]]:
    phrases, codes = procedures.learnt.phrases, procedures.learnt.codes
    prior = [procedures.prior[code] for code, _system in codes]
    arrays: dict[str, Mapping[str, Array]] = {
        "procedures_learnt": {
            "keys": phrases.keys,
            "start": phrases.start,
            "code": phrases.code,
            "precision": phrases.precision,
            "support": phrases.support,
            "marked": phrases.marked,
            "codes": np.frombuffer("\n".join(f"{code} {system}" for code, system in codes).encode(), dtype=np.uint8),
            "prior": np.array(prior, dtype=np.float32),
            "unseen_prior": np.array([procedures.unseen_prior]),
        }
    }
    for group, calibration in procedures.calibrations.items():
        arrays[f"procedures_calibration_{group}"] = {"raw": calibration.raw, "value": calibration.calibrated}
    return arrays


def _arrays(model: Model) -> dict[str, Array | Mapping[str, Array]]:
    arrays: dict[str, Array | Mapping[str, Array]] = {
        "learnt": {
            "keys": model.learnt_keys,
            "start": model.learnt_start,
            "code": model.learnt_code,
            "precision": model.learnt_precision,
            "support": model.learnt_support,
            "marked": model.learnt_marked,
            "codes": np.frombuffer("\n".join(model.codes).encode(), dtype=np.uint8),
            "prior": model.prior,
            "unseen_prior": np.array([model.unseen_prior]),
        },
        "words": {"known": model.known},
    }
    for group, calibration in model.calibrations.items():
        arrays[f"calibration_{group}"] = {"raw": calibration.raw, "value": calibration.calibrated}
    return arrays | (_procedure_arrays(model.procedures) if model.procedures else {})


def model_card(manifest: ModelManifest) -> str:
    """Returns the model card as Markdown."""
    lines = [
        f"# Model card: {manifest.name}",
        "",
        f"Made {manifest.created} by `chartcoder train` (seed {manifest.seed}), trained for the policy "
        f"`{manifest.policy}`.",
        "",
        "## What it does",
        "",
        "Gives each candidate ICD-10-CM code of an encounter a calibrated probability, from "
        f"{len(manifest.features)} features of encounter, mention and code"
        + (
            f", and each candidate CPT, HCPCS and ICD-10-PCS code from {len(manifest.procedure_features)}. "
            if manifest.procedure_features
            else ". "
        )
        + "Gradient-boosted trees "
        "(scikit-learn), isotonic calibration, phrase statistics learnt out of fold. A human coder decides; "
        "nothing is billed by it, and no feature knows of payment, groups or risk scores.",
        "",
        "## What it learnt from",
        "",
        "| corpus | charts | licence |",
        "| --- | --- | --- |",
        *(f"| {c.name} | {c.examples} | {c.licence} |" for c in manifest.corpora),
        "",
        "A model for claims also learns from made-up notes that state a few diagnoses in few words",
        "(`training/statements.py`), and from copies of charts that state further ones",
        "(`training/stated_in_charts.py`); they count for nothing in its probabilities and thresholds.",
        "",
        *_split_lines(manifest.split),
        "## How well it does",
        "",
        *_metric_lines(manifest.metrics),
        "",
        "## Limits",
        "",
        "- The charts of the project are invented; CodiEsp is machine-translated from Spanish case reports. "
        "Neither is a sample of any hospital's work: measure on your own charts before you rely on it.",
        "- Codes never seen in training are reached only by terms, lexicon and composition.",
        "- English text of US style. Scanned or handwritten notes are out of scope.",
        "- Thresholds: "
        + ", ".join(
            f"{policy} {system} {value:.2f}"
            for policy, values in sorted(manifest.thresholds.items())
            for system, value in sorted(values.items())
        ),
        "",
    ]
    return "\n".join(lines)


def _split_lines(split: Mapping[str, Any]) -> list[str]:
    if not split:
        return []
    parts = {"learnt from": split["learnt"], "held out": split["held_out"], "set aside": split["set_aside"]}
    return [
        "## How decisions were split",
        "",
        f"By {split['by']}; charts of patients on both sides are set aside on one.",
        "",
        f"| | {' | '.join(parts)} |",
        "| --- | --- | --- | --- |",
        *(
            f"| {key} | {' | '.join('-' if part[key] is None else str(part[key]) for part in parts.values())} |"
            for key in split["learnt"]
        ),
        "",
    ]


def _metric_lines(metrics: Mapping[str, Any]) -> list[str]:
    if not metrics:
        return ["No evaluation is kept with this bundle; run `chartcoder evaluate`."]
    lines = [
        "| charts | n | F1 (95 % interval) | precision | recall | MAP | recall@20 | first-listed | ECE |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, result in metrics.items():
        d = result["diagnosis"]
        low, high = d["f1_interval"] or (None, None)
        cells = [d["precision"], d["recall"], d["map"], d["recall_at_20"], d["first_listed"], d["ece"]]
        shown = " | ".join("-" if cell is None else f"{cell:.3f}" for cell in cells)
        f1 = "-" if d["f1"] is None else f"{d['f1']:.3f} ({low:.3f} to {high:.3f})"
        lines.append(f"| {name} | {result['charts']} | {f1} | {shown} |")
    return [*lines, *_procedure_lines(metrics)]


def _procedure_lines(metrics: Mapping[str, Any]) -> list[str]:
    """Returns how well procedures and visits do, where the charts carry any."""
    rows, visits = [], []
    for name, result in metrics.items():
        for system, measures in result.get("procedure", {}).items():
            if measures["recall"] is not None and measures["f1_interval"]:
                low, high = measures["f1_interval"]
                cells = (measures[key] for key in ("precision", "recall", "map", "recall_at_10", "not_codable_rate"))
                shown = " | ".join("-" if cell is None else f"{cell:.3f}" for cell in cells)
                rows.append(f"| {name} | {system} | {measures['f1']:.3f} ({low:.3f} to {high:.3f}) | {shown} |")
        seen = result.get("em", {})
        if seen.get("charts"):
            exact, near = seen["exact"], seen["within_one"]
            visits.append(f"Visits of {name} ({seen['charts']}): {exact:.3f} exact, {near:.3f} within one level.")
    if not rows:
        return []
    head = [
        "",
        "| charts | procedures | F1 (95 % interval) | precision | recall | MAP | recall@10 | not codable |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    return [*head, *rows, "", *visits]
