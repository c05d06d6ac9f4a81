"""A model without training for tests of the pipeline, and encounters made of a line of text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from suggest.code_sets.index import CodeIndex
from suggest.feature_names import FEATURES
from suggest.mentions import LearntPhrases
from suggest.pipeline import Suggester
from suggest.procedures.feature_names import PROCEDURE_FEATURES
from suggest.procedures.finder import LearntServices
from suggest.procedures.model import ProcedureModel
from suggest.procedures.services import Services, open_all_services
from suggest.ranking import Calibration, Model
from suggest.records import Claim, Encounter, Note, Patient, Setting, Sex, System
from suggest.terminology import Terminology

_STRENGTH = FEATURES.index("strength")
_SCORE = PROCEDURE_FEATURES.index("score")


class StrengthRanker:
    """Takes the strength of a code's best edge for its probability."""

    def predict_proba(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        strength = np.clip(rows[:, _STRENGTH].astype(np.float64), 0.0, 1.0)
        return np.column_stack([1.0 - strength, strength])


def untrained_model(**changes: Any) -> Model:
    straight = Calibration(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    parts: dict[str, Any] = {
        "name": "untrained",
        "ranker": StrengthRanker(),
        "sequencer": None,
        "calibrations": {"claims": straight, "benchmark": straight},
        "thresholds": {"default": 0.15},
        "learnt_keys": np.zeros(0, np.uint64),
        "learnt_start": np.zeros(1, np.int64),
        "learnt_code": np.zeros(0, np.int32),
        "learnt_precision": np.zeros(0, np.float32),
        "learnt_support": np.zeros(0, np.float32),
        "learnt_marked": np.zeros(0, np.float32),
        "codes": (),
        "prior": np.zeros(0, np.float32),
        "unseen_prior": -5.0,
        "known": np.zeros(0, np.uint64),
    }
    return Model(**parts | changes)


class ScoreRanker:
    """Takes the score of a procedure for its probability, and lets the best of its family go first."""

    def predict_proba(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        score = np.clip(rows[:, _SCORE].astype(np.float64), 0.0, 1.0)
        return np.column_stack([1.0 - score, score])


def untrained_procedures() -> ProcedureModel:
    straight = Calibration(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    empty = LearntPhrases(
        keys=np.zeros(0, np.uint64),
        start=np.zeros(1, np.int64),
        code=np.zeros(0, np.int32),
        precision=np.zeros(0, np.float32),
        support=np.zeros(0, np.float32),
        marked=np.zeros(0, np.float32),
    )
    return ProcedureModel(
        ranker=ScoreRanker(),
        calibrations={"claims": straight, "benchmark": straight},
        thresholds={"default": {System.CPT: 0.45, System.HCPCS: 0.45, System.ICD10PCS: 0.45}},
        learnt=LearntServices(empty, ()),
        prior={},
        unseen_prior=-5.0,
    )


@pytest.fixture(scope="session")
def services(home: Path) -> Services:
    """The procedure codes that ship."""
    return open_all_services(home)


@pytest.fixture(scope="session")
def procedure_suggester(index: CodeIndex, terminology: Terminology, services: Services) -> Suggester:
    """The whole pipeline with models that rank by strength, procedures among it."""
    model = untrained_model(procedures=untrained_procedures())
    return Suggester(index=index, terminology=terminology, model=model, services=services)


@pytest.fixture(scope="session")
def make_model() -> Callable[..., Model]:
    """Makes a model that ranks by strength; keyword arguments take the place of its parts."""
    return untrained_model


@pytest.fixture(scope="session")
def plain_suggester(index: CodeIndex, terminology: Terminology) -> Suggester:
    """The whole pipeline with a model that ranks by strength."""
    return Suggester(index=index, terminology=terminology, model=untrained_model())


@pytest.fixture(scope="session")
def chart() -> Callable[..., Encounter]:
    """Makes an encounter of the notes' texts; settings, claims and sexes as their names."""

    def make(
        *texts: str,
        setting: str = "outpatient",
        claim: str = "professional",
        policy: str | None = None,
        age: float | None = None,
        sex: str = "unknown",
        payer: str | None = None,
    ) -> Encounter:
        return Encounter(
            id="e",
            notes=tuple(Note(f"n{i}", text) for i, text in enumerate(texts)),
            setting=Setting(setting),
            claim=Claim(claim),
            payer=payer,
            policy=policy,
            patient=Patient(age, Sex(sex)),
        )

    return make
