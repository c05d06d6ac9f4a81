"""``chartcoder keys``: API keys, by which programs act on behalf of users."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from cli.common import UsageError, print_rows
from cli.users import Name, open_store, user_named

app = typer.Typer(help="Makes, lists and revokes API keys.", no_args_is_help=True, rich_markup_mode=None)

_LONGEST_DAYS = 366


@app.command("add")
def add(
    user: Name,
    label: Annotated[str, typer.Option(help="What the key is for: letters, digits, . _ : -")],
    scope: Annotated[
        list[str],
        typer.Option(help="A permission, such as suggest or encounters:write; may be repeated.", show_default=False),
    ],
    days: Annotated[int, typer.Option(min=1, max=_LONGEST_DAYS, help="Days until it expires.")] = 90,
) -> None:
    """Makes a key for a user and prints it, this once, on standard output.

    A key may do what its scopes say, and never more than its user.
    """
    from api.permissions import ALL_PERMISSIONS
    from store import api_keys

    unknown = sorted(set(scope) - ALL_PERMISSIONS)
    if unknown:
        raise UsageError(f"unknown scope {unknown[0]!r}; expected some of {', '.join(sorted(ALL_PERMISSIONS))}")
    with open_store() as database:
        _, key = api_keys.issue(
            database,
            user_named(database, user).id,
            label=label,
            scopes=scope,
            expires_at=database.now() + timedelta(days=days),
            actor=None,
        )
    print(key)


@app.command("list")
def list_all() -> None:
    """Lists all keys with their state; the keys themselves cannot be read again."""
    from api import sessions
    from store import api_keys, users

    rows = [("id", "user", "label", "state", "expires", "scopes")]
    with open_store() as database:
        names = {user.id: user.name for user in users.all_users(database)}
        for key in api_keys.all_keys(database):
            if sessions.is_session(key):
                continue
            expired = key.expires_at <= database.now()
            state = "revoked" if key.revoked_at else "expired" if expired else "valid"
            expires = key.expires_at.date().isoformat()
            rows.append((key.id, names[key.user_id], key.label, state, expires, ", ".join(sorted(key.scopes))))
    print_rows(rows)


@app.command("revoke")
def revoke(key_id: Annotated[str, typer.Argument(metavar="ID", help="As 'keys list' shows it.")]) -> None:
    """Revokes a key; it is refused from now on."""
    from store import api_keys

    with open_store() as database:
        key = api_keys.revoke(database, key_id, actor=None)
    print(f"{key.label} is revoked")
