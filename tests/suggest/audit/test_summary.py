"""Figures of an audit: agreement, intervals, counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suggest.audit.records import AssignedClaim, AuditedClaim, AuditedLine, AuditFinding, Kind, Verdict
from suggest.audit.summary import NO_CODER, Agreement, summarise, wilson
from suggest.edits.coded import CodedLine, CodedSet
from suggest.records import Code, Encounter, Note, RunStamp, System

STAMP = RunStamp("0", "m", (), "i", "professional", "0")


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (81, 263, 0.2553, 0.3662)],
)
def test_wilson_agrees_with_published_figures(hits, count, low, high):
    # the last is the worked example of R. G. Newcombe, Statistics in Medicine 17, 1998
    assert wilson(hits, count) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 5000).flatmap(lambda count: st.tuples(st.integers(0, count), st.just(count))))
def test_the_interval_holds_the_share(pair):
    hits, count = pair
    low, high = wilson(hits, count)
    assert 0 <= low <= hits / count <= high <= 1


@pytest.mark.parametrize(("hits", "count"), [(0, 0), (-1, 3), (4, 3)])
def test_what_is_no_proportion_has_no_interval(hits, count):
    with pytest.raises(ValueError, match="no proportion"):
        wilson(hits, count)


def line(code, verdict, group="ICD-10-CM 9: Circulation"):
    return AuditedLine(CodedLine(Code(System.ICD10CM, code)), code, group, verdict)


def missed(code, group="ICD-10-CM 4: Endocrine"):
    return AuditFinding(Kind.MISSED, (Code(System.ICD10CM, code),), code, group, "m", "r")


def audited(name, coder, lines, findings=()):
    encounter = Encounter(name, (Note("n", "text"),))
    coded = CodedSet(encounter, tuple(item.line for item in lines))
    return AuditedClaim(AssignedClaim(coded, coder), tuple(lines), tuple(findings), (), STAMP)


def test_agreement_counts_missed_codes_and_leaves_out_what_was_not_assessed():
    claims = [
        audited("a", "anna", [line("I10", Verdict.SUPPORTED), line("I48.0", Verdict.UNSUPPORTED)], [missed("E78.5")]),
        audited("b", "", [line("I10", Verdict.SUPPORTED), line("X", Verdict.NOT_ASSESSED)]),
    ]
    summary = summarise(claims)
    assert (summary.claims, summary.assigned, summary.not_assessed) == (2, 4, 1)
    assert summary.overall == Agreement("all", 2, 4)
    assert summary.by_coder == (Agreement("anna", 1, 3), Agreement(NO_CODER, 1, 1))
    assert summary.by_code == (Agreement("E78.5", 0, 1), Agreement("I48.0", 0, 1))
    assert summary.by_group == (Agreement("ICD-10-CM 4: Endocrine", 0, 1), Agreement("ICD-10-CM 9: Circulation", 2, 3))
    assert summary.kinds[Kind.MISSED] == 1
    assert summary.kinds[Kind.UNITS] == 0


def test_few_codes_support_no_conclusion():
    assert Agreement("a", 29, 29).is_small
    assert not Agreement("a", 30, 30).is_small


def test_without_codes_there_is_no_share():
    summary = summarise([audited("a", "anna", [])])
    assert summary.overall.share is None
    assert summary.overall.interval is None
    assert summary.by_coder == ()


def test_chapters_stand_by_number_before_sections():
    groups = [
        "CPT: medicine",
        "ICD-10-CM 21: Factors",
        "HCPCS: drug",
        "ICD-10-CM 4: Endocrine",
        "CPT: not in the code set",
    ]
    claim = audited("a", "anna", [line("I10", Verdict.SUPPORTED, group) for group in groups])
    assert [row.name for row in summarise([claim]).by_group] == [groups[3], groups[1], groups[0], groups[4], groups[2]]
