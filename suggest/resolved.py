"""Diseases that were over by the end of the encounter that treated them.

``3. AKI, resolved`` in the diagnoses at discharge is no past disease: it was treated during the stay, and is reported
(guidelines II and III: conditions that affect patient care of that episode). The same goes for the final assessment
of a visit to the emergency department, and for the courses that tell of the stay or visit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from suggest.reading import NoteReading
from suggest.records import AssertionStatus, Encounter, Mention, Setting
from suggest.uncertain import final_statements

_SETTINGS = frozenset({Setting.INPATIENT, Setting.PROFESSIONAL_INPATIENT, Setting.ED})
_COURSES = frozenset({"ed_course", "hospital_course"})
RESOLVED = "resolved"
"""Id of the assertion rules that call a disease over."""
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


def treated_here(readings: Sequence[NoteReading], encounter: Encounter) -> list[NoteReading]:
    """Returns readings whose mentions are present where they tell what resolved during the encounter.

    What the same sentence dates to another year stays past.

    Args:
        readings: The notes, oldest first.
        encounter: Its setting and dates.
    """
    if encounter.setting not in _SETTINGS:
        return list(readings)
    final = final_statements(readings)
    years = {str(day.year) for day in (encounter.date_of_service, encounter.admission, encounter.discharge) if day}

    def told(reading: NoteReading, mention: Mention) -> Mention:
        assertion = mention.assertion
        here = (reading.number, mention.section) in final or mention.section in _COURSES
        if assertion.status is not AssertionStatus.HISTORICAL or assertion.rule != RESOLVED or not here:
            return mention
        first, last = reading.sentence_start[mention.sentence : mention.sentence + 2].tolist()
        sentence = reading.note.text[int(reading.offsets[first]) : int(reading.offsets[last])]
        if not years.issuperset(_YEAR.findall(sentence)):
            return mention
        return replace(mention, assertion=replace(assertion, status=AssertionStatus.PRESENT))

    return [replace(reading, mentions=[told(reading, mention) for mention in reading.mentions]) for reading in readings]
