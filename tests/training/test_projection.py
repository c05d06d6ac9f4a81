from __future__ import annotations

import random
import re

import pytest

from training.corpora.codiesp import SpanishEvidence, SpanishSpan, load_codiesp, spanish_evidence
from training.corpora.projection import MIN_CONFIDENCE, project_spans

FINDINGS = {
    "dolor de hueso": "bone pain",
    "fiebre alta": "high fever",
    "tos": "cough",
    "lumbago fuerte": "strong low back pain",
    "mareo": "dizziness",
    "quiste de hueso": "bone cyst",
    "quiste": "cyst",
    "fiebre": "fever",
    "dolor fuerte": "strong pain",
    "tos fuerte": "strong cough",
}


def corpus(count: int = 80) -> tuple[list[SpanishEvidence], list[str]]:
    """Texts of three findings each, every finding marked with its own English as the code."""
    rng = random.Random(7)
    evidence, english = [], []
    for number in range(count):
        chosen = rng.sample(sorted(FINDINGS), 3)
        spanish = f"El paciente tiene {chosen[0]}, {chosen[1]} y {chosen[2]}."
        other = [FINDINGS[finding] for finding in chosen]
        spans, end = [], len("El paciente tiene")
        for finding in chosen:
            start = spanish.index(finding, end)
            end = start + len(finding)
            spans.append(SpanishSpan("DIAGNOSTICO", FINDINGS[finding], ((start, end),)))
        evidence.append(SpanishEvidence(f"case-{number}", spanish, tuple(spans)))
        english.append(f"The patient has {other[0]}, {other[1]} and {other[2]}.")
    return evidence, english


def marked(text: str, *fragments: str, code: str = "X00") -> SpanishEvidence:
    """A text with one span, whose fragments are given as words of it."""
    offsets = tuple((text.index(fragment), text.index(fragment) + len(fragment)) for fragment in fragments)
    return SpanishEvidence("odd", text, (SpanishSpan("DIAGNOSTICO", code, offsets),))


def project_one(text: SpanishEvidence, english: str, **options) -> list[str]:
    """Projects a text among the corpus; returns the English words."""
    evidence, translations = corpus()
    row = project_spans([*evidence, text], [*translations, english], **options)[-1]
    return [english[span.start : span.end] for span in row]


def test_spans_are_projected_with_their_bounds():
    evidence, english = corpus()
    rows = project_spans(evidence, english)
    assert [len(row) for row in rows] == [3] * len(rows)
    right = [text[s.start : s.end] == s.code for row, text in zip(rows, english, strict=True) for s in row]
    assert sum(right) >= 0.98 * len(right)  # "strong cough, strong pain" leaves room for doubt


def test_projections_carry_code_label_and_confidence():
    evidence, english = corpus()
    for row, text in zip(project_spans(evidence, english), evidence, strict=True):
        assert [(span.code, span.label) for span in row] == [(span.code, span.label) for span in text.spans]
        assert all(MIN_CONFIDENCE <= span.confidence <= 1 for span in row)


def test_function_words_at_the_edges_are_left_out():
    text = marked("El paciente tiene mareo y la tos.", "y la tos")
    assert project_one(text, "The patient has dizziness and the cough.") == ["cough"]


def test_a_finding_that_the_translation_drops_is_left_out():
    text = marked("El paciente tiene mareo, zumbidos y tos.", "zumbidos")
    assert project_one(text, "The patient has dizziness and cough.") == []


def test_a_pair_of_words_seen_nowhere_else_is_not_trusted():
    text = marked("El paciente tiene mareo, zumbidos y tos.", "zumbidos")
    english = "The patient has dizziness, ringing and cough."
    assert project_one(text, english) == []
    assert project_one(text, english, min_confidence=0.2) == ["ringing"]


def test_a_cognate_seen_nowhere_else_is_trusted():
    text = marked("El paciente tiene mareo, nefrolitiasis y tos.", "nefrolitiasis")
    assert project_one(text, "The patient has dizziness, nephrolithiasis and cough.") == ["nephrolithiasis"]


def test_a_span_with_a_gap_becomes_one_block():
    text = marked("El paciente tiene tos muy fuerte.", "tos", "fuerte")
    assert project_one(text, "The patient has a strong cough.") == ["strong cough"]


def test_a_span_whose_parts_lie_far_apart_is_left_out():
    text = marked("El paciente tiene tos, mareo, fiebre, quiste de hueso y algo fuerte.", "tos", "fuerte")
    assert project_one(text, "The patient has cough, dizziness, fever, bone cyst and something strong.") == []


def test_a_finding_named_twice_is_projected_onto_one_of_its_names():
    text = marked("El paciente tiene mareo y tos.", "tos")
    assert project_one(text, "The patient has cough, dizziness and cough.") == ["cough"]


def test_offsets_count_code_points():
    text = marked("El niño tiene mareo y tos.", "mareo")
    english = "The \U0001f9d2 child has dizziness and cough."
    assert project_one(text, english) == ["dizziness"]


def test_the_given_confidence_bounds_what_is_projected():
    evidence, english = corpus()
    assert not any(project_spans(evidence, english, min_confidence=1.01))


def test_texts_and_translations_must_be_as_many():
    evidence, english = corpus(3)
    with pytest.raises(ValueError, match="shorter"):
        project_spans(evidence, english[:-1])


def test_texts_without_spans_or_words_project_nothing():
    assert project_spans([SpanishEvidence("a", "", ()), SpanishEvidence("b", "Tos.", ())], ["", "1."]) == [[], []]
    assert project_spans([], []) == []


@pytest.mark.slow
@pytest.mark.shared_data
def test_most_spans_of_the_published_corpus_are_projected(dev_data):
    folder = dev_data / "codiesp"
    if not folder.is_dir():
        pytest.skip("CodiEsp is not among the development data")
    evidence = spanish_evidence(folder, "dev")
    english = [example.encounter.notes[0].text for example in load_codiesp(folder, "dev")]
    rows = project_spans(evidence, english)
    assert sum(map(len, rows)) >= 0.7 * sum(len(text.spans) for text in evidence)
    fever = [
        english[i][span.start : span.end].lower() for i, row in enumerate(rows) for span in row if span.code == "R50.9"
    ]
    assert sum(bool(re.search("fever|febrile|temperature", words)) for words in fever) >= 0.95 * len(fever)
