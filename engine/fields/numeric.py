"""Converters of numbers and lengths of time. All arithmetic is exact."""

from __future__ import annotations

from typing import Final

from engine.fields.converter import Converter
from engine.fields.golayout import write_time
from engine.fields.values import Duration, duration_of, number_of, parse_number
from engine.fields.view import View
from engine.money import DOWN, MIDDLE, UP, Ratio, round_ratio
from engine.times import UTC_ZONE, ZERO_TIME
from engine.usage import MINUTE, SECOND

MAX_DECIMALS: Final = 15
MAX_NUMBER: Final = 10**60  # no product or quotient goes beyond it, nor has a greater denominator
_GIGAWORD: Final = 1 << 32


def seconds(value: object) -> object:
    """A length of time as seconds, with their fraction."""
    return Ratio(duration_of(value), SECOND)


def minutes(value: object) -> object:
    """A length of time as minutes, with their fraction."""
    return Ratio(duration_of(value), MINUTE)


def nanoseconds(value: object) -> object:
    """A length of time as a count of nanoseconds."""
    return duration_of(value)


def duration(value: object) -> object:
    """A count of nanoseconds, or the text of a length of time, as a length of time."""
    return Duration(duration_of(value))


def float64(value: object) -> object:
    """A text as the number that it is."""
    return number_of(value)


def gigawords(value: object) -> object:
    """Counts of 2**32, as RADIUS counts octets beyond them (RFC 2869, section 5.1), as what they count."""
    number = number_of(value)
    return Ratio(number.num * _GIGAWORD, number.den)


class Round(Converter):
    """`*round[:decimals[:*up|*middle|*down]]`: to the nearest, halves away from zero, unless told otherwise."""

    unit: int
    method: str

    def __init__(self, parameters: str) -> None:
        decimals, _, method = parameters.partition(":")
        digits = decimals.removeprefix("-").removeprefix("+")
        if decimals and not (digits.isdecimal() and len(digits) < 4):
            raise ValueError(f"*round converter needs integer as decimals, have: <{decimals}>")
        self.unit = 10 ** max(0, min(int(decimals or "0"), MAX_DECIMALS))
        self.method = method or MIDDLE
        if self.method not in (UP, MIDDLE, DOWN):
            raise ValueError(f"unsupported rounding method: <{method}>")

    def convert(self, value: object, view: View) -> object:
        number = number_of(value)
        scaled = number.num * self.unit
        if self.method == MIDDLE:
            whole = round_ratio(scaled, number.den)
        elif self.method == UP:
            whole = -(-scaled // number.den)
        else:
            whole = scaled // number.den
        return Ratio(whole, self.unit)


class Multiply(Converter):
    """`*multiply:N`."""

    factor: Ratio

    def __init__(self, parameters: str) -> None:
        self.factor = parse_number(parameters)

    def convert(self, value: object, view: View) -> object:
        number = number_of(value)
        return _bounded(Ratio(number.num * self.factor.num, number.den * self.factor.den))


class Divide(Converter):
    """`*divide:N`."""

    divisor: Ratio

    def __init__(self, parameters: str) -> None:
        self.divisor = parse_number(parameters)
        if self.divisor.num == 0:
            raise ValueError("division by zero")

    def convert(self, value: object, view: View) -> object:
        number = number_of(value)
        num, den = number.num * self.divisor.den, number.den * self.divisor.num
        return _bounded(Ratio(num, den) if den > 0 else Ratio(-num, -den))


class FormatDuration(Converter):
    """`*durfmt[:layout]`: a length of time as a clock would show it that started at midnight."""

    layout: str

    def __init__(self, parameters: str) -> None:
        self.layout = parameters or "15:04:05"

    def convert(self, value: object, view: View) -> object:
        return write_time(ZERO_TIME + duration_of(value), UTC_ZONE, self.layout)


class Random(Converter):
    """`*random[:begin[:end]]`: a number from begin (0) up to, and without, end."""

    begin: int
    count: int

    def __init__(self, parameters: str) -> None:
        begin, _, end = parameters.partition(":")
        self.begin = _integer(begin) if begin else 0
        self.count = (_integer(end) if end else (1 << 63) - 1) - self.begin
        if self.count <= 0:
            raise ValueError("*random converter needs an end beyond its begin")

    def convert(self, value: object, view: View) -> object:
        return self.begin + view.draw(self.count)


def _bounded(number: Ratio) -> Ratio:
    if abs(number.num) > MAX_NUMBER * number.den or number.den > MAX_NUMBER:
        raise ValueError("value out of range")
    return number


def _integer(text: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isdecimal() and digits.isascii() and len(digits) < 19):
        raise ValueError(f'strconv.Atoi: parsing "{text}": invalid syntax')
    return int(text)
