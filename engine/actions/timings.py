"""The timings that need no sheet: `*any`, `*asap`, and recurring ones that begin when the plan is loaded."""

from __future__ import annotations

from typing import Final

from engine.rating.book import Timing
from engine.times import DAY, SECOND, Zone, civil_from_days, local_ns, weekday_of_days

ANY: Final = "*any"
ASAP: Final = "*asap"
NAMES: Final = (
    ANY,
    ASAP,
    "*every_minute",
    "*hourly",
    "*daily",
    "*weekly",
    "*monthly",
    "*monthly_estimated",
    "*month_end",
    "*yearly",
)


def built_in_timings(now_ns: int, zone: Zone) -> dict[str, Timing]:
    """All of them, anchored at this moment on the local clock: *weekly is this day of the week at this time of day."""
    local = local_ns(now_ns, zone)
    days, clock = divmod(local, DAY)
    _, month, day = civil_from_days(days)
    second = clock // SECOND
    time = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    found = (
        Timing(ANY),
        Timing(ASAP, StartTime=ASAP),
        Timing("*every_minute", StartTime=f"*:*:{time[6:]}"),
        Timing("*hourly", StartTime=f"*:{time[3:]}"),
        Timing("*daily", StartTime=time),
        Timing("*weekly", WeekDays=(weekday_of_days(days),), StartTime=time),
        Timing("*monthly", MonthDays=(day,), StartTime=time),
        Timing("*monthly_estimated", MonthDays=(day,), StartTime=time),
        Timing("*month_end", MonthDays=(-1,), StartTime=time),
        Timing("*yearly", Months=(month,), MonthDays=(day,), StartTime=time),
    )
    return {timing.ID: timing for timing in found}
