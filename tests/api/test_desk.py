"""The pages of the desk, without a browser; tests/browser works with them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.routes.desk import _ENCOUNTER_KEYS, REJECT_REASONS
from store import users
from store.checks import MAX_REASON
from store.tables import Role
from suggest.records import Setting

PAGES = ["/desk", "/desk/sign-in", "/desk/encounters/c1", "/desk/encounters/c1/finalised"]


@pytest.mark.parametrize("path", PAGES)
def test_pages_need_no_inline_code_and_nothing_from_elsewhere(client, path):
    response = client.get(path)
    assert response.status_code == 200
    assert "'unsafe-inline'" not in response.headers["content-security-policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", response.text)
    assert not re.search(r"https?://", response.text)
    for address in re.findall(r'"(/static/[^"]+)"', response.text):
        assert "immutable" in client.get(address).headers["cache-control"]


@pytest.mark.parametrize("path", PAGES)
def test_pages_say_that_nobody_signs_in(client, path):
    assert "Single-user mode" in client.get(path).text


@pytest.mark.parametrize("path", [path for path in PAGES if "sign-in" not in path])
def test_whoever_is_not_signed_in_is_sent_to_sign_in(client, path):
    database = client.app.state.storage.database
    users.create(database, "ana", roles=[Role.CODER], password="a long pass phrase", actor=None)
    response = client.get(path)
    assert response.status_code == 303
    assert response.headers["location"].startswith("/desk/sign-in?next=%2Fdesk")
    page = client.get("/desk/sign-in")
    assert page.status_code == 200
    assert "Single-user mode" not in page.text


def test_the_form_for_a_chart_offers_all_settings(client):
    html = client.get("/desk").text
    for setting in Setting:
        assert f'<option value="{setting.value}"' in html


def test_reasons_are_picked_by_a_digit_and_can_be_stored(client):
    assert 1 <= len(REJECT_REASONS) <= 9
    assert all(0 < len(reason) <= MAX_REASON for reason in REJECT_REASONS)
    html = client.get("/desk/encounters/c1").text
    assert html.count("data-reason=") >= len(REJECT_REASONS)


@pytest.mark.parametrize("encounter_id", ["a b", "a<b", "x" * 65, "%2e%2e%2f"])
def test_an_id_of_another_shape_is_refused(client, encounter_id):
    response = client.get(f"/desk/encounters/{encounter_id}")
    assert response.status_code in {404, 422}
    assert "<b" not in response.text


def test_the_outline_counts_in_utf_16(client, assert_problem):
    text = "\U0001f642\U0001f642\nHPI: DM2\nA/P: HTN\n"
    client.post("/v1/encounters", {"id": "c1", "notes": [{"id": "n1", "text": text}]})
    units = text.encode("utf-16-le")
    sections = client.get("/desk/encounters/c1/outline").json()["sections"]
    words = [units[2 * item["start"] : 2 * item["end"]].decode("utf-16-le") for item in sections]
    assert words == ["HPI:", "A/P:"]
    assert {item["note_id"] for item in sections} == {"n1"}
    assert_problem(client.get("/desk/encounters/none/outline"), 404, "unknown-record")


@pytest.mark.parametrize(
    ("keys", "meaning"), _ENCOUNTER_KEYS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_key_of_a_chart_is_documented(keys, meaning):
    text = (Path(__file__).parents[2] / "docs" / "desk.md").read_text("utf-8")
    shown = " ".join(f"`{key}`" for key in keys)
    assert f"| {shown} | {meaning} |" in text
