"""Whether a procedure was done: words around its name that say done, planned, ordered, refused, elsewhere or past.

They are counted as features: what weighs how much is learnt from coded charts. What is asserted of a mention
(``assertion.py``) stands beside them.
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache

from spacy.strings import get_string_id

from suggest.keys import TokenKeys, normal_words
from suggest.resources import read_table

KINDS = ("done", "planned", "ordered", "refused", "elsewhere", "past")
_BEFORE = 7  # tokens in front of a mention in which a cue speaks of it
_BEHIND = 6


@lru_cache(maxsize=1)
def _cues() -> dict[int, list[tuple[tuple[int, ...], int]]]:
    """Returns cues by the NORM hash of their first word, longest first: (hashes of all words, number of kind)."""
    cues: defaultdict[int, list[tuple[tuple[int, ...], int]]] = defaultdict(list)
    for row in read_table("services/doing.tsv"):
        words = tuple(get_string_id(word) for word in normal_words(row["words"]))
        cues[words[0]].append((words, KINDS.index(row["kind"])))
    return {first: sorted(found, key=lambda cue: -len(cue[0])) for first, found in cues.items()}


@lru_cache(maxsize=1)
def _declining() -> frozenset[int]:
    words = ("declined", "declines", "refused", "refuses", "cancelled", "canceled", "deferred")
    return frozenset(get_string_id(form) for word in words for form in normal_words(word))


class Doing:
    """The cues of one note."""

    def __init__(self, tokens: TokenKeys) -> None:
        """Finds the cues."""
        norms: list[int] = tokens.norms.tolist()
        self._norms = norms
        self._sentence: list[int] = tokens.sentence.tolist()
        self._found: list[tuple[int, int, int]] = []  # first token, token after, kind
        table, end = _cues(), 0
        for i, norm in enumerate(norms):
            if i < end:
                continue
            for words, kind in table.get(norm, ()):
                if tuple(norms[i : i + len(words)]) == words:
                    end = i + len(words)
                    self._found.append((i, end, kind))
                    break

    def declined(self, first: int) -> bool:
        """Whether one of the two words in front of a procedure says that it was declined or cancelled."""
        words = self._norms[max(0, first - 2) : first]
        return self._sentence[max(0, first - 1)] == self._sentence[first] and not _declining().isdisjoint(words)

    def around(self, first: int, last: int) -> tuple[float, ...]:
        """Returns how near the nearest cue of each kind stands to a span, in its sentence: 1 next to it, 0 none.

        Words of the span itself count as well (``cancelled colonoscopy``).
        """
        near = [0.0] * len(KINDS)
        sentence = self._sentence[first]
        for begin, end, kind in self._found:
            if end <= first - _BEFORE or begin >= last + _BEHIND or self._sentence[begin] != sentence:
                continue
            gap = max(0, first - end, begin - last)
            near[kind] = max(near[kind], 1 - gap / (_BEFORE + 1))
        return tuple(near)
