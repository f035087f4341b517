# SPDX-License-Identifier: Apache-2.0
"""Weeks that start on Monday, days on which terms fall due."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import numpy as np
import pytest

from models.cash_calendar import cash_calendar, due_date, term_weights
from models.payment_terms import PaymentTerm


def days_of(term: PaymentTerm, months: int = 1) -> list[str]:
    calendar = cash_calendar("2025-12", 5 * months)
    weights = term_weights(term, calendar)
    return [
        day.isoformat()
        for day, weight in zip(calendar.days, weights, strict=True)
        if weight > 0 and day.month == 12
    ]


def test_thirteen_weeks_from_december_2025_end_with_february():
    # 1 December 2025 is a Monday; week 13 would be 23 February to 1 March
    weeks = cash_calendar("2025-12", 13).weeks
    assert weeks[0].start == date(2025, 12, 1)
    assert [week.n_days for week in weeks] == [7] * 12 + [6]
    assert weeks[-1].end == date(2026, 2, 28)
    assert all(week.start.weekday() == 0 for week in weeks)


def test_a_month_that_starts_on_thursday_has_a_short_first_week():
    # January 2026 starts on a Thursday: four days, then Mondays
    weeks = cash_calendar("2026-01", 3).weeks
    assert [(w.start.day, w.end.day) for w in weeks] == [(1, 4), (5, 11), (12, 18)]


def test_a_last_week_inside_a_month_is_whole_and_leaves_days_after_it():
    calendar = cash_calendar("2025-12", 2)
    assert calendar.months == ("2025-12",)
    assert len(calendar.days) == 31
    assert int((calendar.week_of_day == -1).sum()) == 31 - 14


def test_weeks_follow_each_other_without_gaps():
    for start in ("2025-12", "2026-01", "2026-05", "2028-02"):
        weeks = cash_calendar(start, 30).weeks
        gaps = {(b.start - a.end).days for a, b in pairwise(weeks)}
        assert gaps == {1}


def test_no_week_is_refused():
    with pytest.raises(ValueError, match="at least one week"):
        cash_calendar("2025-12", 0)


def test_a_due_day_at_a_weekend_moves_to_monday_or_back_inside_the_month():
    # 20 December 2025 is a Saturday; 31 January 2026 a Saturday; 28 February 2026 too
    assert due_date("2025-12", 20) == date(2025, 12, 22)
    assert due_date("2026-01", 31) == date(2026, 1, 30)
    assert due_date("2026-02", 31) == date(2026, 2, 27)
    assert due_date("2025-12", 10) == date(2025, 12, 10)


def test_rules_pay_on_their_days():
    assert days_of(PaymentTerm(rule="monthly", due_day=10)) == ["2025-12-10"]
    assert days_of(PaymentTerm(rule="weekly")) == [
        "2025-12-05",
        "2025-12-12",
        "2025-12-19",
        "2025-12-26",
    ]
    assert days_of(PaymentTerm(rule="biweekly")) == ["2025-12-05", "2025-12-19"]
    assert len(days_of(PaymentTerm(rule="daily"))) == 31


def test_every_rule_pays_the_whole_of_every_month():
    calendar = cash_calendar("2025-12", 120)
    for rule in ("daily", "weekly", "biweekly", "monthly"):
        for due_day in (1, 17, 31):
            term = PaymentTerm(rule=rule, due_day=due_day)
            sums = np.bincount(
                calendar.month_of_day, weights=term_weights(term, calendar)
            )
            np.testing.assert_allclose(sums, 1.0, rtol=1e-12)
