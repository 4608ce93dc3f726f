"""Durations and counts as clients and sheets write them, with Go's words for what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.usage import HOUR, MAX_USAGE_NS, MINUTE, SECOND, UNLIMITED, format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("", 0),
        ("0", 0),
        ("0s", 0),
        ("60", 60),
        ("60.9", 60),
        ("-5", -5),
        ("+5", 5),
        ("*unlimited", UNLIMITED),
        ("90s", 90 * SECOND),
        ("1h2m3.5s", HOUR + 2 * MINUTE + 3 * SECOND + SECOND // 2),
        ("150ms", 150_000_000),
        ("3us", 3000),
        ("3µs", 3000),
        ("3μs", 3000),
        ("7ns", 7),
        ("1.5h", 3 * HOUR // 2),
        (".5s", SECOND // 2),
        ("1.s", SECOND),
        ("-1m30s", -90 * SECOND),
        ("1m1m", 2 * MINUTE),
        (str(MAX_USAGE_NS), MAX_USAGE_NS),
    ],
)
def test_what_is_read(text: str, ns: int) -> None:
    assert parse_duration(text) == ns


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("much", 'time: invalid duration "much"'),
        ("1x", 'time: unknown unit "x" in duration "1x"'),
        ("1h30", 'time: missing unit in duration "1h30"'),
        ("1 h", 'time: unknown unit " h" in duration "1 h"'),
        ("-", 'time: invalid duration "-"'),
        (".s", 'time: invalid duration ".s"'),
        ("1d", 'time: unknown unit "d" in duration "1d"'),
        (str(MAX_USAGE_NS + 1), f'time: invalid duration "{MAX_USAGE_NS + 1}"'),
        ("9999999h", 'time: invalid duration "9999999h"'),
    ],
)
def test_what_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match="time:") as caught:
        parse_duration(text)
    assert str(caught.value) == complaint


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0s"),
        (7, "7ns"),
        (1500, "1.5µs"),
        (150_000_000, "150ms"),
        (SECOND, "1s"),
        (90 * SECOND, "1m30s"),
        (HOUR, "1h0m0s"),
        (25 * HOUR + SECOND // 4, "25h0m0.25s"),
        (-90 * SECOND, "-1m30s"),
    ],
)
def test_how_a_duration_is_written(ns: int, text: str) -> None:
    assert format_duration(ns) == text


@given(st.integers(-(2**62), 2**62))
def test_what_is_written_reads_back(ns: int) -> None:
    assert parse_duration(format_duration(ns)) == ns


@given(st.integers(0, 2_562_046), st.sampled_from(["", "s", "m", "h"]))
def test_a_plain_number_with_a_unit_is_read_as_any_other_duration(count: int, unit: str) -> None:
    expected = count if not unit else parse_duration(f"0ns{count}{unit}")
    assert parse_duration(f"{count}{unit}") == expected
    assert parse_duration(f"000{count}{unit}") == expected
