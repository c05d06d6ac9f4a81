"""Compiles a tabular list into the arrays that ``CodeIndex`` reads."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from suggest.code_sets.arrays import META, Array, locked, new_folder, pack_strings, pointers, write_arrays
from suggest.code_sets.editions import Edition
from suggest.code_sets.exclusions import exclusion_arrays, outer_blocks
from suggest.code_sets.index import FORMAT_VERSION
from suggest.code_sets.ranges import excludes_codes
from suggest.code_sets.search import word_weight, words_of
from suggest.code_sets.tabular import NoteKind, TabularList, TabularNode
from suggest.resources import list_tables, read_text
from suggest.words import weak_words

Progress = Callable[[str, float], None]

_LONGEST_TERM = 14
"""Includes notes of more words explain the category; they are no terms."""
_WEAK_WEIGHT = 0.02
"""What a word that clinicians leave out adds to the length of a title: a weak word, or one in parentheses
(a nonessential modifier, Official Guidelines, section I.A.7)."""
_PARENTHESES = re.compile(r"\([^()]*\)")
_KINDS = list(NoteKind)


def index_folder(home: Path, edition: Edition, source_hash: str) -> Path:
    """Returns where the index of an edition lies under ``home``.

    The name holds the format version and a hash of the source and of the tables that normalise words, so
    that an index that would be compiled differently today is not found.
    """
    digest = hashlib.sha256(source_hash.encode())
    for name in list_tables("words"):
        digest.update(read_text(name).encode())
    system = edition.system.value.lower().replace("-", "")
    return home / "index" / f"{system}-{edition.name}-{FORMAT_VERSION}-{digest.hexdigest()[:12]}"


def compile_icd10cm(
    read: Callable[[], TabularList], edition: Edition, folder: Path, *, progress: Progress | None = None
) -> Path:
    """Compiles a tabular list into ``folder``, unless that is done, and returns ``folder``.

    The folder appears whole or not at all; processes that start together compile it once.

    Args:
        read: Returns the tabular list; called only if there is something to compile.
        edition: Goes into the index.
        folder: Where the index shall lie (see ``index_folder``).
        progress: Called with the name of the step and its share done (0..1).
    """
    if (folder / META).exists():
        return folder
    step = f"code index {edition.name}"
    report = progress or (lambda _what, _share: None)
    with locked(folder.with_name(f".{folder.name}.lock")):
        if (folder / META).exists():
            return folder
        report(step, 0.0)
        tabular = read()
        with new_folder(folder) as draft:
            arrays = _hierarchy_arrays(tabular)
            report(step, 0.3)
            arrays |= _text_arrays(tabular.nodes)
            report(step, 0.8)
            outer = outer_blocks(tabular.blocks, arrays)
            arrays |= _note_arrays(tabular)
            arrays |= exclusion_arrays(tabular, arrays, outer)
            meta = {
                "format": FORMAT_VERSION,
                "edition": edition.to_json(),
                "chapters": [[chapter.number, chapter.title] for chapter in tabular.chapters],
                "blocks": [[b.id, b.title, above] for b, above in zip(tabular.blocks, outer, strict=True)],
            }
            write_arrays(draft, arrays, meta)
        report(step, 1.0)
    return folder


def _hierarchy_arrays(tabular: TabularList) -> dict[str, Array]:
    nodes = tabular.nodes
    row_of = {node.code: row for row, node in enumerate(nodes)}
    block_of = {block.id: number for number, block in enumerate(tabular.blocks)}
    parent = np.array([row_of[node.parent] if node.parent else -1 for node in nodes], dtype=np.int32)
    seventh = np.array([node.seventh for node in nodes], dtype=np.bool_)
    end = np.arange(1, len(nodes) + 1, dtype=np.int32)
    depth = np.zeros(len(nodes), dtype=np.int8)
    for row in range(len(nodes) - 1, -1, -1):
        if parent[row] >= 0:
            end[parent[row]] = max(end[parent[row]], end[row])
    for row, above in enumerate(parent.tolist()):
        if above >= 0:
            depth[row] = depth[above] + 1
    code = np.array([node.code.replace(".", "") for node in nodes], dtype="S7")
    order = np.argsort(code, kind="stable").astype(np.int32)
    return {
        "code": code,
        "sorted_code": code[order],
        "sorted_row": order,
        "parent": parent,
        "end": end,
        "depth": depth,
        "billable": np.array([node.billable for node in nodes], dtype=np.bool_),
        "has_seventh": seventh,
        "stem": np.where(seventh, parent, np.arange(len(nodes))).astype(np.int32),
        "chapter": np.array([node.chapter for node in nodes], dtype=np.int8),
        "block": np.array([block_of[node.block] for node in nodes], dtype=np.int16),
    }


def _terms(node: TabularNode) -> tuple[str, ...]:
    """Returns the inclusion terms, and the includes notes that are terms rather than explanations."""
    includes = (text for kind, text in node.notes if kind is NoteKind.INCLUDES)
    texts = [text for text in (*node.inclusion_terms, *includes) if _is_term(text)]
    return tuple(dict.fromkeys(texts))


def _is_term(text: str) -> bool:
    plain = text.rstrip()
    if plain.endswith((":", ".")) or len(plain.split()) > _LONGEST_TERM:
        return False
    return not excludes_codes(plain)


def _text_arrays(nodes: Sequence[TabularNode]) -> dict[str, Array]:
    groups = [(node.title, *_terms(node)) for node in nodes]
    texts = [text for group in groups for text in group]
    blob, offsets = pack_strings(texts)
    lengths = [len(group) for group in groups]
    row = np.repeat(np.arange(len(nodes), dtype=np.int32), lengths)
    return {
        "text_ptr": pointers(lengths),
        "text_row": row,
        "text_blob": blob,
        "text_offset": offsets,
        **posting_arrays(texts),
    }


def posting_arrays(texts: Sequence[str]) -> dict[str, Array]:
    """Returns the arrays that texts are searched by, see ``search.py``."""
    known: dict[bytes, int] = {}
    word_ids: list[int] = []
    essential: list[bool] = []
    lengths: list[int] = []
    weak = weak_words()
    for text in texts:
        words = words_of(text)
        outside = set(words_of(_PARENTHESES.sub(" ", text))) - weak
        lengths.append(len(words))
        word_ids += [known.setdefault(word.encode(), len(known)) for word in words]
        essential += [word in outside for word in words]
    spelled = np.array(list(known), dtype=np.bytes_)
    order = np.argsort(spelled, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    word = rank[np.array(word_ids, dtype=np.int64)]
    text_of = np.repeat(np.arange(len(texts), dtype=np.int32), lengths)
    count = np.bincount(word, minlength=len(order))
    weight = np.array([word_weight(len(texts), holding) for holding in count.tolist()], dtype=np.float32)
    share = np.where(np.array(essential, dtype=np.bool_), weight[word], _WEAK_WEIGHT)
    return {
        "words": spelled[order],
        "posting_ptr": pointers(count.tolist()),
        "postings": text_of[np.argsort(word, kind="stable")],
        "text_weight": np.bincount(text_of, share, minlength=len(texts)).astype(np.float32),
    }


def _note_arrays(tabular: TabularList) -> dict[str, Array]:
    places = list(tabular.all_notes())
    notes = [note for place in places for note in place]
    blob, offsets = pack_strings(text for _, text in notes)
    return {
        "note_ptr": pointers(len(place) for place in places),
        "note_kind": np.array([_KINDS.index(kind) for kind, _ in notes], dtype=np.int8),
        "note_blob": blob,
        "note_offset": offsets,
    }
