"""Markup in charts and titles stays text; the pages can be used without eyes, mouse or good light."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

HOSTILE_TEXT = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">\n"

CHECKS = (Path(__file__).parent / "accessibility.js").read_text("utf-8")


def test_markup_in_chart_and_titles_stays_text(service, page):
    service.add_chart(text=service.chart + HOSTILE_TEXT)
    page.goto("/desk/encounters/c1")
    page.locator(".card", has_text="M10.9").wait_for()
    assert "<script>document.title='taken'</script>" in page.locator("#reader").text_content()
    assert "<img src=x" in page.locator(".card", has_text="M10.9").text_content()
    page.keyboard.press("+")
    page.get_by_label("Code, or words of its title").fill("gout")
    page.locator("#hits li", has_text="<img src=x").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    page.get_by_role("button", name="Accept them and finalise").click()
    page.wait_for_url("**/finalised")
    page.locator("#rows", has_text="<img src=x").wait_for()
    assert page.locator("img[src='x']").count() == 0
    assert "taken" not in page.title()


def test_an_address_cannot_lead_elsewhere_after_sign_in(service, page):
    service.add_user("ana")
    for target in ("https://elsewhere.example/", "//elsewhere.example", "/desk/../../x", "javascript:alert(1)"):
        page.context.clear_cookies()
        page.goto(f"/desk/sign-in?next={target}")
        page.get_by_label("Name").fill("ana")
        page.get_by_label("Password").fill(service.password)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "sign-in" not in url)
        assert page.url.startswith(f"{service.url}/"), target


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_pages_have_names_labels_and_contrast(service, new_page, colours, width):
    service.add_chart(text=service.procedures)
    service.add_chart("c2")
    page = new_page(color_scheme=colours, viewport={"width": width, "height": 800})
    page.goto("/desk")
    page.locator("#rows a:focus").wait_for()
    page.locator('[data-filter="finalised"] .count', has_text="0").wait_for()
    assert page.evaluate(CHECKS) == []
    page.goto("/desk/encounters/c1")
    page.locator(".head:focus").wait_for()
    page.locator(".head", has_text="99214").focus()
    page.keyboard.press("v")
    assert page.evaluate(CHECKS) == []
    page.keyboard.press("d")
    page.locator("#modifiers:focus").wait_for()
    assert page.evaluate(CHECKS) == []
    page.keyboard.press("Escape")
    page.locator(".head").first.focus()
    page.keyboard.press("s")
    page.keyboard.press("a")
    page.keyboard.press("r")
    assert page.evaluate(CHECKS) == []
    page.keyboard.press("2")
    page.locator(".card.aside:not(.unsaved)").wait_for()
    assert page.evaluate(CHECKS) == []
    page.keyboard.press("q")
    page.locator("#asking").wait_for()
    assert page.evaluate(CHECKS) == []
    page.keyboard.press("Control+Enter")
    page.locator(".question.open").wait_for()
    assert page.evaluate(CHECKS) == []
    page.get_by_role("button", name="Bring the provider's answer").click()
    page.locator("#noting").wait_for()
    assert page.evaluate(CHECKS) == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.locator("#keys").wait_for()
    assert page.evaluate(CHECKS) == []
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    page.keyboard.press("a")
    page.wait_for_url("**/finalised")
    page.locator("#lines").wait_for()
    assert page.evaluate(CHECKS) == []


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_the_page_for_signing_in_has_names_labels_and_contrast(service, new_page, colours):
    service.add_user("ana")
    page = new_page(color_scheme=colours, viewport={"width": 390, "height": 800})
    page.goto("/desk")
    page.get_by_label("Name").fill("ana")
    page.get_by_label("Password").fill("not the password")
    page.keyboard.press("Enter")
    page.locator("#problem", has_text="do not fit").wait_for()
    assert page.evaluate(CHECKS) == []


def test_the_focus_can_be_seen_and_dialogs_give_it_back(service, page):
    service.add_chart()
    page.goto("/desk/encounters/c1")
    page.locator(".head:focus").wait_for()
    page.keyboard.press("j")
    page.keyboard.press("r")
    page.locator("#rejecting input:focus").wait_for()
    page.keyboard.press("Escape")
    page.locator(".card.on .head:focus").wait_for()
    assert page.locator(".card.on .head .code").text_content() == "I10"
    assert page.locator(".card.on").evaluate("(card) => getComputedStyle(card).boxShadow") != "none"


def test_a_long_chart_with_many_codes_is_shown_at_once(service, page):
    service.add_chart(text=service.chart * 100)
    page.goto("/desk/encounters/c1")
    page.locator(".head:focus").wait_for()
    milliseconds = page.evaluate(
        """async () => {
          const began = performance.now();
          document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "j", bubbles: true }));
          await new Promise(requestAnimationFrame);
          return performance.now() - began;
        }"""
    )
    assert milliseconds < 200
