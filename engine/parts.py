"""Integers of any size as msgpack and SQLite can hold them: amounts, usages and instants in what is stored."""

from __future__ import annotations

from typing import Final

Parts = int | tuple[int, ...]
"""An integer as it is stored: itself where it has 64 bits, else (whole, nano) by 10**9, 0 <= nano < 10**9, with more digits to the base
10**18 before them. Older files have (whole, nano) for small ones too; whole may be negative."""

NANO: Final = 10**9
_BASE: Final = 10**18
_LEAST: Final = -(2**62)  # to _MOST: what compiled code handles, and compares with, as a machine word
_MOST: Final = 2**62 - 1


def split_amount(amount: int) -> Parts:
    """The integer as it is stored."""
    if _LEAST <= amount <= _MOST:
        return amount
    whole, nano = divmod(amount, NANO)
    digits = [nano]
    while not _LEAST <= whole <= _MOST:
        whole, low = divmod(whole, _BASE)
        digits.append(low)
    digits.append(whole)
    digits.reverse()
    return tuple(digits)


def join_amount(parts: Parts) -> int:
    """The integer that was stored."""
    if isinstance(parts, int):
        return parts
    return join_digits(parts)


def join_digits(digits: tuple[int, ...] | list[int]) -> int:
    """The integer of (..., whole, nano)."""
    whole = 0
    for digit in digits[:-1]:
        whole = whole * _BASE + digit
    return whole * NANO + digits[-1]


def read_amount(stored: object) -> int:
    """The same of what an untyped decoder gives. ValueError when it is none."""
    if isinstance(stored, int):
        return stored
    if (isinstance(stored, list) or isinstance(stored, tuple)) and len(stored) > 1:  # noqa: SIM101 - no union to be made each time
        return join_digits([_digit(one) for one in stored])
    raise ValueError("a stored number is an integer or its digits")


def _digit(value: object) -> int:
    if not isinstance(value, int):
        raise ValueError("a stored number has integers for digits")
    return value
