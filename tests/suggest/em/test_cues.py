"""Phrases of the tables in a text."""

from __future__ import annotations

import pytest

from suggest.em.cues import CueTable, split_words


def table(*phrases: str) -> CueTable:
    return CueTable([{"phrase": phrase} for phrase in phrases], "phrase")


@pytest.mark.parametrize(
    ("phrases", "text", "found"),
    [
        (["not at goal"], "BP NOT at goal", ["NOT at goal"]),
        (["goal", "at goal", "not at goal"], "not at goal", ["not at goal"]),
        (["follow up"], "Follow-up visit", ["Follow-up"]),
        (["f / u"], "f/u in 3 mo", ["f/u"]),
        (["titrat*"], "titrating up", ["titrating"]),
        (["hd #"], "progress HD 3", ["HD 3"]),
        (["hd #"], "HD tomorrow", []),
        (["dose"], "dosed", []),
        (["can ' t afford"], "Can't afford it", ["Can't afford"]),
    ],
)
def test_phrases(phrases, text, found):
    assert [text[cue.start : cue.end] for cue in table(*phrases).find(split_words(text))] == found


def test_offsets_stay_where_lower_case_is_longer():
    text = "\u0130stanbul gout"
    (cue,) = table("gout").find(split_words(text))
    assert text[cue.start : cue.end] == "gout"
