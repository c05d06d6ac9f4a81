"""Edits of procedures on their claim: live codes, the right code set, telehealth, justifying diagnoses, repetition."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache

from suggest.code_sets.service_records import STARTER, ServiceCode
from suggest.code_sets.service_table import OPERATIVE, SHAPES
from suggest.code_sets.services import check_live
from suggest.edits.coded import CodedLine, CodedSet
from suggest.edits.ncci import NCCI_MODIFIERS
from suggest.edits.procedures_lines import SERVICES, Billed, billed, is_facility_stay, known_lines
from suggest.edits.report import Report
from suggest.edits.tables import Edit, EditTables
from suggest.records import Claim, Finding, Setting, System
from suggest.resources import read_table

_LIVE = Report("procedure-not-live", "CPT and HCPCS Level II, release of the date of service")
_SYSTEM = Report("code-set-of-claim", "45 CFR 162.1002; ICD-10-PCS guidelines, introduction")
_TELEHEALTH = Report("telehealth", "CPT Appendix P, T; CMS Claims Processing Manual, chapter 12, section 190")
_JUSTIFIED = Report("procedure-without-diagnosis", "NUCC CMS-1500 instructions, items 21 and 24E")
_SCREENING = Report("screening-diagnosis", "guidelines I.C.21.c.5, I.C.21.c.13")
_REPEATED = Report(
    "repeated-procedure", "CMS Claims Processing Manual, chapter 12, section 30.6.5; modifiers 59, 76, 77, 91"
)

_TELEHEALTH_MODIFIERS = frozenset({"93", "95", "FQ", "GQ", "GT", "G0"})
_IN_PERSON = OPERATIVE - {"eye", "ear", "nervous"} | {
    "anesthesia", "radiology", "pathology", "vaccine", "drug", "supply", "equipment", "transport",
}  # fmt: skip
_VISITS_BY_SIGHT = ("office-new", "office-established")
_CLOTTING_FACTORS = ("J7170", "J7214")
"""Paid beside a stay (Claims Processing Manual, chapter 3, section 20.7.3)."""
_NO_REASON = "VWXY"
_REPEATS = NCCI_MODIFIERS | {"76", "77", "GG"}
_BY_LINE = frozenset({"drug", "supply", "equipment", "transport", "anesthesia", "therapy", "service"})
"""Sections in which equal lines are usual: wastage, batches, days, legs of a journey."""


def procedure_not_live(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """A code that ended before, begins after, or is unknown on the date of service."""
    day = coded.encounter.date_of_service
    sets = {services.system: services for services in tables.catalogue.sets}
    for code, system in sorted({(line.code.code, line.code.system) for line in coded.procedures}):
        services = sets.get(system)
        if system in SERVICES and not SHAPES[system].fullmatch(code.upper()):
            yield _LIVE.error([code], f"{code[:10]} has not the shape of a code of {system}", "Correct the code")
        elif system is System.ICD10PCS:
            yield from _pcs_known(code, tables)
        elif services is None or not len(services):
            continue  # the code set is turned off
        elif services.get(code.upper()) is None:
            report = _LIVE.info if services.edition.name == STARTER else _LIVE.error
            yield report(
                [code],
                f"{system} {services.edition.name} has no code {code}",
                f"Check it, or import the release that has it: chartcoder codes import {system.lower()} FILE",
                edition=services.edition.name,
            )
        elif day is not None and (why := check_live(services, code.upper(), day)):
            yield _LIVE.error([code], why, "Use the code in force on that day", edition=services.edition.name)


def _pcs_known(code: str, tables: EditTables) -> Iterator[Finding]:
    if tables.pcs is not None and code not in tables.pcs:
        name = tables.pcs.edition.name
        yield _LIVE.warning(
            [code],
            f"ICD-10-PCS {name} has no code {code[:10]}",
            "Correct it, or import the release of the date of discharge: chartcoder codes import icd10pcs FILE",
            edition=name,
        )


def code_set_of_claim(coded: CodedSet, _tables: EditTables) -> Iterator[Finding]:
    """ICD-10-PCS outside a hospital's claim for a stay, CPT or HCPCS on one."""
    stay = is_facility_stay(coded.encounter)
    for code, system in sorted({(line.code.code, line.code.system) for line in coded.procedures}):
        if system is System.ICD10PCS and not stay:
            yield _SYSTEM.error(
                [code],
                f"{code} is a code of ICD-10-PCS on a claim that is not a hospital's for an inpatient stay",
                "Report CPT or HCPCS instead",
            )
        elif system is System.CPT and stay:
            yield _SYSTEM.error(
                [code],
                f"{code} is a code of CPT on a hospital's claim of an inpatient stay",
                "Report the procedure in ICD-10-PCS",
            )
        elif system is System.HCPCS and stay and not _CLOTTING_FACTORS[0] <= code <= _CLOTTING_FACTORS[1]:
            yield _SYSTEM.warning(
                [code],
                f"{code} is a code of HCPCS on a hospital's claim of an inpatient stay",
                "Remove it: supplies and drugs of a stay are reported by revenue code, clotting factors excepted",
            )


def telehealth(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """Telehealth modifiers away from telehealth, on what takes hands, or missing on a visit by telehealth."""
    remote = coded.encounter.setting is Setting.TELEHEALTH
    for line, service in known_lines(coded, tables):
        named = sorted(line.modifiers & _TELEHEALTH_MODIFIERS)
        if service.section in _IN_PERSON and (named or (remote and service.section != "pathology")):
            how = f"bears {', '.join(named)}" if named else "stands on a telehealth encounter"
            yield _TELEHEALTH.warning(
                [line.code],
                f"{line.code} {how}, but is done in person",
                "Remove modifier or code, or report it with the place where it was done",
            )
        elif named and coded.encounter.setting in (Setting.OUTPATIENT, Setting.PROFESSIONAL_SURGERY):
            yield _TELEHEALTH.warning(
                [line.code],
                f"{line.code} bears {', '.join(named)}, but the encounter is not by telehealth",
                "Remove the modifier, or correct setting and place of service (02 or 10)",
            )
        elif remote and not named and service.family in _VISITS_BY_SIGHT:
            yield _TELEHEALTH.info(
                [line.code],
                f"{line.code} was given by telehealth and bears no modifier that says how",
                "Where the payer asks for it, add 95 (sound and picture) or 93 (sound alone); place of service 02, 10",
            )


def procedure_without_diagnosis(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """A line of a professional claim that no diagnosis of the claim justifies."""
    lines = billed(coded, tables)
    count = len(coded.diagnoses)
    if coded.encounter.claim is Claim.FACILITY or not lines:
        return
    if not count:
        yield _JUSTIFIED.error(
            sorted({line.code for line in lines}),
            "No diagnosis stands on the claim to justify its procedures",
            "Add the diagnosis, sign or reason for which they were done",
        )
        return
    pointed = any(line.line.pointers for line in lines)
    for line in lines:
        wrong = sorted({place for place in line.line.pointers if not 1 <= place <= count})
        if wrong:
            yield _JUSTIFIED.error(
                [line.code],
                f"{line.code} points to diagnosis {', '.join(map(str, wrong))}; the claim has {count}",
                "Point to a diagnosis of the claim",
            )
        elif pointed and not line.line.pointers:
            yield _JUSTIFIED.error(
                [line.code],
                f"{line.code} points to no diagnosis",
                "Point to the diagnosis for which it was done, the main one first",
            )
        elif line.line.pointers and all(code[:1].upper() in _NO_REASON for code in _pointed(line.line, coded)):
            yield _JUSTIFIED.warning(
                [line.code],
                f"{line.code} points only to external causes",
                "Point to the injury or condition; external causes do not justify a service",
            )


def _pointed(line: CodedLine, coded: CodedSet) -> list[str]:
    return [coded.diagnoses[place - 1].code.code for place in line.pointers if 1 <= place <= len(coded.diagnoses)]


def screening_diagnosis(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """A preventive visit or screening that is justified by symptoms or diseases only (``services/screening.tsv``)."""
    for line in billed(coded, tables):
        wanted = _screening_reasons(line.code)
        diagnoses = _pointed(line.line, coded) or [found.code.code for found in coded.diagnoses]
        if wanted and diagnoses and not any(code.upper().startswith(wanted) for code in diagnoses):
            yield _SCREENING.warning(
                [line.code],
                f"{line.code} is preventive or a screening, but no reason for one ({', '.join(wanted)}) justifies it",
                "Add the Z code that the documentation supports, or report the diagnostic service",
                source=f"{_SCREENING.source}; project table (screening)",
            )


@lru_cache(maxsize=4096)
def _screening_reasons(code: str) -> tuple[str, ...]:
    """Returns the beginnings of the diagnoses that justify a screening, none for other services."""
    return next((reasons for first, last, reasons in _screening_table() if first <= code <= last), ())


@lru_cache(maxsize=1)
def _screening_table() -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    rows = ((row["codes"].partition("-"), row["diagnoses"]) for row in read_table("services/screening.tsv"))
    return tuple((first, last or first, tuple(reasons.split("|"))) for (first, _, last), reasons in rows)


def repeated_procedure(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """A procedure on several lines that nothing tells apart."""
    groups: defaultdict[str, list[Billed]] = defaultdict(list)
    for line in billed(coded, tables):
        groups[line.code].append(line)
    for code, lines in sorted(groups.items()):
        bare = sum(not line.modifiers & _REPEATS for line in lines)
        if len(lines) > 1 and bare > 1 and not _usual(lines[0].service) and lines[0].visit is None:
            yield _REPEATED.warning(
                [code],
                f"{code} stands on {len(lines)} lines that no modifier tells apart",
                "Add the units up on one line, or add the modifier that says what was repeated or separate",
            )


def _usual(service: ServiceCode | None) -> bool:
    return service is not None and service.section in _BY_LINE


CLAIM_EDITS: tuple[Edit, ...] = (
    procedure_not_live,
    code_set_of_claim,
    telehealth,
    procedure_without_diagnosis,
    screening_diagnosis,
    repeated_procedure,
)
