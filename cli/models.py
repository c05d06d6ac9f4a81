"""``chartcoder models``: which model bundles there are and which one is active."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.common import UsageError, bundle_path, home_folder, print_rows, progress_bar
from cli.decided import difference_shown
from cli.train import CORPUS_HELP, SPLIT_HELP

if TYPE_CHECKING:
    from models.bundle import ModelManifest

app = typer.Typer(
    help="Lists, compares, checks and promotes model bundles.", no_args_is_help=True, rich_markup_mode=None
)

Bundle = Annotated[str, typer.Argument(metavar="BUNDLE", help="A name as 'models list' shows it, or a path.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="A name as 'models list' shows it.")]

_MEASURES = ("f1", "precision", "recall", "map", "recall_at_20", "first_listed", "not_codable_rate", "ece")


@app.command("list")
def list_all() -> None:
    """Lists the bundle that ships and those under CHARTCODER_HOME; '*' marks the active one."""
    from models.registry import list_bundles

    rows = [("", "name", "created", "policy", "charts", "features")]
    problems = []
    for found in list_bundles(home_folder()):
        mark, manifest = "*" * found.active, found.manifest
        if manifest is None:
            rows.append((mark, found.name, "-", "-", "-", "-"))
            problems.append(f"{found.name}: {found.problem}")
            continue
        charts = sum(corpus.examples for corpus in manifest.corpora)
        rows.append((mark, found.name, manifest.created, manifest.policy, str(charts), str(len(manifest.features))))
    print_rows(rows, right=frozenset({4, 5}))
    for problem in problems:
        print(problem)


@app.command("show")
def show(bundle: Bundle) -> None:
    """Shows the model card of a bundle, after checking it whole."""
    from models.bundle import read_bundle

    found = read_bundle(bundle_path(home_folder(), bundle))
    print(found.card)
    print(f"Digest: {found.digest}")
    print("Libraries: " + ", ".join(f"{name} {v}" for name, v in sorted(found.manifest.libraries.items())))


@app.command("compare")
def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="A name or a folder.")],
    second: Annotated[str, typer.Argument(metavar="B", help="A name or a folder.")],
    corpus: Annotated[
        str | None, typer.Option(metavar="SPEC", help=f"Measure both on these charts as well: {CORPUS_HELP}")
    ] = None,
    split: Annotated[list[str] | None, typer.Option(help=SPLIT_HELP)] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap of the interval.")] = 0,
) -> None:
    """Compares two bundles: charts learnt from, thresholds, features and measures in their manifests.

    With --corpus both are measured on the same charts: B is better or worse where the interval of the
    difference does not hold 0.
    """
    from models.bundle import read_manifest

    home = home_folder()
    one, two = (read_manifest(bundle_path(home, name)) for name in (first, second))
    left, right = _facts(one), _facts(two)
    names = list(dict.fromkeys([*left, *right]))
    print_rows([("", first, second), *((name, left.get(name, "-"), right.get(name, "-")) for name in names)])
    for label, found, others in ((first, one, two), (second, two, one)):
        extra = sorted(set(found.features) - set(others.features))
        if extra:
            print(f"features of {label} only: {', '.join(extra)}")
    if corpus:
        _compare_on(corpus, split or (), (first, second), (one, two), seed)


def _compare_on(
    corpus: str,
    splits: Sequence[str],
    names: tuple[str, str],
    manifests: tuple[ModelManifest, ModelManifest],
    seed: int,
) -> None:
    """Measures two bundles on the same charts, side by side."""
    from api.settings import load_settings
    from models.loading import load_suggester
    from training.corpora import load
    from training.evaluate import f1_difference, score
    from training.predict import predict

    settings = load_settings()
    examples = load(corpus, splits)
    runs = []
    with progress_bar() as progress:
        for name in names:
            folder = bundle_path(settings.home, name)
            suggester = load_suggester(
                settings.home, bundle=folder, edition=settings.edition, cpt=settings.cpt, progress=progress
            )
            runs.append(predict(suggester, examples, progress=progress).predictions)
    one, two = (_measures(f"{len(examples)} charts:", score(examples, run, seed=seed)) for run in runs)
    print_rows([("", *names), *((label, one[label], two[label]) for label in one)])
    print(f"F1 of {names[1]} less F1 of {names[0]}: {difference_shown(f1_difference(examples, *runs, seed=seed))}")
    groups = {example.group for example in examples}
    for name, manifest in zip(names, manifests, strict=True):
        learnt = sorted(groups & {found.name for found in manifest.corpora})
        if learnt:
            print(f"{name} learnt from charts of {', '.join(learnt)}: its measures may be too good")


@app.command("promote")
def promote(name: Name) -> None:
    """Makes a bundle the active one, after checking it whole.

    Running services load it within seconds, and answer with the one before until then.
    """
    from models.registry import promote as run

    run(home_folder(), name)
    print(f"{name} is active")


@app.command("rollback")
def rollback() -> None:
    """Makes the bundle active that the present one replaced; again, the one before that."""
    from models.registry import active_name
    from models.registry import rollback as run

    home = home_folder()
    run(home)
    print(f"{active_name(home)} is active")


@app.command("verify")
def verify(
    bundles: Annotated[
        list[str] | None,
        typer.Argument(metavar="[BUNDLE]...", help="Names or folders.  [default: all that are listed]"),
    ] = None,
) -> None:
    """Checks bundles whole: format, hash of every file, versions and types. Exit code 2 if one fails."""
    from models.bundle import verify_bundle
    from models.registry import list_bundles

    home = home_folder()
    names = bundles or [found.name for found in list_bundles(home)]
    if not names:
        raise UsageError("there is no bundle to verify; train one: chartcoder train")
    bad = []
    for name in names:
        problems = verify_bundle(bundle_path(home, name))
        print(f"{name}: {'; '.join(problems) or 'ok'}")
        bad += [name] * bool(problems)
    if bad:
        raise UsageError(f"{len(bad)} of {len(names)} bundles fail: {', '.join(bad)}")


def _facts(manifest: ModelManifest) -> dict[str, str]:
    """Returns what a comparison shows of a bundle, by label."""
    facts = {
        "created": manifest.created,
        "policy": manifest.policy,
        "seed": str(manifest.seed),
        "features": str(len(manifest.features)),
    }
    facts |= {f"charts {corpus.name}": str(corpus.examples) for corpus in manifest.corpora}
    for policy, systems in manifest.thresholds.items():
        facts |= {f"threshold {policy} {system}": f"{value:.2f}" for system, value in systems.items()}
    for name, result in manifest.metrics.items():
        facts |= _measures(name, result)
    return facts


def _measures(name: str, result: Mapping[str, Any]) -> dict[str, str]:
    from cli.evaluate import shown

    diagnosis = result.get("diagnosis", {})
    return {f"{name} {measure}": shown(diagnosis.get(measure)) for measure in _MEASURES}
