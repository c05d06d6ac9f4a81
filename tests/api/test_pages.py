"""The page and its files."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from api.routes.pages import sample_charts
from api.schemas import SuggestionRequest
from suggest.records import Setting


def test_the_page_offers_all_settings(client):
    response = client.get("/")
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["cache-control"] == "no-cache"
    for setting in Setting:
        assert f'<option value="{setting.value}"' in response.text


def test_the_page_needs_no_inline_code_and_nothing_from_elsewhere(client):
    html = client.get("/").text
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", html)
    assert not re.search(r"https?://", html)


def test_scripts_only_ever_set_text():
    folder = files("api") / "web" / "static"
    for entry in folder.iterdir():
        if entry.name.endswith(".js"):
            assert not re.search(
                r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", entry.read_text("utf-8")
            )


def test_every_field_of_the_page_has_a_label(client):
    html = client.get("/").text
    for tag in re.findall(r"<(?:input|select|textarea)[^>]*>", html):
        name = re.search(r'id="(\w+)"', tag)[1]
        labelled = "aria-label=" in tag or re.search(rf'<label[^>]*>[^<]*\s*<\w+ id="{name}"', html)
        assert labelled, name


def test_files_are_cached_for_ever_under_their_hash_only(client):
    html = client.get("/").text
    addresses = re.findall(r'"(/static/[^"]+)"', html)
    assert len(addresses) >= 3
    for address in addresses:
        response = client.get(address)
        assert response.status_code == 200
        assert "immutable" in response.headers["cache-control"]
        assert client.get(address.partition("?")[0]).headers["cache-control"] == "no-cache"
        assert client.get(address + "0").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("page.css", "text/css"),
        ("page.js", "text/javascript"),
        ("chart.js", "text/javascript"),
        ("icon.svg", "image/svg+xml"),
    ],
)
def test_files_have_their_media_type(client, name, media_type):
    assert client.get(f"/static/{name}").headers["content-type"].startswith(media_type)


def test_long_answers_are_compressed_and_short_ones_are_not(client):
    assert client.get("/static/page.css").headers["content-encoding"] == "gzip"
    assert "content-encoding" not in client.get("/healthz").headers


def test_there_are_twelve_samples_that_can_be_sent(client):
    samples = client.get("/samples.json").json()
    assert samples == sample_charts()
    assert len(samples) == 12
    assert len({sample["title"] for sample in samples}) == 12
    for sample in samples:
        fields = {name: value for name, value in sample.items() if name not in {"title", "text"}}
        body = SuggestionRequest.model_validate({"notes": [{"id": "n1", "text": sample["text"]}], **fields})
        body.to_encounter(limit=10_000)
        assert client.suggest(sample["text"], **fields).status_code == 200
