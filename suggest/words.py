"""Normal form of words: one function for the chart and for the terminology, so that both meet.

The normal form is lower case, without accents, singular, in US spelling, with roman numerals as digits and
with the shorthand of ``resources/words/shorthand.tsv`` written out (``fx`` becomes ``fracture``). A normal
form may hold several words (``cancer`` becomes ``malignant neoplasm``); punctuation becomes ``""``.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from suggest.resources import read_table

_WORD = re.compile(r"[^\W_]")
_POSSESSIVES = frozenset({"'s", "’s"})
_SPELLINGS = (
    ("oedema", "edema"),
    ("oesoph", "esoph"),
    ("haem", "hem"),
    ("anaem", "anem"),
    ("paed", "ped"),
    ("rrhoea", "rrhea"),
    ("oestr", "estr"),
    ("gynaec", "gynec"),
    ("foet", "fet"),
    ("caec", "cec"),
    ("leukaem", "leukem"),
    ("isch" + "aem", "ischem"),
    ("tumour", "tumor"),
)
_GREEK_PLURALS = re.compile(r"(?<=[aeo])ses$")
_KEEP_SES = frozenset({"diseases", "cases", "bases", "phases", "doses", "increases", "decreases", "noses", "releases"})
_ES_PLURAL = re.compile(r"(?:ss|x|z|ch|sh)es$")


@lru_cache(maxsize=1)
def _written_out() -> dict[str, str]:
    return {row["word"]: row["normal"] for row in read_table("words/shorthand.tsv")}


@lru_cache(maxsize=1)
def stop_words() -> frozenset[str]:
    """Words that carry no meaning for matching (``of``, ``the``, ``with``)."""
    return frozenset(row["word"] for row in read_table("words/stop_words.tsv"))


@lru_cache(maxsize=1)
def weak_words() -> frozenset[str]:
    """Words of official titles that clinicians leave out (``unspecified``, ``other``, ``NEC``)."""
    return frozenset(row["word"] for row in read_table("words/weak_words.tsv"))


def _singular(word: str) -> str:
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word not in _KEEP_SES and _GREEK_PLURALS.search(word):
        return word[:-2] + "is"
    if _ES_PLURAL.search(word):
        return word[:-2]
    return word[:-1]


def normalise(word: str) -> str:
    """Returns the normal form of one token, ``""`` for punctuation, white space and the possessive ``'s``."""
    if not _WORD.search(word) or word.lower() in _POSSESSIVES:
        return ""
    low = word.lower()
    if not low.isascii():
        low = "".join(c for c in unicodedata.normalize("NFKD", low) if not unicodedata.combining(c))
        low = "".join(low.replace("œ", "oe").replace("æ", "ae").split())  # some letters take apart into a space
    table = _written_out()
    if low in table:
        return table[low]
    if low.isalpha():
        for old, new in _SPELLINGS:
            if old in low:
                low = low.replace(old, new)
        low = _singular(low)
    return table.get(low, low)
