"""The registry: which bundle is active, and how that changes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from models import registry
from models.bundle import ModelManifest, write_bundle
from suggest.errors import BundleError

MANIFEST = ModelManifest(
    name="m1",
    created="2026-05-01",
    policy="p",
    policy_hash="ab",
    seed=0,
    features=(),
    thresholds={},
    corpora=(),
)


def add(home, name, *, manifest_name=None):
    write_bundle(home / "models" / name, replace(MANIFEST, name=manifest_name or name), {}, {}, "# card\n")


@pytest.fixture
def home(tmp_path, monkeypatch):
    shipped = tmp_path / "installed" / "default"
    write_bundle(shipped, replace(MANIFEST, name="chartcoder-1"), {}, {}, "# card\n")
    monkeypatch.setattr(registry, "DEFAULT_FOLDER", shipped)
    home = tmp_path / "home"
    for name in ("m1", "m2", "m3"):
        add(home, name)
    return home


def history(home):
    return [(entry.action, entry.active) for entry in registry.read_history(home)]


def test_the_shipped_bundle_is_active_without_a_home(home, tmp_path):
    assert registry.active(tmp_path / "nowhere") == registry.DEFAULT_FOLDER
    assert [item.name for item in registry.list_bundles(tmp_path / "nowhere")] == ["default"]


def test_listing_names_all_bundles_and_the_active_one(home):
    registry.promote(home, "m2")
    (home / "models" / ".m4.half-written").mkdir()
    (home / "models" / "default").mkdir()
    (home / "models" / "broken").mkdir()
    listed = registry.list_bundles(home)
    assert [(item.name, item.active) for item in listed] == [
        ("default", False), ("broken", False), ("m1", False), ("m2", True), ("m3", False)
    ]  # fmt: skip
    assert listed[0].manifest is not None
    assert listed[0].manifest.name == "chartcoder-1"
    assert listed[1].manifest is None
    assert "manifest.json is missing" in listed[1].problem


def test_promotion_switches_and_is_recorded(home):
    assert registry.promote(home, "m1") == home / "models" / "m1"
    assert registry.promote(home, "m2") == registry.active(home) == home / "models" / "m2"
    assert history(home) == [("promote", "m1"), ("promote", "m2")]
    assert all(entry.at.endswith("+00:00") for entry in registry.read_history(home))
    assert {path.name for path in (home / "models").iterdir()} == {"m1", "m2", "m3", "active.json", ".lock"}


def test_promoting_the_active_bundle_changes_nothing(home):
    registry.promote(home, "m1")
    before = (home / "models" / "active.json").read_bytes()
    assert registry.promote(home, "m1") == home / "models" / "m1"
    assert (home / "models" / "active.json").read_bytes() == before


def test_roll_back_goes_back_step_by_step(home):
    for name in ("m1", "m2", "m3"):
        registry.promote(home, name)
    assert [registry.rollback(home).name for _ in range(3)] == ["m2", "m1", "default"]
    assert registry.active(home) == registry.DEFAULT_FOLDER
    with pytest.raises(BundleError, match="no earlier bundle"):
        registry.rollback(home)
    assert history(home)[3:] == [("rollback", "m2"), ("rollback", "m1"), ("rollback", "default")]


def test_roll_back_after_a_new_promotion_skips_what_was_rolled_back(home):
    registry.promote(home, "m1")
    registry.promote(home, "m2")
    registry.rollback(home)
    registry.promote(home, "m3")
    assert registry.rollback(home).name == "m1"


def test_the_shipped_bundle_can_be_promoted_again(home):
    registry.promote(home, "m1")
    assert registry.promote(home, "default") == registry.DEFAULT_FOLDER
    assert registry.rollback(home).name == "m1"


def test_roll_back_without_a_promotion_is_refused(home):
    with pytest.raises(BundleError, match="no earlier bundle"):
        registry.rollback(home)


def test_a_damaged_bundle_is_not_promoted(home):
    registry.promote(home, "m1")
    (home / "models" / "m2" / "card.md").write_text("# lard\n")
    with pytest.raises(BundleError, match=r"m2 is not promoted: card\.md has been altered"):
        registry.promote(home, "m2")
    assert registry.active_name(home) == "m1"


def test_a_damaged_predecessor_is_not_rolled_back_to(home):
    registry.promote(home, "m1")
    registry.promote(home, "m2")
    (home / "models" / "m1" / "card.md").unlink()
    with pytest.raises(BundleError, match=r"m1 .*card\.md is missing"):
        registry.rollback(home)
    assert registry.active_name(home) == "m2"


def test_a_bundle_under_another_name_is_not_promoted(home):
    add(home, "renamed", manifest_name="original")
    with pytest.raises(BundleError, match="names it 'original'"):
        registry.promote(home, "renamed")


@pytest.mark.parametrize("name", ["", "..", "../m1", "a/b", "/m1", "M1", ".m1"])
def test_names_that_lead_elsewhere_are_refused(home, name):
    with pytest.raises(BundleError, match="no name of a bundle"):
        registry.promote(home, name)


def test_a_missing_bundle_is_not_promoted(home):
    with pytest.raises(BundleError, match="no such folder"):
        registry.promote(home, "m9")


def test_a_missing_active_bundle_is_named(home):
    registry.promote(home, "m1")
    (home / "models" / "m1").rename(home / "models" / "gone")
    with pytest.raises(BundleError, match="active bundle 'm1' is missing; restore"):
        registry.active(home)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"format": 2, "history": []}',
        '{"format": 1}',
        '{"format": 1, "history": [{"action": "promote"}]}',
        json.dumps({"format": 1, "history": [{"action": "promote", "active": "../x", "at": ""}]}),
        json.dumps({"format": 1, "history": [{"action": "erase", "active": "m1", "at": ""}]}),
    ],
)
def test_a_malformed_pointer_is_refused_and_kept(home, content):
    pointer = home / "models" / "active.json"
    pointer.write_text(content)
    for act in (registry.active, registry.rollback, lambda home: registry.promote(home, "m1")):
        with pytest.raises(BundleError, match=r"active\.json is malformed"):
            act(home)
    assert pointer.read_text() == content


def test_a_crash_while_writing_keeps_the_old_pointer(home, monkeypatch):
    registry.promote(home, "m1")

    def crash(*_):
        raise OSError("disk full")

    monkeypatch.setattr("models.files.os.fsync", crash)
    with pytest.raises(OSError, match="disk full"):
        registry.promote(home, "m2")
    assert registry.active_name(home) == "m1"
    assert {path.name for path in (home / "models").iterdir()} == {"m1", "m2", "m3", "active.json", ".lock"}
