"""Notes made of a diagnostic statement and neutral prose, for training.

Charts that are written to be learnt from document everything in full, and few of their codes are unspecified. Real
notes often say no more than ``POSTOPERATIVE DIAGNOSIS: Mesothelioma``. These notes teach the ranker that a term of
the tabular list or of the lexicon that makes up a line of such a statement is a diagnosis, however little is said.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from suggest.code_sets.index import CodeIndex
from suggest.lexicon import read_lexicon
from suggest.records import Claim, Code, Encounter, GoldCode, Note, Patient, Setting, Sex, System, TrainingExample

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
_CHAPTERS = frozenset("ABCDEFGHIJKLMNQ")  # complete by their words: no encounter, period or external cause decides
_MOST_WORDS = 7
_UNSPECIFIED = 0.5  # share of the terms that leave open what their code would like to know
_AGES = (25, 85)


def statements(index: CodeIndex, count: int, seed: int) -> Iterator[TrainingExample]:
    """Yields made-up notes, the same for the same seed.

    Args:
        index: The code set, for titles.
        count: How many.
        seed: Seed of the choice.
    """
    rng = random.Random(seed)  # noqa: S311 - no secret
    by_chapter: dict[tuple[str, bool], list[tuple[str, str]]] = {}
    for term, code, unspecified in _terms(index):
        by_chapter.setdefault((code[0], unspecified), []).append((term, code))
    bodies = _BODIES.read_text(encoding="utf-8").strip().split("\n\n")
    for number in range(count):
        chapters = rng.sample(sorted(_CHAPTERS), rng.choice((1, 1, 2, 3)))
        chosen = [rng.choice(by_chapter[chapter, rng.random() < _UNSPECIFIED]) for chapter in chapters]
        setting, claim = rng.choice(_SETTINGS)
        sex = Sex.FEMALE if number % 2 else Sex.MALE
        text = _note([term for term, _code in chosen], rng.sample(bodies, rng.randint(1, 4)), rng)
        yield TrainingExample(
            encounter=Encounter(
                f"{GROUP}-{number}",
                (Note("n", text),),
                setting=setting,
                claim=claim,
                patient=Patient(float(rng.randint(*_AGES)), sex),
            ),
            gold=tuple(GoldCode(Code(System.ICD10CM, code)) for _term, code in chosen),
            group=GROUP,
        )


def _terms(index: CodeIndex) -> list[tuple[str, str, bool]]:
    """Returns titles as clinicians write them, and unconditional lexicon lines.

    Returns:
        Triples of term, complete code, and whether the code leaves open what the term does not say.
    """
    terms = []
    for row in range(len(index)):
        code = index.code(row)
        if code[0] in _CHAPTERS and index.billable[row] and not index.has_seventh[row]:
            unspecified = index.title(row).endswith(", unspecified")
            title = index.title(row).removesuffix(", unspecified")
            if len(title.split()) <= _MOST_WORDS and "unspecified" not in title and "other" not in title.lower():
                terms.append((title, code, unspecified))
    for entry in read_lexicon():
        code = entry.codes[0]
        found = index.row(code)
        single = len(entry.codes) == 1 and entry.condition is None and code[0] in _CHAPTERS
        if single and found is not None and index.billable[found] and len(entry.term.split()) <= _MOST_WORDS:
            terms.append((entry.term, code, "unspecified" in index.title(found)))
    return terms


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
