"""Frozen dataclasses as JSON values and back, guided by their type hints.

What is stored outlives the program that wrote it: reading gives a field that the JSON lacks its default, and
passes over members that the record no longer has.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

_Record = TypeVar("_Record")
_Read = Callable[[Any], Any]


def to_json(value: Any) -> Any:
    """Returns a record, or a tuple of records, as values that ``json.dumps`` takes."""
    if is_dataclass(value):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    if isinstance(value, date | datetime):
        return value.isoformat()
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"no JSON for {type(value).__name__}")


def from_json(kind: type[_Record], value: Any) -> _Record:
    """Returns the record of a class that ``to_json`` made ``value`` from.

    Raises:
        KeyError: A field without a default is missing.
        TypeError: The class has a field of a type that is not supported.
    """
    key: Any = kind
    record: _Record = _reader(key)(value)
    return record


@lru_cache(maxsize=256)
def _reader(kind: Any) -> _Read:
    """Returns the function that reads values of a type; built once per type, as charts hold thousands."""
    origin = get_origin(kind)
    if origin is tuple:
        return _tuple_reader(get_args(kind))
    if origin in (Union, types.UnionType):
        return _optional_reader(get_args(kind))
    if not isinstance(kind, type):
        raise TypeError(f"no reader for {kind!r}")
    if is_dataclass(kind):
        return _record_reader(kind)
    if issubclass(kind, Enum):
        return kind
    if issubclass(kind, date):
        return kind.fromisoformat
    if kind in (str, int, bool):
        return lambda value: value
    if kind is float:
        return float
    raise TypeError(f"no reader for {kind.__name__}")


def _tuple_reader(parts: tuple[Any, ...]) -> _Read:
    if len(parts) == 2 and parts[1] is Ellipsis:
        item = _reader(parts[0])
        return lambda values: tuple(item(value) for value in values)
    items = tuple(_reader(part) for part in parts)
    return lambda values: tuple(read(value) for read, value in zip(items, values, strict=True))


def _optional_reader(parts: tuple[Any, ...]) -> _Read:
    kinds = [part for part in parts if part is not type(None)]
    if len(kinds) != 1:
        raise TypeError("no reader for a union of several types")
    read = _reader(kinds[0])
    return lambda value: None if value is None else read(value)


def _record_reader(kind: type) -> _Read:
    hints = get_type_hints(kind)
    required = [field.name for field in fields(kind) if field.default is MISSING and field.default_factory is MISSING]
    readers = {field.name: _reader(hints[field.name]) for field in fields(kind)}

    def read(value: dict[str, Any]) -> Any:
        for name in required:
            if name not in value:
                raise KeyError(f"{kind.__name__}.{name}")
        return kind(**{name: readers[name](item) for name, item in value.items() if name in readers})

    return read
