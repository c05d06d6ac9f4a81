"""Acute events of an earlier year: ``NSTEMI 2019`` in a chart of 2026 is history (guideline I.C.21.c.4).

Only events that are over by their nature count; a disease diagnosed years ago may last, and a cancer is history only
when its treatment has ended (I.C.2.m).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from suggest import status
from suggest.combinations import Combination
from suggest.conventions.present import Present, instead
from suggest.reading import NoteReading
from suggest.records import Encounter, Mention

_EVENTS = ("A41", "G45", "I21", "I22", "I26", "I60", "I61", "I62", "I63", "I82.4", "J12", "J13", "J14", "J15", "J18",
           "K85", "N10", "N17", "S06", "S72", "S82")  # fmt: skip
_YEAR = re.compile(r"[\s,(]{1,3}(?:in |on )?(?:\d{1,2}/(?:\d{1,2}/)?)?((?:19|20)\d\d)\b")


def dated(
    present: Present, mentions: Sequence[Mention], readings: Sequence[NoteReading], encounter: Encounter
) -> list[Combination]:
    """Returns the history codes of events that the notes date to an earlier year."""
    texts = {reading.number: reading.note.text for reading in readings}
    now = encounter.date_of_service.year if encounter.date_of_service else None
    found = []
    for code in [code for prefix in _EVENTS for code in present.codes(prefix)]:
        target = status.personal_history().get(code)
        edges = [edge for edge in present.edges(code) if _is_earlier(texts, mentions[edge.mention], now)]
        if target and edges:
            over = len(edges) == len(present.edges(code))
            made = instead(present.index, target, edges, [edges[0].code] if over else [])
            if made is not None:
                found.append(made)
    return found


def _is_earlier(texts: dict[int, str], mention: Mention, now: int | None) -> bool:
    """Whether a year before that of the service (any year, where that is unknown) follows a mention."""
    match = _YEAR.match(texts[mention.note], mention.end)
    return match is not None and (now is None or int(match.group(1)) < now)
