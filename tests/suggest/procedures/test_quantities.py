"""Sizes, counts, times and doses, as notes write them."""

from __future__ import annotations

import pytest

from suggest.procedures.quantities import quantities


@pytest.mark.parametrize(
    ("text", "kind", "values"),
    [
        ("3.2 cm laceration", "length", [3.2]),
        ("4 mm nodule", "length", [0.4]),
        ("a 2 inch wound", "length", [5.08]),
        ("lesion 1.4 x 1.2 cm", "length", [1.4]),
        ("ulcer 2 x 3 cm", "area", [6.0]),
        ("graft of 25 sq cm", "area", [25.0]),
        ("debrided 18 cm2", "area", [18.0]),
        ("53 min", "minutes", [53]),
        ("1 hour 15 min of critical care", "minutes", [75]),
        ("from 10:05 to 10:50", "minutes", [45]),
        ("0935-1140 oxaliplatin", "minutes", [125]),
        ("11:50-12:20 pm", "minutes", [30]),
        ("2 views", "views", [2]),
        ("PA and lateral", "views", [2]),
        ("AP/lat/obl", "views", [3]),
        ("cryo to 12 AKs", "count", [12]),
        ("three lesions", "count", [3]),
        ("callus x3", "count", [3]),
        ("nails 1-10 debrided", "count", [10]),
        ("L4-5 interspace", "count", [1]),
        ("fusion L3-S1", "count", [3]),
        ("fusion C5-C7", "count", [2]),
        ("Kenalog 40 mg", "dose", [40]),
        ("2.4 million units", "dose", [2_400_000]),
        ("1 g ceftriaxone", "dose", [1]),
        ("40 mg / 1 mL, 1 % lidocaine", "dose", [40, 1]),
        ("aflibercept 2 mg/0.05 mL", "dose", [2, 0.05]),
    ],
)
def test_a_quantity_is_read(text: str, kind: str, values: list[float]) -> None:
    assert [round(q.value, 2) for q in quantities(text) if q.kind == kind] == values


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("LN2 x 2 cycles", "count"),
        ("4-0 nylon x5", "count"),
        ("ibuprofen x 5 days", "count"),
        ("BP 120/80", "count"),
        ("wt 81 kg", "dose"),
        ("5 mg/kg/d", "dose"),
        ("T12 fracture", "count"),
        ("25:70-26:90", "minutes"),
    ],
)
def test_what_is_no_such_quantity(text: str, kind: str) -> None:
    assert not [q for q in quantities(text) if q.kind == kind]


def test_offsets_hold_the_words() -> None:
    text = "Excised diameter 2.4 cm, closed."
    found = next(q for q in quantities(text) if q.kind == "length")
    assert text[found.start : found.end] == "2.4 cm"


def test_quantities_stand_in_the_order_of_the_text() -> None:
    found = quantities("40 mg in 5 min, 3 cm, two views")
    assert [q.start for q in found] == sorted(q.start for q in found)
