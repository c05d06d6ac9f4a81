"""Made-up notes that name services as done, planned, declined or past, and drugs as given or taken, for training.

Charts are few and each procedure stands in one or two of them. These notes teach the ranker of procedures what the
words around a service say of it, whatever the service is: one drawn at random from the tables is right where the
sentence tells that it was done at this encounter, and wrong elsewhere.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from suggest.code_sets.services import ServiceCode
from suggest.procedures.terms import Catalogue, drug_names
from suggest.records import Claim, Code, Encounter, GoldCode, Note, Patient, Setting, Sex, TrainingExample

GROUP = "service-notes"
"""Group of these examples; no corpus has it."""

_BODIES = Path(__file__).parent / "data" / "note_bodies.txt"
_DONE = {
    "surgery": (
        "PROCEDURE PERFORMED: {term}",
        "PROCEDURE: {term}. Patient tolerated well.",
        "OPERATION: {term}\nEBL minimal. No complications.",
        "{term} was performed under sterile technique.",
        "Procedure note: {term}. Consent obtained, time out done.",
    ),
    "radiology": (
        "{term} done here today, my interpretation: no acute finding.",
        "EXAM: {term}\nTECHNIQUE: standard.\nFINDINGS: unremarkable.",
        "{term} obtained in clinic, read by me.",
    ),
    "pathology": ("POC {term} today: negative.", "{term} done in office: normal.", "In-office {term} resulted."),
    "medicine": (
        "{term} done today, interpreted by me.",
        "{term} performed in the office.",
        "Today: {term}, tolerated.",
    ),
    "vaccine": ("{term} given IM L deltoid today, lot on file.", "{term} administered today."),
}
_NOT_DONE = (
    "Plan: {term} next month.",
    "Will schedule {term}.",
    "Refer for {term}.",
    "Discussed {term}; patient declined.",
    "PSH: {term} 2018.",
    "s/p {term} three years ago.",
    "{term} at outside hospital last year.",
    "{term} was considered but not done.",
    "Recommend {term} if no better.",
    "Order {term}, will call with results.",
    "Due for {term}, wants to wait.",
    "{term} cancelled, patient ate breakfast.",
)
_GIVEN = (
    "{drug} {dose} IM given by RN in clinic today.",
    "{drug} {dose} SC administered today.",
    "0915-1030 {drug} {dose} IVPB",
    "0850 {drug} {dose} IV push",
    "Injected {drug} {dose} without complication.",
    "{drug} {dose} IV infused over 60 min, tolerated.",
    "Given in office: {drug} {dose} IM.",
)
_TAKEN = (
    "Meds: {drug} {dose} PO daily.",
    "Continue {drug}.",
    "{drug} at home, last dose three weeks ago.",
    "Allergic to {drug} (rash).",
    "Prescribed {drug}, pharmacy to fill.",
    "Plan: start {drug} {dose} once approved.",
    "Held {drug} today.",
    "Got {drug} at the infusion center last month.",
)
_KINDS = {"radiology": "radiology", "pathology": "pathology", "vaccine": "vaccine", "medicine": "medicine"}
_SKIPPED = frozenset({"em", "anesthesia", "transport", "equipment", "supply", "service", "psychiatry", "therapy"})
_SETTINGS = (Setting.OUTPATIENT, Setting.OUTPATIENT, Setting.PROFESSIONAL_SURGERY)
_DRUG_SHARE = 0.3
_AGES = (25, 80)


def service_notes(catalogue: Catalogue, count: int, seed: int) -> Iterator[TrainingExample]:
    """Yields made-up notes, the same for the same seed; none where there are no services.

    Args:
        catalogue: The services.
        count: How many.
        seed: Seed of the choice.
    """
    rng = random.Random(seed)  # noqa: S311 - no secret
    services = [s for s in catalogue.rows if s.section not in _SKIPPED and s.section != "drug" and _plain(s)]
    drugs = [(name, s) for s in catalogue.rows for name in drug_names(s) if _plain(s)]
    bodies = _BODIES.read_text(encoding="utf-8").strip().split("\n\n")
    families = _families(catalogue)
    for number in range(count if services and drugs else 0):
        lines, right, open_ = [], [], set()
        for _ in range(rng.choice((2, 3, 4))):
            drawn = _drug_line(drugs, rng) if rng.random() < _DRUG_SHARE else _service_line(services, rng)
            line, service, done = drawn
            lines.append(line)
            open_ |= families.get(service.family, set()) - {service.code}
            if done:
                right.append(service)
        blocks = [*rng.sample(bodies, rng.randint(1, 2)), *lines]
        rng.shuffle(blocks)
        yield TrainingExample(
            encounter=Encounter(
                f"{GROUP}-{number}",
                (Note("n", "\n\n".join(blocks)),),
                setting=rng.choice(_SETTINGS),
                claim=Claim.PROFESSIONAL,
                patient=Patient(float(rng.randint(*_AGES)), Sex.FEMALE if number % 2 else Sex.MALE),
            ),
            gold=tuple(GoldCode(Code(s.system, s.code)) for s in dict.fromkeys(right)),
            acceptable=frozenset(open_ - {s.code for s in right}),
            group=GROUP,
            made_up=True,
        )


def _plain(service: ServiceCode) -> bool:
    """Whether a code is right by its words alone: no condition, or the usual one of its family."""
    return "addon" not in service.flags and (not service.asks or service.is_default)


def _families(catalogue: Catalogue) -> dict[str, set[str]]:
    families: dict[str, set[str]] = {}
    for service in catalogue.rows:
        if service.family:
            families.setdefault(service.family, set()).add(service.code)
    return families


def _service_line(services: Sequence[ServiceCode], rng: random.Random) -> tuple[str, ServiceCode, bool]:
    service = rng.choice(services)
    while not service.terms:
        service = rng.choice(services)
    done = rng.random() < 0.5
    kind = _KINDS.get(service.section, "surgery")
    template = rng.choice(_DONE[kind] if done else _NOT_DONE)
    term = rng.choice(service.terms)
    return template.format(term=rng.choice((term, term, term.capitalize(), term.upper()))), service, done


def _drug_line(drugs: Sequence[tuple[str, ServiceCode]], rng: random.Random) -> tuple[str, ServiceCode, bool]:
    name, service = rng.choice(drugs)
    size, unit = service.unit.split()[1:]
    dose = f"{float(size) * rng.choice((1, 2, 4, 10)):g} {unit}"
    given = rng.random() < 0.5
    template = rng.choice(_GIVEN if given else _TAKEN)
    return template.format(drug=rng.choice((name, name.lower())), dose=dose), service, given
