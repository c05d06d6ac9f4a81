"""A server in a process of its own, with a small code index and no model: ``small_server.py PORT INDEX HOME URL``."""

import sys
from pathlib import Path
from types import SimpleNamespace

import uvicorn

from api.app import create_app
from api.engine import Engine
from api.server import KEEP_ALIVE_SECONDS
from api.settings import Settings
from suggest.code_sets.index import CodeIndex


def main():
    port, index, home, url = sys.argv[1:]
    suggester = SimpleNamespace(
        index=CodeIndex.open(Path(index)), model=SimpleNamespace(name="none"), check=lambda _coded, _record: ()
    )
    settings = Settings(port=int(port), home=Path(home), database=url)
    app = create_app(settings, Engine(lambda _progress: suggester, queue_limit=settings.queue_limit))
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )


if __name__ == "__main__":
    main()
