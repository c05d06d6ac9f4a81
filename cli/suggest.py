"""``chartcoder suggest``: codes for charts in files."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from cli.common import progress_bar
from suggest.records import Claim, Encounter, Patient, Setting, Sex, Suggestion

_MAX_AGE = 130


def suggest(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="Text notes in UTF-8, '-' for standard input, or .jsonl files with a chart record a line.",
        ),
    ],
    setting: Annotated[Setting, typer.Option(help="Where the service was given.")] = Setting.OUTPATIENT,
    claim: Annotated[Claim, typer.Option(help="Who bills: the clinician or the institution.")] = Claim.PROFESSIONAL,
    age: Annotated[float | None, typer.Option(min=0, max=_MAX_AGE, help="Age of the patient in years.")] = None,
    sex: Annotated[Sex, typer.Option(help="Administrative sex.")] = Sex.UNKNOWN,
    policy: Annotated[
        str | None, typer.Option(help="Name of a policy, instead of the one for setting and claim.")
    ] = None,
    date_of_service: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day of service.")
    ] = None,
    together: Annotated[
        bool, typer.Option("--together", help="Take the text files as notes of one encounter.")
    ] = False,
    show_all: Annotated[
        bool, typer.Option("--all", help="Show the suppressed codes as well, with the reason.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the whole suggestion: one JSON object a line, as the API.")
    ] = False,
) -> None:
    """Suggests codes for charts, each with the words that support it.

    Every text file is an encounter of its own, unless --together is given. The options hold for texts; a
    chart record carries its own facts.
    """
    from api.settings import load_settings
    from cli.inputs import Facts, read_encounters
    from cli.rendering import print_suggestion
    from models.loading import load_suggester

    facts = Facts(setting, claim, Patient(age, sex), policy, date_of_service)
    # All charts are checked before the first is read: an error in the last file shall not come after minutes.
    encounters = list(read_encounters(files, facts, together=together))
    settings = load_settings()
    with progress_bar() as progress:
        suggester = load_suggester(
            settings.home, bundle=settings.bundle, edition=settings.edition, cpt=settings.cpt, progress=progress
        )
    for number, encounter in enumerate(encounters):
        suggestion = suggester.suggest(encounter)
        if as_json:
            print(_json_line(suggestion, encounter))
        else:
            print("\n" * bool(number), end="")
            print_suggestion(suggestion, show_all=show_all)


def _json_line(suggestion: Suggestion, encounter: Encounter) -> str:
    from api.render import suggestion_out
    from api.schemas import Offsets

    answer = suggestion_out(suggestion, encounter, offsets=Offsets.CODE_POINTS, ranked_limit=len(suggestion.ranked))
    return answer.model_dump_json()
