"""``chartcoder setup``: does once what the first suggestion would otherwise wait for."""

from __future__ import annotations

from cli.common import progress_bar


def setup() -> None:
    """Compiles the code index and checks the model, with a progress bar.

    The index lies under CHARTCODER_HOME and is compiled once for each edition and version (some 30 seconds).
    """
    from api.settings import load_settings
    from models.loading import load_suggester

    settings = load_settings()
    with progress_bar() as progress:
        load_suggester(settings.home, bundle=settings.bundle, edition=settings.edition, progress=progress)
    print(f"chartcoder is set up in {settings.home}")
