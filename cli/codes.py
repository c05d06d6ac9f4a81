"""``chartcoder codes``: code sets, their editions and what stands in them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.common import UsageError, home_folder, print_rows, progress_bar

if TYPE_CHECKING:
    from suggest.code_sets.index import CodeIndex

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

Edition = Annotated[
    str | None, typer.Option(help="An installed edition, such as FY2025.  [default: CHARTCODER_EDITION]")
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


@app.command("editions")
def editions() -> None:
    """Lists the installed editions: when they apply and what they were read from."""
    from suggest.code_sets.importers import installed_editions

    found = installed_editions(home_folder())
    print_rows(
        [("edition", "system", "from", "to", "source")]
        + [(e.name, e.system, str(e.effective_from), str(e.effective_to or "-"), e.source) for e in found]
    )


@app.command("search")
def search(
    words: Annotated[
        list[str],
        typer.Argument(help="The beginning of a code, or words of titles and inclusion terms in any order."),
    ],
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most results.")] = 20,
    edition: Edition = None,
) -> None:
    """Finds codes, best first; '*' marks codes that may stand on a claim."""
    index = _open(edition)
    hits = index.search(" ".join(words), limit)
    if not hits:
        raise UsageError(f"nothing found in {index.edition.name}; try fewer words, or the beginning of one")
    print_rows([(index.code(hit.row), "*" * bool(index.billable[hit.row]), index.title(hit.row)) for hit in hits])


@app.command("show")
def show(
    code: Annotated[str, typer.Argument(help="A code, with or without its dot.")], edition: Edition = None
) -> None:
    """Shows a code: title, hierarchy, inclusion terms and the notes that hold for it, wherever they stand."""
    index = _open(edition)
    row = index.row(code)
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


def _open(edition: str | None) -> CodeIndex:
    from api.settings import load_settings
    from suggest.code_sets.importers import open_edition, shipped_edition

    settings = load_settings()
    with progress_bar() as progress:
        return open_edition(settings.home, edition or settings.edition or shipped_edition().name, progress=progress)


def _title(index: CodeIndex, code: str) -> str:
    row = index.row(code)
    return "" if row is None else index.title(row)


def _print_list(label: str, lines: list[str]) -> None:
    if lines:
        print(f"  {label}")
        for line in lines:
            print(f"    {line}")
