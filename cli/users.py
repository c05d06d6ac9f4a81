"""``chartcoder users``: who may sign in."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from cli.common import UsageError, print_rows

if TYPE_CHECKING:
    from store.database import Database
    from store.tables import Role
    from store.users import User

app = typer.Typer(
    help="Adds users, changes their passwords, shuts them out.", no_args_is_help=True, rich_markup_mode=None
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="What the user signs in with.")]
Roles = Annotated[
    list[str],
    typer.Option(
        "--role",
        metavar="ROLE",
        help="coder, lead, auditor, data-scientist, administrator or service; may be repeated.",
        show_default=False,
    ),
]


@contextmanager
def open_store() -> Iterator[Database]:
    """Opens the database that the service uses, CHARTCODER_DATABASE.

    Raises:
        DatabaseError: It cannot be opened.
    """
    from api.settings import load_settings
    from store.database import open_database

    database = open_database(load_settings().database_url)
    try:
        yield database
    finally:
        database.close()


def user_named(database: Database, name: str) -> User:
    """Returns the user of a name.

    Raises:
        UsageError: There is none.
    """
    from store import users

    found = users.find(database, name)
    if found is None:
        raise UsageError("there is no user with this name; list them: chartcoder users list")
    return found


@app.command("add")
def add(
    name: Name,
    role: Roles,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="The user never signs in and only has API keys.")
    ] = False,
) -> None:
    """Adds a user; asks for the password, or reads it from standard input.

    The first user ends single-user mode: from then on everyone signs in.
    """
    from store import users

    wanted = _roles(role)
    password = None if no_password else _read_password()
    with open_store() as database:
        user = users.create(database, name, roles=wanted, password=password, actor=None)
    print(f"{user.name} may sign in" if password else f"{user.name} is added; make a key: chartcoder keys add")


@app.command("list")
def list_all() -> None:
    """Lists all users with their roles."""
    from store import users

    rows = [("name", "roles", "state", "password", "id")]
    with open_store() as database:
        for user in users.all_users(database):
            state = "active" if user.active else "disabled"
            password = "yes" if user.has_password else "-"
            rows.append((user.name, ", ".join(sorted(user.roles)), state, password, user.id))
    print_rows(rows)


@app.command("disable")
def disable(name: Name) -> None:
    """Shuts a user out at once; what the user did stays."""
    from api import sessions
    from store import users

    with open_store() as database:
        user = user_named(database, name)
        users.deactivate(database, user.id, actor=None)
        sessions.end(database, user.id)
    print(f"{user.name} is shut out")


@app.command("enable")
def enable(name: Name) -> None:
    """Lets a user in again who was disabled."""
    from store import users

    with open_store() as database:
        user = user_named(database, name)
        users.activate(database, user.id, actor=None)
    print(f"{user.name} may act again")


@app.command("roles")
def roles(name: Name, role: Roles) -> None:
    """Gives a user these roles and no others."""
    from store import users

    with open_store() as database:
        user = users.set_roles(database, user_named(database, name).id, _roles(role), actor=None)
    print(f"{user.name}: {', '.join(sorted(user.roles))}")


@app.command("password")
def password(name: Name) -> None:
    """Sets a new password, which is asked for or read from standard input; ends the user's sessions."""
    from api import sessions
    from store import users

    with open_store() as database:
        user = user_named(database, name)
        users.set_password(database, user.id, _read_password(), actor=None)
        sessions.end(database, user.id)
    print(f"{user.name} has a new password")


def _roles(names: Sequence[str]) -> list[Role]:
    from store.tables import Role

    unknown = sorted(set(names) - set(Role))
    if unknown:
        raise UsageError(f"unknown role {unknown[0]!r}; expected one or more of {', '.join(Role)}")
    return [Role(name) for name in names]


def _read_password() -> str:
    """Asks twice on a terminal; else takes a line of standard input, never an argument that others could see."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    given = getpass.getpass("Password (15 characters or more): ")
    if getpass.getpass("Again: ") != given:
        raise UsageError("the two passwords differ; nothing was changed")
    return given
