"""Numbers of list items are told from numbers that belong to what is said."""

from __future__ import annotations

import pytest

from suggest.keys import token_keys
from suggest.list_numbers import list_numbers
from suggest.nlp import make_nlp, read

CASES = [
    ("1. DM2\n2. HTN\n3. CKD\n", "1 2 3"),
    ("4. CKD", "4"),
    ("  4) CKD", "4"),
    ("(4) CKD", "4"),
    ("- 4. CKD", "4"),
    ("#4 CKD", "4"),
    ("#4. CKD", "4"),
    ("4.CKD", "4"),
    ("4: CKD", "4"),
    ("4 - CKD", "4"),
    ("12. Burn of hand", "12"),
    ("1. 5 cm laceration", "1"),
    ("A/P: 1. DM2, A1c 8.9. 2. HTN at goal. 3. CKD stage 3a", "1 2 3"),
    ("A/P: 1) DM2 2) HTN 3) CKD", "1 2 3"),
    ("1. HTN, CKD 2. DM2", "1 2"),
    ("Impression: 1. CKD stage 2. 2. HTN", "1 2"),
    ("5 - 7 days of rest", ""),
    ("3. HTN\n\n4. CKD stage 4. Continue", "3 4"),
    # lines that were joined by commas
    ("Dx:,1.  CKD stage 3a.,2.  Gout, mild,3.  HTN", "1 2 3"),
    ("A/P: ,1. HTN.,Return in May", "1"),
    # numbers that belong to the words beside them
    ("CKD 4. Continue lisinopril", ""),
    ("CKD stage 4. Continue", ""),
    ("1. CKD stage 2. Continue", "1"),
    ("1. NYHA class 2. Stable", "1"),
    ("4.5 mg of it", ""),
    ("4 mg daily", ""),
    ("4 cm laceration", ""),
    ("120/80, pulse 72. Well", ""),
    ("Type 2. Diabetes", ""),
    ("DM 2. HTN 3. CKD 4. Gout", ""),
    ("A1c 8.9. Raise", ""),
    ("Day 1. Started heparin", ""),
    ("G2P1. Healthy", ""),
    ("2 days of cough", ""),
    ("1. Creatinine 1,2. Then", "1"),
    ("2026. In March", ""),
    ("", ""),
]


@pytest.mark.parametrize(("text", "numbers"), CASES)
def test_numbers_of_items_are_told_apart(text: str, numbers: str) -> None:
    found = []
    for offset in list_numbers(text):
        end = offset
        while end < len(text) and text[end].isdigit():
            end += 1
        found.append(text[offset:end])
    assert " ".join(found) == numbers


def test_a_number_of_an_item_is_no_word() -> None:
    nlp = make_nlp()
    with nlp.memory_zone():
        listed, staged = (token_keys(read(nlp, text)) for text in ("4. CKD", "CKD 4."))
        alone = token_keys(read(nlp, "CKD"))
    assert listed.keys.sum() == alone.keys.sum()
    assert staged.keys.sum() != alone.keys.sum()
    assert len(listed.content) == len(alone.content)


def test_a_long_line_of_numbers_takes_linear_time() -> None:
    text = "1. a " * 60_000
    assert len(list(list_numbers(text))) >= 1
