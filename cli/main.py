"""The command ``chartcoder``: the one place that wires everything.

Every command imports what it needs when it runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from cli import audit, check, codes, evaluate, keys, models, serve, setup, suggest, train, users
from cli.common import clear_errors, tolerate_any_encoding

app = typer.Typer(
    name="chartcoder",
    help="Reads clinical charts and suggests ICD-10-CM codes with their evidence, for a coder to decide.",
    no_args_is_help=True,
    add_completion=False,
    # Plain help and errors, at once; and no pretty tracebacks, which show values of variables.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("suggest")(suggest.suggest)
app.command("serve")(serve.serve)
app.command("setup")(setup.setup)
app.command("audit")(audit.audit)
app.command("check")(check.check)
app.add_typer(codes.app, name="codes")
app.command("train")(train.train)
app.command("evaluate")(evaluate.evaluate)
app.add_typer(models.app, name="models")
app.add_typer(users.app, name="users")
app.add_typer(keys.app, name="keys")


@app.command("version")
def version() -> None:
    """Prints the versions of the program and of Python."""
    from importlib.metadata import version as installed

    print(f"chartcoder {installed('chartcoder')} (Python {sys.version.split()[0]})")


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command; always ends with ``SystemExit``.

    Args:
        arguments: By default those of the process.
    """
    tolerate_any_encoding()
    with clear_errors():
        try:
            app(args=arguments, prog_name="chartcoder")
        finally:
            # Here, while a reader that has gone can still be dealt with.
            sys.stdout.flush()
