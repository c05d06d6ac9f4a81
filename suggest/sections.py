"""Divides a note into sections by its headings; the family of a section says what it means for coding.

``heading_layout.py`` finds what looks like a heading. Here the order decides: "Lungs:" stays within an
examination, "Labs: ..." within a plan holds one line, and the next numbered problem returns to the plan.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import IDX
from spacy.tokens import Doc, Span

from suggest.heading_layout import UNDERLINED, Mark, find_marks, line_end
from suggest.headings import NO_HEADING, UNKNOWN_HEADING, Heading, families
from suggest.records import Section

_LINE_WEIGHTS = frozenset({"history", "objective", "subjective"})
_ALLERGIES = "allergies"
# "ALL: NKDA. Smokes": what follows in the line is of the section around it again
_NONE_KNOWN = re.compile(
    r"[ \t]*(?:nkd?a|none|nil|no known(?: (?:drug|food|medication|latex|environmental))*(?: allerg\w*)?)\b"
    r"[^.;\n]*[.;](?=[ \t]+\S)",
    re.IGNORECASE,
)
_FIRST_ITEM = re.compile(r"\(?(\d{1,2})[.)]")
_CONTENT = re.compile(r"\S")


def find_sections(text: str) -> list[Section]:
    """Returns the sections of ``text`` in order; together they cover it without gaps or overlaps.

    White space before the first heading belongs to it; other text there is a section of family ``none``, as
    is a text without headings. A part that goes on after an inserted line (see the module) is a section of
    its own with ``body == start``. Empty text has no sections.
    """
    builder = _Builder(text)
    for mark in find_marks(text):
        builder.take(mark)
    return builder.finish()


def mark_sections(doc: Doc, sections: Sequence[Section]) -> None:
    """Sets ``doc.spans["sections"]`` to one span per section, labelled with its family.

    The spans stand in the order of ``sections``. A token belongs to the section in which it begins, so that
    the spans cover all tokens and do not overlap.
    """
    index = families_of_tokens(doc, sections)
    bounds = np.searchsorted(index, np.arange(len(sections) + 1))
    doc.spans["sections"] = [
        Span(doc, int(bounds[i]), int(bounds[i + 1]), label=section.family) for i, section in enumerate(sections)
    ]


def families_of_tokens(doc: Doc, sections: Sequence[Section]) -> NDArray[np.int64]:
    """Returns the index into ``sections`` of every token, shape ``(len(doc),)``, values rising from 0.

    Args:
        doc: The tokens of the text.
        sections: What ``find_sections`` returns for the same text.
    """
    starts = np.fromiter((section.start for section in sections), dtype=np.int64, count=len(sections))
    offsets = doc.to_array([IDX]).astype(np.int64).reshape(-1)
    return np.searchsorted(starts, offsets, side="right") - 1


@dataclass(slots=True)
class _Open:
    """The section that is being read, with the number of its last list item (0 without)."""

    family: str
    start: int
    body: int
    marker: str = ""
    inline: bool = False
    item: int = 0
    problems: bool = False


class _Builder:
    """Takes marks by offset and closes a section where the next begins."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._done: list[Section] = []
        self._open = _Open(NO_HEADING, 0, 0)
        self._taken = 0
        # The plan or assessment whose list may go on after a heading within one of its items.
        self._list: _Open | None = None
        # Where a section of one line ends, and what it interrupts.
        self._pending: tuple[int, _Open] | None = None
        self._line_end = 0

    def take(self, mark: Mark) -> None:
        """Opens a section at ``mark`` if its heading starts one where it stands."""
        if mark.start < self._taken:
            return
        self._resume(mark.start)
        if mark.heading is None:
            self._take_item(mark)
        elif self._starts_section(mark, mark.heading):
            self._take_heading(mark, mark.heading)

    def finish(self) -> list[Section]:
        """Closes the last section and returns all."""
        self._resume(len(self._text))
        self._close(len(self._text))
        return self._done

    def _starts_section(self, mark: Mark, heading: Heading) -> bool:
        keeps = families()[self._open.family].subheadings
        if mark.doubtful and (keeps == "all" or families()[self._open.family].weight == "history"):
            return False
        if keeps == "none":
            return True
        if heading.use == "region":
            return keeps not in {"regions", "all"}
        if heading.use == "system":
            return False
        if keeps != "all":
            return True
        inserted = mark.marker in {"number", "bullet"} and mark.marker != self._open.marker
        if heading.family == UNKNOWN_HEADING:
            # A title of the same level as that of the section; a bold line is a problem of the plan.
            return mark.marker == self._open.marker and mark.marker.startswith(("##", UNDERLINED))
        return not (inserted or heading.use == "result")

    def _take_heading(self, mark: Mark, heading: Heading) -> None:
        before = self._open
        if before.item or before.problems:
            self._list = before if families()[before.family].subheadings == "all" else None
        elif not before.inline:
            self._list = None
        start = 0 if not self._done and self._is_blank(mark.start) else mark.start
        self._close(start)
        content = _CONTENT.search(self._text, mark.end)
        body = content.start() if content else len(self._text)
        number = _FIRST_ITEM.match(self._text, mark.end) if mark.inline else None
        item = int(number[1]) if number else 0
        one_line = mark.inline and not item and self._holds_one_line(mark, heading)
        self._taken = mark.end
        self._open = _Open(heading.family, start, body, mark.marker, mark.inline, item)
        none_known = _NONE_KNOWN.match(self._text, mark.end) if mark.inline and heading.family == _ALLERGIES else None
        if one_line or none_known:
            interrupted = self._pending[1] if self._pending else before
            self._pending = (none_known.end() if none_known else self._end_of_line(mark.end), interrupted)
        else:
            self._pending = None

    def _holds_one_line(self, mark: Mark, heading: Heading) -> bool:
        """Whether the heading stands for its own line only.

        So do names of tests, bare abbreviations, and one-word sub-headings of a plan or assessment.
        """
        if heading.use == "result" or mark.bare:
            return True
        around = families()[self._open.family]
        label = self._text[mark.start : mark.end].strip(" \t:,-")
        within = around.weight == "assessment" and around.subheadings == "all"
        inserted = families()[heading.family].weight in _LINE_WEIGHTS
        return within and inserted and label.isalpha() and not mark.capitals

    def _end_of_line(self, at: int) -> int:
        """Offset after the line that holds ``at``; looked for once a line, however many headings it has."""
        if at > self._line_end:
            self._line_end = line_end(self._text, at)
        return self._line_end

    def _take_item(self, mark: Mark) -> None:
        """Counts a list item; one that goes on with the list of an earlier section returns to it."""
        here, outer = self._open, self._list
        if mark.item == 0:
            if outer is not None and outer.problems and here.inline and not here.problems:
                self._reopen(mark.start, outer)
            self._open.problems = True
            return
        if outer is not None and here.inline and not here.item and outer.item and mark.item == outer.item + 1:
            self._reopen(mark.start, outer)
        if mark.item == self._open.item + 1 or mark.item == 1 or self._open.item == 0:
            self._open.item = mark.item

    def _resume(self, at: int) -> None:
        """Goes on with the section that a line interrupted, if it goes on before ``at``."""
        if self._pending is None:
            return
        end, interrupted = self._pending
        if end > at:
            return
        self._pending = None
        content = _CONTENT.search(self._text, end, at)
        self._reopen(content.start() if content else at, interrupted)

    def _reopen(self, at: int, section: _Open) -> None:
        self._close(at)
        self._open = _Open(section.family, at, at, section.marker, section.inline, section.item, section.problems)
        self._list = None

    def _close(self, end: int) -> None:
        here = self._open
        if end > here.start:
            self._done.append(Section(here.family, here.start, min(here.body, end), end))

    def _is_blank(self, end: int) -> bool:
        return _CONTENT.search(self._text, 0, end) is None
