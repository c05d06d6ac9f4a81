"""The templates of provider queries: data in ``queries/templates.tsv``, checked when they are loaded.

They follow ACDIS/AHIMA, Guidelines for Achieving a Compliant Query Practice (2022 update): clinical indicators from the
chart, a question that leads to no answer, options that the indicators allow, "other" and "unable to determine".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from suggest.errors import ResourceError
from suggest.queries.conditions import Condition, parse
from suggest.queries.indicators import GROUPS, groups
from suggest.records import Claim, Setting
from suggest.resources import read_table

TEMPLATES = "queries/templates.tsv"

OTHER = "Other (please state)"
UNDETERMINED = "Unable to determine clinically"
CLOSING = (OTHER, UNDETERMINED)

# Most material first: what may be wrong or missing altogether, then what a diagnosis leaves open, then detail.
KINDS = (
    *("conflict", "finding", "treatment", "pathology", "uncertain", "type", "acuity", "cause", "link", "complication"),
    *("severity", "stage", "poa", "procedure", "laterality", "specificity", "measure"),
)
_AGES = re.compile(r"(\d+)-(\d*)")
_FEWEST_OPTIONS = 2


@dataclass(frozen=True, slots=True)
class Template:
    """A query template.

    Attributes:
        id: Its name, which names no diagnosis that the chart need not hold.
        kind: One of ``KINDS``.
        topic: At most one query of a topic is asked of an encounter.
        codes: Sets of code patterns; a proposed code of every set must be there. ``A41`` fits all codes that begin so,
            ``A41.9$`` that code alone.
        named: Group whose words in an assessment stand for the first set where none of its codes is proposed.
        title: Words, one of which the title of the code of the first set holds.
        axis: Axis of an ICD-10-PCS code that the notes leave open.
        poa: Whether the code's present-on-admission indicator is U (documentation insufficient).
        unsided: Whether the line of the first set carries no modifier for a side.
        unless_codes: Patterns of codes that answer the question.
        when: Conditions, all fulfilled; of each tuple one suffices.
        unless: Conditions that answer the question, one suffices.
        shows: Conditions whose words are quoted where they are there.
        settings: Settings in which it applies; empty for all.
        claims: Claims in which it applies; empty for all.
        ages: Youngest and oldest age in years; a patient of unknown age fits.
        question: The question; ``{named}`` stands for the words of the chart that name the code.
        options: What to choose from.
        source: What the template rests on.
    """

    id: str
    kind: str
    topic: str
    codes: tuple[tuple[str, ...], ...]
    named: str
    title: tuple[str, ...]
    axis: str
    poa: bool
    unsided: bool
    unless_codes: tuple[str, ...]
    when: tuple[tuple[Condition, ...], ...]
    unless: tuple[Condition, ...]
    shows: tuple[Condition, ...]
    settings: frozenset[Setting]
    claims: frozenset[Claim]
    ages: tuple[float, float]
    question: str
    options: tuple[str, ...]
    source: str


def fits(patterns: tuple[str, ...], code: str) -> bool:
    """Tells whether a code fits one of the patterns of ``Template.codes``; ``$`` stands for the end of a code."""
    return f"{code}$".startswith(patterns)


@cache
def templates() -> tuple[Template, ...]:
    """Returns the shipped templates in the order of ``KINDS``, then by id."""
    found = tuple(template_of(row) for row in read_table(TEMPLATES))
    ids = [template.id for template in found]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise ResourceError(f"{TEMPLATES}: ids stand twice: {', '.join(twice)}")
    return tuple(sorted(found, key=lambda template: (KINDS.index(template.kind), template.id)))


def template_of(row: dict[str, str]) -> Template:
    """Returns the template of a row of the table.

    Raises:
        ResourceError: The row names an unknown kind, setting, claim, group or value, applies to every chart, or lacks
            question, options or source.
    """
    where = f"{TEMPLATES}: {row['id']}"
    _check(row, where)
    flags = set(row["line"].split())
    axes = [flag.removeprefix("axis:").replace("_", " ") for flag in flags if flag.startswith("axis:")]
    try:
        settings = frozenset(Setting(name) for name in row["settings"].split())
        claims = frozenset(Claim(name) for name in row["claims"].split())
    except ValueError as error:
        raise ResourceError(f"{where}: {error}; expected settings and claims as in an encounter") from None
    return Template(
        id=row["id"],
        kind=row["kind"],
        topic=row["topic"] or row["id"],
        codes=tuple(tuple(part.split()) for part in row["codes"].split("+") if part.strip()),
        named=row["named"],
        title=tuple(word.strip() for word in row["title"].split("|") if word.strip()),
        axis=axes[0] if axes else "",
        poa="poa:U" in flags,
        unsided="unsided" in flags,
        unless_codes=tuple(row["unless_codes"].split()),
        when=tuple(_conditions(part, "|", where) for part in row["when"].split("&") if part.strip()),
        unless=_conditions(row["unless"], "|", where),
        shows=_conditions(row["shows"], "|", where),
        settings=settings,
        claims=claims,
        ages=_ages(row["ages"], where),
        question=row["question"],
        options=(*_split(row["options"], "|"), *CLOSING),
        source=row["source"],
    )


def _check(row: dict[str, str], where: str) -> None:
    if row["kind"] not in KINDS:
        raise ResourceError(f"{where}: unknown kind {row['kind']!r}; expected one of {', '.join(KINDS)}")
    if not row["question"].endswith("?") or not row["source"]:
        raise ResourceError(f"{where}: expected a question that ends in '?' and a source")
    if len(_split(row["options"], "|")) < _FEWEST_OPTIONS:
        raise ResourceError(f"{where}: expected at least {_FEWEST_OPTIONS} options beside the closing ones")
    if not (row["codes"] or row["title"] or row["when"] or row["line"]):
        raise ResourceError(f"{where}: nothing says when it applies; fill codes, title, line or when")
    if row["named"] and (row["named"] not in groups() or not row["codes"] or not row["unless_codes"]):
        raise ResourceError(f"{where}: words that stand for a code need codes, unless_codes and a group of {GROUPS}")
    unknown = [f for f in row["line"].split() if f not in ("poa:U", "unsided") and not f.startswith("axis:")]
    if unknown:
        raise ResourceError(f"{where}: unknown line condition {unknown[0]!r}; expected axis:NAME, poa:U or unsided")


def _split(text: str, sign: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(sign) if part.strip())


def _conditions(text: str, sign: str, where: str) -> tuple[Condition, ...]:
    return tuple(parse(part, where) for part in _split(text, sign))


def _ages(text: str, where: str) -> tuple[float, float]:
    if not text:
        return 0.0, float("inf")
    match = _AGES.fullmatch(text)
    if match is None:
        raise ResourceError(f"{where}: ages {text!r}; expected YOUNGEST- or YOUNGEST-OLDEST in years")
    return float(match.group(1)), float(match.group(2) or "inf")
