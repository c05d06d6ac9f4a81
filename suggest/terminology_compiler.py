"""Compiles the terminology of an edition: titles, inclusion terms, lexicons and ontologies become arrays of keys."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from suggest.code_sets.arrays import locked, new_folder, write_arrays
from suggest.code_sets.index import CodeIndex
from suggest.code_sets.index_importer import index_fingerprint, read_drug_terms, read_index_terms
from suggest.keys import SIDES, phrase_key, term_words
from suggest.lexicon import Condition, Entry, Source, check_lexicon, read_lexicon, read_ontologies
from suggest.phrase_arrays import Phrases, phrase_arrays, strong_words, word_arrays
from suggest.resources import list_tables, read_text
from suggest.terminology import FORMAT, Terminology
from suggest.title_words import title_words
from suggest.words import normalise, stop_words

Progress = Callable[[str, float], None]

_BRACKETS = re.compile(r"\s*[\[(]([^\])]*)[\])]")
_SIDE_BITS = {side: 1 << bit for bit, side in enumerate(SIDES)}
_RESIDUAL = re.compile(r"^other\b|\bother specified\b|\bnot elsewhere classified\b|\bNEC\b", re.IGNORECASE)
_MANIFESTATION = re.compile(r"\b(?:diseases|conditions) classified elsewhere\b", re.IGNORECASE)
_UNSPECIFIED = re.compile(r"\bunspecified\b|\bnot specified\b|\bNOS\b", re.IGNORECASE)


def _variants(title: str) -> Iterator[str]:
    """Yields the forms under which an official title is looked up.

    Brackets hold synonyms (``[common cold]``) or words that may be left out (``(primary)``).
    """
    yield _BRACKETS.sub(lambda m: " " + m.group(1), title)
    if _BRACKETS.search(title):
        yield _BRACKETS.sub("", title)
        for inner in re.findall(r"\[([^\]]*)\]", title):
            yield from (part for part in inner.split(",") if _stands_alone(part.strip()))


def _stands_alone(synonym: str) -> bool:
    """Whether a bracketed synonym names the disease by itself: a phrase.

    A single word may be an eponym (``Wells``) or abbreviate but a part of the title (``Abnormal
    electrocardiogram [ECG] [EKG]``); the lexicon has the acronyms that do name a disease.
    """
    return len(synonym.split()) > 1 and not _UNSPECIFIED.search(synonym)


def _add_official(phrases: Phrases, index: CodeIndex, report: Callable[[float], None]) -> None:
    seventh = np.asarray(index.has_seventh)
    for row in range(len(index)):
        if row % 5000 == 0:
            report(row / len(index))
        if seventh[row]:
            continue
        title = index.title(row)
        named = [(title, Source.TITLE)] + [(term, Source.INCLUSION) for term in index.terms(row)]
        for text, source in named:
            for variant in _variants(text):
                words = term_words(variant)
                phrases.add(words, row, source, text)
                if not _RESIDUAL.search(variant) and not _MANIFESTATION.search(variant):
                    phrases.add(strong_words(words), row, source, text)


def _add_lexicon(phrases: Phrases, index: CodeIndex, *, strict: bool) -> None:
    for entry in _checked(read_lexicon(), index, strict=strict):
        words = term_words(entry.term)
        condition = _condition_text(entry.condition) or _implied(entry.term, words)
        for code in entry.codes:
            row = index.row(code)
            if row is not None:
                source = Source.DRUG if code.startswith("Z79") else entry.source
                phrases.add(words, row, source, entry.term, condition)


def _add_ontologies(phrases: Phrases, index: CodeIndex, *, strict: bool) -> None:
    """Adds ontology terms whose words no title, inclusion term or lexicon line has: those come first."""
    held = frozenset(phrases.entries)
    for entry in _checked(read_ontologies(), index, strict=strict):
        words = term_words(entry.term)
        if phrase_key(words) in held:
            continue
        for code in entry.codes:
            row = index.row(code)
            if row is not None:
                phrases.add(words, row, entry.source, entry.term, _implied(entry.term, words))


def _add_index_terms(phrases: Phrases, index: CodeIndex, terms: Iterable[tuple[str, tuple[str, ...]]]) -> None:
    """Adds terms of the Alphabetic Index for codes that no other source gives them."""
    for term, codes in terms:
        words = term_words(term)
        held = {row for row, _source, _condition in phrases.entries.get(phrase_key(words), ())}
        for row in (index.row(code) for code in codes):
            if row is not None and row not in held:
                phrases.add(words, row, Source.ALPHABETIC_INDEX, term, _implied(term, words))


def _checked(entries: Iterator[Entry], index: CodeIndex, *, strict: bool) -> Iterator[Entry]:
    return check_lexicon(entries, lambda code: index.row(code) is not None) if strict else entries


_LEADS = frozenset({"history", normalise("s/p")})


def _implied(term: str, words: list[str]) -> str:
    """Returns the condition that word order matters for, where a term would mean something else without it.

    Keys know no order and no stop words: ``s/p PCI`` must not match in ``NSTEMI, s/p PCI``, nor ``due for
    colonoscopy`` wherever a colonoscopy is named.
    """
    if words and words[0] in _LEADS:
        return f"first:{words[0]}"
    raw = [normalise(word) for word in re.findall(r"[^\W_]+(?:/[^\W_]+)?", term)]
    before = raw.index(words[0]) - 1 if len(words) == 1 and words[0] in raw else -1
    return f"before:{raw[before]}" if before >= 0 and raw[before] in stop_words() else ""


def _condition_text(condition: Condition | None) -> str:
    if condition is None:
        return ""
    joined = "|".join(condition.values)
    return "age" + "".join(condition.values) if condition.kind == "age" else f"{condition.kind}:{joined}"


def compile_terminology(
    index: CodeIndex,
    folder: Path,
    *,
    index_terms: Iterable[tuple[str, tuple[str, ...]]] = (),
    strict: bool = True,
    progress: Progress | None = None,
) -> None:
    """Compiles the terminology of ``index`` into ``folder`` (which must exist and be empty).

    Args:
        index: The code set.
        folder: Where the arrays go.
        index_terms: Terms of the Alphabetic Index with their codes, where a site has imported it.
        strict: Refuse lexicon lines whose codes the edition does not know (else leave them out, as is
            right for an edition other than the one that the lexicon was written for).
        progress: Called with a step's name and its share done.

    Raises:
        ResourceError: A lexicon line is wrong.
    """
    report = progress or (lambda _name, _share: None)
    phrases = Phrases()
    _add_official(phrases, index, lambda share: report("terms", share))
    _add_lexicon(phrases, index, strict=strict)
    _add_ontologies(phrases, index, strict=strict)
    _add_index_terms(phrases, index, index_terms)
    report("words", 0.0)
    arrays = phrase_arrays(phrases) | word_arrays(
        phrases, [index.title(row) for row in range(len(index))], _wanted_words(index), _row_flags(index)
    )
    write_arrays(folder, arrays, {"format": FORMAT, "edition": index.edition.name})
    report("words", 1.0)


def terminology_folder(home: Path, index: CodeIndex) -> Path:
    """Returns where the terminology of an index lies under ``home``.

    The name holds a hash of the code set and of every table that goes in, so that what would be compiled
    differently today is not found.
    """
    digest = hashlib.sha256(f"{index.edition.to_json()}{len(index)}".encode())
    for folder in ("words", "lexicon", "ontologies"):
        for name in list_tables(folder):
            digest.update(name.encode() + read_text(name).encode())
    for name in ("status/drugs.tsv", "status/allergens.tsv"):
        digest.update(read_text(name).encode())
    digest.update(index_fingerprint(home, index.edition.name).encode())
    return home / "index" / f"terms-{index.edition.name}-{FORMAT}-{digest.hexdigest()[:12]}"


def open_terminology(
    home: Path, index: CodeIndex, *, strict: bool = True, progress: Progress | None = None
) -> Terminology:
    """Opens the terminology of an index, compiling it first where that was not done yet.

    Args:
        home: Data folder of the installation.
        index: The code set.
        strict: See ``compile_terminology``.
        progress: Called with what is being done and the share done (0 to 1).
    """
    folder = terminology_folder(home, index)
    with locked(folder.with_name(f".{folder.name}.lock")):
        if not folder.exists():
            with new_folder(folder) as draft:
                edition = index.edition.name
                terms = chain(read_index_terms(home, edition), read_drug_terms(home, edition))
                compile_terminology(index, draft, index_terms=terms, strict=strict, progress=progress)
    return Terminology(folder)


def _wanted_words(index: CodeIndex) -> list[tuple[list[str], list[str]]]:
    """Returns for each code the words that its title asks for beyond the title of its category, and those it denies.

    A code with a 7th character has none of its own: its stem has them.
    """
    wanted: list[tuple[list[str], list[str]]] = []
    shared: set[str] = set()
    for row in range(len(index)):
        asked, denied = title_words(index.title(row)) if not index.has_seventh[row] else ([], [])
        if index.parent[row] < 0:
            shared = set(asked)
        wanted.append(([word for word in asked if word not in shared], denied))
    return wanted


def _row_flags(index: CodeIndex) -> NDArray[np.uint8]:
    """Bits per row: 1 right, 2 left, 4 bilateral, 8 unspecified, 16 residual (other, NEC), 32 without."""
    flags = np.zeros(len(index), dtype=np.uint8)
    for row in range(len(index)):
        title = index.title(row)
        words = {normalise(word) for word in re.findall(r"[^\W_]+", title)}
        for side, bit in _SIDE_BITS.items():
            if side in words:
                flags[row] |= bit
        flags[row] |= 8 * bool(_UNSPECIFIED.search(title)) | 16 * bool(_RESIDUAL.search(title))
        flags[row] |= 32 * ("without" in words)
    return flags
