"""Modifiers of E/M services, each with the reason for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from suggest.em.category import is_medicare
from suggest.em.chart import Chart
from suggest.em.risk import decides_on_major_surgery
from suggest.records import Modifier, Setting

_MINOR = frozenset({"000", "010"})
_MAJOR = "090"
_ADD_ON = "ZZZ"
# Services that never ask for modifier 25: laboratory tests, vaccines as such, screening forms, fluoride varnish.
_NEVER = (
    ("80000", "89999"),
    ("90476", "90749"),
    ("96110", "96110"),
    ("96127", "96127"),
    ("96160", "96161"),
    ("99188", "99188"),
)


def needs_25(code: str, days: str) -> bool:
    """Whether a visit beside a service bears modifier 25 (NCCI Policy Manual, chapter 1, section D).

    Args:
        code: Code of the service.
        days: Its global period (``000``, ``010``, ``090``, ``XXX``, ``ZZZ``, ``MMM``).
    """
    if not code[0].isdigit() or days in (_ADD_ON, _MAJOR):
        return False
    return not any(low <= code <= high for low, high in _NEVER)


def is_minor_procedure(days: str) -> bool:
    """Whether a global period is that of a minor procedure: 0 or 10 days."""
    return days in _MINOR


def visit_modifiers(
    chart: Chart, family: str, procedures: Sequence[str], global_days: Callable[[str], str]
) -> tuple[Modifier, ...]:
    """Returns the modifiers of a visit in order.

    Args:
        chart: The chart.
        family: Family of the visit's code.
        procedures: Codes of services of the same day.
        global_days: Gives the global period of a code.
    """
    found = []
    days = {code: global_days(code) for code in procedures}
    if "unrelated" in chart.kinds:
        found.append(Modifier("24", "The visit is unrelated to the surgery whose global period runs."))
    in_hospital = family.startswith(("hospital", "consultation-in"))
    surgeon_decides = in_hospital and "surgeon" in chart.kinds and decides_on_major_surgery(chart)
    if _MAJOR in days.values() or surgeon_decides:
        found.append(Modifier("57", "The visit led to the decision for a major procedure."))
    elif any(needs_25(code, period) for code, period in days.items()):
        found.append(Modifier("25", "The visit is significant and separate from a service of the same day."))
    if chart.encounter.setting is Setting.TELEHEALTH:
        if "audio-only" in chart.kinds:
            found.append(Modifier("93", "Telehealth by audio only."))
        else:
            found.append(Modifier("95", "Telehealth by audio and video."))
    if family == "hospital-initial" and "admitting" in chart.kinds and is_medicare(chart):
        found.append(Modifier("AI", "Principal physician of record of a Medicare stay."))
    return tuple(found)
