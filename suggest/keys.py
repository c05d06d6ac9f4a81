"""Hash keys of words and phrases: what the chart and the compiled terminology are matched on.

A word's key is a mixed 64-bit hash of its normal form. A phrase's key is the sum of the keys of its content
words modulo 2**64, so that it does not depend on word order, and the keys of all word windows of a note are
differences of one running sum. Stop words, punctuation and the words of side (right, left, bilateral) are no
content words: the side is decided later, by ``specificity.py``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import IDX, NORM
from spacy.strings import get_string_id
from spacy.tokens import Doc

from suggest.list_numbers import list_numbers
from suggest.resources import read_table
from suggest.words import normalise, stop_words

U64 = NDArray[np.uint64]
I32 = NDArray[np.int32]

SIDES = ("right", "left", "bilateral")
_NON = "non"
_NON_HASH = np.uint64(get_string_id(_NON))
_HYPHENS = frozenset("-\u2010\u2011\u2013")
MAX_WINDOW = 7


def mix(hashes: U64) -> U64:
    """Returns well-mixed copies of 64-bit hashes (the finaliser of SplitMix64)."""
    z = hashes + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def word_key(word: str) -> int:
    """Returns the key of one normal word."""
    return int(mix(np.array([get_string_id(word)], dtype=np.uint64))[0])


@lru_cache(maxsize=1)
def _skipped() -> U64:
    words = [*stop_words(), *SIDES]
    return np.sort(np.array([get_string_id(word) for word in words] + [0], dtype=np.uint64))


@lru_cache(maxsize=1)
def _several() -> tuple[U64, U64]:
    """Hashes of normal forms of several words, sorted, and their keys (sums over content words)."""
    forms = {row["normal"] for row in read_table("words/shorthand.tsv") if " " in row["normal"]}
    pairs = sorted((get_string_id(form), phrase_key(content_words(form.split()))) for form in forms)
    return (
        np.array([pair[0] for pair in pairs], dtype=np.uint64),
        np.array([pair[1] for pair in pairs], dtype=np.uint64),
    )


def content_words(normal: Sequence[str]) -> list[str]:
    """Returns the content words among normal forms, forms of several words taken apart."""
    skipped = stop_words()
    words = (word for form in normal for word in form.split())
    return [word for word in words if word not in skipped and word not in SIDES]


def phrase_key(words: Sequence[str]) -> int:
    """Returns the key of a phrase given by its content words."""
    if not words:
        return 0
    hashes = np.array([get_string_id(word) for word in words], dtype=np.uint64)
    return int(mix(hashes).sum(dtype=np.uint64))


def keys_of_norms(norms: U64) -> U64:
    """Returns the key of each NORM hash; 0 where the word is no content word."""
    keys = mix(norms)
    forms, sums = _several()
    at = np.minimum(np.searchsorted(forms, norms), len(forms) - 1)
    keys = np.where(forms[at] == norms, sums[at], keys)
    skipped = _skipped()
    at = np.minimum(np.searchsorted(skipped, norms), len(skipped) - 1)
    return np.where(skipped[at] == norms, np.uint64(0), keys)


@dataclass(frozen=True, slots=True)
class TokenKeys:
    """The content words of a note.

    Attributes:
        norms: NORM hash of every token of the note.
        keys: Key of every token, 0 for those that are no content words.
        content: Indices of the content tokens.
        sentence: Sentence index of every token.
        sides: Bits of the side words of each token (1 right, 2 left, 4 bilateral).
    """

    norms: U64
    keys: U64
    content: I32
    sentence: I32
    sides: NDArray[np.uint8]


_SIDE_HASHES = tuple(np.uint64(get_string_id(side)) for side in SIDES)
_LIMB_SIDES = (
    (np.uint64(get_string_id("right upper limb")), 1),
    (np.uint64(get_string_id("right lower limb")), 1),
    (np.uint64(get_string_id("left upper limb")), 2),
    (np.uint64(get_string_id("left lower limb")), 2),
)


def token_keys(doc: Doc, corrections: dict[int, int] | None = None) -> TokenKeys:
    """Computes the keys of a note; ``corrections`` maps token index to the NORM hash of the word meant."""
    norms = doc.to_array(NORM).astype(np.uint64)
    starts_at = doc.to_array(IDX).astype(np.int64)
    norms[np.isin(starts_at, np.fromiter(list_numbers(doc.text), np.int64))] = 0
    for prefix, word in _non(doc, norms):
        norms[prefix] = 0
        norms[word] = get_string_id(normalise(_NON + doc[word].text))
    if corrections:
        norms[list(corrections)] = np.array(list(corrections.values()), dtype=np.uint64)
    keys = keys_of_norms(norms)
    starts = doc.to_array("SENT_START").astype(np.int64) == 1
    sentence = (np.cumsum(starts) - 1).astype(np.int32)
    sides = np.zeros(len(norms), dtype=np.uint8)
    for bit, side in enumerate(_SIDE_HASHES):
        sides[norms == side] |= np.uint8(1 << bit)
    for form, bits in _LIMB_SIDES:
        sides[norms == form] |= np.uint8(bits)
    for i in np.flatnonzero(sides):
        if i and doc[int(i)].text in ("L", "l") and doc[int(i) - 1].like_num:
            sides[i] = 0  # litres
    return TokenKeys(norms, keys, np.flatnonzero(keys).astype(np.int32), sentence, sides)


def _non(doc: Doc, norms: U64) -> list[tuple[int, int]]:
    """Returns the tokens "non" with the words that they deny: one word with it, so that no bleeding is read there."""
    found = []
    for i in np.flatnonzero(norms == _NON_HASH).tolist():
        word = i + 2 if i + 2 < len(doc) and doc[i + 1].text in _HYPHENS else i + 1
        if word < len(doc) and doc[word].text.isalpha():
            found.append((i, word))
    return found


@dataclass(frozen=True, slots=True)
class Windows:
    """All windows of 1 to ``MAX_WINDOW`` content words within a sentence.

    Attributes:
        keys: Phrase key of each window.
        first: Position of the window's first word in ``TokenKeys.content``.
        length: Number of content words.
    """

    keys: U64
    first: I32
    length: NDArray[np.int8]


def windows(tokens: TokenKeys, longest: int = MAX_WINDOW) -> Windows:
    """Returns the windows of a note."""
    keys = tokens.keys[tokens.content]
    sentence = tokens.sentence[tokens.content]
    running = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(keys, dtype=np.uint64)])
    all_keys, all_first, all_length = [], [], []
    for length in range(1, min(longest, len(keys)) + 1):
        same = sentence[length - 1 :] == sentence[: len(keys) - length + 1]
        first = np.flatnonzero(same).astype(np.int32)
        all_keys.append(running[first + length] - running[first])
        all_first.append(first)
        all_length.append(np.full(len(first), length, dtype=np.int8))
    if not all_keys:
        return Windows(np.zeros(0, np.uint64), np.zeros(0, np.int32), np.zeros(0, np.int8))
    return Windows(np.concatenate(all_keys), np.concatenate(all_first), np.concatenate(all_length))


def find(table: U64, keys: U64) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Returns which ``keys`` stand in the sorted ``table``, as (positions in keys, positions in table)."""
    if not len(table) or not len(keys):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    at = np.minimum(np.searchsorted(table, keys), len(table) - 1)
    hit = np.flatnonzero(np.asarray(table)[at] == keys)
    return hit, at[hit]


def ranges(starts: NDArray[np.integer], ends: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Writes out half-open ranges: returns (index of the range, element) for every element of every range."""
    lengths = (ends - starts).astype(np.int64)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    offset = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return owner, starts.astype(np.int64)[owner] + offset


@lru_cache(maxsize=1)
def _term_pattern() -> re.Pattern[str]:
    special = (re.escape(row["token"]) for row in read_table("words/tokens.tsv"))
    return re.compile(rf"(?<!\w)(?:{'|'.join(special)})(?!\w)|\d+(?:[.,]\d+)+|[^\W_]+", re.IGNORECASE)


_NON_WORD = re.compile(r"\bnon[ \u2010\u2011\u2013-]+(?=[^\W\d_])", re.IGNORECASE)
_POSSESSIVE = re.compile(r"['’]s\b", re.IGNORECASE)


def normal_words(term: str) -> list[str]:
    """Returns the normal forms of all words of a term, split as the tokenizer splits a chart."""
    return [_normal(word) for word in _term_pattern().findall(_NON_WORD.sub(_NON, _POSSESSIVE.sub("", term)))]


def term_words(term: str) -> list[str]:
    """Returns the content words of a terminology term."""
    return content_words(normal_words(term))


_normal = lru_cache(maxsize=200_000)(normalise)
