"""Nothing a coder decides is lost or recorded twice: other coders, lost connections, ended sessions."""

from __future__ import annotations

import httpx
import pytest

from store import decisions
from store.tables import Role

pytestmark = pytest.mark.slow


def sign_in(service, page, name, then):
    page.goto(then)
    page.wait_for_url("**/desk/sign-in*")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(service.password)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{then}")


def actions_of(service, encounter_id="c1"):
    history = decisions.history(service.database, encounter_id)
    return [(recorded.decision.action, recorded.version) for recorded in history]


def test_the_second_coder_sees_what_the_first_changed_and_goes_on(service, new_page):
    for name in ("ana", "ben"):
        service.add_user(name, Role.LEAD)
    service.add_chart()
    first, second = new_page(), new_page()
    for page, name in ((first, "ana"), (second, "ben")):
        sign_in(service, page, name, "/desk/encounters/c1")
        page.locator(".head:focus").wait_for()
    first.keyboard.press("a")
    first.locator("#saved.good").wait_for()

    second.keyboard.press("j")
    second.keyboard.press("a")
    second.get_by_role("heading", name="Someone else changed this chart").wait_for()
    told = second.locator("#conflict-body").text_content()
    assert "ana accepted E11.9" in told
    assert "You accepted I10" in told
    second.keyboard.press("Enter")
    second.locator("#saved.good").wait_for()
    assert second.locator(".card.coded .code").all_text_contents() == ["E11.9", "I10"]

    first.keyboard.press("a")
    first.get_by_role("heading", name="Someone else changed this chart").wait_for()
    first.keyboard.press("d")
    first.locator("#conflict").wait_for(state="hidden")
    assert [action for action, _ in actions_of(service)] == ["accept", "accept"]
    assert first.locator(".card.coded .code").all_text_contents() == ["E11.9", "I10"]


def test_decisions_wait_in_memory_while_the_connection_is_lost(service, page):
    service.add_chart()
    page.goto("/desk/encounters/c1")
    page.locator(".head:focus").wait_for()
    page.context.set_offline(True)
    page.keyboard.press("a")
    page.keyboard.press("a")
    page.get_by_text("Not saved: retrying (2 changes waiting)").wait_for()
    assert page.locator(".card.unsaved .code").all_text_contents() == ["E11.9", "I10"]

    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.locator(".head:focus").click()
    page.close(run_before_unload=True)
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]

    page.context.set_offline(False)
    page.locator("#saved.good").wait_for()
    assert page.locator(".card.unsaved").count() == 0
    assert [action for action, _ in actions_of(service)] == ["accept", "accept"]


def test_a_decision_whose_answer_was_lost_is_recorded_once(service, page):
    service.add_chart()
    page.goto("/desk/encounters/c1")
    page.locator(".head:focus").wait_for()
    sent = []

    def lose_the_first_answer(route):
        sent.append(route.request.headers["idempotency-key"])
        if len(sent) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/decisions?*", lose_the_first_answer)
    page.keyboard.press("a")
    page.locator("#saved.good").wait_for()
    assert len(sent) == 2
    assert sent[0] == sent[1]
    assert [action for action, _ in actions_of(service)] == ["accept"]


def test_an_ended_session_keeps_what_is_not_saved(service, page):
    service.add_user("ana", Role.CODER)
    service.add_chart()
    sign_in(service, page, "ana", "/desk/encounters/c1")
    page.locator(".head:focus").wait_for()
    page.context.clear_cookies()
    page.keyboard.press("a")
    page.get_by_role("heading", name="Your session has ended").wait_for()
    page.locator("#again-password").fill("not the password")
    page.keyboard.press("Enter")
    page.locator("#again-problem", has_text="do not fit").wait_for()
    page.locator("#again-password").fill(service.password)
    page.keyboard.press("Enter")
    page.locator("#saved.good").wait_for()
    assert [action for action, _ in actions_of(service)] == ["accept"]
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/desk/sign-in")


def test_a_refused_decision_is_told_and_the_list_set_right(service, page):
    service.add_chart()
    page.goto("/desk/encounters/c1")
    page.locator(".head:focus").wait_for()
    refusal = {"type": "/problems/invalid-decision", "title": "It does not fit", "status": 422, "detail": "a reason"}
    page.route("**/decisions?*", lambda route: route.fulfill(status=422, json=refusal))
    page.keyboard.press("a")
    page.locator("#problem", has_text="It does not fit: a reason.").wait_for()
    assert page.locator(".card.coded").count() == 0


def test_single_user_mode_is_told_and_ends_with_the_first_account(service, page):
    service.add_chart()
    page.goto("/desk")
    page.get_by_text("Single-user mode").wait_for()
    service.add_user("ana")
    response = httpx.get(f"{service.url}/desk")
    assert response.status_code == 303
    assert response.headers["location"] == "/desk/sign-in?next=%2Fdesk"


def test_a_chart_of_another_coder_can_only_be_read(service, new_page):
    for name in ("ana", "ben"):
        service.add_user(name)
    service.add_chart()
    first, second = new_page(), new_page()
    sign_in(service, first, "ana", "/desk")
    first.locator("#rows a:focus").wait_for()
    first.keyboard.press("n")
    first.wait_for_url("**/c1")
    sign_in(service, second, "ben", "/desk/encounters/c1")
    second.get_by_text("ana works on this chart; you can only read it.").wait_for()
    second.keyboard.press("a")
    assert second.locator(".act").count() == 0
    assert actions_of(service) == []
