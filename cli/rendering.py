"""Suggestions as text for a terminal."""

from __future__ import annotations

import shutil
import textwrap
import unicodedata
from collections.abc import Sequence

from suggest.headings import families
from suggest.records import CodeLine, RankedCode, Suggestion, Support, System

_INDENT = " " * 21
_NARROW, _WIDE = 60, 120
_QUOTES_SHOWN = 2
_LONGEST_QUOTE = 160


def print_suggestion(suggestion: Suggestion, *, show_all: bool) -> None:
    """Prints a suggestion: a head line, then each code in sequence with title and evidence, procedures in their block.

    Args:
        suggestion: The suggestion.
        show_all: Whether suppressed codes are printed with their reasons.
    """
    stamp = suggestion.stamp
    editions = ", ".join(f"{system} {name}" for system, name in stamp.editions)
    count = len(suggestion.codes)
    head = f"{printable(suggestion.encounter_id)}: {count} code{'s' * (count != 1)}"
    print(f"{head}  ({stamp.policy}, {editions})")
    diagnoses = [line for line in suggestion.codes if line.ranked.code.system is System.ICD10CM]
    procedures = [line for line in suggestion.codes if line.ranked.code.system is not System.ICD10CM]
    for number, line in enumerate(diagnoses, start=1):
        poa = f"  POA {line.poa}" if line.poa else ""
        _print_code(f"{number:>3}", line.ranked, poa)
    if procedures:
        print("Procedures:")
    for number, line in enumerate(procedures, start=1):
        _print_code(f"{number:>3}", line.ranked, "", notes=_details(line))
    if show_all and suggestion.suppressed:
        print("Not proposed:")
        for code in suggestion.suppressed:
            _print_code("  -", code.ranked, "")
            _print_wrapped(f"{code.reason}" + (f" ({code.by})" if code.by else ""))
    for finding in suggestion.findings:
        print(f"{finding.severity}: {finding.message}")


def _details(line: CodeLine) -> list[str]:
    """Returns what stands beside a procedure on the claim, the reason for it, and what is left open."""
    parts = []
    if line.modifiers:
        parts.append(f"modifier{'s' * (len(line.modifiers) != 1)} {' '.join(line.modifiers)}")
    if line.ranked.code.system is not System.ICD10PCS:
        parts.append(f"{line.units} unit{'s' * (line.units != 1)}")
    if line.pointers:
        parts.append(f"for diagnosis {', '.join(map(str, line.pointers))}")
    notes = ["; ".join(parts)] if parts else []
    notes += [f"{modifier}: {why}" for modifier, why in zip(line.modifiers, line.modifier_reasons, strict=False)]
    if line.ranked.reason:
        notes.append(line.ranked.reason)
    if line.open_axes:
        notes.append(f"left open by the notes: {', '.join(line.open_axes)}")
    return notes


def _print_code(number: str, code: RankedCode, suffix: str, notes: Sequence[str] = ()) -> None:
    head = f"{number}  {code.code.code:<9} {code.probability:4.0%}  "
    title = textwrap.wrap(code.title + suffix, _width() - len(_INDENT)) or [""]
    print(f"{head:<21}{title[0]}")
    for rest in title[1:]:
        print(_INDENT + rest)
    for note in notes:
        _print_wrapped(note)
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
