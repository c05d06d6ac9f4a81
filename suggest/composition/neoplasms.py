"""Skin tumours by site (C43, C44, C4A, D03, D04, D22) and lists of metastatic sites (C77-C79).

The neoplasm table classifies by site and behaviour (guideline I.C.2). Clinicians name sites of the skin in their own
words (``nasal ala``, ``calf``), and metastases as lists (``mets to liver, lung and bone``), where only the first or
last site stands beside the word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from suggest.composition.cues import Composed, Cue, NoteCues, nearest, span
from suggest.resources import read_table

_SITE = 6  # words between a tumour and its site
_SEPARATOR = re.compile(
    r"(?:[\s,/&+()]|\b(?:and|or|the|her|his|both|to|in|right|left|bilateral|bilat|bl|r|l|multiple|rt|lt)\b)*",
    re.IGNORECASE,
)
_MUCOSAL = frozenset({"scc", "in_situ", "melanoma"})  # tumours of the skin and of other organs


@lru_cache(maxsize=1)
def _skin_codes() -> dict[tuple[str, str], str]:
    return {(row["tumor"], row["site"]): row["code"] for row in read_table("composition/skin_tumors.tsv")}


def neoplasms(note: NoteCues) -> Iterator[Composed]:
    """Yields the neoplasms that a note's words compose."""
    for cues in note.sentences.values():
        kinds = {cue.kind for cue in cues}
        if {"skin_tumor", "skin_site"} <= kinds:
            yield from _skin(cues)
        if "metastatic_site" in kinds and kinds & {"spread", "mets"}:
            yield from _metastases(note, cues)


def _skin(cues: Sequence[Cue]) -> Iterator[Composed]:
    elsewhere = any(cue.kind == "organ" for cue in cues)
    for tumor in cues:
        if tumor.kind != "skin_tumor" or (elsewhere and tumor.value in _MUCOSAL):
            continue
        site = nearest(tumor, [cue for cue in cues if cue.kind == "skin_site"], _SITE)
        code = _skin_codes().get((tumor.value, site.value)) if site else None
        if site and code:
            yield Composed(code, *span(tumor, site), tumor.first)


def _metastases(note: NoteCues, cues: Sequence[Cue]) -> Iterator[Composed]:
    sites = [cue for cue in cues if cue.kind == "metastatic_site"]
    for cue in cues:
        if cue.kind == "spread":
            last = cue.last
            for site in sites:
                if site.place >= cue.reach and _listed(note, last, site.first):
                    yield Composed(site.value, *span(cue, site))
                    last = site.last
        elif cue.kind == "mets":
            first = cue.first
            for site in reversed(sites):
                if site.reach <= cue.place and _listed(note, site.last, first):
                    yield Composed(site.value, *span(site, cue))
                    first = site.first


def _listed(note: NoteCues, last: int, first: int) -> bool:
    """Whether nothing but commas, "and" and sides part two members of a list."""
    return _SEPARATOR.fullmatch(note.between(last, first)) is not None
