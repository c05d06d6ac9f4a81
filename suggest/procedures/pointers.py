"""Which diagnoses justify a procedure: the pointers of a professional claim.

A diagnosis named in the same line, near by or in the same words as the procedure justifies it; a visit is justified
by what was addressed in it, in sequence. A claim holds twelve diagnoses and a line points to four of them (National
Uniform Claim Committee, CMS-1500 instructions, items 21 and 24E).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from suggest.keys import term_words
from suggest.records import AssertionStatus, RankedCode
from suggest.words import weak_words

DIAGNOSES = 12
"""Diagnoses that a professional claim holds."""
POINTERS = 4
"""Diagnoses that a line points to."""
_NEAR = 200  # characters
_ENOUGH = 0.5  # share of the best diagnosis's score that another needs
_GENERAL = frozenset({"procedure", "service", "right", "left", "bilateral", "unspecified", "acute", "chronic"})


def pointers(procedure: RankedCode, diagnoses: Sequence[RankedCode], *, visit: bool) -> tuple[int, ...]:
    """Returns the positions (from 1) of the diagnoses that justify a procedure, the most telling first.

    Args:
        procedure: The procedure.
        diagnoses: The diagnoses of the claim, in sequence.
        visit: Whether it is a visit.
    """
    able = [i for i, code in enumerate(diagnoses[:DIAGNOSES]) if code.code.code[0] not in "VWXY"]
    if visit or not able:
        return tuple(i + 1 for i in able[:POINTERS])
    words = _words(procedure)
    scores = {i: _score(procedure, words, diagnoses[i]) for i in able}
    best = max(scores.values())
    if best <= 0:
        return (able[0] + 1,)
    chosen = [i for i in able if scores[i] >= _ENOUGH * best]
    return tuple(i + 1 for i in sorted(chosen, key=lambda i: -scores[i])[:POINTERS])


def _score(procedure: RankedCode, words: frozenset[str], diagnosis: RankedCode) -> float:
    shared = len(words & _words(diagnosis)) / math.sqrt(max(1, len(words)))
    return 2 * shared + max(
        (
            _nearness(one.evidence.start - other.evidence.start)
            for one in procedure.support
            for other in diagnosis.support
            if one.evidence.note_id == other.evidence.note_id and other.assertion.status is AssertionStatus.PRESENT
        ),
        default=0.0,
    )


def _nearness(distance: int) -> float:
    return max(0.0, 1 - abs(distance) / _NEAR)


def _words(code: RankedCode) -> frozenset[str]:
    """Returns the words of a code's title and evidence that tell what part of the body or disease it is about."""
    said = " ".join([code.title, *(support.evidence.quote for support in code.support)])
    return frozenset(word for word in term_words(said) if not word.isdigit()) - weak_words() - _GENERAL
