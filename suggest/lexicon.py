"""Reads the project's lexicons, status tables and ontology terms, and checks every line.

A lexicon line maps what clinicians write to codes, under an optional condition on its surroundings; an ontology
line maps a name or synonym of a public ontology. The loader refuses unknown codes, duplicates and conditions it
does not understand, naming file and line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from suggest.errors import ResourceError
from suggest.resources import list_tables, read_table


class Source(IntEnum):
    """Where a candidate comes from; the order is that of the ranker's source features."""

    TITLE = 0
    INCLUSION = 1
    LEXICON = 2
    DRUG = 3
    ALLERGEN = 4
    LEARNT = 5
    COVERAGE = 6
    COMBINATION = 7
    MEASUREMENT = 8
    FAMILY_HISTORY = 9
    PERSONAL_HISTORY = 10
    DISEASE_ONTOLOGY = 11
    HPO = 12
    CONTEXT = 13
    ALPHABETIC_INDEX = 14
    COMPOSITION = 15

    @property
    def label(self) -> str:
        """The source as records and answers name it, ``family-history``."""
        return self.name.lower().replace("_", "-")


DERIVED = frozenset(source.label for source in (Source.FAMILY_HISTORY, Source.PERSONAL_HISTORY, Source.ALLERGEN))
"""Labels of the sources whose codes say themselves what the assertion says: past, a relative's, an allergy."""


ONTOLOGIES = {"ontologies/doid.tsv": Source.DISEASE_ONTOLOGY, "ontologies/hpo.tsv": Source.HPO}
"""Tables of ontology terms, each with the source that it is; a table that is not there is left out."""

PHRASES = (Source.TITLE, Source.INCLUSION, Source.LEXICON, *ONTOLOGIES.values(), Source.ALPHABETIC_INDEX)
"""Sources whose terms are matched as whole phrases: what they say of the same words competes."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold around a term: a kind (``near``, ``section``, ...) and its values."""

    kind: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a lexicon.

    Attributes:
        term: As clinicians write it.
        codes: Codes that apply together.
        source: Kind of table.
        condition: Must hold where the term stands; ``None`` for always.
        place: ``file:line`` for messages.
    """

    term: str
    codes: tuple[str, ...]
    source: Source
    condition: Condition | None
    place: str


_KINDS = frozenset({"near", "not_near", "section", "sex", "age"})
_IMPLIED = frozenset({"first", "before"})  # set by the compiler, not written in files


def parse_condition(text: str, place: str) -> Condition | None:
    """Parses a context column such as ``near:mitral|murmur``, ``sex:F`` or ``age<18``.

    Raises:
        ResourceError: The kind of condition is unknown.
    """
    if not text:
        return None
    if text.startswith("age"):
        for operator in ("<=", ">=", "<", ">"):
            head, found, number = text.partition(operator)
            if found and head == "age" and number.isdigit():
                return Condition("age", (operator, number))
    kind, found, values = text.partition(":")
    if not found or kind not in _KINDS | _IMPLIED or not values:
        raise ResourceError(f"{place}: unknown condition; expected near:, not_near:, section:, sex: or age<N")
    return Condition(kind, tuple(values.split("|")))


def read_lexicon() -> Iterator[Entry]:
    """Yields all entries of the term lexicons, the drug table and the allergen table."""
    for name in list_tables("lexicon"):
        for line, row in enumerate(read_table(name), start=2):
            place = f"{name}:{line}"
            condition = parse_condition(row["context"], place)
            yield Entry(row["term"], tuple(row["codes"].split()), Source.LEXICON, condition, place)
    for name, column, source in (
        ("status/drugs.tsv", "drug", Source.DRUG),
        ("status/allergens.tsv", "allergen", Source.ALLERGEN),
    ):
        for line, row in enumerate(read_table(name), start=2):
            yield Entry(row[column], (row["code"],), source, None, f"{name}:{line}")


def read_ontologies() -> Iterator[Entry]:
    """Yields the terms of public ontologies; ``training/ontologies.py`` builds their tables."""
    for name in list_tables("ontologies"):
        for line, row in enumerate(read_table(name), start=2):
            yield Entry(row["term"], tuple(row["codes"].split()), ONTOLOGIES[name], None, f"{name}:{line}")


def check_lexicon(entries: Iterator[Entry], known: Callable[[str], bool]) -> Iterator[Entry]:
    """Passes entries on after checking them against a code set.

    Args:
        entries: Lines of any table.
        known: Whether a code exists in the edition.

    Raises:
        ResourceError: A code is unknown, or a term stands twice under the same condition.
    """
    seen: dict[tuple[str, Source, Condition | None], str] = {}
    for entry in entries:
        for code in entry.codes:
            if not known(code):
                raise ResourceError(f"{entry.place}: code {code} is not in the code set; look it up and correct it")
        key = (entry.term.lower(), entry.source, entry.condition)
        if key in seen:
            raise ResourceError(f"{entry.place}: the same term and condition stand at {seen[key]}; keep one")
        seen[key] = entry.place
        yield entry
