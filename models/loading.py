"""Puts a suggester together from what lies on disk: code index, terminology and bundle."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from models.bundle import Bundle, read_bundle
from models.registry import active
from suggest.code_sets.importers import open_edition
from suggest.edits.tables import open_tables
from suggest.errors import BundleError
from suggest.feature_names import FEATURES
from suggest.mentions import LearntPhrases
from suggest.pipeline import Suggester
from suggest.procedures.feature_names import PROCEDURE_FEATURES
from suggest.procedures.finder import LearntServices
from suggest.procedures.model import ProcedureModel
from suggest.procedures.services import open_all_services
from suggest.queries.templates import templates
from suggest.ranking import Calibration, Model
from suggest.records import System
from suggest.terminology_compiler import open_terminology

Progress = Callable[[str, float], None]
SHIPPED_EDITION = "FY2026"


def load_suggester(
    home: Path,
    *,
    bundle: Path | None = None,
    edition: str | None = None,
    cpt: bool = True,
    progress: Progress | None = None,
) -> Suggester:
    """Loads everything that a suggester needs; the first call compiles the index (some 20 s).

    Args:
        home: Data folder of the installation (``CHARTCODER_HOME``).
        bundle: Folder of a bundle, by default the promoted one, else the one that ships.
        edition: Name of an installed edition of ICD-10-CM, by default the one that ships.
        cpt: Whether CPT codes may be suggested.
        progress: Called with what is being done and the share done (0 to 1).

    Raises:
        BundleError: The bundle was altered, is of another format or was trained with other features.
        CodeSetError: The edition is not installed.
    """
    # one worker uses one core: the trees' threads would wait for each other on a busy machine
    threadpool_limits(limits=1)
    model = load_model(read_bundle(bundle or active(home)))
    name = edition or SHIPPED_EDITION
    index = open_edition(home, name, progress=progress)
    terms = open_terminology(home, index, strict=name == SHIPPED_EDITION, progress=progress)
    services = open_all_services(home, cpt=cpt) if model.procedures else None
    tables = open_tables(home, index, services.catalogue, services.pcs) if services else None
    suggester = Suggester(index=index, terminology=terms, model=model, services=services, tables=tables)
    templates()  # read now, not while the first chart waits
    # what was just loaded stays for good: the garbage collector need not walk through it at every chart
    gc.collect()
    gc.freeze()
    return suggester


def load_model(bundle: Bundle) -> Model:
    """Turns a checked bundle into the pipeline's model.

    Raises:
        BundleError: The bundle was trained with other features than this program computes.
    """
    manifest = bundle.manifest
    _check_features(manifest.name, manifest.features, FEATURES)
    learnt, words = bundle.tables["learnt"], bundle.tables["words"]
    codes = bytes(learnt["codes"]).decode().split("\n") if len(learnt["codes"]) else []
    calibrations = {
        group: Calibration(bundle.tables[f"calibration_{group}"]["raw"], bundle.tables[f"calibration_{group}"]["value"])
        for group in ("claims", "benchmark")
    }
    return Model(
        name=f"{manifest.name}@{bundle.digest[:12]}",
        ranker=bundle.estimators["ranker"],
        sequencer=bundle.estimators.get("sequencer"),
        calibrations=calibrations,
        thresholds={
            policy: by_system[System.ICD10CM.value]
            for policy, by_system in manifest.thresholds.items()
            if System.ICD10CM.value in by_system
        },
        learnt_keys=learnt["keys"],
        learnt_start=learnt["start"],
        learnt_code=learnt["code"],
        learnt_precision=learnt["precision"],
        learnt_support=learnt["support"],
        learnt_marked=learnt["marked"],
        codes=tuple(codes),
        prior=learnt["prior"],
        unseen_prior=float(np.asarray(learnt["unseen_prior"]).reshape(-1)[0]),
        known=words["known"],
        procedures=_load_procedures(bundle) if manifest.procedure_features else None,
    )


def _load_procedures(bundle: Bundle) -> ProcedureModel:
    """Returns the part of a bundle that ranks procedures."""
    manifest = bundle.manifest
    _check_features(manifest.name, manifest.procedure_features, PROCEDURE_FEATURES)
    learnt = bundle.tables["procedures_learnt"]
    pairs = [line.split(" ", 1) for line in bytes(learnt["codes"]).decode().split("\n") if line]
    codes = [(code, System(system)) for code, system in pairs]
    phrases = LearntPhrases(**{name: learnt[name] for name in LearntPhrases.__slots__})
    calibrations = {
        group: Calibration(
            bundle.tables[f"procedures_calibration_{group}"]["raw"],
            bundle.tables[f"procedures_calibration_{group}"]["value"],
        )
        for group in ("claims", "benchmark")
    }
    return ProcedureModel(
        ranker=bundle.estimators["procedures"],
        calibrations=calibrations,
        thresholds={
            policy: {System(name): value for name, value in by_system.items() if name != System.ICD10CM}
            for policy, by_system in manifest.thresholds.items()
            if len(by_system) > 1
        },
        learnt=LearntServices(phrases, codes),
        prior=dict(zip((code for code, _system in codes), learnt["prior"].tolist(), strict=True)),
        unseen_prior=float(np.asarray(learnt["unseen_prior"]).reshape(-1)[0]),
    )


def _check_features(name: str, trained: tuple[str, ...], computed: tuple[str, ...]) -> None:
    """Refuses a bundle that was trained with other features than this version computes.

    Raises:
        BundleError: The features differ.
    """
    if trained != computed:
        odd = sorted(set(trained) ^ set(computed)) or ["their order"]
        raise BundleError(
            f"bundle {name}: trained with other features than this version computes "
            f"(differing: {', '.join(odd[:5])}); train it again: chartcoder train"
        )
