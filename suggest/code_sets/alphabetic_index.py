"""Turns the ICD-10-CM Alphabetic Index into flat terms: a main term with its subterms, and the codes.

Subterms below a connecting word ("with", "in", "due to") are joined by it, as the classification presumes the
two conditions related (Official Guidelines, section I.A.15). References are followed: "see" leads to the entry
that has the code (section I.A.16), "see also" to one that may have it. What cannot be followed is listed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain as chained
from itertools import islice, pairwise
from pathlib import Path

from suggest.code_sets.index_references import References, Unfollowed, Why
from suggest.code_sets.index_titles import CONNECTORS, is_adjective, is_connector, is_residual, title_forms
from suggest.code_sets.index_xml import AlphabeticIndex, IndexEntry, IndexKind, read_index
from suggest.errors import CodeSetError

MOST_BORROWED = 100
"""A reference to an entry with more coded subterms takes over its own code alone: a term for each of them would
multiply the index by its references."""
_MOST_STEPS = 4
_BEHAVIORS = (
    "Malignant neoplasm",
    "Secondary malignant neoplasm",
    "Carcinoma in situ",
    "Benign neoplasm",
    "Neoplasm of uncertain behavior",
    "Neoplasm of unspecified behavior",
)
"""What the columns of the Table of Neoplasms say, in the words of the tabular list."""
_DANGLING = re.compile(rf"(?:{'|'.join(sorted(CONNECTORS))})\b|.*\b(?:and|or)$", re.IGNORECASE)
"""Modifiers that connect and name nothing, ``(of)``."""


@dataclass(frozen=True, slots=True)
class IndexTerm:
    """A phrase of the index and what it is coded as.

    Attributes:
        text: Main term and subterms without nonessential modifiers, ``Diabetes with retinopathy``.
        forms: Other wordings: other forms of one word (``diabetic retinopathy``), and one nonessential
            modifier of the last subterm added.
        codes: The code; an etiology code and its manifestation code stay together in this order.
        line: Line of the entry that has the code.
        residual: Whether it names but what is left over ("specified NEC"), so that no chart would say it.
    """

    text: str
    forms: tuple[str, ...]
    codes: tuple[str, ...]
    line: int
    residual: bool


@dataclass(frozen=True, slots=True)
class DrugCodes:
    """A row of the Table of Drugs and Chemicals; ``None`` where a column has no code.

    Attributes:
        name: The substance.
        forms: Other wordings of it.
        line: Line of the entry that has the codes.
        accidental: Poisoning, accidental.
        self_harm: Poisoning, intentional self-harm.
        assault: Poisoning, assault.
        undetermined: Poisoning, undetermined.
        adverse_effect: Adverse effect of a drug taken as it should be.
        underdosing: Less taken than prescribed.
    """

    name: str
    forms: tuple[str, ...]
    line: int
    accidental: str | None
    self_harm: str | None
    assault: str | None
    undetermined: str | None
    adverse_effect: str | None
    underdosing: str | None

    @property
    def codes(self) -> tuple[str | None, ...]:
        """The codes in the order of the columns."""
        return (
            self.accidental,
            self.self_harm,
            self.assault,
            self.undetermined,
            self.adverse_effect,
            self.underdosing,
        )


@dataclass(frozen=True, slots=True)
class FlatIndex:
    """A file of the index as flat terms.

    Attributes:
        terms: Each phrase with its codes, once; none for the Table of Drugs and Chemicals.
        drugs: The rows of that table; none for other files.
        unfollowed: References that led nowhere or only in part, and entries without any code.
    """

    terms: tuple[IndexTerm, ...]
    drugs: tuple[DrugCodes, ...]
    unfollowed: tuple[Unfollowed, ...]


def index_terms(path: Path) -> Iterator[IndexTerm]:
    """Yields the terms of a file of the index in its order.

    Raises:
        CodeSetError: The file is malformed, or is the Table of Drugs and Chemicals.
    """
    index = read_index(path)
    if index.kind is IndexKind.DRUGS:
        raise CodeSetError(f"{path.name} is the {index.kind.label}, which has no terms; read it with drug_table")
    yield from flatten(index).terms


def drug_table(path: Path) -> Iterator[DrugCodes]:
    """Yields the rows of a Table of Drugs and Chemicals in the order of the file.

    Raises:
        CodeSetError: The file is malformed, or another part of the index.
    """
    index = read_index(path)
    if index.kind is not IndexKind.DRUGS:
        raise CodeSetError(f"{path.name} is the {index.kind.label}; expected the {IndexKind.DRUGS.label}")
    yield from flatten(index).drugs


def flatten(index: AlphabeticIndex) -> FlatIndex:
    """Returns the flat terms of a file of the index, with what could not be followed."""
    walker = _Walker(index)
    found = list(walker.walk())
    terms: list[IndexTerm] = []
    drugs: list[DrugCodes] = []
    if index.kind is IndexKind.DRUGS:
        drugs = [_drug(place) for place in found]
    elif index.kind is IndexKind.NEOPLASMS:
        terms = list(chained.from_iterable(map(_neoplasm_terms, found)))
    else:
        terms = [_term(place) for place in found]
    once = {(term.text, term.codes): term for term in reversed(terms)}
    return FlatIndex(tuple(reversed(once.values())), tuple(drugs), tuple(walker.unfollowed))


@dataclass(frozen=True, slots=True)
class _Found:
    """Codes, and the entries whose words lead to them, from the main term down."""

    chain: tuple[IndexEntry, ...]
    source: IndexEntry

    @property
    def line(self) -> int:
        """Line of the codes: that of the entry which has them, or which refers to a category."""
        return self.source.line or self.chain[-1].line


class _Walker:
    """Goes through the entries in order and follows their references."""

    def __init__(self, index: AlphabeticIndex) -> None:
        self.unfollowed: list[Unfollowed] = []
        self._entries = index.entries
        self._references = References(index)

    def walk(self) -> Iterator[_Found]:
        for entry in self._entries:
            yield from self._entry(entry, ())

    def _entry(self, entry: IndexEntry, above: tuple[IndexEntry, ...]) -> Iterator[_Found]:
        chain = (*above, entry)
        if entry.coded:
            yield _Found(chain, entry)
        for child in entry.children:
            yield from self._entry(child, chain)
        targets = (*entry.see, *entry.see_also)
        for target in targets:
            yield from self._reference(target, chain)
        if not (targets or entry.coded or entry.children):
            self._note(chain, "", Why.NO_CODE)

    def _reference(self, target: str, chain: tuple[IndexEntry, ...]) -> list[_Found]:
        """Returns what a reference adds to an entry; notes where it is not followed, or not wholly."""
        entry = chain[-1]
        aim = self._references.find(target)
        if isinstance(aim, Why):
            self._note(chain, target, aim)
            return []
        borrowed = list(islice(self._borrow(aim, chain, (entry,)), MOST_BORROWED + 1))
        if len(borrowed) > MOST_BORROWED:
            self._note(chain, target, Why.TOO_MANY)
            return [found for found in borrowed if found.chain == chain]
        if not borrowed and not entry.coded:
            self._note(chain, target, Why.LEADS_NOWHERE)
        return borrowed

    def _borrow(
        self, aim: IndexEntry, chain: tuple[IndexEntry, ...], passed: tuple[IndexEntry, ...]
    ) -> Iterator[_Found]:
        """Yields codes and subterms of ``aim`` as if they stood at the end of ``chain``, which has none of them."""
        if aim in passed or len(passed) > _MOST_STEPS:
            return
        entry, passed = chain[-1], (*passed, aim)
        if aim.coded and not entry.coded:
            yield _Found(chain, aim)
        own = {child.title.lower() for child in entry.children}
        for child in aim.children:
            if child.title.lower() not in own:
                yield from self._copy(child, chain, passed)
        if not aim.coded:
            for target in aim.see:
                further = self._references.find(target)
                if isinstance(further, IndexEntry):
                    yield from self._borrow(further, chain, passed)

    def _copy(
        self, entry: IndexEntry, above: tuple[IndexEntry, ...], passed: tuple[IndexEntry, ...]
    ) -> Iterator[_Found]:
        """Yields a subterm of a borrowed entry and those below."""
        chain = (*above, entry)
        if entry.coded:
            yield _Found(chain, entry)
        for child in entry.children:
            yield from self._copy(child, chain, passed)
        for target in entry.see:
            aim = self._references.find(target)
            if isinstance(aim, IndexEntry):
                yield from self._borrow(aim, chain, passed)

    def _note(self, chain: Sequence[IndexEntry], target: str, why: Why) -> None:
        words = ", ".join(entry.title for entry in chain)
        self.unfollowed.append(Unfollowed(chain[-1].line, words, target, why))


def _term(found: _Found) -> IndexTerm:
    text, forms = _phrases(found.chain)
    if len(found.chain) == 1:
        forms = tuple(form for form in forms if not is_adjective(form))
    return IndexTerm(text, forms, found.source.codes, found.line, _residual(found.chain))


def _neoplasm_terms(found: _Found) -> Iterator[IndexTerm]:
    """Yields a term for each column of a row of the Table of Neoplasms."""
    sites = found.chain[1:] if found.chain[0].title.lower().startswith("neoplasm") else found.chain
    site, forms = _phrases(sites) if sites else ("", ())
    for behavior, code in zip(_BEHAVIORS, found.source.cells, strict=True):
        if code:
            texts = [_of(behavior, words) for words in (site, *forms)]
            yield IndexTerm(texts[0], tuple(texts[1:]), (code,), found.line, _residual(sites))


def _of(behavior: str, site: str) -> str:
    if not site:
        return behavior
    if is_adjective(site):
        return f"{site} {behavior[0].lower()}{behavior[1:]}"
    return f"{behavior} {site}" if _starts_with_connector(site) else f"{behavior} of {site}"


def _drug(found: _Found) -> DrugCodes:
    name, forms = _phrases(found.chain)
    return DrugCodes(name, forms, found.line, *found.source.cells)


def _residual(chain: Sequence[IndexEntry]) -> bool:
    return any(is_residual(entry.title) for entry in chain) or bool(chain and is_connector(chain[-1].title))


def _phrases(chain: Sequence[IndexEntry]) -> tuple[str, tuple[str, ...]]:
    """Returns the phrase of a chain of entries, and its other wordings."""
    levels = [title_forms(entry.title) for entry in chain]
    plain = [forms[0] for forms in levels]
    text = _join(plain)
    others = [
        _join([*plain[:place], form, *plain[place + 1 :]], adjective=place)
        for place, forms in enumerate(levels)
        for form in forms[1:]
    ]
    others += [f"{text}, {modifier}" for modifier in chain[-1].modifiers if not _DANGLING.match(modifier)]
    return text, tuple(form for form in dict.fromkeys(others) if form != text)


def _join(levels: Sequence[str], *, adjective: int = -1) -> str:
    """Joins the words of levels: by a comma, but where a connecting word stands.

    Args:
        levels: The words of each level.
        adjective: Level that stands in another form, which is often the adjective; "with" falls away behind it
            (``diabetic retinopathy``), and so does the comma.
    """
    text = levels[0]
    for place, (before, word) in enumerate(pairwise(levels)):
        if place == adjective and word.lower() == "with":
            continue
        near = place == adjective or is_connector(before) or _starts_with_connector(word)
        text += f" {word}" if near else f", {word}"
    return text


def _starts_with_connector(words: str) -> bool:
    return words.split(maxsplit=1)[0].lower() in CONNECTORS if words else False
