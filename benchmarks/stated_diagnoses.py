"""Measures how many diagnoses that stand word for word in the assessments of uncoded notes are proposed.

    python benchmarks/stated_diagnoses.py NOTES.jsonl[.gz] [--bundle FOLDER] [--most N]

Nobody has coded these notes, but an item of an assessment that is a term of the tabular list or the lexicon, and
nothing more, tells its code. Each such item counts as right if its code is proposed, and as right in category if any
code of its category is. Some ought not to be proposed (a part of a combination code, a symptom of a disease beside it):
the share is no recall, and compares models and changes. Proposals for each note stand beside it, since one is easily
bought with the other. Lines of NOTES are objects with ``text``; notes without such an item do not count.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from api.settings import load_settings
from models.loading import load_suggester
from suggest.lines import line_starts
from suggest.pipeline import Suggester
from suggest.records import Claim, Encounter, Note, Setting
from suggest.sections import find_sections
from suggest.specificity import Resolver
from training.excerpts import stated_in
from training.stated_terms import stated_terms

BUNDLE = Path(__file__).parents[1] / "models" / "default"
RESAMPLES = 2000
_SAME = 300  # notes that begin with as many equal characters are copies of each other
_NUMBER = re.compile(r"^\W*\d{1,2}[.)]")


@dataclass(frozen=True, slots=True)
class Counted:
    """One note: its items, those right, those right in category, and the number of proposed diagnoses."""

    items: int
    right: int
    in_category: int
    proposed: int


def plain(text: str) -> str:
    """Returns lower-case words with single spaces, without punctuation."""
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()


def terms_of(suggester: Suggester) -> dict[str, str]:
    """Returns terms, as ``plain`` writes them, with their code; ambiguous ones are left out."""
    codes: dict[str, set[str]] = {}
    for term, code, _open in stated_terms(suggester.index, Resolver(suggester.index, suggester.terminology)):
        codes.setdefault(plain(term), set()).add(code)
    return {term: next(iter(found)) for term, found in codes.items() if len(found) == 1}


def items_of(text: str) -> Iterator[str]:
    """Yields the lines and sentences of a note's diagnostic statements, without their numbers."""
    starts = line_starts(text, find_sections(text)).tolist()
    for section in stated_in(text):
        if section.family == "plan":
            continue
        inside = [section.body, *(at for at in starts if section.body < at < section.end), section.end]
        for begin, end in pairwise(inside):
            line = _NUMBER.sub("", text[begin:end])
            yield from (plain(part) for part in re.split(r"\.(?:[\s,]|$)", line))


def count(suggester: Suggester, terms: dict[str, str], text: str) -> Counted | None:
    """Reads one note as an outpatient visit; ``None`` where its statements hold no bare term."""
    wanted = {terms[item] for item in items_of(text) if item in terms}
    if not wanted:
        return None
    encounter = Encounter("n", (Note("n", text),), setting=Setting.OUTPATIENT, claim=Claim.PROFESSIONAL)
    lines = suggester.diagnoses(encounter, *suggester.features(encounter)).lines
    proposed = {line.ranked.code.code for line in lines}
    categories = {code[:3] for code in proposed}
    return Counted(len(wanted), len(wanted & proposed), sum(code[:3] in categories for code in wanted), len(proposed))


def interval(counted: Sequence[Counted]) -> tuple[float, float]:
    """Returns the 95 % bootstrap interval, over notes, of the share of items that are right."""
    rng = np.random.default_rng(0)
    right, items = (np.array([getattr(note, name) for note in counted]) for name in ("right", "items"))
    drawn = rng.integers(0, len(counted), (RESAMPLES, len(counted)))
    low, high = np.quantile(right[drawn].sum(1) / items[drawn].sum(1), [0.025, 0.975])
    return float(low), float(high)


def texts_of(path: Path) -> list[str]:
    """Returns the texts of a file, copies left out, in an order that is the same each time."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] or "" for line in lines]
    distinct = list({text[:_SAME]: text for text in texts if text.strip()}.values())
    random.Random(0).shuffle(distinct)
    return distinct


def main() -> None:
    """Counts and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notes", type=Path)
    parser.add_argument("--bundle", type=Path, default=BUNDLE)
    parser.add_argument("--most", type=int, default=600, help="notes with such items to read (default 600)")
    options = parser.parse_args()
    settings = load_settings()
    suggester = load_suggester(settings.home, bundle=options.bundle)
    terms = terms_of(suggester)
    counted: list[Counted] = []
    for text in texts_of(options.notes):
        if (found := count(suggester, terms, text)) is not None:
            counted.append(found)
        if len(counted) == options.most:
            break
    items = sum(note.items for note in counted)
    low, high = interval(counted)
    print(f"{len(counted)} notes, {items} diagnoses that stand word for word in an assessment")
    print(f"proposed             {sum(n.right for n in counted) / items:.3f}  (95 % interval {low:.3f} to {high:.3f})")
    print(f"in category          {sum(n.in_category for n in counted) / items:.3f}")
    print(f"proposals for a note {sum(n.proposed for n in counted) / len(counted):.2f}")


if __name__ == "__main__":
    main()
