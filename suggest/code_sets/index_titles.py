"""The words of the titles of index entries: forms of one word, inverted order, connecting and residual words.

The conventions are those of the introduction to the Alphabetic Index and of the Official Guidelines, section I.A.
"""

from __future__ import annotations

import re
from functools import lru_cache

CONNECTORS = frozenset(
    {
        "after", "affecting", "as", "associated", "because", "before", "by", "causing", "complicated", "complicating",
        "due", "during", "following", "for", "from", "in", "involving", "of", "off", "on", "out", "resulting", "to",
        "while", "with", "without",
    }
)  # fmt: skip
"""Words that a title begins with if it goes on from the entry above, rather than qualify it."""
_CONNECTIVE = CONNECTORS | {"and", "or", "cause", "the", "elsewhere", "classified", "disease", "diseases"}
_RESIDUAL = frozenset(
    {
        "and", "by", "cause", "form", "kind", "nec", "nos", "organ", "organism", "other", "part", "region", "site",
        "sites", "specified", "type", "types", "unspecified",
    }
)  # fmt: skip
_CONDITION = frozenset({"condition", "disease", "disorder"})
_REST = frozenset({"specified", "other"})
_ELSEWHERE = _RESIDUAL | _CONDITION | {"classified", "conditions", "diseases", "elsewhere", "in"}
_ADJECTIVE = re.compile(r".*(?:al|an|ant|ar|ary|ed|ent|ic|ing|ive|oid|ous)", re.IGNORECASE)
_CLASSIFIED = re.compile(r"\b(?:NEC|NOS)\b")
_BRACKETS = re.compile(r"\s*\[[^\]]*\]")
_WORD = re.compile(r"[^\W_]+")
_STEM = 3
"""Forms of one word begin with as many same letters: "retention, retained"."""


@lru_cache(maxsize=4096)
def is_connector(title: str) -> bool:
    """Whether a title only connects those below to the one above: ``with``, ``in (due to)``, ``from, off``."""
    words = _words(title)
    return bool(words) and words[0] in CONNECTORS and all(word in _CONNECTIVE for word in words)


@lru_cache(maxsize=4096)
def is_residual(title: str) -> bool:
    """Whether a title names but what is left over: ``specified site NEC``, ``diseases classified elsewhere``."""
    words = set(_words(title))
    if "elsewhere" in words:
        return words <= _ELSEWHERE
    if words & _REST:
        return words <= _RESIDUAL | _CONDITION
    return "nec" in words and words <= _RESIDUAL


def is_adjective(form: str) -> bool:
    """Whether a form of a word ends as adjectives do, so that it names nothing by itself: ``hemorrhagic``."""
    return " " not in form and _ADJECTIVE.fullmatch(form) is not None


def title_forms(title: str) -> tuple[str, ...]:
    """Returns the wordings of a title, the first of which stands for it.

    Commas divide forms of one word (``Abdomen, abdominal``), or put the word that is looked up first
    (``limb, lower``). Brackets hold a synonym or a short form, which is left out, as are NEC and NOS.

    Example:
        >>> title_forms("Abdomen, abdominal")
        ('Abdomen', 'abdominal')
        >>> title_forms("limb, lower")
        ('lower limb',)
    """
    plain = " ".join(_CLASSIFIED.sub("", _BRACKETS.sub("", title)).split()).strip(" ,") or title
    parts = [part for part in (part.strip() for part in plain.split(",")) if part]
    if is_connector(plain):
        return (parts[0],)
    forms, before, after = [parts[0]], [], []
    for part in parts[1:]:
        if _same_word(parts[0], part):
            forms.append(part)
        elif _words(part)[:1] and _words(part)[0] in CONNECTORS | {"and", "or"}:
            after.append(part)
        else:
            before.append(part)
    if before:
        forms = [_uncapitalised(form) for form in forms]
    return tuple(" ".join([*before, form, *after]) for form in dict.fromkeys(forms))


def title_names(title: str) -> tuple[str, ...]:
    """Returns what references may call an entry by, lower case: the whole title, and each form of its word."""
    whole = title.lower()
    short = " ".join(_CLASSIFIED.sub("", title).split()).strip(" ,").lower()
    first, *others = (part.strip() for part in short.split(","))
    same = [part for part in others if _same_word(first, part)]
    alone = [first, *others] if len(same) == len(others) or is_connector(short) else []
    return tuple(dict.fromkeys([whole, short, *alone]))


def _uncapitalised(form: str) -> str:
    """Returns a form that no longer stands first; acronyms stay."""
    return form[0].lower() + form[1:] if form[1:2].islower() else form


def _same_word(first: str, other: str) -> bool:
    """Whether two parts of a title are forms of one word."""
    return " " not in first and " " not in other and first[:_STEM].lower() == other[:_STEM].lower()


def _words(title: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(title)]
