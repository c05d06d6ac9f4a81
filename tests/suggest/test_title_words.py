"""What the title of a code asks of a text."""

from __future__ import annotations

import pytest

from suggest.title_words import title_words


@pytest.mark.parametrize(
    ("title", "asked", "denied"),
    [
        ("Diarrhea, unspecified", "diarrhea", ""),
        ("Chronic or unspecified gastric ulcer with hemorrhage", "gastric ulcer hemorrhage", ""),
        (
            "Gastric ulcer, unspecified as acute or chronic, without hemorrhage or perforation",
            "gastric ulcer",
            "hemorrhage perforation",
        ),
        (
            "Idiopathic chronic gout, right ankle and foot, without tophus (tophi)",
            "idiopathic chronic gout ankle foot",
            "tophus",
        ),
        ("Migraine with aura, not intractable, without status migrainosus", "migraine aura", "intractable migrainosus"),
        ("Acute nasopharyngitis [common cold]", "acute nasopharyngitis", ""),
        ("Sleep disorder, not elsewhere classified", "sleep", ""),
        ("Malignant neoplasm of skin of nose, including ala", "malignant neoplasm skin nose", ""),
        ("Peritonitis without abscess with perforation", "peritonitis perforation", "abscess"),
        ("", "", ""),
    ],
)
def test_words(title, asked, denied):
    assert title_words(title) == (asked.split(), denied.split())


def test_no_word_is_asked_and_denied():
    asked, denied = title_words("Ulcer with hemorrhage, without hemorrhage")
    assert asked == ["ulcer", "hemorrhage"]
    assert denied == []
