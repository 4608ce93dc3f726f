"""Looking at sessions, altering them, copies of them, names that change."""

from __future__ import annotations

import pytest

from engine.effects import AlterSession, ReplicateSession
from engine.errors import RequestError
from engine.sessions.commands import (
    ActivateSessions,
    AlterSessions,
    DeactivateSessions,
    FindSessions,
    ForceDisconnect,
    FoundSessions,
    ReplicateSessions,
    SetPassiveSession,
)
from engine.usage import SECOND
from tests.engine.house import TENANT
from tests.engine.sessions.switch import Switch


def listed(site: Switch, *filters: str, limit: int | None = None, passive: bool = False) -> list[str]:
    return [run.texts["OriginID"] for run in site.find(FindSessions(TENANT, filters, limit, passive)).runs]


@pytest.fixture
def site() -> Switch:
    made = Switch(credit=1000, sessions={"indexes": ("Site",)})
    for number in range(6):
        made.now += 1
        made.begin(f"call{number}", Usage="10s", Site=f"s{number % 2}", Destination=f"49{number}")
    return made


@pytest.mark.parametrize("restart", [False, True])
def test_filters_find_runs_by_index_and_by_rule(site: Switch, restart: bool) -> None:
    if restart:
        site.cut()
    assert listed(site) == [f"call{number}" for number in range(6)]
    assert listed(site, "*string:~*req.Site:s1") == ["call1", "call3", "call5"]
    assert listed(site, "*string:~*req.OriginID:call2|call4") == ["call2", "call4"]
    assert listed(site, "*string:~*req.Site:s1", "*prefix:~*req.Destination:495") == ["call5"]
    assert listed(site, "*string:~*req.Site:s1", "*string:~*req.OriginID:call2") == []
    assert listed(site, "*string:~*req.Site:s0", limit=2) == ["call0", "call2"]
    assert site.count("*string:~*req.Site:s0") == 3
    assert site.count() == 6


@pytest.mark.parametrize("restart", [False, True])
def test_of_many_sessions_a_step_looks_at_some(site: Switch, restart: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.sessions.outside.SESSIONS_LOOKED_AT", 2)
    if restart:
        site.cut()
    assert listed(site) == [f"call{number}" for number in range(6)]
    assert listed(site, "*prefix:~*req.Site:s1") == ["call1", "call3", "call5"]
    assert site.count("*prefix:~*req.Site:s") == 6
    first = site.step(FindSessions(TENANT))
    assert isinstance(first, FoundSessions)
    assert (first.count, first.more, len(first.rest or ())) == (2, True, 4)
    site.end("call3", Usage="5s")
    left = site.find(FindSessions(TENANT, among=first.rest)).runs
    assert [run.texts["OriginID"] for run in left] == ["call2", "call4", "call5"], "what ended meanwhile is passed over"


def test_what_ended_is_found_no_more(site: Switch) -> None:
    site.end("call1", Usage="5s")
    assert listed(site, "*string:~*req.Site:s1") == ["call3", "call5"]
    assert site.count() == 5


def test_an_unknown_filter_is_an_error(site: Switch) -> None:
    with pytest.raises(RequestError, match="NOT_FOUND:FLT_NOBODY"):
        listed(site, "FLT_NOBODY")


def test_nothing_to_end_is_not_found(site: Switch) -> None:
    with pytest.raises(RequestError, match="NOT_FOUND"):
        site.step(ForceDisconnect(TENANT, ("*string:~*req.OriginID:none",)))
    assert site.count() == 6


def test_altering_asks_the_owner_and_changes_nothing() -> None:
    site = Switch(client="sw")
    site.begin(Usage="10s")
    (asked,) = site.step(AlterSessions(TENANT, fields={"Speed": "slow"}, options={"o": 1}))
    assert isinstance(asked, AlterSession)
    assert (asked.client, asked.event["Speed"], asked.options) == ("sw", "slow", {"o": 1})
    assert "Speed" not in site.open()[0].event.fields


def test_a_session_moves_to_its_new_name_and_keeps_it_over_a_restart() -> None:
    site = Switch()
    site.begin("old", Usage="30s")
    site.update("new", Usage="30s", LastUsed="30s", InitialOriginID="old")
    site.cut()
    assert [one.event.text("OriginID") for one in site.open()] == ["new"]
    site.end("new", Usage="50s")
    site.cdr("new")
    assert site.cdrs() == [(50, 5)]


def test_a_copy_goes_on_where_the_other_engine_stopped() -> None:
    here, there = Switch(), Switch()
    here.begin(Usage="30s")
    assert here.step(ReplicateSessions("", False, ("conn",))) == 1
    (effect,) = [one for one in here.effects if isinstance(one, ReplicateSession)]
    there.step(SetPassiveSession(effect.session))
    assert there.count() == 0
    assert listed(there, passive=True) == ["call"]
    there.cut()
    assert listed(there, passive=True) == ["call"]
    there.update(Usage="30s", LastUsed="30s")
    assert listed(there, passive=True) == []
    there.end(Usage="50s")
    there.cdr()
    assert there.cdrs() == [(50, 5)]
    assert there.cash() == pytest.approx(98), "30 s were debited here, 20 s there"


def test_a_copy_is_dropped_with_its_session() -> None:
    site = Switch()
    site.begin(Usage="30s")
    site.step(ReplicateSessions("", False, ("conn",)))
    (effect,) = [one for one in site.effects if isinstance(one, ReplicateSession)]
    other = Switch()
    other.step(SetPassiveSession(effect.session))
    other.step(SetPassiveSession({"CGRID": effect.cgrid, "EventStart": None}))
    assert listed(other, passive=True) == []


def test_sessions_are_put_aside_and_taken_up_again() -> None:
    site = Switch(credit=100)
    site.begin(options={"*sessionsDebitInterval": "10s"})
    cgrid = site.open()[0].cgrid
    assert site.step(DeactivateSessions()) == []
    assert site.count() == 0
    site.sleep(30 * SECOND)
    assert site.cash() == 99
    assert site.step(ActivateSessions((cgrid, "none"))) == ["none"]
    site.sleep(0)
    assert site.cash() == 96, "the loop makes up for what it missed"
