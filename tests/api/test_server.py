"""Starting the server."""

from __future__ import annotations

import os

import httpx
import pytest
import uvicorn

from api.app import from_environment
from api.server import serve
from api.settings import Settings, SettingsError, load_settings


@pytest.fixture
def environment(monkeypatch):
    for name in Settings().to_environment():
        monkeypatch.setenv(name, "")
    return monkeypatch


def test_serve_gives_its_settings_to_the_workers(environment):
    calls = []
    environment.setattr(uvicorn, "run", lambda *args, **kwargs: calls.append((args, kwargs)))
    settings = Settings(port=9001, workers=3)
    serve(settings)
    ((args, kwargs),) = calls
    assert args == ("api.app:from_environment",)
    assert (kwargs["host"], kwargs["port"], kwargs["workers"]) == ("127.0.0.1", 9001, 3)
    assert kwargs["factory"]
    assert not kwargs["access_log"]
    assert load_settings(os.environ) == settings


def test_neither_server_nor_factory_serve_a_network_without_tokens(environment):
    with pytest.raises(SettingsError, match="API_TOKENS"):
        serve(Settings(host="0.0.0.0"))
    environment.setenv("CHARTCODER_HOST", "0.0.0.0")
    with pytest.raises(SettingsError, match="API_TOKENS"):
        from_environment()


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
