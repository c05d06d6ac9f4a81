"""Edits that compare diagnoses with the patient, with each other over time, and within a pregnancy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from suggest import status
from suggest.edits.coded import CodedSet
from suggest.edits.facts import Facts
from suggest.edits.known import grouped, known
from suggest.edits.report import Report
from suggest.edits.tables import Edit, EditTables
from suggest.records import Claim, Finding, Setting, Sex
from suggest.resources import read_table

_AGE = Report("age", "Medicare Code Editor")
_SEX = Report("sex", "ICD-10-CM tabular list")
_TRIMESTER = Report("trimester", "guideline I.C.15.a.3")
_HISTORY = Report("history-beside-disease", "guideline I.C.21.c.4")
_WITH = Report("with-and-without", "ICD-10-CM tabular list")
_INTENT = Report("drug-intent", "guideline I.C.19.e.5")

# Ages in whole years, as the definitions manual of the Medicare Code Editor has them.
_AGES = {"newborn": (0, 0), "pediatric": (0, 17), "maternity": (9, 64), "adult": (15, 124)}
_TRIMESTERS = re.compile(r"\b(first|second|third) trimester\b")
_NUMBER = {"first": 1, "second": 2, "third": 3}
_WEEKS = re.compile(r"Z3A(\d\d)")
_SECOND, _THIRD = 14, 28
"""Weeks at which the trimesters begin (I.C.15.a.3)."""
_TRACKED_WEEKS = range(8, 43)
_AXES = re.compile(
    r"\b(?:without|with|not intractable|intractable|nondisplaced|displaced|not|non-?dominant|dominant)\b"
)
_DRUGS = re.compile(r"T(?:3[6-9]|4\d|50).{2}[1-6]")
_CANCER_HISTORY, _SKIN_CANCER_HISTORY = "Z85", "Z8582"
_NO_POISONING = "56"
"""6th characters of adverse effect and underdosing."""


@dataclass(frozen=True, slots=True)
class _Limits:
    prefix: str
    sex: str


@lru_cache(maxsize=1)
def _sexes() -> tuple[_Limits, ...]:
    rows = read_table("rules/age_sex.tsv")
    return tuple(_Limits(row["prefix"].replace(".", ""), row["sex"]) for row in rows if row["sex"])


def age(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """A diagnosis of another time of life than the patient's; where the age is not known, nothing.

    On the claim of a stay Medicare's editor returns it: an error. Elsewhere a warning.
    """
    years = coded.encounter.patient.age
    if years is None:
        return
    stay = coded.encounter.claim is Claim.FACILITY and coded.encounter.setting is Setting.INPATIENT
    for fact in known(coded, tables):
        for category, (youngest, oldest) in _AGES.items():
            if category in fact.editor and not youngest <= int(years) <= oldest:
                yield (_AGE.error if stay else _AGE.warning)(
                    [fact.code],
                    f"{fact.code} is for the ages {youngest} to {oldest} ({category}), and the patient is {int(years)}",
                    "Check the age of the patient and the code",
                )


def sex(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """A diagnosis of organs that the other administrative sex has; never for ``X`` and unknown."""
    patient = coded.encounter.patient.sex
    if patient not in (Sex.FEMALE, Sex.MALE):
        return
    for fact in known(coded, tables):
        limits = max(
            (limits for limits in _sexes() if fact.plain.startswith(limits.prefix)),
            key=lambda limits: len(limits.prefix),
            default=None,
        )
        if limits is not None and limits.sex != patient:
            yield _SEX.warning(
                [fact.code],
                f"{fact.code} is usual for sex {limits.sex}, and the record says {patient}",
                "Check the record and the code; keep it where the patient has the organ",
            )


def trimester(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """Codes of a pregnancy that name different trimesters, or another one than the weeks of gestation."""
    named: dict[int, list[str]] = {}
    weeks: list[tuple[str, int]] = []
    for fact in sorted(known(coded, tables), key=lambda fact: fact.row):
        if fact.plain[0] == "O" and (match := _TRIMESTERS.search(fact.title)):
            named.setdefault(_NUMBER[match[1]], []).append(fact.code)
        elif (tracked := _WEEKS.match(fact.plain)) and int(tracked[1]) in _TRACKED_WEEKS:
            weeks.append((fact.code, int(tracked[1])))
    if len(named) > 1:
        codes = [code for found in named.values() for code in found]
        yield _TRIMESTER.warning(
            sorted(codes),
            f"{', '.join(sorted(codes))} name different trimesters",
            "Give all the trimester of the encounter; of a stay, that in which the complication developed",
        )
    for code, week in weeks:
        right = 1 + (week >= _SECOND) + (week >= _THIRD)
        wrong = sorted(found for number, codes in named.items() if number != right for found in codes)
        if wrong:
            yield _TRIMESTER.warning(
                [*wrong, code],
                f"{', '.join(wrong)} name another trimester than {code} (week {week})",
                "Check the weeks of gestation and the trimester",
            )


def history_beside_disease(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """Personal history of a disease that is on the claim as current.

    For cancer a warning: it is either treated or history. Other diseases may come back: information.
    """
    diagnoses = known(coded, tables)
    histories = {fact.plain: fact for fact in diagnoses if fact.plain.startswith(("Z85", "Z86", "Z87"))}
    if not histories:
        return
    for fact in sorted(diagnoses, key=lambda fact: fact.row):
        past = status.personal_history().get(fact.plain)
        history = histories.get(past.replace(".", "")) if past else None
        if history is None or fact.plain[0] == "Z" or _says_little(history):
            continue
        message = f"{fact.code} is current, and {history.code} is its history"
        if fact.plain[0] == "C" or fact.plain in status.chronic():
            remedy = "Keep the one that the documentation supports: current while it is treated, else history"
            yield _HISTORY.warning([fact.code, history.code], message, remedy)
        else:
            yield _HISTORY.info([fact.code, history.code], message, "Keep both only where it came back")


def _says_little(history: Facts) -> bool:
    """Whether a code of history is a residual one, or of skin cancers, of which there may be another."""
    if history.plain.startswith(_CANCER_HISTORY):
        return history.plain.startswith(_SKIN_CANCER_HISTORY)
    return "other" in history.title.lower()


def with_and_without(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """Two codes of one disease of which one says what the other denies: with and without, displaced and not."""
    diagnoses = [fact for fact in known(coded, tables) if _AXES.search(fact.title.lower())]
    for group in grouped(diagnoses, lambda fact: (fact.category, " ".join(_AXES.sub(" ", fact.title.lower()).split()))):
        codes = [fact.code for fact in group]
        yield _WITH.warning(
            codes,
            f"{', '.join(codes)} contradict each other in one thing",
            "Keep the one that the documentation supports",
        )


def drug_intent(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """One drug as a poisoning and as an adverse effect or underdosing, or as a poisoning by two intents.

    The last two may be of two drugs of one class, of which the patient takes less of one.
    """
    drugs = [fact for fact in known(coded, tables) if _DRUGS.match(fact.plain)]
    for group in grouped(drugs, lambda fact: fact.plain[:5]):
        if len({"" if fact.plain[5] in _NO_POISONING else fact.plain[5] for fact in group}) > 1:
            codes = [fact.code for fact in group]
            yield _INTENT.warning(
                codes,
                f"{', '.join(codes)} name one drug with different circumstances",
                "It is an adverse effect where the drug was taken as prescribed, else a poisoning",
            )


PATIENT_EDITS: tuple[Edit, ...] = (
    age, sex, trimester, history_beside_disease, with_and_without, drug_intent,
)  # fmt: skip
