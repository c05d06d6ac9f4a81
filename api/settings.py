"""Settings of the service: the only place that reads the environment (``CHARTCODER_*``).

Every field of ``Settings`` is one variable; ``VARIABLES`` lists them with default and meaning, so that a test
can compare the documentation with the program.
"""

from __future__ import annotations

import ipaddress
import logging
import os
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

from platformdirs import user_data_path

from suggest.errors import ChartCoderError

PREFIX = "CHARTCODER_"
LOG_LEVELS = ("debug", "info", "warning", "error")
MIN_TOKEN_CHARACTERS = 32

_log = logging.getLogger("chartcoder.settings")
_SWITCH = {"on": True, "off": False}


class SettingsError(ChartCoderError):
    """A setting has a value that is not allowed, or settings do not go together."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable.

    Attributes:
        name: With its prefix, ``CHARTCODER_PORT``.
        field: The field of ``Settings``.
        type: Its type.
        default: As it would stand in the environment; empty for "not set".
        description: For people.
    """

    name: str
    field: str
    type: Any
    default: str
    description: str


@dataclass(frozen=True, slots=True)
class Settings:
    """What the service runs with: a field for each variable, with its description beside its type.

    Raises:
        SettingsError: A value lies outside what its variable allows.
    """

    host: Annotated[str, "Address to listen on. Others than loopback need accounts or API tokens."] = "127.0.0.1"
    port: Annotated[int, "TCP port to listen on, 1 to 65535."] = 8000
    home: Annotated[
        Path, "Folder of code indexes and models. By default a folder `chartcoder` in the user's data folder."
    ] = field(default_factory=lambda: user_data_path("chartcoder", appauthor=False))
    database: Annotated[
        str | None,
        "URL of the database, `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`; by default the file "
        "`chartcoder.db` in the home folder.",
    ] = field(default=None, repr=False)
    bundle: Annotated[Path | None, "Folder of a model bundle to use instead of the promoted one."] = None
    edition: Annotated[str | None, "Edition of ICD-10-CM, such as FY2026; by default that which ships."] = None
    cpt: Annotated[
        bool, "`on`, or `off` where the site has no licence for CPT: then no CPT code is suggested, found or taken."
    ] = True
    workers: Annotated[int, "Processes that answer requests, 1 to 64; each reads one chart at a time."] = 1
    queue_limit: Annotated[
        int, "Charts that may wait in one process, 1 to 1000, before it answers 503 with Retry-After."
    ] = 16
    max_note_characters: Annotated[
        int, "Most characters of one note, and of all notes of an encounter together, 1 to 10000000."
    ] = 1_000_000
    max_body_bytes: Annotated[
        int, "Most bytes of a request body, 1000 to 100000000. JSON may need 6 bytes for a character."
    ] = 8 * 2**20
    allowed_hosts: Annotated[
        tuple[str, ...],
        "Host names, separated by commas, under which the service is reached, besides those of loopback.",
    ] = ()
    api_tokens: Annotated[
        tuple[str, ...],
        f"Bearer tokens, separated by commas, each of {MIN_TOKEN_CHARACTERS} or more characters, for programs "
        "that only ask for suggestions and codes. Where set, there is no single-user mode.",
    ] = field(default=(), repr=False)
    session_idle_minutes: Annotated[int, "Minutes without a request after which a session ends, 1 to 1440."] = 30
    session_hours: Annotated[int, "Hours after which a session ends in any case, 1 to 168."] = 12
    log_level: Annotated[str, f"One of {', '.join(LOG_LEVELS)}."] = "info"

    def __post_init__(self) -> None:
        if not self.host:
            raise SettingsError(f"{PREFIX}HOST is empty; expected an address such as 127.0.0.1")
        for name, low, high in (
            ("port", 1, 65535),
            ("workers", 1, 64),
            ("queue_limit", 1, 1000),
            ("max_note_characters", 1, 10_000_000),
            ("max_body_bytes", 1000, 100_000_000),
            ("session_idle_minutes", 1, 1440),
            ("session_hours", 1, 168),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise SettingsError(f"{PREFIX}{name.upper()} is {value}; expected {low} to {high}")
        if self.log_level not in LOG_LEVELS:
            known = ", ".join(LOG_LEVELS)
            raise SettingsError(f"{PREFIX}LOG_LEVEL is {self.log_level!r}; expected one of {known}")
        for token in self.api_tokens:
            if len(token) < MIN_TOKEN_CHARACTERS or not token.isascii() or not token.isprintable():
                raise SettingsError(
                    f"{PREFIX}API_TOKENS holds a token of fewer than {MIN_TOKEN_CHARACTERS} characters or "
                    "with others than printable ASCII; make one: openssl rand -hex 32"
                )

    @property
    def hosts(self) -> frozenset[str]:
        """Names that a Host header may carry, lower case, without port."""
        own = () if self.host in {"0.0.0.0", "::"} else (self.host,)  # noqa: S104  (compared, not bound)
        names = ("localhost", "127.0.0.1", "::1", *own, *self.allowed_hosts)
        return frozenset(name.lower() for name in names)

    @property
    def database_url(self) -> str:
        """URL of the database."""
        return self.database or f"sqlite:///{(self.home / 'chartcoder.db').absolute()}"

    def check_exposure(self) -> None:
        """Refuses to serve charts to a network without sign-in.

        Raises:
            SettingsError: The address is not loopback, no API token is set and there is no account.
            DatabaseError: The database, which knows the accounts, cannot be opened.
        """
        if self.api_tokens or is_loopback(self.host) or _accounts_exist(self.database_url):
            return
        raise SettingsError(
            f"{PREFIX}HOST is {self.host}, which other machines can reach, and there is neither an account nor "
            f"{PREFIX}API_TOKENS; add an account: chartcoder users add NAME --role administrator, "
            "or listen on 127.0.0.1"
        )

    def to_environment(self) -> dict[str, str]:
        """Returns the variables that give these settings again, for worker processes."""
        return {variable.name: _as_text(getattr(self, variable.field)) for variable in VARIABLES}


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Reads the settings; variables that are missing or empty take their defaults.

    An unknown variable that begins with ``CHARTCODER_`` is logged as a warning: it may be a misspelling.

    Args:
        environ: The environment, by default that of the process.

    Raises:
        SettingsError: A variable has a value that is not allowed.
    """
    environ = os.environ if environ is None else environ
    known = {variable.name: variable for variable in VARIABLES}
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known:
            _log.warning("unknown setting %s is ignored; the settings are listed in docs/api.md", name)
    values: dict[str, Any] = {}
    for name, variable in known.items():
        if environ.get(name, "").strip():
            values[variable.field] = _parsed(variable, environ[name])
    return Settings(**values)


def is_loopback(host: str) -> bool:
    """Returns whether only this machine can reach ``host``."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _accounts_exist(url: str) -> bool:
    # Imported here: reading settings shall not load the database.
    from api.auth import accounts_exist
    from store.database import open_database

    database = open_database(url)
    try:
        return accounts_exist(database)
    finally:
        database.close()


def _parsed(variable: Variable, value: str) -> Any:
    value = value.strip()
    if variable.type is int:
        try:
            return int(value)
        except ValueError:
            raise SettingsError(f"{variable.name} is {value!r}; expected a whole number") from None
    if variable.type is bool:
        if value.lower() not in _SWITCH:
            raise SettingsError(f"{variable.name} is {value!r}; expected on or off")
        return _SWITCH[value.lower()]
    if variable.type == tuple[str, ...]:
        return tuple(name for part in value.split(",") if (name := part.strip()))
    return Path(value).expanduser() if variable.type in (Path, Path | None) else value


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _variables() -> tuple[Variable, ...]:
    hints = get_type_hints(Settings, include_extras=True)
    found = []
    for item in fields(Settings):
        kind, description = get_args(hints[item.name])
        default = "" if item.default is MISSING else _as_text(item.default)
        found.append(Variable(PREFIX + item.name.upper(), item.name, kind, default, description))
    return tuple(found)


VARIABLES = _variables()
"""All settings, in the order of ``Settings``."""
