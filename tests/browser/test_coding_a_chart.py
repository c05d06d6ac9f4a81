"""A chart from the worklist to finalised, by keyboard alone and by mouse alone."""

from __future__ import annotations

import pytest

from store import coded_sets, decisions

pytestmark = pytest.mark.slow


def saved(page):
    page.locator("#saved.good").wait_for()


def lines_of(service, encounter_id="c1"):
    coded = coded_sets.history(service.database, encounter_id)[-1]
    return [(line.code.code, [span.quote for span in line.evidence]) for line in coded.lines]


def actions_of(service, encounter_id="c1"):
    return [recorded.decision.action for recorded in decisions.history(service.database, encounter_id)]


def chosen(page):
    return page.locator(".card.on .head .code").text_content()


def test_by_keyboard_alone(service, page):
    service.add_chart()
    keys = page.keyboard
    page.goto("/desk")
    page.locator("#rows a:focus").wait_for()
    keys.press("n")
    page.wait_for_url("**/desk/encounters/c1")
    page.locator(".head:focus").wait_for()
    assert chosen(page) == "E11.9"

    keys.press("e")
    keys.type("diabetes hyperglycemia")
    page.locator('#hits li[aria-selected="true"]', has_text="E11.65").wait_for()
    keys.press("Enter")
    page.locator(".card.coded", has_text="in place of E11.9").wait_for()
    assert chosen(page) == "I10"
    keys.press("a")
    assert chosen(page) == "N18.31"
    keys.press("j")
    assert chosen(page) == "M10.9"
    keys.press("r")
    keys.press("3")
    page.locator(".card.aside", has_text="rejected: history, not current").wait_for()
    assert chosen(page) == "N18.31"
    keys.press("a")
    saved(page)
    keys.press("u")
    page.locator(".card.on:not(.coded)", has_text="N18.31").wait_for()
    keys.press("a")
    page.locator(".card.coded", has_text="N18.31").wait_for()

    keys.press("+")
    keys.type("oral hypoglycemic")
    page.locator('#hits li[aria-selected="true"]', has_text="Z79.84").wait_for()
    keys.press("Tab")
    keys.type("raise METFORMIN")
    page.get_by_text("Stands in the chart once.").wait_for()
    keys.press("Enter")
    page.locator(".card.on", has_text="Z79.84").wait_for()
    keys.press("Shift+K")
    page.locator(".card.coded:nth-of-type(4)", has_text="Z79.84").or_(
        page.locator(".cards > .card.on", has_text="Z79.84")
    ).first.wait_for()
    saved(page)

    keys.press("f")
    page.get_by_role("button", name="Finalise Enter").wait_for()
    keys.press("Enter")
    page.wait_for_url("**/finalised")
    page.locator("#lines").wait_for()
    assert lines_of(service) == [
        ("E11.65", ["DM2", "DM2"]),
        ("I10", ["HTN", "HTN"]),
        ("Z79.84", ["raise metformin"]),
        ("N18.31", ["CKD stage 3a"]),
    ]
    assert actions_of(service) == ["replace", "accept", "reject", "accept", "undo", "accept", "add", "order"]

    keys.press("o")
    keys.press("5")
    page.wait_for_url("**/desk/encounters/c1")
    page.locator("#finalise").wait_for()


def test_by_mouse(service, page):
    service.add_chart()
    page.goto("/desk")
    page.locator("#rows").get_by_text("c1").click()
    page.locator(".card", has_text="I10").locator(".head").click()
    assert chosen(page) == "I10"
    assert page.locator("mark.on").all_text_contents() == ["HTN", "HTN"]
    page.get_by_role("button", name="Accept: I10").click()
    page.get_by_role("button", name="Move up: I10").click()
    page.get_by_role("button", name="Reject: M10.9").click()
    page.get_by_role("button", name="history, not current").click()
    page.get_by_role("button", name="Replace: E11.9").click()
    page.get_by_label("Code, or words of its title").fill("E11.6")
    page.locator("#hits li", has_text="E11.65").click()
    page.get_by_role("button", name="Take it").click()
    page.locator(".card.coded", has_text="E11.65").wait_for()

    metformin = page.locator(".note-text")
    metformin.evaluate(
        """(node) => {
          const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
          while (walker.nextNode()) {
            const at = walker.currentNode.data.indexOf("metformin");
            if (at >= 0) getSelection().setBaseAndExtent(walker.currentNode, at, walker.currentNode, at + 9);
          }
        }"""
    )
    page.get_by_role("button", name="Add a code for the selected words").click()
    assert page.get_by_label("Words of the chart").input_value() == "metformin"
    page.get_by_label("Code, or words of its title").fill("Z79")
    page.locator("#hits li", has_text="Z79.84").click()
    page.get_by_role("button", name="Take it").click()
    page.locator(".card", has_text="Z79.84").wait_for()

    page.locator("summary", has_text="Suppressed").click()
    page.get_by_role("button", name="Accept: R07.9").click()
    page.locator(".card.coded", has_text="R07.9").wait_for()
    page.get_by_role("button", name="Undo").click()
    page.locator(".card.suppressed", has_text="R07.9").wait_for(state="attached")
    page.get_by_role("button", name="Finalise f").click()
    page.get_by_role("button", name="Leave them out and finalise").click()
    page.wait_for_url("**/finalised")
    assert lines_of(service) == [
        ("I10", ["HTN", "HTN"]),
        ("E11.65", ["DM2", "DM2"]),
        ("Z79.84", ["metformin"]),
    ]
    assert actions_of(service)[-1] == "leave"
    page.get_by_role("button", name="Reopen").click()
    page.get_by_role("button", name="audit").click()
    page.get_by_role("button", name="Finalise f").wait_for()


def test_a_chart_is_added_and_a_late_note_is_read(service, page):
    page.goto("/desk")
    page.get_by_text("No chart waits.").wait_for()
    page.keyboard.press("c")
    page.get_by_label("Text of the chart").fill("A/P: HTN, at goal")
    page.get_by_label("Age").fill("63")
    page.get_by_label("Sex").select_option("M")
    page.keyboard.press("Control+Enter")
    page.locator(".card", has_text="I10").wait_for()
    assert "63 y M" in page.locator("#facts").text_content()

    page.keyboard.press("a")
    saved(page)
    page.keyboard.press("l")
    page.get_by_label("Text of the note").fill("Addendum: also DM2.")
    page.keyboard.press("Control+Enter")
    page.get_by_text("newly proposed: E11.9").wait_for()
    assert page.locator(".chart-note").count() == 2
    assert page.locator(".card.coded .code").all_text_contents() == ["I10"]


def test_the_samples_are_offered_on_an_empty_desk(service, page):
    page.goto("/desk")
    page.get_by_role("button", name="Load the sample charts").click()
    page.locator("#rows tr:nth-of-type(12)").wait_for()
    page.locator('[data-filter="open"] .count', has_text="12").wait_for()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/encounters/*")


def test_the_worklist_shows_what_is_asked_for(service, page):
    for i in range(3):
        service.add_chart(f"c{i}")
    page.goto("/desk")
    page.locator("#rows tr:nth-of-type(3)").wait_for()
    page.keyboard.press("n")
    page.wait_for_url("**/c0")
    page.goto("/desk?show=mine")
    page.locator("#rows tr").wait_for()
    assert page.locator("#rows a").all_text_contents() == ["c0"]
    counts = page.locator("#filters .count")
    page.locator('[data-filter="finalised"] .count', has_text="0").wait_for()
    assert counts.all_text_contents() == ["3", "1", "0", "0"]
    page.keyboard.press("3")
    page.get_by_text("No chart is finalised yet.").wait_for()


def test_a_long_worklist_comes_in_pages(service, page):
    for i in range(52):
        service.add_chart(f"c{i:02}", text="HTN")
    page.goto("/desk")
    page.locator("#rows tr:nth-of-type(50)").wait_for()
    page.locator('[data-filter="open"] .count', has_text="52").wait_for()
    page.keyboard.press("m")
    page.locator("#rows tr:nth-of-type(52)").wait_for()
    page.locator("#more").wait_for(state="hidden")
    assert page.evaluate("document.activeElement.textContent") == "c50"


def test_the_sequence_goes_up_and_down_and_codes_aside_keep_their_place(service, page):
    service.add_chart()
    page.goto("/desk/encounters/c1")
    page.locator(".head:focus").wait_for()
    page.keyboard.press("Shift+J")
    page.keyboard.press("j")
    page.keyboard.press("r")
    page.keyboard.type("seen elsewhere")
    page.keyboard.press("Enter")
    saved(page)
    expected = ["I10", "E11.9", "N18.31", "M10.9"]
    codes = page.locator("ol.cards .code")
    assert codes.all_text_contents() == expected
    assert page.locator(".card.aside", has_text="rejected: seen elsewhere").count() == 1
    page.reload()
    page.locator(".head:focus").wait_for()
    assert codes.all_text_contents() == expected


def test_accepting_moves_nothing(service, page):
    service.add_chart()
    page.goto("/desk/encounters/c1")
    page.locator(".head:focus").wait_for()
    tops = "[...document.querySelectorAll('.card')].map((card) => card.getBoundingClientRect().top)"
    before = page.evaluate(tops)
    page.keyboard.press("a")
    assert page.evaluate(tops) == before
    saved(page)
    assert page.evaluate(tops) == before
