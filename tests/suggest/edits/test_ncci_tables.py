"""The tables of NCCI: layouts of CMS, what is refused, lookups by day, and what happens to a table in use."""

from __future__ import annotations

import gzip
import json
import time
import zipfile
from datetime import date

import numpy as np
import pytest

from suggest.code_sets.arrays import META
from suggest.edits.edit_tables_import import import_add_ons, import_pairs, import_units
from suggest.edits.ncci_tables import (
    Pair,
    Quarter,
    UnitLimit,
    open_add_ons,
    open_edit_tables,
    open_pairs,
    open_units,
    pack,
    table_folder,
    unpack,
)
from suggest.errors import CodeSetError
from suggest.records import Claim

TITLE = (
    "Column1/Column2 Edits\n"
    "CPT only copyright of the American Medical Association.  All rights reserved.\n"
    "\t\t* = in\t\tDeletion\tModifier\t\n"
    "\t\texistence\tEffective\tDate\t0=not allowed\t\n"
    "Column 1\tColumn 2\tprior to 1996\tDate\t*=no data\t1=allowed\tPTP Edit Rationale\n"
    "\t\t\t\t\t9=not applicable\t\n"
)
ROWS = (
    "29881\t29877\t\t20050101\t*\t1\tMore extensive procedure\n"
    "45385\t45378\t*\t19960101\t*\t0\tCPT Separate procedure definition\n"
    "11042\t97597\t\t20000605\t20191231\t1\tMisuse of Column Two code\n"
    "11042\t97597\t\t20200101\t*\t0\tMisuse of Column Two code\n"
    "10060\t99213\t\t20130701\t20130701\t9\tStandards\n"
)
NAME = "ccipra-v302r0-f{}.txt"
FLAT = "column1,column2,modifier,deleted,rationale\n"
MUE = (
    '"HCPCS/\nCPT Code","Practitioner Services MUE Values","MUE Adjudication Indicator","MUE Rationale"\n'
    '20610,2,"3 Date of Service Edit: Clinical","Clinical: Data"\n'
    '45378,1,"2 Date of Service Edit: Policy","Code Descriptor / CPT Instruction"\n'
    'J1885,8,"1 Line Edit","Prescribing Information"\n'
)
MUE_NAME = "MCR_MUE_PractitionerServices_Eff_07-01-2024.csv"
AOC = (
    "Primary_Code\tAdd-On_Code\tAOC_Edit_Type\tAOC_Edit_EffDt\tAOC_Edit_DelDt\n"
    "11042\t11045\t1\t20110101\t\n"
    "CCCCC\t15777\t2\t20120101\t\n"
    "20610\t20701\t3\t20190101\t20231231\n"
)
AOC_NAME = "AOC_V2024Q3-MCR.txt"


def write(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def parts(tmp_path):
    """Pairs in two parts, as CMS publishes them."""
    split = ROWS.splitlines(keepends=True)
    folder = tmp_path / "release"
    folder.mkdir()
    write(folder, NAME.format(1), TITLE + "".join(split[:2]))
    write(folder, NAME.format(2), TITLE + "".join(split[2:]))
    return folder


def pairs(home, codes, day=date(2024, 8, 1), claim=Claim.PROFESSIONAL):
    table = open_pairs(home)
    return table.of(claim).find(codes, day)


def test_packed_codes_sort_as_the_codes_do():
    codes = ["00100", "0001A", "0042T", "20610", "99999", "A0001", "G0008", "V5364"]
    packed = [pack(code) for code in codes]
    assert sorted(packed) == [pack(code) for code in sorted(codes)]
    assert [unpack(number) for number in packed] == codes
    assert [pack(code) for code in ("", "1234", "123456", "a0001", "E11.9", "99-13")] == [None] * 6


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("2024q1", (1, 1), (3, 31)),
        ("2024q2", (4, 1), (6, 30)),
        ("2024q3", (7, 1), (9, 30)),
        ("2024Q4", (10, 1), (12, 31)),
    ],
)
def test_quarters(name, first, last):
    quarter = Quarter.parse(name)
    assert (quarter.first, quarter.last) == (date(2024, *first), date(2024, *last))
    assert str(quarter) == name.lower()


@pytest.mark.parametrize("name", ["", "2024", "2024q5", "24q1", "2024-07"])
def test_what_is_no_quarter(name):
    assert Quarter.parse(name) is None


def test_pairs_as_cms_publishes_them(parts, tmp_path):
    imported = import_pairs([parts], tmp_path / "home")
    assert str(imported.info.quarter) == "2024q3"  # version 30.2
    assert (imported.claim, imported.info.rows, imported.info.codes, imported.never) == (Claim.PROFESSIONAL, 4, 6, 1)
    assert pairs(tmp_path / "home", ["29877", "29881", "99213", "10060"]) == [
        Pair("29881", "29877", 1, "More extensive procedure")
    ]
    table = open_pairs(tmp_path / "home")
    assert (table.edition, table.codes) == ("2024q3", 6)
    assert table.of(Claim.FACILITY) is None


@pytest.mark.parametrize(
    ("day", "indicator"),
    [
        (date(1999, 1, 1), None),
        (date(2000, 6, 4), None),
        (date(2000, 6, 5), 1),
        (date(2019, 12, 31), 1),
        (date(2020, 1, 1), 0),
        (None, 0),
    ],
)
def test_the_day_decides_which_row_of_a_pair_holds(parts, tmp_path, day, indicator):
    import_pairs([parts], tmp_path)
    found = [pair.indicator for pair in pairs(tmp_path, ["97597", "11042"], day)]
    assert found == ([] if indicator is None else [indicator])


def test_a_zip_file_and_two_paths(parts, tmp_path):
    archives = []
    for number in (1, 2):
        archive = tmp_path / f"medicare-ncci-2024-q3-practitioner-ptp-edits-f{number}.zip"
        with zipfile.ZipFile(archive, "w") as file:
            file.write(parts / NAME.format(number), NAME.format(number))
            file.writestr("ccipra-v302r0.xlsx", b"spreadsheet")
            file.writestr("readme.txt", "read me")
        archives.append(archive)
    assert import_pairs(archives, tmp_path / "home").info.rows == 4


def test_the_plain_layout_packed_with_gzip(tmp_path):
    path = tmp_path / "ncci-ptp-practitioner-2024q3.csv.gz"
    text = (
        f"{FLAT}29881,29877,1,9999-12-31,More extensive procedure\n"
        "11042,97597,1,2019-12-31,Misuse\n11042,97597,0,9999-12-31,Misuse\n"
    )
    path.write_bytes(gzip.compress(text.encode()))
    imported = import_pairs([path], tmp_path / "home")
    assert (imported.info.rows, imported.info.dated) == (3, False)
    # Without effective dates, a row begins where the one before it ends.
    found = [pairs(tmp_path / "home", ["11042", "97597"], day) for day in (date(2019, 12, 31), date(2020, 1, 1))]
    assert [[pair.indicator for pair in on_day] for on_day in found] == [[1], [0]]


def test_tables_for_both_kinds_of_claims_stand_beside_each_other(tmp_path):
    rows = f"{FLAT}29881,29877,1,9999-12-31,x\n"
    import_pairs([write(tmp_path, "practitioner-2024q3.csv", rows)], tmp_path)
    import_pairs([write(tmp_path, "hospital-2024q2.csv", rows.replace("29877", "29875"))], tmp_path)
    import_pairs([write(tmp_path, "table-2024q4.csv", rows)], tmp_path, claim=Claim.PROFESSIONAL)
    assert open_pairs(tmp_path).edition == "facility 2024q2, professional 2024q4"
    assert [pair.column2 for pair in pairs(tmp_path, ["29881", "29875", "29877"], claim=Claim.FACILITY)] == ["29875"]


@pytest.mark.parametrize(
    ("text", "where", "said"),
    [
        ("", "", "is empty"),
        ("some words\nand no table\n", ":2", "no row with codes"),
        ("29881\t29877\t\t20050101\t*\t1\tx\n", ":1", "do not name"),
        (FLAT, ":1", "no row with codes"),
        (f"{FLAT}29881,29877,1\n", ":2", "3 columns; expected 5"),
        (f"{FLAT}29881,29877,2,9999-12-31,x\n", ":2", "modifier indicator '2'"),
        (f"{FLAT}29881,2987,1,9999-12-31,x\n", ":2", "'2987' is no code"),
        (f"{FLAT}29881,29877,1,9999-12-31,x\nE11.9,29877,1,9999-12-31,x\n", ":3", "'E11.9' is no code"),
        (f"{FLAT}29881,29877,1,soon,x\n", ":2", "date 'soon'"),
        (f"{FLAT}29881,29881,1,9999-12-31,x\n", ":2", "expected two codes"),
        (f"{FLAT}29881,29877,9,2005-01-01,x\n", "", "no pair that was ever in force"),
        (
            f"{FLAT}29881,29877,1,,x\n10060,10061,1,,x\n29881,29877,0,,x\n",
            ":4",
            "another modifier indicator than in line 2",
        ),
        (f"{TITLE}2988\t2987\t\t20050101\t*\t1\tx\n29881\t29877\t\t20050101\t*\t1\tx\n", ":7", "'2988' is no code"),
        (f"{TITLE}29881\t29877\t\t20050101\t20041231\t1\tx\n", ":7", "a deletion date after"),
        (f"{TITLE}29881\t29877\t\t2005\t*\t1\tx\n", ":7", "date '2005'"),
        (
            f"{TITLE}29881\t29877\t\t20050101\t20101231\t1\tx\n29881\t29877\t\t20100101\t*\t0\tx\n",
            ":8",
            "another modifier indicator than in line 7",
        ),
    ],
)
def test_malformed_pairs_are_refused_and_the_table_in_use_stays(parts, tmp_path, text, where, said):
    import_pairs([parts], tmp_path)
    wrong = write(tmp_path, "practitioner-2024q4.csv", text)
    with pytest.raises(CodeSetError) as error:
        import_pairs([wrong], tmp_path)
    assert f"practitioner-2024q4.csv{where}" in str(error.value)
    assert said in str(error.value)
    assert open_pairs(tmp_path).edition == "2024q3"
    assert len(pairs(tmp_path, ["29881", "29877"])) == 1


def test_the_last_day_of_one_row_may_be_the_first_of_the_next(tmp_path):
    text = f"{TITLE}29881\t29877\t\t20050101\t20101231\t1\tx\n29881\t29877\t\t20101231\t*\t0\tx\n"
    import_pairs([write(tmp_path, "practitioner-2024q3.txt", text)], tmp_path)
    assert [pair.indicator for pair in pairs(tmp_path, ["29881", "29877"], date(2010, 12, 31))] == [0]


def test_a_part_without_the_others_is_refused(parts, tmp_path):
    for names in ([1], [2], [1, 1]):
        with pytest.raises(CodeSetError, match="name all its parts in one command"):
            import_pairs([parts / NAME.format(number) for number in names], tmp_path)


@pytest.mark.parametrize(
    ("name", "edition", "said"),
    [
        ("practitioner.csv", None, "state no quarter; name one: --edition 2024q3"),
        ("practitioner.csv", "2024", "expected a quarter such as 2024q3"),
        ("practitioner.csv", "1990q1", "expected a quarter such as 2024q3"),
        ("practitioner-2024q3.csv", "2024q4", "says that it is of 2024q3, not of 2024q4"),
        ("pairs-2024q3.csv", None, "--claim professional or --claim facility"),
    ],
)
def test_quarter_and_kind_must_be_clear(tmp_path, name, edition, said):
    with pytest.raises(CodeSetError, match=said.replace("(", r"\(")):
        import_pairs([write(tmp_path, name, f"{FLAT}29881,29877,1,,x\n")], tmp_path, edition=edition)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("pairs.xlsx", b"PK\x03\x04", "is a spreadsheet; save it as CSV"),
        ("pairs.csv.gz", b"no gzip", "is not a gzip file"),
        ("pairs.zip", b"PK\x03\x04 no zip", "is not a zip file"),
        ("pairs.csv", b"\x81\x00", "not a text file|neither UTF-8"),
    ],
)
def test_files_that_are_no_text(tmp_path, name, data, said):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(CodeSetError, match=said):
        import_pairs([path], tmp_path)


def test_units_as_cms_publishes_them(tmp_path):
    imported = import_units(write(tmp_path, MUE_NAME, MUE), tmp_path)
    assert (str(imported.info.quarter), imported.claim, imported.replaced) == ("2024q3", Claim.PROFESSIONAL, None)
    table = open_units(tmp_path).of(Claim.PROFESSIONAL)
    assert table.get("20610") == UnitLimit(2, 3, "Clinical: Data")
    assert table.get("J1885") == UnitLimit(8, 1, "Prescribing Information")
    assert [table.get(code) for code in ("20611", "ZZZZZ", "E11.9", "")] == [None] * 4
    again = import_units(write(tmp_path, MUE_NAME.replace("07-01", "10-01"), MUE), tmp_path)
    assert (again.info.quarter, again.replaced) == (Quarter(2024, 4), Quarter(2024, 3))


def test_units_in_the_plain_layout(tmp_path):
    text = "hcpcs_code,mue_units,mue_mai,mue_rationale,mue_service\n20610,4,3,Clinical: Data,Outpatient Hospital\n"
    imported = import_units(write(tmp_path, "mue.csv", text), tmp_path, edition="2024q3")
    assert imported.claim is Claim.FACILITY
    assert open_units(tmp_path).of(Claim.FACILITY).get("20610").units == 4


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("20610,2,", "2061,2,"), ":3: '2061' is no code"),
        (("20610,2,", "20610,two,"), "MUE value 'two' of 20610"),
        (('"3 Date', '"4 Date'), "adjudication indicator '4' of 20610"),
        (("45378,1,", "20610,1,"), "20610 is there twice"),
        (("MUE Adjudication Indicator", "Indicator"), "no column for adjudication indicator"),
        (("Practitioner Services MUE", "DME Supplier Services MUE"), "equipment suppliers"),
        ((',"Clinical: Data"', ""), "3 columns; expected 4"),
    ],
)
def test_malformed_units_are_refused(tmp_path, wrong, said):
    name = MUE_NAME.replace("Practitioner", "") if "Supplier" in wrong[1] else MUE_NAME
    with pytest.raises(CodeSetError, match=said):
        import_units(write(tmp_path, name, MUE.replace(*wrong)), tmp_path)
    assert open_units(tmp_path) is None


def test_add_ons_by_day(tmp_path):
    imported = import_add_ons(write(tmp_path, AOC_NAME, AOC), tmp_path)
    assert (imported.info.rows, imported.info.codes, imported.info.dated) == (3, 3, True)
    table = open_add_ons(tmp_path)
    assert table.get("11045", date(2024, 1, 1)).primaries == {"11042"}
    assert (table.get("15777", None).type, table.get("15777", None).primaries) == (2, frozenset())
    assert table.get("20701", date(2023, 12, 31)).type == 3
    assert table.get("20701", date(2024, 1, 1)) is None
    assert table.get("11042", None) is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("11042\t11045", "11042\t1104"), "expected a primary and an add-on code"),
        (("11045\t1", "11045\t4"), "type '4' of 11045"),
        (("AOC_Edit_Type", "AOC_Kind"), "no column for type"),
        (("20190101", "2019"), "date '2019'"),
        (("CCCCC\t15777\t2\t20120101", "11042\t11045\t2\t20110101"), "is there twice with different types"),
    ],
)
def test_malformed_add_ons_are_refused(tmp_path, wrong, said):
    with pytest.raises(CodeSetError, match=said):
        import_add_ons(write(tmp_path, AOC_NAME, AOC.replace(*wrong)), tmp_path)
    assert open_add_ons(tmp_path) is None


def test_nothing_imported(tmp_path):
    assert open_edit_tables(tmp_path) == (None, None, None)


@pytest.mark.parametrize("damage", ["missing array", "short array", "other type", "no meta", "other format", "cut off"])
def test_a_damaged_table_names_the_command_that_repairs_it(parts, tmp_path, damage):
    import_pairs([parts], tmp_path)
    folder = table_folder(tmp_path, "ncci", Claim.PROFESSIONAL)
    key = folder / "key.npy"
    if damage == "missing array":
        key.unlink()
    elif damage == "short array":
        np.save(key, np.load(key)[:-1])
    elif damage == "other type":
        np.save(key, np.load(key).astype(np.int32))
    elif damage == "no meta":
        (folder / META).unlink()
    elif damage == "other format":
        meta = json.loads((folder / META).read_text())
        (folder / META).write_text(json.dumps({**meta, "format": 99}))
    else:
        key.write_bytes(key.read_bytes()[:-4])
    with pytest.raises(CodeSetError, match="chartcoder codes import ncci FILE"):
        open_pairs(tmp_path)
    assert import_pairs([parts], tmp_path).replaced is None
    assert open_pairs(tmp_path) is not None


def test_a_table_covers_days(parts, tmp_path):
    info = import_pairs([parts], tmp_path).info
    assert info.covers(date(2010, 1, 1))
    assert info.covers(date(2024, 9, 30))
    assert info.covers(None)
    assert not info.covers(date(2024, 10, 1))
    units = import_units(write(tmp_path, MUE_NAME, MUE), tmp_path).info
    assert not units.covers(date(2024, 6, 30))


@pytest.mark.shared_data
@pytest.mark.slow
def test_the_tables_of_a_real_quarter(dev_data, tmp_path):
    folder = dev_data / "terminology"
    if not (folder / "ncci-ptp-practitioner-2024q3.csv.gz").exists():
        pytest.skip("the tables of NCCI are not among the development data")
    started = time.perf_counter()
    imported = import_pairs([folder / "ncci-ptp-practitioner-2024q3.csv.gz"], tmp_path)
    assert time.perf_counter() - started < 60
    assert (imported.info.rows + imported.never, imported.info.codes) == (2_546_017, 12_960)
    for name in ("practitioner", "outpatient"):
        import_units(folder / f"ncci-mue-{name}.csv.gz", tmp_path, edition="2024q3")
    import_add_ons(folder / "ncci-add-on-codes.csv.gz", tmp_path, edition="2024q3")
    ncci, mue, add_ons = open_edit_tables(tmp_path)
    assert {(pair.column1, pair.column2, pair.indicator) for pair in ncci.of(Claim.PROFESSIONAL).find(
        ["45385", "45378", "99213", "20610"], date(2024, 8, 1)
    )} == {("45385", "45378", 0), ("45385", "99213", 1), ("45378", "99213", 1), ("20610", "99213", 1)}  # fmt: skip
    assert mue.of(Claim.PROFESSIONAL).get("20610").units == mue.of(Claim.FACILITY).get("20610").units == 2
    assert add_ons.get("11045", None).primaries == {"11042"}
