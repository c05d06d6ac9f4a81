"""``chartcoder codes import``: the tables that edits look up, as CMS publishes them and as payers write them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.common import home_folder
from suggest.records import Claim

if TYPE_CHECKING:
    from suggest.edits.edit_tables_import import ImportedTable


_FILE_HELP = "The file as CMS releases it (text, CSV, .gz), or a folder or zip file of it."
_File = Annotated[Path, typer.Argument(help=_FILE_HELP)]
_Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help=_FILE_HELP)]
_QuarterOption = Annotated[
    str | None,
    typer.Option("--edition", help="Quarter, such as 2024q3, where the file name does not state it."),
]
_ClaimOption = Annotated[
    Claim | None,
    typer.Option(help="Claims that the table holds for, where neither file nor name says so.", show_default=False),
]


def register(imports: typer.Typer) -> None:
    """Adds the commands to ``chartcoder codes import``."""
    imports.command("policy")(import_policy)
    imports.command("poa-exempt")(import_poa_exempt)
    imports.command("ncci")(import_ncci)
    imports.command("mue")(import_mue)
    imports.command("add-on")(import_add_on)


def import_policy(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV file with the columns payer, policy, procedure, diagnoses, frequency, prior_authorization, "
            "effective_from and effective_to."
        ),
    ],
) -> None:
    """Imports coverage policies of payers: covered diagnoses, frequency and prior authorisation of procedures.

    The policies of the payers that the file names take the place of their earlier ones; those of others stay.
    Nothing is replaced unless the whole file is well-formed.
    """
    from suggest.edits.payer_policies import import_policies

    table = import_policies(file, home_folder())
    print(f"{len(table)} policies in use, from {table.edition}")


def import_poa_exempt(
    file: Annotated[
        Path, typer.Argument(help="The list of codes exempt from present-on-admission reporting, as CMS releases it.")
    ],
    edition: Annotated[
        str | None, typer.Option(help="Fiscal year, such as FY2026, where the file name does not state it.")
    ] = None,
) -> None:
    """Imports the list of diagnoses that carry no present-on-admission indicator.

    It takes the place of the project's own table. Nothing is replaced unless the whole file is well-formed.
    """
    from suggest.edits.poa_exempt import import_poa_exempt as run

    table = run(file, home_folder(), edition)
    print(f"{table.edition}: {len(table)} codes exempt from present-on-admission reporting")


def import_ncci(files: _Files, edition: _QuarterOption = None, claim: _ClaimOption = None) -> None:
    """Imports procedure-to-procedure pairs of NCCI: all parts of a quarter (f1, f2, ...) in one command.

    The table for practitioners and the one for outpatient hospitals stand beside each other. Nothing is replaced
    unless all files are well-formed.
    """
    from suggest.edits.edit_tables_import import import_pairs

    _print_import("pairs", import_pairs(files, home_folder(), edition=edition, claim=claim))


def import_mue(file: _File, edition: _QuarterOption = None, claim: _ClaimOption = None) -> None:
    """Imports Medically Unlikely Edits of NCCI: the most units of each procedure.

    The table for practitioners and the one for outpatient hospitals stand beside each other. Nothing is replaced
    unless the whole file is well-formed.
    """
    from suggest.edits.edit_tables_import import import_units

    _print_import("limits of units", import_units(file, home_folder(), edition=edition, claim=claim))


def import_add_on(file: _File, edition: _QuarterOption = None) -> None:
    """Imports the add-on code table of NCCI: which procedures an add-on code goes with.

    Nothing is replaced unless the whole file is well-formed.
    """
    from suggest.edits.edit_tables_import import import_add_ons

    _print_import("pairs of procedure and add-on code", import_add_ons(file, home_folder(), edition=edition))


def _print_import(what: str, imported: ImportedTable) -> None:
    info = imported.info
    claims = f" for {imported.claim} claims" if imported.claim else ""
    print(f"{info.quarter}: {info.rows} {what}{claims}, {info.codes} codes")
    if imported.never:
        print(f"{imported.never} rows that were withdrawn as of their first day were left out")
    if imported.replaced:
        print(f"{info.source} took the place of {imported.replaced}")
