"""Procedures at the desk: their groups and details, what decided a visit, codes of all systems."""

from __future__ import annotations

import pytest

from store import coded_sets, decisions

pytestmark = pytest.mark.slow


@pytest.fixture
def opened(service, page):
    """The page of a chart with three diagnoses and three procedures."""
    service.add_chart(text=service.procedures)
    page.goto("/desk/encounters/c1")
    page.locator(".head:focus").wait_for()
    return page


def saved(page):
    page.locator("#saved.good").wait_for()


def card(page, code):
    return page.locator(f'.card:has(.head .code:text-is("{code}"))')


def choose(page, code):
    card(page, code).locator(".head").focus()


def line_of(service, code):
    lines = decisions.coding(service.database, "c1").lines
    return next(line for line in lines if line.code.code == code)


def test_diagnoses_and_procedures_stand_in_groups_of_their_own(opened):
    codes = opened.locator('ol[aria-labelledby="diagnoses"] .head .code').all_text_contents()
    places = opened.locator('ol[aria-labelledby="diagnoses"] .position').all_text_contents()
    assert list(zip(places, codes, strict=True)) == [("A", "E11.9"), ("B", "I10"), ("C", "N18.31"), ("D", "M10.9")]
    procedures = opened.locator('ol[aria-labelledby="procedures"] .head .code')
    assert procedures.all_text_contents() == ["99214", "20610", "J3301"]
    for _ in range(4):
        opened.keyboard.press("j")
    assert opened.locator(".card.on .head .code").text_content() == "99214"


def test_modifiers_and_pointers_are_said_with_their_reasons(opened):
    visit = card(opened, "99214").locator(".support")
    modifier = visit.locator(".badge", has_text="25")
    assert modifier.get_attribute("title") == "a visit of its own beside an injection"
    assert modifier.text_content() == "modifier 25: a visit of its own beside an injection"
    assert visit.locator(".badge", has_text="for A B").text_content() == "for A B: E11.9, I10"
    assert card(opened, "20610").locator(".badge", has_text="for C").count() == 1
    assert card(opened, "J3301").locator(".badge.open").text_content() == "no diagnosis"


def test_details_are_edited_by_keyboard(service, opened):
    keys = opened.keyboard
    choose(opened, "J3301")
    keys.press("d")
    opened.locator("#modifiers:focus").wait_for()
    keys.type("jz")
    opened.locator("#modifiers-said", has_text="JZ").wait_for()
    keys.press("Tab")
    keys.press("Control+a")
    keys.type("4")
    keys.press("Tab")
    keys.type("ca")
    opened.get_by_text("For N18.31, E11.9").wait_for()
    keys.press("Enter")
    card(opened, "J3301").locator(".badge", has_text="for C A").wait_for()
    assert opened.locator(".card.on .head:focus .code").text_content() == "J3301"
    saved(opened)
    line = line_of(service, "J3301")
    assert (line.modifiers, line.units, [ref.code for ref in line.pointers]) == (("JZ",), 4, ["N18.31", "E11.9"])
    assert card(opened, "J3301").locator(".badge").all_text_contents() == [
        "modifier JZ",
        "4 units",
        "for C A: N18.31, E11.9",
    ]
    opened.reload()
    card(opened, "J3301").locator(".badge", has_text="4 units").wait_for()
    keys.press("u")
    card(opened, "J3301").locator(".badge", has_text="no diagnosis").wait_for()
    saved(opened)
    assert line_of(service, "J3301").units == 1


def test_details_that_cannot_stand_on_a_claim_are_said_and_kept(service, opened):
    choose(opened, "20610")
    opened.keyboard.press("d")
    opened.locator("#modifiers:focus").wait_for()
    for field, value, message in (
        ("Modifiers", "RT 5", "A modifier has two letters or digits"),
        ("Modifiers", "RT 50 59 76 77", "room for 4 modifiers"),
        ("Modifiers", "RT rt", "stands there twice"),
        ("Units", "0", "whole number from 1"),
        ("Diagnoses by letter", "C Z", "has the letter Z"),
    ):
        box = opened.locator("#detailing").get_by_label(field)
        before = box.input_value()
        box.fill(value)
        opened.keyboard.press("Enter")
        opened.locator("#details-problem", has_text=message).wait_for()
        box.fill(before)
    opened.keyboard.press("Enter")
    opened.locator("#detailing").wait_for(state="hidden")
    assert decisions.history(service.database, "c1") == []


def test_a_visit_opens_to_what_decided_it(opened):
    choose(opened, "99214")
    opened.keyboard.press("v")
    fold = card(opened, "99214").locator("details.visit")
    assert fold.locator('[aria-label="Counted"] > li .element-name').all_text_contents() == ["problems", "risk"]
    assert fold.locator('[aria-label="Counted"] .badge').all_text_contents() == ["moderate", "moderate"]
    left = fold.locator('[aria-label="Not counted"] > li p')
    assert left.text_content() == "A test: its reading is billed separately"
    opened.keyboard.press("Tab")
    opened.keyboard.press("Enter")
    assert opened.locator("mark.here").text_content() == "A1c 8.9"
    fold.get_by_role("button", name="EKG").click()
    assert opened.locator("mark.here").text_content() == "EKG"
    opened.keyboard.press("a")
    card(opened, "99214").and_(opened.locator(".coded")).wait_for()
    assert fold.evaluate("(node) => node.open")
    choose(opened, "99214")
    opened.keyboard.press("v")
    assert not fold.evaluate("(node) => node.open")


def test_the_words_of_a_code_take_turns_without_those_of_its_level(opened):
    choose(opened, "99214")
    for _ in range(2):
        opened.keyboard.press("Enter")
        assert opened.locator("mark.here").text_content() == "raise metformin"


def test_procedures_move_among_themselves(service, opened):
    choose(opened, "20610")
    opened.keyboard.press("Shift+K")
    saved(opened)
    choose(opened, "20610")
    opened.keyboard.press("Shift+K")
    codes = opened.locator("ol.cards .head .code").all_text_contents()
    assert codes == ["E11.9", "I10", "N18.31", "M10.9", "20610", "99214", "J3301"]
    choose(opened, "E11.9")
    opened.keyboard.press("Shift+J")
    card(opened, "99214").locator(".badge", has_text="for B A").wait_for()


def test_pointers_follow_a_diagnosis_that_is_replaced_and_leave_one_that_is_rejected(service, opened):
    keys = opened.keyboard
    choose(opened, "E11.9")
    keys.press("e")
    assert opened.get_by_label("Among").input_value() == "diagnoses"
    keys.type("diabetes hyperglycemia")
    opened.locator('#hits li[aria-selected="true"]', has_text="E11.65").wait_for()
    keys.press("Enter")
    choose(opened, "I10")
    keys.press("r")
    keys.press("1")
    card(opened, "I10").and_(opened.locator(".aside")).wait_for()
    saved(opened)
    assert [ref.code for ref in line_of(service, "99214").pointers] == ["E11.65"]
    assert card(opened, "99214").locator(".badge", has_text="for A").text_content() == "for A: E11.65"
    keys.press("u")
    card(opened, "99214").locator(".badge", has_text="for A B").wait_for()
    saved(opened)
    assert [ref.code for ref in line_of(service, "99214").pointers] == ["E11.65", "I10"]


def test_codes_of_all_systems_are_added(service, opened):
    keys = opened.keyboard
    for query, code, system in (
        ("large joint injected", "20610", "CPT"),
        ("triamcinolone kenalog", "J3301", "HCPCS"),
        ("0ft44zz", "0FT44ZZ", "ICD-10-PCS"),
        ("0001t", "0001T", "CPT"),
    ):
        keys.press("+")
        keys.type(query)
        opened.locator("#hits li", has_text=code).filter(has_text=system).click()
        keys.press("Enter")
        opened.locator(".card.on.coded", has_text=code).wait_for()
    saved(opened)
    coding = decisions.coding(service.database, "c1")
    added = [(line.code.code, line.occurrence) for line in coding.lines if line.decision]
    assert added == [("20610", 2), ("J3301", 2), ("0FT44ZZ", 1), ("0001T", 1)]
    assert card(opened, "0001T").locator(".title").text_content() == "(title unknown)"


def test_a_claim_of_the_institution_has_axes_and_poa(service, page):
    service.add_chart(text=service.procedures, stay=True)
    page.goto("/desk/encounters/c1")
    page.locator(".head:focus").wait_for()
    assert page.locator('ol[aria-labelledby="diagnoses"] .position').first.text_content() == "1"
    assert "Left open by the notes: approach" in card(page, "3E0U33Z").text_content()
    assert card(page, "3E0U33Z").locator(".badge").count() == 0
    page.keyboard.press("d")
    page.locator("#poa:focus").wait_for()
    page.keyboard.type("N")
    page.keyboard.press("Enter")
    card(page, "E11.9").locator(".badge", has_text="POA N").wait_for()
    saved(page)
    assert line_of(service, "E11.9").poa == "N"
    page.keyboard.press("+")
    page.keyboard.type("20610")
    page.locator('#hits li[aria-selected="true"]', has_text="20610").wait_for()
    page.keyboard.press("Enter")
    card(page, "20610").wait_for()
    page.keyboard.press("d")
    page.locator("#modifiers:focus").wait_for()
    assert not page.locator("#pointers").is_visible()
    page.keyboard.type("lt")
    page.keyboard.press("Enter")
    card(page, "20610").locator(".badge", has_text="LT").wait_for()
    choose(page, "3E0U33Z")
    page.keyboard.press("d")
    page.get_by_text("3E0U33Z has no details to edit on this claim").wait_for(state="attached")


def test_the_coded_set_has_letters_and_details(service, opened):
    choose(opened, "M10.9")
    opened.keyboard.press("r")
    opened.keyboard.press("3")
    card(opened, "M10.9").and_(opened.locator(".aside")).wait_for()
    opened.keyboard.press("f")
    opened.get_by_role("button", name="Accept them and finalise").click()
    opened.wait_for_url("**/finalised")
    opened.locator("#lines").wait_for()
    heads = opened.locator("#rows .part").all_text_contents()
    assert heads == ["Diagnoses", "Procedures"]
    rows = {row.locator("th").text_content(): row for row in opened.locator("#rows tr:not(.part)").all()}
    assert rows["99214"].locator("td").nth(2).text_content() == "25 · for A B"
    assert rows["N18.31"].locator("td").first.text_content() == "C"
    coded = coded_sets.history(service.database, "c1")[-1]
    assert [line.code.code for line in coded.lines] == ["E11.9", "I10", "N18.31", "99214", "20610", "J3301"]


def test_what_is_left_out_is_pointed_to_no_more(service, opened):
    for code in ("E11.9", "99214"):
        choose(opened, code)
        opened.keyboard.press("a")
    opened.keyboard.press("f")
    opened.get_by_role("button", name="Leave them out and finalise").click()
    opened.wait_for_url("**/finalised")
    opened.locator("#lines").wait_for()
    coded = coded_sets.history(service.database, "c1")[-1]
    assert [(line.code.code, [ref.code for ref in line.pointers]) for line in coded.lines] == [
        ("E11.9", []),
        ("99214", ["E11.9"]),
    ]
