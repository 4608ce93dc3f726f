"""When action plans are due: month ends, leap years, clocks that are put forward and back."""

from __future__ import annotations

from typing import Any

import pytest

from engine.actions.plans import delay_of, is_asap, next_run
from engine.actions.timings import NAMES, built_in_timings
from engine.rating.book import Timing
from engine.times import UTC_ZONE, Zone, format_time, parse_time, zone_of
from engine.usage import HOUR
from tests.measured import measured

BERLIN = zone_of("Europe/Berlin")  # forward on 2026-03-29 at 02:00, back on 2026-10-25 at 03:00
LORD_HOWE = zone_of("Australia/Lord_Howe")  # half an hour: back on 2026-04-05 at 02:00, forward on 2026-10-04 at 02:00
KATHMANDU = zone_of("Asia/Kathmandu")  # 5:45 ahead


def at(text: str, zone: Zone = UTC_ZONE) -> int:
    return parse_time(text, zone, 0).ns


def runs(timing: Timing, after: str, count: int, zone: Zone = UTC_ZONE) -> list[str]:
    """The next instants, on the local clock with its offset."""
    found: list[str] = []
    last = at(after, zone)
    for _ in range(count):
        due = next_run(timing, zone, last, last)
        if due is None:
            found.append("never")
            break
        assert due > last
        found.append(format_time(due, zone))
        last = due
    return found


def timing(start: str = "10:00:00", id: str = "T", **fields: Any) -> Timing:
    return Timing(id, StartTime=start, **fields)


# -- days --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "after", "wanted"),
    [
        ({}, "2026-02-28T09:59:59Z", ["2026-02-28T10:00:00Z", "2026-03-01T10:00:00Z"]),
        ({}, "2026-02-28T10:00:00Z", ["2026-03-01T10:00:00Z"]),
        ({"MonthDays": (31,)}, "2026-01-31T10:00:00Z", ["2026-03-31T10:00:00Z", "2026-05-31T10:00:00Z", "2026-07-31T10:00:00Z"]),
        ({"MonthDays": (-1,)}, "2026-01-30T10:00:00Z", ["2026-01-31T10:00:00Z", "2026-02-28T10:00:00Z", "2026-03-31T10:00:00Z"]),
        ({"MonthDays": (-1,)}, "2028-02-28T10:00:00Z", ["2028-02-29T10:00:00Z", "2028-03-31T10:00:00Z"]),
        ({"MonthDays": (1, 15)}, "2026-12-02T00:00:00Z", ["2026-12-15T10:00:00Z", "2027-01-01T10:00:00Z"]),
        ({"MonthDays": (30,), "id": "*monthly_estimated"}, "2026-01-30T10:00:00Z", ["2026-02-28T10:00:00Z", "2026-03-30T10:00:00Z"]),
        ({"MonthDays": (30,)}, "2026-01-30T10:00:00Z", ["2026-03-30T10:00:00Z"]),
        ({"Months": (2,), "MonthDays": (29,)}, "2026-01-01T00:00:00Z", ["2028-02-29T10:00:00Z", "2032-02-29T10:00:00Z"]),
        ({"Months": (2,), "MonthDays": (30,)}, "2026-01-01T00:00:00Z", ["never"]),
        ({"Months": (3, 9)}, "2026-01-01T00:00:00Z", ["2026-03-01T10:00:00Z", "2026-09-01T10:00:00Z", "2027-03-01T10:00:00Z"]),
        ({"Years": (2027,)}, "2026-06-01T00:00:00Z", ["2027-01-01T10:00:00Z", "never"]),
        ({"Years": (2020,)}, "2026-06-01T00:00:00Z", ["never"]),
        (
            {"Years": (2026, 2028), "Months": (12,), "MonthDays": (-1,)},
            "2026-06-01T00:00:00Z",
            ["2026-12-31T10:00:00Z", "2028-12-31T10:00:00Z"],
        ),
        ({"WeekDays": (1,)}, "2026-04-07T00:00:00Z", ["2026-04-13T10:00:00Z", "2026-04-20T10:00:00Z"]),
        ({"WeekDays": (7,)}, "2026-04-07T00:00:00Z", ["2026-04-12T10:00:00Z"]),
        ({"WeekDays": (0,)}, "2026-04-07T00:00:00Z", ["2026-04-12T10:00:00Z"]),
        ({"WeekDays": (5,), "MonthDays": (13,)}, "2026-11-07T00:00:00Z", ["2026-11-13T10:00:00Z", "2026-11-20T10:00:00Z"]),  # as in crontab
        ({"Months": (4,), "WeekDays": (1,)}, "2026-04-21T00:00:00Z", ["2026-04-27T10:00:00Z", "2027-04-05T10:00:00Z"]),
    ],
)
def test_days(fields: dict[str, Any], after: str, wanted: list[str]) -> None:
    assert runs(timing(**fields), after, len(wanted)) == wanted


@pytest.mark.parametrize(
    ("start", "after", "wanted"),
    [
        ("*:30:00", "2026-04-07T10:30:00Z", ["2026-04-07T11:30:00Z", "2026-04-07T12:30:00Z"]),
        ("*:*:15", "2026-04-07T23:59:15Z", ["2026-04-08T00:00:15Z", "2026-04-08T00:01:15Z"]),
        ("*every_minute", "2026-04-07T10:00:30Z", ["2026-04-07T10:01:00Z", "2026-04-07T10:02:00Z"]),
        ("*hourly", "2026-04-07T10:00:30Z", ["2026-04-07T11:00:00Z", "2026-04-07T12:00:00Z"]),
        ("00:00:00", "2026-12-31T23:59:59Z", ["2027-01-01T00:00:00Z"]),
        ("23:59:59", "2026-12-31T23:59:58Z", ["2026-12-31T23:59:59Z"]),
    ],
)
def test_open_hours(start: str, after: str, wanted: list[str]) -> None:
    assert runs(timing(start), after, len(wanted)) == wanted


# -- clocks that change ------------------------------------------------------------------------------------------------------


def test_a_time_that_the_clock_leaves_out_is_later_by_the_jump() -> None:
    assert runs(timing("02:30:00"), "2026-03-28T00:00:00+01:00", 3, BERLIN) == [
        "2026-03-28T02:30:00+01:00",
        "2026-03-29T03:30:00+02:00",
        "2026-03-30T02:30:00+02:00",
    ]


def test_a_time_that_comes_twice_counts_once() -> None:
    assert runs(timing("02:30:00"), "2026-10-24T12:00:00+02:00", 2, BERLIN) == ["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"]


def test_a_daily_plan_runs_once_a_day_for_years() -> None:
    for zone in (BERLIN, LORD_HOWE, KATHMANDU):
        for clock in ("00:00:00", "01:45:00", "02:15:00", "02:59:59", "23:59:59"):
            found = runs(timing(clock), "2026-01-01T12:00:00Z", 730, zone)
            days = [text[:10] for text in found]
            assert len(set(days)) == 730, (zone, clock)


def test_open_hours_run_on_in_both_hours_and_skip_the_one_that_is_not() -> None:
    back = runs(timing("*:15:00"), "2026-10-25T01:15:00+02:00", 3, BERLIN)
    assert back == ["2026-10-25T02:15:00+02:00", "2026-10-25T02:15:00+01:00", "2026-10-25T03:15:00+01:00"]
    forward = runs(timing("*:15:00"), "2026-03-29T01:15:00+01:00", 2, BERLIN)
    assert forward == ["2026-03-29T03:15:00+02:00", "2026-03-29T04:15:00+02:00"]


def test_half_an_hour_of_change() -> None:
    assert runs(timing("02:10:00"), "2026-10-03T12:00:00+10:30", 2, LORD_HOWE) == ["2026-10-04T02:40:00+11:00", "2026-10-05T02:10:00+11:00"]
    assert runs(timing("01:40:00"), "2026-04-04T12:00:00+11:00", 2, LORD_HOWE) == ["2026-04-05T01:40:00+11:00", "2026-04-06T01:40:00+10:30"]


def test_the_last_day_of_a_month_is_that_of_the_local_clock() -> None:
    assert runs(timing("00:00:00", MonthDays=(-1,)), "2026-02-28T00:00:00Z", 1, BERLIN) == ["2026-03-31T00:00:00+02:00"]
    assert runs(timing("00:00:00", MonthDays=(1,)), "2026-02-27T18:15:00Z", 1, KATHMANDU) == ["2026-03-01T00:00:00+05:45"]


# -- once, at once -------------------------------------------------------------------------------------------------------------


def test_a_delay_counts_once_from_when_it_was_scheduled() -> None:
    since = at("2026-04-07T10:00:00Z")
    later = timing("+1h30m")
    assert delay_of(later) == 3 * HOUR // 2
    assert next_run(later, UTC_ZONE, since, since) == at("2026-04-07T11:30:00Z")
    assert next_run(later, UTC_ZONE, at("2026-04-07T11:30:00Z"), since) is None
    assert next_run(timing("+1h30m0.5s"), UTC_ZONE, since, since) == at("2026-04-07T11:30:01Z"), "whole seconds, never early"
    assert next_run(timing("+soon"), UTC_ZONE, since, since) is None
    assert delay_of(timing("10:00:00")) is None


def test_only_asap_is_at_once() -> None:
    known = built_in_timings(at("2026-04-07T10:20:30Z"), UTC_ZONE)
    assert [name for name in NAMES if is_asap(known[name])] == ["*asap"]


def test_built_in_timings_are_anchored_where_they_were_made() -> None:
    now = "2026-01-31T10:20:30Z"
    known = built_in_timings(at(now), UTC_ZONE)
    assert {name: runs(known[name], now, 2) for name in NAMES if name not in ("*any", "*asap")} == {
        "*every_minute": ["2026-01-31T10:21:30Z", "2026-01-31T10:22:30Z"],
        "*hourly": ["2026-01-31T11:20:30Z", "2026-01-31T12:20:30Z"],
        "*daily": ["2026-02-01T10:20:30Z", "2026-02-02T10:20:30Z"],
        "*weekly": ["2026-02-07T10:20:30Z", "2026-02-14T10:20:30Z"],
        "*monthly": ["2026-03-31T10:20:30Z", "2026-05-31T10:20:30Z"],
        "*monthly_estimated": ["2026-02-28T10:20:30Z", "2026-03-31T10:20:30Z"],
        "*month_end": ["2026-02-28T10:20:30Z", "2026-03-31T10:20:30Z"],
        "*yearly": ["2027-01-31T10:20:30Z", "2028-01-31T10:20:30Z"],
    }


@pytest.mark.parametrize(("day", "due"), [(30, False), (29, True)])
def test_a_rare_day_is_looked_for_and_given_up_in_no_time(day: int, due: bool) -> None:
    with measured() as took:
        found = next_run(timing(Months=(2,), MonthDays=(day,)), BERLIN, at("2028-03-01T00:00:00Z"), 0)
    assert took.seconds < 0.1
    assert (found is not None) is due
