"""Reads the tabular list of ICD-10-CM in the XML that CDC/NCHS publishes.

The structure is a tree of chapters, sections (blocks) and ``diag`` elements. A ``sevenChrDef`` gives the 7th
characters of all codes below it that have no children; shorter codes are filled up with the placeholder X
(Official Guidelines, section I.A.4-5).
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from suggest.code_sets.tabular import Block, Chapter, NoteKind, TabularList, TabularNode, TabularNotes
from suggest.errors import CodeSetError

_PACKAGE = "simple_icd_10_cm"
_ROOT = "ICD10CM.tabular"
_LOCATED = frozenset({"chapter", "section", "diag"})
_MAX_DEPTH = 24
_CHAPTERS = 22
_LENGTH_OF_CATEGORY = 3
_PLACEHOLDER = "X"
_LENGTH_BEFORE_SEVENTH = 6
CODE = re.compile(r"[A-Z][0-9A-Z]{2}(?:\.[0-9A-Z]{1,4})?")
"""A code with its dot."""
_BLOCK = re.compile(r"[A-Z][0-9A-Z]{2}(?:-[A-Z][0-9A-Z]{2})?")
_TITLE_RANGE = re.compile(r"\s*\([A-Z][0-9A-Z]{2}(?:-[A-Z][0-9A-Z]{2})?\)$")
_KINDS = {
    "includes": NoteKind.INCLUDES,
    "excludes1": NoteKind.EXCLUDES1,
    "excludes2": NoteKind.EXCLUDES2,
    "codeFirst": NoteKind.CODE_FIRST,
    "useAdditionalCode": NoteKind.USE_ADDITIONAL,
    "codeAlso": NoteKind.CODE_ALSO,
    "notes": NoteKind.NOTES,
}
# "7th characters D and S do not apply to codes in category S06 with 6th character 7 - death due to brain
# injury ..., or 8 - death due to other cause ..."
_NOT_APPLICABLE = re.compile(
    r"7th characters? (?P<seventh>[0-9A-Z](?:(?:, | and | or )[0-9A-Z])*) do(?:es)? not apply to codes in "
    r"category [A-Z][0-9A-Z]{2} with 6th characters? (?P<sixth>.+)"
)
_SIXTH = re.compile(r"(?:^|\bor )([0-9A-Z])(?= -)")

_LINE = "chartcoder-line"


def shipped_tabular() -> Path:
    """Returns the tabular list that comes with the package simple-icd-10-cm, without importing it.

    Raises:
        CodeSetError: The package is not installed or holds no tabular list.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    found = sorted(file for folder in folders or () for file in Path(folder).glob("data/*tabular*.xml"))
    if not found:
        raise CodeSetError(
            "the package simple-icd-10-cm with the ICD-10-CM tabular list is missing; reinstall chartcoder"
        )
    return found[-1]


def read_tabular(file: IO[bytes], name: str) -> TabularList:
    """Reads a tabular list.

    Args:
        file: The XML, opened in binary mode.
        name: Stands in error messages.

    Raises:
        CodeSetError: Not the XML of a tabular list, a document type that declares entities, or a code that
            is malformed, doubled or outside its category; names file and line.
    """
    root = _Parser(name).parse(file)
    if root.tag != _ROOT:
        raise CodeSetError(f"{name}: expected the root element {_ROOT}, found {root.tag}")
    reader = _Reader(name)
    for chapter in root.findall("chapter"):
        reader.read_chapter(chapter)
    if not reader.nodes:
        raise CodeSetError(f"{name}: no codes found; expected chapters that hold sections that hold diag elements")
    return TabularList(
        version=(root.findtext("version") or "").strip(),
        chapters=tuple(reader.chapters),
        blocks=tuple(reader.blocks),
        nodes=tuple(reader.nodes),
    )


class _Parser:
    """Builds the element tree; refuses entity declarations, which could grow without bound."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._depth = 0
        self._builder = TreeBuilder()
        self._expat = expat.ParserCreate()
        self._expat.buffer_text = True
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.CharacterDataHandler = self._builder.data
        self._expat.EntityDeclHandler = self._refuse_entity

    def parse(self, file: IO[bytes]) -> Element:
        """Returns the root element; each ``diag`` carries its line."""
        try:
            self._expat.ParseFile(file)
        except expat.ExpatError as error:
            raise CodeSetError(f"{self._name}:{error.lineno}: not well-formed XML ({error})") from error
        return self._builder.close()

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise CodeSetError(f"{self._name}:{self._expat.CurrentLineNumber}: more than {_MAX_DEPTH} levels")
        if tag in _LOCATED:
            attributes[_LINE] = str(self._expat.CurrentLineNumber)
        self._builder.start(tag, attributes)

    def _end(self, tag: str) -> None:
        self._depth -= 1
        self._builder.end(tag)

    def _refuse_entity(self, entity: str, *_: object) -> None:
        line = self._expat.CurrentLineNumber
        raise CodeSetError(
            f"{self._name}:{line}: declares the entity {entity!r}; expected a tabular list without a DTD, "
            "as CDC publishes it"
        )


@dataclass(frozen=True, slots=True)
class _Inherited:
    """What a ``diag`` element takes over from those above it."""

    chapter: int
    block: str
    parent: str | None = None
    seventh: tuple[tuple[str, str], ...] = ()
    barred: frozenset[tuple[str, str]] = frozenset()
    """Pairs of 6th and 7th character that do not go together."""


class _Reader:
    """Walks the element tree and collects the records, in document order."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._known: set[str] = set()
        self.chapters: list[Chapter] = []
        self.blocks: list[Block] = []
        self.nodes: list[TabularNode] = []

    def read_chapter(self, element: Element) -> None:
        number = _text(element.find("name"))
        if not number.isascii() or not number.isdigit() or not 1 <= int(number) <= _CHAPTERS:
            self._fail(element, f"chapter {number!r}: expected a number from 1 to {_CHAPTERS}")
        self._claim(element, f"chapter {number}")
        self.chapters.append(Chapter(int(number), self._title(element), _notes(element)))
        for section in element.findall("section"):
            block = section.get("id", "")
            if not _BLOCK.fullmatch(block):
                self._fail(section, f"section {block!r}: expected an id such as A00-A09")
            self._claim(section, f"block {block}")
            self.blocks.append(Block(block, self._title(section), int(number), _notes(section)))
            for diag in section.findall("diag"):
                self._read_diag(diag, _Inherited(int(number), block))

    def _read_diag(self, element: Element, above: _Inherited) -> None:
        code = self._code(element, above.parent)
        title, notes = self._title(element), _notes(element)
        defined = _seventh_characters(element)
        seventh = defined or above.seventh
        barred = above.barred.union(_barred(notes))
        children = element.findall("diag")
        expanded = [] if children else self._extensions(element, code, seventh, barred)
        terms = tuple(_text(note) for group in element.findall("inclusionTerm") for note in group)
        self.nodes.append(
            TabularNode(
                code=code,
                title=title,
                parent=above.parent,
                chapter=above.chapter,
                block=above.block,
                billable=not children and not expanded,
                inclusion_terms=tuple(term for term in terms if term),
                notes=notes,
                seventh_characters=defined,
            )
        )
        for full, meaning in expanded:
            self._claim(element, full)
            self.nodes.append(
                TabularNode(
                    code=full,
                    title=f"{title}, {meaning}",
                    parent=code,
                    chapter=above.chapter,
                    block=above.block,
                    billable=True,
                    seventh=True,
                )
            )
        for child in children:
            self._read_diag(child, _Inherited(above.chapter, above.block, code, seventh, barred))

    def _extensions(
        self,
        element: Element,
        code: str,
        seventh: tuple[tuple[str, str], ...],
        barred: frozenset[tuple[str, str]],
    ) -> list[tuple[str, str]]:
        """Returns the full codes below a code that takes a 7th character, each with its meaning."""
        if not seventh:
            return []
        plain = code.replace(".", "")
        if len(plain) > _LENGTH_BEFORE_SEVENTH:
            self._fail(element, f"code {code} has {len(plain)} characters and still takes a 7th; expected at most 6")
        stem = plain.ljust(_LENGTH_BEFORE_SEVENTH, _PLACEHOLDER)
        return [
            (f"{stem[:3]}.{stem[3:]}{character}", meaning)
            for character, meaning in seventh
            if (stem[-1], character) not in barred
        ]

    def _code(self, element: Element, parent: str | None) -> str:
        code = _text(element.find("name"))
        if not CODE.fullmatch(code):
            self._fail(element, f"malformed code {code!r}; expected a code such as A01 or A01.04")
        if parent is None and len(code) != _LENGTH_OF_CATEGORY:
            self._fail(element, f"code {code} stands where a category of 3 characters is expected")
        if parent is not None and not (code.startswith(parent) and len(code) > len(parent)):
            self._fail(element, f"code {code} stands below {parent}, whose characters it does not begin with")
        self._claim(element, code)
        return code

    def _title(self, element: Element) -> str:
        title = _TITLE_RANGE.sub("", _text(element.find("desc")))
        if not title:
            self._fail(element, f"{element.tag} {_text(element.find('name')) or element.get('id')} has no desc")
        return title

    def _claim(self, element: Element, name: str) -> None:
        if name in self._known:
            self._fail(element, f"{name} is there twice")
        self._known.add(name)

    def _fail(self, element: Element, message: str) -> NoReturn:
        raise CodeSetError(f"{self._name}:{element.get(_LINE)}: {message}")


def _text(element: Element | None) -> str:
    return " ".join((element.text or "").split()) if element is not None else ""


def _notes(element: Element) -> TabularNotes:
    """Returns the instructional notes of an element in document order."""
    found = ((_KINDS[group.tag], _text(note)) for group in element if group.tag in _KINDS for note in group)
    return tuple((kind, text) for kind, text in found if text)


def _seventh_characters(element: Element) -> tuple[tuple[str, str], ...]:
    extensions = (e for group in element.findall("sevenChrDef") for e in group.findall("extension"))
    return tuple((extension.get("char", ""), _text(extension)) for extension in extensions)


def _barred(notes: TabularNotes) -> Iterator[tuple[str, str]]:
    """Yields the pairs of 6th and 7th character that the notes of a category say do not go together."""
    for _, text in notes:
        if match := _NOT_APPLICABLE.search(text):
            for seventh in re.findall(r"\b[0-9A-Z]\b", match["seventh"]):
                for sixth in _SIXTH.findall(match["sixth"]):
                    yield sixth, seventh
