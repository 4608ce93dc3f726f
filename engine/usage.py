"""Usage: integer nanoseconds of a call, octets of data or events, and the duration texts that operators write.

Texts are those of Go's time.ParseDuration (`1h2m3.5s`, `150ms`, `10µs`); a bare number is a count of nanoseconds (octets,
events), its fraction cut off, `*unlimited` is -1.
"""

from __future__ import annotations

import re
from typing import Final

SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 3600 * SECOND
DAY: Final = 24 * HOUR
UNLIMITED: Final = -1
MAX_USAGE_NS: Final = 2**63 - 1

VOICE: Final = "*voice"
DATA: Final = "*data"
SMS: Final = "*sms"
MMS: Final = "*mms"
GENERIC: Final = "*generic"
MONETARY: Final = "*monetary"
ANY: Final = "*any"

UNITS: Final = {"ns": 1, "us": 1000, "µs": 1000, "μs": 1000, "ms": 1_000_000, "s": SECOND, "m": MINUTE, "h": HOUR}
_ZERO: Final = 0x30  # the digit
_USUAL_DIGITS: Final = 6  # of a duration that is read digit by digit: so many hours are less than MAX_USAGE_NS
_USUAL_COUNT: Final = 18  # the same of a number without a unit
_PART: Final = re.compile(r"(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)(?=[\d.]|\Z)")  # a unit is all that stands before the next number
_NUMBER: Final = re.compile(r"[+-]?\d+(?:\.\d*)?\Z")


def parse_duration(text: str) -> int:
    """A duration text as nanoseconds; empty is 0. ValueError carries Go's own wording, which API clients are shown."""
    if not text:
        return 0
    usual = _usual(text)
    if usual >= 0:
        return usual
    if text == "*unlimited":
        return UNLIMITED
    if _NUMBER.match(text):
        value = int(text.partition(".")[0])
        if abs(value) > MAX_USAGE_NS:
            raise ValueError(f'time: invalid duration "{text}"')
        return value
    return parse_go_duration(text)


def _usual(text: str) -> int:
    """What nearly every client writes: a few digits and `s`, `m`, `h`, or digits without a unit. -1 for any other text."""
    digits = len(text)
    most = _USUAL_COUNT
    unit_ns = 1
    last = text[digits - 1]
    if last == "s" or last == "m" or last == "h":
        unit_ns = SECOND if last == "s" else MINUTE if last == "m" else HOUR
        digits -= 1
        most = _USUAL_DIGITS
    if not 0 < digits <= most:
        return -1
    value = 0
    for index in range(digits):
        digit = ord(text[index]) - _ZERO
        if not 0 <= digit <= 9:
            return -1
        value = value * 10 + digit
    return value * unit_ns


def parse_go_duration(text: str) -> int:
    """Go's time.ParseDuration: a sign, then numbers each with a unit; `0` alone is allowed."""
    sign = -1 if text[:1] == "-" else 1
    rest = text[1:] if text[:1] in ("-", "+") else text
    if rest == "0":
        return 0
    if not rest:
        raise ValueError(f'time: invalid duration "{text}"')
    total = 0
    position = 0
    while position < len(rest):
        part = _PART.match(rest, position)
        if part is None or not (part.group(1) or part.group(2)):
            raise ValueError(_go_complaint(text, rest, position))
        unit = UNITS[part.group(3)]
        total += int(part.group(1) or 0) * unit
        fraction = part.group(2)
        if fraction:
            total += int(fraction) * unit // 10 ** len(fraction)
        position = part.end()
        if total > MAX_USAGE_NS:
            raise ValueError(f'time: invalid duration "{text}"')
    return sign * total


def _go_complaint(text: str, rest: str, position: int) -> str:
    number = re.match(r"\d*(?:\.\d*)?", rest[position:])
    digits = number.group(0) if number else ""
    if not digits.strip("."):
        return f'time: invalid duration "{text}"'
    unit = re.match(r"[^\d.]*", rest[position + len(digits) :])
    name = unit.group(0) if unit else ""
    if not name:
        return f'time: missing unit in duration "{text}"'
    return f'time: unknown unit "{name}" in duration "{text}"'


def format_duration(usage_ns: int) -> str:
    """Nanoseconds as Go prints a time.Duration: `1m30s`, `1.5s`, `150ms`, `0s`."""
    if usage_ns == 0:
        return "0s"
    sign = "-" if usage_ns < 0 else ""
    value = abs(usage_ns)
    if value < 1000:
        return f"{sign}{value}ns"
    if value < 1_000_000:
        return f"{sign}{_decimal(value, 1000)}µs"
    if value < SECOND:
        return f"{sign}{_decimal(value, 1_000_000)}ms"
    hours, rest = divmod(value, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    seconds = f"{_decimal(rest, SECOND)}s"
    if hours:
        return f"{sign}{hours}h{minutes}m{seconds}"
    if minutes:
        return f"{sign}{minutes}m{seconds}"
    return f"{sign}{seconds}"


def _decimal(value: int, unit: int) -> str:
    whole, part = divmod(value, unit)
    if part == 0:
        return str(whole)
    digits = len(str(unit)) - 1
    return f"{whole}." + str(part).rjust(digits, "0").rstrip("0")
