"""How much there is of what, as operators are told: whatever rests or sleeps counts."""

from __future__ import annotations

import pytest

from tests.engine.sessions.switch import Switch


@pytest.mark.parametrize("restful", [False, True])
def test_sessions_are_counted_whether_they_rest_or_not(restful: bool) -> None:
    switch = Switch(restful=restful)
    for number in range(5):
        switch.begin(f"call{number}")
    switch.end("call4")
    for _ in range(2):
        sizes = switch.engine.sizes()
        assert (sizes["sessions_open"], sizes["runs_open"], sizes["sessions_ended"]) == (4, 4, 1)
        assert sizes["sessions_awake"] <= 4
        assert sizes["accounts"] == 1
        switch.cut()
