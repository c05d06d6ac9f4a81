"""The trigger table of the assertion stage: loading, checking and finding triggers in a text.

A row of ``resources/assertion/triggers.tsv`` holds a phrase and what it does, after NegEx (Chapman et al.
2001, J Biomed Inform 34:301) and ConText (Harkema et al. 2009, J Biomed Inform 42:839). Columns:

``phrase``
    Words, tokenised as the chart is and compared as ``fold`` writes them. ``<name>`` stands for one word of
    that class of ``classes.tsv``; ``<digits>`` for a number, ``<year>`` for 1900 to 2099.
``status``
    What a mention in the scope becomes. A terminating row lists what it ends, joined by ``+``: ``any`` is
    all, ``local`` is negated, possible and historical.
``direction``
    ``forward`` and ``backward`` (the other side if an item ends or begins there), ``either`` (forward unless
    the phrase closes its item), ``both``, ``sign`` (a plus, minus or question mark), ``pseudo`` (does nothing
    and hides shorter rows) or ``terminate`` (ends scopes).
``reach``
    ``clause`` passes commas; ``list`` passes them only within a list closed by a conjunction; ``item`` stops
    at the first separator. Empty: ``clause`` for forward rows, else ``list``.
``limit``
    Most words of one list item, from 1 (the next word); empty: 8.
``strength``
    ``weak`` rows yield to every other trigger on the same mention; ``strong`` rows do not yield to a history
    named further on in their list (``denies head trauma, history of stroke``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache

from spacy.language import Language

from suggest.errors import ResourceError
from suggest.records import AssertionStatus
from suggest.resources import read_table

TRIGGERS = "assertion/triggers.tsv"
CLASSES = "assertion/classes.tsv"
SPELLINGS = "assertion/spellings.tsv"
LOCAL = frozenset({AssertionStatus.NEGATED, AssertionStatus.POSSIBLE, AssertionStatus.HISTORICAL})
_DEFAULT_LIMIT = 8
_BUILT_IN_CLASSES = ("<digits>", "<year>")
_FIRST_YEAR, _LAST_YEAR = 1900, 2099


class Direction(StrEnum):
    """Which side of a trigger its scope lies on."""

    FORWARD = "forward"
    BACKWARD = "backward"
    EITHER = "either"
    BOTH = "both"
    SIGN = "sign"
    PSEUDO = "pseudo"
    TERMINATE = "terminate"


class Reach(StrEnum):
    """Which separators a scope passes."""

    CLAUSE = "clause"
    LIST = "list"
    ITEM = "item"


class Strength(StrEnum):
    """How a rule stands against others of the same mention."""

    WEAK = "weak"
    PLAIN = ""
    STRONG = "strong"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the trigger table.

    Attributes:
        id: The rule that an assertion names; several phrases may share one.
        phrase: The phrase as the table writes it.
        status: What a mention in the scope becomes; ``None`` for pseudo and terminating rows.
        direction: Side of the scope.
        reach: Separators that the scope passes.
        limit: Most words of one list item, 1 or more.
        strength: How it stands against other triggers of the same mention.
        ends: Statuses whose scopes stop in front of this trigger.
    """

    id: str
    phrase: str
    status: AssertionStatus | None
    direction: Direction
    reach: Reach
    limit: int
    strength: Strength
    ends: frozenset[AssertionStatus]


@dataclass(frozen=True, slots=True)
class Match:
    """A rule found in a text: tokens ``[first, last)`` of the text without its white space."""

    rule: Rule
    first: int
    last: int


@dataclass(slots=True)
class _Node:
    children: dict[str, _Node] = field(default_factory=dict)
    rule: Rule | None = None


@lru_cache(maxsize=1)
def _spellings() -> dict[str, str]:
    return {row["word"]: row["spelling"] for row in read_table(SPELLINGS)}


@lru_cache(maxsize=1 << 16)
def fold(word: str) -> str:
    """Returns the form in which triggers compare a token: lower case, no plural s, one spelling of variants.

    The normal form of ``words.py`` serves the terminology and merges words that differ here (``non`` and
    ``without``), so the triggers have a form of their own.
    """
    low = word.lower()
    low = _spellings().get(low, low)
    if len(low) < 4 or not low.endswith("s") or low.endswith(("ss", "us", "is")):
        return low
    return low[:-3] + "y" if low.endswith("ies") and len(low) > 4 else low[:-1]


class TriggerTable:
    """All rules as a trie over folded words, loaded and checked once."""

    def __init__(self, nlp: Language) -> None:
        """Loads the tables.

        Raises:
            ResourceError: A row has an unknown value, or a phrase stands twice.
        """
        self._nlp = nlp
        self._classes: dict[str, tuple[str, ...]] = {}
        self._names = set(_BUILT_IN_CLASSES)
        self._read_classes(read_table(CLASSES))
        self._root = _Node()
        for row in read_table(TRIGGERS):
            self._add(parse_rule(row))
        starts = self._root.children
        self._starts = frozenset(starts) | {
            key for key, classes in self._classes.items() if any(c in starts for c in classes)
        }

    def _read_classes(self, rows: Iterable[Mapping[str, str]]) -> None:
        for row in rows:
            name, word = f"<{row['class']}>", fold(row["word"])
            known = self._classes.get(word, ())
            if name in known:
                raise ResourceError(f"{CLASSES}: {row['word']!r} stands twice in class {name}; drop one")
            self._classes[word] = (*known, name)
            self._names.add(name)

    def keys(self, phrase: str) -> tuple[str, ...]:
        """Returns a phrase as folded words in the chart's tokenisation; a class stays ``<name>``.

        Raises:
            ResourceError: The phrase names a class that no row of the class table defines.
        """
        found: list[str] = []
        for part in phrase.split():
            if part in self._names:
                found.append(part)
            elif part.startswith("<") and part.endswith(">"):
                known = ", ".join(sorted(self._names))
                raise ResourceError(f"{TRIGGERS}: phrase {phrase!r} names class {part}; expected one of {known}")
            else:
                found.extend(fold(token.text) for token in self._nlp.make_doc(part))
        return tuple(found)

    def members(self, name: str) -> frozenset[str]:
        """Returns the folded words of the class ``name`` (empty for a class without words)."""
        return frozenset(word for word, classes in self._classes.items() if f"<{name}>" in classes)

    def _add(self, rule: Rule) -> None:
        keys = self.keys(rule.phrase)
        if not keys:
            raise ResourceError(f"{TRIGGERS}: a row of rule {rule.id!r} has no phrase; expected at least one word")
        node = self._root
        for key in keys:
            node = node.children.setdefault(key, _Node())
        # Spellings may fold to one ("hx of", "history of") as long as they do the same.
        other = node.rule
        if other is not None and (other.phrase == rule.phrase or other != replace(rule, phrase=other.phrase)):
            raise ResourceError(
                f"{TRIGGERS}: phrase {rule.phrase!r} reads the same as {other.phrase!r} and does not "
                "do the same; drop one of the rows"
            )
        node.rule = rule

    def find(self, keys: Sequence[str], numbers: Mapping[int, str], first: int, last: int) -> list[Match]:
        """Returns the triggers of a sentence from left to right, the longest at each place, none overlapping.

        Args:
            keys: The folded tokens of the text, without white space.
            numbers: Text of the tokens that are numbers, by their position.
            first: Position of the sentence's first token.
            last: Position after its last token.
        """
        found: list[Match] = []
        starts = self._starts
        end = first
        for i in range(first, last):
            if i < end or (keys[i] not in starts and i not in numbers):
                continue
            match = self._longest(keys, numbers, i, last)
            if match is not None:
                found.append(match)
                end = match.last
        return found

    def _longest(self, keys: Sequence[str], numbers: Mapping[int, str], first: int, last: int) -> Match | None:
        nodes = [self._root]
        best: Match | None = None
        for i in range(first, last):
            options = (keys[i], *self._classes.get(keys[i], ()))
            if i in numbers:
                options += _number_classes(numbers[i])
            nodes = [node.children[key] for node in nodes for key in options if key in node.children]
            if not nodes:
                break
            rule = next((node.rule for node in nodes if node.rule is not None), None)
            if rule is not None:
                best = Match(rule, first, i + 1)
        return best


def _number_classes(digits: str) -> tuple[str, ...]:
    year = len(digits) == 4 and _FIRST_YEAR <= int(digits) <= _LAST_YEAR
    return ("<year>",) if year else ("<digits>",)


def parse_rule(row: Mapping[str, str]) -> Rule:
    """Returns the rule of one row of the trigger table.

    Raises:
        ResourceError: A column holds a value that the format does not know.
    """
    phrase, status = row["phrase"], row["status"]
    direction = Direction(_checked(row, "direction", [*Direction]))
    reach = row["reach"] and Reach(_checked(row, "reach", [*Reach]))
    if not reach:
        reach = Reach.CLAUSE if direction is Direction.FORWARD else Reach.LIST
    limit = row["limit"] or str(_DEFAULT_LIMIT)
    if not limit.isdecimal() or int(limit) < 1:
        raise ResourceError(f"{TRIGGERS}: phrase {phrase!r}: limit {limit!r}; expected an integer from 1")
    if not row["rule"]:
        raise ResourceError(f"{TRIGGERS}: phrase {phrase!r} has no rule; expected the id that assertions name")
    ends: frozenset[AssertionStatus] = frozenset()
    if direction is Direction.TERMINATE:
        ends = _ended(row)
    elif direction is not Direction.PSEUDO:
        affirms = _checked(row, "status", [*AssertionStatus]) == AssertionStatus.PRESENT
        ends = LOCAL if affirms and direction is not Direction.BACKWARD else ends
    return Rule(
        id=row["rule"],
        phrase=phrase,
        status=None if direction in (Direction.TERMINATE, Direction.PSEUDO) else AssertionStatus(status),
        direction=direction,
        reach=reach,
        limit=int(limit),
        strength=Strength(_checked(row, "strength", [*Strength])),
        ends=ends,
    )


def _checked(row: Mapping[str, str], column: str, allowed: Sequence[str]) -> str:
    value = row[column]
    if value not in allowed:
        known = ", ".join(repr(str(option)) for option in allowed)
        raise ResourceError(f"{TRIGGERS}: phrase {row['phrase']!r}: {column} {value!r}; expected one of {known}")
    return value


def _ended(row: Mapping[str, str]) -> frozenset[AssertionStatus]:
    if row["status"] == "any":
        return frozenset(AssertionStatus)
    if row["status"] == "local":
        return LOCAL
    allowed = [*AssertionStatus]
    return frozenset(
        AssertionStatus(_checked({**row, "status": name}, "status", allowed)) for name in row["status"].split("+")
    )
