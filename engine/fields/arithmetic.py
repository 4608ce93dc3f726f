"""Arithmetic over the values of an event: whole numbers, fractions, durations and times, told apart by how they are written.

The first operand says what comes out: a sum that begins with a duration is a duration. Everything is exact; a quotient without end
is written as the nearest double. Errors are ValueErrors with the wording that API clients know.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from engine.fields.values import go_quoted, ratio_text
from engine.money import Ratio, read_decimal, round_ratio
from engine.times import UTC_ZONE, Zone, format_time, parse_time
from engine.usage import format_duration, parse_duration, parse_go_duration

WHOLE: Final = 0
FRACTION: Final = 1
DURATION: Final = 2
INSTANT: Final = 3
TEXT: Final = 4

SECOND: Final = 1_000_000_000
MAX_INT: Final = 2**63 - 1
_SURE_DIGITS: Final = 18  # of a whole number within 64 bits
MAX_RESULT: Final = 10**40  # no sum or product goes beyond it

_WHOLE: Final = re.compile(r"[+-]?\d{1,19}\Z", re.ASCII)
_FRACTION: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?\Z", re.ASCII)


class Quantity:
    """A value and its kind. `ratio`: the number itself, a duration in ns, an instant in ns since 1970; `text` as it was written."""

    kind: int
    ratio: Ratio
    text: str
    zone: Zone

    def __init__(self, kind: int, ratio: Ratio, text: str = "", zone: Zone = UTC_ZONE) -> None:
        self.kind = kind
        self.ratio = ratio
        self.text = text
        self.zone = zone

    def written(self) -> str:
        """As events carry it: plain digits, a duration such as `1m10s`, an RFC 3339 time, or the text."""
        if self.kind == WHOLE:
            return str(self.ratio.num)
        if self.kind == FRACTION:
            return ratio_text(self.ratio)
        if self.kind == DURATION:
            return format_duration(self.ratio.num)
        return format_time(self.ratio.num, self.zone) if self.kind == INSTANT else self.text

    def whole(self) -> int:
        """As a whole number; a duration counts its ns. ValueError for what is none."""
        if self.kind == WHOLE or self.kind == DURATION:
            return self.ratio.num
        if self.kind == TEXT:
            raise ValueError(f"strconv.ParseInt: parsing {go_quoted(self.text)}: invalid syntax")
        raise ValueError(f"cannot convert field: {self.written()} to int")

    def number(self) -> Ratio:
        """As a number with a fraction; a duration counts its ns. ValueError for what is none."""
        if self.kind == TEXT:
            raise ValueError(f"strconv.ParseFloat: parsing {go_quoted(self.text)}: invalid syntax")
        if self.kind == INSTANT:
            raise ValueError(f"cannot convert field: {self.written()} to float64")
        return self.ratio

    def duration(self) -> int:
        """As a duration in ns; a number counts ns, its fraction cut off. ValueError for what is none."""
        if self.kind == TEXT:
            return parse_duration(self.text)
        if self.kind == INSTANT:
            raise ValueError(f"cannot convert field: {self.written()} to time.Duration")
        return truncated(self.ratio)


def quantity(text: str, zone: Zone, now_ns: int) -> Quantity:
    """What a text is: a whole number, else a fraction, a duration, a time, else just text."""
    if len(text) <= _SURE_DIGITS and text.isdigit() and text.isascii():
        return Quantity(WHOLE, Ratio(int(text), 1), text)
    if _WHOLE.match(text) and -MAX_INT - 1 <= int(text) <= MAX_INT:
        return Quantity(WHOLE, Ratio(int(text), 1), text)
    if _FRACTION.match(text):
        try:
            return Quantity(FRACTION, read_decimal(text), text)
        except ValueError:
            return Quantity(TEXT, Ratio(0, 1), text)
    if not text:
        return Quantity(TEXT, Ratio(0, 1), text)
    try:
        return Quantity(DURATION, Ratio(parse_go_duration(text), 1), text)
    except ValueError:
        pass
    try:
        moment = parse_time(text, zone, now_ns)
    except ValueError:
        return Quantity(TEXT, Ratio(0, 1), text)
    return Quantity(INSTANT, Ratio(moment.ns, 1), text, moment.zone)


def add(items: Sequence[Quantity]) -> Quantity:
    """The sum. A time may be moved by durations."""
    return _moved(items, 1)


def subtract(items: Sequence[Quantity]) -> Quantity:
    """The first without the others. A time may be moved by durations; a time from a time is refused."""
    return _moved(items, -1)


def _moved(items: Sequence[Quantity], sign: int) -> Quantity:
    first = _first(items)
    if first.kind == FRACTION:
        total = first.ratio
        for item in items[1:]:
            other = item.number()
            total = Ratio(total.num * other.den + sign * other.num * total.den, total.den * other.den)
        return _bounded(Quantity(FRACTION, total))
    result = first.ratio.num
    for item in items[1:]:
        result += sign * (item.whole() if first.kind == WHOLE else item.duration())
    return _bounded(Quantity(first.kind, Ratio(result, 1), "", first.zone))


def multiply(items: Sequence[Quantity]) -> Quantity:
    """The product. A first value that is whole takes whole ones only."""
    return _scaled(items, divides=False)


def divide(items: Sequence[Quantity]) -> Quantity:
    """The first divided by each of the others; whole numbers and durations are cut off to whole ones. ValueError by zero."""
    return _scaled(items, divides=True)


def _scaled(items: Sequence[Quantity], *, divides: bool) -> Quantity:
    first = _first(items)
    if first.kind == INSTANT:
        raise ValueError(f"cannot convert field: {first.written()} to float64")
    result = first.ratio
    for item in items[1:]:
        other = Ratio(item.whole(), 1) if first.kind == WHOLE else item.number()
        if divides and other.num == 0:
            raise ValueError("division by zero")
        if divides:
            result = _quotient(result, other)
        else:
            result = Ratio(result.num * other.num, result.den * other.den)
        if first.kind != FRACTION:
            result = Ratio(truncated(result), 1)
    return _bounded(Quantity(first.kind, result))


def _quotient(value: Ratio, other: Ratio) -> Ratio:
    sign = -1 if other.num < 0 else 1
    return Ratio(sign * value.num * other.den, value.den * abs(other.num))


def _first(items: Sequence[Quantity]) -> Quantity:
    if len(items) < 2:
        raise ValueError("NotEnoughParameters")
    if items[0].kind == TEXT:
        items[0].number()
    return items[0]


def _bounded(result: Quantity) -> Quantity:
    # Times and durations have 64 bits wherever they go next; numbers only have to end somewhere.
    most = MAX_RESULT if result.kind in (WHOLE, FRACTION) else MAX_INT
    if abs(result.ratio.num) > most * result.ratio.den or result.ratio.den > MAX_RESULT:
        raise ValueError("value out of range")
    return result


def scaled_by_ten(number: Ratio, exponent: int, decimals: int) -> Ratio:
    """number x 10**exponent, rounded to so many decimals, halves away from zero."""
    power: int = 10 ** abs(exponent)
    moved = Ratio(number.num * power, number.den) if exponent >= 0 else Ratio(number.num, number.den * power)
    step: int = 10**decimals
    return Ratio(round_ratio(moved.num * step, moved.den), step)


def truncated(ratio: Ratio) -> int:
    """The whole part, towards zero."""
    return ratio.num // ratio.den if ratio.num >= 0 else -(-ratio.num // ratio.den)
