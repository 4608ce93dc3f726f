"""Values inside maps of any JSON, read the way Go's clients of such maps are used to: numbers as text, text as numbers.

What cannot be read raises RequestError with the words that Go gives.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from engine.errors import RequestError
from engine.money import Amount, OutOfRange, amount_of, amount_text, plain_decimal
from engine.times import Zone, parse_time
from engine.usage import parse_duration

_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z")
_TRUE: Final = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_FALSE: Final = frozenset(("0", "f", "F", "FALSE", "false", "False"))


def text(value: object) -> str:
    """Any plain value as text; a list's elements between semicolons."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, list):
        return ";".join(text(one) for one in value)
    return str(value)


def amount(value: object) -> Amount:
    """A number, or a text of one."""
    try:
        if isinstance(value, str) and not _NUMBER.match(value):
            raise RequestError(f'strconv.ParseFloat: parsing "{value}": invalid syntax')
        return amount_of(value)
    except OutOfRange:
        raise
    except ValueError:
        raise RequestError(f"cannot convert field: {_kind(value)} to float64") from None


def number(value: object) -> str:
    """A number, or a text of one, as decimal text."""
    return amount_text(amount(value))


def units(value: object) -> Amount:
    """A number, or a text of one or of a duration."""
    if isinstance(value, str) and not _NUMBER.match(value):
        return duration(value) * 10**9
    return amount(value)


def duration(value: object) -> int:
    """A duration in ns: a number of them, or a text such as `10s`."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return int(value)
    if not isinstance(value, str):
        raise RequestError(f"cannot convert field: {_kind(value)} to time.Duration")
    try:
        return parse_duration(value)
    except ValueError as fault:
        raise RequestError(str(fault)) from None


def flag(value: object) -> bool:
    """A boolean, or a text of one."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        if value not in _TRUE and value not in _FALSE:
            raise RequestError(f'strconv.ParseBool: parsing "{value}": invalid syntax')
        return value in _TRUE
    if isinstance(value, int | Decimal):
        return value > 0
    raise RequestError(f"cannot convert field: {_kind(value)} to bool")


def instant(value: object, zone: Zone, now_ns: int) -> str:
    """A time in any of the texts that operators write, as RFC 3339."""
    if not isinstance(value, str):
        raise RequestError(f"cannot convert field: {_kind(value)} to time.Time")
    try:
        return parse_time(value, zone, now_ns).text()
    except ValueError as fault:
        raise RequestError(str(fault)) from None


def texts(value: object) -> list[str]:
    """A list of texts."""
    if not isinstance(value, list):
        raise RequestError(f"cannot convert field: {_kind(value)} to []string")
    return [text(one) for one in value]


def numbers(value: object) -> dict[str, str]:
    """A map of numbers, as decimal texts."""
    if not isinstance(value, Mapping):
        raise RequestError(f"cannot convert field: {_kind(value)} to map[string]float64")
    return {name: _digits(one) for name, one in value.items()}


def _digits(value: object) -> str:
    """A number, or a text of one, as decimal text with every digit that was given."""
    amount(value)  # refuses what is none
    return plain_decimal(text(value))


def _kind(value: object) -> str:
    """What Go calls the type of a decoded value."""
    if isinstance(value, str):
        return "string"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | Decimal):
        return "float64"
    if isinstance(value, list):
        return "[]interface {}"
    return "map[string]interface {}" if isinstance(value, Mapping) else "<nil>"
