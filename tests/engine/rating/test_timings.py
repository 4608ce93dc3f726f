"""When timings hold."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.rating.book import Timing
from engine.rating.timings import clock_ns, is_active
from engine.times import UTC_ZONE, NamedZone, fixed_zone
from engine.usage import HOUR, SECOND
from tests.engine.rating.build import at


@pytest.mark.parametrize(
    ("timing", "active", "inactive"),
    [
        (Timing("T"), ["2026-01-01T00:00:00Z"], []),
        (Timing("T", None, None, None, None), ["2026-01-01T00:00:00Z"], []),
        (Timing("T", Years=(2026,)), ["2026-12-31T23:59:59Z"], ["2027-01-01T00:00:00Z", "2025-12-31T23:59:59Z"]),
        (Timing("T", Months=(2, 12)), ["2026-02-28T12:00:00Z"], ["2026-03-01T00:00:00Z"]),
        (Timing("T", MonthDays=(31,)), ["2026-01-31T12:00:00Z"], ["2026-01-30T23:59:59Z"]),
        (Timing("T", MonthDays=(-1,)), [], ["2026-01-31T12:00:00Z"]),
        (Timing("T", WeekDays=(0,)), ["2026-03-08T12:00:00Z"], ["2026-03-07T12:00:00Z", "2026-03-09T12:00:00Z"]),
        (Timing("T", WeekDays=(7, 6)), ["2026-03-08T12:00:00Z", "2026-03-07T12:00:00Z"], ["2026-03-09T00:00:00Z"]),
        (Timing("T", StartTime="08:00:00"), ["2026-03-08T08:00:00Z"], ["2026-03-08T07:59:59.999999999Z"]),
        (
            Timing("T", StartTime="08:00:00", EndTime="09:00:00"),
            ["2026-03-08T08:00:00Z", "2026-03-08T09:00:00Z"],
            ["2026-03-08T09:00:00.000000001Z", "2026-03-08T07:00:00Z"],
        ),
        (Timing("T", StartTime="*asap"), ["2026-03-08T00:00:00Z"], []),
        (Timing("T", (2026,), (3,), (8,), (0,), "08:00:00"), ["2026-03-08T08:00:00Z"], ["2026-03-15T08:00:00Z", "2026-03-08T07:00:00Z"]),
    ],
)
def test_timings(timing: Timing, active: list[str], inactive: list[str]) -> None:
    assert all(is_active(timing, at(text), UTC_ZONE) for text in active)
    assert not any(is_active(timing, at(text), UTC_ZONE) for text in inactive)


def test_the_clock_is_the_zone_s() -> None:
    morning = Timing("T", StartTime="08:00:00", EndTime="09:00:00")
    assert is_active(morning, at("2026-03-07T23:30:00Z"), fixed_zone(9 * 3600))
    assert is_active(morning, at("2026-07-01T06:30:00Z"), NamedZone("Europe/Berlin"))
    assert is_active(morning, at("2026-01-01T07:30:00Z"), NamedZone("Europe/Berlin"))
    assert not is_active(morning, at("2026-07-01T07:30:00Z"), NamedZone("Europe/Berlin"))


def test_clocks() -> None:
    assert clock_ns("23:59:59") == 24 * HOUR - SECOND
    assert clock_ns("0:49:25") == (49 * 60 + 25) * SECOND
    for text in ("", "223000", "*:30:00", "1:2", "aa:bb:cc", "1" * 400):
        assert clock_ns(text) == 0


@given(
    st.integers(0, 200_000_000_000_000_000 // SECOND * 20),
    st.lists(st.integers(1, 12), max_size=3),
    st.lists(st.integers(1, 31), max_size=6),
    st.lists(st.integers(0, 7), max_size=3),
)
def test_days_are_those_of_the_calendar(second: int, months: list[int], days: list[int], week_days: list[int]) -> None:
    moment = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(seconds=second)
    timing = Timing("T", (), tuple(months), tuple(days), tuple(week_days))
    wanted = (not months or moment.month in months) and (not days or moment.day in days)
    wanted = wanted and (not week_days or moment.isoweekday() % 7 in {day % 7 for day in week_days})
    assert is_active(timing, second * SECOND, UTC_ZONE) is wanted
