"""Sessions of clients that report what happened, and whose reports get lost, come late, twice and in another order (RADIUS)."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.effects import SessionEnded
from engine.errors import RequestError
from engine.limits import REPORTED_SECONDS, TOMBSTONE_SECONDS
from engine.sessions.commands import DisconnectFailed, EndSessionsOf, ForceDisconnect, InitiateSession, TerminateSession, UpdateSession
from engine.usage import SECOND
from tests.engine.house import TENANT
from tests.engine.sessions.switch import ACCOUNT, Switch

QUOTA = "60s"
TTL = {"*sessionsTTL": "100s"}
INDEXED: dict[str, object] = {"indexes": ("OriginHost", "Port")}
WRITTEN = "PARTIALLY_EXECUTED"


def start(site: Switch, origin: str = "call", **fields: Any) -> Any:
    try:
        return site.report(InitiateSession, origin, Usage=QUOTA, **fields)
    except RequestError as refused:
        return refused.text


def interim(site: Switch, seconds: int, origin: str = "call", **fields: Any) -> Any:
    return site.report(UpdateSession, origin, Usage=QUOTA, UsageSoFar=f"{seconds}s", **fields)


def stop(site: Switch, seconds: int, origin: str = "call", **fields: Any) -> Any:
    return site.report(TerminateSession, origin, Usage=f"{seconds}s", **fields)


def test_usage_is_counted_from_the_begin() -> None:
    site = Switch()
    assert start(site) == 60 * SECOND
    assert interim(site, 50) == 60 * SECOND
    assert site.cash() == pytest.approx(100 - 11)
    assert interim(site, 110) == 60 * SECOND
    assert site.cash() == pytest.approx(100 - 17)
    assert interim(site, 110) == 60 * SECOND, "nothing was used since: the same quota is still granted"
    assert interim(site, 50) == 60 * SECOND, "an older report changes nothing"
    assert site.cash() == pytest.approx(100 - 17)
    stop(site, 130)
    assert site.cdrs() == [(130, 13)]
    assert site.cash() == pytest.approx(100 - 13)
    site.verify()


def test_a_session_whose_begin_was_lost() -> None:
    site = Switch()
    assert interim(site, 100) == 60 * SECOND
    assert start(site) == "EXISTS"
    assert site.cash() == pytest.approx(100 - 16)
    stop(site, 120)
    assert site.cdrs() == [(120, 12)]


def test_what_comes_after_the_end_changes_nothing() -> None:
    site = Switch()
    start(site)
    stop(site, 30)
    assert stop(site, 30) == WRITTEN
    assert interim(site, 20) == 0
    assert start(site) == 0
    site.cut(away_ns=(REPORTED_SECONDS - 1) * SECOND)
    assert stop(site, 30) == WRITTEN
    assert interim(site, 20) == 0
    site.cut(away_ns=2 * SECOND)
    site.begin("other", Usage="1s")
    site.end("other", Usage="1s")  # what is over is forgotten when another one ends
    site.cut()
    assert stop(site, 30) is None, "the tombstone: nothing is known but that it is over"
    assert interim(site, 20) == 0
    assert site.count() == 0
    assert site.cash() == pytest.approx(100 - 3 - 0.1)
    assert site.cdrs() == [(30, 3)]
    site.now += (TOMBSTONE_SECONDS + 1) * SECOND
    assert interim(site, 20) == 60 * SECOND, "long after it is another session"


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("late", ["end", "report", "begin"])
def test_what_comes_late_where_nothing_happened_meanwhile(late: str, restart: bool) -> None:
    """Nobody has looked at what is over since: it is over all the same."""
    site = Switch()
    start(site)
    stop(site, 30)
    away_ns = (REPORTED_SECONDS + 1) * SECOND
    if restart:
        site.cut(away_ns=away_ns)
    else:
        site.now += away_ns
    if late == "end":
        assert stop(site, 40) is None
    elif late == "report":
        assert interim(site, 40) == 0
    else:
        with pytest.raises(RequestError, match="EXISTS"):
            site.step(InitiateSession(site.event("call", Usage=QUOTA), reported=True, repeated=True, began_ns=site.now - away_ns))
    assert (site.count(), site.engine.sizes()["tombstones"]) == (0, 1)
    site.cut()
    stop(site, 50)
    assert site.cdrs() == [(30, 3)]
    assert site.cash() == pytest.approx(97)
    site.verify()


def test_an_end_alone_is_charged_once() -> None:
    site = Switch()
    assert stop(site, 30) is None
    assert stop(site, 30) == WRITTEN
    assert start(site) == 0
    assert site.cash() == pytest.approx(97)
    assert site.cdrs() == [(30, 3)]


def test_clients_that_ask_are_charged_for_a_second_end_as_recorded() -> None:
    site = Switch()
    site.begin(Usage="60s")
    site.end(Usage="60s")
    site.end(Usage="60s")
    assert site.cash() == pytest.approx(88)


def test_a_name_that_comes_again_is_another_session_when_it_began_later() -> None:
    site = Switch()
    start(site, SetupTime="2026-04-07T10:00:00Z")
    stop(site, 30)
    assert start(site, SetupTime="2026-04-07T10:01:00Z") == 0, "a begin that came late"
    assert start(site, SetupTime="2026-04-07T10:01:01Z") == 60 * SECOND
    stop(site, 40)
    assert site.cash() == pytest.approx(93)


def test_a_begin_said_before_of_a_session_that_was_ended_since() -> None:
    site = Switch()
    start(site, SetupTime="2026-04-07T10:00:00Z")
    site.step(ForceDisconnect(TENANT))
    for setup in ("2026-04-07T10:00:00Z", ""):
        with pytest.raises(RequestError, match="EXISTS"):
            site.step(InitiateSession(site.event("call", Usage=QUOTA, SetupTime=setup), reported=True, repeated=True))
    assert site.cash() == pytest.approx(94)
    event = site.event("call", Usage=QUOTA, SetupTime="2027-04-07T10:00:00Z")
    site.step(InitiateSession(event, reported=True, repeated=True))
    assert site.count() == 1, "it began after that end"


def test_a_counter_that_goes_backwards() -> None:
    site = Switch()
    start(site)
    interim(site, 100)
    site.take()
    stop(site, 10)
    assert site.cdrs() == [(100, 10)]
    (told,) = site.take()
    assert isinstance(told, SessionEnded)
    assert "says 10000000000" in told.trouble


def test_an_end_that_says_no_usage_costs_what_was_reported() -> None:
    site = Switch()
    start(site)
    interim(site, 100)
    site.report(TerminateSession)
    assert site.cdrs() == [(100, 10)]


@pytest.mark.parametrize("kind", ["*prepaid", "*postpaid"])
def test_a_client_that_dies(kind: str) -> None:
    site = Switch()
    start(site, options=TTL, RequestType=kind)
    interim(site, 70, options=TTL, RequestType=kind)
    site.cut(away_ns=50 * SECOND)
    site.sleep(60 * SECOND)
    assert site.cdrs() == [(70, 7)]
    assert stop(site, 90, RequestType=kind) is None
    assert site.cdrs() == [(90, 9)], "it did not"
    assert site.cash() == pytest.approx(91)


def test_more_than_the_credit_pays() -> None:
    site = Switch(credit=10)
    start(site)
    assert interim(site, 80) == 20 * SECOND
    assert interim(site, 100) == 0
    assert interim(site, 105) <= 0
    stop(site, 110)
    assert site.cdrs() == [(110, 11)]
    assert site.cash() == pytest.approx(-1)
    site.verify()


# -- any order, any loss, any repetition -----------------------------------------------------------------------------------


def rounded(cdrs: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(usage, round(cost, 6)) for usage, cost in cdrs]


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[int], list[tuple[int, int, bool]], bool]:
    """How much was used at each report, the last one being the end; what arrives of it, in which order, after which pause, and whether
    the engine is killed before; whether sessions rest between two events."""
    parts = draw(st.lists(st.integers(0, 90), min_size=1, max_size=5))
    totals = [0, *itertools.accumulate(parts)]
    arriving = draw(st.lists(st.tuples(st.integers(0, len(totals) - 1), st.integers(0, 7), st.booleans()), max_size=12))
    return totals, arriving, draw(st.booleans())


@settings(max_examples=150, deadline=None)
@given(stories())
def test_money_is_kept_whatever_arrives(story: tuple[list[int], list[tuple[int, int, bool]], bool]) -> None:
    totals, arriving, restful = story
    last = len(totals) - 1
    site = Switch(restful=restful)
    for place, pause, killed in arriving:
        if killed:
            site.cut(away_ns=pause * SECOND)
        else:
            site.sleep(pause * SECOND)
        if place == 0:
            start(site, options=TTL)
        elif place == last:
            stop(site, totals[last], options=TTL)
        else:
            interim(site, totals[place], options=TTL)
    site.sleep(2 * 100 * SECOND)
    reports = [place for place, _, _ in arriving]
    told = [totals[place] for place in reports if place]
    assert site.count() == 0
    if last in reports:
        assert rounded(site.cdrs()) == [(totals[last], totals[last] / 10)]
    elif told:
        assert rounded(site.cdrs()) == [(max(told), max(told) / 10)]
    else:
        assert len(site.cdrs()) == (1 if reports else 0)
    cost = sum(cost for _, cost in site.cdrs())
    assert site.cash() == pytest.approx(100 - cost)
    site.verify()


# -- clients that began anew -------------------------------------------------------------------------------------------------


def reset(site: Switch, host: str = "sw1") -> None:
    site.step(EndSessionsOf(TENANT, "OriginHost", host, site.now, "Accounting-On"))


def test_a_client_that_began_anew_has_no_sessions() -> None:
    site = Switch(sessions=INDEXED, client="nas", credit=100_000)
    for number in range(200):
        start(site, f"call{number}")
        if number % 2:
            interim(site, 10, f"call{number}")
    start(site, "elsewhere", OriginHost="sw2")
    site.now += SECOND
    site.take()
    reset(site)
    assert 0 < site.count() < 201, "not all of them in one step"
    site.now += SECOND
    assert start(site, "call199") == 60 * SECOND, "a session of that name that begins now is a new one"
    start(site, "new")
    reset_at = site.count()
    site.cut()
    site.sleep(SECOND)
    assert (reset_at > 3, site.count()) == (True, 3)
    assert sorted(usage for usage, _ in site.cdrs()) == [10] * 100 + [60] * 100
    assert site.told() == [], "it knows nothing of them"
    before = site.cash()
    assert stop(site, 500, "call1") is None
    assert site.cash() == before
    site.verify()


def test_a_client_that_says_so_twice() -> None:
    site = Switch(sessions=INDEXED)
    start(site)
    at = site.now + 1
    for _ in range(2):
        site.step(EndSessionsOf(TENANT, "OriginHost", "sw1", at, "Accounting-On"))
        site.now += 2 * SECOND
        start(site, "later")
    site.sleep(SECOND)
    assert site.count() == 1
    assert len(site.cdrs()) == 1
    with pytest.raises(RequestError, match="session_indexes"):
        site.step(EndSessionsOf(TENANT, "Colour", "red", at, "x"))


# -- the end of credit -------------------------------------------------------------------------------------------------------


def test_a_client_is_told_when_nothing_is_left() -> None:
    site = Switch(client="nas", credit=10)
    start(site)
    assert interim(site, 60) == 40 * SECOND
    assert site.told() == [], "it has something to use yet"
    assert interim(site, 100) == 0
    assert site.told() == [("INSUFFICIENT_CREDIT", False)]
    interim(site, 100)
    assert len(site.told()) == 2, "it is asked again"
    site.top_up(100)
    assert interim(site, 110) == 60 * SECOND
    assert len(site.told()) == 2
    site.step(DisconnectFailed(site.open()[0].cgrid, "INSUFFICIENT_CREDIT"))
    assert site.count() == 1, "it was paid for meanwhile"
    stop(site, 115)
    assert site.cdrs() == [(115, 11.5)]
    site.verify()


def test_a_client_that_cannot_be_told() -> None:
    site = Switch(client="nas", credit=10)
    start(site)
    interim(site, 100)
    (session,) = site.open()
    site.step(DisconnectFailed(session.cgrid, "INSUFFICIENT_CREDIT"))
    assert site.cdrs() == [(100, 10)]
    assert stop(site, 130) is None
    assert site.cdrs() == [(130, 13)]
    assert site.cash() == pytest.approx(-3)


def test_an_account_that_is_disabled_meanwhile() -> None:
    site = Switch(client="nas")
    start(site)
    site.call("APIerSv1.SetAccount", {"Tenant": TENANT, "Account": ACCOUNT, "ExtraOptions": {"Disabled": True}})
    with pytest.raises(RequestError, match="ACCOUNT_DISABLED"):
        interim(site, 100)
    assert site.told() == [("RALS_ERROR:ACCOUNT_DISABLED", False)]


def test_an_operator_ends_a_session() -> None:
    site = Switch(client="nas")
    start(site)
    start(site, "silent")
    interim(site, 30)
    site.step(ForceDisconnect(TENANT, ()))
    assert sorted(site.cdrs()) == [(30, 3), (60, 6)], "as it was reported, or granted"
    assert stop(site, 40) is None
    assert sorted(site.cdrs()) == [(40, 4), (60, 6)], "as its end says"
    site.verify()
