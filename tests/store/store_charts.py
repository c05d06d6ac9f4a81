"""Charts and suggestions for tests of the store, built by hand."""

from datetime import date

import pytest

from store.coding import LineRef
from suggest.records import PRESENT as IS_PRESENT
from suggest.records import (
    Claim,
    Code,
    CodeLine,
    Encounter,
    Evidence,
    Note,
    Patient,
    RankedCode,
    RunStamp,
    Setting,
    Sex,
    Suggestion,
    Support,
    SuppressedCode,
    System,
)

SQLITE_ONLY = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
"""For checks that are made before a database is asked."""
TEXT = "HPI: 63 yo with DM2 and café-au-lait spots 🙂. Denies chest pain.\nA/P: HTN, CKD 3.\n"


def code(name, system=System.ICD10CM):
    return Code(system, name, "FY2026")


def ref(name, system=System.ICD10CM, occurrence=1):
    return LineRef(system, name, occurrence)


def quote(words, text=TEXT, note="n1"):
    start = text.index(words)
    return Evidence(note, start, start + len(words), words)


def ranked(name, words, *, text=TEXT, note="n1", probability=0.9, system=System.ICD10CM):
    support = Support(quote(words, text, note), "assessment", IS_PRESENT, words.lower(), "lexicon")
    return RankedCode(code(name, system), f"title of {name}", probability, (support,), (), "clinical term")


def suggestion_of(encounter_id, lines, *, others=(), model="m1"):
    """Makes a suggestion that proposes lines (``RankedCode`` or ``CodeLine``) and only ranks the others."""
    proposed = tuple(line if isinstance(line, CodeLine) else CodeLine(line) for line in lines)
    return Suggestion(
        encounter_id=encounter_id,
        ranked=(*(line.ranked for line in proposed), *others),
        codes=proposed,
        suppressed=tuple(SuppressedCode(item, "below-threshold", "too unlikely") for item in others),
        findings=(),
        queries=(),
        stamp=RunStamp("0.1.0", model, (("ICD-10-CM", "FY2026"),), "index", "common", "abc"),
    )


def encounter_of(encounter_id="e1", text=TEXT, **fields):
    facts = {
        "setting": Setting.OUTPATIENT,
        "claim": Claim.PROFESSIONAL,
        "patient": Patient(63.5, Sex.FEMALE),
        "date_of_service": date(2026, 1, 2),
        **fields,
    }
    return Encounter(encounter_id, (Note("n1", text, "progress", date=date(2026, 1, 2)),), **facts)
