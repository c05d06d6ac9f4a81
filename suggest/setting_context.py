"""What is known of an encounter as a whole: episode of care and weeks of gestation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from suggest.keys import word_key
from suggest.measurements import gestation_weeks
from suggest.reading import NoteReading
from suggest.records import Encounter, Setting
from suggest.specificity import INITIAL, SEQUELA, SUBSEQUENT, Context
from suggest.terminology import Terminology

_HEAD = 400
_FOLLOW_UP = re.compile(
    r"\b(?:follow[ -]?up|f/u|fu visit|post[ -]?op(?:erative)?(?: visit| check| day| wk| week)?|recheck|re-check|"
    r"aftercare|cast (?:check|removal)|suture removal|weeks? (?:out|s/p|post)|physical therapy|"
    r"PT (?:eval|note|progress))\b",
    re.IGNORECASE,
)
_SEQUELA = re.compile(r"\b(?:sequelae?|late effects?|residuals? (?:of|from))\b", re.IGNORECASE)
_OPEN_C = re.compile(r"\b(?:type|grade|gustilo)\s*(?:type\s*)?(?:III|3)\s*[ABC]?\b", re.IGNORECASE)
_OPEN = re.compile(
    r"\bopen\b(?:[^\w.;\n]+\w+){0,6}[^\w.;\n]+(?:fx|fxs|fracture)"
    r"|\b(?:fx|fracture)\w*[^\w.;\n]+(?:\w+[^\w.;\n]+){0,4}open\b",
    re.IGNORECASE,
)
_DELIVERED = re.compile(
    r"\b(?:delivered|vaginal delivery|nsvd|svd|vbac|cesarean (?:section|delivery)|c/s performed|apgars?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class EncounterFacts:
    """Facts that choose codes everywhere in the encounter.

    Attributes:
        episode: Episode of care of injuries: ``initial``, ``subsequent`` or ``sequela``.
        open_fracture: ``""``, ``B`` or ``C`` (the 7th character of an open fracture's initial encounter).
        trimester: 1 to 3, 0 if not pregnant or unknown.
        delivered: Whether a delivery is described.
    """

    episode: str = INITIAL
    open_fracture: str = ""
    trimester: int = 0
    delivered: bool = False

    def context(self, words: frozenset[int], sides: int) -> Context:
        """Returns the context of a mention."""
        return Context(words, sides, self.episode, self.open_fracture)

    def words(self, terminology: Terminology) -> frozenset[int]:
        """Returns vocabulary numbers of words that hold for the whole encounter (trimester, childbirth)."""
        names = [("first", "second", "third")[self.trimester - 1], "trimester"] if self.trimester else []
        if self.delivered:
            names = ["childbirth"]
        keys = np.array([word_key(name) for name in names], dtype=np.uint64)
        return frozenset(terminology.word_ids(keys).tolist()) if names else frozenset()


def encounter_facts(encounter: Encounter, readings: Sequence[NoteReading]) -> EncounterFacts:
    """Reads the facts off the notes.

    Trimesters as in the note at ICD-10-CM chapter 15: first, less than 14 weeks; second, 14 weeks 0 days to less
    than 28 weeks; third, from 28 weeks.
    """
    texts = [reading.note.text for reading in readings]
    weeks = next((week for week in map(gestation_weeks, texts) if week is not None), None)
    return EncounterFacts(
        episode=_episode(encounter.setting, texts),
        open_fracture=_open_fracture(texts),
        trimester=0 if weeks is None else 1 if weeks < 14 else 2 if weeks < 28 else 3,
        delivered=weeks is not None and any(_DELIVERED.search(text) for text in texts),
    )


def _episode(setting: Setting, texts: Sequence[str]) -> str:
    if any(_SEQUELA.search(text) for text in texts):
        return SEQUELA
    if setting in (Setting.ED, Setting.INPATIENT, Setting.PROFESSIONAL_INPATIENT, Setting.PROFESSIONAL_SURGERY):
        return INITIAL
    if setting in (Setting.HOME_HEALTH, Setting.NURSING_FACILITY):
        return SUBSEQUENT
    return SUBSEQUENT if any(_FOLLOW_UP.search(text[:_HEAD]) for text in texts) else INITIAL


def _open_fracture(texts: Sequence[str]) -> str:
    for text in texts:
        if _OPEN.search(text):
            return "C" if _OPEN_C.search(text) else "B"
    return ""
