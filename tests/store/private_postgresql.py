"""A private PostgreSQL cluster for tests: own folder, unix socket only, run without root's rights."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

PROGRAMS = ("initdb", "postgres", "pg_isready")


class MissingError(Exception):
    """PostgreSQL cannot be started here; the message says what is missing."""


def find_programs():
    """Returns the folder with the server programs; as root on Debian, installs them where they are absent."""
    folder = _search()
    if folder is None and os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (["update"], ["install", "-y", "--no-install-recommends", "postgresql"]):
            done = subprocess.run(["apt-get", "-qq", *arguments], env=environment, capture_output=True, timeout=300)
            if done.returncode:
                raise MissingError(f"initdb is absent and apt-get {arguments[0]} failed")
        folder = _search()
    if folder is None:
        raise MissingError("initdb is absent: install Debian's package postgresql")
    return folder


def _search():
    folders = [*map(Path, os.get_exec_path()), *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    return next((f for f in folders if all((f / name).exists() for name in PROGRAMS)), None)


class Cluster:
    """Starts in a temporary folder; ``url(name)`` names its databases."""

    def __init__(self):
        self.programs = find_programs()
        if shutil.which("setpriv") is None:
            raise MissingError("setpriv is absent: install Debian's package util-linux")
        # Not below pytest's folder, which only root may enter; short, as socket paths have 107 bytes at most.
        self.folder = Path(tempfile.mkdtemp(prefix="chartcoder-pg-"))
        self.as_user = ["setpriv"]
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
            self.as_user += ["--reuid=postgres", "--regid=postgres", "--clear-groups"]
        data = str(self.folder / "data")
        # Files outlive no power cut here, but flushing stays on: the store refuses a server without.
        initdb = [self.programs / "initdb", "-D", data, "-U", "chartcoder", "-A", "trust", "-E", "UTF8"]
        self._run(*initdb, "--locale=C", "--no-sync")
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": self.folder,
            "max_connections": 60,
            "shared_buffers": "32MB",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("wb") as log:
            # If the test run is killed, the server ends with it.
            self.process = subprocess.Popen(
                [*self.as_user, "--pdeathsig=INT", self.programs / "postgres", "-D", data, *options],
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )
        self._wait()

    def url(self, name):
        return f"postgresql://chartcoder@/{name}?host={self.folder}"

    def stop(self):
        # The immediate shutdown: nothing of the folder is wanted any more.
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(30)
        shutil.rmtree(self.folder)

    def _run(self, *command):
        subprocess.run([*self.as_user, *command], check=True, capture_output=True, cwd=self.folder, timeout=60)

    def _wait(self):
        end = time.monotonic() + 30
        ready = [self.programs / "pg_isready", "-q", "-h", str(self.folder), "-U", "chartcoder"]
        while subprocess.run(ready).returncode:
            assert self.process.poll() is None, "PostgreSQL ended: " + (self.folder / "log").read_text()
            assert time.monotonic() < end, "PostgreSQL did not start within 30 seconds"
            time.sleep(0.05)
