from __future__ import annotations

import io
import warnings

import pytest

from suggest.code_sets.icd10cm import read_tabular, shipped_tabular
from suggest.code_sets.index import CodeIndex
from suggest.code_sets.tabular import NoteKind
from suggest.errors import CodeSetError


def parse(text: str):
    return read_tabular(io.BytesIO(text.encode()), "small.xml")


def test_reads_codes_in_order_with_their_hierarchy(small_xml: str):
    tabular = parse(small_xml)
    assert tabular.version == "2027"
    assert [(chapter.number, chapter.title) for chapter in tabular.chapters] == [(19, "Injury, poisoning")]
    assert [(block.id, block.title, block.chapter) for block in tabular.blocks] == [
        ("S00-S09", "Injuries to the head", 19)
    ]
    assert [(node.code, node.parent, node.billable) for node in tabular.nodes] == [
        ("S06", None, False),
        ("S06.1", "S06", False),
        ("S06.1X", "S06.1", False),
        ("S06.1X0", "S06.1X", False),
        ("S06.1X0A", "S06.1X0", True),
        ("S06.1X0S", "S06.1X0", True),
        ("S06.1X7", "S06.1X", False),
        ("S06.1X7A", "S06.1X7", True),
        ("S06.2", "S06", False),
        ("S06.2XXA", "S06.2", True),
        ("S06.2XXS", "S06.2", True),
        ("S09", None, False),
        ("S09.90", "S09", True),
    ]


def test_seventh_characters_extend_the_title(small_xml: str):
    node = next(node for node in parse(small_xml).nodes if node.code == "S06.2XXS")
    assert node.title == "Diffuse brain injury, sequela"
    assert node.seventh


def test_notes_keep_their_kind_and_terms_lose_surplus_space(small_xml: str):
    nodes = {node.code: node for node in parse(small_xml).nodes}
    assert (NoteKind.EXCLUDES1, "head injury NOS (S09.90)") in nodes["S06"].notes
    assert nodes["S06.1"].inclusion_terms == ("Diffuse traumatic cerebral edema",)
    assert nodes["S06"].seventh_characters == (("A", "initial encounter"), ("S", "sequela"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<name>S09.90</name>", "<name>S0990</name>", r"small.xml:\d+: malformed code 'S0990'"),
        ("<name>S09.90</name>", "<name>S09</name>", "S09 stands below S09"),
        ("<name>S09.90</name>", "<name>S06.90</name>", "S06.90 stands below S09"),
        ("<name>S06.2</name>", "<name>S06.1</name>", "S06.1 is there twice"),
        ("<name>S09</name>", "<name>S09.9</name>", "S09.9 stands where a category"),
        ("<desc>Diffuse brain injury</desc>", "", "S06.2 has no desc"),
        ('id="S00-S09"', 'id="heads"', "section 'heads'"),
        ("<name>19</name>", "<name>23</name>", "chapter '23'"),
        ("<name>S06.2</name>", "<name>S06.2345</name>", "S06.2345 has 7 characters"),
        ("ICD10CM.tabular>", "ICD10PCS>", "root element ICD10CM.tabular, found ICD10PCS"),
        ("</ICD10CM.tabular>", "", r"small.xml:\d+: not well-formed"),
    ],
)
def test_refuses_malformed_lists(small_xml: str, old: str, new: str, message: str):
    with pytest.raises(CodeSetError, match=message):
        parse(small_xml.replace(old, new))


def test_refuses_a_list_without_codes():
    with pytest.raises(CodeSetError, match="no codes found"):
        parse("<ICD10CM.tabular><version>2027</version></ICD10CM.tabular>")


def test_refuses_entities_before_they_grow(small_xml: str):
    bomb = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    with pytest.raises(CodeSetError, match=r"small.xml:2: declares the entity 'a'"):
        parse(small_xml.replace("<ICD10CM.tabular>", bomb + "<ICD10CM.tabular>", 1))


def test_refuses_deep_nesting():
    with pytest.raises(CodeSetError, match="more than 24 levels"):
        parse("<a>" * 500 + "</a>" * 500)


def test_shipped_list_is_found_without_importing_its_package():
    assert shipped_tabular().suffix == ".xml"


def test_shipped_codes_are_those_of_simple_icd_10_cm(shipped: CodeIndex):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import simple_icd_10_cm as reference
    expected = [
        code
        for code in dict.fromkeys(reference.get_all_codes(with_dots=True))
        if reference.is_category_or_subcategory(code) or (reference.is_block(code) and len(code) == 3)
    ]
    assert shipped.codes() == expected
    assert [bool(leaf) for leaf in shipped.billable] == [reference.is_leaf(code) for code in expected]
    for row in range(0, len(shipped), 97):
        code = expected[row]
        title, description = shipped.title(row), " ".join(reference.get_description(code).split())
        # The reference appends notes on a 7th character ("stable/Old ... occlusion") to its meaning.
        assert title == description or description.startswith(f"{title}/")
        above = [a for a in reference.get_ancestors(code) if reference.is_category_or_subcategory(a)]
        assert [shipped.code(up) for up in shipped.ancestors(row)][:1] == above[:1]
