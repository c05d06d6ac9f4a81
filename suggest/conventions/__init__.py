"""What the guidelines make of several facts together: chapter 15, birth records, families of codes, reasons to come.

The other stages lead from one mention to its code. Here the rest of the encounter has its say: a disease of a
pregnant woman is a chapter 15 code by trimester (I.C.15), one of a newborn is a chapter 16 code (I.C.16), the parts
of a family of codes stand in several lines, an examination has abnormal findings or none (I.C.21.c.13). The knowledge
is in tables under ``resources/rules``.
"""

from __future__ import annotations

from collections.abc import Sequence

from suggest.code_sets.index import CodeIndex
from suggest.combinations import Combination
from suggest.conventions.dated import dated
from suggest.conventions.diabetes import of_documented_type
from suggest.conventions.examinations import examinations
from suggest.conventions.families import families_of
from suggest.conventions.maternal import maternal
from suggest.conventions.perinatal import perinatal
from suggest.conventions.present import Present
from suggest.edges import Edge
from suggest.reading import NoteReading
from suggest.records import Encounter, Mention
from suggest.setting_context import EncounterFacts


def conventions(
    index: CodeIndex,
    rows: Sequence[Edge],
    mentions: Sequence[Mention],
    readings: Sequence[NoteReading],
    facts: EncounterFacts,
    encounter: Encounter,
) -> list[Combination]:
    """Returns the codes that conventions add to the candidates of an encounter, and those that they take the place of.

    Args:
        index: The code set.
        rows: All edges found so far, combination codes among them.
        mentions: The mentions that the edges name.
        readings: The notes.
        facts: What is known of the encounter.
        encounter: Age and setting.
    """
    present = Present(index, rows)
    found = families_of(present, mentions, readings)
    found += of_documented_type(present, found, mentions, readings)
    found += dated(present, mentions, readings, encounter)
    found += examinations(present, readings, encounter)
    found += perinatal(present, encounter)
    if facts.period:
        found += maternal(present, found, mentions, facts)
    return found
