"""Exact amounts and the only place that rounds.

An amount, of money or of units, is an integer count of 10**-9. A price is a rational number of such counts. Nothing here is
ever a binary float: text goes in as decimal digits, JSON goes out as an integer or as the double nearest to the amount.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from math import gcd
from typing import Final

Amount = int
Factor = int
"""What a unit of usage takes from a balance, as a count of 10**-30: a minute for a unit of another kind is 1/60e9 a ns."""


class OutOfRange(ValueError):  # noqa: N818 - it says what the number is
    """A number that no amount can be."""


DECIMALS: Final = 9
ONE: Final = 10**DECIMALS
FACTOR_DECIMALS: Final = 30
FACTOR_ONE: Final = 10**FACTOR_DECIMALS
MAX_DIGITS: Final = 40
MAX_EXPONENT: Final = 30
_LARGEST: Final = 10**MAX_DIGITS

UP: Final = "*up"
MIDDLE: Final = "*middle"
DOWN: Final = "*down"


class Ratio:
    """A rational number in lowest terms, the denominator positive."""

    num: int
    den: int

    def __init__(self, num: int, den: int) -> None:
        assert den > 0, "a ratio has a positive denominator"
        common = gcd(num, den)
        self.num = num // common
        self.den = den // common

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ratio) and self.num == other.num and self.den == other.den

    def __hash__(self) -> int:
        return hash((self.num, self.den))


ZERO_RATIO: Final = Ratio(0, 1)


def read_decimal(text: str) -> Ratio:
    """The exact value of decimal text such as `0.01`, `-3`, `2e-4`; ValueError when it is none, or absurdly long."""
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        raise ValueError(f"not a decimal number: {text[:40]!r}") from None
    return decimal_ratio(value)


def decimal_ratio(value: Decimal) -> Ratio:
    """The exact value of a Decimal; ValueError for NaN, infinities and numbers beyond any amount."""
    if not value.is_finite():
        raise ValueError("not a finite number")
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int), "a finite decimal has a numeric exponent"
    if len(digits) > MAX_DIGITS or exponent > MAX_EXPONENT or exponent < -MAX_DIGITS:
        raise OutOfRange("a number out of range")
    whole = 0
    for digit in digits:
        whole = whole * 10 + digit
    if sign:
        whole = -whole
    if exponent >= 0:
        return Ratio(whole * 10**exponent, 1)
    return Ratio(whole, 10**-exponent)


def plain_decimal(text: str) -> str:
    """Decimal text in its shortest plain form, every digit kept: `01.50` is 1.5, `2e-4` is 0.0002; ValueError as read_decimal's."""
    read_decimal(text)
    plain = format(Decimal(text.strip()), "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return "0" if plain == "-0" else plain


def parse_amount(text: str) -> Amount:
    """Decimal text as an amount, rounded half away from zero at the ninth decimal."""
    ratio = read_decimal(text)
    return round_ratio(ratio.num * ONE, ratio.den)


def amount_of(value: object) -> Amount:
    """A JSON number (int or Decimal) or decimal text as an amount; ValueError for anything else."""
    if isinstance(value, bool):
        raise ValueError("not a number")
    if isinstance(value, int):
        if not -_LARGEST < value < _LARGEST:
            raise OutOfRange("a number out of range")
        return value * ONE
    if isinstance(value, Decimal):
        ratio = decimal_ratio(value)
        return round_ratio(ratio.num * ONE, ratio.den)
    if isinstance(value, str):
        return parse_amount(value)
    raise ValueError("not a number")


def factor_of(value: object) -> Factor:
    """A JSON number (int or Decimal) or decimal text as a factor; ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise ValueError("not a number")
    ratio = read_decimal(value) if isinstance(value, str) else decimal_ratio(Decimal(value))
    return round_ratio(ratio.num * FACTOR_ONE, ratio.den)


def factor_json(factor: Factor) -> object:
    """The factor as JSON writes it: an integer when it is whole, else the nearest double."""
    if factor % FACTOR_ONE == 0:
        return factor // FACTOR_ONE
    return factor / FACTOR_ONE


def factor_text(factor: Factor) -> str:
    """The factor in plain decimal digits, without trailing zeros."""
    sign = "-" if factor < 0 else ""
    whole, part = divmod(abs(factor), FACTOR_ONE)
    return f"{sign}{whole}" if part == 0 else f"{sign}{whole}." + f"{part:0{FACTOR_DECIMALS}d}".rstrip("0")


def consumed_units(usage: int, factor: Factor, decimals: int) -> Amount:
    """What so much usage takes from a balance with that factor, to that many decimals, away from zero when anything is cut."""
    if factor == FACTOR_ONE:
        return usage * ONE
    step: int = 10 ** (FACTOR_DECIMALS - min(decimals, DECIMALS))
    units = usage * factor
    rounded = -(-units // step) if units >= 0 else units // step
    grain: int = 10 ** (DECIMALS - min(decimals, DECIMALS))
    return rounded * grain


def amount_json(amount: Amount) -> object:
    """The amount as JSON writes it: an integer when it is whole, else the nearest double."""
    if amount % ONE == 0:
        return amount // ONE
    return amount / ONE


def amount_text(amount: Amount) -> str:
    """The amount in plain decimal digits, without trailing zeros."""
    if amount < 0:
        return f"-{amount_text(-amount)}"
    whole = amount // ONE
    part = amount - whole * ONE
    if part == 0:
        return str(whole)
    return f"{whole}.{str(ONE + part)[1:].rstrip('0')}"


def round_ratio(num: int, den: int) -> int:
    """num/den to the nearest integer, halves away from zero; den > 0."""
    if num >= 0:
        return (2 * num + den) // (2 * den)
    return -((2 * -num + den) // (2 * den))


def round_middle(amount: Amount, decimals: int) -> Amount:
    """The amount to that many decimals, halves away from zero."""
    if decimals >= DECIMALS:
        return amount
    step: int = 10 ** (DECIMALS - decimals)
    return round_ratio(amount, step) * step


def round_up(amount: Amount, decimals: int) -> Amount:
    """The amount to that many decimals, away from zero when anything is cut."""
    if decimals >= DECIMALS:
        return amount
    step: int = 10 ** (DECIMALS - decimals)
    if amount >= 0:
        return -(-amount // step) * step
    return (amount // step) * step


def round_by_method(amount: Amount, decimals: int, method: str) -> Amount:
    """Rounds as a rate's RoundingMethod and RoundingDecimals say; an unknown or empty method rounds nothing."""
    if decimals >= DECIMALS:
        return amount
    if method == UP:
        return round_up(amount, decimals)
    if method == MIDDLE:
        return round_middle(amount, decimals)
    if method == DOWN:
        step: int = 10 ** (DECIMALS - decimals)
        return (amount // step) * step
    return amount
