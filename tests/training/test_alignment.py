from __future__ import annotations

import random

import numpy as np
import pytest

from training.alignment import align, plain, sound, words_of

NOUNS = {
    "dolor": "pain",
    "fiebre": "fever",
    "tos": "cough",
    "hueso": "bone",
    "mareo": "dizziness",
    "caida": "fall",
    "ceguera": "blindness",
    "picor": "itching",
}


def texts(count: int = 60) -> list[tuple[str, str]]:
    """Sentences of three findings in random order, each word with one translation."""
    rng = random.Random(4)
    pairs = []
    for _ in range(count):
        chosen = rng.sample(sorted(NOUNS), 3)
        english = [NOUNS[word] for word in chosen]
        pairs.append(
            (f"Tiene {chosen[0]}, {chosen[1]} y {chosen[2]}.", f"Has {english[0]}, {english[1]} and {english[2]}.")
        )
    return pairs


def best(sentences, form):
    row = [word.form for word in sentences.source].index(form)
    return sentences.target[int(sentences.forward[row].argmax())].form


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("Riñón", "rinon"),
        ("lesiones", "lesion"),
        ("lesions", "lesion"),
        ("abscess", "abscess"),
        ("sepsis", "sepsis"),
        ("8,4", "8.4"),
        ("gas", "gas"),
    ],
)
def test_plain_words_lose_case_accents_and_plural(word, expected):
    assert plain(word) == expected


@pytest.mark.parametrize(
    ("spanish", "english"),
    [
        ("nefrolitiasis", "nephrolithiasis"),
        ("estenosis", "stenosis"),
        ("hemorragia", "haemorrhagia"),
        ("disquinesia", "dyskinesia"),
        ("abceso", "abscesso"),
    ],
)
def test_cognates_sound_alike(spanish, english):
    assert sound(spanish) == sound(english)


def test_words_have_offsets_in_code_points():
    text = "Riñón de 8,4 cm"
    assert [text[word.start : word.end] for word in words_of(text)] == ["Riñón", "de", "8,4", "cm"]


def test_words_are_aligned_by_the_company_they_keep():
    aligned = align(texts())
    right = [best(text[0], word) == NOUNS[word] for text in aligned for word in NOUNS if has(text[0], word)]
    assert np.mean(right) == 1.0


def has(sentences, form):
    return any(word.form == form for word in sentences.source)


def test_words_seen_once_are_aligned_by_their_looks():
    odd = ("Tiene dolor, nefrolitiasis y tos.", "Has cough, nephrolithiasis and pain.")
    sentences = align([*texts(), odd])[-1][0]
    assert best(sentences, "nefrolitiasis") == "nephrolithiasis"


def test_probabilities_and_support_are_in_range():
    for sentences in (s for text in align(texts(20)) for s in text):
        shape = (len(sentences.source), len(sentences.target))
        assert sentences.forward.shape == sentences.backward.shape == sentences.support.shape == shape
        assert (sentences.forward.sum(axis=1) <= 1 + 1e-5).all()
        assert (sentences.backward.sum(axis=0) <= 1 + 1e-5).all()
        assert ((sentences.support >= 0) & (sentences.support < 1)).all()


def test_a_pair_known_from_elsewhere_has_more_support_than_one_seen_once():
    odd = ("Tiene dolor, zumbido y tos.", "Has pain, ringing and cough.")
    sentences = align([*texts(), odd])[-1][0]
    rows = [word.form for word in sentences.source]
    columns = [word.form for word in sentences.target]
    known = sentences.support[rows.index("dolor"), columns.index("pain")]
    once = sentences.support[rows.index("zumbido"), columns.index("ringing")]
    assert known > 0.8
    assert once < 0.1


def test_one_sentence_may_become_two_and_a_line_may_be_left_out():
    source = (
        "El paciente ingresa con dolor abdominal intenso y fiebre, y la tomografia muestra un tumor renal derecho.\n\n"
        "Se realiza nefrectomia radical por laparotomia.\n"
        "Buena evolucion."
    )
    target = (
        "The patient is admitted with intense abdominal pain and fever.\n"
        "Tomography shows a right renal tumor.\n"
        "1.\n"
        "Radical nephrectomy is performed by laparotomy.\n"
        "Good evolution."
    )
    (text,) = align([(source, target)])
    starts = [
        (source[s.source[0].start :].split()[0], target[s.target[0].start :].split()[0], len(s.target)) for s in text
    ]
    assert starts == [("El", "The", 16), ("Se", "Radical", 6), ("Buena", "Good", 2)]


@pytest.mark.parametrize("pair", [("", ""), ("Dolor.", ""), ("", "Pain."), ("1.\n\n2.", "Pain.")])
def test_empty_sides_make_no_links(pair):
    (text,) = align([pair])
    assert all(sentences.forward.size == 0 for sentences in text)


def test_no_texts_give_nothing():
    assert align([]) == []


def test_alignment_is_deterministic():
    first, second = align(texts(20)), align(texts(20))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one[0].forward, other[0].forward)
