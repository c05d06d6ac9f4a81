"""Finds the places of a text that are laid out as headings, with what each stands for.

Five layouts are looked for: a label before a colon, a label alone on its line, a label before a dash or tab,
a bare abbreviation at the start of a sentence, and capitals before a comma that was a line break. Every pass
looks at each character a bounded number of times, so that the time grows with the length of the text
whatever the text is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from suggest.headings import (
    UNKNOWN,
    Heading,
    is_title,
    look_up,
    look_up_parts,
    look_up_word,
    normalise_heading,
    spellings,
    verbs,
)

MAX_LABEL = 90
"""Most characters of a heading with its number, markup and parenthesis."""

UNDERLINED = "underlined"

_BREAKS = "\r\n\v\f\x85\u2028\u2029"
_LINE = re.compile(rf"[^{_BREAKS}]+")
_COLON = re.compile(r"[:：](?!//)")
_MARKER = re.compile(
    r"[ \t\xa0>|]*(?:(?P<number>\(?(?:\d{1,2}|[IVXivx]{1,4}|[A-Ha-h])[.)][ \t]+)"
    r"|(?P<bullet>(?:[-•·●▪◦‣+>○]|\*(?!\*)|o(?=[ \t]))[ \t]*(?=[^\s*]))"
    r"|(?P<markup>[#*_=~<\[{]{1,8}[ \t]*))?"
)
_BOUNDARY = re.compile(r"[.;!?|][)\"'”]?[ \t]*,?[ \t]*|,(?=[A-Z])|,,+[ \t]*|[ \t]{2,}|\t| (?:-{1,2}|[–—•]) ")
_CAPITALS = re.compile(r"(?:^|(?<=[a-z0-9,.)%] ))[A-Z][A-Z&/ -]{2,}$")
_AFTER = re.compile(r"[:：*_\]]*[ \t,:]*(?:[-–—](?![-\w]))?[*_]*[ \t,]*")
_CLOSING = " \t*_=~#>]}-,"
_SENTENCE_END = re.compile(r"[.;!?][\s,]")
_LOST_BREAK = re.compile(r"(?:^|(?<=[.,:;]))[ \t]*([A-Z][A-Z /&()-]{4,60}),(?=\S)")
_SEPARATORS = " \t,*_-–—"
_DASH = re.compile(r"[A-Za-z][A-Za-z/&.,'() -]{0,60}?(?:[ \t]*[–—]+[ \t]+|[ ]?-{1,2}[ \t]+|\t+| {2,})(?=\S)")
_DASHES = re.compile(r"[-–—\t]|  ")
_ITEM_STARTS = frozenset("#(0123456789")
_RULE = re.compile(r"[ \t]*(?:-{3,}|={3,}|_{3,}|~{3,}|\*{3,})[ \t]*$")
_ITEM = re.compile(r"[ \t]*(?:(?P<hash>#)[ \t]*(?=[A-Za-z])|(?:#[ \t]*)?\(?(?P<number>\d{1,2})[.)](?=[ \t]*[A-Za-z]))")
_VALUE = re.compile(r"[ \t]*(?:\d{2,}(?![)\w])|\d(?![.)\w]))")
_NEXT_WORD = re.compile(r"[ \t]+([A-Za-z]+)?")
_SPACES = re.compile(r"\s*")


class Mark(NamedTuple):
    """A place laid out as a heading, or the first line of a list item.

    Attributes:
        start: Offset of the first character, with number or markup before the label.
        end: Offset after the label and its separator.
        heading: What it stands for; ``None`` for a list item.
        marker: What stands before the label: ``number``, ``bullet``, the markup itself (``##``),
            ``underlined`` for a rule below it, or empty.
        inline: Whether text follows on the same line.
        capitals: Whether the label is in capitals.
        item: Number of a list item; 0 for an unnumbered problem (``# CHF``), -1 for a heading.
        bare: Whether nothing marks the heading but its word.
        doubtful: Whether it may be an item of a list of diseases (``PE``, ``Allergies`` alone on a line).
    """

    start: int
    end: int
    heading: Heading | None
    marker: str = ""
    inline: bool = False
    capitals: bool = False
    item: int = -1
    bare: bool = False
    doubtful: bool = False


def find_marks(text: str) -> list[Mark]:
    """Returns headings and list items of ``text`` by offset, of several at one place the longest first."""
    marks = [*_colon_marks(text), *_line_marks(text), *_bare_marks(text), *_lost_break_marks(text)]
    marks.sort(key=lambda mark: (mark.start, -mark.end))
    return marks


def _colon_marks(text: str) -> Iterator[Mark]:
    """Labels before a colon, at the start of a line, of a sentence, or in capitals within a line."""
    after = headed = 0
    for colon in _COLON.finditer(text):
        at = colon.start()
        low = max(after, at - MAX_LABEL)
        after = at + 1
        if at == low or (text[at - 1].isdigit() and text[after : after + 1].isdigit()):
            continue
        window = text[low:at]
        cut = max(map(window.rfind, _BREAKS)) + 1
        low, window = low + cut, window[cut:]
        if cut or low == 0 or text[low - 1] in _BREAKS:
            mark = _line_colon(text, low, at)
        else:
            # The colon of a heading is a boundary ("EXAM: General: ..."), that of a label is not.
            begin = len(window) - len(window.lstrip(_SEPARATORS))
            mark = _inner_colon(text, low, at, [begin] if low == headed else [])
        if mark is not None:
            headed = after
            yield mark


def _line_colon(text: str, low: int, at: int) -> Mark | None:
    """A mark for a colon whose line begins in view, at ``low``."""
    marker = _MARKER.match(text, low, at)
    kind = _kind(marker)
    begin = marker.end() if marker else low
    found = _inner_colon(text, begin, at, [0])
    if found is None and kind not in {"number", "bullet"}:
        found = _unknown_line(text, begin, at)
    if found is not None and found.start == begin:
        return found._replace(start=low + _indent(text[low:at]), marker=kind)
    return found


def _inner_colon(text: str, low: int, at: int, begins: list[int]) -> Mark | None:
    """A mark for a label between ``low`` and the colon.

    It begins at ``begins`` (from ``low``) or with a sentence. A label of the table comes before one taken
    apart, and that before one decided by its first or last word; of equals the longer comes first. At last
    one in capitals is taken from within a sentence.
    """
    window = text[low:at]
    begins = begins + [boundary.end() for boundary in _BOUNDARY.finditer(window)]
    labels = [(low + begin, window[begin:].strip(_CLOSING)) for begin in begins]
    labels = [(start, label) for start, label in labels if label[:1].isalpha()]
    for look in (_exactly, look_up_parts, look_up_word):
        for start, label in labels:
            if look is not _exactly and _SENTENCE_END.search(label):
                continue
            if mark := _labelled(text, start, at, label, look(label)):
                return mark
    if capitals := _CAPITALS.search(window.rstrip(" ,")):
        return _labelled(text, low + capitals.start(), at, capitals.group(), _exactly(capitals.group()))
    return None


def _kind(marker: re.Match[str] | None) -> str:
    """The ``marker`` of a mark."""
    if marker is None or marker.lastgroup is None:
        return ""
    return marker["markup"].strip() if marker["markup"] else marker.lastgroup


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _exactly(label: str) -> Heading | None:
    return spellings().get(normalise_heading(label))


def _labelled(text: str, start: int, at: int, label: str, heading: Heading | None) -> Mark | None:
    """A mark for a label from ``start`` to the colon at ``at`` that stands for ``heading``."""
    if heading is None or heading.use == "label" or (len(label) == 1 and not _is_soap(text, start, at, label)):
        return None
    return _mark(text, start, at, label, heading)


def _is_soap(text: str, start: int, at: int, label: str) -> bool:
    """Whether a single letter heads a part of a SOAP note, and is no pulse, option or blood group."""
    before = text[start - 1 : start]
    return label.isupper() and before not in {",", "|"} and not _VALUE.match(text, at + 1)


def _mark(text: str, start: int, at: int, label: str, heading: Heading) -> Mark:
    after = _AFTER.match(text, at)
    end = after.end() if after else at + 1
    inline = end < len(text) and text[end] not in _BREAKS
    return Mark(start, end, heading, inline=inline, capitals=label.isupper())


def _unknown_line(text: str, start: int, at: int) -> Mark | None:
    """A mark for an unknown label that stands with its colon alone on the line."""
    label = text[start:at].strip(_CLOSING)
    if not 3 < len(label) <= 60 or not is_title(label) or look_up(label) is not None:
        return None
    mark = _mark(text, start, at, label, UNKNOWN)
    return None if mark.inline or len(label.split()) > 6 else mark


def _line_marks(text: str) -> Iterator[Mark]:
    """Labels alone on their line, underlined or before a dash or tab, and list items."""
    blank_before = True
    previous: re.Match[str] | None = None
    for line in _LINE.finditer(text):
        start, end = line.span()
        if previous is not None:
            blank_before = _empty_line_between(text, previous.end(), start)
        content = text[start : min(end, start + 2 * MAX_LABEL)].strip()
        if not content:
            # A line of spaces is an empty line; the next one finds it between itself and ``previous``.
            continue
        if _RULE.match(text, start, end):
            if previous is not None and not blank_before and (mark := _underlined(previous, end)):
                yield mark
            continue
        yield from _marks_of_line(line, content, blank_before)
        previous = line


def _empty_line_between(text: str, start: int, end: int) -> bool:
    gap = text[start:end] if end - start <= 4 else text[start : start + 200]
    return gap.count("\n") > 1 or gap.count("\r") > 1 or "\f" in gap or end - start > 200


def _marks_of_line(line: re.Match[str], content: str, blank_before: bool) -> Iterator[Mark]:
    text, short = line.string, len(content) <= MAX_LABEL and ":" not in content
    start, end = line.start(), min(line.end(), line.start() + MAX_LABEL)
    if content[:1] in _ITEM_STARTS and (item := _ITEM.match(text, start, end)):
        number = int(item["number"]) if item["number"] else 0
        yield Mark(start + _indent(line.group()[:MAX_LABEL]), item.end(), None, item=number)
    mark = _whole_line(line, blank_before) if short else None
    if mark is None and _DASHES.search(text, start, end):
        mark = _dashed(line)
    if mark is not None:
        yield mark


def _dashed(line: re.Match[str]) -> Mark | None:
    """A mark for a line that begins with a heading before a dash or tab."""
    text, end = line.string, min(line.end(), line.start() + 2 * MAX_LABEL)
    marker = _MARKER.match(text, line.start(), end)
    begin = marker.end() if marker else line.start()
    dash = _DASH.match(text, begin, end)
    if dash is None or _kind(marker) == "bullet":
        return None
    label = dash.group().rstrip(" \t-–—")
    heading = _exactly(label) if label[0].isupper() and len(label) > 1 else None
    if heading is None or heading.use == "label":
        return None
    return Mark(begin, dash.end(), heading, _kind(marker), inline=True, capitals=label.isupper())


def _whole_line(line: re.Match[str], blank_before: bool) -> Mark | None:
    """A mark for a line that is nothing but a heading."""
    raw = line.group()
    marker = _MARKER.match(raw)
    begin = marker.end() if marker else 0
    label = raw[begin:].strip(_CLOSING)
    if marker is None or not label[:1].isupper() or len(label) == 1 or marker["bullet"]:
        return None
    if marker["markup"]:
        return _marked_up(line, marker["markup"], label)
    capitals = label.isupper()
    heading = look_up_parts(label) if capitals or blank_before else _exactly(label)
    if heading is None or heading.use == "label":
        return None
    if heading.use in {"region", "system", "result"} and (not capitals or len(label) == 2 or marker["number"]):
        return None
    doubtful = len(label) == 2 or (not capitals and (heading.use == "colon" or heading.family == "allergies"))
    if doubtful and marker["number"]:
        return None
    start, kind = line.start() + _indent(raw), "number" if marker["number"] else ""
    return Mark(start, line.end(), heading, kind, capitals=capitals, doubtful=doubtful and not blank_before)


def _marked_up(line: re.Match[str], markup: str, label: str) -> Mark | None:
    """A mark for a line with markup such as ``## Plan`` or ``**Plan**``; unknown labels count as well."""
    heading = look_up(label)
    closed = line.group().rstrip()[-1] in "*_=]}>" or markup.startswith("##")
    if heading is None and closed and is_title(label) and len(label.split()) <= 6:
        heading = UNKNOWN
    if heading is None or heading.use == "label":
        return None
    start = line.start() + _indent(line.group())
    return Mark(start, line.end(), heading, markup.strip(), capitals=label.isupper())


def _underlined(line: re.Match[str], end: int) -> Mark | None:
    """A mark for ``line`` with the rule below it, which ends at ``end``."""
    raw = line.group()
    label = raw.strip(_CLOSING + ":")
    if not label or len(label) > MAX_LABEL or not label[0].isupper():
        return None
    heading = look_up(label)
    if heading is None and is_title(label) and len(label.split()) <= 6:
        heading = UNKNOWN
    if heading is None or heading.use == "label":
        return None
    return Mark(line.start() + _indent(raw), end, heading, UNDERLINED, capitals=label.isupper())


@lru_cache(maxsize=1)
def _bare_pattern() -> re.Pattern[str]:
    words = sorted((key for key, heading in spellings().items() if heading.use == "bare"), key=len, reverse=True)
    labels = "|".join(re.escape(word) for word in words)
    return re.compile(
        rf"(?:^|(?<=[\r\n])|(?<=[.;,] )|(?<=\.  )|(?<=\.,))[ \t]*\b({labels})\b(?=[ \t]+\S)", re.IGNORECASE
    )


def _bare_marks(text: str) -> Iterator[Mark]:
    """Abbreviations that head a sentence without any mark (``PMH HTN on HCTZ. Meds lisinopril.``)."""
    table = spellings()
    for match in _bare_pattern().finditer(text):
        label = match.group(1)
        heading = table[label.lower()]
        following = _NEXT_WORD.match(text, match.end())
        word = (following.group(1) or "").lower() if following else ""
        end = following.start(1) if following and word else match.end() + 1
        if text[end] in ":-–—":
            continue
        # Without vowels it is an abbreviation in whatever case; else it must look like a heading.
        if not label[0].isupper() and any(vowel in label for vowel in "aeiou"):
            continue
        if word in verbs() or (heading.before and word not in heading.before):
            continue
        # A comma ends no sentence; capitals make up for it.
        if text[max(0, match.start(1) - 2) : match.start(1)] == ", " and not label.isupper():
            continue
        yield Mark(match.start(1), end, heading, inline=True, capitals=label.isupper(), bare=True)


def _lost_break_marks(text: str) -> Iterator[Mark]:
    """Labels in capitals before a comma without a space, as exports write that lost their line breaks."""
    for match in _LOST_BREAK.finditer(text):
        heading = look_up_parts(match.group(1).strip())
        if heading is not None and heading.use in {"", "bare", "colon"}:
            yield Mark(match.start(1), match.end(), heading, inline=True, capitals=True)


def line_end(text: str, start: int) -> int:
    """Returns the offset after the line that holds ``start``, with lines that go on from it.

    A long line whose next line begins in lower case is wrapped.
    """
    while True:
        line = _LINE.match(text, start)
        end = line.end() if line else start
        following = _SPACES.match(text, end, min(len(text), end + MAX_LABEL))
        after = following.end() if following else end
        wrapped = end - start >= 60 and text[after : after + 1].islower() and text.count("\n", end, after) == 1
        if not wrapped:
            return end
        start = after
