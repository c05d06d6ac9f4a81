"""``chartcoder setup``: does once what the first suggestion would otherwise wait for."""

from __future__ import annotations

from cli.common import open_code_set, progress_bar


def setup() -> None:
    """Compiles the code index, with a progress bar.

    It lies under CHARTCODER_HOME. Where it is compiled already, there is nothing to do.
    """
    from api.settings import load_settings

    settings = load_settings()
    with progress_bar() as progress:
        index, _terms = open_code_set(settings.home, settings.edition, progress)
    print(f"{index.edition.system} {index.edition.name} is ready in {settings.home}")
