"""The code sets of services: the tables that ship, their grammar, look-up, search, and dates."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import date

import pytest

from suggest.code_sets import services as services_module
from suggest.code_sets.editions import Edition
from suggest.code_sets.service_table import COLUMNS, SHAPES, has_table, parse_modifiers, parse_services
from suggest.code_sets.service_terms import dose_of, in_notes, section_of, terms_of
from suggest.code_sets.services import ServiceCode, ServiceModifier, ServiceSet, check_live, open_services, read_starter
from suggest.errors import ResourceError
from suggest.keys import content_words
from suggest.records import System
from suggest.words import normalise

SYSTEMS = (System.CPT, System.HCPCS)
HEADER = "#" + "\t".join(COLUMNS) + "\n"
LOOK = "45378\tlook through the colon\tdigestive\t000\t\tscope\tdefault\t\t\tcolonoscopy|diagnostic colonoscopy"
BITE = "45380\tcolonoscopy with bites\tdigestive\t000\t\tscope\tany:biopsy|bx\t\t45378\tcolonoscopy|colon biopsy"
FIRST = 2
"""Line of the first row of a table."""


def table(*rows: str) -> str:
    return HEADER + "".join(row + "\n" for row in rows)


def row(**changes: str) -> str:
    fields = {
        "code": "J1885",
        "label": "ketorolac shot",
        "section": "drug",
        "global": "XXX",
        "flags": "",
        "family": "",
        "asks": "",
        "unit": "dose 15 mg",
        "includes": "",
        "terms": "ketorolac|Toradol",
    }
    return "\t".join((fields | changes)[column] for column in COLUMNS)


def edition(name: str = "2026", system: System = System.CPT) -> Edition:
    return Edition(system, name, date(2026, 1, 1), None, "test")


def small() -> ServiceSet:
    return ServiceSet(edition(), parse_services(table(LOOK, BITE), "t.tsv", System.CPT))


def test_a_row_becomes_a_code():
    assert parse_services(
        table(row(flags="addon clia", includes="99213", asks="default; not:PO")), "t", System.HCPCS
    ) == (
        ServiceCode(
            code="J1885",
            label="ketorolac shot",
            system=System.HCPCS,
            section="drug",
            global_days="XXX",
            flags=frozenset({"addon", "clia"}),
            asks="default; not:PO",
            unit="dose 15 mg",
            includes=("99213",),
            terms=("ketorolac", "Toradol"),
            source="starter",
        ),
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"code": "1885"}, "code '1885' has not the shape of a code of HCPCS"),
        ({"code": "99213"}, "has not the shape"),
        ({"label": ""}, "the label is empty"),
        ({"section": "pills"}, "section 'pills'; expected one of anesthesia"),
        ({"global": "30"}, "global period '30'"),
        ({"flags": "sided left"}, "flags left; expected some of"),
        ({"family": "Joint Shots"}, "family 'Joint Shots'"),
        ({"asks": "size:<=2"}, "asks 'size:<=2'; expected default or one of"),
        ({"asks": "length:two"}, "asks 'length:two': the value"),
        ({"asks": "default;"}, "asks ''"),
        ({"asks": "contrast:maybe"}, "asks 'contrast:maybe'"),
        ({"asks": "any:"}, "asks 'any:'"),
        ({"unit": "dose 15 pills"}, "unit 'dose 15 pills'; expected count, extra N"),
        ({"unit": "min"}, "unit 'min'"),
        ({"includes": "J1885"}, "J1885 includes itself"),
        ({"includes": "J9999"}, "includes J9999, which the table lacks"),
        ({"terms": "Toradol||ketorolac"}, "terms: expected different phrases"),
        ({"terms": "Toradol|Toradol"}, "terms: expected different phrases"),
        ({"terms": "Toradol |ketorolac"}, "terms: expected different phrases"),
    ],
)
def test_a_row_that_breaks_the_format_is_named(change, message):
    with pytest.raises(ResourceError, match=re.escape(message)) as caught:
        parse_services(table(row(**change)), "services/t.tsv", System.HCPCS)
    assert str(caught.value).startswith(f"services/t.tsv:{FIRST}: ")


@pytest.mark.parametrize(
    "asks",
    [
        "length:<=2.5",
        "sum:2.6-7.5",
        "area:>100",
        "count:>=15",
        "minutes:16-37",
        "views:1",
        "contrast:both",
        "age:<1",
        "patient:new",
        "any:recurrent|recurrence; not:initial",
        "note:high risk",
        "default; minutes:>=60",
    ],
)
def test_conditions_of_the_grammar_are_taken(asks):
    (code,) = parse_services(table(row(asks=asks)), "t", System.HCPCS)
    assert code.asks == asks
    assert code.is_default == asks.startswith("default")


@pytest.mark.parametrize("unit", ["", "count", "extra 1", "each 10", "min 15", "over 60 step 30", "dose 0.001 mCi"])
def test_units_of_the_grammar_are_taken(unit):
    assert parse_services(table(row(unit=unit)), "t", System.HCPCS)[0].unit == unit


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "t.tsv:1: expected the header #code<TAB>label"),
        ("#code\tlabel\n", "t.tsv:1: expected the header"),
        (table(row(), row()), "t.tsv:3: code J1885 does not follow J1885"),
        (table(row(), row(code="J0001")), "t.tsv:3: code J0001 does not follow J1885"),
        (table(row() + "\tmore"), "t.tsv:2: expected 10 columns, found 11"),
        (table(row(label="a caf\u00e9")), "t.tsv:2: a character outside ASCII"),
    ],
)
def test_a_table_that_breaks_the_format_is_named(text, message):
    with pytest.raises(ResourceError, match=re.escape(message)):
        parse_services(text, "t.tsv", System.HCPCS)


def test_comments_do_not_shift_line_numbers():
    with pytest.raises(ResourceError, match=r"^t\.tsv:4: "):
        parse_services(HEADER + "# drugs\n\n" + row(section="pills"), "t.tsv", System.HCPCS)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("2\tx\tany\tCPT", "modifier '2'"),
        ("25\tx\tvisits\tCPT", "applies to visits"),
        ("25\t\tany\tCPT", "expected a label"),
        ("25\tx\tany\t", "expected a label, what the modifier applies to, and its source"),
    ],
)
def test_a_modifier_that_breaks_the_format_is_named(line, message):
    with pytest.raises(ResourceError, match=re.escape(message)):
        parse_modifiers(f"#modifier\tlabel\tapplies\tsource\n{line}\n", "m.tsv")


def test_modifiers_are_sorted_and_there_once():
    with pytest.raises(ResourceError, match=r"m\.tsv:3: modifier 25 does not follow 26"):
        parse_modifiers("#modifier\tlabel\tapplies\tsource\n26\tx\tany\tCPT\n25\tx\tany\tCPT\n", "m.tsv")


def test_codes_are_looked_up_and_iterated_in_order():
    found = ServiceSet(edition(), reversed(list(small())))
    assert [code.code for code in found] == ["45378", "45380"]
    assert len(found) == 2
    assert "45380" in found
    assert "45381" not in found
    assert found.get("45380").includes == ("45378",)
    assert found.get("45381") is None
    assert found.system is System.CPT


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        ("453", ["45378", "45380"]),
        ("45380", ["45380"]),
        ("colonoscopy", ["45378", "45380"]),
        ("COLONOSCOPIES", ["45378", "45380"]),
        ("bites", ["45380"]),
        ("biopsy colon", ["45380"]),
        ("colonoscopy diagnostic", ["45378"]),
        ("colonosc", ["45378", "45380"]),
        ("the", []),
        ("", []),
        ("zebrafish", []),
        ("colonoscopy zebrafish", []),
    ],
)
def test_search_finds_by_number_and_by_words(words, codes):
    assert [code.code for code in small().search(words, 5)] == codes


def test_search_gives_no_more_than_asked_for():
    assert [code.code for code in small().search("colonoscopy", 1)] == ["45378"]


def test_the_fingerprint_tells_content():
    other = ServiceSet(edition(), [*small(), ServiceCode("45381", "x", System.CPT, "digestive")])
    changed = ServiceSet(edition(), small(), [ServiceModifier("25", "x")])
    assert small().fingerprint == small().fingerprint
    assert len({small().fingerprint, other.fingerprint, changed.fingerprint}) == 3
    assert small().fingerprint.startswith("cpt-2026-")


@pytest.mark.parametrize(
    ("day", "live", "message"),
    [
        (date(2023, 12, 31), False, "CPT 12345 begins 2024-01-01; the date of service 2023-12-31 lies before it"),
        (date(2024, 1, 1), True, None),
        (date(2025, 6, 30), True, None),
        (date(2025, 7, 1), False, "CPT 12345 ended 2025-06-30; the date of service 2025-07-01 lies after it"),
    ],
)
def test_a_code_is_live_between_its_dates(day, live, message):
    code = ServiceCode("12345", "x", System.CPT, "service", starts=date(2024, 1, 1), ends=date(2025, 6, 30))
    found = ServiceSet(edition(), [code])
    assert found.live_on("12345", day) is live
    assert check_live(found, "12345", day) == message


def test_an_unknown_code_is_not_live():
    assert not small().live_on("99999", date(2026, 1, 1))
    assert check_live(small(), "99999", date(2026, 1, 1)) == (
        "CPT 2026 has no code 99999; check it, or import a release: chartcoder codes import cpt FILE"
    )


def test_a_code_without_dates_is_live():
    assert small().live_on("45378", date(1999, 1, 1))
    assert check_live(small(), "45378", date(2099, 1, 1)) is None


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_set_that_is_off_is_empty(system, tmp_path):
    assert len(read_starter(system, enabled=False)) == 0
    assert len(open_services(tmp_path, system, enabled=False)) == 0
    assert not read_starter(system, enabled=False).modifiers


def test_a_table_that_was_removed_leaves_the_set_empty(monkeypatch):
    monkeypatch.setattr("suggest.code_sets.service_table.list_tables", lambda _folder: ["services/hcpcs.tsv"])
    found = read_starter(System.CPT)
    assert list(found) == []
    assert found.search("99213") == found.search("office visit") == []
    assert "LT" in found.modifiers


def test_without_an_import_the_table_that_ships_is_opened(tmp_path):
    assert open_services(tmp_path, System.HCPCS).fingerprint == read_starter(System.HCPCS).fingerprint


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_tables_that_ship_are_well_formed(system):
    if not has_table(system):
        pytest.skip("the table was removed")
    found = read_starter(system)
    assert len(found) > 500
    assert {code.system for code in found} == {system}
    assert {code.source for code in found} == {"starter"}
    assert all(SHAPES[system].fullmatch(code.code) for code in found)
    assert [code.code for code in found if not 1 <= len(code.label.split()) <= 20] == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_term_has_a_content_word(system):
    wrong = [
        (code.code, term)
        for code in read_starter(system)
        for term in code.terms
        if not content_words([normalise(word) for word in re.findall(r"[^\W_]+", term)])
    ]
    assert wrong == []


def test_families_of_hcpcs_have_several_members():
    members = defaultdict(list)
    for code in read_starter(System.HCPCS):
        members[code.family].append(code.code)
    assert [family for family, codes in members.items() if family and len(codes) == 1] == []


@pytest.mark.parametrize(
    ("code", "unit"),
    [
        ("J1885", "dose 15 mg"),
        ("J3301", "dose 10 mg"),
        ("J0696", "dose 250 mg"),
        ("J3420", "dose 1000 mcg"),
        ("J0561", "dose 100000 units"),
        ("J0585", "dose 1 units"),
        ("J1010", "dose 1 mg"),
        ("J2919", "dose 5 mg"),
        ("J9217", "dose 7.5 mg"),
        ("Q9967", "dose 1 ml"),
        ("P9016", "count"),
        ("G0108", "min 30"),
    ],
)
def test_billing_units_of_common_codes(code, unit):
    assert read_starter(System.HCPCS).get(code).unit == unit


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("Kenalog", "J3301"),
        ("flu shot", "G0008"),
        ("front wheeled walker", "E0143"),
        ("CAM boot", "L4361"),
        ("annual wellness visit subsequent", "G0439"),
        ("Injectafer", "J1439"),
        ("short leg cast fiberglass", "Q4038"),
    ],
)
def test_common_wording_finds_the_code(words, code):
    assert code in [found.code for found in read_starter(System.HCPCS).search(words, 4)]


def test_the_modifiers_that_ship():
    modifiers = read_starter(System.HCPCS).modifiers
    assert len(modifiers) >= 90
    assert modifiers["25"].applies == {"em"}
    assert {
        "LT",
        "RT",
        "50",
        "FA",
        "F9",
        "TA",
        "T9",
        "E1",
        "QW",
        "95",
        "93",
        "JZ",
        "XS",
        "KX",
        "AI",
    } <= modifiers.keys()


@pytest.mark.parametrize(
    ("code", "section"),
    [
        ("00142", "anesthesia"),
        ("0042T", "service"),
        ("0001U", "pathology"),
        ("11042", "integumentary"),
        ("29881", "musculoskeletal"),
        ("45380", "digestive"),
        ("59400", "maternity"),
        ("71046", "radiology"),
        ("90471", "vaccine"),
        ("93000", "cardiovascular"),
        ("97110", "therapy"),
        ("99214", "em"),
        ("J1885", "drug"),
        ("A0429", "transport"),
        ("E0601", "equipment"),
        ("Q4010", "supply"),
        ("00001", "service"),
    ],
)
def test_a_number_tells_the_section(code, section):
    assert section_of(code) == section


def test_measures_of_quality_are_told_from_services():
    assert [code for code in ("1036F", "G8427", "G2128", "M1041", "G2211", "G0101", "J1885") if not in_notes(code)] == [
        "1036F",
        "G8427",
        "G2128",
        "M1041",
    ]


@pytest.mark.parametrize(
    ("descriptor", "terms"),
    [
        ("Injection, fictumab (Invento), 10 mg", ("fictumab", "invento")),
        ("Injection, fictumab, biosimilar, (invento), 10 mg", ("fictumab", "invento")),
        ("Injection, fictumab, not otherwise specified, per 1.5 gm", ("fictumab",)),
        ("Gadget for walking, each", ("gadget for walking",)),
        ("Gadget (e.g., of wood), per pair", ("gadget",)),
        ("Inspection of gadget; with bending", ("inspection of gadget; with bending",)),
        ("A descriptor of far more words than anybody who writes a note would ever say in one place of it", ()),
    ],
)
def test_a_descriptor_gives_terms(descriptor, terms):
    assert terms_of(descriptor) == terms


@pytest.mark.parametrize(
    ("descriptor", "unit"),
    [
        ("Injection, fictumab, per 15 mg", "dose 15 mg"),
        ("Injection, fictumab, up to 1,000 mcg", "dose 1000 mcg"),
        ("Injection, fictumab, 0.5 milligram", "dose 0.5 mg"),
        ("Injection, fictumab, 3 million units", "dose 3000000 units"),
        ("Factor of fiction, per i.u.", "dose 1 units"),
        ("Fictional fluid, per ml", "dose 1 ml"),
        ("Tracer of fiction, diagnostic, per millicurie", "dose 1 mCi"),
        ("Tracer of fiction, per study dose, up to 30 millicuries", ""),
        ("Injection, fictumab, per single dose vial", ""),
        ("Injection, fictumab 3 mg and inventab 1 mg", ""),
        ("Fictional system (invento), 52 mg", ""),
        ("Gadget, each", ""),
    ],
)
def test_a_descriptor_tells_the_billing_unit(descriptor, unit):
    assert dose_of(descriptor) == unit


def test_public_names_are_exported():
    assert set(services_module.__all__) >= {"ServiceCode", "ServiceSet", "read_starter", "open_services", "check_live"}
