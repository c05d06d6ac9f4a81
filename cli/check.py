"""``chartcoder check``: selection, edits, sequencing and grouping over the codes that chart records list."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.common import UsageError, print_rows, progress_bar
from suggest.audit.records import AssignedClaim
from suggest.edits.coded import CodedLine, CodedSet
from suggest.records import Code, Finding, Severity, System

if TYPE_CHECKING:
    from suggest.edits.tables import EditTables
    from suggest.given import GivenOrder
    from suggest.pipeline import Suggester

_SERIOUS = (Severity.ERROR, Severity.WARNING)


@dataclass(slots=True)
class Tally:
    """What the summary counts."""

    charts: int = 0
    codes: int = 0
    sequenced: int = 0
    first_right: int = 0
    not_codable: int = 0
    caught: int = 0
    drew: dict[Severity, int] = field(default_factory=lambda: dict.fromkeys(_SERIOUS, 0))

    def add(self, claim: AssignedClaim, findings: Sequence[Finding], order: GivenOrder) -> None:
        """Counts a chart; a code counts once for each severity."""
        codes = [line.code.code for line in claim.coded.lines]
        self.charts += 1
        self.codes += len(codes)
        for severity in _SERIOUS:
            named = {code for finding in findings if finding.severity is severity for code in finding.codes}
            self.drew[severity] += sum(code in named for code in codes)
        if order.codes:
            self.sequenced += 1
            self.first_right += order.codes[0] == claim.coded.diagnoses[0].code.code

    def print(self) -> None:
        """Prints the summary."""
        rows = [("charts", str(self.charts)), ("codes", str(self.codes))]
        rows += [(f"codes with {severity}", _share(self.drew[severity], self.codes)) for severity in _SERIOUS]
        rows.append(("first-listed right", _share(self.first_right, self.sequenced)))
        if self.not_codable:
            rows.append(("not-codable codes with warning or worse", _share(self.caught, self.not_codable)))
        print_rows(rows)


def check(
    charts: Annotated[Path, typer.Argument(metavar="CHARTS.jsonl", help="Chart records with their codes, one a line.")],
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write what was found: one JSON object a chart.")
    ] = None,
    not_codable: Annotated[
        bool, typer.Option("--not-codable", help="Check as well each code that a chart lists as not codable.")
    ] = False,
) -> None:
    """Runs selection, edits, sequencing and grouping over the codes that charts list, and prints how often they speak.

    The order in which a record lists its diagnoses is used by the edits of sequence alone; the sequence that is
    written is the program's own. With --not-codable each listed wrong code is added to the others by itself; what is
    then found about it, and not without it, is written too.
    """
    from api.settings import load_settings
    from models.loading import load_suggester
    from suggest.audit.jsonl import read_jsonl
    from suggest.audit.run import tables_of

    claims = read_jsonl(charts)
    if not claims:
        raise UsageError(f"no charts in {charts}; check the file")
    settings = load_settings()
    tally, lines = Tally(), []
    with progress_bar() as progress:
        suggester = load_suggester(
            settings.home, bundle=settings.bundle, edition=settings.edition, cpt=settings.cpt, progress=progress
        )
        tables = tables_of(suggester, settings.home, cpt=settings.cpt)
        for number, claim in enumerate(claims, start=1):
            lines.append(_checked(claim, suggester, tables, tally, not_codable=not_codable))
            progress("charts", number / len(claims))
    if json_file:
        json_file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    tally.print()


def _checked(
    claim: AssignedClaim, suggester: Suggester, tables: EditTables, tally: Tally, *, not_codable: bool
) -> dict[str, Any]:
    from suggest.edits.run import run_edits
    from suggest.given import sequence_given
    from suggest.given_selection import not_found, selection_findings

    encounter = claim.coded.encounter
    candidates, table = suggester.features(encounter)
    ranked = suggester.diagnoses(encounter, candidates, table).ranked
    given = [line.code.code for line in claim.coded.diagnoses]
    order = sequence_given(suggester, encounter, given, table=table, ranked=ranked)

    replaced = suggester.replaced(candidates)

    def found(coded: CodedSet) -> tuple[Finding, ...]:
        codes = [line.code.code for line in coded.diagnoses]
        named = selection_findings(suggester.index, encounter, codes, ranked=ranked, replaced=replaced)
        return (*run_edits(coded, tables), *named, *not_found(suggester.index, codes, ranked=ranked))

    findings = found(claim.coded)
    tally.add(claim, findings, order)
    result: dict[str, Any] = {
        "id": claim.id,
        "findings": [_finding(finding) for finding in findings],
        "sequence": list(order.codes),
        **_groups(claim.coded),
    }
    if not_codable:
        result["not_codable"] = [_added(claim, code, findings, found, tally) for code in claim.not_codable]
    return result


def _added(
    claim: AssignedClaim,
    code: Code,
    known: Sequence[Finding],
    found_in: Callable[[CodedSet], tuple[Finding, ...]],
    tally: Tally,
) -> dict[str, Any]:
    """Returns what is found about a wrong code when it stands beside the others."""
    lines = claim.coded.lines
    # a wrong diagnosis stands last among the diagnoses
    at = len(claim.coded.diagnoses) if code.system is System.ICD10CM else len(lines)
    coded = replace(claim.coded, lines=(*lines[:at], CodedLine(code), *lines[at:]))
    before = set(known)
    findings = [found for found in found_in(coded) if found not in before and code.code in found.codes]
    tally.not_codable += 1
    tally.caught += any(finding.severity in _SERIOUS for finding in findings)
    return {"code": code.code, "findings": [_finding(finding) for finding in findings]}


def _groups(coded: CodedSet) -> dict[str, Any]:
    """Returns the payment groups: information for whoever reads the file, which nothing else goes by."""
    from suggest.grouping import drg_of, hcc_of

    hcc, drg = hcc_of(coded), drg_of(coded)
    return {
        "hcc": None if hcc.unavailable else asdict(hcc),
        "drg": None if drg.unavailable else asdict(drg),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "edit": finding.edit,
        "severity": finding.severity.value,
        "codes": list(finding.codes),
        "message": finding.message,
        "source": finding.source,
    }


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.3f}  ({part} of {whole})" if whole else "-"
