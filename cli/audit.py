"""``chartcoder audit``: codes that people assigned, beside what the notes say."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.common import UsageError, progress_bar

if TYPE_CHECKING:
    from suggest.audit.records import AssignedClaim
    from suggest.audit.summary import AuditSummary


class Format(StrEnum):
    """Formats of claims."""

    JSONL = "jsonl"
    CSV = "csv"
    FHIR = "fhir"


_SUFFIXES: Mapping[str, Format] = {
    ".jsonl": Format.JSONL,
    ".csv": Format.CSV,
    ".json": Format.FHIR,
    ".ndjson": Format.FHIR,
}


def audit(
    claims: Annotated[
        Path, typer.Argument(metavar="CLAIMS", help="The claims with the texts that they were coded from.")
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="REPORT.html", help="Write the report; it holds words of the charts.")
    ],
    json_file: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Write the findings as JSON too; it holds words of the charts."),
    ] = None,
    file_format: Annotated[
        Format | None,
        typer.Option(
            "--format", help="Format of the claims.  [default: by the ending of the name]", show_default=False
        ),
    ] = None,
) -> None:
    """Audits coded claims: which codes the notes support, which they do not, and what may be missing.

    The audit suggests and a person decides: no finding is an error until someone has read the words. The report and
    the JSON file hold words of the charts: treat them as you treat the charts.
    """
    from api.settings import load_settings
    from models.loading import load_suggester
    from suggest.audit.run import Auditor, tables_of
    from suggest.audit.summary import summarise
    from training.audit_report import AUDIT_REPORT, render_audit
    from training.report_files import check_report_path, write_private, write_report

    check_report_path(out, AUDIT_REPORT)
    found = _read(claims, file_format)
    settings = load_settings()
    with progress_bar() as progress:
        suggester = load_suggester(
            settings.home, bundle=settings.bundle, edition=settings.edition, cpt=settings.cpt, progress=progress
        )
        auditor = Auditor(suggester, tables_of(suggester, settings.home, cpt=settings.cpt))
        audited = []
        for number, claim in enumerate(found, start=1):
            audited.append(auditor.audit(claim))
            progress("claims", number / len(found))
    summary = summarise(audited)
    write_report(out, render_audit(audited, summary, source=claims.name), AUDIT_REPORT)
    if json_file:
        from api.render_audits import audit_out
        from api.schemas import Offsets

        answer = audit_out(audited, summary, offsets=Offsets.CODE_POINTS)
        write_private(json_file, json.dumps(answer.model_dump(mode="json"), indent=1) + "\n")
    _print_summary(summary, out)


def _read(path: Path, file_format: Format | None) -> list[AssignedClaim]:
    from suggest.audit.csv_file import read_csv
    from suggest.audit.fhir import read_fhir
    from suggest.audit.jsonl import read_jsonl

    chosen = file_format or _SUFFIXES.get(path.suffix.lower())
    if chosen is None:
        raise UsageError(f"{path}: the name does not tell the format; add --format jsonl, csv or fhir")
    readers: Mapping[Format, Callable[[Path], list[AssignedClaim]]] = {
        Format.JSONL: read_jsonl,
        Format.CSV: read_csv,
        Format.FHIR: read_fhir,
    }
    claims = readers[chosen](path)
    if not claims:
        raise UsageError(f"no claims in {path}; check the file")
    return claims


def _print_summary(summary: AuditSummary, out: Path) -> None:
    overall = summary.overall
    claims, codes = _counted(summary.claims, "claim"), _counted(summary.assigned, "assigned code")
    print(f"{claims}, {codes} ({summary.not_assessed} not assessed)")
    if overall.share is not None and overall.interval is not None:
        low, high = overall.interval
        judged = _counted(overall.codes, "code")
        print(f"agreement {overall.share:.1%} (95 % interval {low:.1%} to {high:.1%}, {judged})")
    print(", ".join(f"{count} {kind}" for kind, count in summary.kinds.items() if count) or "no findings")
    print(f"the report with the words of the charts is in {out}")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
