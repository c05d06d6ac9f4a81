"""CodiEsp v4 (CLEF eHealth 2020): Spanish clinical cases with CIE-10 codes and an English translation.

Miranda-Escalada et al., Overview of automatic clinical coding: annotations, guidelines, and solutions for
non-English clinical cases at CodiEsp track of CLEF eHealth 2020. Zenodo record 3837305, CC BY 4.0.

The codes are ICD-10-CM (``*D.tsv``) and ICD-10-PCS (``*P.tsv``, some cut to four characters), for everything
that a case mentions, in no sequence. Evidence (``*X.tsv``) refers to the Spanish text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from suggest.errors import CorpusError
from suggest.records import Claim, Code, Encounter, GoldCode, Note, System, TrainingExample
from training.code_shapes import ICD10CM_SHAPE

POLICY = "benchmark-codiesp"
"""The policy that codes as the corpus does: what is mentioned."""

SPLITS = ("train", "dev", "test")
NOTE_ID = "note"
"""Id of the one note of each encounter."""

TEXT_FOLDERS = {"en": "text_files_en", "es": "text_files"}
"""Language -> folder of the texts."""

_PCS_SHAPE = re.compile(r"[0-9A-Z]{4}(?:[0-9A-Z]{3})?")
_SHAPES = {System.ICD10CM: ICD10CM_SHAPE, System.ICD10PCS: _PCS_SHAPE}
_LETTERS = {System.ICD10CM: "D", System.ICD10PCS: "P"}
LABELS = {"DIAGNOSTICO": System.ICD10CM, "PROCEDIMIENTO": System.ICD10PCS}
"""Label of an evidence span -> system of its code."""

_FRAGMENT = re.compile(r"([0-9]+) ([0-9]+)")

# Folders between the one given and the split: none, or one or two as the published archive unpacks.
_DEPTHS = ("", "*", "*/*")


@dataclass(frozen=True, slots=True)
class SpanishSpan:
    """Evidence in a Spanish text.

    Attributes:
        label: ``DIAGNOSTICO`` or ``PROCEDIMIENTO``.
        code: The code, upper case.
        fragments: Half-open offsets in code points, as annotated; a span may have gaps.
    """

    label: str
    code: str
    fragments: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class SpanishEvidence:
    """A Spanish text with its annotated spans; ``id`` is that of the encounter."""

    id: str
    text: str
    spans: tuple[SpanishSpan, ...]


def load_codiesp(folder: Path, split: str, *, language: str = "en") -> list[TrainingExample]:
    """Reads a split, documents in the order of their ids; those without a code are kept.

    Args:
        folder: The folder that holds the splits, or one or two levels above it.
        split: ``train``, ``dev`` or ``test``.
        language: ``en`` for the machine translation, ``es`` for the original.

    Returns:
        Examples without evidence and in no coding sequence. Cases from one article share a ``family``.

    Raises:
        CorpusError: The split is missing or a file is malformed; names file and line.
    """
    root = _find_split(folder, split)
    texts = _read_texts(root / TEXT_FOLDERS[language])
    codes: dict[str, dict[Code, None]] = {identifier: {} for identifier in texts}
    for system, letter in _LETTERS.items():
        path = root / f"{split}{letter}.tsv"
        for number, (identifier, code) in _read_rows(path, columns=2):
            _check_known(identifier, texts, path, number)
            codes[identifier][Code(system, _normal_code(code, system, path, number))] = None
    return [
        TrainingExample(
            encounter=Encounter(identifier, (Note(NOTE_ID, text),), claim=Claim.PROFESSIONAL, policy=POLICY),
            gold=tuple(map(GoldCode, codes[identifier])),
            family=identifier.rpartition("-")[0] or identifier,
            group=f"codiesp-{split}",
        )
        for identifier, text in texts.items()
    ]


def spanish_evidence(folder: Path, split: str) -> list[SpanishEvidence]:
    """Reads the Spanish texts of a split with their evidence, in the order of their ids.

    Empty fragments, of which the published files hold a few, are left out.

    Raises:
        CorpusError: The split is missing or a file is malformed; names file and line.
    """
    root = _find_split(folder, split)
    texts = _read_texts(root / TEXT_FOLDERS["es"])
    spans: dict[str, list[SpanishSpan]] = {identifier: [] for identifier in texts}
    path = root / f"{split}X.tsv"
    for number, (identifier, label, code, _, position) in _read_rows(path, columns=5):
        _check_known(identifier, texts, path, number)
        if label not in LABELS:
            raise CorpusError(f"{path.name}:{number}: column 2 must be one of {', '.join(LABELS)}")
        normal = _normal_code(code, LABELS[label], path, number)
        fragments = _read_fragments(position, len(texts[identifier]), path, number)
        spans[identifier].append(SpanishSpan(label, normal, fragments))
    return [SpanishEvidence(identifier, text, tuple(spans[identifier])) for identifier, text in texts.items()]


def _find_split(folder: Path, split: str) -> Path:
    if split not in SPLITS:
        raise CorpusError(f"split {split!r} is unknown; take one of {', '.join(SPLITS)}")
    for depth in _DEPTHS:
        parents = sorted(folder.glob(depth)) if depth else [folder]
        found = [parent / split for parent in parents if (parent / split / f"{split}D.tsv").is_file()]
        if len(found) > 1:
            raise CorpusError(f"{folder}: split {split!r} is there {len(found)} times; name the exact folder")
        if found:
            return found[0]
    raise CorpusError(f"{folder}: no split {split!r} (looked for {split}/{split}D.tsv); check the folder")


def _read_texts(folder: Path) -> dict[str, str]:
    paths = sorted(folder.glob("*.txt"))
    if not paths:
        raise CorpusError(f"{folder}: no text files; restore the corpus from its archive")
    return {path.stem: _decode(path, "utf-8") for path in paths}


def _decode(path: Path, encoding: str) -> str:
    # Bytes, not text mode: translated line ends would shift the offsets.
    try:
        return path.read_bytes().decode(encoding)
    except OSError as error:
        raise CorpusError(f"{path.name}: cannot be read ({error.strerror}); restore the corpus") from None
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path.name}: not UTF-8 at byte {error.start}; restore the corpus") from None


def _read_rows(path: Path, *, columns: int) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(_decode(path, "utf-8-sig").split("\n"), start=1):
        cells = line.removesuffix("\r").split("\t")
        if cells == [""]:
            continue
        if len(cells) != columns:
            raise CorpusError(f"{path.name}:{number}: expected {columns} columns, found {len(cells)}")
        yield number, cells


def _check_known(identifier: str, texts: dict[str, str], path: Path, number: int) -> None:
    if identifier not in texts:
        raise CorpusError(f"{path.name}:{number}: there is no text of this document; restore the corpus")


def _normal_code(value: str, system: System, path: Path, number: int) -> str:
    code = value.upper()
    if not _SHAPES[system].fullmatch(code):
        raise CorpusError(f"{path.name}:{number}: expected a code of {system}; restore the corpus")
    return code


def _read_fragments(position: str, length: int, path: Path, number: int) -> tuple[tuple[int, int], ...]:
    fragments = []
    for part in position.split(";"):
        match = _FRAGMENT.fullmatch(part)
        start, end = (int(match[1]), int(match[2])) if match else (1, 0)
        if not start <= end <= length:
            raise CorpusError(
                f"{path.name}:{number}: expected offsets 'start end[;start end]' within the text's {length} characters"
            )
        if start < end:
            fragments.append((start, end))
    return tuple(fragments)
