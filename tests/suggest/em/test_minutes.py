"""Minutes and what they were spent on."""

from __future__ import annotations

import pytest

from suggest.em.minutes import minutes_stated


@pytest.mark.parametrize(
    ("text", "total"),
    [
        ("Total time 34 minutes.", 34),
        ("34 minutes total by me today.", 34),
        ("I spent 45 min on the date of service.", 45),
        ("Total 48 minutes", 48),
        ("Total time today excluding ACP: 80 min (records, orders).", 80),
        ("Total time 1.5 hours.", 90),
        ("Seen 10 minutes ago.", None),
        ("Walks 30 minutes a day.", None),
        (">40 min not billed on time; MDM used.", None),
        ("Psychotherapy 20 min in addition to medication management.", None),
        ("8 min counseling on quitting smoking.", None),
        ("Intraservice time 22 min total.", None),
        ("Observed 40 min total, no worsening.", None),
        ("Resident time spent 30 min.", None),
    ],
)
def test_total(chart_of, text, total):
    assert minutes_stated(chart_of(f"HPI: x\n\n{text}\n")).total == total


def test_critical_care_and_planning_stand_apart(chart_of):
    found = minutes_stated(chart_of("Critical care time 62 minutes by me.\n\nACP talk, 22 min.\n"))
    assert (found.critical, found.planning, found.total) == (62, 22, None)


def test_time_left_out_says_why(chart_of):
    (left,) = minutes_stated(chart_of("Note\n\n5 min counseling to quit smoking.\n")).not_counted
    assert "tobacco" in left.reason
    assert left.evidence[0].quote == "5 min"
