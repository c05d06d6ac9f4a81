"""Errors that callers can act on. A message says what came, what was expected and what to do.

No message ever holds text of a chart.
"""

from __future__ import annotations


class ChartCoderError(Exception):
    """Base of all errors of ChartCoder that have a cause outside the program."""


class ResourceError(ChartCoderError):
    """A data file of the project breaks its format."""


class DocumentError(ChartCoderError):
    """A document cannot be read as text."""


class EncounterError(ChartCoderError):
    """An encounter breaks a rule of the records (dates, age, notes)."""


class CodeSetError(ChartCoderError):
    """A code set, edition or import file is missing or malformed."""


class BundleError(ChartCoderError):
    """A model bundle is missing, altered, of another format or holds something untrusted."""


class PolicyError(ChartCoderError):
    """No policy fits, or a policy file is malformed."""


class CorpusError(ChartCoderError):
    """A training or evaluation corpus cannot be read."""
