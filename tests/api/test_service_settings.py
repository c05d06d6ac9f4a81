"""Settings: read from the environment, checked, and given to worker processes."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from api.settings import VARIABLES, Settings, SettingsError, is_loopback, load_settings

TOKEN = "0123456789abcdef0123456789abcdef"


def test_defaults_serve_one_user_on_loopback():
    settings = load_settings({})
    assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8000, 1)
    assert settings.max_note_characters == 1_000_000
    assert settings.home.name == "chartcoder"
    settings.check_exposure()


def test_every_variable_is_read():
    settings = load_settings(
        {
            "CHARTCODER_HOST": " 0.0.0.0 ",
            "CHARTCODER_PORT": "9000",
            "CHARTCODER_HOME": "/srv/chartcoder",
            "CHARTCODER_DATABASE": "postgresql://coder:secret@db/charts",
            "CHARTCODER_BUNDLE": "/srv/model",
            "CHARTCODER_EDITION": "FY2025",
            "CHARTCODER_CPT": "off",
            "CHARTCODER_WORKERS": "4",
            "CHARTCODER_QUEUE_LIMIT": "3",
            "CHARTCODER_MAX_NOTE_CHARACTERS": "5000",
            "CHARTCODER_MAX_BODY_BYTES": "40000",
            "CHARTCODER_ALLOWED_HOSTS": "coder.example, other.example,",
            "CHARTCODER_API_TOKENS": TOKEN,
            "CHARTCODER_SESSION_IDLE_MINUTES": "15",
            "CHARTCODER_SESSION_HOURS": "8",
            "CHARTCODER_LOG_LEVEL": "WARNING".lower(),
        }
    )
    assert settings == Settings(
        host="0.0.0.0",
        port=9000,
        home=Path("/srv/chartcoder"),
        database="postgresql://coder:secret@db/charts",
        bundle=Path("/srv/model"),
        edition="FY2025",
        cpt=False,
        workers=4,
        queue_limit=3,
        max_note_characters=5000,
        max_body_bytes=40000,
        allowed_hosts=("coder.example", "other.example"),
        api_tokens=(TOKEN,),
        session_idle_minutes=15,
        session_hours=8,
        log_level="warning",
    )
    assert "secret" not in repr(settings)
    assert load_settings(settings.to_environment()) == settings


@pytest.mark.parametrize(("value", "cpt"), [("on", True), ("OFF", False), ("", True)])
def test_cpt_is_a_switch(value, cpt):
    settings = load_settings({"CHARTCODER_CPT": value})
    assert settings.cpt is cpt
    assert settings.to_environment()["CHARTCODER_CPT"] == ("on" if cpt else "off")


def test_empty_variables_take_defaults():
    assert load_settings({"CHARTCODER_PORT": "", "CHARTCODER_BUNDLE": " "}) == load_settings({})


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORT", "http", "whole number"),
        ("PORT", "0", "1 to 65535"),
        ("PORT", "70000", "1 to 65535"),
        ("WORKERS", "-1", "1 to 64"),
        ("CPT", "yes", "on or off"),
        ("QUEUE_LIMIT", "0", "1 to 1000"),
        ("MAX_NOTE_CHARACTERS", "1e6", "whole number"),
        ("MAX_BODY_BYTES", "10", "1000 to"),
        ("SESSION_IDLE_MINUTES", "0", "1 to 1440"),
        ("SESSION_HOURS", "169", "1 to 168"),
        ("LOG_LEVEL", "loud", "debug, info"),
        ("API_TOKENS", "short", "32 characters"),
        ("API_TOKENS", "\u00e9" * 40, "ASCII"),
    ],
)
def test_bad_values_are_named_with_what_is_allowed(name, value, said):
    with pytest.raises(SettingsError, match=f"CHARTCODER_{name}.*{said}") as caught:
        load_settings({f"CHARTCODER_{name}": value})
    assert name != "API_TOKENS" or value not in str(caught.value)


def test_unknown_variables_are_warned_about(caplog):
    load_settings({"CHARTCODER_PROT": "9000", "OTHER": "x"})
    assert [record.getMessage().split()[2] for record in caplog.records] == ["CHARTCODER_PROT"]
    assert "9000" not in caplog.text


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "coder.example"])
def test_a_network_address_needs_sign_in(host, tmp_path):
    with pytest.raises(SettingsError, match="CHARTCODER_API_TOKENS"):
        Settings(host=host, home=tmp_path).check_exposure()
    Settings(host=host, home=tmp_path, api_tokens=(TOKEN,)).check_exposure()


def test_the_database_lies_in_the_home_folder_unless_it_is_named(tmp_path):
    assert Settings(home=tmp_path).database_url == f"sqlite:///{tmp_path}/chartcoder.db"
    assert Settings(database="sqlite:////srv/x.db").database_url == "sqlite:////srv/x.db"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("x", False),
    ],
)
def test_loopback_is_recognised(host, expected):
    assert is_loopback(host) is expected


def test_tokens_are_not_shown():
    assert TOKEN not in repr(Settings(api_tokens=(TOKEN,)))


def test_a_wildcard_address_is_no_host_name():
    assert "0.0.0.0" not in Settings(host="0.0.0.0").hosts
    assert "192.168.1.5" in Settings(host="192.168.1.5").hosts


def test_every_setting_is_described():
    assert [variable.field for variable in VARIABLES] == [field.name for field in dataclasses.fields(Settings)]
    assert all(variable.description.endswith(".") for variable in VARIABLES)
