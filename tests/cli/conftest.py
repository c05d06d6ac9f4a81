"""Runs the command in this process, with a suggester that answers without model and index."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import models.loading
from cli.main import main
from models.bundle import ModelManifest, TrainingCorpus, write_bundle
from suggest.policy import policy_for
from suggest.records import (
    PRESENT,
    Code,
    CodeLine,
    Element,
    Evidence,
    Finding,
    RankedCode,
    RunStamp,
    Severity,
    Suggestion,
    Support,
    SuppressedCode,
    System,
)


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Runs ``chartcoder`` with arguments; returns exit code, output and errors."""
    monkeypatch.setenv("CHARTCODER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "100")

    def command(*arguments):
        with pytest.raises(SystemExit) as caught:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return SimpleNamespace(code=caught.value.code or 0, out=captured.out, err=captured.err)

    return command


def ranked_code(code, title, probability, note, quote, system=System.ICD10CM):
    start = note.text.index(quote)
    support = Support(
        Evidence(note.id, start, start + len(quote), quote), "assessment_plan", PRESENT, quote.lower(), "lexicon"
    )
    return RankedCode(Code(system, code, "FY2026"), title, probability, (support,), (), "clinical term")


def procedures(note):
    """A visit with a modifier, a drug by units, and an inpatient code that leaves an axis open."""
    visit, drug, operation = (
        ranked_code(code, title, 0.8, note, "injection", System(system))
        for system, code, title in (
            ("CPT", "99214", "Office visit, moderate"),
            ("HCPCS", "J3301", "Triamcinolone, 10 mg"),
            ("ICD-10-PCS", "3E0U33Z", "Introduction of Anti-inflammatory into Joints"),
        )
    )
    element = Element("risk", "Prescription drug management", 3, evidence=(visit.support[0].evidence,))
    return (
        CodeLine(
            visit, ("25",), pointers=(1,), role="procedure", modifier_reasons=("a separate visit",), elements=(element,)
        ),
        CodeLine(drug, units=4, pointers=(1, 2), role="procedure"),
        CodeLine(operation, role="procedure", open_axes=("approach",)),
    )


class FixedSuggester:
    """Proposes hypertension where it is written, and holds chest pain back."""

    def __init__(self):
        self.seen = []

    def suggest(self, encounter):
        self.seen.append(encounter)
        note = encounter.notes[0]
        codes = suppressed = ()
        if "HTN" in note.text:
            ranked = ranked_code("I10", "Essential (primary) hypertension", 0.96, note, "HTN")
            codes = (CodeLine(ranked, role="first-listed", poa="Y"),)
        if "injection" in note.text:
            codes += procedures(note)
        if "chest pain" in note.text:
            ranked = ranked_code("R07.9", "Chest pain, unspecified", 0.2, note, "chest pain")
            suppressed = (SuppressedCode(ranked, "assertion", "the condition is denied or ruled out", "I10"),)
        policy = policy_for(encounter)
        return Suggestion(
            encounter_id=encounter.id,
            ranked=tuple(line.ranked for line in codes) + tuple(code.ranked for code in suppressed),
            codes=codes,
            suppressed=suppressed,
            findings=(Finding("edition", Severity.INFO, (), "the date lies before the edition", "import", "x"),),
            queries=(),
            stamp=RunStamp("0", "fixed@0", (("ICD-10-CM", "FY2026"),), "i", policy.name, policy.hash),
        )


@pytest.fixture
def fixed(monkeypatch):
    """Takes the place of the suggester that the command would load."""
    suggester = FixedSuggester()
    monkeypatch.setattr(models.loading, "load_suggester", lambda *_args, **_options: suggester)
    return suggester


@pytest.fixture
def add_bundle(tmp_path):
    """Writes a bundle that holds nothing but its manifest and card."""

    def add(name, **changes):
        fields = {
            "name": name,
            "created": "2026-05-01T00:00:00+00:00",
            "policy": "professional",
            "policy_hash": "ab",
            "seed": 0,
            "features": ("a", "b"),
            "thresholds": {"default": {"ICD-10-CM": 0.3}},
            "corpora": (TrainingCorpus("ours", "the site's own", 12),),
        }
        folder = tmp_path / "home" / "models" / name
        write_bundle(folder, ModelManifest(**fields | changes), {}, {}, f"# Model card: {name}\n")
        return folder

    return add
