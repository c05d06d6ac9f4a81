"""Coded charts to whose diagnostic statement further diagnoses are added, for training.

Charts that are written to be learnt from say of each disease what is done about it. In real notes much of the final
list is a bare name: ``6. Insomnia.`` Alone on a short note such a line is learnt from ``training.statements``; these
copies of charts teach the ranker that it holds at the end of a long list, in a long note, too.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from suggest.code_sets.index import CodeIndex
from suggest.policy import policy_for
from suggest.records import Code, GoldCode, Note, Section, System, TrainingExample
from suggest.sections import find_sections
from suggest.terminology import Terminology
from training.excerpts import stated_in
from training.stated_terms import TermChoice, stand_alone

_MOST = 4
"""Most diagnoses that a copy of a chart gains."""
_IN_HISTORY = 0.4  # share of them that the history names as well
_TRIES = 12
_MARK = re.compile(r"^[ \t]*(?:(\d{1,2})([.)])|([-#*•]))[ \t]*(?=\D)", re.MULTILINE)
_ENDS = ("", "", ".", ".", ", stable.", ". Continue current treatment.", ": no change.", ". Will follow.")
_STYLES = (str.capitalize, str.capitalize, str.upper, str)
_WORD = re.compile(r"[a-z]{5,}")
# words of terms that a chart may well use of something else
_COMMON = frozenset(
    {"acute", "chronic", "disease", "disorder", "right", "severe", "syndrome", "unspecified", "without"}
)


def stated_in_charts(
    charts: Sequence[TrainingExample], index: CodeIndex, terminology: Terminology, copies: int, seed: int
) -> Iterator[TrainingExample]:
    """Yields copies of charts under claim policies, each with up to four diagnoses more in its diagnostic statement.

    What is added has nothing to do with what the chart tells or is coded with. Copies belong to the family of their
    chart; a chart without a diagnostic statement has none.

    Args:
        charts: Coded charts.
        index: The code set.
        terminology: Its terminology, for the code of a category that words leave open.
        copies: How many of each chart.
        seed: Seed of the choice.
    """
    rng = random.Random(seed)  # noqa: S311 - no secret
    choice = TermChoice(index, terminology, charts, rng)
    for chart in charts:
        if not policy_for(chart.encounter).status_transforms:
            continue
        for number in range(copies):
            added = _with_more(chart, number, choice, index, rng)
            if added is not None:
                yield added


def _with_more(
    chart: TrainingExample, number: int, choice: TermChoice, index: CodeIndex, rng: random.Random
) -> TrainingExample | None:
    at, note, statement = _statement(chart)
    if statement is None:
        return None
    chosen = _chosen(chart, choice, index, rng)
    if not chosen:
        return None
    text = _into_statement(note.text, statement, [term for term, _code in chosen], rng)
    text = _into_history(text, [term for term, _code in chosen if rng.random() < _IN_HISTORY])
    notes = (*chart.encounter.notes[:at], replace(note, text=text), *chart.encounter.notes[at + 1 :])
    encounter = replace(chart.encounter, id=f"{chart.encounter.id} with more {number}", notes=notes)
    gold = tuple(replace(gold, evidence=()) for gold in chart.gold)
    return replace(
        chart,
        encounter=encounter,
        gold=gold + tuple(GoldCode(Code(System.ICD10CM, code)) for _term, code in chosen),
        family=chart.kin,
        made_up=True,
    )


def _statement(chart: TrainingExample) -> tuple[int, Note, Section | None]:
    """Returns the last section of a chart that states diagnoses, with its note and that note's place."""
    for at in range(len(chart.encounter.notes) - 1, -1, -1):
        note = chart.encounter.notes[at]
        stated = stated_in(note.text)
        if stated:
            return at, note, stated[-1]
    return 0, chart.encounter.notes[0], None


def _chosen(chart: TrainingExample, choice: TermChoice, index: CodeIndex, rng: random.Random) -> list[tuple[str, str]]:
    """Returns terms with their codes that stand beside the chart's codes and that nothing in the chart speaks of."""
    codes = [gold.code.code for gold in chart.gold if gold.code.system is System.ICD10CM]
    said = set(_WORD.findall(" ".join(note.text for note in chart.encounter.notes).lower()))
    chosen: list[tuple[str, str]] = []
    wanted = rng.randint(1, _MOST)
    for _try in range(_TRIES):
        for term, code in choice.terms(1):
            words = set(_WORD.findall(term.lower())) - _COMMON
            new = not any(code[:3] == other[:3] for other in codes) and code[0] != "R"
            if new and words and words.isdisjoint(said) and stand_alone([*codes, code], index):
                chosen.append((term, code))
                codes.append(code)
                said |= words
        if len(chosen) >= wanted:
            break
    return chosen


def _into_statement(text: str, statement: Section, terms: Sequence[str], rng: random.Random) -> str:
    """Adds lines behind those of the statement, numbered or marked as the last item of its list."""
    body = text[statement.body : statement.end]
    kept = body.rstrip()
    last = next(reversed(list(_MARK.finditer(body))), None)
    style = rng.choice(_STYLES)
    lines = [f"{_mark(last, i)}{style(term)}{rng.choice(_ENDS)}" for i, term in enumerate(terms, 1)]
    return text[: statement.body] + "\n".join([kept, *lines]) + body[len(kept) :] + text[statement.end :]


def _mark(last: re.Match[str] | None, further: int) -> str:
    """Returns what stands before an item so many behind the last one of a list."""
    if last is None:
        return ""
    return f"{int(last[1]) + further}{last[2]} " if last[1] else f"{last[3]} "


def _into_history(text: str, terms: Sequence[str]) -> str:
    """Names the terms at the end of the past medical history too, where there is one."""
    history = next((s for s in find_sections(text) if s.family == "pmh"), None)
    if history is None or not terms:
        return text
    kept = text[: history.end].rstrip()
    joined = ", ".join(terms)
    return f"{kept}{'' if kept.endswith('.') else '.'} {joined[:1].upper()}{joined[1:]}.{text[len(kept) :]}"
