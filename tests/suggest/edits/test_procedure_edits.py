"""Edits of procedures that need no imported table: for each, claims that it reports and claims that it lets pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from written_claims import claim

from suggest.code_sets.editions import Edition
from suggest.code_sets.services import ServiceSet, read_starter
from suggest.edits.coded import CodedLine, CodedSet
from suggest.edits.ncci import NCCI_EDITS
from suggest.edits.procedures import PROCEDURE_EDITS
from suggest.edits.tables import EditTables
from suggest.procedures.terms import Catalogue
from suggest.records import Claim, Code, Encounter, Finding, Setting, System


@pytest.fixture(scope="module")
def tables(index):
    return EditTables(index=index, catalogue=Catalogue(tuple(read_starter(s) for s in (System.CPT, System.HCPCS))))


EDITS = {edit.__name__.replace("_", "-"): edit for edit in PROCEDURE_EDITS}
STAY = {"claim": Claim.FACILITY, "setting": Setting.INPATIENT}
FACILITY = {"claim": Claim.FACILITY, "setting": Setting.OUTPATIENT}
REMOTE = {"setting": Setting.TELEHEALTH}
HOSPITAL = {"setting": Setting.PROFESSIONAL_INPATIENT}
DAYS = {**HOSPITAL, "admission": date(2026, 3, 1), "discharge": date(2026, 3, 4)}

# Edit: (claims with severity and codes of the finding, claims that pass). Either may have an encounter.
CASES = {
    "procedure-not-live": (
        [
            ("A9999", "info A9999", {}),
            ("99201", "info 99201", {}),
            ("99371", "info 99371", {}),
            ("D0120", "info D0120", {}),
            ("99241", "info 99241", {}),
        ],
        [("99213", {}), ("J1885", {}), ("45378", {"date_of_service": None}), ("E11.9", {}), ("20610-RT", FACILITY)],
    ),
    "code-set-of-claim": (
        [
            ("0SRC0J9", "error 0SRC0J9", {}),
            ("0SRC0J9", "error 0SRC0J9", FACILITY),
            ("0SRC0J9", "error 0SRC0J9", HOSPITAL),
            ("27447-RT", "error 27447", STAY),
            ("99223", "error 99223", STAY),
            ("J1885", "warning J1885", STAY),
        ],
        [
            ("0SRC0J9", STAY),
            ("27447", {}),
            ("27447", FACILITY),
            ("J7192", STAY),
            ("J1885", FACILITY),
            ("99223", HOSPITAL),
        ],
    ),
    "telehealth": (
        [
            ("20610-95", "warning 20610", REMOTE),
            ("20610", "warning 20610", REMOTE),
            ("90471", "warning 90471", REMOTE),
            ("71046-GT", "warning 71046", {}),
            ("99213-95", "warning 99213", {}),
            ("99213-93", "warning 99213", {}),
            ("99213", "info 99213", REMOTE),
        ],
        [
            ("99213-95", REMOTE),
            ("99213-93", REMOTE),
            ("90834-95", REMOTE),
            ("80053", REMOTE),
            ("99213", {}),
            ("99231-G0", HOSPITAL),
            ("98016", REMOTE),
        ],
    ),
    "procedure-without-diagnosis": (
        [
            ("99213 20610", "error 20610 99213", {}),
            ("M17.11 99213@2", "error 99213", {}),
            ("M17.11 99213@1,3", "error 99213", {}),
            ("M17.11 99213@1 20610", "error 20610", {}),
            ("M17.11 99213@0 20610@1", "error 99213", {}),
            ("S82.001A W10.8XXA 99283@2", "warning 99283", {}),
        ],
        [
            ("M17.11 99213@1", {}),
            ("M17.11 99213 20610", {}),  # not pointed yet
            ("S82.001A W10.8XXA 99283@1,2", {}),
            ("99283", FACILITY),
            ("M17.11", {}),
            ("M17.11 E11.9 99213@2,1 20610@1", {}),
        ],
    ),
    "screening-diagnosis": (
        [
            ("N63.10 77067@1", "warning 77067", {}),
            ("R10.9 99396", "warning 99396", {}),
            ("I10 G0439@1", "warning G0439", {}),
            ("K62.5 G0121@1", "warning G0121", {}),
            ("R05.9 71271", "warning 71271", {}),
            ("Z00.00 R10.9 99396@2", "warning 99396", {}),
            ("R31.9 G0103", "warning G0103", {}),
        ],
        [
            ("Z12.31 77067@1", {}),
            ("Z00.00 R10.9 99396@1,2", {}),
            ("Z00.121 99392", {}),
            ("F17.210 71271", {}),
            ("Z86.010 G0105", {}),
            ("I10 99213", {}),
            ("77067", {}),
        ],
    ),
    "repeated-procedure": (
        [
            ("29881 29881", "warning 29881", {}),
            ("71046 71046", "warning 71046", {}),
            ("11042-51 11042-51", "warning 11042", {}),
            ("93000 93000 93000", "warning 93000", {}),
            ("80053 80053-QW", "warning 80053", {}),
        ],
        [
            ("29881-RT 29881-LT", {}),
            ("71046 71046-76", {}),
            ("93000 93000-77", {}),
            ("82947 82947-91", {}),
            ("J1885 J1885-JW", {}),
            ("11042 11042-59", {}),
            ("29881 29880", {}),
        ],
    ),
    "visit-with-procedure": (
        [
            ("99213 20610-RT", "warning 99213 20610", {}),
            ("99213 12001", "warning 99213 12001", {}),
            ("99284 27447-RT", "warning 99284 27447", {}),
            ("99284-25 27447-RT", "warning 99284 27447", {}),
            ("99213-57 20610-RT", "warning 99213 20610", {}),
            ("99396 11102", "warning 99396 11102", {}),
            ("99213 90471", "warning 99213 90471", {}),
            ("99213 96372", "warning 99213 96372", {}),
            ("99284 27447-RT", "warning 99284 27447", FACILITY),
            ("92014 65222-RT", "warning 92014 65222", {}),
        ],
        [
            ("99213-25 20610-RT", {}),
            ("99284-57 27447-RT", {}),
            ("99284-25 27447-RT", FACILITY),
            ("99213 80053", {}),
            ("99213 71046", {}),
            ("99213-24 20610", {}),
            ("99231 27447-55", {}),
            ("99231 27447-80", {}),
            ("99213 90714", {}),
            ("20610", {}),
        ],
    ),
    "visit-with-preventive": (
        [
            ("99396 99213", "warning 99213 99396", {}),
            ("99385 99203", "warning 99203 99385", {}),
            ("G0439 99214", "warning 99214 G0439", {}),
            ("99392-25 99212", "warning 99212 99392", {}),
            ("G0402 99203-59", "warning 99203 G0402", {}),
        ],
        [
            ("99396 99213-25", {}),
            ("G0439 99214-25", {}),
            ("99396", {}),
            ("99213", {}),
            ("G0439 99396", {}),
            ("99396 90471", {}),
        ],
    ),
    "new-and-established": (
        [
            ("99203 99213", "error 99203 99213", {}),
            ("99385 99395", "error 99385 99395", {}),
            ("99203 99395", "error 99203 99395", {}),
            ("92004 99213-25", "error 92004 99213", {}),
            ("99341 99348", "error 99341 99348", {}),
        ],
        [
            ("99385 99213-25", {}),  # after the checkup the patient is established
            ("99385 99203-25", {}),
            ("99213 99395", {}),
            ("99203", {}),
            ("99223 99213", {}),
            ("99203 20610", {}),
        ],
    ),
    "visits-of-one-category": (
        [
            ("99213 99214", "warning 99213 99214", {}),
            ("99213*2", "warning 99213", {}),
            ("99283 99284", "warning 99283 99284", {}),
            ("99223 99231", "warning 99223 99231", HOSPITAL),
            ("99223 99239", "warning 99223 99239", HOSPITAL),
            ("G0438 G0439", "warning G0438 G0439", {}),
            ("99291*2", "warning 99291", {}),
        ],
        [
            ("99213 99214-25", {}),
            ("99283 99284-27", FACILITY),
            ("99231*2 99232", DAYS),
            ("99291 99292*3", {}),
            ("99213", {}),
            ("99203 99213", {}),  # another edit's
            ("99284 99223", {}),
        ],
    ),
    "unknown-modifier": (
        [
            ("99213-ZZ", "warning 99213", {}),
            ("99213-1", "error 99213", {}),
            ("20610-RTX", "error 20610", {}),
            ("J1885-4Z", "warning J1885", {}),
            ("0SRC0J9-RT", "error 0SRC0J9", STAY),
        ],
        [("99213-25", {}), ("20610-rt", {}), ("J1885-JZ", {}), ("00142-AA-P3", {}), ("99213", {}), ("0SRC0J9", STAY)],
    ),
    "modifier-not-applicable": (
        [
            ("20610-25", "warning 20610", {}),
            ("99213-59", "warning 99213", {}),
            ("99213-RT", "warning 99213", {}),
            ("20610-F5", "warning 20610", {}),
            ("27447-LD", "warning 27447", {}),
            ("99213-P3", "warning 99213", {}),
            ("71046-E1", "warning 71046", {}),
            ("20610-Q8", "warning 20610", {}),
        ],
        [
            ("99213-25", {}),
            ("20610-RT", {}),
            ("26055-F7", {}),
            ("92928-LD", {}),
            ("11721-59-Q7", {}),
            ("00142-AA-P3", {}),
            ("45385-PT", {}),
            ("27447-22-80", {}),
            ("J0178-RT", {}),
            ("L1833-LT", {}),
            ("92014-25", {}),
        ],
    ),
    "modifier-conflict": (
        [
            ("71046-26-TC", "warning 71046", {}),
            ("20610-59-XS", "warning 20610", {}),
            ("45378-52-53", "warning 45378", {}),
            ("92928-LD-RC", "warning 92928", {}),
            ("J1885-JW-JZ", "warning J1885", {}),
            ("20610-59-59", "warning 20610", {}),
            ("20610-RT-59-51-22-79", "warning 20610", {}),
            ("99213-93-95", "warning 99213", REMOTE),
        ],
        [("20610-RT-59", {}), ("93458-26-59", {}), ("99213-25-95", REMOTE), ("J1885-JZ", {}), ("00142-AA-QS-P3", {})],
    ),
    "waived-test": (
        [
            ("99213-QW", "warning 99213", {}),
            ("71046-QW", "warning 71046", {}),
            ("81002-QW", "warning 81002", {}),
            ("82270-QW", "warning 82270", {}),
            ("36415-QW", "warning 36415", {}),
        ],
        [("87880-QW", {}), ("81003-QW", {}), ("81002", {}), ("83036-QW", {}), ("85018-QW", {})],
    ),
    "professional-technical-part": (
        [
            ("99213-26", "warning 99213", {}),
            ("20610-26", "warning 20610", {}),
            ("93010-26", "warning 93010", {}),
            ("36415-TC", "warning 36415", {}),
            ("71046-26", "warning 71046", FACILITY),
            ("71046-TC", "warning 71046", FACILITY),
        ],
        [
            ("71046-26", {}),
            ("71046-TC", {}),
            ("93458-26-59", {}),
            ("76937-26", {}),
            ("71046", FACILITY),
            ("95810-26", {}),
        ],
    ),
    "bilateral-procedure": (
        [
            ("20610-50-RT", "error 20610", {}),
            ("99213-50", "warning 99213", {}),
            ("45378-50", "warning 45378", {}),
            ("20610-50*2", "warning 20610", {}),
            ("20610-LT-RT", "warning 20610", {}),
            ("20610-50 20610-LT", "error 20610", {}),
            ("20610-LT 20610-RT", "info 20610", {}),
        ],
        [("20610-50", {}), ("20610-RT", {}), ("20610-RT 20605-LT", {}), ("20610-RT*2", {}), ("45378", {})],
    ),
    "side-of-diagnosis": (
        [
            ("M17.11 20610-LT@1", "warning 20610 M17.11", {}),
            ("M17.12 20610-RT", "warning 20610 M17.12", {}),
            ("M17.12 I10 27447-RT@1", "warning 27447 M17.12", {}),
            ("S61.210A 26055-F2@1", "warning 26055 S61.210A", {}),
            ("H26.9 H25.11 66984-LT@2", "warning 66984 H25.11", {}),
            ("M65.331 26055-F2@1", "warning 26055 M65.331", {}),
        ],
        [
            ("M17.11 20610-RT@1", {}),
            ("M17.0 20610-RT@1", {}),
            ("M17.11 M17.12 20610-LT@1,2", {}),
            ("M17.12 I10 20610-RT", {}),  # I10 may justify it
            ("M17.11 20610-50@1", {}),
            ("I50.1 36556-RT@1", {}),  # the left ventricle is no side
            ("G81.91 61312-LT@1", {}),  # a palsy lies on the other side
            ("Z89.511 27447-LT", {}),
        ],
    ),
}


def test_every_edit_has_five_claims_of_each_kind():
    assert EDITS.keys() == CASES.keys()
    for reported, passed in CASES.values():
        assert len(reported) >= 5
        assert len(passed) >= 5


@pytest.mark.parametrize(
    ("name", "text", "expected", "encounter"),
    [(name, *case) for name, (reported, _) in CASES.items() for case in reported],
)
def test_claims_that_are_reported(tables, name, text, expected, encounter):
    severity, *codes = expected.split()
    findings = list(EDITS[name](claim(text, **encounter), tables))
    assert [(finding.severity.value, finding.codes) for finding in findings] == [(severity, tuple(codes))]
    assert findings[0].edit == name
    assert findings[0].message
    assert findings[0].remedy
    assert findings[0].source


@pytest.mark.parametrize(
    ("name", "text", "encounter"),
    [(name, *case) for name, (_, passed) in CASES.items() for case in passed],
)
def test_claims_that_pass(tables, name, text, encounter):
    assert list(EDITS[name](claim(text, **encounter), tables)) == []


def test_codes_of_an_imported_release_that_have_ended_or_not_begun(index):
    starter = read_starter(System.CPT)
    edition = Edition(System.CPT, "2026", date(2026, 1, 1), None, "AMA")
    codes = [
        replace(starter.get("99213"), ends=date(2025, 12, 31)),
        replace(starter.get("20610"), starts=date(2027, 1, 1)),
    ]
    tables = EditTables(index=index, catalogue=Catalogue((ServiceSet(edition, codes), read_starter(System.HCPCS))))
    findings = list(EDITS["procedure-not-live"](claim("99213 20610 27447"), tables))
    assert [(finding.severity.value, *finding.codes) for finding in findings] == [
        ("error", "20610"),
        ("error", "27447"),
        ("error", "99213"),
    ]
    assert not list(EDITS["procedure-not-live"](claim("99213", date_of_service=date(2025, 12, 31)), tables))


@pytest.mark.parametrize("code", ["1234X", "9921", "", "E11.9", "992133"])
def test_codes_of_impossible_shape(tables, code):
    coded = CodedSet(Encounter("e", ()), (CodedLine(Code(System.CPT, code)),))
    assert [finding.severity.value for finding in EDITS["procedure-not-live"](coded, tables)] == ["error"]


ALL = (*NCCI_EDITS, *PROCEDURE_EDITS)
WORDS = sorted(
    {word for reported, passed in CASES.values() for case in (*reported, *passed) for word in case[0].split()}
)


def run(coded: CodedSet, tables: EditTables) -> set[Finding]:
    return {finding for edit in ALL for finding in edit(coded, tables)}


@settings(max_examples=150, deadline=None)
@given(
    words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=60),
    encounter=st.sampled_from([{}, STAY, FACILITY, REMOTE, HOSPITAL, DAYS, {"date_of_service": None}]),
    data=st.data(),
)
def test_edits_never_raise_and_do_not_depend_on_the_order_of_procedures(tables, words, encounter, data):
    coded = claim(" ".join(words), **encounter)
    procedures = data.draw(st.permutations(coded.procedures))
    other = replace(coded, lines=(*coded.diagnoses, *procedures))
    findings = run(coded, tables)
    assert findings == run(other, tables)
    assert findings == run(coded, tables)


@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(
        st.tuples(
            st.sampled_from(System), st.text(max_size=8), st.lists(st.text(max_size=3), max_size=6),
            st.integers(-1, 10**9), st.lists(st.integers(-2, 70), max_size=5),
        ),
        min_size=1, max_size=20,
    ),
)  # fmt: skip
def test_edits_never_raise_on_nonsense(tables, lines):
    made = (CodedLine(Code(s, code), tuple(mods), units, None, tuple(at)) for s, code, mods, units, at in lines)
    run(CodedSet(Encounter("e", ()), tuple(made)), tables)


def test_the_order_of_lines_of_one_code_does_not_matter(tables):
    words = ["29881-RT", "29881-LT", "29877", "99213-25", "M17.11"]
    results = {frozenset(run(claim(" ".join(order)), tables)) for order in permutations(words)}
    assert len(results) == 1
