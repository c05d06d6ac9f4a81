"""External causes of injury (V00-Y38), place (Y92), activity (Y93) and work status (Y99).

Guideline I.C.20: they say how, where, doing what and in whose pay an injury came about. A cause is composed of an
event and what it happened with (``fell`` and ``ladder``, ``cut`` and ``knife``), a transport accident of the
victim's role and the other party. Place, activity and status count only beside an event or an injury: a kitchen
alone is no place of occurrence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from suggest.composition.cues import Composed, Condition, Cue, NoteCues, denied, distance, nearest, span
from suggest.resources import read_table

_BEHIND, _BEFORE = 8, 2  # words between an event and what it happened with
_FROM = 3  # words between "from" and what was fallen from
_PARTNER = 12  # words between a crash and the other party
_SAME_LEVEL = "W01.0"
_SAME_LEVEL_STRIKING = "W01.198"
_ANYWAY = ("W00", "W10", "W18.2", "V")  # no "from" is needed: fell on the stairs, on ice, while skiing
_OBJECT_BEHIND = ("lift", "struck")  # "the patient picked up a box": the patient was not lifted
_SELF_HARM = "2"
_CLOSE = 2  # words between "in" and a place, "while" and an activity
_INJURY = ("S", "T0", "T1", "T2", "T3", "T7", "T14", "M80", "M84")
_NOTEWIDE = ("Y92.03", "Y92.09", "Y92.12", "Y92.14", "Y92.16")  # where somebody lives, said anywhere in the note
_PRIVATE = "Y92.00"


@lru_cache(maxsize=1)
def _transport() -> dict[tuple[str, str], str]:
    return {(row["role"], row["partner"]): row["code"] for row in read_table("composition/transport.tsv")}


@lru_cache(maxsize=1)
def _rooms() -> dict[tuple[str, str], str]:
    return {(row["residence"], row["room"]): row["code"] for row in read_table("composition/residences.tsv")}


def external_causes(note: NoteCues) -> Iterator[Composed]:
    """Yields external cause codes that a note's words compose.

    Place and work status count beside an event or an injury in their sentence or the next, a claim of workers'
    compensation anywhere in a note that tells of one.
    """
    events = {number: _events(cues) for number, cues in note.sentences.items()}
    harmed = any(events.values()) or any(_injured(found) for found in note.conditions.values())
    if not harmed:
        return
    self_harmed = any(cue.value == _SELF_HARM for cue in note.undenied("intent"))
    home = _home(note)
    for number, cues in note.sentences.items():
        own = events[number]
        if own:
            yield from _caused(cues, own, self_harmed=self_harmed)
            yield from _transported(note, number, cues, own)
        injured = _injured(note.conditions.get(number, ()))
        here = own or injured or events.get(number - 1) or events.get(number + 1)
        if here:
            yield from _places(cues, home, here=bool(own))
        if own or injured:
            yield from _activities(cues)
        for cue in cues:
            if (cue.kind == "work_claim" or (here and cue.kind == "work")) and not denied(cue, cues, 2):
                yield Composed(cue.value, cue.first, cue.last)


def _events(cues: Sequence[Cue]) -> list[Cue]:
    """The events of a sentence but for those that are none: ``fell asleep``, what a surgeon cut."""
    if any(cue.kind == "operation" for cue in cues):
        return []
    none = [cue for cue in cues if cue.kind == "no_event"]
    events = [cue for cue in cues if cue.kind == "event"]
    return [cue for cue in events if not any(other.place <= cue.place < other.reach for other in none)]


def _injured(conditions: Sequence[Condition]) -> bool:
    return any(condition.code.startswith(_INJURY) for condition in conditions)


def _caused(cues: Sequence[Cue], events: Sequence[Cue], *, self_harmed: bool) -> Iterator[Composed]:
    """Events with what they happened with."""
    found: list[Composed] = []
    for event in events:
        objects = [cue for cue in cues if cue.kind == "to:" + event.value and _within(event, cue)]
        if event.value == "fall":
            objects = [cue for cue in objects if _fallen_from(cue, cues)]
        thing = nearest(event, objects, _BEHIND)
        if thing is not None:
            found.append(Composed(_cause(thing, events, self_harmed=self_harmed), *span(event, thing)))
    slip = next((event for event in events if event.value == "slip"), None)
    fall = next((event for event in events if event.value == "fall"), None)
    if slip and fall and not found:
        found.append(Composed(_SAME_LEVEL, *span(slip, fall)))
    other_level = [item for item in found if item.code != _SAME_LEVEL and not item.code.startswith("W2")]
    if other_level:
        found = [item for item in found if item.code != _SAME_LEVEL]
    struck = any(cue.kind == "head_strike" for cue in cues)
    for item in found:
        code = _SAME_LEVEL_STRIKING if struck and item.code == _SAME_LEVEL else item.code
        yield Composed(code, item.first, item.last)


def _within(event: Cue, thing: Cue) -> bool:
    if thing.place < event.place:
        return event.value not in _OBJECT_BEHIND and distance(event, thing) <= _BEFORE
    return distance(event, thing) <= _BEHIND


def _fallen_from(thing: Cue, cues: Sequence[Cue]) -> bool:
    """Whether the words say that somebody fell from a thing, and not beside it."""
    code = thing.value.partition("|")[0]
    if code.startswith(_ANYWAY):
        return True
    return any(cue.kind == "from" and -2 <= thing.place - cue.reach <= _FROM for cue in cues)


def _cause(thing: Cue, events: Sequence[Cue], *, self_harmed: bool) -> str:
    """The code of an object: by intent where its table knows one (guideline I.C.20.d)."""
    accident, self_harm, assault = [*thing.value.split("|"), "", ""][:3]
    if assault and any(event.value == "assault" for event in events):
        return assault
    return self_harm if self_harm and self_harmed else accident


def _transported(note: NoteCues, number: int, cues: Sequence[Cue], events: Sequence[Cue]) -> Iterator[Composed]:
    """Transport accidents by the victim's role and the other party."""
    crashes = [event for event in events if event.value in ("crash", "impact")]
    if not crashes:
        return
    roles = [cue for cue in cues if cue.kind == "role"]
    if not roles and any(crash.value == "crash" for crash in crashes):
        roles = [cue for near in (number - 1, number + 1) for cue in note.sentences.get(near, ()) if cue.kind == "role"]
    role = next(
        (cue for cue in roles if (cue.value, "") in _transport() or cue.value in ("cyclist", "pedestrian")), None
    )
    if role is None:
        return
    partners = [cue for cue in cues if cue.kind == "partner" and not (cue.first < role.last and role.first < cue.last)]
    partners = [cue for cue in partners if not any(cue.place >= c.place and cue.reach < c.reach for c in crashes)]
    behind = [cue for cue in partners if cue.place >= crashes[0].reach]
    partner = nearest(crashes[0], behind or partners, _PARTNER)
    sure = any(crash.value == "crash" for crash in crashes)
    code = _transport().get((role.value, partner.value if partner else ""))
    if code and (partner or sure):
        local = [cue for cue in (crashes[0], role, partner) if cue and cue in cues]
        yield Composed(code, *span(*local))


def _places(cues: Sequence[Cue], home: str, *, here: bool) -> Iterator[Composed]:
    """Guideline I.C.20.b: where it happened, by kind of residence and room or by kind of place."""
    for cue in cues:
        if cue.kind == "place" and _led(cue, cues, "place_word"):
            yield Composed(cue.value, cue.first, cue.last)
    rooms = [cue for cue in cues if cue.kind == "room" and _is_place(cue, cues, here=here)]
    if rooms:
        room = min(rooms, key=lambda cue: cue.value in ("unspecified", "other"))
        residence = next((cue.value for cue in cues if cue.kind == "residence"), home)
        code = _rooms().get((residence, room.value))
        if code and not (room.value == "other" and residence == _PRIVATE):  # stairs are everywhere
            yield Composed(code, room.first, room.last)
        return
    for cue in cues:
        if cue.kind == "residence" and _led(cue, cues, "place_word"):
            yield Composed(_rooms()[cue.value, "unspecified"], cue.first, cue.last)


def _is_place(cue: Cue, cues: Sequence[Cue], *, here: bool) -> bool:
    """Whether a room is where it happened; home as a whole only in the sentence of the event."""
    return here if cue.value == "unspecified" else _led(cue, cues, "place_word")


def _home(note: NoteCues) -> str:
    """The kind of residence of a note: named beside a room, or as where the patient lives; else a private house."""
    with_room = (near for near in note.sentences.values() if any(cue.kind == "room" for cue in near))
    named = next((cue.value for near in with_room for cue in near if cue.kind == "residence"), "")
    return named or next((cue.value for cue in note.of("residence") if cue.value in _NOTEWIDE), _PRIVATE)


def _led(cue: Cue, cues: Sequence[Cue], kind: str) -> bool:
    """Whether a word such as "in" or "while" stands in front of a cue."""
    return any(other.kind == kind and 0 <= cue.place - other.reach <= _CLOSE for other in cues)


def _activities(cues: Sequence[Cue]) -> Iterator[Composed]:
    """Guideline I.C.20.c: what somebody was doing; one word alone needs a "while" or "playing" in front."""
    for cue in cues:
        if cue.kind == "activity" and (cue.reach - cue.place > 1 or _led(cue, cues, "during")):
            yield Composed(cue.value, cue.first, cue.last)
