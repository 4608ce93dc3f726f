"""When the timing of an action plan is due next.

A timing is a set of seconds on the local clock: years, months, days, and a StartTime whose hour, or hour and minute, may be open
(`*:30:00`, `*:*:15`, `*hourly`, `*every_minute`; a text that is no time leaves all open). Days are as in crontab: where days of the
month and of the week are both given, either will do. A day of -1 is the last of its month.

Where the clock is put forward, a time that it leaves out is later by as much as the clock jumped (02:30 is 03:30 that day), as Go
reads such a time; where it is put back, a time that comes twice counts once, the first time, but open hours run on in both.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from engine.actions.timings import ASAP
from engine.rating.book import Timing
from engine.times import (
    DAY,
    DAY_SECONDS,
    SECOND,
    Zone,
    civil_from_days,
    days_from_civil,
    days_in_month,
    weekday_of_days,
)
from engine.usage import parse_go_duration

LAST_DAY: Final = -1
ESTIMATED: Final = "*monthly_estimated"
OPEN: Final = -1  # any second, minute or hour
MAX_YEARS_AHEAD: Final = 40  # how far a timing without years is looked for; 29 February on a given weekday comes within 40 years
_MINUTE: Final = 60
_HOUR: Final = 3600
_WORDS: Final = {"*every_minute": (OPEN, OPEN, 0), "*hourly": (OPEN, 0, 0)}


class Recurrence:
    """A timing made ready for the question when it is due."""

    years: tuple[int, ...]
    months: tuple[int, ...]
    month_days: tuple[int, ...]
    week_days: frozenset[int]
    hour: int
    minute: int
    second: int
    estimated: bool  # a day that a month lacks is its last one

    def __init__(self, timing: Timing) -> None:
        self.years = tuple(sorted(timing.Years or ()))
        self.months = tuple(sorted(timing.Months or ()))
        self.month_days = tuple(timing.MonthDays or ())
        self.week_days = frozenset(day % 7 for day in timing.WeekDays or ())
        if self.years and not self.months:
            self.months = (1,)
        if self.months and not self.month_days and not self.week_days:
            self.month_days = (1,)
        self.hour, self.minute, self.second = _clock(timing.StartTime)
        self.estimated = timing.ID == ESTIMATED

    def has_day(self, year: int, month: int, day: int, days: int) -> bool:
        """Whether it is due on that day; `days` is the same day counted from 1970-01-01."""
        if not self.month_days and not self.week_days:
            return True
        if days_match := self.month_days:
            last = days_in_month(year, month)
            for wanted in days_match:
                if wanted == day or (wanted == LAST_DAY and day == last) or (self.estimated and wanted > last == day):
                    return True
        return bool(self.week_days) and weekday_of_days(days) in self.week_days


def _clock(text: str) -> tuple[int, int, int]:
    """(hour, minute, second) of a StartTime, OPEN where it leaves one open."""
    if text in _WORDS:
        return _WORDS[text]
    parts = text.split(":")
    if len(parts) != 3 or not all(part == "*" or part.isdigit() for part in parts):
        return OPEN, OPEN, OPEN
    hour, minute, second = (OPEN if part == "*" else int(part) for part in parts)
    if hour > 23 or minute > 59 or second > 59:
        return OPEN, OPEN, OPEN
    return hour, minute, second


@lru_cache(maxsize=4096)
def recurrence_of(timing: Timing) -> Recurrence:
    """The recurrence of a timing."""
    return Recurrence(timing)


def is_asap(timing: Timing) -> bool:
    """Whether it is due once, when the scheduler is reloaded next."""
    return timing.StartTime == ASAP


def delay_of(timing: Timing) -> int | None:
    """The ns after which a timing is due whose StartTime is `+<duration>`, once; None for others."""
    if not timing.StartTime.startswith("+"):
        return None
    try:
        return parse_go_duration(timing.StartTime[1:])
    except ValueError:
        return None


def next_run(timing: Timing, zone: Zone, after_ns: int, since_ns: int) -> int | None:
    """The first instant after `after_ns` at which the timing is due (whole seconds); None when there is none any more.

    `since_ns` is when the timing came to be scheduled, from which a `+<duration>` counts.
    """
    delay_ns = delay_of(timing)
    if delay_ns is not None:
        due_ns = -(-(since_ns + delay_ns) // SECOND) * SECOND
        return due_ns if due_ns > after_ns else None
    if timing.StartTime.startswith("+"):
        return None
    second = after_ns // SECOND + 1
    recurrence = recurrence_of(timing)
    bound = _last_year(recurrence, zone, second)
    while True:
        day = _next_day(recurrence, _local(zone, second) // DAY_SECONDS, bound)
        if day is None:
            return None
        if day > _local(zone, second) // DAY_SECONDS:
            second = max(second, -(-zone.instant_of(day * DAY) // SECOND))
        found = _on_day(recurrence, zone, second, day)
        if found is not None:
            return found * SECOND
        second = max(second, -(-zone.instant_of((day + 1) * DAY) // SECOND))


def _local(zone: Zone, second: int) -> int:
    """Seconds since 1970-01-01 00:00:00 on the local clock."""
    return second + zone.offset_at(second * SECOND)


def _last_year(recurrence: Recurrence, zone: Zone, second: int) -> int:
    if recurrence.years:
        return recurrence.years[-1]
    return civil_from_days(_local(zone, second) // DAY_SECONDS)[0] + MAX_YEARS_AHEAD


def _next_day(recurrence: Recurrence, day: int, last_year: int) -> int | None:
    """The first day from `day` on, at most in `last_year`, on which the timing is due."""
    year, month, first = civil_from_days(day)
    while year <= last_year:
        if recurrence.years and year not in recurrence.years:
            year, month, first = min(one for one in recurrence.years if one > year), 1, 1
            continue
        if not recurrence.months or month in recurrence.months:
            for number in range(first, days_in_month(year, month) + 1):
                days = days_from_civil(year, month, number)
                if recurrence.has_day(year, month, number, days):
                    return days
        year, month, first = (year + 1, 1, 1) if month == 12 else (year, month + 1, 1)
    return None


def _on_day(recurrence: Recurrence, zone: Zone, second: int, day: int) -> int | None:
    """The first due second from `second` on that lies on this local day."""
    if recurrence.hour != OPEN and recurrence.minute != OPEN and recurrence.second != OPEN:
        clock = recurrence.hour * _HOUR + recurrence.minute * _MINUTE + recurrence.second
        due = zone.instant_of((day * DAY_SECONDS + clock) * SECOND) // SECOND
        return due if due >= second else None
    while _local(zone, second) // DAY_SECONDS == day:
        wait = _wait(recurrence, _local(zone, second) % DAY_SECONDS)
        if wait == 0:
            return second
        second = _same_offset(zone, second, wait)
    return None


def _wait(recurrence: Recurrence, clock: int) -> int:
    """Seconds until the clock (seconds since midnight) next fits, or at least until it may."""
    hour, rest = divmod(clock, _HOUR)
    minute, second = divmod(rest, _MINUTE)
    if recurrence.hour not in (OPEN, hour):
        ahead = recurrence.hour - hour if recurrence.hour > hour else 24 - hour
        return ahead * _HOUR - rest
    if recurrence.minute not in (OPEN, minute):
        ahead = recurrence.minute - minute if recurrence.minute > minute else _MINUTE - minute
        return ahead * _MINUTE - second
    if recurrence.second not in (OPEN, second):
        return recurrence.second - second if recurrence.second > second else _MINUTE - second
    return 0


def _same_offset(zone: Zone, second: int, wait: int) -> int:
    """`wait` seconds on, or the first second of another offset of the zone when that comes before."""
    offset = zone.offset_at(second * SECOND)
    target = second + wait
    if zone.offset_at(target * SECOND) == offset:
        return target
    low, high = second, target
    while high - low > 1:
        middle = (low + high) // 2
        if zone.offset_at(middle * SECOND) == offset:
            low = middle
        else:
            high = middle
    return high
