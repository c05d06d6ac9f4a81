"""Reads the ICD-10-CM Alphabetic Index and its tables in the XML that CDC/NCHS publishes.

Four files have this form: the Index to Diseases and Injuries, the External Cause Index, the Table of Neoplasms
and the Table of Drugs and Chemicals. Each is a tree of letters, main terms and subterms. Parentheses hold
nonessential modifiers, words that may be there or not without changing the code (Official Guidelines, section
I.A.7). The entries of a table have a cell for each of its columns instead of a code.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

from suggest.code_sets.releases import read_bytes
from suggest.errors import CodeSetError

MAX_BYTES = 64 * 2**20
"""Most bytes of a file; the published ones have less than 12 MB."""
MAX_ENTRIES = 400_000
_MAX_DEPTH = 24
_MAX_TEXT = 4000
_ROOT = "ICD10CM.index"
_ENTRIES = frozenset({"mainTerm", "term"})
_FRAME = frozenset({_ROOT, "letter", "indexHeading"})
_EXPECTED = "expected an XML file of the ICD-10-CM Alphabetic Index, such as icd10cm-index-2026.xml"

_NEOPLASM_COLUMNS = ("primary", "secondary", "situ", "benign", "uncertain", "unspecified")
_DRUG_COLUMNS = ("accident", "self", "assault", "undetermined", "adverse", "underdos")
_EXTERNAL_CHAPTER = tuple("VWXY")
_INNERMOST = re.compile(r"\(([^()]*)\)")
_PLURAL = re.compile(r"(?<=\w)\((?:e?s)\)")
_FOOTNOTE = re.compile(r"[*#+\u25ca\u25c7\u2020]+$")
_CODE_TAIL = re.compile(r"[.\s]*[-\u2010-\u2015]*$")
_YEAR = re.compile(r"(?<!\d)20\d\d(?!\d)")


class IndexKind(StrEnum):
    """The four parts of the Alphabetic Index."""

    DISEASES = "diseases"
    EXTERNAL_CAUSES = "external-causes"
    NEOPLASMS = "neoplasms"
    DRUGS = "drugs"

    @property
    def label(self) -> str:
        """What the part is called in print."""
        return _LABELS[self]


_LABELS = {
    IndexKind.DISEASES: "Index to Diseases and Injuries",
    IndexKind.EXTERNAL_CAUSES: "External Cause Index",
    IndexKind.NEOPLASMS: "Table of Neoplasms",
    IndexKind.DRUGS: "Table of Drugs and Chemicals",
}
_TABLES = ((IndexKind.NEOPLASMS, _NEOPLASM_COLUMNS), (IndexKind.DRUGS, _DRUG_COLUMNS))


@dataclass(frozen=True, slots=True, eq=False)
class IndexEntry:
    """A main term or subterm.

    Attributes:
        title: Its words without modifiers, ``Abdomen, abdominal``.
        modifiers: Its nonessential modifiers.
        codes: Its code, and the manifestation code in brackets that is coded after it, with dots; a dash for
            missing characters (``S02.-``) is cut off. Empty where it has none.
        cells: In a table its codes by column, ``None`` where a column has none; else empty.
        see: Where the index sends the reader instead: another entry, a category, or words such as ``condition``.
        see_also: Where the reader may look as well.
        line: Its line in the file.
        children: The subterms below.
    """

    title: str
    modifiers: tuple[str, ...]
    codes: tuple[str, ...]
    cells: tuple[str | None, ...]
    see: tuple[str, ...]
    see_also: tuple[str, ...]
    line: int
    children: tuple[IndexEntry, ...]

    @property
    def coded(self) -> bool:
        """Whether it has any code itself."""
        return bool(self.codes) or any(self.cells)


@dataclass(frozen=True, slots=True)
class AlphabeticIndex:
    """One file of the index.

    Attributes:
        kind: Which part it is.
        name: Name of the file.
        sha256: Hash of the file.
        year: Fiscal year that it states, or that its name states; ``None`` for neither.
        entries: The main terms in the order of the file.
        ignored: Elements that the format does not know, with how often they held text.
    """

    kind: IndexKind
    name: str
    sha256: str
    year: int | None
    entries: tuple[IndexEntry, ...]
    ignored: tuple[tuple[str, int], ...]


def read_index(path: Path, *, max_bytes: int = MAX_BYTES) -> AlphabeticIndex:
    """Reads a file of the index.

    Args:
        path: The XML file.
        max_bytes: Most bytes of the file.

    Raises:
        CodeSetError: The file cannot be read, is too large, empty or cut off, is no file of the index, or
            declares entities; names file and line.
    """
    data = read_bytes(path, max_bytes, _EXPECTED)
    if data.startswith(b"PK\x03\x04"):
        raise CodeSetError(f"{path.name} is a zip file; unpack it and import its files of the index one by one")
    parser = _Parser(path.name)
    parser.parse(data)
    if not parser.entries:
        raise CodeSetError(f"{path.name}: no main terms found; expected letters that hold mainTerm elements")
    kind = parser.table or _kind_of(parser.entries)
    if not parser.any_code:
        raise CodeSetError(f"{path.name}: no codes found; expected entries with a code or with cells")
    years = [int(year) for text in (parser.version, path.name) for year in _YEAR.findall(text)]
    return AlphabeticIndex(
        kind=kind,
        name=path.name,
        sha256=hashlib.sha256(data).hexdigest(),
        year=years[0] if years else None,
        entries=tuple(parser.entries),
        ignored=tuple(sorted(parser.ignored.items())),
    )


def _kind_of(entries: Sequence[IndexEntry]) -> IndexKind:
    """Tells the two indexes apart by what their codes are: their titles in the files do not differ reliably."""
    external = total = 0
    waiting = list(entries)
    while waiting:
        entry = waiting.pop()
        waiting += entry.children
        total += len(entry.codes)
        external += sum(code.startswith(_EXTERNAL_CHAPTER) for code in entry.codes)
    return IndexKind.EXTERNAL_CAUSES if 2 * external > total else IndexKind.DISEASES


@dataclass(slots=True)
class _Draft:
    """An entry whose end did not come yet."""

    line: int
    title: str = ""
    modifiers: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    manifestations: list[str] = field(default_factory=list)
    cells: dict[int, str] = field(default_factory=dict)
    see: list[str] = field(default_factory=list)
    see_also: list[str] = field(default_factory=list)
    children: list[IndexEntry] = field(default_factory=list)


@dataclass(slots=True)
class _Element:
    """An open element: its tag, column and text so far."""

    tag: str
    column: str
    parts: list[str] = field(default_factory=list)


class _Parser:
    """Builds the entries as the elements end; refuses entities, which could grow without bound."""

    def __init__(self, name: str) -> None:
        self.version = ""
        self.table: IndexKind | None = None
        self.entries: list[IndexEntry] = []
        self.ignored: Counter[str] = Counter()
        self.any_code = False
        self._name = name
        self._count = 0
        self._heads: dict[str, str] = {}
        self._columns: dict[str, int] = {}
        self._open: list[_Element] = []
        self._drafts: list[_Draft] = []
        self._expat = expat.ParserCreate()
        self._expat.buffer_text = True
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.CharacterDataHandler = self._data
        self._expat.EntityDeclHandler = self._refuse_entity
        self._expat.SkippedEntityHandler = self._refuse_entity

    def parse(self, data: bytes) -> None:
        try:
            self._expat.Parse(data, True)
        except expat.ExpatError as error:
            raise CodeSetError(
                f"{self._name}:{error.lineno}: not well-formed XML, or cut off ({error}); {_EXPECTED}"
            ) from error

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self._open and tag != _ROOT:
            advice = "; import it: chartcoder codes import icd10cm FILE" if tag == "ICD10CM.tabular" else ""
            self._fail(f"expected the root element {_ROOT}, found {tag}{advice}")
        if len(self._open) >= _MAX_DEPTH:
            self._fail(f"more than {_MAX_DEPTH} levels")
        if tag in _ENTRIES:
            self._open_entry(tag)
        self._open.append(_Element(tag, attributes.get("col", "")))

    def _open_entry(self, tag: str) -> None:
        if (tag == "term") != bool(self._drafts):
            self._fail("a term stands outside a mainTerm" if tag == "term" else "a mainTerm stands inside another")
        self._count += 1
        if self._count > MAX_ENTRIES:
            self._fail(f"more than {MAX_ENTRIES} entries")
        self._drafts.append(_Draft(self._expat.CurrentLineNumber))

    def _data(self, text: str) -> None:
        self._open[-1].parts.append(text)

    def _end(self, tag: str) -> None:
        element = self._open.pop()
        text = " ".join("".join(element.parts).split())
        if len(text) > _MAX_TEXT:
            self._fail(f"{tag} holds {len(text)} characters; expected at most {_MAX_TEXT}")
        if tag == "nemod":
            self._open[-1].parts.append(f" {text} " if "(" in text else f" ({text}) ")
        elif tag in _ENTRIES:
            self._close_entry()
        elif tag == "indexHeading":
            self._close_heading()
        elif tag == "head":
            self._heads[element.column] = text
        elif tag == "version":
            self.version = text
        elif tag == "title":
            if self._drafts:
                self._drafts[-1].title, self._drafts[-1].modifiers = _split_title(text)
        elif tag not in _FRAME and text:
            self._fill(element, text)

    def _fill(self, element: _Element, text: str) -> None:
        """Puts the text of an element below an entry where it belongs."""
        draft = self._drafts[-1] if self._drafts else None
        if draft is None:
            self.ignored[element.tag] += 1
        elif element.tag == "cell":
            self._fill_cell(draft, element.column, text)
        elif element.tag in ("code", "manif") and not self.table:
            if code := _CODE_TAIL.sub("", text):
                (draft.codes if element.tag == "code" else draft.manifestations).append(code)
        elif element.tag in ("seecat", "subcat"):
            draft.see.append(f"category {text}")
        elif element.tag in ("see", "seeAlso"):
            (draft.see if element.tag == "see" else draft.see_also).append(text)
        else:
            self.ignored[element.tag] += 1

    def _fill_cell(self, draft: _Draft, column: str, text: str) -> None:
        if not self._columns:
            self._fail("a cell without an indexHeading before it; expected the headings of the columns first")
        if column not in self._columns:
            self._fail(f"a cell in column {column!r}; expected one of {', '.join(self._columns)}")
        if code := _CODE_TAIL.sub("", text):
            draft.cells[self._columns[column]] = code

    def _close_heading(self) -> None:
        """Tells the table by the headings of its columns."""
        heads = {column: text.lower() for column, text in self._heads.items()}
        for kind, words in _TABLES:
            columns = {
                column: place for place, word in enumerate(words) for column, text in heads.items() if word in text
            }
            if len(set(columns.values())) == len(words) == len(columns):
                self.table, self._columns = kind, columns
                return
        headings = ", ".join(text for text in self._heads.values() if text) or "none"
        self._fail(f"columns {headings}; expected those of the Table of Neoplasms or of Drugs and Chemicals")

    def _close_entry(self) -> None:
        draft = self._drafts.pop()
        if not draft.title:
            raise CodeSetError(f"{self._name}:{draft.line}: an entry without a title; expected its words in one")
        entry = IndexEntry(
            title=draft.title,
            modifiers=tuple(draft.modifiers),
            codes=tuple(dict.fromkeys([*draft.codes, *draft.manifestations])),
            cells=tuple(draft.cells.get(place) for place in range(len(self._columns))),
            see=tuple(draft.see),
            see_also=tuple(draft.see_also),
            line=draft.line,
            children=tuple(draft.children),
        )
        self.any_code |= entry.coded
        (self._drafts[-1].children if self._drafts else self.entries).append(entry)

    def _refuse_entity(self, entity: str, *_: object) -> None:
        self._fail(f"declares or uses the entity {entity!r}; expected a file without a DTD, as CDC publishes it")

    def _fail(self, message: str) -> NoReturn:
        raise CodeSetError(f"{self._name}:{self._expat.CurrentLineNumber}: {message}")


def _split_title(text: str) -> tuple[str, list[str]]:
    """Takes the modifiers in parentheses out of a title; ``(s)`` is an ending, not a modifier."""
    title = _PLURAL.sub("", text)
    modifiers: list[str] = []
    while found := _INNERMOST.findall(title):
        modifiers += (inner.strip() for inner in found)
        title = _INNERMOST.sub(" ", title)
    title = _FOOTNOTE.sub("", " ".join(title.split()).strip(" ,"))
    return title.replace(" ,", ",").strip(), [modifier for modifier in modifiers if modifier]
