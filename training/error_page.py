"""Writes the errors of an evaluation as one HTML file that needs nothing else; it holds words of charts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from suggest.code_sets.index import CodeIndex
from training import report_files
from training.errors import FALSE_ALARMS, LOST, CodingError, ErrorFinder, Kind, Stage
from training.report_files import ReportError

__all__ = ["ReportError", "check_report_path", "render_report", "summary", "write_report"]

_GENERATOR = "ChartCoder error report"
_STAGES = tuple(Stage)
_EXPLAINED = {
    Stage.NO_MENTION: "no words were matched: none of the gold evidence, or without evidence none of its category",
    Stage.NO_CANDIDATE: "words of the gold evidence were matched, but led to no code of its category",
    Stage.WRONG_SIBLING: "another code of its three-character category was proposed, or was a candidate instead",
    Stage.RANKED_LOW: "a candidate, with a probability below the threshold",
    Stage.SUPPRESSED: "above the threshold, but a selection rule held it back",
    Stage.SIBLING_OF_GOLD: "proposed where gold has another code of its three-character category",
    Stage.NOT_CODABLE: "proposed although the chart lists it as tempting and wrong",
    Stage.OTHER: "any other proposed code that is not gold",
}


def check_report_path(path: Path) -> None:
    """Makes sure that a report may be written to ``path``.

    Raises:
        ReportError: The folder is missing, or something that is no error report lies there.
    """
    report_files.check_report_path(path, _GENERATOR)


def write_report(path: Path, html: str) -> None:
    """Writes a report that only its owner may read; takes the place of an older report.

    Raises:
        ReportError: As ``check_report_path``.
    """
    report_files.write_report(path, html, _GENERATOR)


def render_report(found: ErrorFinder, *, corpus: str, measures: Mapping[str, Any]) -> str:
    """Returns the report as HTML.

    Args:
        found: The errors.
        corpus: Specification of the corpus.
        measures: ``diagnosis`` of ``evaluate.score`` for the same charts.
    """
    chapters = _chapter_names(found.index)
    return report_files.render(
        "errors.html",
        _GENERATOR,
        styles=("errors.css",),
        script="errors.js",
        corpus=corpus,
        measures=measures,
        created=datetime.now(UTC),
        found=found,
        rows=sorted(found.errors, key=_place),
        chapters=chapters,
        summary=summary(found.errors, chapters),
        lost=LOST,
        false_alarms=FALSE_ALARMS,
        explained=_EXPLAINED,
        kinds=list(Kind),
        stages=_STAGES,
        sections=sorted({error.section for error in found.errors}),
        settings=sorted({error.setting for error in found.errors}),
    )


def summary(errors: Sequence[CodingError], chapters: Mapping[int, str]) -> list[dict[str, Any]]:
    """Counts errors by chapter.

    Returns:
        One row for each chapter with an error, by number, and one for all: ``number``, ``chapter``, ``counts`` by
        stage, ``misses`` and ``false_alarms``; ``share`` of all misses in per cent (``None`` without any).
    """
    misses = sum(error.kind is Kind.MISS for error in errors)
    rows = []
    found = {error.chapter for error in errors}
    for number in [*(number for number in chapters if number in found), None]:
        mine = [error for error in errors if number is None or error.chapter == number]
        counts = Counter(error.stage for error in mine)
        missed = sum(counts[stage] for stage in LOST)
        rows.append(
            {
                "number": number,
                "chapter": "All chapters" if number is None else chapters[number],
                "counts": counts,
                "misses": missed,
                "share": 100 * missed / misses if misses else None,
                "false_alarms": len(mine) - missed,
            }
        )
    return rows


def _place(error: CodingError) -> tuple[int, int, str, str]:
    return _STAGES.index(error.stage), error.chapter, error.code, error.chart


def _chapter_names(index: CodeIndex) -> dict[int, str]:
    numbers = range(1, int(index.chapter.max(initial=0)) + 1)
    return {number: f"{number} {index.chapter_title(number)}" for number in numbers} | {0: "not in the code set"}
