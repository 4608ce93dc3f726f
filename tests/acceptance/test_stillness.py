"""Recordings are played again where the machine did not keep their time, and there alone."""

from __future__ import annotations

import time

import pytest

from tests.acceptance.stillness import STILL_SECONDS, TIMES, Stillness, in_time


class Still(Stillness):
    """Sees what it is told to."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def _watch(self) -> None:
        self.longest = self._seconds


def test_what_fails_while_the_machine_goes_on_is_played_once() -> None:
    played = ["it differs", ""]
    assert in_time(lambda: played.pop(0), lambda: Still(STILL_SECONDS / 2)) == "it differs"
    assert played == [""]


def test_what_fails_while_the_machine_stands_still_is_played_again_and_told() -> None:
    played = ["it differs", "", "not this"]
    with pytest.warns(UserWarning, match=r"stood still for 3\.0 s.*\nit differs"):
        assert in_time(lambda: played.pop(0), lambda: Still(3.0)) == ""
    assert played == ["not this"]


def test_what_never_agrees_fails() -> None:
    played: list[str] = []

    def play() -> str:
        played.append("it differs")
        return "it differs"

    with pytest.warns(UserWarning, match="played again"):
        assert in_time(play, lambda: Still(3.0)) == "it differs"
    assert len(played) == TIMES


def test_standing_still_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock goes on by a second at every look."""
    now = iter(range(1_000_000))
    monkeypatch.setattr("tests.acceptance.stillness.time", type("Clock", (), {"monotonic": staticmethod(lambda: float(next(now)))}))
    with Stillness() as still:
        while still.longest == 0.0:
            time.sleep(0.001)
    assert still.longest > STILL_SECONDS
