"""How far coders and program agree, with intervals, and how often each kind of finding occurs.

Agreement is no accuracy until a person has decided on the findings: the program errs too. Where few codes were
looked at, no share is worth a conclusion; the interval says so, and ``is_small`` marks it.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from suggest.audit.records import AuditedClaim, AuditedLine, AuditFinding, Kind, Verdict
from suggest.records import System

SMALL = 30
"""Number of codes below which a share supports no conclusion about a coder, a code or a chapter."""
NO_CODER = "(not named)"
_Z = 1.959963984540054  # 97.5th percentile of the normal distribution


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far the assigned codes of a group agree with the notes as the program reads them.

    Attributes:
        name: Coder, code or chapter.
        agreed: Assigned codes that the notes support.
        codes: Assigned codes that were assessed, and missed ones.
    """

    name: str
    agreed: int
    codes: int

    @property
    def share(self) -> float | None:
        """Agreed over all (0 to 1), ``None`` without codes."""
        return self.agreed / self.codes if self.codes else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval of the share (Wilson 1927), ``None`` without codes."""
        return wilson(self.agreed, self.codes) if self.codes else None

    @property
    def is_small(self) -> bool:
        """Whether there are too few codes for a conclusion."""
        return self.codes < SMALL


@dataclass(frozen=True, slots=True)
class AuditSummary:
    """The figures of an audit.

    Attributes:
        claims: Number of claims.
        assigned: Number of assigned codes.
        not_assessed: Assigned codes that could not be judged.
        overall: Agreement over all claims.
        by_coder: By coder, most codes first.
        by_code: By code, least agreement first among those with any disagreement.
        by_group: By chapter, then by section.
        kinds: Number of findings of each kind.
    """

    claims: int
    assigned: int
    not_assessed: int
    overall: Agreement
    by_coder: tuple[Agreement, ...]
    by_code: tuple[Agreement, ...]
    by_group: tuple[Agreement, ...]
    kinds: Mapping[Kind, int]


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Returns the 95 % score interval of a proportion (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927).

    Args:
        hits: Successes, 0 to ``count``.
        count: Trials, at least 1.

    Raises:
        ValueError: The numbers cannot be those of a proportion.
    """
    if count < 1 or not 0 <= hits <= count:
        raise ValueError(f"{hits} of {count} is no proportion; expected 0 to count, and at least one trial")
    share, z2 = hits / count, _Z * _Z
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = _Z / (1 + z2 / count) * math.sqrt(share * (1 - share) / count + z2 / (4 * count * count))
    # rounding must not put the bound of 0 or all beyond them
    return (0.0 if hits == 0 else middle - half), (1.0 if hits == count else middle + half)


def summarise(claims: Sequence[AuditedClaim]) -> AuditSummary:
    """Returns the figures of audited claims."""
    lines = [(claim, line) for claim in claims for line in claim.lines]
    assessed = [(claim, line) for claim, line in lines if line.verdict is not Verdict.NOT_ASSESSED]
    missed = [(claim, found) for claim in claims for found in claim.findings if found.kind is Kind.MISSED]
    judged: list[tuple[AuditedClaim, AuditedLine | AuditFinding]] = [*assessed, *missed]
    by_coder = _agreements(judged, lambda claim, _item: claim.claim.coder or NO_CODER)
    by_code = _agreements(judged, lambda _claim, item: _code(item))
    disputed = [row for row in by_code if row.agreed < row.codes]
    by_group = _agreements(judged, lambda _claim, item: item.group)
    overall = _agreements(judged, lambda _claim, _item: "all")
    return AuditSummary(
        claims=len(claims),
        assigned=len(lines),
        not_assessed=len(lines) - len(assessed),
        overall=overall[0] if overall else Agreement("all", 0, 0),
        by_coder=tuple(sorted(by_coder, key=lambda row: (-row.codes, row.name))),
        by_code=tuple(sorted(disputed, key=lambda row: (row.agreed - row.codes, row.name))),
        by_group=tuple(sorted(by_group, key=lambda row: _natural(row.name))),
        kinds=_kinds(claims),
    )


def _agreements(
    judged: Iterable[tuple[AuditedClaim, AuditedLine | AuditFinding]],
    name: Callable[[AuditedClaim, AuditedLine | AuditFinding], str],
) -> list[Agreement]:
    counts: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for claim, item in judged:
        count = counts[name(claim, item)]
        count[0] += isinstance(item, AuditedLine) and item.verdict is Verdict.SUPPORTED
        count[1] += 1
    return [Agreement(key, agreed, codes) for key, (agreed, codes) in counts.items()]


def _code(item: AuditedLine | AuditFinding) -> str:
    return item.line.code.code if isinstance(item, AuditedLine) else item.codes[0].code


def _kinds(claims: Iterable[AuditedClaim]) -> dict[Kind, int]:
    counts = Counter(found.kind for claim in claims for found in claim.findings)
    return {kind: counts[kind] for kind in Kind}


def _natural(name: str) -> tuple[int, int, str]:
    """Sorts diagnoses before procedures, and chapters by number."""
    system, _, rest = name.partition(" ")
    number = rest.partition(":")[0]
    place = next((place for place, known in enumerate(System) if known == system.rstrip(":")), len(System))
    return place, int(number) if number.isdigit() else 0, name
