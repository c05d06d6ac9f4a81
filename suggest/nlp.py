"""The spaCy pipeline: tokens whose NORM is the normal form of ``words.py``, and clause-sized sentences.

The tokenizer splits at every character that is not a letter or digit, but for decimals and the shorthand of
``resources/words/tokens.tsv`` (``w/o``, ``s/p``). Sentences end at full stops, semicolons and line ends; a line
that goes on in lower case after a long line is the same sentence (wrapped text).
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import IDX, IS_DIGIT, IS_SPACE, LENGTH, LIKE_NUM, LOWER, NORM, ORTH, SENT_START
from spacy.lang.lex_attrs import like_num
from spacy.language import Language
from spacy.tokenizer import Tokenizer
from spacy.tokens import Doc
from spacy.util import get_lang_class
from spacy.vocab import Vocab

from suggest.resources import read_table
from suggest.words import normalise

_MARK = r"(?:[^\w\s]|_)"
_PREFIX = re.compile(rf"^{_MARK}")
_SUFFIX = re.compile(rf"(?:['’]s|{_MARK})$", re.IGNORECASE)
_INFIX = re.compile(rf"(?<!\d)[.,]|[.,](?!\d)|(?![.,]){_MARK}")
# spaCy strips one affix at a time off a chunk without white space, in time that grows with its square: longer
# chunks are split at the edges of all signs at once
_LONGEST_CHUNK = 200
_SPLIT = rf"(?:(?<!\d)[.,]|[.,](?!\d)|(?![.,]){_MARK})"
_EDGE = re.compile(rf"(?={_SPLIT})|(?<={_SPLIT})")
_WRAP_WIDTH = 60
_ENDS = frozenset(".;?!")
_BULLET = re.compile(r"(?:[-*•·#>+o]|\(?\d{1,2}[.)]|[a-z][.)])\s")
_ABBREVIATIONS = frozenset(
    {"dr", "mr", "mrs", "ms", "pt", "pts", "vs", "approx", "no", "st", "jr", "sr", "prof", "dept", "fig", "ca", "inc"}
    | {"mt", "ft", "e.g", "i.e", "etc", "tab", "tabs", "cap", "caps"}
)


def make_nlp() -> Language:
    """Returns a blank English pipeline with ChartCoder's tokenizer and normal forms."""
    english = get_lang_class("en")
    # the few attributes in use: every getter costs time for every new word of every note
    getters = {NORM: normalise, LOWER: str.lower, IS_SPACE: str.isspace, IS_DIGIT: str.isdigit, LIKE_NUM: like_num}
    nlp = english(vocab=Vocab(lex_attr_getters=getters), create_tokenizer=_make_tokenizer)
    nlp.max_length = 2_000_000
    return nlp


def _make_tokenizer(nlp: Language) -> Tokenizer:
    return Tokenizer(
        nlp.vocab,
        rules=_token_rules(),
        prefix_search=lambda chunk: _PREFIX.search(chunk) if len(chunk) <= _LONGEST_CHUNK else None,
        suffix_search=lambda chunk: _SUFFIX.search(chunk) if len(chunk) <= _LONGEST_CHUNK else None,
        infix_finditer=lambda chunk: (_INFIX if len(chunk) <= _LONGEST_CHUNK else _EDGE).finditer(chunk),
    )


def _token_rules() -> dict[str, list[dict[int, str]]]:
    rules: dict[str, list[dict[int, str]]] = {}
    for row in read_table("words/tokens.tsv"):
        for form in {row["token"], row["token"].upper(), row["token"].capitalize(), row["token"].title()}:
            rules[form] = [{ORTH: form}]
    return rules


def read(nlp: Language, text: str) -> Doc:
    """Tokenises ``text`` and marks sentence starts; use inside ``nlp.memory_zone()``."""
    doc = nlp.make_doc(text)
    if len(doc):
        starts: Any = _sentence_starts(doc).reshape(-1, 1)
        doc.from_array([SENT_START], starts)
    return doc


def _words(doc: Doc) -> tuple[list[int], list[str]]:
    """Returns offsets and texts of the tokens without making a Python object of each token."""
    text = doc.text
    places = doc.to_array([IDX, LENGTH]).astype(np.int64).reshape(-1, 2)
    return places[:, 0].tolist(), [text[i : i + n] for i, n in places.tolist()]


def _sentence_starts(doc: Doc) -> NDArray[np.uint64]:
    """Returns 1 for tokens that begin a sentence, else 2**64-1 (spaCy's -1)."""
    starts = np.full(len(doc), -1, dtype=np.int64)
    starts[0] = 1
    text = doc.text
    offsets, words = _words(doc)
    line_start = 0
    ended = False
    for i in range(1, len(words)):
        before = words[i - 1]
        if "\n" in before or "\r" in before:
            ended |= before.count("\n") > 1 or not _continues(text, line_start, offsets[i - 1], offsets[i])
            line_start = offsets[i]
        elif before in _ENDS:
            ended |= before != "." or _full_stop(words, i, text, offsets, line_start)
        if ended and not words[i].isspace():
            starts[i] = 1
            ended = False
    return starts.astype(np.uint64)


def _full_stop(words: list[str], i: int, text: str, offsets: list[int], line_start: int) -> bool:
    """Whether the full stop before token ``i`` ends a sentence."""
    spaced = text[offsets[i] - 1].isspace() or words[i].isspace()
    if not spaced and not words[i][:1].isupper() and words[i] != ",":
        return False
    previous = words[i - 2].lower() if i >= 2 else ""
    if previous in _ABBREVIATIONS:
        return False
    if previous.isdigit() and offsets[i - 2] <= line_start + 2:
        return False
    return not (len(previous) == 1 and previous.isalpha() and not words[i][:1].isupper())


def _continues(text: str, line_start: int, line_end: int, next_start: int) -> bool:
    """Whether the line that begins at ``next_start`` is the wrapped rest of the line before it."""
    if line_end - line_start < _WRAP_WIDTH or next_start >= len(text):
        return False
    head = text[next_start : next_start + 6]
    return text[line_end - 1] not in ".:;!?" and head[0].islower() and not _BULLET.match(head)
