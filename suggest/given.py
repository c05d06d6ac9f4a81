"""Puts diagnoses that somebody else assigned in the order in which the program would list them.

The model's sequencer judges them as it judges its own proposals. What the author's statement names, and what the
chart names, earlier counts more; a code that a guideline puts before another one shares the other's place, so that
the cause of a complication stands where the complication is named.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from suggest import status
from suggest.feature_names import ROLES, role_number
from suggest.features import CodeFeatures
from suggest.leading import follows, lead_features
from suggest.policy import policy_for
from suggest.records import AssertionStatus, Code, CodeLine, Encounter, RankedCode, Support, System
from suggest.sequencing import sequence

if TYPE_CHECKING:
    from suggest.pipeline import Suggester

_ASSESSMENT = ROLES.index("assessment")
_SAID = (AssertionStatus.PRESENT, AssertionStatus.POSSIBLE)
_LEARNT = "learnt"
# What is taken from the log odds of the sequencer for each place in the diagnostic statement and in the notes, for a
# lasting disease, and for each code of the category that the same words name and the tabular list has before it. The
# weights were chosen by cross-validation over coded charts; weights nearby do as well.
_STATED, _NAMED, _CHRONIC, _TOGETHER = 0.5, 0.4, 0.3, 0.5
_FURTHEST = 6
_UNKNOWN = 0.02
"""Share of a code that the notes lead to by no candidate of its category."""
_CAUSES = 2
"""Most codes that another one may stand behind and still tell where they are named."""
_SURE = 1e-4


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a code is named: offset in the diagnostic statement and anywhere, infinite where it is not."""

    stated: float = math.inf
    named: float = math.inf

    def or_earlier(self, other: _Place) -> _Place:
        """Returns the earlier of two places, in either order."""
        return _Place(min(self.stated, other.stated), min(self.named, other.named))


@dataclass(frozen=True, slots=True)
class GivenOrder:
    """Given diagnoses in the program's order.

    Attributes:
        lines: As lines of a claim, each with the reason for its place.
        weights: For each code how much speaks for listing it first; only differences count (log odds).
    """

    lines: tuple[CodeLine, ...]
    weights: Mapping[str, float]

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes in order."""
        return tuple(line.ranked.code.code for line in self.lines)


def sequence_given(
    suggester: Suggester,
    encounter: Encounter,
    codes: Sequence[str],
    *,
    table: CodeFeatures,
    ranked: Sequence[RankedCode],
) -> GivenOrder:
    """Returns given diagnoses in the program's order, whatever order they are given in.

    A code that the chart does not lead to goes by the candidate of its category that is nearest to it, if any.

    Args:
        suggester: Its model and code set are used.
        encounter: The chart.
        codes: Diagnoses with dots; a repeated one counts once.
        table: Features of the chart's candidates, from ``Suggester.features``.
        ranked: The ranked codes of the chart's suggestion.
    """
    wanted = sorted(set(codes))
    by_code = {code.code.code: code for code in ranked if code.code.system is System.ICD10CM}
    nearest = {code: _nearest(code, by_code) for code in wanted}
    scores = _scores(suggester, {code: found for code, found in nearest.items() if found}, table)
    places = {code: _place(found.support if found else ()) for code, found in nearest.items()}
    weights = _weighed(wanted, scores, places, suggester)
    given = [by_code.get(code) or _bare(code, suggester) for code in wanted]
    lines = sequence(given, index=suggester.index, policy=policy_for(encounter), first=weights)
    return GivenOrder(lines, weights)


def _nearest(code: str, by_code: Mapping[str, RankedCode]) -> RankedCode | None:
    """Returns the candidate itself, else the one of its category that shares most characters with it."""
    if code in by_code:
        return by_code[code]
    kin = [other for name, other in by_code.items() if name[:3] == code[:3]]
    return max(kin, key=lambda other: (_shared(code, other.code.code), other.probability), default=None)


def _shared(one: str, other: str) -> int:
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _bare(code: str, suggester: Suggester) -> RankedCode:
    row = suggester.index.row(code)
    title = suggester.index.title(row) if row is not None else ""
    return RankedCode(Code(System.ICD10CM, code, suggester.index.edition.name), title, 0.0, ())


def _scores(suggester: Suggester, nearest: Mapping[str, RankedCode], table: CodeFeatures) -> dict[str, float]:
    """Returns how likely the sequencer holds each code to be listed first."""
    row_of = {suggester.code(number): row for row, number in enumerate(table.codes.tolist())}
    known = [code for code, found in nearest.items() if found.code.code in row_of]
    rows = [row_of[nearest[code].code.code] for code in known]
    likely = np.array([nearest[code].probability for code in known])
    scores = suggester.model.first_scores(lead_features(table.values[rows], likely))
    return dict(zip(known, scores.tolist(), strict=True))


def _place(support: Sequence[Support]) -> _Place:
    said = [s for s in support if s.assertion.status in _SAID]
    named = [s for s in said if s.source != _LEARNT] or said
    stated = [s.evidence.start for s in named if role_number(s.section) == _ASSESSMENT]
    return _Place(min(stated, default=math.inf), min((s.evidence.start for s in named), default=math.inf))


def _weighed(
    codes: Sequence[str], scores: Mapping[str, float], places: Mapping[str, _Place], suggester: Suggester
) -> dict[str, float]:
    """Returns the score of each code: log odds of the sequencer less what a late place and a lasting disease cost."""
    index = suggester.index
    own = {code: (scores.get(code, _UNKNOWN), places[code]) for code in codes}
    joined = dict(own)
    for other in codes:
        causes = [code for code in codes if code != other and follows(other, code, index)]
        # what follows most of the codes (status, external causes) tells nothing of any of them
        for code in causes if len(causes) <= _CAUSES else ():
            score, place = joined[code]
            joined[code] = max(score, own[other][0]), place.or_earlier(own[other][1])
    stated = sorted({place.stated for _score, place in joined.values()})
    named = sorted({place.named for _score, place in joined.values()})
    return {
        code: _log_odds(score)
        - _STATED * min(stated.index(place.stated), _FURTHEST)
        - _NAMED * min(named.index(place.named), _FURTHEST)
        - _CHRONIC * (code in status.chronic())
        - _TOGETHER * sum(other < code and other[:3] == code[:3] and joined[other][1] == place for other in codes)
        for code, (score, place) in joined.items()
    }


def _log_odds(share: float) -> float:
    share = min(max(share, _SURE), 1 - _SURE)
    return math.log(share / (1 - share))
