"""Which period of chapter 15 an encounter lies in: pregnancy by trimester, childbirth or puerperium.

Guideline I.C.15.a.3: the codes of chapter 15 have a final character for the trimester; those of the admission for
delivery say "in childbirth"; the puerperium begins with the delivery and lasts six weeks (I.C.15.o.1).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from suggest.measurements import gestation_weeks
from suggest.records import Patient, Setting, Sex

PREGNANCY, CHILDBIRTH, PUERPERIUM = "pregnancy", "childbirth", "puerperium"

_YOUNGEST, _OLDEST = 9, 60
_STATEMENT = 500  # characters of a statement at most: looking back further on a line would cost its square
_OUTPATIENT = (Setting.OUTPATIENT, Setting.TELEHEALTH, Setting.HOME_HEALTH, Setting.ED)
_SIGNS = ("preg", "gestat", "iup", "partum", "natal", "gravid", "fetal", "deliver", "ob ", " ega", " ga ", "ppd", " pp",
          "nsvd", "w0d", "w1d", "w2d", "w3d", "w4d", "w5d", "w6d", "g1", "g2", "g3", "g4", "g5")  # fmt: skip
_PREGNANT = re.compile(
    r"\b(?:IUP|prenatal (?:visit|care)|return ob|ob (?:visit|follow|f/u|clinic|triage)|antepartum|gravid uterus|"
    r"pregnancy complicated by|weeks? pregnant|pregnancy at)\b",
    re.IGNORECASE,
)
_BIRTH = re.compile(
    r"\bapgars?\b|\blive[ -]?born\b|\blive birth\b|"
    r"\b(?:live|viable)\s+(?:\w+\s+)?(?:fe)?(?:male|infant|boy|girl|baby)\b|"
    r"\bplacenta (?:was )?(?:delivered|expressed|expelled|spontaneous|intact)|\bdelivery (?:note|summary|record)\b|"
    r"\bdelivered (?:by|via|vaginally|a|an|at|over|today|this)\b",
    re.IGNORECASE,
)
_MODE = re.compile(
    r"\b(?:NSVD|SVD|SVB|VAVD|FAVD|VBAC|vaginal delivery|(?:vacuum|forceps)[ -]assisted|[pr]?LTCS|c/s|c-?section|"
    r"cesarean (?:section|delivery))(?!\w)",
    re.IGNORECASE,
)
_NOT_NOW = re.compile(
    r"\b(?:prior|previous\w*|prev|history|hx|h/o|last|first|TOLAC|desires?|plan\w*|schedul\w*|candidate|counsel\w*|"
    r"consents?|consider\w*|if|risk|elective|repeat c/s at|for c/s|ob hx|obhx|pmh|psh|past|ago|after|following|"
    r"(?:19|20)\d\d)\b",
    re.IGNORECASE,
)
_POSTPARTUM = re.compile(
    r"\b(?:\d{1,2}|one|two|three|four|five|six|eight)[ -]{0,3}(?:d|days?|w|wks?|weeks?|mos?|months?)?[ -]{0,3}"
    r"(?:post-?partum|pp)\b(?!\s*\?)|\bpost-?partum (?:day|visit|check|exam|follow|f/u|clinic|mood|readmi\w+)|"
    r"\bPPD\s{0,3}#?\s{0,3}\d|\b(?:weeks?|wks?|days?) (?:after|since|s/p) (?:delivery|birth|NSVD|SVD|c/s|c-?section)",
    re.IGNORECASE,
)


def can_be_pregnant(patient: Patient) -> bool:
    """Whether sex and age allow for a pregnancy; what is unknown does."""
    fits = patient.age is None or _YOUNGEST <= patient.age <= _OLDEST
    return fits and patient.sex is not Sex.MALE


def period_of(texts: Sequence[str], patient: Patient, setting: Setting) -> tuple[str, int]:
    """Returns the period of chapter 15 and the trimester (1 to 3, 0 if unknown or not pregnant).

    Args:
        texts: The notes of the encounter.
        patient: Sex and age.
        setting: Where the service was given: a delivery that an office note tells of is over.

    Trimesters as in the note at ICD-10-CM chapter 15: first, less than 14 weeks; second, 14 weeks 0 days to less
    than 28 weeks; third, from 28 weeks.

    Returns:
        ``pregnancy``, ``childbirth``, ``puerperium`` or ``""``.
    """
    if not can_be_pregnant(patient) or not any(map(_may_speak_of_one, texts)):
        return "", 0
    weeks = next((week for week in map(gestation_weeks, texts) if week is not None), None)
    trimester = 0 if weeks is None else 1 if weeks < 14 else 2 if weeks < 28 else 3
    after = any(_POSTPARTUM.search(text) for text in texts)
    if after and setting in _OUTPATIENT:
        return PUERPERIUM, 0
    if (after or weeks is not None) and any(map(_born, texts)):
        return CHILDBIRTH, trimester
    if after:
        return PUERPERIUM, 0
    if weeks is not None or any(_PREGNANT.search(text) for text in texts):
        return PREGNANCY, trimester
    return "", 0


def _may_speak_of_one(text: str) -> bool:
    """Whether a note holds any of the signs of a pregnancy, so that it is worth a closer look."""
    lower = text.lower()
    return any(sign in lower for sign in _SIGNS)


def _born(text: str) -> bool:
    """Whether a note tells of a birth of this encounter rather than of earlier or planned ones."""
    return any(
        not _NOT_NOW.search(text, _line_start(text, match.start()), match.start())
        for pattern in (_BIRTH, _MODE)
        for match in pattern.finditer(text)
    )


def _line_start(text: str, at: int) -> int:
    """Returns where the statement that holds a place begins."""
    low = max(0, at - _STATEMENT)
    return max(low, *(text.rfind(mark, low, at) + 1 for mark in ("\n", ". ", "; ")))
