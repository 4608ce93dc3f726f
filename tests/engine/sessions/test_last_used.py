"""Clients that tell with each request what they used of the last part (Diameter), whatever the type of request."""

from __future__ import annotations

from typing import Any

import pytest

from engine.sessions.commands import ForceDisconnect
from engine.usage import SECOND
from tests.engine.house import TENANT
from tests.engine.sessions.switch import Switch


@pytest.mark.parametrize("kind", ["*prepaid", "*postpaid", "*pseudoprepaid", "*rated"])
@pytest.mark.parametrize(
    ("end", "used"), [({"LastUsed": "30s"}, 140), ({"LastUsed": "0s"}, 110), ({"LastUsed": "70s"}, 180), ({"Usage": "100s"}, 100)]
)
@pytest.mark.parametrize("restart", [False, True])
def test_all_that_was_used_is_charged_whatever_moves_meanwhile(kind: str, end: dict[str, Any], used: int, restart: bool) -> None:
    site = Switch(client="pgw")
    said = {"RequestType": kind, "Usage": "60s"}
    site.begin(**said)
    for last in ("60s", "50s"):
        assert site.update(LastUsed=last, **said) == 60 * SECOND
        if restart:
            site.cut(away_ns=SECOND)
    site.end(RequestType=kind, **end)
    site.cdr()
    assert site.cdrs() == [(used, used / 10)]
    assert site.cash() == pytest.approx(100 if kind == "*rated" else 100 - used / 10)
    site.verify()


@pytest.mark.parametrize("kind", ["*prepaid", "*postpaid"])
def test_what_was_told_before_an_operator_ended_it(kind: str) -> None:
    site = Switch(client="pgw")
    site.begin(RequestType=kind, Usage="60s")
    site.update(RequestType=kind, Usage="10s", LastUsed="55s")
    site.step(ForceDisconnect(TENANT))
    used = 65 if kind == "*prepaid" else 55
    assert site.cdrs() == [(used, used / 10)]
    assert site.cash() == pytest.approx(100 - used / 10)


@pytest.mark.parametrize("restart", [False, True])
def test_an_update_that_crosses_the_end_does_not_pay_for_the_last_part_again(restart: bool) -> None:
    """It begins another session of that name, which has had no part yet."""
    site = Switch(client="pgw")
    site.begin(Usage="60s")
    site.step(ForceDisconnect(TENANT))
    if restart:
        site.cut(away_ns=SECOND)
    site.update(Usage="60s", LastUsed="50s")
    site.end(LastUsed="20s")
    assert site.cash() == pytest.approx(100 - 6 - 2)
    site.verify()
