"""``chartcoder codes import icd10pcs``: an official release of ICD-10-PCS."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.common import home_folder, progress_bar


def import_icd10pcs(
    file: Annotated[
        Path, typer.Argument(help="The order file, the list of codes, or the zip file with them, as CMS releases it.")
    ],
    edition: Annotated[
        str | None, typer.Option(help="Fiscal year, such as FY2026, where the file name does not state it.")
    ] = None,
) -> None:
    """Imports a release of ICD-10-PCS and compiles its index.

    Nothing is replaced unless the whole file is well-formed. An edition of the same year is replaced.
    """
    from suggest.code_sets.icd10pcs import import_icd10pcs as run
    from suggest.code_sets.icd10pcs import open_pcs

    home = home_folder()
    imported = run(file, home, edition=edition)
    name = imported.edition.name
    with progress_bar() as progress:
        open_pcs(home, name, progress=progress)
    print(f"{imported.edition.system} {name}: {imported.codes} codes")
    if imported.replaced:
        print(f"{name} took the place of {imported.replaced}")
