"""``chartcoder train``: a model from coded charts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.common import Progress, UsageError, bundle_path, open_code_set, progress_bar
from cli.decided import DATE, HOLDOUT_MONTHS, active_suggester, compared, print_split, read_split

if TYPE_CHECKING:
    from suggest.pipeline import Suggester
    from suggest.records import TrainingExample

CORPUS_HELP = "codiesp:FOLDER, or charts:FILE[,FILE...] with chart records; files may hold wildcards."
SPLIT_HELP = "A published split of a corpus that has them: train, dev or test. May be repeated."

_FEWEST = 10


def train(
    out: Annotated[
        str,
        typer.Option(metavar="BUNDLE", help="A new folder, or a name under CHARTCODER_HOME/models."),
    ],
    corpus: Annotated[list[str] | None, typer.Option(metavar="SPEC", help=f"{CORPUS_HELP} May be repeated.")] = None,
    split: Annotated[list[str] | None, typer.Option(help=SPLIT_HELP)] = None,
    policy: Annotated[
        str,
        typer.Option(metavar="NAME", help="Policy that the model is meant for, for its manifest."),
    ] = "professional",
    seed: Annotated[int, typer.Option(min=0, help="Seed of every random choice.")] = 0,
    evaluate: Annotated[
        list[str] | None,
        typer.Option(metavar="SPEC", help="A corpus to evaluate on, for the model card. May be repeated."),
    ] = None,
    evaluate_split: Annotated[list[str] | None, typer.Option(help="A split to evaluate on. May be repeated.")] = None,
    from_decisions: Annotated[
        bool, typer.Option("--from-decisions", help="Learn from what coders decided on finalised encounters.")
    ] = False,
    database: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where the decisions are.  [default: CHARTCODER_DATABASE]"),
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=[DATE], help="Decisions on encounters finalised from this day (UTC) on.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=[DATE], help="Decisions on encounters finalised up to this day (UTC).")
    ] = None,
    holdout_months: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="The last months of decisions are measured on and not learnt from; 0 learns from all.  "
            f"[default: {HOLDOUT_MONTHS}]",
        ),
    ] = None,
) -> None:
    """Trains a model on coded charts, decisions of coders or both, and writes it as a new bundle.

    The same charts, seed and versions of libraries give the same model; with SOURCE_DATE_EPOCH set, the same
    bytes. Nothing is promoted: see 'chartcoder models promote'.
    """
    from api.settings import load_settings
    from suggest.pipeline import Suggester
    from suggest.procedures.services import open_all_services
    from training.bundles import corpora_of, save_model
    from training.examples import HELD_OUT_METRICS, REJECTED_WEIGHT, DecisionSplit
    from training.fit import train as fit
    from training.procedures import train_procedures

    settings = load_settings()
    folder = bundle_path(settings.home, out)
    created = _created()
    _check_output(folder, policy)
    _check_sources(corpus, from_decisions, [database, since, until, holdout_months])
    decided = DecisionSplit()
    if from_decisions:
        decided = read_split(database or settings.database_url, since, until, holdout_months)
        print_split(decided)
    examples = [*decided.learnt.examples, *(_load(corpus, split or (), evidence=True) if corpus else ())]
    held_out = _held_out(evaluate or (), evaluate_split or ())
    if decided.held_out.decided:
        held_out[HELD_OUT_METRICS] = decided.held_out.examples
    _check_held_out(examples, held_out)
    _check_enough(examples)
    with progress_bar() as progress:
        index, terms = open_code_set(settings.home, settings.edition, progress)
        before = active_suggester(settings.home, settings.bundle, decided, index=index, terminology=terms)
        model = fit(
            examples,
            index=index,
            terminology=terms,
            name=folder.name,
            seed=seed,
            rejected_weight=REJECTED_WEIGHT if from_decisions else 1.0,
            progress=progress,
        )
        services = open_all_services(settings.home)
        procedures = train_procedures(
            examples, model=model, index=index, terminology=terms, services=services, seed=seed, progress=progress
        )
        model = replace(model, procedures=procedures)
        suggester = Suggester(index=index, terminology=terms, model=model, services=services)
        metrics = _evaluate(suggester, held_out, before, seed, progress)
    manifest = save_model(
        folder,
        model,
        policy=policy,
        seed=seed,
        created=created,
        corpora=corpora_of(examples),
        metrics=metrics,
        split=decided.report() if from_decisions else {},
    )
    print(f"bundle {manifest.name} learnt from {len(examples)} charts: {folder}")


def _check_sources(corpus: Sequence[str] | None, from_decisions: bool, options: Sequence[object]) -> None:
    if not corpus and not from_decisions:
        raise UsageError("there is nothing to learn from; name charts with --corpus, or take --from-decisions")
    if not from_decisions and any(option is not None for option in options):
        raise UsageError("--database, --since, --until and --holdout-months go with --from-decisions; add it")


def _created() -> str:
    """Returns the time for the manifest: that of SOURCE_DATE_EPOCH (reproducible-builds.org) or now."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not epoch:
        return datetime.now(UTC).isoformat(timespec="seconds")
    if not epoch.isdecimal() or len(epoch) > 11:
        raise UsageError(f"SOURCE_DATE_EPOCH is {epoch!r}; expected seconds since 1970-01-01 UTC")
    return datetime.fromtimestamp(int(epoch), UTC).isoformat(timespec="seconds")


def _check_output(folder: Path, policy: str) -> None:
    """Refuses before minutes of training what would be refused after them."""
    from models.manifest import BUNDLE_NAME
    from suggest.policy import all_policies

    if not BUNDLE_NAME.fullmatch(folder.name):
        raise UsageError(f"{folder.name!r} is no name of a bundle; use lower-case letters, digits, '.', '_' and '-'")
    if folder.exists():
        raise UsageError(f"{folder} exists already and bundles are never overwritten; take another name")
    if policy not in all_policies():
        raise UsageError(f"policy {policy!r} is unknown; expected one of {', '.join(all_policies())}")


def _load(specs: Sequence[str], splits: Sequence[str], *, evidence: bool = False) -> list[TrainingExample]:
    from training.corpora import load

    examples = [example for spec in specs for example in load(spec, splits, evidence=evidence)]
    if not examples:
        raise UsageError(f"no charts in {', '.join(specs)}; check the corpus")
    return examples


def _held_out(specs: Sequence[str], splits: Sequence[str]) -> dict[str, list[TrainingExample]]:
    """Returns the charts to evaluate on, by the name of their measures."""
    loaded = {spec: _load([spec], splits) for spec in specs}
    return {f"{spec.partition(':')[0]}:{_corpus_name(charts)}": charts for spec, charts in loaded.items()}


def _check_held_out(examples: Sequence[TrainingExample], held_out: dict[str, list[TrainingExample]]) -> None:
    """Refuses to report how well a model does on charts, or variants of charts, that it learnt from."""
    learnt = {(e.group, e.kin) for e in examples}
    for name, charts in held_out.items():
        common = sum((e.group, e.kin) in learnt for e in charts)
        if common:
            raise UsageError(
                f"{common} of {len(charts)} charts of {name} are (variants of) charts to learn from; evaluate on others"
            )


def _check_enough(examples: Sequence[TrainingExample]) -> None:
    """Refuses charts that cannot fill the folds from which probabilities are learnt."""
    families = len({(example.group, example.kin) for example in examples})
    if families < _FEWEST:
        raise UsageError(
            f"charts of {families} patients or families are too few to learn from, expected {_FEWEST} or more; "
            "add charts with --corpus"
        )


def _evaluate(
    suggester: Suggester,
    held_out: dict[str, list[TrainingExample]],
    before: Suggester | None,
    seed: int,
    progress: Progress,
) -> dict[str, Any]:
    from training.evaluate import score
    from training.examples import HELD_OUT_METRICS
    from training.predict import predict

    metrics: dict[str, Any] = {}
    for name, charts in held_out.items():
        # Times are left out of the bundle: the same training run shall write the same bytes.
        predictions = predict(suggester, charts, progress=progress).predictions
        metrics[name] = score(charts, predictions, seed=seed)
        if before is not None and name == HELD_OUT_METRICS:
            metrics[name]["compared"] = compared(before, charts, predictions, seed=seed)
    return metrics


def _corpus_name(charts: Sequence[TrainingExample]) -> str:
    return ",".join(sorted({example.group for example in charts}))
