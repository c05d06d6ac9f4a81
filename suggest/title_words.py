"""What the title of a code asks of a text: the words that have to be said, and those said to be absent.

``K25.4 Chronic or unspecified gastric ulcer with hemorrhage`` asks for *gastric*, *ulcer* and *hemorrhage*;
``L97.511 ... limited to breakdown of skin`` for all its words; ``K25.9 ... without hemorrhage or perforation``
denies *hemorrhage* and *perforation*.
"""

from __future__ import annotations

import re

from suggest.keys import term_words
from suggest.words import weak_words

_BRACKETS = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_LISTED = re.compile(r",? \b(?:including|except|other than)\b.*", re.IGNORECASE)
_OPEN = re.compile(
    r"\bunspecified (?:as|whether) [^,]*|\b[\w-]+ or unspecified\b|\bunspecified or [\w-]+\b", re.IGNORECASE
)
_WITHOUT = re.compile(r"\b(?:without|not)\b(?! elsewhere| otherwise| specified)(.*?)(?=,|\bwith\b|$)", re.IGNORECASE)


def title_words(title: str) -> tuple[list[str], list[str]]:
    """Returns the normal forms of the words that a title asks for, and of those that it denies.

    Words in brackets may be left out, as may an alternative to "unspecified" and what is listed as included.
    Words that clinicians leave out (``unspecified``, ``other``) are in neither list. A word stands in each list at
    most once.
    """
    plain = _LISTED.sub("", _OPEN.sub(" ", _BRACKETS.sub(" ", title)))
    denied = [word for found in _WITHOUT.findall(plain) for word in term_words(found)]
    asked = term_words(_WITHOUT.sub(" ", plain))
    weak = weak_words()
    return (
        [word for word in dict.fromkeys(asked) if word not in weak],
        [word for word in dict.fromkeys(denied) if word not in weak and word not in asked],
    )
