"""Values told apart by how they are written, and what is computed from them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.fields import arithmetic
from engine.fields.arithmetic import DURATION, FRACTION, INSTANT, TEXT, WHOLE, Quantity, quantity
from engine.fields.values import ratio_text
from engine.money import Ratio
from engine.times import UTC_ZONE, parse_time

NOW = parse_time("2026-03-04T10:00:00Z", UTC_ZONE, 0).ns
NOON = "2026-03-02T12:00:00Z"


def read(*texts: str) -> list[Quantity]:
    return [quantity(text, UTC_ZONE, NOW) for text in texts]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("0", WHOLE),
        ("-17", WHOLE),
        ("9223372036854775807", WHOLE),
        ("9223372036854775808", FRACTION),
        ("1.5", FRACTION),
        (".5", FRACTION),
        ("2e-4", FRACTION),
        ("1m10s", DURATION),
        ("90ns", DURATION),
        ("2026-03-02T10:00:00Z", INSTANT),
        ("2026-03-02 10:00:00", INSTANT),
        ("", TEXT),
        ("many", TEXT),
        ("0x10", TEXT),
        ("nan", TEXT),
        ("1e999", TEXT),
        ("\u0661", TEXT),
    ],
)
def test_kinds(text: str, kind: int) -> None:
    assert quantity(text, UTC_ZONE, NOW).kind == kind


@pytest.mark.parametrize(
    ("texts", "sum"),
    [
        (("1", "2", "3"), "6"),
        (("1m", "10s"), "1m10s"),
        (("1.25", "0.5"), "1.75"),
        (("1.5", "2"), "3.5"),
        (("0.1", "0.2"), "0.3"),
        (("1", "90ns"), "91"),
        (("10s", "5"), "10.000000005s"),
        (("2026-03-02T10:00:00Z", "90s"), "2026-03-02T10:01:30Z"),
        (("2026-03-02T10:00:00+02:00", "90s"), "2026-03-02T10:01:30+02:00"),
    ],
)
def test_sums(texts: tuple[str, ...], sum: str) -> None:
    assert arithmetic.add(read(*texts)).written() == sum


@pytest.mark.parametrize(
    ("texts", "difference"),
    [
        (("10", "3", "1"), "6"),
        (("1m", "10s"), "50s"),
        (("2026-03-02T10:00:00Z", "30s"), "2026-03-02T09:59:30Z"),
        (("0.3", "0.1"), "0.2"),
    ],
)
def test_differences(texts: tuple[str, ...], difference: str) -> None:
    assert arithmetic.subtract(read(*texts)).written() == difference


@pytest.mark.parametrize(
    ("texts", "product", "quotient"),
    [
        (("7", "3"), "21", "2"),
        (("-7", "2"), "-14", "-3"),
        (("1.5", "2"), "3", "0.75"),
        (("1.0", "3"), "3", "0.3333333333333333"),
        (("10s", "2.5"), "25s", "4s"),
        (("1000", "8", "5"), "40000", "25"),
    ],
)
def test_products_and_quotients(texts: tuple[str, ...], product: str, quotient: str) -> None:
    assert arithmetic.multiply(read(*texts)).written() == product
    assert arithmetic.divide(read(*texts)).written() == quotient


@pytest.mark.parametrize(
    ("way", "texts", "words"),
    [
        (arithmetic.add, ("1", "x"), 'strconv.ParseInt: parsing "x": invalid syntax'),
        (arithmetic.add, ("1.5", "x"), 'strconv.ParseFloat: parsing "x": invalid syntax'),
        (arithmetic.add, ("x", "1"), 'strconv.ParseFloat: parsing "x": invalid syntax'),
        (arithmetic.add, ("10s", "x"), 'time: invalid duration "x"'),
        (arithmetic.add, ("1",), "NotEnoughParameters"),
        (arithmetic.add, ("2562047h", "2562047h"), "value out of range"),
        (arithmetic.subtract, (NOON, NOON), f"cannot convert field: {NOON} to time.Duration"),
        (arithmetic.multiply, ("4", "2.5"), "cannot convert field: 2.5 to int"),
        (arithmetic.multiply, (NOON, "2"), f"cannot convert field: {NOON} to float64"),
        (arithmetic.multiply, tuple(["99999999999.9"] * 5), "value out of range"),
        (arithmetic.divide, ("4", "0"), "division by zero"),
        (arithmetic.divide, ("4.0", "0.0"), "division by zero"),
    ],
)
def test_refusals(way: object, texts: tuple[str, ...], words: str) -> None:
    assert callable(way)
    with pytest.raises(ValueError) as fault:  # noqa: PT011 - the words are compared below
        way(read(*texts))
    assert str(fault.value) == words


def test_long_results_are_those_of_the_nearest_double() -> None:
    assert arithmetic.add(read("0.0", "100000000000.0000001")).written() == "100000000000"
    assert arithmetic.divide(read("1.0", "3")).written() == "0.3333333333333333"
    assert ratio_text(Ratio(10**400 + 1, 3)) == str((10**400 + 1) // 3)
    assert ratio_text(Ratio(1, 10**400)) == "0"


DECIMALS = st.decimals(min_value=-(10**9), max_value=10**9, places=6, allow_nan=False)


@given(st.lists(DECIMALS, min_size=2, max_size=6))
def test_a_sum_of_fractions_is_exact(values: list[object]) -> None:
    result = arithmetic.add([_fraction(str(value)) for value in values])
    assert Fraction(result.written()) == sum(Fraction(str(value)) for value in values)


@given(st.lists(DECIMALS, min_size=2, max_size=6))
def test_what_is_added_is_taken_away_again(values: list[object]) -> None:
    items = [_fraction(str(value)) for value in values]
    there = arithmetic.add(items)
    back = arithmetic.subtract([there, *items[1:]])
    assert (back.ratio.num, back.ratio.den) == (items[0].ratio.num, items[0].ratio.den)


@given(st.integers(-(10**9), 10**9), st.integers(-(10**6), 10**6).filter(bool))
def test_whole_quotients_are_cut_towards_zero(value: int, by: int) -> None:
    written = arithmetic.divide(read(str(value), str(by))).written()
    assert written == str(int(Fraction(value, by)))


@given(st.text(max_size=40))
def test_any_text_is_something(text: str) -> None:
    assert quantity(text, UTC_ZONE, NOW).kind in (WHOLE, FRACTION, DURATION, INSTANT, TEXT)


def test_ten_to_a_power() -> None:
    def moved(text: str, exponent: int) -> str:
        return ratio_text(arithmetic.scaled_by_ten(_fraction(text).ratio, exponent, 5))

    assert moved("12.34", 2) == "1234"
    assert moved("1.2345", 3) == "1234.5"
    assert moved("1.23456789", 0) == "1.23457"
    assert moved("-1.234565", 0) == "-1.23457"
    assert moved("12345", -3) == "12.345"


def _fraction(text: str) -> Quantity:
    found = quantity(text, UTC_ZONE, NOW)
    return Quantity(FRACTION, Ratio(found.ratio.num, found.ratio.den))
