"""Starting the service from the command line."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest

import api.server
import cli.serve


@pytest.fixture
def served(monkeypatch):
    """Notes the settings with which the service would run; nothing is started or announced."""
    calls = []
    monkeypatch.setattr(api.server, "serve", calls.append)
    monkeypatch.setattr(cli.serve, "_announce", lambda _host, _port: None)
    return calls


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def free_port() -> int:
    with taken_port() as port:
        return port


def test_options_override_settings(run, served, monkeypatch, tmp_path):
    port = free_port()
    monkeypatch.setenv("CHARTCODER_WORKERS", "3")
    monkeypatch.setenv("CHARTCODER_PORT", str(port))
    assert run("serve", "--home", tmp_path).code == 0
    assert run("serve", "--workers", "2", "--port", free_port()).code == 0
    first, second = served
    assert (first.host, first.port, first.workers, first.home) == ("127.0.0.1", port, 3, tmp_path)
    assert second.workers == 2
    assert second.port != port


def test_a_port_in_use_is_a_clear_error(run, served):
    with taken_port() as port:
        done = run("serve", "--port", port)
    assert done.code == 2
    assert done.err == (
        f"chartcoder: port {port} of 127.0.0.1 is in use; end what uses it, or take another: "
        f"chartcoder serve --port {port + 1}\n"
    )
    assert served == []


def test_addresses_that_cannot_be_served_are_refused(run, served, monkeypatch):
    done = run("serve", "--host", "0.0.0.0")
    assert done.code == 2
    assert "CHARTCODER_HOST is 0.0.0.0, which other machines can reach" in done.err
    monkeypatch.setenv("CHARTCODER_API_TOKENS", "x" * 32)
    for host, message in [
        ("no such host", "host 'no such host' is unknown"),
        ("192.0.2.1", "cannot listen on port"),  # an address for documentation (RFC 5737): never this machine's
    ]:
        done = run("serve", "--host", host)
        assert done.code == 2
        assert message in done.err
    assert run("serve", "--port", "70000").code == 2
    assert served == []


def test_a_wrong_setting_is_a_clear_error(run, served, monkeypatch):
    monkeypatch.setenv("CHARTCODER_WORKERS", "many")
    done = run("serve")
    assert done.code == 2
    assert done.err == "chartcoder: CHARTCODER_WORKERS is 'many'; expected a whole number\n"


def test_the_address_is_announced_once_the_service_is_ready(capsys, monkeypatch):
    monkeypatch.setattr(cli.serve, "_POLL_SECONDS", 0.01)
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200 if len(asked) == 3 else 503)
            self.end_headers()

        def log_message(self, *_arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        cli.serve._announce("127.0.0.1", server.server_port)
        server.shutdown()
        thread.join()
    assert asked == ["/readyz"] * 3
    assert capsys.readouterr().out == f"ChartCoder is ready: http://127.0.0.1:{server.server_port}/\n"


@pytest.mark.slow
def test_the_service_starts_answers_and_ends_on_interrupt(suggester, home):
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", "from cli.main import main; main()", "serve", "--port", str(port), "--home", home],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline() == f"ChartCoder is ready: http://127.0.0.1:{port}/\n"
        chart = {"notes": [{"id": "n1", "text": "zebrafish\nAssessment: hypertension, type 2 diabetes mellitus\n"}]}
        answer = httpx.post(f"http://127.0.0.1:{port}/v1/suggestions", json=chart).json()
        assert {code["code"] for code in answer["codes"]} == {"E11.9", "I10"}
    finally:
        process.send_signal(2)
        _out, log = process.communicate(timeout=30)
    assert process.returncode in (0, 130)
    assert "Traceback" not in log
    assert "zebrafish" not in log
