"""How cells are read, by the type of their column."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.money import plain_decimal
from engine.tariffplan.cells import read_clock, read_duration, read_flag, read_integer, read_interval, read_number, read_numbers
from engine.times import UTC_ZONE, zone_of
from tests.engine.tariffplan.plans import NOW

NUMBERS = [
    ("", "0"),
    ("0", "0"),
    ("007", "7"),
    ("-0.0", "0"),
    ("01.50", "1.5"),
    (".5", "0.5"),
    ("5.", "5"),
    ("+2e-4", "0.0002"),
    ("1e3", "1000"),
]


@pytest.mark.parametrize(("text", "number"), NUMBERS)
def test_numbers(text: str, number: str) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize("text", ["x", "1,5", "1_0", " 1", "1 ", "0x10", "NaN", "inf", "1e99999", "٣", "--1", "."])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match="number"):
        read_number(text)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=12))
def test_plain_decimals_keep_every_digit(value: Decimal) -> None:
    text = plain_decimal(str(value))
    assert Decimal(text) == value
    assert "e" not in text.lower()
    assert plain_decimal(text) == text


def test_integers_and_flags() -> None:
    assert [read_integer(text) for text in ("", "-7", "+7", "9223372036854775807")] == [0, -7, 7, 2**63 - 1]
    assert [read_flag(text) for text in ("", "true", "F", "1")] == [False, True, False, True]
    for text in ("1.0", "9223372036854775808", "x"):
        with pytest.raises(ValueError, match="not an integer"):
            read_integer(text)
    for text in ("yes", "TrUe"):
        with pytest.raises(ValueError, match="neither true nor false"):
            read_flag(text)


DURATIONS = [
    ("", 0),
    ("90s", 90 * 10**9),
    ("1h30m", 5400 * 10**9),
    ("1024", 1024),
    ("1.9", 1),
    ("-1", -1),
    ("*unlimited", -1),
    ("1.5s", 15 * 10**8),
]


@pytest.mark.parametrize(("text", "ns"), DURATIONS)
def test_durations(text: str, ns: int) -> None:
    assert read_duration(text) == ns


@pytest.mark.parametrize("text", ["soon", "1x", "60sec", "s"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        read_duration(text)


def test_intervals_are_of_the_zone_unless_they_say_another() -> None:
    vienna = zone_of("Europe/Vienna")
    assert read_interval("", vienna, NOW) is None
    assert read_interval("2026-07-01 00:00:00", vienna, NOW) == ("2026-07-01T00:00:00+02:00", "0001-01-01T00:00:00Z")
    assert read_interval("2026-01-01T00:00:00Z;*now", UTC_ZONE, NOW) == ("2026-01-01T00:00:00Z", "2027-01-15T08:00:00Z")


def test_lists_of_integers() -> None:
    assert [read_numbers(text) for text in ("", "*any", "1;2", "x;3", "x")] == [(), (), (1, 2), (3,), None]


@pytest.mark.parametrize("text", ["00:00:00", "8:0:0", "24:00:00", "*asap", "+10m", "*:30:00", "*:*:15", "08:00:00;18:30:00", ""])
def test_clocks(text: str) -> None:
    start, end = read_clock(text)
    assert f"{start};{end}".rstrip(";") == text


@pytest.mark.parametrize("text", ["8", "08:00", "08:60:00", "24:00:01", "noon", "08:00:00;late", "-1:00:00"])
def test_what_is_no_clock(text: str) -> None:
    with pytest.raises(ValueError, match="not a time of day"):
        read_clock(text)
