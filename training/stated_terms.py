"""Diagnoses that can be stated in a line of their own, for notes that are made up for training.

A term is chosen with the code that it has when nothing else is said: a title as clinicians write it, or a line of
the lexicon. Half of them are of everyday categories, those that coded charts carry.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from suggest.code_sets.index import CodeIndex
from suggest.combinations import Rule, combination_rules
from suggest.lexicon import read_lexicon
from suggest.records import System, TrainingExample
from suggest.specificity import Context, Resolver
from suggest.status import yields_to
from suggest.terminology import Terminology

_CHAPTERS = frozenset("ABCDEFGHIJKLMNQ")  # complete by their words: no encounter, period or external cause decides
_SYMPTOMS = "R"  # stated only alone: beside a disease they may belong to it
_MOST_WORDS = 7
_UNSPECIFIED = 0.5  # share of the terms that leave open what their code would like to know
_RARE_DIABETES = ("E08", "E09", "E10", "E13")  # their rules are those of type 2
_BARE = 0.7  # share of the parts of combinations that leave open what more could be said
_EVERYDAY = 0.5  # share of the choices that are of categories that coded charts carry

Term = tuple[str, str, bool]
"""A term, its complete code, and whether the code leaves open what the term does not say."""


class TermChoice:
    """Chooses what notes state: terms of different chapters that no rule puts together or keeps apart."""

    def __init__(
        self, index: CodeIndex, terminology: Terminology, charts: Sequence[TrainingExample], rng: random.Random
    ) -> None:
        """Gathers the terms.

        Args:
            index: The code set, for titles.
            terminology: Its terminology, for the code of a category that words leave open.
            charts: Coded charts, which tell the everyday categories.
            rng: Chooses.
        """
        self._index = index
        self._rng = rng
        terms = stated_terms(index, Resolver(index, terminology))
        self._by_chapter: dict[tuple[str, bool], list[tuple[str, str]]] = {}
        self._by_category: dict[str, list[tuple[str, str]]] = {}
        self._rules = [rule for rule in combination_rules() if not rule.result.startswith(_RARE_DIABETES)]
        self._parts = {
            need: [term for term in terms if term[1].replace(".", "").startswith(need)]
            for rule in self._rules
            for need in rule.needs
        }
        for term, code, unspecified in terms:
            self._by_chapter.setdefault((code[0], unspecified), []).append((term, code))
            if unspecified:
                self._by_category.setdefault(code[:3], []).append((term, code))
        carried = Counter(
            gold.code.code[:3]
            for chart in charts
            for gold in chart.gold
            if gold.code.system is System.ICD10CM and gold.code.code[:3] in self._by_category
        )
        self._everyday = sorted(carried)
        self._often = [carried[category] ** 0.5 for category in self._everyday]

    def terms(self, count: int) -> list[tuple[str, str]]:
        """Returns terms with their codes: ``count`` of them, or fewer where they would not be coded each by itself."""
        everyday = self._everyday and self._rng.random() < _EVERYDAY
        chosen = self._of_everyday(count) if everyday else self._of_chapters(count)
        return chosen if stand_alone([code for _term, code in chosen], self._index) else chosen[:1]

    def combined(self) -> tuple[list[str], list[str]]:
        """Returns terms of conditions that are classified together, and the codes that stand for all of them."""
        while True:
            rule = self._rng.choice(self._rules)
            if not all(self._parts[need] for need in rule.needs):
                continue
            parts = [self._part(need, rule) for need in rule.needs]
            codes = with_combinations([code for _term, code, _open in parts])
            rows = [self._index.row(code) for code in codes]
            if all(row is not None and self._index.billable[row] for row in rows) and _agree(codes, self._index):
                return [term for term, _code, _open in parts], codes

    def _part(self, need: tuple[str, ...], rule: Rule) -> Term:
        """Returns a term of a part of a combination, mostly one that says no more than the rule asks for."""
        bare = [t for t in self._parts[need] if t[2] or t[1].replace(".", "").startswith(rule.replaces)]
        return self._rng.choice(bare if bare and self._rng.random() < _BARE else self._parts[need])

    def _of_chapters(self, count: int) -> list[tuple[str, str]]:
        rng = self._rng
        if count == 1 and rng.random() < 1 / len(_CHAPTERS):
            return [rng.choice(self._by_chapter[_SYMPTOMS, rng.random() < _UNSPECIFIED])]
        chapters = rng.sample(sorted(_CHAPTERS), count)
        return [rng.choice(self._by_chapter[chapter, rng.random() < _UNSPECIFIED]) for chapter in chapters]

    def _of_everyday(self, count: int) -> list[tuple[str, str]]:
        categories = self._rng.choices(self._everyday, self._often, k=count)
        chapters = {category[0]: category for category in categories}
        if len(chapters) > 1:
            chapters.pop(_SYMPTOMS, None)
        return [self._rng.choice(self._by_category[category]) for category in chapters.values()]


def stand_alone(codes: Sequence[str], index: CodeIndex) -> bool:
    """Tells whether each of several codes is reported as it is: no combination takes their place, and none yields."""
    plain = [code.replace(".", "") for code in codes]
    return not any(rule.is_met(plain) for rule in combination_rules()) and _agree(codes, index)


def with_combinations(codes: Sequence[str]) -> list[str]:
    """Returns the codes of conditions after those that are classified together have given way to combination codes."""
    present = list(dict.fromkeys(codes))
    gone: set[str] = set()
    for rule in combination_rules():
        plain = {code: code.replace(".", "") for code in present}
        if rule.is_met(plain.values()) and rule.result not in present:
            gone.update(code for code, bare in plain.items() if bare.startswith(rule.replaces))
            present.append(rule.result)
    return [code for code in reversed(present) if code not in gone]


def _agree(codes: Sequence[str], index: CodeIndex) -> bool:
    """Tells whether no code of several excludes another one or yields to it."""
    rows = [row for code in codes if (row := index.row(code)) is not None]
    plain = [code.replace(".", "") for code in codes]
    return not any(
        index.excludes1(rows[i], rows[j]) or plain[j].startswith(yields_to(codes[i])[0] or "-")
        for i in range(len(rows))
        for j in range(len(rows))
        if i != j
    )


def stated_terms(index: CodeIndex, resolver: Resolver) -> list[Term]:
    """Returns titles as clinicians write them, and unconditional lexicon lines."""
    terms = []
    chapters = _CHAPTERS | {_SYMPTOMS}
    for row in range(len(index)):
        if index.code(row)[0] not in chapters or index.has_seventh[row]:
            continue
        title = index.title(row).removesuffix(", unspecified")
        if len(title.split()) > _MOST_WORDS or "unspecified" in title or "other" in title.lower():
            continue
        if index.billable[row]:
            terms.append((title, index.code(row), title != index.title(row)))
        elif (left_open := _left_open(row, index, resolver)) is not None:
            terms.append((title, left_open, True))
    for entry in read_lexicon():
        code = entry.codes[0]
        found = index.row(code)
        single = len(entry.codes) == 1 and entry.condition is None and code[0] in chapters
        if not single or found is None or index.has_seventh[found] or len(entry.term.split()) > _MOST_WORDS:
            continue
        if index.billable[found]:
            terms.append((entry.term, code, "unspecified" in index.title(found)))
        elif (left_open := _left_open(found, index, resolver)) is not None:
            terms.append((entry.term, left_open, True))
    return terms


def _left_open(row: int, index: CodeIndex, resolver: Resolver) -> str | None:
    """Returns the code of a category for what says no more than its name, ``None`` where none is unspecified."""
    leaf = resolver.resolve(row, Context(frozenset(), 0))[0].row
    open_ = index.billable[leaf] and "unspecified" in index.title(leaf).lower() and not index.has_seventh[leaf]
    return index.code(leaf) if open_ else None
