"""Edits of NCCI on hand-made tables, and the project's own table where none is imported."""

from __future__ import annotations

import re
from datetime import date

import pytest
from written_claims import claim

from suggest.code_sets.services import read_starter
from suggest.edits.edit_tables_import import import_add_ons, import_pairs, import_units
from suggest.edits.ncci import add_on_without_primary, edit_table_quarter, mue_units, ncci_pair
from suggest.edits.ncci_tables import open_edit_tables
from suggest.edits.tables import EditTables
from suggest.procedures.terms import Catalogue
from suggest.records import Claim, Setting, System

PAIRS = """column1,column2,modifier,deleted,rationale
45385,45378,0,9999-12-31,CPT Separate procedure definition
29881,29877,1,9999-12-31,More extensive procedure
29881,20610,1,9999-12-31,Standards of medical/surgical practice
11042,97597,1,2024-12-31,Misuse of Column Two code with Column One code
20610,99213,1,9999-12-31,Standards of medical/surgical practice
96372,99213,1,9999-12-31,CPT Manual or CMS manual coding instruction
99214,G0444,1,9999-12-31,CPT Manual or CMS manual coding instruction
99214,99497,0,9999-12-31,CPT Manual or CMS manual coding instruction
92928,93458,1,9999-12-31,Standards of medical/surgical practice
17000,11102,9,2019-01-01,Misuse of Column Two code with Column One code
"""
UNITS = """hcpcs_code,mue_units,mue_mai,mue_rationale,mue_service
20610,2,3,Clinical: Data,Practitioner
45378,1,2,Code Descriptor / CPT Instruction,Practitioner
99232,1,2,CMS Policy,Practitioner
J1885,8,1,Prescribing Information,Practitioner
99396,0,2,CMS Policy,Practitioner
"""
ADD_ONS = """primary_code,add_on_code,aoc_edit_type
11042,11045,1
CCCCC,15777,2
20610,20701,3
99213,99417,1
99215,99417,1
"""


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue(tuple(read_starter(system) for system in (System.CPT, System.HCPCS)))


@pytest.fixture(scope="module")
def bare(index, catalogue):
    """Without imported tables."""
    return EditTables(index=index, catalogue=catalogue)


@pytest.fixture(scope="module")
def tables(index, catalogue, tmp_path_factory):
    home = tmp_path_factory.mktemp("edit-tables")
    for name, text in (("practitioner.csv", PAIRS), ("mue.csv", UNITS), ("aoc.csv", ADD_ONS)):
        (home / name).write_text(text)
    import_pairs([home / "practitioner.csv"], home, edition="2026q1")
    import_units(home / "mue.csv", home, edition="2026q1")
    import_add_ons(home / "aoc.csv", home, edition="2026q1")
    ncci, mue, add_ons = open_edit_tables(home)
    return EditTables(index=index, catalogue=catalogue, ncci=ncci, mue=mue, add_ons=add_ons)


def found(edit, coded, tables):
    return [(finding.severity.value, *finding.codes) for finding in edit(coded, tables)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("45385 45378", ("error", "45385", "45378")),
        ("45378-59 45385", ("error", "45385", "45378")),
        ("29881 29877", ("warning", "29881", "29877")),
        ("29881-RT 29877", ("warning", "29881", "29877")),
        ("29881-RT 29877-RT", ("warning", "29881", "29877")),  # the same knee
        ("29881-RT 29877-LT 29877", ("warning", "29881", "29877")),
        ("29881-51 29877-51", ("warning", "29881", "29877")),
        ("96372 99213", ("warning", "96372", "99213")),
        ("99214-25 99497", ("error", "99214", "99497")),
        ("99214 G0444", ("warning", "99214", "G0444")),
    ],
)
def test_pairs_that_are_reported(tables, text, expected):
    coded = claim(text)
    assert found(ncci_pair, coded, tables) == [expected]
    (finding,) = ncci_pair(coded, tables)
    assert finding.edition == "2026q1"
    assert finding.remedy


@pytest.mark.parametrize(
    ("text", "encounter"),
    [
        ("29881-RT 29877-LT", {}),
        ("29881-RT 29877-RT-59", {}),
        ("29881-59 29877", {}),  # on either line
        ("29881 29877-XS", {}),
        ("96372 99213-25", {}),
        ("99214-25 G0444", {}),
        ("20610-RT 99213", {}),  # the edit visit-with-procedure says more
        ("92928-LD 93458-26-59", {}),
        ("17000 11102", {}),  # never in force
        ("11042 97597", {"date_of_service": date(2025, 1, 1)}),  # deleted
        ("29881 45378", {}),
        ("29881", {}),
        ("M17.11", {}),
        ("45385 45378", {"claim": Claim.FACILITY, "setting": Setting.INPATIENT}),
    ],
)
def test_pairs_that_are_not(tables, text, encounter):
    assert found(ncci_pair, claim(text, **encounter), tables) == []


def test_a_pair_holds_until_it_is_deleted(tables):
    assert found(ncci_pair, claim("11042 97597", date_of_service=date(2024, 12, 31)), tables) == [
        ("warning", "11042", "97597")
    ]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("43239 43235", ("43239", "43235")),  # an endoscopy contains the looking
        ("29875 29870", ("29875", "29870")),
        ("29875-RT 29870-RT", ("29875", "29870")),
        ("24535 24530", ("24535", "24530")),
        ("71045 71046", ("71045", "71046")),  # one view, two views
        ("74177 74176", ("74176", "74177")),
        ("12001 12002", ("12001", "12002")),
    ],
)
def test_the_project_table_takes_the_place_of_missing_pairs(bare, text, codes):
    findings = list(ncci_pair(claim(text), bare))
    assert [(finding.severity.value, finding.codes) for finding in findings] == [("warning", codes)]
    assert findings[0].source == "project table (services)"


@pytest.mark.parametrize(
    "text",
    [
        "43239 43235-59",
        "29875-RT 29870-LT",
        "12001 12002-59",
        "29827-RT 29824-RT",  # of one family, and done together
        "J1885 J1100",
        "45378",
        "99213 20610-RT",
        "99213 99214",  # the edit visits-of-one-category
    ],
)
def test_what_the_project_table_lets_pass(bare, text):
    assert found(ncci_pair, claim(text), bare) == []


@pytest.mark.parametrize(
    ("text", "encounter", "expected"),
    [
        ("20610*3", {}, ("warning", "20610")),
        ("20610-RT*2 20610-LT*1", {}, ("warning", "20610")),
        ("45378*2", {}, ("error", "45378")),
        ("45378 45378-59", {}, ("error", "45378")),
        ("J1885*9", {}, ("warning", "J1885")),
        ("99232*2", {}, ("error", "99232")),
        ("99232*4", {"admission": date(2026, 3, 1), "discharge": date(2026, 3, 3)}, ("error", "99232")),
        ("99396", {}, ("info", "99396")),
        ("99396", {"payer": "medicare-b"}, ("warning", "99396")),
    ],
)
def test_too_many_units(tables, text, encounter, expected):
    assert found(mue_units, claim(text, **encounter), tables) == [expected]


@pytest.mark.parametrize(
    ("text", "encounter"),
    [
        ("20610*2", {}),
        ("20610-RT 20610-LT", {}),
        ("J1885*8 J1885*8", {}),  # a limit of lines
        ("99232*3", {"admission": date(2026, 3, 1), "discharge": date(2026, 3, 3)}),
        ("99232*3", {"admission": date(2026, 3, 1), "setting": Setting.PROFESSIONAL_INPATIENT}),  # days not known
        ("29881*5", {}),  # no limit in the table
        ("20610*9", {"claim": Claim.FACILITY}),  # no table for facilities
    ],
)
def test_units_within_limits(tables, text, encounter):
    assert found(mue_units, claim(text, **encounter), tables) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("11045", ("error", "11045")),
        ("11045 11043", ("error", "11045")),
        ("15777", ("error", "15777")),
        ("20701", ("error", "20701")),
        ("20701 29881", ("warning", "20701")),
        ("99417 99213-25 11045", ("error", "11045")),
        ("99417 99203", ("error", "99417")),
        ("64494", ("warning", "64494")),  # the project's table: the imported one lacks it
    ],
)
def test_add_on_codes_without_a_primary(tables, text, expected):
    assert found(add_on_without_primary, claim(text), tables) == [expected]


@pytest.mark.parametrize(
    ("text", "encounter"),
    [
        ("11042 11045", {}),
        ("15777 29881", {}),
        ("20610 20701", {}),
        ("99215 99417", {}),
        ("64493 64494", {}),
        ("11042", {}),
        ("11045", {"claim": Claim.FACILITY, "setting": Setting.INPATIENT}),
    ],
)
def test_add_on_codes_with_a_primary(tables, text, encounter):
    assert found(add_on_without_primary, claim(text, **encounter), tables) == []


@pytest.mark.parametrize("text", ["11045", "99292", "64494-RT", "22614", "90461"])
def test_without_a_table_the_catalogue_knows_add_ons(bare, text):
    (finding,) = add_on_without_primary(claim(text), bare)
    assert (finding.severity.value, finding.source) == ("warning", "project table (services)")


@pytest.mark.parametrize("text", ["11045 11042", "99292 99291", "64494 64493", "90461 90460", "20610"])
def test_without_a_table_any_primary_will_do(bare, text):
    assert found(add_on_without_primary, claim(text), bare) == []


@pytest.mark.parametrize(
    ("encounter", "names"),
    [
        ({"date_of_service": date(2026, 4, 1)}, ["add-on", "mue", "ncci"]),
        ({"date_of_service": date(2025, 12, 31)}, ["add-on", "mue", "ncci"]),
        ({"date_of_service": date(2020, 1, 1)}, ["add-on", "mue", "ncci"]),
        ({"date_of_service": date(2027, 1, 1)}, ["add-on", "mue", "ncci"]),
        ({"claim": Claim.FACILITY}, ["mue", "ncci"]),
    ],
)
def test_tables_of_another_quarter_or_kind_are_named(tables, encounter, names):
    (finding,) = edit_table_quarter(claim("20610", **encounter), tables)
    assert finding.severity.value == "info"
    commands = re.findall(r"chartcoder codes import ([\w-]+) FILE", finding.remedy)
    assert sorted(commands) == names


@pytest.mark.parametrize(
    ("text", "encounter"),
    [
        ("20610", {}),
        ("20610", {"date_of_service": date(2026, 1, 1)}),
        ("20610", {"date_of_service": date(2026, 3, 31)}),
        ("20610", {"date_of_service": None}),
        ("M17.11", {"date_of_service": date(2030, 1, 1)}),
        ("0SRC0J9", {"claim": Claim.FACILITY, "setting": Setting.INPATIENT}),
    ],
)
def test_tables_that_fit_the_day(tables, text, encounter):
    assert found(edit_table_quarter, claim(text, **encounter), tables) == []
