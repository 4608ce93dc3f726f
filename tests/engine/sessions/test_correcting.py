"""The late end of a session that the engine ended: it says what was used, and is charged once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.commands import CdrSwitches, ProcessCdr, RateCdrs, RefundCdrs
from engine.limits import CORRECTED_SECONDS
from engine.sessions.commands import EndSessionsOf, ForceDisconnect, InitiateSession, TerminateSession, UpdateSession
from engine.usage import SECOND
from tests.engine.house import TENANT
from tests.engine.sessions.switch import Switch

QUOTA = "60s"
TTL = {"*sessionsTTL": "100s"}


def start(site: Switch, origin: str = "call", **fields: Any) -> Any:
    return site.report(InitiateSession, origin, Usage=QUOTA, **fields)


def interim(site: Switch, seconds: int, origin: str = "call", **fields: Any) -> Any:
    return site.report(UpdateSession, origin, Usage=QUOTA, UsageSoFar=f"{seconds}s", **fields)


def stop(site: Switch, seconds: int, origin: str = "call", **fields: Any) -> Any:
    return site.report(TerminateSession, origin, Usage=f"{seconds}s", **fields)


def cut_off(site: Switch) -> None:
    site.step(ForceDisconnect(TENANT))


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize(("reported", "used"), [(None, 15), (None, 0), (None, 75), (0, 20), (30, 30), (30, 47), (30, 90)])
def test_its_end_says_what_was_used(reported: int | None, used: int, restart: bool) -> None:
    site = Switch(client="nas")
    start(site)
    if reported is not None:
        interim(site, reported)
    cut_off(site)
    charged = 60 if reported is None else reported
    assert site.cdrs() == [(charged, charged / 10)]
    if restart:
        site.cut(away_ns=60 * SECOND)
    assert stop(site, used) is None
    for _ in range(2):
        assert stop(site, used + 5) is None, "and says it once"
        assert site.cdrs() == [(used, used / 10)]
        assert site.cash() == pytest.approx(100 - used / 10)
        site.cut(away_ns=SECOND)
    assert site.engine.sizes()["sessions_correctable"] == 0
    site.verify()


def test_less_than_was_reported_is_charged_as_reported() -> None:
    site = Switch(client="nas")
    start(site)
    interim(site, 30)
    cut_off(site)
    stop(site, 20)
    assert site.cdrs() == [(30, 3)]


@pytest.mark.parametrize("kind", ["*prepaid", "*postpaid", "*pseudoprepaid", "*rated"])
def test_every_type_of_request(kind: str) -> None:
    site = Switch(client="nas")
    start(site, RequestType=kind)
    interim(site, 30, RequestType=kind)
    cut_off(site)
    stop(site, 50, RequestType=kind)
    assert site.cdrs() == [(50, 5)]
    assert site.cash() == pytest.approx(100 if kind == "*rated" else 95)
    site.verify()


def test_a_session_that_another_one_superseded() -> None:
    site = Switch(client="nas", sessions={"indexes": ("Port",)})
    crowded: dict[str, object] = {"*sessionsSupersede": "Port"}
    start(site, "old", Port="7")
    interim(site, 30, "old", Port="7")
    start(site, "new", Port="7", options=crowded)
    stop(site, 55, "old", Port="7")
    stop(site, 10, "new", Port="7")
    assert site.cdrs() == [(55, 5.5), (10, 1)]
    assert site.cash() == pytest.approx(100 - 6.5)


def test_a_session_that_goes_on_after_all() -> None:
    """Its client was not reached, or refused: what it reports is charged, also longer than an end is waited for."""
    site = Switch(client="nas")
    start(site)
    interim(site, 30)
    cut_off(site)
    for seconds in (1800, 3600, 3000, 5400):
        site.cut(away_ns=1799 * SECOND)
        assert interim(site, seconds) == 0
    assert site.count() == 0
    assert site.cdrs() == [(5400, 540)]
    stop(site, 5460)
    assert site.cdrs() == [(5460, 546)]
    assert site.cash() == pytest.approx(100 - 546)
    site.verify()


@pytest.mark.parametrize("restart", [False, True])
def test_for_an_hour(restart: bool) -> None:
    site = Switch(client="nas")
    start(site)
    cut_off(site)
    if restart:
        site.cut(away_ns=CORRECTED_SECONDS * SECOND)
    else:
        site.now += CORRECTED_SECONDS * SECOND
    assert stop(site, 90) is None
    assert site.cdrs() == [(60, 6)]
    start(site, "other")
    stop(site, 1, "other")
    assert site.engine.sizes()["sessions_correctable"] == 0
    site.cut()
    assert (site.engine.sizes()["sessions_correctable"], site.engine.sizes()["tombstones"]) == (0, 1)


def test_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.sessions.tombstones.CORRECTED_SESSIONS", 2)
    site = Switch(client="nas")
    for number in range(4):
        start(site, f"call{number}")
        cut_off(site)
        site.now += SECOND
    for number in range(4):
        assert stop(site, 10, f"call{number}") is None
    assert sorted(site.cdrs()) == [(10, 1), (10, 1), (60, 6), (60, 6)]


def test_another_session_of_that_name_is_not_meant() -> None:
    site = Switch(client="nas")
    start(site, SetupTime="2026-04-07T10:00:00Z")
    cut_off(site)
    stop(site, 10, SetupTime="2027-04-07T10:00:00Z")
    assert site.cdrs() == [(60, 6)]
    stop(site, 10, SetupTime="2026-04-07T10:00:00Z")
    assert site.cdrs() == [(10, 1)]


def test_a_client_that_began_anew_says_nothing_of_what_was_before() -> None:
    site = Switch(client="nas", sessions={"indexes": ("OriginHost",)})
    start(site)
    site.now += SECOND
    site.step(EndSessionsOf(TENANT, "OriginHost", "sw1", site.now, "Accounting-On"))
    stop(site, 90)
    assert site.cdrs() == [(60, 6)]


def test_a_switch_that_asks_is_believed_as_before() -> None:
    site = Switch(client="switch")
    site.begin(Usage="60s")
    cut_off(site)
    site.end(Usage="90s")
    assert site.cdrs() == [(60, 6)]


def test_a_record_that_was_refunded_since_stays_so() -> None:
    site = Switch(client="nas")
    start(site)
    cut_off(site)
    (record,) = site.storage.tables.cdrs.values()
    site.step(RefundCdrs([(record.cgrid, record.run_id)], CdrSwitches(refund=True, store=True)))
    assert site.cash() == pytest.approx(100)
    stop(site, 90)
    assert site.cash() == pytest.approx(100)
    site.verify()


def test_a_record_that_was_rated_again_since_is_rated_anew() -> None:
    site = Switch(client="nas")
    start(site)
    cut_off(site)
    (record,) = site.storage.tables.cdrs.values()
    site.price("sub", ("0", "0.2", SECOND, SECOND))
    site.step(RateCdrs([(record.cgrid, record.run_id)], CdrSwitches(rerate=True)))
    assert site.cdrs() == [(60, 12)]
    stop(site, 90)
    assert site.cdrs() == [(90, 18)]
    assert site.cash() == pytest.approx(82)
    site.verify()


def test_without_records() -> None:
    site = Switch(client="nas")
    site.options.store_cdrs = False
    start(site)
    cut_off(site)
    stop(site, 10)
    assert site.cdrs() == []
    assert site.cash() == pytest.approx(99)


@pytest.mark.parametrize("kind", ["*prepaid", "*postpaid", "*pseudoprepaid", "*rated"])
def test_several_reports_in_one_request(kind: str) -> None:
    site = Switch(client="nas")
    start(site, RequestType=kind)
    interim(site, 30, RequestType=kind)
    cut_off(site)
    site.engine.hold()
    for seconds in (40, 50):
        interim(site, seconds, RequestType=kind)
    stop(site, 70, RequestType=kind)
    site.engine.release([], b"", site.now)
    site.gather()
    assert site.cdrs() == [(70, 7)]
    assert site.cash() == pytest.approx(100 if kind == "*rated" else 93)
    site.verify()


def past_the_sessions() -> Switch:
    """Records come past the sessions, and fetch what these cost."""
    site = Switch(client="nas", sessions={"store_session_costs": True})
    site.options.sessions.connected = frozenset()
    start(site)
    cut_off(site)
    assert (site.cash(), site.engine.sizes()["session_costs"]) == (94, 1)
    return site


def record(site: Switch, seconds: int) -> None:
    site.step(ProcessCdr(site.event(Usage=f"{seconds}s", RunID="*default"), rate=True, store=True))


def end(site: Switch, seconds: int) -> None:
    site.step(TerminateSession(site.event(Usage=f"{seconds}s"), client="nas", reported=True))


@pytest.mark.parametrize("used", [10, 60, 90])
def test_a_record_that_comes_later_fetches_what_it_cost_in_the_end(used: int) -> None:
    site = past_the_sessions()
    end(site, used)
    record(site, used)
    assert site.cdrs() == [(used, used / 10)]
    assert site.cash() == pytest.approx(100 - used / 10)
    assert site.engine.sizes()["session_costs"] == 0
    site.verify()


@pytest.mark.parametrize("used", [10, 60, 90])
@pytest.mark.parametrize("told", [10, 60, 90])
def test_a_record_that_came_before_is_charged_once(told: int, used: int) -> None:
    site = past_the_sessions()
    record(site, told)
    end(site, used)
    ((_, cost),) = site.cdrs()
    assert site.cash() == pytest.approx(100 - cost)
    site.verify()


def test_what_its_record_carries_waits_for_none() -> None:
    """Else the record, rated again, would have its money back and that cost instead of it."""
    site = Switch(client="nas", sessions={"store_session_costs": True})
    start(site)
    cut_off(site)
    for used in (60, 90):
        stop(site, used)
        (known,) = site.storage.tables.cdrs.values()
        site.step(RateCdrs([(known.cgrid, known.run_id)], CdrSwitches(rerate=True)))
        assert site.cash() == pytest.approx(100 - site.cdrs()[0][1])
        assert site.engine.sizes()["session_costs"] == 0
    site.verify()


def play(site: Switch, reports: Sequence[int], more: int, *, ended: bool, restart: bool) -> int:
    """A session, reports of so many seconds more each, and its Stop; the seconds of it all. `ended`: by the engine before the Stop."""
    start(site)
    total = 0
    for used in reports:
        total += used
        interim(site, total)
    if ended:
        cut_off(site)
        if restart:
            site.cut(away_ns=10 * SECOND)
    stop(site, total + more)
    return total + more


SLOTS = (("0", "0.6", 60 * SECOND, 60 * SECOND), (str(60 * SECOND), "0.7", 7 * SECOND, 60 * SECOND))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 100), max_size=3), st.integers(0, 200), st.booleans(), st.booleans(), st.sampled_from(["0.1", "0.0333333"]))
def test_it_costs_what_it_would_have_cost(reports: list[int], more: int, restart: bool, slots: bool, price: str) -> None:
    """Whatever was known when it was ended, wherever the price changes, whether steps are whole. Charges are rounded up each by itself, and
    where they part depends on the reports: with each of them it may be a last figure more or less."""
    costs: list[tuple[float, float, float]] = []
    for ended in (False, True):
        site = Switch(client="nas", price=price)
        if slots:
            site.price("sub", *SLOTS, fee="0.05", method="*up", decimals=2)
        play(site, reports, more, ended=ended, restart=restart)
        site.verify()
        ((usage, cost),) = site.cdrs()
        costs.append((usage, cost, round(100 - site.cash(), 8)))
    (usage, cost, paid), (corrected_usage, corrected_cost, corrected) = costs
    assert usage == corrected_usage
    assert round(cost - corrected_cost, 8) == round(paid - corrected, 8)
    assert abs(round(paid - corrected, 8)) <= (0.01 if slots else 0.00001) * len(reports)


PARTS = (
    ("0.7", 7 * SECOND, [60, 60], 7, 1.57),
    ("0.7", 7 * SECOND, [63, 63, 63], 63, 2.95),
    ("0.7", 7 * SECOND, [60, 60], 100, 2.63),
    ("0.7", SECOND, [60, 60, 60], 60, 2.81),
)


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize(("price", "step", "reports", "more", "cost"), PARTS)
def test_equal_parts_are_rounded_together_after_all(
    price: str, step: int, reports: list[int], more: int, cost: float, restart: bool
) -> None:
    """The rounding at its first end is taken back with what it parted: the parts by themselves would be a cent more or less."""
    for ended in (False, True):
        site = Switch(client="nas", exact=False)
        site.price("sub", ("0", price, step, 60 * SECOND), method="*up", decimals=2)
        total = play(site, reports, more, ended=ended, restart=restart)
        assert site.cdrs() == [(total, cost)]
        assert site.cash() == pytest.approx(100 - cost)
        site.verify()
