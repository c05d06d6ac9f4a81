"""Suggestions as text for a terminal."""

from __future__ import annotations

import shutil
import textwrap
import unicodedata

from suggest.headings import families
from suggest.records import RankedCode, Suggestion, Support

_INDENT = " " * 21
_NARROW, _WIDE = 60, 120
_QUOTES_SHOWN = 2
_LONGEST_QUOTE = 160


def print_suggestion(suggestion: Suggestion, *, show_all: bool) -> None:
    """Prints a suggestion: a head line, then each code in sequence with title and evidence.

    Args:
        suggestion: The suggestion.
        show_all: Whether suppressed codes are printed with their reasons.
    """
    stamp = suggestion.stamp
    editions = ", ".join(f"{system} {name}" for system, name in stamp.editions)
    count = len(suggestion.codes)
    head = f"{printable(suggestion.encounter_id)}: {count} code{'s' * (count != 1)}"
    print(f"{head}  ({stamp.policy}, {editions})")
    for number, line in enumerate(suggestion.codes, start=1):
        poa = f"  POA {line.poa}" if line.poa else ""
        _print_code(f"{number:>3}", line.ranked, poa)
    if show_all and suggestion.suppressed:
        print("Not proposed:")
        for code in suggestion.suppressed:
            _print_code("  -", code.ranked, "")
            _print_wrapped(f"{code.reason}" + (f" ({code.by})" if code.by else ""))
    for finding in suggestion.findings:
        print(f"{finding.severity}: {finding.message}")


def _print_code(number: str, code: RankedCode, suffix: str) -> None:
    head = f"{number}  {code.code.code:<9} {code.probability:4.0%}  "
    title = textwrap.wrap(code.title + suffix, _width() - len(_INDENT)) or [""]
    print(f"{head:<21}{title[0]}")
    for rest in title[1:]:
        print(_INDENT + rest)
    quotes = dict.fromkeys(_evidence(support) for support in code.support)
    for quote in list(quotes)[:_QUOTES_SHOWN]:
        _print_wrapped(quote)


def _evidence(support: Support) -> str:
    quote = printable(support.evidence.quote)
    if len(quote) > _LONGEST_QUOTE:
        quote = quote[: _LONGEST_QUOTE - 3] + "..."
    family = families().get(support.section)
    place = family.label if family else support.section
    return f'"{quote}" [{place}]'


def _print_wrapped(text: str) -> None:
    print(textwrap.fill(text, _width(), initial_indent=_INDENT + "  ", subsequent_indent=_INDENT + "  "))


def _width() -> int:
    return min(_WIDE, max(_NARROW, shutil.get_terminal_size().columns))


def printable(text: str) -> str:
    """Returns text on one line without control characters: those of a chart could steer the terminal."""
    plain = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text)
    return " ".join(plain.split())
