"""How a cell is read, by the type of its column. Each reader raises ValueError with what is wrong, for the fault that names the place.

Numbers follow Go's strconv and durations its time package, as the plans that exist were written for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from engine.money import plain_decimal
from engine.rating.book import Timing
from engine.tariffplan.sheet import CLOCK, DECIMAL, DURATION, FLAG, ID, IN_FIELD, INTEGER, INTERVAL, NUMBER, SWITCH, TIME
from engine.times import Moment, Zone, parse_time
from engine.usage import parse_duration, parse_go_duration

ANY: Final = "*any"

_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?\Z")
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,19}\Z")
_BARE: Final = re.compile(r"[+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+)\Z")
_CLOCK: Final = re.compile(r"(?:[0-9]{1,2}|\*):(?:[0-9]{1,2}|\*):(?:[0-9]{1,2}|\*)\Z")
_TRUE: Final = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_FALSE: Final = frozenset(("", "0", "f", "F", "FALSE", "false", "False"))
_INT64: Final = 1 << 63
_SHORT: Final = 16  # digits that are no number out of range


def read_number(text: str) -> str:
    """Decimal text in its plain form; empty is 0."""
    if not text:
        return "0"
    if not _NUMBER.match(text):
        raise ValueError(f"not a number: {text[:40]!r}")
    return text if text.isdigit() and text[0] != "0" and len(text) < _SHORT else plain_decimal(text)


def read_integer(text: str) -> int:
    """A 64-bit integer; empty is 0."""
    if not text:
        return 0
    if not _INTEGER.match(text) or not -_INT64 <= int(text) < _INT64:
        raise ValueError(f"not an integer: {text[:40]!r}")
    return int(text)


def read_flag(text: str) -> bool:
    """A boolean; empty is False."""
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError(f"neither true nor false: {text[:40]!r}")


def read_duration(text: str) -> int:
    """ns; a bare number is a count of them, `*unlimited` is -1, empty is 0."""
    if _BARE.match(text):
        return parse_go_duration(f"{text}ns")
    return parse_duration(text)


def read_time(text: str, zone: Zone, now_ns: int) -> Moment:
    """An instant; empty is the zero time."""
    try:
        return parse_time(text, zone, now_ns)
    except ValueError as wrong:
        raise ValueError(f"{wrong}: {text[:40]!r}") from None


def read_interval(text: str, zone: Zone, now_ns: int) -> tuple[str, str] | None:
    """`from` or `from;to` as RFC 3339 text; None for an empty cell."""
    if not text:
        return None
    first, _, last = text.partition(IN_FIELD)
    return read_time(first, zone, now_ns).text(), read_time(last, zone, now_ns).text()


def read_numbers(text: str) -> tuple[int, ...] | None:
    """The integers of a cell such as `1;2;3`; what is none is passed over. `*any` and empty restrict nothing; None: nothing was one."""
    if text in ("", ANY):
        return ()
    found = tuple(int(part) for part in text.split(IN_FIELD) if _INTEGER.match(part))
    return found or None


def read_clock(text: str) -> tuple[str, str]:
    """StartTime and EndTime of a timing's cell."""
    start, _, end = text.partition(IN_FIELD)
    for part in (start, end):
        if part[:1] == "*" and ":" not in part:
            continue
        if part[:1] == "+":
            read_duration(part)
        elif part and not (_CLOCK.match(part) and _on_the_clock(part)):
            raise ValueError(f"not a time of day: {part[:40]!r}")
    return start, end


def _on_the_clock(text: str) -> bool:
    hour, minute, second = (0 if part == "*" else int(part) for part in text.split(":"))
    return hour <= 24 and minute < 60 and second < 60 and (hour < 24 or minute == second == 0)


def read_names(text: str) -> tuple[str, ...]:
    """The parts of a cell; none when it is empty."""
    return tuple(text.split(IN_FIELD)) if text else ()


def timing_of(name: str, cells: list[str]) -> Timing:
    """The timing of a row of Timings.csv. WeekDays count from Sunday, which is 0 and 7."""
    days = read_numbers(cells[4])
    start, end = read_clock(cells[5])
    return Timing(
        name,
        read_numbers(cells[1]),
        read_numbers(cells[2]),
        read_numbers(cells[3]),
        tuple(day % 7 for day in days) if days else days,
        start,
        end,
    )


def checks(zone: Zone, now_ns: int) -> dict[str, Callable[[str], object]]:
    """What a cell of each type must pass; types that are not named take any text."""
    return {
        ID: _read_id,
        NUMBER: read_number,
        DECIMAL: read_number,
        INTEGER: read_integer,
        FLAG: read_flag,
        SWITCH: read_flag,
        DURATION: read_duration,
        TIME: lambda text: read_time(text, zone, now_ns),
        INTERVAL: lambda text: read_interval(text, zone, now_ns),
        CLOCK: read_clock,
    }


def _read_id(text: str) -> str:
    if not text:
        raise ValueError("is empty")
    return text
