"""Instants, local clocks, and the time texts that operators and clients write.

An instant is an integer of nanoseconds since 1970-01-01T00:00:00Z (years 0 to 9999 have a text). What a clock on the wall shows for it is a
Zone's business. The civil arithmetic is Howard Hinnant's days-from-civil, exact for every year.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine import usage
from engine.limits import RECENT_INSTANTS

SECOND: Final = 1_000_000_000
DAY_SECONDS: Final = 86_400
DAY: Final = DAY_SECONDS * SECOND
ZERO_TIME: Final = -62_135_596_800 * SECOND  # 0001-01-01T00:00:00Z, the time that stands for "none"
MAX_TIME: Final = 253_402_300_799 * SECOND  # 9999-12-31T23:59:59Z


class Zone:
    """A local clock. The base class is UTC."""

    name: str

    def __init__(self, name: str) -> None:
        self.name = name

    def offset_at(self, unix_ns: int) -> int:
        """Seconds that the local clock is ahead of UTC at this instant."""
        return 0

    def instant_of(self, local_ns: int) -> int:
        """The instant at which the local clock shows local_ns (nanoseconds since 1970-01-01 00:00:00 on that clock)."""
        return local_ns

    def text_at(self, unix_ns: int) -> str:
        return "Z"


class FixedZone(Zone):
    """A constant offset, as in `+09:00`."""

    offset: int

    def __init__(self, offset_seconds: int) -> None:
        super().__init__(offset_text(offset_seconds))
        self.offset = offset_seconds

    def offset_at(self, unix_ns: int) -> int:
        return self.offset

    def instant_of(self, local_ns: int) -> int:
        return local_ns - self.offset * SECOND

    def text_at(self, unix_ns: int) -> str:
        return self.name


class NamedZone(Zone):
    """A zone of the tz database, with its daylight saving time."""

    info: ZoneInfo

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.info = ZoneInfo(name)

    def offset_at(self, unix_ns: int) -> int:
        return _zone_offset(self.info, unix_ns // SECOND)

    def instant_of(self, local_ns: int) -> int:
        # The earlier of two instants when the clock was put back; the clock's jump when the time does not exist.
        before = self.offset_at(local_ns - DAY)
        guess = local_ns - before * SECOND
        offset = self.offset_at(guess)
        if offset == before:
            return guess
        later = local_ns - offset * SECOND
        return later if self.offset_at(later) == offset else guess

    def text_at(self, unix_ns: int) -> str:
        offset = self.offset_at(unix_ns)
        return offset_text(offset) if offset else "Z"


@lru_cache(maxsize=4096)
def _zone_offset(info: ZoneInfo, unix_second: int) -> int:
    from datetime import UTC, datetime

    if not ZERO_TIME // SECOND + DAY_SECONDS <= unix_second <= MAX_TIME // SECOND - DAY_SECONDS:
        return 0
    delta = info.utcoffset(datetime.fromtimestamp(unix_second, UTC).astimezone(info))
    return int(delta.total_seconds()) if delta is not None else 0


UTC_ZONE: Final = Zone("UTC")


@lru_cache(maxsize=512)
def fixed_zone(offset_seconds: int) -> Zone:
    """The zone of a constant offset; offset 0 is written `Z`."""
    return UTC_ZONE if offset_seconds == 0 else FixedZone(offset_seconds)


@lru_cache(maxsize=64)
def zone_of(name: str, local: str = "UTC") -> Zone:
    """The zone of a configured name; empty or `Local` is the machine's (named by `local`). ValueError when there is none."""
    if name in ("", "Local"):
        name = local
    if name in ("UTC", "Etc/UTC", "Z"):
        return UTC_ZONE
    try:
        return NamedZone(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"unknown time zone {name}") from None


def offset_text(offset_seconds: int) -> str:
    """`+hh:mm` or `-hh:mm`."""
    sign = "-" if offset_seconds < 0 else "+"
    hours, rest = divmod(abs(offset_seconds), 3600)
    return f"{sign}{hours:02d}:{rest // 60:02d}"


# -- the calendar --------------------------------------------------------------------------------------------------------


def days_from_civil(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01; months and days out of range carry over as the calendar does."""
    year += (month - 1) // 12
    month = (month - 1) % 12 + 1
    shifted = year - 1 if month <= 2 else year
    era = shifted // 400
    year_of_era = shifted - era * 400
    day_of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * 146_097 + day_of_era - 719_468 + day - 1


def civil_from_days(days: int) -> tuple[int, int, int]:
    """(year, month, day) of a count of days since 1970-01-01."""
    shifted = days + 719_468
    era = shifted // 146_097
    day_of_era = shifted - era * 146_097
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_index = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * month_index + 2) // 5 + 1
    month = month_index + 3 if month_index < 10 else month_index - 9
    year = year_of_era + era * 400
    return (year + 1 if month <= 2 else year), month, day


def days_in_month(year: int, month: int) -> int:
    """28 to 31."""
    return days_from_civil(year, month + 1, 1) - days_from_civil(year, month, 1)


def weekday_of_days(days: int) -> int:
    """0 is Sunday, as Go and tariff plans count."""
    return (days + 4) % 7


def local_ns(unix_ns: int, zone: Zone) -> int:
    """Nanoseconds since 1970-01-01 00:00:00 as the local clock counts them."""
    return unix_ns + zone.offset_at(unix_ns) * SECOND


def local_midnight_after(unix_ns: int, zone: Zone) -> int:
    """The first local midnight strictly after the instant."""
    local = local_ns(unix_ns, zone)
    return zone.instant_of((local // DAY + 1) * DAY)


def at_local_time(unix_ns: int, zone: Zone, clock_ns: int) -> int:
    """The instant at which the local clock shows clock_ns since midnight, on the local day of unix_ns."""
    local = local_ns(unix_ns, zone)
    return zone.instant_of(local // DAY * DAY + clock_ns)


def add_months(unix_ns: int, zone: Zone, months: int) -> int:
    """The same local clock time that many months later; a day that the month lacks carries over, as Go's AddDate does."""
    local = local_ns(unix_ns, zone)
    year, month, day = civil_from_days(local // DAY)
    return zone.instant_of(days_from_civil(year, month + months, day) * DAY + local % DAY)


def end_of_month(unix_ns: int, zone: Zone) -> int:
    """The last second of the local month: 23:59:59 of its last day."""
    local = local_ns(unix_ns, zone)
    year, month, _ = civil_from_days(local // DAY)
    return zone.instant_of(days_from_civil(year, month + 1, 1) * DAY - SECOND)


# -- texts ---------------------------------------------------------------------------------------------------------------


_TWO_DIGITS: Final[tuple[str, ...]] = tuple(f"{number:02d}" for number in range(100))


def format_time(unix_ns: int, zone: Zone) -> str:
    """RFC 3339 as Go writes it: no trailing zeros in the fraction, `Z` for UTC."""
    local = local_ns(unix_ns, zone)
    days = local // DAY
    year, month, day = civil_from_days(days)
    clock_ns = local - days * DAY
    clock = clock_ns // SECOND
    part = clock_ns - clock * SECOND
    hour = clock // 3600
    minute = clock // 60 - hour * 60
    fraction = "." + str(SECOND + part)[1:].rstrip("0") if part else ""
    years = str(year) if 1000 <= year <= 9999 else f"{year:04d}"
    date = f"{years}-{_TWO_DIGITS[month]}-{_TWO_DIGITS[day]}"
    return f"{date}T{_TWO_DIGITS[hour]}:{_TWO_DIGITS[minute]}:{_TWO_DIGITS[clock % 60]}{fraction}{zone.text_at(unix_ns)}"


class Moment:
    """An instant together with the clock it was written in."""

    ns: int
    zone: Zone

    def __init__(self, ns: int, zone: Zone) -> None:
        self.ns = ns
        self.zone = zone

    def text(self) -> str:
        """RFC 3339 as Go writes it. Those of whole seconds in UTC are kept: what happens now is of one second, as a peer tells it."""
        ns = self.ns
        if self.zone is not UTC_ZONE or ns % SECOND:
            return format_time(ns, self.zone)
        known = _TEXTS.get(ns)
        if known is None:
            known = format_time(ns, UTC_ZONE)
            if len(_TEXTS) >= RECENT_INSTANTS:
                _TEXTS.clear()
            _TEXTS[ns] = known
        return known

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Moment) and self.ns == other.ns

    def __hash__(self) -> int:
        return hash(self.ns)


NO_TIME: Final = Moment(ZERO_TIME, UTC_ZONE)
UNSUPPORTED: Final = "Unsupported time format"
_ZERO: Final = 0x30  # the digit

_DATE_TIME: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))?(Z|[+-]\d{2}:?\d{2})?\Z")
_GO_TEXT: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))? ([+-]\d{4}) \S+(?: m=.*)?\Z")
_COMPACT: Final = re.compile(r"(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(?:\.(\d{1,9}))?\Z")
_DOTTED: Final = re.compile(r"(\d{2})\.(\d{2})\.(\d{4}) {1,2}(\d{2}):(\d{2}):(\d{2})\Z")
_SLASHED: Final = re.compile(r"(\d{2})/(\d{2})/(\d{4}) (\d{2}):(\d{2}):(\d{2})\Z")
_DIGITS: Final = re.compile(r"\d+\Z")
_TEXTS: Final[dict[int, str]] = {}  # of instants of late
_RECENT: Final[dict[str, Moment]] = {}  # what was read of texts that end in Z, whatever the zone
_UNIX_SCALES: Final = {10: SECOND, 13: 1_000_000, 16: 1_000, 19: 1}


def parse_time(text: str, zone: Zone, now_ns: int) -> Moment:
    """Any time text of reference rating.md §10; texts without an offset are of `zone`. ValueError: "Unsupported time format"."""
    if not text or text == "0" or text == "*unlimited" or text == "0001-01-01T00:00:00Z":
        return NO_TIME
    length = len(text)
    if length == 20 or length == 19:
        usual = _RECENT.get(text)
        if usual is None:
            usual = _usual(text, zone)
            if usual is not None and length == 20:
                _remember(text, usual)
        if usual is not None:
            return usual
    first = text[0]
    if first == "*":
        return _relative(text, zone, now_ns)
    if first in "+-":
        return Moment(now_ns + _duration(text), zone)
    match = _DATE_TIME.match(text) or _GO_TEXT.match(text)
    if match:
        return _moment(match, zone, match.group(8))
    if _DIGITS.match(text) and len(text) in _UNIX_SCALES:
        return Moment(int(text) * _UNIX_SCALES[len(text)], zone)
    match = _COMPACT.match(text)
    if match:
        return _moment(match, zone, None)
    match = _DOTTED.match(text) or _SLASHED.match(text)
    if match:
        day, month, year, hour, minute, second = (int(part) for part in match.groups())
        return _checked(year, month, day, hour, minute, second, 0, zone)
    raise ValueError(UNSUPPORTED)


def _remember(text: str, moment: Moment) -> None:
    """The events of a call all tell its instants, and calls of one second the same."""
    if len(_RECENT) >= RECENT_INSTANTS:
        _RECENT.clear()
    _RECENT[text] = moment


def _usual(text: str, zone: Zone) -> Moment | None:
    """The instant in what nearly every client writes, `2006-01-02T15:04:05` with or without a `Z`; None for any other text."""
    if len(text) == 20:
        if text[19] != "Z":
            return None
        zone = UTC_ZONE
    if text[4] != "-" or text[7] != "-" or text[10] != "T" or text[13] != ":" or text[16] != ":":
        return None
    century = _two_digits(text, 0)
    years = _two_digits(text, 2)
    month = _two_digits(text, 5)
    day = _two_digits(text, 8)
    hour = _two_digits(text, 11)
    minute = _two_digits(text, 14)
    second = _two_digits(text, 17)
    if century < 0 or years < 0 or month < 0 or day < 0 or hour < 0 or minute < 0 or second < 0:
        return None
    return _checked(century * 100 + years, month, day, hour, minute, second, 0, zone)


def _two_digits(text: str, at: int) -> int:
    """The number that two digits make; -1 where they are none."""
    tens = ord(text[at]) - _ZERO
    ones = ord(text[at + 1]) - _ZERO
    return tens * 10 + ones if 0 <= tens <= 9 and 0 <= ones <= 9 else -1


def _moment(match: re.Match[str], zone: Zone, offset: str | None) -> Moment:
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction = (match.group(7) or "").ljust(9, "0")
    if offset:
        zone = UTC_ZONE if offset == "Z" else fixed_zone(_offset_seconds(offset))
    return _checked(year, month, day, hour, minute, second, int(fraction), zone)


def _offset_seconds(text: str) -> int:
    digits = text[1:].replace(":", "")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if text[0] == "-" else seconds


def _checked(year: int, month: int, day: int, hour: int, minute: int, second: int, part_ns: int, zone: Zone) -> Moment:
    if not (1 <= month <= 12 and day >= 1 and hour < 24 and minute < 60 and second < 60):
        raise ValueError(UNSUPPORTED)
    if day > 28 and day > days_in_month(year, month):
        raise ValueError(UNSUPPORTED)
    local = (days_from_civil(year, month, day) * DAY_SECONDS + hour * 3600 + minute * 60 + second) * SECOND + part_ns
    return Moment(zone.instant_of(local), zone)


def _duration(text: str) -> int:
    try:
        return usage.parse_duration(text)
    except ValueError:
        raise ValueError(UNSUPPORTED) from None


def _relative(text: str, zone: Zone, now_ns: int) -> Moment:
    name, plus, extra = text.partition("+")
    shift = _duration(extra) if plus else 0
    if name == "*now":
        return Moment(now_ns + shift, zone)
    if plus and name not in ("*mo", "*month_end"):
        raise ValueError(UNSUPPORTED)
    if name == "*daily":
        return Moment(zone.instant_of(local_ns(now_ns, zone) + DAY), zone)
    if name in ("*monthly", "*mo"):
        return Moment(add_months(now_ns, zone, 1) + shift, zone)
    if name == "*monthly_estimated":
        return Moment(_estimated_month(now_ns, zone), zone)
    if name == "*yearly":
        return Moment(add_months(now_ns, zone, 12), zone)
    if name == "*month_end":
        return Moment(end_of_month(now_ns, zone) + shift, zone)
    raise ValueError(UNSUPPORTED)


def _estimated_month(now_ns: int, zone: Zone) -> int:
    """A month on, or the last day of the next month when that lacks the day."""
    local = local_ns(now_ns, zone)
    year, month, day = civil_from_days(local // DAY)
    year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return zone.instant_of(days_from_civil(year, month, min(day, days_in_month(year, month))) * DAY + local % DAY)
