"""A clinic that codes by conventions of its own: charts, coders and decisions, all invented.

Its coders know four things that a model from elsewhere does not: what "sugar clinic" and "AAP green" stand
for on this site, that mechanical low back pain goes to M54.59, and that daily aspirin is never reported. All
else they code as the guidelines say. Decisions go through the real store.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from store import coded_sets, decisions, encounters, suggestions, users
from store.coding import Accept, Add, Leave, LineRef, NewDecision, Reject, Replace, proposed_lines
from store.database import Database
from store.tables import Role
from suggest.pipeline import Suggester
from suggest.records import Code, Encounter, Evidence, Note, Patient, Sex, Suggestion, System

FIRST_DAY = datetime(2025, 11, 3, 9, tzinfo=UTC)
MONTHS = 8

# code -> what this site's clinicians write for it
CONVENTIONS = {
    "E11.9": ("sugar clinic f/u", "Sugar clinic visit", "from sugar clinic", "sugar clinic pt"),
    "J45.909": ("AAP green", "AAP still green", "AAP: green zone", "green on AAP"),
    "M54.59": ("mechanical LBP", "LBP, mechanical", "Mechanical low back pain", "mech low back pain"),
}
ORDINARY = {
    "I10": ("HTN", "Hypertension", "Essential hypertension"),
    "E78.5": ("HLD", "Hyperlipidemia", "Dyslipidemia"),
    "E03.9": ("hypothyroidism", "Acquired hypothyroidism"),
    "K21.9": ("GERD", "Reflux without esophagitis"),
    "F41.1": ("GAD", "Generalized anxiety disorder"),
    "M17.11": ("OA R knee", "Primary osteoarthritis of right knee"),
    "J30.2": ("seasonal allergic rhinitis", "Seasonal allergies"),
    "G47.33": ("OSA", "Obstructive sleep apnea"),
}
ASPIRIN = ("ASA 81", "aspirin 81 mg daily", "baby aspirin qd")
NEVER_REPORTED = "Z79.82"
_TAILS = (
    "stable, continue same",
    "doing well, no change in meds",
    "at goal",
    "steady since last visit, recheck 3 mo",
    "no flare, keep present plan",
    "refills sent",
    "counseled, handout given",
    "reviewed home log with pt",
    "improved from prior, same dose",
    "no red flags, home exercises / diet as before",
)
_MEDS = ("lisinopril 10", "atorvastatin 20", "levothyroxine 75 mcg", "omeprazole 20", "vit D", "loratadine prn")
_OPENINGS = (
    "Here for routine follow up. No CP, no SOB. Eating and sleeping well, works part time, walks most days.",
    "Established pt, doing well. Denies fever, chills, dizziness. Brought pill bottles, takes all as directed.",
    "Seen for med check. No new concerns. No falls, no ED visits since last seen. Lives with family.",
    "Routine visit, no complaints today. Sleeping ok, weight steady, no night sweats. Vaccines given elsewhere.",
)
_EXAM = (
    "Gen NAD, alert. HEENT nl, neck supple. Lungs CTA bilat, no wheeze. Heart RRR no m/r/g. Abd soft NT. Ext no "
    "edema. Neuro nonfocal, gait steady. Skin intact."
)


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit and what this site codes for it: code -> words of the chart."""

    encounter: Encounter
    patient_key: str
    at: datetime
    gold: dict[str, str]


def visits(count: int, seed: int = 0) -> list[Visit]:
    """Returns visits of a clinic over eight months, by time; most patients come more than once."""
    rng = random.Random(seed)
    moments = sorted(rng.uniform(0, MONTHS * 30 - 1) for _ in range(count))
    return [_visit(rng, number, FIRST_DAY + timedelta(days=day), count) for number, day in enumerate(moments)]


def _visit(rng: random.Random, number: int, at: datetime, count: int) -> Visit:
    codes = [rng.choice(list(CONVENTIONS)), *rng.sample(list(ORDINARY), rng.randint(2, 3))]
    rng.shuffle(codes)
    words = {code: rng.choice((CONVENTIONS | ORDINARY)[code]) for code in codes}
    plan = [f"{place}. {words[code]} - {rng.choice(_TAILS)}" for place, code in enumerate(codes, 1)]
    meds = rng.sample(_MEDS, rng.randint(1, 3)) + [rng.choice(ASPIRIN)] * (rng.random() < 0.7)
    age, sex = rng.randint(45, 82), rng.choice(("M", "F"))
    text = (
        f"{age} y/o {sex}. {rng.choice(_OPENINGS)}\n\nMeds: {', '.join(meds)}\nNKDA\n\n"
        f"BP {rng.randint(112, 134)}/{rng.randint(66, 82)}  P {rng.randint(58, 88)}  T 98.{rng.randint(0, 9)}\n"
        f"{_EXAM}\n\nA/P:\n" + "\n".join(plan) + "\nRTC 3 mo"
    )
    day = at.date()
    encounter = Encounter(
        id=f"visit-{number:03}",
        notes=(Note("n1", text, "progress", date=day),),
        patient=Patient(age, Sex(sex)),
        date_of_service=day,
    )
    patient = f"patient-{rng.randrange(max(1, 2 * count // 3)):03}"
    return Visit(encounter, patient, at, words)


class Clock:
    """The time of the simulation."""

    def __init__(self) -> None:
        self.at = FIRST_DAY

    def __call__(self) -> datetime:
        """Goes on by a second whenever it is asked."""
        self.at += timedelta(seconds=1)
        return self.at


def code_visits(database: Database, clock: Clock, suggester: Suggester, work: list[Visit], *, least: int) -> int:
    """Has coders decide on what the suggester proposes, visit after visit.

    Args:
        database: Where all is stored; opened with ``clock``.
        clock: Set to the moment of each visit.
        suggester: The model in use.
        work: The visits, by time.
        least: Decisions that have to come about.

    Returns:
        The number of decisions.

    Raises:
        ValueError: The visits give fewer decisions.
    """
    coder = users.create(database, "coder.one", roles=[Role.CODER], actor=None).id
    total = 0
    for visit in work:
        clock.at = visit.at
        name = visit.encounter.id
        encounters.create(database, visit.encounter, patient_key=visit.patient_key, actor=None)
        suggestion = suggester.suggest(visit.encounter)
        version = suggestions.record(database, name, suggestion, last_note=1).encounter_version
        made = decide(visit, suggestion)
        done = decisions.record(database, name, made, reviewer=coder, expected_version=version)
        coded_sets.finalise(database, name, actor=coder, expected_version=done.version)
        total += len(made)
    if total < least:
        raise ValueError(f"{len(work)} visits gave {total} decisions; expected {least} or more")
    return total


def decide(visit: Visit, suggestion: Suggestion) -> list[NewDecision]:
    """Returns what a coder of this site decides on a suggestion."""
    made: list[NewDecision] = [
        Leave(LineRef(line.code.system, line.code.code))
        for line in proposed_lines(suggestion)
        if line.code.system is not System.ICD10CM
    ]
    missing = dict(visit.gold)
    proposed = [line.code.code for line in proposed_lines(suggestion) if line.code.system is System.ICD10CM]
    for name in proposed:
        ref = LineRef(System.ICD10CM, name)
        if name in visit.gold:
            made.append(Accept(ref))
            del missing[name]
        elif name.startswith("M54.5") and "M54.59" in missing and "M54.59" not in proposed:
            made.append(Replace(ref, Code(System.ICD10CM, "M54.59"), "mechanical: M54.59 here"))
            del missing["M54.59"]
        else:
            reason = "aspirin is not reported here" if name == NEVER_REPORTED else "not supported"
            made.append(Reject(ref, reason))
    note = visit.encounter.notes[0]
    for name, words in missing.items():
        start = note.text.index(words)
        made.append(Add(Code(System.ICD10CM, name), (Evidence(note.id, start, start + len(words), words),)))
    return made
