"""How edits write their findings, so that each says what, why, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from suggest.records import Finding, Severity


@dataclass(frozen=True, slots=True)
class Report:
    """The constant part of an edit's findings.

    Attributes:
        edit: Id of the edit, as the documentation lists it.
        source: Guideline section, convention of the tabular list, or table that the edit rests on.
    """

    edit: str
    source: str

    def error(self, codes: Iterable[str], message: str, remedy: str, **stamp: str) -> Finding:
        """Returns a finding for a claim that cannot stand as it is; ``stamp`` may name ``source`` and ``edition``."""
        return self._finding(Severity.ERROR, codes, message, remedy, stamp)

    def warning(self, codes: Iterable[str], message: str, remedy: str, **stamp: str) -> Finding:
        """Returns a finding that a coder should look at before the claim goes out."""
        return self._finding(Severity.WARNING, codes, message, remedy, stamp)

    def info(self, codes: Iterable[str], message: str, remedy: str, **stamp: str) -> Finding:
        """Returns a finding that is good to know."""
        return self._finding(Severity.INFO, codes, message, remedy, stamp)

    def _finding(
        self, severity: Severity, codes: Iterable[str], message: str, remedy: str, stamp: dict[str, str]
    ) -> Finding:
        source, edition = stamp.get("source") or self.source, stamp.get("edition", "")
        return Finding(self.edit, severity, tuple(codes), message, remedy, source, edition)
