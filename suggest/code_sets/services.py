"""The code sets of services, CPT and HCPCS Level II: the project's tables, completed by what a site imported.

CPT is a registered trademark of the American Medical Association. The table that ships names numbers of codes
and describes them in the project's own words; descriptors come only from the files of a licensed site.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

from suggest.code_sets.editions import Edition
from suggest.code_sets.search import words_of
from suggest.code_sets.service_importers import imported_editions, read_import
from suggest.code_sets.service_records import STARTER, ServiceCode, ServiceModifier
from suggest.code_sets.service_table import TABLES, read_modifiers, read_services
from suggest.errors import CodeSetError
from suggest.records import System

__all__ = ["STARTER", "ServiceCode", "ServiceModifier", "ServiceSet", "check_live", "open_services", "read_starter"]

_CHECKED = date(2026, 4, 1)
"""All codes of the tables that ship were in force on this day."""
_WHOLE = 5000
"""A release of fewer codes is a part of one; it says nothing about the codes that it lacks."""
_CODE_BEGINNING = re.compile(r"[A-Z]?\d{1,5}[A-Z]?|[A-Z]")


class ServiceSet:
    """Codes of CPT or of HCPCS Level II, read-only.

    Attributes:
        edition: What it was read from and since when it applies.
        modifiers: Modifiers by their two characters.
    """

    def __init__(
        self, edition: Edition, codes: Iterable[ServiceCode], modifiers: Iterable[ServiceModifier] = ()
    ) -> None:
        """Takes codes in any order; of two with the same number the later one counts."""
        self.edition = edition
        self.modifiers: Mapping[str, ServiceModifier] = {modifier.code: modifier for modifier in modifiers}
        self._codes = dict(sorted((code.code, code) for code in codes))

    @property
    def system(self) -> System:
        """CPT or HCPCS."""
        return self.edition.system

    def __len__(self) -> int:
        return len(self._codes)

    def __iter__(self) -> Iterator[ServiceCode]:
        """Yields the codes, sorted by their numbers."""
        return iter(self._codes.values())

    def __contains__(self, code: object) -> bool:
        return code in self._codes

    def get(self, code: str) -> ServiceCode | None:
        """Returns a code by its number (upper case), ``None`` if the set lacks it."""
        return self._codes.get(code)

    def live_on(self, code: str, day: date) -> bool:
        """Returns whether a code is known and may be reported for a service on ``day``."""
        found = self._codes.get(code)
        return found is not None and _outside(found, day) is None

    def search(self, words: str, limit: int = 20) -> list[ServiceCode]:
        """Finds codes by the beginning of their number, or by words of label and terms in any order.

        Every word must be in the label or the terms of a code; the last one may be incomplete. Best first: those
        of which one text says little more than what was asked, then the usual member of a family.

        Args:
            words: What to look for.
            limit: Most results.
        """
        beginning = words.strip().upper()
        if _CODE_BEGINNING.fullmatch(beginning):
            found = [code for number, code in self._codes.items() if number.startswith(beginning)]
            if found:
                return found[:limit]
        wanted = words_of(words)
        if not wanted:
            return []
        fitting = set.intersection(*(self._holding(word) for word in wanted[:-1]), self._beginning(wanted[-1]))
        order = sorted((-self._score(number, wanted), not self._codes[number].is_default, number) for number in fitting)
        return [self._codes[number] for _, _, number in order[:limit]]

    @cached_property
    def fingerprint(self) -> str:
        """System, edition and a hash of all codes and modifiers: equal for equal content only."""
        content = [[_plain(value) for value in astuple(record)] for record in (*self, *self.modifiers.values())]
        digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()
        return f"{self.system.value.lower()}-{self.edition.name}-{digest[:12]}"

    @cached_property
    def _texts(self) -> dict[str, list[frozenset[str]]]:
        """Words of label and of each term, by number."""
        return {
            code.code: [frozenset(words_of(text)) for text in (code.label, *code.terms)]
            for code in self._codes.values()
        }

    @cached_property
    def _postings(self) -> dict[str, set[str]]:
        postings: defaultdict[str, set[str]] = defaultdict(set)
        for number, texts in self._texts.items():
            for word in frozenset().union(*texts):
                postings[word].add(number)
        return dict(postings)

    def _holding(self, word: str) -> set[str]:
        return self._postings.get(word, set())

    def _beginning(self, word: str) -> set[str]:
        return set().union(*(numbers for known, numbers in self._postings.items() if known.startswith(word)))

    def _score(self, number: str, wanted: list[str]) -> float:
        """Returns the share of the asked words in the best text, times the share of that text that was asked."""
        *whole, last = wanted

        def matched(text: frozenset[str]) -> int:
            return len(text.intersection(whole)) + any(word.startswith(last) for word in text)

        return max(round(matched(text) ** 2 / (len(wanted) * len(text)), 3) for text in self._texts[number] if text)


def read_starter(system: System, *, enabled: bool = True) -> ServiceSet:
    """Returns the code set as the project's own table has it.

    Args:
        system: CPT or HCPCS.
        enabled: ``False`` gives an empty set, as does a table that was removed.

    Raises:
        ResourceError: A line of the table breaks the format; names file and line.
    """
    edition = Edition(system, STARTER, _CHECKED, None, TABLES[system].rpartition("/")[2])
    return ServiceSet(edition, read_services(system), read_modifiers()) if enabled else ServiceSet(edition, ())


def open_services(home: Path, system: System, *, enabled: bool = True, edition: str | None = None) -> ServiceSet:
    """Returns the code set: the project's own table, completed and relabelled by what was imported.

    Label and dates of an imported code count; terms, conditions, units and flags of the table stay. A code that only
    the import has gets its terms from its descriptor. A code that only the table has stays, but for a whole release
    that is later than the table: there it has ended.

    Args:
        home: ChartCoder's data folder.
        system: CPT or HCPCS.
        enabled: ``False`` gives an empty set, whatever is imported.
        edition: Name of an imported edition (``2026``, ``2025-01``); by default the newest.

    Raises:
        CodeSetError: The edition is not installed, damaged, or was altered since its import.
        ResourceError: A line of the table breaks the format.
    """
    starter = read_starter(system, enabled=enabled)
    if not enabled:
        return starter
    installed = {found.name: found for found in imported_editions(home, system)}
    if edition is not None and edition not in installed and edition != STARTER:
        names = ", ".join((STARTER, *installed))
        raise CodeSetError(
            f"{system} {edition} is not installed (installed: {names}); "
            f"import it: chartcoder codes import {system.lower()} FILE"
        )
    if edition == STARTER or not installed:
        return starter
    imported = read_import(home, installed[edition or max(installed)])
    codes = (_relabelled(code, starter.get(code.code)) for code in imported.codes)
    known = {code.code for code in imported.codes}
    whole = len(known) >= _WHOLE and imported.edition.effective_from >= _CHECKED
    eve = imported.edition.effective_from - timedelta(days=1)
    rest = (replace(code, ends=eve) if whole else code for code in starter if code.code not in known)
    modifiers = {modifier.code: modifier for modifier in imported.modifiers}
    table = starter.modifiers
    return ServiceSet(
        imported.edition,
        (*codes, *rest),
        (*table.values(), *(_with_applies(found, table.get(code)) for code, found in modifiers.items())),
    )


def _relabelled(imported: ServiceCode, known: ServiceCode | None) -> ServiceCode:
    if known is None:
        return imported
    return replace(known, label=imported.label, starts=imported.starts, ends=imported.ends, source=imported.source)


def _with_applies(imported: ServiceModifier, known: ServiceModifier | None) -> ServiceModifier:
    return replace(imported, applies=known.applies) if known is not None else imported


def check_live(service_set: ServiceSet, code: str, day: date) -> str | None:
    """Returns why a code may not be reported for a service on ``day``, ``None`` if it may."""
    found = service_set.get(code)
    name = f"{service_set.system} {service_set.edition.name}"
    if found is None:
        advice = f"chartcoder codes import {service_set.system.lower()} FILE"
        return f"{name} has no code {code}; check it, or import a release: {advice}"
    return _outside(found, day)


def _outside(code: ServiceCode, day: date) -> str | None:
    if code.ends is not None and day > code.ends:
        return f"{code.system} {code.code} ended {code.ends}; the date of service {day} lies after it"
    if code.starts is not None and day < code.starts:
        return f"{code.system} {code.code} begins {code.starts}; the date of service {day} lies before it"
    return None


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else str(value)
