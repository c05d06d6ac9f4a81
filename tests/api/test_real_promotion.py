"""The running service and real bundles: promotion, rollback, and a bundle that was altered."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from api.app import create_app
from api.engine import make_engine
from api.settings import Settings
from models.bundle import MANIFEST_NAME, read_manifest
from models.registry import DEFAULT_FOLDER, Promotion, promote, rollback
from suggest.code_sets.importers import open_edition, shipped_edition

pytestmark = pytest.mark.slow


@pytest.fixture
def own_home(home, index, terminology, tmp_path):
    """A data folder with the compiled index, and a second bundle that differs from the shipped one by name."""
    del index, terminology  # they compile what is linked here
    own = tmp_path / "own"
    own.mkdir()
    for entry in home.iterdir():
        if entry.name != "models" and entry.is_dir():
            (own / entry.name).symlink_to(entry)
    folder = own / "models" / "second"
    shutil.copytree(DEFAULT_FOLDER, folder)
    manifest = replace(read_manifest(folder), name="second")
    (folder / MANIFEST_NAME).write_bytes(manifest.to_json())
    assert open_edition(own, shipped_edition().name)
    return own


def test_promotion_rollback_and_an_altered_bundle(own_home, wait_until, client_of, caplog):
    settings = Settings(home=own_home)
    engine = make_engine(settings)
    engine._poll_seconds = 0.05
    client = client_of(create_app(settings, engine), engine)
    engine.start()
    wait_until(lambda: engine.ready, seconds=120)

    def suggested():
        answer = client.suggest("A/P: 1. DM2 with peripheral neuropathy 2. HTN, at goal")
        assert answer.status_code == 200
        return answer.content

    def serve(name):
        wait_until(lambda: client.get("/v1/models").json()["serving"].startswith(f"{name}@"), seconds=120)

    before = suggested()
    shipped = json.loads(before)["stamp"]["model"].partition("@")[0]

    promote(own_home, "second")
    serve("second")
    second = suggested()
    assert json.loads(second)["codes"] == json.loads(before)["codes"]
    assert second != before

    rollback(own_home)
    serve(shipped)
    assert suggested() == before

    # The pointer as it would stand after a promotion; the bundle is altered by one byte afterwards.
    promote(own_home, "second")
    serve("second")
    rollback(own_home)
    serve(shipped)
    alter(own_home / "models" / "second" / "learnt.npz")
    append(own_home, Promotion("promote", "second", "2026-01-05T08:00:00+00:00"))
    wait_until(lambda: engine.problem, seconds=120)
    assert "learnt.npz" in client.get("/readyz").json()["problem"]
    assert "learnt.npz" in caplog.text
    assert suggested() == before
    assert client.request("POST", "/v1/models/reload").status_code == 409


def alter(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def append(home: Path, entry: Promotion) -> None:
    path = home / "models" / "active.json"
    record = json.loads(path.read_bytes())
    record["history"].append({"action": entry.action, "active": entry.active, "at": entry.at})
    path.with_name("next.json").write_text(json.dumps(record))
    path.with_name("next.json").replace(path)
