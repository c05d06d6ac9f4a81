"""Questions to the provider at the desk, and findings that follow what the coder decides."""

from __future__ import annotations

import pytest

from store import encounters, queries
from store.tables import Role

pytestmark = pytest.mark.slow


@pytest.fixture
def opened(service, page):
    service.add_chart()
    page.goto("/desk/encounters/c1")
    page.locator(".head:focus").wait_for()
    return page


def asked(service):
    return queries.history(service.database, "c1")


def select(page, words):
    """Selects words of the chart, as a coder does with the mouse."""
    page.evaluate(
        """words => {
          const root = document.querySelector(".note-text");
          const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
          for (let node = walker.nextNode(); node; node = walker.nextNode()) {
            const at = node.data.indexOf(words);
            if (at < 0) continue;
            const range = document.createRange();
            range.setStart(node, at);
            range.setEnd(node, at + words.length);
            getSelection().removeAllRanges();
            getSelection().addRange(range);
            return;
          }
        }""",
        words,
    )


def test_a_draft_is_asked_and_answered_by_keyboard(service, opened):
    keys = opened.keyboard
    opened.locator(".question.draft", has_text=service.question).wait_for()
    keys.press("q")
    opened.locator("#asking .primary:focus").wait_for()
    assert opened.locator("#query-indicators").text_content() == "gout"
    keys.press("Enter")
    opened.locator(".question.open", has_text="1 · waiting").wait_for()
    assert opened.locator(".question.draft").count() == 0
    (query,) = asked(service)
    assert (query.query.template, query.query.question, query.state) == ("joint-disease-type", service.question, "open")

    opened.get_by_role("button", name="Bring the provider's answer").focus()
    keys.press("Enter")
    opened.locator("#note-text:focus").wait_for()
    assert opened.locator("#note-question").text_content() == service.question
    opened.get_by_role("button", name="Past, without treatment").click()
    assert opened.locator("#note-text").input_value() == "Past, without treatment"
    keys.press("Control+Enter")
    opened.get_by_text("The chart was read again").wait_for()
    opened.locator(".ended summary").click()
    opened.locator(".question.answered", has_text="answered by note answer-1-").wait_for()
    (query,) = asked(service)
    notes = encounters.get(service.database, "c1").encounter.notes
    assert (query.state, query.note) == ("answered", notes[-1].id)
    assert (notes[-1].text, notes[-1].type, notes[-1].author_role) == (
        "Past, without treatment",
        "query response",
        "provider",
    )


def test_a_coder_asks_about_words_of_the_chart(service, opened):
    select(opened, "A1c 8.9")
    opened.get_by_role("button", name="Ask about them").click()
    opened.locator("#query-question:focus").wait_for()
    opened.keyboard.type("Would you agree that this is hyperglycemia?")
    opened.keyboard.press("Control+Enter")
    opened.locator("#query-problem", has_text="lead to an answer").wait_for()
    opened.locator("#query-question").fill("What diagnosis, if any, does the value quoted represent?")
    opened.locator("#query-options").fill("Hyperglycemia\n\n No diagnosis ")
    opened.keyboard.press("Control+Enter")
    opened.locator(".question.open").wait_for()
    (query,) = asked(service)
    assert query.query.template == ""
    assert [span.quote for span in query.query.indicators] == ["A1c 8.9"]
    assert query.query.options == (
        "Hyperglycemia",
        "No diagnosis",
        "Other (please state)",
        "Unable to determine clinically",
    )
    # the draft of the suggestion is still there
    assert opened.locator(".question.draft").count() == 1


def test_a_question_is_withdrawn_for_a_reason(service, opened):
    opened.keyboard.press("q")
    opened.keyboard.press("Control+Enter")
    opened.locator(".question.open").wait_for()
    opened.get_by_role("button", name="Withdraw the question").click()
    opened.keyboard.press("2")
    opened.locator(".ended summary", has_text="1").click()
    opened.locator(".question.withdrawn", has_text="withdrawn: asked in error").wait_for()
    (query,) = asked(service)
    assert (query.state, query.reason) == ("withdrawn", "asked in error")


def test_a_question_goes_with_what_was_decided_before_it(service, opened):
    opened.keyboard.press("a")
    opened.keyboard.press("q")
    opened.locator("#asking .primary:focus").wait_for()
    opened.keyboard.press("Enter")
    opened.locator(".question.open").wait_for()
    opened.keyboard.press("a")
    opened.locator("#saved.good").wait_for()
    assert opened.locator(".card.coded").count() == 2
    assert opened.locator("#conflict[open]").count() == 0


def test_without_a_draft_or_words_nothing_is_asked(service, page):
    service.add_chart(text="HPI: HTN at goal.\n")
    page.goto("/desk/encounters/c1")
    page.locator(".head:focus").wait_for()
    page.keyboard.press("q")
    page.get_by_text("Select the words that a question is about").wait_for()
    assert page.locator("#asking[open]").count() == 0


def test_the_indicators_lead_to_their_place(service, opened):
    opened.locator(".question.draft .quote").click()
    assert opened.evaluate("getSelection().toString()") == "gout"


def test_the_worklist_shows_charts_that_wait(service, page):
    for name in ("c1", "c2"):
        service.add_chart(name)
    page.goto("/desk/encounters/c1")
    page.locator(".head:focus").wait_for()
    page.keyboard.press("q")
    page.keyboard.press("Control+Enter")
    page.locator(".question.open").wait_for()
    page.goto("/desk")
    page.locator("#rows tr", has_text="c1").get_by_text("1 question open").wait_for()
    page.keyboard.press("4")
    page.wait_for_url("**/desk?show=asked")
    page.locator("#rows tr").first.wait_for()
    assert page.locator("#rows a").all_text_contents() == ["c1"]


def test_findings_follow_the_coder_and_lead_to_their_codes(service, opened):
    finding = opened.locator("#lists .findings > .warning", has_text="not reported beside E11.65")
    assert finding.count() == 0
    opened.keyboard.press("+")
    opened.keyboard.type("diabetes hyperglycemia")
    opened.locator('#hits li[aria-selected="true"]', has_text="E11.65").wait_for()
    opened.keyboard.press("Enter")
    finding.wait_for()
    finding.get_by_role("button", name="E11.9").click()
    opened.locator(".card.on .head:focus .code", has_text="E11.9").wait_for()
    opened.keyboard.press("f")
    opened.locator("#finalising .findings", has_text="not reported beside E11.65").wait_for()
    opened.keyboard.press("Escape")
    opened.keyboard.press("r")
    opened.keyboard.press("1")
    finding.wait_for(state="detached")


def test_an_open_question_is_told_before_the_chart_is_closed(service, opened):
    opened.keyboard.press("q")
    opened.keyboard.press("Control+Enter")
    opened.locator(".question.open").wait_for()
    opened.keyboard.press("f")
    opened.locator("#finalising", has_text="1 question to the provider without an answer").wait_for()


def test_who_only_reads_a_chart_asks_nothing(service, new_page):
    for name in ("ana", "ben"):
        service.add_user(name, Role.CODER)
    service.add_chart()
    pages = []
    for name in ("ana", "ben"):
        page = new_page()
        page.goto("/desk/sign-in?next=/desk/encounters/c1")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(service.password)
        page.keyboard.press("Enter")
        page.locator(".head").first.wait_for()
        page.keyboard.press("q")
        pages.append(page)
        if name == "ana":
            page.keyboard.press("Escape")
            page.locator(".head").first.focus()
            page.keyboard.press("a")
            page.locator("#saved.good").wait_for()
    assert pages[1].locator("#asking[open]").count() == 0
    assert pages[1].locator(".question.draft").count() == 1
    assert pages[1].get_by_role("button", name="Ask this").count() == 0
