"""The error report: one private file that loads nothing, and works without its script."""

from __future__ import annotations

import os
import re
import stat
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import pytest

from training.error_page import ReportError, check_report_path, render_report, summary, write_report
from training.errors import CodingError, ErrorFinder, Excerpt, FirstListedError, Kind, Stage

CHROMIUM = Path("/usr/bin/chromium")
HOSTILE = "<script>document.title='taken'</script>"
MEASURES = {"precision": 0.75, "recall": None, "f1": 0.5}


def error(code="E11.9", stage=Stage.RANKED_LOW, **changes):
    fields = {
        "kind": Kind.FALSE_ALARM if stage in (Stage.SIBLING_OF_GOLD, Stage.NOT_CODABLE, Stage.OTHER) else Kind.MISS,
        "stage": stage,
        "detail": "",
        "chart": "c1",
        "setting": "ed",
        "code": code,
        "title": f"Title of {code}",
        "chapter": 4,
        "probability": 0.25,
        "threshold": 0.3,
        "rank": 7,
        "excerpt": Excerpt("seen for ", "sugar", " today"),
        "words_of": "",
        "section": "assessment_plan",
        "source": "lexicon",
        "term": "sugar",
    }
    return CodingError(**fields | changes)


UNSEEN = {"probability": None, "rank": None, "source": "", "term": "", "excerpt": None}
ERRORS = [
    error("J00", Stage.OTHER, chapter=10, probability=0.9, rank=1, chart="c2", setting="inpatient"),
    error(excerpt=Excerpt("", HOSTILE, " &amp;"), probability=0.1, rank=20),
    error("I10", Stage.NO_MENTION, chapter=9, section="none", **UNSEEN),
    error("Q99.99", Stage.NO_MENTION, chapter=0, title="", section="", **UNSEEN),
]


@pytest.fixture
def render(index):
    def page(errors=(), first=()):
        model = SimpleNamespace(name="by-hand@0")
        finder = ErrorFinder(index, model, 2, 5, 4, list(errors), list(first))
        return render_report(finder, corpus="charts:ours.jsonl", measures=MEASURES)

    return page


class Tags(HTMLParser):
    """Collects start tags with their attributes, and the text of cells."""

    def __init__(self, html):
        super().__init__()
        self.tags = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def named(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def test_the_page_needs_nothing_from_elsewhere_and_escapes_charts(render):
    html = render(ERRORS)
    tags = Tags(html)
    assert len(tags.named("script")) == 1
    assert HOSTILE not in html
    assert "&lt;script&gt;document.title" in html
    assert " &amp;amp;" in html
    attributes = {name for _tag, found in tags.tags for name in found}
    assert not attributes & {"src", "srcset", "style", "action", "background"}
    assert not {name for name in attributes if name.startswith("on")}
    assert all(link["href"].startswith("#") for link in tags.named("a"))
    assert not re.search(r"url\(|@import|https?:", html)


def test_the_policy_allows_the_own_script_and_style_only(render):
    (policy,) = [meta["content"] for meta in Tags(render()).named("meta") if "http-equiv" in meta]
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[^']{44}'; script-src 'sha256-[^']{44}'; "
        r"base-uri 'none'; form-action 'none'",
        policy,
    )


def test_rows_come_in_the_order_of_the_stages_with_what_filters_go_by(render):
    rows = [row for row in Tags(render(ERRORS)).named("tr") if "data-stage" in row]
    assert [row["data-stage"] for row in rows] == ["no mention", "no mention", "ranked low", "other"]
    assert rows[-1] == {
        "data-kind": "false alarm",
        "data-stage": "other",
        "data-chapter": "10",
        "data-section": "assessment_plan",
        "data-setting": "inpatient",
    }


def test_the_banner_and_the_figures(render):
    html = render(ERRORS)
    assert "This file holds words of charts." in html
    assert "<dt>precision</dt><dd>0.750</dd>" in html
    assert "<dt>recall</dt><dd>-</dd>" in html
    assert "<dt>misses</dt><dd>3</dd>" in html


def test_first_listed_errors_have_their_table(render):
    first = FirstListedError("c9", "ed", "E11.9", "Diabetes", "", "", "not candidate")
    html = render(first=[first])
    assert "1 of 2 charts begin with another code than gold" in html
    assert "not candidate" in html
    assert "no code" in html
    assert "No misses and no false alarms." in html
    assert "Every chart with gold codes begins with the first of them." in render(ERRORS)


def test_counts_by_stage_and_chapter():
    names = {4: "four", 9: "nine", 10: "ten", 0: "none"}
    four, nine, ten, none, whole = summary(ERRORS, names)
    assert [row["chapter"] for row in (four, nine, ten, none, whole)] == ["four", "nine", "ten", "none", "All chapters"]
    assert (four["misses"], four["false_alarms"], four["counts"][Stage.RANKED_LOW]) == (1, 0, 1)
    assert four["share"] == pytest.approx(100 / 3)
    assert (ten["misses"], ten["share"], ten["false_alarms"]) == (0, 0, 1)
    assert (whole["misses"], whole["share"], whole["false_alarms"]) == (3, 100, 1)
    assert summary([ERRORS[0]], names)[-1]["share"] is None


def test_only_the_owner_may_read_the_file(render, tmp_path):
    path = tmp_path / "errors.html"
    old = os.umask(0)
    try:
        write_report(path, render(ERRORS))
        path.chmod(0o644)
        write_report(path, render())
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "No misses" in path.read_text(encoding="utf-8")
    assert [entry.name for entry in tmp_path.iterdir()] == ["errors.html"]


def test_nothing_but_a_report_is_overwritten(render, tmp_path):
    other = tmp_path / "notes.html"
    other.write_text("<!doctype html><title>ChartCoder error report</title>", encoding="utf-8")
    for path in (other, tmp_path):
        with pytest.raises(ReportError, match="exists and is no error report of ChartCoder"):
            write_report(path, render())
    assert other.read_text(encoding="utf-8").startswith("<!doctype html><title>")
    with pytest.raises(ReportError, match="there is no folder"):
        check_report_path(tmp_path / "missing" / "errors.html")


def test_a_link_is_replaced_and_what_it_points_to_stays(render, tmp_path):
    target, link = tmp_path / "real.html", tmp_path / "link.html"
    write_report(target, render())
    link.symlink_to(target)
    write_report(link, render(ERRORS))
    assert not link.is_symlink()
    assert "No misses" in target.read_text(encoding="utf-8")


def test_text_that_is_no_unicode_does_not_stop_the_report(render, tmp_path):
    write_report(tmp_path / "errors.html", render([error(excerpt=Excerpt("", "\ud800", ""))]))
    assert "<mark>?</mark>" in (tmp_path / "errors.html").read_text(encoding="utf-8")


@pytest.fixture
def browser():
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu", "--disable-quic"]
        )
        yield chromium
        chromium.close()


@pytest.mark.slow
def test_the_page_filters_and_sorts_and_is_a_plain_table_without_its_script(render, browser, tmp_path):
    from playwright.sync_api import expect

    path = tmp_path / "errors.html"
    write_report(path, render(ERRORS))
    page = browser.new_page()
    complaints, requests = [], []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda fault: complaints.append(str(fault)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.as_uri())

    shown = page.locator("#shown")

    def codes():
        return page.locator("#table tbody tr:visible .code").all_inner_texts()

    page.select_option("[name=kind]", "miss")
    expect(shown).to_have_text("3 of 4 errors")
    page.fill("[name=words]", "TITLE e11")
    expect(shown).to_have_text("1 of 4 errors")
    assert codes() == ["E11.9"]
    page.fill("[name=words]", "zebra")
    page.wait_for_selector("#nothing:visible")
    page.click("button[type=reset]")
    expect(shown).to_have_text("4 errors")

    head = page.locator("#table th", has_text="Probability")
    head.locator("button").focus()
    page.keyboard.press("Enter")
    assert codes() == ["Q99.99", "I10", "E11.9", "J00"]
    page.keyboard.press("Enter")
    assert codes()[:2] == ["J00", "E11.9"]
    assert head.get_attribute("aria-sort") == "descending"

    page.set_viewport_size({"width": 380, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert complaints == []
    assert requests == [path.as_uri()]
    assert page.title() == "Errors on charts:ours.jsonl - ChartCoder"

    plain = browser.new_context(java_script_enabled=False).new_page()
    plain.goto(path.as_uri())
    assert plain.locator("#table tbody tr:visible").count() == 4
    assert not plain.locator("#filters").is_visible()
    assert plain.locator("button:visible").count() == 0
