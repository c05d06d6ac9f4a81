"""Splits what coders decided into charts to learn from and charts to measure on: by patient and by time.

A model is used on charts that come after those it learnt from, so the last months are held out. A patient with
charts on both sides would let it recognise the patient: every other such patient is held out, every other one
learnt from, by a hash of the pseudonym, and the charts on the other side are set aside. So both sides hold new
and returning patients.
"""

from __future__ import annotations

import hashlib
from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from typing import Any

from store.coding import LineState
from store.examples import DecidedExample
from suggest.records import TrainingExample

REJECTED_WEIGHT = 2.0
"""Weight in fitting of a code that a coder rejected or replaced, against 1 for one that nobody looked at."""

HELD_OUT_METRICS = "decisions:held-out"
"""Name under which a manifest keeps the measures on the months that were held out."""


@dataclass(frozen=True, slots=True)
class Side:
    """Charts on one side of a split, by the moment of finalisation."""

    decided: tuple[DecidedExample, ...] = ()

    @property
    def examples(self) -> list[TrainingExample]:
        """The charts with what is right and wrong about them."""
        return [item.example for item in self.decided]

    def counts(self) -> dict[str, Any]:
        """Returns what there is, as a JSON object.

        ``charts`` and ``patients``; the codes that coders ``accepted``, ``added``, put in place of others
        (``replacement``), ``rejected``, ``replaced`` and ``left`` without a judgement; moments of the ``first``
        and ``last`` finalisation (ISO 8601, UTC; ``None`` where there are no charts).
        """
        states = Counter(chain.from_iterable(Counter(item.states).elements() for item in self.decided))
        moments = [item.finalised_at for item in self.decided]
        return {
            "charts": len(self.decided),
            "patients": len({item.patient_key for item in self.decided}),
            **{state.value: states[state] for state in LineState if state is not LineState.PROPOSED},
            "first": _iso(min(moments, default=None)),
            "last": _iso(max(moments, default=None)),
        }


@dataclass(frozen=True, slots=True)
class DecisionSplit:
    """Decided charts in three parts; the first two share no patient.

    Attributes:
        learnt: To learn from.
        held_out: Finalised in the last months; to measure on.
        set_aside: Charts of patients who are on the other side; used for neither.
        held_out_from: The moment from which charts are held out, ``None`` where none are.
    """

    learnt: Side = field(default_factory=Side)
    held_out: Side = field(default_factory=Side)
    set_aside: Side = field(default_factory=Side)
    held_out_from: datetime | None = None

    def report(self) -> dict[str, Any]:
        """Returns the counts of each part, as a JSON object for the manifest."""
        return {
            "by": "patient and moment of finalisation",
            "held_out_from": _iso(self.held_out_from),
            "learnt": self.learnt.counts(),
            "held_out": self.held_out.counts(),
            "set_aside": self.set_aside.counts(),
        }


def split_decisions(
    decided: Iterable[DecidedExample], *, holdout_months: int, until: datetime | None = None
) -> DecisionSplit:
    """Splits decided charts by patient and by time.

    Args:
        decided: The charts, as ``store.examples.iterate`` yields them.
        holdout_months: Months before the end that are held out, whole days in UTC; 0 learns from all charts.
        until: The end; by default the end of the day of the last finalisation.

    Raises:
        ValueError: ``holdout_months`` is negative.
    """
    if holdout_months < 0:
        raise ValueError(f"holdout_months is {holdout_months}; expected 0 or more")
    charts = sorted(decided, key=lambda item: (item.finalised_at, item.example.encounter.id))
    if not charts or holdout_months == 0:
        return DecisionSplit(learnt=Side(tuple(charts)))
    end = until.date() if until else charts[-1].finalised_at.date() + timedelta(days=1)
    border = datetime.combine(months_before(end, holdout_months), time(), UTC)
    late = {item.patient_key for item in charts if item.finalised_at >= border}
    early = {item.patient_key for item in charts if item.finalised_at < border}
    held_out = {patient for patient in late if patient not in early or _is_dealt_out(patient)}
    parts: tuple[list[DecidedExample], ...] = ([], [], [])
    for item in charts:
        is_late, is_out = item.finalised_at >= border, item.patient_key in held_out
        parts[is_late if is_late == is_out else 2].append(item)
    learnt, out, aside = (Side(tuple(part)) for part in parts)
    return DecisionSplit(learnt, out, aside, held_out_from=border)


def _is_dealt_out(patient_key: str) -> bool:
    # Not by chance at each run: a patient whom a model learnt from shall not measure the next one.
    return hashlib.sha256(patient_key.encode()).digest()[0] % 2 == 1


def months_before(day: date, months: int) -> date:
    """Returns the same day of an earlier month, or that month's last day where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def learnt_later(split: Mapping[str, Any], held_out: Sequence[DecidedExample]) -> bool:
    """Returns whether a model whose manifest holds ``split`` learnt from decisions as late as those held out.

    To compare it with a model that did not see them would be unfair.
    """
    last = split.get("learnt", {}).get("last")
    first = _iso(min((item.finalised_at for item in held_out), default=None))
    # Both are UTC to the second, so that their texts sort as the moments do.
    return isinstance(last, str) and first is not None and last >= first


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds")
