"""The oldest first, a few at a time."""

from __future__ import annotations

from engine.limits import FORGOTTEN_PER_STEP
from engine.sessions.oldest import due, in_order, oldest


def test_the_first_ones() -> None:
    names = {"b": 1, "a": 2, "c": 3}
    assert oldest(names, 2) == ["b", "a"]
    assert oldest(names, 9) == ["b", "a", "c"]
    assert oldest(names, 0) == oldest(names, -1) == []


def test_what_is_over_goes_and_what_is_too_much() -> None:
    until = {"a": 10, "b": 20, "c": 30}
    assert due(until, 9, 3) == []
    assert due(until, 10, 3) == ["a"]
    assert due(until, 29, 3) == ["a", "b"]
    assert due(until, 0, 1) == ["a", "b"]


def test_a_few_at_a_time() -> None:
    until = {str(number): number for number in range(10 * FORGOTTEN_PER_STEP)}
    assert due(until, 10**9, 0) == [str(number) for number in range(FORGOTTEN_PER_STEP)]


def test_sorted_by_their_moments() -> None:
    assert list(in_order({"late": 3, "one": 1, "other": 1})) == ["one", "other", "late"]
