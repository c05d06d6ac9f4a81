"""Imports files of the ICD-10-CM Alphabetic Index, and gives what was imported.

All parts of an edition lie compiled in one file, ``HOME/code_sets/alphabetic-FY2026.jsonl``, which is replaced whole.
Its first line says what it holds and carries a hash of the rest; then comes a line for each term or drug.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from suggest.code_sets.alphabetic_index import DrugCodes, flatten
from suggest.code_sets.arrays import locked
from suggest.code_sets.index import CodeIndex
from suggest.code_sets.index_references import Unfollowed
from suggest.code_sets.index_xml import AlphabeticIndex, IndexKind
from suggest.errors import CodeSetError

FORMAT = 1
"""Raised when the layout of the file or the reading of its sources changes."""
MOST_UNKNOWN = 0.05
"""Share of codes that the edition may lack. Between two fiscal years it is less than a hundredth; a file of more
belongs to another edition, or is no index of ICD-10-CM."""
_SHOWN = 5
_ADVICE = "import the files of the index again: chartcoder codes import icd10cm-index FILE"


@dataclass(frozen=True, slots=True)
class LoadedIndex:
    """A part of the index that is loaded.

    Attributes:
        edition: The edition whose codes it was checked with.
        kind: Which part it is.
        source: Name of its file.
        sha256: Hash of its file.
        year: Fiscal year that the file states, ``None`` for none.
        terms: Number of terms, or of drugs.
    """

    edition: str
    kind: IndexKind
    source: str
    sha256: str
    year: int | None
    terms: int

    def to_json(self) -> dict[str, object]:
        """Returns the part as JSON values, without the edition that all parts of a file share."""
        return {
            "kind": self.kind.value,
            "source": self.source,
            "sha256": self.sha256,
            "year": self.year,
            "terms": self.terms,
        }


@dataclass(frozen=True, slots=True)
class ImportedIndex:
    """What an import brought.

    Attributes:
        loaded: The part that is loaded now.
        replaced: Name of the file that it took the place of, ``None`` for none.
        unknown: Line and code of each code that the edition lacks; terms with such a code are left out.
        unfollowed: References that were not followed, and entries without a code.
        residual: Number of entries such as "specified NEC", which are no terms.
        ignored: Elements that the format does not know, with how often they held text.
    """

    loaded: LoadedIndex
    replaced: str | None
    unknown: tuple[tuple[int, str], ...]
    unfollowed: tuple[Unfollowed, ...]
    residual: int
    ignored: tuple[tuple[str, int], ...]


def import_index(index: AlphabeticIndex, codes: CodeIndex, home: Path) -> ImportedIndex:
    """Loads a part of the index for an edition, in place of the same part; the other parts stay.

    Args:
        index: A file of the index, read.
        codes: The edition that its codes are checked with.
        home: ChartCoder's data folder.

    Raises:
        CodeSetError: The edition lacks too many of its codes, or what is loaded is damaged; nothing changes.
    """
    flat = flatten(index)
    checked = _Checked(codes)
    codes_of = {term: checked.codes(term.codes, term.line) for term in flat.terms}
    terms = [(t.text, t.forms, found, t.line) for t, found in codes_of.items() if not t.residual]
    drugs = [(d.name, d.forms, checked.cells(d.codes, d.line), d.line) for d in flat.drugs]
    edition = codes.edition.name
    _refuse_unknown(index, checked, edition)
    lines = [_line(index.kind, row) for row in [*terms, *drugs] if any(row[2])]
    loaded = LoadedIndex(edition, index.kind, index.name, index.sha256, index.year, len(lines))
    path = _path(home, edition)
    with locked(path.with_name(f".{path.name}.lock")):
        before, stored = _read(path) if path.exists() else ([], [])
        parts = {part.kind: part for part in before} | {index.kind: loaded}
        by_kind = {kind: [line for line in stored if _kind(line) is kind] for kind in parts} | {index.kind: lines}
        order = [kind for kind in IndexKind if kind in parts]
        _write(path, [parts[kind] for kind in order], [line for kind in order for line in by_kind[kind]])
    return ImportedIndex(
        loaded=loaded,
        replaced=next((part.source for part in before if part.kind is index.kind), None),
        unknown=tuple(sorted(checked.unknown)),
        unfollowed=flat.unfollowed,
        residual=sum(term.residual for term in flat.terms),
        ignored=index.ignored,
    )


def loaded_indexes(home: Path) -> list[LoadedIndex]:
    """Returns the parts of the index that are loaded, by edition.

    Raises:
        CodeSetError: A file of them is damaged or of another version of ChartCoder.
    """
    paths = sorted((home / "code_sets").glob("alphabetic-*.jsonl"))
    return [part for path in paths for part in _read_head(path)[0]]


def read_index_terms(home: Path, edition: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yields the terms of the index that is loaded for an edition, each with the codes that apply together.

    Every wording of a term comes by itself. A code may be a category, whose further characters the chart
    decides; of two codes the first is the etiology, the second its manifestation. The same words may come with
    different codes. Drugs are no terms (see ``read_drug_terms``).

    Args:
        home: ChartCoder's data folder.
        edition: Name of the edition, ``FY2026``; nothing comes if no index is loaded for it.

    Raises:
        CodeSetError: The file is damaged or of another version of ChartCoder.
    """
    for kind, text, forms, codes, _line_number in _rows(home, edition):
        if kind is not IndexKind.DRUGS:
            together = tuple(codes)
            for words in (text, *forms):
                yield words, together


def read_drug_table(home: Path, edition: str) -> dict[str, DrugCodes]:
    """Returns the Table of Drugs and Chemicals that is loaded for an edition, by the names of the substances.

    Raises:
        CodeSetError: The file is damaged or of another version of ChartCoder.
    """
    drugs: dict[str, DrugCodes] = {}
    for kind, name, forms, codes, line in _rows(home, edition):
        if kind is IndexKind.DRUGS:
            drugs.setdefault(name, DrugCodes(name, tuple(forms), line, *codes))
    return drugs


# How notes word what the columns of the Table of Drugs and Chemicals say.
_DRUG_PHRASES = (
    ("accidental", ("{} poisoning", "accidental {} poisoning", "{} overdose", "accidental {} overdose")),
    ("self_harm", ("intentional {} overdose", "intentional {} poisoning", "{} overdose suicide attempt")),
    ("assault", ("{} poisoning assault",)),
    ("undetermined", ("{} poisoning undetermined intent", "{} overdose undetermined intent")),
    ("adverse_effect", ("adverse effect of {}", "{} adverse reaction", "{} toxicity taken as prescribed")),
    ("underdosing", ("underdosing of {}",)),
)


def read_drug_terms(home: Path, edition: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yields phrases that name harm by a drug of the Table of Drugs and Chemicals, each with its code.

    Raises:
        CodeSetError: The file is damaged or of another version of ChartCoder.
    """
    for drug in read_drug_table(home, edition).values():
        for column, phrases in _DRUG_PHRASES:
            code: str | None = getattr(drug, column)
            if code is not None:
                for name in (drug.name, *drug.forms):
                    yield from ((phrase.format(name), (code,)) for phrase in phrases)


def index_fingerprint(home: Path, edition: str) -> str:
    """Returns a hash of what is loaded for an edition, ``""`` for nothing.

    Raises:
        CodeSetError: The file is damaged or of another version of ChartCoder.
    """
    path = _path(home, edition)
    if not path.exists():
        return ""
    _, digest = _read_head(path)
    return digest


class _Checked:
    """Looks codes up in an edition and keeps those that it lacks."""

    def __init__(self, index: CodeIndex) -> None:
        self._index = index
        self.seen: set[tuple[int, str]] = set()
        self.unknown: set[tuple[int, str]] = set()

    def codes(self, codes: Sequence[str], line: int) -> tuple[str, ...]:
        """Returns codes as the edition writes them; none if it lacks one, as the others mean another thing."""
        found = [self._code(code, line) for code in codes]
        known = tuple(code for code in found if code is not None)
        return known if len(known) == len(found) else ()

    def cells(self, codes: Sequence[str | None], line: int) -> tuple[str | None, ...]:
        """Returns the codes of the columns of a row, without those that the edition lacks."""
        return tuple(self._code(code, line) if code else None for code in codes)

    def _code(self, code: str, line: int) -> str | None:
        self.seen.add((line, code))
        # The tabular list has a code before its 7th character without the placeholders that lead up to it.
        for written in (code, code.rstrip("Xx")):
            row = self._index.row(written)
            if row is not None:
                return self._index.code(row)
        self.unknown.add((line, code))
        return None


def _refuse_unknown(index: AlphabeticIndex, checked: _Checked, edition: str) -> None:
    unknown = sorted(checked.unknown)
    if len(unknown) <= MOST_UNKNOWN * len(checked.seen):
        return
    shown = ", ".join(f"{code} in line {line}" for line, code in unknown[:_SHOWN])
    more = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
    raise CodeSetError(
        f"{index.name}:{unknown[0][0]}: {edition} lacks {len(unknown)} of its {len(checked.seen)} codes "
        f"({shown}{more}); expected at most {MOST_UNKNOWN:.0%}; import the file of that fiscal year, or name another "
        "edition with --edition"
    )


def _path(home: Path, edition: str) -> Path:
    return home / "code_sets" / f"alphabetic-{edition}.jsonl"


def _line(kind: IndexKind, row: tuple[object, ...]) -> str:
    return json.dumps([kind.value, *row], separators=(",", ":"))


def _kind(line: str) -> IndexKind:
    return IndexKind(line.split('"', 2)[1])


def _rows(home: Path, edition: str) -> Iterator[tuple[IndexKind, str, list[str], list[Any], int]]:
    path = _path(home, edition)
    if path.exists():
        for stored in _read(path)[1]:
            kind, text, forms, codes, line = json.loads(stored)
            yield IndexKind(kind), text, forms, codes, line


def _write(path: Path, parts: Iterable[LoadedIndex], lines: Sequence[str]) -> None:
    """Writes the file beside its place and moves it there, so that a reader finds the old or the new one whole."""
    body = "".join(f"{line}\n" for line in lines).encode()
    head = {
        "format": FORMAT,
        "edition": path.stem.removeprefix("alphabetic-"),
        "sha256": hashlib.sha256(body).hexdigest(),
        "parts": [part.to_json() for part in parts],
    }
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(json.dumps(head).encode() + b"\n" + body)
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(0o644)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _read(path: Path) -> tuple[list[LoadedIndex], list[str]]:
    """Returns the parts and the lines of a file, after checking it whole."""
    try:
        line, _, body = path.read_bytes().partition(b"\n")
    except OSError as error:
        raise CodeSetError(f"{path} cannot be read: {error.strerror}") from error
    parts, digest = _parse_head(line, path)
    if hashlib.sha256(body).hexdigest() != digest:
        raise CodeSetError(f"{path} was altered since its import; delete it and {_ADVICE}")
    return parts, body.decode().splitlines()


def _read_head(path: Path) -> tuple[list[LoadedIndex], str]:
    """Returns the parts that a file holds, and a hash of all of it."""
    try:
        with path.open("rb") as file:
            line = file.readline()
    except OSError as error:
        raise CodeSetError(f"{path} cannot be read: {error.strerror}") from error
    return _parse_head(line, path)[0], hashlib.sha256(line).hexdigest()


def _parse_head(line: bytes, path: Path) -> tuple[list[LoadedIndex], str]:
    """Returns the parts that the first line of a file names, and the hash of the lines below."""
    try:
        head = json.loads(line)
        if head["format"] != FORMAT:
            raise CodeSetError(f"{path}: format {head['format']}, expected {FORMAT}; delete it and {_ADVICE}")
        parts = [
            LoadedIndex(
                edition=head["edition"],
                kind=IndexKind(part["kind"]),
                source=part["source"],
                sha256=part["sha256"],
                year=part["year"],
                terms=part["terms"],
            )
            for part in head["parts"]
        ]
        return parts, head["sha256"]
    except (ValueError, KeyError, TypeError) as error:
        raise CodeSetError(f"{path} is damaged ({error}); delete it and {_ADVICE}") from error
