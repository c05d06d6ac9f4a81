"""The Alphabetic Index as flat terms: titles, references, tables, and files that are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from suggest.code_sets.alphabetic_index import MOST_BORROWED, IndexTerm, drug_table, flatten, index_terms
from suggest.code_sets.index_references import Unfollowed, Why
from suggest.code_sets.index_titles import is_adjective, is_connector, is_residual, title_forms, title_names
from suggest.code_sets.index_xml import MAX_BYTES, IndexKind, read_index
from suggest.errors import CodeSetError

FOLDER = Path(__file__).parent / "alphabetic"
DISEASES = FOLDER / "icd10cm-index-2026.xml"
EXTERNAL = FOLDER / "icd10cm-eindex-2026.xml"
NEOPLASMS = FOLDER / "icd10cm-neoplasm-2026.xml"
DRUGS = FOLDER / "icd10cm-drug-2026.xml"

HEADS = "".join(
    f'<head col="{column}">{text}</head>'
    for column, text in enumerate(
        ["Malignant Primary", "Secondary", "Ca in situ", "Benign", "Uncertain", "Unspecified"]
    )
)


def index_of(*entries: str, heading: str = "") -> str:
    return f"<ICD10CM.index><version>2026</version>{heading}<letter>{''.join(entries)}</letter></ICD10CM.index>"


def main_term(title: str, content: str = "", tag: str = "mainTerm") -> str:
    return f"<{tag}><title>{title}</title>{content}</{tag}>"


def term(title: str, content: str = "") -> str:
    return main_term(title, content, "term")


@pytest.fixture
def terms_of(write):
    """Returns the terms of main terms written by hand, text to codes."""

    def terms(*entries: str) -> dict[str, tuple[str, ...]]:
        return {found.text: found.codes for found in index_terms(write("index.xml", index_of(*entries)))}

    return terms


@pytest.fixture(scope="module")
def diseases() -> dict[str, IndexTerm]:
    return {found.text: found for found in index_terms(DISEASES)}


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Abscess", ["L02.91"]),
        ("Abscess, lung", ["J85.2"]),
        ("Abscess, lung with pneumonia", ["J85.1"]),
        ("Abscess, intestine, diverticular, large", ["K57.20"]),
        ("Anemia due to blood loss, acute", ["D62"]),
        ("Diabetes with retinopathy", ["E11.319"]),
        ("Diabetes with retinopathy with macular edema", ["E11.311"]),
        ("Diabetes, type 1 with retinopathy, proliferative", ["E10.359"]),
        ("Complication, surgical wound", ["T81.40X"]),
        ("traumatic fracture, rib", ["S22.3"]),
        ("traumatic fracture, skull", ["S02"]),
    ],
)
def test_a_subterm_is_read_with_all_above_it(diseases, text, codes):
    assert list(diseases[text].codes) == codes


def test_manifestations_stay_with_their_etiology(diseases):
    assert diseases["Anemia in chronic kidney disease"].codes == ("N18.9", "D63.1")
    assert diseases["Arthritis in amyloidosis"].codes == ("E85.4", "M14.8")


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("Abscess", ("Abscess, embolic", "Abscess, septic")),
        ("Abscess, lung", ("Abscess, lung, miliary", "Abscess, lung, putrid")),
        ("Diabetes with retinopathy", ("diabetic retinopathy",)),
        ("Hypertension, heart", ("hypertensive heart", "Hypertension, heart, disease")),
        ("Infarct, myocardium", ("infarction myocardium", "Infarct, myocardial")),
        ("Retention, urine", ("retained urine",)),
        ("Complication, surgical wound", ()),
        ("Tuberculosis", ()),  # "tubercular" names nothing alone
    ],
)
def test_modifiers_and_forms_of_a_word_give_other_wordings(diseases, text, forms):
    assert diseases[text].forms == forms


def test_every_term_knows_its_line_and_comes_once(diseases):
    lines = DISEASES.read_text(encoding="utf-8").splitlines()
    assert lines[diseases["Abscess, lung with pneumonia"].line - 1].strip().startswith('<term level="3">')
    every = list(index_terms(DISEASES))
    assert len({(found.text, found.codes) for found in every}) == len(every)


def test_what_is_left_over_is_marked(diseases):
    residual = [text for text, found in diseases.items() if found.residual]
    assert residual == [
        "Abscess, intestine, NEC",
        "Abscess, specified site",
        "Pneumonia in diseases classified elsewhere",
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Hyperpiesis", "I10"),
        ("Hyperpiesis, heart with heart failure", "I11.0"),
        ("Disease, Crohn's", "K50.90"),
        ("Disease, Crohn's with rectal bleeding", "K50.911"),
        ("Consumption", "A15.0"),
        ("Colostomy status", "Z93"),
        ("traumatic fracture, lower limb", "S82.9"),
    ],
)
def test_see_leads_to_the_entry_that_has_the_code(diseases, text, code):
    assert diseases[text].codes == (code,)


def test_see_also_adds_what_the_entry_has_not_itself(diseases):
    bleeding = {text: found.codes[0] for text, found in diseases.items() if text.startswith("Bleeding")}
    assert bleeding == {
        "Bleeding": "R58",
        "Bleeding, gum": "K06.8",
        "Bleeding, rectum": "K62.5",
        "Bleeding, nose": "R04.0",
    }


def test_an_own_code_goes_before_that_of_see_also(terms_of):
    found = terms_of(
        main_term("Flux", "<code>R19.7</code><seeAlso>Diarrhea</seeAlso>"),
        main_term("Diarrhea", "<code>K59.1</code>" + term("viral", "<code>A08.4</code>")),
    )
    assert found == {
        "Flux": ("R19.7",),
        "Flux, viral": ("A08.4",),
        "Diarrhea": ("K59.1",),
        "Diarrhea, viral": ("A08.4",),
    }


@pytest.mark.parametrize(
    "target",
    [
        "Diarrhea, in, celiac disease",
        "diarrhea, celiac disease",
        "Diarrhea, in celiac disease",
        "also Diarrhoea, celiac disease",
        "Diarrhea, celiac disease, gluten",
    ],
)
def test_references_may_leave_out_connecting_words(terms_of, target):
    found = terms_of(
        main_term("Flux", f"<see>{target}</see>"),
        main_term(
            "Diarrhea, diarrhoea, diarrheal",
            term(
                "in<nemod>(due to)</nemod>",
                term("celiac disease, gluten", "<code>K90.0</code>") + term("celiac disease", "<code>K90.0</code>"),
            ),
        ),
    )
    assert found["Flux"] == ("K90.0",)


def test_a_category_may_stand_for_a_reference(terms_of):
    found = terms_of(
        main_term("Pouch", "<see>category Z93.-</see>"),
        main_term("Bag", "<subcat>Z93.5</subcat><code>-</code>"),
        main_term("Stoma", "<code>Z93.9</code>"),
    )
    assert found == {"Pouch": ("Z93",), "Bag": ("Z93.5",), "Stoma": ("Z93.9",)}


def test_all_that_is_not_followed_is_listed():
    found = flatten(read_index(DISEASES)).unfollowed
    assert found == (
        Unfollowed(8, "Abdomen, abdominal", "condition", Why.CONDITION),
        Unfollowed(78, "Breakage", "Fracture, by site", Why.OPEN),
        Unfollowed(85, "Carcinoma", "Neoplasm, by site, malignant", Why.OPEN),
        Unfollowed(86, "Circular", "Roundabout", Why.LEADS_NOWHERE),
        Unfollowed(121, "Drowsy", "", Why.NO_CODE),
        Unfollowed(172, "Infarct, infarction, myocardium, myocardial, following", "categories I22-I23", Why.RANGE),
        Unfollowed(194, "Pregnancy", "Delivery", Why.UNKNOWN),
        Unfollowed(201, "Roundabout", "Circular", Why.LEADS_NOWHERE),
    )


def test_a_reference_into_another_table_is_listed(write):
    index = read_index(
        write(
            "index.xml",
            index_of(main_term("Mole", "<code>D22.9</code><see>Neoplasm, skin, benign</see>")),
        )
    )
    assert [item.why for item in flatten(index).unfollowed] == [Why.OTHER_FILE]


def test_a_reference_to_many_subterms_takes_over_the_code_alone(write):
    below = "".join(term(f"kind {number}", "<code>R52</code>") for number in range(MOST_BORROWED))
    path = write(
        "index.xml", index_of(main_term("Ache", "<see>Pain</see>"), main_term("Pain", f"<code>R52</code>{below}"))
    )
    flat = flatten(read_index(path))
    assert [found.text for found in flat.terms if found.text.startswith("Ache")] == ["Ache"]
    assert [(item.entry, item.why) for item in flat.unfollowed] == [("Ache", Why.TOO_MANY)]


def test_references_that_turn_in_a_circle_end(terms_of):
    found = terms_of(
        main_term("Ache", "<see>Pain</see>" + term("dull", "<see>Ache</see>")),
        main_term("Pain", "<code>R52</code><seeAlso>Ache</seeAlso>" + term("sharp", "<see>Pain</see>")),
    )
    assert found["Ache"] == ("R52",)
    assert found["Pain"] == ("R52",)


def test_external_causes_are_told_by_their_codes():
    assert read_index(DISEASES).kind is IndexKind.DISEASES
    assert read_index(EXTERNAL).kind is IndexKind.EXTERNAL_CAUSES
    found = {found.text: (found.codes, found.forms) for found in index_terms(EXTERNAL)}
    assert found["Fall from ladder"] == (("W11",), ("falling from ladder",))
    assert found["Fall"] == (("W19",), ("Fall, accidental",))
    assert found["Slipping from bed"] == (("W06",), ())


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Malignant neoplasm", "C80.1"),
        ("Malignant neoplasm of breast", "C50.9"),
        ("Secondary malignant neoplasm of breast", "C79.81"),
        ("Carcinoma in situ of breast", "D05.9"),
        ("Benign neoplasm of breast", "D24"),
        ("Neoplasm of uncertain behavior of breast", "D48.6"),
        ("Neoplasm of unspecified behavior of breast", "D49.3"),
        ("Malignant neoplasm of skin", "C44.90"),
        ("Malignant neoplasm of skin in scar", "C44.90"),
        ("Benign neoplasm of abdomen, cavity", "D36.7"),
    ],
)
def test_the_table_of_neoplasms_names_behavior_and_site(text, code):
    assert {found.text: found.codes for found in index_terms(NEOPLASMS)}[text] == (code,)


def test_sites_have_other_wordings_and_no_code_where_the_table_has_none():
    found = {found.text: found for found in index_terms(NEOPLASMS)}
    assert found["Malignant neoplasm of abdomen, cavity"].forms == ("Malignant neoplasm of abdominal cavity",)
    assert found["Malignant neoplasm of abdomen"].forms == ("abdominal malignant neoplasm",)
    assert "Carcinoma in situ of abdomen" not in found
    assert "Benign neoplasm of skin in scar" not in found


def test_the_table_of_drugs_has_a_code_for_each_column():
    drugs = {drug.name: drug for drug in drug_table(DRUGS)}
    assert list(drugs) == ["Acetaminophen", "Acid, acetic", "APAP"]
    assert drugs["Acetaminophen"].codes == tuple(f"T39.1X{intent}" for intent in range(1, 7))
    assert drugs["APAP"].codes == drugs["Acetaminophen"].codes
    acid = drugs["Acid, acetic"]
    assert (acid.accidental, acid.undetermined, acid.adverse_effect, acid.underdosing) == (
        "T54.2X1",
        "T54.2X4",
        None,
        None,
    )


def test_drugs_are_no_terms_and_terms_no_drugs():
    with pytest.raises(CodeSetError, match=r"icd10cm-drug-2026\.xml is the Table of Drugs and Chemicals, which has no"):
        list(index_terms(DRUGS))
    with pytest.raises(CodeSetError, match=r"icd10cm-eindex-2026\.xml is the External Cause Index; expected the Table"):
        list(drug_table(EXTERNAL))


def test_what_the_format_does_not_know_is_counted():
    assert read_index(DISEASES).ignored == (("note", 1),)


@pytest.mark.parametrize(
    ("name", "version", "year"),
    [("index.xml", "2026", 2026), ("icd10cm-index-2024.xml", "", 2024), ("index.xml", "draft", None)],
)
def test_the_year_is_stated_by_version_or_name(write, name, version, year):
    text = index_of(main_term("Pain", "<code>R52</code>")).replace("2026", version)
    assert read_index(write(name, text)).year == year


ENTRY = main_term("Pain", "<code>R52</code>")
BOMB = (
    '<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>\n'
    + index_of(main_term("&c;", "<code>R52</code>"))
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "index.xml is empty; expected an XML file of the ICD-10-CM Alphabetic Index"),
        (" \n ", "index.xml is empty"),
        ("Abscess L02.91\n", "index.xml:1: not well-formed XML, or cut off"),
        (index_of(ENTRY)[:-30], "index.xml:1: not well-formed XML, or cut off"),
        (index_of("\n<mainTerm><title>a</mainTerm>"), "index.xml:2: not well-formed"),
        ("<ICD10CM.tabular/>", r"index.xml:1: .*found ICD10CM.tabular; import it: chartcoder codes import icd10cm"),
        ("<html/>", "index.xml:1: expected the root element ICD10CM.index, found html$"),
        (index_of(), "index.xml: no main terms found"),
        (index_of(main_term("Pain")), "index.xml: no codes found"),
        (index_of("\n", main_term("", "<code>R52</code>")), "index.xml:2: an entry without a title"),
        (index_of(main_term("Pain", ENTRY)), "index.xml:1: a mainTerm stands inside another"),
        (index_of("\n\n", term("back", "<code>M54.9</code>")), "index.xml:3: a term stands outside a mainTerm"),
        (index_of(main_term("a", '<cell col="2">C50.9</cell>')), "index.xml:1: a cell without an indexHeading"),
        (
            index_of(main_term("a", '<cell col="9">C50.9</cell>'), heading=f"<indexHeading>{HEADS}</indexHeading>"),
            "a cell in column '9'; expected one of 0, 1, 2, 3, 4, 5",
        ),
        (
            index_of(ENTRY, heading='<indexHeading><head col="1">Procedure</head></indexHeading>'),
            "index.xml:1: columns Procedure; expected those of the Table of Neoplasms or of Drugs",
        ),
        (index_of(ENTRY, heading="<indexHeading/>"), "index.xml:1: columns none; expected"),
        (index_of(main_term("Pain", "<x>" * 24 + "</x>" * 24)), "index.xml:1: more than 24 levels"),
        (index_of(main_term("a" * 4001, "<code>R52</code>")), "title holds 4001 characters; expected at most 4000"),
        (BOMB, "index.xml:1: declares or uses the entity 'a'; expected a file without a DTD"),
        (
            '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>' + index_of(main_term("&a;", "<code>R52</code>")),
            "declares or uses the entity 'a'",
        ),
        (
            '<!DOCTYPE x SYSTEM "http://localhost/x.dtd">\n' + index_of(main_term("a&b;", "<code>R52</code>")),
            "index.xml:2: declares or uses the entity 'b'",
        ),
        (b"PK\x03\x04...", "index.xml is a zip file; unpack it"),
        (index_of(main_term("P\xe9", "<code>R52</code>")).encode("latin-1"), "index.xml:1: not well-formed"),
    ],
)
def test_malformed_files_are_refused(write, content, message):
    with pytest.raises(CodeSetError, match=message):
        read_index(write("index.xml", content))


def test_bounds_and_missing_files(write, tmp_path):
    with pytest.raises(CodeSetError, match=r"index\.xml is larger than 100 bytes"):
        read_index(write("index.xml", index_of(ENTRY)), max_bytes=100)
    with pytest.raises(CodeSetError, match=r"nowhere\.xml cannot be read: No such file"):
        read_index(tmp_path / "nowhere.xml")
    assert MAX_BYTES > 12 * 2**20


@pytest.mark.parametrize(
    ("title", "forms"),
    [
        ("Abdomen, abdominal", ("Abdomen", "abdominal")),
        ("limb, lower", ("lower limb",)),
        ("Fracture, traumatic", ("traumatic fracture",)),
        ("AIDS, suspected", ("suspected AIDS",)),
        ("cecum, with rupture", ("cecum with rupture",)),
        ("bacterial NEC", ("bacterial",)),
        ("deficiency syndrome [AIDS]", ("deficiency syndrome",)),
        ("from, off, out of", ("from",)),
        ("NEC", ("NEC",)),
    ],
)
def test_forms_of_titles(title, forms):
    assert title_forms(title) == forms


def test_names_of_titles():
    assert title_names("Diabetes, diabetic") == ("diabetes, diabetic", "diabetes", "diabetic")
    assert title_names("Fracture, traumatic") == ("fracture, traumatic",)
    assert title_names("from, off") == ("from, off", "from", "off")
    assert title_names("bacterial NEC") == ("bacterial nec", "bacterial")


@pytest.mark.parametrize("title", ["with", "in", "due to", "from, off, out of", "as the cause of", "without"])
def test_connecting_titles(title):
    assert is_connector(title)
    assert not is_connector(f"{title} rupture")


@pytest.mark.parametrize("title", ["specified NEC", "specified site NEC", "NEC", "other", "specified disease"])
def test_residual_titles(title):
    assert is_residual(title)


@pytest.mark.parametrize("title", ["bacterial NEC", "unspecified", "disease NEC", "type 2", "organ"])
def test_titles_that_name_something(title):
    assert not is_residual(title)


def test_adjectives():
    assert all(map(is_adjective, ["hemorrhagic", "ulcerated", "abdominal"]))
    assert not any(map(is_adjective, ["infarction", "abdomen", "with pneumonia, acute", "acute renal"]))
