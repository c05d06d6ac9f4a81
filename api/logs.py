"""Logging that never shows chart text: exceptions are logged by type and place, without message or values."""

from __future__ import annotations

import logging
import traceback
from types import TracebackType
from typing import Any

_MOST_FRAMES = 30


def describe_exception(error: BaseException) -> str:
    """Returns the types of an exception and of its causes with the frames, innermost last.

    Messages and local variables are left out, as both may hold words of a chart.
    """
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = traceback.extract_tb(current.__traceback__)[-_MOST_FRAMES:]
        places = " > ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames)
        parts.append(f"{type(current).__module__}.{type(current).__qualname__} at [{places}]")
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return " caused by ".join(parts)


class SafeFormatter(logging.Formatter):
    """Formats log records; where one carries an exception, only its type and place are written."""

    def formatException(  # noqa: N802  (name given by logging)
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        """Returns the exception by type and place."""
        return describe_exception(ei[1]) if ei[1] is not None else ""


def log_config(level: str) -> dict[str, Any]:
    """Returns the configuration for ``logging.config.dictConfig``: one line a record, on standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "safe": {"()": SafeFormatter, "format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "safe"}},
        # The access log of uvicorn writes query strings; api.middleware writes its own.
        "loggers": {"uvicorn.access": {"handlers": [], "propagate": False}},
        "root": {"handlers": ["stderr"], "level": level.upper()},
    }
