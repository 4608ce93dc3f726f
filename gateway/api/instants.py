"""Instants as JSON-RPC clients write them: RFC 3339 text, refused with the words that Go's time package uses.

Answers are the same instant as Go writes it: the offset as given (`Z` where it is zero), no trailing zeros in the fraction.
"""

from __future__ import annotations

import re
from typing import Final

from engine.times import days_in_month

ZERO_INSTANT: Final = "0001-01-01T00:00:00Z"  # stands for "none"

_LAYOUT: Final = "2006-01-02T15:04:05Z07:00"
_USUAL: Final = re.compile(r"\d{4}-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
_NANO_DIGITS: Final = 9

# What stands between the parts, the part's name in the layout, its name in a complaint, its least and greatest value, and whether
# one digit is enough.
_PARTS: Final = (
    ("-", "01", "month", 1, 12, False),
    ("-", "02", "day", 0, 99, False),
    ("T", "15", "hour", 0, 23, True),
    (":", "04", "minute", 0, 59, False),
    (":", "05", "second", 0, 59, False),
)


class InstantError(Exception):
    """A text that is no RFC 3339 instant; its words are what Go's time package says of it."""


def read_instant(text: str) -> str:
    """The instant in its canonical text. Raises InstantError."""
    usual = _USUAL.fullmatch(text)
    if usual is None or not text.isascii():
        return _read_closely(text)
    month, day, hour, minute, second, fraction, zone = usual.groups()
    if not (hour <= "23" and minute <= "59" and second <= "59" and _is_date(int(text[:4]), int(month), int(day))):
        return _read_closely(text)
    if fraction is None and zone == "Z":
        return text
    if zone != "Z" and (zone[1:3] > "23" or zone[4:] > "59"):
        return _read_closely(text)
    return text[:19] + _fraction(fraction or "") + _zone(zone)


def _is_date(year: int, month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= days_in_month(year, month)


def _fraction(text: str) -> str:
    digits = text[1:].rstrip("0")
    return f".{digits}" if digits else ""


def _zone(text: str) -> str:
    return "Z" if text[1:] == "00:00" else text


def _complaint(text: str, rest: str, part: str) -> InstantError:
    return InstantError(f"parsing time {_quote(text)} as {_quote(_LAYOUT)}: cannot parse {_quote(rest)} as {_quote(part)}")


def _out_of_range(text: str, what: str) -> InstantError:
    return InstantError(f"parsing time {_quote(text)}: {what} out of range")


def _quote(text: str) -> str:
    """Text in double quotes; a quote, a backslash, a control byte and every byte that is not ASCII escaped, as Go does here."""
    out = ['"']
    for char in text:
        if char in '"\\':
            out.append("\\" + char)
        elif " " <= char < "\x7f":
            out.append(char)
        else:
            out.extend(f"\\x{byte:02x}" for byte in char.encode("utf-8", "replace"))
    out.append('"')
    return "".join(out)


def _read_closely(text: str) -> str:
    """The whole grammar, part by part, so that a complaint names the first part that does not fit."""
    if len(text) < 4 or not _digits(text[:1]):
        raise _complaint(text, text, "2006")
    if not _digits(text[:4]):
        raise _complaint(text, text, "2006")
    numbers = [int(text[:4])]
    rest = text[4:]
    for prefix, part, name, least, greatest, short in _PARTS:
        if not rest.startswith(prefix):
            raise _complaint(text, rest, prefix)
        rest = rest[1:]
        width = 2 if _digits(rest[:2]) and len(rest) >= 2 else 1
        if not _digits(rest[:width]) or (width == 1 and not short):
            raise _complaint(text, rest, part)
        number = int(rest[:width])
        rest = rest[width:]
        if not least <= number <= greatest:
            raise _out_of_range(text, name)
        numbers.append(number)
    fraction, rest = _split_fraction(rest)
    zone = _read_zone(text, rest)
    year, month, day, hour, minute, second = numbers
    if not _is_date(year, month, day):
        raise _out_of_range(text, "day")
    return f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}{_fraction(fraction)}{zone}"


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _split_fraction(rest: str) -> tuple[str, str]:
    """The fraction of the second, cut to nanoseconds, and what follows it."""
    if rest[:1] not in (".", ",") or not _digits(rest[1:2]):
        return "", rest
    end = 2
    while _digits(rest[end : end + 1]):
        end += 1
    return rest[: min(end, 1 + _NANO_DIGITS)], rest[end:]


def _read_zone(text: str, rest: str) -> str:
    if rest[:1] == "Z":
        if len(rest) > 1:
            raise InstantError(f"parsing time {_quote(text)}: extra text: {_quote(rest[1:])}")
        return "Z"
    if len(rest) < 6 or rest[3] != ":" or not (_digits(rest[1:3]) and _digits(rest[4:6])):
        raise _complaint(text, rest, "Z07:00")
    if int(rest[1:3]) > 24:
        raise _out_of_range(text, "time zone offset hour")
    if int(rest[4:6]) > 60:
        raise _out_of_range(text, "time zone offset minute")
    if rest[0] not in "+-":
        raise _complaint(text, rest, "Z07:00")
    if len(rest) > 6:
        raise InstantError(f"parsing time {_quote(text)}: extra text: {_quote(rest[6:])}")
    minutes = int(rest[1:3]) * 60 + int(rest[4:6])
    return _zone(f"{rest[0]}{minutes // 60:02d}:{minutes % 60:02d}")
