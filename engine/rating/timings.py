"""When a timing is active: its years, months, days, and hours of the day, on a local clock.

A Window is a timing made ready for that question. Where a timing ends is asked of balances only: prices last until midnight.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from engine.rating.book import Timing
from engine.times import DAY, SECOND, Zone, civil_from_days, local_ns, weekday_of_days

EVERY: Final = -1  # the bit mask in which everything is set
NO_END: Final = -1


class Window:
    """The days (as bit masks) and the hours (ns since midnight, both ends included) of a timing."""

    years: list[int]
    months: int
    month_days: int
    week_days: int
    start_ns: int
    end_ns: int  # NO_END: until midnight
    every_day: bool
    always: bool

    def __init__(self, years: list[int], months: int, month_days: int, week_days: int, start_ns: int, end_ns: int) -> None:
        self.years = years
        self.months = months
        self.month_days = month_days
        self.week_days = week_days
        self.start_ns = start_ns
        self.end_ns = end_ns
        self.every_day = not years and months == EVERY and month_days == EVERY and week_days == EVERY
        self.always = self.every_day and start_ns == 0 and end_ns == NO_END

    def has_day(self, days: int) -> bool:
        """Whether it holds on a day, counted from 1970-01-01."""
        if self.every_day:
            return True
        if not self.week_days >> weekday_of_days(days) & 1:
            return False
        if not self.years and self.months == EVERY and self.month_days == EVERY:
            return True
        year, month, day = civil_from_days(days)
        if self.years and year not in self.years:
            return False
        return bool(self.months >> month & 1) and bool(self.month_days >> day & 1)

    def is_active(self, local: int) -> bool:
        """Whether it holds when the local clock shows `local` (ns since 1970-01-01 00:00:00 on that clock)."""
        if self.always:
            return True
        clock = local % DAY
        if clock < self.start_ns or (self.end_ns != NO_END and clock > self.end_ns):
            return False
        return self.has_day(local // DAY)


ALWAYS: Final = Window([], EVERY, EVERY, EVERY, 0, NO_END)


@lru_cache(maxsize=8192)
def window_of(timing: Timing) -> Window:
    """The window of a timing with its end, as balances and TimingIsActiveAt read it."""
    return make_window(timing, clock_ns(timing.EndTime) if timing.EndTime else NO_END)


def make_window(timing: Timing, end_ns: int) -> Window:
    """The window of a timing that ends at `end_ns` of each day; NO_END for a price, which lasts until midnight."""
    return Window(
        sorted(timing.Years or ()),
        _mask(timing.Months, 0),
        _mask(timing.MonthDays, 0),
        _mask(timing.WeekDays, 7),
        clock_ns(timing.StartTime),
        end_ns,
    )


def _mask(values: tuple[int, ...] | None, cycle: int) -> int:
    """A bit for each value; every bit where there is no value. With a cycle of 7 the days 0 and 7 are the same."""
    if not values:
        return EVERY
    mask = 0
    for value in values:
        if cycle:
            mask |= 1 << value % cycle
        elif 0 <= value <= 31:
            mask |= 1 << value
    return mask


def clock_ns(text: str) -> int:
    """`HH:MM:SS` as ns since midnight; 0 for words such as `*asap`."""
    parts = text.split(":")
    if len(parts) != 3 or len(text) > len("HH:MM:SS") or not all(part.isdigit() for part in parts):
        return 0
    return (int(parts[0]) * 3600 + int(parts[1]) * 60 + int(parts[2])) * SECOND


def is_active(timing: Timing, at_ns: int, zone: Zone) -> bool:
    """Whether the timing, with its end, holds at this instant on the zone's clock."""
    return window_of(timing).is_active(local_ns(at_ns, zone))
