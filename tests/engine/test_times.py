"""Instants: every way to write one (reference rating.md, 10), calendars, local clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import times
from engine.limits import RECENT_INSTANTS
from engine.times import (
    DAY,
    NO_TIME,
    SECOND,
    UTC_ZONE,
    ZERO_TIME,
    Moment,
    Zone,
    add_months,
    at_local_time,
    civil_from_days,
    days_from_civil,
    days_in_month,
    end_of_month,
    fixed_zone,
    format_time,
    local_midnight_after,
    parse_time,
    weekday_of_days,
    zone_of,
)

BERLIN = zone_of("Europe/Berlin")
NOW = "2026-03-28T12:00:00+01:00"  # the day before the clock is put forward
NOW_NS = parse_time(NOW, UTC_ZONE, 0).ns


def read(text: str) -> str:
    return parse_time(text, BERLIN, NOW_NS).text()


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-04T10:00:00Z", "2026-03-04T10:00:00Z"),
        ("2026-03-04T10:00:00+05:45", "2026-03-04T10:00:00+05:45"),
        ("2026-03-04T10:00:00.5-03:00", "2026-03-04T10:00:00.5-03:00"),
        ("2026-03-04 10:00:00", "2026-03-04T10:00:00+01:00"),
        ("2026-07-04 10:00:00", "2026-07-04T10:00:00+02:00"),
        ("2026-03-04T10:00:00", "2026-03-04T10:00:00+01:00"),
        ("2026-03-04T10:00:00.250-0700", "2026-03-04T10:00:00.25-07:00"),  # Asterisk
        ("2026-03-04 10:00:00 +0000 UTC", "2026-03-04T10:00:00Z"),  # Go
        ("2026-03-04 10:00:00.123 +0100 CET m=+0.5", "2026-03-04T10:00:00.123+01:00"),
        ("1772618400", "2026-03-04T11:00:00+01:00"),
        ("1772618400123", "2026-03-04T11:00:00.123+01:00"),
        ("1772618400123456", "2026-03-04T11:00:00.123456+01:00"),  # FreeSWITCH
        ("1772618400123456789", "2026-03-04T11:00:00.123456789+01:00"),
        ("20260304100000", "2026-03-04T10:00:00+01:00"),
        ("20260304100000.123", "2026-03-04T10:00:00.123+01:00"),  # BroadSoft
        ("04.03.2026  10:00:00", "2026-03-04T10:00:00+01:00"),
        ("04/03/2026 10:00:00", "2026-03-04T10:00:00+01:00"),
        ("+1h30m", "2026-03-28T13:30:00+01:00"),
        ("-1h", "2026-03-28T11:00:00+01:00"),
        ("+60000000000", "2026-03-28T12:01:00+01:00"),
        ("*now", NOW),
        ("*now+1m", "2026-03-28T12:01:00+01:00"),
        ("*daily", "2026-03-29T12:00:00+02:00"),
        ("*monthly", "2026-04-28T12:00:00+02:00"),
        ("*monthly_estimated", "2026-04-28T12:00:00+02:00"),
        ("*mo", "2026-04-28T12:00:00+02:00"),
        ("*mo+1h", "2026-04-28T13:00:00+02:00"),
        ("*yearly", "2027-03-28T12:00:00+02:00"),
        ("*month_end", "2026-03-31T23:59:59+02:00"),
        ("*month_end+1h", "2026-04-01T00:59:59+02:00"),
    ],
)
def test_every_way_to_write_an_instant(text: str, instant: str) -> None:
    assert read(text) == instant


@pytest.mark.parametrize("text", ["", "0", "*unlimited", "0001-01-01T00:00:00Z"])
def test_no_time(text: str) -> None:
    assert parse_time(text, BERLIN, NOW_NS) == NO_TIME
    assert parse_time(text, BERLIN, NOW_NS).ns == ZERO_TIME


@pytest.mark.parametrize(
    "text",
    [
        "soon",
        "2026-03-04",
        "2026-13-04T10:00:00Z",
        "2026-02-30T10:00:00Z",
        "2026-03-04T24:00:00Z",
        "2026-03-04T10:60:00Z",
        "17726184",
        "+soon",
        "*weekly",
        "*daily+1h",
        "*mo+soon",
        "31.02.2026  10:00:00",
        "2026-03-04T10:00:00Zulu",
    ],
)
def test_what_is_no_instant(text: str) -> None:
    with pytest.raises(ValueError, match="Unsupported time format"):
        read(text)


# -- months ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "text", "instant"),
    [
        ("2026-01-31T10:00:00Z", "*monthly", "2026-03-03T10:00:00Z"),  # as Go's AddDate carries over
        ("2026-01-31T10:00:00Z", "*monthly_estimated", "2026-02-28T10:00:00Z"),
        ("2028-01-31T10:00:00Z", "*monthly_estimated", "2028-02-29T10:00:00Z"),
        ("2026-12-31T10:00:00Z", "*monthly_estimated", "2027-01-31T10:00:00Z"),
        ("2026-12-15T10:00:00Z", "*monthly", "2027-01-15T10:00:00Z"),
        ("2028-02-29T10:00:00Z", "*yearly", "2029-03-01T10:00:00Z"),
        ("2026-02-10T10:00:00Z", "*month_end", "2026-02-28T23:59:59Z"),
        ("2028-02-10T10:00:00Z", "*month_end", "2028-02-29T23:59:59Z"),
        ("2026-12-31T23:59:59Z", "*month_end", "2026-12-31T23:59:59Z"),
    ],
)
def test_months_end_where_they_end(now: str, text: str, instant: str) -> None:
    assert parse_time(text, UTC_ZONE, parse_time(now, UTC_ZONE, 0).ns).text() == instant


@given(st.dates())
def test_days_are_those_of_the_calendar(day: object) -> None:
    from datetime import date

    assert isinstance(day, date)
    days = (day - date(1970, 1, 1)).days
    assert days_from_civil(day.year, day.month, day.day) == days
    assert civil_from_days(days) == (day.year, day.month, day.day)
    assert weekday_of_days(days) == day.isoweekday() % 7


def test_lengths_of_months() -> None:
    assert [days_in_month(2026, month) for month in range(1, 13)] == [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    assert [days_in_month(year, 2) for year in (1900, 2000, 2024, 2100)] == [28, 29, 29, 28]


# -- local clocks --------------------------------------------------------------------------------------------------------------


ZONES = ["UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia", "America/Santiago"]


@given(st.sampled_from(ZONES), st.datetimes(datetime(1980, 1, 1), datetime(2060, 1, 1)))  # noqa: DTZ001 - hypothesis wants them naive
def test_local_clocks_are_those_of_the_zone_database(name: str, moment: datetime) -> None:
    zone, there = zone_of(name), ZoneInfo(name)
    at = moment.replace(tzinfo=UTC, microsecond=0)
    ns = int(at.timestamp()) * SECOND
    local = at.astimezone(there)
    offset = local.utcoffset()
    assert offset is not None
    assert zone.offset_at(ns) == offset // timedelta(seconds=1)
    assert zone.instant_of(ns + zone.offset_at(ns) * SECOND) in (ns, ns - 3600 * SECOND, ns - 1800 * SECOND)
    assert parse_time(format_time(ns, zone), UTC_ZONE, 0).ns == ns


def test_days_of_23_and_25_hours() -> None:
    forward = parse_time("2026-03-29T00:00:00+01:00", UTC_ZONE, 0).ns
    back = parse_time("2026-10-25T00:00:00+02:00", UTC_ZONE, 0).ns
    assert local_midnight_after(forward, BERLIN) - forward == 23 * 3600 * SECOND
    assert local_midnight_after(back, BERLIN) - back == 25 * 3600 * SECOND
    assert local_midnight_after(back - 1, BERLIN) == back
    noon = 12 * 3600 * SECOND
    assert at_local_time(forward, BERLIN, noon) - forward == 11 * 3600 * SECOND
    assert at_local_time(back, BERLIN, noon) - back == 13 * 3600 * SECOND


def test_a_zone_whose_midnight_is_left_out() -> None:
    santiago = zone_of("America/Santiago")  # forward at midnight: 2026-09-06 begins at 01:00
    before = parse_time("2026-09-05T12:00:00-04:00", UTC_ZONE, 0).ns
    assert format_time(local_midnight_after(before, santiago), santiago) == "2026-09-06T01:00:00-03:00"


def test_months_keep_the_local_clock() -> None:
    at = parse_time("2026-03-15T08:00:00+01:00", UTC_ZONE, 0).ns
    assert format_time(add_months(at, BERLIN, 1), BERLIN) == "2026-04-15T08:00:00+02:00"
    assert format_time(end_of_month(at, BERLIN), BERLIN) == "2026-03-31T23:59:59+02:00"


@pytest.mark.parametrize(
    ("ns", "offset", "text"),
    [
        (0, 0, "1970-01-01T00:00:00Z"),
        (-1, 0, "1969-12-31T23:59:59.999999999Z"),
        (1, 3600, "1970-01-01T01:00:00.000000001+01:00"),
        (DAY, -12_600, "1970-01-01T20:30:00-03:30"),
        (1_500_000_000, 0, "1970-01-01T00:00:01.5Z"),
    ],
)
def test_how_instants_are_written(ns: int, offset: int, text: str) -> None:
    assert format_time(ns, fixed_zone(offset)) == text


def test_zones_have_names() -> None:
    assert zone_of("Local", "Europe/Berlin").offset_at(NOW_NS) == 3600
    with pytest.raises(ValueError, match="Nowhere"):
        zone_of("Nowhere/Land")


@given(
    st.integers(0, 9999),
    st.integers(0, 13),
    st.integers(0, 32),
    st.integers(0, 25),
    st.integers(58, 61),
    st.sampled_from([UTC_ZONE, BERLIN]),
)
def test_the_usual_text_is_read_as_the_longer_one(year: int, month: int, day: int, hour: int, second: int, zone: Zone) -> None:
    usual, longer = f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:07:{second:02d}", ".0"
    for end in ("", "Z"):
        try:
            expected = parse_time(usual + longer + end, zone, 0)
        except ValueError as fault:
            with pytest.raises(ValueError, match=str(fault)):
                parse_time(usual + end, zone, 0)
        else:
            assert (parse_time(usual + end, zone, 0).ns, parse_time(usual + end, zone, 0).zone) == (expected.ns, expected.zone)


@pytest.mark.parametrize("text", ["2026-03-04T10:0x:00Z", "2026-03-04T10:00:00X", "2026-03-04T1+:00:00Z", "20260304T100000000000"])
def test_what_has_the_length_of_the_usual_text_and_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="Unsupported time format"):
        parse_time(text, UTC_ZONE, 0)


@given(st.lists(st.integers(-(2**33), 2**33), min_size=1, max_size=20), st.sampled_from([0, 1, SECOND // 2]))
def test_an_instant_tells_its_text_each_time(seconds: list[int], part: int) -> None:
    for second in seconds * 2:
        ns = second * SECOND + part
        assert Moment(ns, UTC_ZONE).text() == format_time(ns, UTC_ZONE)
        assert Moment(ns, BERLIN).text() == format_time(ns, BERLIN)


def test_texts_of_instants_are_kept_within_bounds() -> None:
    for second in range(2 * RECENT_INSTANTS):
        Moment(second * SECOND, UTC_ZONE).text()
    assert len(times._TEXTS) <= RECENT_INSTANTS
    assert Moment(0, UTC_ZONE).text() == "1970-01-01T00:00:00Z"
