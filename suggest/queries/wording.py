"""What a query must not say, for questions that a coder writes or changes: data in ``queries/wording.tsv``.

ACDIS/AHIMA, Guidelines for Achieving a Compliant Query Practice (2022 update): a query leads to no answer and names no
effect on payment or quality figures. The list finds the usual wordings; that a question is fair is for its author.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from suggest.errors import ResourceError
from suggest.queries.templates import CLOSING
from suggest.resources import read_table

WORDING = "queries/wording.tsv"
KINDS = ("leading", "payment")


def noncompliant(texts: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Returns what a query says and must not: kind (``leading``, ``payment``) and words, each once, in order."""
    found = (
        (kind, match.group().lower()) for text in texts for kind, rule in _rules() for match in rule.finditer(text)
    )
    return tuple(dict.fromkeys(found))


def with_closing(options: Iterable[str]) -> tuple[str, ...]:
    """Returns options with the two that leave the provider free; an open question, without options, stays so."""
    own = [option for option in options if option not in CLOSING]
    return (*own, *CLOSING) if own else ()


@cache
def _rules() -> tuple[tuple[str, re.Pattern[str]], ...]:
    rows = list(read_table(WORDING))
    odd = [row["kind"] for row in rows if row["kind"] not in KINDS]
    if odd:
        raise ResourceError(f"{WORDING}: unknown kind {odd[0]!r}; expected one of {', '.join(KINDS)}")
    joined = {kind: "|".join(row["pattern"] for row in rows if row["kind"] == kind) for kind in KINDS}
    return tuple(
        (kind, re.compile(rf"(?<![\w-])(?:{patterns})(?![\w-])", re.IGNORECASE)) for kind, patterns in joined.items()
    )
