"""Edits of the claim form: how many lines it holds, present-on-admission indicators, pointers, coverage, tables."""

from __future__ import annotations

from collections.abc import Iterator

from suggest.edits.coded import CodedLine, CodedSet
from suggest.edits.poa_exempt import PROJECT_TABLE
from suggest.edits.report import Report
from suggest.edits.tables import Edit, EditTables
from suggest.records import Claim, Finding, Setting, System

_LIMITS = Report("claim-limits", "CMS-1500 and UB-04 claim forms")
_MISSING_POA = Report("poa-missing", "guidelines, Appendix I")
_EXEMPT_POA = Report("poa-on-exempt", "guidelines, Appendix I")
_WRONG_POA = Report("poa-value", "guidelines, Appendix I")
_PAYER = Report("payer-policy", "payer policy")
_TABLES = Report("edit-table", "installation")

_DIAGNOSES = {Claim.PROFESSIONAL: 12, Claim.FACILITY: 25}
_PROCEDURES = 25
_POINTERS = 4
_POA = frozenset("YNUW")
_IMPORTED = {"ncci": "pairs of procedures (NCCI)", "mue": "most units (MUE)", "add-on": "add-on codes"}


def claim_limits(coded: CodedSet, _tables: EditTables) -> Iterator[Finding]:
    """More codes than the claim form holds: 12 diagnoses and 4 pointers a line, or 25 diagnoses and 25 procedures."""
    claim = coded.encounter.claim
    most = _DIAGNOSES[claim]
    if (count := len(coded.diagnoses)) > most:
        yield _LIMITS.error(
            [],
            f"{count} diagnoses; a {claim} claim holds {most}",
            "Keep those that matter most to the encounter",
        )
    if claim is Claim.FACILITY:
        count = sum(line.code.system is System.ICD10PCS for line in coded.procedures)
        if count > _PROCEDURES:
            yield _LIMITS.error(
                [], f"{count} procedures; a {claim} claim holds {_PROCEDURES}", "Keep the most significant procedures"
            )
        return
    for line in coded.procedures:
        if len(line.pointers) > _POINTERS:
            yield _LIMITS.error(
                [line.code.code],
                f"{line.code.code} points to {len(line.pointers)} diagnoses; a line holds {_POINTERS}",
                "Keep the diagnoses that justify it best",
            )


def poa_missing(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """Diagnoses of a stay without the indicator that they need, in one finding."""
    exempt = tables.poa_exempt or PROJECT_TABLE
    without = [line for line in _poa_lines(coded) if line.poa is None and not exempt.is_exempt(_plain(line))]
    sure = sorted({line.code.code for line in without if exempt.is_sure_of(_plain(line))})
    unsure = sorted({line.code.code for line in without} - set(sure))
    remedy = "Add Y, N, U (documentation insufficient) or W (cannot be determined clinically)"
    if sure:
        message = f"{', '.join(sure)} {_has(sure)} no present-on-admission indicator"
        yield _MISSING_POA.error(sure, message, remedy, edition=exempt.edition)
    if unsure:
        message = f"{', '.join(unsure)} {_has(unsure)} no present-on-admission indicator and may not be exempt"
        yield _MISSING_POA.warning(unsure, message, remedy, edition=exempt.edition)


def _has(codes: list[str]) -> str:
    return "has" if len(codes) == 1 else "have"


def poa_on_exempt(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """An indicator on a diagnosis that is exempt."""
    exempt = tables.poa_exempt or PROJECT_TABLE
    for line in _poa_lines(coded):
        if line.poa is not None and exempt.is_exempt(_plain(line)):
            report = _EXEMPT_POA.error if exempt.is_official else _EXEMPT_POA.info
            yield report(
                [line.code.code],
                f"{line.code.code} carries a present-on-admission indicator and is exempt from it",
                "Leave the indicator out",
                edition=exempt.edition,
            )


def poa_value(coded: CodedSet, _tables: EditTables) -> Iterator[Finding]:
    """An indicator that does not exist, or that the claim does not carry."""
    stay = _is_stay(coded)
    for line in coded.diagnoses:
        if line.poa is None:
            continue
        if line.poa not in _POA:
            yield _WRONG_POA.error(
                [line.code.code],
                f"{line.code.code} has an indicator that is none of Y, N, U and W",
                "Use Y, N, U or W, or leave it out where the code is exempt",
            )
        elif not stay:
            yield _WRONG_POA.warning(
                [line.code.code],
                f"{line.code.code} carries a present-on-admission indicator; only claims of stays do",
                "Leave the indicator out",
            )


def payer_policy(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """A procedure that the payer's policy covers for other diagnoses, so often, or when authorised."""
    if tables.policies is None:
        return
    encounter = coded.encounter
    for line in coded.procedures:
        held = [p for p in tables.policies.of(line.code.code, encounter.payer) if p.holds_on(encounter.date_of_service)]
        for name in sorted({policy.policy for policy in held}):
            same = [policy for policy in held if policy.policy == name]
            stamp = {"source": f"{same[0].payer}: {name}" if same[0].payer != "*" else name}
            stamp["edition"] = tables.policies.edition
            code = line.code.code
            if not any(policy.covers(diagnosis) for policy in same for diagnosis in _justifying(coded, line)):
                message = f"{name} does not cover {code} for any of its diagnoses"
                remedy = "Check the pointers and the documentation; else tell the patient before the service"
                yield _PAYER.warning([code], message, remedy, **stamp)
            if any(policy.prior_authorization for policy in same):
                message = f"{name} asks for prior authorization of {code}"
                yield _PAYER.info([code], message, "Put the number of the authorization on the claim", **stamp)
            for frequency in sorted({policy.frequency for policy in same if policy.frequency}):
                message = f"{name} covers {code} {frequency}"
                yield _PAYER.info([code], message, "Check when it was last done", **stamp)


def _justifying(coded: CodedSet, line: CodedLine) -> list[str]:
    """Returns the diagnoses that a procedure points to; all where it points to none."""
    diagnoses = [other.code.code for other in coded.diagnoses]
    pointed = [diagnoses[place - 1] for place in line.pointers if 0 < place <= len(diagnoses)]
    return pointed or diagnoses or [""]


def edit_table(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """Tables that could not be read, and such as the claim would need and the site has not imported."""
    for name, reason in tables.problems:
        yield _TABLES.warning(
            [], f"The table {name} is not used: {reason}", f"Import it again: chartcoder codes import {name} FILE"
        )
    if not tables.has_notes:
        edition = tables.index.edition.name
        yield _TABLES.warning(
            [],
            f"ICD-10-CM {edition} was imported without instructional notes: Excludes and code first are not checked",
            "Import the tabular XML of the edition: chartcoder codes import icd10cm FILE",
            edition=edition,
        )
    broken = {name for name, _ in tables.problems}
    lacking = [name for name in _IMPORTED if name not in broken and tables.imported(name) is None]
    if lacking and _tables_would_serve(coded):
        what = ", ".join(_IMPORTED[name] for name in lacking)
        yield _TABLES.info(
            [],
            f"Tables not imported: {what}; the project's own tables take their place where they can",
            "; ".join(f"chartcoder codes import {name} FILE" for name in lacking),
        )


def _tables_would_serve(coded: CodedSet) -> bool:
    """Whether the NCCI tables could report anything: one service of one unit makes no pair and no excess of units."""
    services = [line for line in coded.procedures if line.code.system in (System.CPT, System.HCPCS)]
    return len(services) > 1 or any(line.units > 1 for line in services)


def _is_stay(coded: CodedSet) -> bool:
    return coded.encounter.claim is Claim.FACILITY and coded.encounter.setting is Setting.INPATIENT


def _poa_lines(coded: CodedSet) -> tuple[CodedLine, ...]:
    return coded.diagnoses if _is_stay(coded) else ()


def _plain(line: CodedLine) -> str:
    return line.code.code.replace(".", "").upper()


CLAIM_FORM_EDITS: tuple[Edit, ...] = (
    claim_limits, poa_missing, poa_on_exempt, poa_value, payer_policy, edit_table,
)  # fmt: skip
