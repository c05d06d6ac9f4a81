"""``chartcoder users`` and ``chartcoder keys``."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest

from api import sessions
from api.settings import load_settings
from store import api_keys, users
from store.database import open_database

PASSWORD = "seven-pale-herons-wade"


@pytest.fixture
def type_in(monkeypatch):
    """Gives the next commands these lines on standard input."""
    return lambda *lines: monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


@pytest.fixture
def anna(run, type_in):
    """Adds a user; returns the database that the commands use."""
    type_in(PASSWORD)
    assert run("users", "add", "Anna", "--role", "coder").code == 0
    database = open_database(load_settings().database_url)
    yield database
    database.close()


def test_a_user_is_added_and_listed(run, anna):
    user = users.verify_password(anna, "anna", PASSWORD)
    assert {role.value for role in user.roles} == {"coder"}
    assert PASSWORD not in run("users", "list").out
    assert run("users", "list").out.splitlines()[1].split() == ["anna", "coder", "active", "yes", user.id]


def test_a_password_is_asked_for_twice_on_a_terminal(run, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stdin", Terminal())
    given = iter([PASSWORD, "another-one-altogether", PASSWORD, PASSWORD])
    monkeypatch.setattr("getpass.getpass", lambda _prompt: next(given))
    refused = run("users", "add", "anna", "--role", "coder")
    assert (refused.code, "differ" in refused.err) == (2, True)
    assert run("users", "add", "anna", "--role", "coder").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["users", "add", "anna", "--role", "lead"], "user with this name"),
        (["users", "add", "bert", "--role", "king"], "unknown role 'king'"),
        (["users", "add", "a b", "--role", "coder"], "user name"),
        (["users", "roles", "bert", "--role", "coder"], "no user with this name"),
        (["users", "password", "bert"], "no user with this name"),
        (["users", "disable", "bert"], "no user with this name"),
        (["keys", "add", "bert", "--label", "x", "--scope", "suggest"], "no user with this name"),
        (["keys", "add", "anna", "--label", "x", "--scope", "king"], "unknown scope 'king'"),
        (["keys", "add", "anna", "--label", "a b", "--scope", "suggest"], "label"),
        (["keys", "revoke", "none"], "no API key"),
    ],
)
def test_what_does_not_fit_is_said(run, anna, type_in, arguments, said):
    type_in(PASSWORD)
    done = run(*arguments)
    assert done.code == 2
    assert said in done.err
    assert len(done.err.splitlines()) == 1


def test_a_short_password_is_refused_and_not_repeated(run, type_in):
    type_in("zebrafish")
    done = run("users", "add", "anna", "--role", "coder")
    assert done.code == 2
    assert "15 to 256" in done.err
    assert "zebrafish" not in done.err


def test_roles_password_and_state_are_changed(run, anna, type_in):
    user = users.find(anna, "anna")
    lifetime = sessions.Lifetime(timedelta(minutes=30), timedelta(hours=1))
    _, token = sessions.begin(anna, user, lifetime)
    assert "administrator, lead" in run("users", "roles", "anna", "--role", "lead", "--role", "administrator").out
    type_in("nine-brown-otters-dive")
    assert run("users", "password", "anna").code == 0
    assert users.verify_password(anna, "anna", "nine-brown-otters-dive") is not None
    assert sessions.read(anna, token) is None
    assert run("users", "disable", "anna").code == 0
    assert "disabled" in run("users", "list").out
    assert run("users", "enable", "anna").code == 0
    assert users.find(anna, "anna").active


def test_a_key_is_printed_once_listed_and_revoked(run, anna):
    assert "keys add" in run("users", "add", "feed", "--role", "service", "--no-password").out
    sessions.begin(anna, users.find(anna, "anna"), sessions.Lifetime(timedelta(minutes=30), timedelta(hours=1)))
    made = run("keys", "add", "feed", "--label", "ehr", "--scope", "suggest", "--scope", "encounters:write")
    key = made.out.strip()
    user, known = api_keys.verify(anna, key)
    assert (user.name, known.scopes) == ("feed", {"suggest", "encounters:write"})
    listed = run("keys", "list").out.splitlines()
    assert len(listed) == 2
    assert listed[1].split()[:4] == [known.id, "feed", "ehr", "valid"]
    assert key not in run("keys", "list").out
    assert run("keys", "revoke", known.id).code == 0
    assert api_keys.verify(anna, key) is None
    assert "revoked" in run("keys", "list").out
