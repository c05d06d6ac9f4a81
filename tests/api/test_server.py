"""Starting the server."""

from __future__ import annotations

import os

import httpx
import pytest
import uvicorn

from api.app import from_environment
from api.server import serve
from api.settings import Settings, SettingsError, load_settings
from store import users
from store.database import open_database
from store.errors import DatabaseError
from store.tables import Role


@pytest.fixture
def environment(monkeypatch, tmp_path):
    for name in Settings().to_environment():
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("CHARTCODER_HOME", str(tmp_path))
    return monkeypatch


def test_serve_gives_its_settings_to_the_workers(environment, tmp_path):
    calls = []
    environment.setattr(uvicorn, "run", lambda *args, **kwargs: calls.append((args, kwargs)))
    settings = Settings(port=9001, workers=3, home=tmp_path)
    serve(settings)
    ((args, kwargs),) = calls
    assert args == ("api.app:from_environment",)
    assert (kwargs["host"], kwargs["port"], kwargs["workers"]) == ("127.0.0.1", 9001, 3)
    assert kwargs["factory"]
    assert not kwargs["access_log"]
    assert load_settings(os.environ) == settings


def test_neither_server_nor_factory_serve_a_network_without_sign_in(environment, tmp_path):
    with pytest.raises(SettingsError, match="API_TOKENS"):
        serve(Settings(host="0.0.0.0", home=tmp_path))
    environment.setenv("CHARTCODER_HOST", "0.0.0.0")
    with pytest.raises(SettingsError, match="chartcoder users add"):
        from_environment()
    database = open_database(Settings(home=tmp_path).database_url)
    users.create(database, "anna", roles=[Role.CODER], password="seven-pale-herons-wade", actor=None)
    database.close()
    assert from_environment().state.settings.host == "0.0.0.0"


def test_a_database_that_cannot_be_opened_ends_the_start(tmp_path):
    (tmp_path / "chartcoder.db").write_bytes(b"no database" * 100)
    with pytest.raises(DatabaseError):
        serve(Settings(home=tmp_path))


def test_the_application_loads_when_it_starts_and_closes_when_it_ends(client, fake, wait_until):
    import asyncio

    async def run():
        async with client.app.router.lifespan_context(client.app):
            transport = httpx.ASGITransport(app=client.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
                return (await http.get("/readyz")).status_code

    assert asyncio.run(run()) == 200
    with pytest.raises(RuntimeError, match="after shutdown"):
        client.engine._pool.submit(print)
