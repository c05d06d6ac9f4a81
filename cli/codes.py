"""``chartcoder codes``: code sets, their editions and what stands in them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import edit_tables, pcs, services
from cli.common import UsageError, home_folder, print_rows, progress_bar
from suggest.records import System

if TYPE_CHECKING:
    from suggest.code_sets.index import CodeIndex
    from suggest.code_sets.index_importer import ImportedIndex

app = typer.Typer(
    help="Looks codes up, imports official releases and compares editions.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_imports = typer.Typer(
    help="Imports an official release.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(_imports, name="import")
_imports.command("cpt")(services.import_cpt)
_imports.command("hcpcs")(services.import_hcpcs)
_imports.command("icd10pcs")(pcs.import_icd10pcs)
edit_tables.register(_imports)

Edition = Annotated[
    str | None,
    typer.Option(
        help="An installed edition: FY2025; of CPT 2026; of HCPCS 2025-01.  [default: CHARTCODER_EDITION, or newest]"
    ),
]

_NOTES = (
    ("includes", "Includes"),
    ("excludes1", "Excludes1 (not coded here)"),
    ("excludes2", "Excludes2 (not included here)"),
    ("code_first", "Code first"),
    ("use_additional", "Use additional code"),
    ("code_also", "Code also"),
    ("notes", "Note"),
)
_MODIFIER = 2
_LISTED = 10
"""Most lines of each kind that an import prints, unless all are asked for."""


@_imports.command("icd10cm")
def import_icd10cm(
    file: Annotated[
        Path,
        typer.Argument(
            help="The tabular XML, the order file, the list of codes, or the zip file with them, as released."
        ),
    ],
    edition: Annotated[
        str | None, typer.Option(help="Fiscal year, such as FY2025, where the file does not state it.")
    ] = None,
) -> None:
    """Imports a release of ICD-10-CM and compiles its index.

    Nothing is replaced unless the whole file is well-formed. An edition of the same year is replaced.
    """
    from suggest.code_sets.importers import import_icd10cm as run
    from suggest.code_sets.importers import open_edition

    home = home_folder()
    imported = run(file, home, edition=edition)
    with progress_bar() as progress:
        open_edition(home, imported.edition.name, progress=progress)
    name = imported.edition.name
    print(f"{name}: {imported.codes} categories and codes, {imported.billable} of them billable")
    if imported.replaced:
        print(f"{name} took the place of {imported.replaced}")
    if not imported.has_notes:
        print("The file has no instructional notes: Excludes1 and sequencing are not checked in this edition")


@_imports.command("icd10cm-index")
def import_icd10cm_index(
    file: Annotated[
        Path,
        typer.Argument(help="The XML of the Alphabetic Index, External Cause Index, or table of neoplasms or drugs."),
    ],
    edition: Annotated[
        str | None, typer.Option(help="Edition that it is loaded for, such as FY2025, if not the year it states.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="List every unknown code and every reference that was not followed.")
    ] = False,
) -> None:
    """Loads a file of the ICD-10-CM Alphabetic Index for an installed edition.

    Each of the four files is loaded by itself and takes the place of the same one; the others stay. Nothing is
    replaced unless the whole file is well-formed and the edition knows its codes.
    """
    from suggest.code_sets.index_importer import import_index
    from suggest.code_sets.index_xml import read_index

    index = read_index(file)
    name = edition or (f"FY{index.year}" if index.year else None)
    if name is None:
        raise UsageError(f"{file.name} states no year; name the edition: --edition FY2025")
    _print_import(import_index(index, _open(name), home_folder()), None if every else _LISTED)


@app.command("editions")
def editions() -> None:
    """Lists the installed editions: when they apply and what they were read from; then the loaded indexes.

    Of CPT and HCPCS, the table that ships is listed as "starter".
    """
    from suggest.code_sets.icd10pcs import installed_pcs_editions
    from suggest.code_sets.importers import installed_editions
    from suggest.code_sets.index_importer import loaded_indexes

    found = [*installed_editions(home_folder()), *installed_pcs_editions(home_folder())]
    print_rows(
        [("edition", "system", "from", "to", "source")]
        + [(e.name, e.system, str(e.effective_from), str(e.effective_to or "-"), e.source) for e in found]
        + services.edition_rows(home_folder())
    )
    if loaded := loaded_indexes(home_folder()):
        print()
        print_rows(
            [("edition", "index", "terms", "source")]
            + [(part.edition, part.kind.label, str(part.terms), part.source) for part in loaded],
            right=frozenset({2}),
        )


@app.command("search")
def search(
    words: Annotated[
        list[str],
        typer.Argument(help="The beginning of a code, or words of titles and inclusion terms in any order."),
    ],
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most results.")] = 20,
    edition: Edition = None,
    system: Annotated[str, typer.Option(help="ICD-10-CM, CPT or HCPCS.")] = System.ICD10CM.value,
) -> None:
    """Finds codes, best first; '*' marks codes that may stand on a claim."""
    if (wanted := _system(system)) in services.SYSTEMS:
        services.search_services(wanted, " ".join(words), limit, edition)
        return
    index = _open(edition)
    hits = index.search(" ".join(words), limit)
    if not hits:
        raise UsageError(f"nothing found in {index.edition.name}; try fewer words, or the beginning of one")
    print_rows([(index.code(hit.row), "*" * bool(index.billable[hit.row]), index.title(hit.row)) for hit in hits])


@app.command("show")
def show(
    code: Annotated[str, typer.Argument(help="A code, with or without its dot, or a modifier.")],
    edition: Edition = None,
    system: Annotated[
        str | None, typer.Option(help="ICD-10-CM, CPT or HCPCS.  [default: by the shape of the code]")
    ] = None,
) -> None:
    """Shows a code: title, hierarchy, inclusion terms and the notes that hold for it, wherever they stand.

    A code that both ICD-10-CM and HCPCS have (J11.00, J1100) is shown as ICD-10-CM; --system HCPCS shows the other.
    """
    shape = _system(system) if system else services.shape_of(code)
    if shape is System.CPT or (system and shape is System.HCPCS):
        services.show_service(code, shape, edition)
        return
    if len(code) == _MODIFIER and services.show_modifier(code):
        return
    index = _open(None if shape is System.HCPCS else edition)
    row = index.row(code)
    if shape is System.HCPCS and row is None:
        services.show_service(code, shape, edition)
        return
    if row is None:
        raise UsageError(f"{index.edition.name} has no code {code!r}; search for it: chartcoder codes search WORDS")
    chapter, block = int(index.chapter[row]), int(index.block[row])
    billable = "billable" if index.billable[row] else "not billable: needs more characters"
    print(f"{index.code(row)}  {index.title(row)}")
    print(f"  {index.edition.system} {index.edition.name}, {billable}")
    print(f"  Chapter {chapter}: {index.chapter_title(chapter)}")
    print(f"  Block {index.block_id(block)}: {index.block_title(block)}")
    _print_list("Within", [f"{index.code(r)}  {index.title(r)}" for r in reversed(index.ancestors(row))])
    _print_list("Inclusion terms", list(index.terms(row)))
    for kind, label in _NOTES:
        _print_list(label, [f"{note.text}  [at {note.from_code}]" for note in index.notes(row, kind)])
    _print_list("Below", [f"{index.code(r)}  {index.title(r)}" for r in index.children(row)])
    if shape is System.HCPCS and services.has_service(code, shape):
        print(f"  HCPCS has a code of this number too: chartcoder codes show {code.upper()} --system HCPCS")


@app.command("diff")
def diff(
    earlier: Annotated[str, typer.Argument(metavar="A", help="The earlier edition, such as FY2025.")],
    later: Annotated[str, typer.Argument(metavar="B", help="The later edition, such as FY2026.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
) -> None:
    """Compares two installed editions: codes that are new, retired or have another title."""
    import json

    from suggest.code_sets.importers import diff_editions

    before, after = _open(earlier), _open(later)
    found = diff_editions(before, after)
    if as_json:
        retitled = [{"code": code, "from": old, "to": new} for code, old, new in found.retitled]
        print(json.dumps({"new": found.new, "retired": found.retired, "retitled": retitled}, indent=1))
        return
    print(f"{before.edition.name} to {after.edition.name}, codes that may stand on a claim:")
    _print_list(f"New ({len(found.new)})", [f"{code}  {_title(after, code)}" for code in found.new])
    _print_list(f"Retired ({len(found.retired)})", [f"{code}  {_title(before, code)}" for code in found.retired])
    _print_list(f"Retitled ({len(found.retitled)})", [f"{code}  {old} -> {new}" for code, old, new in found.retitled])


def _system(name: str) -> System:
    known = (System.ICD10CM, *services.SYSTEMS)
    if name.upper() not in known:
        raise UsageError(f"system {name!r}: expected {', '.join(known)}")
    return System(name.upper())


def _open(edition: str | None) -> CodeIndex:
    from api.settings import load_settings
    from suggest.code_sets.importers import open_edition, shipped_edition

    settings = load_settings()
    with progress_bar() as progress:
        return open_edition(settings.home, edition or settings.edition or shipped_edition().name, progress=progress)


def _print_import(imported: ImportedIndex, most: int | None) -> None:
    """Says what an import of an index brought; lists at most so many of each that was left out."""
    loaded = imported.loaded
    unit = "drugs and chemicals" if loaded.kind == "drugs" else "terms"
    print(f"{loaded.edition}: {loaded.terms} {unit} of the {loaded.kind.label}")
    if imported.replaced:
        print(f"{loaded.source} took the place of {imported.replaced}")
    unknown, lost = imported.unknown, imported.unfollowed
    _print_some(f"Codes that {loaded.edition} lacks, left out", [f"line {n}: {code}" for n, code in unknown], most)
    for why in dict.fromkeys(item.why for item in lost):
        same = [item for item in lost if item.why is why]
        lines = [f"line {item.line}: {item.entry}" + f" -> {item.target}" * bool(item.target) for item in same]
        _print_some(f"Not followed, {why}", lines, most)
    if imported.residual:
        print(f"  Left out as no chart says them (specified NEC, ...): {imported.residual}")
    _print_some("Elements that are not known", [f"{tag}: {count}" for tag, count in imported.ignored], most)


def _print_some(label: str, lines: list[str], most: int | None) -> None:
    rest = len(lines[most:]) if most is not None else 0
    _print_list(f"{label} ({len(lines)})", lines[:most] + [f"and {rest} more; --all lists them"] * bool(rest))


def _title(index: CodeIndex, code: str) -> str:
    row = index.row(code)
    return "" if row is None else index.title(row)


def _print_list(label: str, lines: list[str]) -> None:
    if lines:
        print(f"  {label}")
        for line in lines:
            print(f"    {line}")
