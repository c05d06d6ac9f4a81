"""What ``chartcoder codes`` does for CPT and HCPCS Level II: imports, editions, search and single codes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.common import UsageError, home_folder, print_rows
from suggest.records import System

if TYPE_CHECKING:
    from suggest.code_sets.service_importers import ImportedServices
    from suggest.code_sets.services import ServiceCode, ServiceSet

SYSTEMS = (System.CPT, System.HCPCS)

_FLAGS = {
    "addon": "add-on: never alone",
    "pctc": "professional and technical part (26, TC)",
    "sided": "side (LT, RT, 50)",
    "digit": "finger or toe (FA-F9, TA-T9)",
    "eyelid": "eyelid (E1-E4)",
    "clia": "waived test (QW)",
    "assist": "assistant surgeon (80, AS)",
}
_TERMS = 12
"""Most terms that are shown of a code."""


def import_cpt(
    file: Annotated[
        Path,
        typer.Argument(
            help="LONGULT.txt, MEDU.txt or SHORTU.txt, the Consolidated Code List, or a folder or zip file."
        ),
    ],
    edition: Annotated[str | None, typer.Option(help="Year, such as 2026, where the files do not state it.")] = None,
) -> None:
    """Imports CPT data files of the American Medical Association, for a site that has licensed them.

    Nothing is replaced unless all files are well-formed. An edition of the same year is replaced.
    """
    from suggest.code_sets.service_importers import import_cpt as run

    _print_import(run(file, home_folder(), edition))


def import_hcpcs(
    file: Annotated[Path, typer.Argument(help="The HCPCS file of CMS, or the zip file that holds it, as released.")],
    edition: Annotated[
        str | None, typer.Option(help="Quarter, such as 2025-01, where the file name does not state it.")
    ] = None,
) -> None:
    """Imports a release of HCPCS Level II: codes, modifiers and when they begin and end.

    Nothing is replaced unless the whole file is well-formed. An edition of the same quarter is replaced.
    """
    from suggest.code_sets.service_importers import import_hcpcs as run

    _print_import(run(file, home_folder(), edition))


def edition_rows(home: Path) -> list[tuple[str, ...]]:
    """Returns edition, system, first and last day and source of the tables that ship and of the imports."""
    from suggest.code_sets.service_importers import imported_editions
    from suggest.code_sets.services import read_starter

    editions = []
    for system in SYSTEMS:
        starter = read_starter(system)
        editions += [starter.edition] * bool(starter) + imported_editions(home, system)
    return [(e.name, e.system, str(e.effective_from), str(e.effective_to or "-"), e.source) for e in editions]


def search_services(system: System, words: str, limit: int, edition: str | None) -> None:
    """Prints the codes that fit, best first; '*' marks those that may be reported today."""
    from datetime import date

    services = _open_enabled(system, edition)
    hits = services.search(words, limit)
    if not hits:
        raise UsageError(f"nothing found in {_name(services)}; try fewer words, or the beginning of one")
    today = date.today()
    print_rows([(hit.code, "*" * services.live_on(hit.code, today), hit.label) for hit in hits])


def has_service(code: str, system: System) -> bool:
    """Returns whether CPT or HCPCS has a code."""
    return code.upper() in _open(system, None)


def shape_of(code: str) -> System | None:
    """Returns the system whose codes look like this one, if it is CPT or HCPCS."""
    from suggest.code_sets.service_table import SHAPES

    return next((system for system in SYSTEMS if SHAPES[system].fullmatch(code.upper())), None)


def show_modifier(code: str) -> bool:
    """Prints a modifier of two characters; returns ``False`` where there is none."""
    modifiers = {**_open(System.CPT, None).modifiers, **_open(System.HCPCS, None).modifiers}
    found = modifiers.get(code.upper())
    if found is None:
        return False
    print(f"{found.code}  {found.label}")
    print(f"  Modifier, {found.source}" + f", ended {found.ends}" * bool(found.ends))
    if found.applies:
        print(f"  Applies to: {', '.join(sorted(found.applies))}")
    return True


def show_service(code: str, system: System, edition: str | None) -> None:
    """Prints all that is known of a code."""
    services = _open_enabled(system, edition)
    found = services.get(code.upper())
    if found is None:
        raise UsageError(
            f"{_name(services)} has no code {code!r}; search for it: chartcoder codes search --system {system} WORDS"
        )
    print(f"{found.code}  {found.label}")
    print(f"  {system} {found.source}{_period(found)}")
    for label, value in _facts(found, services):
        if value:
            print(f"  {label}: {value}")


def _facts(code: ServiceCode, services: ServiceSet) -> list[tuple[str, str]]:
    family = [other.code for other in services if other.family == code.family != "" and other.code != code.code]
    rest = len(code.terms) - _TERMS
    return [
        ("Section", code.section.replace("_", " ")),
        ("Global period", code.global_days),
        ("Modifiers", "; ".join(_FLAGS[flag] for flag in sorted(code.flags))),
        ("Documented", code.asks),
        ("Units", code.unit),
        ("Includes", ", ".join(code.includes)),
        ("Family", f"{code.family} ({', '.join(family)})" if code.family else ""),
        ("Terms", ", ".join(code.terms[:_TERMS]) + f" and {rest} more" * (rest > 0)),
    ]


def _period(code: ServiceCode) -> str:
    begins = f", since {code.starts}" if code.starts else ""
    return begins + (f", ended {code.ends}" if code.ends else "")


def _open(system: System, edition: str | None) -> ServiceSet:
    from api.settings import load_settings
    from suggest.code_sets.services import open_services

    settings = load_settings()
    return open_services(settings.home, system, enabled=settings.cpt or system is not System.CPT, edition=edition)


def _open_enabled(system: System, edition: str | None) -> ServiceSet:
    from api.settings import load_settings

    if system is System.CPT and not load_settings().cpt:
        raise UsageError("CPT is turned off; set CHARTCODER_CPT=on to look its codes up")
    return _open(system, edition)


def _name(services: ServiceSet) -> str:
    return f"{services.system} {services.edition.name}"


def _print_import(imported: ImportedServices) -> None:
    edition = imported.edition
    ended = f"{imported.ended} ended before {edition.effective_from}"
    print(f"{edition.system} {edition.name}: {imported.codes} codes, {ended}")
    if imported.modifiers:
        print(f"{imported.modifiers} modifiers")
    if imported.replaced:
        print(f"{edition.source} took the place of {imported.replaced}")
