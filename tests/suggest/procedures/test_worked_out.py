"""Codes that are worked out from several statements: repairs added up, infusions in order, vaccines given."""

from __future__ import annotations

import pytest

from suggest.procedures.administration import administrations
from suggest.procedures.infusions import infusions
from suggest.procedures.repairs import repairs


@pytest.fixture(scope="module")
def read(procedure_suggester, chart):
    def make(text: str, **facts):
        encounter = chart(text, **facts)
        return encounter, procedure_suggester.read(encounter)

    return make


def units(found) -> dict[str, int]:
    return {service.code: service.units for service, _mention in found}


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("PROCEDURE: R forearm laceration 3 cm repaired with 4-0 nylon.", {"12002"}),
        ("PROCEDURE: L hand laceration 2 cm, nylon sutures.\nScalp laceration 2 cm, staples.", {"12002"}),
        (
            "PROCEDURE: chin laceration 2 cm closed with dermabond.\nArm laceration 2 cm repaired with nylon.",
            {"12001", "12011"},
        ),
        ("PROCEDURE: back wound 6 cm, layered closure.", {"12032"}),
        ("PROCEDURE: cheek wound 3 cm, layered closure.\nForehead 3 cm, layered closure.", {"12053"}),
        ("PROCEDURE: scalp 5 cm, staples.\nBack 4 cm, layered closure.", {"12002", "12032"}),
        ("EXAM: forearm laceration 3 cm.", set()),
        ("PLAN: forearm 3 cm will be repaired with nylon.", set()),
        ("PROCEDURE: punch biopsy 4 mm of the back, nylon sutures.", set()),
    ],
)
def test_repairs_add_up(read, services, text: str, codes: set[str]) -> None:
    _encounter, readings = read(text)
    assert {found.code for found, _mention in repairs(readings, services.catalogue)} == codes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0930-1030 paclitaxel 300 mg IV infusion", {"96413": 1}),
        ("0900-1215 paclitaxel 300 mg IV infusion", {"96413": 1, "96415": 2}),
        ("0900-1000 paclitaxel IV infusion\n1005-1105 carboplatin IV infusion", {"96413": 1, "96417": 1}),
        ("0900-1000 paclitaxel IV infusion\n0840 ondansetron 8 mg IV push", {"96413": 1, "96375": 1}),
        ("1010-1055 iron sucrose 200 mg IVPB", {"96365": 1}),
        ("Ondansetron 4 mg IV push given.", {"96374": 1}),
        ("Ondansetron 4 mg IV push given.\nDexamethasone 10 mg IV push given.", {"96374": 1, "96375": 1}),
        ("1000-1100 normal saline bolus, hydration, IV", {"96360": 1}),
    ],
)
def test_infusions_stand_in_order(read, services, text: str, expected: dict[str, int]) -> None:
    _encounter, readings = read(text)
    assert units(infusions(readings, services.catalogue)) == expected


@pytest.mark.parametrize("text", ["Takes ondansetron 4 mg PO.", "Vitamin B12 1000 mcg IM given."])
def test_what_goes_into_no_vein_is_no_infusion(read, services, text: str) -> None:
    _encounter, readings = read(text)
    assert infusions(readings, services.catalogue) == []


@pytest.mark.parametrize(
    ("text", "facts", "expected"),
    [
        ("Flu vaccine given IM.", {"age": 50}, {"90471": 1}),
        ("Flu vaccine given IM. Tdap given IM.", {"age": 50}, {"90471": 1, "90472": 1}),
        ("Flu vaccine given IM.", {"age": 70, "payer": "Medicare"}, {"G0008": 1}),
    ],
)
def test_vaccines_of_adults(read, services, text: str, facts: dict[str, object], expected: dict[str, int]) -> None:
    encounter, readings = read(text, **facts)
    assert units(administrations(encounter, readings, services.catalogue)) == expected


def test_components_count_where_a_parent_was_counselled(read, services) -> None:
    encounter, readings = read("MMR II given. Varivax given. Parent counseled on each vaccine.", age=1)
    found = administrations(encounter, readings, services.catalogue)
    counselled = {service.code: service.units for service, _ in found if service.quality == 1.0}
    assert counselled == {"90460": 2, "90461": 2}


def test_a_drug_into_the_muscle_has_an_injection(read, services) -> None:
    encounter, readings = read("Ceftriaxone 1 g IM given today.")
    assert units(administrations(encounter, readings, services.catalogue)) == {"96372": 1}
