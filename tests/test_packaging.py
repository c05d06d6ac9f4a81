"""What is installed is what is in the repository: a wheel with its data, that works elsewhere."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[1]
PACKAGES = ("suggest", "models", "training", "store", "api", "cli")
PROBE = """
import importlib.resources
from models.registry import DEFAULT_FOLDER
from models.bundle import verify_bundle
from suggest.policy import all_policies
from suggest.lexicon import read_lexicon
print(importlib.resources.files("suggest"))
print(len(all_policies()), sum(1 for _ in read_lexicon()), verify_bundle(DEFAULT_FOLDER))
"""


def files_of(folder: Path) -> set[str]:
    return {
        str(path.relative_to(REPOSITORY))
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy: a build leaves folders behind."""
    source = tmp_path_factory.mktemp("source")
    ignore = shutil.ignore_patterns("__pycache__")
    for package in PACKAGES:
        shutil.copytree(REPOSITORY / package, source / package, ignore=ignore)
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(REPOSITORY / name, source)
    target = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", target, source],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = target.glob("chartcoder-*.whl")
    return path


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(wheel):
    with ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
    metadata = {name for name in names if ".dist-info/" in name}
    expected = set().union(*(files_of(REPOSITORY / package) for package in PACKAGES))
    assert names - metadata == expected
    assert {name.rpartition("/")[2] for name in metadata} >= {"METADATA", "LICENSE", "NOTICE", "entry_points.txt"}


def test_the_wheel_works_away_from_the_repository(wheel, tmp_path):
    with ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", PROBE], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    folder, facts = done.stdout.splitlines()
    assert Path(folder) == tmp_path / "suggest"
    policies, entries, problems = facts.split(" ", 2)
    assert int(policies) >= 4
    assert int(entries) > 5000
    assert problems == "[]"
