"""What is known of an encounter as a whole: episode of care, period of a pregnancy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from suggest.keys import word_key
from suggest.pregnancy import CHILDBIRTH, PUERPERIUM, period_of
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
_OPEN_C = re.compile(r"\b(?:type|grade|gustilo)\s*(?:anderson\s*)?(?:type\s*|grade\s*)?(?:III|3)\s*[ABC]?\b", re.I)
_NO_OPEN_FRACTURE = r"(?! +(?:reduction|treatment|repair|wound|biopsy|mri))"
_OPEN = re.compile(
    rf"\bopen\b{_NO_OPEN_FRACTURE}(?:[^\w.,;\n]+\w+){{0,6}}[^\w.,;\n]+(?:fx|fxs|fracture)"
    rf"|\b(?:fx|fracture)\w*[^\w.;\n]+(?:\w+[^\w.;\n]+){{0,4}}open\b{_NO_OPEN_FRACTURE}",
    re.IGNORECASE,
)


_HEALING = ("delayed", "nonunion", "malunion")


@lru_cache(maxsize=8)
def _telling(terminology: Terminology) -> dict[str, int]:
    """Vocabulary numbers of the words that decide the 7th character of a fracture."""
    names = (*_HEALING, "open", "closed")
    numbers = terminology.word_ids(np.array([word_key(name) for name in names], dtype=np.uint64))
    return dict(zip(names, numbers.tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class EncounterFacts:
    """Facts that choose codes everywhere in the encounter.

    Attributes:
        episode: Episode of care of injuries: ``initial``, ``subsequent`` or ``sequela``.
        open_fracture: ``""``, ``B`` or ``C`` (the 7th character of an open fracture's initial encounter).
        trimester: 1 to 3, 0 if not pregnant or unknown.
        period: ``pregnancy``, ``childbirth``, ``puerperium`` or ``""`` (chapter 15 does not apply).
    """

    episode: str = INITIAL
    open_fracture: str = ""
    trimester: int = 0
    period: str = ""

    def context(self, words: frozenset[int], sides: int, terminology: Terminology) -> Context:
        """Returns the context of a mention.

        Args:
            words: Vocabulary numbers of the words of its sentence.
            sides: Side bits.
            terminology: For the words that say how a fracture heals, and that it is closed where another is open.
        """
        telling = _telling(terminology)
        healing = next((name for name in _HEALING if telling[name] in words), "")
        closed = telling["closed"] in words and telling["open"] not in words
        return Context(words, sides, self.episode, "" if closed else self.open_fracture, healing)

    def words(self, terminology: Terminology) -> frozenset[int]:
        """Returns vocabulary numbers of words that hold for the whole encounter (trimester, childbirth, puerperium).

        Words that the terminology does not know are left out.
        """
        names = [("first", "second", "third")[self.trimester - 1], "trimester"] if self.trimester else []
        if self.period in (CHILDBIRTH, PUERPERIUM):
            names = [self.period]
        keys = np.array([word_key(name) for name in names], dtype=np.uint64)
        return frozenset(terminology.word_ids(keys).tolist()) - {-1}


def encounter_facts(encounter: Encounter, readings: Sequence[NoteReading]) -> EncounterFacts:
    """Reads the facts off the notes."""
    texts = [reading.note.text for reading in readings]
    period, trimester = period_of(texts, encounter.patient, encounter.setting)
    return EncounterFacts(
        episode=_episode(encounter.setting, texts),
        open_fracture=_open_fracture(texts),
        trimester=trimester,
        period=period,
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
