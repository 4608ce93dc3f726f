"""Due times against an oracle that knows nothing of them but the calendar: it looks at every minute of the local clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from engine.actions.plans import next_run
from engine.rating.book import Timing
from engine.times import SECOND, zone_of

# Jumps at 02:00, at midnight (so that a day begins at 01:00), of half an hour, backwards over midnight, and a zone without any.
ZONES = ("Europe/Berlin", "America/New_York", "Africa/Cairo", "America/Havana", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")
# Around the changes of the clock of 2026 in these zones, month ends, a leap day, and nothing at all.
MOMENTS = (
    "2026-03-28T20:00Z",
    "2026-03-07T22:00Z",
    "2026-04-23T19:00Z",
    "2026-10-03T12:00Z",
    "2026-04-04T12:00Z",
    "2026-10-24T22:00Z",
    "2026-10-31T22:00Z",
    "2026-10-29T18:00Z",
    "2026-11-01T02:00Z",
    "2026-01-30T12:00Z",
    "2028-02-28T08:00Z",
    "2026-12-31T18:00Z",
    "2026-06-15T00:00Z",
)
LOOKED_AT = 45  # days
_HOURS = st.one_of(st.just("*"), st.integers(0, 23).map(lambda hour: f"{hour:02d}"))
_MINUTES = st.one_of(st.just("*"), st.sampled_from(("00", "15", "30", "59")))
CLOCKS = st.one_of(st.builds(lambda hour, minute: f"{hour}:{minute}:00", _HOURS, _MINUTES), st.sampled_from(("*every_minute", "*hourly")))
DAYS = st.one_of(st.just(()), st.lists(st.sampled_from((1, 8, 24, 29, 30, 31, -1)), max_size=2, unique=True).map(tuple))
WEEKDAYS = st.one_of(st.just(()), st.lists(st.integers(0, 7), max_size=2, unique=True).map(tuple))
MONTHS = st.one_of(st.just(()), st.lists(st.integers(1, 12), max_size=3, unique=True).map(tuple))
TIMINGS = st.builds(
    lambda clock, days, weekdays, months, name: Timing(name, Months=months, MonthDays=days, WeekDays=weekdays, StartTime=clock),
    CLOCKS,
    DAYS,
    WEEKDAYS,
    MONTHS,
    st.sampled_from(("T", "*monthly_estimated")),
)


def fits_day(timing: Timing, day: date) -> bool:
    months, days, weekdays = timing.Months or (), timing.MonthDays or (), timing.WeekDays or ()
    if months and not days and not weekdays:
        days = (1,)
    if months and day.month not in months:
        return False
    if not days and not weekdays:
        return True
    is_last = (day + timedelta(days=1)).day == 1
    last = timing.ID == "*monthly_estimated" and is_last and any(wanted > day.day for wanted in days)
    return day.day in days or (-1 in days and is_last) or last or (day.isoweekday() % 7) in {one % 7 for one in weekdays}


def parts(clock: str) -> tuple[str, str]:
    words = {"*every_minute": ("*", "*"), "*hourly": ("*", "00")}
    hour, minute = words.get(clock) or clock.split(":")[:2]
    return hour, minute


def oracle(timing: Timing, zone: ZoneInfo, after: datetime) -> datetime | None:
    """The first due minute after this one, within LOOKED_AT."""
    first = after.astimezone(zone).date() - timedelta(days=1)
    for day in (first + timedelta(days=number) for number in range(LOOKED_AT)):
        if fits_day(timing, day):
            due = [minute for minute in due_minutes(timing, zone, day) if minute > after]
            if due:
                return due[0]
    return None


def due_minutes(timing: Timing, zone: ZoneInfo, day: date) -> list[datetime]:
    hour, minute = parts(timing.StartTime)
    if "*" not in (hour, minute):  # the first of two such times; where there is none, later by the jump
        return [datetime(day.year, day.month, day.day, int(hour), int(minute), tzinfo=zone).astimezone(UTC)]
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=15)
    minutes = [(one, one.astimezone(zone)) for one in (begin + timedelta(minutes=number) for number in range(54 * 60))]
    return [
        one
        for one, local in minutes
        if local.date() == day and hour in ("*", f"{local.hour:02d}") and minute in ("*", f"{local.minute:02d}")
    ]


@given(TIMINGS, st.sampled_from(ZONES), st.sampled_from(MOMENTS), st.integers(0, 3 * 1440))
def test_the_next_run_is_the_first_minute_that_fits(timing: Timing, zone: str, moment: str, later: int) -> None:
    after = datetime.fromisoformat(moment) + timedelta(minutes=later)
    wanted = oracle(timing, ZoneInfo(zone), after)
    found = next_run(timing, zone_of(zone), int(after.timestamp()) * SECOND, 0)
    if wanted is None:
        assert found is None or found > int((after + timedelta(days=LOOKED_AT - 3)).timestamp()) * SECOND
    else:
        assert found is not None
        assert datetime.fromtimestamp(found // SECOND, UTC) == wanted


@given(TIMINGS, st.sampled_from(ZONES), st.sampled_from(MOMENTS), st.integers(1, 3 * 1440), st.integers(1, 3 * 1440))
def test_nothing_is_due_between_a_run_and_the_next(timing: Timing, zone: str, moment: str, early: int, late: int) -> None:
    """Whenever it is asked, the answer to a later question is the same or later, and never before the question."""
    clock = zone_of(zone)
    first_asked = int(datetime.fromisoformat(moment).timestamp()) * SECOND
    second_asked = first_asked + early * 60 * SECOND
    first, second = (next_run(timing, clock, asked, 0) for asked in (first_asked, second_asked))
    assert first is None or first > first_asked
    if first is not None and first > second_asked:
        assert second == first
    elif first is not None and second is not None:
        assert second > first
