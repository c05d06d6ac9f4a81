"""What the notes say of one assigned code: whether they support it, and with which words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from suggest.audit.known import CodeFacts
from suggest.audit.records import AssignedClaim, AuditedLine, Quote, Verdict
from suggest.edits.coded import CodedLine
from suggest.em import LEVELS
from suggest.policy import policy_for
from suggest.records import (
    AssertionStatus,
    Code,
    CodeLine,
    Element,
    RankedCode,
    Suggestion,
    Support,
    SuppressedCode,
    System,
)
from suggest.status import says_itself
from suggest.uncertain import CONFIRMED_ONLY, FINAL_STATEMENTS

_LEARNT = "learnt"
_MOST_QUOTES = 4
_NOT_SAID = frozenset({"assertion", "uncertain", "confirmed-only", "not-done"})
"""Selection rules by which the notes name a code, but not as something that this patient has or had done."""
_SAID_OTHERWISE = frozenset({"duplicate", "unspecified", "contradicted", "same-words"})
"""Selection rules by which another code of the category says it."""
_SUBCATEGORY = 5
"""Characters of a subcategory of ICD-10-CM with its dot: unspecified codes of others say something else."""
_PARTLY = frozenset({"combination", "context", "coverage"})
"""Sources of support whose words name a part of what a code says, or go with it, and others may go with as well."""
_PARTLY_FROM = 0.1
"""Least probability at which such words count as naming a code."""
_LEARNT_FROM = 0.3
"""Least probability at which phrases that go with a code, without naming it, count as support."""
_INSTEAD_FROM = 0.5
"""Least probability of another code that is named instead."""
_CLEARLY = 2.0
"""How many times as probable another code must be that the same words name."""
_ABOUT = {
    AssertionStatus.NEGATED: "the notes deny it or rule it out",
    AssertionStatus.POSSIBLE: "the notes name it as uncertain",
    AssertionStatus.HISTORICAL: "the notes name it as past",
    AssertionStatus.FAMILY: "the notes say it of a relative",
    AssertionStatus.HYPOTHETICAL: "the notes name it as a risk, a plan or a precaution",
    AssertionStatus.ALLERGY: "the notes name it as an allergy or a reaction",
}


@dataclass(frozen=True)
class Case:
    """A claim beside what the program makes of the same notes.

    Attributes:
        claim: The claim.
        suggestion: What the program suggests.
        facts: Looks codes up.
        assessed: The systems that the program suggests codes of on such a claim.
    """

    claim: AssignedClaim
    suggestion: Suggestion
    facts: CodeFacts
    assessed: frozenset[System]

    @cached_property
    def assigned(self) -> frozenset[str]:
        """The codes of the claim."""
        return frozenset(line.code.code for line in self.claim.coded.lines)

    @cached_property
    def proposed(self) -> Mapping[str, CodeLine]:
        """The proposed lines by code."""
        return {line.ranked.code.code: line for line in self.suggestion.codes}

    @cached_property
    def ranked(self) -> Mapping[str, RankedCode]:
        """All ranked codes by code."""
        return {ranked.code.code: ranked for ranked in self.suggestion.ranked}

    @cached_property
    def held(self) -> Mapping[str, SuppressedCode]:
        """The suppressed codes by code."""
        return {held.ranked.code.code: held for held in self.suggestion.suppressed}

    @cached_property
    def _uncertain(self) -> str:
        return policy_for(self.claim.coded.encounter).uncertain_diagnoses

    def is_live(self, code: Code, support: Support) -> bool:
        """Whether words say that the patient has what a code says; on a stay its final statement may be uncertain."""
        status = support.assertion.status
        if status is AssertionStatus.POSSIBLE and self._uncertain != "not-coded":
            if code.code.startswith(CONFIRMED_ONLY):
                return False
            return self._uncertain == "coded" or support.section in FINAL_STATEMENTS
        return status is AssertionStatus.PRESENT or says_itself(code.code, status)


def judge(case: Case, line: CodedLine) -> AuditedLine:
    """Returns an assigned code with its verdict."""
    code = line.code
    if not case.facts.is_known(code):
        return _line(
            case,
            line,
            Verdict.NOT_ASSESSED,
            f"the {code.system} codes in use lack it: correct it, or import a set that has it",
        )
    if code.system not in case.assessed:
        return _line(case, line, Verdict.NOT_ASSESSED, f"the program suggests no {code.system} codes on such a claim")
    if code.code in case.proposed:
        return _line(case, line, Verdict.SUPPORTED, "the program proposes it as well", proposed=True)
    held = case.held.get(code.code)
    if held is not None and held.rule in _NOT_SAID:
        return _line(case, line, Verdict.UNSUPPORTED, held.reason)
    if held is not None and held.by is not None:
        return _gave_way(case, line, held, held.by)
    return _below(case, line)


def _gave_way(case: Case, line: CodedLine, held: SuppressedCode, by: str) -> AuditedLine:
    """Judges a code that stepped back for another one."""
    other = case.ranked[by].code
    if held.rule in _SAID_OTHERWISE and by not in case.assigned:
        specific = case.facts.is_more_specific(other, line.code)
        verdict = Verdict.MORE_SPECIFIC if specific else Verdict.DIFFERENT
        return _line(case, line, verdict, held.reason, instead=other)
    apart = held.rule == "unspecified" and by[:_SUBCATEGORY] != line.code.code[:_SUBCATEGORY]
    if held.rule == "same-words" or apart:
        return _line(case, line, Verdict.SUPPORTED, f"the notes name it together with {by}")
    return _line(case, line, Verdict.GIVES_WAY, held.reason, instead=other)


def _below(case: Case, line: CodedLine) -> AuditedLine:
    """Judges a code that the notes lead to with low probability, or not at all."""
    code = line.code
    ranked = case.ranked.get(code.code)
    support = ranked.support if ranked else ()
    words = [s for s in support if s.source != _LEARNT]
    live = [s for s in words if case.is_live(code, s)]
    sure = ranked is not None and ranked.probability >= _PARTLY_FROM
    named = any(sure or s.source not in _PARTLY for s in live)
    instead = _instead(case, code)
    if instead is not None and (not named or _outdone(case, ranked, case.ranked[instead.code])):
        verdict, reason = _compared(case, code, instead)
        return _line(case, line, verdict, reason, instead=instead)
    if named:
        return _line(case, line, Verdict.SUPPORTED, "the notes name it; the program alone would not propose it")
    denied = next((s for s in words if not case.is_live(code, s)), None)
    if denied is not None:
        return _line(case, line, Verdict.UNSUPPORTED, _ABOUT[denied.assertion.status])
    if ranked is not None and ranked.probability >= _LEARNT_FROM:
        return _line(case, line, Verdict.SUPPORTED, "words that often go with it; the notes do not name it")
    if support:
        return _line(case, line, Verdict.NOT_FOUND, "no words that name it were found, only some that may go with it")
    return _line(case, line, Verdict.NOT_FOUND, "nothing in the notes was found that leads to it")


def _compared(case: Case, code: Code, instead: Code) -> tuple[Verdict, str]:
    """Returns the verdict on a code beside the one of its kind that the notes lead to, and how the two differ."""
    if case.facts.is_more_specific(instead, code):
        return Verdict.MORE_SPECIFIC, "the notes lead to a more specific code of its kind"
    if case.facts.is_visit(instead):
        rests = "; ".join(_told(element) for element in _deciding(case, instead))
        return Verdict.DIFFERENT, "the notes lead to another level of visit" + (f": {rests}" if rests else "")
    if case.facts.is_other_side(code, instead):
        return Verdict.DIFFERENT, "the notes lead to the same code of the other side"
    if case.facts.is_more_specific(code, instead):
        return Verdict.DIFFERENT, "the notes lead to a code that says less: what the assigned one adds was not found"
    return Verdict.DIFFERENT, "the notes lead to a different code of its kind"


def _deciding(case: Case, visit: Code) -> list[Element]:
    """Returns what decided the level of a proposed visit."""
    return [element for element in case.proposed[visit.code].elements if element.counted and element.name != "category"]


def _told(element: Element) -> str:
    level = f" ({LEVELS[element.level]})" if element.level else ""
    return f"{element.what.rstrip('.')}{level}"


def _instead(case: Case, code: Code) -> Code | None:
    """Returns the most probable proposed code that is a way of coding the same thing and was not assigned."""
    kin = [
        line.ranked
        for line in case.suggestion.codes
        if line.ranked.code.code not in case.assigned
        and line.ranked.probability >= _INSTEAD_FROM
        and case.facts.are_kin(code, line.ranked.code)
    ]
    best = max(kin, key=lambda ranked: ranked.probability, default=None)
    return best.code if best else None


def _outdone(case: Case, ranked: RankedCode | None, other: RankedCode) -> bool:
    """Whether the same words speak clearly more for another code."""
    if ranked is None or not _same_words(ranked.support, other.support):
        return ranked is None
    return case.facts.is_visit(other.code) or ranked.probability * _CLEARLY <= other.probability


def _same_words(one: Iterable[Support], other: Iterable[Support]) -> bool:
    """Whether the words of two codes overlap anywhere."""
    spans = [(s.evidence.note_id, s.evidence.start, s.evidence.end) for s in other]
    return any(
        s.evidence.note_id == note and s.evidence.start < end and start < s.evidence.end
        for s in one
        for note, start, end in spans
    )


def quotes(support: Iterable[Support]) -> tuple[Quote, ...]:
    """Returns the words of supports, at most four."""
    found = [Quote(s.evidence, s.section, s.assertion.status.value) for s in support]
    return tuple(found[:_MOST_QUOTES])


def _line(
    case: Case,
    line: CodedLine,
    verdict: Verdict,
    reason: str,
    *,
    instead: Code | None = None,
    proposed: bool = False,
) -> AuditedLine:
    ranked = case.ranked.get(line.code.code)
    support = ranked.support if ranked and verdict is not Verdict.NOT_ASSESSED else ()
    if verdict is Verdict.UNSUPPORTED:
        # the words that speak against it first
        support = tuple(sorted(support, key=lambda s: case.is_live(line.code, s)))
    shown = quotes(support)
    if instead is not None:
        shown = quotes(case.ranked[instead.code].support)
        if case.facts.is_visit(instead):
            # words that name the visit say nothing of its level
            rests = [element.evidence[0] for element in _deciding(case, instead) if element.evidence]
            shown = tuple(Quote(evidence) for evidence in rests[:_MOST_QUOTES]) or shown
    return AuditedLine(
        line=line,
        title=case.facts.title(line.code),
        group=case.facts.group(line.code),
        verdict=verdict,
        proposed=proposed,
        probability=ranked.probability if ranked else None,
        reason=reason,
        instead=instead,
        quotes=shown,
    )
