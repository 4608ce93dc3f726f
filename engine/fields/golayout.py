"""Time layouts as Go writes them: the text of one reference time, Mon Jan 2 15:04:05 -0700 2006, in whose likeness times are
written and read."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Final

from engine.fields.values import go_quoted
from engine.times import (
    DAY,
    MAX_TIME,
    SECOND,
    ZERO_TIME,
    Moment,
    NamedZone,
    Zone,
    civil_from_days,
    days_from_civil,
    days_in_month,
    fixed_zone,
    local_ns,
    weekday_of_days,
)

RFC3339: Final = "2006-01-02T15:04:05Z07:00"

_MONTHS: Final = "January February March April May June July August September October November December".split()
_WEEKDAYS: Final = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split()

# What may stand in a layout, the longer of two that begin alike first.
_CHUNKS: Final = (
    "January", "Jan", "Monday", "Mon", "MST", "2006", "002", "01", "02", "03", "04", "05", "06", "15", "PM", "pm",
    "-07:00:00", "-070000", "-07:00", "-0700", "-07", "Z07:00:00", "Z070000", "Z07:00", "Z0700", "Z07", "_2006", "__2", "_2",
    "1", "2", "3", "4", "5",
)  # fmt: skip


class Chunk:
    """A piece of a layout: literal text, or a part of the time (`kind`)."""

    kind: str
    text: str

    def __init__(self, kind: str, text: str) -> None:
        self.kind = kind
        self.text = text


@lru_cache(maxsize=256)
def chunks_of(layout: str) -> list[Chunk]:
    """A layout taken apart."""
    found: list[Chunk] = []
    literal = ""
    position = 0
    while position < len(layout):
        kind = _chunk_at(layout, position)
        if not kind:
            literal += layout[position]
            position += 1
            continue
        if kind == "_2006":  # an underscore, then the year
            literal += "_"
            kind = "2006"
            position += 1
        if literal:
            found.append(Chunk("", literal))
            literal = ""
        found.append(Chunk(kind, kind))
        position += len(kind)
    if literal:
        found.append(Chunk("", literal))
    return found


def _chunk_at(layout: str, position: int) -> str:
    first = layout[position]
    if first in ".,":
        return _fraction_at(layout, position)
    if first not in "JM0123456789_P-Zp":
        return ""
    for kind in _CHUNKS:
        if layout.startswith(kind, position):
            after = layout[position + 3 : position + 4]
            if kind in ("Jan", "Mon") and after.islower():
                continue
            return kind
    return ""


def _fraction_at(layout: str, position: int) -> str:
    """`.000` or `.999`, when it follows seconds and no digit follows it."""
    digit = layout[position + 1 : position + 2]
    if digit not in ("0", "9"):
        return ""
    end = position + 1
    while end < len(layout) and layout[end] == digit:
        end += 1
    if end < len(layout) and layout[end].isdigit():
        return ""
    return layout[position:end]


# -- writing -------------------------------------------------------------------------------------------------------------


def write_time(unix_ns: int, zone: Zone, layout: str) -> str:
    """An instant in a layout, on a local clock."""
    local = local_ns(unix_ns, zone)
    days = local // DAY
    parts = [_written(chunk, days, local % DAY, zone, unix_ns) for chunk in chunks_of(layout)]
    return "".join(parts)


def _written(chunk: Chunk, days: int, clock_ns: int, zone: Zone, unix_ns: int) -> str:
    kind = chunk.kind
    if not kind:
        return chunk.text
    if kind[0] in ".,":
        return _written_fraction(kind, clock_ns % SECOND)
    second = clock_ns // SECOND
    if kind in ("15", "03", "3", "04", "4", "05", "5", "PM", "pm"):
        return _written_clock(kind, second)
    if kind[0] in "-Z" or kind == "MST":
        if kind == "MST":
            return _zone_name(zone, unix_ns)
        return _written_zone(kind, zone.offset_at(unix_ns))
    return _written_date(kind, days)


def _written_fraction(kind: str, part_ns: int) -> str:
    digits = f"{part_ns:09d}"[: len(kind) - 1].ljust(len(kind) - 1, "0")
    if kind[1] == "9":
        digits = digits.rstrip("0")
        return kind[0] + digits if digits else ""
    return kind[0] + digits


def _written_clock(kind: str, second: int) -> str:
    hour = second // 3600
    if kind == "15":
        return f"{hour:02d}"
    if kind in ("03", "3"):
        twelve = hour % 12 or 12
        return f"{twelve:02d}" if kind == "03" else str(twelve)
    if kind in ("PM", "pm"):
        half = "PM" if hour >= 12 else "AM"
        return half if kind == "PM" else half.lower()
    value = second // 60 % 60 if kind in ("04", "4") else second % 60
    return f"{value:02d}" if kind in ("04", "05") else str(value)


def _written_date(kind: str, days: int) -> str:
    year, month, day = civil_from_days(days)
    if kind == "2006":
        return f"{year:04d}"
    if kind == "06":
        return f"{year % 100:02d}"
    if kind in ("January", "Jan"):
        name = _MONTHS[month - 1]
        return name if kind == "January" else name[:3]
    if kind in ("Monday", "Mon"):
        name = _WEEKDAYS[weekday_of_days(days)]
        return name if kind == "Monday" else name[:3]
    if kind in ("002", "__2"):
        of_year = days - days_from_civil(year, 1, 1) + 1
        return f"{of_year:03d}" if kind == "002" else f"{of_year:3d}"
    if kind in ("01", "1"):
        return f"{month:02d}" if kind == "01" else str(month)
    if kind == "_2":
        return f"{day:2d}"
    return f"{day:02d}" if kind == "02" else str(day)


def _written_zone(kind: str, offset: int) -> str:
    if kind[0] == "Z" and offset == 0:
        return "Z"
    sign = "-" if offset < 0 else "+"
    hours, rest = divmod(abs(offset), 3600)
    minutes, seconds = divmod(rest, 60)
    shape = kind[1:]
    if shape == "07":
        return f"{sign}{hours:02d}"
    colon = ":" if ":" in shape else ""
    text = f"{sign}{hours:02d}{colon}{minutes:02d}"
    return text + f"{colon}{seconds:02d}" if len(shape.replace(":", "")) == 6 else text


def _zone_name(zone: Zone, unix_ns: int) -> str:
    """CET, UTC; an offset where the zone has no name for its hours."""
    if isinstance(zone, NamedZone) and ZERO_TIME + DAY < unix_ns < MAX_TIME - DAY:
        return datetime.fromtimestamp(unix_ns // SECOND, zone.info).tzname() or ""
    if zone.offset_at(unix_ns) == 0:
        return "UTC"
    return zone.text_at(unix_ns).replace(":", "").removesuffix("00")


# -- reading -------------------------------------------------------------------------------------------------------------


class _Reading:
    """A time text while it is read."""

    layout: str
    text: str
    rest: str
    year: int
    month: int
    day: int
    day_of_year: int
    hour: int
    minute: int
    second: int
    part_ns: int
    afternoon: str
    offset: int | None

    def __init__(self, layout: str, text: str) -> None:
        self.layout = layout
        self.text = text
        self.rest = text
        self.year = 0
        self.month = self.day = 0
        self.day_of_year = 0
        self.hour = self.minute = self.second = self.part_ns = 0
        self.afternoon = ""
        self.offset = None

    def fail(self, chunk: str) -> ValueError:
        return ValueError(
            f"parsing time {go_quoted(self.text)} as {go_quoted(self.layout)}: cannot parse {go_quoted(self.rest)} as {go_quoted(chunk)}"
        )

    def out_of_range(self, what: str) -> ValueError:
        return ValueError(f"parsing time {go_quoted(self.text)}: {what} out of range")

    def digits(self, least: int, most: int, chunk: str) -> int:
        end = 0
        while end < most and end < len(self.rest) and self.rest[end] in "0123456789":
            end += 1
        if end < least:
            raise self.fail(chunk)
        value = int(self.rest[:end])
        self.rest = self.rest[end:]
        return value

    def name(self, names: list[str], length: int, chunk: str) -> int:
        for number, name in enumerate(names):
            shown = name[:length] if length else name
            if self.rest[: len(shown)].lower() == shown.lower():
                self.rest = self.rest[len(shown) :]
                return number
        raise self.fail(chunk)


def read_time(text: str, layout: str, zone: Zone) -> Moment:
    """The instant of a text in a layout; a text that names no offset is of `zone`. ValueError in Go's words."""
    reading = _Reading(layout, text)
    for chunk in chunks_of(layout):
        if chunk.kind:
            _read_chunk(reading, chunk.kind)
        else:
            _read_literal(reading, chunk.text)
    if reading.rest:
        raise ValueError(f"parsing time {go_quoted(text)}: extra text: {go_quoted(reading.rest)}")
    return _assembled(reading, zone)


def _read_literal(reading: _Reading, literal: str) -> None:
    if not reading.rest.startswith(literal):
        raise reading.fail(literal)
    reading.rest = reading.rest[len(literal) :]


def _read_chunk(reading: _Reading, kind: str) -> None:
    if kind[0] in ".,":
        _read_fraction(reading, kind)
    elif kind[0] in "-Z" or kind == "MST":
        _read_zone(reading, kind)
    elif kind in ("15", "03", "3", "04", "4", "05", "5", "PM", "pm"):
        _read_clock(reading, kind)
    else:
        _read_date(reading, kind)


def _read_fraction(reading: _Reading, kind: str) -> None:
    if not reading.rest or reading.rest[0] not in ".,":
        if kind[1] == "9":
            return
        raise reading.fail(kind)
    end = 1
    while end < len(reading.rest) and reading.rest[end] in "0123456789":
        end += 1
    digits = reading.rest[1:end]
    if not digits or len(digits) > 9 or (kind[1] == "0" and len(digits) != len(kind) - 1):
        raise reading.fail(kind)
    reading.part_ns = int(digits.ljust(9, "0"))
    reading.rest = reading.rest[end:]


def _read_clock(reading: _Reading, kind: str) -> None:
    if kind in ("PM", "pm"):
        half = reading.rest[:2]
        if half not in (("PM", "AM") if kind == "PM" else ("pm", "am")):
            raise reading.fail(kind)
        reading.afternoon = half.upper()
        reading.rest = reading.rest[2:]
        return
    value = reading.digits(2 if kind in ("15", "03", "04", "05") else 1, 2, kind)
    if kind in ("15", "03", "3"):
        if value > (23 if kind == "15" else 12):
            raise reading.out_of_range("hour")
        reading.hour = value
    elif kind in ("04", "4"):
        if value > 59:
            raise reading.out_of_range("minute")
        reading.minute = value
    else:
        if value > 59:
            raise reading.out_of_range("second")
        reading.second = value
        following = _fraction_follows(reading)
        if following:
            reading.part_ns = int(following[:9].ljust(9, "0"))
            reading.rest = reading.rest[len(following) + 1 :]


def _fraction_follows(reading: _Reading) -> str:
    """The digits of a fraction of a second in the text, which may follow seconds although the layout names none."""
    if not reading.rest or reading.rest[0] not in ".," or ".0" in reading.layout or ".9" in reading.layout:
        return ""
    end = 1
    while end < len(reading.rest) and reading.rest[end] in "0123456789":
        end += 1
    return reading.rest[1:end]


def _read_date(reading: _Reading, kind: str) -> None:
    if kind == "2006":
        reading.year = reading.digits(4, 4, kind)
    elif kind == "06":
        value = reading.digits(2, 2, kind)
        reading.year = value + (1900 if value >= 69 else 2000)
    elif kind in ("January", "Jan"):
        reading.month = reading.name(_MONTHS, 0 if kind == "January" else 3, kind) + 1
    elif kind in ("Monday", "Mon"):
        reading.name(_WEEKDAYS, 0 if kind == "Monday" else 3, kind)
    elif kind in ("01", "1"):
        reading.month = reading.digits(2 if kind == "01" else 1, 2, kind)
        if not 1 <= reading.month <= 12:
            raise reading.out_of_range("month")
    elif kind in ("002", "__2"):
        reading.rest = reading.rest.lstrip(" ") if kind == "__2" else reading.rest
        reading.day_of_year = reading.digits(1 if kind == "__2" else 3, 3, kind)
    else:
        if kind == "_2" and reading.rest[:1] == " ":
            reading.rest = reading.rest[1:]
        reading.day = reading.digits(2 if kind == "02" else 1, 2, kind)


def _read_zone(reading: _Reading, kind: str) -> None:
    if kind == "MST":
        end = 0
        while end < len(reading.rest) and end < 5 and reading.rest[end].isupper():
            end += 1
        if end < 3:
            raise reading.fail(kind)
        reading.offset = 0
        reading.rest = reading.rest[end:]
        return
    if kind[0] == "Z" and reading.rest[:1] == "Z":
        reading.offset = 0
        reading.rest = reading.rest[1:]
        return
    shape = kind[1:]
    part, rest = reading.rest[: len(shape) + 1], reading.rest[len(shape) + 1 :]
    digits = part[1:].replace(":", "")
    if part[:1] not in ("+", "-") or len(part) != len(shape) + 1 or not digits.isdecimal() or len(digits) != len(shape.replace(":", "")):
        raise reading.fail(kind)
    padded = digits.ljust(6, "0")
    seconds = int(padded[:2]) * 3600 + int(padded[2:4]) * 60 + int(padded[4:])
    if seconds > 24 * 3600:
        raise reading.out_of_range("time zone offset hour")
    reading.offset = -seconds if part[0] == "-" else seconds
    reading.rest = rest


def _assembled(reading: _Reading, zone: Zone) -> Moment:
    month, day = reading.month or 1, reading.day or 1
    hour = reading.hour
    if reading.afternoon == "PM" and hour < 12:
        hour += 12
    elif reading.afternoon == "AM" and hour == 12:
        hour = 0
    if reading.day_of_year:
        days = days_from_civil(reading.year, 1, 1) + reading.day_of_year - 1
    else:
        if not 1 <= day <= days_in_month(reading.year, month) or (reading.day == 0 and "2" in {c.kind for c in chunks_of(reading.layout)}):
            raise reading.out_of_range("day")
        days = days_from_civil(reading.year, month, day)
    local = days * DAY + (hour * 3600 + reading.minute * 60 + reading.second) * SECOND + reading.part_ns
    if reading.offset is None:
        return Moment(zone.instant_of(local), zone)
    return Moment(local - reading.offset * SECOND, fixed_zone(reading.offset))
