"""Units of service, from counts, minutes and doses in the note.

``count``: how many are documented. ``extra N``: an add-on for what exceeds N. ``each N``: one for every N begun
beyond the least that the code asks for (area, sum of lengths, count).
``min N``: timed services, one unit for N minutes and another as soon as more than half of the next is given (the
8-minute rule, Medicare Claims Processing Manual, chapter 5, section 20.2). ``over N step M``: one for each M minutes
beyond N that are begun by more than half. ``dose N UNIT``: billing units of a drug, rounded up (Medicare Claims
Processing Manual, chapter 17, section 10).
"""

from __future__ import annotations

import math
from collections.abc import Callable

from suggest.code_sets.services import ServiceCode
from suggest.procedures.conditions import parse_asks
from suggest.procedures.quantities import Quantity
from suggest.procedures.surroundings import Span, Surroundings

_SCALE = {"g": 1000.0, "mg": 1.0, "mcg": 0.001}
"""Milligrams in one unit of weight."""


def units_of(service: ServiceCode, span: Span, surroundings: Surroundings) -> int:
    """Returns the units of a service that ``span`` names, 1 or more; 1 where the note gives no number."""
    if not service.unit:
        return 1
    rule, *numbers = service.unit.split()
    if rule == "dose":
        return dose_units(float(numbers[0]), numbers[1], span, surroundings)
    if rule == "each":
        return _blocks(service, float(numbers[0]), span, surroundings)
    kind = "minutes" if rule in ("min", "over") else "count"
    value = _value(kind, span, surroundings)
    return 1 if value is None else max(1, _UNITS[rule](value, [int(n) for n in numbers if n.isdigit()]))


def _blocks(service: ServiceCode, size: float, span: Span, surroundings: Surroundings) -> int:
    """Returns how many blocks are begun beyond what the condition of an add-on leaves to its base code."""
    asks = [ask for ask in parse_asks(service.asks) if ask.kind in ("area", "sum", "length", "count")]
    value = _value(asks[0].kind if asks else "count", span, surroundings)
    if value is None:
        return 1
    low = asks[0].low if asks and asks[0].low > 1 else 1.0
    # a bound such as ">20" is kept as the next number above it, of whole numbers as the least one that counts
    base = low - 1 if low.is_integer() else round(low, 3)
    return max(1, math.ceil((value - base) / size - 1e-9))


def dosed(service: ServiceCode, span: Span, surroundings: Surroundings) -> bool:
    """Whether a dose that the billing unit of a drug measures stands beside its name."""
    unit = service.unit.split()[-1]
    place = surroundings.near(surroundings.place(*span), 0)
    return any(amount(quantity, unit) is not None for quantity, _where in surroundings.measured("dose", place))


def dose_units(size: float, unit: str, span: Span, surroundings: Surroundings) -> int:
    """Returns the billing units of the dose nearest to a drug's name."""
    place = surroundings.near(surroundings.place(*span), 0)
    fitting = [
        (quantity, where)
        for quantity, where in surroundings.measured("dose", place)
        if amount(quantity, unit) is not None
    ]
    if not fitting:
        return 1
    nearest = min(fitting, key=lambda pair: (pair[1][0] < span[0], abs(pair[1][0] - span[0])))[0]
    return max(1, math.ceil((amount(nearest, unit) or 0) / size - 1e-9))


def amount(quantity: Quantity, unit: str) -> float | None:
    """Returns a dose in another unit, ``None`` where the units measure different things."""
    if quantity.of == unit.lower():
        return quantity.value
    if quantity.of in _SCALE and unit in _SCALE:
        return quantity.value * _SCALE[quantity.of] / _SCALE[unit]
    return None


def _value(kind: str, span: Span, surroundings: Surroundings) -> float | None:
    place = surroundings.place(*span)
    for where in (place, surroundings.near(place)):
        found = surroundings.amount(kind, span, where)
        if found is not None:
            return found[0]
    return None


def _timed(minutes: float, step: int) -> int:
    """One unit for each ``step`` minutes; what is left counts once more than half of it is given."""
    whole, rest = divmod(minutes, step)
    return int(whole) + (rest > step / 2)


_UNITS: dict[str, Callable[[float, list[int]], int]] = {
    "count": lambda value, _numbers: int(value),
    "extra": lambda value, numbers: int(value) - numbers[0],
    "min": lambda value, numbers: _timed(value, numbers[0]),
    "over": lambda value, numbers: _timed(value - numbers[0], numbers[1]),
}
