"""The terminology of services: terms and labels of CPT and HCPCS codes as the arrays that notes are matched on."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from suggest.code_sets.arrays import locked, new_folder, write_arrays
from suggest.code_sets.services import ServiceCode, ServiceSet
from suggest.keys import term_words
from suggest.lexicon import Source
from suggest.phrase_arrays import Phrases, phrase_arrays, word_arrays
from suggest.records import System
from suggest.resources import list_tables, read_text
from suggest.terminology import FORMAT, Terminology

_VERSION = 2  # raised when services are turned into terms in another way
_DRUG = re.compile(
    r"([A-Z][\w-]+(?: [a-z][\w-]+){0,2}?)(?: \(([^)]*)\))?,? (?:injection|infusion|depot|shot|implant|inhaled|eye)"
)


@dataclass(frozen=True, eq=False)  # one installation has one, known by its identity
class Catalogue:
    """The services that a site may report, numbered.

    Attributes:
        sets: Code sets, one for each system.
    """

    sets: tuple[ServiceSet, ...]

    @cached_property
    def rows(self) -> Sequence[ServiceCode]:
        """The codes of all sets; the place of a code is its row."""
        return [code for services in self.sets for code in services]

    @cached_property
    def _by_code(self) -> dict[str, ServiceCode]:
        return {code.code: code for code in self.rows}

    def get(self, code: str) -> ServiceCode | None:
        """Returns a code by its number, ``None`` if no set holds it."""
        return self._by_code.get(code)

    def edition(self, system: System) -> str:
        """Returns the name of the edition of a system, empty where it is not loaded."""
        return next((services.edition.name for services in self.sets if services.system is system), "")

    @cached_property
    def fingerprint(self) -> str:
        """Differs when any code differs."""
        return "+".join(services.fingerprint for services in self.sets)


def drug_names(service: ServiceCode) -> Iterator[str]:
    """Yields the names of a drug that its label gives: ``Leucovorin injection``, ``Belimumab (Benlysta) infusion``.

    A name alone says little: most drugs are taken at home. It counts beside words that say how it was given.
    """
    if service.section == "drug" and service.unit.startswith("dose"):
        match = _DRUG.match(service.label)
        if match:
            yield match[1]
            yield from (name.strip() for name in (match[2] or "").split(",") if name.strip())


def compile_service_terms(catalogue: Catalogue, folder: Path) -> None:
    """Writes the arrays of the terms of all services into an empty folder."""
    phrases = Phrases()
    for row, service in enumerate(catalogue.rows):
        for term in service.terms:
            phrases.add(term_words(term), row, Source.LEXICON, term)
        for name in drug_names(service):
            phrases.add(term_words(name), row, Source.DRUG, name)
        if service.section != "em":  # visits are found by what was decided in them, not by their names
            phrases.add(term_words(service.label), row, Source.TITLE, service.label)
    titles = [service.label for service in catalogue.rows]
    none: list[tuple[list[str], list[str]]] = [([], [])] * len(titles)
    flags = np.zeros(len(titles), dtype=np.uint8)
    arrays = phrase_arrays(phrases) | word_arrays(phrases, titles, none, flags)
    write_arrays(folder, arrays, {"format": FORMAT, "edition": catalogue.fingerprint})


def open_service_terms(home: Path, catalogue: Catalogue) -> Terminology:
    """Opens the terms of the services, compiling them first where that was not done yet.

    Args:
        home: Data folder of the installation.
        catalogue: The services.
    """
    digest = hashlib.sha256(catalogue.fingerprint.encode())
    for name in list_tables("words"):
        digest.update(name.encode() + read_text(name).encode())
    folder = home / "index" / f"services-{FORMAT}.{_VERSION}-{digest.hexdigest()[:12]}"
    with locked(folder.with_name(f".{folder.name}.lock")):
        if not folder.exists():
            with new_folder(folder) as draft:
                compile_service_terms(catalogue, draft)
    return Terminology(folder)
