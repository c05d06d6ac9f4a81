"""Families of codes whose parts are said in several places: stage, complication, cause, obstruction.

A family (``rules/families.tsv``) names what must be present and the codes that it chooses from. Its axes
(``rules/axes.tsv``) are sets of values; each value has the words that name it in titles and those that name it in
charts. The titles of the codes and the words of the chart thus get the same signature, one value for each axis, and
the codes whose signature is the chart's are candidates. So ``moderate NPDR`` with ``DME`` meets ``moderate
nonproliferative diabetic retinopathy with macular edema``, whatever the type of diabetes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise, product

from suggest.code_sets.index import CodeIndex
from suggest.combinations import Combination
from suggest.conventions.present import Present, instead
from suggest.edges import Edge
from suggest.errors import ResourceError
from suggest.reading import NoteReading
from suggest.records import Mention
from suggest.resources import read_table

_MOST = 4  # codes of one mention
_AROUND = 1000  # characters of a line before and after a mention: reading more of it each time would cost its square
_SCOPES = ("part", "line", "note", "each")
_STATEMENT = re.compile(r";|\.\s")
_PART = re.compile(r",| and ", re.IGNORECASE)
_REST = "*"


@dataclass(frozen=True, slots=True)
class Value:
    """A value of an axis: what names it in titles, and in charts (a pattern, or prefixes of present codes)."""

    name: str
    title: re.Pattern[str] | None
    chart: re.Pattern[str] | None
    codes: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """The values of an axis; the first that fits counts, with the scope ``each`` all of them do."""

    scope: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Family:
    """A family of codes; prefixes are those of codes with dots."""

    name: str
    anchors: tuple[str, ...]
    needs: tuple[tuple[str, ...], ...]
    unless: tuple[str, ...]
    targets: tuple[str, ...]
    words: re.Pattern[str]
    axes: tuple[Axis, ...]


def families_of(present: Present, mentions: Sequence[Mention], readings: Sequence[NoteReading]) -> list[Combination]:
    """Returns the codes that the parts of each family lead to."""
    texts = {reading.number: reading.note.text for reading in readings}
    found: dict[tuple[int, int], Combination] = {}
    said: dict[tuple[int, int], list[str]] = {}
    for family in all_families():
        if not all(present.has(*prefixes) for prefixes in family.needs) or present.has(*family.unless):
            continue
        leaves = _leaves(present.index, family)
        for code, edge in _anchors(present, family):
            mention = mentions[edge.mention]
            for signature in _signatures(family, mention, texts[mention.note], present, said):
                for leaf in leaves.get(signature, ()):
                    if leaf[:3] == code[:3] or family.targets != family.anchors:
                        _keep(found, present, leaf, edge)
    return list(found.values())


def _keep(found: dict[tuple[int, int], Combination], present: Present, leaf: str, edge: Edge) -> None:
    made = instead(present.index, leaf, [edge])
    if made is not None:
        found.setdefault((made.row, edge.mention), made)


def _anchors(present: Present, family: Family) -> Iterator[tuple[str, Edge]]:
    """Yields the edges that a family starts from, one for each mention."""
    seen = set()
    for prefix in family.anchors:
        for code in present.codes(prefix):
            for edge in present.edges(code):
                if (edge.mention, code[:3]) not in seen:
                    seen.add((edge.mention, code[:3]))
                    yield code, edge


def _signatures(
    family: Family, mention: Mention, text: str, present: Present, known: dict[tuple[int, int], list[str]]
) -> Iterator[tuple[str, ...]]:
    """Yields what the words around a mention, its line and its note say on each axis.

    Args:
        family: The family.
        mention: The mention.
        text: Its note.
        present: The codes that are present.
        known: What notes as a whole say, by axis and note; read once.
    """
    low, high = max(0, mention.start - _AROUND), mention.end + _AROUND
    start = max(low, text.rfind("\n", low, mention.start) + 1)
    end = text.find("\n", mention.end, high)
    line = text[start : end if end >= 0 else high]
    named = []
    for axis in family.axes:
        if axis.scope in ("line", "part"):
            part = line if axis.scope == "line" else _part(line, mention.start - start, family.words)
            named.append(_said(axis, part, present))
            continue
        key = (id(axis), mention.note)
        if key not in known:
            known[key] = _said(axis, text, present)
        named.append(known[key])
    return islice(product(*named), _MOST)


def _said(axis: Axis, text: str, present: Present) -> list[str]:
    """Returns the values that a text, or the present codes, name on an axis; the rest where none is named."""
    named = []
    for value in axis.values:
        by_code = value.codes and all(present.has(*prefixes) for prefixes in value.codes)
        if by_code or (value.chart is not None and value.chart.search(text)):
            named.append(value.name)
        if named and axis.scope != "each":
            break
    return named or [value.name for value in axis.values if value.chart is None and not value.codes]


def _part(line: str, at: int, words: re.Pattern[str]) -> str:
    """Returns the part of a statement around a place: it ends where a further part names the family again."""
    first = max((match.end() for match in _STATEMENT.finditer(line, 0, at)), default=0)
    following = _STATEMENT.search(line, at)
    line, at = line[first : following.start() if following else len(line)], at - first
    cuts = [0, *(match.start() for match in _PART.finditer(line)), len(line)]
    parts: list[tuple[int, int]] = []
    for begin, end in pairwise(cuts):
        named = any(words.search(line[low:high]) for low, high in parts[-1:])
        if parts and not (named and words.search(line[begin:end])):
            parts[-1] = (parts[-1][0], end)
        else:
            parts.append((begin, end))
    return next((line[begin:end] for begin, end in parts if begin <= at < end), line)


@lru_cache(maxsize=1000)
def _leaves(index: CodeIndex, family: Family) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Returns signature → codes of a family."""
    found: dict[tuple[str, ...], list[str]] = {}
    for target in family.targets:
        first = index.row(target)
        for row in range(first, int(index.end[first])) if first is not None else ():
            if index.billable[row]:
                found.setdefault(_signature(family, index.title(row)), []).append(index.code(row))
    return {signature: tuple(codes) for signature, codes in found.items()}


def _signature(family: Family, title: str) -> tuple[str, ...]:
    return tuple(_titled(axis, title) for axis in family.axes)


def _titled(axis: Axis, title: str) -> str:
    """Returns the value of an axis that a title names, the rest where it names none."""
    named = (value.name for value in axis.values if value.title is not None and value.title.search(title))
    rest = (value.name for value in axis.values if value.title is None)
    return next(named, next(rest, ""))


@lru_cache(maxsize=1)
def all_families() -> tuple[Family, ...]:
    """Reads the families.

    Raises:
        ResourceError: A scope is unknown, or a family has no axis.
    """
    axes: dict[str, dict[tuple[str, str], list[Value]]] = {}
    for row in read_table("rules/axes.tsv"):
        if row["scope"] not in _SCOPES:
            raise ResourceError(f"rules/axes.tsv: unknown scope '{row['scope']}'; expected part, line, note or each")
        key = (row["axis"], row["scope"])
        axes.setdefault(row["family"], {}).setdefault(key, []).append(_value(row))
    found = []
    for row in read_table("rules/families.tsv"):
        name = row["family"]
        if name not in axes:
            raise ResourceError(f"rules/families.tsv: family '{name}' has no axis; add it to rules/axes.tsv")
        own = tuple(Axis(scope, tuple(values)) for (_axis, scope), values in axes[name].items())
        found.append(
            Family(
                name=name,
                anchors=tuple(row["anchors"].split("|")),
                needs=prefixes_of(row["needs"] or row["anchors"]),
                unless=tuple(filter(None, row["unless"].split("|"))),
                targets=tuple(row["targets"].split("|")),
                words=re.compile(row["words"], re.IGNORECASE),
                axes=own,
            )
        )
    return tuple(found)


def prefixes_of(needs: str) -> tuple[tuple[str, ...], ...]:
    """Parses ``A|B + C``: all groups are needed, of each group one prefix."""
    return tuple(tuple(prefix.strip() for prefix in part.split("|")) for part in needs.split("+"))


def _value(row: dict[str, str]) -> Value:
    """Parses a line of the table of axes: ``*`` stands for what is not said, ``@`` for present codes."""
    chart, title = row["chart"], row["title"]
    by_code = chart.startswith("@")
    return Value(
        name=row["value"],
        title=None if title == _REST else re.compile(title, re.IGNORECASE),
        chart=None if by_code or chart == _REST else re.compile(chart, re.IGNORECASE),
        codes=prefixes_of(chart[1:]) if by_code else (),
    )
