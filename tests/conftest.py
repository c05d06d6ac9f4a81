"""What all tests share: a compiled index that is kept between runs, the shipped model, development data."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from api.settings import VARIABLES
from suggest.code_sets.importers import open_edition, shipped_edition
from suggest.code_sets.index import CodeIndex
from suggest.pipeline import Suggester
from suggest.terminology import Terminology
from suggest.terminology_compiler import open_terminology

REPOSITORY = Path(__file__).parents[1]
SHIPPED_BUNDLE = REPOSITORY / "models" / "default"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps the settings of whoever runs the tests out of them."""
    for variable in VARIABLES:
        monkeypatch.delenv(variable.name, raising=False)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder for reading: it keeps the compiled index between runs and holds no bundles.

    Parallel workers share it; the index is compiled under a lock.
    """
    folder = REPOSITORY / ".home"
    try:
        folder.mkdir(exist_ok=True)
    except OSError:
        return tmp_path_factory.mktemp("home")
    return folder if os.access(folder, os.W_OK) else tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def index(home: Path) -> CodeIndex:
    """The edition that ships."""
    return open_edition(home, shipped_edition().name)


@pytest.fixture(scope="session")
def terminology(home: Path, index: CodeIndex) -> Terminology:
    """Its terminology with the lexicons."""
    return open_terminology(home, index)


@pytest.fixture(scope="session")
def suggester(home: Path) -> Suggester:
    """The whole program with the model that ships."""
    if not (SHIPPED_BUNDLE / "manifest.json").exists():
        pytest.fail(f"{SHIPPED_BUNDLE.relative_to(REPOSITORY)} is missing; train it: make model CODIESP=FOLDER")
    from models.loading import load_suggester

    return load_suggester(home, bundle=SHIPPED_BUNDLE)


@pytest.fixture(scope="session")
def dev_data() -> Path:
    """The development data, which is no part of the project."""
    folder = Path(os.environ.get("CHARTCODER_DEV_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the development data is not here; set CHARTCODER_DEV_DATA to its folder")
    return folder
