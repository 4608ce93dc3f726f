"""The end of a session that its client was told to end (Diameter): it says what was used of what was granted, and that is charged, once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.sessions.commands import ForceDisconnect, TerminateSession
from engine.usage import SECOND
from tests.engine.house import TENANT
from tests.engine.sessions.switch import Switch

FORCED = "forced"
TIMED_OUT = "timed out"
TIMED_OUT_LONGER = "timed out, and charged a minute more"
CUTS = (FORCED, TIMED_OUT, TIMED_OUT_LONGER)
TTL: dict[str, dict[str, object]] = {
    FORCED: {},
    TIMED_OUT: {"*sessionsTTL": "100s", "*sessionsTTLLastUsage": "0s"},
    TIMED_OUT_LONGER: {"*sessionsTTL": "100s", "*sessionsTTLLastUsage": "60s"},
}
KINDS = ("*prepaid", "*postpaid", "*pseudoprepaid", "*rated")


def begun(cut: str, kind: str, *parts: int, price: str = "0.1") -> Switch:
    """A session that asks for a minute each time, having used so many seconds of the one before."""
    site = Switch(client="pgw", price=price)
    site.begin(RequestType=kind, Usage="60s", options=TTL[cut])
    for used in parts:
        site.update(RequestType=kind, Usage="60s", LastUsed=f"{used}s", options=TTL[cut])
    return site


def cut_off(site: Switch, cut: str) -> None:
    if cut == FORCED:
        site.step(ForceDisconnect(TENANT))
    else:
        site.sleep(101 * SECOND)
    assert site.count() == 0


def end(site: Switch, kind: str, **said: Any) -> None:
    """Ends it as a Diameter agent does, and makes the record."""
    site.step(TerminateSession(site.event(RequestType=kind, **said), client="pgw", settles=True))
    site.cdr(RequestType=kind, **said)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize(
    ("said", "used"), [({"LastUsed": "5s"}, 95), ({"LastUsed": "0s"}, 90), ({"LastUsed": "75s"}, 165), ({"Usage": "99s"}, 99)]
)
@pytest.mark.parametrize("restart", [False, True])
def test_its_end_says_what_was_used(kind: str, cut: str, said: dict[str, Any], used: int, restart: bool) -> None:
    site = begun(cut, kind, 40, 50)
    cut_off(site, cut)
    for _ in range(2):
        if restart:
            site.cut(away_ns=60 * SECOND)
        end(site, kind, **said)
        assert site.cdrs() == [(used, used / 10)]
        assert site.cash() == pytest.approx(100 if kind == "*rated" else 100 - used / 10)
        said = {"LastUsed": "33s"}  # a second end changes nothing
    assert site.engine.sizes()["sessions_correctable"] == 0
    site.verify()


@pytest.mark.parametrize("kind", KINDS)
def test_an_end_that_says_nothing_leaves_what_was_charged(kind: str) -> None:
    site = begun(FORCED, kind, 40)
    cut_off(site, FORCED)
    before = site.cdrs(), site.cash()
    end(site, kind)
    assert (site.cdrs(), site.cash()) == before


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("restart", [False, True])
def test_an_update_that_crosses_its_end_says_what_was_used_of_it(kind: str, cut: str, restart: bool) -> None:
    """It begins another session of that name, which has had no part yet: no second is charged twice."""
    site = begun(cut, kind, 40)
    cut_off(site, cut)
    if restart:
        site.cut(away_ns=SECOND)
    site.update(RequestType=kind, Usage="60s", LastUsed="50s")
    assert site.cdrs() == [(90, 9)]
    site.end(RequestType=kind, LastUsed="20s")
    assert site.cash() == pytest.approx(89 if kind == "*prepaid" else 91 if kind != "*rated" else 100)
    site.verify()


def test_without_a_client_nothing_is_kept() -> None:
    site = Switch()
    site.begin(Usage="60s")
    cut_off(site, FORCED)
    assert site.engine.sizes()["sessions_correctable"] == 0


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(0, 90), max_size=3),
    st.integers(0, 150),
    st.sampled_from(CUTS),
    st.sampled_from(KINDS),
    st.sampled_from(["0.1", "0.0333333"]),
)
def test_it_costs_what_it_would_have_cost(parts: list[int], last: int, cut: str, kind: str, price: str) -> None:
    """But for one last figure of rounding for each part: each is charged, and rounded, by itself."""
    costs: list[tuple[float, float, float]] = []
    for ended in (False, True):
        site = begun(cut, kind, *parts, price=price)
        if ended:
            cut_off(site, cut)
        end(site, kind, LastUsed=f"{last}s")
        site.verify()
        ((usage, cost),) = site.cdrs()
        costs.append((usage, cost, round(100 - site.cash(), 8)))
    (usage, cost, paid), (corrected_usage, corrected_cost, corrected) = costs
    assert usage == corrected_usage == sum(parts) + last
    assert round(cost - corrected_cost, 8) == round(paid - corrected, 8) or kind == "*rated"
    assert abs(round(paid - corrected, 8)) <= 0.00001 * (len(parts) + 2)
