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
        thresholds={name: {System.ICD10CM.value: value} for name, value in model.thresholds.items()},
        corpora=corpora,
        metrics=dict(metrics),
        split=dict(split or {}),
    )
    estimators: dict[str, object] = {"ranker": model.ranker}
    if model.sequencer is not None:
        estimators["sequencer"] = model.sequencer
    return write_bundle(folder, manifest, _arrays(model), estimators, model_card(manifest))


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
    return arrays


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
        f"{len(manifest.features)} features of encounter, mention and code. Gradient-boosted trees "
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
        "(`training/statements.py`); they count for nothing in its probabilities and thresholds.",
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
        + ", ".join(f"{p} {v[System.ICD10CM.value]:.2f}" for p, v in sorted(manifest.thresholds.items())),
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
    return lines
