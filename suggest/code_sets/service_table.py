"""Reads the tables of services that the project ships, and checks every line of them.

The grammar of the columns is described in ``docs/procedure-codes.md``. The CPT table may be removed: the code
set is empty then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NoReturn

from suggest.code_sets.service_records import ServiceCode, ServiceModifier
from suggest.errors import ResourceError
from suggest.records import System
from suggest.resources import list_tables, parse_table, read_text

TABLES = {System.CPT: "services/cpt.tsv", System.HCPCS: "services/hcpcs.tsv"}
COLUMNS = ("code", "label", "section", "global", "flags", "family", "asks", "unit", "includes", "terms")
SHAPES = {
    # Category I and III, performance measures, proprietary laboratory analyses, multianalyte assays, vaccine
    # administration (CPT, introduction); Level II begins with a letter, D being the dental codes of the ADA.
    System.CPT: re.compile(r"\d{4}[0-9AFMTU]"),
    System.HCPCS: re.compile(r"[A-V]\d{4}"),
}
OPERATIVE = frozenset(
    {
        "integumentary", "musculoskeletal", "respiratory", "cardiovascular", "hemic", "digestive", "urinary",
        "male_genital", "maternity", "female_genital", "endocrine", "nervous", "eye", "ear",
    }
)  # fmt: skip
SECTIONS = OPERATIVE | {
    "em", "anesthesia", "radiology", "pathology", "medicine", "therapy", "psychiatry", "vaccine", "drug", "supply",
    "equipment", "transport", "service",
}  # fmt: skip
GLOBAL_PERIODS = frozenset({"000", "010", "090", "MMM", "XXX", "ZZZ"})
FLAGS = frozenset({"addon", "pctc", "sided", "digit", "eyelid", "clia", "assist"})
APPLIES = SECTIONS | FLAGS | {"any", "surgery", "coronary", "footcare", "telehealth", "screening"}
"""What a modifier may name beside sections and flags; ``surgery`` is every operative section."""

_MODIFIERS = "services/modifiers.tsv"
_MODIFIER_COLUMNS = ("modifier", "label", "applies", "source")
_NUMBER = r"\d+(?:\.\d+)?"
_RANGE = re.compile(rf"(?:<=|>=|<|>)?{_NUMBER}|{_NUMBER}-{_NUMBER}")
_PHRASES = re.compile(r"[^|;]+(?:\|[^|;]+)*")
_ASKS = {
    **dict.fromkeys(("length", "sum", "area", "count", "minutes", "views", "age", "weight"), _RANGE),
    **dict.fromkeys(("any", "note", "not"), _PHRASES),
    "contrast": re.compile(r"none|with|both"),
    "patient": re.compile(r"new|established"),
    "payer": re.compile(r"medicare"),
}
_DOSE_UNITS = "mg|mcg|g|units|ml|mCi|uCi|meq"
_UNIT = re.compile(rf"count|extra \d+|each \d+|min \d+|over \d+ step \d+|dose {_NUMBER} (?:{_DOSE_UNITS})")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def has_table(system: System) -> bool:
    """Returns whether the table of a code set is there."""
    return TABLES[system] in list_tables("services")


def read_services(system: System) -> tuple[ServiceCode, ...]:
    """Returns the codes of the project's own table; none where the table was removed.

    Raises:
        ResourceError: A line breaks the format; names file and line.
    """
    name = TABLES[system]
    return parse_services(read_text(name), name, system) if has_table(system) else ()


def parse_services(text: str, name: str, system: System) -> tuple[ServiceCode, ...]:
    """Reads a table of services; ``name`` stands in error messages.

    Raises:
        ResourceError: A line breaks the format; names file and line.
    """
    rows = list(_rows(text, name, COLUMNS))
    codes = {row["code"] for _, row in rows}
    last = ""
    found = []
    for number, row in rows:
        _check_code(row["code"], last, system, f"{name}:{number}")
        _check_row(row, f"{name}:{number}")
        _check_asks(row["asks"], f"{name}:{number}")
        _check_includes(row, codes, system, f"{name}:{number}")
        last = row["code"]
        found.append(_service(row, system))
    return tuple(found)


def read_modifiers() -> tuple[ServiceModifier, ...]:
    """Returns the modifiers of the project's own table.

    Raises:
        ResourceError: A line breaks the format; names file and line.
    """
    return parse_modifiers(read_text(_MODIFIERS), _MODIFIERS)


def parse_modifiers(text: str, name: str) -> tuple[ServiceModifier, ...]:
    """Reads a table of modifiers; ``name`` stands in error messages.

    Raises:
        ResourceError: A line breaks the format; names file and line.
    """
    found = []
    last = ""
    for number, row in _rows(text, name, _MODIFIER_COLUMNS):
        place = f"{name}:{number}"
        applies = frozenset(row["applies"].split())
        if not re.fullmatch(r"[0-9A-Z]{2}", row["modifier"]):
            _fail(place, f"modifier {row['modifier']!r}: expected two digits or capital letters")
        if row["modifier"] <= last:
            _fail(place, f"modifier {row['modifier']} does not follow {last}; expected them sorted, each once")
        if unknown := applies - APPLIES:
            _fail(place, f"applies to {', '.join(sorted(unknown))}; expected {', '.join(sorted(APPLIES))}")
        if not row["label"] or not applies or not row["source"]:
            _fail(place, "expected a label, what the modifier applies to, and its source")
        last = row["modifier"]
        found.append(ServiceModifier(row["modifier"], row["label"], applies, row["source"]))
    return tuple(found)


def _rows(text: str, name: str, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yields the rows of a table with their line numbers."""
    lines = text.splitlines()
    if not lines or lines[0] != "#" + "\t".join(columns):
        _fail(f"{name}:1", f"expected the header #{'<TAB>'.join(columns)}")
    for number, line in enumerate(lines, start=1):
        if not line.isascii():
            _fail(f"{name}:{number}", "a character outside ASCII; write it in ASCII")
    numbers = (n for n, line in enumerate(lines, start=1) if line.strip() and not line.startswith("#"))
    yield from zip(numbers, parse_table(text, name), strict=True)


def _check_code(code: str, last: str, system: System, place: str) -> None:
    if not SHAPES[system].fullmatch(code):
        _fail(place, f"code {code!r} has not the shape of a code of {system}")
    if code <= last:
        _fail(place, f"code {code} does not follow {last}; expected codes sorted, each once")


def _check_row(row: dict[str, str], place: str) -> None:
    if not row["label"]:
        _fail(place, "the label is empty")
    if row["section"] not in SECTIONS:
        _fail(place, f"section {row['section']!r}; expected one of {', '.join(sorted(SECTIONS))}")
    if row["global"] not in GLOBAL_PERIODS:
        _fail(place, f"global period {row['global']!r}; expected one of {', '.join(sorted(GLOBAL_PERIODS))}")
    if unknown := set(row["flags"].split()) - FLAGS:
        _fail(place, f"flags {', '.join(sorted(unknown))}; expected some of {', '.join(sorted(FLAGS))}")
    if row["family"] and not _SLUG.fullmatch(row["family"]):
        _fail(place, f"family {row['family']!r}; expected lower case words joined by '-'")
    if row["unit"] and not _UNIT.fullmatch(row["unit"]):
        _fail(
            place,
            f"unit {row['unit']!r}; expected count, extra N, each N, min N, over N step M or dose N UNIT "
            f"(UNIT one of {_DOSE_UNITS.replace('|', ', ')})",
        )
    terms = row["terms"].split("|") if row["terms"] else []
    if any(term != term.strip() or not term for term in terms) or len(set(terms)) != len(terms):
        _fail(place, "terms: expected different phrases joined by '|' without blanks around them")


def _check_asks(asks: str, place: str) -> None:
    for ask in asks.split(";") if asks else ():
        kind, _, value = ask.strip().partition(":")
        if ask.strip() == "default":
            continue
        if kind not in _ASKS:
            _fail(place, f"asks {ask.strip()!r}; expected default or one of {', '.join(sorted(_ASKS))} with a value")
        if not _ASKS[kind].fullmatch(value):
            _fail(place, f"asks {ask.strip()!r}: the value does not have the form that {kind} takes")


def _check_includes(row: dict[str, str], codes: set[str], system: System, place: str) -> None:
    """Checks that included codes stand in the same table; of the other code set, whose table may be absent, the shape.

    Raises:
        ResourceError: One is unknown.
    """
    other = System.CPT if system is System.HCPCS else System.HCPCS
    for code in row["includes"].split():
        if code == row["code"]:
            _fail(place, f"{code} includes itself")
        if code not in codes and not SHAPES[other].fullmatch(code):
            _fail(place, f"includes {code}, which the table lacks")


def _service(row: dict[str, str], system: System) -> ServiceCode:
    return ServiceCode(
        code=row["code"],
        label=row["label"],
        system=system,
        section=row["section"],
        global_days=row["global"],
        flags=frozenset(row["flags"].split()),
        family=row["family"],
        asks=row["asks"],
        unit=row["unit"],
        includes=tuple(row["includes"].split()),
        terms=tuple(row["terms"].split("|")) if row["terms"] else (),
    )


def _fail(place: str, message: str) -> NoReturn:
    raise ResourceError(f"{place}: {message}")
