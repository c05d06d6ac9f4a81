"""Decides which ranked procedures are proposed and says of the others why they are not."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from suggest.code_sets.services import ServiceCode, check_live
from suggest.policy import Policy
from suggest.procedures.model import ProcedureModel
from suggest.procedures.terms import Catalogue
from suggest.records import AssertionStatus, Encounter, RankedCode, Setting, Support, SuppressedCode, System
from suggest.selection import Selected

_WORTH_SHOWING = 0.1
_UNDONE = {
    AssertionStatus.NEGATED: "was not done",
    AssertionStatus.HYPOTHETICAL: "is planned or considered",
    AssertionStatus.HISTORICAL: "was done before",
    AssertionStatus.FAMILY: "is said of a relative",
    AssertionStatus.ALLERGY: "is named as an allergen",
}
_VISIT = "em"
_PROVIDED = frozenset({"drug", "supply", "equipment"})
_TAKEN = frozenset({"medications", "discharge_medications"})
# behind the name, before the next item
_HABIT = re.compile(
    r"(?:(?!\.\s)[^\n;,]){0,40}?\b(?:daily|nightly|weekly|monthly|every|prn|bid|tid|qid|qhs|qd|qam|qpm|"
    r"q\.?\s?\d+\s?h|[bt]\.i\.d|q\.i\.d|p\.?r\.?n|p\.?o|by mouth|at (?:night|bedtime)|as needed|"
    r"tab(?:let)?s?|capsules?)\b",
    re.IGNORECASE,
)
HOSPITAL = frozenset({Setting.ED, Setting.INPATIENT, Setting.PROFESSIONAL_INPATIENT, Setting.PROFESSIONAL_SURGERY})
"""Settings in which equipment, drugs, supplies and nursing are the institution's."""
_GLOBAL = {"000": 1, "010": 2, "090": 3, "MMM": 3}
"""Global periods by length; what has none goes before all."""


@dataclass(frozen=True, slots=True)
class _Case:
    """What a rule may look at."""

    code: RankedCode
    service: ServiceCode | None
    proposed: Sequence[RankedCode]
    catalogue: Catalogue
    encounter: Encounter
    policy: Policy
    threshold: float


_Verdict = tuple[str, str, str | None]  # rule, reason, code it steps back for


def _threshold(case: _Case) -> _Verdict | None:
    if case.code.probability >= case.threshold:
        return None
    return "below-threshold", f"probability {case.code.probability:.2f} is under {case.threshold:.2f}", None


def _not_done(case: _Case) -> _Verdict | None:
    """Only what was done is reported; what a stay's notes tell as past was done in it."""
    statuses = {support.assertion.status for support in case.code.support}
    told = {AssertionStatus.HISTORICAL} if case.code.code.system is System.ICD10PCS else set()
    if not statuses or not case.policy.status_transforms or statuses - (set(_UNDONE) - told):
        return None
    return "not-done", f"the procedure {_UNDONE[case.code.support[0].assertion.status]}", None


def _ended(case: _Case) -> _Verdict | None:
    """A code may be reported only for services while it is in force."""
    day = case.encounter.date_of_service
    services = next((s for s in case.catalogue.sets if s.system is case.code.code.system), None)
    if day is None or services is None or case.service is None or case.code.code.code not in services:
        return None
    message = check_live(services, case.code.code.code, day)
    return ("not-in-force", message, None) if message else None


def _of_institution(case: _Case) -> _Verdict | None:
    """Drugs and supplies of a hospital are on its claim (Medicare Claims Processing Manual, ch. 12, section 20.4)."""
    if case.service is None or case.service.section not in _PROVIDED or case.encounter.setting not in HOSPITAL:
        return None
    return "institution", "in this setting the institution reports drugs and supplies", None


def _of_patient(case: _Case) -> _Verdict | None:
    """Medicines that patients give themselves are no service (Medicare Benefit Policy Manual, ch. 15, section 50.2)."""
    if case.service is None or case.service.section != "drug" or not case.policy.status_transforms:
        return None
    if not case.code.support or not all(_is_taken(support, case.encounter) for support in case.code.support):
        return None
    return "medicine-list", "it is named only among the medicines that the patient takes", None


def _is_taken(support: Support, encounter: Encounter) -> bool:
    """Whether words stand in a list of medicines, and a habit or the mouth behind them in the same item."""
    if support.section not in _TAKEN:
        return False
    text = next(note.text for note in encounter.notes if note.id == support.evidence.note_id)
    return _HABIT.match(text, support.evidence.end) is not None


def _one_of_family(case: _Case) -> _Verdict | None:
    """The same words name one member of a family: that whose size, count or approach fits best."""
    for other in case.proposed:
        if _family(case, other) != _family(case, case.code):
            continue
        if case.service is not None and "addon" in case.service.flags:
            continue
        if _within(case.code, other) or case.service is None or case.service.section == _VISIT:
            return "same-words", "the same words name a more probable code of its family", other.code.code
    return None


def _family(case: _Case, code: RankedCode) -> str:
    service = case.catalogue.get(code.code.code)
    if service is None:
        return code.code.code[:4] + code.code.code[5:] if len(code.code.code) == 7 else code.code.code
    return service.family or service.code


def _within(code: RankedCode, other: RankedCode) -> bool:
    """Tells whether all words that lead to a code lie within words that lead to another."""
    wider = _spans(other)
    return all(
        any(note == there and low <= start and end <= high for there, low, high in wider)
        for note, start, end in _spans(code)
    )


def _spans(code: RankedCode) -> set[tuple[str, int, int]]:
    return {(s.evidence.note_id, s.evidence.start, s.evidence.end) for s in code.support}


def _contained(case: _Case) -> _Verdict | None:
    """A service that another one always contains is not reported beside it (NCCI Policy Manual, chapter I)."""
    name = case.code.code.code
    for other in case.proposed:
        service = case.catalogue.get(other.code.code)
        if service is not None and name in service.includes:
            return _contained_in(other)
    return None


def _contained_in(other: RankedCode) -> _Verdict:
    return "contained", "a proposed procedure always contains it (NCCI Policy Manual, ch. I)", other.code.code


def _contents(case: _Case) -> list[RankedCode]:
    """Returns what is more probable and yet contained: what goes with an operation of a longer global period.

    The splint of a fracture that is reduced, guidance of a needle. Of two operations alike the more probable one stays.
    """
    if case.service is None:
        return []
    length, services = _GLOBAL.get(case.service.global_days, 0), map(case.catalogue.get, case.service.includes)
    shorter = {s.code for s in services if s is not None and _GLOBAL.get(s.global_days, 0) < length}
    return [other for other in case.proposed if other.code.code in shorter]


def _add_on(case: _Case) -> _Verdict | None:
    """An add-on code is never reported without the service that it adds to (CPT, introduction)."""
    if case.service is None or "addon" not in case.service.flags:
        return None
    section = case.service.section
    for other in case.proposed:
        service = case.catalogue.get(other.code.code)
        if service is not None and "addon" not in service.flags and (section == "em" or service.section != _VISIT):
            return None
        if service is not None and service.section == _VISIT and section in ("psychiatry", "service", "medicine"):
            return None
    return "add-on-alone", "an add-on code stands beside the service that it adds to, which is not proposed", None


_RULES: tuple[Callable[[_Case], _Verdict | None], ...] = (
    _threshold,
    _not_done,
    _ended,
    _of_institution,
    _of_patient,
    _one_of_family,
    _contained,
    _add_on,
)


def select_procedures(
    ranked: Sequence[RankedCode],
    *,
    model: ProcedureModel,
    catalogue: Catalogue,
    encounter: Encounter,
    policy: Policy,
) -> Selected:
    """Proposes procedures, most probable first, and suppresses the others with a reason.

    Args:
        ranked: All procedures by falling probability.
        model: Gives the thresholds.
        catalogue: The services.
        encounter: For the date of service.
        policy: Says which rules apply.

    Returns:
        The proposed codes, and the suppressed ones whose probability is at least 0.1.
    """
    proposed: list[RankedCode] = []
    suppressed: list[SuppressedCode] = []
    rules = _RULES if policy.status_transforms else (_threshold,)
    for code in sorted(ranked, key=lambda code: _turn(code, catalogue)):
        service = catalogue.get(code.code.code)
        threshold = model.threshold(policy, code.code.system)
        case = _Case(code, service, proposed, catalogue, encounter, policy, threshold)
        verdict = next((found for rule in rules if (found := rule(case)) is not None), None)
        if verdict is None:
            dropped = _contents(case) if rules is _RULES else []
            suppressed.extend(SuppressedCode(other, *_contained_in(code)) for other in dropped)
            proposed = [other for other in proposed if other not in dropped]
            proposed.append(code)
        elif code.probability >= _WORTH_SHOWING:
            suppressed.append(SuppressedCode(code, *verdict))
    proposed.sort(key=lambda code: (-code.probability, code.code.code))
    return Selected(tuple(proposed), tuple(suppressed))


def _turn(code: RankedCode, catalogue: Catalogue) -> tuple[bool, float, str]:
    """Add-on codes wait for what they add to."""
    service = catalogue.get(code.code.code)
    return service is not None and "addon" in service.flags, -code.probability, code.code.code
