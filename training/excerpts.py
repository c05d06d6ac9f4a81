"""Short charts made from long ones: the diagnostic statement alone, and single lines of it.

Coded charts are whole notes, yet people also ask about a problem list or one line. Rows of such excerpts teach
the ranker that a short text is no reason for doubt.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from suggest.headings import families
from suggest.policy import policy_for
from suggest.records import GoldCode, Note, Section, TrainingExample
from suggest.sections import find_sections

_LINES = 8


def excerpts(example: TrainingExample) -> Iterator[TrainingExample]:
    """Yields excerpts of an example with one note whose evidence is marked; none for benchmarks.

    Codes whose evidence lies in the excerpt are right there; the chart's other codes are left out of the count,
    since words elsewhere may have decided them. The excerpts belong to the family of the chart.
    """
    if len(example.encounter.notes) != 1 or not policy_for(example.encounter).status_transforms:
        return
    text = example.encounter.notes[0].text
    parts = [(section.start, section.end) for section in stated_in(text)]
    statement = _excerpt(example, parts, "statement")
    if statement is None:
        return
    yield statement
    lines = [line for start, end in parts for line in _lines(text, start, end)]
    found = (_excerpt(example, [line], f"line {line[0]}") for line in lines)
    yield from [line for line in found if line is not None][:_LINES]


def stated_in(text: str) -> list[Section]:
    """Returns the sections of a note in which its author states and judges diagnoses."""
    return [section for section in find_sections(text) if families()[section.family].weight == "assessment"]


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yields the offsets of the lines of a part that hold more than white space."""
    at = start
    for line in text[start:end].splitlines(keepends=True):
        if line.strip():
            yield at, at + len(line)
        at += len(line)


def _excerpt(example: TrainingExample, parts: list[tuple[int, int]], name: str) -> TrainingExample | None:
    """Returns the example cut down to parts of its text, ``None`` if no code has its evidence there."""

    def inside(gold: GoldCode) -> bool:
        return any(start <= e.start and e.end <= end for e in gold.evidence for start, end in parts)

    kept = tuple(replace(gold, evidence=()) for gold in example.gold if inside(gold))
    if not kept:
        return None
    note = example.encounter.notes[0]
    text = "\n".join(note.text[start:end].strip("\n") for start, end in parts)
    encounter = replace(example.encounter, id=f"{example.encounter.id} {name}", notes=(Note(note.id, text, note.type),))
    others = {gold.code.code for gold in example.gold} - {gold.code.code for gold in kept}
    return replace(
        example,
        encounter=encounter,
        gold=kept,
        acceptable=example.acceptable | others,
        family=example.kin,
    )
