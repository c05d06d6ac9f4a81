"""Notes made of a diagnostic statement and neutral prose, for training.

Charts that are written to be learnt from document everything in full, and few of their codes are unspecified. Real
notes often say no more than ``POSTOPERATIVE DIAGNOSIS: Mesothelioma``. These notes teach the ranker that a term of
the tabular list or of the lexicon that makes up a line of such a statement is a diagnosis, however little is said.

Some state conditions that ICD-10-CM classifies together, and are labelled with the combination code. Half of what the
others state is of everyday categories, those that coded charts carry: there the phrases that those charts
teach point to codes that say more, and the ranker has to learn that ``CKD`` and nothing else is ``N18.9`` all the same.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from suggest.code_sets.index import CodeIndex
from suggest.records import Claim, Code, Encounter, GoldCode, Note, Patient, Setting, Sex, System, TrainingExample
from suggest.terminology import Terminology
from training.stated_terms import TermChoice

GROUP = "statements"
"""Group of these examples; no corpus has it."""

_BODIES = Path(__file__).parent / "data" / "note_bodies.txt"
_HEADINGS: tuple[tuple[str, ...], ...] = (
    ("PREOPERATIVE DIAGNOSIS", "POSTOPERATIVE DIAGNOSIS"),
    ("PREOPERATIVE DIAGNOSES", "POSTOPERATIVE DIAGNOSES"),
    ("DISCHARGE DIAGNOSES",),
    ("FINAL DIAGNOSIS",),
    ("PRINCIPAL DIAGNOSIS",),
    ("ASSESSMENT",),
    ("IMPRESSION",),
    ("DIAGNOSES",),
    ("Assessment and plan",),
    ("A/P",),
)
_SETTINGS = (
    (Setting.OUTPATIENT, Claim.PROFESSIONAL),
    (Setting.PROFESSIONAL_SURGERY, Claim.PROFESSIONAL),
    (Setting.PROFESSIONAL_INPATIENT, Claim.PROFESSIONAL),
    (Setting.INPATIENT, Claim.FACILITY),
    (Setting.ED, Claim.PROFESSIONAL),
)
_COMBINED = 0.15  # share of the notes whose conditions ICD-10-CM classifies together
_SHORT = 0.3  # share of the notes without prose
_AGES = (25, 85)


def statements(
    index: CodeIndex, terminology: Terminology, count: int, seed: int, charts: Sequence[TrainingExample] = ()
) -> Iterator[TrainingExample]:
    """Yields made-up notes, the same for the same seed and charts.

    Args:
        index: The code set, for titles.
        terminology: Its terminology, for the code of a category that words leave open.
        count: How many.
        seed: Seed of the choice.
        charts: Coded charts, which tell the everyday categories.
    """
    rng = random.Random(seed)  # noqa: S311 - no secret
    choice = TermChoice(index, terminology, charts, rng)
    bodies = _BODIES.read_text(encoding="utf-8").strip().split("\n\n")
    for number in range(count):
        if rng.random() < _COMBINED:
            terms, codes = choice.combined()
        else:
            chosen = choice.terms(rng.choice((1, 1, 2, 3)))
            terms, codes = [term for term, _code in chosen], [code for _term, code in chosen]
        setting, claim = rng.choice(_SETTINGS)
        sex = Sex.FEMALE if number % 2 else Sex.MALE
        prose = [] if rng.random() < _SHORT else rng.sample(bodies, rng.randint(1, 4))
        text = _note(terms, prose, rng)
        yield TrainingExample(
            encounter=Encounter(
                f"{GROUP}-{number}",
                (Note("n", text),),
                setting=setting,
                claim=claim,
                patient=Patient(float(rng.randint(*_AGES)), sex),
            ),
            gold=tuple(GoldCode(Code(System.ICD10CM, code)) for code in codes),
            group=GROUP,
            made_up=True,
        )


def _note(terms: list[str], bodies: list[str], rng: random.Random) -> str:
    """Returns a note that states the terms under a heading, between bodies of prose."""
    headings = rng.choice(_HEADINGS)
    style = rng.choice((str.upper, str.capitalize, str.capitalize, str))
    if len(terms) > 1 or rng.random() < 0.3:
        listed = "\n".join(f"{i}. {style(term)}." for i, term in enumerate(terms, 1))
        blocks = [f"{heading}:\n{listed}" for heading in headings]
    else:
        blocks = [f"{heading}: {style(terms[0])}{rng.choice(('', '.'))}" for heading in headings]
    if len(blocks) > 1 and rng.random() < 0.3:
        blocks[-1] = f"{headings[-1]}: Same."
    before = rng.randint(0, len(bodies)) if len(headings) == 1 else 0
    return "\n\n".join([*bodies[:before], *blocks, *bodies[before:]])
