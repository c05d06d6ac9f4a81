"""The report of an audit: one file that needs nothing else, and says what it is."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from suggest.audit.records import AssignedClaim, AuditedClaim, AuditedLine, AuditFinding, Kind, Quote, Verdict
from suggest.audit.summary import SMALL, summarise
from suggest.edits.coded import CodedLine, CodedSet
from suggest.records import Code, Encounter, Evidence, Note, RunStamp, Severity, System
from training.audit_report import AUDIT_REPORT, EXPLAINED, STEPS, render_audit
from training.report_files import ReportError, check_report_path, write_report

CHROMIUM = Path("/usr/bin/chromium")
TEXT = "Denies chest pain <script>alert(1)</script>. HTN at goal."
STAMP = RunStamp("0.1.0", "m@1", (("ICD-10-CM", "FY2026"),), "i", "professional", "0")
GROUP = "ICD-10-CM 18: Symptoms"


def quote(words, said="present"):
    start = TEXT.index(words)
    return Quote(Evidence("n", start, start + len(words), words), "hpi", said)


def audited(name="c1", coder="anna", count=1):
    pain, pressure = Code(System.ICD10CM, "R07.9"), Code(System.ICD10CM, "I10")
    denied = (quote("chest pain", "negated"),)
    lines = [AuditedLine(CodedLine(pain, poa="Y"), "Chest pain", GROUP, Verdict.UNSUPPORTED, quotes=denied)]
    lines += [
        AuditedLine(CodedLine(pressure), "Hypertension", "ICD-10-CM 9: Heart", Verdict.SUPPORTED, True, 0.97)
    ] * count
    findings = (
        AuditFinding(Kind.UNSUPPORTED, (pain,), "Chest pain", GROUP, "it is denied", "Read", quotes=denied),
        AuditFinding(Kind.EDIT, (pain, pressure), "Chest pain", GROUP, "a & b", "Look", "an-edit I.A", Severity.ERROR),
    )
    encounter = Encounter(name, (Note("n", TEXT),))
    claim = AssignedClaim(CodedSet(encounter, tuple(line.line for line in lines)), coder)
    return AuditedClaim(claim, tuple(lines), findings, ("I10", "R07.9"), STAMP)


def render(*claims):
    return render_audit(claims, summarise(claims), source="claims.jsonl")


class Tags(HTMLParser):
    """Collects tags with their attributes."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def test_it_says_that_it_holds_words_of_charts_and_that_a_person_decides():
    html = render(audited())
    assert "This file holds words of charts." in html
    assert "The audit suggests and a person decides." in html
    assert f"Below {SMALL} codes no share supports a conclusion" in " ".join(html.split())


def test_it_needs_nothing_from_elsewhere_and_escapes_charts():
    html = render(audited())
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html
    outside = [value for _tag, found in Tags(html).found for key, value in found.items() if key in {"src", "href"}]
    assert all(value.startswith("#") for value in outside)
    assert "http" not in re.sub(r"http-equiv", "", html)
    assert "default-src &#39;none&#39;" in html


def test_findings_carry_what_filters_go_by_and_the_words():
    tags = Tags(render(audited(), audited("c2", ""))).found
    rows = [found for tag, found in tags if tag == "tr" and "data-kind" in found]
    # an error of an edit is as sure as a code that is denied
    assert [row["data-kind"] for row in rows] == ["unsupported", "unsupported", "edit", "edit"]
    assert {row["data-step"] for row in rows} == {"1"}
    assert {row["data-coder"] for row in rows} == {"anna", "(not named)"}
    assert {row["data-group"] for row in rows} == {GROUP}
    html = render(audited())
    assert "<mark>chest pain</mark>" in html
    assert "History of present illness, negated" in html


def test_plots_are_drawn_within_their_scale():
    html = render(audited(count=SMALL), audited("c2", "ben"))
    tags = Tags(html).found
    ends = [float(found[key]) for tag, found in tags if found.get("class") == "interval" for key in ("x1", "x2")]
    assert ends
    assert all(10 <= end <= 390 for end in ends)
    assert 'class="small"' in html
    assert "too few to judge" in html
    assert html.count("<svg") == html.count("</svg>")
    assert all(found.get("role") == "img" and found.get("aria-label") for tag, found in tags if tag == "svg")


def test_a_claim_without_findings_is_a_report_too():
    clean = audited()
    clean = AuditedClaim(clean.claim, clean.lines[1:], (), ("I10",), STAMP)
    html = render(clean)
    assert html.count("No findings.") == 2
    assert "No findings: nothing to start with." in html


def test_every_kind_is_explained_and_has_one_step():
    assert EXPLAINED.keys() == set(Kind)
    assert sorted(kind for step in STEPS for kind in step.kinds) == sorted(Kind)


def test_it_says_where_to_start_and_leads_to_the_claims():
    page = Tags(render(audited(), audited("c2", "ben")))
    start = render(audited(), audited("c2", "ben")).partition('class="start"')[2].partition("</section>")[0]
    assert "<b>4 findings</b> on 2 claims" in start
    assert 'href="#claim-2"' in start
    places = {found.get("id") for _tag, found in page.found}
    assert all(found["href"][1:] in places for tag, found in page.found if tag == "a")


def test_what_is_no_verdict_stands_with_its_claim_too():
    claim = render(audited()).partition('id="claim-1"')[2]
    assert "a &amp; b. Look" in claim


def test_only_reports_of_its_kind_are_replaced(tmp_path):
    path = tmp_path / "report.html"
    write_report(path, render(audited()), AUDIT_REPORT)
    check_report_path(path, AUDIT_REPORT)
    with pytest.raises(ReportError, match="no error report"):
        check_report_path(path, "ChartCoder error report")


@pytest.mark.slow
def test_findings_can_be_filtered(tmp_path):
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing: apt-get install chromium")
    from playwright.sync_api import expect, sync_playwright

    path = tmp_path / "report.html"
    write_report(path, render(audited(), audited("c2", "ben")), AUDIT_REPORT)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu", "--disable-quic"]
        )
        page = chromium.new_page()
        problems = []
        page.on("console", lambda message: problems.append(message.text))
        page.goto(path.as_uri())
        expect(page.locator("#shown")).to_have_text("4 findings")
        page.select_option("[name=kind]", "edit")
        page.select_option("[name=coder]", "ben")
        expect(page.locator("#shown")).to_have_text("1 of 4 findings")
        expect(page.locator("#table tbody tr:visible .id")).to_have_text(["c2"])
        page.click("details.claim summary >> nth=0")
        expect(page.locator("details.claim >> nth=0").locator("tbody tr")).to_have_count(3)
        page.locator(".start a[data-facet]").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#shown")).to_have_text("4 findings")
        expect(page.locator("[name=coder]")).to_have_value("")
        page.locator("#coders a", has_text="ben").press("Enter")
        expect(page.locator("#shown")).to_have_text("2 of 4 findings")
        page.locator("#table a[href='#claim-2'] >> nth=0").press("Enter")
        expect(page.locator("#claim-2 tbody")).to_be_visible()
        expect(page.locator("#claim-2 summary")).to_be_focused()
        assert problems == []
        chromium.close()
