"""Decides which ranked codes are proposed and says of the others why they are not.

Each rule looks at one code in the light of those proposed so far (higher probability first) and returns the
reason for which the code steps back, or nothing. The rules cite the ICD-10-CM Official Guidelines, FY2026.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from suggest import status
from suggest.code_sets.index import CodeIndex
from suggest.lexicon import DERIVED
from suggest.policy import Policy
from suggest.records import AssertionStatus, RankedCode, SuppressedCode
from suggest.uncertain import CONFIRMED_ONLY, FINAL_STATEMENTS

_DEAD = {
    AssertionStatus.NEGATED: "is denied or ruled out",
    AssertionStatus.FAMILY: "is said of a relative",
    AssertionStatus.HYPOTHETICAL: "is mentioned as a possibility in the future, a risk or a precaution",
    AssertionStatus.HISTORICAL: "is past",
    AssertionStatus.ALLERGY: "is named as an allergen or a reaction to one",
}
_NOT_SAID = re.compile(r"\bunspecified\b|\bnot specified\b", re.IGNORECASE)
_WITHOUT = re.compile(r"\bwithout\b", re.IGNORECASE)
_COMMON = frozenset({"with", "type", "other", "specified", "encounter", "complication", "complications"})
_WORTH_SHOWING = 0.1
_SIDE = re.compile(r"\b(?:right|left|bilateral|unspecified) ?\b", re.IGNORECASE)
_SEVERAL_TOGETHER = ("E08", "E09", "E10", "E11", "E13", "F1", "I69", "O", "P", "T", "V", "W", "X", "Y", "Z")


@dataclass(frozen=True, slots=True)
class Selected:
    """The outcome: proposed codes by falling probability, and those suppressed."""

    proposed: tuple[RankedCode, ...]
    suppressed: tuple[SuppressedCode, ...]


@dataclass(frozen=True, slots=True)
class _Case:
    """What a rule may look at."""

    code: RankedCode
    row: int | None
    proposed: Sequence[tuple[RankedCode, int | None]]
    candidates: Sequence[RankedCode]
    index: CodeIndex
    policy: Policy
    replaced: Mapping[str, Collection[str]]
    threshold: float


_Verdict = tuple[str, str, str | None]  # rule, reason, code it steps back for


def _threshold(case: _Case) -> _Verdict | None:
    if case.code.probability >= case.threshold:
        return None
    return "below-threshold", f"probability {case.code.probability:.2f} is under {case.threshold:.2f}", None


def _assertion(case: _Case) -> _Verdict | None:
    """Guideline I.B.16, II.K: what is denied, past or another person's is not the patient's diagnosis."""
    name = case.code.code.code
    statuses = {support.assertion.status for support in case.code.support}
    if any(status.says_itself(name, assertion) for assertion in statuses):
        return None
    if any(support.source in DERIVED for support in case.code.support):
        return None
    live = statuses - set(_DEAD)
    if live or not statuses or not case.policy.status_transforms:
        return None
    if statuses == {AssertionStatus.HISTORICAL} and case.code.code.code in status.chronic():
        return None
    first = case.code.support[0].assertion.status
    return "assertion", f"the condition {_DEAD[first]}", None


def _uncertain(case: _Case) -> _Verdict | None:
    """Guidelines IV.H (outpatient: not coded) and II.H, III.C (inpatient: only from the final statement)."""
    if case.policy.uncertain_diagnoses == "coded":
        return None
    supports = case.code.support
    if any(s.assertion.status is AssertionStatus.PRESENT for s in supports):
        return None
    possible = [s for s in supports if s.assertion.status is AssertionStatus.POSSIBLE]
    if not possible:
        return None
    if case.code.code.code.startswith(CONFIRMED_ONLY):
        return "confirmed-only", "this disease is coded only when confirmed (I.C.1.a, I.C.1.f, I.C.1.g, I.C.10.c)", None
    if case.policy.uncertain_diagnoses == "final-statement":
        if any(s.section in FINAL_STATEMENTS for s in possible):
            return None
        return "uncertain", "uncertain diagnoses are coded only from the final statement (II.H, III.C)", None
    return "uncertain", "uncertain diagnoses are not coded in this setting (IV.H)", None


def _not_billable(case: _Case) -> _Verdict | None:
    if not case.policy.billable_only or (case.row is not None and bool(case.index.billable[case.row])):
        return None
    return "not-billable", "a more specific code is required", None


def _family_line(case: _Case) -> _Verdict | None:
    """Guideline I.B.2: a category gives way to its subdivision, and the reverse is a duplicate."""
    if case.row is None:
        return None
    for other, row in case.proposed:
        if row is None:
            continue
        if row < case.row < case.index.end[row] or case.row < row < case.index.end[case.row]:
            return "duplicate", "a code of the same line is proposed", other.code.code
        if case.index.stem[row] == case.index.stem[case.row]:
            return "duplicate", "the same code is proposed with another 7th character", other.code.code
    return None


def _unspecified(case: _Case) -> _Verdict | None:
    """Guideline I.B.18: an unspecified code only where the record does not say more."""
    if not case.policy.billable_only or not _NOT_SAID.search(case.code.title):
        return None
    for other, _row in case.proposed:
        if other.code.code[:3] == case.code.code.code[:3] and not _NOT_SAID.search(other.title):
            return "unspecified", "the record supports a more specific code (I.B.18)", other.code.code
    return None


def _contradicted(case: _Case) -> _Verdict | None:
    """A title that says "without" something steps back for a code of its category that names it."""
    if not case.policy.billable_only:
        return None
    missing = {word for part in _WITHOUT.split(case.code.title)[1:] for word in _words(part)}
    if not missing:
        return None
    for other, _row in case.proposed:
        if other.code.code[:3] == case.code.code.code[:3] and missing & _words(_WITHOUT.split(other.title)[0]):
            return "contradicted", "a code of the same category names what this one excludes", other.code.code
    return None


def _same_words(case: _Case) -> _Verdict | None:
    """Guideline I.B.2: the same words name one code of a category, not several, but for sides named together.

    Categories whose codes are reported side by side for one statement are left out (``diabetes with nephropathy and
    retinopathy``, I.C.4.a).
    """
    spans = _spans(case.code)
    if not spans or not case.policy.billable_only or case.code.code.code.startswith(_SEVERAL_TOGETHER):
        return None
    for other, _row in case.proposed:
        if (
            other.code.code[:3] == case.code.code.code[:3]
            and spans <= _spans(other)
            and _unsided(other.title) != _unsided(case.code.title)
        ):
            return "same-words", "the same words name a more probable code of the category", other.code.code
    return None


def _spans(code: RankedCode) -> set[tuple[str, int, int]]:
    """Returns where a code is named as present, learnt phrases apart."""
    return {
        (s.evidence.note_id, s.evidence.start, s.evidence.end)
        for s in code.support
        if s.assertion.status is AssertionStatus.PRESENT and s.source != "learnt"
    }


def _unsided(title: str) -> str:
    return _SIDE.sub("", title)


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"[a-z]{4,}", text.lower()) if word not in _COMMON}


def _yields(case: _Case) -> _Verdict | None:
    """Codes that the tabular list or a guideline puts behind others, however probable (``rules/yields.tsv``)."""
    prefixes, source = status.yields_to(case.code.code.code)
    if prefixes and case.policy.billable_only:
        for other in case.candidates:
            if other.code.code.replace(".", "").startswith(prefixes) and other is not case.code:
                return "yields", f"it gives way to another code ({source})", other.code.code
    return None


def _unaccompanied(case: _Case) -> _Verdict | None:
    """Codes that only make sense beside others (``rules/requires.tsv``)."""
    prefixes, source = status.requires(case.code.code.code)
    if not prefixes or not case.policy.billable_only:
        return None
    if any(other.code.code.replace(".", "").startswith(prefixes) for other, _row in case.proposed):
        return None
    return "unaccompanied", f"no code that it belongs to is proposed ({source})", None


def _combined(case: _Case) -> _Verdict | None:
    """Guideline I.B.9: a combination code takes the place of its parts."""
    targets = case.replaced.get(case.code.code.code, ())
    target = next((other.code.code for other, _row in case.proposed if other.code.code in targets), None)
    return ("combined", "a combination code covers it (I.B.9)", target) if target else None


def _integral(case: _Case) -> _Verdict | None:
    """Guideline I.B.5: signs and symptoms that belong to a disease are not coded beside it."""
    if case.policy.integral_symptoms != "step-back":
        return None
    diseases = status.integral_to(case.code.code.code)
    if not diseases:
        return None
    for other, _row in case.proposed:
        if other.code.code.replace(".", "").startswith(diseases):
            return "integral-symptom", "the symptom is integral to a proposed disease (I.B.5)", other.code.code
    return None


def _excludes1(case: _Case) -> _Verdict | None:
    """Guideline I.A.12.a: codes under an Excludes1 note are not reported together."""
    if case.row is None or not case.policy.billable_only:
        return None
    for other, row in case.proposed:
        if row is not None and case.index.excludes1(row, case.row) is not None:
            return "excludes1", "an Excludes1 note bars it beside a proposed code (I.A.12.a)", other.code.code
    return None


_RULES: tuple[Callable[[_Case], _Verdict | None], ...] = (
    _threshold,
    _assertion,
    _uncertain,
    _not_billable,
    _family_line,
    _yields,
    _unspecified,
    _contradicted,
    _same_words,
    _combined,
    _integral,
    _excludes1,
    _unaccompanied,
)


def select(
    ranked: Sequence[RankedCode],
    *,
    index: CodeIndex,
    policy: Policy,
    replaced: Mapping[str, Collection[str]],
    threshold: float,
    shown: float = _WORTH_SHOWING,
) -> Selected:
    """Proposes codes, most probable first, and suppresses the others with a reason.

    Args:
        ranked: All codes by falling probability.
        index: The code set.
        policy: Says which guideline steps apply.
        replaced: Code → combination codes that take its place, each where it is proposed.
        threshold: Least probability.
        shown: Least probability of the suppressed codes that are returned.

    Returns:
        The proposed codes, and the suppressed ones.
    """
    proposed: list[tuple[RankedCode, int | None]] = []
    suppressed: list[SuppressedCode] = []
    likely = [code for code in ranked if code.probability >= threshold and _speaks(code)]
    for code in _in_order(ranked, threshold):
        row = index.row(code.code.code)
        case = _Case(code, row, proposed, likely, index, policy, replaced, threshold)
        verdict = next((found for rule in _RULES if (found := rule(case)) is not None), None)
        if verdict is None:
            proposed.append((code, row))
        elif code.probability >= shown:
            suppressed.append(SuppressedCode(code, *verdict))
    return Selected(tuple(code for code, _row in proposed), tuple(suppressed))


def _speaks(code: RankedCode) -> bool:
    """Whether something in the record says that the patient has it now."""
    return any(s.assertion.status is AssertionStatus.PRESENT or s.source in DERIVED for s in code.support)


def _in_order(ranked: Sequence[RankedCode], threshold: float) -> list[RankedCode]:
    """Symptoms wait for the diseases that may explain them, and dependent codes for what they belong to."""
    worth = [code for code in ranked if code.probability >= min(threshold, _WORTH_SHOWING)]

    def turn(code: RankedCode) -> tuple[int, float, str]:
        name = code.code.code
        late = 2 if status.requires(name)[0] else int(name[0] == "R")
        return late, -code.probability, name

    return sorted(worth, key=turn)
