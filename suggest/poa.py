"""Presence on admission of each diagnosis of an inpatient stay (Appendix I of the guidelines).

Y: present when the order to admit was written; N: not present; U: the record does not say; W: the provider cannot
tell. Diagnoses exempt from reporting carry none. What decides, in this order: exemption; lasting diseases, which are
present however late they are found; the provider's own statement; the reason for the admission; what the words around
the diagnosis say of time (``on arrival``, ``POD 2``, a date); what the code means by itself (a tear of labor, a
complication of care); and where nothing speaks of time: present.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from suggest.edits.poa_exempt import PROJECT_TABLE, PoaExempt
from suggest.poa_timing import Timing, Verdict, timing_of
from suggest.policy import policy_for
from suggest.reading import NoteReading
from suggest.records import AssertionStatus, CodeLine, Encounter, Support, System
from suggest.resources import read_table
from suggest.status import PrefixTable

PRESENT, AFTER, UNKNOWN, UNDETERMINED = "Y", "N", "U", "W"
_LETTERS = {"present": PRESENT, "after": AFTER, "unknown": UNKNOWN, "undetermined": UNDETERMINED}
_NOT_HERE = frozenset({AssertionStatus.NEGATED, AssertionStatus.FAMILY, AssertionStatus.HYPOTHETICAL})
_BLEEDING = re.compile(r"\b(?<!without )(?:hemorrhag|bleed|hematemesis|melena|ruptured)", re.IGNORECASE)
_INJURY = re.compile(r"S(?:25|26|35|36|37|75|85)|S27\.[12]|S32\.8|T79\.[24]")
"""Injuries of vessels and inner organs, and of the pelvic ring: they bleed."""
_COMPLICATION = re.compile(r"T8[0-8]")
_DELIVERED = "Z37"
_PRINCIPAL = frozenset({"principal", "first-listed"})
_OF_THE_STAY = frozenset({"care", "labor", "puerperium"})

Judged = Mapping[int, str | None]
"""Indicators of diagnoses by the position of their line."""


@dataclass(frozen=True, slots=True)
class Stay:
    """What the rules need to know of the whole stay.

    Attributes:
        timing: When things happened.
        principal: The principal diagnosis, empty where it is not known.
        delivered: Whether a child was born in the stay.
        bleeding: Whether the patient came in bleeding, as far as the diagnoses tell.
        exempt: Diagnoses without indicator.
    """

    timing: Timing
    principal: str = ""
    delivered: bool = False
    bleeding: bool = False
    exempt: PoaExempt = PROJECT_TABLE


def with_poa(
    lines: Iterable[CodeLine],
    encounter: Encounter,
    readings: Sequence[NoteReading],
    exempt: PoaExempt | None = None,
) -> tuple[CodeLine, ...]:
    """Returns the lines with the indicator of each diagnosis; unchanged where the policy wants none.

    Args:
        lines: The lines of a claim, principal diagnosis first.
        encounter: The stay.
        readings: What was read of its notes.
        exempt: The imported list of CMS, by default the project's table.

    Raises:
        PolicyError: No policy fits the encounter.
    """
    lines = tuple(lines)
    if not policy_for(encounter).poa:
        return lines
    judged = _judge_all(lines, stay_of(lines, encounter, readings, exempt))
    return tuple(replace(line, poa=judged[i][0]) if i in judged else line for i, line in enumerate(lines))


def poa_of(
    line: CodeLine,
    encounter: Encounter,
    readings: Sequence[NoteReading],
    lines: Sequence[CodeLine] = (),
) -> tuple[str | None, str]:
    """Returns the indicator of one diagnosis, ``None`` for exempt ones, and one sentence that says why.

    Args:
        line: The diagnosis.
        encounter: The stay.
        readings: What was read of its notes.
        lines: All lines of the claim, principal diagnosis first, ``line`` among them: they tell a cause from a
            complication, and which infection an organism goes with.
    """
    claim = tuple(lines) if line in lines else (line, *lines)
    return _judge_all(claim, stay_of(claim, encounter, readings))[claim.index(line)]


def stay_of(
    lines: Sequence[CodeLine],
    encounter: Encounter,
    readings: Sequence[NoteReading],
    exempt: PoaExempt | None = None,
) -> Stay:
    """Returns what holds for the whole stay."""
    diagnoses = [line for line in lines if _is_diagnosis(line)]
    principal = next((_code(line) for line in diagnoses[:1] if line.role in _PRINCIPAL), "")
    delivered = any(_code(line).startswith(_DELIVERED) for line in diagnoses)
    earlier_care = _rules().get(principal) == "care" or _COMPLICATION.match(principal) is not None
    came_after_birth = _rules().get(principal) == "puerperium" and not delivered
    return Stay(
        timing=timing_of(encounter, readings, readmitted=earlier_care or came_after_birth),
        principal=principal,
        delivered=delivered,
        bleeding=any(_came_bleeding(line) for line in diagnoses),
        exempt=exempt or PROJECT_TABLE,
    )


def _judge_all(lines: Sequence[CodeLine], stay: Stay) -> dict[int, tuple[str | None, str]]:
    """Judges each diagnosis for itself, then those that go with another one."""
    verdicts = {i: _judge(line, stay) for i, line in enumerate(lines) if _is_diagnosis(line)}
    letters = {i: letter for i, (letter, _reason) in verdicts.items()}
    for i in [i for i, letter in letters.items() if letter == PRESENT]:
        if _consists_in(i, lines, letters):
            verdicts[i] = AFTER, "what a complication of care in this stay consists of"
    letters = {i: letter for i, (letter, _reason) in verdicts.items()}
    for i in [i for i, letter in letters.items() if letter == PRESENT and _rule(lines[i]) == "linked"]:
        if AFTER in _named_with(i, lines, letters):
            verdicts[i] = AFTER, "goes with a condition that began in the stay"
    return verdicts


def _judge(line: CodeLine, stay: Stay) -> tuple[str | None, str]:
    code, rule = _code(line), _rule(line)
    if stay.exempt.is_exempt(code.replace(".", "")):
        return None, "exempt from reporting (guidelines, Appendix I)"
    said = _said(line.ranked.support, stay.timing)
    if said is not None and said.explicit:
        return _LETTERS[said.says], said.reason
    if rule == "lasting":
        return PRESENT, "lasts: present on admission even when found later (guidelines, Appendix I)"
    of_labor = rule in ("labor", "intrapartum") or (rule == "puerperium" and stay.delivered)
    if code == stay.principal and not of_labor:
        return PRESENT, "the reason for the admission"
    if said is not None:
        return _LETTERS[said.says], said.reason
    return _by_kind(rule, stay)


def _by_kind(rule: str, stay: Stay) -> tuple[str, str]:
    """Decides where no words speak of time."""
    readmitted = stay.timing.readmitted
    if rule in ("labor", "intrapartum"):
        return AFTER, "arises in labor, after the admission"
    if rule == "nursery":
        return AFTER, "arises after birth"
    if rule == "puerperium" and not readmitted:
        return AFTER, "arises after the delivery of this stay"
    if rule == "care" and stay.timing.operated and not readmitted:
        return AFTER, "complication of care, and this stay had a procedure"
    if rule == "surgery" and stay.timing.operated and not stay.bleeding and not readmitted:
        return AFTER, "follows the operation of this stay"
    return PRESENT, "nothing says that it began after the admission"


def _said(supports: Sequence[Support], timing: Timing) -> Verdict | None:
    """What the words around the mentions say: the provider's own statement first, then by the best mention."""
    here = [support for support in supports if support.assertion.status not in _NOT_HERE] or list(supports)
    verdicts = [verdict for support in here if (verdict := timing.verdict(support.evidence)) is not None]
    return next((verdict for verdict in verdicts if verdict.explicit), verdicts[0] if verdicts else None)


def _consists_in(place: int, lines: Sequence[CodeLine], judged: Judged) -> bool:
    """Whether the best mention of a line is that of a complication of care that arose in the stay."""
    if _rule(lines[place]) in ("lasting", "care", "linked"):
        return False
    spans = _spans(lines[place])[:1]
    return any(
        judged[i] == AFTER and _rule(lines[i]) == "care" and _touch(spans, _spans(lines[i])[:1])
        for i in judged
        if i != place
    )


def _named_with(place: int, lines: Sequence[CodeLine], judged: Judged) -> set[str | None]:
    """The indicators of the conditions that the words of an organism or adverse effect name too."""
    spans = _spans(lines[place])
    others = [i for i in judged if i != place and _rule(lines[i]) != "linked"]
    return {judged[i] for i in others if _touch(spans, _spans(lines[i]))}


def _spans(line: CodeLine) -> list[tuple[str, int, int]]:
    return [(s.evidence.note_id, s.evidence.start, s.evidence.end) for s in line.ranked.support]


def _touch(one: list[tuple[str, int, int]], other: list[tuple[str, int, int]]) -> bool:
    return any(a[0] == b[0] and a[1] < b[2] and b[1] < a[2] for a in one for b in other)


def _is_diagnosis(line: CodeLine) -> bool:
    return line.ranked.code.system is System.ICD10CM


def _came_bleeding(line: CodeLine) -> bool:
    """Whether a diagnosis is a bleeding that no care and no delivery brought about, or an injury that bleeds."""
    if _rule(line) in _OF_THE_STAY:
        return False
    return _BLEEDING.search(line.ranked.title) is not None or _INJURY.match(_code(line)) is not None


def _code(line: CodeLine) -> str:
    return line.ranked.code.code


def _rule(line: CodeLine) -> str:
    return _rules().get(_code(line)) or ""


@lru_cache(maxsize=1)
def _rules() -> PrefixTable:
    """What codes mean by themselves: lasting diseases, and the table of this stage, which wins at equal length."""
    rows = {row["prefix"]: "lasting" for row in read_table("status/chronic.tsv")}
    return PrefixTable(rows | {row["prefix"]: row["rule"] for row in read_table("poa/codes.tsv")})
