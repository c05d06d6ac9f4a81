"""Operations that are planned: what will be there, or will be gone, after them is not the patient's status yet.

``Scheduled for gastric bypass`` names the operation as ``s/p gastric bypass`` does, whose code is a status
(Z98.84; guideline I.C.21.c.3: a status is present). The words that speak of plans (``assertion/planned.tsv``) speak
of diseases as well (``scheduled for colonoscopy for bleeding``), so they are heeded beside such operations alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from suggest.code_sets.index import CodeIndex
from suggest.lexicon import PHRASES, Source
from suggest.reading import NoteReading
from suggest.records import Assertion, AssertionStatus, Mention
from suggest.resources import read_table

_AFTER_OPERATIONS = ("Z89", "Z90", "Z93", "Z94", "Z95", "Z96", "Z97", "Z98")
_NAMING = (*PHRASES, Source.COVERAGE)
_RULE = "planned"
_BETWEEN = r"[^,;:.()\n]{0,45}?"  # what may stand between a plan and the operation
# what is done to, or goes wrong with, what an earlier operation left: that is there
_ON_IT = (
    r"battery|biopsy|care|change|check|clinic|closure|dysfunction|exchange|explant|failure|generator|interrogation|"
    r"rejection|removal|reversal|revision|supplies|takedown|take[- ]down"
)
_PAST = r"after|following|had|history|post|previous|prior|s/p|since"
_THERE_BETWEEN = re.compile(rf"\b(?:{_PAST}|{_ON_IT})\b", re.IGNORECASE)
_THERE_BEHIND = re.compile(rf"[\s-]{{0,2}}(?:{_ON_IT})\b", re.IGNORECASE)
_BEHIND = r"[^\w,;.]{0,2}(?:(?:surgery|procedure|is|was|has been|to be)\s+){0,2}"
_SURROUNDINGS = 90


@lru_cache(maxsize=1)
def _cues() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Returns what ends in front of an operation, and what begins behind it."""
    phrases: dict[str, list[str]] = {"before": [], "behind": []}
    for row in read_table("assertion/planned.tsv"):
        phrases[row["side"]].append(re.escape(row["phrase"]).replace(r"\ ", r"\s+"))
    before, behind = ("|".join(sorted(found, key=len, reverse=True)) for found in phrases.values())
    return (
        re.compile(rf"\b({before})\b(?P<between>{_BETWEEN})$", re.IGNORECASE),
        re.compile(rf"{_BEHIND}({behind})\b", re.IGNORECASE),
    )


class Plans:
    """Finds planned operations."""

    def __init__(self, index: CodeIndex) -> None:
        """Takes the code set, for the codes that operations lead to."""
        self._status = index.where_category(lambda category: category in _AFTER_OPERATIONS)

    def not_yet(self, readings: Sequence[NoteReading]) -> list[NoteReading]:
        """Returns readings in which planned operations are hypothetical."""
        return [_read_again(reading, self._status) for reading in readings]


def _read_again(reading: NoteReading, status: NDArray[np.bool_]) -> NoteReading:
    hits = reading.hits
    naming = np.isin(hits.source, _NAMING) & (hits.code < len(status))
    operations = np.unique(reading.hit_mention[naming][status[hits.code[naming]]]).tolist()
    own = [reading.mentions[number] for number in operations]
    plans = [(mention, plan) for mention in own if (plan := _plan(mention, reading.note.text)) is not None]
    if not plans:
        return reading
    mentions = list(reading.mentions)
    for number, mention in zip(operations, own, strict=True):
        plan = next((plan for other, plan in plans if _overlap(mention, other)), None)
        if plan is not None and mention.assertion.status is AssertionStatus.PRESENT:
            mentions[number] = replace(mention, assertion=plan)
    return replace(reading, mentions=mentions)


def _overlap(one: Mention, other: Mention) -> bool:
    return one.start < other.end and other.start < one.end


def _plan(mention: Mention, text: str) -> Assertion | None:
    """Returns what words beside a mention say of a plan, ``None`` where they say none."""
    before, behind = _cues()
    ahead = text[mention.end : mention.end + _SURROUNDINGS]
    if _THERE_BEHIND.match(ahead):
        return None
    begin = max(0, mention.start - _SURROUNDINGS)
    found = before.search(text[begin : mention.start])
    if found is None or _THERE_BETWEEN.search(found["between"]):
        begin, found = mention.end, behind.match(ahead)
    if found is None:
        return None
    return Assertion(AssertionStatus.HYPOTHETICAL, _RULE, begin + found.start(1), begin + found.end(1))
